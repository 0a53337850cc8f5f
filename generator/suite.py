"""The cells of the GPU suite, in order of worth, so that a short lease gets the best of them."""

from __future__ import annotations

from pathlib import Path

from generator.cell import Cell
from generator.runner import plan_cells

_HEADLINE = ("sdxl", "flux1-schnell", "z-image-turbo", "sd35-large")
_FURTHER = ("sdxl-turbo", "sdxl-4step", "sd15", "sd35-medium", "flux1-dev", "qwen-image")
_REST = ("sd21", "sd3-medium", "sd35-large-turbo", "pixart-sigma", "sana15-1.6b", "sana15-4.8b")
MLPERF_SDXL = Cell("sdxl", steps=20, guidance=8.0)
"""MLPerf's setting: 20 steps of Euler, guidance 8, 1024 x 1024."""


def gpu() -> tuple[Cell, ...]:
    """Return the cells for a card, the most wanted first.

    Order: what the headline models cost as their cards say, what tuning brings on them, MLPerf's
    setting, the other models, batches, what work-skipping brings, tasks, adapters, the rest.
    """
    headline = tuple(Cell(model) for model in _HEADLINE)
    further = tuple(Cell(model) for model in _FURTHER)
    tuned = plan_cells((*headline[:2], MLPERF_SDXL), preset=("tuned", "fast"))
    batches = plan_cells(
        (Cell("sdxl"), Cell("flux1-schnell"), Cell("z-image-turbo"), MLPERF_SDXL), batch=(4, 8, 16)
    )
    tuned_batches = plan_cells((MLPERF_SDXL,), preset=("tuned", "fast"), batch=(4, 8, 16))
    tasks = plan_cells((Cell("sdxl"), Cell("sd15")), task=("img2img", "inpaint", "upscale"))
    training = plan_cells((Cell("sdxl"), Cell("sd15"), Cell("flux1-dev")), task=("lora",))
    skipped = plan_cells((Cell("sdxl"), Cell("sd35-large"), Cell("flux1-dev")), preset=("cached",))
    further_tuned = plan_cells((*headline[2:], *further), preset=("tuned", "fast"))
    every = (
        *headline,
        *tuned,
        MLPERF_SDXL,
        *further,
        *training,
        *batches,
        *tuned_batches,
        *skipped,
        *tasks,
        *further_tuned,
        *(Cell(model) for model in _REST),
    )
    return tuple(dict.fromkeys(every))


def cpu(model: str) -> tuple[Cell, ...]:
    """Return the cells that any machine can measure, for one small model or a folder."""
    is_folder = Path(model, "model_index.json").is_file()
    weights, source = ("real", model) if is_folder else ("twin", None)
    base = Cell(model, device="cpu", weights=weights, weights_source=source)
    return (
        base,
        *plan_cells((base,), batch=(2, 4)),
        *plan_cells((base,), preset=("cached",)),
        *plan_cells((base,), task=("img2img", "inpaint", "upscale", "lora")),
    )
