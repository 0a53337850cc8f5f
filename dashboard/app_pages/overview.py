"""The Overview page answers: can curiosity be turned into cash."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, cases, queries
from dashboard.app_pages.as_known import as_known_note, as_known_on
from dashboard.components import (
    Provenance,
    Table,
    TableColumn,
    evidence_badge,
    figure_card,
    metric_tile,
    plain,
    table_card,
    with_states,
)
from dashboard.figures import labels, theme
from dashboard.figures.break_even import break_even_figure
from dashboard.figures.timeline import timeline_figure
from dashboard.studies import (
    BreakEvenStudy,
    MarketStudy,
    break_even_study,
    market_study,
    wave_study,
)
from dashboard.tables import break_even as strip_tables
from dashboard.tables import market as tables
from dashboard.tables import remarks
from dashboard.tables import waves as wave_tables
from dashboard.text import Words, words
from etl.analytics.event_study import EventStudySpec

# Log returns inside; sentences and tiles speak of simple percent.
SPEC = EventStudySpec(returns="log")
# Level of the sentence about significance.
LEVEL = 0.05


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Can curiosity about AI art be turned into cash?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    with st.container(width=220):
        as_of = as_known_on(said)
    as_known_note(said, as_of)
    study = cache.study(market_study, cases.TICKER, SPEC, as_of=as_of)
    st.caption(_freshness_line(study, said))
    _wave(study, said)
    _scoreboard(as_of, said)
    _break_even(as_of, said)
    _limits(said)
    _timeline(as_of, said)


def _freshness_line(study: MarketStudy, said: Words) -> str:
    info = cache.info()
    return said.t(
        "Snapshot published {published}; prices of {ticker} to {last}",
        published=said.instant(info.published_at),
        ticker=cases.TICKER,
        last=said.date(_last_day(study)),
    )


def _last_day(study: MarketStudy) -> date | None:
    days = study.prices["trade_date"]
    return days.iloc[-1] if len(days) else None


def _wave(study: MarketStudy, said: Words) -> None:
    st.header(said.t("What the evidence carries"), anchor=False)
    found = _found(study)
    if found.empty:
        st.info(said.t("The events of the wave are not held."), icon=":material/inbox:")
        return
    st.markdown(_verdict(found, study, said))
    columns = st.columns(len(found))
    for column, event in zip(columns, found.to_dict("records"), strict=True):
        with column:
            _event_tile(event, study, said)
    st.page_link("app_pages/market.py", label=said.t("Examine it on the Market page"))


def _found(study: MarketStudy) -> pd.DataFrame:
    """Return the events of the wave with what was found on day 0 and the day's price change."""
    bars = study.prices.assign(price_change=study.prices["close_as_traded"].pct_change())
    changes = bars[["trade_date", "price_change"]]
    wave = study.events[study.events["event_id"].isin(cases.WAVE)]
    return (
        wave.merge(tables.findings(study), on="event_id", how="left", validate="1:1")
        .merge(changes, left_on="day_zero", right_on="trade_date", how="left")
        .sort_values("event_date")
    )


def _verdict(found: pd.DataFrame, study: MarketStudy, said: Words) -> str:
    tested = found.loc[found["status"] == "tested"]
    n_significant = sum(p < LEVEL for p in tested["p_value"])
    picked = found.loc[found["event_id"] == cases.CHOSEN_BY_PRICE]
    lines = [
        said.t(
            "On {date}, the day the newspaper chose, the share of {company} rose by {change}. "
            "It was chosen **because** the price had moved: it is described here, never tested.",
            date=said.date(event["day_zero"]),
            company=plain(labels.company(study.instrument, said)),
            change=said.percent(event["price_change"]),
        )
        for event in picked.to_dict("records")
    ]
    if n_significant:
        outcome = said.n(
            "Of the {tested} days of the causes, {n} shows an abnormal return at the 5% level.",
            "Of the {tested} days of the causes, {n} show an abnormal return at the 5% level.",
            n_significant,
            tested=said.number(len(tested), digits=0),
        )
    else:
        outcome = said.t(
            "On none of the {tested} days of the causes (the launches, the first place in Japan) "
            "is there an abnormal return at the 5% level.",
            tested=said.number(len(tested), digits=0),
        )
    return " ".join([*lines, f"**{outcome}**", *_windows(tested, study, said)])


def _windows(tested: pd.DataFrame, study: MarketStudy, said: Words) -> list[str]:
    """Name the events whose cumulative abnormal return differs from zero over the window."""
    away = tested.loc[(tested["car_low"] > 0) | (tested["car_high"] < 0)]
    first, last = study.spec.window
    return [
        said.t(
            "Around {date} (days {first} to {last}) the cumulative abnormal return is {value}, "
            "which does differ from zero at that level.",
            date=said.date(event["event_date"]),
            first=said.number(first, digits=0),
            last=said.number(last, digits=0),
            value=said.signed_percent(math.expm1(event["cumulative_abnormal_return"])),
        )
        for event in away.to_dict("records")
    ]


