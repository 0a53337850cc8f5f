"""Times of the stages of a running pipeline, and how often its denoiser is called."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from generator.catalog import Model
from generator.clock import Clock
from generator.errors import GeneratorError

STAGES = ("text", "denoiser", "encode", "decode")


class StageTimer:
    """Marks around every call of every component.

    Hooks stand on the modules and so outside of compiled graphs. Denoiser calls are counted here:
    steps are not calls.

    Parameters
    ----------
    pipe
        The pipeline.
    model
        Its configuration.
    clock
        Times the marks.

    Attributes
    ----------
    n_denoiser_samples
        Latents that the calls counted by the last :meth:`take` worked on: guidance is a pair in
        one call, or two calls, or none.
    """

    def __init__(self, pipe: Any, model: Model, clock: Clock) -> None:
        self._begin(clock)
        for name in model.text_encoders:
            self._hook(getattr(pipe, name), "text")
        self._hook(getattr(pipe, model.denoiser), "denoiser")
        for name, stage in (("encode", "encode"), ("decode", "decode")):
            setattr(pipe.vae, name, self._wrapped(getattr(pipe.vae, name), stage))

    @classmethod
    def of_denoiser(cls, denoiser: Any, clock: Clock) -> StageTimer:
        """Return a timer of a denoiser alone: it marks the way there, not the way back."""
        made = cls.__new__(cls)
        made._begin(clock)
        made._hook(denoiser, "denoiser")
        return made

    def _begin(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Any] = {}
        self._marks: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        self._unchecked: set[str] = set()
        self._handles: list[Any] = []
        self._n_samples = self.n_denoiser_samples = 0

    def _hook(self, module: Any, stage: str) -> None:
        def before(_module: Any, given: Any, named: Any) -> None:
            if stage == "denoiser":
                self._n_samples += _n_samples(given, named)
            self._open[stage] = self._clock.mark()

        def after(_module: Any, _given: Any, made: Any) -> None:
            self._marks[stage].append((self._open.pop(stage), self._clock.mark()))
            self._check(stage, made)

        self._handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        self._handles.append(module.register_forward_hook(after))

    def _wrapped(self, ask: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = self._clock.mark()
            made = ask(*given, **named)
            self._marks[stage].append((start, self._clock.mark()))
            self._check(stage, made)
            return made

        return timed

    def check_next(self) -> None:
        """Look at the results of the next call of each stage: they must be finite numbers.

        Not done while measuring, since it waits for the device.
        """
        self._unchecked = set(STAGES)

    def _check(self, stage: str, made: Any) -> None:
        if stage not in self._unchecked:
            return
        self._unchecked.discard(stage)
        if not _all_finite(made):
            raise GeneratorError(
                f"NaN or infinite activations after {stage}",
                "finite numbers at every stage",
                "measure with another --dtype or --seed; figures of such a run would mean nothing",
            )

    def take(self) -> tuple[dict[str, float], int]:
        """Return seconds by stage and the number of denoiser calls since the last time.

        Call :meth:`Clock.wait` before.
        """
        seconds = {
            stage: sum(self._clock.seconds(start, end) for start, end in self._marks[stage])
            for stage in STAGES
            if self._marks[stage]
        }
        n_calls = len(self._marks["denoiser"])
        self.n_denoiser_samples, self._n_samples = self._n_samples, 0
        self._marks.clear()
        return seconds, n_calls


def _n_samples(given: Any, named: Any) -> int:
    """Return how many latents a call of a denoiser works on: its first argument, or a list."""
    names = ("hidden_states", "sample", "x")
    latents = given[0] if given else next(named[name] for name in names if name in named)
    return len(latents)


def _all_finite(made: Any) -> bool:
    import torch
    from torch.utils._pytree import tree_leaves

    if hasattr(made, "latent_dist"):
        made = made.latent_dist.mean
    elif hasattr(made, "to_tuple"):
        made = made.to_tuple()
    tensors = [leaf for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)]
    return all(bool(leaf.isfinite().all()) for leaf in tensors if leaf.is_floating_point())
