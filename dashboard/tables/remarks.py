"""Codes of a study put into words: notes, flags and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dashboard.figures import labels
from dashboard.studies import MarketStudy, Note
from dashboard.text import Words


def cautions(study: MarketStudy, event_ids: Sequence[str], said: Words) -> list[str]:
    """Say what a reader must know about the share and ``event_ids``, other events among it."""
    notes = [note_sentence(note, study, said) for note in _own_notes(study, set(event_ids))]
    return [*notes, *_neighbours(study, event_ids, said)]


def _own_notes(study: MarketStudy, chosen: set[str]) -> Iterator[Note]:
    """Yield the notes about the share itself or about a chosen event, narrowed to these."""
    for note in study.notes:
        if "event_ids" in note.values:
            own = [code for code in note.values["event_ids"] if code in chosen]
            if own:
                yield Note(note.code, {**note.values, "event_ids": own})
        elif note.values.get("event_id") in {None, *chosen}:
            yield note


def _neighbours(study: MarketStudy, event_ids: Sequence[str], said: Words) -> Iterator[str]:
    """Name the company's other events that fall into the window of a chosen one."""
    everything = study.events.set_index("event_id", drop=False).to_dict("index")
    for row in (everything[code] for code in event_ids):
        others = [everything[code] for code in str(row["other_events"]).split(", ") if code]
        if others:
            yield said.t(
                "Inside the window of {day} the company has other events: {others}.",
                day=said.date(row["day_zero"]),
                others=said.t("; ").join(
                    f"{said.date(other['event_date'])} {labels.event_title(other, said)}"
                    for other in others
                ),
            )


def note_sentence(note: Note, study: MarketStudy, said: Words) -> str:
    """Say one note of a study."""
    values = note.values
    match note.code:
        case "alternative_benchmark":
            days = [_event_day(study, event_id, said) for event_id in values["event_ids"]]
            return said.t(
                "{benchmark} has no bars around {days}: these events are measured against "
                "{alternative} instead.",
                benchmark=values["benchmark"],
                days=said.listed(days),
                alternative=values["alternative"],
            )
        case "adjusted_bars_only":
            return said.t(
                "Only adjusted bars of {ticker} are held: prices as traded are not shown, and "
                "limit days are approximate.",
                ticker=values["ticker"],
            )
        case "bars_from":
            return said.t(
                "Bars of {ticker} before {date} belong to a predecessor and are left out.",
                ticker=values["ticker"],
                date=said.date(values["date"]),
            )
        case "limit_run_in_estimation":
            return said.t(
                "The estimation window of {day} holds a run of limit days, {first} to {last}: its "
                "volatility is not that of free trading.",
                day=_event_day(study, values["event_id"], said),
                first=said.date(values["first"]),
                last=said.date(values["last"]),
            )
        case "widened_window":
            return said.t(
                "Around {day} the price could not move freely for some days of the window; from "
                "day {first} to day {last} it could move for as many days as was meant.",
                day=_event_day(study, values["event_id"], said),
                first=str(values["first"]),
                last=str(values["last"]),
            )
        case "date_known_to":
            return said.t(
                "The date {day} is known to the {precision} only.",
                day=_event_day(study, values["event_id"], said),
                precision=precision(said, values["precision"]),
            )
        case other:
            raise LookupError(f"no sentence for the note {other!r}")


def precision(said: Words, code: str) -> str:
    """Name how exactly a day is known."""
    names = {"day": said.t("day"), "week": said.t("week"), "month": said.t("month")}
    return names.get(code, code)


def flags(said: Words, codes: Any) -> str:
    """Name the flags in a list of codes joined by commas."""
    if not isinstance(codes, str) or not codes:
        return ""
    names = _flag_names(said)
    told = (names.get(code.strip(), code.strip()) for code in codes.split(","))
    return said.t("; ").join(told)


