"""The steps of the GPU suite, in order of worth, so that a short lease gets the best of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from generator.cell import Cell
from generator.runner import plan_cells
from generator.step import Step

MLPERF_SDXL = Cell("sdxl", steps=20, guidance=8.0)
"""MLPerf's setting: 20 steps of Euler, guidance 8, 1024 x 1024."""
FLUX_DEV = Cell("flux1-dev", steps=28)
FASTER = ("tuned", "fast")
ONE_BY_ONE = ("tuned-2", "tuned-3", "tuned-4")
"""Switches of ``tuned`` added one after the other; the first one is default's own."""
_OTHERS = (
    Cell("flux1-schnell"),
    Cell("z-image-turbo"),
    Cell("sd35-large"),
    Cell("sdxl-turbo"),
    Cell("sd15"),
    Cell("sd35-medium"),
)
_FURTHER = ("sdxl", "sdxl-4step", "flux1-dev", "qwen-image")
_REST = ("sd21", "sd3-medium", "sd35-large-turbo", "pixart-sigma", "sana15-1.6b", "sana15-4.8b")


def _cells(*cells: Cell, at_best: bool = False) -> tuple[Step, ...]:
    return tuple(Step("cell", cell, at_best) for cell in cells)


def _presets(cell: Cell, *presets: str) -> tuple[Cell, ...]:
    return tuple(replace(cell, preset=preset) for preset in presets)


def _honesty(cell: Cell) -> tuple[Step, ...]:
    return tuple(Step("honesty", made) for made in _presets(cell, *FASTER))


def targets() -> tuple[Step, ...]:
    """Return the steps that the targets of speed stand on, the most wanted first."""
    return (
        Step("rates", MLPERF_SDXL),
        Step("batches", MLPERF_SDXL),
        *_cells(*_presets(MLPERF_SDXL, "default", *FASTER), at_best=True),
        *_cells(*_presets(FLUX_DEV, "tuned")),
        *_cells(replace(MLPERF_SDXL, take=2), at_best=True),
        *_honesty(MLPERF_SDXL),
        *_cells(*_presets(MLPERF_SDXL, "default", "tuned")),
    )


def gpu() -> tuple[Step, ...]:
    """Return the steps for a card, the most wanted first.

    Order: the targets; what a server of SDXL promises; Flux; every other model at a batch of one as
    its card says, then faster; tasks; the best batch of each; how far their numbers are from
    default's; what work-skipping brings; further tasks and models.
    """
    every = (
        *targets(),
        Step("load", replace(MLPERF_SDXL, batch=8)),
        *_cells(*_presets(MLPERF_SDXL, "fast"), *_presets(FLUX_DEV, "default", "fast")),
        *_honesty(FLUX_DEV),
        *_cells(*_OTHERS),
        *_cells(*_presets(MLPERF_SDXL, *ONE_BY_ONE), at_best=True),
        *_cells(Cell("sdxl", task="lora"), Cell("sdxl", task="img2img")),
        *_cells(*(made for cell in _OTHERS for made in _presets(cell, "tuned"))),
        *(step for cell in (*_OTHERS, FLUX_DEV) for step in _at_best(cell)),
        *_cells(*(made for cell in _OTHERS for made in _presets(cell, "fast"))),
        *(step for cell in _OTHERS for step in _honesty(cell)),
        Step("load", replace(MLPERF_SDXL, batch=8, preset="tuned")),
        *_further(),
    )
    return tuple(dict.fromkeys(every))


def _at_best(cell: Cell) -> tuple[Step, ...]:
    presets = _presets(cell, "default", *FASTER)
    return (Step("batches", cell), *_cells(*presets, at_best=True))


def _further() -> tuple[Step, ...]:
    own = tuple(Cell(model) for model in _FURTHER)
    tasks = plan_cells((Cell("sdxl"), Cell("sd15")), task=("img2img", "inpaint", "upscale"))
    training = plan_cells((Cell("sd15"), Cell("flux1-dev")), task=("lora",))
    skipped = plan_cells((Cell("sdxl"), Cell("sd35-large"), FLUX_DEV), preset=("cached",))
    rest = tuple(Cell(model) for model in _REST)
    return _cells(*own, *skipped, *tasks, *training, *rest)


def cpu(model: str) -> tuple[Cell, ...]:
    """Return the cells that any machine can measure, for one small model or a folder."""
    base = small(model)
    return (
        base,
        *plan_cells((base,), batch=(2, 4)),
        *plan_cells((base,), preset=("cached",)),
        *plan_cells((base,), task=("img2img", "inpaint", "upscale", "lora")),
    )


def small(model: str) -> Cell:
    """Return the cell of one small model or a folder on a processor."""
    is_folder = Path(model, "model_index.json").is_file()
    weights, source = ("real", model) if is_folder else ("twin", None)
    return Cell(model, device="cpu", weights=weights, weights_source=source)


def trial(model: str) -> tuple[Step, ...]:
    """Return one step of every kind for a small model on a processor: a trial of the machinery."""
    base = replace(small(model), min_images=4, min_seconds=5.0)
    return (
        Step("rates", base),
        Step("batches", base),
        *_cells(base),
        *_cells(base, replace(base, take=2), at_best=True),
        *_cells(replace(base, preset="cached")),
        Step("honesty", replace(base, preset="cached")),
        Step("load", replace(base, batch=2)),
        Step("profile", base),
    )
