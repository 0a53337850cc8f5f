"""What records are held against: targets of speed, plausibility of energy, honesty of presets.

Ratios are taken within one record alone, as one machine in one run makes it. A rule passes, fails,
or was not measured; what was not measured is never taken for passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from generator.campaign import matrix_rate
from generator.statistics import ratio
from generator.step import best_batches

PASS, FAIL, NOT_MEASURED = "pass", "fail", "not measured"
SDXL_STEPS, FLUX_STEPS = 20, 28
TUNED_OVER_DEFAULT, FAST_OVER_DEFAULT = 1.25, 1.6
FLUX_SHARE_OF_RATE = 0.60
SDXL_CARD = "H200"
SDXL_IMAGES_PER_SECOND = {"tuned": 1.5, "fast": 2.0}
JOULES_PER_TFLOP = (2.0, 3.2)
"""As published for large batches in bf16 on this generation of cards."""
COUNTER_SHARE, REPEAT_SHARE = 0.05, 0.03
_ENERGY_CARDS = ("H100", "H200", "H20")


@dataclass(frozen=True)
class Verdict:
    """What came of one rule.

    Attributes
    ----------
    rule
        In words, with its bound.
    status
        ``pass``, ``fail`` or ``not measured``.
    figure
        With its unit, as text; empty where there is none.
    run_id
        Of the record it stands on.
    why
        What is missing, or what explains the figure.
    cell
        What a profile would look into, where it failed.
    """

    rule: str
    status: str
    figure: str = ""
    run_id: str = ""
    why: str = ""
    cell: dict[str, Any] | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the verdict as JSON."""
        return dict(vars(self))


def check(records: Sequence[dict[str, Any]]) -> list[Verdict]:
    """Return the verdict on every rule; the worst one where several records tell of it.

    Parameters
    ----------
    records
        Valid ones, at least one.
    """
    best = best_batches(records)
    rules: tuple[Callable[[dict[str, Any]], Verdict], ...] = (
        lambda told: _faster(told, "tuned", TUNED_OVER_DEFAULT, best),
        lambda told: _faster(told, "fast", FAST_OVER_DEFAULT, best),
        _flux_share,
        lambda told: _sdxl_speed(told, "tuned"),
        lambda told: _sdxl_speed(told, "fast"),
        lambda told: _energy_of_work(told, best),
        _counter,
        _repeats,
        _honest,
        _skipping,
    )
    return [_worst([rule(told) for told in records]) for rule in rules]


def _worst(verdicts: list[Verdict]) -> Verdict:
    order = (FAIL, PASS, NOT_MEASURED)
    return min(verdicts, key=lambda verdict: order.index(verdict.status))


