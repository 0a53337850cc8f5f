"""Marts put as questions to the published snapshot: one definition, DuckDB's dialect."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import ibis
import pandas as pd

from dashboard.queries import Reader
from etl import questions
from etl.schemas import ACQUISITION_SPEND, PRODUCT_EVENTS

EPOCH = date(1970, 1, 1)


def events(source: str) -> Any:
    """Return the events of a source as an Ibis table."""
    return questions.of_source(PRODUCT_EVENTS, source)


def transactions(source: str) -> Any:
    """Return the transactions of a source as an Ibis table, test purchases left out."""
    return questions.transactions(source)


def spend(source: str) -> Any:
    """Return the spend of a source as an Ibis table."""
    return questions.of_source(ACQUISITION_SPEND, source)


def ask(reader: Reader, expression: Any) -> pd.DataFrame:
    """Return the rows of an expression over the tables of the snapshot."""
    return questions.ask(reader, expression)


def instant(moment: datetime) -> Any:
    """Return an instant (UTC) as an Ibis literal."""
    return ibis.timestamp(moment.replace(tzinfo=None).isoformat(), timezone="UTC")


def day_number(day: Any) -> int:
    """Return the days since 1970 of a date or timestamp."""
    return (as_date(day) - EPOCH).days


def as_date(day: Any) -> date:
    """Return the calendar day of a date or timestamp that is known."""
    moment: Any = pd.Timestamp(day)
    return moment.date()
