"""Measured runs of the generator: records of the bundle and of the data folder."""

from __future__ import annotations

from typing import Any

import pandas as pd

from etl.schemas import COMPUTE_BENCHMARKS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._generator_records import entries, fetch_records, run_of
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="compute_benchmarks",
    table=COMPUTE_BENCHMARKS,
    title="What a picture costs: measured runs of the generator",
    publisher="This program, on the machine that each row names",
    licence="The user's own measurements; bundled ones under the project's licence.",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="A twin has the exact architecture and random weights: same work, no download. On a CPU "
    "there is no energy. Records lie in the folder compute of the data folder.",
)
_ESTIMATES = ("images_per_second", "p50_seconds", "p95_seconds", "p99_seconds")
_PLAIN = (
    "n_images",
    "first_image_seconds",
    "load_seconds",
    "cold_start_seconds",
    "compile_seconds",
    "denoiser_calls",
    "joules_per_image_gross",
    "joules_per_image_net",
    "idle_watts",
    "energy_reason",
    "vram_allocated_bytes",
    "vram_reserved_bytes",
    "vram_driver_bytes",
    "seconds_per_training",
    "joules_per_training_gross",
    "pictures_per_pack",
)
_ROOF = ("tflop_per_image", "tflops", "intensity_flop_per_byte", "roof_tflops")
_ASKED = ("batch", "width_px", "height_px", "steps", "guidance", "dtype")


def fetch(request: Request) -> Raw:
    """Read the records; they are files here, so a live run reads the same."""
    return fetch_records(request)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``compute_benchmarks``; what was not measured stays missing."""
    rows = [
        run_of(name, record, entry) | _row(entry) for name, record, entry in entries(raw, "cells")
    ]
    names = [column.name for column in COMPUTE_BENCHMARKS.columns]
    frame = pd.DataFrame(rows, columns=[*names, "source_url"])
    return shape(COMPUTE_BENCHMARKS, frame, raw, evidence_kind="measured")


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    cell, figures = entry["cell"], entry.get("figures") or {}
    # A size of 0 means that the model's own was never filled in; a guidance of 0 is none.
    row = {name: cell.get(name) or None for name in _ASKED} | {"guidance": cell.get("guidance")}
    row |= {"status": entry["status"], "reason": entry.get("reason")}
    for name in _ESTIMATES:
        told = figures.get(name) or {}
        row |= {name: told.get("value")}
        row |= {f"{name}_{end}": told.get(end) for end in ("low", "high")}
    row |= {name: figures.get(name) for name in _PLAIN}
    stages = figures.get("stage_seconds") or {}
    row |= {
        f"{stage}_seconds": stages.get(stage)
        for stage in ("text", "denoiser", "encode", "decode", "other")
    }
    roof = figures.get("roofline") or {}
    row |= {name: roof.get(name) for name in (*_ROOF, "percent_of_roofline")}
    row["ceiling_evidence"] = (roof.get("ceiling") or {}).get("evidence")
    row["flags"] = ",".join(entry.get("flags") or ()) or None
    return row
