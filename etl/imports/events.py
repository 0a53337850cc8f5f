"""Bring event logs into the lake: one copy by day, repeats found, touched days made anew.

Memory does not grow with the file: the engine spills, identifiers are compared in portions of
their hashes, and days are merged one by one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from etl import checks
from etl.engines import EngineError, Scratch
from etl.errors import InputError
from etl.imports import event_rows, lake, scan
from etl.imports.event_rows import HASHED
from etl.imports.job import Job, Part, require_one_evidence
from etl.imports.lake import Lake
from etl.imports.tables import KEPT_ROWS, NO_ROWS, Brought
from etl.schemas import LAKE_DAYS
from etl.warehouse import MergeCounts, Stamp, Warehouse

HASHES_AT_ONCE = 25_000_000
_NO_DAY = "event_date=__HIVE_DEFAULT_PARTITION__"
_TOLD = [c for c in event_rows.STORED if c not in ("retrieved_at", "run_id", "source_url")]
_CONTENT = f"hash({', '.join(_TOLD)})"
"""What an event says; two readings of one event may differ in the rest."""
_SAME_EVENT = f"hash({', '.join(c for c in _TOLD if c != 'received_at')})"
"""The same for two deliveries of one event, which may arrive at different times."""


@dataclass
class Staging:
    """What an import has written so far, not visible to anybody."""

    con: Scratch
    job: Job
    place: Lake
    folder: Path
    rejects: list[str] = field(default_factory=list)

    def days(self) -> dict[str, list[Path]]:
        """Return the files by day (ISO), in order."""
        source = self.folder / f"source={self.place.source}"
        found = sorted(p for p in source.glob("event_date=*") if p.name != _NO_DAY)
        return {p.name.partition("=")[2]: sorted(p.glob("*.parquet")) for p in found}

    def bad(self) -> list[Path]:
        """Return the files of rows that failed a check."""
        folder = self.folder / f"source={self.place.source}" / _NO_DAY
        return sorted(folder.glob("*.parquet"))


@dataclass(frozen=True)
class Merged:
    """A day as it will be, and what that changes."""

    day: str
    files: list[Path]
    counts: MergeCounts
    replaces: str | None = None


def bring(con: Scratch, warehouse: Warehouse, job: Job, parts: Sequence[Part]) -> Brought:
    """Write the events beside the lake and note the new days; to be called in a transaction.

    The moves into the lake are promised; :func:`settle` fulfils them after the commit.
    """
    place = Lake.of(job.settings, job.kind.table.name, job.source)
    staging = Staging(con, job, place, place.staging(job.run_id))
    rows_in = _copy(staging, parts)
    _check_evidence(staging, warehouse)
    _part_repeats(staging)
    merged = [_merge(staging, warehouse, day, files) for day, files in staging.days().items()]
    written = [m for m in merged if m.counts.new or m.counts.changed]
    kept_out, rejected = _keep_rejects(staging, warehouse)
    if written:
        frame = _lake_days(staging, written)
        warehouse.merge(LAKE_DAYS, frame, Stamp(job.source, job.run_id, job.now))
    lake.promise(staging.folder, [*_moves(staging, written), *_reject_moves(staging)])
    counts = MergeCounts(
        sum(m.counts.new for m in merged),
        sum(m.counts.changed for m in merged),
        sum(m.counts.unchanged for m in merged),
    )
    return Brought(rows_in, counts, kept_out, rejected)


def settle(job: Job) -> None:
    """Do the promised moves of a committed import."""
    lake.fulfil(Lake.of(job.settings, job.kind.table.name, job.source).staging(job.run_id))


def preview(con: Scratch, job: Job, parts: Sequence[Part], limit: int) -> tuple[int, Any, Any]:
    """Return how many rows were looked at, those that pass, and those that would not."""
    frames = []
    for part in parts:
        asked = event_rows.question(con, job, part)
        try:
            con.execute(f"CREATE OR REPLACE TEMP TABLE looked AS {asked} LIMIT {limit}")
        except EngineError as error:
            scan.refuse(error, part.scan)
        frames.append(con.sql("FROM looked").to_arrow_table().to_pandas())
    rows = pd.concat(frames, ignore_index=True)
    bad = rows["quality_flags"].notna()
    words = event_rows.reasons()
    rejected = pd.DataFrame(
        {
            "row_key": rows.loc[bad, "event_id"],
            "check_name": rows.loc[bad, "quality_flags"],
            "reason": rows.loc[bad, "quality_flags"].map(words),
            "payload": rows.loc[bad, "properties"],
        }
    )
    return len(rows), rows.loc[~bad].reset_index(drop=True), rejected


def _copy(staging: Staging, parts: Sequence[Part]) -> int:
    staging.folder.mkdir(parents=True)
    total = 0
    for number, part in enumerate(parts):
        asked = event_rows.question(staging.con, staging.job, part)
        pattern = f"part{number:05}_{{i}}"
        try:
            found = staging.con.execute(
                f"COPY ({asked}) TO {scan.text(str(staging.folder))} (FORMAT parquet, "
                "PARTITION_BY (source, event_date), OVERWRITE_OR_IGNORE true, "
                f"FILENAME_PATTERN {scan.text(pattern)})"
            ).fetchone()
        except EngineError as error:
            scan.refuse(error, part.scan)
        total += int(found[0]) if found else 0
    if not total:
        raise InputError(
            f"got no events in {', '.join(part.scan.name for part in parts)}",
            "at least one row below the header",
        )
    return total


def _check_evidence(staging: Staging, warehouse: Warehouse) -> None:
    paths = [p for files in staging.days().values() for p in files]
    if not paths:
        return
    coming = staging.con.execute(f"SELECT DISTINCT evidence_kind FROM {_read(paths)}").fetchall()
    there = warehouse.ask(
        "SELECT DISTINCT evidence_kind AS kind FROM lake_days WHERE source = ?",
        [staging.job.source],
    )
    require_one_evidence(staging.job.source, {str(k) for (k,) in coming} | set(there["kind"]))


# Repeats within an import


def _part_repeats(staging: Staging) -> None:
    """Keep the first of equal events, none of contradicting ones; number those without a name."""
    paths = [p for files in staging.days().values() for p in files]
    if not paths or not _find_repeated(staging.con, paths):
        return
    con = staging.con
    # Where the file names no events, equal rows of one file are different events: they get a
    # number. Rows of another file with the same number are the same events again.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE repeats AS
        WITH named AS (
            SELECT filename, file_row_number, received_at, {_SAME_EVENT} AS content, event_id,
                   CASE WHEN starts_with(event_id, '{HASHED}') THEN row_number() OVER (
                       PARTITION BY event_id, source_url ORDER BY filename, file_row_number
                   ) ELSE 1 END AS ordinal
            FROM {_read(paths, "filename=true, file_row_number=true")}
            WHERE hash(event_id) IN (FROM repeated)
        )
        SELECT filename, file_row_number, ordinal,
               CASE WHEN min(content) OVER one <> max(content) OVER one THEN 'contradictory_key'
                    WHEN row_number() OVER (one ORDER BY received_at, filename, file_row_number) > 1
                    THEN 'duplicate_key' END AS bad
        FROM named
        WINDOW one AS (PARTITION BY event_id, ordinal)
        """
    )
    touched = con.execute(
        "SELECT DISTINCT filename FROM repeats WHERE bad IS NOT NULL OR ordinal > 1 ORDER BY 1"
    ).fetchall()
    for (file,) in touched:
        _rewrite(staging, Path(file))


