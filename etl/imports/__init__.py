"""The user's own files: read by their content, mapped, checked, and kept with their provenance.

Event logs go to the event lake, everything else to the warehouse. Nothing is written before every
file has been read to its end; importing a file again changes nothing.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from etl import checks, engines, pipeline, sources
from etl.addresses import address
from etl.config import Settings, bundled_dir
from etl.errors import ArtonomicsError, WarehouseError
from etl.imports import conversions, events, files, job, kinds, lake, located, tables
from etl.imports.files import InputFile
from etl.imports.job import Job, Options, Part
from etl.imports.tables import Brought
from etl.pipeline import LedgerEntry, Outcome, Progress, Run
from etl.schemas import IMPORTED_FILES, SOURCES
from etl.warehouse import RejectsRead, Stamp, Warehouse

__all__ = ["Imported", "Options", "Preview", "import_files", "preview"]

PREVIEW_ROWS = 10_000
SHOWN_ROWS = 20
SHOWN_REASONS = 5


@dataclass(frozen=True)
class Imported:
    """What an import left in the ledger, and the error it ended with, if it did.

    ``passed_over`` names the files of a folder that were not read.
    """

    entries: list[LedgerEntry]
    error: ArtonomicsError | None = None
    passed_over: Sequence[str] = ()


@dataclass(frozen=True)
class Preview:
    """What an import would do, found out from the first rows; nothing was written.

    Attributes
    ----------
    files
        ``name``, ``format``, ``n_bytes`` and ``layout`` of each file, where the layout's columns
        are known from (``headers``), and which rows of it alone are read (``only_rows``) where it
        leaves some out.
    passed_over
        Files of a folder that are no data by their names.
    mapping
        ``ours``, ``theirs``, ``how``, ``sure``, ``unit`` and ``note`` of each column, by form.
    unused
        Their columns that fill none of ours (kept in ``properties`` for events).
    rows, rejected
        The first rows as they would be stored, and those that would be kept out.
    n_looked_at
        How many rows were looked at.
    event_names
        What the events among them are called, and how many each name has; nothing of other kinds.
    """

    files: list[dict[str, Any]]
    passed_over: list[str]
    mapping: list[dict[str, Any]]
    unused: list[str]
    rows: pd.DataFrame
    rejected: pd.DataFrame
    n_looked_at: int
    event_names: dict[str, int]


def import_files(
    settings: Settings,
    kind: str,
    paths: Sequence[Path],
    options: Options | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Bring the user's files in and publish.

    Parameters
    ----------
    settings
        Where the warehouse and the lake lie.
    kind
        Kind of data: ``events``, ``subscriptions``, ``spend`` and so on.
    paths
        Files and folders.
    options
        What the user says about them.
    now
        The instant of the import in UTC; the clock's by default.
    progress
        Told each step in a few words.

    Returns
    -------
    Imported
        One entry of the ledger for the source; a file that cannot be read leaves nothing but an
        entry that says why.

    Raises
    ------
    InputError
        Where an option or a path cannot be.
    WarehouseError
        When the warehouse is locked, corrupt or cannot be written.
    """
    say = progress or (lambda _: None)
    now = now or datetime.now(UTC)
    stamp = (pipeline.new_run_id(now), now)
    asked = job.prepared(settings, kinds.named(kind), paths, options or Options(), stamp)
    request = sources.Request(True, bundled_dir(), now, user_dir=settings.data_dir)
    with Warehouse(settings) as warehouse, _scratch(asked):
        this = Run(asked.run_id, request, warehouse)
        started = datetime.now(UTC)
        try:
            say(f"reading {len(asked.found)} file(s)")
            done = _bring(this, asked, started)
        except (ArtonomicsError, engines.EngineError, OSError) as problem:
            error = _said(problem)
            lake.recover(settings, warehouse)
            failed = this.entry(
                asked.source, Outcome("failed", error=str(error)), "import", started
            )
            with warehouse.transaction():
                warehouse.record(pipeline.ledger_frame([failed]))
            return Imported([failed], error, asked.passed)
        say("publishing")
        return Imported([done, *pipeline.publish(this, "import", say)], None, asked.passed)


def _said(problem: Exception) -> ArtonomicsError:
    """Return a fault of the machine in words; what a user is meant to read stays as it is."""
    if isinstance(problem, ArtonomicsError):
        return problem
    return WarehouseError(
        f"got {str(problem).splitlines()[0][:300]} while importing",
        "room on the disk, and a data folder that can be written",
        "free the disk, or name another folder with --data; nothing of the import was kept",
        code="IMPORT_FAULT",
    )


