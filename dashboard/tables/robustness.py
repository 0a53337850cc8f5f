"""Tables of how far events stand out: random days, longer holding, every specification."""

from __future__ import annotations

import pandas as pd

from dashboard.figures import labels
from dashboard.studies import MarketStudy
from dashboard.studies.robustness import RobustnessStudy
from dashboard.tables import remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def ranks(study: MarketStudy, hard: RobustnessStudy, said: Words) -> Table:
    """Return one row an event: its rank among random days, and p corrected for many tests."""
    frame = hard.placebo.merge(
        hard.corrected.rename(columns={"p_value": "p_exact"}), on="event_id", how="left"
    )
    frame = _named(frame, study, said).assign(
        why=[remarks.reason(said, code) for code in frame["reason"]]
    )
    columns = {
        "event_date": TableColumn(said.t("Announced"), "date"),
        "title": TableColumn(said.t("What happened"), "wide"),
        "outcome": TableColumn(said.t("Treatment")),
        "percentile": TableColumn(
            said.t("Rank among random days"),
            "percent",
            help=said.t("Share of random days of the same share with a lower return."),
        ),
        "n_days": TableColumn(said.t("Random days to draw from"), "integer"),
        "p_value": TableColumn(said.t("p, random days"), "number", 3),
        "p_exact": TableColumn(said.t("p, window"), "number", 3),
        "holm": TableColumn(said.t("p, Holm"), "number", 3),
        "benjamini_hochberg": TableColumn(said.t("p, Benjamini–Hochberg"), "number", 3),
        "why": TableColumn(said.t("Reason"), "wide"),
        "event_id": TableColumn(said.t("Event")),
    }
    return Table(frame, columns, f"placebo-{study.instrument['ticker']}")


def holding(study: MarketStudy, hard: RobustnessStudy, said: Words) -> Table:
    """Return one row an event and horizon: what a holder had, and how much was traded."""
    frame = _named(hard.holding, study, said)
    frame = frame.assign(
        why=[
            said.t("; ").join(
                filter(None, dict.fromkeys(remarks.reason(said, code) for code in codes))
            )
            for codes in zip(frame["reason"], frame["turnover_reason"], strict=True)
        ]
    )
    columns = {
        "event_date": TableColumn(said.t("Announced"), "date"),
        "title": TableColumn(said.t("What happened"), "wide"),
        "horizon": TableColumn(said.t("Trading days held"), "integer"),
        "end_date": TableColumn(said.t("Until"), "date"),
        "share_return": TableColumn(said.t("Share"), "percent"),
        "benchmark_return": TableColumn(said.t("Market"), "percent"),
        "abnormal_return": TableColumn(said.t("Buy-and-hold abnormal return"), "percent"),
        "percentile": TableColumn(said.t("Rank among random days"), "percent"),
        "abnormal_turnover": TableColumn(
            said.t("Abnormal turnover"),
            "percent",
            help=said.t("Mean daily volume over that of the estimation window, minus 1."),
        ),
        "outcome": TableColumn(said.t("Treatment")),
        "why": TableColumn(said.t("Reason"), "wide"),
        "event_id": TableColumn(said.t("Event")),
    }
    return Table(frame, columns, f"holding-{study.instrument['ticker']}")


def specifications(study: MarketStudy, hard: RobustnessStudy, said: Words) -> Table:
    """Return one row a specification of the chosen events together."""
    if hard.curve.empty:
        return Table(hard.curve, {}, f"specifications-{study.instrument['ticker']}")
    frame = hard.curve.assign(
        model_name=[labels.model(said, code) for code in hard.curve["model"]],
        returns_name=[labels.returns(said, code) for code in hard.curve["returns"]],
    )
    columns = {
        "car": TableColumn(said.t("CAR (ratio)"), "number", 4),
        "low": TableColumn(said.t("95% band, low"), "number", 4),
        "high": TableColumn(said.t("95% band, high"), "number", 4),
        "p_value": TableColumn("p", "number", 3),
        "window": TableColumn(said.t("Window")),
        "model_name": TableColumn(said.t("Model of normal returns")),
        "benchmark": TableColumn(said.t("Market")),
        "estimation": TableColumn(said.t("Estimation days"), "integer"),
        "gap": TableColumn(said.t("Gap days"), "integer"),
        "returns_name": TableColumn(said.t("Returns")),
        "n_events": TableColumn(said.t("Events"), "integer"),
        "test": TableColumn(said.t("Test")),
    }
    return Table(frame, columns, f"specifications-{study.instrument['ticker']}")


def _named(frame: pd.DataFrame, study: MarketStudy, said: Words) -> pd.DataFrame:
    """Return the rows with day, title and treatment of their event."""
    events = study.events.set_index("event_id")
    own = events.loc[frame["event_id"]].reset_index(drop=True)
    return frame.reset_index(drop=True).assign(
        event_date=own["event_date"],
        title=[labels.event_title(event, said) for event in own.to_dict("records")],
        outcome=[labels.status(said, code) for code in own["status"]],
    )
