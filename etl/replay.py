"""Rejected rows again: let in what passes today, or leave out for good what never will."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from etl import checks, corrections, pipeline
from etl.config import Settings
from etl.errors import ArtonomicsError, InputError
from etl.pipeline import LedgerEntry, Outcome, Run
from etl.schemas import TABLES, Table
from etl.warehouse import Stamp, Warehouse


def replay(
    settings: Settings,
    source: str | None = None,
    check: str | None = None,
    now: datetime | None = None,
) -> list[LedgerEntry]:
    """Let in the rejected rows that pass today, and publish.

    Parameters
    ----------
    settings
        Where the warehouse lies.
    source, check
        Only rows of one source, or rejected by one check; all by default.
    now
        The instant of the run in UTC; the clock's by default.

    Returns
    -------
    list of LedgerEntry
        One for each source and table; ``rows_quarantined`` counts what stays out. None where no
        rejected row waits.

    Raises
    ------
    InputError
        When no rejected row of that source or check is waiting.
    """
    now = now or datetime.now(UTC)
    with Warehouse(settings) as warehouse:
        waiting = warehouse.rejected(source, check)
        # Events come in again with their file: the lake takes whole days, not single rows.
        waiting = waiting.loc[waiting["table_name"].isin(list(TABLES))]
        if waiting.empty and not (source or check):
            return []
        if waiting.empty:
            raise InputError(
                f"got no rejected row waiting (source {source or 'any'}, check {check or 'any'})",
                "some in the table quarantine",
                'see `artonomics sql "SELECT source, check_name, count(*) FROM quarantine '
                'WHERE resolved_at IS NULL GROUP BY ALL"`',
            )
        groups: Any = waiting.groupby(["source", "table_name"])  # pandas types are unions
        entries: list[LedgerEntry] = []
        for (name, table), rows in groups:
            this = Run.begun(warehouse, now, offline=True)  # one entry a run and source
            entries.append(_replay_one(this, name, TABLES[table], rows))
        last = Run.begun(warehouse, now, offline=True)
        return entries + pipeline.publish(last, "replay")


def settle(
    settings: Settings,
    source: str,
    check: str | None = None,
    *,
    met_by: datetime | None = None,
    reopen: bool = False,
    now: datetime | None = None,
) -> tuple[int, list[LedgerEntry]]:
    """Leave the rejected rows of a source out for good, and publish.

    They stay in the quarantine with how they were settled, and no page tells them as missing.

    Parameters
    ----------
    settings
        Where the warehouse lies.
    source, check
        Whose rows, and only those that one check rejected.
    met_by
        Only rows that were met by this instant (UTC): those that somebody has seen.
    reopen
        Let rows wait again that were left out in this way.
    now
        The instant in UTC; the clock's by default.

    Returns
    -------
    int, list of LedgerEntry
        How many rows that were, and what publishing them left in the ledger.

    Raises
    ------
    InputError
        When there is no such row.
    """
    now = now or datetime.now(UTC)
    with Warehouse(settings) as warehouse:
        this = Run.begun(warehouse, now, offline=True)
        with warehouse.transaction():
            n = warehouse.settle(source, check, now, met_by=met_by, waiting=reopen)
        if not n:
            what = "left out" if reopen else "waiting"
            raise InputError(
                f"got no rejected row {what} (source {source}, check {check or 'any'})",
                "some in the table quarantine",
                'see `artonomics sql "SELECT source, check_name, resolved_by, count(*) FROM '
                'quarantine GROUP BY ALL"`',
            )
        return n, pipeline.publish(this, "replay")


def _replay_one(this: Run, source: str, table: Table, rows: Any) -> LedgerEntry:
    started = datetime.now(UTC)
    try:
        with this.warehouse.transaction():
            outcome = _let_in(this, source, table, rows)
            done = this.entry(source, outcome, "replay", started)
            this.warehouse.record(pipeline.ledger_frame([done]))
    except ArtonomicsError as error:
        done = this.entry(source, Outcome("failed", error=str(error)), "replay", started)
        with this.warehouse.transaction():
            this.warehouse.record(pipeline.ledger_frame([done]))
    return done


def _let_in(this: Run, source: str, table: Table, rows: Any) -> Outcome:
    """Merge what passes; what does not stays in quarantine as it is."""
    frame = pd.DataFrame(
        [json.loads(payload) for payload in rows["payload"]],
        columns=[column.name for column in table.frame_columns()],
        index=rows["quarantine_id"],
    )
    corrected, _ = corrections.apply(table, frame, this.request.bundled)
    checked = checks.check(table, corrected, pipeline.extra_rule(table, this.request))
    now = this.request.now
    counts = this.warehouse.merge(table, checked.rows, Stamp(source, this.run_id, now))
    this.warehouse.resolve(list(checked.let_in), now)
    state = "ok" if len(checked.let_in) else "unchanged"
    return Outcome(state, len(rows), counts, len(rows) - len(checked.let_in))
