"""The readers of the published snapshot, without Streamlit: one function a question.

Every function takes a :class:`Reader` and returns a DataFrame with the columns of the table in
:mod:`etl.schemas` (missing values stay missing). ``as_of`` narrows a table to what was public on
a calendar day: prices by trading day, events by event day, facts by ``known_on``. A ``datetime``
also asks the bitemporal tables for the values as they were recorded at that instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

import pandas as pd

if TYPE_CHECKING:
    from etl.warehouse import SnapshotReader


class Reader(Protocol):
    """Anything that answers read-only SQL over a snapshot."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Answer one question."""
        ...


def instruments(reader: Reader) -> pd.DataFrame:
    """Return all instruments, by ticker."""
    return reader.query("SELECT * FROM instruments ORDER BY ticker")


def coverage(reader: Reader) -> pd.DataFrame:
    """Return the span of the bars: ticker, first_date, last_date, n_bars, n_raw_bars."""
    return reader.query(
        """
        SELECT ticker, min(trade_date) AS first_date, max(trade_date) AS last_date,
               count(*) AS n_bars, count(raw_close) AS n_raw_bars
        FROM stock_prices GROUP BY ticker ORDER BY ticker
        """
    )


def prices(
    reader: Reader, tickers: Sequence[str], as_of: date | datetime | None = None
) -> pd.DataFrame:
    """Return the daily bars of ``tickers``, by ticker and day."""
    table, parameters = _bitemporal("stock_prices", as_of)
    return reader.query(
        f"""
        SELECT * FROM {table}
        WHERE list_contains(?, ticker) AND (?::DATE IS NULL OR trade_date <= ?::DATE)
        ORDER BY ticker, trade_date
        """,
        (*parameters, list(tickers), *_day(as_of)),
    )


def events(reader: Reader, as_of: date | datetime | None = None) -> pd.DataFrame:
    """Return the dated market events, by day."""
    table, parameters = _bitemporal("market_events", as_of)
    return reader.query(
        f"""
        SELECT * FROM {table} WHERE ?::DATE IS NULL OR event_date <= ?::DATE
        ORDER BY event_date, event_id
        """,
        (*parameters, *_day(as_of)),
    )


def facts(
    reader: Reader, metric: str | None = None, as_of: date | datetime | None = None
) -> pd.DataFrame:
    """Return the disclosed facts, of one ``metric`` or all, by identifier."""
    table, parameters = _bitemporal("disclosed_facts", as_of)
    return reader.query(
        f"""
        SELECT * FROM {table}
        WHERE (?::VARCHAR IS NULL OR metric = ?) AND (?::DATE IS NULL OR known_on <= ?::DATE)
        ORDER BY fact_id
        """,
        (*parameters, metric, metric, *_day(as_of)),
    )


def side_by_side(reader: Reader) -> pd.DataFrame:
    """Return the facts that answer one question with different figures, beside each other.

    The question is entity, metric, unit, period, country, platform, card and model; ``question``
    numbers it from 1. A difference may be a conflict or two plans: the note says which.
    """
    return reader.query(
        """
        WITH grouped AS (
            SELECT *,
                   dense_rank() OVER (
                       ORDER BY entity, metric, unit, period_start, period_end, country, platform,
                                gpu_name, model_name
                   ) AS question_all,
                   min(value) OVER same AS lowest,
                   max(value) OVER same AS highest
            FROM disclosed_facts
            WINDOW same AS (
                PARTITION BY entity, metric, unit, period_start, period_end, country, platform,
                             gpu_name, model_name
            )
        )
        SELECT dense_rank() OVER (ORDER BY question_all) AS question,
               grouped.* EXCLUDE (question_all, lowest, highest)
        FROM grouped WHERE lowest <> highest
        ORDER BY question, value, fact_id
        """
    )


def financials(reader: Reader, ticker: str | None = None) -> pd.DataFrame:
    """Return the figures by reporting period, of one ``ticker`` or all."""
    return reader.query(
        """
        SELECT * FROM financials WHERE ?::VARCHAR IS NULL OR ticker = ?
        ORDER BY ticker, period_end, period, metric, value
        """,
        (ticker, ticker),
    )


def concept_groups(reader: Reader, as_of: date | datetime | None = None) -> pd.DataFrame:
    """Return what each company had of AI art, by ticker and the day the evidence begins."""
    return reader.query(
        """
        SELECT * FROM concept_groups WHERE ?::DATE IS NULL OR valid_from_date <= ?::DATE
        ORDER BY ticker, valid_from_date, source_url
        """,
        _day(as_of),
    )


def net_proceeds(reader: Reader) -> pd.DataFrame:
    """Return what stores, payment services and taxes keep, by store, storefront and programme."""
    return reader.query(
        "SELECT * FROM net_proceeds ORDER BY store, storefront, program, product, valid_from_date"
    )


def waves(reader: Reader) -> pd.DataFrame:
    """Return the waves of curiosity, by identifier."""
    return reader.query("SELECT * FROM waves ORDER BY wave_id")