def measured(told: dict[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    """Return the measured cells of a record with some fields."""
    return [
        entry
        for entry in told["cells"]
        if entry["status"] == "measured"
        and all(entry["cell"].get(name) == value for name, value in wanted.items())
    ]


def _sdxl(told: dict[str, Any], preset: str, **more: Any) -> list[dict[str, Any]]:
    wanted = {"model": "sdxl", "task": "txt2img", "steps": SDXL_STEPS, "preset": preset}
    return [entry for entry in measured(told, **wanted, **more) if _take(entry) == 1]


def _take(entry: dict[str, Any]) -> int:
    return entry["cell"].get("take", 1)


def _rate(entry: dict[str, Any]) -> float:
    return entry["figures"]["images_per_second"]["value"]


def _missing(rule: str, why: str) -> Verdict:
    return Verdict(rule, NOT_MEASURED, why=why)


def _faster(told: dict[str, Any], preset: str, bound: float, batches: dict[str, int]) -> Verdict:
    rule = f"SDXL at its best batch: {preset} at least {bound:g} times default, in one run"
    best = batches.get("sdxl")
    if best is None:
        return _missing(rule, "the best batch of SDXL is not known")
    pair = [_sdxl(told, name, batch=best) for name in (preset, "default")]
    if not all(pair):
        lacks = preset if not pair[0] else "default"
        return _missing(rule, f"{lacks} at a batch of {best} is not in the same run")
    change = ratio(*(entries[0]["figures"]["images_per_second"] for entries in pair))
    assert change.value is not None
    span = "" if change.low is None else f" ({change.low:.2f} to {change.high:.2f})"
    return Verdict(
        rule,
        PASS if change.value >= bound else FAIL,
        f"{change.value:.2f}{span} times, batch {best}",
        told["run_id"],
        cell=pair[0][0]["cell"],
    )


def _flux_share(told: dict[str, Any]) -> Verdict:
    rule = (
        f"FLUX.1-dev, {FLUX_STEPS} steps, tuned: at least {100 * FLUX_SHARE_OF_RATE:.0f} % of the "
        "best bf16 product rate of the same run"
    )
    cells = measured(told, model="flux1-dev", task="txt2img", preset="tuned", steps=FLUX_STEPS)
    roofed = [entry for entry in cells if entry["figures"].get("roofline")]
    if not roofed:
        return _missing(rule, "the cell is not measured")
    peak = matrix_rate(told, roofed[0]["cell"])
    if peak is None:
        return _missing(rule, "no rate of products in the same run")
    best = max(roofed, key=lambda entry: entry["figures"]["roofline"]["tflops"])
    share = best["figures"]["roofline"]["tflops"] / peak
    return Verdict(
        rule,
        PASS if share >= FLUX_SHARE_OF_RATE else FAIL,
        f"{100 * share:.1f} % of {peak:.0f} TFLOP/s, batch {best['cell']['batch']}",
        told["run_id"],
        cell=best["cell"],
    )


def _sdxl_speed(told: dict[str, Any], preset: str) -> Verdict:
    bound = SDXL_IMAGES_PER_SECOND[preset]
    rule = f"SDXL, MLPerf's setting, {preset}: at least {bound:.1f} images/s on an {SDXL_CARD}"
    if SDXL_CARD not in _device(told).split():
        return _missing(rule, f"no run on an {SDXL_CARD}")
    cells = _sdxl(told, preset)
    if not cells:
        return _missing(rule, "the cell is not measured")
    best = max(cells, key=_rate)
    return Verdict(
        rule,
        PASS if _rate(best) >= bound else FAIL,
        f"{_rate(best):.2f} images/s, batch {best['cell']['batch']}",
        told["run_id"],
        cell=best["cell"],
    )


def _device(told: dict[str, Any]) -> str:
    return (told["environment"].get("device") or {}).get("name") or ""


def _energy_of_work(told: dict[str, Any], batches: dict[str, int]) -> Verdict:
    low, high = JOULES_PER_TFLOP
    rule = f"bf16 at the best batch: {low:g} to {high:g} J/TFLOP on a Hopper card"
    if not set(_ENERGY_CARDS) & set(_device(told).split()):
        return _missing(rule, "no run on a Hopper card")
    found = []
    for entry in measured(told, task="txt2img", dtype="bf16"):
        cell, roof = entry["cell"], entry["figures"].get("roofline") or {}
        is_large = cell["batch"] == batches.get(cell["model"])
        if is_large and cell["preset"] in ("default", "tuned") and roof.get("joules_per_tflop"):
            found.append((roof["joules_per_tflop"], entry))
    if not found:
        return _missing(rule, "no energy at a best batch")
    outside = [pair for pair in found if not low <= pair[0] <= high]
    joules = [pair[0] for pair in found]
    spread = f"{min(joules):.2f} to {max(joules):.2f} J/TFLOP, n={len(found)}"
    return Verdict(
        rule,
        FAIL if outside else PASS,
        spread,
        told["run_id"],
        "; ".join(_explained(entry) for _, entry in outside),
    )


def _explained(entry: dict[str, Any]) -> str:
    """Return what a figure of energy is made of: draw over speed, and what slowed the card."""
    figures, roof = entry["figures"], entry["figures"]["roofline"]
    watts = figures["energy"]["mean_watts"]
    why = figures["conditions"].get("throttle_reasons") or []
    slowed = f", slowed by {', '.join(why)}" if why else ""
    return (
        f"{entry['key']}: {watts:.0f} W at {roof['tflops']:.0f} TFLOP/s "
        f"({roof['percent_of_roofline']:.0f} % of the roof){slowed}"
    )


def _counter(told: dict[str, Any]) -> Verdict:
    rule = f"energy counter and integrated power within {100 * COUNTER_SHARE:.0f} %"
    apart = []
    for entry in measured(told):
        energy = entry["figures"].get("energy") or {}
        joules, integrated = energy.get("joules"), energy.get("integrated_joules")
        if joules and integrated:
            apart.append((abs(joules / integrated - 1), entry["key"]))
    if not apart:
        return _missing(rule, "no energy was measured")
    worst, key = max(apart)
    return Verdict(
        rule,
        PASS if worst <= COUNTER_SHARE else FAIL,
        f"{100 * worst:.1f} % at most, n={len(apart)}",
        told["run_id"],
        "" if worst <= COUNTER_SHARE else key,
    )


def _repeats(told: dict[str, Any]) -> Verdict:
    rule = f"a cell measured twice: within {100 * REPEAT_SHARE:.0f} %"
    firsts = {entry["key"]: entry for entry in measured(told) if _take(entry) == 1}
    apart = []
    for entry in measured(told):
        first = firsts.get(entry["key"].rpartition("/take")[0])
        if first is not None:
            apart.append((abs(_rate(entry) / _rate(first) - 1), first["key"]))
    if not apart:
        return _missing(rule, "no cell was measured twice in one run")
    worst, key = max(apart)
    status = PASS if worst <= REPEAT_SHARE else FAIL
    return Verdict(rule, status, f"{100 * worst:.1f} % apart, n={len(apart)}", told["run_id"], key)


def faster_presets(told: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Return model and preset of every whole preset but default that is measured, each once."""
    cells = measured(told, task="txt2img")
    pairs = ((entry["cell"]["model"], entry["cell"]["preset"]) for entry in cells)
    return dict.fromkeys(pair for pair in pairs if pair[1] != "default" and "-" not in pair[1])


def errors_of(told: dict[str, Any], model: str, preset: str) -> dict[str, Any] | None:
    """Return the errors of a preset against default in a record; ``None`` where not measured."""
    for entry in told.get("honesty", []):
        cell = entry["cell"]
        if (cell["model"], cell["preset"]) == (model, preset) and entry["status"] == "measured":
            return entry
    return None


def _honest(told: dict[str, Any]) -> Verdict:
    rule = "every faster preset has its error against default beside its speed"
    pairs = list(faster_presets(told))
    if not pairs:
        return _missing(rule, "no faster preset is measured")
    silent = [f"{model} {preset}" for model, preset in pairs if not errors_of(told, model, preset)]
    figure = f"{len(pairs) - len(silent)} of {len(pairs)}"
    if silent:
        return Verdict(rule, NOT_MEASURED, figure, told["run_id"], ", ".join(silent))
    return Verdict(rule, PASS, figure, told["run_id"])


def _skipping(told: dict[str, Any]) -> Verdict:
    rule = "nothing that skips work is counted on a twin"
    cells = measured(told)
    if not cells:
        return _missing(rule, "no cell is measured")
    counted = [
        entry["key"]
        for entry in cells
        if "skips_work" in entry["flags"]
        and entry["cell"]["weights"] == "twin"
        and entry["figures"].get("roofline")
    ]
    status = FAIL if counted else PASS
    return Verdict(rule, status, f"{len(counted)} cells", told["run_id"], ", ".join(counted))
