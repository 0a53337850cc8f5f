"""p-values corrected for how many there are; a missing p-value stays missing and does not count."""

from __future__ import annotations

import numpy as np

from etl.analytics.distributions import FloatArray


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's (1979) adjusted p-values, shape (n,).

    Rejecting those below α keeps the chance of any false rejection at α, however the tests
    depend on each other.
    """
    ordered, order, given = _ordered(p_values)
    scaled = ordered * np.arange(ordered.size, 0, -1)
    return _restored(np.maximum.accumulate(scaled), order, given)


def benjamini_hochberg(p_values: FloatArray) -> FloatArray:
    """Return Benjamini and Hochberg's (1995) adjusted p-values, shape (n,).

    Rejecting those below q keeps the expected share of false ones among the rejected at q, for
    tests that are independent or move together.
    """
    ordered, order, given = _ordered(p_values)
    scaled = ordered * ordered.size / np.arange(1, ordered.size + 1)
    return _restored(np.minimum.accumulate(scaled[::-1])[::-1], order, given)


def _ordered(p_values: FloatArray) -> tuple[FloatArray, np.ndarray, np.ndarray]:
    given = np.isfinite(p_values)
    order = np.argsort(p_values[given], kind="stable")
    return p_values[given][order], order, given


def _restored(adjusted: FloatArray, order: np.ndarray, given: np.ndarray) -> FloatArray:
    """Put the adjusted values, at most 1, back into the places of the given ones."""
    found = np.full(given.shape, np.nan)
    back = np.empty_like(adjusted)
    back[order] = np.minimum(adjusted, 1)
    found[given] = back
    return found
