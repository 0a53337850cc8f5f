"""What the command line says: tables, JSON, progress and errors, on a terminal or in a pipe.

Results go to standard output, everything else (progress, notes, errors) to standard error.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from etl.errors import ArtonomicsError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from etl.workbooks import About

FrameFormat = Literal["table", "csv", "json", "parquet", "xlsx"]
MAX_TABLE_ROWS = 200
PLAIN_CODES = ("ERROR", "INPUT", "SOURCE")
"""Codes that say no more than the exit status does: they are not printed."""
_PIPE_WIDTH = 10_000  # a pipe has no width: nothing may be cut off there


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it.

    Mappings and sequences are walked; numpy scalars become Python's own; dates and instants become
    ISO 8601 text (a naive midnight is a calendar day); missing values and infinities become null.

    Parameters
    ----------
    value
        Anything a command returns: dictionaries, lists, arrays, scalars.

    Raises
    ------
    TypeError
        If there is no JSON for it.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime):  # pandas' NaT is one too and differs from itself
        return _instant(value) if value == value else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Path | UUID | timedelta | Decimal):
        return str(value) if value == value else None  # a missing interval differs from itself
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas series
        return plain(value.tolist())
    if type(value).__name__ == "NAType":
        return None
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"there is no JSON for {type(value).__name__}")


def _instant(value: datetime) -> str:
    midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
    return value.date().isoformat() if value.tzinfo is None and midnight else value.isoformat()


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON-ready dictionaries; missing values are ``None``."""
    return [plain(row) for row in frame.to_dict("records")]


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Print JSON-ready rows as a table; missing values are left blank.

    Parameters
    ----------
    rows
        Rows that share their keys; nothing is printed where there are none.
    columns
        Which of them, in this order; all of them by default.
    """
    if not rows:
        return
    names = columns or tuple(rows[0])
    table = Table()
    for name in names:
        numeric = all(isinstance(row[name], int | float | None) for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in names))
    console = _console(sys.stdout)
    with console.capture() as captured:  # rich would end the program where the pipe is closed
        console.print(table)
    sys.stdout.write(captured.get())


def print_text(text: str) -> None:
    """Print a text as it is."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def print_frame(
    frame: pd.DataFrame, form: FrameFormat, out: Path | None = None, about: About | None = None
) -> None:
    """Write a frame to standard output, or to the file ``out``.

    Parameters
    ----------
    frame
        What to write.
    form
        How.
    out
        File to write to.
    about
        Where it comes from; a workbook needs it.

    Raises
    ------
    InputError
        If Parquet or a workbook would be written onto a terminal.
    """
    if form in ("parquet", "xlsx"):
        if out is None and sys.stdout.isatty():
            raise InputError(
                f"got --format {form} on a terminal",
                f"a file or a pipe: {'Parquet' if form == 'parquet' else 'a workbook'} is not text",
                "add --out FILE",
            )
        if form == "parquet":
            content = frame.to_parquet(index=False)
        else:
            from etl import workbooks

            assert about is not None
            content = workbooks.workbook(frame, about)
        _write_bytes(content, out)
    elif form == "csv":
        from etl.spreadsheets import harmless

        _write_bytes(harmless(frame).to_csv(index=False, lineterminator="\n").encode(), out)
    elif form == "json" or out is not None:
        text = json.dumps(records(frame), ensure_ascii=False, indent=2) + "\n"
        _write_bytes(text.encode(), out)
    else:
        print_rows(records(frame.head(MAX_TABLE_ROWS)))
        if len(frame) > MAX_TABLE_ROWS:
            note(f"{MAX_TABLE_ROWS} of {len(frame)} rows shown; --format csv prints them all")
        elif frame.empty:
            note(f"no rows (columns: {', '.join(map(str, frame.columns))})")


def _write_bytes(content: bytes, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(content)
        note(f"written: {out}")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def note(message: str) -> None:
    """Say something on standard error that is no result."""
    _console(sys.stderr).print(Text(message))


def print_error(error: ArtonomicsError) -> None:
    """Print an error as what was got, what was expected, what to do, and its code if it has one."""
    console = _console(sys.stderr)
    parts = (("error", error.got), ("expected", error.expected), ("to do", error.todo))
    if error.code not in PLAIN_CODES:
        parts = (*parts, ("code", error.code))
    for label, words in parts:
        if words:
            style = "bold red" if label == "error" else "bold"
            console.print(Text.assemble((f"{label}: ", style), words))


def _console(stream: Any) -> Console:
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, soft_wrap=False, highlight=False, emoji=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that tells each step: a spinner on a terminal, plain lines in a pipe."""
    console = _console(sys.stderr)
    if not console.is_terminal:
        yield note
        return
    with console.status(Text("starting")) as spinner:
        yield lambda message: spinner.update(Text(message))
