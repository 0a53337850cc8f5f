"""Files of one form as one relation of the engine: its columns and the SQL that reads them."""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, takewhile
from pathlib import Path
from typing import Any, NoReturn

from etl.engines import EngineError, Scratch
from etl.errors import InputError
from etl.imports import encodings
from etl.imports.files import InputFile

SEPARATORS = ",;\t|"
MAX_COLUMNS = 2000
MAX_LINE_BYTES = 16 * 2**20
_SAMPLED_LINES = 1000
_LOOKED_AT = 200
"""Lines the separator is found from."""
ROW = '"row of the file"'
csv.field_size_limit(MAX_LINE_BYTES)  # a wrong separator makes one field of a whole line
_CHUNK = 2**20
_EMPTY_LINE = re.compile(rb"\n[ \t]*\r?\n")
_LINE = re.compile(r"Line: (\d+)|in line (\d+)|\bline (\d+)")


@dataclass(frozen=True)
class Field:
    """One column as the files have it.

    Attributes
    ----------
    name
        Their name; ``a.b`` for a field within a field.
    expression
        SQL over the scan's relation.
    type
        DuckDB's type of the expression.
    top
        Whether it stands on its own, not within another field.
    whole
        SQL for a structure as it is, where ``expression`` gives it as JSON.
    """

    name: str
    expression: str
    type: str = "VARCHAR"
    top: bool = True
    whole: str = ""


