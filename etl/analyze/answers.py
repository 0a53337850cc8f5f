"""What all answers share: values as JSON has them, and as a reader wants them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return numbers, days and text as JSON has them; NaN, NaT and infinity become ``None``."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value.astype("datetime64[D]"))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def shown(value: float | None, form: str) -> str:
    """Return a figure in the given form, nothing where it is missing."""
    if value is None:
        return ""
    written = form.format(value)
    # A trifle below zero is not minus nothing.
    return form.format(0.0) if written == form.format(-0.0) else written
