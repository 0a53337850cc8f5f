"""Records of the generator, read as the contract says: one versioned JSON document a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.sources import Raw, Request

KIND, VERSION = "generator.bench", 1
FOLDER = "compute"
_NEEDED = ("run_id", "finished_at", "environment", "program", "cells", "loads")


def fetch_records(request: Request) -> Raw:
    """Read every record of the bundle and of the data folder.

    Returns
    -------
    Raw
        With a list of ``(file name, record)``; a file that is no such record is reported among the
        failures, and the others are read.
    """
    folders = [request.bundled / "snapshots" / FOLDER]
    if request.user_dir is not None:
        folders.append(request.user_dir / FOLDER)
    found: list[tuple[str, dict[str, Any]]] = []
    failures = []
    for path in (path for folder in folders for path in sorted(folder.glob("bench-*.json"))):
        record, problem = _read(path)
        if problem:
            failures.append(problem)
        else:
            found.append((path.name, record))
    return Raw(found, "snapshot", request.now, tuple(failures), may_be_empty=True)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return {}, f"{path.name}: got no JSON ({error}); expected a record of `artonomics bench`"
    if not isinstance(record, dict) or record.get("record") != KIND:
        return {}, f"{path.name}: got no record of `artonomics bench`; move it out of the folder"
    if record.get("record_version") != VERSION:
        got = record.get("record_version")
        return {}, f"{path.name}: got record_version {got}; expected {VERSION}; measure again"
    if missing := [name for name in _NEEDED if name not in record]:
        return {}, f"{path.name}: {', '.join(missing)} are missing; measure again"
    return record, ""


def run_of(name: str, record: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that every row of a record shares."""
    environment, cell = record["environment"], entry["cell"]
    packages = environment.get("packages") or {}
    device = environment.get("device") or {}
    return {
        "bench_run_id": record["run_id"],
        "cell": entry["key"],
        "measured_at": record["finished_at"],
        "device_name": device.get("name"),
        "device_kind": device.get("kind"),
        "driver_version": environment.get("driver_version"),
        "torch_version": packages.get("torch"),
        "diffusers_version": packages.get("diffusers"),
        "program_commit": record["program"].get("commit"),
        # A folder of one's own is told by its name: a path says where somebody works.
        "model": str(cell["model"]).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1],
        "task": cell["task"],
        "preset": cell["preset"],
        "weights": cell["weights"],
        "source_url": f"record {name}",
    }


def entries(raw: Raw, part: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return name, record and entry for every cell or load of the records."""
    for name, record in raw.payload:
        for entry in record[part]:
            yield name, record, entry
