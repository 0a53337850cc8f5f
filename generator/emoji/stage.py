"""One stage of a training: steps, an average of the weights, a checkpoint to go on from."""

# The extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from generator.errors import GeneratorError

if TYPE_CHECKING:
    import torch

Report = Callable[[str], None]
_TIMED_STEPS, _WARM_STEPS = 12, 4
_TOLD_EVERY, _KEPT_EVERY = 50, 200
_LOST = 1e30
"""A loss above it, or none at all, is no training any more."""


@dataclass(frozen=True)
class Budget:
    """How long a stage trains: so many steps, or as many as fit into seconds.

    Attributes
    ----------
    steps
        Wins where both are given.
    seconds
        Of work: on a processor the time of all threads over their number, so that a machine shared
        with others, or a stopped process, costs nothing.
    """

    steps: int | None = None
    seconds: float | None = None


@dataclass
class Stage:
    """What is trained, and on what.

    Attributes
    ----------
    name
        Short, also that of its checkpoint.
    trained
        All weights that change.
    loss
        Of one step; all its chance comes from the step's number.
    learning_rate
        The highest; it rises at first and falls to nothing over the last two fifths.
    mark
        Of what it learns from, see :func:`mark`: told in the checkpoint, another is refused.
    """

    name: str
    trained: torch.nn.Module
    loss: Callable[[int], torch.Tensor]
    learning_rate: float
    mark: str


@dataclass
class _State:
    step: int = 0
    steps: int = 0
    planned: list[list[int]] = field(default_factory=list)
    spent_seconds: float = 0.0
    timings: list[float] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    recent: list[float] = field(default_factory=list)


def mark(seed: int, lessons: Iterable[bytes]) -> str:
    """Return a mark of a seed and of what is learnt, the same for the same alone."""
    told = hashlib.sha256(str(seed).encode())
    for lesson in lessons:
        told.update(hashlib.sha256(lesson).digest())
    return told.hexdigest()[:16]


def worked_seconds(device: str) -> float:
    """Return a clock of work: of a card's waiting side, or of a processor's threads on average."""
    if device.startswith("cuda"):
        return time.perf_counter()
    import torch

    return time.process_time() / torch.get_num_threads()


def run(stage: Stage, budget: Budget, kept: Path, device: str, report: Report) -> dict[str, Any]:
    """Train a stage to its end, from its checkpoint where there is one.

    At the end ``stage.trained`` holds the average of its weights over the last steps.

    Parameters
    ----------
    stage
        What is trained.
    budget
        Steps or seconds.
    kept
        Folder of checkpoints.
    device
        Where it runs.
    report
        Called with lines of progress.

    Returns
    -------
    dict
        Its part of the training record: steps; which number of them was planned from which step on,
        since the learning rate falls towards it; seconds of work; loss over steps.

    Raises
    ------
    GeneratorError
        The loss is no number, or the checkpoint is of another training.
    """
    import copy

    import torch

    weights = [weight for weight in stage.trained.parameters() if weight.requires_grad]
    average = [copy.deepcopy(weight.detach()) for weight in weights]
    optimiser = torch.optim.AdamW(
        weights, lr=stage.learning_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    file = kept / f"{stage.name}.pt"
    state = _resume(stage, file, weights, average, optimiser)
    if budget.steps not in (None, state.steps):
        state.steps = _allowed(budget.steps, state, file)
        state.planned.append([state.step, state.steps])
    begun = worked_seconds(device) - state.spent_seconds
    while not state.steps or state.step < state.steps:
        before = worked_seconds(device)
        _one(stage, state, weights, average, optimiser)
        _time(state, budget, worked_seconds(device) - before)
        state.spent_seconds = worked_seconds(device) - begun
        if state.step % _TOLD_EVERY == 0 or state.step == state.steps:
            _tell(stage, state, report)
        if state.step % _KEPT_EVERY == 0 or state.step == state.steps:
            _keep(stage, state, file, weights, average, optimiser)
    with torch.no_grad():
        for weight, mean in zip(weights, average, strict=True):
            weight.copy_(mean)
    return {
        "stage": stage.name,
        "steps": state.steps,
        "planned": state.planned,
        "seconds": round(state.spent_seconds, 1),
        "loss": state.losses,
    }


def _allowed(steps: int, state: _State, file: Path) -> int:
    if steps < state.step:
        raise GeneratorError(
            f"{steps} steps", f"{state.step} or more: so many are done", f"or delete {file}"
        )
    return steps


def _one(stage: Stage, state: _State, weights: Any, average: Any, optimiser: Any) -> None:
    import torch

    for group in optimiser.param_groups:
        group["lr"] = stage.learning_rate * rate(state.step, state.steps)
    loss = stage.loss(state.step)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimiser.step()
    value = loss.item()
    if not math.isfinite(value) or value > _LOST:
        raise GeneratorError(
            f"the loss {value} at step {state.step} of {stage.name}", "a number", "try another seed"
        )
    state.recent.append(value)
    state.step += 1
    with torch.no_grad():
        share = 1 - min(0.999, state.step / (state.step + 10))
        torch._foreach_lerp_(average, weights, share)


def rate(step: int, steps: int) -> float:
    """Return the share of the highest learning rate, 0 to 1; ``steps`` 0 is not known yet."""
    rising = min(1.0, (step + 1) / 100)
    return rising if not steps else rising * min(1.0, (steps - step) / max(1.0, 0.4 * steps))


def _time(state: _State, budget: Budget, seconds: float) -> None:
    """Fix how many steps fit, once a few have been timed: from there on the steps alone count."""
    if state.steps or budget.seconds is None:
        return
    state.timings.append(seconds)
    if len(state.timings) >= _TIMED_STEPS:
        fit = budget.seconds / median(state.timings[_WARM_STEPS:])
        state.steps = max(state.step, int(fit))
        state.planned.append([state.step, state.steps])


def _tell(stage: Stage, state: _State, report: Report) -> None:
    mean = sum(state.recent) / len(state.recent)
    state.losses.append([state.step, float(f"{mean:.4g}")])
    state.recent.clear()
    report(
        f"{stage.name} {state.step}/{state.steps or '?'} loss {mean:.4f} "
        f"{state.spent_seconds:.0f} s"
    )


def _keep(
    stage: Stage, state: _State, file: Path, weights: Any, average: Any, optimiser: Any
) -> None:
    import torch

    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".part")
    held = {
        "mark": stage.mark,
        "state": vars(state),
        "weights": [weight.detach() for weight in weights],
        "average": average,
        "optimiser": optimiser.state_dict(),
    }
    torch.save(held, half)
    half.replace(file)


def _resume(stage: Stage, file: Path, weights: Any, average: Any, optimiser: Any) -> _State:
    import torch

    if not file.is_file():
        return _State()
    held = torch.load(file, weights_only=True, map_location=weights[0].device)
    shapes = [tuple(weight.shape) for weight in weights]
    if held.get("mark") != stage.mark or [tuple(w.shape) for w in held["weights"]] != shapes:
        raise GeneratorError(
            f"a checkpoint of another training: {file}",
            "one of the same seed, drawings and widths",
            "delete its folder, or train into another",
        )
    with torch.no_grad():
        for into, what in ((weights, held["weights"]), (average, held["average"])):
            for weight, value in zip(into, what, strict=True):
                weight.copy_(value)
    optimiser.load_state_dict(held["optimiser"])
    return _State(**held["state"])
