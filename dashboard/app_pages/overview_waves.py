"""The waves on the Overview: each beside the others, and one looked at closely."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, cases
from dashboard.components import (
    MISSING_KIND,
    Provenance,
    evidence_badge,
    metric_tile,
    plain,
    table_card,
)
from dashboard.figures import labels, theme
from dashboard.studies import MarketStudy, market_study, wave_study
from dashboard.tables import market as tables
from dashboard.tables import remarks
from dashboard.tables import waves as wave_tables
from dashboard.text import MISSING, Words
from etl.analytics.event_study import EventStudySpec

# Log returns inside; sentences and tiles speak of simple percent.
SPEC = EventStudySpec(returns="log")
# Level of the sentence about significance.
LEVEL = 0.05


def show(as_of: date | None, said: Words) -> None:
    """Show the scoreboard of all waves, then the events of the one the question began with."""
    _scoreboard(as_of, said)
    _wave(cache.study(market_study, cases.TICKER, SPEC, as_of=as_of), said)


def _wave(study: MarketStudy, said: Words) -> None:
    st.subheader(said.t("Did the share price really react?"), anchor=False)
    found = _found(study)
    if found.empty:
        st.info(said.t("The events of the wave are not held."), icon=":material/inbox:")
        return
    st.markdown(_reaction(found, study, said))
    columns = st.columns(len(found))
    for column, event in zip(columns, found.to_dict("records"), strict=True):
        with column:
            _event_tile(event, study, said)
    st.page_link(
        "app_pages/market.py",
        label=said.t("Examine it on the Market page"),
        query_params={
            "lang": said.language,
            "ticker": cases.TICKER,
            "event": ",".join(found["event_id"]),
        },
    )


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


def _reaction(found: pd.DataFrame, study: MarketStudy, said: Words) -> str:
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
    return said.sentences([*lines, f"**{outcome}**", *_windows(tested, study, said)])


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
    kind = MISSING_KIND if pd.isna(event["abnormal_return"]) else "estimated"
    notes = [
        plain(labels.event_title(event, said)),
        f"{evidence_badge(said, kind)} "
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
        tested = said.t("tested")
        notes.append(f":gray-badge[{tested}] {outcome}")
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
    value = MISSING if pd.isna(event["price_change"]) else f"{glyph} {change}"
    metric_tile(said, labels.event_day(event, said), value, provenance, notes=notes)


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
    last: Any = study.waves["event_date"].max()
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
            last,
            said.t("event study, rating counts and disclosed figures of the snapshot"),
        ),
    )
