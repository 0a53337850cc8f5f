"""What customers without a contract will buy, and for how much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from etl import user_files
from etl.analytics.purchases import REASONS, fit_bgnbd, fit_gamma_gamma
from etl.analyze.answers import plain, shown
from etl.errors import InputError
from etl.user_files import UserFile

MODELS = ("bgnbd", "gammagamma")


def run(path: Path, model: str, *, horizons: Sequence[float] = (1, 13, 26, 52)) -> dict[str, Any]:
    """Fit a law of repeat purchases or of their value.

    Parameters
    ----------
    path
        CSV or Parquet, one row a customer: ``frequency,recency,T`` for ``bgnbd``,
        ``frequency,monetary_value`` for ``gammagamma``; frequency counts repeat purchases.
    model
        ``bgnbd`` or ``gammagamma``.
    horizons
        Times, in the unit of the file, for the expected repeat purchases.

    Returns
    -------
    dict
        The document of ``artonomics analyze clv --json``.

    Raises
    ------
    InputError
        For a wrong file, column or cell, an unknown model or a horizon that is not positive.
    """
    if model not in MODELS:
        raise InputError(f"got --model {model!r}", f"one of {', '.join(MODELS)}")
    if any(not (np.isfinite(t) and t > 0) for t in horizons):
        raise InputError(f"got --horizons {horizons}", "times above 0, in the unit of the file")
    return _bgnbd(path, horizons) if model == "bgnbd" else _gamma_gamma(path)


def _bgnbd(path: Path, horizons: Sequence[float]) -> dict[str, Any]:
    file = user_files.read(path, ("frequency", "recency", "T"))
    x, t_x, horizon = (_complete(file, name) for name in ("frequency", "recency", "T"))
    try:
        law = fit_bgnbd(x, t_x, horizon)
    except ValueError as problem:
        raise _contradiction(problem, path) from problem
    purchases = [
        {"time": t, "purchases": None if law.reason else plain(law.expected_purchases(t)[()])}
        for t in horizons
    ]
    alive = plain(law.alive(x, t_x, horizon).mean()) if not law.reason else None
    params = {name: plain(getattr(law, name)) for name in ("r", "alpha", "a", "b")}
    return _document("bgnbd", params, law.log_likelihood, law.reason, x) | {
        "expected_purchases": purchases,
        "mean_alive": alive,
    }


def _gamma_gamma(path: Path) -> dict[str, Any]:
    file = user_files.read(path, ("frequency", "monetary_value"))
    x, value = _complete(file, "frequency"), user_files.numbers(file, "monetary_value").to_numpy()
    try:
        law = fit_gamma_gamma(x, value)
    except ValueError as problem:
        raise _contradiction(problem, path) from problem
    params = {name: plain(getattr(law, name)) for name in ("p", "q", "v")}
    document = _document("gammagamma", params, law.log_likelihood, law.reason, x)
    without = int((x == 0).sum())
    if without:
        document["notes"].append(
            f"{without:,} customers without a repeat purchase take no part in the fit"
        )
    again = (x > 0) & np.isfinite(value)
    correlation = np.nan
    if again.sum() > 2 and np.ptp(x[again]) > 0 and np.ptp(value[again]) > 0:
        correlation = float(np.corrcoef(x[again], value[again])[0, 1])
    return document | {
        "mean_value": plain(law.mean),
        "correlation_of_frequency_and_value": plain(correlation),
    }


def _document(
    model: str, params: dict[str, Any], log_likelihood: float, reason: str, x: np.ndarray
) -> dict[str, Any]:
    return {
        "model": model,
        "params": params,
        "log_likelihood": plain(log_likelihood),
        "reason": REASONS[reason] if reason else None,
        "n_customers": int(x.size),
        "n_with_a_repeat_purchase": int((x > 0).sum()),
        "evidence_kind": "estimated",
        "notes": [f"no fit: {REASONS[reason]}"] if reason else [],
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a parameter."""
    return [
        {"parameter": name, "value": shown(value, "{:.6g}")}
        for name, value in document["params"].items()
    ] + [{"parameter": "log-likelihood", "value": shown(document["log_likelihood"], "{:.4f}")}]


def _complete(file: UserFile, name: str) -> np.ndarray:
    values = user_files.numbers(file, name)
    missing = values.isna().to_numpy(dtype=bool)
    if missing.any():
        _, row = file.first(missing)
        raise InputError(f"got no {name} in {row}", f"a {name} in every row", "fill it in")
    return values.to_numpy(dtype=float)


def _contradiction(problem: ValueError, path: Path) -> InputError:
    return InputError(
        f"{problem} of {path.name}",
        "repeat purchases (0 or more), the time of the last one, and the time observed",
        "count repeat purchases without the first, and times from the first purchase",
    )
