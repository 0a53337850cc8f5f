"""Operations and memory of a picture, counted without weights and without a card.

Convention: one multiply-add is two operations; what is not a matrix product, a convolution or an
attention is not counted (the counter of torch, :class:`torch.utils.flop_counter.FlopCounterMode`).
Guidance counts as the pair of samples that it needs. Components and arguments are ``meta`` tensors:
shapes without memory.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import math
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from generator import components
from generator.catalog import Task, model, task
from generator.stages import Inputs, Shape

_FRAGMENTS = 1.05
"""Memory that an allocator takes over what it gives out."""


@dataclass(frozen=True)
class Stage:
    """One call of one component.

    Attributes
    ----------
    flops
        Floating-point operations.
    attention_flops
        Those of them in attention kernels.
    activation_bytes
        The most that results between the layers take at one moment, in the dtype of the call.
    """

    flops: int
    attention_flops: int
    activation_bytes: int


@dataclass(frozen=True)
class Picture:
    """Operations of one picture by stage; training has its own in :mod:`generator.lora`.

    Attributes
    ----------
    text_flops, denoiser_step_flops, encode_flops, decode_flops
        By stage; ``encode_flops`` is 0 where no picture is handed in.
    n_denoiser_steps
        Steps that are run; guidance is within ``denoiser_step_flops``.
    attention_share
        Share of attention in the operations of a step.
    """

    text_flops: int
    denoiser_step_flops: int
    encode_flops: int
    decode_flops: int
    n_denoiser_steps: int
    attention_share: float

    @property
    def flops(self) -> int:
        """Return the operations of one picture."""
        steps = self.n_denoiser_steps * self.denoiser_step_flops
        return self.text_flops + steps + self.encode_flops + self.decode_flops

    @property
    def tflop(self) -> float:
        """Return the operations of one picture in units of 10^12."""
        return self.flops / 1e12


@cache
def parameters(model_id: str) -> dict[str, int]:
    """Return the number of weights by component."""
    known = model(model_id)
    names = [name for name in known.components if name != "scheduler"]
    return {
        name: components.parameter_count(components.build(known, name, "meta")) for name in names
    }


@cache
def stage(model_id: str, name: str, shape: Shape) -> Stage:
    """Count one call.

    Parameters
    ----------
    model_id
        The configuration.
    name
        A text encoder, the denoiser (with guidance's pair of samples), ``encode`` or ``decode``.
    shape
        Size and number of pictures.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    known = model(model_id)
    in_half = torch.bfloat16
    component = "vae" if name in ("encode", "decode") else name
    module = components.build(known, component, "meta", in_half)
    inputs = Inputs(known, shape, "meta", in_half)
    samples = shape.batch * known.guidance_batch
    live = LiveBytes(module.parameters())
    attention = attention_mode()
    with torch.no_grad(), FlopCounterMode(display=False) as counter, live, attention:
        if name in ("encode", "decode"):
            getattr(module, name)(*getattr(inputs, f"{name}r")())
        elif name == known.denoiser:
            module(**inputs.denoiser(samples))
        else:
            module(**inputs.text(name, samples))
    return Stage(
        counter.get_total_flops() + attention.fused_flops,
        attention.fused_flops + attention.linear_flops,
        live.peak,
    )


def picture(model_id: str, shape: Shape, steps: int, task_id: str = "txt2img") -> Picture:
    """Count one picture of a task.

    Parameters
    ----------
    model_id
        The configuration.
    shape
        Size of the resulting picture; its batch is not used.
    steps
        ``num_inference_steps``.
    task_id
        ``txt2img``, ``img2img``, ``inpaint`` or ``upscale``.
    """
    known, asked, one = model(model_id), task(task_id), Shape(shape.height_px, shape.width_px)
    step = stage(model_id, known.denoiser, one)
    return Picture(
        text_flops=sum(stage(model_id, name, one).flops for name in known.text_encoders),
        denoiser_step_flops=step.flops,
        encode_flops=n_encodes(asked) * stage(model_id, "encode", one).flops
        if asked.takes_picture
        else 0,
        decode_flops=stage(model_id, "decode", one).flops,
        n_denoiser_steps=n_steps(asked, steps),
        attention_share=step.attention_flops / step.flops,
    )


def n_encodes(asked: Task) -> int:
    """Return how often a picture is encoded: an edit encodes the masked picture too."""
    return {"img2img": 1, "upscale": 1, "inpaint": 2}.get(asked.id, 0)


def n_steps(asked: Task, steps: int) -> int:
    """Return how many steps a task runs: a given picture skips the first ones."""
    return max(1, math.floor(steps * asked.strength + 1e-9))


@dataclass(frozen=True)
class Memory:
    """Memory that a call is predicted to take, in bytes.

    Attributes
    ----------
    weights_bytes
        All components.
    activation_bytes
        The largest stage's results, at that batch.
    """

    weights_bytes: int
    activation_bytes: int

    @property
    def total_bytes(self) -> int:
        """Return the sum, with a twentieth for fragments of the allocator."""
        return round(_FRAGMENTS * (self.weights_bytes + self.activation_bytes))

    def largest_batch(self, free_bytes: int, batch: int) -> int:
        """Return how many pictures at once would fit; 0 where not one does.

        Parameters
        ----------
        free_bytes
            Memory at hand.
        batch
            Pictures that ``activation_bytes`` are for.
        """
        left = free_bytes / _FRAGMENTS - self.weights_bytes
        return max(0, int(left // (self.activation_bytes / batch)))


def memory(model_id: str, shape: Shape, bytes_per_number: int = 2) -> Memory:
    """Predict the memory of a batch before anything is loaded.

    Parameters
    ----------
    model_id
        The configuration.
    shape
        Size and number of pictures.
    bytes_per_number
        Of weights and results: 2 in bf16, 4 in float32.
    """
    known = model(model_id)
    one = Shape(shape.height_px, shape.width_px)
    names = (known.denoiser, "decode")
    peak = max(stage(model_id, name, one).activation_bytes for name in names)
    # Counted in bf16; every result grows with the batch.
    activations = peak * shape.batch * bytes_per_number // 2
    return Memory(sum(parameters(model_id).values()) * bytes_per_number, activations)


def attention_mode() -> Any:
    """Return a mode that stands in for attention as its fused kernels do it.

    On ``meta`` tensors torch would write out the matrix of scores, which no fused kernel keeps.
    Operations: both products, 2 x 2 x batch x heads x queries x keys x width. Linear attention is
    written as products of stacks of matrices, which the counter of torch sees by itself.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class fused(torch.autograd.Function):  # noqa: N801  stands in for a function
        @staticmethod
        def forward(query: Any, key: Any, value: Any) -> Any:
            return query.new_empty((*query.shape[:-1], value.shape[-1]))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, *grad_outputs: Any) -> Any:
            return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors)

    products = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)

    class Mode(TorchFunctionMode):
        fused_flops = linear_flops = 0

        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func is not torch.nn.functional.scaled_dot_product_attention:
                result = func(*args, **(kwargs or {}))
                if func in products and min(factor.dim() for factor in args) > 3:
                    self.linear_flops += 2 * result.numel() * args[0].shape[-1]
                return result
            named = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
            query, key, value = (named[name] for name in ("query", "key", "value"))
            *rows, n_queries, width = query.shape
            self.fused_flops += (
                2 * math.prod(rows) * n_queries * key.shape[-2] * (width + value.shape[-1])
            )
            return fused.apply(query, key, value)

    return Mode()


class LiveBytes:
    """Follow the bytes of results that are alive, through every operation.

    A dispatch mode that notes the storage of each result and takes it off when it is freed.
    """

    def __init__(self, weights: Iterable[Any]) -> None:
        self.now = self.peak = 0
        self._seen = {weight.untyped_storage()._cdata for weight in weights}
        self._mode: Any = None

    def __enter__(self) -> LiveBytes:
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils._pytree import tree_leaves

        outer = self

        class Mode(TorchDispatchMode):
            def __torch_dispatch__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                result = func(*args, **(kwargs or {}))
                for leaf in tree_leaves(result):
                    if hasattr(leaf, "untyped_storage"):
                        outer._note(leaf.untyped_storage())
                return result

        self._mode = Mode()
        self._mode.__enter__()
        return self

    def __exit__(self, *told: Any) -> None:
        self._mode.__exit__(*told)

    def _note(self, storage: Any) -> None:
        key = storage._cdata
        if key in self._seen:
            return
        self._seen.add(key)
        n_bytes = storage.nbytes()
        self.now += n_bytes
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key, n_bytes)

    def _forget(self, key: int, n_bytes: int) -> None:
        self._seen.discard(key)
        self.now -= n_bytes
