"""Would attention have foretold returns: judged by weeks that the forecast did not know."""

# pyright: basic
# pandas and scikit-learn ship partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from etl.analytics.co_movement import CONSTANT
from etl.analytics.distributions import FloatArray, two_sided_t, upper_normal
from etl.analytics.event_calendar import IntArray
from etl.analytics.hac import bandwidth, regress
from etl.analytics.lead_lag import require_series, shifted

MIN_FORECASTS = 30
"""With fewer forecasts nothing is tested."""

MODELS = ("mean", "returns_only", "with_attention")

REASONS = {
    "too_few_weeks": "no week is left to forecast after the first training weeks",
    "constant_series": "one of the series does not vary",
    "too_few_forecasts": f"fewer than {MIN_FORECASTS} weeks were forecast",
    "same_forecasts": "the two models forecast the same",
}
"""Why a value is missing, by code."""


@dataclass(frozen=True)
class Split:
    """Positions to learn from and to forecast."""

    train: IntArray
    test: IntArray


def expanding_splits(
    n: int, *, horizon: int, first_train: int, test_size: int, embargo: int = 0
) -> list[Split]:
    """Divide n positions in time so that nothing learnt overlaps what is forecast.

    Parameters
    ----------
    n
        Positions; the label of position t spans t + 1 … t + horizon.
    horizon
        Steps a label spans. Positions whose label reaches beyond the first test position are
        purged from training: at that time it was not known.
    first_train
        Positions of the first training set; it grows with every split.
    test_size
        Positions forecast by one fit; the last split may have fewer.
    embargo
        Further positions left out between training labels and test.

    Returns
    -------
    list
        Splits in time; every position from the first test on is in one test set.

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    López de Prado (2018), "Advances in Financial Machine Learning", chapter 7; here training lies
    always before the test.
    """
    if min(horizon, first_train, test_size) < 1 or embargo < 0:
        raise ValueError(
            f"got horizon {horizon}, first_train {first_train}, test_size {test_size} and embargo "
            f"{embargo}; the first three are 1 or more, the embargo 0 or more"
        )
    gap = horizon + embargo
    starts = range(first_train + gap - 1, n, test_size)
    return [
        Split(np.arange(start - gap + 1), np.arange(start, min(start + test_size, n)))
        for start in starts
    ]


