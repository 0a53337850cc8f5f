"""One picture by which a machine is known to draw what the weights' own machine drew."""

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

from generator.emoji import use

if TYPE_CHECKING:
    import numpy as np

FILE, PICTURE = "seeded.json", "seeded.png"
PROMPT, SEED, STEPS = "red apple flat", 11, 4
TOLERANCE_OF_255 = 2.0
"""Mean absolute difference that another processor or another version may make."""
_PACKAGES = ("torch", "diffusers", "transformers", "tokenizers")


@dataclass(frozen=True)
class Outcome:
    """How a picture drawn here compares with the one that lies beside the weights.

    Attributes
    ----------
    is_same_machine
        The same versions on the same kind of processor.
    is_same_picture
        The same bytes.
    far_of_255
        Mean absolute difference.
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
    """Draw the picture and write it with its checksum and this machine's versions."""
    from PIL import Image

    made = _drawn(folder)
    Image.fromarray(made).save(folder / PICTURE)
    told = {"prompt": PROMPT, "seed": SEED, "steps": STEPS, "sha256": _checksum(made)}
    (folder / FILE).write_text(json.dumps(told | _here(), indent=1) + "\n", "utf-8")


def compare(folder: Path) -> Outcome:
    """Draw the picture again and compare."""
    import numpy as np
    from PIL import Image

    told = json.loads((folder / FILE).read_text("utf-8"))
    made = _drawn(folder)
    with Image.open(folder / PICTURE) as opened:
        held = np.asarray(opened.convert("RGB"))
    far = float(np.abs(made.astype(float) - held).mean())
    here = _here()
    return Outcome(
        {name: told[name] for name in here} == here, _checksum(made) == told["sha256"], far
    )


def _drawn(folder: Path) -> np.ndarray:
    with _one_thread():
        return use.draw(use.load(folder), [PROMPT], [SEED], STEPS)[0]


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
    from generator.machine import environment

    versions = {name: metadata.version(name).split("+")[0] for name in _PACKAGES}
    return {"versions": versions, "processor": environment("cpu")["device"]["name"]}
