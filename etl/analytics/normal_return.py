"""What a share would have returned without the event, and how far it was from that.

All events are estimated at once: arrays have one row an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import BoolArray

Model = Literal["market", "mean", "adjusted"]


@dataclass(frozen=True)
class Windows:
    """Returns of n events: T estimation days and L event days, all finite.

    Attributes
    ----------
    stock_estimation, market_estimation
        Shape (n, T), returns as ratios.
    stock_event, market_event
        Shape (n, L), returns as ratios.
    factors_estimation, factors_event
        Shapes (n, T, f) and (n, L, f), returns of factors beside the market; ``None`` without.
    """

    stock_estimation: FloatArray
    market_estimation: FloatArray
    stock_event: FloatArray
    market_event: FloatArray
    factors_estimation: FloatArray | None = None
    factors_event: FloatArray | None = None

    @property
    def n_factors(self) -> int:
        """Number of factors beside the market."""
        return 0 if self.factors_estimation is None else int(self.factors_estimation.shape[2])

    def flat_factors(self) -> list[FloatArray]:
        """Return the factors' windows with one row an event, nothing where there are none."""
        given = [w for w in (self.factors_estimation, self.factors_event) if w is not None]
        return [window.reshape(window.shape[0], np.prod(window.shape[1:])) for window in given]

    def of(self, chosen: BoolArray) -> Windows:
        """Return the chosen events only."""
        return Windows(
            self.stock_estimation[chosen],
            self.market_estimation[chosen],
            self.stock_event[chosen],
            self.market_event[chosen],
            None if self.factors_estimation is None else self.factors_estimation[chosen],
            None if self.factors_event is None else self.factors_event[chosen],
        )


@dataclass(frozen=True)
class AbnormalReturns:
    """Abnormal returns of n events with their exact standard errors.

    Attributes
    ----------
    abnormal_return, abnormal_return_se
        Shape (n, L); the error carries the forecast error of the model.
    cumulative_abnormal_return, cumulative_abnormal_return_se
        Shape (n, L), cumulated from the first day; the error is the exact square root of γ'Vγ.
    residuals
        Shape (n, T), of the estimation window.
    sigma
        Shape (n,), residual standard deviation with T − k degrees of freedom.
    coefficients
        Shape (n, k): alpha, beta and one for each factor (market), the mean (mean), nothing
        (adjusted).
    degrees_of_freedom
        T − k.
    """

    abnormal_return: FloatArray
    abnormal_return_se: FloatArray
    cumulative_abnormal_return: FloatArray
    cumulative_abnormal_return_se: FloatArray
    residuals: FloatArray
    sigma: FloatArray
    coefficients: FloatArray
    degrees_of_freedom: int

    def of(self, chosen: BoolArray) -> AbnormalReturns:
        """Return the chosen events only."""
        return AbnormalReturns(
            self.abnormal_return[chosen],
            self.abnormal_return_se[chosen],
            self.cumulative_abnormal_return[chosen],
            self.cumulative_abnormal_return_se[chosen],
            self.residuals[chosen],
            self.sigma[chosen],
            self.coefficients[chosen],
            self.degrees_of_freedom,
        )


def n_parameters(model: Model, n_factors: int = 0) -> int:
    """Return k, the number of estimated coefficients; only the market model takes factors."""
    return {"market": 2 + n_factors, "mean": 1, "adjusted": 0}[model]


def abnormal_returns(windows: Windows, model: Model) -> AbnormalReturns:
    """Estimate the normal return of every event and measure its event window against it.

    Parameters
    ----------
    windows
        Returns of n events, finite. Factors extend the market model and no other; market and
        factors must vary, none being a linear combination of the others.
    model
        ``market``: ordinary least squares on the returns of market and factors; ``mean``: the
        share's own mean; ``adjusted``: the share's return minus the market's, nothing estimated,
        so its sigma is the root mean square over the estimation window.

    Returns
    -------
    AbnormalReturns
        With V = σ²(I + X*(X'X)⁻¹X*'), X the regressors of the estimation and X* of the event
        window: its diagonal is σ²(1 + 1/T + (Rm − mean)²/Sxx) in the market model without factors.

    Raises
    ------
    ValueError
        If T does not exceed the number of coefficients, or the market or a factor does not vary.

    Notes
    -----
    Campbell, Lo and MacKinlay (1997), chapter 4. With the QR decomposition of X the forecast
    part of V is A·A', A = X*R⁻¹, so γ'Vγ for the first l days needs only the running sum of A.
    """
    offset_estimation, offset_event = 0.0, 0.0
    if model == "adjusted":
        offset_estimation, offset_event = windows.market_estimation, windows.market_event
    target = windows.stock_estimation - offset_estimation
    n_estimation = target.shape[1]
    n_coefficients = n_parameters(model, windows.n_factors)
    degrees_of_freedom = n_estimation - n_coefficients
    if degrees_of_freedom < 1:
        raise ValueError(f"got {n_estimation} estimation days for {n_coefficients} parameters")
    estimation = _regressors(windows.market_estimation, windows.factors_estimation, model)
    event = _regressors(windows.market_event, windows.factors_event, model)
    q, r = np.linalg.qr(estimation)
    if not np.all(np.abs(np.diagonal(r, axis1=1, axis2=2)) > 0):
        raise ValueError("got a market or factor that does not vary within an estimation window")
    projected = q.transpose(0, 2, 1) @ target[:, :, None]
    coefficients = np.linalg.solve(r, projected)[:, :, 0].astype(np.float64)
    residuals = target - _fitted(estimation, coefficients)
    sigma = np.sqrt((residuals**2).sum(axis=1) / degrees_of_freedom)
    abnormal = windows.stock_event - offset_event - _fitted(event, coefficients)
    forecast = np.linalg.solve(r.transpose(0, 2, 1), event.transpose(0, 2, 1))
    n_days = np.arange(1, abnormal.shape[1] + 1, dtype=np.float64)
    day_factor = 1 + (forecast**2).sum(axis=1)
    cumulative_factor = n_days + (forecast.cumsum(axis=2) ** 2).sum(axis=1)
    return AbnormalReturns(
        abnormal,
        sigma[:, None] * np.sqrt(day_factor),
        abnormal.cumsum(axis=1),
        sigma[:, None] * np.sqrt(cumulative_factor),
        residuals,
        sigma,
        coefficients,
        degrees_of_freedom,
    )


def own_variation(windows: Windows) -> FloatArray:
    """Return how much each regressor varies beyond the ones before it, shape (n, 1 + f).

    Market first, then the factors: the standard deviation of what the constant and the earlier
    regressors leave of it in the estimation window. Zero says it is constant or collinear.
    """
    columns = _regressors(windows.market_estimation, windows.factors_estimation, "market")
    r = np.linalg.qr(columns, mode="r")
    size = np.abs(np.diagonal(r, axis1=1, axis2=2))[:, 1:]
    return (size / np.sqrt(columns.shape[1])).astype(np.float64)


def _regressors(market: FloatArray, factors: FloatArray | None, model: Model) -> FloatArray:
    """Return the regressors, shape (n, days, k)."""
    if model == "adjusted":
        return np.empty((*market.shape, 0))
    columns = [np.ones_like(market)[:, :, None]]
    if model == "market":
        columns.append(market[:, :, None])
        columns += [] if factors is None else [factors]
    return np.concatenate(columns, axis=2)


def _fitted(regressors: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return the normal return, shape (n, days)."""
    return (regressors @ coefficients[:, :, None])[:, :, 0]
