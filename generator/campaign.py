"""A suite's steps, one after the other, into one record: within a budget, and resumed.

A step that is foretold to outlast what is left is passed over for a later one that fits; compiling
is foretold too. What is begun is ended when the budget is used up. A call of the program goes on in
the record of an earlier one where the card has not been given away since (one boot, one card), so
that what is set in ratio has one run.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator import forecast, record, runner
from generator.cell import Cell
from generator.runner import Report
from generator.step import LISTS, VERBS, Step, best_batches

LOAD_PROMISE = {
    "paid_p95_seconds": 20.0,
    "free_p95_seconds": None,
    "p99_seconds": 20.0,
    "paid_share": 1.0,
}
"""MLPerf's server scenario of SDXL: 99 of 100 pictures within 20 s."""
LOAD_REQUESTS, LOAD_SAMPLE_SECONDS = 120, 12.0
_LEAST_STEP_SECONDS = 20.0
_FEWEST_FOR_A_PACE = 3


@dataclass(frozen=True)
class Plan:
    """What is to be measured, in order of worth.

    Attributes
    ----------
    steps
        The most wanted first.
    folder
        Of the records.
    suite
        Its name, for the record.
    budget_seconds
        From now to the end; ``None`` has no end.
    again
        Measure also what records hold already.
    held
        Further folders whose records count as held.
    command
        Words of the command line, for the record.
    """

    steps: tuple[Step, ...]
    folder: Path
    suite: str
    budget_seconds: float | None = None
    again: bool = False
    held: tuple[Path, ...] = ()
    command: tuple[str, ...] = ()


@dataclass
class Campaign:
    """A record that steps are added to.

    Attributes
    ----------
    plan
        What is wanted.
    made
        The record.
    earlier
        Other records of the same machine and program.
    report
        Called with progress.
    """

    plan: Plan
    made: dict[str, Any]
    earlier: list[dict[str, Any]]
    report: Report

    def __post_init__(self) -> None:
        self._start = time.monotonic()
        self._speed = forecast.of_card(self.made["environment"]["device"]["name"])
        self._told: list[tuple[float, float]] = []
        self.n_done = 0

    @property
    def left_seconds(self) -> float | None:
        """Return what is left of the budget."""
        if self.plan.budget_seconds is None:
            return None
        return self.plan.budget_seconds - (time.monotonic() - self._start)

    @property
    def path(self) -> Path:
        """Return where the record lies once anything was measured."""
        return self.plan.folder / f"bench-{self.made['run_id']}.json"

    def run(self, steps: Sequence[Step]) -> None:
        """Measure steps in order; what does not fit into the budget is named in the record."""
        configuration = self.made["configuration"]
        for number, step in enumerate(steps):
            ready = self._ready(step)
            if isinstance(ready, str):
                configuration["not_begun"][step.name] = ready
                continue
            configuration["not_begun"].pop(step.name, None)
            if not self.plan.again and self._is_held(ready):
                if ready.name not in configuration["measured_before"] and not self._own(ready):
                    configuration["measured_before"].append(ready.name)
                continue
            wanted = [*self._beside(ready), ready]
            if why := self._too_long(wanted):
                configuration["not_begun"][step.name] = why
                continue
            for each in wanted:
                self.report(
                    {"event": "cell", "key": each.name, "number": number + 1, "of": len(steps)}
                )
                self._measure(each)
        if self.n_done:
            self._write()

    def _ready(self, step: Step) -> Step | str:
        """Return the step with its batch known, or why it is not."""
        if not step.at_best:
            return step
        best = best_batches([*self.earlier, self.made]).get(step.cell.model)
        return step.at(best) if best else "the batch of best throughput is not known yet"

    def _beside(self, step: Step) -> list[Step]:
        """Return default's cell where a ratio needs it and only another run holds it."""
        if step.kind != "cell" or step.cell.preset == "default":
            return []
        default = replace(step, cell=replace(step.cell, preset="default"))
        held_elsewhere = self._is_held(default) and not self._own(default)
        return [default] if held_elsewhere else []

    def _is_held(self, step: Step) -> bool:
        if step.kind == "rates":  # what a run's cells are held against is of the same run
            return self._own(step)
        return any(_holds(told, step) for told in (self.made, *self.earlier))

    def _own(self, step: Step) -> bool:
        return _holds(self.made, step)

    def _too_long(self, steps: list[Step]) -> str | None:
        left = self.left_seconds
        if left is None:
            return None
        foretold = sum(forecast.seconds(step, self._speed) or 0.0 for step in steps)
        if max(foretold, _LEAST_STEP_SECONDS) > left:
            return f"{foretold:.0f} s foretold, {max(left, 0.0):.0f} s were left"
        return None

    def _measure(self, step: Step) -> None:
        start = time.monotonic()
        entry = self._as_agreed(step, measure_apart(step, self.made, self.report, self._limit()))
        took = time.monotonic() - start
        entry["took_seconds"] = round(took, 1)
        if step.kind != "cell":  # a cell's process tells it itself
            told = {name: entry.get(name) for name in ("status", "reason")}
            self.report({"event": "ended", **told})
        entries = self.made.setdefault(LISTS[step.kind], [])
        # What failed before is replaced: a record holds a name once.
        entries[:] = [held for held in entries if held["key"] != entry["key"]] + [entry]
        self.n_done += 1
        self._learn(step, took, entry)
        self._write()

    def _limit(self) -> float | None:
        return self.left_seconds

    def _as_agreed(self, step: Step, result: dict[str, Any]) -> dict[str, Any]:
        entry = {"key": step.cell.key, **result}
        return runner.as_agreed(entry) if step.kind == "cell" else entry

    def _learn(self, step: Step, took: float, entry: dict[str, Any]) -> None:
        """Correct the forecast by what steps have taken; what failed early tells nothing."""
        plain = replace(self._speed, pace=1.0)
        foretold = forecast.seconds(step, plain)
        if foretold is None or entry.get("status", "measured") != "measured":
            return
        self._told.append((took, foretold))
        if len(self._told) >= _FEWEST_FOR_A_PACE:
            pace = sum(took for took, _ in self._told) / sum(told for _, told in self._told)
            self._speed = replace(plain, pace=pace)
            self.made["configuration"]["forecast_pace"] = round(pace, 3)

    def _write(self) -> None:
        self.made["finished_at"] = record.now()
        record.write(self.made, self.plan.folder)