def flag_detail(said: Words, flag: str, detail: str) -> str:
    """Say what is known beside a flag."""
    if flag == "abnormal_fluctuation":
        return said.t(
            "three-day deviation {value} from the market", value=said.signed_percent(float(detail))
        )
    names = {
        "no_bar": said.t("no bar on a trading day"),
        "no_volume": said.t("no volume and an unmoved price"),
        "exact": said.t("from prices as traded"),
        "approximate": said.t("approximate: only adjusted bars are held"),
    }
    return names.get(detail, detail)


def reason(said: Words, code: Any) -> str:
    """Say why a number is missing."""
    if not isinstance(code, str) or not code:
        return ""
    of_tests = {
        "no_tested_event": said.t("no event can be tested"),
        "no_variation": said.t("nothing varies on some day"),
        "too_few_common_days": said.t("the estimation windows share too few days"),
        "too_few_degrees_of_freedom": said.t("too few degrees of freedom"),
        "correlation_too_negative": said.t("the residuals are too negatively correlated"),
        "residuals_alike": said.t("the estimation windows are all but the same days of one share"),
        "too_few_events": said.t("too few events"),
        "excluded": said.t("the event is left out"),
        "no_prices": said.t("no bars are held"),
        "too_few_days_before": said.t("fewer than 30 common days before the event"),
        "too_few_days_after": said.t("fewer than 30 common days from the event on"),
        "group_dated_later": said.t("the evidence for its group is younger than the event"),
        "group_ambiguous": said.t("two groups rest on evidence of the same day"),
        "other_group": said.t("its group is neither of the two compared"),
        "own_news": said.t("the event is its own news"),
        "no_benchmark": said.t("no market is named for it"),
        "too_few_firms": said.t("a side has fewer than three shares"),
        "price_selected": said.t("the date was picked because a price moved"),
        "correlation_too_large": said.t("the shares move as one"),
        "no_dated_event": said.t("no dated event is held"),
        "not_listed": said.t("the company is not listed"),
        "no_attention_series": said.t("no attention series is held"),
        "no_close_as_traded": said.t("the close as traded is not held"),
        "no_share_count": said.t("no share count is held"),
        "begins_after_peak": said.t(
            "the series begins with its highest rate, maybe after the peak: a bound"
        ),
        "finer_than_look_ups": said.t("it fades faster than it was looked up: a bound"),
        "too_few_observations": said.t("too few observations"),
        "after_last_look_up": said.t("the look-ups end before that day"),
        "no_close_look_up_and_no_curve": said.t("no look-up near that day, and no curve"),
        "peak_is_last": said.t("attention has not faded yet"),
        "does_not_vary": said.t("attention does not vary"),
        "no_decay": said.t("attention does not fade"),
        "too_few_placebo_days": said.t("too few days without an event to draw from"),
        "no_day_zero": said.t("the event has no day 0 among the bars"),
        "no_bar_before": said.t("there is no bar before day 0"),
        "horizon_beyond_bars": said.t("the bars end before the horizon"),
        "adjustment_changes": said.t("the adjustment of prices changes within the horizon"),
        "no_estimation_window": said.t("no whole estimation window"),
        "missing_volume": said.t("the volume of a day is missing"),
        "no_turnover": said.t("nothing was traded in the estimation window"),
    }
    return of_tests.get(code) or labels.exclusion(said, code)


def _flag_names(said: Words) -> dict[str, str]:
    return {
        "suspension": said.t("suspended"),
        "limit_up_touched": said.t("touched the upper limit"),
        "limit_up_closed": said.t("closed at the upper limit"),
        "limit_up_locked": said.t("locked at the upper limit"),
        "limit_down_touched": said.t("touched the lower limit"),
        "limit_down_closed": said.t("closed at the lower limit"),
        "limit_down_locked": said.t("locked at the lower limit"),
        "abnormal_fluctuation": said.t("abnormal fluctuation by the exchange's rule"),
        "moved_to_next_session": said.t("after the close: counted on the next trading day"),
        "moved_to_next_trading_day": said.t("no trading: counted on the next trading day"),
        "group_dated_later": said.t("the evidence for its group is younger than the event"),
    }


def _event_day(study: MarketStudy, event_id: str, said: Words) -> str:
    day = study.events.set_index("event_id")["event_date"].get(event_id)
    return said.date(day)
