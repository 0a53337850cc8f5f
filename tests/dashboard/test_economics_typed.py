"""Shares are typed in per cent, and what cannot be is told in the reader's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.tables.economics import typed
from dashboard.text import words
from etl.analytics.inputs import INPUTS

EN, ZH = words("en"), words("zh")


def fault(name: str, value: float | None, low: float | None = None, high: float | None = None):
    return typed.fault(name, (value, low, high), INPUTS[name].unit.replace("{c}", "CNY"), EN)


def test_shares_stand_in_per_cent_and_factors_do_not() -> None:
    per_cent = {name for name in INPUTS if typed.scale(name) == 100}
    assert {"paying_share", "gross_margin", "retry_rate", "paid_churn_rate"} <= per_cent
    assert not {"pue", "server_overhead", "peak_to_mean_ratio", "cac"} & per_cent
    assert typed.unit("paid_churn_rate", "ratio/month", EN) == "%/month"
    assert typed.unit("pue", "ratio", EN) == "times"
    assert typed.unit("cac", "CNY/payer", EN) == "CNY/payer"


@given(st.sampled_from(sorted(INPUTS)), st.decimals(0, 1, places=6).map(float))
def test_what_is_shown_means_what_was_held(name: str, value: float) -> None:
    assert typed.meant(name, typed.shown(name, value)) == value


def test_a_figure_out_of_bounds_is_told_with_its_name_its_unit_and_what_to_type() -> None:
    assert fault("paying_share", 5.0) == (
        "Payers among monthly actives: 500 % cannot be. Expected at least 0 and at most 100 (%). "
        "Shares are typed in per cent: 5 is 5%."
    )
    assert fault("active_users", 0.0) == (
        "Monthly active users: 0 users cannot be. Expected more than 0 (users)."
    )
    assert "more than 0 and less than 100" in fault("utilisation", 1.0)
    assert "at least -500 and at most 100" in fault("gross_margin", -6.0)
    assert "cannot be" in fault("cac", float("inf"))


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ((0.03, 0.01, None), "one end of a range alone"),
        ((None, 0.01, None), "an end of a range without a value"),
        ((0.03, 0.04, 0.05), "the range 4 to 5 does not hold the value 3"),
        ((0.03, 0.01, 2.0), "200 % cannot be"),
    ],
)
def test_a_range_that_cannot_be_is_told(cells: typed.Typed, told: str) -> None:
    assert told in fault("paying_share", *cells)


def test_what_can_be_is_no_fault() -> None:
    assert fault("paying_share", 0.03, 0.01, 0.05) == ""
    assert fault("paying_share", None) == ""
    assert fault("paying_share", 1.0) == ""


def test_raw_names_of_inputs_are_put_into_words() -> None:
    told = "got inputs.paying_share: 5 ratio and inputs.nonsense"
    assert typed.named(told, EN) == (
        "got “Payers among monthly actives”: 5 ratio and inputs.nonsense"
    )
    assert "inputs." not in typed.named("got inputs.refund_rate: 5", ZH)
