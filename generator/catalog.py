"""The models that can be measured, and the tasks they can do.

A model is an exact configuration without weights (``architectures/<id>.json``): the class and the
configuration of every component, the pipeline that joins them, the picture size it was made for and
the steps and guidance of its model card. Where each configuration comes from stands beside it
(``_source``), and so do the parameter counts and operations that were verified (``verified``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from generator import emoji
from generator.errors import GeneratorError

TEXT_TOKENS_WITHOUT_OWN = 77  # CLIP's window, where a model's file names no other
SAFETY_CHECKER = (
    "Safety checkers and watermarks are never part of a measurement, for any model: they are a "
    "product's own choice, and its moderation cost stands apart in the cost of a picture."
)
TOY = "tiny-shapes"
TOY_REMARK = "a toy that draws shapes: its speed and cost are no product's"
TOYS = {emoji.NAME: emoji.REMARK, TOY: TOY_REMARK}
"""The first one that lies here is what is measured where no model was named."""
PROMPT_RULE = "Every prompt fills the text window of its model, as padding would."


@dataclass(frozen=True)
class Model:
    """One configuration.

    Attributes
    ----------
    id
        Short name, such as ``sdxl``.
    hub_id
        Where its weights are published.
    pipeline
        Name of the diffusers pipeline for pictures from text.
    native_px
        Height and width that it was made for, in pixels.
    steps
        ``num_inference_steps`` of its model card.
    guidance
        ``guidance_scale`` of its model card.
    guidance_batch
        Samples that the denoiser works on for one picture: 2 with classifier-free guidance, else 1.
    text_tokens
        Length of its text window.
    components
        Configuration by component.
    verified
        Parameter counts and operations that were checked, with what they were checked against.
    """

    id: str
    hub_id: str
    pipeline: str
    native_px: int
    steps: int
    guidance: float
    guidance_batch: int
    text_tokens: int
    components: dict[str, dict[str, Any]]
    verified: dict[str, Any]

    @property
    def denoiser(self) -> str:
        """Return the name of the component that is called at every step."""
        return "unet" if "unet" in self.components else "transformer"

    @property
    def text_encoders(self) -> tuple[str, ...]:
        """Return the names of the components that read the prompt."""
        return tuple(name for name in self.components if name.startswith("text_encoder"))


@cache
def model_ids() -> tuple[str, ...]:
    """Return the ids of every bundled configuration, sorted."""
    return tuple(sorted(name.removesuffix(".json") for name in _files()))


def _files() -> Iterator[str]:
    folder = resources.files("generator") / "architectures"
    return (file.name for file in folder.iterdir() if file.name.endswith(".json"))


def toy_folder(name: str = TOY) -> Path | None:
    """Return the folder of a small bundled pipeline; ``None`` where it was not shipped along."""
    root = Path(__file__).resolve().parent.parent
    places = (root / "etl" / "bundled" / "models" / name, root / "data" / "models" / name)
    return next((place for place in places if place.is_dir()), None)


def toys() -> tuple[str, ...]:
    """Return the names of the small pipelines that lie here; the first is offered by itself."""
    return tuple(name for name in TOYS if toy_folder(name))


def offered() -> list[str]:
    """Return what is measured where no model was named: a toy with weights; empty without one."""
    return [named(name) for name in toys()[:1]]


def named(word: str) -> str:
    """Return a model as a cell names it: a toy by its folder, every other as it was given."""
    folder = toy_folder(word) if word in TOYS else None
    return word if folder is None else str(folder)


@cache
def _by_hub_id() -> dict[str, str]:
    return {model(name).hub_id: name for name in model_ids()}


@cache
def model(model_id: str) -> Model:
    """Return one configuration.

    Parameters
    ----------
    model_id
        A bundled one's id or hub id, the folder of any pipeline that diffusers has saved, or the
        hub id of any other.

    Raises
    ------
    GeneratorError
        The id is unknown; the nearest known ones are named.
    """
    if "/" in model_id or "\\" in model_id or Path(model_id, "model_index.json").is_file():
        known = _by_hub_id().get(model_id)
        if known:
            return model(known)
        from generator.pipelines import configuration_folder, folder_model

        return folder_model(configuration_folder(model_id))
    if model_id not in model_ids():
        raise _unknown(model_id)
    text = (resources.files("generator") / "architectures" / f"{model_id}.json").read_text("utf-8")
    told = json.loads(text)
    return Model(
        id=told["id"],
        hub_id=told["hub_id"],
        pipeline=told["pipeline"],
        native_px=told["native"],
        steps=told["steps"],
        guidance=told["guidance"],
        guidance_batch=told["cfg"],
        text_tokens=told.get("seq", TEXT_TOKENS_WITHOUT_OWN),
        components=told["components"],
        verified=told.get("verified", {}),
    )


def _unknown(model_id: str) -> GeneratorError:
    known = (*model_ids(), *toys())
    near = get_close_matches(model_id, known, n=3, cutoff=0.4)
    return GeneratorError(
        f"the model {model_id!r}",
        f"one of the {len(known)} that `artonomics bench list` shows",
        f"nearest: {', '.join(near)}" if near else "no name is near it",
    )


@dataclass(frozen=True)
class Task:
    """What is done for a user.

    Attributes
    ----------
    id
        Short name.
    what
        What it does, in words.
    strength
        Share of the steps that are run on a given picture; 1 starts from noise.
    scale
        Height and width of the result over those of the given picture.
    """

    id: str
    what: str
    strength: float = 1.0
    scale: int = 1

    @property
    def takes_picture(self) -> bool:
        """Return whether the user hands in a picture."""
        return self.id in ("img2img", "inpaint", "upscale")


TASKS = {
    task.id: task
    for task in (
        Task("txt2img", "a picture from a prompt"),
        Task("img2img", "a picture made over from a given one", strength=0.6),
        Task("inpaint", "a masked part of a given picture edited", strength=0.85),
        Task("upscale", "a given picture at twice its size, its details drawn", 0.35, scale=2),
        Task("lora", "a personal adapter (LoRA) trained on a user's pictures"),
    )
}


def task(task_id: str) -> Task:
    """Return one task.

    Raises
    ------
    GeneratorError
        The task is unknown.
    """
    if task_id not in TASKS:
        raise GeneratorError(f"the task {task_id!r}", f"one of {', '.join(TASKS)}")
    return TASKS[task_id]
