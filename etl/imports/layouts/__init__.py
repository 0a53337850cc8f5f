"""Layouts of vendors, recognised by the columns of a file; one declarative file each.

A layout names the columns that tell it (``recognise``; ``any`` of which one must be there), the
kind of data, and for each of our columns either ``from`` (their column), or ``sql`` with their
columns in braces, where a column the file lacks reads as missing. ``measures`` list figures that
become a row each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from etl.errors import InputError

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Measure:
    """A figure that becomes a row: its metric, SQL for its value and its currency."""

    metric: str
    sql: str
    money: bool = False
    days: str = ""


@dataclass(frozen=True)
class Layout:
    """How one vendor's export is read."""

    name: str
    kind: str
    title: str
    recognise: tuple[str, ...]
    any: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    def fits(self, columns: Collection[str]) -> bool:
        """Return whether a file with these columns is of this layout."""
        return set(self.recognise) <= set(columns) and (
            not self.any or not set(self.any).isdisjoint(columns)
        )


def known(kind: str = "") -> list[Layout]:
    """Return all layouts, or those of one kind, the most telling first."""
    chosen = [layout for layout in _all() if kind in ("", layout.kind)]
    return sorted(chosen, key=lambda layout: -len(layout.recognise))


def recognise(kind: str, columns: Collection[str]) -> Layout | None:
    """Return the layout of a kind that fits a file's columns, if there is one."""
    return next((layout for layout in known(kind) if layout.fits(columns)), None)


def named(kind: str, name: str) -> Layout:
    """Return the layout the user names.

    Raises
    ------
    InputError
        Where there is none of that name for this kind.
    """
    names = [layout.name for layout in known(kind)]
    if name not in names:
        near = get_close_matches(name, names, n=1)
        todo = f"perhaps you meant {near[0]!r}" if near else "leave --layout out"
        raise InputError(f"got --layout {name!r}", f"one of {', '.join(names) or 'none'}", todo)
    return next(layout for layout in known(kind) if layout.name == name)


@cache
def _all() -> tuple[Layout, ...]:
    return tuple(_read(path) for path in sorted(_HERE.glob("*.yml")))


def _read(path: Path) -> Layout:
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns: dict[str, str] = {}
    notes: dict[str, str] = {}
    for ours, how in told.get("columns", {}).items():
        entry = {"from": how} if isinstance(how, str) else how
        columns[ours] = entry["sql"] if "sql" in entry else "{" + entry["from"] + "}"
        if "note" in entry:
            notes[ours] = entry["note"]
    measures = tuple(
        Measure(
            m["metric"],
            m["sql"] if "sql" in m else "{" + m["from"] + "}",
            bool(m.get("money")),
            str(m.get("days", "")),
        )
        for m in told.get("measures", [])
    )
    return Layout(
        name=path.stem,
        kind=told["kind"],
        title=told["title"],
        recognise=tuple(told["recognise"]),
        any=tuple(told.get("any", ())),
        columns=columns,
        measures=measures,
        notes=notes,
        where=told.get("where", ""),
    )
