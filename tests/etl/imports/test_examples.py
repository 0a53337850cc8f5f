"""The files that pages show as examples can be brought in as they are."""

from __future__ import annotations

import csv

import pytest

from etl.imports import kinds, mapping
from etl.imports.examples import EXAMPLES


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(kinds.KINDS)


@pytest.mark.parametrize("verb", EXAMPLES)
def test_an_example_holds_what_is_required_and_is_taken_whole(desk, verb):
    kind = kinds.named(verb)
    columns = next(csv.reader([EXAMPLES[verb].splitlines()[0]]))
    required = set(mapping.required(kind))
    if kind.measures:
        required -= {"metric", "value"}  # its figures are columns
    assert required <= set(columns)
    done = desk.bring(verb, desk.write("a.csv", EXAMPLES[verb]))
    assert done.error is None
    assert done.entries[0].status == "ok", done.entries[0].error
    assert done.entries[0].rows_quarantined == 0


@pytest.mark.parametrize("verb", EXAMPLES)
def test_without_a_required_column_a_file_is_refused(desk, verb):
    kind = kinds.named(verb)
    name = mapping.required(kind)[0]
    columns = EXAMPLES[verb].splitlines()[0].split(",")
    assert name in columns
    text = EXAMPLES[verb].replace(name, "quux", 1)
    assert f"no column for {name}" in desk.refused(verb, desk.write("a.csv", text))
