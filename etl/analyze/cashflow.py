"""What a stream of payments given on the command line is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from etl.analytics.cashflow import (
    REASONS,
    Figure,
    ReturnRates,
    checked_rate,
    discounted_payback,
    irr,
    mirr,
    npv,
    payback,
    payback_turns,
    profitability_index,
    xirr,
    xnpv,
    years_from_first,
)
from etl.analyze.answers import shown
from etl.errors import InputError

_EXAMPLE = "write for example --flows -100,39,59,55,20"
_DATES_EXAMPLE = "write for example --dates 2025-01-01,2025-03-15"
ROWS = (
    ("npv", "net present value", "{:,.6g}"),
    ("irr", "internal rate of return", "{:.6%}"),
    ("mirr", "modified rate of return", "{:.6%}"),
    ("payback_periods", "payback in periods", "{:.6g}"),
    ("discounted_payback_periods", "discounted payback in periods", "{:.6g}"),
    ("profitability_index", "profitability index", "{:.6g}"),
    ("xnpv", "net present value by dates", "{:,.6g}"),
    ("xirr", "internal rate of return by dates", "{:.6%}"),
)

_EVERY = {"irr": "irr_roots", "xirr": "xirr_roots", "payback_periods": "payback_turns"}
"""Figure → where all of its values stand."""


@dataclass(frozen=True)
class Rates:
    """Rates of a period, and of a year where there are dates.

    Attributes
    ----------
    discount
        At which flows are discounted.
    finance, reinvest
        What money paid out costs, and what money that came in earns, until the end; the discount
        rate where they are not given.
    """

    discount: float
    finance: float | None = None
    reinvest: float | None = None


def run(flows: str, rates: Rates, dates: str = "") -> dict[str, Any]:
    """Value a stream of payments.

    Parameters
    ----------
    flows
        Numbers separated by commas, the first at t = 0; out is negative.
    rates
        All above −1.
    dates
        As many days, YYYY-MM-DD, none before the first; without them there is no ``xnpv`` and no
        ``xirr``.

    Returns
    -------
    dict
        The document of ``artonomics analyze cashflow --json``. What does not exist is missing;
        ``reasons`` says why, or what must be known beside a figure.

    Raises
    ------
    InputError
        For flows, dates or rates that are none.
    """
    amounts, days = _flows(flows), _dates(dates)
    finance = rates.discount if rates.finance is None else rates.finance
    reinvest = rates.discount if rates.reinvest is None else rates.reinvest
    _check_rates({"--rate": rates.discount, "--finance-rate": finance, "--reinvest-rate": reinvest})
    by_periods = irr(amounts)
    figures: dict[str, Figure | ReturnRates] = {
        "npv": _held(npv(amounts, rates.discount)),
        "irr": by_periods,
        "mirr": mirr(amounts, finance, reinvest),
        "payback_periods": payback(amounts),
        "discounted_payback_periods": discounted_payback(amounts, rates.discount),
        "profitability_index": profitability_index(amounts, rates.discount),
    }
    by_dates = ReturnRates((), None, "no_dates")
    figures |= {"xnpv": Figure(None, "no_dates"), "xirr": by_dates}
    if days:
        _check_dates(days, len(amounts))
        by_dates = xirr(amounts, days)
        figures |= {"xnpv": _held(xnpv(amounts, days, rates.discount)), "xirr": by_dates}
    reasons = {name: REASONS[figure.reason] for name, figure in figures.items() if figure.reason}
    return {
        **{name: figure.value for name, figure in figures.items()},
        "irr_roots": list(by_periods.roots),
        "xirr_roots": list(by_dates.roots),
        "payback_turns": list(payback_turns(amounts)),
        "reasons": reasons,
        "flows": amounts,
        "dates": [day.isoformat() for day in days],
        "rate": rates.discount,
        "finance_rate": finance,
        "reinvest_rate": reinvest,
        "notes": _notes(by_dates, dated=bool(days)),
    }


def _notes(by_dates: ReturnRates, *, dated: bool) -> list[str]:
    if not dated:
        return []
    return [
        "by dates the rate is one of a year (Act/365); without them, and in the paybacks, it is one"
        " of a period between two flows, whatever the dates"
    ]


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a figure."""
    rows: list[dict[str, Any]] = []
    for name, words, form in ROWS:
        if name.startswith("x") and not document["dates"]:
            continue
        remark = document["reasons"].get(name, "")
        roots = document.get(_EVERY.get(name, ""), [])
        if len(roots) > 1:
            remark += ": " + ", ".join(shown(root, form) for root in roots)
        rows.append({"figure": words, "value": shown(document[name], form), "remark": remark})
    return rows


def _held(value: float) -> Figure:
    return Figure(value) if math.isfinite(value) else Figure(None, "too_large")


def _flows(text: str) -> list[float]:
    try:
        amounts = [float(cell) for cell in text.split(",")]
    except ValueError as problem:
        raise InputError(
            f"got --flows {text!r}", "numbers separated by commas", _EXAMPLE
        ) from problem
    if not all(map(math.isfinite, amounts)):
        raise InputError(f"got --flows {text!r}", "finite numbers", _EXAMPLE)
    return amounts


def _dates(text: str) -> list[date]:
    if not text.strip():
        return []
    try:
        return [date.fromisoformat(cell.strip()) for cell in text.split(",")]
    except ValueError as problem:
        raise InputError(
            f"got --dates {text!r} ({problem})",
            "days as YYYY-MM-DD, separated by commas",
            _DATES_EXAMPLE,
        ) from problem


def _check_dates(days: Sequence[date], n_flows: int) -> None:
    try:
        years_from_first(days, n_flows)
    except ValueError as problem:
        raise InputError(
            f"--dates: {problem}",
            "a date for each of --flows, the earliest first; the others in any order",
            _DATES_EXAMPLE,
        ) from problem


def _check_rates(rates: dict[str, float]) -> None:
    for option, rate in rates.items():
        try:
            checked_rate(rate)
        except ValueError as problem:
            raise InputError(
                f"got {option} {rate}", "a number above -1", f"write for example {option} 0.08"
            ) from problem
