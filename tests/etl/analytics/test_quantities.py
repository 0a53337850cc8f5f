from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from etl.analytics.quantities import Quantity, weakest

ENDS = st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(sorted).filter(lambda e: e[2] - e[0] > 1e-3)


def quantity(low: float, value: float, high: float, **more: str) -> Quantity:
    return Quantity(value, "count", "assumed", low, high, **more)  # type: ignore[arg-type]


@given(ENDS)
def test_quantiles_are_those_of_the_triangular_law(ends: list[float]) -> None:
    low, value, high = ends
    q = np.linspace(0, 1, 41)
    peer = stats.triang((value - low) / (high - low), loc=low, scale=high - low)
    found = quantity(low, value, high).quantile(q)
    assert found == pytest.approx(peer.ppf(q), rel=1e-6, abs=1e-6 * (high - low))


def test_a_range_of_which_only_the_ends_are_known_is_uniform() -> None:
    q = np.array([0.0, 0.25, 1.0])
    found = quantity(10_000, 15_000, 20_000, shape="uniform").quantile(q)
    assert found.tolist() == [10_000, 12_500, 20_000]


def test_an_exact_figure_uses_no_random_number() -> None:
    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    assert Quantity(3.0, "count", "measured").draw(4, rng).tolist() == [3.0] * 4
    assert rng.random() == same.random()


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (dict(value=1.0, low=2.0, high=3.0), "in this order"),
        (dict(value=1.0, low=0.5), "both ends"),
        (dict(value=float("nan")), "finite"),
        (dict(value=1.0, evidence_kind="guessed"), "one of measured"),
        (dict(value=1.0, low=0.0, high=2.0, shape="normal"), "one of triangular"),
    ],
)
def test_what_is_no_number_with_evidence_is_refused(given_: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Quantity(**{"unit": "count", "evidence_kind": "assumed", **given_})


def test_what_rests_on_an_assumption_or_a_simulation_says_so() -> None:
    assert weakest(["measured", "disclosed"]) == "estimated"
    assert weakest(["measured", "assumed"]) == "assumed"
    assert weakest(["assumed", "simulated"]) == "simulated"
    assert weakest([]) == "estimated"
