"""Measured runs, loads, published benchmarks and costs, as tables."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies.compute import STAGES, ComputeStudy
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words

_GB = 1e9
_SHORT_WINDOW = re.compile(
    r"the window of (?P<seconds>[\d.]+) s is shorter than (?P<least>[\d.]+) s"
)


def stage_names(said: Words) -> dict[str, str]:
    """Return the stages in words."""
    names = (
        said.t("Text"),
        said.t("Given picture read"),
        said.t("Denoiser"),
        said.t("Picture decoded"),
        said.t("Everything else"),
    )
    return dict(zip(STAGES, names, strict=True))


def part_names(said: Words) -> dict[str, str]:
    """Return the parts of a cost in words."""
    return {
        "machine_usd": said.t("Machine"),
        "electricity_usd": said.t("Electricity"),
        "extras_usd": said.t("Storage, traffic, moderation"),
    }


def task_names(said: Words) -> dict[str, str]:
    """Return the tasks in words."""
    return {
        "txt2img": said.t("From a prompt"),
        "img2img": said.t("Made over from a picture"),
        "inpaint": said.t("A part edited"),
        "upscale": said.t("Enlarged"),
        "lora": said.t("Adapter trained"),
    }


def doubts(codes: Any, said: Words) -> str:
    """Name what makes a run's figures doubtful, codes joined by commas; an unknown one stays."""
    if not isinstance(codes, str) or not codes:
        return ""
    names = {
        "denoiser_calls_differ": said.t("the calls of the denoiser differ"),
        "energy_disagrees": said.t("counter and sampled power disagree"),
        "not_steady": said.t("not steady after the warm-up"),
        "skips_work": said.t("skips part of the work"),
        "throttled": said.t("the card was throttled"),
    }
    return said.t("; ").join(names.get(code.strip(), code.strip()) for code in codes.split(","))


def energy_reason(told: Any, said: Words) -> str:
    """Say why a run has no energy; a reason in other words stays as it was recorded."""
    if not isinstance(told, str):
        return ""
    names = {
        "a CPU has no energy counter that this program reads": said.t(
            "a CPU has no energy counter that this program reads"
        ),
        "the card has no energy counter that its driver tells": said.t(
            "the card has no energy counter that its driver tells"
        ),
        "nvidia-ml-py is not installed: pip install nvidia-ml-py": said.t(
            "nvidia-ml-py is not installed: pip install nvidia-ml-py"
        ),
    }
    window = _SHORT_WINDOW.fullmatch(told)
    if window:
        return said.t(
            "the window of {seconds} s is shorter than {least} s",
            seconds=window["seconds"],
            least=window["least"],
        )
    return names.get(told, told)


def _named(frame: pd.DataFrame, said: Words, column: str = "label") -> pd.DataFrame:
    """Return measurements with their names in words."""
    return frame.assign(**{column: [labels.run(said, name) for name in frame[column]]})


