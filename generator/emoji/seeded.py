"""Pictures by which a machine is known to draw what the weights' own machine drew."""

# The extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji import few, use

if TYPE_CHECKING:
    import numpy as np

FILE = "seeded.json"
PROMPT, SEED, STEPS = "red apple flat", 11, 4
WAYS = {"guided": False, "few-steps": True}
"""Ways of drawing, and whether the adapter draws."""
TOLERANCE_OF_255 = 2.0
"""Mean absolute difference that another processor or another version may make."""
_PACKAGES = ("torch", "diffusers", "transformers", "tokenizers")


@dataclass(frozen=True)
class Outcome:
    """How pictures drawn here compare with those that lie beside the weights.

    Attributes
    ----------
    is_same_machine
        The same versions on the same kind of processor.
    is_same_picture
        The same bytes, of all of them.
    far_of_255
        Mean absolute difference, the largest.
    """

    is_same_machine: bool
    is_same_picture: bool
    far_of_255: float

    @property
    def holds(self) -> bool:
        """Return whether it is the same picture, or on another machine within the tolerance."""
        within = not self.is_same_machine and self.far_of_255 <= TOLERANCE_OF_255
        return self.is_same_picture or within


def write(folder: Path) -> None:
    """Draw a picture in each way and write them, with checksums and this machine's versions."""
    from PIL import Image

    checksums = {}
    for way in _ways(folder):
        made = _drawn(folder, way)
        Image.fromarray(made).save(_picture(folder, way))
        checksums[way] = _checksum(made)
    told = {"prompt": PROMPT, "seed": SEED, "steps": STEPS, "sha256": checksums}
    (folder / FILE).write_text(json.dumps(told | _here(), indent=1) + "\n", "utf-8")


def compare(folder: Path) -> Outcome:
    """Draw the pictures again and compare."""
    import numpy as np
    from PIL import Image

    told = json.loads((folder / FILE).read_text("utf-8"))
    same, far = True, 0.0
    for way, checksum in told["sha256"].items():
        made = _drawn(folder, way)
        with Image.open(_picture(folder, way)) as opened:
            held = np.asarray(opened.convert("RGB"))
        same = same and _checksum(made) == checksum
        far = max(far, float(np.abs(made.astype(float) - held).mean()))
    here = _here()
    return Outcome({name: told[name] for name in here} == here, same, far)


def _ways(folder: Path) -> list[str]:
    return [way for way, adapted in WAYS.items() if not adapted or few.has_adapter(folder)]


def _picture(folder: Path, way: str) -> Path:
    return folder / f"seeded-{way}.png"


def _drawn(folder: Path, way: str) -> np.ndarray:
    with _one_thread():
        return use.draw(use.load(folder, WAYS[way]), [PROMPT], [SEED], STEPS)[0]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep sums in one order: several threads would change it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _checksum(picture: np.ndarray) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


def _here() -> dict[str, Any]:
    """Return what decides how sums are rounded; a name alone may hide which instructions it has."""
    import torch

    from generator.machine import environment

    return {
        "versions": {name: metadata.version(name).split("+")[0] for name in _PACKAGES},
        "processor": environment("cpu")["device"]["name"],
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
