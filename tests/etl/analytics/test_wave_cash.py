from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.curiosity_to_cash import curiosity_to_cash
from etl.analytics.inputs import SOURCINGS
from etl.analytics.quantities import Quantity
from etl.analytics.sensitivity import Inputs
from etl.analytics.wave_cash import (
    COSTS,
    Arrivals,
    Horizon,
    annuity,
    hype_multiple,
    installs_of,
    wave,
)
from tests.etl.analytics.economics_cases import inputs, values

YEAR = Horizon(12, 0.15)


@given(st.floats(0, 1), st.integers(1, 60), st.floats(-0.01, 0.1))
def test_an_annuity_is_the_sum_of_its_payments(kept: float, months: int, rate: float) -> None:
    expected = sum((kept / (1 + rate)) ** t for t in range(months))
    assert float(annuity(np.asarray(kept), months, rate)) == pytest.approx(expected)


def test_the_chain_is_followed_month_by_month() -> None:
    """The same wave in a loop over months and users."""
    v, monthly = values(), 1.15 ** (1 / 12) - 1
    each = (0.004 + 0.0003) * 1.1 / 0.98 + 0.0003 * 1.1 / 0.98
    free = 0.95 * 6 + 0.05 * 60
    payers, retained, total = 1e6 * 0.02, 1e6 * 0.3, -50_000 - 1e6 * 12 * each
    for month in range(12):
        discount = (1 + monthly) ** -month
        total += discount * (payers * (8 * 0.95 - 90 * each) - 3_000)
        if month:
            total += discount * retained * (0.03 - free * each)
            retained *= 0.75
        payers *= 0.8
    found = wave(v, "stated", YEAR, by_spend=False)
    assert float(found["contribution"]) == pytest.approx(total)


def _by_the_day(half_life: float, kept: float, months: int, skip: int = 0) -> float:
    """Return the payments of an install's mean, day part by day part and month by month."""
    rate, step = 0.15, 1 / 3_000
    at = np.arange(step / 2, months, step)  # months after the peak
    density = 2 ** (-at * 365.25 / 12 / half_life)
    density /= density.sum()
    total = 0.0
    for nth in range(skip, months):
        paid = at + nth
        within = paid < months
        worth = density * kept ** (nth - skip) * (1 + rate) ** (-paid / 12)
        total += float(worth[within].sum())
    return total


@pytest.mark.parametrize("half_life", [0.01, 10, 60, 400, 1e9])
@pytest.mark.parametrize(("kept", "months"), [(0.95, 12), (0.0, 12), (1.0, 24), (0.6, 1)])
def test_every_install_pays_from_its_own_day_to_the_common_horizon(half_life, kept, months) -> None:
    arrivals = Arrivals(Horizon(months, 0.15), np.asarray(half_life))
    near = pytest.approx(_by_the_day(half_life, kept, months), rel=3e-4)
    assert float(arrivals.payments(np.asarray(kept))) == near
    later = pytest.approx(_by_the_day(half_life, kept, months, skip=1), rel=3e-4, abs=1e-12)
    assert float(arrivals.later(np.asarray(kept))) == later


def test_a_wave_that_lasts_brings_less_within_the_horizon_than_one_that_came_at_once() -> None:
    def revenue(half_life: float) -> float:
        found = wave(values(half_life_days=half_life), "stated", YEAR, by_spend=False, fades=True)
        return float(found["net_revenue"])

    at_once = float(wave(values(), "stated", YEAR, by_spend=False)["net_revenue"])
    assert revenue(1e-3) == pytest.approx(at_once, rel=1e-3)
    assert at_once > revenue(10) > revenue(60) > revenue(400)


def test_the_chain_takes_the_half_life_where_it_is_given() -> None:
    found = curiosity_to_cash(inputs(half_life_days=(200, 200, 200)), "stated", YEAR).evaluation
    assert "half_life_days" in found.step("net_revenue").needs
    plain = curiosity_to_cash(inputs(), "stated", YEAR).evaluation
    assert found.step("net_revenue").value < 0.8 * plain.step("net_revenue").value