def _find_repeated(con: Scratch, paths: Sequence[Path]) -> bool:
    """Fill the table ``repeated`` with the hashes of identifiers met more than once."""
    con.execute("CREATE OR REPLACE TEMP TABLE repeated (h UBIGINT)")
    counted = con.execute(
        f"SELECT sum(num_rows) FROM parquet_file_metadata({_list(paths)})"
    ).fetchone()
    rows = int(counted[0]) if counted else 0
    n = max(math.ceil(rows / HASHES_AT_ONCE), 1)
    for i in range(n):
        con.execute(
            f"INSERT INTO repeated SELECT h FROM (SELECT hash(event_id) AS h FROM {_read(paths)}) "
            f"WHERE h % {n} = {i} GROUP BY h HAVING count(*) > 1"
        )
    found = con.execute("SELECT count(*) FROM repeated").fetchone()
    return bool(found and found[0])


def _rewrite(staging: Staging, file: Path) -> None:
    """Write a staged file again without its repeats, which go among the rejects."""
    new_id = (
        f"CASE WHEN ordinal > 1 THEN '{HASHED}' || md5(concat_ws('|', user_id, event_name, "
        "epoch_us(event_at), ordinal)) ELSE event_id END"
    )
    columns = ", ".join(c for c in event_rows.STORED if c != "event_id")
    joined = (
        f"FROM {_read([file], 'file_row_number=true')} e LEFT JOIN repeats r "
        f"ON r.filename = {scan.text(str(file))} AND r.file_row_number = e.file_row_number"
    )
    good, bad = file.with_name(f"{file.stem}u.parquet"), staging.folder / f"{len(staging.rejects)}"
    _write(staging.con, f"SELECT {new_id} AS event_id, {columns} {joined} WHERE bad IS NULL", good)
    told = ", ".join(f"{scan.text(c)}: {c}" for c in _TOLD)
    staging.con.execute(
        f"CREATE TEMP TABLE {scan.name('rejects_' + bad.name)} AS "
        f"SELECT event_id AS row_key, bad AS check_name, to_json({{{told}}})::VARCHAR AS payload "
        f"{joined} WHERE bad IS NOT NULL"
    )
    staging.rejects.append(scan.name("rejects_" + bad.name))
    file.unlink()


