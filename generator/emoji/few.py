"""Third stage: an adapter that draws in one to four steps (latent consistency, Luo et al. 2023).

The trained U-Net with guidance is the teacher, its 20 steps of DDIM are the path, and an adapter of
low rank (LoRA) learns to see from any point of the path where it ends; guidance is part of what it
learns, so a step works on one sample where the teacher needs two.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji import GUIDANCE, STEPS, denoiser
from generator.emoji.denoiser import Lessons, levels, read
from generator.emoji.stage import Stage

if TYPE_CHECKING:
    import torch

FOLDER = "few-steps"
_FILE = "pytorch_lora_weights.safetensors"
_NAME = "few"
_RANK = 16
_STREAM = 3
_TARGETS = [
    *("to_q", "to_k", "to_v", "to_out.0", "net.0.proj", "net.2", "conv1", "conv2"),
    *("proj_in", "proj_out", "conv_shortcut", "time_emb_proj"),
]
_BEND = 0.05
"""Where the loss turns from square to straight (pseudo-Huber)."""


def stage(pipe: Any, lessons: Lessons, precision: Any) -> Stage:
    """Return the stage; the adapter is added to the pipeline's U-Net.

    Parameters
    ----------
    pipe
        Trained.
    lessons
        What it was trained on.
    precision
        A context in which forward passes run.
    """
    import torch
    from peft import LoraConfig

    torch.manual_seed(lessons.seed)
    pipe.unet.requires_grad_(False)
    pipe.text_encoder.requires_grad_(False).eval()
    pipe.unet.add_adapter(LoraConfig(r=_RANK, lora_alpha=_RANK, target_modules=_TARGETS), _NAME)
    pipe.unet.train()

    def loss(step: int) -> torch.Tensor:
        batch = lessons.batch(_STREAM, step, denoiser.BATCH, n_times=STEPS)
        stride = 1000 // STEPS
        late = (batch.when + 1) * stride - 1
        with torch.no_grad(), precision():
            signal, noise = levels(pipe, late)
            seen = signal * batch.latents + noise * batch.noise
            states, nothing = read(pipe, batch.said), read(pipe, [""] * denoiser.BATCH)
            earlier = _teacher_step(pipe, seen, late, stride, (states, nothing))
            wanted = _end(pipe, earlier, late - stride, states)
        with precision():
            guess = _end(pipe, seen, late, states)
        far = (guess.float() - wanted.float()).square()
        return ((far + _BEND**2).sqrt() - _BEND).mean()

    return Stage("few-steps", pipe.unet, loss, learning_rate=1e-3, seed=lessons.seed)


def _teacher_step(
    pipe: Any, seen: torch.Tensor, late: torch.Tensor, stride: int, states: tuple[Any, Any]
) -> torch.Tensor:
    """Return where one guided step of DDIM leads, without the adapter."""
    import torch

    pipe.unet.disable_adapters()
    both = pipe.unet(torch.cat([seen] * 2), torch.cat([late] * 2), torch.cat(states)).sample
    pipe.unet.enable_adapters()
    told, untold = both.float().chunk(2)
    v = untold + GUIDANCE * (told - untold)
    signal, noise = levels(pipe, late)
    clean, rest = signal * seen - noise * v, noise * seen + signal * v
    signal, noise = levels(pipe, (late - stride).clamp(min=0))
    stepped = signal * clean + noise * rest
    return torch.where((late < stride).view(-1, 1, 1, 1), clean, stepped)


def _end(pipe: Any, seen: torch.Tensor, when: torch.Tensor, states: Any) -> torch.Tensor:
    """Return where the path ends as the adapter sees it; before its first step that is ``seen``."""
    import torch

    at = when.clamp(min=0)
    signal, noise = levels(pipe, at)
    clean = signal * seen - noise * pipe.unet(seen, at, states).sample.float()
    return torch.where((when < 0).view(-1, 1, 1, 1), seen.float(), clean)


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
