"""How far a faster preset's numbers are from default's: the same weights, seed, words and noise.

Three comparisons, each a relative norm ‖faster − default‖ / ‖default‖ by stage:

- *same inputs*: what default handed to each stage is handed to the faster one, so that an error is
  the stage's own;
- *from noise to picture*: the whole pipeline runs, so that errors of earlier steps are carried on;
- *default in float32*: what bf16 itself changes in some of the denoiser's calls, a yardstick.

A twin has random weights, so its picture shows nothing; its activations are checked to be finite
and to vary, as arithmetic on constants would hide an error.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from generator import catalog, machine, pipelines, preparation, presets
from generator.cell import Cell
from generator.errors import GeneratorError

Report = Callable[[dict[str, Any]], None]
DEGENERATE_SHARE = 1e-3
"""Activations that deviate from their mean by less than this share of their size are constants."""
_IN_FLOAT32 = 3


@dataclass
class Call:
    """One call of a stage: what it was given, and what it made."""

    given: tuple[Any, ...]
    named: dict[str, Any]
    made: list[Any]


@dataclass
class Recording:
    """Every call of every stage of one run.

    Attributes
    ----------
    text
        Calls of the text encoders by their names.
    denoiser, decode
        In order.
    pictures
        What the pipeline returned.
    """

    text: dict[str, list[Call]] = field(default_factory=dict)
    denoiser: list[Call] = field(default_factory=list)
    decode: list[Call] = field(default_factory=list)
    pictures: list[Any] = field(default_factory=list)


def compare(cell: Cell, report: Report) -> dict[str, Any]:
    """Compare a completed cell's preset with default.

    Returns
    -------
    dict
        ``same_inputs`` and ``from_noise``: relative errors of ``text``, ``denoiser`` (one a call),
        ``decode`` and, from noise, ``picture``; ``float32`` (those of default against float32, by
        number of call; null with ``float32_reason``), ``activations`` (size and spread by stage)
        and ``skips_work``.

    Raises
    ------
    GeneratorError
        The preset cannot run here, skips work on a twin, or activations are constant or not finite.
    """
    skips = _skips_work(cell.preset)
    if reason := preparation.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    if skips and cell.weights == "twin":
        raise GeneratorError(
            f"{cell.preset} on a twin",
            "real weights: the preset skips work, and what that changes depends on values",
            "name weights with --weights-from",
        )
    if presets.preset(cell.preset).steps is not None:
        raise GeneratorError(
            f"{cell.preset} against default",
            "a preset with the same steps: this one draws other pictures, which is no error",
        )
    model, task = catalog.model(cell.model), catalog.task(cell.task)
    report({"event": "doing", "what": "default"})
    pipe = _loaded(cell)
    presets.preset("default").apply(pipe, preparation.setting(replace(cell, preset="default")))
    reference = _run(pipe, cell)
    activations = _activations(reference)
    report({"event": "doing", "what": "default in float32"})
    float32, why = _against_float32(pipe, cell, reference)
    report({"event": "doing", "what": cell.preset})
    switches = presets.preset(cell.preset).apply(pipe, preparation.setting(cell))
    same = None if skips else _with_same_inputs(pipe, model, reference)
    return {
        "cell": cell.to_record(),
        "task": task.id,
        "switches": switches,
        "skips_work": skips,
        "same_inputs": same,
        "same_inputs_reason": "a preset that skips work keeps a state between calls"
        if skips
        else None,
        "from_noise": _from_noise(reference, _run(pipe, cell)),
        "float32": float32,
        "float32_reason": why,
        "float32_note": _note(pipe, model) if float32 else None,
        "activations": activations,
        "calls": len(reference.denoiser),
    }


def _skips_work(preset: str) -> bool:
    return any("cache" in switch.id for switch in presets.preset(preset).switches)


def _loaded(cell: Cell) -> Any:
    model = catalog.model(cell.model)
    kind = "twin" if cell.weights == "twin" else "real"
    weights = pipelines.Weights(kind, cell.weights_source)
    dtype = machine.torch_dtype(cell.dtype)
    base = pipelines.load(model, weights, cell.device, dtype, cell.seed)
    return pipelines.for_task(base, catalog.task(cell.task))


def _run(pipe: Any, cell: Cell) -> Recording:
    """Run one call of a pipeline and keep what every stage was given and made."""
    model, task = catalog.model(cell.model), catalog.task(cell.task)
    told = Recording()
    undo = [_keep(getattr(pipe, name), told.text, name) for name in model.text_encoders]
    undo.append(_keep(getattr(pipe, model.denoiser), {"": told.denoiser}, ""))
    undo.append(_keep_decode(pipe.vae, told.decode))
    try:
        request = pipelines.Request(
            prompts=(pipelines.filling_prompt(model),) * cell.batch,
            height_px=cell.height_px,
            width_px=cell.width_px,
            steps=cell.steps,
            guidance=model.guidance if cell.guidance is None else cell.guidance,
            seeds=tuple(range(cell.seed, cell.seed + cell.batch)),
            output="pt",
        )
        told.pictures = [_kept(part) for part in pipelines.call(pipe, model, task, request)]
    finally:
        for each in undo:
            each()
    return told


def _keep(module: Any, into: dict[str, list[Call]], name: str) -> Callable[[], None]:
    calls = into.setdefault(name, [])

    def after(_module: Any, given: Any, named: Any, made: Any) -> None:
        calls.append(Call(_copied(given), _copied(named), _floats(made)))

    return module.register_forward_hook(after, with_kwargs=True).remove


def _keep_decode(vae: Any, calls: list[Call]) -> Callable[[], None]:
    own, decode = "decode" in vars(vae), vae.decode

    def kept(*given: Any, **named: Any) -> Any:
        # Copied before the call: a decoder may work in place.
        told = (_copied(given), _copied(named))
        made = decode(*given, **named)
        calls.append(Call(*told, _floats(made)))
        return made

    vae.decode = kept

    def undo() -> None:
        if own:
            vae.decode = decode
        else:
            del vae.decode

    return undo


def _copied(told: Any) -> Any:
    import torch
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda leaf: leaf.detach().clone(), told)


def _floats(made: Any) -> list[Any]:
    """Return the tensors of a result in float32 on the processor."""
    import torch
    from torch.utils._pytree import tree_leaves

    if hasattr(made, "to_tuple"):
        made = made.to_tuple()
    leaves = [leaf for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)]
    return [_kept(leaf) for leaf in leaves if leaf.is_floating_point()]


def _kept(leaf: Any) -> Any:
    import torch

    return leaf.detach().to("cpu", torch.float32, copy=True)


def relative_error(made: list[Any], wanted: list[Any]) -> float:
    """Return ‖made − wanted‖ / ‖wanted‖ over all numbers of two lists of tensors.

    Raises
    ------
    GeneratorError
        Shapes differ, or numbers are not finite.
    """
    shapes = [[tuple(part.shape) for part in parts] for parts in (made, wanted)]
    if shapes[0] != shapes[1]:
        raise GeneratorError(f"results of shapes {shapes[0]}", f"those of default, {shapes[1]}")
    apart = sum(
        (a.double() - b.double()).square().sum().item() for a, b in zip(made, wanted, strict=True)
    )
    size = sum(part.double().square().sum().item() for part in wanted)
    error = (apart / size) ** 0.5 if size else float("nan")
    if not error < float("inf"):
        raise GeneratorError("activations that are no finite numbers", "finite ones")
    return error


def _with_same_inputs(pipe: Any, model: Any, reference: Recording) -> dict[str, Any]:
    import torch

    def again(module: Callable[..., Any], call: Call) -> float:
        with torch.no_grad():
            made = module(*_copied(call.given), **_copied(call.named))
        return relative_error(_floats(made), call.made)

    text = [
        again(getattr(pipe, name), call) for name, calls in reference.text.items() for call in calls
    ]
    denoiser = getattr(pipe, model.denoiser)
    return {
        "text": text,
        "denoiser": [again(denoiser, call) for call in reference.denoiser],
        "decode": [again(pipe.vae.decode, call) for call in reference.decode],
    }


def _from_noise(reference: Recording, faster: Recording) -> dict[str, Any]:
    def errors(made: list[Call], wanted: list[Call]) -> list[float]:
        if len(made) != len(wanted):
            raise GeneratorError(f"{len(made)} calls of a stage", f"{len(wanted)}, as default made")
        return [relative_error(a.made, b.made) for a, b in zip(made, wanted, strict=True)]

    return {
        "text": [
            error
            for name, calls in reference.text.items()
            for error in errors(faster.text[name], calls)
        ],
        "denoiser": errors(faster.denoiser, reference.denoiser),
        "decode": errors(faster.decode, reference.decode),
        "picture": relative_error(faster.pictures, reference.pictures),
    }


def _against_float32(
    pipe: Any, cell: Cell, reference: Recording
) -> tuple[dict[str, float] | None, str | None]:
    """Return errors of some denoiser calls against the same weights in float32."""
    import torch

    if cell.dtype == "float32":
        return None, "default is float32 here"
    denoiser = getattr(pipe, catalog.model(cell.model).denoiser)
    n = len(reference.denoiser)
    chosen = sorted({0, n // 2, n - 1})[:_IN_FLOAT32]
    errors: dict[str, float] = {}
    held = [(leaf, leaf.data) for leaf in (*denoiser.parameters(), *denoiser.buffers())]
    try:
        for leaf, own in held:
            leaf.data = _widened(own)
        for number in chosen:
            call = reference.denoiser[number]
            with torch.no_grad():
                exact = denoiser(*_wide(call.given), **_wide(call.named))
            errors[str(number)] = relative_error(call.made, _floats(exact))
    except torch.cuda.OutOfMemoryError:
        return None, "float32 weights do not fit into memory"
    finally:
        for leaf, own in held:
            leaf.data = own
    return errors, None


def _note(pipe: Any, model: Any) -> str | None:
    """Return what else than arithmetic is in the error against float32; ``None`` where nothing."""
    if not getattr(getattr(pipe, model.denoiser).config, "guidance_embeds", False):
        return None
    return (
        "the model embeds guidance and time times 1000, which bf16 rounds (3.5 to 3504); that is "
        "within the error"
    )


def _widened(leaf: Any) -> Any:
    import torch

    is_narrow = leaf.dtype in (torch.bfloat16, torch.float16)
    return leaf.to(torch.float32) if is_narrow else leaf


def _wide(told: Any) -> Any:
    import torch
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda leaf: _widened(leaf).clone(), told)


def _activations(reference: Recording) -> dict[str, Any]:
    """Return size and spread of the activations by stage.

    Raises
    ------
    GeneratorError
        They are constant or no finite numbers: an error could not be seen in them.
    """
    stages = {
        "text": [part for calls in reference.text.values() for call in calls for part in call.made],
        "denoiser": [part for call in reference.denoiser for part in call.made],
        "decode": [part for call in reference.decode for part in call.made],
    }
    told = {stage: _spread(parts) for stage, parts in stages.items() if parts}
    for stage, spread in told.items():
        lowest = spread["lowest_deviation_share"]
        if not lowest > DEGENERATE_SHARE:
            raise GeneratorError(
                f"activations of {stage} that deviate by {lowest:.2g} of their size",
                f"finite ones that deviate by more than {DEGENERATE_SHARE:g}",
                "an error would not be seen in them: take another --seed or real weights",
            )
    return told


def _spread(parts: list[Any]) -> dict[str, float]:
    sizes = [part.square().mean().sqrt().item() for part in parts]
    shares = [
        part.std().item() / size if size > 0 else 0.0
        for part, size in zip(parts, sizes, strict=True)
        if part.numel() > 1
    ]
    return {"mean_size": sum(sizes) / len(sizes), "lowest_deviation_share": min(shares)}
