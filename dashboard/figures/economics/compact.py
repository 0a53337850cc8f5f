"""Amounts of money at the marks of a figure: from a million on in words, so that they fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from babel import Locale
from babel.numbers import format_compact_decimal

from dashboard.figures.economics import scales
from dashboard.text import Words

MILLION = 1_000_000


def write(said: Words, value: Any, unit: str = "count", *, signed: bool = False) -> str:
    """Write a value as :func:`scales.write` does, money from a million on as CNY 8.15 million."""
    if value is None or not np.isfinite(value) or abs(value) < MILLION or not scales.is_money(unit):
        return scales.write(said, value, unit, signed=signed)
    sign = "−" if value < 0 else "+" if signed else ""
    amount = f"{sign}{unit.partition('/')[0]} {_number(said, abs(float(value)))}"
    # What an amount is per stands before or after it, as the language has it.
    nothing = scales.write(said, 0, unit.partition("/")[0])
    return scales.write(said, 0, unit).replace(nothing, amount, 1)


def _number(said: Words, value: float) -> str:
    # Chinese has no long form: its short one is the word already.
    forms = Locale.parse(str(said.locale)).compact_decimal_formats
    form = "long" if "long" in forms else "short"
    return format_compact_decimal(value, format_type=form, locale=said.locale, fraction_digits=2)
