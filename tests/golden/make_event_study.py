"""Write event_study.json: an independent event study, event by event with statsmodels and loops.

Run it as ``python tests/golden/make_event_study.py``; it is slow and plain on purpose and shares
no code with ``etl.analytics``.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import stats

N_EVENTS, N_ESTIMATION, N_DAYS = 7, 40, 3
COLUMNS = {"market": 2, "mean": 1, "adjusted": 0}


def inputs() -> dict[str, Any]:
    """Return seeded returns of seven shares with heavy tails and one shared shock."""
    rng = np.random.default_rng(20221207)
    market = rng.normal(0, 0.01, N_ESTIMATION + N_DAYS)
    shared = rng.standard_t(4, N_ESTIMATION + N_DAYS) * 0.006
    own = rng.standard_t(4, (N_EVENTS, N_ESTIMATION + N_DAYS)) * 0.012
    stock = 0.001 + rng.uniform(0.5, 1.5, (N_EVENTS, 1)) * market + shared + own
    stock[:, N_ESTIMATION:] += 0.01
    return {"market": market.round(8).tolist(), "stock": stock.round(8).tolist()}


def one_event(stock: np.ndarray, market: np.ndarray, model: str) -> dict[str, Any]:
    """Return the abnormal returns of one event with errors from the full covariance matrix."""
    if model == "adjusted":
        residuals = stock[:N_ESTIMATION] - market[:N_ESTIMATION]
        sigma = np.sqrt((residuals**2).mean())
        ar = stock[N_ESTIMATION:] - market[N_ESTIMATION:]
        covariance = sigma**2 * np.eye(N_DAYS)
    else:
        design = np.column_stack([np.ones(market.size), market])[:, : COLUMNS[model]]
        fit = sm.OLS(stock[:N_ESTIMATION], design[:N_ESTIMATION]).fit()
        residuals, sigma = fit.resid, np.sqrt(fit.mse_resid)
        new = design[N_ESTIMATION:]
        ar = stock[N_ESTIMATION:] - fit.predict(new)
        covariance = sigma**2 * np.eye(N_DAYS) + new @ fit.cov_params() @ new.T
        np.testing.assert_allclose(
            np.sqrt(np.diag(covariance)), fit.get_prediction(new).se_obs, rtol=1e-12
        )
    car_se = []
    for last in range(1, N_DAYS + 1):
        gamma = np.array([1.0] * last + [0.0] * (N_DAYS - last))
        car_se.append(float(np.sqrt(gamma @ covariance @ gamma)))
    return {
        "residuals": residuals.tolist(),
        "sigma": float(sigma),
        "ar": ar.tolist(),
        "ar_se": np.sqrt(np.diag(covariance)).tolist(),
        "car": np.cumsum(ar).tolist(),
        "car_se": car_se,
    }


def ranks(values: list[float]) -> list[float]:
    """Return ranks from 1, by counting; there are no ties in the input."""
    return [1.0 + sum(other < value for other in values) for value in values]


def t_of(values: list[float]) -> float:
    """Return the mean over its standard error."""
    return float(np.mean(values) / (np.std(values, ddof=1) / np.sqrt(len(values))))


def corrado(events: list[dict[str, Any]]) -> list[float]:
    """Return Corrado's z by day, then for the window."""
    table = [ranks(event["residuals"] + event["ar"]) for event in events]
    length = N_ESTIMATION + N_DAYS
    means = [
        sum(row[day] - (length + 1) / 2 for row in table) / len(table) for day in range(length)
    ]
    error = np.sqrt(sum(mean**2 for mean in means) / length)
    days = [mean / error for mean in means[N_ESTIMATION:]]
    return [*days, sum(days) / np.sqrt(N_DAYS)]


def sign(events: list[dict[str, Any]], column: list[float]) -> float:
    """Return the generalised sign z of one column of returns."""
    shares = [np.mean([value > 0 for value in event["residuals"]]) for event in events]
    rate, count = float(np.mean(shares)), len(events)
    positive = sum(value > 0 for value in column)
    return (positive - count * rate) / float(np.sqrt(count * rate * (1 - rate)))


