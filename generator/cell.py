"""One cell of a measurement: what is measured, and its name."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, fields
from typing import Any

from generator.errors import GeneratorError


@dataclass(frozen=True)
class Cell:
    """What is measured.

    Attributes
    ----------
    model
        Id of a bundled configuration, or a pipeline's folder.
    task
        Such as ``txt2img``.
    preset
        Such as ``default``.
    weights
        ``twin`` or ``real``.
    weights_source
        Folder or hub id of real weights; ``None`` takes the model's own hub id.
    batch
        Pictures in one call.
    height_px, width_px, steps
        0 takes the model's own.
    guidance
        ``None`` takes the model's own.
    device
        ``cpu``, ``cuda``; ``auto`` takes a card where there is one.
    dtype
        ``bf16`` or ``float32``; ``auto`` takes bf16 on a card and float32 on a CPU.
    seed
        Of weights, prompts and noise.
    min_images, min_seconds
        A cell ends when it has that many pictures or has taken that long, whichever is first.
    limit_seconds
        A cell whose one call is predicted to take longer is refused.
    take
        1, and 2 where a cell is measured again to see how far two takes differ.
    """

    model: str
    task: str = "txt2img"
    preset: str = "default"
    weights: str = "twin"
    weights_source: str | None = None
    batch: int = 1
    height_px: int = 0
    width_px: int = 0
    steps: int = 0
    guidance: float | None = None
    device: str = "auto"
    dtype: str = "auto"
    seed: int = 0
    min_images: int = 30
    min_seconds: float = 60.0
    limit_seconds: float = 120.0
    take: int = 1

    @property
    def key(self) -> str:
        """Return the name of the cell within a run."""
        size = f"{self.width_px}x{self.height_px}" if self.height_px else "native"
        parts = (
            self.model.rstrip("/").rsplit("/", 1)[-1],
            self.task,
            self.preset,
            f"b{self.batch}",
            size,
            f"s{self.steps}" if self.steps else "card-steps",
            *((f"g{self.guidance:g}",) if self.guidance is not None else ()),
            *((self.dtype,) if self.dtype != "auto" else ()),
            self.weights,
            *((f"take{self.take}",) if self.take > 1 else ()),
        )
        return "/".join(parts)

    def to_record(self) -> dict[str, Any]:
        """Return the cell for a record."""
        return asdict(self)

    @classmethod
    def from_record(cls, told: dict[str, Any]) -> Cell:
        """Return the cell of a record.

        Raises
        ------
        GeneratorError
            A field is unknown.
        """
        known = {field.name for field in fields(cls)}
        if strange := sorted(set(told) - known):
            raise GeneratorError(f"the fields {strange} of a cell", f"fields of {sorted(known)}")
        return cls(**told)


def size(text: str) -> tuple[int, int]:
    """Return width and height of ``1024x768`` or ``512``.

    Raises
    ------
    argparse.ArgumentTypeError
        It is neither.
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"got {text!r}; expected WIDTHxHEIGHT or one side")
    width, height = (int(parts[0]), int(parts[-1]))
    return width, height
