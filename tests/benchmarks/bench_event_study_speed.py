"""How fast a thousand events and two thousand specifications are measured, on one core.

The peer is a loop over statsmodels in the same run that gives the same outputs: for each event
a fit, ``get_prediction`` for the errors of each day, the exact error of each cumulated return, then
the nine tests over the events with scipy. The targets are a ratio of 20 and two seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import statsmodels.api as sm
from harness import seconds, summary, write_record
from scipy import stats

from etl.analytics.event_calendar import Panel, panel
from etl.analytics.event_study import EventStudy, EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.specification_curve import SpecificationGrid, specification_curve

TARGET_RATIO, TARGET_CURVE_SECONDS = 20.0, 2.0
N_EVENTS, N_ESTIMATION, N_CURVE_EVENTS = 1_000, 250, 50
SPEC = EventStudySpec((-2, 2), N_ESTIMATION, 10)
GRID = SpecificationGrid(
    windows=(
        (0, 0),
        (-1, 1),
        (-2, 2),
        (-5, 5),
        (0, 1),
        (0, 4),
        (0, 10),
        (0, 20),
        (-10, -1),
        (1, 5),
    ),
    models=("market", "mean", "adjusted"),
    benchmarks=("", "ALT"),
    estimations=(60, 90, 120, 180, 250),
    gaps=(5, 10, 20, 30),
    returns=("log", "simple"),
)


def made_up(n_shares: int, n_bars: int = 700) -> tuple[Panel, Events]:
    """Return prices of two markets and ``n_shares``, one event each, on scattered days."""
    rng = np.random.default_rng(1)
    market = rng.normal(0, 0.01, (2, n_bars))
    returns = np.vstack([market, market[0] + rng.normal(0, 0.02, (n_shares, n_bars))])
    names = ["MKT", "ALT", *(f"S{i:04}" for i in range(n_shares))]
    days = pd.bdate_range("2020-01-01", periods=n_bars).to_numpy(dtype="datetime64[D]")
    prices = panel(
        np.repeat(names, n_bars),
        np.tile(days, len(names)),
        50 * np.exp(returns.cumsum(axis=1)).ravel(),
    )
    none = np.zeros(n_shares, dtype=bool)
    on = days[rng.integers(400, 600, n_shares)]
    return prices, Events(np.array(names[2:]), np.full(n_shares, "MKT"), on, none, none)


def with_statsmodels(prices: Panel, events: Events) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return AR, its error, t, p, CAR, its error, t and p, (n, 8, L), and the tests."""
    market = prices.values[:, prices.columns["MKT"]]
    rows, residuals, sigma, days = [], [], [], []
    for ticker, day in zip(events.tickers, events.dates, strict=True):
        stock = prices.values[:, prices.columns[str(ticker)]]
        x, y = np.diff(np.log(market)), np.diff(np.log(stock))
        begin = int(np.searchsorted(prices.dates, day)) - 1 + SPEC.window[0]
        window = slice(begin, begin + SPEC.days.size)
        estimation = slice(begin - SPEC.gap - N_ESTIMATION, begin - SPEC.gap)
        fit = sm.OLS(y[estimation], sm.add_constant(x[estimation])).fit()
        new = sm.add_constant(x[window])
        prediction = fit.get_prediction(new)
        ar, ar_se = y[window] - prediction.predicted_mean, prediction.se_obs
        covariance = fit.mse_resid * np.eye(len(new)) + new @ fit.cov_params() @ new.T
        car = ar.cumsum()
        car_se = np.sqrt(np.diag(covariance.cumsum(axis=0).cumsum(axis=1)))
        tests = [(t, 2 * stats.t.sf(np.abs(t), fit.df_resid)) for t in (ar / ar_se, car / car_se)]
        rows.append([ar, ar_se, *tests[0], car, car_se, *tests[1]])
        residuals.append(fit.resid)
        sigma.append(np.sqrt(fit.mse_resid))
        days.append(prices.dates[1:][estimation])
    found = np.array(rows)
    return found, over_events(found, np.array(residuals), np.array(sigma), days)


