"""The verb ``list``: models, tasks and presets."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from generator import catalog
from generator.catalog import Model
from generator.output import show, show_table


def list_models(told: Namespace) -> int:
    """Print models, tasks, presets and the suite's cells; toys come last, marked as such."""
    names = (*catalog.model_ids(), *map(catalog.named, catalog.toys()))
    models = [catalog.model(name) for name in names]
    if told.json:
        show(_document(models))
    else:
        _print(models)
    return 0


def _tasks(model: Model) -> list[str]:
    from generator import pipelines

    return [name for name, task in catalog.TASKS.items() if pipelines.can_do(model, task)]


def _n_weights(model: Model) -> int | None:
    """Return the parameters that were verified; nobody has verified a toy's."""
    return sum(model.verified["params"].values()) if model.verified else None


def _is_toy(model: Model) -> bool:
    return model.id in catalog.TOYS


def _document(models: list[Model]) -> dict[str, Any]:
    from generator import presets

    return {
        "models": [
            {
                "id": model.id,
                "hub_id": None if _is_toy(model) else model.hub_id,
                "native_px": model.native_px,
                "steps": model.steps,
                "guidance": model.guidance,
                "text_tokens": model.text_tokens,
                "parameters": _n_weights(model),
                "tflop_per_image": model.verified.get("per_image_tflop"),
                "tasks": _tasks(model),
                "is_toy": _is_toy(model),
            }
            for model in models
        ],
        "presets": {
            name: {
                "what": preset.what,
                "switches": [
                    {"id": s.id, "what": s.what, "brings": s.brings} for s in preset.switches
                ],
            }
            for name, preset in presets.PRESETS.items()
        },
        "tasks": {name: task.what for name, task in catalog.TASKS.items()},
        "rules": [catalog.PROMPT_RULE, catalog.SAFETY_CHECKER],
    }


def _print(models: list[Model]) -> None:
    from generator import presets

    rows = [_row(model) for model in models]
    show_table(rows, list(rows[0]))
    for model in filter(_is_toy, models):
        sys.stdout.write(f"\n{model.id}: {catalog.TOYS[model.id]}\n")
    for preset in presets.PRESETS.values():
        sys.stdout.write(f"\npreset {preset.id}: {preset.what}\n")
        for switch in preset.switches:
            sys.stdout.write(f"  {switch.id}: {switch.what}\n      brings: {switch.brings}\n")
    sys.stdout.write(f"\n{catalog.PROMPT_RULE}\n{catalog.SAFETY_CHECKER}\n")


def _row(model: Model) -> dict[str, Any]:
    n_weights = _n_weights(model)
    return {
        "model": model.id,
        "pixels": model.native_px,
        "steps": model.steps,
        "billion weights": None if n_weights is None else n_weights / 1e9,
        "TFLOP a picture": model.verified.get("per_image_tflop"),
        "tasks": " ".join([*_tasks(model), *(["(a toy)"] if _is_toy(model) else [])]),
    }
