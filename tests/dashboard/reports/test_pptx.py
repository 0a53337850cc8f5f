"""The slides of a report, read back: native charts and tables, nothing outside a slide."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest
from fixtures import small_report
from pptx import Presentation
from pptx.util import Emu, Pt

from dashboard.figures import theme
from dashboard.reports import pptx
from dashboard.reports.document import Document, Grid, Paragraph, Picture, Section
from dashboard.reports.pptx_tables import layout, runs
from dashboard.reports.room import n_lines

FONT = "Noto Sans CJK SC"


def deck(document: Document) -> Any:
    return Presentation(io.BytesIO(pptx.render(document, [FONT])))


@pytest.fixture(scope="module", params=["en", "zh"])
def slides(request: pytest.FixtureRequest) -> Any:
    return deck(small_report.document(request.param))


def test_every_slide_has_a_title_notes_and_a_foot(slides: Any) -> None:
    for number, slide in enumerate(slides.slides, 1):
        assert slide.shapes.title.text_frame.text
        assert slide.has_notes_slide
        assert slide.notes_slide.notes_text_frame.text
        texts = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        assert any(t.startswith("Artonomics") and t.endswith(f"· {number}") for t in texts)


def test_charts_are_native_and_have_words_for_who_cannot_see_them(slides: Any) -> None:
    frames = [s for slide in slides.slides for s in slide.shapes if s.has_chart or s.has_table]
    assert sum(frame.has_chart for frame in frames) == 2
    assert all(f._element.nvGraphicFramePr.cNvPr.get("descr") for f in frames)
    assert not [s for slide in slides.slides for s in slide.shapes if s.shape_type == 13]


def test_notes_name_the_sources(slides: Any) -> None:
    (noted,) = [
        slide.notes_slide.notes_text_frame.text
        for slide in slides.slides
        if any(shape.has_chart for shape in slide.shapes)
    ]
    assert "https://prices.example/2" in noted
    assert "/compute?a=1" in noted


def test_the_numbers_of_a_chart_are_those_of_the_figure(slides: Any) -> None:
    charts = [s.chart for slide in slides.slides for s in slide.shapes if s.has_chart]
    assert list(charts[0].plots[0].series[0].values) == [0.1, -0.2, 0.3]
    assert list(charts[1].plots[0].series[0].values) == [-1.0, 2.0]


def test_an_axis_crosses_at_an_end_so_that_no_label_runs_through_the_plot(slides: Any) -> None:
    charts = [s.chart for slide in slides.slides for s in slide.shapes if s.has_chart]
    lines, bars = (chart._chartSpace.xml for chart in charts)
    assert re.findall(r'<c:crosses val="(\w+)"', lines) == ["min", "min"]
    assert 'c:tickLblPos val="low"' in bars
    assert re.findall(r'<c:crosses val="(\w+)"', bars) == ["autoZero", "max"]  # rows from the top


def test_one_edge_of_a_band_is_named_and_none_of_many_panels(slides: Any) -> None:
    chart = next(s.chart for slide in slides.slides for s in slide.shapes if s.has_chart)
    assert chart.has_legend
    assert chart._chartSpace.xml.count("<c:legendEntry>") == 1


def test_the_longest_line_comes_first_in_the_file_and_all_keep_their_order_and_looks() -> None:
    figure = go.Figure()
    inks = {"short": "#0072B2", "long": "#D55E00", "middle": "#009E73"}
    for name, n in (("short", 2), ("long", 9), ("middle", 4)):
        line = {"color": inks[name]}
        figure.add_scatter(
            x=[float(at) for at in range(n)], y=[1.0] * n, name=name, mode="lines", line=line
        )
    figure = theme.finish(figure, alt="Three lines.", mode="light", height=320)
    document = small_report.document("en")
    section = Section("Shown", (Picture("lines", figure, "Lines"),))
    (chart,) = [
        shape.chart
        for slide in deck(replace(document, sections=(section,))).slides
        for shape in slide.shapes
        if shape.has_chart
    ]
    assert [series.name for series in chart.plots[0].series] == ["short", "long", "middle"]
    for series in chart.plots[0].series:
        assert f"#{series.format.line.color.rgb}" == inks[series.name]
    stored = chart._chartSpace.xpath(".//c:ser")
    assert [ser.xpath("string(c:tx//c:v)") for ser in stored] == ["long", "middle", "short"]
    assert [int(ser.xpath("string(c:order/@val)")) for ser in stored] == [1, 2, 0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_stands_outside_a_slide_however_much_is_said(language: str) -> None:
    document = small_report.document(language, rows=70)
    sentence = small_report.SENTENCES[language] + " "
    told = Section("x" * 200, (Paragraph(sentence * 90), Paragraph(sentence * 20)))
    long = replace(
        document,
        title=document.title * 8,
        finding=(sentence * 12,) * 6,
        sections=(*document.sections, told),
        facts=tuple((f"Fact {n}", sentence * 2) for n in range(12)),
    )
    made = deck(long)
    for slide in made.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= made.slide_width
            height = shape.height
            if shape.has_table:
                height = sum(row.height for row in shape.table.rows)
            elif shape.has_text_frame and shape.text_frame.text:
                height = needed(shape)
            assert shape.top + height <= made.slide_height, shape.name
    texts = " ".join(s.text_frame.text for p in made.slides for s in p.shapes if s.has_text_frame)
    assert texts.count(sentence.strip()) >= 90 + 20 + 12 * 6


def needed(shape: Any) -> int:
    """Return the height of a text by another count: signs of the mean width, line by line."""
    height = 0.0
    for line in shape.text_frame.paragraphs:
        size = max((run.font.size.pt for run in line.runs if run.font.size), default=10.0)
        wide = sum(size if ord(sign) > 0x2E7F else 0.48 * size for sign in line.text)
        height += -(-wide // (shape.width / Pt(1))) * size * 1.2
    return Emu(int(Pt(height)))


def test_all_rows_of_a_long_table_are_shown_under_a_header_on_every_slide() -> None:
    made = deck(small_report.document("en", rows=70))
    tables = [s.table for slide in made.slides for s in slide.shapes if s.has_table]
    long = [table for table in tables if table.cell(0, 0).text == "Day"]
    assert len(long) > 1
    assert sum(len(table.rows) - 1 for table in long) == 70


def test_a_table_is_set_as_large_as_it_fits_and_no_number_is_broken() -> None:
    few = Grid("c", ("a", "b"), (("x", "1.00"),), (False, True))
    many = Grid(
        "c",
        tuple("abcdefghijklmn"),
        (("words and words", *["1,234.56"] * 13),),
        (False, *[True] * 13),
    )
    assert layout(few, 870).size > layout(many, 870).size >= 7
    assert sum(layout(many, 870).widths) <= 871
    assert all(width >= 8 * 0.5 * layout(many, 870).size for width in layout(many, 870).widths)


def test_a_header_is_bold_and_may_end_a_line_at_its_dash() -> None:
    grid = Grid("c", ("Kolari–Pynnönen (Patell)",), (("0.02",),), (True,))
    found = layout(grid, 120)
    wide = len("Kolari–Pynnönen") * 0.6 * found.size  # of bold letters
    lines = 2 if found.widths[0] >= wide else 3
    assert found.heights[0] >= lines * 1.4 * found.size
    assert n_lines("Kolari–Pynnönen (Patell)", 14) == 3
    assert n_lines("Kolari–Pynnönen (Patell)", 16) == 2


def test_rows_are_never_lost_between_parts() -> None:
    rows = tuple((f"row {n}", "long words " * (n % 9)) for n in range(50))
    found = layout(Grid("c", ("a", "b"), rows, (False, False)), 300)
    parts = runs(found, 200)
    assert [row for first, last in parts for row in range(first, last)] == list(range(50))


def test_equal_documents_give_equal_bytes_also_in_the_workbooks_inside() -> None:
    one, two = (pptx.render(small_report.document("zh"), [FONT]) for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [name for name in archive.namelist() if name.endswith(".xlsx")]
        assert b"2026-11-23T01:02:00Z" in archive.read("docProps/core.xml")


def test_letters_have_a_font_with_chinese_characters() -> None:
    with zipfile.ZipFile(io.BytesIO(pptx.render(small_report.document("zh"), [FONT]))) as archive:
        slide = archive.read("ppt/slides/slide1.xml").decode()
        chart = next(archive.read(n).decode() for n in archive.namelist() if "charts/chart" in n)
    assert f'<a:ea typeface="{FONT}"/>' in slide
    assert f'typeface="{FONT}"' in chart
    assert 'lang="zh-CN"' in slide
