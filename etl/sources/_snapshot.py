"""Read a bundled file as it stands, and bring a parsed frame into the shape of its table."""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd

from etl.errors import SourceError
from etl.schemas import Table
from etl.sources import Raw, Request
from etl.sources._provenance import Sidecar, read_sidecar


def fetch_snapshot(request: Request, file_name: str, *, date_column: str = "") -> Raw:
    """Read ``snapshots/<file_name>`` of the bundle; all values are strings, empty is missing.

    Parameters
    ----------
    request
        Names the bundle, and the days wanted where the file has days.
    file_name
        Name of the CSV file, compressed where it ends in ``.gz``.
    date_column
        Column of ISO dates by which ``request.start`` and ``request.end`` select rows.

    Returns
    -------
    Raw
        With the frame as payload. A file whose bytes differ from the sidecar's hash is still
        read, since every row is checked later, but it is reported among the failures.

    Raises
    ------
    SourceError
        If the file or its sidecar is absent, cannot be read, or has other columns than the
        sidecar names.
    """
    path = request.bundled / "snapshots" / file_name
    sidecar = read_sidecar(path)
    frame = _read_strings(path)
    _check_columns(path, frame, sidecar)
    if date_column:
        frame = within_days(frame, date_column, request.start, request.end)
    return Raw(
        payload=frame,
        mode="snapshot",
        retrieved_at=datetime.combine(sidecar.accessed, time(), tzinfo=UTC),
        failures=_changed_bytes(path, sidecar),
    )


def within_days(
    frame: pd.DataFrame, column: str, start: date | None, end: date | None
) -> pd.DataFrame:
    """Return the rows whose ISO date lies within ``start`` and ``end``, both inclusive.

    An undated or unreadable day is kept: the checks judge it.
    """
    day = frame[column].fillna("")
    outside = pd.Series(False, index=frame.index)
    if start:
        outside |= day.ne("") & day.lt(start.isoformat())
    if end:
        outside |= day.str.slice(0, 10).gt(end.isoformat())
    return frame.loc[~outside]


def shape(table: Table, frame: pd.DataFrame, raw: Raw, **constants: object) -> pd.DataFrame:
    """Return ``frame`` with the frame columns of ``table`` in order, the constants filled in.

    ``retrieved_at`` comes from ``raw``; other columns must be there or given as a constant.
    """
    filled = frame.assign(retrieved_at=raw.retrieved_at, **constants)
    names = [column.name for column in table.frame_columns()]
    return filled.loc[:, names].reset_index(drop=True)


def _read_strings(path: Path) -> pd.DataFrame:
    # "NA" is Namibia and "null" may be a name: only the empty field is missing.
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise SourceError(
            f"got an unreadable snapshot file {path.name}: {error}",
            "a CSV file in UTF-8, compressed with gzip where its name ends in .gz",
            "restore data/snapshots from the distribution",
        ) from error


def _check_columns(path: Path, frame: pd.DataFrame, sidecar: Sidecar) -> None:
    got = list(frame.columns)
    if got == list(sidecar.columns):
        return
    missing = [name for name in sidecar.columns if name not in got]
    extra = [name for name in got if name not in sidecar.columns]
    raise SourceError(
        f"got other columns in {path.name} (missing: {', '.join(missing) or 'none'}; "
        f"unknown: {', '.join(extra) or 'none'})",
        f"the columns {', '.join(sidecar.columns)} in this order",
        f"restore {path.name}, or change it together with {path.name}.yml and its parse()",
        code="SNAPSHOT_COLUMNS",
    )


def _changed_bytes(path: Path, sidecar: Sidecar) -> tuple[str, ...]:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found == sidecar.sha256:
        return ()
    return (
        f"{path.name} is not the file its sidecar describes (sha256 {found[:12]}…, expected "
        f"{sidecar.sha256[:12]}…); its rows were checked one by one",
    )
