"""The spreadsheet of a report, read back with another library and with an office program."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fixtures import small_report
from fixtures.office import convert

from dashboard.reports import xlsx
from dashboard.reports.document import Calculation, Grid, Paragraph, Section


@pytest.fixture(scope="module")
def made() -> bytes:
    return xlsx.render(small_report.document("en"))


@pytest.fixture(scope="module")
def book(made: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(made))


def cells(sheet: Any) -> dict[Any, Any]:
    return {cell.value: cell for row in sheet.iter_rows() for cell in row if cell.value is not None}


def test_the_summary_comes_first_and_the_provenance_last(book: Any) -> None:
    assert book.sheetnames == ["Summary", "Shown", "Summed", "Chart data", "Sources"]
    told = cells(book["Sources"])
    assert {"Prices", "https://prices.example/1", "https://prices.example/2"} <= set(told)
    assert told["https://prices.example/1"].hyperlink.target == "https://prices.example/1"
    assert {"Permalink", "/compute?a=1", "2026-11-23 01:02 UTC", "No advice."} <= set(told)


def test_numbers_and_days_are_worth_what_they_say(book: Any) -> None:
    (row,) = [
        row for row in book["Shown"].iter_rows() if str(row[0].value) == "2026-11-02 00:00:00"
    ]
    assert row[0].number_format == "yyyy-mm-dd"
    assert row[2].value == 0.125
    assert row[2].number_format == "0.0%"


def test_text_from_data_never_becomes_a_formula(book: Any, made: bytes) -> None:
    formulas = [
        cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert len(formulas) == 2
    assert all("HYPERLINK" not in formula for formula in formulas)
    texts = [c.value for s in book for r in s.iter_rows() for c in r if isinstance(c.value, str)]
    hostile = [text for text in texts if "HYPERLINK" in text]
    assert hostile
    assert all(text.startswith(("'=", "• =")) for text in hostile)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        charts = [archive.read(n).decode() for n in archive.namelist() if "charts/chart" in n]
    assert charts
    assert all("<c:f>HYPERLINK" not in chart for chart in charts)


def test_every_panel_is_a_native_chart_with_words_for_who_cannot_see_it(made: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    assert len([name for name in names if name.startswith("xl/charts/chart")]) == 2
    assert not [name for name in names if name.startswith("xl/media")]
    assert drawing.count('descr="A line rises and two bars part."') == 2


def test_a_heat_map_is_a_shaded_table(book: Any) -> None:
    sheet = book["Summed"]
    assert sheet.conditional_formatting
    assert {0.1, 0.2, 0.4} <= set(cells(sheet))


def test_sheets_are_set_up_for_paper(book: Any) -> None:
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToWidth in (None, 1)  # one page is what is meant by nothing
        assert sheet.page_setup.fitToHeight == 0
    assert book["Shown"].freeze_panes == "A2"
    assert book["Sources"].freeze_panes == "A3"


def test_a_long_table_keeps_its_header_in_sight() -> None:
    document = small_report.document("en", rows=60)
    section = document.sections[0]
    only_table = replace(section, blocks=section.blocks[1:])
    made = xlsx.render(replace(document, sections=(only_table,)))
    sheet = openpyxl.load_workbook(io.BytesIO(made))["Shown"]
    first = int(str(sheet.freeze_panes)[1:])
    assert sheet.cell(first - 1, 1).value == "Day"


def test_a_table_of_which_paper_has_the_first_rows_is_whole() -> None:
    document = small_report.document("en", rows=60)
    section = document.sections[0]
    whole = next(block for block in section.blocks if isinstance(block, Grid))
    first = replace(whole, rows=whole.rows[:15], values=whole.values[:15], whole=whole)
    made = xlsx.render(replace(document, sections=(replace(section, blocks=(first,)),)))
    sheet = openpyxl.load_workbook(io.BytesIO(made))["Shown"]
    days = [row[0].value for row in sheet.iter_rows() if hasattr(row[0].value, "day")]
    assert len(days) == 60


def test_a_row_is_as_high_as_its_text() -> None:
    document = small_report.document("en")
    blocks = (Paragraph("word " * 200), Paragraph("字" * 300), Paragraph("word"))
    sheet = openpyxl.load_workbook(
        io.BytesIO(xlsx.render(replace(document, sections=(Section("Told", blocks),))))
    )["Told"]
    heights = [sheet.row_dimensions[row].height for row in (3, 5, 7)]
    assert heights[0] >= 14 * 1000 / 155
    assert heights[1] >= 14 * 600 / 155
    assert heights[2] < 20


def test_the_file_says_what_it_is(book: Any) -> None:
    assert book.properties.title == "What a picture costs"
    assert book.properties.creator == "Artonomics"
    assert str(book.properties.created) == "2026-11-23 01:02:00"


def test_equal_documents_give_equal_bytes(made: bytes) -> None:
    assert xlsx.render(small_report.document("en")) == made


def test_a_value_that_is_not_known_is_no_number() -> None:
    document = small_report.document("en")
    (sums,) = [b for b in document.sections[1].blocks if isinstance(b, Calculation)]
    lost = replace(sums.formulas[0], value=float("nan"))
    section = Section("Summed", (replace(sums, formulas=(lost,)),))
    made = xlsx.render(replace(document, sections=(section,)))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert "nan" not in archive.read("xl/worksheets/sheet2.xml").decode().casefold()


def test_formulas_follow_a_changed_input_in_an_office_program(
    book: Any, tmp_path: Path, made: bytes
) -> None:
    changed = openpyxl.load_workbook(io.BytesIO(made))
    sheet: Any = changed["Summed"]
    (price,) = [row for row in sheet.iter_rows() if row[0].value == "Price"]
    assert price[1].value == 2.5
    price[1].value = 5.0
    file = tmp_path / "changed.xlsx"
    changed.save(file)
    (tmp_path / "out").mkdir()
    (saved,) = convert([file], "xlsx", tmp_path / "out")
    read = openpyxl.load_workbook(saved, data_only=True)
    found = {row[0].value: row[1].value for row in read["Summed"].iter_rows()}
    assert found["Net"] == pytest.approx(4.0)
    assert found["Per fee"] == pytest.approx(20.0)
    first = openpyxl.load_workbook(io.BytesIO(made), data_only=True)["Summed"]
    before = {row[0].value: row[1].value for row in first.iter_rows()}
    assert (before["Net"], before["Per fee"]) == (2.0, 10.0)
