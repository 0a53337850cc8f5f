"""How close a measurement comes to what the hardware can do, and which rows cannot be true.

Roofline (Williams, Waterman & Patterson, 2009): attainable speed is the lesser of the peak of the
arithmetic units and intensity times bandwidth. Peaks are the maker's, for dense products; a
processor's peak is measured in the same process by a large product and a large copy.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Ceiling:
    """What a device can do at most.

    Attributes
    ----------
    tflops
        Arithmetic, 10^12 operations a second, dense; ``None`` where nobody states it.
    bandwidth_gb_s
        Memory, 10^9 bytes a second.
    evidence
        ``estimated`` from third parties' tables of makers' figures, or ``measured`` here.
    source
        Where from.
    power_watts
        Most that the board draws.
    """

    tflops: float | None
    bandwidth_gb_s: float | None
    evidence: str
    source: str
    power_watts: float | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the ceiling for a record."""
        return dict(vars(self))


@cache
def _cards() -> list[dict[str, Any]]:
    text = (resources.files("generator") / "cards.json").read_text("utf-8")
    return json.loads(text)["cards"]


def of_card(name: str, dtype: str) -> Ceiling | None:
    """Return the ceiling of a card by the name that its driver gives; ``None`` where unknown.

    Parameters
    ----------
    name
        Such as ``NVIDIA H200``. The longest known name within it counts.
    dtype
        Of the products: ``bf16``, ``fp16`` or ``fp8``.
    """
    known = [card for card in _cards() if _within(card["match"], name)]
    if not known:
        return None
    card = max(known, key=lambda card: len(card["match"]))
    tflops = card[f"{dtype}_tflops"]
    return Ceiling(tflops, card["bandwidth_gb_s"], "estimated", card["source"], card["power_watts"])


def _within(wanted: str, name: str) -> bool:
    words = name.replace("-", " ").split()
    return all(word in words for word in wanted.replace("-", " ").split())


def measured(device: str, dtype: Any, side: int = 2048, seconds: float = 0.5) -> Ceiling:
    """Measure the ceiling of a device that no table knows, by a large product and a large copy.

    Parameters
    ----------
    device
        Where.
    dtype
        ``torch.dtype`` of the product.
    side
        Rows and columns of its factors.
    seconds
        How long each is repeated at least.
    """
    import torch

    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    product = _best_seconds(lambda: torch.mm(a, b), device, seconds)
    long = torch.randn(32 * 2**20, device=device, dtype=torch.float32)
    into = torch.empty_like(long)
    copied = _best_seconds(lambda: into.copy_(long), device, seconds)
    return Ceiling(
        tflops=2 * side**3 / product / 1e12,
        bandwidth_gb_s=2 * long.numel() * 4 / copied / 1e9,
        evidence="measured",
        source=f"a product of {side} x {side} matrices and a copy of 128 MiB in the same process",
    )


def _best_seconds(work: Any, device: str, seconds: float) -> float:
    import torch

    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return best


@dataclass(frozen=True)
class Work:
    """What one picture takes.

    Attributes
    ----------
    tflop
        Operations of one picture, in 10^12.
    weight_bytes
        Bytes of weights that are read for one picture: each call reads its component once, for all
        pictures of the batch. Results between layers are not in it, so the intensity is an upper
        bound.
    """

    tflop: float
    weight_bytes: float

    @property
    def intensity(self) -> float:
        """Return operations a byte (an upper bound)."""
        return self.tflop * 1e12 / self.weight_bytes


def attainable_tflops(ceiling: Ceiling, intensity: float) -> float | None:
    """Return the roof above an intensity, in 10^12 operations a second."""
    if ceiling.tflops is None or ceiling.bandwidth_gb_s is None:
        return None
    return min(ceiling.tflops, intensity * ceiling.bandwidth_gb_s / 1e3)


def judge(
    work: Work, images_per_second: float, ceiling: Ceiling, joules_per_image: float | None
) -> dict[str, Any]:
    """Return the place of a measurement under its roof.

    Returns
    -------
    dict
        ``tflop_per_image``, ``intensity_flop_per_byte``, ``tflops`` (achieved),
        ``roof_tflops``, ``percent_of_roofline``, ``joules_per_tflop``, ``ceiling`` and
        ``impossible``: why the row cannot be true, else ``None``.
    """
    achieved = work.tflop * images_per_second
    roof = attainable_tflops(ceiling, work.intensity)
    percent = None if roof is None else 100 * achieved / roof
    return {
        "tflop_per_image": work.tflop,
        "intensity_flop_per_byte": work.intensity,
        "tflops": achieved,
        "roof_tflops": roof,
        "percent_of_roofline": percent,
        "joules_per_tflop": None if joules_per_image is None else joules_per_image / work.tflop,
        "ceiling": ceiling.to_record(),
        "impossible": _impossible(achieved, images_per_second, ceiling, joules_per_image),
    }


def _impossible(
    achieved: float, images_per_second: float, ceiling: Ceiling, joules_per_image: float | None
) -> str | None:
    # A peak that was measured on a shared machine is no physical limit; a card's is.
    slack = 1.5 if ceiling.evidence == "measured" else 1.0
    if ceiling.tflops is not None and achieved > slack * ceiling.tflops:
        return (
            f"{achieved:.4g} TFLOP/s is above the physical limit of {ceiling.tflops:.4g}: "
            "the clock, the count of pictures or the count of operations is wrong"
        )
    watts = None if joules_per_image is None else joules_per_image * images_per_second
    if watts is not None and ceiling.power_watts and watts > 1.1 * ceiling.power_watts:
        return f"{watts:.0f} W is above the {ceiling.power_watts:.0f} W that the board can draw"
    return None