def _holds(told: dict[str, Any], step: Step) -> bool:
    entries = told.get(LISTS[step.kind], [])
    return any(entry["key"] == step.cell.key and record.is_held(entry) for entry in entries)


def begin(plan: Plan, environment: dict[str, Any], report: Report) -> Campaign:
    """Return the campaign of a plan: in the record that it goes on with, or in a new one.

    Parameters
    ----------
    plan
        Steps and limits.
    environment
        Of the record: see :func:`generator.machine.environment`.
    report
        Called with progress.
    """
    configuration: dict[str, Any] = {
        "suite": plan.suite,
        "budget_seconds": plan.budget_seconds,
        "planned": [step.name for step in plan.steps],
        "not_begun": {},
        "measured_before": [],
        "parts": [],
    }
    command = told_words(plan.command)
    made = record.begin(command, environment, configuration)
    alike = [told for folder in (*plan.held, plan.folder) for told in record.alike(folder, made)]
    earlier = list({told["run_id"]: told for told in alike}.values())
    going_on = [] if plan.again else [told for told in earlier if _goes_on(told, made)]
    if going_on:
        latest = max(going_on, key=lambda told: told["started_at"])
        latest["configuration"]["planned"] = configuration["planned"]
        earlier = [told for told in earlier if told is not latest]
        made = latest
    made["configuration"]["parts"].append(
        {
            "command": command,
            "started_at": record.now(),
            "budget_seconds": plan.budget_seconds,
        }
    )
    return Campaign(plan, made, earlier, report)


def _goes_on(told: dict[str, Any], made: dict[str, Any]) -> bool:
    session = made["environment"].get("session")
    return (
        session is not None
        and told["environment"].get("session") == session
        and told["configuration"].get("suite") == made["configuration"]["suite"]
    )


def told_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command line without the places of its files: they say where."""
    return [Path(word).name if Path(word).is_absolute() else word for word in words]


def measure_apart(
    step: Step, made: dict[str, Any], report: Report, limit_seconds: float | None
) -> dict[str, Any]:
    """Measure one step in a fresh process.

    Returns
    -------
    dict
        Its entry; ``refused`` or ``failed`` with a reason where the process said so, died, or ran
        out of time.
    """
    if step.kind == "cell":
        return runner.measure_apart(step.cell, report, None, limit_seconds)
    outcome = runner.converse(VERBS[step.kind], document(step, made), report, limit_seconds)
    if outcome["event"] == "done":
        return {"status": "measured", "reason": None} | outcome["result"]
    return {
        "cell": step.cell.to_record(),
        "status": outcome.get("status", "failed"),
        "reason": outcome["reason"],
    }


def document(step: Step, made: dict[str, Any]) -> dict[str, Any]:
    """Return what the process of a step is told."""
    cell = step.cell
    if step.kind == "load":
        return {
            "cell": replace(cell, batch=1).to_record(),
            "promise": LOAD_PROMISE | {"max_batch": cell.batch},
            "n_requests": LOAD_REQUESTS,
            "sample_seconds": LOAD_SAMPLE_SECONDS,
        }
    told: dict[str, Any] = {"cell": cell.to_record()}
    if step.kind == "profile":
        told["peak_tflops"] = matrix_rate(made, cell)
    return told


def matrix_rate(made: dict[str, Any], cell: Cell | dict[str, Any]) -> float | None:
    """Return the best rate of products that a record has measured in a cell's arithmetic."""
    told = cell if isinstance(cell, dict) else cell.to_record()
    kind = "float32" if told["device"] == "cpu" and told["dtype"] == "auto" else told["dtype"]
    kind = "bf16" if kind == "auto" else kind
    rates = [
        entry["best_tflops"].get(kind)
        for entry in made.get("rates", [])
        if entry["status"] == "measured"
    ]
    return max((rate for rate in rates if rate), default=None)
