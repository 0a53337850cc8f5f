"""The verbs ``make-emoji`` and ``judge-emoji``."""

# The extra with torch may be missing.
# pyright: reportMissingImports=false
from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from generator.emoji import build, drawings
from generator.errors import GeneratorError
from generator.output import say, show


def add(verb: Callable[..., ArgumentParser], listed: Callable[[str], list[int]]) -> None:
    """Add the verbs to a command line.

    Parameters
    ----------
    verb
        Adds one: name, what it does, function.
    listed
        Reads numbers that commas separate.
    """
    made = verb("make-emoji", "train the small picture model anew; resumes", make)
    made.add_argument("folder", type=Path, help="its checkpoints lie beside it, in FOLDER.training")
    made.add_argument(
        "--minutes", type=float, default=60.0, help="of work of the processor or card"
    )
    made.add_argument("--steps", type=listed, default=[], help="N, or those of all three stages")
    made.add_argument(
        "--groups",
        nargs="+",
        default=list(drawings.CATEGORIES),
        metavar="GROUP",
        help=f"of drawings, fewer are learnt sooner: {', '.join(drawings.CATEGORIES)}",
    )
    made.add_argument(
        "--unet",
        type=listed,
        default=list(build.Shape.unet),
        metavar="N,N",
        help="its channels at 4 and 2 places, multiples of 16: narrower takes more steps a minute",
    )
    made.add_argument("--seed", type=int, default=7)
    made.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1")
    made.add_argument("--precision", default="auto", choices=("auto", "bf16", "float32"))
    judged = verb("judge-emoji", "measure how good its pictures are, by number of steps", judge)
    judged.add_argument("folder", type=Path)
    judged.add_argument("--pictures", type=int, default=300, help="of each kind of prompt")
    judged.add_argument("--judge-steps", type=int, default=3_000, help="of the judge's training")
    for parser in (made, judged):
        parser.add_argument(
            "--cache", type=Path, default=Path(".cache/emoji"), help="of picture sets"
        )
        parser.add_argument("--threads", type=int, help="of the processor")


def make(told: Namespace) -> int:
    """Train the model and write it."""
    from generator.emoji import training
    from generator.machine import device

    if len(told.unet) != 2 or any(n < 16 or n % 16 for n in told.unet):
        raise GeneratorError(
            f"the channels {','.join(map(str, told.unet))}", "two multiples of 16, as 128,128"
        )
    _take_threads(told.threads)
    plan = training.Plan(
        seed=told.seed,
        steps=tuple(told.steps),
        minutes=told.minutes,
        device=device(told.device),
        precision=told.precision,
        groups=tuple(told.groups),
        shape=replace(build.Shape(), unet=tuple(told.unet)),
    )
    training.make(told.folder, told.cache, plan, say)
    return 0


def judge(told: Namespace) -> int:
    """Measure a trained folder, write the numbers into it and print them."""
    from generator.emoji import card, quality

    _take_threads(told.threads)
    measured = quality.measure(told.folder, told.cache, told.pictures, told.judge_steps, say)
    card.write(told.folder)
    show(measured)
    return 0


def _take_threads(n: int | None) -> None:
    import torch

    if n is not None:
        torch.set_num_threads(n)
