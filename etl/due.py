"""Which live sources have something new to give since they were read last.

A schedule asks this every hour, so that a machine that slept catches up by itself, a source that
failed is tried again, and none is asked more often than its own calendar has news.
"""

from __future__ import annotations

from datetime import datetime

from etl import calendars, sources
from etl.config import bundled_dir
from etl.schemas import STOCK_PRICES
from etl.warehouse import Warehouse


def due(warehouse: Warehouse, now: datetime) -> list[str]:
    """Return the names of the standing live sources that are due at ``now``, sorted.

    Parameters
    ----------
    warehouse
        The open writer, whose ledger tells when each source was read last.
    now
        Instant with a time zone.
    """
    return [name for name in sources.standing(offline=False) if _is_due(warehouse, name, now)]


def _is_due(warehouse: Warehouse, name: str, now: datetime) -> bool:
    module = sources.load(name)
    if not module.INFO.live:
        return False
    last = warehouse.last_reading(name)
    if last is None:
        return True
    news = [calendars.last_due(calendar, now) for calendar in _calendars(module, warehouse, now)]
    return any(instant is not None and last < instant for instant in news)


def _calendars(module: sources.Source, warehouse: Warehouse, now: datetime) -> set[str]:
    """Return the calendars a source follows: prices follow every exchange in the list."""
    own = {module.INFO.freshness_calendar}
    if module.INFO.table is not STOCK_PRICES:
        return own
    listed = sources.load("instruments")
    data_dir = warehouse.settings.data_dir
    request = sources.Request(True, bundled_dir(), now, user_dir=data_dir)
    return own | set(listed.parse(listed.fetch(request))["calendar"].dropna())
