"""What a thousand pictures cost, on the page and in its words."""

# pyright: basic

from __future__ import annotations

import pytest

from dashboard.tables.economics import names
from dashboard.tables.economics import pictures as tables
from dashboard.text import words
from etl.scenarios.picture_costs import picture_costs
from etl.scenarios.resolve import scenario
from tests.etl.scenarios.test_mix import IMAGE, TRAINING, TYPED


@pytest.fixture
def mixed():
    return picture_costs(scenario(TYPED, "mixed.yml", None))


def one(**changed):
    told = {name: part for name, part in TYPED.items() if name != "mix"}
    inputs = {"hourly_price": 18, "utilisation": 0.5, "images_per_second": 2, **changed}
    given = {name: value for name, value in inputs.items() if value is not None}
    return picture_costs(scenario({**told, "inputs": given}, "one.yml", None))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_mix_and_its_pack_are_told_with_their_ranges(mixed, lang):
    said = words(lang)
    thousand, pack = tables.sentences(mixed, "CNY", said)
    assert names.amount(1_000 * IMAGE, "CNY", said) in thousand
    assert names.amount(TRAINING + 40 * IMAGE, "CNY", said) in pack
    assert names.amount(TRAINING, "CNY", said) in pack


def test_parts_add_up_to_the_thousand(mixed):
    frame = tables.parts(mixed, "assumed", words("en"))
    assert frame["role"].to_list() == ["add", "total"]
    assert frame["amount"].iloc[:-1].sum() == pytest.approx(frame["amount"].iloc[-1])


def test_the_table_has_every_kind_the_mix_and_the_pack(mixed):
    table = tables.kinds(mixed, "CNY", words("en"))
    assert table.frame["what"].to_list() == [
        *("text to image 1024", "image to image 512", "The mix"),
        *("Training of a pack (one)", "A pack of 40 pictures"),
    ]
    assert table.frame["value"].iloc[2] == pytest.approx(1_000 * IMAGE)
    assert set(tables.inputs_of_cells(mixed, words("en")).frame["what"]) == {
        "text to image 1024",
        "image to image 512",
    }


def test_what_a_kind_rests_on_is_written_as_the_table_of_inputs_writes_it(mixed):
    table = tables.inputs_of_cells(mixed, words("zh"))
    assert set(table.frame["source"]) == {"手动填写"}
    assert table.columns["value"].kind == "any"


def test_one_kind_needs_no_mix_and_a_missing_input_is_named():
    said = words("en")
    costs = one()
    assert tables.sentences(costs, "CNY", said) == ["A thousand delivered pictures cost CNY 5.00."]
    assert tables.kinds(costs, "CNY", said).frame["what"].to_list() == ["Every picture"]
    lacking = one(images_per_second=None)
    assert lacking.per_1000 is None
    assert list(lacking.missing) == ["images_per_second"]


def test_a_kind_that_lacks_an_input_is_named():
    cells = {"a": {"share": 0.5, "images_per_second": 1}, "b": {"share": 0.5}}
    costs = picture_costs(scenario({**TYPED, "mix": {"cells": cells}}, "m.yml", None))
    (told,) = tables.lacking(costs, words("en"))
    assert told.endswith("is not told for: b.")
    assert tables.kinds(costs, "CNY", words("en")).frame["evidence_kind"].to_list()[1:] == [
        "missing",
        "missing",
    ]
