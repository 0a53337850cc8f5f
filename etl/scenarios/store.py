"""Ready cases and saved scenarios: YAML files, one a scenario, named by their file."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from etl.errors import InputError
from etl.scenarios.document import parse, read, validate
from etl.scenarios.names import unknown

CASES_DIR = Path(__file__).resolve().parent / "cases"
FOLDER = "scenarios"
UNSAVED = "unsaved"
"""Stands in the dashboard's address for a scenario that is kept nowhere."""
MAX_BYTES = 64 * 1024
LONGEST_NAME = 63
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_TITLE = re.compile(r"[^/\\\x00-\x1f\x7f]+")


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
    own_key = key if key in known else key_of(key)
    if own_key not in known:
        raise unknown(f"no scenario {key}", key, known)
    own = data_dir / FOLDER / f"{own_key}.yml"
    return read(own if own.is_file() else CASES_DIR / f"{own_key}.yml")


def key_of(name: str) -> str:
    """Return the key that a name is kept under: small letters, digits and hyphens.

    Signs between words become hyphens and accents fall; what cannot be written so, Chinese for
    example, is told apart by a short hash of the name. A key is its own key.

    Raises
    ------
    InputError
        If the name is empty, too long, or holds a slash or a control character.
    """
    name = unicodedata.normalize("NFC", name)
    if not _TITLE.fullmatch(name) or not name.strip() or len(name) > LONGEST_NAME:
        raise InputError(
            f"got the name {name!r}",
            f"1 to {LONGEST_NAME} characters without slashes and line breaks, for example my-app",
            "rename it",
        )
    if _KEY.fullmatch(name):
        return name
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign)
    )
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if slug and not any(sign.isalnum() and not sign.isascii() for sign in plain):
        return slug[:LONGEST_NAME].strip("-")
    return f"{slug[:50] or 'scenario'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def save(name: str, raw: Mapping[str, Any], data_dir: Path) -> Path:
    """Write a scenario under a name, in place of the one of that name; return its file.

    A name that is no key names the file by :func:`key_of` and becomes the scenario's title.

    Raises
    ------
    InputError
        If the name cannot be kept, is a ready case's or reserved, or is another scenario's by its
        key, or what is typed is not valid. In place of another one only what can be evaluated is
        kept, as far as a snapshot is there to look things up.
    """
    key = key_of(name)
    if key in cases():
        raise InputError(f"got the name {name!r}, a ready case's", "a name of your own")
    if key == UNSAVED:
        raise InputError(f"got the name {name!r}, which is reserved", "another name")
    if key != name:
        raw = {**raw, "name": name}
        _refuse_another(key, name, data_dir)
    _require_evaluable(raw, name, data_dir if key in saved(data_dir) else None)
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


def _require_evaluable(raw: Mapping[str, Any], name: str, data_dir: Path | None) -> None:
    """Refuse wrong figures; where a saved scenario is to be replaced, wrong references too."""
    # They look things up, which few who list scenarios need.
    from etl.scenarios.resolve import refuse_typed_faults, scenario
    from etl.warehouse import SnapshotReader

    refuse_typed_faults(raw, name)
    if data_dir is None or not (data_dir / "warehouse" / "CURRENT").is_file():
        return
    try:
        scenario(raw, name, SnapshotReader(data_dir))
    except InputError as fault:
        raise InputError(
            fault.got, fault.expected, fault.todo or "mend it, or save it under another name"
        ) from fault


def _refuse_another(key: str, title: str, data_dir: Path) -> None:
    """Refuse a title whose key is kept by a scenario of another title: nothing is overwritten."""
    if key not in saved(data_dir):
        return
    held = str(load(key, data_dir).get("name", ""))
    if held != title:
        raise InputError(
            f"got the name {title!r}, whose file {key}.yml holds {held!r}",
            "a name of its own",
            f"rename it, or save as {key} to replace that one",
        )


def remove(key: str, data_dir: Path) -> None:
    """Delete a saved scenario.

    Raises
    ------
    InputError
        If there is no saved scenario of that key.
    """
    held = saved(data_dir)
    own_key = key if key in held else key_of(key)
    if own_key not in held:
        raise unknown(f"no saved scenario {key}", key, held)
    (data_dir / FOLDER / f"{own_key}.yml").unlink()


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