def _event_tile(event: dict[Hashable, Any], study: MarketStudy, said: Words) -> None:
    glyph, _ = theme.direction_mark(event["price_change"])
    notes = [
        plain(labels.event_title(event, said)),
        f"{evidence_badge(said, 'estimated')} "
        + said.t(
            "Abnormal return ({model}): **{value}** ({logs} in logs)",
            model=labels.model(said, study.spec.model),
            value=said.signed_percent(math.expm1(event["abnormal_return"])),
            logs=said.signed_percent(event["abnormal_return"]),
        ),
    ]
    if event["status"] == "tested":
        outcome = said.t(
            "t = {t}, p = {p}",
            t=said.number(event["t_statistic"]),
            p=said.number(event["p_value"]),
        )
        notes.append(f":gray-badge[{said.t('tested')}] {outcome}")
    else:
        notes.append(f":orange-badge[{labels.status(said, event['status'])}]")
    if event["date_precision"] != "day":
        known_to = remarks.precision(said, event["date_precision"])
        notes.append(
            said.t(
                "The day is inferred: its date is known to the {precision} only.",
                precision=known_to,
            )
        )
    provenance = Provenance(
        "measured",
        said.t("price change of the day"),
        event["day_zero"],
        url=study.prices_source,
    )
    change = said.signed_percent(event["price_change"])
    metric_tile(said, labels.event_day(event, said), f"{glyph} {change}", provenance, notes=notes)


def _scoreboard(as_of: date | None, said: Words) -> None:
    st.header(said.t("Every wave side by side"), anchor=False)
    study = cache.study(wave_study, as_of=as_of)
    shown = wave_tables.scoreboard(study, said)
    if cache.held_back():
        shown = replace(
            shown,
            passed_on=lambda: (
                wave_tables.scoreboard(cache.passed_on(wave_study, as_of=as_of), said).frame
            ),
        )
    table_card(
        said,
        shown,
        heading=said.t("Wave scoreboard"),
        note=said.t(
            "Which waves are listed, and by which event each is measured, is a choice (assumed). "
            "Attention is new ratings in Norway, or downloads as published. An empty cell is not "
            "known; the column near the end says why."
        ),
        provenance=Provenance(
            "estimated",
            "",
            None,
            said.t("event study, rating counts and disclosed figures of the snapshot"),
        ),
    )


def _break_even(as_of: date | None, said: Words) -> None:
    st.header(said.t("What it would take to break even"), anchor=False)
    study = cache.study(break_even_study, as_of=as_of)
    if study.cost.empty:
        st.info(said.t("The facts about the server were not public yet."), icon=":material/inbox:")
        return
    st.markdown(_break_even_sentence(study, said))
    tiles = st.columns(4)
    for column, row in zip(tiles, _strip(study), strict=True):
        with column:
            metric_tile(said, *_strip_number(row, study.currency, said), _stated(row, said))
    provenance = Provenance(
        "estimated",
        said.t("share of users who pay in a month"),
        study.break_even["as_of"].iloc[-1],
        said.t("stated server, published prices and store terms"),
    )
    figure_card(
        said,
        said.t("Pay rate that would cover the server, and what is achieved"),
        cache.drawn(
            "break_even", lambda mode: break_even_figure(study, said, mode=mode), said, as_of
        ),
        strip_tables.rates(study, said),
        provenance,
    )
    notes = [plain(strip_tables.note_sentence(note, said)) for note in study.notes]
    with st.expander(said.t("What achieved shares are held, and what the strip leaves out")):
        st.markdown("\n".join(f"- {note}" for note in notes))
        table_card(
            said, strip_tables.achieved(study, said), heading=said.t("Published shares of payers")
        )


def _break_even_sentence(study: BreakEvenStudy, said: Words) -> str:
    """Say the cost, the rate that would cover it and what companies publish, all computed."""
    cost = study.cost.iloc[0]
    latest = study.achieved.loc[study.achieved["latest"]]
    by_metric = latest.groupby("metric")["value"]
    low, high = by_metric.min(), by_metric.max()
    penetration, conversion = "subscription_penetration_rate", "download_to_paid_d35"
    return said.t(
        "One stated server costs {low} to {high} a user and month.{rates} Published subscription "
        "penetration (subscribers ÷ monthly actives; {kinds}) lies between {penetration_low} and "
        "{penetration_high}; benchmarks of paid conversion within 35 days, a different share "
        "(payers ÷ installs), between {conversion_low} and {conversion_high}.",
        low=said.money(cost["low"], study.currency, digits=3),
        high=said.money(cost["high"], study.currency),
        rates="".join(f" {sentence}" for sentence in _rate_sentences(study, said)),
        kinds=_kinds(latest.loc[latest["metric"] == penetration, "evidence_kind"], said),
        penetration_low=said.percent(low.get(penetration)),
        penetration_high=said.percent(high.get(penetration)),
        conversion_low=said.percent(low.get(conversion)),
        conversion_high=said.percent(high.get(conversion)),
    )


