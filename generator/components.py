"""The components of a pipeline, built exactly from a configuration: no weights, or a twin's."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from generator.catalog import Model

if TYPE_CHECKING:
    import torch

# A hub file names the class that was trained; the pipeline loads the part of it that it calls.
_LOADED_AS = {"Qwen3ForCausalLM": "Qwen3Model"}
_WITHOUT_CLASS = {"t5": "T5EncoderModel"}
TWIN_WEIGHT_DEVIATION = 0.02


def build(model: Model, component: str, device: str, dtype: torch.dtype | None = None) -> Any:
    """Return one component of a model without its published weights.

    Parameters
    ----------
    model
        The configuration.
    component
        Such as ``unet`` or ``text_encoder_2``.
    device
        ``meta`` (shapes only), ``cpu`` or ``cuda``.
    dtype
        Of the weights; ``None`` means float32.

    Returns
    -------
    torch.nn.Module
        In evaluation mode, its weights as the class begins training with (many of them zero): fill
        it with :func:`fill` before anything is measured.
    """
    import torch

    settings = {
        name: copy.deepcopy(value)
        for name, value in model.components[component].items()
        if not name.startswith("_")
    }
    class_name = model.components[component].get("_class_name")
    make = _diffusers_module if class_name else _transformers_module
    with torch.device(device), _default_dtype(dtype or torch.float32):
        module = make(class_name, settings)
    return module.eval().requires_grad_(False)


def _diffusers_module(class_name: str, settings: dict[str, Any]) -> Any:
    import diffusers

    return getattr(diffusers, class_name).from_config(settings)


def _transformers_module(_class_name: None, settings: dict[str, Any]) -> Any:
    import transformers

    model_type = settings.pop("model_type")
    for name in ("torch_dtype", "dtype"):
        settings.pop(name, None)
    named = (settings.get("architectures") or [_WITHOUT_CLASS.get(model_type)])[0]
    module_class = getattr(transformers, _LOADED_AS.get(named, named))
    return module_class(module_class.config_class(**settings))


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def fill(module: Any, seed: int) -> None:
    """Fill the weights of a twin with random finite numbers, in place.

    Matrices and kernels are drawn from a normal law whose deviation keeps the size of activations
    through a layer, gains of norms are near 1 and offsets near 0, so that activations stay finite
    through the deepest stack. Nothing is left at zero: arithmetic on zeros draws less power.

    Parameters
    ----------
    module
        Any module whose memory exists.
    seed
        Of the random numbers.
    """
    import torch

    draw = torch.Generator(device=next(module.parameters()).device).manual_seed(seed)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            fan_in = weight[0].numel() if weight.dim() > 1 else 0
            if fan_in:
                weight.normal_(0.0, min(fan_in**-0.5, 1.0), generator=draw)
            elif name.endswith("weight"):
                weight.normal_(1.0, TWIN_WEIGHT_DEVIATION, generator=draw)
            else:
                weight.normal_(0.0, TWIN_WEIGHT_DEVIATION, generator=draw)


def parameter_count(module: Any) -> int:
    """Return how many numbers a component holds as weights; tied ones count once."""
    return sum(weight.numel() for weight in module.parameters())
