"""Speeds that pictures can be taken to be made at: the scenario's, measured, published.

A published speed stands in until a card has been measured, and keeps its own evidence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.compute import ComputeStudy, compute_study
from dashboard.studies.economics.scenario import ScenarioStudy
from etl.analytics.compute import Speed
from etl.analytics.queue_batches import BatchCurve

SCENARIO = "scenario"
CARD_OF_DEVICE = {
    "NVIDIA A100-SXM4-40GB": "A100 SXM4 40GB",
    "NVIDIA H100 80GB HBM3": "H100 SXM5 80GB",
    "NVIDIA H100-SXM-80GB": "H100 SXM5 80GB",
    "NVIDIA H200-SXM-141GB": "H200 SXM",
    "NVIDIA B200-SXM-180GB": "B200 SXM",
    "NVIDIA L4-PCIe-24GB": "L4",
    "NVIDIA L40S": "L40S",
    "AMD Instinct MI325X 256GB HBM3e": "Instinct MI325X",
}
"""Device of a published benchmark → card of the table of cards."""
_FIRST = "stabilityai/stable-diffusion-xl-base-1.0"


@dataclass(frozen=True)
class SpeedChoice:
    """A speed with its evidence.

    Attributes
    ----------
    code
        In an address.
    kind
        ``scenario``, ``run``, ``load`` (measured, with its batches) or ``published``.
    model, device
        What was made on what; empty for the scenario's own.
    images_per_second
        Of one machine at its work.
    speed
        The same with its energy, as far as it is known.
    batches
        Seconds of a call of several pictures; ``None`` where they are made one by one.
    evidence_kind, as_of, source, source_url
        Where it comes from.
    """

    code: str
    kind: str
    model: str
    device: str
    speed: Speed
    batches: BatchCurve | None
    evidence_kind: str
    as_of: date | None
    source: str
    source_url: str = ""

    @property
    def images_per_second(self) -> float:
        """Return the pictures a second of one machine."""
        return self.speed.images_per_second


def speeds(reader: Reader, study: ScenarioStudy) -> list[SpeedChoice]:
    """Return every speed that can be chosen: the scenario's own first, then measured, published.

    Loads with measured batches stand before single runs, and the published ones begin with those
    that were known on the scenario's day.
    """
    measured = compute_study(reader)
    day = study.scenario.document.as_of
    published = [*_mlperf(measured), *_by_batches(measured)]
    # One without a date cannot be shown to be later.
    published.sort(key=lambda speed: (is_later(speed, day), not speed.model.startswith(_FIRST)))
    return [*_own(study), *_loads(measured), *_runs(measured), *published]


def is_later(speed: SpeedChoice, day: date) -> bool:
    """Return whether a speed became known only after a day."""
    return speed.as_of is not None and speed.as_of > day


def first_speed(found: list[SpeedChoice]) -> SpeedChoice | None:
    """Return what stands in until something is chosen: the scenario's, or else a published one.

    What was measured here is no stand-in: nobody said that the product runs on this machine.
    """
    kinds = ("scenario", "published", "load", "run")
    held = sorted(found, key=lambda speed: kinds.index(speed.kind))
    return held[0] if held else None


def chosen_speed(found: list[SpeedChoice], code: str) -> SpeedChoice | None:
    """Return the speed of a code; ``None`` where it is not held."""
    return next((speed for speed in found if speed.code == code), None)


def _own(study: ScenarioStudy) -> list[SpeedChoice]:
    given = study.scenario.inputs.given
    if "images_per_second" not in given:
        return []
    told = given["images_per_second"]
    energy = [given[name].value if name in given else None for name in _ENERGY]
    day = told.as_of or study.scenario.document.as_of
    speed = Speed(told.value, *energy)
    return [
        SpeedChoice(
            *(SCENARIO, SCENARIO, "", "", speed, None, told.evidence_kind),
            *(day, told.source, told.source_url),
        )
    ]


_ENERGY = ("joules_per_image", "idle_watts")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], frame.to_dict("records"))


def _loads(measured: ComputeStudy) -> list[SpeedChoice]:
    found: list[SpeedChoice] = []
    for number, row in enumerate(_records(measured.loads)):
        told = json.loads(row["batch_curve"] or "{}")
        batches = _curve([int(size) for size in told], [float(s) for s in told.values()])
        if batches is None:
            continue
        code = f"load-{row['bench_run_id']}-{number}"
        speed = Speed(batches.saturated_rate)
        about = (str(row["model"]), str(row["device_name"]), speed, batches, "measured")
        found.append(
            SpeedChoice(code, "load", *about, _day(row["measured_at"]), str(row["source_url"]))
        )
    return found


def _runs(measured: ComputeStudy) -> list[SpeedChoice]:
    rows = [
        row
        for row in _records(measured.runs)
        if row["task"] != "lora" and not pd.isna(row["images_per_second"])
    ]
    return [
        SpeedChoice(
            *(f"run-{row['run']}", "run", str(row["label"]), str(row["device_name"])),
            Speed(*(_number(row[name]) for name in _MEASURED)),  # pyright: ignore[reportArgumentType]
            *(None, "measured", _day(row["measured_at"]), str(row["source_url"])),
        )
        for row in rows
    ]


_MEASURED = ("images_per_second", "joules_per_image_gross", "idle_watts")


def _mlperf(measured: ComputeStudy) -> list[SpeedChoice]:
    """Return the fastest offline result of every device."""
    found: dict[str, SpeedChoice] = {}
    for row in _records(measured.published):
        rate = _number(row["images_per_second_per_device"])
        device = str(row["device_name"])
        if row["scenario"] != "Offline" or rate is None or device in found:
            continue
        found[device] = _published(row, f"{row['model']}", Speed(rate), None)
    return list(found.values())


def _by_batches(measured: ComputeStudy) -> list[SpeedChoice]:
    """Return the published results that tell a device's rate at several batch sizes."""
    published: Any = measured.published
    told = published.loc[(published["scenario"] == "fixed batch")]
    found: list[SpeedChoice] = []
    for (device, model), rows in told.groupby(["device_name", "model"], sort=False):
        by_size = rows.dropna(subset=["batch", "images_per_second_per_device"]).sort_values("batch")
        sizes = [int(size) for size in by_size["batch"]]
        rates = [float(rate) for rate in by_size["images_per_second_per_device"]]
        batches = _curve(sizes, [n / rate for n, rate in zip(sizes, rates, strict=True)])
        if batches is None:
            continue
        row = _records(by_size.tail(1))[0]
        joules = _number(row["joules_per_image"])
        speed = Speed(batches.saturated_rate, joules)
        found.append(_published({**row, "device_name": device}, str(model), speed, batches))
    return found


def _published(
    row: dict[str, Any], model: str, speed: Speed, batches: BatchCurve | None
) -> SpeedChoice:
    about = (f"{model} ({row['benchmark']})", str(row["device_name"]), speed, batches)
    source = (_day(row["published_on"]), str(row["source_title"]), str(row["source_url"] or ""))
    return SpeedChoice(str(row["published_id"]), "published", *about, "disclosed", *source)


def _curve(sizes: list[int], seconds: list[float]) -> BatchCurve | None:
    """Return a curve; ``None`` where a larger call took less time or none of one was measured."""
    pairs = sorted(zip(sizes, seconds, strict=True))
    try:
        return BatchCurve.of([size for size, _ in pairs], [time for _, time in pairs])
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _day(value: Any) -> date | None:
    return None if value is None or pd.isna(value) else cast(date, pd.Timestamp(value).date())


def of_scenario(reader: Reader, written: str) -> list[SpeedChoice]:
    """Return :func:`speeds` of a scenario as written, a key of the cache."""
    from dashboard.studies.economics.scenario import scenario_study

    return speeds(reader, scenario_study(reader, written))
