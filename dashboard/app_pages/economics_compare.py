"""Up to four scenarios side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages import economics_currency
from dashboard.app_pages.economics_held import Present
from dashboard.app_pages.growth_paying import offered
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.economics.comparison import comparison_figure
from dashboard.figures.theme import Mode
from dashboard.scenarios import Choice
from dashboard.studies.economics.comparison import MOST, Comparison, comparison
from dashboard.studies.economics.scenario import frozen
from dashboard.tables.economics import results
from dashboard.text import Words
from etl.analytics.quantities import weakest

KEY = "compare"
PRESENT = "present"


def show(present: Present | None, known: dict[str, Choice], said: Words) -> None:
    """Show the choice and the comparison."""
    st.header(said.t("Side by side"), anchor=False)
    readable = [key for key, choice in known.items() if choice.raw is not None]
    options = [*([PRESENT] if present is not None else []), *readable]
    held = st.session_state.get(KEY)
    if held is not None:
        st.session_state[KEY] = [key for key in held if key in options]
    permalinks.restore(KEY, permalinks.several_of(options, said, MOST), [], said)
    st.multiselect(
        said.t("Scenarios to compare (at most {n})", n=MOST),
        options,
        key=KEY,
        max_selections=MOST,
        format_func=lambda key: _label(key, present, known, said),
        placeholder=said.t("Choose"),
        wrap=True,
    )
    chosen: list[str] = st.session_state[KEY]
    if not chosen:
        permalinks.leave_out(KEY)
        st.caption(said.t("Choose the present scenario and others to see their results together."))
        return
    permalinks.remember(KEY, ",".join(chosen))
    written = tuple(_written(key, present, known) for key in chosen)
    labels = tuple(_label(key, present, known, said) for key in chosen)
    for card in cache.drawn(
        "economics:compare", lambda mode: _cards(written, labels, said, mode), said, written, labels
    ):
        card()


def _label(key: str, present: Present | None, known: dict[str, Choice], said: Words) -> str:
    if key == PRESENT and present is not None:
        name = scenarios.name_of(present.raw, said.language)
        return said.t("this one: {name}", name=name)
    return known[key].name(said.language) if key in known else key


def _written(key: str, present: Present | None, known: dict[str, Choice]) -> str:
    if key == PRESENT and present is not None:
        return present.written
    return frozen(known[key].raw or {})


def _cards(
    written: tuple[str, ...], labels: tuple[str, ...], said: Words, mode: Mode
) -> list[Card]:
    found = cache.study(comparison, written)
    cards: list[Card] = [
        partial(
            st.error,
            said.t(
                "**{name} cannot be evaluated.** {reason}",
                name=plain(labels[place]),
                reason=plain(reason),
            ),
            icon=":material/error:",
        )
        for place, reason in found.faults.items()
    ]
    if found.rows.empty:
        return cards
    told = Provenance(
        weakest(found.rows["evidence_kind"]),
        said.t("currencies: {currencies}", currencies=", ".join(found.currencies)),
        None,
        _conversion(said),
    )
    if len(found.currencies) > 1:
        cards.append(
            partial(
                st.caption,
                said.t(
                    "The scenarios are in different currencies: amounts stand in the table and are "
                    "not drawn on one axis."
                ),
            )
        )
    table = offered(comparison, (written,), lambda c: results.comparison(c, labels, said))
    drawn = _drawn(found, labels, said)
    return [
        *cards,
        partial(table_card, said, table, heading=said.t("Main results"), provenance=told),
        partial(
            figure_card,
            said,
            said.t("Main results with their intervals"),
            comparison_figure(drawn, said, mode),
            _named(table),
            told,
        ),
    ]


def _conversion(said: Words) -> str:
    if economics_currency.chosen():
        return said.t("each as known on its own day, amounts at the rates of their days")
    return said.t("each as known on its own day; nothing is converted")


def _named(table: Any) -> Any:
    return type(table)(table.frame, table.columns, "scenario-comparison-figure", table.passed_on)


def _drawn(found: Comparison, labels: tuple[str, ...], said: Words) -> pd.DataFrame:
    """Return the results that can share an axis: amounts in one currency only."""
    rows = found.rows
    if len(found.currencies) > 1:
        is_money = [str(unit).partition("/")[0] in found.currencies for unit in rows["unit"]]
        rows = rows.loc[[not money for money in is_money]]
    known = list(rows.loc[rows["value"].notna(), "name"])
    rows = rows.loc[rows["name"].isin(known)]
    return rows.assign(
        scenario=[labels[int(place)] for place in rows["scenario"]],
        label=[results.label_of(str(name), said) for name in rows["name"]],
        unit=[results.axis_unit(str(unit), said) for unit in rows["unit"]],
    )
