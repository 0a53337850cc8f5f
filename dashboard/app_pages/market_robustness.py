"""What stands on the Market page about how far the events stand out."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.components import Card, Provenance, Table, figure_card, table_card
from dashboard.figures.specification import specification_figure
from dashboard.figures.theme import Mode
from dashboard.studies import MarketStudy
from dashboard.studies.robustness import N_DRAWS, RobustnessStudy
from dashboard.text import Words


def robustness_cards(
    study: MarketStudy,
    hard: RobustnessStudy,
    said: Words,
    mode: Mode,
    offered: dict[str, Table],
) -> list[Card]:
    """Return the cards; ``offered`` holds the tables by name, downloads as they may be."""
    last = study.prices["trade_date"].iloc[-1] if len(study.prices) else None
    drawn = Provenance(
        "estimated",
        "",
        last,
        said.t(
            "{n} random days of the same share without an event, seeded",
            n=said.number(N_DRAWS, digits=0),
        ),
    )
    held = Provenance(
        "estimated",
        said.t("simple returns"),
        last,
        said.t("share minus its market, from the close before day 0; turnover is volume"),
    )
    cards: list[Card] = [
        partial(st.header, said.t("Whether it stands out"), anchor=False),
        partial(
            table_card,
            said,
            offered["ranks"],
            heading=said.t("Against random days, and for many tests"),
            provenance=drawn,
        ),
        partial(
            table_card,
            said,
            offered["holding"],
            heading=said.t("What a holder had"),
            note=said.t(
                "Holding returns over months hold whatever else happened in them: other events "
                "stand in the table above."
            ),
            provenance=held,
        ),
    ]
    if hard.curve.empty:
        return cards
    line = said.t(
        "The same events in {n} specifications: {significant} differ from zero at 5%; by chance "
        "alone about {expected} would.",
        n=said.number(hard.n_tested, digits=0),
        significant=said.number(hard.n_significant, digits=0),
        expected=said.number(0.05 * hard.n_tested, digits=0),
    )
    method = said.t("mean over the chosen events whose date does not come from the price")
    return [
        *cards,
        partial(st.markdown, line),
        partial(
            figure_card,
            said,
            said.t("Every reasonable way to ask"),
            specification_figure(hard.curve, said, mode),
            offered["specifications"],
            Provenance("estimated", "", last, method),
        ),
    ]
