"""A picture model that is trained in seconds on drawings made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from generator.emoji import autoencoder, build, denoiser, judge, training
from generator.emoji.drawings import Drawing

SMALL = build.Shape(unet=(16, 32), autoencoder=(8, 8, 8, 8, 8), text=16, text_layers=1)
PLAN = training.Plan(seed=3, steps=(3, 4, 2), precision="float32", shape=SMALL)
FORMS = {
    "circle": '<circle cx="8" cy="8" r="6" fill="{}"/>',
    "square": '<rect x="3" y="3" width="10" height="10" fill="{}"/>',
    "cross": '<path d="M6 1h4v5h5v4h-5v5H6v-5H1V6h5z" fill="{}"/>',
}


def quiet(_line: str) -> None:
    """Tell nobody."""


def drawn_here() -> list[Drawing]:
    """Return twelve concepts in two styles; one of them is held out."""
    made = []
    for form, body in FORMS.items():
        for colour in ("red", "blue", "green", "gold"):
            for style, ground in (("flat", "white"), ("shaded", "#ddd")):
                svg = (
                    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
                    f'<rect width="16" height="16" fill="{ground}"/>{body.format(colour)}</svg>'
                )
                keywords = ("form", form, colour)
                concept = f"{colour}-{form}"
                made.append(Drawing(concept, style, f"{colour} {form}", keywords, svg))
    return sorted(made, key=lambda one: (one.concept, one.style))


def train(folder: Path, plan: training.Plan = PLAN, everything: Sequence[Drawing] = ()) -> Path:
    training.train(folder, everything or drawn_here(), plan, plan.budgets(), quiet)
    return folder


@pytest.fixture(autouse=True, scope="module")
def small_batches() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(autoencoder, "_BATCH", 2)
        patched.setattr(denoiser, "BATCH", 4)
        patched.setattr(judge, "_BATCH", 16)
        yield