def signed_ranks(column: list[float]) -> tuple[float, float]:
    """Return W+ and its exact two-sided p, by trying every pattern of signs."""
    order = ranks([abs(value) for value in column])
    observed = sum(rank for rank, value in zip(order, column, strict=True) if value > 0)
    patterns = itertools.product((0, 1), repeat=len(order))
    sums = [sum(rank * on for rank, on in zip(order, pattern, strict=True)) for pattern in patterns]
    lower = np.mean([total <= observed for total in sums])
    upper = np.mean([total >= observed for total in sums])
    return observed, float(min(1.0, 2 * min(lower, upper)))


def grank(events: list[dict[str, Any]], scar: list[float]) -> float:
    """Return the t of Kolari and Pynnönen (2011), T + 1 days of which the last is the event."""
    spread, length = np.std(scar, ddof=1), N_ESTIMATION + 1
    table = []
    for event, own in zip(events, scar, strict=True):
        series = [value / event["sigma"] for value in event["residuals"]] + [own / spread]
        table.append([rank / (length + 1) - 0.5 for rank in ranks(series)])
    means = [float(np.mean([row[day] for row in table])) for day in range(length)]
    z = means[-1] / float(np.sqrt(np.mean(np.square(means))))
    return z * float(np.sqrt((length - 2) / (length - 1 - z**2)))


def over_events(events: list[dict[str, Any]], model: str) -> dict[str, Any]:
    """Return every test by day, then for the window: statistic and p-value."""
    count, freedom = len(events), N_ESTIMATION - COLUMNS[model]
    plain = [[event["ar"][day] for event in events] for day in range(N_DAYS)]
    plain.append([event["car"][-1] for event in events])
    scaled = [[event["ar"][day] / event["ar_se"][day] for event in events] for day in range(N_DAYS)]
    scar = [*scaled, [event["car"][-1] / event["car_se"][-1] for event in events]]
    q = freedom / (freedom - 2)
    patell = [sum(column) / np.sqrt(count * q) for column in scaled]
    csar = [sum(column[index] for column in scaled) for index in range(count)]
    patell.append(sum(value / np.sqrt(N_DAYS * q) for value in csar) / np.sqrt(count))
    pairs = itertools.combinations([event["residuals"] for event in events], 2)
    r = float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in pairs]))
    inflation = 1 + (count - 1) * r
    bmp = [t_of(column) for column in scar]
    by_t = {
        "cross_sectional": ([t_of(column) for column in plain], count - 1),
        "bmp": (bmp, count - 1),
        "kolari_pynnonen_bmp": ([t * np.sqrt((1 - r) / inflation) for t in bmp], count - 1),
        "grank": ([grank(events, column) for column in scar], N_ESTIMATION - 1),
    }
    by_normal = {
        "patell": patell,
        "kolari_pynnonen_patell": [z / np.sqrt(inflation) for z in patell],
        "corrado_rank": corrado(events),
        "generalised_sign": [sign(events, column) for column in plain],
    }
    tests = {
        name: {"statistic": values, "p_value": [2 * stats.t.sf(abs(v), freedom) for v in values]}
        for name, (values, freedom) in by_t.items()
    }
    for name, values in by_normal.items():
        p_values = [2 * stats.norm.sf(abs(v)) for v in values]
        tests[name] = {"statistic": values, "p_value": p_values}
    wilcoxon = [signed_ranks(column) for column in plain]
    tests["wilcoxon"] = {
        "statistic": [statistic for statistic, _ in wilcoxon],
        "p_value": [p_value for _, p_value in wilcoxon],
    }
    return {"mean_residual_correlation": r, "tests": tests}


def main() -> None:
    """Write the inputs and everything expected of them."""
    given = inputs()
    market, stock = np.array(given["market"]), np.array(given["stock"])
    document: dict[str, Any] = {"n_estimation": N_ESTIMATION, **given, "models": {}}
    for model in COLUMNS:
        events = [one_event(row, market, model) for row in stock]
        together = over_events(events, model)
        for event in events:
            del event["residuals"]
        document["models"][model] = {"events": events, **together}
    target = Path(__file__).with_name("event_study.json")
    target.write_text(json.dumps(document, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
