"""Do many events together differ from nothing? Nine tests, by day and for the whole window.

The tests read :class:`Sample`, one row an event; none of them loops over events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import (
    FloatArray,
    ranks,
    signed_rank,
    two_sided_normal,
    two_sided_t,
)
from etl.analytics.normal_return import AbnormalReturns

MIN_COMMON_DAYS = 30
"""Fewer common estimation days than this and no residual correlation is given."""


@dataclass(frozen=True)
class Reason:
    """Why something is missing: a stable code, and the same in words with its numbers."""

    code: str
    text: str


NO_EVENT = Reason("no_tested_event", "no event can be tested")
_ALIKE = 0.99
_NO_VARIATION = Reason("no_variation", "the events do not vary on some day")


@dataclass(frozen=True)
class ResidualCorrelation:
    """The mean correlation of residuals between different events.

    Attributes
    ----------
    mean
        r̄ over all pairs i ≠ j; missing (NaN) where ``reason`` says why.
    n_common_days
        Calendar days that lie in every event's estimation window.
    """

    mean: float
    n_common_days: int
    reason: Reason | None = None


@dataclass(frozen=True)
class Sample:
    """Tested events: their abnormal returns and the correlation of their residuals."""

    fits: AbnormalReturns
    correlation: ResidualCorrelation

    @property
    def n_events(self) -> int:
        """Number of events."""
        return self.fits.abnormal_return.shape[0]

    @property
    def window(self) -> FloatArray:
        """Abnormal returns by day and, as the last column, of the window: (n, L + 1)."""
        return np.column_stack(
            [self.fits.abnormal_return, self.fits.cumulative_abnormal_return[:, -1]]
        )

    @property
    def standardised(self) -> FloatArray:
        """:attr:`window` over its exact standard errors: (n, L + 1)."""
        errors = np.column_stack(
            [self.fits.abnormal_return_se, self.fits.cumulative_abnormal_return_se[:, -1]]
        )
        return self.window / errors


@dataclass(frozen=True)
class Outcome:
    """Result of one test.

    Attributes
    ----------
    statistic, p_value
        Shape (L,) by day; missing (NaN) where the test does not apply.
    car_statistic, car_p_value
        The same for the whole window.
    variant
        Which form of the test it is, and its distribution.
    reason
        Why values are missing; ``None`` where none is.
    """

    statistic: FloatArray
    p_value: FloatArray
    car_statistic: float
    car_p_value: float
    variant: str
    reason: Reason | None = None


def residual_correlation(residuals: FloatArray, dates: np.ndarray) -> ResidualCorrelation:
    """Return r̄ over the calendar days common to all estimation windows.

    Parameters
    ----------
    residuals
        Shape (n, T).
    dates
        Shape (n, T), the calendar day of each residual; no day twice within an event.

    Returns
    -------
    ResidualCorrelation
        Mean of the off-diagonal correlations (Kolari and Pynnönen 2010); missing with a reason
        for fewer than two events or fewer than 30 common days.
    """
    n_events = residuals.shape[0]
    if n_events < 2:
        return ResidualCorrelation(np.nan, 0, _too_few(n_events))
    day_numbers = dates.astype("datetime64[D]").astype(np.int64)
    day_numbers = day_numbers - day_numbers.min()
    common = np.bincount(day_numbers.ravel()) == n_events
    n_common = int(common.sum())
    if n_common < MIN_COMMON_DAYS:
        reason = Reason(
            "too_few_common_days",
            f"the estimation windows have {n_common} calendar days in common; "
            f"the residual correlation needs {MIN_COMMON_DAYS}",
        )
        return ResidualCorrelation(np.nan, n_common, reason)
    shared = residuals[common[day_numbers]].reshape(n_events, n_common)
    centred = shared - shared.mean(axis=1, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    if not np.all(norms > 0):
        reason = Reason("no_variation", "a residual does not vary on the common days")
        return ResidualCorrelation(np.nan, n_common, reason)
    # The squared length of the sum of unit vectors is the sum of all n² correlations.
    total = float(((centred / norms).sum(axis=0) ** 2).sum())
    mean = (total - n_events) / (n_events * (n_events - 1))
    return ResidualCorrelation(mean, n_common)


def effective_events(n_events: int, mean_correlation: float) -> float:
    """Return n/(1 + (n − 1)·r̄): as many independent events as ``n_events`` that move together.

    The variance of their mean is that of so many independent ones. NaN without events, or where
    r̄ is not known or so negative that the variance would not be positive.
    """
    inflation = 1 + (n_events - 1) * mean_correlation if n_events > 1 else 1.0
    return n_events / inflation if n_events and inflation > 0 else np.nan


def cross_sectional(sample: Sample) -> Outcome:
    """Mean over its cross-sectional standard error, by t(n − 1); needs two events."""
    variant = "mean over its cross-sectional standard error, t(n-1)"
    return _t_test(sample, _mean_over_error(sample.window), variant)


def patell(sample: Sample) -> Outcome:
    """Sum of standardised abnormal returns over √(n·Q), Q = (T−k)/(T−k−2), by N(0, 1).

    The window sums each event's standardised abnormal returns over √(L·Q) (Patell 1976).
    """
    variant = "standardised residuals, Q=(T-k)/(T-k-2), N(0,1)"
    return _normal_test(_patell_statistic(sample), variant, _patell_reason(sample))


def bmp(sample: Sample) -> Outcome:
    """Cross-sectional test of standardised abnormal returns, by t(n − 1).

    Each day is standardised by its forecast-error-corrected error, the window by the exact
    error of its cumulative abnormal return (Boehmer, Musumeci and Poulsen 1991).
    """
    variant = "standardised cross-sectional, forecast-error-corrected sigma, t(n-1)"
    return _t_test(sample, _mean_over_error(sample.standardised), variant)


def kolari_pynnonen_bmp(sample: Sample) -> Outcome:
    """:func:`bmp` times √((1 − r̄)/(1 + (n − 1)·r̄)), by t(n − 1) (Kolari and Pynnönen 2010).

    Not given where r̄ is all but 1, as of events of one share a few days apart: their residuals are
    the same series, and the factor would shrink any effect to nothing.
    """
    variant = "BMP times sqrt((1-r)/(1+(n-1)r)), r the mean residual correlation, t(n-1)"
    factor = _root_ratio(1 - sample.correlation.mean, _inflation(sample))
    statistic = _mean_over_error(sample.standardised) * factor
    if sample.correlation.mean > _ALIKE and sample.n_events > 1:
        return _missing(sample, variant, _residuals_alike(sample))
    return _t_test(sample, statistic, variant, _correlation_reason(sample))


def kolari_pynnonen_patell(sample: Sample) -> Outcome:
    """:func:`patell` times √(1/(1 + (n − 1)·r̄)), by N(0, 1) (Kolari and Pynnönen 2010)."""
    variant = "Patell times sqrt(1/(1+(n-1)r)), r the mean residual correlation, N(0,1)"
    statistic = _patell_statistic(sample) * _root_ratio(1, _inflation(sample))
    return _normal_test(statistic, variant, _patell_reason(sample) or _correlation_reason(sample))


def corrado_rank(sample: Sample) -> Outcome:
    """Corrado's (1989) rank test on complete panels, by N(0, 1).

    Ranks run over the estimation and event windows of each event together; their deviation is
    averaged over events by relative day, and its standard deviation has the number of those
    days as denominator. The window divides the sum of its days by √L.
    """
    variant = "Corrado 1989, complete panels, N(0,1)"
    if sample.n_events < 2:
        return _missing(sample, variant, _too_few(sample.n_events))
    n_estimation = sample.fits.residuals.shape[1]
    series = np.column_stack([sample.fits.residuals, sample.fits.abnormal_return])
    deviation = (ranks(series) - (series.shape[1] + 1) / 2).mean(axis=0)
    error = float(np.sqrt((deviation**2).mean()))
    days = deviation[n_estimation:]
    window = days.sum() / np.sqrt(days.size)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.append(days, window) / (error if error > 0 else np.nan)
    reason = None if error > 0 else Reason("no_variation", "the mean ranks do not vary")
    return _normal_test(statistic, variant, reason)


def generalised_sign(sample: Sample) -> Outcome:
    """Positive returns against their share in the estimation windows, by N(0, 1) (Cowan 1992)."""
    n_events = sample.n_events
    if n_events < 2:
        return _missing(sample, "Cowan 1992, N(0,1)", _too_few(sample.n_events))
    expected_rate = float((sample.fits.residuals > 0).mean())
    n_positive = (sample.window > 0).sum(axis=0)
    variance = n_events * expected_rate * (1 - expected_rate)
    one_sign = Reason("no_variation", "all residuals of the estimation windows have one sign")
    reason = None if variance > 0 else one_sign
    error = np.sqrt(variance) if variance > 0 else np.nan
    statistic = (n_positive - n_events * expected_rate) / error
    return _normal_test(statistic, "Cowan 1992, N(0,1)", reason)


def wilcoxon(sample: Sample) -> Outcome:
    """Signed ranks: the statistic is W+, the sum of ranks of positive returns.

    Two-sided p-value, exact up to 50 events without ties and up to 13 with them, else by the
    normal approximation; zeros are dropped.
    """
    variant = "signed ranks, W+, zeros dropped; exact to 50 events, 13 with ties, else normal"
    if sample.n_events < 2:
        return _missing(sample, variant, _too_few(sample.n_events))
    if np.any(np.all(sample.window == 0, axis=0)):
        return _missing(sample, variant, Reason("no_variation", "all returns of a day are zero"))
    return _outcome(*signed_rank(sample.window), variant)


def grank(sample: Sample) -> Outcome:
    """Generalised rank test (Kolari and Pynnönen 2011, GRANK-T), by t(T − 1).

    The event day, or the whole window, is one further day beside the T days of the estimation
    window: its standardised (cumulative) abnormal return, divided by its cross-sectional
    standard deviation, is ranked among the residuals over sigma. Complete panels only.
    """
    variant = "GRANK-T, estimation residuals over sigma, t(T-1)"
    if sample.n_events < 2:
        return _missing(sample, variant, _too_few(sample.n_events))
    spread = _spread(sample.standardised)
    restandardised = sample.standardised / spread
    residuals = sample.fits.residuals / sample.fits.sigma[:, None]
    n_days = residuals.shape[1] + 1
    statistic = _grank_z(residuals, restandardised)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = statistic * np.sqrt((n_days - 2) / (n_days - 1 - statistic**2))
    reason = None if np.all(np.isfinite(statistic)) else _NO_VARIATION
    return _outcome(statistic, two_sided_t(statistic, n_days - 2), variant, reason)


TESTS: dict[str, Callable[[Sample], Outcome]] = {
    "cross_sectional": cross_sectional,
    "patell": patell,
    "bmp": bmp,
    "kolari_pynnonen_bmp": kolari_pynnonen_bmp,
    "kolari_pynnonen_patell": kolari_pynnonen_patell,
    "corrado_rank": corrado_rank,
    "generalised_sign": generalised_sign,
    "wilcoxon": wilcoxon,
    "grank": grank,
}
"""All tests by name, in the order they are shown."""


def run_tests(sample: Sample) -> dict[str, Outcome]:
    """Return the outcome of every test; without events all are missing with that reason."""
    if sample.n_events == 0:
        return {name: _missing(sample, "", NO_EVENT) for name in TESTS}
    return {name: test(sample) for name, test in TESTS.items()}


def _spread(values: FloatArray) -> FloatArray:
    """Return the standard deviation across events by column; missing where nothing varies."""
    deviation: FloatArray = values.std(axis=0, ddof=1)
    # Equal numbers can differ from their own mean by rounding.
    varies = deviation > 1e-12 * np.abs(values).max(axis=0)
    return np.where(varies, deviation, np.nan)


def _mean_over_error(values: FloatArray) -> FloatArray:
    """Return the cross-sectional t of each column of (n, columns)."""
    n_events = values.shape[0]
    if n_events < 2:
        return np.full(int(values.shape[1]), np.nan)
    mean: FloatArray = values.mean(axis=0)
    return mean / (_spread(values) / np.sqrt(n_events))


def _patell_statistic(sample: Sample) -> FloatArray:
    """Return Patell's z by day and for the window: (L + 1,)."""
    freedom = sample.fits.degrees_of_freedom
    if freedom <= 2:
        return np.full(int(sample.window.shape[1]), np.nan)
    scaled = sample.fits.abnormal_return / sample.fits.abnormal_return_se
    totals: FloatArray = scaled.sum(axis=0) / np.sqrt(sample.n_events * freedom / (freedom - 2))
    return np.append(totals, totals.sum() / np.sqrt(totals.size))