@dataclass(frozen=True)
class ForecastSpec:
    """How returns are forecast.

    Attributes
    ----------
    horizon
        Weeks whose summed return is forecast.
    lags
        Weeks of each series the models see, the present one included.
    first_train
        Weeks before the first forecast.
    refit_every
        Weeks between fits.
    embargo
        Weeks left out between the training labels and the weeks forecast.
    penalty
        Of the ridge regression on standardised regressors; given, so that nothing is tuned on
        what is forecast.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    horizon: int = 1
    lags: int = 4
    first_train: int = 52
    refit_every: int = 13
    embargo: int = 0
    penalty: float = 10.0

    def __post_init__(self) -> None:
        if min(self.horizon, self.lags, self.first_train, self.refit_every) < 1:
            raise ValueError("got a horizon, lags, first_train or refit_every below 1")
        if self.embargo < 0 or not self.penalty > 0:
            raise ValueError(
                f"got the embargo {self.embargo} and the penalty {self.penalty}; the first is 0 or "
                "more, the second above 0"
            )


@dataclass(frozen=True)
class ForecastTest:
    """Forecasts made without knowing what came, and how good they were.

    Attributes
    ----------
    forecasts
        ``position`` (of the week the forecast is made at the end of), ``actual``, and one column
        for each of ``mean``, ``returns_only`` and ``with_attention``.
    comparisons
        ``model, against, n, r_squared, clark_west, clark_west_p_value, diebold_mariano,
        diebold_mariano_p_value, reason``; ``r_squared`` is 1 − the squared errors of the model
        over those of the other, below 0 where it is worse.
    gain
        ``r_squared`` of ``with_attention`` against ``returns_only``.
    placebo_gains, placebo_p_value
        The gains with attention shuffled in blocks, and (1 + those as large)/(1 + all).
    n_rows, n_left_out
        Weeks that have all they need, and those that do not.
    reason
        Code of :data:`REASONS` where there is no forecast; empty else.
    """

    spec: ForecastSpec
    forecasts: pd.DataFrame
    comparisons: pd.DataFrame
    gain: float
    placebo_gains: FloatArray
    placebo_p_value: float
    n_rows: int
    n_left_out: int
    reason: str


@dataclass(frozen=True)
class _Table:
    """Regressors (T, lags) of each series, the label (T,), and the rows that have everything."""

    past_returns: FloatArray
    past_attention: FloatArray
    label: FloatArray

    @property
    def known(self) -> np.ndarray:
        everything = np.column_stack([self.past_returns, self.past_attention, self.label])
        return np.asarray(np.isfinite(everything).all(axis=1))


def forecast_test(
    attention: FloatArray,
    returns: FloatArray,
    spec: ForecastSpec | None = None,
    *,
    n_placebo: int = 199,
    block: int = 8,
    rng: np.random.Generator,
) -> ForecastTest:
    """Forecast returns week by week and compare what attention adds.

    Parameters
    ----------
    attention, returns
        Shape (T,), evenly spaced; a week with something missing is left out and counted.
    n_placebo, block
        Times attention is shuffled, and weeks that stay together in it.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, or ``n_placebo`` or ``block`` is below 1.

    Notes
    -----
    The historical mean is that of the training labels. Clark and West (2007) allow for the noise
    of coefficients that are zero in the larger model, one-sided; Diebold and Mariano (1995) with
    the correction of Harvey, Leybourne and Newbold (1997) compares the forecasts as they are,
    two-sided, and is cautious where one model contains the other.
    """
    spec = spec or ForecastSpec()
    require_series(attention, returns)
    if min(n_placebo, block) < 1:
        raise ValueError(f"got {n_placebo} placebos of blocks of {block}; both are 1 or more")
    table = _table(attention, returns, spec)
    known = table.known
    reason = _why_none(table, known, spec)
    if reason:
        empty = pd.DataFrame(columns=pd.Index(["position", "actual", *MODELS]), dtype=np.float64)
        nothing = _comparisons(empty, spec, reason)
        n = int(known.sum())
        return ForecastTest(
            spec, empty, nothing, np.nan, np.empty(0), np.nan, n, known.size - n, reason
        )
    forecasts = _forecasts(table, known, spec)
    base = forecasts["returns_only"].to_numpy()
    actual = forecasts["actual"].to_numpy()
    gain = _r_squared(actual, forecasts["with_attention"].to_numpy(), base)
    gains = np.empty(n_placebo)
    for draw in range(n_placebo):
        shuffled = _table(_in_blocks(attention, block, rng), returns, spec)
        # The same weeks: shuffling moves values among the weeks that have one.
        regressors = np.column_stack([shuffled.past_returns, shuffled.past_attention])
        gains[draw] = _r_squared(actual, _ridge(regressors, table, known, spec), base)
    return ForecastTest(
        spec,
        forecasts,
        _comparisons(forecasts, spec, ""),
        gain,
        gains,
        float((1 + (gains >= gain).sum()) / (1 + n_placebo)),
        int(known.sum()),
        int((~known).sum()),
        "",
    )


def _table(attention: FloatArray, returns: FloatArray, spec: ForecastSpec) -> _Table:
    def past(series: FloatArray) -> FloatArray:
        return np.column_stack([shifted(series, lag) for lag in range(spec.lags)])

    ahead = [shifted(returns, -step) for step in range(1, spec.horizon + 1)]
    return _Table(past(returns), past(attention), np.sum(ahead, axis=0))


def _why_none(table: _Table, known: np.ndarray, spec: ForecastSpec) -> str:
    if not any(known[split.test].any() for split in _splits(known, spec)):
        return "too_few_weeks"
    series = np.column_stack([table.past_attention[:, 0], table.label])[known]
    return "constant_series" if series.std(axis=0).min() <= CONSTANT else ""


def _splits(known: np.ndarray, spec: ForecastSpec) -> list[Split]:
    """Return the splits whose training holds the first training weeks in full."""
    splits = expanding_splits(
        known.size,
        horizon=spec.horizon,
        first_train=spec.first_train,
        test_size=spec.refit_every,
        embargo=spec.embargo,
    )
    return [split for split in splits if known[split.train].sum() >= spec.first_train]


def _forecasts(table: _Table, known: np.ndarray, spec: ForecastSpec) -> pd.DataFrame:
    """Return the forecasts of all three models in the weeks that have everything."""
    tested = [(split, split.test[known[split.test]]) for split in _splits(known, spec)]
    positions = np.concatenate([test for _, test in tested])
    means = [
        np.full(test.size, table.label[split.train][known[split.train]].mean())
        for split, test in tested
    ]
    both = np.column_stack([table.past_returns, table.past_attention])
    return pd.DataFrame(
        {
            "position": positions,
            "actual": table.label[positions],
            "mean": np.concatenate(means),
            "returns_only": _ridge(table.past_returns, table, known, spec),
            "with_attention": _ridge(both, table, known, spec),
        }
    )


def _ridge(
    regressors: FloatArray, table: _Table, known: np.ndarray, spec: ForecastSpec
) -> FloatArray:
    """Return the ridge forecasts; scale and coefficients come from the training weeks alone."""
    found = []
    for split in _splits(known, spec):
        train, test = split.train[known[split.train]], split.test[known[split.test]]
        if test.size:
            model = make_pipeline(StandardScaler(), Ridge(spec.penalty))
            found.append(model.fit(regressors[train], table.label[train]).predict(regressors[test]))
    return np.concatenate(found)


def _in_blocks(values: FloatArray, block: int, rng: np.random.Generator) -> FloatArray:
    """Shuffle the values that are there in blocks; missing ones stay where they are."""
    known = np.isfinite(values)
    given = values[known]
    # A random start, so that blocks are not always cut at the same weeks.
    turned = np.roll(given, int(rng.integers(given.size)))
    blocks = [turned[start : start + block] for start in range(0, turned.size, block)]
    shuffled = np.full(values.shape, np.nan)
    shuffled[known] = np.concatenate([blocks[index] for index in rng.permutation(len(blocks))])
    return shuffled


def _r_squared(actual: FloatArray, forecast: FloatArray, against: FloatArray) -> float:
    """Return 1 − the squared errors of one forecast over those of another."""
    return float(1 - ((actual - forecast) ** 2).sum() / ((actual - against) ** 2).sum())


def _comparisons(forecasts: pd.DataFrame, spec: ForecastSpec, reason: str) -> pd.DataFrame:
    pairs = (
        ("returns_only", "mean"),
        ("with_attention", "mean"),
        ("with_attention", "returns_only"),
    )
    return pd.DataFrame(
        [_comparison(forecasts, model, against, spec.horizon, reason) for model, against in pairs]
    )


def _comparison(
    forecasts: pd.DataFrame, model: str, against: str, horizon: int, reason: str
) -> dict[str, Any]:
    n = len(forecasts)
    row: dict[str, Any] = {"model": model, "against": against, "n": n}
    tests = ("clark_west", "clark_west_p_value", "diebold_mariano", "diebold_mariano_p_value")
    row |= dict.fromkeys(("r_squared", *tests), np.nan)
    if reason:
        return row | {"reason": reason}
    actual, larger, smaller = (
        forecasts[name].to_numpy(dtype=np.float64) for name in ("actual", model, against)
    )
    row["r_squared"] = _r_squared(actual, larger, smaller)
    if n < MIN_FORECASTS:
        return row | {"reason": "too_few_forecasts"}
    if np.abs(larger - smaller).max() <= CONSTANT:
        return row | {"reason": "same_forecasts"}
    saved = _on_weeks(forecasts, (actual - smaller) ** 2 - (actual - larger) ** 2)
    noise = _on_weeks(forecasts, (larger - smaller) ** 2)
    row["clark_west"] = clark_west(saved + noise, horizon)
    row["clark_west_p_value"] = upper_normal(row["clark_west"])
    row["diebold_mariano"] = diebold_mariano(saved, horizon)
    row["diebold_mariano_p_value"] = float(two_sided_t(row["diebold_mariano"], n - 1))
    return row | {"reason": ""}


def _on_weeks(forecasts: pd.DataFrame, values: FloatArray) -> FloatArray:
    """Put the values on evenly spaced weeks, missing between forecasts."""
    position = forecasts["position"].to_numpy(dtype=np.int64)
    weeks = np.full(position[-1] - position[0] + 1, np.nan)
    weeks[position - position[0]] = values
    return weeks


def clark_west(saved: FloatArray, horizon: int) -> float:
    """Return Clark and West's z: the mean of ``saved`` over its Newey–West error.

    Parameters
    ----------
    saved
        Shape (weeks,): squared error of the smaller model, minus that of the larger, plus the
        squared difference of their forecasts; missing between forecasts.
    """
    return float(_mean(saved, max(horizon - 1, bandwidth(saved.size))))


def diebold_mariano(saved: FloatArray, horizon: int) -> float:
    """Return the t of equal accuracy, above zero where the first model is better.

    Parameters
    ----------
    saved
        Shape (weeks,): squared error of the other model minus that of the first; missing between
        forecasts.
    """
    n = int(np.isfinite(saved).sum())
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    # The t of a regression on a constant divides by n − 1, this one by n.
    return _mean(saved, horizon - 1) * float(np.sqrt(correction * n / (n - 1)))


def _mean(values: FloatArray, n_lags: int) -> float:
    """Return the mean over its Newey–West error."""
    return float(regress(values, np.ones((values.size, 1)), n_lags).t_statistics[0])
