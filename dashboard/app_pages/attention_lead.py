"""What stands on the Attention page about attention before returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import cache, cases, queries
from dashboard.components import Card, Provenance, Table, figure_card, plain, table_card
from dashboard.figures import labels
from dashboard.figures.lead_lag import lag_figure
from dashboard.figures.theme import Mode
from dashboard.studies import LeadLagStudy, lead_lag_study
from dashboard.tables import lead_lag as tables
from dashboard.text import Words


def share_names(said: Words) -> dict[str, str]:
    """Return the shares that have bars and a market, by ticker; the case's own first."""
    held = set(cache.ask(queries.coverage)["ticker"])
    names = {
        str(row["ticker"]): f"{labels.company(row, said, 'name')} · {row['ticker']}"
        for row in cache.ask(queries.instruments).to_dict("records")
        if row["instrument_type"] == "equity" and row["ticker"] in held and row["benchmark"] in held
    }
    first = {cases.TICKER: names[cases.TICKER]} if cases.TICKER in names else {}
    return first | names


def lead_lag_cards(
    app_id: str, ticker: str, as_of: date | None, said: Words, mode: Mode
) -> list[Card]:
    """Return the cards; none without an app that has ratings."""
    if not app_id or not ticker:
        return []
    study = cache.study(lead_lag_study, app_id, ticker, as_of=as_of)

    def offered(make: Callable[[LeadLagStudy, Words], Table]) -> Table:
        shown = make(study, said)
        if not cache.held_back():
            return shown

        def passed_on() -> pd.DataFrame:
            return make(cache.passed_on(lead_lag_study, app_id, ticker, as_of=as_of), said).frame

        return replace(shown, passed_on=passed_on)

    weekly = Provenance(
        "estimated",
        "",
        study.last_week if study.n_weeks else None,
        said.t("weekly change of new ratings against weekly excess returns"),
    )
    unseen = Provenance(
        "estimated", "", weekly.as_of, said.t("ridge, refitted forward; no week knows a later one")
    )
    heading = said.t("What the data cannot tell")
    told = [f"- {plain(tables.cannot_tell(note, said))}" for note in study.cannot_tell]
    return [
        partial(st.header, said.t("Whether attention comes before returns"), anchor=False),
        partial(st.markdown, plain(tables.sentence(study, said))),
        partial(
            figure_card,
            said,
            said.t("Correlation by lag"),
            lag_figure(study, said, mode),
            offered(tables.lags),
            weekly,
        ),
        partial(
            table_card,
            said,
            offered(tables.forecasts),
            heading=said.t("Forecasts of weeks they did not know"),
            provenance=unseen,
        ),
        partial(st.markdown, f"**{heading}**"),
        partial(st.markdown, "\n".join(told) or said.t("Nothing was compared.")),
    ]
