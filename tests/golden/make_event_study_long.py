"""Write event_study_long.json: factors, holding returns and corrected p-values, computed plainly.

Run it as ``python tests/golden/make_event_study_long.py``; statsmodels, pandas and loops, sharing
no code with ``etl.analytics``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

N_SHARES, N_BARS, N_ESTIMATION, ZERO, WINDOW = 6, 150, 60, 90, (-1, 3)
HORIZONS = (5, 20, 60)
P_VALUES = [0.012, 0.3, 0.001, 0.049, 0.04, 0.04, 0.9]


def inputs() -> dict[str, Any]:
    """Return seeded prices of a market, two factors and six shares, and their volumes."""
    rng = np.random.default_rng(20230901)
    market, crypto, rates = rng.normal(0, [[0.01], [0.04], [0.005]], (3, N_BARS))
    loadings = rng.uniform(-0.3, 1.2, (N_SHARES, 3))
    shares = loadings @ np.stack([market, crypto, rates])
    shares += rng.standard_t(5, (N_SHARES, N_BARS)) * 0.015
    returns = np.vstack([market, crypto, rates, shares])
    names = ["MKT", "BTC", "RATE", *(f"S{i}" for i in range(N_SHARES))]
    prices = 50 * np.exp(returns.cumsum(axis=1))
    volume = rng.integers(0, 10_000, (N_SHARES, N_BARS))
    outstanding = np.where(np.arange(N_BARS) < 100, 1e6, 2e6)
    return {
        "days": [str(day.date()) for day in pd.bdate_range("2021-01-04", periods=N_BARS)],
        "prices": {n: row.round(6).tolist() for n, row in zip(names, prices, strict=True)},
        "volume": {f"S{i}": row.tolist() for i, row in enumerate(volume)},
        "shares_outstanding": outstanding.tolist(),
    }


def with_factors(frame: pd.DataFrame, share: str) -> dict[str, Any]:
    """Return one event in the model of market and two factors, its errors from the whole matrix."""
    returns = np.log(frame).diff()
    begin = ZERO + WINDOW[0]
    estimation = returns.iloc[begin - N_ESTIMATION : begin]
    event = returns.iloc[begin : ZERO + WINDOW[1] + 1]
    columns = ["MKT", "BTC", "RATE"]
    fit = sm.OLS(estimation[share], sm.add_constant(estimation[columns])).fit()
    new = sm.add_constant(event[columns], has_constant="add")
    ar = (event[share] - fit.predict(new)).to_numpy()
    covariance = fit.mse_resid * np.eye(len(ar)) + new.to_numpy() @ fit.cov_params() @ new.T
    covariance = np.asarray(covariance)
    se = fit.get_prediction(new).se_obs
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), se, rtol=1e-12)
    sums = [covariance[:n, :n].sum() for n in range(1, len(ar) + 1)]
    return {
        "coefficients": fit.params.tolist(),
        "sigma": float(np.sqrt(fit.mse_resid)),
        "abnormal_return": ar.tolist(),
        "abnormal_return_se": se.tolist(),
        "cumulative_abnormal_return": ar.cumsum().tolist(),
        "cumulative_abnormal_return_se": np.sqrt(sums).tolist(),
    }


def held(frame: pd.DataFrame, share: str, horizon: int) -> float | None:
    """Return the buy-and-hold abnormal return in percent by compounding day by day."""
    if ZERO + horizon >= N_BARS:
        return None
    growth = {}
    for name in (share, "MKT"):
        value = 1.0
        for simple in frame[name].pct_change().iloc[ZERO : ZERO + horizon + 1]:
            value *= 1 + simple
        growth[name] = value
    return 100 * (growth[share] - growth["MKT"])


def traded(given: dict[str, Any], share: str, horizon: int) -> float | None:
    """Return abnormal turnover against the estimation window."""
    if ZERO + horizon >= N_BARS:
        return None
    pairs = zip(given["volume"][share], given["shares_outstanding"], strict=True)
    turnover = [volume / outstanding for volume, outstanding in pairs]
    begin = ZERO + WINDOW[0]
    before = turnover[begin - N_ESTIMATION : begin]
    after = turnover[ZERO : ZERO + horizon + 1]
    return (sum(after) / len(after)) / (sum(before) / len(before)) - 1


def skewness_adjusted(values: list[float]) -> float:
    """Return t from the moments, as printed by Lyon, Barber and Tsai (1999), p. 174."""
    n, s = len(values), np.std(values, ddof=1)
    size = np.mean(values) / s
    skewness = sum((value - np.mean(values)) ** 3 for value in values) / (n * s**3)
    return float(np.sqrt(n) * (size + size**2 * skewness / 3 + skewness / (6 * n)))


def main() -> None:
    """Write the inputs and everything expected of them."""
    given = inputs()
    frame = pd.DataFrame(given["prices"])
    names = list(given["volume"])
    bhar = [[held(frame, name, horizon) for horizon in HORIZONS] for name in names]
    t = [skewness_adjusted([row[i] for row in bhar]) for i in range(2)]
    document = {
        **given,
        "zero": ZERO,
        "window": WINDOW,
        "estimation": N_ESTIMATION,
        "horizons": HORIZONS,
        "factors": [with_factors(frame, name) for name in names],
        "bhar": bhar,
        "abnormal_turnover": [[traded(given, name, h) for h in HORIZONS] for name in names],
        "skewness_adjusted_t": t,
        "skewness_adjusted_p": [float(2 * stats.t.sf(abs(v), N_SHARES - 1)) for v in t],
        "p_values": P_VALUES,
        "holm": multipletests(P_VALUES, method="holm")[1].tolist(),
        "benjamini_hochberg": multipletests(P_VALUES, method="fdr_bh")[1].tolist(),
    }
    target = Path(__file__).with_name("event_study_long.json")
    target.write_text(json.dumps(document) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
