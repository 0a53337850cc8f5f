from __future__ import annotations

import numpy as np
import numpy.testing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.cashflow import irr
from etl.analytics.product_month import payback_months, product_month, yearly_return
from etl.analytics.quantities import Quantity
from etl.analytics.sensitivity import Inputs
from etl.analytics.wave_cash import Horizon
from tests.etl.analytics.economics_cases import inputs

YEAR = Horizon(12, 0.15)


@given(st.floats(0.1, 100), st.floats(0.5, 20), st.floats(0.0, 0.95))
def test_payback_counts_the_payments_until_the_money_is_back(
    spent: float, per_month: float, lost: float
) -> None:
    found = float(payback_months(np.asarray(spent), np.asarray(per_month), np.asarray(1 - lost)))
    total, months = 0.0, 0
    while total < spent - 1e-9 and months < 5_000:
        total, months = total + per_month * (1 - lost) ** months, months + 1
    if months == 5_000:
        assert np.isnan(found) or found > 300
    else:
        assert months - 1 - 1e-6 <= found <= months + 1e-6


def test_a_payer_who_never_brings_it_back_has_no_payback() -> None:
    assert np.isnan(payback_months(np.asarray(100.0), np.asarray(1.0), np.asarray(0.5)))
    assert np.isnan(payback_months(np.asarray(1.0), np.asarray(-1.0), np.asarray(1.0)))
    assert float(payback_months(np.asarray(0.5), np.asarray(1.0), np.asarray(0.0))) == 0.5


def test_lifetime_value_and_present_value_are_sums_of_months() -> None:
    found = product_month(inputs(), "stated", YEAR).evaluation
    monthly = 1.15 ** (1 / 12) - 1
    payer = found.step("contribution_per_payer").value
    result = found.step("monthly_result").value
    assert payer is not None
    assert result is not None
    months = sum((0.8 / (1 + monthly)) ** t for t in range(12))
    assert found.step("ltv").value == pytest.approx(payer * months)
    assert found.step("ltv_to_cac").value == pytest.approx(payer * months / 10)
    flows = [-20_000.0, *[result] * 12]
    npv = sum(flow / (1 + monthly) ** t for t, flow in enumerate(flows))
    assert found.step("npv").value == pytest.approx(npv)


@given(st.floats(0.01, 5), st.floats(1e-3, 1e4), st.integers(1, 120))
def test_the_rate_of_return_makes_the_payments_worth_what_was_spent(
    times: float, per_month: float, months: int
) -> None:
    spent = times * per_month * months
    yearly = float(yearly_return(np.asarray(spent), np.asarray(per_month), months))
    x = (1 + yearly) ** (-1 / 12)
    worth = per_month * sum(x**t for t in range(1, months + 1))
    assert worth == pytest.approx(spent, rel=1e-9)


def test_the_rate_of_return_is_the_one_of_the_cash_flow() -> None:
    found = product_month(inputs(), "stated", YEAR).evaluation
    result = found.step("monthly_result").value
    monthly = irr([-20_000.0, *[result or 0.0] * 12]).value
    assert monthly is not None
    assert found.step("irr").value == pytest.approx((1 + monthly) ** 12 - 1)
    exactly_back = float(yearly_return(np.asarray(12.0), np.asarray(1.0), 12))
    assert exactly_back == pytest.approx(0, abs=1e-12)


def test_without_an_investment_there_is_no_rate_of_return() -> None:
    without = {k: q for k, q in inputs().given.items() if k != "investment"}
    found = product_month(Inputs(without), "stated", YEAR).evaluation
    assert "irr" not in {step.name for step in found.steps}
    assert np.isnan(yearly_return(np.asarray(0.0), np.asarray(1.0), 12))
    assert np.isnan(yearly_return(np.asarray(1.0), np.asarray(-1.0), 12))


def test_what_is_known_misses_nothing() -> None:
    """Without fixed costs the result of a user is known, however many users there are."""
    without = {k: q for k, q in inputs().given.items() if k not in ("active_users", "fixed_costs")}
    found = product_month(Inputs(without), "stated", YEAR).evaluation
    assert (found.step("result_per_user").missing, found.step("result_per_user").reason) == ((), "")
    assert found.step("monthly_result").missing == ("active_users",)


def test_ranges_hold_the_middle_of_the_draws() -> None:
    found = product_month(inputs(net_proceeds=(4, 8, 12)), "stated", YEAR, seed=1)
    step = found.evaluation.step("contribution_per_payer")
    draws = np.random.default_rng(1)
    quantity = inputs(net_proceeds=(4, 8, 12)).given["net_proceeds"]
    low, high = np.quantile(quantity.draw(10_000, draws), [0.05, 0.95])
    assert step.low is not None
    assert step.high is not None
    npt.assert_allclose((step.high - step.low) / (high - low), 0.95, rtol=1e-9)


def test_without_users_the_contribution_decides_in_place_of_the_result() -> None:
    given_ = {k: q for k, q in inputs().given.items() if k != "active_users"}
    found = product_month(Inputs(given_), "stated", YEAR)
    assert found.outcome.step == "contribution_per_user"
    assert found.evaluation.step("result_per_user").missing == ("active_users",)


def test_the_tornado_is_sorted_and_holds_both_ends() -> None:
    found = product_month(
        inputs(net_proceeds=(4, 8, 12), cost_per_image=(0.003, 0.004, 0.005)), "stated", YEAR
    ).outcome
    assert [swing.name for swing in found.tornado] == ["net_proceeds", "cost_per_image"]
    assert found.tornado[0].result_low < found.tornado[0].result_high
    assert found.tornado[1].result_low > found.tornado[1].result_high


def test_payers_who_leave_are_replaced_where_that_is_known() -> None:
    some = dict(inputs().given)
    told = {name: q for name, q in some.items() if name not in ("cac", "paid_churn_rate")}
    without = product_month(Inputs(told), "stated", YEAR).evaluation
    assert {"cac", "paid_churn_rate"} <= set(without.left_out)
    known = told | {
        "cac": Quantity(10.0, "USD/payer", "assumed"),
        "paid_churn_rate": Quantity(0.5, "ratio/month", "assumed"),
    }
    found = product_month(Inputs(known), "stated", YEAR).evaluation
    paying = known["paying_share"].value
    lost = paying * 0.5 * 10
    assert found.step("acquisition_per_user").value == pytest.approx(lost)
    before, after = without.step("result_per_user").value, found.step("result_per_user").value
    assert before - after == pytest.approx(lost)
    assert not {"cac", "paid_churn_rate"} & set(found.left_out)
    # At the break-even share nothing is left once all of it is paid.
    share = found.step("break_even_with_fixed_costs").value
    at_it = known | {"paying_share": Quantity(share, "ratio", "assumed")}
    again = product_month(Inputs(at_it), "stated", YEAR).evaluation
    assert again.step("result_per_user").value == pytest.approx(0, abs=1e-9)
