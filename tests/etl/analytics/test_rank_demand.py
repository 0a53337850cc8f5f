from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from etl.analytics.rank_demand import RankDemand, estimate, structural

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "rankings.json").read_text())["demand"]
QUANTITIES = ("a_paid", "a_grossing", "scale_ratio")


def sample(n: int = 400, noise: float = 0.0, seed: int = 1) -> dict[str, np.ndarray]:
    """Draw apps from the model itself: a_p = 0.9, a_g = 0.8, b_g/b_p = 2; ranks as they fall."""
    rng = np.random.default_rng(seed)
    paid = rng.integers(1, 200, n).astype(float)
    price = np.exp(rng.normal(0.5, 0.8, n))
    revenue = np.log(price) - 0.9 * np.log(paid) + rng.normal(0, noise, n) if noise else None
    revenue = np.log(price) - 0.9 * np.log(paid) if revenue is None else revenue
    # ln revenue = ln b_g − a_g ln rank: the scale 1e3 keeps the rounding of ranks small.
    grossing = np.round(np.exp((np.log(2) - revenue) / 0.8) * 1e3)
    return {"rank_paid": paid, "rank_grossing": np.maximum(grossing, 1), "price": price}


def estimated(**values: np.ndarray) -> RankDemand:
    return estimate(**values, rng=np.random.default_rng(0))  # pyright: ignore[reportArgumentType]


@pytest.mark.reference
@pytest.mark.parametrize("device", ["iPhone", "iPad"])
def test_the_published_shapes_follow_from_the_published_coefficients(
    reference: Path, device: str
) -> None:
    case = json.loads((reference / "rankings" / "garg_telang_2013.json").read_text())
    published = case["published"][device]

    a_paid, a_grossing, _ = structural(np.array([published[f"b{k}"] for k in range(3)]))

    assert a_paid == pytest.approx(published["a_p"], abs=5e-4)
    assert a_grossing == pytest.approx(published["a_g"], abs=5e-4)
    assert 200 ** published["a_p"] == pytest.approx(case["rank1_over_rank200"][device])


def test_the_scale_ratio_is_that_of_the_model() -> None:
    values = sample()

    result = estimated(**values)

    # The ranks were stretched by 1000, which multiplies b_g by 1000 ** a_g.
    assert result.scale_ratio.value / 1000**0.8 == pytest.approx(2, rel=1e-3)
    assert result.a_paid.value == pytest.approx(0.9, abs=1e-3)
    assert result.a_grossing.value == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize("errors", ["by_row", "by_app"])
def test_coefficients_errors_and_intervals_equal_statsmodels(errors: str) -> None:
    expected = GOLDEN[errors]
    groups = np.array(GOLDEN["app"]) if errors == "by_app" else None

    result = estimate(
        *(np.array(GOLDEN[name]) for name in ("rank_paid", "rank_grossing", "price")),
        groups=groups,
        rng=np.random.default_rng(0),
    )

    np.testing.assert_allclose(result.coefficients, expected["coefficients"], rtol=1e-10)
    np.testing.assert_allclose(result.standard_errors, expected["standard_errors"], rtol=1e-10)
    assert result.r_squared == pytest.approx(GOLDEN["r2"], rel=1e-10)
    for name in QUANTITIES:
        quantity = getattr(result, name)
        # The script differentiates numerically.
        np.testing.assert_allclose(
            [quantity.value, quantity.low, quantity.high], expected[name], rtol=1e-7
        )


def test_bootstrap_and_delta_method_agree_on_many_rows() -> None:
    result = estimated(**sample(4000, noise=0.3))

    for name in QUANTITIES:
        quantity = getattr(result, name)
        width = quantity.high - quantity.low
        assert quantity.bootstrap_low == pytest.approx(quantity.low, abs=0.1 * width)
        assert quantity.bootstrap_high == pytest.approx(quantity.high, abs=0.1 * width)


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for seed in range(200):
        values = sample(80, noise=0.4, seed=seed)
        result = estimate(**values, n_draws=10, rng=np.random.default_rng(0))  # pyright: ignore
        held += result.a_paid.low <= 0.9 <= result.a_paid.high

    assert 0.90 <= held / 200 <= 0.99


def test_repeated_days_of_an_app_add_no_knowledge() -> None:
    values = sample(60, noise=0.3)
    tenfold = {name: np.tile(value, 10) for name, value in values.items()}
    groups = np.tile(np.arange(60).astype(str), 10)

    once = estimated(**values)
    naive = estimated(**tenfold)
    by_app = estimated(**tenfold, groups=groups)

    assert naive.a_paid.standard_error < 0.5 * once.a_paid.standard_error
    assert by_app.a_paid.standard_error == pytest.approx(once.a_paid.standard_error, rel=0.2)
    assert by_app.n_groups == 60
    width = by_app.a_paid.bootstrap_high - by_app.a_paid.bootstrap_low
    assert width > 2 * (naive.a_paid.bootstrap_high - naive.a_paid.bootstrap_low)


def test_apps_outside_a_chart_are_left_out_and_counted() -> None:
    values = sample(50, noise=0.3)
    more = {name: np.append(value, [5.0, 5.0]) for name, value in values.items()}
    more["rank_grossing"][-2], more["price"][-1] = np.nan, np.nan

    result = estimated(**more)

    assert (result.n, result.n_left_out) == (50, 2)
    np.testing.assert_array_equal(result.coefficients, estimated(**values).coefficients)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rank_paid", 0),
        ("rank_paid", 2.5),
        ("rank_grossing", -1),
        ("rank_grossing", np.inf),
        ("price", 0),
        ("price", -0.99),
        ("price", np.inf),
    ],
)
def test_an_impossible_value_is_named_with_its_row(name: str, wrong: float) -> None:
    values = sample(20)
    values[name][7] = wrong

    with pytest.raises(ValueError, match=rf"row 7 .*{name} {wrong:g}"):
        estimated(**values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: {name: value[:3] for name, value in v.items()}, "got 3 rows"),
        (lambda v: {**v, "price": np.full(20, 0.99)}, "one price"),
        (lambda v: {**v, "rank_paid": np.full(20, 7.0)}, "one rank_paid"),
        (lambda v: {**v, "rank_grossing": np.full(20, 7.0)}, "one rank_grossing"),
        (lambda v: {**v, "price": v["rank_paid"] ** 2}, "follows from rank_paid"),
        (lambda v: {**v, "groups": np.full(20, "one")}, "one app"),
    ],
)
def test_ranks_that_cannot_tell_the_shapes_are_refused(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimated(**change(sample(20)))


def test_too_few_rows_for_a_bootstrap_have_no_bootstrap_interval() -> None:
    result = estimated(**sample(4, noise=0.3))

    assert result.n_draws < 950
    assert np.isnan(result.a_paid.bootstrap_low)
    assert np.isfinite(result.a_paid.low)