def runs(frame: pd.DataFrame, said: Words) -> Table:
    """Return the measured runs."""
    shown: Any = _named(frame, said).assign(
        vram_gb=frame["vram_allocated_bytes"] / _GB,
        vram_reserved_gb=frame["vram_reserved_bytes"] / _GB,
        vram_driver_gb=frame["vram_driver_bytes"] / _GB,
        energy_reason=[energy_reason(told, said) for told in frame["energy_reason"]],
        flags=[doubts(codes, said) for codes in frame["flags"]],
    )
    calls = said.t("A wait is the time of one call, for all of its pictures.")
    columns = {
        "label": TableColumn(said.t("Measurement"), "wide"),
        "images_per_second": TableColumn(said.t("Pictures/s"), "number", 3),
        "images_per_second_low": TableColumn(said.t("95% low"), "number", 3),
        "images_per_second_high": TableColumn(said.t("95% high"), "number", 3),
        "p50_seconds": TableColumn(said.t("p50, s"), "number", 3, help=calls),
        "p95_seconds": TableColumn(
            said.t("p95, s"), "number", 3, help=said.t("Stated from 20 calls on.")
        ),
        "p99_seconds": TableColumn(
            said.t("p99, s"), "number", 3, help=said.t("Stated from 100 calls on.")
        ),
        "n_images": TableColumn(said.t("Pictures measured"), "integer"),
        "joules_per_image_gross": TableColumn(said.t("J a picture, gross"), "number", 1),
        "joules_per_image_net": TableColumn(
            said.t("J a picture, net"),
            "number",
            1,
            help=said.t("Without what the idle card draws."),
        ),
        "energy_reason": TableColumn(said.t("Why no energy"), "wide"),
        "vram_gb": TableColumn(said.t("Memory given out, GB"), "number", 2),
        "vram_reserved_gb": TableColumn(said.t("Memory held, GB"), "number", 2),
        "vram_driver_gb": TableColumn(said.t("Memory by the driver, GB"), "number", 2),
        "percent_of_roofline": TableColumn(said.t("% of the roof"), "number", 1),
        "tflop_per_image": TableColumn(said.t("TFLOP a picture"), "number", 3),
        "first_image_seconds": TableColumn(said.t("First call, s"), "number", 2),
        "compile_seconds": TableColumn(said.t("Compiling, s"), "number", 1),
        "cold_start_seconds": TableColumn(said.t("Cold start, s"), "number", 1),
        "denoiser_calls": TableColumn(said.t("Denoiser calls"), "integer"),
        "seconds_per_training": TableColumn(said.t("s a training"), "number", 1),
        "flags": TableColumn(said.t("Doubts")),
        "measured_at": TableColumn(said.t("Measured"), "instant"),
        "torch_version": TableColumn("torch"),
        "driver_version": TableColumn(said.t("Driver")),
    }
    return Table(shown, columns if len(shown) else {}, "compute-runs")


def without(frame: pd.DataFrame, said: Words) -> Table:
    """Return the cells that have no figures, and why."""
    states = {
        "skipped": said.t("skipped"),
        "refused": said.t("refused"),
        "failed": said.t("failed"),
    }
    shown: Any = _named(frame, said).assign(state=[states[code] for code in frame["status"]])
    columns = {
        "label": TableColumn(said.t("Measurement"), "wide"),
        "device_name": TableColumn(said.t("Device")),
        "state": TableColumn(said.t("State")),
        "reason": TableColumn(said.t("Reason"), "wide"),
        "measured_at": TableColumn(said.t("Measured"), "instant"),
    }
    return Table(shown, columns if len(shown) else {}, "compute-without-figures")


def loads(study: ComputeStudy, said: Words) -> Table:
    """Return the rates that were held at a promised wait."""
    columns = {
        "cell": TableColumn(said.t("Measurement"), "wide"),
        "device_name": TableColumn(said.t("Device")),
        "highest_rate_per_second": TableColumn(
            said.t("Highest rate, requests/s"),
            "number",
            3,
            help=said.t("Simulated on measured times."),
        ),
        "paid_p95_promise_seconds": TableColumn(said.t("Promised p95, paid, s"), "number", 2),
        "free_p95_promise_seconds": TableColumn(said.t("Promised p95, free, s"), "number", 2),
        "paid_share": TableColumn(said.t("Paid share"), "percent"),
        "max_batch": TableColumn(said.t("Largest batch"), "integer"),
        "paid_p95_seconds": TableColumn(
            said.t("p95 in the run, paid, s"), "number", 3, help=said.t("Measured.")
        ),
        "free_p95_seconds": TableColumn(
            said.t("p95 in the run, free, s"), "number", 3, help=said.t("Measured.")
        ),
        "utilisation": TableColumn(said.t("Share of the run at work"), "percent"),
        "measured_at": TableColumn(said.t("Measured"), "instant"),
    }
    return Table(study.loads, columns if len(study.loads) else {}, "compute-loads")


