"""The lock holds one exact version of everything that is installed."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).resolve().parent.parent / "constraints.txt"
EXTRAS = ("", "test", "generator")
UNLOCKED = {"akshare"}
"""Packages of extras that are tested against a stand-in only and follow their own releases."""


INSTALLER = {"pip"}
"""What installs cannot be locked by what it installs: an environment brings its own."""


def pins() -> dict[str, Requirement]:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in wanted}


def needed() -> set[str]:
    """Return the names of all installed packages that ours needs, directly or not."""
    found: set[str] = set()
    waiting = [("artonomics", EXTRAS)]
    while waiting:
        name, extras = waiting.pop()
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        found.add(name)
        for requirement in map(Requirement, lines):
            applies = not requirement.marker or any(
                requirement.marker.evaluate({"extra": extra}) for extra in extras
            )
            below = canonicalize_name(requirement.name)
            if applies and below not in found:
                waiting.append((below, ("", *requirement.extras)))
    return found - {"artonomics"} - INSTALLER


def test_everything_needed_is_locked():
    assert needed() - set(pins()) == set()


def test_a_lock_is_one_exact_version_that_everybody_can_find():
    lines = [line for line in LOCK.read_text().splitlines() if line and line[0] != "#"]
    names = Counter(canonicalize_name(Requirement(line).name) for line in lines)
    assert [name for name, times in names.items() if times > 1] == []
    for pin in pins().values():
        (version,) = pin.specifier
        assert version.operator == "=="
        assert "+" not in version.version, f"{pin} has a local suffix"


def test_the_lock_fits_what_the_project_asks_for():
    asked = map(Requirement, importlib.metadata.requires("artonomics") or [])
    locked = pins()
    for requirement in asked:
        if requirement.name in UNLOCKED:
            continue
        (version,) = locked[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(version.version, prereleases=True), str(requirement)
