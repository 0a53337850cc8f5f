"""Where rejected rows stand in the user's files, so that they can be found there and mended.

Files are read once more, and only where something was kept out: numbering rows costs the engine
its many threads, and most files have nothing to be looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from etl import checks
from etl.engines import EngineError, Scratch
from etl.imports import event_rows, tables
from etl.imports.files import InputFile
from etl.imports.job import Job, Part
from etl.imports.scan import ROW, blank_rows, numbered

SHOWN_ROWS = 20
"""Rows that are named for one that stands in a file many times."""
_REPEATED = ("duplicate_key", "contradictory_key")
_ROW = ROW.strip('"')


def located(
    con: Scratch, job: Job, parts: Sequence[Part], rejected: pd.DataFrame, limit: int = 0
) -> pd.DataFrame:
    """Return rejected rows with where they stand.

    Parameters
    ----------
    rejected
        ``row_key``, ``check_name`` and ``payload`` of n rows.
    limit
        Look only among so many rows of a file.

    Returns
    -------
    DataFrame
        The same with ``file_rows`` (``events.csv: 3, 7``; the header of a CSV file is row 1) and
        ``file_urls``, one address a line; missing where a figure was summed over rows.
    """
    rejected = rejected.reset_index(drop=True)
    found: dict[int, list[tuple[InputFile, Sequence[int]]]] = {}
    try:
        for file, at, rows in _everywhere(con, job, parts, rejected, limit):
            found.setdefault(at, []).append((file, rows))
    except EngineError:
        # A place is a help; no import is lost for want of it.
        found = {}
    places = [found.get(at, []) for at in range(len(rejected))]
    return rejected.assign(
        file_rows=["; ".join(_told(*place) for place in each) or None for each in places],
        file_urls=["\n".join(file.address for file, _ in each) or None for each in places],
    )


def _everywhere(
    con: Scratch, job: Job, parts: Sequence[Part], rejected: pd.DataFrame, limit: int
) -> Iterator[tuple[InputFile, int, Sequence[int]]]:
    if rejected.empty:
        return
    asked = _of_events if job.in_lake else _of_tables
    for part in parts:
        for scan in numbered(part.scan, limit):
            file, found = scan.files[0], list(asked(con, job, replace(part, scan=scan), rejected))
            if not found:
                continue
            shift = blank_rows(file)  # it reads the file
            for at, rows in found:
                yield file, at, [shift(row) for row in rows]


def _told(file: InputFile, rows: Sequence[int]) -> str:
    more = ", …" if len(rows) > SHOWN_ROWS else ""
    return f"{file.name}: {', '.join(map(str, rows[:SHOWN_ROWS]))}{more}"


def _of_events(
    con: Scratch, job: Job, part: Part, rejected: pd.DataFrame
) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield the position of a rejected row and the rows of the file that are it.

    What failed a check is known by its content; what repeats another, or contradicts it, by its
    identifier: then the rows it repeats are named with it.
    """
    by_content = rejected.groupby(["check_name", "payload"], sort=False).groups
    repeats = rejected.loc[rejected["check_name"].isin(_REPEATED)]
    by_name = repeats.groupby("row_key", sort=False).groups
    con.register("wanted", pd.DataFrame({"payload": rejected["payload"].unique()}))
    con.register("wanted_names", pd.DataFrame({"row_key": repeats["row_key"].unique()}))
    try:
        # A file may say one wrong row a million times: only the first rows are kept of each.
        found = con.execute(
            "SELECT quality_flags::VARCHAR AS failed, CASE WHEN failed IS NULL THEN event_id END, "
            "CASE WHEN failed IS NOT NULL THEN properties::VARCHAR END, "
            f"min({ROW}, {SHOWN_ROWS + 1}) FROM ({event_rows.question(con, job, part)}) "
            "WHERE CASE WHEN quality_flags IS NULL "
            "THEN event_id IN (SELECT row_key FROM wanted_names) "
            "ELSE properties::VARCHAR IN (SELECT payload FROM wanted) END GROUP BY ALL"
        ).fetchall()
    finally:
        con.unregister("wanted")
        con.unregister("wanted_names")
    for failed, event_id, payload, rows in found:
        positions = by_content.get((failed, payload), ()) if failed else by_name.get(event_id, ())
        for position in positions:
            yield int(position), rows


def _of_tables(
    con: Scratch, job: Job, part: Part, rejected: pd.DataFrame
) -> Iterator[tuple[int, Sequence[int]]]:
    if part.plan.layout and part.plan.layout.summed:
        return  # a figure has no row of its own
    rows = tables.fill(con, job, [part])
    by_payload = rejected.groupby("payload", sort=False).groups
    for frame in tables.portions(con, job, rows):
        keys = checks.row_keys(job.kind.table, frame)
        candidates = frame.loc[keys.isin(rejected["row_key"])]
        told = checks.payloads(candidates.drop(columns=_ROW))
        for payload, numbers in candidates[_ROW].groupby(told.to_numpy()):
            first = sorted({int(row) for row in numbers})[: SHOWN_ROWS + 1]
            for position in by_payload.get(payload, ()):
                yield int(position), first
