"""Records of a card taken into the bundle: checked, without places of files, with their provenance.

A sidecar beside each record (``bench-….json.yml``) says who measured, on what, when, with which
program, and what a reader must doubt. It is written as JSON strings, which YAML reads.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from generator import record
from generator.errors import GeneratorError

TITLE = "What a picture costs: a measured run of the generator"
_TABLES = {"cells": "compute_benchmarks", "loads": "compute_loads"}
# A place within somebody's machine; what stands behind its last slash is kept.
_PLACE = re.compile(r"(?<![\w.:/])/(?:[\w.+-]+/)+(?=[\w.+-])")


def adopt(folder: Path, into: Path) -> list[Path]:
    """Copy the valid records of a folder with a sidecar each; return their new paths.

    Parameters
    ----------
    folder
        Where the records lie.
    into
        The bundle's folder of records.

    Raises
    ------
    GeneratorError
        There is none, one has faults or no measured entry, or another one of its name is there.
    """
    paths = sorted(folder.glob("bench-*.json"))
    if not paths:
        raise GeneratorError(f"no bench-*.json in {folder}", "a folder of records")
    records = [(path, record.read(path)) for path in paths]
    for path, told in records:
        if not measured_entries(told):
            raise GeneratorError(f"{path} without a measured entry", "a record with figures")
    written = []
    for path, told in records:
        clean = without_places(told)
        text = json.dumps(clean, indent=1, ensure_ascii=False) + "\n"
        target = into / path.name
        if target.exists() and target.read_text("utf-8") != text and not _grew(target, clean):
            raise GeneratorError(
                f"another {path.name} in {into}",
                "a run that is not there, or that has grown",
                "remove the one that is wrong",
            )
        into.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        sidecar = target.with_name(f"{target.name}.yml")
        sidecar.write_text(provenance(clean, target.name, text.encode()), "utf-8")
        written.append(target)
    return written


def _grew(target: Path, told: dict[str, Any]) -> bool:
    """Return whether a record goes on with the one that is there."""
    earlier = record.read(target)
    return earlier["run_id"] == told["run_id"] and earlier["finished_at"] <= told["finished_at"]


def measured_entries(told: dict[str, Any]) -> int:
    """Return how many entries of a record have figures."""
    return sum(
        entry.get("status", "measured") == "measured"
        for name in record.LISTS
        for entry in told.get(name, [])
    )


def without_places(told: Any) -> Any:
    """Return a record in which files have their names alone: places say where somebody works."""
    if isinstance(told, dict):
        return {key: without_places(value) for key, value in told.items()}
    if isinstance(told, list):
        return [without_places(value) for value in told]
    return _PLACE.sub("", told) if isinstance(told, str) else told


def provenance(told: dict[str, Any], name: str, content: bytes) -> str:
    """Return the sidecar of a record as YAML."""
    environment = told["environment"]
    device = environment.get("device") or {}
    parts = [name for name in record.LISTS if told.get(name)]
    program = told["program"]
    fields: dict[str, Any] = {
        "file": name,
        "tables": [_TABLES[part] for part in parts if part in _TABLES],
        "title": TITLE,
        "producer": "This program's generator",
        "publisher": "This project",
        "device": device.get("name"),
        "driver": environment.get("driver_version"),
        "packages": {
            key: value for key, value in (environment.get("packages") or {}).items() if value
        },
        "program_commit": program.get("commit"),
        "program_sources_sha256": program["sources_sha256"],
        "published": told["finished_at"][:10],
        "accessed": told["finished_at"][:10],
        "licence": "The project's own",
        "redistributable": "yes",
        "sha256": hashlib.sha256(content).hexdigest(),
        "entries": {part: len(told[part]) for part in parts},
        "made": f"Measured by: {' '.join(told['command'])}. Places of files are cut off.",
        "doubts": list(_doubts(told)),
    }
    return "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items()
    )


def _doubts(told: dict[str, Any]) -> Iterable[str]:
    done = [entry for entry in told["cells"] if entry["status"] == "measured"]
    if any(entry["cell"]["weights"] == "twin" for entry in done):
        yield "Twins have random weights: the same work and memory; their pictures show nothing."
    if any("skips_work" in entry["flags"] for entry in done):
        yield "Cells with the flag skips_work are not comparable on a twin."
    flags = {flag for entry in done for flag in entry["flags"]} - {"skips_work"}
    if flags:
        yield f"Some cells bear flags: {', '.join(sorted(flags))}."
    missing = [entry for entry in told["cells"] if entry["status"] != "measured"]
    if missing:
        yield f"{len(missing)} cells have no figures; each says why."
