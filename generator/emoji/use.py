"""Pictures from a trained folder: who draws them, which words are known, how they are shown."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import catalog, pipelines
from generator.emoji import few
from generator.emoji.drawings import words
from generator.errors import GeneratorError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


@dataclass(frozen=True)
class Maker:
    """A loaded pipeline.

    Attributes
    ----------
    pipe
        Of diffusers.
    model
        Its configuration.
    guidance
        1 where the adapter for few steps draws: it has learnt guidance.
    """

    pipe: Any
    model: catalog.Model
    guidance: float


def load(folder: Path, with_adapter: bool = False, device: str = "cpu") -> Maker:
    """Return what draws.

    Parameters
    ----------
    folder
        As :func:`generator.emoji.training.make` writes it.
    with_adapter
        With the adapter for few steps: one call a step, up to :data:`FEW_STEPS` steps.
    device
        Where it runs, in float32 on a processor.

    Raises
    ------
    GeneratorError
        No such weights, or no adapter.
    """
    import torch

    if with_adapter and not few.has_adapter(folder):
        raise GeneratorError(f"no adapter in {folder}", f"the folder {few.FOLDER}/ in it")
    weights = pipelines.Weights("real", str(folder))
    model = catalog.model(str(folder))
    pipe = pipelines.load(model, weights, device, torch.float32)
    if not with_adapter:
        return Maker(pipe, model, model.guidance)
    return Maker(few.take(pipe, folder), model, 1.0)


def draw(maker: Maker, prompts: Sequence[str], seeds: Sequence[int], steps: int) -> np.ndarray:
    """Draw one picture a prompt.

    Parameters
    ----------
    maker
        What draws.
    prompts
        Words; those it has never read count as one unknown word.
    seeds
        One a picture: a picture does not depend on the others.
    steps
        Calls of the U-Net, twice as many samples with guidance.

    Returns
    -------
    numpy.ndarray
        Bytes (n, 64, 64, 3).
    """
    import numpy as np

    size = maker.model.native_px
    request = pipelines.Request(
        tuple(prompts), size, size, steps, maker.guidance, tuple(seeds), "pil"
    )
    made = pipelines.call(maker.pipe, maker.model, catalog.task("txt2img"), request)
    return np.stack([np.asarray(picture.convert("RGB")) for picture in made])


def unknown_words(folder: Path, prompt: str) -> list[str]:
    """Return the words of a prompt that training never said, in order: they draw anything."""
    told = json.loads((folder / "tokenizer" / "tokenizer.json").read_text("utf-8"))
    known = told["model"]["vocab"]
    return [word for word in words(prompt).split() if word not in known]


def shown(picture: np.ndarray, size_px: int = 256) -> Image:
    """Return a picture upscaled for show, smooth: it gains no detail.

    Parameters
    ----------
    picture
        Bytes (64, 64, 3).
    size_px
        Height and width.
    """
    from PIL import Image

    return Image.fromarray(picture).resize((size_px, size_px), Image.Resampling.LANCZOS)
