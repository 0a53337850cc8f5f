"""The user's own CSV and Parquet files as frames, with errors that name the row.

Values are read as text and turned into numbers and days here, so that a wrong cell is reported
with its place in the file and nothing is guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.errors import InputError

_MISSING = ("", "na", "nan", "null", "none", "nat")
_DAY = r"^\d{4}-\d{2}-\d{2}([T ].*)?$"
_ZONED = r"^[^T ]*[T ].*(Z|[+-]\d{2}:?\d{2})$"
_ZONED_MIDNIGHT = r"^[^T ]*[T ]00:00(:00(\.0+)?)?\s*(Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class UserFile:
    """A file as read: its rows and how to name a row.

    Attributes
    ----------
    path
        Where it was read.
    frame
        Shape (n, columns), the index counts the rows of the file from 0.
    """

    path: Path
    frame: pd.DataFrame

    def row(self, index: int) -> str:
        """Return the name of a row: the line of a CSV file, the row of a Parquet file."""
        if self.path.suffix.lower() == ".parquet":
            return f"row {index + 1} of {self.path.name}"
        return f"line {index + 2} of {self.path.name}"

    def first(self, wrong: NDArray[np.bool_]) -> tuple[int, str]:
        """Return the index and name of the first row where ``wrong``, shape (n,), is true."""
        index = int(self.frame.index[int(np.flatnonzero(wrong)[0])])
        return index, self.row(index)


def read(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> UserFile:
    """Read the wanted columns of a CSV or Parquet file.

    Parameters
    ----------
    path
        A file ending in ``.parquet``, else CSV in UTF-8.
    required, optional
        Columns to keep; an optional column that is absent stays absent.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or lacks a required column; the message lists the
        columns it has and the nearest name.
    """
    frame = _read_frame(Path(path))
    frame.columns = [str(name).strip() for name in frame.columns]
    absent = [name for name in required if name not in frame.columns]
    if absent:
        raise _missing_column(path, absent[0], list(frame.columns), required)
    wanted = [name for name in (*required, *optional) if name in frame.columns]
    frame = frame.loc[:, wanted].dropna(how="all")
    if frame.empty:
        raise InputError(f"got no rows in {path}", "at least one row below the header")
    return UserFile(Path(path), frame)


def text(file: UserFile, column: str, *, required: bool = True) -> pd.Series:
    """Return a column as trimmed text; missing is ``""``, or an error where it is required."""
    values = file.frame[column].astype("string").str.strip().fillna("")
    empty = (values == "").to_numpy(dtype=bool)
    if required and empty.any():
        _, row = file.first(empty)
        raise InputError(f"got no {column} in {row}", f"a {column} in every row", "fill it in")
    return values.astype(object)


def days(file: UserFile, column: str) -> pd.Series:
    """Return a column of days as ``datetime64``; a time of day is dropped, the day is kept.

    Raises
    ------
    InputError
        If a cell is not an ISO date, or an instant with a time zone that is no midnight there (its
        day would depend on the zone); the message names the row.
    """
    values = file.frame[column]
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d %H:%M:%S%z")
    written = values.astype("string").str.strip().fillna("")
    elsewhere = written.str.match(_ZONED) & ~written.str.match(_ZONED_MIDNIGHT)
    if elsewhere.any():
        index, row = file.first(elsewhere.to_numpy(dtype=bool))
        raise InputError(
            f"got the {column} {written[index]!r} in {row}, an instant with a time zone",
            "a day written as YYYY-MM-DD",
            "write the day on the exchange's own calendar",
        )
    iso = written.where(written.str.match(_DAY), pd.NA).str[:10]
    parsed = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce")
    wrong = parsed.isna().to_numpy(dtype=bool)
    if wrong.any():
        index, row = file.first(wrong)
        raise InputError(
            f"got the {column} {written[index]!r} in {row}",
            "a day written as YYYY-MM-DD",
            "correct the cell or rewrite the column in ISO form",
        )
    return parsed


def numbers(file: UserFile, column: str) -> pd.Series:
    """Return a column as floats; an empty cell (or NA, NaN, null) is missing.

    Raises
    ------
    InputError
        If a cell is not a number or is infinite; the message names the row.
    """
    written = file.frame[column].astype("string").str.strip().fillna("")
    missing = written.str.lower().isin(_MISSING).to_numpy(dtype=bool)
    parsed = pd.Series(
        pd.to_numeric(written.mask(missing), errors="coerce"), index=written.index, dtype="float64"
    )
    wrong = ~np.isfinite(parsed.to_numpy()) & ~missing
    if wrong.any():
        index, row = file.first(wrong)
        raise InputError(
            f"got the {column} {written[index]!r} in {row}",
            "a finite number, with a point for decimals and no thousands separator",
            "correct the cell, or leave it empty if the value is not known",
        )
    return parsed


def one_of(file: UserFile, column: str, allowed: Sequence[str], default: str) -> pd.Series:
    """Return a column of codes; an absent column or an empty cell has the default.

    Raises
    ------
    InputError
        If a cell holds another word; the message names the row and the nearest code.
    """
    if column not in file.frame.columns:
        return pd.Series(default, index=file.frame.index, dtype=object)
    values = text(file, column, required=False)
    values = values.mask(values == "", default)
    wrong = ~values.isin([*allowed, default]).to_numpy(dtype=bool)
    if wrong.any():
        index, row = file.first(wrong)
        raise InputError(
            f"got the {column} {values[index]!r} in {row}",
            f"one of {', '.join(allowed)}, or an empty cell",
            nearest(str(values[index]), allowed),
        )
    return values


def nearest(given: str, known: Sequence[str]) -> str:
    """Return ``perhaps you meant …``, or what is known where nothing is near."""
    within = [name for name in known if name and (name in given or given in name)]
    near = within[:1] or get_close_matches(given, known, n=1)
    if near:
        return f"perhaps you meant {near[0]!r}"
    shown = ", ".join(known[:10]) or "no others"
    return f"there are {shown}{' …' if len(known) > 10 else ''}"


def _read_frame(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"got no file at {path}", "a CSV or Parquet file", "check the path")
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path).reset_index(drop=True)
        _require_even_rows(path)
        return pd.read_csv(
            path,
            dtype="string",
            keep_default_na=False,
            na_values=[""],
            # Lines are counted, so blank ones must stay until they have been.
            skip_blank_lines=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except (ValueError, OSError) as problem:
        # The readers' own errors (parser, encoding, empty file, Arrow) all derive from these.
        raise InputError(
            f"got {path}, which cannot be read ({str(problem).splitlines()[0]})",
            "CSV in UTF-8 with one header line, or a Parquet file",
            "save it again in that form",
        ) from problem


def _require_even_rows(path: Path) -> None:
    """Refuse names that repeat and rows with more cells than names: pandas would rename or cut."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        names = [name.strip() for name in next(rows, [])]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InputError(
                f"got the column {repeated[0]!r} {names.count(repeated[0])} times in {path}",
                "each column once",
                "rename or remove the others",
            )
        for row in rows:
            if any(row[len(names) :]):
                raise InputError(
                    f"got {len(row)} cells in line {rows.line_num} of {path.name}",
                    f"{len(names)} cells, as in the header",
                    "put a value that holds a comma into quotation marks (decimals take a point)",
                )


def _missing_column(
    path: Path, absent: str, columns: list[str], required: Sequence[str]
) -> InputError:
    separator = next((s for s in ";\t|" if len(columns) == 1 and s in columns[0]), "")
    if separator:
        return InputError(
            f"got one column in {path}, with {separator!r} in its name",
            f"the columns {', '.join(required)}, separated by commas",
            "save it again with commas (and a point for decimals)",
        )
    return InputError(
        f"got the columns {', '.join(columns)} in {path}, without {absent!r}",
        f"the columns {', '.join(required)}",
        f"rename or add it: {nearest(absent, [c for c in columns if c not in required])}",
    )
