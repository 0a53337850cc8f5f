"""Pipelines of diffusers: a twin with random weights, or the real one from a folder or a hub."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from generator import catalog, components
from generator.catalog import Model, Task
from generator.errors import GeneratorError

Kind = Literal["twin", "real"]
_PICKLED = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.pkl")
# Published models without a scheduler in their file use this one; its settings are assumed, and
# they change neither the number of calls nor the work of a call.
_SCHEDULER_WITHOUT_OWN = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
_WORDS = ("a", "red", "circle", "left", "of", "a", "blue", "square", "on", "white", "paper")


@dataclass(frozen=True)
class Weights:
    """Which weights a pipeline has.

    Attributes
    ----------
    kind
        ``twin``: exact architecture, random finite weights; ``real``: published or own weights.
    source
        Folder or hub id of real weights; ``None`` for a twin.
    """

    kind: Kind
    source: str | None = None


def load(model: Model, weights: Weights, device: str, dtype: Any, seed: int = 0) -> Any:
    """Return the pipeline for pictures from text.

    Parameters
    ----------
    model
        The configuration.
    weights
        Twin or real.
    device
        ``cpu``, ``cuda`` or ``cuda:1``.
    dtype
        ``torch.dtype`` of all components.
    seed
        Of a twin's weights.

    Raises
    ------
    GeneratorError
        Real weights are missing, not safetensors, or cannot be fetched.
    """
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    make = _twin if weights.kind == "twin" else _real
    pipe = make(model, weights, device, dtype, seed)
    pipe.set_progress_bar_config(disable=True)
    if hasattr(pipe, "tokenizer_max_length") and "Qwen" in model.pipeline:
        pipe.tokenizer_max_length = model.text_tokens
    return pipe


def _twin(model: Model, weights: Weights, device: str, dtype: Any, seed: int) -> Any:
    import diffusers

    parts: dict[str, Any] = {}
    for order, name in enumerate(name for name in model.components if name != "scheduler"):
        parts[name] = components.build(model, name, device, dtype)
        components.fill(parts[name], seed + order)
    settings = model.components.get("scheduler", _SCHEDULER_WITHOUT_OWN)
    scheduler = getattr(diffusers, settings["_class_name"])
    parts["scheduler"] = scheduler.from_config(
        {key: value for key, value in settings.items() if key != "_source"}
    )
    pipeline = getattr(diffusers, model.pipeline)
    taken = inspect.signature(pipeline.__init__).parameters
    for name in taken:
        if name.startswith("tokenizer"):
            encoder = name.replace("tokenizer", "text_encoder")
            parts[name] = stand_in_tokenizer(model, encoder)
        elif name == "requires_safety_checker":
            parts[name] = False
        elif name not in (*parts, "self") and taken[name].default is inspect.Parameter.empty:
            parts[name] = None
    return pipeline(**parts)


def stand_in_tokenizer(model: Model, encoder: str) -> Any:
    """Return a tokenizer for a twin: a token is a letter.

    The twin's text encoder has no vocabulary to respect, only a length of text.
    """
    import string

    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split
    from transformers import PreTrainedTokenizerFast

    from generator.stages import text_tokens

    special = ("<pad>", "<eos>", "<unk>")
    vocabulary = {sign: number for number, sign in enumerate((*special, *string.ascii_lowercase))}
    fast = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    fast.pre_tokenizer = Split(Regex("."), "isolated")
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        model_max_length=text_tokens(model, encoder),
        chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}",
    )


def _real(model: Model, weights: Weights, device: str, dtype: Any, seed: int) -> Any:
    from diffusers import DiffusionPipeline

    source = weights.source or model.hub_id
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    folder = Path(source)
    if folder.is_dir():
        refuse_pickles(folder)
    elif source.startswith((".", "/", "~")):
        raise GeneratorError(
            f"no folder {source}", "a folder with model_index.json", "check --weights"
        )
    extra = {"safety_checker": None} if model.pipeline == "StableDiffusionPipeline" else {}
    try:
        pipe = DiffusionPipeline.from_pretrained(
            source, dtype=dtype, use_safetensors=True, local_files_only=offline, **extra
        )
    except (OSError, ValueError, ImportError) as error:
        where = "no connection is allowed (HF_HUB_OFFLINE)" if offline else "the hub was asked"
        raise GeneratorError(
            f"no usable weights at {source}: {' '.join(str(error).split())[:300]}",
            "safetensors weights in a folder, in the local cache or on the hub",
            f"{where}; name a folder with --weights, or measure a twin with --twin",
        ) from error
    return pipe.to(device)


def refuse_pickles(folder: Path) -> None:
    """Refuse weights that run code when they are opened.

    Raises
    ------
    GeneratorError
        A component of the folder has pickled weights and no safetensors.
    """
    for part in sorted(path for path in folder.rglob("*") if path.is_dir()) or [folder]:
        pickled = [path for pattern in _PICKLED for path in part.glob(pattern)]
        if pickled and not any(part.glob("*.safetensors")):
            raise GeneratorError(
                f"pickled weights: {pickled[0]}",
                "weights as safetensors, since opening a pickle runs whatever code it holds",
                "convert them, or take a release that has *.safetensors",
            )
    if not (folder / "model_index.json").is_file():
        raise GeneratorError(
            f"no model_index.json in {folder}",
            "a folder as DiffusionPipeline.save_pretrained writes it",
            "check --weights",
        )


def for_task(pipe: Any, asked: Task) -> Any:
    """Return the pipeline of a task that shares the components of ``pipe``.

    Raises
    ------
    GeneratorError
        diffusers has no such pipeline for this model.
    """
    if not asked.takes_picture:
        return pipe
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting

    kind = AutoPipelineForInpainting if asked.id == "inpaint" else AutoPipelineForImage2Image
    # The dtype keeps from_pipe from casting every component to float32.
    try:
        made = kind.from_pipe(pipe, dtype=pipe.dtype)
    except ValueError as error:
        raise GeneratorError(
            f"{asked.id} with {type(pipe).__name__}",
            "a model that diffusers has such a pipeline for",
            "choose another model or task; `artonomics bench list` shows which go together",
        ) from error
    made.set_progress_bar_config(disable=True)
    return made


def bring_in(model: Model) -> None:
    """Import the classes of a pipeline."""
    import diffusers

    getattr(diffusers, model.pipeline)


def can_do(model: Model, asked: Task) -> bool:
    """Return whether diffusers has a pipeline of this model for the task."""
    if not asked.takes_picture:
        return True
    # diffusers joins latents, mask and picture to 9 channels, or takes the 4 of its first models.
    channels = model.components[model.denoiser].get("in_channels")
    if asked.id == "inpaint" and model.denoiser == "unet" and channels not in (4, 9):
        return False
    # Brings in every pipeline there is: no part of the cold start of pictures from text.
    from diffusers.pipelines import auto_pipeline as known

    table = (
        known.AUTO_INPAINT_PIPELINES_MAPPING
        if asked.id == "inpaint"
        else known.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING
    )
    names = {
        key
        for key, made in known.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.items()
        if made.__name__ == model.pipeline
    }
    return any(key in table for key in names)


@dataclass(frozen=True)
class Request:
    """One call of a pipeline.

    Attributes
    ----------
    prompts
        One for each picture.
    height_px, width_px
        Of the result.
    steps
        ``num_inference_steps``.
    guidance
        ``guidance_scale``.
    seeds
        One for each picture: a picture does not depend on the others of its batch.
    output
        ``pil`` for pictures, ``pt`` for tensors that stay on the device.
    negative
        What guidance leads away from, where a pipeline wants words for it.
    """

    prompts: tuple[str, ...]
    height_px: int
    width_px: int
    steps: int
    guidance: float
    seeds: tuple[int, ...]
    output: str = "pil"
    negative: str = " "


def filling_prompt(model: Model) -> str:
    """Return a prompt that fills the text window of a model."""
    n_words = 2 * model.text_tokens + 60
    return " ".join(_WORDS[index % len(_WORDS)] for index in range(n_words))


def call(pipe: Any, model: Model, asked: Task, request: Request) -> list[Any]:
    """Run one request and return its pictures.

    Returns
    -------
    list
        Of ``PIL.Image`` or of tensors (3, height, width) in 0 to 1.
    """
    import torch

    takes = inspect.signature(pipe.__call__).parameters
    arguments: dict[str, Any] = {
        "prompt": list(request.prompts),
        "height": request.height_px,
        "width": request.width_px,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        # Drawn on the CPU, so that a seed gives the same noise on every card.
        "generator": [torch.Generator("cpu").manual_seed(seed) for seed in request.seeds],
        "output_type": request.output,
    }
    fixed: dict[str, Any] = {
        "max_sequence_length": model.text_tokens,
        "use_resolution_binning": False,
        "clean_caption": False,
        "complex_human_instruction": None,
    }
    if "Qwen" in model.pipeline:
        arguments["guidance_scale"] = None
        fixed["max_sequence_length"] = 1024  # its own limit; the text window is the tokenizer's
        fixed["negative_prompt"] = [request.negative] * len(request.prompts)
        fixed["true_cfg_scale"] = request.guidance
    if asked.takes_picture:
        arguments |= _given_picture(asked, request)
    arguments |= {key: value for key, value in fixed.items() if key in takes}
    arguments = {key: value for key, value in arguments.items() if key in takes}
    made = pipe(**arguments).images
    return list(made)


def _given_picture(asked: Task, request: Request) -> dict[str, Any]:
    """Return the user's picture of a task: a smooth one, the same at every call."""
    from PIL import Image

    small = Image.new("RGB", (4, 4))
    small.putdata([(40 * x + 60, 50 * y + 40, 30 * (x + y)) for y in range(4) for x in range(4)])
    size = (request.width_px // asked.scale, request.height_px // asked.scale)
    given = small.resize(size, Image.Resampling.BICUBIC)
    picture = given.resize((request.width_px, request.height_px), Image.Resampling.BICUBIC)
    n = len(request.prompts)
    arguments: dict[str, Any] = {"image": [picture] * n, "strength": asked.strength}
    if asked.id == "inpaint":
        mask = Image.new("L", picture.size)
        width, height = picture.size
        mask.paste(255, (width // 4, height // 4, 3 * width // 4, 3 * height // 4))
        arguments["mask_image"] = [mask] * n
    return arguments


def configuration_folder(source: str) -> Path:
    """Return the folder of a pipeline; of one on the hub only its configurations are fetched.

    Raises
    ------
    GeneratorError
        There is no such folder, and the hub has no such pipeline or cannot be asked.
    """
    folder = Path(source)
    if folder.is_dir() or source.count("/") != 1 or source.startswith((".", "/", "~")):
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, allow_patterns=["*.json", "*/*.json"]))
    except (OSError, ValueError) as error:
        raise GeneratorError(
            f"no pipeline {source}: {' '.join(str(error).split())[:200]}",
            "a folder, or an id on the hub that can be reached or lies in the cache",
            "see `artonomics bench list` for the bundled configurations",
        ) from error


def folder_model(folder: Path) -> Model:
    """Return the configuration of a pipeline's folder, so that any own model can be measured.

    Parameters
    ----------
    folder
        As :meth:`DiffusionPipeline.save_pretrained` writes it. Steps and guidance are those that
        its pipeline takes by itself, unless ``model_index.json`` names ``_steps``, ``_guidance``.
    """
    import json

    if not (folder / "model_index.json").is_file():
        refuse_pickles(folder)
    index = json.loads((folder / "model_index.json").read_text("utf-8"))
    files = {"scheduler": "scheduler_config.json"}
    parts: dict[str, dict[str, Any]] = {}
    for name in index:
        path = folder / name / files.get(name, "config.json")
        if not name.startswith(("_", "tokenizer")) and path.is_file():
            parts[name] = json.loads(path.read_text("utf-8"))
    pipeline = index["_class_name"]
    guidance = float(index.get("_guidance") or _own_default(pipeline, "guidance_scale"))
    unguided = 0.0 if pipeline in ("FluxPipeline",) else 1.0
    made = Model(
        id=folder.name,
        hub_id=str(folder),
        pipeline=pipeline,
        native_px=0,
        steps=int(index.get("_steps") or _own_default(pipeline, "num_inference_steps")),
        guidance=guidance,
        guidance_batch=1 if guidance <= unguided or pipeline == "FluxPipeline" else 2,
        text_tokens=_text_window(parts),
        components=parts,
        verified={},
    )
    return _with_native_size(made)


def _own_default(pipeline: str, name: str) -> Any:
    import diffusers

    return inspect.signature(getattr(diffusers, pipeline).__call__).parameters[name].default


def _text_window(parts: dict[str, dict[str, Any]]) -> int:
    own = parts.get("text_encoder", {}).get("max_position_embeddings")
    return min(own or catalog.TEXT_TOKENS_WITHOUT_OWN, 512)


def _with_native_size(model: Model) -> Model:
    from dataclasses import replace

    from generator.stages import vae_scale

    side = model.components[model.denoiser].get("sample_size") or 64
    return replace(model, native_px=side * vae_scale(model))