def _patell_reason(sample: Sample) -> Reason | None:
    freedom = sample.fits.degrees_of_freedom
    if freedom > 2:
        return None
    text = f"needs more than 2 degrees of freedom, got {freedom}"
    return Reason("too_few_degrees_of_freedom", text)


def _inflation(sample: Sample) -> float:
    """Return 1 + (n − 1)·r̄: how much the correlation widens the variance of a mean."""
    return 1 + (sample.n_events - 1) * sample.correlation.mean


def _correlation_reason(sample: Sample) -> Reason | None:
    if sample.correlation.reason or _inflation(sample) > 0:
        return sample.correlation.reason
    text = f"the mean residual correlation {sample.correlation.mean:.3f} is too negative"
    return Reason("correlation_too_negative", text)


def _residuals_alike(sample: Sample) -> Reason:
    text = f"the residuals are one series (mean correlation {sample.correlation.mean:.5f})"
    return Reason("residuals_alike", text)


def _root_ratio(numerator: float, denominator: float) -> float:
    """Return √(numerator/denominator), missing where the denominator is not positive."""
    return float(np.sqrt(numerator / denominator)) if denominator > 0 else np.nan


def _too_few(n_events: int) -> Reason:
    return Reason("too_few_events", f"needs at least 2 events, got {n_events}")