@pytest.mark.parametrize("sourcing", SOURCINGS)
@pytest.mark.parametrize("by_spend", [True, False])
def test_the_steps_add_up(sourcing: str, by_spend: bool) -> None:
    found = wave(values(), sourcing, YEAR, by_spend=by_spend)
    spent = sum(float(found[name]) for name in COSTS if name in found)
    earned = float(found["net_revenue"] + found["advertising"])
    assert earned - spent == pytest.approx(float(found["contribution"]))


def test_installs_follow_from_the_peak_and_the_half_life() -> None:
    v = values(peak_installs_per_day=1_000, half_life_days=30)
    days = np.arange(0, 365.25, 0.001)
    expected = np.trapezoid(1_000 * 2 ** (-days / 30), days)
    assert float(installs_of(v, 12)) == pytest.approx(expected, rel=1e-4)


def test_the_hype_multiple_is_the_value_added_over_the_cash() -> None:
    found = hype_multiple(values(), np.asarray(2e6))
    assert float(found["abnormal_value"]) == pytest.approx(np.expm1(0.2) * 6e9)
    assert float(found["hype_multiple"]) == pytest.approx(np.expm1(0.2) * 6e9 / 2e6)
    assert np.isnan(hype_multiple(values(), np.asarray(-1.0))["hype_multiple"])


def test_the_verdict_names_what_decides_and_what_is_assumed() -> None:
    found = curiosity_to_cash(
        inputs(paid_conversion_rate=(0.001, 0.02, 0.05), cost_per_image=(0.0039, 0.004, 0.0041)),
        "stated",
        YEAR,
        seed=3,
    )
    outcome = found.outcome
    assert outcome.deciding(1) == ["paid_conversion_rate"]
    assert outcome.variance["paid_conversion_rate"] > 0.95
    assert sum(outcome.variance.values()) == pytest.approx(1)
    assert outcome.is_greyed
    assert outcome.probability_profitable == pytest.approx((outcome.draws > 0).mean())
    zero = outcome.thresholds["paid_conversion_rate"]
    at_zero = wave(values(paid_conversion_rate=zero), "stated", YEAR, by_spend=False)
    assert float(at_zero["contribution"]) == pytest.approx(0, abs=1e-3)


def test_measured_inputs_leave_the_verdict_ungreyed() -> None:
    found = curiosity_to_cash(
        inputs("measured", paid_conversion_rate=(0.001, 0.02, 0.05)), "stated", YEAR
    )
    assert not found.outcome.is_greyed
    assert found.evaluation.step("contribution").evidence_kind == "estimated"


def test_the_same_seed_gives_the_same_draws() -> None:
    def draws(seed: int) -> list[float]:
        given_ = inputs(net_proceeds=(6, 8, 11))
        return curiosity_to_cash(given_, "stated", YEAR, seed=seed).outcome.draws.tolist()

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_what_is_missing_is_named_and_the_threshold_of_it_is_found() -> None:
    given_ = {k: q for k, q in inputs().given.items() if k != "cost_per_image"}
    found = curiosity_to_cash(Inputs(given_), "stated", YEAR)
    step = found.evaluation.step("contribution")
    assert (step.value, step.missing) == (None, ("cost_per_image",))
    assert found.outcome.probability_profitable is None
    zero = found.outcome.thresholds["cost_per_image"]
    at_zero = wave(values(cost_per_image=zero), "stated", YEAR, by_spend=False)
    assert float(at_zero["contribution"]) == pytest.approx(0, abs=1e-3)


def test_a_term_that_nothing_is_given_for_is_no_step_but_is_told() -> None:
    given_ = {k: q for k, q in inputs().given.items() if k != "marketing_cost"}
    found = curiosity_to_cash(Inputs(given_), "stated", YEAR).evaluation
    assert "marketing_cost" in found.left_out
    assert "marketing" not in [step.name for step in found.steps]


def test_an_input_that_is_passed_on_keeps_its_kind() -> None:
    given_ = dict(inputs().given) | {"installs": Quantity(5e5, "count", "disclosed")}
    found = curiosity_to_cash(Inputs(given_), "stated", YEAR).evaluation
    assert found.step("installs").evidence_kind == "disclosed"
    assert found.step("payers").evidence_kind == "assumed"


def test_a_horizon_needs_a_month_and_a_rate() -> None:
    for wrong in ((0, 0.1), (12, -1.0)):
        with pytest.raises(ValueError, match="expected at least 1"):
            Horizon(*wrong)
