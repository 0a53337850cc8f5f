"""The whole training: three stages, the folder that is written, the record of how it was made."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji import (
    GUIDANCE,
    STEPS,
    autoencoder,
    build,
    card,
    denoiser,
    drawings,
    few,
    render,
)
from generator.emoji import source as packages
from generator.emoji.card import RECORD
from generator.emoji.drawings import Drawing
from generator.emoji.stage import Budget, Report, run
from generator.errors import GeneratorError
from generator.packages import installed

if TYPE_CHECKING:
    import torch

STAGES = ("autoencoder", "denoiser", "few-steps")
_SHARES = (0.2, 0.64, 0.16)
_VERSIONS = ("torch", "diffusers", "transformers", "tokenizers", "peft", "resvg-py", "numpy")


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    seed
        Of the split, the weights and all chance.
    steps
        Of the three stages, or of the denoiser alone; wins over minutes.
    minutes
        Of work, see :class:`generator.emoji.stage.Budget`.
    device
        ``cpu`` or ``cuda``.
    precision
        ``auto``, ``bf16`` or ``float32``, of forward passes.
    shape
        How wide the parts are.
    groups
        Of the drawings that are learnt.
    """

    seed: int = 7
    steps: tuple[int, ...] = ()
    minutes: float = 60.0
    device: str = "cpu"
    precision: str = "auto"
    shape: build.Shape = field(default_factory=build.Shape)
    groups: tuple[str, ...] = drawings.CATEGORIES

    def budgets(self) -> list[Budget]:
        """Return the budget of each stage.

        Raises
        ------
        GeneratorError
            Neither one number of steps nor three, or one below 1.
        """
        if not self.steps:
            return [Budget(seconds=60 * self.minutes * share) for share in _SHARES]
        if len(self.steps) not in (1, 3) or min(self.steps) < 1:
            raise GeneratorError(
                f"the steps {','.join(map(str, self.steps))}",
                f"one number for the denoiser, or three ({', '.join(STAGES)})",
            )
        n = self.steps[-1]
        each = self.steps if len(self.steps) == 3 else (max(1, n // 4), n, max(1, n // 8))
        return [Budget(steps=steps) for steps in each]


def make(folder: Path, cache: Path, plan: Plan, report: Report) -> None:
    """Fetch, render and train, and write the pipeline with its record.

    A training that was stopped goes on from its checkpoints beside ``folder``.

    Parameters
    ----------
    folder
        Where it is written.
    cache
        Of what is fetched.
    plan
        How to train.
    report
        Called with lines of progress.
    """
    budgets = plan.budgets()
    everything = drawings.read(packages.fetch(cache), plan.groups)
    report(f"{len(everything)} drawings")
    train(folder, everything, plan, budgets, report)


def rendered(chosen: Sequence[Drawing]) -> torch.Tensor:
    """Return plain renderings: bytes (n, 3, 64, 64)."""
    import torch

    made = render.pictures([drawing.svg for drawing in chosen])
    return torch.from_numpy(made).permute(0, 3, 1, 2).contiguous()


def train(
    folder: Path,
    everything: Sequence[Drawing],
    plan: Plan,
    budgets: Sequence[Budget],
    report: Report,
) -> None:
    """Train on drawings that are at hand, and write the pipeline with its record."""
    split = drawings.split(everything, plan.seed)
    pictures = rendered(split.trained)
    pipe = build.build(drawings.vocabulary(split.trained), plan.seed, plan.shape).to(plan.device)
    precision, named = _precision(plan)
    kept = folder.with_name(f"{folder.name}.training")

    def go(stage: Any, number: int) -> dict[str, Any]:
        before = _written(kept, stage.name)
        told = run(stage, budgets[number], kept, plan.device, report)
        if _written(kept, stage.name) != before:
            # What follows was trained on what this stage was before.
            for later in STAGES[number + 1 :]:
                (kept / f"{later}.pt").unlink(missing_ok=True)
        return told

    told = [go(autoencoder.stage(pipe, pictures.to(plan.device), plan.seed, precision), 0)]
    pipe.vae.requires_grad_(False)
    lessons = denoiser.Lessons(
        autoencoder.latents(pipe, pictures.to(plan.device)), split.trained, plan.seed
    )
    told.append(go(denoiser.stage(pipe, lessons, precision), 1))
    told.append(go(few.stage(pipe, lessons, precision, report), 2))
    counted = _save(pipe, folder)
    record = {
        "model": folder.name,
        "seed": plan.seed,
        "steps": [stage["steps"] for stage in told],
        "precision": named,
        "shape": asdict(plan.shape),
        "weights": counted,
        "packages": packages.told(),
        "drawings": {
            "groups": list(plan.groups),
            "trained": len(split.trained),
            "names": sorted({drawing.name for drawing in split.trained}),
            "held_out": sorted({drawing.name for drawing in split.held_out}),
            "words": len(pipe.tokenizer) - 3,
        },
        "stages": told,
        "versions": {
            name: (version := installed(name)) and version.split("+")[0] for name in _VERSIONS
        },
        "machine": machine(plan.device),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    card.write(folder)


def _written(kept: Path, stage: str) -> int | None:
    """Return when a checkpoint was written; ``None`` where there is none."""
    file = kept / f"{stage}.pt"
    return file.stat().st_mtime_ns if file.is_file() else None


def _precision(plan: Plan) -> tuple[Any, str]:
    """Return the context of forward passes: bf16 where the machine multiplies it by itself."""
    import torch

    kind = plan.device.split(":")[0]
    fast = kind == "cuda" or torch.cpu._is_avx512_bf16_supported()
    named = plan.precision if plan.precision != "auto" else "bf16" if fast else "float32"
    if named == "float32":
        return contextlib.nullcontext, named
    return lambda: torch.autocast(kind, torch.bfloat16), named


def _save(pipe: Any, folder: Path) -> dict[str, int]:
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    adapter = few.save(pipe, folder)
    counted = build.weights(pipe) | {few.FOLDER: adapter}
    for part in build.parts(pipe).values():
        part.to("cpu", torch.float16).eval()
    pipe.save_pretrained(folder, safe_serialization=True)
    index = folder / "model_index.json"
    told = json.loads(index.read_text("utf-8")) | {"_steps": STEPS, "_guidance": GUIDANCE}
    index.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return counted


def machine(device: str) -> dict[str, Any]:
    """Return what a record says of the machine: kind and name of the device, threads."""
    import torch

    from generator.machine import environment

    told = environment(device)["device"]
    return {"device": told["kind"], "name": told["name"], "threads": torch.get_num_threads()}
