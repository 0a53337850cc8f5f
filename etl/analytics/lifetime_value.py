"""What a payer is worth, with its interval, and how well such forecasts did on held-out months."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from etl.analytics import renewals
from etl.analytics.distributions import FloatArray
from etl.analytics.renewals import Cohorts, ShiftedBetaGeometric

Timing = Literal["start", "end"]


@dataclass(frozen=True)
class LtvSpec:
    """What is summed.

    Attributes
    ----------
    value_usd
        What one payment brings after fees and taxes, US dollars.
    n_periods
        Payments looked at: the horizon.
    periods_per_year
        Payments a year: 12 for a monthly plan.
    annual_discount_rate
        Per year, compounded by period.
    timing
        ``start``: the first payment is made at once and not discounted; ``end``: payments come at
        the end of each period.
    """

    value_usd: float
    n_periods: int
    periods_per_year: float
    annual_discount_rate: float = 0.1
    timing: Timing = "start"

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if self.n_periods < 1 or self.periods_per_year <= 0 or self.annual_discount_rate <= -1:
            raise ValueError(
                f"got {self.n_periods} periods, {self.periods_per_year:g} a year and the discount "
                f"rate {self.annual_discount_rate:g}; periods are 1 or more, the rate above -1"
            )

    @property
    def discount(self) -> FloatArray:
        """Shape (n_periods,), what a dollar of each payment is worth today."""
        first = 0 if self.timing == "start" else 1
        years = (np.arange(self.n_periods) + first) / self.periods_per_year
        return (1 + self.annual_discount_rate) ** -years


def ltv_curve(
    model: ShiftedBetaGeometric,
    fits: renewals.BootstrapFits,
    spec: LtvSpec,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the value of a new payer summed up to each payment.

    Parameters
    ----------
    model
        Fitted renewals.
    fits
        Bootstrap refits of it; the interval holds what is not known about the renewals, and
        nothing else.
    spec
        What is summed.

    Returns
    -------
    DataFrame
        ``period`` (from 1), ``survival`` (share still paying at that payment), ``ltv, low, high``
        (US dollars).
    """
    at = np.arange(spec.n_periods)
    worth = spec.value_usd * spec.discount
    middle = model.survival(at)
    drawn = renewals.survival(fits.alpha[:, None], fits.beta[:, None], at[None, :])
    sums = np.cumsum(drawn * worth, axis=1)
    tail = 100 * (1 - level) / 2
    low, high = np.nanpercentile(sums, [tail, 100 - tail], axis=0)
    return pd.DataFrame(
        {
            "period": at + 1,
            "survival": middle,
            "ltv": np.cumsum(middle * worth),
            "low": low,
            "high": high,
        }
    )


def hold_out(
    chains: pd.DataFrame, model: ShiftedBetaGeometric, fits: renewals.BootstrapFits, rng: Any
) -> pd.DataFrame:
    """Return forecast and actual payments after a cut, of subscriptions that stood at the cut.

    Parameters
    ----------
    chains
        ``paid_before`` (payments up to the cut), ``ahead`` (periods after the cut that are over),
        ``made`` (payments made in those), ``n`` (subscriptions): one row a combination.
    model, fits
        Fitted to the data up to the cut alone.
    rng
        Numpy generator of the draws.

    Returns
    -------
    DataFrame
        ``period`` (1 is the first after the cut), ``n_due`` (subscriptions whose period is over),
        ``actual, forecast, low, high`` (payments). The interval holds both the fit's uncertainty
        and chance.
    """
    ahead, made, n = (chains[c].to_numpy(np.int64) for c in ("ahead", "made", "n"))
    before = chains["paid_before"].to_numpy(np.int64)
    rows = []
    for period in range(1, int(ahead.max(initial=0)) + 1):
        seen = ahead >= period
        n_due = n[seen].sum()
        chance = _chances(model.alpha, model.beta, before[seen], period)
        drawn = _chances(fits.alpha[:, None], fits.beta[:, None], before[seen], period)
        sampled = rng.binomial(n[seen], np.clip(np.nan_to_num(drawn), 0, 1)).sum(axis=1)
        low, high = np.percentile(sampled, [2.5, 97.5])
        rows.append(
            {
                "period": period,
                "n_due": int(n_due),
                "actual": int(n[seen & (made >= period)].sum()),
                "forecast": float((n[seen] * chance).sum()),
                "low": float(low),
                "high": float(high),
            }
        )
    columns = ["period", "n_due", "actual", "forecast", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _chances(alpha: Any, beta: Any, before: FloatArray, period: int) -> FloatArray:
    """Return the chance that who has paid ``before`` times renews ``period`` times more."""
    later = renewals.survival(alpha, beta, before - 1 + period)
    return later / renewals.survival(alpha, beta, before - 1)


def forecast_error(table: pd.DataFrame) -> float:
    """Return the error of the whole forecast over the actual total; missing without payments."""
    actual, forecast = (table[name].to_numpy(np.float64).sum() for name in ("actual", "forecast"))
    return float(forecast / actual - 1) if actual else float("nan")


def cohorts_of(counts: pd.DataFrame) -> Cohorts | None:
    """Return renewal counts of one product as cohorts for a fit; ``None`` without any renewal due.

    Parameters
    ----------
    counts
        ``renewal`` (from 1, without gaps), ``due, renewed``.
    """
    ordered = counts.sort_values("renewal")
    due, renewed = ordered["due"].to_numpy(np.float64), ordered["renewed"].to_numpy(np.float64)
    if not due.size or not due.sum():
        return None
    return Cohorts(renewed, due)
