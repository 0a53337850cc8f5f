"""Verbs around the suite: plan, run, one command for a card, check, page, adopt."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generator import (
    adopt,
    batches,
    campaign,
    commands,
    compare,
    forecast,
    honesty,
    honesty_summary,
    packages,
    page,
    preparation,
    profiling,
    rates,
    record,
    runner,
    suite,
    targets,
)
from generator.cell import Cell
from generator.errors import ToldError
from generator.output import counted, reporter, say, show, show_table
from generator.step import LISTS, Step

Report = Callable[[dict[str, Any]], None]
PLANNED_CARD = "NVIDIA H200"


def run_suite(told: Namespace) -> int:
    """Measure the steps of a suite in order of worth, or print its plan."""
    if told.which == "cpu":
        return commands.run_cpu_suite(told)
    steps = _steps(told)
    if told.plan:
        return _show_plan(told, steps)
    running = _begin(told, steps, "cpu" if told.which == "trial" else told.device)
    running.run(steps)
    return _end(told, running)


def _steps(told: Namespace) -> tuple[Step, ...]:
    if told.which == "trial":
        return suite.trial(told.model)
    return suite.targets() if told.which == "targets" else suite.gpu()


def plan_rows(steps: Sequence[Step], speed: forecast.Speed) -> list[dict[str, Any]]:
    """Return a row a step: seconds foretold, and minutes until its end.

    A best batch that is not known yet is the one that a sweep will probably find.
    """
    rows, minutes = [], 0.0
    for number, step in enumerate(steps):
        likely = step.at(forecast.likely_best_batch(step.cell, speed)) if step.at_best else step
        seconds = forecast.seconds(likely, speed)
        minutes += (seconds or 0.0) / 60
        rows.append(
            {"n": number + 1, "step": step.name, "seconds": seconds, "minutes until end": minutes}
        )
    return rows


def _show_plan(told: Namespace, steps: Sequence[Step]) -> int:
    rows = plan_rows(steps, forecast.of_card(told.card))
    if told.json:
        show({"card": told.card, "evidence_kind": "estimated", "steps": rows})
        return 0
    whole = [row | {"seconds": row["seconds"] and round(row["seconds"])} for row in rows]
    show_table(whole, list(rows[0]))
    say(
        f"{len(rows)} steps, {rows[-1]['minutes until end']:.0f} minutes on one {told.card}: "
        "estimated from operations and an assumed share of its peak, compiling included"
    )
    return 0


def _begin(told: Namespace, steps: Sequence[Step], device: str) -> campaign.Campaign:
    budget = None if told.budget_minutes is None else 60 * told.budget_minutes
    began = time.monotonic()
    environment = runner.environment_apart(device)
    if budget is not None:
        budget -= time.monotonic() - began
    plan = campaign.Plan(
        steps=tuple(steps),
        folder=told.out,
        suite="trial" if told.which == "trial" else "gpu",
        budget_seconds=budget,
        again=told.again,
        held=tuple(told.held),
        command=tuple(sys.argv[1:]),
    )
    return campaign.begin(plan, environment, reporter(told.progress_json))


def _end(told: Namespace, running: campaign.Campaign) -> int:
    made, path = running.made, running.path
    if told.json:
        show({"path": str(path) if running.n_done else None, **made})
    else:
        _show(made, path)
    entries = [entry for name in record.LISTS for entry in made.get(name, [])]
    return 3 if any(entry.get("status") == "failed" for entry in entries) else 0


def _show(made: dict[str, Any], path: Path) -> None:
    done = [entry for entry in made["cells"] if entry["status"] == "measured"]
    if done:
        rows = [commands.summary_row(entry) for entry in done]
        show_table(rows, list(rows[0]))
    for entry in made.get("batches", []):
        if entry["status"] == "measured":
            say(f"best batch: {entry['key']}: {entry['best_batch']} ({entry['ended']})")
    _show_honesty(made)
    for entry in made.get("profiles", []):
        if entry["status"] == "measured":
            say(f"{entry['key']}: {entry['sentence']}")
    for name in record.LISTS:
        for entry in made.get(name, []):
            if entry.get("status", "measured") != "measured":
                say(f"{entry['status']}: {name}: {entry['key']}: {entry['reason']}")
    if entries := [entry for name in record.LISTS for entry in made.get(name, [])]:
        say(counted(entries))
    for pair in compare.twin_errors(made):
        say(f"twin / real: {pair['key']}: {pair['images_per_second']['value']:.3f}")
    if held := made["configuration"]["measured_before"]:
        say(f"measured before and not again: {len(held)} (with --again they are)")
    if left := made["configuration"]["not_begun"]:
        say(f"not begun within the budget: {len(left)}; the same command goes on with them")
    if any(made.get(name) for name in record.LISTS):
        say(f"record: {path}")


def _show_honesty(made: dict[str, Any]) -> None:
    for entry in made.get("honesty", []):
        if entry["status"] == "measured":
            told = honesty_summary.row(entry)
            errors = (f"{name} {value:.2g}" for name, value in told.items() if _is_number(value))
            say(f"errors against default: {entry['key']}: {', '.join(errors)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def card(told: Namespace) -> int:
    """Do on a card, by one command, all that a card is wanted for; go on where it ended."""
    began = time.monotonic()
    place = told.out / packages.FOLDER
    if brought := packages.bring(place, told.wheels, for_card=told.trial is None):
        say(f"brought along: {', '.join(brought)}")
    if told.minutes is not None:
        told.budget_minutes = told.minutes - (time.monotonic() - began) / 60
    trial = told.trial is not None
    first = suite.trial(told.trial) if trial else suite.targets()
    rest = () if trial else suite.gpu()
    told.which = "trial" if trial else "gpu"
    running = _begin(told, (*first, *rest), "cpu" if trial else told.device)
    running.run(first)
    running.run(_profiles(running))
    running.run(rest)
    running.run(_profiles(running))
    status = _end(told, running)
    verdicts = targets.check([running.made])
    _show_verdicts(verdicts)
    text = page.page([running.made])
    (told.out / "measured.md").write_text(text, "utf-8")
    return status or _status(verdicts)


def _profiles(running: campaign.Campaign) -> list[Step]:
    """Return a profile of every cell that missed a target."""
    missed = [made for made in targets.check([running.made]) if made.status == targets.FAIL]
    cells = [Cell.from_record(made.cell) for made in missed if made.cell]
    asked = {cell.key: Step("profile", cell) for cell in cells}
    return list(asked.values())


def check(told: Namespace) -> int:
    """Hold records against targets and plausibility; 1 where one fails."""
    verdicts = targets.check([record.read(path) for path in told.records])
    if told.json:
        show([made.to_record() for made in verdicts])
    else:
        _show_verdicts(verdicts)
    return _status(verdicts)


def _show_verdicts(verdicts: Sequence[targets.Verdict]) -> None:
    rows = [
        {"verdict": made.status, "rule": made.rule, "figure": made.figure, "why": made.why}
        for made in verdicts
    ]
    show_table(rows, list(rows[0]))


def _status(verdicts: Sequence[targets.Verdict]) -> int:
    return 1 if any(made.status == targets.FAIL for made in verdicts) else 0


def write_page(told: Namespace) -> int:
    """Write the page of documentation that records make."""
    text = page.page([record.read(path) for path in told.records])
    told.out.parent.mkdir(parents=True, exist_ok=True)
    told.out.write_text(text, "utf-8")
    say(f"written: {told.out}")
    return 0


def take_in(told: Namespace) -> int:
    """Take records into the bundle, and make the page anew."""
    for path in adopt.adopt(told.folder, told.into):
        say(f"adopted: {path}")
    if told.page is not None:
        records = [record.read(path) for path in sorted(told.into.glob("bench-*.json"))]
        told.page.write_text(page.page(records), "utf-8")
        say(f"written: {told.page}")
    return 0


def run_step(told: Namespace) -> int:
    """Measure one step of the kind that the verb names, into a record of its own."""
    made_cells = commands.cells(told)
    made = record.begin(
        campaign.told_words(sys.argv[1:]),
        runner.environment_apart(told.device),
        {"planned": [cell.key for cell in made_cells]},
    )
    kind = told.verb
    list_name = LISTS[kind]
    made[list_name] = []
    report = reporter(told.progress_json)
    for cell in made_cells:
        entry = campaign.measure_apart(Step(kind, cell), made, report, None)
        made[list_name].append({"key": cell.key, **entry})
    made["finished_at"] = record.now()
    wrong = [entry for entry in made[list_name] if entry["status"] != "measured"]
    if len(wrong) == len(made[list_name]):
        raise ToldError(wrong[0]["reason"])
    path = record.write(made, told.out)
    if told.json:
        show({"path": str(path), **made})
    else:
        made["configuration"] |= {"measured_before": [], "not_begun": {}}
        _show(made, path)
    return 3 if wrong else 0


def _completed(document: dict[str, Any]) -> Cell:
    return preparation.completed(Cell.from_record(document["cell"]))


def measure_rates(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Measure products and a copy in this process."""
    return rates.measure(Cell.from_record(document["cell"]), report)


def measure_batches(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Find the batch of best throughput in this process."""
    return batches.sweep(_completed(document), report)


def measure_honesty(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Compare a preset's numbers with default's in this process."""
    return honesty.compare(_completed(document), report)


def measure_profile(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Profile a cell in this process."""
    return profiling.profile(_completed(document), report, document.get("peak_tflops"))
