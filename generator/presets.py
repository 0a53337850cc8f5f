"""Presets: readable lists of switches, each with what it is known to bring.

A preset runs whole or not at all. Where the hardware cannot run one of its switches, the preset is
skipped with the reason; a switch that a model has no place for is named in the record.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.catalog import Model
from generator.emoji import FEW_STEPS, few
from generator.pipelines import Kind

# Below this work a step of one picture ends sooner than its kernels can be handed over one by one.
_GRAPHS_BELOW_FLOPS = 4e12
_FEWEST_STEPS_TO_CACHE = 12
_FIRST_WITH_BF16 = (8, 0)


@dataclass(frozen=True)
class Machine:
    """What a preset may need to know.

    Attributes
    ----------
    device
        ``cpu`` or ``cuda…``.
    capability
        Compute capability of the card, such as (9, 0); ``None`` without one.
    packages
        Names of the optional packages that are installed.
    """

    device: str
    capability: tuple[int, int] | None = None
    packages: frozenset[str] = frozenset()

    @property
    def is_cuda(self) -> bool:
        """Return whether it is an NVIDIA card."""
        return self.device.startswith("cuda")


@dataclass(frozen=True)
class Setting:
    """What is being measured, as far as a switch must know it; ``source`` is of real weights."""

    model: Model
    machine: Machine
    weights: Kind
    steps: int
    step_flops: float
    dtype: str = "bf16"
    guidance: float = 1.0
    source: str | None = None


@dataclass(frozen=True)
class Switch:
    """One change to a pipeline.

    Attributes
    ----------
    id
        Short name.
    what
        What is changed.
    brings
        What it is known to bring, and where that is told.
    hindrance
        Returns why it cannot run in a setting; ``None`` where it can.
    apply
        Changes the pipeline; returns why the model has no place for it, else ``None``.
    """

    id: str
    what: str
    brings: str
    hindrance: Callable[[Setting], str | None]
    apply: Callable[[Any, Setting], str | None]


@dataclass(frozen=True)
class Preset:
    """Switches that are measured together.

    Attributes
    ----------
    id
        Short name.
    what
        In words.
    switches
        In the order in which they are applied.
    steps, guidance
        What it draws with unless it is told otherwise; ``None`` takes the model's own.
    """

    id: str
    what: str
    switches: tuple[Switch, ...]
    steps: int | None = None
    guidance: float | None = None

    def hindrance(self, setting: Setting) -> str | None:
        """Return why the preset cannot run in a setting; ``None`` where it can."""
        for switch in self.switches:
            if reason := switch.hindrance(setting):
                return f"{switch.id}: {reason}"
        return None

    def apply(self, pipe: Any, setting: Setting) -> dict[str, str | None]:
        """Apply every switch; return by switch why the model has no place for it, else ``None``."""
        return {switch.id: switch.apply(pipe, setting) for switch in self.switches}


def _always(_setting: Setting) -> None:
    return None


def _nothing(_pipe: Any, _setting: Setting) -> None:
    return None


def _needs_bf16(setting: Setting) -> str | None:
    """Refuse what a card would work out in software: slower than any product would run it."""
    capability = setting.machine.capability
    if setting.dtype != "bf16" or capability is None or capability >= _FIRST_WITH_BF16:
        return None
    return (
        f"needs compute capability {_dotted(_FIRST_WITH_BF16)} or later, this card has "
        f"{_dotted(capability)}: measure it with --dtype float16"
    )


def _dotted(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))


def _needs_cuda(setting: Setting) -> str | None:
    return None if setting.machine.is_cuda else "needs an NVIDIA card"


def _needs_compiler(setting: Setting) -> str | None:
    from generator.compilers import missing

    return missing(setting.machine)


def _needs_graphs(setting: Setting) -> str | None:
    return _needs_cuda(setting) or _needs_compiler(setting)


def _needs_fused_attention(setting: Setting) -> str | None:
    if reason := _needs_cuda(setting):
        return reason
    if (capability := setting.machine.capability) is None or capability < (8, 0):
        return "needs a card with cuDNN's or flash attention (compute capability 8.0 or later)"
    return None


def _needs_fp8(setting: Setting) -> str | None:
    if reason := _needs_cuda(setting):
        return reason
    if (capability := setting.machine.capability) is None or capability < (8, 9):
        return "needs a card with 8-bit floating point (compute capability 8.9 or later)"
    if "torchao" not in setting.machine.packages:
        return "needs torchao: pip install torchao"
    if setting.dtype != "bf16":
        return f"scales by row want weights in bf16, not {setting.dtype}"
    return None


def _needs_steps(setting: Setting) -> str | None:
    if setting.steps < _FEWEST_STEPS_TO_CACHE:
        return f"{setting.steps} steps leave nothing to skip (at least {_FEWEST_STEPS_TO_CACHE})"
    return None


def _needs_real_weights(setting: Setting) -> str | None:
    if setting.weights == "twin":
        return "what it skips depends on values, and a twin's values are random: refused"
    return _needs_steps(setting)


def _needs_adapter(setting: Setting) -> str | None:
    if setting.weights == "twin":
        return "an adapter belongs to weights that were trained, and a twin's are random"
    if setting.model.denoiser != "unet":
        return "its adapter is of a U-Net, and this model has none"
    if not few.has_adapter(_source(setting)):
        return f"no adapter beside the weights: {few.FOLDER}/ in {_source(setting)}"
    if setting.steps > FEW_STEPS:
        return f"{setting.steps} steps: its adapter draws in 1 to {FEW_STEPS}"
    if setting.guidance > 1:
        return f"guidance {setting.guidance:g}: its adapter has learnt guidance, so it takes 1"
    return None


def _source(setting: Setting) -> Path:
    return Path(setting.source or setting.model.hub_id)


def _take_adapter(pipe: Any, setting: Setting) -> None:
    few.take(pipe, _source(setting))


def _denoiser(pipe: Any, setting: Setting) -> Any:
    return getattr(pipe, setting.model.denoiser)


def _channels_last(pipe: Any, setting: Setting) -> str | None:
    import torch

    modules = [pipe.vae] + ([pipe.unet] if setting.model.denoiser == "unet" else [])
    if "Qwen" in setting.model.pipeline:
        return "its autoencoder works on video, in another layout"
    for module in modules:
        module.to(memory_format=torch.channels_last)
    return None


def _fused_attention(_pipe: Any, _setting: Setting) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel

    order = [
        SDPBackend.CUDNN_ATTENTION,
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.MATH,
    ]
    # A cell has a process of its own, so the order may stand until its end.
    _held.enter_context(sdpa_kernel(order, set_priority=True))


_held = contextlib.ExitStack()


def _fuse(pipe: Any, setting: Setting) -> str | None:
    denoiser = _denoiser(pipe, setting)
    if not hasattr(denoiser, "fuse_qkv_projections"):
        return f"{type(denoiser).__name__} has no projections that can be joined"
    if type(denoiser).__name__ == "SD3Transformer2DModel" and denoiser.config.qk_norm:
        return "diffusers' joined form leaves out this model's norm of queries and keys"
    before = sum(1 for _ in denoiser.modules())
    denoiser.fuse_qkv_projections()
    if sum(1 for _ in denoiser.modules()) == before:
        return f"diffusers joins no projections of {type(denoiser).__name__}"
    return None


def _compile(pipe: Any, setting: Setting) -> None:
    import torch

    denoiser = _denoiser(pipe, setting)
    # The forward alone: what times a call stands outside of the compiled graph.
    denoiser.forward = torch.compile(denoiser.forward, dynamic=False)
    pipe.vae.decode = torch.compile(pipe.vae.decode, dynamic=False)


def _compile_with_graphs(pipe: Any, setting: Setting) -> str | None:
    import torch

    if setting.step_flops > _GRAPHS_BELOW_FLOPS:
        _compile(pipe, setting)
        return "left out: a step is long enough to hand over its kernels in time"
    denoiser = _denoiser(pipe, setting)
    compiled = torch.compile(denoiser.forward, dynamic=False, mode="reduce-overhead")

    def forward(*arguments: Any, **named: Any) -> Any:
        torch.compiler.cudagraph_mark_step_begin()
        made = compiled(*arguments, **named)
        # A replay writes over its result, and some schedulers keep earlier ones.
        return torch.utils._pytree.tree_map_only(torch.Tensor, torch.clone, made)

    denoiser.forward = forward
    pipe.vae.decode = torch.compile(pipe.vae.decode, dynamic=False)
    return None


def _quantise(pipe: Any, setting: Setting) -> None:
    import torch
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quantize_

    def large(module: Any, _name: str) -> bool:
        is_linear = isinstance(module, torch.nn.Linear)
        return is_linear and min(module.in_features, module.out_features) >= 512

    config = Float8DynamicActivationFloat8WeightConfig(granularity=PerRow())
    quantize_(_denoiser(pipe, setting), config, filter_fn=large)


def _cache(pipe: Any, setting: Setting) -> str | None:
    from generator.caching import skip_by_schedule

    return skip_by_schedule(pipe, _denoiser(pipe, setting))


def _adaptive_cache(pipe: Any, setting: Setting) -> str | None:
    from generator.caching import skip_by_content

    return skip_by_content(_denoiser(pipe, setting))


_DTYPE = Switch(
    "bf16",
    "weights and arithmetic in bfloat16 (float32 on a CPU; the record names the dtype)",
    "half the bytes and the card's matrix units, without float16's overflows",
    _needs_bf16,
    _nothing,
)
_SDPA = Switch(
    "sdpa",
    "attention by torch's scaled_dot_product_attention",
    "no matrix of scores in memory",
    _always,
    _nothing,
)
_EAGER = Switch(
    "eager",
    "every kernel handed over as Python reaches it, with the model card's steps",
    "what a user gets who follows the model card",
    _always,
    _nothing,
)
_CHANNELS_LAST = Switch(
    "channels_last",
    "convolutions with the channels innermost",
    "the layout that tensor cores read; a few percent to a third of a U-Net or decoder",
    _always,
    _channels_last,
)
_ATTENTION = Switch(
    "fused_attention",
    "cuDNN's attention first, then flash, then memory-efficient",
    "up to twice the speed of attention on Hopper cards",
    _needs_fused_attention,
    _fused_attention,
)
_FUSE = Switch(
    "fused_projections",
    "query, key and value in one product",
    "fewer and larger products; a few percent",
    _always,
    _fuse,
)
_COMPILE = Switch(
    "compiled",
    "denoiser and decoder through torch.compile, for one fixed shape",
    "elementwise work joined to products: 1.1 to 1.5 times, after a minute or more of compiling",
    _needs_compiler,
    _compile,
)
_GRAPHS = Switch(
    "compiled_with_graphs",
    "denoiser and decoder through torch.compile; CUDA graphs where a step is short",
    "as compiled, and no waiting for Python between the kernels of small models",
    _needs_graphs,
    _compile_with_graphs,
)
_FP8 = Switch(
    "float8",
    "large products of the denoiser in 8-bit floating point, scaled by row (torchao)",
    "up to twice the peak of bf16; changes the picture a little",
    _needs_fp8,
    _quantise,
)
_CACHED = Switch(
    "fixed_cache",
    "attention of the denoiser foretold at two of three steps (Flux, Qwen-Image) or taken up at "
    "every second step of the middle (all others), by a fixed schedule",
    "skips attention alone, so at most its share of a step; changes the picture",
    _needs_steps,
    _cache,
)
_ADAPTIVE = Switch(
    "adaptive_cache",
    "blocks skipped where the first block hardly changed",
    "skips work by what is in the picture; changes the picture",
    _needs_real_weights,
    _adaptive_cache,
)
_FEW_STEPS = Switch(
    "few_steps_adapter",
    "an adapter of low rank, made for few steps, merged into the denoiser; consistency sampling",
    "one sample a step where guidance takes two, and a fifth of the steps; another picture",
    _needs_adapter,
    _take_adapter,
)

_DEFAULT = (_DTYPE, _SDPA, _EAGER)
PRESETS = {
    preset.id: preset
    for preset in (
        Preset("default", "as the model card says", _DEFAULT),
        Preset(
            "compiled",
            "what a compiler brings anywhere, without a card too",
            (_DTYPE, _SDPA, _CHANNELS_LAST, _FUSE, _COMPILE),
        ),
        Preset(
            "tuned",
            "the same arithmetic, as fast as the card does it",
            (_DTYPE, _CHANNELS_LAST, _ATTENTION, _FUSE, _GRAPHS),
        ),
        Preset(
            "fast",
            "tuned, with the denoiser's products in 8 bits",
            (_DTYPE, _CHANNELS_LAST, _ATTENTION, _FUSE, _FP8, _GRAPHS),
        ),
        Preset("cached", "default with work skipped by a fixed schedule", (*_DEFAULT, _CACHED)),
        Preset(
            "adaptive",
            "default with work skipped by what is in the picture; real weights only",
            (*_DEFAULT, _ADAPTIVE),
        ),
        Preset(
            "few-steps",
            f"1 to {FEW_STEPS} steps by an adapter that lies beside the weights; real weights only",
            (*_DEFAULT, _FEW_STEPS),
            steps=FEW_STEPS,
            guidance=1.0,
        ),
    )
}


def preset(preset_id: str) -> Preset:
    """Return one preset; ``tuned-3`` is the first three switches of ``tuned``.

    Raises
    ------
    GeneratorError
        The preset is unknown.
    """
    from generator.errors import GeneratorError

    name, _, first = preset_id.rpartition("-")
    parts = name in PRESETS and PRESETS[name].steps is None  # else a part would not be the part
    if parts and first.isdigit() and 0 < int(first) < len(PRESETS[name].switches):
        switches = PRESETS[name].switches[: int(first)]
        return Preset(preset_id, f"{name} up to {switches[-1].id}", switches)
    if preset_id not in PRESETS:
        raise GeneratorError(f"the preset {preset_id!r}", f"one of {', '.join(PRESETS)}")
    return PRESETS[preset_id]
