"""Tables on paper: no cell reaches into the one beside it, measured with the real letters."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
import typst
from fixtures import small_report
from pypdf import PdfReader

from dashboard.reports import machine, pdf
from dashboard.reports.document import Grid, Section
from dashboard.reports.pptx_tables import layout
from dashboard.reports.room import filled, longest_word, pieces, splittable
from etl.errors import ArtonomicsError

PAGE_PT, INSET_PT = 510.0, 6.0
LAGGING = "、".join(f"30{n:04}.SZ（从未采集到）" for n in range(40))
STALE = Grid(
    "2026年11月29日时已过期",
    ("来源", "最近观测", "滞后的股票", "最近采集（UTC）", "最近状态"),
    (
        ("fx_rates", "2026年10月30日", "–", "2026年11月29日 09:22 UTC", "成功"),
        ("stock_prices", "2026年8月3日", LAGGING, "2026年11月29日 09:22 UTC", "成功"),
    ),
    (False,) * 5,
)
FACTS = Grid(
    "Published figures",
    ("公开日", "主体", "指标", "数值", "单位", "证据类型", "来源"),
    tuple(
        (
            "采集日 2026年11月22日",
            "Lensa AI (Prisma Labs)",
            name,
            "29,000,000",
            "USD/million output tokens",
            "估计",
            "Lensa AI record downloads +631% in a month, as told by those who count them",
        )
        for name in (
            "consumer_spend_cumulative",
            "a_code_that_is_much_longer_than_any_column_of_this_table",
            "W" * 60,
        )
    ),
    (False, False, False, True, False, False, False),
)
CROWDED = Grid(
    "Ten columns",
    tuple(f"Heading number {n}" for n in range(10)),
    tuple(tuple(f"consumer_spend/{n}.cumulative" for n in range(10)) for _ in range(2)),
    (False,) * 10,
)


@pytest.fixture(scope="module")
def fonts() -> tuple[str, ...]:
    try:
        return tuple(machine.fonts("zh"))
    except ArtonomicsError as missing:
        pytest.skip(str(missing))


def widths_pt(words: list[str], fonts: tuple[str, ...], size_pt: float) -> dict[str, float]:
    """Return the width of each word, as the compiler sets it."""
    source = """
#let told = json(bytes(sys.inputs.told))
#set text(font: told.fonts, size: float(sys.inputs.size) * 1pt)
#context [#metadata(told.words.map(word => measure(text(word)).width / 1pt)) <widths>]
"""
    told = json.dumps({"words": words, "fonts": list(fonts)})
    inputs = {"told": told, "size": str(size_pt)}
    compiler = typst.Compiler(source.encode(), sys_inputs=inputs)
    found = json.loads(compiler.query("<widths>", field="value", one=True))
    return dict(zip(words, found, strict=True))


@pytest.mark.parametrize("table", [STALE, FACTS, CROWDED], ids=["stale", "facts", "crowded"])
@pytest.mark.parametrize("size", [layout[0] for layout in pdf.LAYOUTS[:1]])
def test_no_cell_reaches_into_the_next(table: Grid, size: float, fonts: tuple[str, ...]) -> None:
    laid = pdf._laid(table)
    assert all(laid.widths)
    texts = [(column, text) for row in (laid.header, *laid.rows) for column, text in enumerate(row)]
    whole = {
        (column, piece)
        for column, text in texts
        for piece in ([text] if table.numeric[column] else pieces(text))
        if piece
    }
    measured = widths_pt(sorted({piece for _, piece in whole}), fonts, 0.88 * size)
    for column, piece in whole:
        room = PAGE_PT * laid.widths[column] / sum(laid.widths) - INSET_PT
        assert measured[piece] <= room, (table.header[column], piece, measured[piece], room)


def test_a_short_column_is_not_starved_by_a_long_one() -> None:
    source, day, lagging, read, status = pdf._laid(STALE).widths
    assert lagging > 2 * day
    whole = sum(pdf._laid(STALE).widths)
    line_em = PAGE_PT / (0.88 * pdf.LAYOUTS[0][0])
    assert read / whole * line_em > pdf._em("2026年11月29日 09:22")
    assert min(source, status) / whole * line_em > pdf._em("成功")


def test_a_table_that_fits_is_as_wide_as_its_text() -> None:
    few = Grid("Few", ("Day", "Value"), (("1 Nov 2026", "12.5%"),), (False, True))
    assert pdf._laid(few) == pdf._Laid(few.header, few.rows, (0, 0))


def test_nothing_is_lost_where_a_code_is_broken(fonts: tuple[str, ...]) -> None:
    document = small_report.document("zh")
    tables = (STALE, FACTS, CROWDED)
    section = Section("表", tables)
    made = pdf.render(replace(document, sections=(section,)), {}, fonts)
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    flat = re.sub(r"[\s\u200b]+", "", read)
    for table in tables:
        for text in (cell for row in table.rows for cell in row):
            for word in text.split():
                assert word.strip("，,（）") in flat or len(word) > 20, word
    assert "consumer_spend_cumulative" in flat


def n_lines_set(text: str, room_pt: float, size_pt: float, fonts: tuple[str, ...]) -> int:
    """Return the lines that text takes in a room, as the compiler breaks them."""
    source = """