def preview(
    settings: Settings,
    kind: str,
    paths: Sequence[Path],
    options: Options | None = None,
    now: datetime | None = None,
) -> Preview:
    """Return what an import would do, from the first rows of the files; nothing is written.

    Raises
    ------
    InputError
        Where an option cannot be, or a file cannot be read or mapped.
    """
    now = now or datetime.now(UTC)
    stamp = (pipeline.new_run_id(now), now)
    asked = job.prepared(settings, kinds.named(kind), paths, options or Options(), stamp)
    with _scratch(asked), _engine(asked) as con:
        opened = files.open_all(asked.found, _folder(asked))
        found = job.parts(con, asked, opened)
        n, rows, rejected = _looked_at(con, asked, found)
        names = rows["event_name"].value_counts() if asked.in_lake else {}
        rejected = located.located(con, asked, found, rejected, PREVIEW_ROWS)
    return Preview(
        files=[_described_file(file, part) for part in found for file in part.scan.files],
        passed_over=list(asked.passed),
        mapping=[row for part in found for row in _described_mapping(part)],
        unused=sorted({name for part in found for name in part.plan.unused}),
        rows=rows.head(SHOWN_ROWS),
        rejected=rejected,
        n_looked_at=n,
        event_names={str(name): int(count) for name, count in names.items()},
    )


def _looked_at(con: Any, asked: Job, found: Sequence[Part]) -> tuple[int, Any, Any]:
    if asked.in_lake:
        return events.preview(con, asked, found, PREVIEW_ROWS)
    n = tables.stage(con, asked, found, PREVIEW_ROWS)
    checked = [tables.check(asked, frame) for frame in tables.portions(con, asked, n)]
    rows = pd.concat([c.rows for c in checked], ignore_index=True)
    rejected = pd.concat([c.rejected for c in checked], ignore_index=True)
    return n, rows, rejected


def _bring(this: Run, asked: Job, started: datetime) -> LedgerEntry:
    lake.recover(asked.settings, this.warehouse)
    opened = files.open_all(asked.found, _folder(asked))
    with _engine(asked) as con:
        found = job.parts(con, asked, opened)
        known = _known(this, asked, found) if asked.in_lake else []
        fresh = [file for file in opened if file.name not in {k["file_name"] for k in known}]
        if not fresh:
            return _nothing_new(this, asked, known, started)
        if known:
            found = job.parts(con, asked, fresh)
        bring = events.bring if asked.in_lake else tables.bring
        with this.warehouse.transaction():
            brought = bring(con, this.warehouse, asked, found)
            _note_places(con, this, asked, found, brought)
            done = _recorded(this, asked, found, started, brought)
        if asked.in_lake:
            events.settle(asked)
        return done


def _note_places(con: Any, this: Run, asked: Job, found: Sequence[Part], brought: Brought) -> None:
    """Note where rejected rows stand, and settle those that their files say no more."""
    placed = located.located(con, asked, found, brought.rejected)
    table, now = asked.kind.table.name, asked.now
    this.warehouse.restate(
        checks.as_quarantine(placed, asked.source, table, asked.run_id, now),
        RejectsRead(
            asked.source,
            table,
            [file.address for part in found for file in part.scan.files],
            brought.rows_quarantined == len(placed),
        ),
        now,
    )


