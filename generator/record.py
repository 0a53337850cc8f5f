"""The record of a run: one versioned JSON document, checked when it is written and when it is read.

It is the whole contract with the rest of the program. A figure that could not be measured is null
with a reason; a cell without figures has a status that says why.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError

KIND = "generator.bench"
VERSION = 1
STATUSES = ("measured", "skipped", "refused", "failed")
_TOP = {
    "record": str,
    "record_version": int,
    "run_id": str,
    "evidence_kind": str,
    "started_at": str,
    "finished_at": str,
    "program": dict,
    "command": list,
    "environment": dict,
    "configuration": dict,
    "cells": list,
    "loads": list,
}
LISTS = ("cells", "loads", "rates", "batches", "honesty", "profiles")
"""Parts of a record; all but the first two stand only where a suite has measured them."""
_CELL = {"key": str, "cell": dict, "status": str, "figures": dict, "samples": list, "flags": list}
_ESTIMATES = ("images_per_second", "p50_seconds", "p95_seconds", "p99_seconds")
_NUMBERS = (
    "n_images",
    "first_image_seconds",
    "load_seconds",
    "cold_start_seconds",
    "compile_seconds",
    "joules_per_image_gross",
    "joules_per_image_net",
    "joules_per_training_gross",
    "joules_per_training_net",
    "idle_watts",
    "vram_allocated_bytes",
    "vram_reserved_bytes",
    "vram_driver_bytes",
)
_POSITIVE = (
    "n_images",
    "first_image_seconds",
    "joules_per_image_gross",
    "joules_per_training_gross",
    "idle_watts",
)


def now() -> str:
    """Return the present instant as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def begin(command: list[str], environment: dict[str, Any], configuration: dict[str, Any]) -> Any:
    """Return the record of a run that begins now.

    Parameters
    ----------
    command
        Words of the command line.
    environment
        See :func:`generator.machine.environment`.
    configuration
        Budget and plan.
    """
    started = now()
    return {
        "record": KIND,
        "record_version": VERSION,
        "run_id": f"{started[:10]}-{uuid.uuid4().hex[:8]}",
        "evidence_kind": "measured",
        "started_at": started,
        "finished_at": started,
        "program": program(),
        "command": command,
        "environment": environment,
        "configuration": configuration,
        "cells": [],
        "loads": [],
    }


def program() -> dict[str, Any]:
    """Return version, commit (null outside of a checkout) and a hash of the generator's sources."""
    try:
        version = metadata.version("artonomics")
    except metadata.PackageNotFoundError:  # a zipapp on a bare machine
        version = None
    return {"version": version, "commit": _commit(), "sources_sha256": sources_hash()}


def _commit() -> str | None:
    folder = Path(__file__).resolve().parent
    if not folder.is_dir():
        return None
    try:
        told = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def sources_hash() -> str:
    """Return the SHA-256 of the generator's sources: two records with one hash are one program."""
    total = hashlib.sha256()
    for name, content in sorted(_sources(resources.files("generator"), "")):
        total.update(name.encode() + b"\0" + content)
    return total.hexdigest()


def _sources(folder: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".py", ".json")):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def problems(record: Any) -> list[str]:
    """Return what is wrong with a record, in words; empty where nothing is."""
    if not isinstance(record, dict):
        return [f"got {type(record).__name__}; expected an object"]
    found = _wrong_types(record, _TOP, "record")
    if record.get("record") != KIND:
        found.append(f"record is {record.get('record')!r}; expected {KIND!r}")
    if record.get("record_version") != VERSION:
        found.append(
            f"record_version is {record.get('record_version')!r}; this program reads {VERSION}"
        )
    if found:
        return found
    keys = [cell.get("key") for cell in record["cells"]]
    found += [
        f"cell {key!r} stands there twice" for key in sorted(set(keys)) if keys.count(key) > 1
    ]
    for name in LISTS[2:]:
        found += [f"{name}: {problem}" for problem in _entry_problems(record.get(name, []))]
    for number, cell in enumerate(record["cells"]):
        found += [f"cell {number}: {problem}" for problem in cell_problems(cell)]
    return found


