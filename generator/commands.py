"""The verbs of ``python -m generator``: what each asks for and prints."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false
from __future__ import annotations

import json
import random
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator import catalog, compare, load, record, runner, suite
from generator.cell import Cell
from generator.errors import GeneratorError, ToldError

Report = Callable[[dict[str, Any]], None]


def say(line: str) -> None:
    """Print a line for a person; standard output is for results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def show(document: Any) -> None:
    """Print a result as JSON."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def reporter(as_lines: bool) -> Report:
    """Return what tells progress: words for a person, or JSON lines for a program."""
    if as_lines:
        return lambda event: say(json.dumps(event, ensure_ascii=False))
    return _tell


def _tell(event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "cell":
        say(f"[{event['number']}/{event['of']}] {event['key']}")
    elif kind == "doing":
        say(f"    {event['what']}")
    elif kind == "sample":
        share = f"{event['n_images']}/{event['of_images']}"
        say(f"    picture {share}  {event['seconds']:.3f} s")
    elif kind == "ended":
        reason = f": {event['reason']}" if event["reason"] else ""
        say(f"    {event['status']}{reason}")


def show_table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Print rows as aligned columns; numbers to four digits, nothing as a dash."""
    texts = [[_cell_text(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for line in (columns, *texts):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cell_text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def probe(_told: Namespace) -> int:
    """Print what this machine can generate pictures with."""
    from generator.probe import probe as look

    show(look())
    return 0


def list_models(told: Namespace) -> int:
    """Print models, tasks, presets and the suite's cells."""
    from generator import pipelines, presets

    models = [catalog.model(model_id) for model_id in catalog.model_ids()]
    tasks = {
        model.id: [name for name, task in catalog.TASKS.items() if pipelines.can_do(model, task)]
        for model in models
    }
    if told.json:
        show(
            {
                "models": [
                    {
                        "id": model.id,
                        "hub_id": model.hub_id,
                        "native_px": model.native_px,
                        "steps": model.steps,
                        "guidance": model.guidance,
                        "text_tokens": model.text_tokens,
                        "parameters": sum(model.verified["params"].values()),
                        "tflop_per_image": model.verified["per_image_tflop"],
                        "tasks": tasks[model.id],
                    }
                    for model in models
                ],
                "presets": {
                    name: {
                        "what": preset.what,
                        "switches": [
                            {"id": s.id, "what": s.what, "brings": s.brings}
                            for s in preset.switches
                        ],
                    }
                    for name, preset in presets.PRESETS.items()
                },
                "tasks": {name: task.what for name, task in catalog.TASKS.items()},
                "rules": [catalog.PROMPT_RULE, catalog.SAFETY_CHECKER],
            }
        )
        return 0
    show_table(
        [
            {
                "model": model.id,
                "pixels": model.native_px,
                "steps": model.steps,
                "billion weights": sum(model.verified["params"].values()) / 1e9,
                "TFLOP a picture": model.verified["per_image_tflop"],
                "tasks": " ".join(tasks[model.id]),
            }
            for model in models
        ],
        ["model", "pixels", "steps", "billion weights", "TFLOP a picture", "tasks"],
    )
    for preset in presets.PRESETS.values():
        sys.stdout.write(f"\npreset {preset.id}: {preset.what}\n")
        for switch in preset.switches:
            sys.stdout.write(f"  {switch.id}: {switch.what}\n      brings: {switch.brings}\n")
    sys.stdout.write(f"\n{catalog.PROMPT_RULE}\n{catalog.SAFETY_CHECKER}\n")
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


def cells(told: Namespace) -> tuple[Cell, ...]:
    """Return every cell that a command line asks for; unknown names are told before any runs."""
    from generator import presets

    for name in told.task:
        catalog.task(name)
    for name in told.preset:
        presets.preset(name)
    for name in told.model:
        catalog.model(name)
    base = [base_cell(told, model) for model in told.model]
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
    for pair in compare.twin_errors(made):
        value, low, high = (pair["images_per_second"][name] for name in ("value", "low", "high"))
        say(f"twin / real: {pair['key']}: {value:.3f} ({low:.3f} to {high:.3f})")
    held = made["configuration"]["measured_before"]
    if held:
        say(f"measured before and not again: {len(held)} (with --again they are)")
    if left := made["configuration"]["not_begun"]:
        say(f"not begun within the budget: {len(left)}; the same command goes on with them")
    if made["cells"]:
        say(f"record: {path}")


def show_comparison(told: Namespace) -> int:
    """Compare two records."""
    made = compare.compare(record.read(told.earlier), record.read(told.later))
    if told.json:
        show(made)
        return 0
    for name, (before, after) in made["changed"].items():
        say(f"{name}: {before} -> {after}")
    rows = [
        {
            "cell": cell["key"],
            "figure": name,
            "later/earlier": cell[name]["value"],
            "low": cell[name]["low"],
            "high": cell[name]["high"],
            "verdict": cell[name]["verdict"],
        }
        for cell in made["cells"]
        for name in ("images_per_second", "p50_seconds", "p95_seconds")
    ]
    if rows:
        show_table(rows, list(rows[0]))
    else:
        say("no cell is in both records")
    for name in ("only_earlier", "only_later"):
        for key in made[name]:
            say(f"{name.replace('_', ' ')}: {key}")
    return 0


def show_roofline(told: Namespace) -> int:
    """Show how close each measured cell came to its ceiling."""
    rows = []
    for path in told.records:
        for cell in record.read(path)["cells"]:
            if cell["status"] != "measured":
                continue
            roof = cell["figures"]["roofline"]
            rows.append(
                {
                    "cell": cell["key"],
                    "TFLOP/s": None if roof is None else roof["tflops"],
                    "roof": None if roof is None else roof["roof_tflops"],
                    "%": None if roof is None else roof["percent_of_roofline"],
                    "FLOP/byte": None if roof is None else roof["intensity_flop_per_byte"],
                    "J/TFLOP": None if roof is None else roof["joules_per_tflop"],
                    "ceiling": cell["figures"]["roofline_reason"]
                    if roof is None
                    else roof["ceiling"]["evidence"],
                }
            )
    if told.json:
        show(rows)
    elif rows:
        show_table(rows, list(rows[0]))
    else:
        say("no measured cell in these records")
    return 0


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


def measure_load(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Measure the time of every batch size, search the rate, run the pipeline at it.

    Returns
    -------
    dict
        ``cell``, ``promise``, ``curve`` (seconds of each call by batch size),
        ``highest_rate_per_second`` (kind ``simulated``) and ``run_at_rate`` (kind ``measured``).
    """
    from dataclasses import replace

    from generator import measure

    promise = load.Promise(**document["promise"])
    cell = measure.completed(Cell.from_record(document["cell"]))
    if reason := measure.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    # Before anything is loaded: afterwards its own weights would be missing from the free memory.
    measure.forecast(replace(cell, batch=promise.max_batch), report)
    server = measure.Server(cell, report)
    curve: dict[int, list[float]] = {}
    for size in load.batch_sizes(promise.max_batch):
        report({"event": "doing", "what": f"timing batches of {size}"})
        curve[size] = server.times(size, limit_seconds=document.get("sample_seconds"))
    rng = random.Random(cell.seed)
    rate = load.highest_rate(promise, curve, cell.seed)
    ran = None
    if rate > 0:
        report({"event": "doing", "what": f"running at {rate:.4g} requests a second"})
        requests = load.arrivals(rate, document["n_requests"], promise.paid_share, rng)
        served = load.serve(requests, promise.max_batch, load.padded(curve, server.seconds))
        ran = {**served.to_record(), "kept": served.holds(promise)}
    return {
        "cell": cell.to_record(),
        "promise": document["promise"],
        "curve": {str(size): times for size, times in curve.items()},
        "highest_rate_per_second": rate,
        "highest_rate_evidence": "simulated",
        "run_at_rate": ran,
        "run_evidence": "measured",
    }


def picture(told: Namespace) -> int:
    """Make pictures from a prompt with real weights, and tell what each took."""
    document = {
        "cell": base_cell(told, told.model).to_record(),
        "prompt": told.prompt,
        "n": told.n,
        "folder": str(told.folder.resolve()),
    }
    outcome = runner.converse("picture-cell", document, reporter(told.progress_json))
    if outcome["event"] != "done":
        raise ToldError(outcome["reason"])
    if told.json:
        show(outcome["result"])
        return 0
    for made in outcome["result"]["pictures"]:
        say(f"{made['path']}  seed {made['seed']}  {made['seconds']:.3f} s")
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


def child(verb: Callable[[dict[str, Any], Report], dict[str, Any]]) -> int:
    """Run a verb of a process of its own: a document on standard input, JSON lines on output."""
    document = json.loads(sys.stdin.read())
    # Libraries print where they like; the lines of this process must be its own.
    out, sys.stdout = sys.stdout, sys.stderr

    def send(event: dict[str, Any]) -> None:
        out.write(json.dumps(event) + "\n")
        out.flush()

    try:
        result = verb(document, send)
    except GeneratorError as error:
        status = "failed" if error.exit_status == 3 else "refused"
        send({"event": "error", "status": status, "reason": str(error)})
        return error.exit_status
    except (RuntimeError, ImportError, OSError, ValueError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        send({"event": "error", "status": "failed", "reason": reason})
        return 3
    send({"event": "done", "result": result})
    return 0


def measure_cell(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Measure a cell in this process."""
    from generator import measure

    seams = measure.Seams(spawned_at=document["spawned_at"])
    folder = document["pictures"]
    result = measure.measure(
        Cell.from_record(document["cell"]), report, seams, None if folder is None else Path(folder)
    )
    report({"event": "ended", "status": result["status"], "reason": result["reason"]})
    return result


def describe(document: dict[str, Any], _report: Report) -> dict[str, Any]:
    """Return the machine's record."""
    try:
        from generator import machine

        return machine.environment(machine.device(document["device"]))
    except ImportError as error:
        from generator.probe import INSTALL

        raise GeneratorError(f"no torch: {error}", "torch and diffusers", INSTALL) from error


def make_pictures(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Make pictures in this process; each with its seed, seconds and joules."""
    from generator import measure

    cell = measure.completed(Cell.from_record(document["cell"]))
    if cell.weights != "real":
        raise GeneratorError(
            "a twin",
            "real weights: a twin's are random, and so would its pictures be",
            "name a folder or a hub id with --weights-from",
        )
    if reason := measure.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    measure.refuse_too_large(cell, measure.predict(cell, None))
    server = measure.Server(cell, report)
    folder = Path(document["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(document["n"]):
        told = server.picture(document["prompt"], cell.seed + number)
        path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{cell.seed + number}.png"
        told.pop("picture").save(path)
        made.append(told | {"path": str(path)})
        report({"event": "picture", **made[-1]})
    return {"cell": cell.to_record(), "prompt": document["prompt"], "pictures": made}
