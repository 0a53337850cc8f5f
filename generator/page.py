"""A page of documentation made from records: what was measured, how, what each switch brought.

Nothing stands on it that the records do not carry; what no record tells is said to be missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from generator import honesty_summary, suite, targets
from generator.statistics import ratio

_HOW = """\
Each cell runs in a process of its own. Load, presets and the first picture are timed apart.
Warm-up ends when the last three calls lie within 2 %; then come 30 pictures or 60 s, and never
less than the 10 s that an energy counter needs; then the idle draw with the model in memory.
Joules are those of the card's own counter, checked against its power in between; on a processor
there are none. A *twin* has the exact architecture and random weights: the same operations, bytes
and memory, without a download. Intervals are 95 %. Every figure below is `measured` unless it says
otherwise.
"""
_REPEAT = """\
On a machine with a checkout (`MINUTES=25` for a card that is at hand for so long):

    make card

On a machine with torch alone, bring one file and the packages it lacks, made in a checkout with
`artonomics bench pack bench.pyz --wheels wheels`:

    python bench.pyz card --wheels wheels --out records --minutes 25

Called again, it goes on where it ended. In the checkout
`artonomics bench adopt records --page data/measured.md` then takes the records into
`data/snapshots/compute/` and makes this page anew. `artonomics bench suite gpu --plan` tells
beforehand what each step will take.
"""


def page(records: Sequence[dict[str, Any]]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    records
        Valid records, in any order.
    """
    ordered = sorted(records, key=lambda told: (told["started_at"], told["run_id"]))
    on_card = [told for told in ordered if _kind(told) == "cuda"]
    parts = [
        "# What a picture costs: what was measured",
        "Made by `artonomics bench page` from the records named below; do not edit it by hand.",
        _on_a_card(on_card),
        "## How",
        _HOW.strip(),
        "## Runs",
        _runs(ordered),
        "## Cells",
        *(_cells(told) for told in ordered if told["cells"]),
        "## What each switch brought",
        _switches(ordered),
        "## How far the numbers move",
        _honesty(ordered),
        "## Energy",
        _energy(ordered),
        "## Where the time goes",
        _profiles(ordered),
        "## A server's promise",
        _loads(ordered),
        "## Targets",
        _targets(ordered),
        "## What surprised",
        _surprises(ordered),
        "## Again",
        _REPEAT.strip(),
    ]
    return "\n\n".join(parts) + "\n"


def _kind(told: dict[str, Any]) -> str:
    return (told["environment"].get("device") or {}).get("kind") or ""


def _device(told: dict[str, Any]) -> str:
    return (told["environment"].get("device") or {}).get("name") or "unknown"


