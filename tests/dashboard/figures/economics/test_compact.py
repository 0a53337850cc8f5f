"""Money at a mark: whole below a million, in words from there on, in either language."""

from __future__ import annotations

import pytest

from dashboard.figures.economics import compact, scales
from dashboard.text import words


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        (8_154_321, "CNY", "CNY 8.15 million", "CNY 815.43万"),
        (-69_387_292, "CNY/month", "−CNY 69.39 million a month", "每月 −CNY 6938.73万"),
        (1_234_567_890, "USD", "USD 1.23 billion", "USD 12.35亿"),
    ],
)
def test_from_a_million_on_money_is_told_in_words(value, unit, english, chinese):
    assert compact.write(words("en"), value, unit) == english
    assert compact.write(words("zh"), value, unit) == chinese


def test_what_is_added_bears_its_plus():
    assert compact.write(words("en"), 2e6, "CNY", signed=True) == "+CNY 2 million"


@pytest.mark.parametrize(
    ("value", "unit"), [(999_999, "CNY"), (5e6, "count"), (0.3, "ratio"), (None, "CNY")]
)
def test_anything_else_is_written_as_elsewhere(value, unit):
    said = words("en")
    assert compact.write(said, value, unit) == scales.write(said, value, unit)
