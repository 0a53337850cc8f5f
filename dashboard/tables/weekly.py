"""The tables of the weekly report."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies.weekly import TRADING_DAYS, WeeklyStudy
from dashboard.tables import spoken
from dashboard.tables.ledgers import outcomes
from dashboard.tables.metrics import in_per_cent, metric_name
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def shares(study: WeeklyStudy, said: Words) -> Table:
    """Return the last close of each share and its move."""
    frame: Any = study.shares
    shown = frame.assign(
        firm=[labels.company(row, said) for row in frame.to_dict("records")],
        price=[_price(row, said) for row in frame.to_dict("records")],
    )
    columns = {
        "firm": TableColumn(said.t("Company")),
        "ticker": TableColumn(said.t("Ticker")),
        "last_day": TableColumn(said.t("Last trading day"), "date"),
        "close": TableColumn(said.t("Close"), "number"),
        "price": TableColumn(said.t("Price")),
        "currency": TableColumn(said.t("Currency")),
        "change": TableColumn(
            said.t("Over {n} trading days", n=TRADING_DAYS), "percent", signed=True
        ),
    }
    return Table(shown, columns, "weekly-shares")


def _price(row: dict[str, Any], said: Words) -> str:
    if pd.isna(row["close"]):
        return ""
    return said.t("adjusted") if row["is_adjusted"] else said.t("as traded")


def events(study: WeeklyStudy, said: Words) -> Table:
    """Return the market events that were recorded."""
    frame: Any = study.events
    records = frame.to_dict("records")
    shown = frame.assign(
        title=[labels.event_title(row, said) for row in records],
        chosen=[labels.selection(said, row["selection"]) for row in records],
    )
    columns = {
        "event_date": TableColumn(said.t("Day"), "date"),
        "title": TableColumn(said.t("What happened"), "wide"),
        "ticker": TableColumn(said.t("Ticker")),
        "chosen": TableColumn(said.t("How it was chosen")),
    }
    return Table(shown, columns, "weekly-events")


def facts(study: WeeklyStudy, said: Words) -> Table:
    """Return the facts that were recorded; of some only the day of collection is known."""
    frame: Any = study.facts
    chinese = said.language == "zh"
    names = frame["entity_zh"].fillna(frame["entity"]) if chinese else frame["entity"]
    read = [
        in_per_cent(float(value), str(unit), said)
        for value, unit in zip(frame["value"], frame["unit"], strict=True)
    ]
    shown = frame.assign(
        who=names,
        what=[metric_name(str(code), said) for code in frame["metric"]],
        kind=[said.evidence(kind) for kind in frame["evidence_kind"]],
        day=_known_on(frame, said),
        value=[value for value, _ in read],
        in_unit=[unit for _, unit in read],
    )
    shown = shown.assign(about=_about(shown, said))
    columns = {
        "day": TableColumn(said.t("Known on"), "date"),
        "who": TableColumn(said.t("Entity")),
        "what": TableColumn(said.t("Metric")),
        "about": TableColumn(said.t("Of what")),
        "value": TableColumn(said.t("Value"), "any"),
        "in_unit": TableColumn(said.t("Unit")),
        "kind": TableColumn(said.t("Evidence")),
        "source_title": TableColumn(said.t("Source"), "wide"),
    }
    return Table(shown, columns, "weekly-facts")


_SCOPE = ("model_name", "gpu_name", "platform", "country")
"""What a figure is narrowed to."""
_TOLD_BY = ["day", "who", "what", "in_unit", "source_title", "about"]
"""What a reader sees of a figure beside its value."""


def _about(frame: Any, said: Words) -> list[str]:
    """Return what each figure is narrowed to, with as much more as tells it from the others.

    That is the upper end of a range, and where rows would still read alike their note, their
    period and at last their identifier.
    """
    told = [_scope(row, said) for row in frame.to_dict("records")]
    for more in (_note, _period, _identifier):
        alike = frame.assign(about=told).duplicated(_TOLD_BY, keep=False)
        told = [
            said.t("; ").join(filter(None, (text, more(row, said)))) if is_alike else text
            for text, is_alike, row in zip(told, alike, frame.to_dict("records"), strict=True)
        ]
    return told


def _scope(row: dict[str, Any], said: Words) -> str:
    parts = [str(row[name]) for name in _SCOPE if isinstance(row[name], str) and row[name]]
    if pd.notna(row["value_high"]):
        high, unit = in_per_cent(float(row["value_high"]), str(row["unit"]), said)
        parts.append(said.t("up to {value} {unit}", value=said.number(high, digits=4), unit=unit))
    return said.t("; ").join(parts)


def _note(row: dict[str, Any], _said: Words) -> str:
    return row["note"] if isinstance(row["note"], str) else ""


def _period(row: dict[str, Any], said: Words) -> str:
    days = [said.date(row[name]) for name in ("period_start", "period_end") if pd.notna(row[name])]
    return " – ".join(dict.fromkeys(days))


def _identifier(row: dict[str, Any], _said: Words) -> str:
    return str(row["fact_id"])


def _known_on(frame: Any, said: Words) -> Any:
    """Return the day of each fact; where it is only that of its collection, that in words."""
    days = frame["known_on"].astype(object)
    undated = frame["known_on_precision"].eq("collected")
    told = [said.t("collected on {day}", day=said.date(day)) for day in days]
    dated = days.where(~undated, told)
    months = [said.month(day) for day in days]
    return dated.where(~frame["known_on_precision"].eq("month"), months)


def ledger(study: WeeklyStudy, said: Words) -> Table:
    """Return what each source brought."""
    frame: Any = study.ledger
    names = outcomes(said)
    shown = frame.assign(outcome=frame["last_status"].replace(names))
    columns = {
        "source": TableColumn(said.t("Source")),
        "n_runs": TableColumn(said.t("Runs"), "integer"),
        "n_failed": TableColumn(said.t("Failed"), "integer"),
        "rows_new": TableColumn(said.t("New"), "integer"),
        "rows_changed": TableColumn(said.t("Changed"), "integer"),
        "rows_quarantined": TableColumn(said.t("Rejected"), "integer"),
        "outcome": TableColumn(said.t("Last status")),
    }
    return Table(shown, columns, "weekly-ledger")


def rejected(study: WeeklyStudy, said: Words) -> Table:
    """Return why rows of each source were kept out."""
    frame: Any = study.rejected
    shown = frame.assign(
        why=[spoken.rejection(row, said) for row in frame.to_dict("records")],
    )
    columns = {
        "source": TableColumn(said.t("Source")),
        "why": TableColumn(said.t("Reason"), "wide"),
        "n": TableColumn(said.t("Rows"), "integer"),
    }
    return Table(shown, columns, "weekly-rejected")


def runs(study: WeeklyStudy, said: Words) -> Table:
    """Return the benchmark results that were recorded, with the kind of the model."""
    frame: Any = study.runs
    toy, bundled = said.t("a toy"), said.t("bundled with the program")
    shown = frame.assign(
        kind=[toy if is_toy else said.t("a model") for is_toy in frame["is_toy"]],
        origin=[bundled if is_so else said.t("own record") for is_so in frame["is_bundled"]],
    )
    columns = {
        "measured_at": TableColumn(said.t("Measured (UTC)"), "instant"),
        "device_name": TableColumn(said.t("Device")),
        "origin": TableColumn(said.t("Origin")),
        "model": TableColumn(said.t("Model")),
        "kind": TableColumn(said.t("Kind of model")),
        "task": TableColumn(said.t("Task")),
        "preset": TableColumn(said.t("Preset")),
        "batch": TableColumn(said.t("Batch"), "integer"),
        "images_per_second": TableColumn(said.t("Pictures a second"), "number", 3),
    }
    return Table(shown, columns, "weekly-runs")
