"""What changed since an instant: what was recorded, what moved, what failed, what is stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.attention import AttentionChoice, attention_study
from dashboard.studies.compute import is_toy
from dashboard.studies.frames import column, rows
from etl.config import bundled_dir

TRADING_DAYS = 5
"""Trading days over which a share's move is told."""


@dataclass(frozen=True)
class WeeklyStudy:
    """What changed between two instants.

    Attributes
    ----------
    since, until
        The instants (UTC); ``until`` is when the data was published.
    ledger
        One row a source that ran after ``since``, the last collection included: ``source, n_runs,
        n_failed, rows_new, rows_changed, rows_quarantined, last_status, last_error``.
    shares
        One row a share with bars: ``ticker, company, company_zh, name, currency, last_day, close,
        is_adjusted`` (the close is no price as traded: only adjusted bars are held),
        ``previous_day, change`` (simple return of adjusted closes over :data:`TRADING_DAYS`),
        ``is_new`` (whether a bar was recorded in between), the largest move first.
    events, facts
        What was recorded in between, of ``market_events`` and ``disclosed_facts``; the newest
        by its own day first, and last the facts of which only the day of collection is known.
    n_events, n_facts
        How many rows the tables hold in all.
    shocks
        Detected on days after ``since``: as of :class:`dashboard.studies.attention.AttentionStudy`.
    runs
        Benchmarks recorded in between: ``device_name, model, task, preset, images_per_second,
        measured_at, is_toy, is_bundled``.
    sources
        As of :func:`dashboard.queries.sources_with_freshness`, stale as of ``until``.
    rejected
        Rows first kept out after ``since``: ``source, check_name, reason`` (of one of them), ``n``.
    addresses
        By source the addresses on the web that its rows bear, in order.
    """

    since: datetime
    until: datetime
    ledger: pd.DataFrame
    shares: pd.DataFrame
    events: pd.DataFrame
    facts: pd.DataFrame
    n_events: int
    n_facts: int
    shocks: pd.DataFrame
    runs: pd.DataFrame
    sources: pd.DataFrame
    rejected: pd.DataFrame
    addresses: dict[str, tuple[str, ...]]

    @property
    def moved(self) -> pd.DataFrame:
        """The shares of which a bar was recorded in between, of a day in between."""
        within = pd.to_datetime(column(self.shares, "last_day")) >= pd.Timestamp(self.since.date())
        return rows(self.shares, column(self.shares, "is_new") & within)

    @property
    def failed(self) -> pd.DataFrame:
        """The sources whose last run failed, within the period or before it."""
        return rows(self.sources, column(self.sources, "last_status").eq("failed"))

    @property
    def changed(self) -> set[str]:
        """The sources that brought new or other rows."""
        brought = column(self.ledger, "rows_new") + column(self.ledger, "rows_changed")
        return set(rows(self.ledger, brought > 0)["source"])

    @property
    def stale(self) -> pd.DataFrame:
        """The sources that are stale."""
        return rows(self.sources, column(self.sources, "stale").fillna(False).astype(bool))


def weekly_study(reader: Any, since: datetime, until: datetime) -> WeeklyStudy:
    """Put together what changed between two instants.

    Parameters
    ----------
    reader
        The published snapshot.
    since, until
        Instants with a time zone, the first before the second.

    Raises
    ------
    ValueError
        If they are not in that order.
    """
    if since >= until:
        raise ValueError(f"got {since} to {until}; expected a first instant before the second")
    events, facts = queries.events(reader), queries.facts(reader)
    sources = queries.sources_with_freshness(reader, until)
    return WeeklyStudy(
        since=since,
        until=until,
        ledger=_ledger(reader, since),
        shares=_shares(reader, since),
        events=_recorded(events, since, "event_date"),
        facts=_dated_first(_recorded(facts, since, "known_on")),
        n_events=len(events),
        n_facts=len(facts),
        shocks=_shocks(reader, since),
        runs=_runs(reader, since),
        sources=sources,
        rejected=_rejected(reader, since),
        addresses=_addresses(reader, list(sources["source"])),
    )


