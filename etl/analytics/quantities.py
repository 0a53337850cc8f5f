"""A number with its range, its unit and its evidence, and how it is drawn from that range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from etl.analytics.distributions import FloatArray

EVIDENCE_KINDS = ("measured", "disclosed", "estimated", "simulated", "assumed")
Shape = Literal["triangular", "uniform"]
SHAPES: tuple[Shape, ...] = ("triangular", "uniform")


@dataclass(frozen=True)
class Quantity:
    """A number that says where it comes from.

    Attributes
    ----------
    value
        The figure, or the middle of a range of which only the ends are stated.
    unit
        Its unit; a currency stands as its ISO code, for example ``CNY/month``.
    evidence_kind
        One of :data:`EVIDENCE_KINDS`.
    low, high
        Ends of its range; both missing where it is taken as exact.
    shape
        How likely the values between the ends are: ``triangular`` with its top at the value, or
        ``uniform`` where only the ends are known.
    source, source_url
        Title and address of the source, or the reason of an assumption.
    as_of
        Day it is about or was known on.
    fact_id
        The bundled claim it was taken from.
    converted
        How another currency was converted, in words; empty where nothing was.

    Raises
    ------
    ValueError
        A value or an end that is not finite, ends out of order or only one of them, an unknown
        kind or shape.
    """

    value: float
    unit: str
    evidence_kind: str
    low: float | None = None
    high: float | None = None
    shape: Shape = "triangular"
    source: str = ""
    source_url: str = ""
    as_of: date | None = None
    fact_id: str = ""
    converted: str = ""

    def __post_init__(self) -> None:
        if self.evidence_kind not in EVIDENCE_KINDS:
            raise ValueError(
                f"got the evidence kind {self.evidence_kind!r}; expected one of "
                f"{', '.join(EVIDENCE_KINDS)}"
            )
        if self.shape not in SHAPES:
            raise ValueError(f"got the shape {self.shape!r}; expected one of {', '.join(SHAPES)}")
        if (self.low is None) != (self.high is None):
            raise ValueError(
                f"got the range {self.low} to {self.high}; expected both ends or none of them"
            )
        low, high = self.ends
        if not (np.isfinite([low, self.value, high]).all() and low <= self.value <= high):
            raise ValueError(
                f"got {low}, {self.value}, {high}; expected finite numbers in this order: low, "
                "value, high"
            )

    @property
    def ends(self) -> tuple[float, float]:
        """Return low and high; the value itself where it is exact."""
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high

    @property
    def is_exact(self) -> bool:
        """Return whether the range is a point."""
        low, high = self.ends
        return low == high

    def quantile(self, q: FloatArray) -> FloatArray:
        """Return the values below which a share ``q`` of the range's mass lies.

        Parameters
        ----------
        q
            Any shape, between 0 and 1.

        Returns
        -------
        FloatArray
            The shape of ``q``; for the triangle by its closed form (Johnson 1997).
        """
        low, high = self.ends
        width = high - low
        if width == 0:
            return np.full_like(q, self.value)
        if self.shape == "uniform":
            return low + q * width
        top = (self.value - low) / width
        rising = low + width * np.sqrt(q * top)
        falling = high - width * np.sqrt((1 - q) * (1 - top))
        return np.where(q <= top, rising, falling)

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return ``n`` draws from the range; no random number is used for an exact figure."""
        if self.is_exact:
            return np.full(n, self.value)
        return self.quantile(rng.random(n))


def weakest(kinds: Iterable[str]) -> str:
    """Return the evidence kind of a figure derived from figures of these kinds.

    What rests on a simulation is simulated and what rests on an assumption is assumed; otherwise
    a derived figure is estimated, whatever it was derived from.
    """
    found = set(kinds)
    for kind in ("simulated", "assumed"):
        if kind in found:
            return kind
    return "estimated"
