"""Layouts of vendors, recognised by the columns of a file; one declarative file each.

A layout names the columns that tell it (``recognise``; ``any`` of which one must be there), the
kind of data, and for each of our columns either ``from`` (their column), or ``sql`` with their
columns in braces, where a column the file lacks reads as missing. ``measures`` list figures that
become a row each; one with a ``pattern`` stands for all columns whose whole name it matches, with
the groups ``days`` (age of the cohort) and ``metric`` (where the column names the figure, else
``metric`` does; ``$metric`` is what the user sets). Rows of one cohort are added up where
``summed``. ``headers`` says where the columns are known from, ``sources`` names the places.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from etl.errors import InputError

_HERE = Path(__file__).parent

Headers = Literal["documented", "public code", "unverified"]
"""Whether the vendor documents the columns, only public code that reads them does, or nobody."""


@dataclass(frozen=True)
class Measure:
    """A figure that becomes a row: its metric, SQL for its value, whether it is money, its age.

    ``metric`` may hold their columns in braces; ``pattern`` stands for many columns at once.
    """

    metric: str
    sql: str
    money: bool = False
    days: str = ""
    pattern: str = ""

    def of_column(self, column: str) -> Measure | None:
        """Return the figure a column holds that the pattern matches, else nothing."""
        found = re.fullmatch(self.pattern, column) if self.pattern else None
        if not found:
            return None
        told = found.groupdict()
        return Measure(told.get("metric") or self.metric, f"{{{column}}}", self.money, told["days"])


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
    summed: bool = False
    headers: Headers = "unverified"
    sources: tuple[str, ...] = ()

    def fits(self, columns: Collection[str]) -> bool:
        """Return whether a file with these columns is of this layout."""
        patterns = [m for m in self.measures if m.pattern]
        one_of = not (self.any or patterns)
        one_of = one_of or not set(self.any).isdisjoint(columns)
        one_of = one_of or any(m.of_column(c) for m in patterns for c in columns)
        return set(self.recognise) <= set(columns) and one_of


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
            m.get("metric", ""),
            m["sql"] if "sql" in m else "{" + m.get("from", "") + "}",
            bool(m.get("money")),
            str(m.get("days", "")),
            m.get("pattern", ""),
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
        summed=bool(told.get("summed")),
        headers=told["headers"],
        sources=tuple(told.get("sources", ())),
    )
