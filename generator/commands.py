"""The verbs of ``python -m generator`` that measure: what each asks for and prints."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false
from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from generator import catalog, compare, load, record, runner, suite
from generator.cell import Cell
from generator.errors import GeneratorError, ToldError
from generator.output import counted, reporter, say, show, show_table


def probe(_told: Namespace) -> int:
    """Print what this machine can generate pictures with."""
    from generator.probe import probe as look

    show(look())
    return 0


def base_cell(told: Namespace, model: str) -> Cell:
    """Return the cell that a command line describes, for one of its models."""
    width, height = told.size or (0, 0)
    is_folder = Path(model, "model_index.json").is_file()
    own_source = model if is_folder or "/" in model else None
    weights = told.weights or ("real" if own_source or told.weights_from else "twin")
    source = told.weights_from or own_source
    # Said before anything is measured or predicted: a slip of the pen costs no minutes.
    if source and source.startswith((".", "/", "~")) and not Path(source).is_dir():
        raise GeneratorError(
            f"no folder {source}", "a folder with model_index.json", "check --weights-from"
        )
    return Cell(
        model=model,
        task=told.task[0],
        preset=told.preset[0],
        weights=weights,
        weights_source=source,
        batch=told.batch[0],
        height_px=height,
        width_px=width,
        steps=told.steps or 0,
        guidance=told.guidance,
        device=told.device,
        dtype=told.dtype,
        seed=told.seed,
        min_images=told.images,
        min_seconds=told.seconds,
        limit_seconds=told.limit_seconds,
    )


def _models(told: Namespace) -> list[str]:
    """Return the models that were named; without one a toy with weights, and say so.

    Raises
    ------
    GeneratorError
        None was named, and no toy lies here.
    """
    named = [told.model] if isinstance(told.model, str) else told.model
    if named:
        return named
    if offered := catalog.offered():
        say(f"no model named: {Path(offered[0]).name} is taken")
        return offered
    raise GeneratorError("no model", "one that `artonomics bench list` shows, or a folder")


def _say_toy(model: str) -> None:
    name = Path(model).name
    if name in catalog.TOYS:
        say(f"{name}: {catalog.TOYS[name]}")


def cells(told: Namespace) -> tuple[Cell, ...]:
    """Return every cell that a command line asks for; unknown names are told before any runs."""
    from generator import presets

    models = _models(told)

    for name in told.task:
        catalog.task(name)
    for name in told.preset:
        presets.preset(name)
    for name in models:
        catalog.model(name)
    base = [base_cell(told, model) for model in models]
    made = runner.plan_cells(base, task=told.task, preset=told.preset, batch=told.batch)
    if told.with_twin:
        made = runner.plan_cells(made, weights=("real", "twin"))
    return tuple(dict.fromkeys(made))


def run(told: Namespace) -> int:
    """Measure what the command line asks for."""
    return _measure(told, cells(told), again=True)


def sweep(told: Namespace) -> int:
    """Measure every combination; what is held already is not measured again."""
    return _measure(told, cells(told), again=told.again)


def run_cpu_suite(told: Namespace) -> int:
    """Measure the cells that any machine can measure."""
    planned = suite.cpu(told.model)
    if told.plan:
        show([cell.key for cell in planned])
        return 0
    told.device = "cpu"
    return _measure(told, planned, again=told.again)


def _measure(told: Namespace, planned: tuple[Cell, ...], again: bool) -> int:
    plan = runner.Plan(
        cells=planned,
        folder=told.out,
        budget_seconds=None if told.budget_minutes is None else 60 * told.budget_minutes,
        again=again,
        pictures=told.pictures,
        command=tuple(sys.argv[1:]),
    )
    environment = runner.environment_apart(told.device)
    made, path = runner.run(plan, environment, reporter(told.progress_json))
    if told.json:
        show({"path": str(path) if made["cells"] else None, **made})
    else:
        _show_run(made, path)
    statuses = {cell["status"] for cell in made["cells"]}
    if "failed" in statuses:
        return 3
    return 2 if statuses and statuses <= {"refused", "skipped"} else 0


def summary_row(cell: dict[str, Any]) -> dict[str, Any]:
    """Return one line of a cell for a table."""
    figures = cell.get("figures") or {}
    rate = figures.get("images_per_second") or figures.get("training_pictures_per_second") or {}
    roof = figures.get("roofline") or {}
    vram = figures.get("vram_allocated_bytes")
    return {
        "cell": cell["key"],
        "images/s": rate.get("value"),
        "p50 s": (figures.get("p50_seconds") or {}).get("value"),
        "p95 s": (figures.get("p95_seconds") or {}).get("value"),
        "J/image": figures.get("joules_per_image_gross"),
        "VRAM GB": None if vram is None else vram / 1e9,
        "% roof": roof.get("percent_of_roofline"),
        "flags": " ".join(cell.get("flags") or ()) or None,
    }


def _show_run(made: dict[str, Any], path: Path) -> None:
    done = [cell for cell in made["cells"] if cell["status"] == "measured"]
    if done:
        rows = [summary_row(cell) for cell in done]
        show_table(rows, list(rows[0]))
    for cell in made["cells"]:
        if cell["status"] != "measured":
            say(f"{cell['status']}: {cell['key']}: {cell['reason']}")
    if made["cells"]:
        say(counted(made["cells"]))
    for pair in compare.twin_errors(made):
        value, low, high = (pair["images_per_second"][name] for name in ("value", "low", "high"))
        say(f"twin / real: {pair['key']}: {value:.3f} ({low:.3f} to {high:.3f})")
    for model in dict.fromkeys(cell["cell"]["model"] for cell in made["cells"]):
        _say_toy(model)
    held = made["configuration"]["measured_before"]
    if held:
        say(f"measured before and not again: {len(held)} (with --again they are)")
    if left := made["configuration"]["not_begun"]:
        say(f"not begun within the budget: {len(left)}; the same command goes on with them")
    if made["cells"]:
        say(f"record: {path}")


def run_load(told: Namespace) -> int:
    """Find the highest rate that a card holds at a promise, and run the pipeline at it."""
    cell = base_cell(told, told.model)
    catalog.model(told.model)
    promise = {
        "paid_p95_seconds": told.p95_seconds,
        "free_p95_seconds": told.free_p95_seconds,
        "p99_seconds": told.p99_seconds,
        "paid_share": told.paid_share,
        "max_batch": told.max_batch,
    }
    load.Promise(**promise)
    environment = runner.environment_apart(told.device)
    made = record.begin(sys.argv[1:], environment, {"planned": [cell.key]})
    document = {"cell": cell.to_record(), "promise": promise, "n_requests": told.requests}
    outcome = runner.converse("load-cell", document, reporter(told.progress_json))
    if outcome["event"] != "done":
        raise ToldError(outcome["reason"])
    made["loads"].append({"key": cell.key, **outcome["result"]})
    made["finished_at"] = record.now()
    path = record.write(made, told.out)
    if told.json:
        show({"path": str(path), **made})
    else:
        _show_load(outcome["result"], path)
    return 0


def _show_load(result: dict[str, Any], path: Path) -> None:
    rate = result["highest_rate_per_second"]
    sys.stdout.write(f"highest rate that keeps the promise (simulated): {rate:.4g} a second\n")
    if told := result["run_at_rate"]:
        for tier, waits in told["tiers"].items():
            p95 = waits["p95_seconds"]
            text = p95["reason"] if p95["value"] is None else f"p95 {p95['value']:.3f} s"
            sys.stdout.write(f"  run at that rate (measured), {tier}: {text}\n")
        sys.stdout.write(f"  every promise kept in that run: {'yes' if told['kept'] else 'no'}\n")
    say(f"record: {path}")


def picture(told: Namespace) -> int:
    """Make pictures from a prompt with real weights, and tell what each took."""
    [model] = _models(told)
    document = {
        "cell": base_cell(told, model).to_record(),
        "prompt": told.prompt,
        "n": told.n,
        "by_steps": told.by_steps,
        "folder": str(told.folder.resolve()),
    }
    outcome = runner.converse("picture-cell", document, reporter(told.progress_json))
    if outcome["event"] != "done":
        raise ToldError(outcome["reason"])
    if told.json:
        show(outcome["result"])
        return 0
    _say_toy(model)
    if unknown := outcome["result"]["unknown_words"]:
        say(f"never read, so that what they draw is arbitrary: {', '.join(unknown)}")
    for made in outcome["result"]["pictures"]:
        say(
            f"{made['path']}  {made['preset']}  {made['steps']} steps  seed {made['seed']}  "
            f"{made['seconds']:.3f} s"
        )
    return 0


def make_tiny(told: Namespace) -> int:
    """Train the small pipeline anew."""
    from generator import tiny

    tiny.train(told.folder, told.steps, told.seed, say)
    return 0


def pack(told: Namespace) -> int:
    """Write this program as one file for a machine that has torch alone."""
    import shutil
    import tempfile
    import zipapp

    from generator import packages

    here = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder, "generator")
        shutil.copytree(here, inside, ignore=shutil.ignore_patterns("__pycache__"))
        zipapp.create_archive(folder, told.file, main="generator.__main__:main", compressed=True)
    say(f"written: {told.file}; run it with: python {told.file.name} card --out records")
    if told.wheels is not None:
        for name in packages.collect(told.wheels, told.python):
            say(f"wheel: {told.wheels / name}")
    return 0
