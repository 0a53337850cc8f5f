"""The finding of the market report: which events moved the share, and which are described."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies import MarketStudy
from dashboard.text import Words

SIGNIFICANCE = 0.05
_TOLD_EVENTS = 5
"""The finding names each tested event where there are no more than these."""


def simple_return(value: float, returns: str) -> float:
    """Return a return as a simple one (ratio); log returns are converted, missing stays missing."""
    return math.expm1(value) if returns == "log" else value


def findings(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[str]:
    """Say what was found: the tested events by day and by window, then the described ones."""
    tested = [on_day_zero(study, row) for row in by_day(events, "tested")]
    first, last = study.spec.window
    if events.empty:
        yield words.t("No event of this share is held, so none is tested: its price is shown.")
    elif not tested:
        yield words.t("No event of this choice can be tested.")
    elif first <= 0 <= last:
        yield _on_the_day(tested, words)
    if first <= 0 <= last and len(tested) <= _TOLD_EVENTS:
        yield from (_tested_event(study, row, words) for row in tested)
    if tested and first < last:
        yield from _over_the_window(study, tested, words)
    if described := by_day(events, "described"):
        yield _picked_days(study, described, words)


def _picked_days(study: MarketStudy, described: list[dict[str, Any]], words: Words) -> str:
    moves = words.listed(
        words.noted(
            words.date(row["day_zero"]),
            as_simple(study, on_day_zero(study, row)["abnormal_return"], words),
        )
        for row in described
    )
    if len(described) == 1:
        return words.t(
            "The move of {moves} against the model stands on a day that was picked because the "
            "price moved: it is described, not tested.",
            moves=moves,
        )
    return words.t(
        "The moves of {moves} against the model stand on days that were picked because the price "
        "moved: they are described, not tested.",
        moves=moves,
    )


def _on_the_day(tested: list[dict[str, Any]], words: Words) -> str:
    significant = sum(row["p_value"] < SIGNIFICANCE for row in tested)
    if significant:
        return words.t(
            "Of {n} events whose dates were not taken from the price, {k} moved the share "
            "significantly on the day.",
            n=words.number(len(tested), digits=0),
            k=words.number(significant, digits=0),
        )
    return words.n(
        "The {n} event whose date was not taken from the price did not move the share "
        "significantly on its day.",
        "None of the {n} events whose dates were not taken from the price moved the share "
        "significantly on its day.",
        len(tested),
    )


def _tested_event(study: MarketStudy, row: dict[str, Any], words: Words) -> str:
    significant = row["p_value"] < SIGNIFICANCE
    return words.t(
        "{day}: {title}. Abnormal return {value} ({model} against {benchmark}; t {t}, p {p}): "
        "{verdict}.",
        day=words.date(row["day_zero"]),
        title=labels.event_title(row, words),
        value=as_simple(study, row["abnormal_return"], words),
        model=labels.model(words, study.spec.model),
        benchmark=row["benchmark"],
        t=words.number(row["t_statistic"]),
        p=words.p_value(row["p_value"]),
        verdict=words.t("significant at 5%") if significant else words.t("not significant at 5%"),
    )


def _over_the_window(
    study: MarketStudy, tested: list[dict[str, Any]], words: Words
) -> Iterator[str]:
    """Name the events whose cumulative return over the window differs from zero."""
    first, last = study.spec.window
    ends = [(row, path_of(study, row).iloc[-1]) for row in tested]
    different = [(row, end) for row, end in ends if end["car_low"] > 0 or end["car_high"] < 0]
    if not different:
        yield words.t(
            "Over days {first} to {last} no cumulative abnormal return differs from zero at 5%.",
            first=words.number(first, digits=0),
            last=words.number(last, digits=0),
        )
    for row, end in different:
        yield words.t(
            "Over days {first} to {last} around {day} the cumulative abnormal return of {value} "
            "differs from zero at 5% (95% interval {low} to {high}).",
            first=words.number(first, digits=0),
            last=words.number(last, digits=0),
            day=words.date(row["day_zero"]),
            value=as_simple(study, end["cumulative_abnormal_return"], words),
            low=as_simple(study, end["car_low"], words),
            high=as_simple(study, end["car_high"], words),
        )


def by_day(events: pd.DataFrame, status: str | None = None) -> list[dict[Any, Any]]:
    """Return events by day, all of them or those of one status."""
    chosen = events if status is None else events.loc[events["status"] == status]
    return chosen.sort_values(["event_date", "event_id"]).to_dict("records")


def path_of(study: MarketStudy, event: dict[str, Any]) -> pd.DataFrame:
    """Return the days of the window of an event, in order."""
    own = study.paths.loc[study.paths["event_id"] == event["event_id"]]
    return own.sort_values("day")


def on_day_zero(study: MarketStudy, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its numbers of day 0; missing where the window leaves day 0 out."""
    own = path_of(study, event)
    zero = own.loc[own["day"] == 0].to_dict("records")
    numbers = ("abnormal_return", "t_statistic", "p_value")
    found = zero[0] if zero else dict.fromkeys(numbers, math.nan)
    return {**event, **{name: found[name] for name in numbers}}


def as_simple(study: MarketStudy, value: float, words: Words) -> str:
    """Write a return of a study as a simple one."""
    return words.signed_percent(simple_return(value, study.spec.returns))
