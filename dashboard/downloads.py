"""A table of a page as a file: CSV, Parquet or a workbook, the last two with where it comes from.

Equal data give equal bytes: a file bears the instant of its data and no other.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard.tables.table import Provenance, Table
from dashboard.text import Words
from etl import workbooks

MIME_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The formats of a download, and how a browser is told of them."""
METADATA = b"artonomics"
"""Key of the schema metadata of a Parquet file that holds, as JSON, where it comes from."""
_MOST_SOURCES = 50
_ROW_FACTS = ("evidence_kind", "source", "source_url")
_NO_INSTANT = datetime(1980, 1, 1, tzinfo=UTC)
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Origin:
    """Where a downloaded table comes from, as far as a page knows it.

    Attributes
    ----------
    title
        What stands above it on the page.
    provenance
        Evidence, unit, day and source; ``None`` where each row has its own, or none is told.
    published_at, data_version
        The snapshot; ``None`` and empty where nothing has been published yet.
    version
        Version of the program.
    page
        Path of the page, as in ``/market``.
    filters
        What the address chooses, by raw codes.
    left_out
        Asked when the file is made: source, table_name and n_rows of what may not be passed on.
    """

    title: str
    provenance: Provenance | None
    published_at: datetime | None
    data_version: str
    version: str
    page: str = "/"
    filters: tuple[tuple[str, str], ...] = ()
    left_out: Callable[[], pd.DataFrame] | None = None

    @property
    def permalink(self) -> str:
        """The address of the same view, from the root of the dashboard."""
        return self.page + (f"?{urlencode(self.filters)}" if self.filters else "")


def make(table: Table, form: str, origin: Origin, words: Words) -> bytes:
    """Return a table in one of :data:`MIME_TYPES`, without rows that may not be passed on."""
    match form:
        case "csv":
            return table.csv()
        case "parquet":
            return parquet(table, origin)
        case "xlsx":
            return xlsx(table, origin, words)
        case _:
            raise ValueError(f"got the format {form!r}; expected one of {list(MIME_TYPES)}")


def parquet(table: Table, origin: Origin) -> bytes:
    """Return the shown columns as Parquet, raw values, with its origin in the schema.

    A column of mixed kinds, which Parquet cannot hold, is text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = table.leaving()
    arrays = [_array(frame.iloc[:, place]) for place in range(frame.shape[1])]
    notes = {note.name: note for note in column_notes(table, frame)}
    fields = [
        pa.field(str(name), array.type, metadata=_told(notes[str(name)]))
        for name, array in zip(frame.columns, arrays, strict=True)
    ]
    about = json.dumps(facts(table, origin), ensure_ascii=False)
    schema = pa.schema(fields, metadata={METADATA: about.encode()})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file)
    return file.getvalue()


def xlsx(table: Table, origin: Origin, words: Words) -> bytes:
    """Return the shown columns as a workbook with a sheet that says where they come from."""
    frame = table.leaving()
    names = _names(words)
    rows = [
        (names[name], words.evidence(value) if name == "evidence" else value)
        for name, told in facts(table, origin).items()
        for value in (told if isinstance(told, list) else [told])
    ]
    about = workbooks.About(
        facts=rows,
        columns=column_notes(table, frame),
        created=origin.published_at or _NO_INSTANT,
        sheets=(words.t("Data"), words.t("Provenance")),
        header=(words.t("Column"), words.t("Heading"), words.t("Unit"), words.t("Meaning")),
        cut=words.t("Text longer than a cell can hold was cut."),
    )
    return workbooks.workbook(frame, about)


def facts(table: Table, origin: Origin) -> dict[str, str | list[str]]:
    """Return where a table comes from, by plain names; what is not known is not named.

    The kinds, sources and addresses that its own rows name are lists.
    """
    told = origin.provenance
    known: dict[str, str | list[str]] = {
        "table": table.file_name,
        "title": origin.title,
        "evidence": told.evidence_kind if told else "",
        "unit": told.unit if told else "",
        "as_of": _day(told.as_of) if told else "",
        "source": told.source if told else "",
        "source_url": told.url if told else "",
    }
    known |= {f"rows_{name}": values for name, values in _named_by_rows(table)}
    known |= {
        "data_version": origin.data_version,
        "published_at": origin.published_at.isoformat() if origin.published_at else "",
        "permalink": origin.permalink,
        "filters": [f"{name}={code}" for name, code in origin.filters],
        "program": f"Artonomics {origin.version}",
        "left_out": _left_out(origin) if table.passed_on is not None else [],
    }
    return {name: value for name, value in known.items() if value}


def column_notes(table: Table, frame: pd.DataFrame) -> list[workbooks.ColumnNote]:
    """Return what is known of each column that leaves."""
    notes: list[workbooks.ColumnNote] = []
    for name in frame.columns:
        look = table.columns.get(name)
        if look is None:
            notes.append(workbooks.ColumnNote(str(name)))
        else:
            unit = look.unit or _UNITS.get(look.kind, "")
            notes.append(workbooks.ColumnNote(str(name), look.label, unit, look.help or ""))
    return notes


def zipped(files: Sequence[Path]) -> bytes:
    """Return one zip of files under their names; equal files give equal bytes."""
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _ZIP_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return told.getvalue()


_UNITS: Mapping[str, str] = {"percent": "1 = 100%", "instant": "UTC"}


def _named_by_rows(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Yield what the rows that leave say of themselves, also in columns that are not shown."""
    frame = table.leaving(every_column=True)
    for name in _ROW_FACTS:
        if name in frame:
            values = sorted(frame[name].dropna().astype(str).unique())
            more = len(values) - _MOST_SOURCES
            yield name, values[:_MOST_SOURCES] + ([f"… +{more}"] if more > 0 else [])


def _left_out(origin: Origin) -> list[str]:
    if origin.left_out is None:
        return []
    rows = origin.left_out().to_dict("records")
    return [f"{row['source']}: {row['table_name']}, {row['n_rows']}" for row in rows]


def _day(day: Any) -> str:
    return "" if day is None or pd.isna(day) else pd.Timestamp(day).date().isoformat()


def _told(note: workbooks.ColumnNote) -> dict[str, str]:
    told = {"label": note.label, "unit": note.unit, "meaning": note.meaning}
    return {name: value for name, value in told.items() if value}


def _array(column: pd.Series) -> Any:
    import pyarrow as pa

    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(column.map(str, na_action="ignore"), pa.string(), from_pandas=True)


def _names(words: Words) -> dict[str, str]:
    return {
        "table": words.t("Table"),
        "title": words.t("Title"),
        "evidence": words.t("Evidence"),
        "unit": words.t("Unit"),
        "as_of": words.t("As of"),
        "source": words.t("Source"),
        "source_url": words.t("Address"),
        "rows_evidence_kind": words.t("Evidence of the rows"),
        "rows_source": words.t("Sources of the rows"),
        "rows_source_url": words.t("Addresses of the rows"),
        "data_version": words.t("Data version"),
        "published_at": words.t("Data published"),
        "permalink": words.t("Permalink"),
        "filters": words.t("Filters"),
        "program": words.t("Program"),
        "left_out": words.t("Left out by its terms"),
    }