def _known(this: Run, asked: Job, found: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the record of each file that was read last under its name with the same content."""
    last = this.warehouse.ask(
        "SELECT file_name, file_path, file_sha256, mapping, run_id, rows_in, rows_quarantined "
        "FROM imported_files WHERE source = ? AND table_name = ? QUALIFY row_number() OVER "
        "(PARTITION BY file_path, file_name ORDER BY imported_at DESC) = 1",
        [asked.source, asked.kind.table.name],
    ).to_dict("records")
    there = {
        (file.name, str(file.given), file.sha256, _mapping(part))
        for part in found
        for file in part.scan.files
    }
    keys = ("file_name", "file_path", "file_sha256", "mapping")
    same = [row for row in last if tuple(row[k] for k in keys) in there]
    disputed = this.warehouse.disputed(asked.source, asked.kind.table.name)
    return [
        row for row in same if address(Path(row["file_path"]), row["file_name"]) not in disputed
    ]


def _nothing_new(
    this: Run, asked: Job, known: Sequence[dict[str, Any]], started: datetime
) -> LedgerEntry:
    runs = {row["run_id"]: row for row in known}
    rows_in = sum(int(row["rows_in"]) for row in runs.values())
    kept_out = sum(int(row["rows_quarantined"]) for row in runs.values())
    outcome = Outcome("unchanged", rows_in, rows_quarantined=kept_out)
    entry = this.entry(asked.source, outcome, "import", started)
    with this.warehouse.transaction():
        this.warehouse.record(pipeline.ledger_frame([entry]))
    return entry


def _recorded(
    this: Run, asked: Job, found: Sequence[Part], started: datetime, brought: Brought
) -> LedgerEntry:
    """Keep the entry of the ledger, the files and the source; inside the same transaction."""
    counts, kept_out = brought.counts, brought.kept_out
    state = "ok" if counts.new or counts.changed else "unchanged"
    if kept_out.total() == brought.rows_in:
        state = "failed"
    elif not all(reason.startswith(checks.REPEATS) for reason in kept_out):
        state = "partial"
    outcome = Outcome(state, brought.rows_in, counts, kept_out.total(), _reasons(kept_out, this))
    entry = this.entry(asked.source, outcome, "import", started)
    warehouse = this.warehouse
    warehouse.merge(SOURCES, _source(asked), Stamp(asked.source, asked.run_id, asked.now))
    warehouse.keep(IMPORTED_FILES, _imported(asked, found, brought))
    warehouse.record(pipeline.ledger_frame([entry]))
    return entry


def _reasons(kept_out: Counter[str], this: Run) -> str | None:
    """Say why rows were kept out, and where they lie."""
    if not kept_out:
        return None
    listed = [f"{n} × {reason}" for reason, n in kept_out.most_common(SHOWN_REASONS)]
    if len(kept_out) > SHOWN_REASONS:
        listed.append(f"{len(kept_out) - SHOWN_REASONS} more reasons")
    rows = "1 row" if kept_out.total() == 1 else f"{kept_out.total()} rows"
    asked = f"SELECT reason, payload FROM quarantine WHERE run_id = '{this.run_id}'"
    return (
        f"{rows} kept out: {'; '.join(listed)}. They lie in the quarantine: see the Data page, "
        f'or `artonomics sql "{asked}"`'
    )


def _source(asked: Job) -> pd.DataFrame:
    """Return the row of the table ``sources`` that tells what the user's source is."""
    told = {
        "source": asked.source,
        "table_name": asked.kind.table.name,
        "title": f"{asked.kind.verb} imported from the user's own files",
        "publisher": "the user",
        "licence": "the user's own data",
        "redistributable": "yes" if asked.options.redistributable else "no",
        "live": False,
        "freshness_calendar": "static",
        "bundled": False,
        "on_request": True,
        "reach": "present",
        "note": None,
        "evidence_kind": "simulated" if asked.simulated else "disclosed",
        "source_url": asked.found[0][0],
        "retrieved_at": asked.now,
        "quality_flags": None,
    }
    return pd.DataFrame([told])


def _imported(asked: Job, found: Sequence[Part], brought: Brought) -> pd.DataFrame:
    rows = [
        {
            "run_id": asked.run_id,
            "source": asked.source,
            "table_name": asked.kind.table.name,
            "file_name": file.name,
            "file_path": str(file.given),
            "file_sha256": file.sha256,
            "file_bytes": file.n_bytes,
            "layout": part.plan.layout.name if part.plan.layout else None,
            "mapping": _mapping(part),
            "rows_in": brought.rows_in,
            "rows_quarantined": brought.rows_quarantined,
            "imported_at": asked.now,
        }
        for part in found
        for file in part.scan.files
    ]
    return pd.DataFrame(rows)


def _mapping(part: Part) -> str:
    return json.dumps(part.plan.described(), ensure_ascii=False, sort_keys=True)


def _described_file(file: InputFile, part: Part) -> dict[str, Any]:
    layout = part.plan.layout
    return {
        "name": file.name,
        "format": file.format,
        "n_bytes": file.n_bytes,
        "layout": layout.name if layout else None,
        "headers": layout.headers if layout else None,
        "only_rows": layout.where or None if layout else None,
    }


def _described_mapping(part: Part) -> list[dict[str, Any]]:
    plan = part.plan
    rows = [
        {
            "ours": a.ours,
            "theirs": ", ".join(a.theirs) or (a.sql if a.how in ("set", "default") else None),
            "how": a.how,
            "sure": a.sure,
            "unit": a.unit or None,
            "note": a.note or None,
        }
        for a in plan.assignments
    ]
    return rows + [
        {
            "ours": f"value of metric {m.metric}",
            "theirs": m.sql,
            "how": "measure",
            "sure": 1.0,
            "unit": "see currency" if m.money else None,
            "note": f"days_after_install from {m.days}" if m.days else None,
        }
        for m in plan.measures
    ]


def _folder(asked: Job) -> Path:
    return asked.settings.scratch_dir / asked.run_id


@contextmanager
def _scratch(asked: Job) -> Iterator[None]:
    folder = _folder(asked)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _engine(asked: Job) -> Iterator[Any]:
    with engines.scratch(_folder(asked) / "spill") as con:
        conversions.prepare(con, asked.options.timezone)
        yield con
