"""Third stage: an adapter that draws in one to four steps.

The trained U-Net with guidance is the teacher: it draws pictures along the 20 steps of DDIM, and an
adapter of low rank (LoRA) learns to see from any point of such a path where it ends (Luhman and
Luhman 2021; from every point, so that it can go on from what it saw, as Luo et al. 2023 do).
Guidance is part of what it learns, so a step works on one sample where the teacher needs two.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji import GUIDANCE, STEPS, denoiser
from generator.emoji.autoencoder import chance
from generator.emoji.denoiser import Lessons, levels, read
from generator.emoji.drawings import caption
from generator.emoji.stage import Report, Stage

if TYPE_CHECKING:
    import torch

FOLDER = "few-steps"
_FILE = "pytorch_lora_weights.safetensors"
_NAME = "few"
_RANK = 16
_STREAM, _STREAM_OF_PATHS = 3, 4
_PATHS_A_DRAWING = 2
_TARGETS = [
    *("to_q", "to_k", "to_v", "to_out.0", "net.0.proj", "net.2", "conv1", "conv2"),
    *("proj_in", "proj_out", "conv_shortcut", "time_emb_proj"),
]
_BEND = 0.05
"""Where the loss turns from square to straight (pseudo-Huber)."""


def stage(pipe: Any, lessons: Lessons, precision: Any, report: Report) -> Stage:
    """Return the stage; the adapter is added to the pipeline's U-Net.

    Parameters
    ----------
    pipe
        Trained.
    lessons
        What it was trained on.
    precision
        A context in which forward passes run.
    report
        Called with lines of progress while the teacher draws, before the first step.
    """
    import torch
    from peft import LoraConfig

    torch.manual_seed(lessons.seed)
    pipe.unet.requires_grad_(False)
    pipe.text_encoder.requires_grad_(False).eval()
    pipe.unet.add_adapter(LoraConfig(r=_RANK, lora_alpha=_RANK, target_modules=_TARGETS), _NAME)
    pipe.unet.train()
    # Drawn at the first step: a stage that is done needs none.
    taught = cache(lambda: paths(pipe, lessons, precision, report))

    def loss(step: int) -> torch.Tensor:
        known = taught()
        rng = chance(lessons.seed, _STREAM, step)
        which = torch.from_numpy(rng.integers(0, len(known.said), denoiser.BATCH))
        # Early points count most: every picture of few steps begins there.
        at = torch.from_numpy((STEPS * rng.random(denoiser.BATCH) ** 2).astype("int64"))
        seen = known.points[at, which].to(pipe.device, torch.float32)
        wanted = known.points[STEPS, which].to(pipe.device, torch.float32)
        when = known.times[at].to(pipe.device)
        signal, noise = levels(pipe, when)
        with precision():
            states = read(pipe, [known.said[i] for i in which])
            guess = pipe.unet(seen, when, states).sample
        far = (signal * seen - noise * guess.float() - wanted).square()
        return ((far + _BEND**2).sqrt() - _BEND).mean()

    return Stage("few-steps", pipe.unet, loss, learning_rate=1e-3, mark=lessons.mark)


@dataclass(frozen=True)
class Paths:
    """What the teacher drew.

    Attributes
    ----------
    said
        Captions, one a path.
    points
        Latents from noise to the end, float16 (STEPS + 1, paths, 96, 4, 4).
    times
        Timesteps of all points but the last, (STEPS,).
    """

    said: tuple[str, ...]
    points: torch.Tensor
    times: torch.Tensor


def paths(pipe: Any, lessons: Lessons, precision: Any, report: Report) -> Paths:
    """Let the teacher draw some pictures of every drawing's words, without the adapter."""
    import torch

    pipe.scheduler.set_timesteps(STEPS)
    pipe.unet.disable_adapters()
    said: list[str] = []
    parts: list[torch.Tensor] = []
    order = list(range(len(lessons.drawings))) * _PATHS_A_DRAWING
    for number, first in enumerate(range(0, len(order), denoiser.BATCH)):
        rng = chance(lessons.seed, _STREAM_OF_PATHS, number)
        chosen = [lessons.drawings[i] for i in order[first : first + denoiser.BATCH]]
        texts = [caption(drawing, rng, lessons.seed) for drawing in chosen]
        shape = (len(texts), *lessons.latents.shape[1:])
        at = torch.from_numpy(rng.standard_normal(shape, dtype="float32")).to(pipe.device)
        points = [at]
        with torch.no_grad(), precision():
            states = read(pipe, [*texts, *[""] * len(texts)])
            for when in pipe.scheduler.timesteps:
                told, untold = pipe.unet(torch.cat([at] * 2), when, states).sample.float().chunk(2)
                at = pipe.scheduler.step(untold + GUIDANCE * (told - untold), when, at).prev_sample
                points.append(at)
        said.extend(texts)
        parts.append(torch.stack(points).to("cpu", torch.float16))
        report(f"few-steps: {len(said)} of {len(order)} paths of the teacher")
    pipe.unet.enable_adapters()
    return Paths(tuple(said), torch.cat(parts, 1), pipe.scheduler.timesteps.cpu())


def save(pipe: Any, folder: Path) -> int:
    """Write the adapter in float16 beside the parts, and take it off the U-Net.

    Returns
    -------
    int
        How many weights it holds.
    """
    import torch
    from peft.utils import get_peft_model_state_dict

    held = get_peft_model_state_dict(pipe.unet, adapter_name=_NAME)
    half = {name: weight.detach().to(torch.float16).cpu() for name, weight in held.items()}
    pipe.save_lora_weights(folder / FOLDER, unet_lora_layers=half, safe_serialization=True)
    pipe.unload_lora_weights()  # to delete the adapter alone would leave its wrapping in the names
    return sum(weight.numel() for weight in half.values())


def has_adapter(folder: Path) -> bool:
    """Return whether a model's folder has an adapter for few steps."""
    return (folder / FOLDER / _FILE).is_file()


def take(pipe: Any, folder: Path) -> Any:
    """Return the pipeline with the adapter merged into its U-Net and the scheduler it was made for.

    One call a step: ask it for a guidance of 1.
    """
    from diffusers import LCMScheduler

    pipe.load_lora_weights(folder / FOLDER, weight_name=_FILE, adapter_name=_NAME)
    pipe.fuse_lora(components=["unet"])
    pipe.unload_lora_weights()
    pipe.scheduler = LCMScheduler.from_config(pipe.scheduler.config, original_inference_steps=STEPS)
    return pipe
