"""Where rejected rows stand in the user's files, so that they can be found there and mended.

Files are read once more, and only where something was kept out: numbering rows costs the engine
its many threads, and most files have nothing to be looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from etl import checks
from etl.engines import Scratch
from etl.imports import event_rows, tables
from etl.imports.files import InputFile
from etl.imports.job import Job, Part
from etl.imports.scan import ROW, numbered

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
    found: dict[int, list[tuple[InputFile, list[int]]]] = {}
    if not rejected.empty:
        asked = _of_events if job.in_lake else _of_tables
        rejected = rejected.reset_index(drop=True)
        for part in parts:
            for scan in numbered(part.scan, limit):
                for at, rows in asked(con, job, replace(part, scan=scan), rejected):
                    found.setdefault(at, []).append((scan.files[0], rows))
    places = [found.get(at, []) for at in range(len(rejected))]
    return rejected.assign(
        file_rows=["; ".join(_told(*place) for place in each) or None for each in places],
        file_urls=["\n".join(file.address for file, _ in each) or None for each in places],
    )


def _told(file: InputFile, rows: list[int]) -> str:
    more = ", …" if len(rows) > SHOWN_ROWS else ""
    return f"{file.name}: {', '.join(map(str, rows[:SHOWN_ROWS]))}{more}"


def _of_events(
    con: Scratch, job: Job, part: Part, rejected: pd.DataFrame
) -> Iterator[tuple[int, list[int]]]:
    """Yield the position of a rejected row and the rows of the file that are it.

    What failed a check is known by its content; what repeats another, or contradicts it, by its
    identifier: then the rows it repeats are named with it.
    """
    wanted = rejected.assign(position=rejected.index)[
        ["position", "row_key", "check_name", "payload"]
    ]
    repeats = ", ".join(f"'{check}'" for check in _REPEATED)
    con.register("wanted", wanted)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE met AS SELECT {ROW} AS file_row, event_id, "
            "quality_flags::VARCHAR AS failed, properties::VARCHAR AS payload "
            f"FROM ({event_rows.question(con, job, part)}) WHERE CASE WHEN quality_flags IS NULL "
            f"THEN event_id IN (SELECT row_key FROM wanted WHERE check_name IN ({repeats})) "
            "ELSE properties::VARCHAR IN (SELECT payload FROM wanted) END"
        )
        found = con.execute(
            "SELECT position, list(file_row ORDER BY file_row) FROM ("
            "SELECT position, file_row FROM wanted JOIN met "
            "ON check_name = failed AND wanted.payload = met.payload UNION ALL "
            "SELECT position, file_row FROM wanted JOIN met ON row_key = event_id "
            f"WHERE failed IS NULL AND check_name IN ({repeats})) GROUP BY position"
        ).fetchall()
    finally:
        con.unregister("wanted")
    for position, rows in found:
        yield int(position), [int(row) for row in rows]


def _of_tables(
    con: Scratch, job: Job, part: Part, rejected: pd.DataFrame
) -> Iterator[tuple[int, list[int]]]:
    if part.plan.layout and part.plan.layout.summed:
        return  # a figure has no row of its own
    rows = tables.stage(con, job, [part])
    by_payload = rejected.groupby("payload", sort=False).groups
    for frame in tables.portions(con, job, rows):
        keys = checks.row_keys(job.kind.table, frame)
        candidates = frame.loc[keys.isin(rejected["row_key"])]
        told = checks.payloads(candidates.drop(columns=_ROW))
        numbers = candidates[_ROW].groupby(told.to_numpy()).agg(lambda each: sorted(set(each)))
        for payload, at in numbers.items():
            for position in by_payload.get(payload, ()):
                yield int(position), [int(row) for row in at]
