"""What the Compute page knows of the generator without importing it: its models, progress, results.

The contract is the command line, one JSON event a line on standard error, and one JSON document on
standard output.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.processes import Started
from dashboard.studies.compute import TOYS
from etl.config import bundled_dir

PRESETS = ("default", "compiled", "tuned", "fast", "cached", "few-steps")
FEW_STEPS = 4
"""Up to so many steps a pipeline draws with its adapter for few steps, where it has one."""
_ADAPTER = Path("few-steps", "pytorch_lora_weights.safetensors")


def is_installed() -> bool:
    """Return whether torch and diffusers are here, without importing them."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "diffusers"))


def models() -> list[str]:
    """Return the names of what can be measured: the bundled toys, then configurations."""
    spec = importlib.util.find_spec("generator")
    places = list(spec.submodule_search_locations or ()) if spec else []
    known = sorted(
        path.stem for place in places for path in Path(place, "architectures").glob("*.json")
    )
    return [*(name for name in TOYS if toy_folder(name).is_dir()), *known]


def toy_folder(name: str = "") -> Path:
    """Return the folder of a small bundled pipeline; without a name of the first that lies here."""
    folders = [bundled_dir() / "models" / toy for toy in ([name] if name else TOYS)]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def word_of(model: str) -> str:
    """Return a model as the command line takes it."""
    return str(toy_folder(model)) if model in TOYS else model


def has_adapter(source: Path) -> bool:
    """Return whether a pipeline's folder has an adapter for few steps."""
    return (source / _ADAPTER).is_file()


def known_names() -> list[str]:
    """Return the names that our picture model was taught, sorted; empty where it lies elsewhere."""
    record = toy_folder() / "training.json"
    if not record.is_file():
        return []
    return json.loads(record.read_text("utf-8"))["drawings"].get("names", [])


@dataclass(frozen=True)
class Progress:
    """How far a measurement is.

    Attributes
    ----------
    doing
        What it does, in the program's words; empty before it has said anything.
    share
        Of the pictures of the running cell, 0 to 1; ``None`` before the first.
    """

    doing: str
    share: float | None


def progress(started: Started) -> Progress:
    """Return how far a measurement is by what it has said."""
    doing, share = "", None
    for event in _events(started.said()):
        if event["event"] == "cell":
            doing, share = str(event["key"]), None
        elif event["event"] == "doing":
            doing = str(event["what"])
        elif event["event"] == "sample":
            share = min(1.0, event["n_images"] / max(1, event["of_images"]))
    return Progress(doing, share)


def _events(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a library's words, or the first line cut in two
        if isinstance(event, dict) and "event" in event:
            found.append(event)
    return found


def result(started: Started) -> dict[str, Any] | None:
    """Return the document that an ended process printed; ``None`` where there is none."""
    try:
        document = json.loads(started.output.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
