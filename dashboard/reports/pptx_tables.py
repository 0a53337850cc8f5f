"""Native tables of slides: as large as they can be read, in runs that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.reports.document import Grid
from dashboard.reports.native_charts import Surface
from dashboard.reports.room import filled, longest_word, n_gaps, n_lines, signs

_SIZES = (13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
_READABLE_POINTS, _MOST_LINES = 10.0, 2.0
_POINTS_A_SIGN, _POINTS_A_LINE = 0.54, 1.45
"""Room of a letter and of a line, in parts of the size; wide fonts are allowed for."""
_BOLD = 1.12
"""Room of a bold letter, as headers have, in parts of a plain one."""
_MARGIN_SIGNS, _MARGIN_POINTS = 2.5, 5.0
_MOST_STRETCH = 1.4

PALE, DARK = (0xFF, 0xF5, 0xD6), (0x5A, 0x8F, 0xC0)
BELOW, MIDDLE, ABOVE = (0xE0, 0x82, 0x14), (0xF7, 0xF7, 0xF7), (0x80, 0x73, 0xAC)
"""Colours of small and of large values, and of those below, at and above zero."""


@dataclass(frozen=True)
class Layout:
    """How a table is set.

    Attributes
    ----------
    size
        Of its letters (pt).
    widths
        Of its columns (pt).
    heights
        Of the header and of each row (pt).
    """

    size: float
    widths: tuple[float, ...]
    heights: tuple[float, ...]


def layout(grid: Grid, width: float) -> Layout:
    """Return the largest letters with which a table fits a width (pt) without many lines."""
    columns = list(zip(grid.header, *grid.rows, strict=True))
    # A number is never broken; a word only where it is longer than a column can be.
    least = [
        max(map(signs, column[1:]), default=0) if numeric else 0
        for column, numeric in zip(columns, grid.numeric, strict=True)
    ]
    least = [
        max(own, min(24, max(_BOLD * longest_word(column[0]), *map(longest_word, column[1:]), 0)))
        + _MARGIN_SIGNS
        for own, column in zip(least, columns, strict=True)
    ]
    wanted = [
        max(own, max(_BOLD * _wide(column[0]), *map(_wide, column[1:]), 0) + _MARGIN_SIGNS)
        for own, column in zip(least, columns, strict=True)
    ]
    found = _set(grid, _shared(least, wanted, width / _SIZES[-1] / _POINTS_A_SIGN), _SIZES[-1])
    for size in _SIZES:
        room = width / (size * _POINTS_A_SIGN)
        if sum(least) > room:
            continue
        shares = _shared(least, wanted, room)
        found = _set(grid, shares, size)
        lines = [_lines(row, shares) for row in grid.rows]
        crowded = sum(lines) > _MOST_LINES * max(1, len(lines))
        if size <= _READABLE_POINTS or not crowded:
            break
    return found


def runs(found: Layout, height: float) -> list[tuple[int, int]]:
    """Return the rows of each part, first and one past the last, none higher than ``height``."""
    parts: list[tuple[int, int]] = []
    first, used = 0, found.heights[0]
    for row, own in enumerate(found.heights[1:]):
        if used + own > height and row > first:
            parts.append((first, row))
            first, used = row, found.heights[0]
        used += own
    return [*parts, (first, len(found.heights) - 1)]


def shades(surface: Surface, rows: Sequence[int], columns: Sequence[int]) -> list[list[str]]:
    """Return the colour of each cell as ``RRGGBB``; empty where nothing is known."""
    known = [value for line in surface.z for value in line if value is not None]
    low, high = min(known), max(known)

    def shade(value: float | None) -> str:
        if value is None:
            return ""
        if surface.diverges and value < 0:
            return _mixed(MIDDLE, BELOW, value / low)
        if surface.diverges:
            return _mixed(MIDDLE, ABOVE, value / high if high > 0 else 0)
        return _mixed(PALE, DARK, (value - low) / (high - low) if high > low else 0)

    return [[shade(surface.z[row][column]) for column in columns] for row in rows]


def _shared(least: Sequence[float], wanted: Sequence[float], room: float) -> list[float]:
    """Return widths between what columns need and want, which fill the room where they can."""
    if sum(wanted) <= room:
        stretch = min(_MOST_STRETCH, room / sum(wanted))
        return [own * stretch for own in wanted]
    return filled(least, wanted, room)


def _set(grid: Grid, shares: Sequence[float], size: float) -> Layout:
    lines = [_lines(grid.header, shares, _BOLD), *(_lines(row, shares) for row in grid.rows)]
    return Layout(
        size,
        tuple(share * size * _POINTS_A_SIGN for share in shares),
        tuple(n * size * _POINTS_A_LINE + _MARGIN_POINTS for n in lines),
    )


def _wide(text: str) -> float:
    return signs(text) + n_gaps(text) / 2


def _lines(row: Sequence[str], shares: Sequence[float], letter: float = 1.0) -> int:
    return max(
        (
            n_lines(text, max(1.0, (share - _MARGIN_SIGNS) / letter))
            for text, share in zip(row, shares, strict=True)
        ),
        default=1,
    )


def _mixed(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> str:
    return "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(one, other, strict=True))