def _t_test(
    sample: Sample, statistic: FloatArray, variant: str, reason: Reason | None = None
) -> Outcome:
    if sample.n_events < 2:
        return _missing(sample, variant, _too_few(sample.n_events))
    if reason is None and not np.all(np.isfinite(statistic)):
        reason = _NO_VARIATION
    return _outcome(statistic, two_sided_t(statistic, sample.n_events - 1), variant, reason)


def _normal_test(statistic: FloatArray, variant: str, reason: Reason | None) -> Outcome:
    return _outcome(statistic, two_sided_normal(statistic), variant, reason)


def _outcome(
    statistic: FloatArray, p_value: FloatArray, variant: str, reason: Reason | None = None
) -> Outcome:
    """Split columns by day from the last one, the window."""
    return Outcome(
        statistic[:-1],
        p_value[:-1],
        float(statistic[-1]),
        float(p_value[-1]),
        variant,
        reason,
    )


def _missing(sample: Sample, variant: str, reason: Reason | None) -> Outcome:
    nothing = np.full(int(sample.window.shape[1]), np.nan)
    return _outcome(nothing, nothing, variant, reason)


def _grank_z(residuals: FloatArray, restandardised: FloatArray) -> FloatArray:
    """Return the mean rank of the event day over the deviation of all T + 1 days' mean ranks.

    By column of ``restandardised``, (n, columns): each is one further day beside the T residuals,
    and lifts the rank of every larger residual by one, of an equal one by half.
    """
    n_days = residuals.shape[1] + 1
    alone = ranks(residuals).mean(axis=0)
    found = np.full(int(restandardised.shape[1]), np.nan)
    for index, column in enumerate(restandardised.T):
        if not np.all(np.isfinite(column)):
            continue
        above, equal = residuals > column[:, None], residuals == column[:, None]
        lifted = above.mean(axis=0) + equal.mean(axis=0) / 2
        own = n_days - (above.sum(axis=1) + equal.sum(axis=1) / 2).mean()
        mean_rank = np.append(alone + lifted, own) / (n_days + 1) - 0.5
        found[index] = mean_rank[-1] / np.sqrt((mean_rank**2).mean())
    return found
