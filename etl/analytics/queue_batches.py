"""How long a server takes for several pictures at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray


@dataclass(frozen=True)
class BatchCurve:
    """Measured seconds of one call by the number of pictures in it.

    Attributes
    ----------
    sizes
        Pictures in a call, whole, rising, the first one 1.
    seconds
        Of a call of that size, above 0 and never falling.

    Raises
    ------
    ValueError
        Sizes or seconds that cannot be.
    """

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) != len(self.seconds) or not self.sizes:
            raise ValueError(
                f"got {len(self.sizes)} sizes and {len(self.seconds)} times; expected as many of "
                "both, at least one"
            )
        sizes, seconds = np.asarray(self.sizes, float), np.asarray(self.seconds, float)
        if sizes[0] != 1 or (np.diff(sizes) <= 0).any() or (sizes != np.round(sizes)).any():
            raise ValueError(f"got the sizes {self.sizes}; expected whole numbers that rise from 1")
        if not np.isfinite(seconds).all() or seconds[0] <= 0 or (np.diff(seconds) < 0).any():
            raise ValueError(
                f"got the seconds {self.seconds}; expected numbers above 0 that never fall: a "
                "larger call takes no less time"
            )

    @classmethod
    def of(cls, sizes: Sequence[int], seconds: Sequence[float]) -> BatchCurve:
        """Return the curve of any two sequences."""
        return cls(tuple(int(size) for size in sizes), tuple(float(time) for time in seconds))

    @property
    def max_batch(self) -> int:
        """Return the largest size that was measured."""
        return self.sizes[-1]

    @property
    def every(self) -> FloatArray:
        """Return the seconds of a call of 1, 2, … pictures, straight lines between the measured."""
        return np.interp(
            np.arange(1, self.max_batch + 1, dtype=np.float64), self.sizes, self.seconds
        )

    def seconds_of(self, size: int) -> float:
        """Return the seconds of a call.

        Raises
        ------
        ValueError
            A size outside the measured ones: a curve is not continued.
        """
        if not 1 <= size <= self.max_batch:
            raise ValueError(f"got a batch of {size}; expected 1 to {self.max_batch}, as measured")
        return float(self.every[size - 1])

    @property
    def max_rate(self) -> float:
        """Return the most pictures a second of one server that always has work."""
        return float((np.arange(1, self.max_batch + 1) / self.every).max())

    @property
    def saturated_rate(self) -> float:
        """Return the pictures a second of a server that always fills its largest batch."""
        return self.max_batch / self.seconds[-1]

    def best_batch(self, rate_per_second: float) -> int:
        """Return the smallest batch whose server keeps up with a rate: the shortest call.

        Raises
        ------
        ValueError
            A rate that no batch reaches.
        """
        rates = np.arange(1, self.max_batch + 1) / self.every
        enough = np.flatnonzero(rates >= rate_per_second)
        if not enough.size:
            raise ValueError(
                f"got {rate_per_second} pictures a second; expected at most {self.max_rate:.4g} of "
                "one server"
            )
        return int(enough[0]) + 1

    def up_to(self, max_batch: int) -> BatchCurve:
        """Return the curve of a server that takes no more than ``max_batch`` at once."""
        self.seconds_of(max_batch)
        sizes = sorted({size for size in self.sizes if size < max_batch} | {max_batch})
        return BatchCurve.of(sizes, [self.seconds_of(size) for size in sizes])