def published(study: ComputeStudy, said: Words) -> Table:
    """Return what others published."""
    columns = {
        "benchmark": TableColumn(said.t("Benchmark")),
        "device_name": TableColumn(said.t("Card"), "wide"),
        "n_devices": TableColumn(said.t("Cards"), "integer"),
        "model": TableColumn(said.t("Model"), "wide"),
        "steps": TableColumn(said.t("Steps"), "integer"),
        "batch": TableColumn(said.t("Batch"), "integer"),
        "scenario": TableColumn(said.t("Scenario")),
        "images_per_second": TableColumn(said.t("Pictures/s, all cards"), "number", 3),
        "images_per_second_per_device": TableColumn(said.t("Pictures/s and card"), "number", 3),
        "joules_per_image": TableColumn(said.t("J a picture"), "number", 1),
        "latency_seconds": TableColumn(said.t("Wait, s"), "number", 3),
        "submitter": TableColumn(said.t("Submitter")),
        "weight_types": TableColumn(said.t("Arithmetic"), "wide"),
        "software": TableColumn(said.t("Software"), "wide"),
        "published_on": TableColumn(said.t("Published"), "date"),
        "source_url": TableColumn(said.t("Source"), "link"),
        "note": TableColumn(said.t("Note"), "wide"),
    }
    return Table(study.published, columns if len(study.published) else {}, "published-benchmarks")


def stages(frame: pd.DataFrame, said: Words) -> Table:
    """Return the stages of each run, seconds of a call."""
    columns = {
        "label": TableColumn(said.t("Measurement"), "wide"),
        **{
            f"{stage}_seconds": TableColumn(f"{name}, s", "number", 4)
            for stage, name in stage_names(said).items()
        },
        "batch": TableColumn(said.t("Pictures in one call"), "integer"),
    }
    return Table(_named(frame, said), columns if len(frame) else {}, "compute-stages")


def batches(frame: pd.DataFrame, said: Words) -> Table:
    """Return speed by batch."""
    columns = {
        "series": TableColumn(said.t("Measurement"), "wide"),
        "batch": TableColumn(said.t("Pictures in one call"), "integer"),
        "images_per_second": TableColumn(said.t("Pictures/s"), "number", 3),
        "images_per_second_low": TableColumn(said.t("95% low"), "number", 3),
        "images_per_second_high": TableColumn(said.t("95% high"), "number", 3),
        "p50_seconds": TableColumn(said.t("p50, s"), "number", 3),
    }
    shown = _named(frame, said, "series")
    return Table(shown, columns if len(frame) else {}, "compute-batches")


def roofs(frame: pd.DataFrame, said: Words) -> Table:
    """Return the place of each run under the roof; a peak that is no measurement has a source."""
    known = [
        said.t("measured") if told == "measured" else told for told in frame["ceiling_evidence"]
    ]
    shown: Any = _named(frame, said).assign(ceiling_evidence=known)
    columns = {
        "label": TableColumn(said.t("Measurement"), "wide"),
        "tflop_per_image": TableColumn(said.t("TFLOP a picture"), "number", 4),
        "tflops": TableColumn(said.t("TFLOP a second"), "number", 4),
        "roof_tflops": TableColumn(said.t("Roof, TFLOP a second"), "number", 4),
        "percent_of_roofline": TableColumn(said.t("% of the roof"), "number", 1),
        "intensity_flop_per_byte": TableColumn(said.t("Operations a byte"), "number", 1),
        "ceiling_evidence": TableColumn(said.t("How the roof is known")),
    }
    return Table(shown, columns if len(shown) else {}, "compute-roofline")


