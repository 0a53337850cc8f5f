"""The wave scoreboard in words: one row a wave."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies import WaveStudy
from dashboard.tables import bundled, remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def scoreboard(study: WaveStudy, said: Words) -> Table:
    """Return one row a wave; what is not known is empty, and the last columns say why."""
    frame = study.waves
    records = frame.to_dict("records")
    frame = frame.assign(
        name=[row["name_zh" if said.language == "zh" else "name_en"] for row in records],
        firm=[labels.company(row, said) for row in records],
        event=[_event(row, said) for row in records],
        chosen=[
            "" if pd.isna(code) else labels.selection(said, code) for code in frame["selection"]
        ],
        half_life=[half_life_cell(row, said) for row in records],
        value=[_money(row, "abnormal_value", "currency", said) for row in records],
        payers=[_development(row, "payers", "", said) for row in records],
        revenue=[_development(row, "revenue", "revenue_currency", said) for row in records],
        why=[said.t("; ").join(_reasons(row, said)) for row in records],
        note=[bundled.note(row["note"], said) for row in records],
    )
    ar, car = labels.return_headers(said, study.spec.returns)
    columns = {
        "name": TableColumn(said.t("Wave")),
        "firm": TableColumn(said.t("Company")),
        "chosen": TableColumn(said.t("How it was chosen")),
        "abnormal_return": TableColumn(ar, "number", 4),
        "p_value": TableColumn(said.t("p, day 0"), "number", 3),
        "cumulative_abnormal_return": TableColumn(car, "number", 4),
        "percentile": TableColumn(
            said.t("Rank among random days"),
            "percent",
            help=said.t("Share of random days of the same share with a lower return."),
        ),
        "half_life": TableColumn(said.t("Attention half-life")),
        "left_30": TableColumn(said.t("Left after 30 days"), "percent"),
        "bhar_20": TableColumn(said.t("BHAR, 20 days"), "percent"),
        "bhar_60": TableColumn(said.t("BHAR, 60 days"), "percent"),
        "bhar_250": TableColumn(said.t("BHAR, 250 days"), "percent"),
        "car_p_value": TableColumn(said.t("p, window"), "number", 3),
        "picked_return": TableColumn(
            said.t("AR of the day picked by the price"),
            "number",
            4,
            help=said.t("Described, never tested."),
        ),
        "event": TableColumn(said.t("Measured by"), "wide"),
        "value": TableColumn(
            said.t("Abnormal value"),
            help=said.t("Market value on the eve times the return of the window; estimated."),
        ),
        "left_90": TableColumn(said.t("Left after 90 days"), "percent"),
        "left_365": TableColumn(said.t("Left after 365 days"), "percent"),
        "revenue": TableColumn(said.t("Revenue: its half-year and the next two"), "wide"),
        "payers": TableColumn(said.t("Payers at their ends"), "wide"),
        "why": TableColumn(said.t("Why something is missing"), "wide"),
        "note": TableColumn(said.t("Note"), "wide"),
        "ticker": TableColumn(said.t("Ticker")),
        "event_id": TableColumn(said.t("Event")),
        "wave_id": TableColumn(said.t("Wave code")),
    }
    return Table(frame, columns, "wave-scoreboard")


def half_life(row: dict[Hashable, Any], said: Words) -> str:
    """Return a half-life with its interval, or the bound where only that is known."""
    high, gone_by = row["half_life_high"], row["half_gone_by_days"]
    if pd.notna(row["half_life_days"]):
        return said.t(
            "{days} days ({low}–{high})",
            days=said.number(row["half_life_days"], digits=0),
            low=said.number(row["half_life_low"], digits=0),
            high="∞" if pd.isna(high) else said.number(high, digits=0),
        )
    bound = gone_by if pd.isna(high) else high
    if pd.notna(bound):
        return said.t("at most {days} days", days=said.number(bound, digits=0))
    return ""


def half_life_cell(row: dict[Hashable, Any], said: Words) -> str:
    """Return a half-life as :func:`half_life`, with what it counts from where that is no peak."""
    told = half_life(row, said)
    reason = row.get("half_life_reason", row["reason"])
    if told and reason == "begins_after_peak":
        return said.t("{half_life}, from the highest rate held", half_life=told)
    return told


def _event(row: dict[Hashable, Any], said: Words) -> str:
    if pd.isna(row["event_date"]):
        return ""
    return f"{said.date(row['event_date'])} {labels.event_title(row, said)}"


def _money(row: dict[Hashable, Any], name: str, currency: str, said: Words) -> str:
    if pd.isna(row[name]):
        return ""
    return said.money(row[name], str(row[currency]), digits=0)


def _development(row: dict[Hashable, Any], name: str, currency: str, said: Words) -> str:
    """Return the half-years of a figure in order, each with its period."""
    parts = []
    for number in range(3):
        value, period = row[f"{name}_{number}"], row[f"revenue_{number}_period"]
        if pd.isna(value):
            continue
        figure = (
            said.money(value, str(row[currency]), digits=0)
            if currency
            else said.number(value, digits=0)
        )
        parts.append(said.labelled(period, figure))
    return said.t("; ").join(parts)


def _reasons(row: dict[Hashable, Any], said: Words) -> list[str]:
    codes = [row["reason"], row["half_life_reason"]]
    if row["value_reason"] != "no_reaction":
        codes.append(row["value_reason"])
    return [remarks.reason(said, code) for code in codes if isinstance(code, str) and code]