def _ledger(reader: Reader, since: datetime) -> pd.DataFrame:
    return reader.query(
        """
        -- A row that is kept out is met again by every run, and is one row all the same.
        WITH kept_out AS (
            SELECT source, count(*) AS n FROM quarantine WHERE quarantined_at > ? GROUP BY source
        )
        SELECT r.source, count(*) AS n_runs, count(*) FILTER (status = 'failed') AS n_failed,
               sum(rows_new)::BIGINT AS rows_new, sum(rows_changed)::BIGINT AS rows_changed,
               coalesce(any_value(k.n), 0)::BIGINT AS rows_quarantined,
               arg_max(status, started_at) AS last_status,
               arg_max(error, started_at) FILTER (error IS NOT NULL) AS last_error
        FROM etl_runs r LEFT JOIN kept_out k ON k.source = r.source
        WHERE started_at > ?
        GROUP BY r.source ORDER BY n_failed DESC, r.source
        """,
        (since, since),
    )


def _rejected(reader: Reader, since: datetime) -> pd.DataFrame:
    return reader.query(
        """
        SELECT source, check_name, min(reason) AS reason, count(*) AS n
        FROM quarantine WHERE quarantined_at > ?
        GROUP BY source, check_name ORDER BY source, n DESC, check_name
        """,
        (since,),
    )


def _addresses(reader: Reader, sources: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the addresses of the rows of each source that has a table of its name."""
    held = reader.query(
        "SELECT DISTINCT table_name FROM information_schema.columns "
        "WHERE column_name = 'source_url'"
    )
    tables = set(held["table_name"])
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        if source in tables:
            own = reader.query(
                f"SELECT DISTINCT source_url FROM {source} "
                "WHERE regexp_matches(source_url, '^https?://') ORDER BY source_url"
            )
            found[source] = tuple(own["source_url"])
    return found


def _shares(reader: Reader, since: datetime) -> pd.DataFrame:
    return reader.query(
        """
        WITH ordered AS (
            SELECT ticker, trade_date, adjusted_close, coalesce(raw_close, close) AS close,
                   raw_close IS NULL AND close IS NOT NULL
                       AND adjustment NOT IN ('none', 'raw_bars_with_dividend_adjusted_close')
                       AS is_adjusted,
                   currency, valid_from,
                   row_number() OVER (PARTITION BY ticker ORDER BY trade_date DESC) AS back
            FROM stock_prices
        )
        SELECT i.ticker, i.company, i.company_zh, i.name, l.currency, l.trade_date AS last_day,
               l.close, l.is_adjusted, p.trade_date AS previous_day,
               l.adjusted_close / p.adjusted_close - 1 AS change, l.valid_from > ? AS is_new
        FROM ordered l JOIN instruments i USING (ticker)
        LEFT JOIN ordered p ON p.ticker = l.ticker AND p.back = 1 + ?
        WHERE l.back = 1 AND i.instrument_type = 'equity'
        ORDER BY abs(change) DESC NULLS LAST, ticker
        """,
        (since, TRADING_DAYS),
    )


def _recorded(table: pd.DataFrame, since: datetime, day: str) -> pd.DataFrame:
    new = rows(table, column(table, "valid_from") > pd.Timestamp(since))
    return new.sort_values(day, ascending=False, kind="stable", ignore_index=True)


def _dated_first(facts: pd.DataFrame) -> pd.DataFrame:
    """Put last what bears no day of its own: it is as new as the day on which it was read."""
    undated = column(facts, "known_on_precision").eq("collected")
    return pd.concat([rows(facts, ~undated), rows(facts, undated)], ignore_index=True)


def _shocks(reader: Reader, since: datetime) -> pd.DataFrame:
    apps = queries.apps(reader)
    found = attention_study(reader, AttentionChoice(tuple(apps["app_id"]))).shocks
    if found.empty:
        return found
    after = pd.to_datetime(found["event_date"]) > pd.Timestamp(since.date())
    return rows(found, after).sort_values("event_date", ascending=False, ignore_index=True)


def _runs(reader: Reader, since: datetime) -> pd.DataFrame:
    found = reader.query(
        """
        SELECT device_name, model, task, preset, batch, images_per_second, measured_at, source_url
        FROM compute_benchmarks b
        WHERE status = 'measured' AND EXISTS (
            FROM etl_runs r WHERE r.run_id = b.run_id AND r.source = b.source AND r.started_at > ?
        )
        ORDER BY measured_at DESC, device_name, model, task, preset, batch
        """,
        (since,),
    )
    bundled = bundled_dir() / "snapshots" / "compute"
    records = [str(told).removeprefix("record ") for told in found["source_url"]]
    return found.assign(
        is_toy=is_toy(found),
        is_bundled=[(bundled / record).is_file() for record in records],
    )
