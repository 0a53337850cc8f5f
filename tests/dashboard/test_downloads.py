"""A table of a page as CSV, Parquet and a workbook: values, origin, terms and hostile cells."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dashboard import downloads
from dashboard.downloads import Origin
from dashboard.tables.table import Provenance, Table, TableColumn
from dashboard.text import words
from etl.errors import InputError

EN, ZH = words("en"), words("zh")
HOSTILE = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-5", "plain"]
ORIGIN = Origin(
    "Whether the price moved",
    Provenance("estimated", "1 = 100%", date(2022, 12, 8), "market model", "https://x.example/a"),
    datetime(2026, 11, 20, 4, tzinfo=UTC),
    "abc123",
    "0.1.0",
    "/market",
    (("event", "a,b"), ("lang", "en")),
)


def hostile() -> Table:
    """Return a table whose text a spreadsheet would run."""
    frame = pd.DataFrame({"said": HOSTILE, "n": range(len(HOSTILE)), "hidden": "x"})
    columns = {"said": TableColumn("Said"), "n": TableColumn("How often", "integer", unit="times")}
    return Table(frame, columns, "hostile")


def sheets(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of each sheet of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def origin_of(content: bytes) -> dict[str, object]:
    """Return what the metadata of a Parquet file says."""
    return json.loads(pq.read_schema(io.BytesIO(content)).metadata[downloads.METADATA])


def test_equal_data_give_equal_bytes_at_any_time():
    first = {form: downloads.make(hostile(), form, ORIGIN, EN) for form in downloads.MIME_TYPES}
    time.sleep(2.1)  # a zip knows the time to two seconds
    again = {form: downloads.make(hostile(), form, ORIGIN, EN) for form in downloads.MIME_TYPES}
    assert [form for form, content in again.items() if content != first[form]] == []


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="got the format 'ods'; expected one of"):
        downloads.make(hostile(), "ods", ORIGIN, EN)


def test_what_a_spreadsheet_would_run_is_made_harmless_for_spreadsheets_alone():
    safe = ["'=HYPERLINK(1)", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\t=1", "-5", "plain"]
    csv = pd.read_csv(io.BytesIO(downloads.make(hostile(), "csv", ORIGIN, EN)), dtype=str)
    assert csv["said"].tolist() == safe
    book = openpyxl.load_workbook(io.BytesIO(downloads.make(hostile(), "xlsx", ORIGIN, EN)))
    cells = [cell for (cell,) in book["Data"]["A2:A8"]]
    assert [cell.value for cell in cells] == safe
    assert {cell.data_type for cell in cells} == {"s"}
    raw = pq.read_table(io.BytesIO(downloads.make(hostile(), "parquet", ORIGIN, EN)))
    assert raw["said"].to_pylist() == HOSTILE


def test_hostile_words_of_a_source_are_harmless_on_the_sheet_of_provenance_too():
    told = Provenance("disclosed", source="=1+1", url="@x")
    written = sheets(downloads.xlsx(hostile(), replace(ORIGIN, provenance=told), EN))
    values = [row[1] for row in written["Provenance"]]
    assert "'=1+1" in values
    assert "'@x" in values


def test_a_workbook_holds_the_shown_columns_and_says_where_they_come_from():
    written = sheets(downloads.xlsx(hostile(), ORIGIN, EN))
    assert list(written) == ["Data", "Provenance"]
    assert written["Data"][0] == ("said", "n")
    assert written["Data"][1][1] == 0
    told = written["Provenance"]
    for row in (
        ("Table", "hostile"),
        ("Title", "Whether the price moved"),
        ("Evidence", "estimated"),
        ("As of", "2022-12-08"),
        ("Source", "market model"),
        ("Address", "https://x.example/a"),
        ("Data version", "abc123"),
        ("Data published", "2026-11-20T04:00:00+00:00"),
        ("Permalink", "/market?event=a%2Cb&lang=en"),
        ("Filters", "event=a,b"),
        ("Program", "Artonomics 0.1.0"),
    ):
        assert row in [line[:2] for line in told], row
    assert ("n", "How often", "times", "") in told


def test_the_sheet_of_provenance_speaks_the_language_of_the_page():
    written = sheets(downloads.xlsx(hostile(), ORIGIN, ZH))
    assert "Provenance" not in written
    assert ZH.evidence("estimated") in [row[1] for row in list(written.values())[1]]


def test_parquet_says_the_same_in_its_schema():
    content = downloads.parquet(hostile(), ORIGIN)
    told = origin_of(content)
    assert told["table"] == "hostile"
    assert told["evidence"] == "estimated"
    assert told["permalink"] == "/market?event=a%2Cb&lang=en"
    assert told["published_at"] == "2026-11-20T04:00:00+00:00"
    field = pq.read_schema(io.BytesIO(content)).field("n")
    assert field.metadata == {b"label": b"How often", b"unit": b"times"}


def test_sources_of_the_rows_are_told_also_where_their_column_is_not_shown():
    frame = pd.DataFrame({"x": [1, 2, 3], "source": ["b", "a", "b"], "evidence_kind": "measured"})
    table = Table(frame, {"x": TableColumn("X", "integer")}, "own")
    assert origin_of(downloads.parquet(table, ORIGIN))["rows_source"] == ["a", "b"]
    told = sheets(downloads.xlsx(table, ORIGIN, EN))["Provenance"]
    assert [row[1] for row in told if row[0] == "Sources of the rows"] == ["a", "b"]


def test_where_nothing_is_known_nothing_is_said():
    bare = Origin("T", None, None, "", "0.1.0")
    told = downloads.facts(hostile(), bare)
    assert set(told) == {"table", "title", "permalink", "program"}
    assert sheets(downloads.xlsx(hostile(), bare, EN))["Provenance"]


@pytest.mark.parametrize("form", downloads.MIME_TYPES)
def test_rows_that_may_not_be_passed_on_stay_out_of_every_format(form):
    shown = pd.DataFrame({"close": [1.0, 123.45678], "source": ["open", "closed"]})
    columns = {"close": TableColumn("Close", "number")}
    table = Table(shown, columns, "closes", passed_on=lambda: shown.head(1))
    left = pd.DataFrame({"source": ["closed"], "table_name": ["stock_prices"], "n_rows": [1]})
    content = downloads.make(table, form, replace(ORIGIN, left_out=lambda: left), EN)
    if form == "csv":
        assert content.decode("utf-8-sig") == "close\n1.0\n"
    elif form == "parquet":
        assert pq.read_table(io.BytesIO(content))["close"].to_pylist() == [1.0]
        assert origin_of(content)["rows_source"] == ["open"]
        assert origin_of(content)["left_out"] == ["closed: stock_prices, 1"]
    else:
        written = sheets(content)
        assert written["Data"] == [("close",), (1,)]
        assert ("Left out by its terms", "closed: stock_prices, 1") in [
            row[:2] for row in written["Provenance"]
        ]


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_where_no_row_may_be_passed_on_the_file_says_why(form):
    def refused() -> pd.DataFrame:
        raise InputError("got only bars that may not be passed on")

    shown = pd.DataFrame({"close": [123.45678]})
    table = Table(shown, {"close": TableColumn("Close")}, "closes", passed_on=refused)
    content = downloads.make(table, form, ORIGIN, EN)
    if form == "parquet":
        read = pq.read_table(io.BytesIO(content)).to_pydict()
    else:
        head, *rows = sheets(content)["Data"]
        read = {str(head[0]): [row[0] for row in rows]}
    assert read == {"nothing_may_be_passed_on": ["got only bars that may not be passed on"]}


def test_kinds_of_values_stay_what_they_are():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2022-12-07", None]),
            "at": pd.to_datetime(["2022-12-07T03:00:00Z", None], utc=True),
            "n": pd.array([2**60, None], dtype="Int64"),
            "x": [float("inf"), float("nan")],
            "mixed": [1, "one"],
        }
    )
    table = Table(frame, {name: TableColumn(name) for name in frame}, "kinds")
    _, first, second = sheets(downloads.xlsx(table, ORIGIN, EN))["Data"]
    day, at = datetime(2022, 12, 7), datetime(2022, 12, 7, 3)  # noqa: DTZ001
    assert first == (day, at, str(2**60), "inf", 1)
    assert second == (None, None, None, None, "one")
    raw = pq.read_table(io.BytesIO(downloads.parquet(table, ORIGIN)))
    assert raw["n"].to_pylist() == [2**60, None]
    assert raw["at"].to_pylist() == [datetime(2022, 12, 7, 3, tzinfo=UTC), None]
    assert raw["mixed"].to_pylist() == ["1", "one"]


def test_text_too_long_for_a_cell_is_cut_and_told():
    table = Table(pd.DataFrame({"t": ["x" * 40_000]}), {"t": TableColumn("T")}, "long")
    written = sheets(downloads.xlsx(table, ORIGIN, EN))
    assert len(str(written["Data"][1][0])) == 32_767
    assert ("!", "Text longer than a cell can hold was cut.") in [
        row[:2] for row in written["Provenance"]
    ]


def test_a_zip_holds_the_files_under_their_names_with_equal_bytes(tmp_path):
    files = [tmp_path / "a.pdf", tmp_path / "b.xlsx"]
    for file in files:
        file.write_text(file.name)
    content = downloads.zipped(files)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "a.pdf": "a.pdf",
            "b.xlsx": "b.xlsx",
        }
    files[0].touch()
    assert downloads.zipped(files) == content