@dataclass(frozen=True)
class Scan:
    """Files read as one relation.

    Attributes
    ----------
    files
        The files, of one format and with the same columns.
    relation
        SQL that can stand behind FROM; it has a column ``filename``.
    fields
        Their columns by name.
    numbers
        Columns of the relation that number the rows of a file; see :func:`numbered`.
    """

    files: Sequence[InputFile]
    relation: str
    fields: dict[str, Field]
    numbers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The files in words."""
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return self.files[0].name + more

    def file_name(self) -> str:
        """Return SQL for the name of the file a row comes from, as the user knows it."""
        if len(self.files) == 1:
            return text(self.files[0].name)
        pairs = ", ".join(f"{text(str(f.path))}: {text(f.name)}" for f in self.files)
        return f"map_extract_value(MAP {{{pairs}}}, filename)"


def text(value: str) -> str:
    """Return a value as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Return a value as an identifier of SQL."""
    return '"' + value.replace('"', '""') + '"'


def scans(
    con: Scratch, files: Sequence[InputFile], scratch: Path, encoding: str = ""
) -> list[Scan]:
    """Return the files as relations, those of one form together.

    Parameters
    ----------
    con
        The engine, asked for the columns of Parquet files.
    files
        The files.
    scratch
        Folder for text written again in UTF-8.
    encoding
        Encoding of text files; by default it is found out.

    Raises
    ------
    InputError
        Where a file has no header, too many columns, or cannot be read as what it is.
    """
    made = [_one(con, file, scratch, encoding) for file in files]
    return [_joined(list(group)) for _, group in groupby(made, key=_form)]


def _form(scan: Scan) -> tuple[object, ...]:
    file = scan.files[0]
    # Unpacked and rewritten files stand alone, so that their names need no look-up a row.
    own = str(file.path) if file.unpacked or file.format == "csv" else ""
    return (own, file.format, *[(f.name, f.type) for f in scan.fields.values()])


def _joined(parts: list[Scan]) -> Scan:
    files = tuple(file for part in parts for file in part.files)
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    paths = ", ".join(text(str(file.path)) for file in files)
    alone = text(str(first.files[0].path))
    fields = {k: v for part in parts for k, v in part.fields.items()}
    return Scan(files, first.relation.replace(f"[{alone}]", f"[{paths}]"), fields)


def numbered(scan: Scan, limit: int = 0) -> Iterator[Scan]:
    """Yield each file alone, its rows numbered as a spreadsheet or an editor numbers them.

    With a ``limit`` only so many rows of a file are read.

    This costs the engine its many threads, so it is for files of which a row is looked for.
    """
    together = ", ".join(text(str(file.path)) for file in scan.files)
    for file in scan.files:
        alone = scan.relation.replace(f"[{together}]", f"[{text(str(file.path))}]")
        before = 1 if file.format == "csv" else 0  # the header
        most = f" LIMIT {limit}" if limit else ""
        relation = f"(SELECT *, row_number() OVER () + {before} AS {ROW} FROM {alone}{most})"
        yield Scan((file,), relation, scan.fields, (ROW,))


def blank_rows(file: InputFile) -> Callable[[int], int]:
    """Return the function from the number of a row that is read to its number in the file.

    The engine passes over empty lines; a spreadsheet and an editor count them.
    """
    if file.format == "parquet" or not _has_empty_line(file.path):
        return lambda row: row
    blanks: list[int] = []
    read = 0
    for filled in _filled(file):
        if filled:
            read += 1
        else:
            blanks.append(read)
    return lambda row: row + bisect_left(blanks, row)


def _has_empty_line(path: Path) -> bool:
    last = b"\n"
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            if _EMPTY_LINE.search(last + chunk):
                return True
            last = chunk[-2:]
    return False


def _filled(file: InputFile) -> Iterator[bool]:
    """Yield for each line of JSON, or row of a CSV file, whether it holds something."""
    with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as content:
        if file.format == "jsonl":
            yield from (bool(line.strip()) for line in content)
            return
        separator = _separator([line for line in islice(content, _LOOKED_AT) if line.strip()])
        content.seek(0)
        yield from (bool(row) for row in csv.reader(content, delimiter=separator))


def _one(con: Scratch, file: InputFile, scratch: Path, encoding: str) -> Scan:
    if file.format == "parquet":
        return _parquet(con, file)
    _refuse_long_line(file)
    found = encodings.named(encoding) if encoding else encodings.find(file.path, file.name)
    path = file.path
    if found != "utf-8-sig":
        scratch.mkdir(parents=True, exist_ok=True)
        target = scratch / f"{len(list(scratch.iterdir())):06}.utf8"
        path = encodings.to_utf8(file.path, file.name, found, target)
    plain = InputFile(file.name, path, file.format, file.sha256, file.n_bytes, file.given)
    return _jsonl(plain) if file.format == "jsonl" else _csv(plain)


def _refuse_long_line(file: InputFile) -> None:
    with file.path.open("rb") as content:
        begin = content.read(MAX_LINE_BYTES)
    if b"\n" not in begin and b"\r" not in begin and len(begin) == MAX_LINE_BYTES:
        raise InputError(
            f"got a first line of over {MAX_LINE_BYTES >> 20} MiB in {file.name}",
            f"at most {MAX_COLUMNS} columns",
            "export only the columns that are needed",
            code="TOO_MANY_COLUMNS",
        )


def _require_few(file: InputFile, n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise InputError(
            f"got {n_columns} columns in {file.name}",
            f"at most {MAX_COLUMNS}",
            "export only the columns that are needed",
            code="TOO_MANY_COLUMNS",
        )


# CSV


def _csv(file: InputFile) -> Scan:
    try:
        lines = _first_lines(file)
    except UnicodeDecodeError:
        encodings.require(file.path, file.name, "utf-8-sig")
        raise
    separator = _separator(lines)
    _require_few(file, lines[0].count(separator) + 1)
    header = next(csv.reader(lines, delimiter=separator), [])
    names = [cell.strip() or f"column_{i}" for i, cell in enumerate(header, 1)]
    _check_header(file, names)
    columns = ", ".join(f"{text(n)}: 'VARCHAR'" for n in names)
    relation = (
        f"read_csv([{text(str(file.path))}], delim={text(separator)}, quote='\"', escape='\"', "
        f"header=true, skip={_empty_lines_above(file)}, auto_detect=false, "
        f"columns={{{columns}}}, nullstr='', filename=true, "
        f"strict_mode=true, max_line_size={MAX_LINE_BYTES})"
    )
    return Scan((file,), relation, {n: Field(n, name(n)) for n in names})


def _empty_lines_above(file: InputFile) -> int:
    """Return how many empty lines stand above the header: the engine would take one for it."""
    with file.path.open(encoding="utf-8-sig", newline="") as content:
        return sum(1 for _ in takewhile(lambda line: not line.strip(), content))


def _first_lines(file: InputFile) -> list[str]:
    """Return the first lines that hold something; none is read that no engine would take."""
    lines: list[str] = []
    with file.path.open(encoding="utf-8-sig", newline="") as content:
        for number in range(1, _LOOKED_AT + 1):
            line = content.readline(MAX_LINE_BYTES + 1)
            if len(line) > MAX_LINE_BYTES:
                raise InputError(
                    f"got a line of more than {MAX_LINE_BYTES >> 20} MiB in {file.name} "
                    f"(line {number})",
                    "rows of a table, one a line",
                    "see whether a quotation mark is never closed, or the file is no CSV",
                    code="LINE_TOO_LONG",
                )
            if not line:
                break
            if line.strip():
                lines.append(line)
    return lines or [""]


def _separator(lines: Sequence[str]) -> str:
    """Return the separator that splits the lines most evenly into the most cells."""

    def evenness(separator: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        width = widths[0] if widths else 0
        same = sum(w == width for w in widths) / max(len(widths), 1)
        return (same if width > 1 else 0.0, width)

    # The header decides between separators that are equally even.
    best = max(SEPARATORS, key=evenness)
    in_header = max(SEPARATORS, key=lines[0].count)
    return in_header if lines[0].count(in_header) > lines[0].count(best) else best


def _check_header(file: InputFile, names: Sequence[str]) -> None:
    lowered = [n.lower() for n in names]
    repeated = sorted({n for n in names if lowered.count(n.lower()) > 1})
    if repeated:
        raise InputError(
            f"got the column {repeated[0]!r} {lowered.count(repeated[0].lower())} times "
            f"in {file.name}",
            "each column once, whatever its case",
            "rename or remove the others",
        )
    if names and all(re.fullmatch(r"[-+\d.,:/T Z]+", n) for n in names):
        raise InputError(
            f"got {file.name} with values in its first line ({', '.join(names[:4])})",
            "a header line with the names of the columns",
            "write the names into the first line",
        )


# JSON lines


def _jsonl(file: InputFile) -> Scan:
    found: dict[str, bool] = {}
    for number, row in _objects(file):
        _collect(found, row, "")
        if len(found) > MAX_COLUMNS:
            _require_few(file, len(found))
        if number >= _SAMPLED_LINES:
            break
    fields = {
        key: Field(key, f'json_extract_string("json", {text(_json_path(key))})', top=top)
        for key, top in found.items()
    }
    relation = (
        f"read_ndjson_objects([{text(str(file.path))}], filename=true, "
        f"maximum_object_size={MAX_LINE_BYTES})"
    )
    return Scan((file,), relation, fields)


def _objects(file: InputFile) -> Iterator[tuple[int, dict[str, Any]]]:
    with file.path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise _bad_json(file.name, number, str(error)) from None
            if not isinstance(row, dict):
                raise _bad_json(file.name, number, f"a {type(row).__name__}")
            yield number, row


def _collect(found: dict[str, bool], row: dict[str, Any], above: str) -> None:
    for key, value in row.items():
        full = f"{above}{key}"
        found.setdefault(full, not above)
        if isinstance(value, dict) and above.count(".") < 2:
            _collect(found, value, f"{full}.")


def _json_path(key: str) -> str:
    return "$" + "".join(f'."{part}"' for part in key.split("."))


def _bad_json(file: str, line: int, what: str) -> InputError:
    return InputError(
        f"got line {line} of {file}, which is no JSON object ({what})",
        "one JSON object a line",
        "correct the line, or fetch the file again if it was cut off",
    )


# Parquet


def _parquet(con: Scratch, file: InputFile) -> Scan:
    relation = f"read_parquet([{text(str(file.path))}], filename=true, hive_partitioning=false)"
    try:
        described = con.execute(f"DESCRIBE FROM {relation}").fetchall()
    except EngineError as error:
        raise InputError(
            f"got a Parquet file that cannot be read at {file.name} ({str(error)[:200]})",
            "a whole Parquet file",
            "write it again",
        ) from error
    _require_few(file, len(described))
    fields: dict[str, Field] = {}
    for column, kind, *_ in described:
        if column != "filename":
            _add_parquet(con, fields, Field(column, name(column), kind))
    return Scan((file,), relation, fields)


def _add_parquet(con: Scratch, fields: dict[str, Field], field: Field, depth: int = 0) -> None:
    """Add a column, and the parts of a structure under dotted names; nested ones read as JSON."""
    nested = field.type.endswith("[]") or field.type.startswith(("STRUCT", "MAP"))
    if not nested:
        fields[field.name] = field
        return
    as_json = f"to_json({field.expression})::VARCHAR"
    fields[field.name] = Field(field.name, as_json, "VARCHAR", field.top, field.expression)
    if field.type.startswith("STRUCT") and not field.type.endswith("[]") and depth < 2:
        inner = con.execute(
            f"DESCRIBE SELECT unnest(NULL::{field.type})"  # unnests one level into columns
        ).fetchall()
        for key, kind, *_ in inner:
            expression = f"struct_extract({field.expression}, {text(key)})"
            part = Field(f"{field.name}.{key}", expression, kind, top=False)
            _add_parquet(con, fields, part, depth + 1)


def refuse(error: EngineError, scan: Scan) -> NoReturn:
    """Raise what the engine says of a file in the user's words, with the line where it names one.

    Raises
    ------
    InputError
        Always, unless the fault lies not with the file.
    """
    said = str(error)
    found = _LINE.search(said)
    line = int(next(part for part in found.groups() if part)) if found else 0
    if "Out of Memory" in said or "No space left" in said:
        raise error
    if scan.files[0].format == "jsonl":
        raise _bad_json(scan.name, line, said.splitlines()[0][:160]) from error
    if "unicode" in said.lower() or "utf-8" in said.lower():
        for file in scan.files:
            encodings.require(file.path, file.name, "utf-8-sig")
    for file in scan.files:
        if file.format == "csv":
            _explain_line(file, len([f for f in scan.fields.values() if f.top]), error)
    raise InputError(
        f"got {scan.name}, which cannot be read ({said.splitlines()[0][:200]})",
        "a whole file of one form",
        "export it again",
    ) from error


def _explain_line(file: InputFile, n_columns: int, error: Exception) -> None:
    """Find the first line with another number of cells, and what separates it."""
    with file.path.open(encoding="utf-8-sig", newline="", errors="replace") as content:
        separator = _separator([line for line in islice(content, 200) if line.strip()] or [""])
        content.seek(0)
        rows = csv.reader(content, delimiter=separator)
        try:
            for row in rows:
                if row and len(row) != n_columns:
                    break
            else:
                return
        except csv.Error:
            return
        joined = separator.join(row)
    other = next(
        (s for s in SEPARATORS if s != separator and joined.count(s) >= n_columns - 1 > 0), ""
    )
    mixed = f"; it seems to be separated by {other!r}, the header by {separator!r}" if other else ""
    raise InputError(
        f"got {len(row)} cells in line {rows.line_num} of {file.name}{mixed}",
        f"{n_columns} cells, as in the header",
        "use one separator in the whole file, and quotation marks around a value that holds it",
        code="MIXED_SEPARATORS" if other else "UNEVEN_ROWS",
    ) from error