def _rate_sentences(study: BreakEvenStudy, said: Words) -> Iterator[str]:
    """Say which share of users must pay, at monthly prices and at the price of a pack."""
    rates = study.break_even.loc[study.break_even["in_force_at_price_date"]].dropna(subset=["low"])
    per_pack = rates["price_unit"].str.endswith("/pack")
    for rows, per_month in ((rates.loc[~per_pack], True), (rates.loc[per_pack], False)):
        if rows.empty:
            continue
        values = {
            "kinds": _kinds(rows["price_evidence_kind"], said),
            "low": said.percent(rows["low"].min()),
            "high": said.percent(rows["high"].max()),
        }
        yield (
            said.t(
                "At monthly prices ({kinds}) and the store terms of their day, {low} to {high} of "
                "users would have to pay every month.",
                **values,
            )
            if per_month
            else said.t(
                "At the price of a pack ({kinds}), {low} to {high} would have to buy one every "
                "month.",
                **values,
            )
        )


def _kinds(kinds: pd.Series, said: Words) -> str:
    """Name the evidence kinds that occur."""
    return ", ".join(said.evidence(kind) for kind in sorted(set(kinds)))


def _strip(study: BreakEvenStudy) -> list[dict[Hashable, Any]]:
    """Return the numbers of the strip in order: three inputs, then the cost."""
    return [*study.inputs.to_dict("records"), *study.cost.to_dict("records")]


def _strip_number(row: dict[Hashable, Any], currency: str, said: Words) -> tuple[str, str]:
    """Return label and value of one number of the strip."""
    low, high = row["low"], row["high"]
    match row["name"]:
        case "gpu_server_price":
            return said.t("One GPU server"), said.money(row["value"], currency, digits=0)
        case "users_per_server":
            ends = said.number(low, digits=0), said.number(high, digits=0)
            return said.t("Users it serves"), "–".join(ends)
        case "life_months":
            months = said.n("{n} month", "{n} months", int(row["value"]))
            return said.t("Its life"), months
        case _:
            value = f"{said.number(low, digits=3)}–{said.number(high, digits=2)}"
            return said.t("Cost of a user and month ({currency})", currency=currency), value


def _stated(row: dict[Hashable, Any], said: Words) -> Provenance:
    units = {
        "gpu_server_price": said.t("per server"),
        "users_per_server": said.t("users"),
        "life_months": said.t("straight line, no resale value"),
        "cost_per_user_month": said.t("price ÷ life ÷ users"),
    }
    known = {name: row[name] for name in ("source_title", "source_url") if pd.notna(row[name])}
    return Provenance(
        row["evidence_kind"],
        units[row["name"]],
        row["as_of"],
        known.get("source_title", ""),
        known.get("source_url", ""),
    )


def _limits(said: Words) -> None:
    st.header(said.t("What the evidence cannot say"), anchor=False)
    sentences = (
        said.t(
            "A price that rises for a day is not cash: it says what buyers of the share hoped for."
        ),
        said.t(
            "Three or four days of one share are few. That nothing is significant does not show "
            "that there was no effect: a small one would go unseen."
        ),
        said.t(
            "The break-even strip holds only what was said in public. Bandwidth, moderation, staff "
            "and marketing are not in it, and nobody measured the server: one company stated it."
        ),
        said.t(
            "Penetration at one company after years of subscriptions does not carry over to a "
            "new app during a wave."
        ),
        said.t(
            "Press figures are claims. The Data page shows them with their sources, "
            "conflicts side by side."
        ),
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


def _timeline(as_of: date | None, said: Words) -> None:
    st.header(said.t("What happened when"), anchor=False)
    events = cache.ask(queries.events, as_of)
    if events.empty:
        st.info(said.t("No dated event was known then."), icon=":material/inbox:")
        return
    figure = cache.drawn("timeline", lambda mode: timeline_figure(events, said, mode), said, as_of)
    last = events["event_date"].iloc[-1]
    figure_card(
        said,
        said.t("Dated events"),
        figure,
        _events_table(events, said),
        Provenance("disclosed", "", last, said.t("announcements and press, one address an event")),
    )


def _events_table(events: pd.DataFrame, said: Words) -> Table:
    frame = events.assign(
        title=[labels.event_title(event, said) for _, event in events.iterrows()],
        chosen=[labels.selection(said, code) for code in events["selection"]],
        known_to=[remarks.precision(said, code) for code in events["date_precision"]],
    )
    columns = {
        "event_date": TableColumn(said.t("Announced"), "date"),
        "entity": TableColumn(said.t("About")),
        "title": TableColumn(said.t("What happened"), "wide"),
        "chosen": TableColumn(said.t("How it was chosen")),
        "known_to": TableColumn(said.t("Date known to the")),
        "source_url": TableColumn(said.t("Source"), "link"),
        "event_id": TableColumn(said.t("Event")),
    }
    return Table(frame, columns, "event-timeline")


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
