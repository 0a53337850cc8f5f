"""A payers' queue from one waiting to none, while all servers are busy: phases and free arrivals.

All is a function of z, whose powers count the free users that come meanwhile.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load
from etl.analytics.queue_phases import Busy

ComplexArray = NDArray[np.complex128]
_MOST_CELLS = 30_000_000


def paid_passage(load: Load, to_paid: FloatArray, z: ComplexArray) -> ComplexArray:
    """Return G(z): from one payer waiting to none, with z to the number of free users that come.

    Upper triangular, since a freed server takes a payer: solved entry by entry along diagonals of
    to_paid − (λ + done − λ_free·z)·G + λ_paid·G² = 0.

    Parameters
    ----------
    to_paid
        Moves in which a payer is taken, side c + 1.
    z
        Shape (n,).

    Returns
    -------
    ndarray
        Shape (n, c + 1, c + 1).
    """
    paid, free = load.arrival_paid_per_second, load.arrival_free_per_second
    side = len(to_paid)
    out = (paid + free + to_paid.sum(axis=1))[None, :] - free * z[:, None]
    found = np.zeros((z.size, side, side), dtype=np.complex128)
    own = np.diag(to_paid)
    # The smaller root of own − out·g + paid·g² = 0, without cancellation.
    root = cast(ComplexArray, np.sqrt(out * out - 4 * paid * own))
    root = np.where((root * out.conj()).real < 0, -root, root)
    diagonal = cast(ComplexArray, 2 * own / (out + root))
    found[:, np.arange(side), np.arange(side)] = diagonal
    for apart in range(1, side):
        for i in range(side - apart):
            k = i + apart
            between = np.einsum("zm,zm->z", found[:, i, i + 1 : k], found[:, i + 1 : k, k])
            divisor = out[:, i] - paid * (diagonal[:, i] + diagonal[:, k])
            found[:, i, k] = (to_paid[i, k] + paid * between) / divisor
    return found


def paid_ratio(load: Load, busy: Busy, z: ComplexArray, passage: ComplexArray) -> ComplexArray:
    """Return R(z) of the payers' queue, the factor from one length to the next."""
    paid = load.arrival_paid_per_second
    out = np.zeros_like(passage)
    side = np.arange(len(busy.done))
    out[:, side, side] = (load.arrival_per_second + busy.done)[
        None, :
    ] - load.arrival_free_per_second * z[:, None]
    return cast(ComplexArray, paid * np.linalg.inv(out - paid * passage))


def passage_coefficients(load: Load, to_paid: FloatArray, radius: float = 1.0) -> FloatArray:
    """Return Gₖ, k free users come during the passage; shape (n, c + 1, c + 1).

    Parameters
    ----------
    to_paid
        Moves in which a payer is taken, side c + 1.
    radius
        Of the circle on which G(z) is taken. The coefficients keep 17 digits after the point
        times its power −k: a wide one keeps small ones.

    Raises
    ------
    ValueError
        More coefficients than memory should hold.
    """
    n_points = 64
    while n_points * to_paid.size <= _MOST_CELLS:
        turn = np.exp(-2j * np.pi * np.arange(n_points // 2 + 1) / n_points)
        found = np.fft.irfft(
            paid_passage(load, to_paid, cast(ComplexArray, radius * turn)), n_points, axis=0
        )
        if np.abs(found[-n_points // 8 :]).max() < 2e-15:
            found *= np.exp(-math.log(radius) * np.arange(n_points))[:, None, None]
            kept = np.flatnonzero(np.abs(found).max(axis=(1, 2)) > 1e-17)
            return np.maximum(found[: int(kept[-1]) + 1], 0.0)
        n_points *= 2
    raise ValueError(
        f"got {len(to_paid) - 1} servers on which too many free users come while payers are served;"
        " expected fewer servers or a milder load"
    )


def regular_radius(load: Load, busy: Busy) -> float:
    """Return a z > 1 well within which G(z) and (I − R(z))⁻¹ have no singularity.

    Their coefficients are no less than 0, so that the nearest singularity is a real one: where all
    entries are finite and no less than 0 at a real z, nothing lies before it.
    """
    side = np.eye(len(busy.done))
    far = float(busy.done.max()) / load.arrival_free_per_second
    for _ in range(60):
        z = cast(ComplexArray, np.array([1 + far + 0j]))
        with np.errstate(all="ignore"):
            passage = paid_passage(load, busy.to_paid, z)
        # A large G(z) would drown its small coefficients in its rounding.
        if _is_regular(passage, 0.0) and passage.real.sum(axis=2).max() < 2:
            ratio = paid_ratio(load, busy, z, passage)
            inside = side - ratio
            if (
                np.linalg.det(inside[0]) != 0
                and _is_regular(ratio)
                and _is_regular(cast(ComplexArray, np.linalg.inv(inside)))
            ):
                return 1 + far / 2
        far /= 2
    return 1.0


def _is_regular(matrices: ComplexArray, rounding: float = 1e-14) -> bool:
    least = -rounding * np.abs(matrices).max()
    return bool(
        np.isfinite(matrices).all() and not matrices.imag.any() and (matrices.real >= least).all()
    )
