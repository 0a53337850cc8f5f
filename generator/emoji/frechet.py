"""Distances between two sets of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the Fréchet distance of two sets, each taken as normal.

    Parameters
    ----------
    one, other
        Features (n, d), n above 1 each and free of missing values.

    Returns
    -------
    float
        ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`` in squared units of the features: 0 for the
        same mean and covariance (Dowson and Landau 1982; Heusel et al. 2017, eq. 6).

    Raises
    ------
    ValueError
        Fewer than two rows, different widths, or a value that is no number.
    """
    import numpy as np

    for features in (one, other):
        if features.ndim != 2 or len(features) < 2 or not np.isfinite(features).all():
            raise ValueError(f"got features {features.shape}; expected two rows or more of numbers")
    if one.shape[1] != other.shape[1]:
        raise ValueError(f"got {one.shape[1]} and {other.shape[1]} features; expected as many")
    apart = one.mean(0) - other.mean(0)
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (one, other))
    # tr (S1 S2)^(1/2) = tr (S1^(1/2) S2 S1^(1/2))^(1/2), whose matrix is symmetric.
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    between = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    found = apart @ apart + np.trace(first) + np.trace(second) - 2 * between
    return float(max(found, 0.0))