def _on_a_card(records: list[dict[str, Any]]) -> str:
    if not records:
        return (
            "**Nothing has been measured on a card yet.** What stands here is of a processor, and "
            "no speed, energy or cost of a card follows from it."
        )
    names = ", ".join(dict.fromkeys(_device(told) for told in records))
    days = f"{records[0]['started_at'][:10]} to {records[-1]['finished_at'][:10]}"
    return f"Measured on cards: {names}, {days}."


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as a Markdown table; numbers to four digits, nothing as a dash."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names)]
    lines += [[_text(row.get(name)) for name in names] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")


def _runs(records: list[dict[str, Any]]) -> str:
    if not records:
        return "No record is given."
    return table([_run(told) for told in records])


def _run(told: dict[str, Any]) -> dict[str, Any]:
    environment = told["environment"]
    packages = environment.get("packages") or {}
    rates = [
        entry["best_tflops"] for entry in told.get("rates", []) if entry["status"] == "measured"
    ]
    best = rates[-1] if rates else {}
    return {
        "run": told["run_id"],
        "device": _device(told),
        "power limit, W": (environment.get("device") or {}).get("power_limit_watts"),
        "torch": packages.get("torch"),
        "diffusers": packages.get("diffusers"),
        "driver": environment.get("driver_version"),
        "products, TFLOP/s": ", ".join(f"{kind} {rate:.3g}" for kind, rate in best.items() if rate),
        "from": told["started_at"],
        "to": told["finished_at"],
        "command": f"`{' '.join(told['command'])}`",
    }


def _cells(told: dict[str, Any]) -> str:
    done = [entry for entry in told["cells"] if entry["status"] == "measured"]
    other = [entry for entry in told["cells"] if entry["status"] != "measured"]
    parts = [f"### Run {told['run_id']}, {_device(told)}"]
    if done:
        parts.append(table([_cell(entry) for entry in done]))
    if other:
        lines = (f"- {entry['key']}: {entry['status']}, {entry['reason']}" for entry in other)
        parts.append("Without figures:\n\n" + "\n".join(lines))
    not_begun = told["configuration"].get("not_begun") or []
    if not_begun:
        parts.append(f"Not begun within the budget: {len(not_begun)}.")
    return "\n\n".join(parts)


def _cell(entry: dict[str, Any]) -> dict[str, Any]:
    figures = entry["figures"]
    training = figures.get("training_pictures_per_second")
    rate = training or figures["images_per_second"]
    roof = figures.get("roofline") or {}
    memory = figures.get("vram_allocated_bytes")
    return {
        "cell": entry["key"],
        "images/s": f"{rate['value']:.4g} seen in training" if training else rate["value"],
        "95 %": _interval(rate),
        "n": figures["n_images"],
        "p50, s": figures["p50_seconds"]["value"],
        "p95, s": figures["p95_seconds"]["value"],
        "compile, s": figures.get("compile_seconds"),
        "J/image": figures.get("joules_per_image_gross"),
        "idle, W": figures.get("idle_watts"),
        "memory, GB": None if memory is None else memory / 1e9,
        "% of roof": roof.get("percent_of_roofline"),
        "flags": " ".join(entry["flags"]),
    }


def _interval(estimate: dict[str, Any]) -> str:
    low, high = estimate.get("low"), estimate.get("high")
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _switches(records: Sequence[dict[str, Any]]) -> str:
    rows = [row for told in records for row in _gains(told)]
    if not rows:
        return "No faster preset has been measured beside default in one run."
    notes = (
        "Ratios within one run, of images per second. The switches of a preset share its gain; "
        "`tuned-3` is the first three switches of `tuned`, and so tells what the third one brings. "
        "A switch that the model has no place for is named. What skips work is not comparable on a "
        "twin."
    )
    steps = [row for told in records for row in _one_by_one(told)]
    one_by_one = f"\n\nOne after the other:\n\n{table(steps)}" if steps else ""
    return f"{notes}\n\n{table(rows)}{one_by_one}"


def _one_by_one(told: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield what each switch of a preset brought over the ones before it, within one run."""
    cells = {entry["key"]: entry for entry in targets.measured(told)}
    chain = ("default", *suite.ONE_BY_ONE, "tuned", "fast")
    for key in [key for key in cells if "/tuned/" in key]:
        beside = [cells.get(key.replace("/tuned/", f"/{name}/", 1)) for name in chain]
        found = [entry for entry in beside if entry is not None]
        if not any(entry["cell"]["preset"] in suite.ONE_BY_ONE for entry in found):
            continue
        for before, after in itertools.pairwise(found):
            rates = (each["figures"]["images_per_second"] for each in (after, before))
            change = ratio(*rates)
            earlier, later = (each["figures"]["switches"] for each in (before, after))
            yield {
                "run": told["run_id"],
                "cell": after["key"],
                "added": ", ".join(name for name in later if name not in earlier),
                "times the one before": change.value,
                "95 %": _interval(change.to_record()),
            }


def _gains(told: dict[str, Any]) -> Iterable[dict[str, Any]]:
    cells = {entry["key"]: entry for entry in targets.measured(told)}
    for key, entry in cells.items():
        preset = entry["cell"]["preset"]
        beside = cells.get(key.replace(f"/{preset}/", "/default/", 1))
        if preset == "default" or beside is None:
            continue
        change = ratio(
            entry["figures"]["images_per_second"], beside["figures"]["images_per_second"]
        )
        errors = targets.errors_of(told, entry["cell"]["model"], preset)
        told_of = honesty_summary.largest(errors) if errors else {}
        skips = "skips_work" in entry["flags"]
        on_twin = skips and entry["cell"]["weights"] == "twin"
        switches = entry["figures"].get("switches") or {}
        yield {
            "run": told["run_id"],
            "cell": key,
            "switches": ", ".join(name for name, why in switches.items() if why is None),
            "no place for": "; ".join(f"{name}: {why}" for name, why in switches.items() if why),
            "times default": "skips work: not comparable" if on_twin else change.value,
            "95 %": "" if on_twin else _interval(change.to_record()),
            "largest error of a call": told_of.get("denoiser"),
            "error of the picture": told_of.get("picture"),
        }


def _honesty(records: Iterable[dict[str, Any]]) -> str:
    rows = [
        {"run": told["run_id"], "cell": entry["key"], **honesty_summary.row(entry)}
        for told in records
        for entry in told.get("honesty", [])
        if entry["status"] == "measured"
    ]
    if not rows:
        return "No preset's numbers have been compared with default's yet."
    notes = (
        "Relative norms against default, for the same weights, seed, words and noise. By stage: "
        "each is handed what default handed it, the largest of all calls; from noise: the whole "
        "pipeline runs and errors are carried on. Beside them, what bf16 itself changes against "
        "float32. A preset that skips work keeps a state, so it is compared from noise alone."
    )
    return f"{notes}\n\n{table(rows)}"


def _energy(records: Iterable[dict[str, Any]]) -> str:
    rows = []
    for told in records:
        for entry in targets.measured(told):
            energy = entry["figures"].get("energy") or {}
            roof = entry["figures"].get("roofline") or {}
            if energy.get("joules") is None:
                continue
            integrated = energy.get("integrated_joules")
            rows.append(
                {
                    "run": told["run_id"],
                    "cell": entry["key"],
                    "W": energy["mean_watts"],
                    "J/TFLOP": roof.get("joules_per_tflop"),
                    "counter / integrated": energy["joules"] / integrated if integrated else None,
                    "window, s": energy["seconds"],
                }
            )
    return table(rows) if rows else "No energy has been measured: a processor has no counter here."


def _profiles(records: Iterable[dict[str, Any]]) -> str:
    lines = [
        f"- {entry['key']} ({_device(told)}): {entry['sentence']}"
        for told in records
        for entry in told.get("profiles", [])
        if entry["status"] == "measured"
    ]
    return "\n".join(lines) or "No cell has been profiled."


def _loads(records: Iterable[dict[str, Any]]) -> str:
    rows = []
    for told in records:
        for entry in told["loads"]:
            if "highest_rate_per_second" not in entry:
                continue
            ran = entry.get("run_at_rate") or {}
            rows.append(
                {
                    "run": told["run_id"],
                    "cell": entry["key"],
                    "p95 promise, s": entry["promise"]["paid_p95_seconds"],
                    "p99 promise, s": entry["promise"]["p99_seconds"],
                    "largest batch": entry["promise"]["max_batch"],
                    "requests/s (simulated)": entry["highest_rate_per_second"],
                    "kept when run (measured)": _yes_or_no(ran.get("kept")),
                }
            )
    return table(rows) if rows else "No server's promise has been measured."


def _yes_or_no(told: bool | None) -> str | None:
    return None if told is None else "yes" if told else "no"


def _targets(records: list[dict[str, Any]]) -> str:
    if not records:
        return "No record is given."
    rows = [
        {"rule": made.rule, "verdict": made.status, "figure": made.figure, "why": made.why}
        for made in targets.check(records)
    ]
    return table(rows)


def _surprises(records: Sequence[dict[str, Any]]) -> str:
    """Return what the records themselves mark as out of the ordinary."""
    lines = []
    for told in records:
        for entry in targets.measured(told):
            flags = [flag for flag in entry["flags"] if flag != "skips_work"]
            if flags:
                lines.append(f"- {entry['key']} ({_device(told)}): {', '.join(flags)}")
        lines += [
            f"- {entry['key']}: the best batch is {entry['best_batch']}; {entry['ended']}"
            for entry in told.get("batches", [])
            if entry["status"] == "measured"
        ]
    verdicts = targets.check(records) if records else []
    failed = [made for made in verdicts if made.status == targets.FAIL]
    lines += [f"- Missed: {made.rule}: {made.figure}" for made in failed]
    return "\n".join(lines) or "No record marks anything as out of the ordinary."