def _wrong_types(given: dict[str, Any], wanted: dict[str, type], where: str) -> list[str]:
    missing = [f"{where} has no {name!r}" for name in wanted if name not in given]
    wrong = [
        f"{name!r} is {type(given[name]).__name__}; expected {kind.__name__}"
        for name, kind in wanted.items()
        if name in given and not isinstance(given[name], kind)
    ]
    return missing + wrong


def _entry_problems(entries: Any) -> list[str]:
    if not isinstance(entries, list):
        return [f"got {type(entries).__name__}; expected a list"]
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            found.append("an entry has no key")
        elif entry.get("status") not in STATUSES:
            found.append(f"status of {entry['key']} is {entry.get('status')!r}")
        elif entry["status"] != "measured" and not entry.get("reason"):
            found.append(f"{entry['key']} without figures needs a reason")
    return found


def cell_problems(cell: dict[str, Any]) -> list[str]:
    """Return what is wrong with a cell, in words; empty where nothing is."""
    if cell.get("status") not in STATUSES:
        return [f"status is {cell.get('status')!r}; expected one of {', '.join(STATUSES)}"]
    if cell["status"] != "measured":
        return [] if cell.get("reason") else ["a cell without figures needs a reason"]
    found = _wrong_types(cell, _CELL, "cell")
    if found:
        return found
    figures = cell["figures"]
    for name in _ESTIMATES:
        told = figures.get(name)
        if not isinstance(told, dict) or "value" not in told:
            found.append(f"{name} is missing")
        elif told["value"] is None and not told.get("reason"):
            found.append(f"{name} is null without a reason")
        elif told["value"] is not None and not told["value"] > 0:
            found.append(f"{name} is {told['value']}; expected more than 0, or null with a reason")
    for name in _NUMBERS:
        value = figures.get(name)
        if value is not None and not isinstance(value, int | float):
            found.append(f"{name} is {value!r}; expected a number or null")
        elif name in _POSITIVE and value is not None and value <= 0:
            found.append(f"{name} is {value}; expected more than 0, or null with a reason")
    each = "training" if "training_steps" in figures else "image"
    if figures.get(f"joules_per_{each}_gross") is None and not figures.get("energy_reason"):
        found.append("energy is null without a reason")
    if not cell["samples"]:
        found.append("a measured cell has no samples")
    return found


def write(record: dict[str, Any], folder: Path) -> Path:
    """Write a record, whole or not at all; return its path.

    Raises
    ------
    GeneratorError
        The record is not as agreed: a fault of this program.
    """
    if found := problems(record):
        raise GeneratorError(
            f"a record with faults: {'; '.join(found[:5])}", "none", "report this fault"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench-{record['run_id']}.json"
    beside = path.with_suffix(".json.part")
    beside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    beside.replace(path)
    return path


def read(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    GeneratorError
        It is not there, not JSON, of another version, or has faults.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise GeneratorError(f"no file {path}", "a record of `artonomics bench`") from error
    except (OSError, ValueError) as error:
        raise GeneratorError(f"{path}: {error}", "a JSON record of `artonomics bench`") from error
    if found := problems(record):
        raise GeneratorError(f"{path} with faults: {'; '.join(found[:5])}", "a record without")
    return record


def fingerprint(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return what must be equal for a cell not to be measured again: machine, versions, program."""
    environment = record["environment"]
    return (
        environment["device"]["name"],
        environment.get("driver_version"),
        tuple(sorted((environment.get("packages") or {}).items())),
        record["program"]["sources_sha256"],
    )


def alike(folder: Path, like: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a folder that the same machine and program have made."""
    found = []
    for path in sorted(folder.glob("bench-*.json")):
        try:
            earlier = read(path)
        except GeneratorError:
            continue  # another version, or no record: it says nothing of what was measured
        if fingerprint(earlier) == fingerprint(like):
            found.append(earlier)
    return found


def is_held(entry: dict[str, Any]) -> bool:
    """Return whether an entry need not be measured again.

    Failed and refused ones are: memory may be free by now, weights at hand.
    """
    return entry.get("status", "measured") in ("measured", "skipped")


def measured_before(folder: Path, like: dict[str, Any]) -> set[str]:
    """Return keys of cells that records of a folder hold for the same machine and program."""
    cells = (cell for earlier in alike(folder, like) for cell in earlier["cells"])
    return {cell["key"] for cell in cells if is_held(cell)}
