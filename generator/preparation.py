"""What must be known before a cell is loaded: what it left open, and what it will take."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from dataclasses import dataclass, replace

from generator import catalog, flops, lora, machine, pipelines, presets, roofline
from generator.cell import Cell
from generator.errors import GeneratorError
from generator.stages import Shape, latent_size

_CPU_EFFICIENCY = 0.3
"""Share of a large product's speed that a pipeline was seen to reach on a processor."""


def completed(cell: Cell) -> Cell:
    """Return the cell with everything filled in that it left to the model or the machine.

    Raises
    ------
    GeneratorError
        Model, task, preset, device or size are unknown or do not go together.
    """
    known = catalog.model(cell.model)
    asked = catalog.task(cell.task)
    preset = presets.preset(cell.preset)
    if not pipelines.can_do(known, asked):
        raise GeneratorError(
            f"{cell.task} with {known.id}",
            "a task that diffusers has a pipeline of this model for",
            "see `artonomics bench list`",
        )
    if cell.batch < 1:
        raise GeneratorError(f"a batch of {cell.batch}", "1 or more")
    on_device = machine.device(cell.device)
    full = replace(
        cell,
        height_px=cell.height_px or known.native_px * asked.scale,
        width_px=cell.width_px or known.native_px * asked.scale,
        steps=cell.steps or _steps(cell, preset, known),
        guidance=_first(cell.guidance, preset.guidance, known.guidance),
        device=on_device,
        dtype=machine.dtype(cell.dtype, on_device),
    )
    latent_size(known, Shape(full.height_px, full.width_px))
    return full


def _steps(cell: Cell, preset: presets.Preset, known: catalog.Model) -> int:
    return lora.TRAINING_STEPS if cell.task == "lora" else preset.steps or known.steps


def _first(*values: float | None) -> float:
    """Return the first of some values that is told."""
    return next(value for value in values if value is not None)


def hindrance(cell: Cell) -> str | None:
    """Return why a completed cell's preset cannot run here; ``None`` where it can."""
    if cell.task == "lora" and cell.preset != "default":
        return f"{cell.preset}: training runs as its library does it, with the preset default"
    return presets.preset(cell.preset).hindrance(setting(cell))


def setting(cell: Cell) -> presets.Setting:
    """Return what the switches of a completed cell must know."""
    known = catalog.model(cell.model)
    step = flops.stage(cell.model, known.denoiser, Shape(cell.height_px, cell.width_px))
    return presets.Setting(
        model=known,
        machine=machine.inspect(cell.device),
        weights="twin" if cell.weights == "twin" else "real",
        steps=cell.steps,
        step_flops=step.flops,
        dtype=cell.dtype,
        guidance=_first(cell.guidance, known.guidance),
        source=cell.weights_source,
    )


@dataclass(frozen=True)
class Prediction:
    """What a cell will take, told before anything is loaded.

    Attributes
    ----------
    memory_bytes, free_bytes
        Needed, and at hand (``None`` where unknown).
    largest_batch
        Pictures at once that would fit; ``None`` where the free memory is unknown.
    seconds
        Of one call; ``None`` on a card whose speed no table tells.
    """

    memory_bytes: int
    free_bytes: int | None
    largest_batch: int | None
    seconds: float | None


def predict(cell: Cell, ceiling: roofline.Ceiling | None) -> Prediction:
    """Predict memory and time of one call of a completed cell."""
    shape = Shape(cell.height_px, cell.width_px, cell.batch)
    memory = _memory(cell, shape)
    free = machine.free_memory_bytes(cell.device)
    seconds = None
    if ceiling is not None and ceiling.tflops:
        seconds = _tflop(cell, shape) / (ceiling.tflops * _CPU_EFFICIENCY)
    batch = None if free is None else memory.largest_batch(free, cell.batch)
    return Prediction(memory.total_bytes, free, batch, seconds)


def _memory(cell: Cell, shape: Shape) -> flops.Memory:
    width = 4 if cell.dtype == "float32" else 2
    if cell.task != "lora":
        return flops.memory(cell.model, shape, width)
    weights = flops.parameters(cell.model)[catalog.model(cell.model).denoiser] * width
    live = lora.training_stage(cell.model, shape).activation_bytes
    return flops.Memory(weights, live * width // 2)


def _tflop(cell: Cell, shape: Shape) -> float:
    """Return the operations of one call, in 10^12."""
    if cell.task == "lora":
        return lora.training_stage(cell.model, shape).flops / 1e12
    return flops.picture(cell.model, shape, cell.steps, cell.task).tflop * cell.batch


def refuse_too_large(cell: Cell, told: Prediction) -> None:
    """Refuse a cell that does not fit or would take too long.

    Raises
    ------
    GeneratorError
        With the memory needed and the batch that would fit, or with the predicted time.
    """
    if told.free_bytes is not None and told.memory_bytes > told.free_bytes:
        fits = told.largest_batch or 0
        raise GeneratorError(
            f"{told.free_bytes / 1e9:.1f} GB of free memory",
            f"{told.memory_bytes / 1e9:.1f} GB for {cell.model} at a batch of {cell.batch}",
            f"--batch {fits} would fit" if fits else "not one picture fits: choose a smaller model",
        )
    if cell.device == "cpu" and told.seconds is not None and told.seconds > cell.limit_seconds:
        raise GeneratorError(
            f"{told.seconds:,.0f} s predicted for one call of {cell.model} on this processor",
            f"at most {cell.limit_seconds:g} s",
            "measure it on a card, choose a smaller size or fewer steps, or raise --limit-seconds",
        )
