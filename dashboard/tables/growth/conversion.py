"""Who pays, as tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies.growth.conversion import ConversionStudy
from dashboard.studies.growth.trials import TrialStudy
from dashboard.tables import bundled
from dashboard.tables.growth import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.drivers import Drivers


def cohorts(study: ConversionStudy, said: Words) -> Table:
    """Return paid conversion by cohort."""
    columns = {"cohort": TableColumn(said.t("Cohort"), "date")} | _counts(said)
    columns["complete"] = TableColumn(said.t("Full time"), "check")
    columns["whole"] = names.whole_column(said)
    return Table(study.cohorts, columns, "paid-conversion")


def segments(study: ConversionStudy, said: Words) -> Table:
    """Return paid conversion by attribute of complete cohorts."""
    table: Any = study.segments
    frame = table.assign(
        attribute=table["attribute"].map(names.attributes(said)), value=_groups(table, said)
    )
    columns = {
        "attribute": TableColumn(said.t("By")),
        "value": TableColumn(said.t("Group")),
        **_counts(said),
        "n_left_out": TableColumn(
            said.t("Users left out"), "integer", help=said.t("They have not had the full time.")
        ),
    }
    return Table(frame, columns, "paid-conversion-groups")


def _groups(table: Any, said: Words) -> list[str]:
    """Return the groups of a table by attribute in words."""
    return [
        _group(str(attribute), str(value), said)
        for attribute, value in zip(table["attribute"], table["value"], strict=True)
    ]


def _group(attribute: str, value: str, said: Words) -> str:
    if not value:
        return said.t("not stated")
    return labels.channel(said, value) if attribute == "channel" else value


def _counts(said: Words) -> dict[str, TableColumn]:
    return {
        "size": TableColumn(said.t("Users"), "integer"),
        "payers": TableColumn(said.t("Payers"), "integer"),
        "refunded": TableColumn(
            said.t("All refunded"),
            "integer",
            help=said.t("Paid within the window and got every payment back; no payers."),
        ),
        "conversion_rate": TableColumn(said.t("Share of payers"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }


def funnel(frame: pd.DataFrame, said: Words) -> Table:
    """Return the funnel with the time its steps took."""
    told = names.events(said)
    shown: Any = frame.assign(name=[told.get(name, name) for name in frame["name"]])
    columns = {
        "name": TableColumn(said.t("Step")),
        "n_users": TableColumn(said.t("Users"), "integer"),
        "share_of_first": TableColumn(said.t("Of those who began"), "percent"),
        "share_of_previous": TableColumn(said.t("Of the step before"), "percent"),
        "previous_low": TableColumn(said.t("95% low"), "percent"),
        "previous_high": TableColumn(said.t("95% high"), "percent"),
    }
    if "median_seconds" in shown:
        shown = shown.assign(median_hours=shown["median_seconds"] / 3600)
        columns["median_hours"] = TableColumn(
            said.t("Median time since the beginning, h"), "number"
        )
    else:
        columns |= dict(zip(_TAKEN, (TableColumn(n, "integer") for n in _taken(said)), strict=True))
    return Table(shown, columns, "funnel")


def funnel_groups(study: ConversionStudy, said: Words) -> Table:
    """Return how far users came by country, channel and platform."""
    table: Any = names.in_words(study.funnel_groups, "attribute", names.attributes(said))
    frame = table.assign(value=_groups(study.funnel_groups, said))
    told = names.events(said)
    columns = {
        "attribute": TableColumn(said.t("By")),
        "value": TableColumn(said.t("Group")),
        "n_users": TableColumn(said.t("Users"), "integer"),
        **{
            f"share_{number}": TableColumn(told.get(step, step), "percent")
            for number, step in enumerate(study.told.funnel_steps, start=1)
        },
    }
    return Table(frame, columns, "funnel-groups")


def time_to_pay(study: ConversionStudy, said: Words) -> Table:
    """Return how long payers took, by channel."""
    frame = study.time_to_pay.assign(
        value=[
            said.t("all of them") if pd.isna(code) else _group("channel", str(code), said)
            for code in study.time_to_pay["value"]
        ]
    )
    columns = {
        "value": TableColumn(said.t("Channel")),
        "n_payers": TableColumn(said.t("Payers"), "integer"),
        "median_days": TableColumn(said.t("Median, days"), "number", 1),
        "share_on_day_0": TableColumn(said.t("On the first day"), "percent"),
        "share_within_7_days": TableColumn(said.t("within 7 days"), "percent"),
    }
    return Table(frame, columns, "time-to-pay")


_TAKEN = tuple(f"taken_{number}" for number in range(8))


def _taken(said: Words) -> tuple[str, ...]:
    return (
        said.t("within 1 min"),
        said.t("within 10 min"),
        said.t("within 1 h"),
        said.t("within 1 day"),
        said.t("within 3 days"),
        said.t("within 7 days"),
        said.t("within 14 days"),
        said.t("later"),
    )


def published(study: ConversionStudy, said: Words) -> Table:
    """Return published shares of payers."""
    kinds = {
        "download_to_paid_d30": said.t("paid within 30 days of the download"),
        "download_to_paid_d35": said.t("paid within 35 days of the download"),
        "trial_conversion": said.t("trials that became paid"),
    }
    told: Any = names.in_words(study.facts, "metric", kinds)
    frame = told.assign(
        who=[labels.company(row, said, "entity") for row in told.to_dict("records")],
        note=[bundled.note(note, said) for note in told["note"]],
    )
    columns = {
        "metric": TableColumn(said.t("What")),
        "who": TableColumn(said.t("Who"), "wide"),
        "value": TableColumn(said.t("Published share"), "percent"),
        "source_date": TableColumn(said.t("Published")),
        "note": TableColumn(said.t("Note"), "wide"),
        "source_url": TableColumn(said.t("Source"), "link"),
    }
    return Table(frame, columns, "published-conversion")


def waiting(frame: pd.DataFrame, said: Words) -> Table:
    """Return payers by how long they waited."""
    columns = {
        "above_seconds": TableColumn(said.t("Waited more than (s)"), "number", 0),
        "up_to_seconds": TableColumn(said.t("up to (s)"), "number", 0),
        "wait_seconds": TableColumn(said.t("Mean (s)"), "number", 1),
        "n_users": TableColumn(said.t("Users"), "integer"),
        "n_paid": TableColumn(said.t("Payers"), "integer"),
        "paid_share": TableColumn(said.t("Share of payers"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }
    return Table(frame, columns if len(frame) else {}, "waiting-and-paying")


def arms(study: TrialStudy, said: Words) -> Table:
    """Return every arm beside the control."""
    table: Any = study.comparison
    frame = table.assign(
        metric=table["metric"].map(names.metrics(said)),
        reason=table["reason"].map(names.reasons(said)),
    )
    columns = {
        "metric": TableColumn(said.t("What")),
        "variant": TableColumn(said.t("Arm")),
        "n": TableColumn(said.t("Users with the full window"), "integer"),
        "value": TableColumn(said.t("Value"), "number", 4),
        "low": TableColumn(said.t("95% low"), "number", 4),
        "high": TableColumn(said.t("95% high"), "number", 4),
        "difference": TableColumn(said.t("Difference"), "number", 4),
        "difference_low": TableColumn(said.t("its 95% low"), "number", 4),
        "difference_high": TableColumn(said.t("its 95% high"), "number", 4),
        "p_value": TableColumn(
            said.t("p"), "number", 4, help=said.t("Pooled z test for shares, Welch for means.")
        ),
        "p_value_holm": TableColumn(said.t("p, Holm"), "number", 4),
        "p_value_sequential": TableColumn(
            said.t("p, however often one looks"),
            "number",
            4,
            help=said.t("Mixture sequential test; stays right if one stops when it is small."),
        ),
        "fisher_p": TableColumn(said.t("p, Fisher"), "number", 4),
        "reason": TableColumn(said.t("Remark"), "wide"),
    }
    return Table(frame, columns, "trial-arms")


def scores(study: Drivers, said: Words) -> Table:
    """Return how well the models tell payers among later users."""
    columns = {
        "model": TableColumn(said.t("Model")),
        "roc_auc": TableColumn(
            said.t("AUC"), "number", 3, help=said.t("0.5 is chance, 1 tells every payer apart.")
        ),
        "log_loss": TableColumn(said.t("Log loss"), "number", 4),
        "brier": TableColumn(said.t("Brier score"), "number", 4),
    }
    frame = study.scores
    if frame.empty:
        return Table(frame, {}, "paying-models")
    return Table(names.in_words(frame, "model", names.models(said)), columns, "paying-models")


def importance(study: Drivers, said: Words) -> Table:
    """Return what the boosting loses when a feature is shuffled, and odds ratios."""
    columns = {
        "feature": TableColumn(said.t("Known after the first day")),
        "drop": TableColumn(said.t("AUC lost when shuffled"), "number", 4),
        "drop_low": TableColumn(said.t("lowest of 10"), "number", 4),
        "drop_high": TableColumn(said.t("highest of 10"), "number", 4),
    }
    if study.importance.empty:
        return Table(study.importance, {}, "paying-importance")
    return Table(_in_words(study.importance, said), columns, "paying-importance")


def odds(study: Drivers, said: Words) -> Table:
    """Return the odds ratios of the logistic model."""
    columns = {
        "feature": TableColumn(said.t("Known after the first day")),
        "odds_ratio": TableColumn(
            said.t("Odds ratio"),
            "number",
            3,
            help=said.t("Numbers by one standard deviation; penalised, without intervals."),
        ),
    }
    if study.odds.empty:
        return Table(study.odds, {}, "paying-odds")
    return Table(_in_words(study.odds, said), columns, "paying-odds")


def _in_words(frame: pd.DataFrame, said: Words) -> pd.DataFrame:
    return frame.assign(feature=[names.feature(str(code), said) for code in frame["feature"]])