def over_events(
    found: np.ndarray, residuals: np.ndarray, sigma: np.ndarray, days: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """Return statistic and p by day and, last, for the window: (2, L + 1) by test."""
    n, length = len(found), residuals.shape[1]
    window = np.column_stack([found[:, 0], found[:, 4, -1]])
    scaled = np.column_stack([found[:, 2], found[:, 6, -1]])
    shared = sorted(set.intersection(*(set(own.tolist()) for own in days)))
    common = [row[np.isin(own, shared)] for row, own in zip(residuals, days, strict=True)]
    r = (np.corrcoef(common).sum() - n) / (n * (n - 1))
    q = (length - 2) / (length - 4)
    patell = found[:, 2].sum(axis=0) / np.sqrt(n * q)
    patell = np.append(patell, patell.sum() / np.sqrt(patell.size))
    cross, bmp = (stats.ttest_1samp(values, 0).statistic for values in (window, scaled))
    ranked = np.array(
        [stats.rankdata([*row, *own]) for row, own in zip(residuals, found[:, 0], strict=True)]
    )
    deviation = (ranked - (ranked.shape[1] + 1) / 2).mean(axis=0)
    corrado = deviation[length:] / np.sqrt((deviation**2).mean())
    corrado = np.append(corrado, corrado.sum() / np.sqrt(corrado.size))
    rate = (residuals > 0).mean()
    sign = ((window > 0).sum(axis=0) - n * rate) / np.sqrt(n * rate * (1 - rate))
    grank = []
    for column in (scaled / scaled.std(axis=0, ddof=1)).T:
        series = np.column_stack([residuals / sigma[:, None], column])
        means = np.mean([stats.rankdata(row) / (length + 2) - 0.5 for row in series], axis=0)
        z = means[-1] / np.sqrt((means**2).mean())
        grank.append(z * np.sqrt((length - 1) / (length - z**2)))
    inflation = 1 + (n - 1) * r
    by_t = {
        "cross_sectional": (cross, n - 1),
        "bmp": (bmp, n - 1),
        "kolari_pynnonen_bmp": (bmp * np.sqrt((1 - r) / inflation), n - 1),
        "grank": (np.array(grank), length - 1),
    }
    by_normal = {
        "patell": patell,
        "kolari_pynnonen_patell": patell / np.sqrt(inflation),
        "corrado_rank": corrado,
        "generalised_sign": sign,
    }
    answer = {name: np.array([t, 2 * stats.t.sf(abs(t), df)]) for name, (t, df) in by_t.items()}
    answer |= {name: np.array([z, 2 * stats.norm.sf(abs(z))]) for name, z in by_normal.items()}
    plus = [stats.wilcoxon(column, alternative="greater").statistic for column in window.T]
    p = [stats.wilcoxon(column).pvalue for column in window.T]
    return answer | {"wilcoxon": np.array([plus, p])}


def require_same(ours: EventStudy, theirs: np.ndarray, tests: dict[str, np.ndarray]) -> None:
    """Refuse to compare two computations that differ."""
    np.testing.assert_allclose(ours.abnormal_return_se, theirs[:, 1], rtol=1e-9)
    np.testing.assert_allclose(ours.cumulative_abnormal_return_se, theirs[:, 5], rtol=1e-9)
    np.testing.assert_allclose(ours.car_p_value, theirs[:, 7], rtol=1e-6, atol=1e-12)
    for name, outcome in ours.aggregate.tests.items():
        np.testing.assert_allclose(
            [*outcome.statistic, outcome.car_statistic], tests[name][0], rtol=1e-6, err_msg=name
        )
        np.testing.assert_allclose(
            [*outcome.p_value, outcome.car_p_value], tests[name][1], rtol=1e-6, err_msg=name
        )


def main() -> None:
    """Measure, print and record; the exit status is 1 where a target is missed."""
    prices, events = made_up(N_EVENTS)
    require_same(study(prices, events, SPEC), *with_statsmodels(prices, events))
    own = seconds(lambda: study(prices, events, SPEC), repeats=5)
    peer = seconds(lambda: with_statsmodels(prices, events), repeats=3, warm_up=0)
    few, few_events = made_up(N_CURVE_EVENTS)
    found = specification_curve({"": few}, few_events, GRID)
    curve = seconds(lambda: specification_curve({"": few}, few_events, GRID), repeats=5)
    ratio = sorted(peer)[1] / sorted(own)[2]
    results = {
        "events": N_EVENTS,
        "estimation_days": N_ESTIMATION,
        "study": summary(own),
        "statsmodels_loop": summary(peer),
        "ratio": ratio,
        "target_ratio": TARGET_RATIO,
        "specifications": len(found.table),
        "curve_events": N_CURVE_EVENTS,
        "curve": summary(curve),
        "target_curve_seconds": TARGET_CURVE_SECONDS,
    }
    path = write_record("event_study_speed", results, ("numpy", "scipy", "statsmodels"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")
    sys.exit(int(ratio < TARGET_RATIO or sorted(curve)[2] > TARGET_CURVE_SECONDS))


ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

if __name__ == "__main__":
    # The libraries read these when they are loaded.
    if ONE_CORE.items() <= os.environ.items():
        main()
    else:
        sys.exit(subprocess.call([sys.executable, __file__], env=os.environ | ONE_CORE))
