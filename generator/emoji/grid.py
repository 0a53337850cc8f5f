"""One picture of many: prompts down, ways of drawing across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from generator.emoji import use

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

_PICTURE_PX, _GAP_PX, _LABEL_PX, _HEAD_PX = 88, 8, 260, 22


def sheet(labels: Sequence[str], columns: Mapping[str, Sequence[np.ndarray]]) -> Image:
    """Return pictures in rows and columns with their labels.

    Parameters
    ----------
    labels
        One a row.
    columns
        Pictures, bytes (64, 64, 3), one a row, by the column's head.
    """
    from PIL import Image, ImageDraw

    cell = _PICTURE_PX + _GAP_PX
    made = Image.new(
        "RGB", (_LABEL_PX + cell * len(columns), _HEAD_PX + cell * len(labels)), "white"
    )
    pen = ImageDraw.Draw(made)
    for down, label in enumerate(labels):
        pen.text((4, _HEAD_PX + down * cell + cell // 2 - 8), label, fill="black")
    for across, (head, pictures) in enumerate(columns.items()):
        left = _LABEL_PX + across * cell
        pen.text((left + 2, 4), head, fill="black")
        for down, picture in enumerate(pictures):
            made.paste(use.shown(picture, _PICTURE_PX), (left, _HEAD_PX + down * cell))
    return made
