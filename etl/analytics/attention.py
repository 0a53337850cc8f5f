"""Curiosity half-life: how fast attention fades after its peak, and where its mean changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from etl.analytics.change_points import Breaks, breaks
from etl.analytics.decay import Decay, Observations, decay
from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import DateArray

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Series:
    """Attention by day: n observations in order, arrays of shape (n,).

    Attributes
    ----------
    begin, end
        First and last day of each observation, ``datetime64[D]``; equal for a single day. A rate
        between two look-ups is the mean from the one to the other.
    value
        Attention a day, finite and not below zero.

    Raises
    ------
    ValueError
        If days are not in order, or a value is missing, infinite or below zero.
    """

    begin: DateArray
    end: DateArray
    value: FloatArray

    def __post_init__(self) -> None:
        if not self.value.size:
            raise ValueError("got no observation; at least one is needed")
        if not np.isfinite(self.value).all() or (self.value < 0).any():
            at = int(np.flatnonzero(~np.isfinite(self.value) | (self.value < 0))[0])
            raise ValueError(
                f"got the value {self.value[at]:g} on {self.end[at]}; attention is finite and not "
                "below zero"
            )
        if (np.diff(self.end) <= np.timedelta64(0)).any() or (self.begin > self.end).any():
            raise ValueError("got days that are not in order, or a day twice")

    def until(self, day: np.datetime64) -> Series:
        """Return what was seen by ``day``."""
        seen = self.end <= day
        return Series(self.begin[seen], self.end[seen], self.value[seen])


@dataclass(frozen=True)
class Attention:
    """What becomes of attention after its peak.

    Attributes
    ----------
    peak
        Position of the highest observation, the first of equal ones.
    begins_after_peak
        Whether that is the first one, or the series was said to begin so: then the peak may lie
        before the series.
    decay
        The fitted curves from the peak on; days count from the begin of the highest observation.
    half_life_days, half_life_low, half_life_high
        Of the chosen curve, the height above its level. Only ``half_life_high``, a bound, is
        given where the series begins after its peak, and where half of it goes within one stretch
        between two look-ups, which cannot be told apart: then it is ``half_gone_by_days``. After
        a peak that was not seen the bound counts from the highest observation: the peak was no
        lower, so half of it had gone by then. The half-life from the peak itself is no longer
        than that either where the loss slows down (exponential, power law), but how long before
        the series the peak lay is not known.
    above_half_until_days, half_gone_by_days
        What was seen without any curve: until when attention stayed above half of the highest
        observation, and by when it had first fallen to half or less (missing if it has not).
    reason
        Code of :data:`etl.analytics.decay.REASONS`; empty where there is a half-life.
    """

    series: Series
    peak: int
    begins_after_peak: bool
    decay: Decay
    half_life_days: float
    half_life_low: float
    half_life_high: float
    above_half_until_days: float
    half_gone_by_days: float
    reason: str

    @cached_property
    def breaks(self) -> Breaks:
        """Where the mean of all observations changes."""
        return breaks(self.series.value)

    @property
    def peak_date(self) -> np.datetime64:
        """Day from which days are counted: the begin of the highest observation."""
        return self.series.begin[self.peak]

    def share_left(self, days: float) -> float:
        """Return the share of the peak the fitted curve leaves after ``days``; NaN without one."""
        fit = self.decay.fit
        if fit is None:
            return np.nan
        ends = fit.at(np.array([0.0, float(days)]))
        return float(ends[1] / ends[0])

    def forecast(self, days: NDArray[np.int64]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the fitted curve ``days`` after the peak with its resampled 95% band, (n,) each.

        Missing without a fitted curve. The band is of the curve, not of single days.
        """
        fit, band = self.decay.fit, self.decay.band
        since = days.astype(np.float64)
        if fit is None or band is None:
            nothing = np.full(since.shape, np.nan)
            return nothing, nothing, nothing
        low, high = band(since)
        return fit.at(since), low, high


def attention(
    series: Series,
    rng: np.random.Generator,
    longest_days: int = 0,
    *,
    begins_after_peak: bool = False,
) -> Attention:
    """Find the peak, fit the decay after it and divide the series where its mean changes.

    Parameters
    ----------
    series
        Attention by day.
    rng
        Where the randomness of the interval comes from.
    longest_days
        Days after the peak that the curves are fitted to; 0 takes all.
    begins_after_peak
        The peak is known to lie before the series; always so where its first value is its highest.
    """
    peak = int(series.value.argmax())
    start = series.begin[peak]
    begin, end = (
        (days[peak:] - start) / _DAY for days in (np.maximum(series.begin, start), series.end)
    )
    inside = end <= longest_days if longest_days else np.ones(end.size, dtype=np.bool_)
    inside[0] = True
    found = decay(Observations(begin[inside], end[inside], series.value[peak:][inside]), rng)
    above_until, gone_by = _half_seen(begin, end, series.value[peak:])
    after_peak = begins_after_peak or peak == 0
    half_life, low, high = np.nan, found.half_life_low, found.half_life_high
    reason = found.reason
    if found.fit is not None:
        half_life = found.fit.half_life_days
        reason = "finer_than_look_ups" if half_life < end[0] else ""
    if reason == "finer_than_look_ups":
        half_life, low, high = np.nan, np.nan, gone_by
    if after_peak and reason in ("", "finer_than_look_ups"):
        half_life, low, reason = np.nan, np.nan, "begins_after_peak"
    return Attention(
        series, peak, after_peak, found, half_life, low, high, above_until, gone_by, reason
    )


def _half_seen(begin: FloatArray, end: FloatArray, value: FloatArray) -> tuple[float, float]:
    """Return until when values from the peak on are above half of it, and by when half is gone."""
    low = np.flatnonzero(value <= value[0] / 2)
    if not low.size or value[0] == 0:
        return float(begin[-1]), np.nan
    return float(begin[low[0] - 1]), float(end[low[0]])
