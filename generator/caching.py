"""Work skipped between the steps of a picture: by a schedule, or by what is in the picture."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import functools
from typing import Any

_BLOCKS = ("transformer_blocks", "attentions", "layers")


def skip_by_schedule(pipe: Any, denoiser: Any) -> str | None:
    """Skip attention by a schedule that does not look at the picture.

    Returns
    -------
    str or None
        Why the denoiser has nothing that can be skipped.
    """
    if not hasattr(denoiser, "enable_cache"):
        return _repeat_attention(pipe, denoiser)
    from diffusers import TaylorSeerCacheConfig

    denoiser.enable_cache(
        TaylorSeerCacheConfig(cache_interval=3, disable_cache_before_step=3, max_order=1)
    )
    _begin_anew_with_each_picture(pipe, denoiser)
    return None


def _repeat_attention(pipe: Any, denoiser: Any) -> str | None:
    """Take up attention of the step before, at every second step of the middle."""
    from diffusers import PyramidAttentionBroadcastConfig
    from diffusers.hooks import HookRegistry, apply_pyramid_attention_broadcast

    progress = _begin_anew_with_each_picture(pipe, denoiser)
    apply_pyramid_attention_broadcast(
        denoiser,
        PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2,
            cross_attention_block_skip_range=2,
            current_timestep_callback=progress.timestep,
            spatial_attention_block_identifiers=_BLOCKS,
            cross_attention_block_identifiers=_BLOCKS,
        ),
    )
    registries = (getattr(module, "_diffusers_hook", None) for module in denoiser.modules())
    skipping = [told for told in registries if isinstance(told, HookRegistry) and told.hooks]
    return None if skipping else f"{type(denoiser).__name__} has no attention that can be skipped"


class _Progress:
    """Where a picture is between its first step and its last.

    Calls are counted from the scheduler's plan: a given picture begins in the middle of it, and
    some schedulers plan more calls than steps.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self.n_calls, self.n_planned = 0, 1

    def begin(self) -> None:
        self.n_calls, self.n_planned = 0, max(1, len(self._scheduler.timesteps))

    def timestep(self) -> int:
        """Return the place of the running call, 1000 at the beginning."""
        begun_at = getattr(self._scheduler, "begin_index", None) or 0
        return round(1000 * (1 - (begun_at + self.n_calls - 1) / self.n_planned))


def _begin_anew_with_each_picture(pipe: Any, denoiser: Any) -> _Progress:
    """Forget what the picture before has left as soon as a picture's steps are planned."""
    from diffusers.hooks import HookRegistry
    from diffusers.hooks.hooks import CacheContext, _set_cache_context

    progress, plan = _Progress(pipe.scheduler), pipe.scheduler.set_timesteps

    # Pipelines read the signature of what they call here.
    @functools.wraps(plan)
    def planned(*given: Any, **named: Any) -> Any:
        made = plan(*given, **named)
        HookRegistry.check_if_exists_or_initialize(denoiser).reset_stateful_hooks()
        # Pipelines that make one call a step may name no context of it; others name their own.
        _set_cache_context(denoiser, CacheContext("step"))
        progress.begin()
        return made

    def count(_module: Any, _given: Any) -> None:
        progress.n_calls += 1

    pipe.scheduler.set_timesteps = planned
    denoiser.register_forward_pre_hook(count)
    return progress


def skip_by_content(denoiser: Any) -> str | None:
    """Skip blocks where the first one hardly changed; return why there are none to skip."""
    if not hasattr(denoiser, "enable_cache"):
        return f"{type(denoiser).__name__} has no blocks that can be skipped"
    from diffusers import FirstBlockCacheConfig

    denoiser.enable_cache(FirstBlockCacheConfig(threshold=0.12))
    return None
