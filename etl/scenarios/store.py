"""Ready cases and saved scenarios: YAML files, one a scenario, named by their file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from etl.errors import InputError
from etl.scenarios.document import parse, read, unknown_key, validate

CASES_DIR = Path(__file__).resolve().parent / "cases"
FOLDER = "scenarios"
MAX_BYTES = 64 * 1024
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def cases() -> list[str]:
    """Return the keys of the ready cases, in order."""
    return sorted(path.stem for path in CASES_DIR.glob("*.yml"))


def saved(data_dir: Path) -> list[str]:
    """Return the keys of the saved scenarios, in order."""
    return sorted(path.stem for path in (data_dir / FOLDER).glob("*.yml"))


def load(key: str, data_dir: Path) -> dict[str, Any]:
    """Return a scenario as written; a saved one before a ready case of the same key.

    Raises
    ------
    InputError
        If there is none; the error names the nearest.
    """
    known = [*saved(data_dir), *cases()]
    if key not in known:
        raise unknown_key(f"scenario {key}", key, known)
    own = data_dir / FOLDER / f"{key}.yml"
    return read(own if own.is_file() else CASES_DIR / f"{key}.yml")


def save(key: str, raw: Mapping[str, Any], data_dir: Path) -> Path:
    """Write a scenario under a key, in place of one of that key; return its file.

    Raises
    ------
    InputError
        If the key is not made of small letters, digits and hyphens, or is a ready case's, or the
        scenario is not valid.
    """
    if not _KEY.fullmatch(key):
        raise InputError(
            f"got the name {key!r}", "small letters, digits and hyphens, at most 63", "rename it"
        )
    if key in cases():
        raise InputError(f"got the name {key!r}, a ready case's", "a name of your own")
    validate(raw, key)
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{key}.yml"
    # A reader never sees half a file, and a full disk leaves the old one.
    with NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False, encoding="utf-8") as new:
        part = Path(new.name)
        try:
            new.write(written(raw))
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    part.replace(target)
    return target


def remove(key: str, data_dir: Path) -> None:
    """Delete a saved scenario.

    Raises
    ------
    InputError
        If there is no saved scenario of that key.
    """
    if key not in saved(data_dir):
        raise unknown_key(f"scenario {key}", key, saved(data_dir))
    (data_dir / FOLDER / f"{key}.yml").unlink()


def written(raw: Mapping[str, Any]) -> str:
    """Return a scenario as YAML text that reads back as the same."""
    return yaml.safe_dump(dict(raw), allow_unicode=True, sort_keys=False, width=100)


def uploaded(text: bytes, name: str) -> dict[str, Any]:
    """Return a scenario out of a file that a user gives, checked.

    Raises
    ------
    InputError
        If it is too large, not UTF-8, or no valid scenario.
    """
    if len(text) > MAX_BYTES:
        raise InputError(f"got {name} of {len(text):,} bytes", f"at most {MAX_BYTES:,} bytes")
    try:
        raw = parse(text.decode("utf-8"), name)
    except UnicodeDecodeError as problem:
        raise InputError(f"got {name}, which is not UTF-8", "a YAML file in UTF-8") from problem
    validate(raw, name)
    return raw
