"""Attention before returns: tables, the sentence, and what the data cannot tell."""

from __future__ import annotations

import pandas as pd

from dashboard.studies.lead_lag import LeadLagStudy
from dashboard.studies.notes import Note
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def lags(study: LeadLagStudy, said: Words) -> Table:
    """Return the correlation at each lag."""
    columns = {
        "lag": TableColumn(said.t("Lag in weeks (above 0: attention comes first)"), "integer"),
        "correlation": TableColumn(said.t("Correlation"), "number", 3),
        "low": TableColumn(said.t("95% band, low"), "number", 3),
        "high": TableColumn(said.t("95% band, high"), "number", 3),
        "n": TableColumn(said.t("Weeks"), "integer"),
        "n_effective": TableColumn(said.t("Independent weeks they are worth"), "number", 0),
        "p_value": TableColumn("p", "number", 3),
        "p_value_holm": TableColumn(said.t("p, Holm"), "number", 3),
    }
    held = {name: look for name, look in columns.items() if name in study.correlation}
    return Table(study.correlation, held, "lead-lag")


def forecasts(study: LeadLagStudy, said: Words) -> Table:
    """Return how good forecasts of unknown weeks were."""
    names = {
        "mean": said.t("mean so far"),
        "returns_only": said.t("past returns"),
        "with_attention": said.t("past returns and attention"),
    }
    frame = study.comparisons
    if len(frame):
        frame = frame.assign(
            name=[names.get(str(code), str(code)) for code in frame["model"]],
            other=[names.get(str(code), str(code)) for code in frame["against"]],
        )
    columns = {
        "name": TableColumn(said.t("Forecast from")),
        "other": TableColumn(said.t("Against")),
        "n": TableColumn(said.t("Weeks"), "integer"),
        "r_squared": TableColumn(said.t("R² out of sample"), "number", 3),
        "clark_west_p_value": TableColumn(said.t("p, Clark–West"), "number", 3),
    }
    held = {name: look for name, look in columns.items() if name in frame}
    return Table(frame if held else pd.DataFrame(), held, "lead-lag-forecasts")


def sentence(study: LeadLagStudy, said: Words) -> str:
    """Say in one line what came of it."""
    if study.reason:
        return said.t(
            "{app} and {ticker}: too few weeks have both attention and a return.",
            app=study.app_name,
            ticker=study.ticker,
        )
    p_values = study.granger.set_index("direction")["p_value_white"].to_dict()
    return said.t(
        "{app} ({storefront}) and {ticker} against {benchmark}, {n} weeks from {first} to {last}. "
        "Past attention for returns: p = {forward}; past returns for attention: p = {backward}. "
        "Out of sample attention adds {gain} to R²; shuffled attention adds as much with p = "
        "{placebo}.",
        app=study.app_name,
        storefront=study.storefront,
        ticker=study.ticker,
        benchmark=study.benchmark,
        n=said.number(study.n_weeks, digits=0),
        first=said.date(study.first_week),
        last=said.date(study.last_week),
        forward=said.number(p_values.get("attention_to_returns")),
        backward=said.number(p_values.get("returns_to_attention")),
        gain=said.number(study.gain, digits=3),
        placebo=said.number(study.placebo_p_value),
    )


def cannot_tell(note: Note, said: Words) -> str:
    """Say one thing the data cannot tell."""
    values = {
        name: said.number(value, digits=2 if name == "correlation" else 0)
        for name, value in note.values.items()
        if isinstance(value, int | float)
    } | {name: value for name, value in note.values.items() if isinstance(value, str)}
    sentences = {
        "too_few_weeks": said.t(
            "{n_weeks} weeks have both; {weeks_needed} are wanted: a pattern takes several waves."
        ),
        "app_of_another_company": said.t("The app is not of the company whose share is looked at."),
        "one_storefront": said.t(
            "Attention is that of one storefront ({storefront}); the share's buyers live elsewhere."
        ),
        "missing_weeks": said.t("{n_missing} of {n_weeks} weeks lack attention or a return."),
        "attention_spans_weeks": said.t(
            "{n_weeks} weeks have a rate over more than 10 days, up to {longest_days}."
        ),
        "counts_fell": said.t("{n_intervals} stretches have no rate: ratings were removed."),
        "smallest_visible_correlation": said.t(
            "A correlation weaker than {correlation} is missed in one of five cases or more."
        ),
        "many_looks": said.t("{n_tests} lags were looked at: one in twenty is below 5% by chance."),
        "attention_known_after_prices": said.t(
            "A week's attention is known at its end, after its prices."
        ),
        "ratings_are_not_installs": said.t("New ratings are taken for installs."),
        "common_cause": said.t(
            "News can move attention and price at once: coming first is not causing."
        ),
    }
    return said.filled(sentences[note.code], values)