# Days that are there already


def _merge(staging: Staging, warehouse: Warehouse, day: str, files: list[Path]) -> Merged:
    """Return the day as it will be: rows of the import, and of the lake what it leaves alone."""
    current: Any = warehouse.ask(
        "SELECT generation FROM lake_days WHERE table_name = ? AND source = ? AND event_date = ?",
        [staging.place.table, staging.place.source, day],
    )["generation"]
    if current.empty:
        return Merged(day, files, MergeCounts(new=_count(staging.con, files)))
    generation = str(current[0])
    old = staging.place.generation(day, generation)
    counts = _compare(staging, old, files)
    if not (counts.new or counts.changed):
        return Merged(day, files, counts)
    columns = ", ".join(event_rows.STORED)
    whole = files[0].parent / "whole.parquet"
    _write(
        staging.con,
        f"SELECT {columns} FROM {_read(files)} SEMI JOIN (FROM compared WHERE verdict IN "
        f"('new', 'changed')) USING (event_id) UNION ALL SELECT {columns} FROM {_read(old)} "
        "ANTI JOIN (FROM compared WHERE verdict IN ('changed', 'withdrawn')) USING (event_id)",
        whole,
    )
    for file in files:
        file.unlink()
    return Merged(day, [whole], counts, generation)


def _compare(staging: Staging, old: Sequence[Path], new: Sequence[Path]) -> MergeCounts:
    """Fill the table ``compared`` with what becomes of each event of a day; return the counts.

    A file restates the days it touches: what it said before and says no more is withdrawn.
    """
    con = staging.con
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE compared AS
        WITH said_by AS (SELECT DISTINCT source_url FROM {_read(new)})
        SELECT event_id,
               CASE WHEN o.content IS NULL THEN 'new'
                    WHEN n.content IS NOT NULL AND n.content <> o.content THEN 'changed'
                    WHEN n.content IS NOT NULL THEN 'unchanged'
                    WHEN o.source_url IN (FROM said_by) THEN 'withdrawn' END AS verdict
        FROM (SELECT event_id, {_CONTENT} AS content FROM {_read(new)}) n
        FULL JOIN (SELECT event_id, {_CONTENT} AS content, source_url FROM {_read(old)}) o
        USING (event_id)
        """
    )
    found = dict(con.execute("SELECT verdict, count(*) FROM compared GROUP BY 1").fetchall())
    changed = found.get("changed", 0) + found.get("withdrawn", 0)
    return MergeCounts(found.get("new", 0), changed, found.get("unchanged", 0))


# What is written down


def _keep_rejects(staging: Staging, warehouse: Warehouse) -> tuple[Counter[str], pd.DataFrame]:
    """Write all rejects into one file and the first of them into ``quarantine``.

    Return how many there are by reason, and the first of them.
    """
    selects = [f"SELECT row_key, check_name, payload FROM {name}" for name in staging.rejects]
    if staging.bad():
        selects.append(
            "SELECT event_id AS row_key, quality_flags AS check_name, properties AS payload "
            f"FROM {_read(staging.bad())}"
        )
    if not selects:
        return Counter(), NO_ROWS
    words = event_rows.reasons()
    pairs = ", ".join(f"{scan.text(k)}: {scan.text(v)}" for k, v in words.items())
    file = staging.folder / "rejects.parquet"
    _write(
        staging.con,
        f"SELECT row_key, check_name, map_extract_value(MAP {{{pairs}}}, check_name) AS reason, "
        f"payload FROM ({' UNION ALL '.join(selects)})",
        file,
    )
    first = staging.con.execute(
        f"SELECT row_key, check_name, reason, payload FROM {_read([file])} "
        f"ORDER BY ALL LIMIT {KEPT_ROWS}"
    ).df()
    job = staging.job
    warehouse.quarantine(
        checks.as_quarantine(first, job.source, job.kind.table.name, job.run_id, job.now)
    )
    by_reason = f"SELECT reason, count(*) FROM {_read([file])} GROUP BY 1 ORDER BY 2 DESC, 1"
    return Counter(dict(staging.con.execute(by_reason).fetchall())), first


def _lake_days(staging: Staging, written: Sequence[Merged]) -> pd.DataFrame:
    paths = [m.files[0] for m in written]
    kinds = staging.con.execute(
        f"SELECT string_agg(DISTINCT evidence_kind, ',') FROM {_read(paths)}"
    ).fetchone()
    rows = [
        {
            "table_name": staging.place.table,
            "event_date": pd.Timestamp(m.day),
            "generation": staging.job.run_id,
            "n_files": len(m.files),
            "n_rows": _count(staging.con, m.files),
            "n_bytes": sum(p.stat().st_size for p in m.files),
            "evidence_kind": str(kinds[0]).split(",")[0] if kinds else "measured",
            "source_url": staging.job.found[0][1].resolve().as_uri(),
            "retrieved_at": staging.job.now,
            "quality_flags": None,
        }
        for m in written
    ]
    return pd.DataFrame(rows)


def _moves(staging: Staging, written: Sequence[Merged]) -> Iterator[tuple[Path, Path]]:
    place, run = staging.place, staging.job.run_id
    for m in written:
        for old in place.generation(m.day, m.replaces) if m.replaces else ():
            yield old, place.superseded(m.day) / old.name
        for number, file in enumerate(m.files):
            yield file, place.day(m.day) / f"{run}-{number}.parquet"


def _reject_moves(staging: Staging) -> Iterator[tuple[Path, Path]]:
    file = staging.folder / "rejects.parquet"
    if file.exists():
        yield file, staging.place.rejects(staging.job.run_id)


def _count(con: Scratch, paths: Sequence[Path]) -> int:
    found = con.execute(
        f"SELECT sum(num_rows) FROM parquet_file_metadata({_list(paths)})"
    ).fetchone()
    return int(found[0]) if found else 0


def _write(con: Scratch, question: str, path: Path) -> None:
    con.execute(f"COPY ({question}) TO {scan.text(str(path))} (FORMAT parquet)")


def _list(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(scan.text(str(p)) for p in paths) + "]"


def _read(paths: Sequence[Path], options: str = "") -> str:
    more = f", {options}" if options else ""
    return f"read_parquet({_list(paths)}, hive_partitioning=false{more})"
