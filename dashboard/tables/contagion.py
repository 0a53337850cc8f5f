"""Groups of concept shares around an event, in words and as tables."""

from __future__ import annotations

import pandas as pd

from dashboard.figures import labels
from dashboard.studies.contagion import ContagionStudy
from dashboard.tables import remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def firms(study: ContagionStudy, said: Words) -> Table:
    """Return one row a member of a group, compared or left out with its reason."""
    frame = study.firms.assign(
        group=[
            "" if pd.isna(code) else labels.concept_group(said, str(code))
            for code in study.firms["concept_group"]
        ],
        why=[remarks.reason(said, code) for code in study.firms["reason"]],
    )
    _, car = labels.return_headers(said, study.returns)
    columns = {
        "ticker": TableColumn(said.t("Ticker")),
        "group": TableColumn(said.t("What it had of AI art")),
        "cumulative_abnormal_return": TableColumn(car, "number", 4),
        "standard_error": TableColumn(said.t("s.e. of CAR"), "number", 4),
        "benchmark": TableColumn(said.t("Market")),
        "day_zero": TableColumn(said.t("Day 0"), "date"),
        "why": TableColumn(said.t("Reason"), "wide"),
    }
    return Table(frame, columns, "contagion-firms")


def correlation(study: ContagionStudy, said: Words) -> Table:
    """Return the correlations as drawn."""
    if study.correlation.empty:
        return Table(pd.DataFrame(), {}, "contagion-correlation")
    frame = study.correlation.rename_axis("ticker").reset_index()
    columns = {"ticker": TableColumn(said.t("Ticker"))}
    columns |= {
        str(name): TableColumn(str(name), "number", 2) for name in study.correlation.columns
    }
    return Table(frame, columns, "contagion-correlation")


def sentence(study: ContagionStudy, said: Words) -> str:
    """Say what the comparison found, or why nothing can be said."""
    counts = said.t(
        "{first}: {n}; {second}: {m} (the share of the news itself is on neither side).",
        first=labels.concept_group(said, study.first_group),
        n=said.number(study.n_first, digits=0),
        second=labels.concept_group(said, study.second_group),
        m=said.number(study.n_second, digits=0),
    )
    if study.reason:
        return f"{counts} " + said.t(
            "No test: {reason}.", reason=remarks.reason(said, study.reason)
        )
    p_values = study.tests.set_index("test")["p_value"].to_dict()
    found = said.t(
        "Mean cumulative abnormal returns ({returns}) {first} and {second}, difference "
        "{difference} ({low} to {high}); p = {permutation} by permutation, {kolari} allowing for "
        "what they have in common. A difference of {effect} would be found with a chance of "
        "{power}.",
        returns=labels.returns(said, study.returns),
        first=said.signed_percent(study.mean_first),
        second=said.signed_percent(study.mean_second),
        difference=said.signed_percent(study.difference),
        low=said.signed_percent(study.low),
        high=said.signed_percent(study.high),
        permutation=said.number(p_values.get("permutation")),
        kolari=said.number(p_values.get("kolari_pynnonen")),
        effect=said.percent(study.power_effect),
        power=said.percent(study.power),
    )
    return said.sentences([counts, found])
