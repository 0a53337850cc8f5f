"""What every report has, whichever it is: the same parts in both languages, evidence, options."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard import reports
from dashboard.reports import unit_economics
from dashboard.reports.charts import charts_of
from dashboard.reports.choice import Choice
from dashboard.reports.document import Calculation, Document, Grid, Paragraph, Picture, Points
from dashboard.reports.edition import Edition, house_words
from dashboard.reports.native_charts import Surface
from dashboard.text import words
from etl.errors import InputError
from etl.warehouse import SnapshotReader

KINDS = ("measured", "disclosed", "estimated", "simulated", "assumed")
SPREADSHEET: dict[str, Any] = {"max": max, "when": lambda test, yes, no: yes if test else no}
Say = Callable[..., dict[str, Document]]


@pytest.fixture(scope="module")
def reader(grown: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(grown, for_export=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def said(reader: SnapshotReader, grown: Path) -> dict[str, dict[str, Document]]:
    """Return every report over the same data, in both languages."""
    choices = {"weekly": Choice(data_dir=grown / "nowhere"), "unit-economics": Choice()}
    found = {}
    for name in reports.REPORTS:
        prepared = reports.definition(name).prepare(reader, choices.get(name, Choice()))
        found[name] = {language: prepared.document(words(language)) for language in ("en", "zh")}
    return found


@pytest.fixture(params=reports.REPORTS)
def report(request: pytest.FixtureRequest, said: dict[str, dict[str, Document]]) -> Any:
    return said[request.param]


def shape(document: Document) -> list[list[type]]:
    return [[type(block) for block in section.blocks] for section in document.sections]


def test_both_languages_hold_the_same_parts(report: dict[str, Document]) -> None:
    english, chinese = report["en"], report["zh"]
    assert shape(english) == shape(chinese)
    assert len(english.finding) == len(chinese.finding)
    assert len(english.sources) == len(chinese.sources)
    assert [len(part.blocks) for part in english.sections] == [
        len(part.blocks) for part in chinese.sections
    ]


def test_a_report_has_a_finding_methods_sources_and_a_foot(report: dict[str, Document]) -> None:
    document = report["en"]
    assert document.finding
    assert document.sections[-1].heading == "How it was measured"
    assert document.sources
    facts = dict(document.facts)
    assert {"Data published", "Filters", "Permalink", "Data version", "Program"} <= set(facts)
    assert facts["Permalink"].startswith("/")
    assert "lang=en" in facts["Permalink"]
    assert "no investment advice" in document.disclaimer


def test_every_figure_and_caption_bears_its_evidence(report: dict[str, Document]) -> None:
    for picture in report["en"].pictures():
        assert any(kind in picture.caption for kind in KINDS) or picture.key == "surface"
        assert picture.alt


def test_no_picture_has_the_key_of_another(report: dict[str, Document]) -> None:
    keys = [picture.key for picture in report["en"].pictures()]
    assert len(keys) == len(set(keys))


def test_chinese_says_nothing_in_english_sentences(report: dict[str, Document]) -> None:
    document = report["zh"]
    texts = [document.title, document.disclaimer, *document.finding]
    for section in document.sections:
        texts.append(section.heading)
        texts += [block.text for block in section.blocks if isinstance(block, Paragraph)]
    for text in texts:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in text), text


def test_tables_keep_values_beside_their_words(report: dict[str, Document]) -> None:
    grids = [b for s in report["en"].sections for b in s.blocks if isinstance(b, Grid)]
    for grid in grids:
        assert len(grid.header) == len(grid.numeric)
        assert all(len(row) == len(grid.header) for row in grid.rows)
        if grid.values:
            assert [len(row) for row in grid.values] == [len(row) for row in grid.rows]
            assert len(grid.formats) == len(grid.header)


def test_every_calculation_comes_to_what_the_program_computed(report: dict[str, Document]) -> None:
    sums = [b for s in report["en"].sections for b in s.blocks if isinstance(b, Calculation)]
    for calculation in sums:
        known = {line.key: line.value for line in calculation.inputs}
        for line in calculation.formulas:
            terms = {key: f"known[{key!r}]" for key in known}
            expression = line.expression.format(**terms).replace("MAX(", "max(")
            found = eval(expression.replace("IF(", "when("), SPREADSHEET | {"known": known})
            same = math.isclose(found, line.value, rel_tol=1e-9, abs_tol=1e-12)
            both_missing = math.isnan(found) and math.isnan(line.value)
            assert same or both_missing, line.key
            known[line.key] = found


def test_an_option_a_report_does_not_read_is_refused() -> None:
    for name in reports.REPORTS:
        own = reports.definition(name).OPTIONS
        unread = next(o for o in ("ticker", "scenario") if o not in own)
        with pytest.raises(InputError, match=f"got --{unread}"):
            Choice(**{unread: "x"}).require_only(name, own)


@pytest.mark.parametrize("name", ["attention", "growth", "compute", "unit-economics", "market"])
def test_the_house_adds_its_own_words(reader: SnapshotReader, name: str) -> None:
    choice = Choice(house={"en": "The house holds shares of Meitu."})
    document = reports.definition(name).prepare(reader, choice).document(words("en"))
    assert document.disclaimer.startswith("The house holds shares of Meitu.")
    chinese = reports.definition(name).prepare(reader, choice).document(words("zh"))
    assert "The house" not in chinese.disclaimer


def test_lines_of_the_house_stay_lines_before_ours(tmp_path: Path) -> None:
    (tmp_path / "disclosure.en.txt").write_text("We hold  shares.\n\nAsk us.\n", encoding="utf-8")
    house = house_words(tmp_path)
    assert house == {"en": "We hold shares.\nAsk us."}
    edition = Edition(None, datetime(2026, 1, 1, tzinfo=UTC), "", "", house=house)
    lines = edition.disclaimer(words("en")).splitlines()
    assert lines[:2] == ["We hold shares.", "Ask us."]
    assert lines[2].startswith("This report describes the past.")
    assert len(edition.disclaimer(words("zh")).splitlines()) == 1


def test_what_decides_is_told_in_sentences(reader: SnapshotReader) -> None:
    for language, stop in (("en", "."), ("zh", "。")):
        document = unit_economics.prepare(reader, Choice()).document(words(language))
        assert not [told for told in document.finding if " · " in told]
        assert all(told.endswith(stop) for told in document.finding)


def test_points_are_whole_sentences(report: dict[str, Document]) -> None:
    points = [b for s in report["en"].sections for b in s.blocks if isinstance(b, Points)]
    assert all(item.strip() for block in points for item in block.items)
    assert all(isinstance(p, Picture) for p in report["en"].pictures())


def test_one_number_is_rounded_the_same_everywhere_in_the_memo(reader: SnapshotReader) -> None:
    choice = Choice(scenario="small-platform")
    document = reports.definition("unit-economics").prepare(reader, choice).document(words("en"))
    grids = [b for s in document.sections for b in s.blocks if isinstance(b, Grid)]
    rows = [row for grid in grids for row in grid.rows]
    kept = next(row for row in rows if "Kept of a payer after tax and store" in row)
    plan = next(row for row in rows if row[0] == "portrait pack")
    assert kept[2] in plan


def test_the_map_of_the_small_platform_has_its_numbers(reader: SnapshotReader) -> None:
    choice = Choice(scenario="small-platform")
    for language in ("en", "zh"):
        prepared = reports.definition("unit-economics").prepare(reader, choice)
        pictures = {p.key: p for p in prepared.document(words(language)).pictures()}
        found = charts_of(pictures["surface"].figure)
        assert any(isinstance(part, Surface) for part in found)
        assert "thick" not in pictures["surface"].caption


def test_chinese_memos_hold_no_english_of_the_program(reader: SnapshotReader) -> None:
    choice = Choice(scenario="small-platform")
    document = reports.definition("unit-economics").prepare(reader, choice).document(words("zh"))
    blocks = [block for section in document.sections for block in section.blocks]
    grids = [b.grid() if isinstance(b, Calculation) else b for b in blocks]
    cells = [text for b in grids if isinstance(b, Grid) for row in b.rows for text in row]
    assert not [text for text in cells if "default of the model" in text]
    assert not [text for text in cells if "was stated by" in text]
    assert "模型默认值" in cells
    assert "default of the model" not in {source.title for source in document.sources}


def test_a_sign_that_no_draw_turns_is_no_probability(reader: SnapshotReader) -> None:
    choice = Choice(scenario="meitu-2022")
    document = reports.definition("unit-economics").prepare(reader, choice).document(words("en"))
    told = " ".join(document.finding)
    assert "Above zero in every draw" in told
    assert "It stands before what nobody gave:" in told
    assert "100%" not in told.partition("It stands")[0]
