"""Training a personal adapter (LoRA): what an avatar pack mostly costs.

The denoiser's attention gets low-rank adapters (rank 16, library ``peft``), which learn from a
user's pictures by the model's own objective: the noise of a U-Net, the velocity of a flow model.
One sample is one step of training at a batch of pictures; a training is ``steps`` of them. Latents
and text are read once before, as trainers do, and are not part of a step.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from generator import catalog, components, machine
from generator.cell import Cell
from generator.errors import GeneratorError
from generator.flops import LiveBytes, Stage, attention_mode
from generator.stages import Inputs, Shape

TRAINING_STEPS = 1_000
"""Steps of one training where none are asked for: the usual advice for 10 to 20 pictures."""
RANK = 16
PICTURES_PER_PACK = 100
_PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")


def add_adapter(denoiser: Any) -> int:
    """Give a denoiser low-rank adapters to train; return how many numbers they have.

    Raises
    ------
    GeneratorError
        ``peft`` is missing.
    """
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise GeneratorError(
            "no library peft", "it, for --task lora", "pip install peft (or: make generator)"
        ) from error
    denoiser.requires_grad_(False)
    denoiser.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(_PROJECTIONS)))
    return sum(weight.numel() for weight in _trained(denoiser))


def _trained(denoiser: Any) -> list[Any]:
    return [weight for weight in denoiser.parameters() if weight.requires_grad]


@cache
def training_stage(model_id: str, shape: Shape) -> Stage:
    """Count one step of training, forward and backward, without weights.

    Parameters
    ----------
    model_id
        The configuration.
    shape
        Size and number of pictures of a step.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = catalog.model(model_id)
    denoiser = components.build(model, model.denoiser, "meta", torch.bfloat16)
    add_adapter(denoiser)
    arguments = Inputs(model, shape, "meta", torch.bfloat16).denoiser(shape.batch)
    live = LiveBytes(denoiser.parameters())
    with FlopCounterMode(display=False) as counter, live, attention_mode() as attention:
        _loss(denoiser(**arguments, return_dict=False)[0]).backward()
    # Fused attention computes its scores anew on the way back: 2.5 times the work of the way there.
    in_attention = round(3.5 * attention.fused_flops) + attention.linear_flops
    total = counter.get_total_flops() + round(3.5 * attention.fused_flops)
    return Stage(total, in_attention, live.peak)


def _loss(guess: Any) -> Any:
    """Return the mean square of guesses; targets change neither work nor memory of note."""
    if isinstance(guess, list | tuple):
        return sum(part.float().square().mean() for part in guess)
    return guess.float().square().mean()


def trainer(cell: Cell) -> tuple[Any, Callable[[int], None], int]:
    """Return denoiser, a function that trains one step, and the adapter's size.

    Parameters
    ----------
    cell
        Completed; its batch is the pictures of a step.
    """
    import torch

    from generator import pipelines

    model = catalog.model(cell.model)
    dtype = machine.torch_dtype(cell.dtype)
    if cell.weights == "twin":
        denoiser = components.build(model, model.denoiser, cell.device, dtype)
        components.fill(denoiser, cell.seed)
    else:
        weights = pipelines.Weights("real", cell.weights_source)
        # Of the pipeline the denoiser alone goes to the card, as in a twin's training.
        pipe = pipelines.load(model, weights, "cpu", dtype)
        denoiser = getattr(pipe, model.denoiser).to(cell.device)
    n_trained = add_adapter(denoiser)
    denoiser.train()
    for weight in _trained(denoiser):
        weight.data = weight.data.float()  # the optimiser's small changes vanish in 16 bits
    optimiser = torch.optim.AdamW(_trained(denoiser), lr=1e-4)
    shape = Shape(cell.height_px, cell.width_px, cell.batch)

    def step(number: int) -> None:
        arguments = Inputs(model, shape, cell.device, dtype, cell.seed + number).denoiser(
            cell.batch
        )
        kind = cell.device.split(":")[0]
        with torch.autocast(kind, dtype=dtype, enabled=dtype is not torch.float32):
            guess = denoiser(**arguments, return_dict=False)[0]
        optimiser.zero_grad(set_to_none=True)
        loss = _loss(guess)
        loss.backward()
        optimiser.step()

    return denoiser, step, n_trained