def apps(reader: Reader) -> pd.DataFrame:
    """Return the apps and the companies behind them, by name."""
    return reader.query("SELECT * FROM apps ORDER BY app_name, store, app_id")


def rating_counts(reader: Reader, as_of: date | datetime | None = None) -> pd.DataFrame:
    """Return the rating counts by app, storefront and day of the look-up."""
    return reader.query(
        """
        SELECT * FROM app_rating_counts WHERE ?::DATE IS NULL OR observed_on <= ?::DATE
        ORDER BY store, app_id, storefront, observed_on
        """,
        _day(as_of),
    )


def charts(reader: Reader, as_of: date | datetime | None = None) -> pd.DataFrame:
    """Return which charts were read: one row a reading, storefront, chart type and category.

    ``chart_snapshot_id, observed_on`` (missing = undated), ``storefront, chart_type, category,
    chart_depth, n_ranks``.
    """
    return reader.query(
        """
        SELECT chart_snapshot_id, observed_on, storefront, chart_type, category,
               max(chart_depth) AS chart_depth, count(*) AS n_ranks
        FROM app_chart_ranks
        WHERE ?::DATE IS NULL OR observed_on IS NULL OR observed_on <= ?::DATE
        GROUP BY ALL ORDER BY ALL
        """,
        _day(as_of),
    )


def chart_ranks(
    reader: Reader, app_ids: Sequence[str], as_of: date | datetime | None = None
) -> pd.DataFrame:
    """Return the positions of apps, named by bundle identifier or track id, by reading."""
    return reader.query(
        """
        SELECT * FROM app_chart_ranks
        WHERE list_contains(?, app_id)
          AND (?::DATE IS NULL OR observed_on IS NULL OR observed_on <= ?::DATE)
        ORDER BY observed_on, chart_snapshot_id, storefront, chart_type, category, rank
        """,
        (list(app_ids), *_day(as_of)),
    )


def sources(reader: Reader) -> pd.DataFrame:
    """Return the sources with their terms, by name."""
    return reader.query("SELECT * FROM sources ORDER BY source")


def freshness(reader: Reader) -> pd.DataFrame:
    """Return the last observation and the number of rows of each source."""
    return reader.query("SELECT * FROM source_freshness ORDER BY source")


def sources_with_freshness(reader: SnapshotReader, now: datetime | None = None) -> pd.DataFrame:
    """Return the sources with terms, reach, last run and whether they are stale, today or then."""
    from etl import pipeline  # brings the whole collection along

    reach = freshness(reader)[["source", "evidence_kinds"]]
    own_calendar = pipeline.status(reader, now).drop(columns=["live", "freshness_calendar"])
    return sources(reader).merge(own_calendar, on="source").merge(reach, on="source", how="left")


def runs(reader: Reader) -> pd.DataFrame:
    """Return the run ledger, newest first."""
    return reader.query("SELECT * FROM etl_runs ORDER BY started_at DESC, source")


def failed_sources(reader: Reader) -> list[str]:
    """Return the sources whose last run failed, as the snapshot knows it."""
    newest = runs(reader).drop_duplicates("source")
    failed = (newest["status"] == "failed") & (newest["source"] != "publish")
    return sorted(newest.loc[failed, "source"])


def is_bundled_only(reader: Reader) -> bool:
    """Return whether nothing was ever read live: all there is came with the program, or by hand."""
    live = reader.query("SELECT 1 FROM etl_runs WHERE mode = 'live' AND status <> 'failed' LIMIT 1")
    return live.empty


def imported(reader: Reader) -> pd.DataFrame:
    """Return ``source``, ``table_name`` and ``redistributable`` of the user's own files.

    The last that was brought in stands first.
    """
    return reader.query(
        "SELECT f.source, f.table_name, any_value(s.redistributable) AS redistributable "
        "FROM imported_files f JOIN sources s USING (source) GROUP BY f.source, f.table_name "
        "ORDER BY max(f.imported_at) DESC, f.source, f.table_name"
    )


def quarantine(reader: Reader) -> pd.DataFrame:
    """Return the rows kept out with their reasons, newest first; ``own`` marks the user's own."""
    return reader.query(
        "SELECT q.*, source IN (SELECT source FROM imported_files) AS own FROM quarantine q "
        "ORDER BY quarantined_at DESC, table_name, row_key, quarantine_id"
    )


def _bitemporal(table: str, as_of: date | datetime | None) -> tuple[str, tuple[object, ...]]:
    """Return what to read from and its parameters: the current rows, or those of an instant."""
    if isinstance(as_of, datetime):
        return f"{table}_as_of(?)", (as_of,)
    return table, ()


def _day(as_of: date | datetime | None) -> tuple[object, object]:
    """Return the calendar day twice: whether there is one, and which."""
    day = as_of.date() if isinstance(as_of, datetime) else as_of
    return day, day
