"""SVG to pictures: on white, as numbers."""

# The renderer may be missing: it comes with an extra of its own.
# pyright: reportMissingImports=false
from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from generator.emoji import SIZE_PX
from generator.errors import GeneratorError

if TYPE_CHECKING:
    import numpy as np


def picture(svg: str, size_px: int = SIZE_PX) -> np.ndarray:
    """Render one drawing on white.

    Parameters
    ----------
    svg
        The drawing, without text.
    size_px
        Height and width.

    Returns
    -------
    numpy.ndarray
        Bytes (size_px, size_px, 3).

    Raises
    ------
    GeneratorError
        The renderer is not installed, or the drawing is none.
    """
    import numpy as np
    from PIL import Image

    try:
        import resvg_py
    except ImportError as error:
        raise GeneratorError(
            "no resvg-py", "the renderer of SVG", "pip install resvg-py"
        ) from error
    try:
        # Twice the size, then halved: thin lines keep their weight.
        made = resvg_py.svg_to_bytes(
            svg_string=svg,
            background="white",
            width=2 * size_px,
            height=2 * size_px,
            skip_system_fonts=True,
        )
    except ValueError as error:
        raise GeneratorError(f"a drawing that cannot be rendered: {error}", "an SVG") from error
    large = Image.open(io.BytesIO(bytes(made))).convert("RGB")
    return np.asarray(large.resize((size_px, size_px), Image.Resampling.BOX))


def pictures(svgs: Sequence[str], size_px: int = SIZE_PX) -> np.ndarray:
    """Render many drawings: bytes (n, size_px, size_px, 3)."""
    import numpy as np

    with ThreadPoolExecutor(2) as pool:
        return np.stack(list(pool.map(lambda one: picture(one, size_px), svgs)))
