"""Every input, step and way of sourcing has a name in both languages."""

from __future__ import annotations

import pytest

from dashboard.tables.economics import names
from dashboard.text import words
from etl.analytics import curiosity_to_cash, product_month
from etl.analytics.inputs import INPUTS, SOURCINGS


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_a_model_can_name_has_a_name(language: str) -> None:
    said = words(language)
    for name, spec in INPUTS.items():
        assert names.input_name(name, said)
        assert names.group_name(spec.group, said)
        assert names.settled_by(spec.settled_by, said)
    for name in (*product_month.UNITS, *curiosity_to_cash.UNITS):
        assert names.step_name(name, said)
    for sourcing in SOURCINGS:
        assert names.sourcing_name(sourcing, said)


def test_no_unit_is_called_a_ratio() -> None:
    en, zh = words("en"), words("zh")
    assert names.figure_unit("ratio", en) == names.figure_unit("ratio", zh) == "%"
    assert names.figure_unit("ratio/month", zh) == "%/月"
    assert names.figure_unit("CNY/user/month", en) == "CNY/user/month"
    assert names.step_unit("hype_multiple", "ratio", en) == "times"
    assert names.step_unit("hype_multiple", "ratio", zh) == "倍"
    assert names.step_unit("irr", "ratio", en) == "%"
    assert names.input_unit("pue", "ratio", en) == "times"
    assert names.input_unit("paying_share", "ratio", zh) == "比例"


def test_months_are_counted_in_chinese() -> None:
    assert names.amount(4.46, "months", words("zh")) == "4.46 个月"
    assert names.amount(4.46, "months", words("en")) == "4.46 months"


def test_figures_are_written_by_their_unit() -> None:
    said = words("en")
    assert names.amount(0.0231, "ratio", said) == "2.31%"
    assert names.amount(12_345.6, "CNY/month", said) == "CNY 12,346/month"
    assert names.amount(0.0123, "USD/image", said) == "USD 0.0123/picture"
    assert names.amount(15_000, "count", said) == "15,000 users"
    assert names.amount(None, "count", said) == "–"