def costs(frame: pd.DataFrame, said: Words) -> Table:
    """Return the cost of each run: 1,000 pictures, or one training."""
    names = task_names(said)
    shown: Any = _named(frame, said).assign(what=[names[code] for code in frame["task"]])
    columns = {
        "label": TableColumn(said.t("Measurement"), "wide"),
        "what": TableColumn(said.t("Task")),
        **{name: TableColumn(label, "number", 4) for name, label in part_names(said).items()},
        "generated_usd": TableColumn(
            said.t("Generated, USD"),
            "number",
            4,
            help=said.t("1,000 pictures; for an adapter one training."),
        ),
        "delivered_usd": TableColumn(
            said.t("Delivered, USD"),
            "number",
            4,
            help=said.t("Retries and blocked pictures paid by those that reach a user."),
        ),
        "energy_is_missing": TableColumn(
            said.t("Energy not measured"),
            "check",
            help=said.t("The cost leaves electricity out and is a lower bound."),
        ),
        "is_toy": TableColumn(
            said.t("Toy"),
            "check",
            help=said.t("It draws 64 pixels: its cost is no product's."),
        ),
    }
    return Table(shown, columns if len(shown) else {}, "compute-costs")


def drawing_names(said: Words) -> dict[str, str]:
    """Return the ways in which our small model draws, in words."""
    return {"few-steps": said.t("Adapter for few steps"), "guided": said.t("With guidance")}


def quality(frame: pd.DataFrame, said: Words) -> Table:
    """Return how good the pictures of our small model are, by number of steps."""
    names = drawing_names(said)
    kinds = {
        "seen": said.t("Taught names"),
        "wording": said.t("New wording"),
        "held_out": said.t("Unseen things"),
    }
    shown: Any = frame.assign(variant=[names[code] for code in frame["variant"]])
    columns = {
        "variant": TableColumn(said.t("Drawn")),
        "steps": TableColumn(said.t("Steps"), "integer"),
        "seconds_per_picture": TableColumn(said.t("Seconds a picture"), "number", 3),
        "usd_per_1000": TableColumn(said.t("1,000 pictures, USD"), "number", 4),
        **{
            name: column
            for kind, label in kinds.items()
            for name, column in _shares(kind, label, said).items()
        },
        "frechet": TableColumn(
            said.t("Fréchet distance"),
            "number",
            1,
            help=said.t("From the drawings it was trained on, by the judge's features."),
        ),
    }
    return Table(shown, columns, "picture-quality")


def _shares(kind: str, label: str, said: Words) -> dict[str, TableColumn]:
    """Return the columns of one kind of words: share told rightly in five guesses, ends, count."""
    return {
        f"{kind}_rate": TableColumn(label, "percent", 0, said.t("Told rightly in five guesses.")),
        f"{kind}_low": TableColumn(said.t("{what}, 95% low", what=label), "percent", 0),
        f"{kind}_high": TableColumn(said.t("{what}, 95% high", what=label), "percent", 0),
        f"{kind}_n": TableColumn(said.t("{what}, pictures", what=label), "integer"),
    }


def prices(study: ComputeStudy, said: Words) -> Table:
    """Return the published prices of an hour of a card."""
    kinds = [said.evidence(str(kind)) for kind in study.prices["evidence_kind"]]
    shown: Any = study.prices.assign(kind=kinds)
    columns = {
        "gpu_name": TableColumn(said.t("Card")),
        "entity": TableColumn(said.t("Provider"), "wide"),
        "value": TableColumn(said.t("USD an hour"), "number", 2),
        "value_high": TableColumn(
            said.t("highest"),
            "number",
            2,
            help=said.t("The upper end, where a range is published."),
        ),
        "is_contract": TableColumn(
            said.t("Contract"),
            "check",
            help=said.t("Hours bound for a term: left out where prices are compared."),
        ),
        "kind": TableColumn(said.t("Evidence")),
        "as_of": TableColumn(said.t("As of"), "date"),
        "source_title": TableColumn(said.t("Source"), "wide"),
        "source_url": TableColumn(said.t("Address"), "link"),
    }
    return Table(shown, columns if len(shown) else {}, "gpu-hour-prices")