#let told = json(bytes(sys.inputs.told))
#set text(font: told.fonts, size: told.size * 1pt)
#set par(leading: 1pt)
#let high(text) = measure(block(width: told.room * 1pt, text)).height / 1pt
#context [#metadata((high(told.text), high("x"))) <heights>]
"""
    told = {"text": text, "fonts": list(fonts), "size": size_pt, "room": room_pt}
    compiler = typst.Compiler(source.encode(), sys_inputs={"told": json.dumps(told)})
    whole, one = json.loads(compiler.query("<heights>", field="value", one=True))
    return round((whole + 1) / (one + 1))


def test_a_row_of_a_slide_is_high_enough_for_every_line(fonts: tuple[str, ...]) -> None:
    english = ", ".join(f"30{n:04}.SZ (never read)" for n in range(30))
    codes = ", ".join(f"30{n:04}.SZ" for n in range(90))
    for text in (LAGGING, english, codes):
        row = (*STALE.rows[1][:2], text, *STALE.rows[1][3:])
        found = layout(replace(STALE, rows=(row,)), 870)
        # A cell has 0.05 inches at each side; a line of a Chinese font is 1.45 of its size.
        n_lines = n_lines_set(text, found.widths[2] - 7.2, found.size, fonts)
        assert found.heights[1] >= n_lines * 1.45 * found.size


def test_a_chinese_day_is_set_in_one_line(fonts: tuple[str, ...]) -> None:
    found = layout(replace(STALE, rows=STALE.rows[:1] * 2 + STALE.rows[1:]), 870)
    day = STALE.rows[0][1]
    assert n_lines_set(day, found.widths[1] - 7.2, found.size, fonts) == 1
    laid = pdf._laid(STALE)
    room = PAGE_PT * laid.widths[1] / sum(laid.widths) - INSET_PT
    assert n_lines_set(day, room, 0.88 * pdf.LAYOUTS[0][0], fonts) == 1


def test_a_row_of_many_lines_has_the_lines_of_a_chinese_font(fonts: tuple[str, ...]) -> None:
    # One word a line, so that the number of lines is no estimate.
    text = " ".join(["abcdefghijklmnopqrstuv"] * 12)
    found = layout(Grid("c", ("a", "b"), (("ab", text),), (False, False)), 150)
    assert n_lines_set(text, found.widths[1] - 7.2, found.size, fonts) == 12
    assert found.heights[1] >= 12 * 1.45 * found.size


class TestRoom:
    def test_a_code_breaks_after_its_own_signs(self) -> None:
        assert splittable("consumer_spend_cumulative", 12).split("\u200b") == [
            "consumer_",
            "spend_",
            "cumulative",
        ]

    def test_a_word_without_such_signs_breaks_anywhere(self) -> None:
        assert longest_word(splittable("x" * 50, 12)) == 12

    def test_what_is_short_enough_is_left_alone(self) -> None:
        assert splittable("a short_code 中文", 12) == "a short_code 中文"

    @pytest.mark.parametrize("room", [8.0, 12.0, 20.0, 100.0])
    def test_columns_fill_the_room_and_keep_what_they_need(self, room: float) -> None:
        least, wanted = [2.0, 3.0, 4.0], [3.0, 3.0, 50.0]
        found = filled(least, wanted, room)
        assert sum(found) <= room + 1e-6
        if room >= sum(least):
            assert all(own >= low - 1e-9 for own, low in zip(found, least, strict=True))
        if room >= 12:
            assert found[:2] == pytest.approx(wanted[:2])
