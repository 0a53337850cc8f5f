"""``python -m generator``: measure what a picture costs on this machine.

Also one file for a bare machine: ``python -m generator pack bench.pyz``. Progress goes to standard
error, results to standard output; the exit status is 0, 2 for wrong input, 3 for a measurement that
failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generator import catalog, children, commands, commands_list, commands_records, commands_suite
from generator.cell import size
from generator.emoji import commands as commands_emoji
from generator.errors import GeneratorError


def _listed(kind: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def read(text: str) -> list[Any]:
        return [kind(part) for part in text.split(",") if part]

    read.__name__ = f"list of {kind.__name__}, separated by commas"
    return read


_MODEL_HELP = "id from `list`, or a pipeline's folder"


def _models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="+", type=catalog.named, help=_MODEL_HELP)


def _models_or_toy(parser: argparse.ArgumentParser, nargs: str) -> None:
    toy = next(iter(catalog.toys()), "none lies here")
    what = f"{_MODEL_HELP}; default: {toy}, a toy with weights"
    parser.add_argument("model", nargs=nargs, type=catalog.named, help=what)


def _examples(program: str) -> str:
    toy = next(iter(catalog.toys()), catalog.TOY)
    return f"""examples:
  {program} sdxl --preset default,tuned --batch 1,4
  {program} {toy} --images 5
      {catalog.TOYS[toy]};
      on a processor it takes seconds, and tries the whole path without a card or a download;
      it is the one that is measured where no model is named"""


def _cell_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--task", type=_listed(str), default=["txt2img"], help="txt2img, img2img, inpaint, …")
    add("--preset", type=_listed(str), default=["default"], help="default, tuned, fast, cached, …")
    add("--batch", type=_listed(int), default=[1], help="pictures in one call")
    add("--size", type=size, help="WIDTHxHEIGHT or one side; default: the model's own")
    add("--steps", type=int, help="default: the model card's; for lora the steps of a training")
    add("--guidance", type=float, help="default: the model card's")
    add(
        "--weights",
        choices=("twin", "real"),
        help="default: real for a folder or hub id, else twin",
    )
    add("--weights-from", metavar="SOURCE", help="folder or hub id of real weights")
    add("--device", default="auto", help="auto, cpu, cuda, cuda:1")
    add("--dtype", default="auto", help="auto, bf16, float16, float32")
    add("--seed", type=int, default=0)
    add("--images", type=int, default=30, help="pictures that end a cell")
    add("--seconds", type=float, default=60.0, help="seconds that end a cell")
    add("--limit-seconds", type=float, default=120.0, help="longest predicted call on a CPU")


def _run_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    default = Path(os.environ.get("ARTONOMICS_DATA", ".")) / "compute"
    add("--out", type=Path, default=default, help=f"folder of records (default: {default})")
    add("--budget-minutes", type=float, help="begin no further cell after this")
    add("--pictures", type=Path, help="folder for one batch of pictures of each cell")
    _output_options(parser)


def _output_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--progress-json", action="store_true", help=argparse.SUPPRESS)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Measure what a picture costs.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, what: str, act: Callable[..., int]) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=what, description=what)
        added.set_defaults(act=act)
        return added

    verb("probe", "print torch, diffusers, devices and driver as JSON", commands.probe)
    _output_options(verb("list", "models, tasks and presets", commands_list.list_models))
    run = verb("run", "measure one or more models", commands.run)
    run.formatter_class = argparse.RawDescriptionHelpFormatter
    run.epilog = _examples(run.prog)
    sweep = verb("sweep", "measure every combination; resumes", commands.sweep)
    _models_or_toy(run, "*")
    _models(sweep)
    for added in (run, sweep):
        added.add_argument("--with-twin", action="store_true", help="real weights and twin")
        _cell_options(added)
        _run_options(added)
    sweep.add_argument("--again", action="store_true", help="measure also what is held already")
    _suite_verbs(verb)
    compare = verb("compare", "what changed between two records", commands_records.show_comparison)
    compare.add_argument("earlier", type=Path)
    compare.add_argument("later", type=Path)
    _output_options(compare)
    roofline = verb(
        "roofline", "how close cells came to the ceiling", commands_records.show_roofline
    )
    roofline.add_argument("records", type=Path, nargs="+")
    _output_options(roofline)
    _load_verb(verb("load", "highest rate at a promised wait", commands.run_load))
    _picture_verb(verb("picture", "make pictures from a prompt", commands.picture))
    tiny = verb("make-tiny", "train the small bundled pipeline anew", commands.make_tiny)
    tiny.add_argument("folder", type=Path)
    tiny.add_argument("--steps", type=int, default=5_000)
    tiny.add_argument("--seed", type=int, default=7)
    commands_emoji.add(verb, _listed(int))
    pack = verb("pack", "write this program as one file (zipapp)", commands.pack)
    pack.add_argument("file", type=Path)
    pack.add_argument("--wheels", type=Path, help="folder for wheels of what such machines lack")
    pack.add_argument("--python", default="3.12", help="version of Python on that machine")
    return parser


def _suite_verbs(verb: Callable[..., argparse.ArgumentParser]) -> None:
    suite = verb("suite", "measure a suite in order of worth; resumes", commands_suite.run_suite)
    suite.add_argument("which", choices=("gpu", "targets", "cpu", "trial"))
    suite.add_argument(
        "--model",
        type=catalog.named,
        default="sd15",
        help="of the suites cpu and trial: id or folder",
    )
    suite.add_argument("--plan", action="store_true", help="print what each step takes, foretold")
    suite.add_argument("--card", default=commands_suite.PLANNED_CARD, help="that a plan is for")
    _campaign_options(suite)
    _run_options(suite)
    card = verb("card", "one command for a card; goes on where it ended", commands_suite.card)
    card.add_argument("--minutes", type=float, help="from start to end, installing included")
    card.add_argument("--wheels", type=Path, help="folder of wheels of what this machine lacks")
    card.add_argument("--trial", metavar="MODEL", help="try the machinery on a processor instead")
    _campaign_options(card)
    _run_options(card)
    for kind, what in (
        ("honesty", "how far presets' numbers are from default's"),
        ("profile", "where the time of a cell goes, and what loses the most"),
        ("batches", "the batch of best throughput"),
    ):
        step = verb(kind, what, commands_suite.run_step)
        _models(step)
        step.set_defaults(with_twin=False)
        _cell_options(step)
        _run_options(step)
    check = verb("check", "hold records against targets", commands_suite.check)
    check.add_argument("records", type=Path, nargs="+")
    _output_options(check)
    page = verb("page", "write the page that records make", commands_suite.write_page)
    page.add_argument("records", type=Path, nargs="+")
    page.add_argument("--out", type=Path, required=True, help="a Markdown file")
    adopt = verb("adopt", "take records into the bundle", commands_suite.take_in)
    adopt.add_argument("folder", type=Path)
    adopt.add_argument("--into", type=Path, default=Path("data/snapshots/compute"))
    adopt.add_argument("--page", type=Path, help="made anew from all records of the bundle")


def _campaign_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--device", default="cuda", help="cuda, cuda:1")
    add("--held", type=Path, action="append", default=[], help="further records that count as held")
    add("--again", action="store_true", help="measure also what is held already")


def _load_verb(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", type=catalog.named, help=_MODEL_HELP)
    add("--p95-seconds", type=float, required=True, help="promise to paying users")
    add("--free-p95-seconds", type=float, help="promise to free users")
    add("--p99-seconds", type=float, help="promise to all users, as MLPerf's server scenario")
    add("--paid-share", type=float, default=1.0, help="share of requests that are paid")
    add("--max-batch", type=int, default=1)
    add("--requests", type=int, default=200, help="requests of the measured run")
    _cell_options(parser)
    _run_options(parser)


def _picture_verb(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _models_or_toy(parser, "?")
    add("--prompt", required=True)
    add("--n", type=int, default=1, help="pictures, each with the next seed")
    add(
        "--by-steps",
        action="store_true",
        help="every seed once by each number of steps, of few steps with the adapter for them",
    )
    add("--folder", type=Path, default=Path("pictures"))
    _cell_options(parser)
    _output_options(parser)


# Verbs of processes of their own: a JSON document comes in, JSON lines go out.
CHILDREN = {
    "cell": children.measure_cell,
    "load-cell": children.measure_load,
    "picture-cell": children.make_pictures,
    "environment": children.describe,
    "rates-cell": commands_suite.measure_rates,
    "batches-cell": commands_suite.measure_batches,
    "honesty-cell": commands_suite.measure_honesty,
    "profile-cell": commands_suite.measure_profile,
}


def _quieten() -> None:
    """Keep libraries from telling what they lack: none of it concerns a measurement."""
    for name in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY"):
        os.environ.setdefault(name, "error")
    for name in ("torchao", "torch.utils._pytree", "transformers", "diffusers"):
        logging.getLogger(name).setLevel(logging.ERROR)


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line (the process's own by default), do what it asks for, and exit."""
    _quieten()
    words = sys.argv[1:] if words is None else words
    if words and words[0] in CHILDREN:
        sys.exit(children.child(CHILDREN[words[0]]))
    told = _parser(os.environ.get("ARTONOMICS_PROGRAM", "python -m generator")).parse_args(words)
    try:
        status = told.act(told)
    except GeneratorError as error:
        sys.stderr.write(f"{error}\n")
        status = error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was measured is in the record\n")
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
