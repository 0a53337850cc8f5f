"""What a person or a program is told: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

Report = Callable[[dict[str, Any]], None]


def say(line: str) -> None:
    """Print a line for a person; standard output is for results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def show(document: Any) -> None:
    """Print a result as JSON."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def reporter(as_lines: bool) -> Report:
    """Return what tells progress: words for a person, or JSON lines for a program."""
    if as_lines:
        return lambda event: say(json.dumps(event, ensure_ascii=False))
    return _tell


def _tell(event: dict[str, Any]) -> None:
    kind = event["event"]
    if kind == "cell":
        say(f"[{event['number']}/{event['of']}] {event['key']}")
    elif kind == "doing":
        say(f"    {event['what']}")
    elif kind == "sample":
        share = f"{event['n_images']}/{event['of_images']}"
        say(f"    picture {share}  {event['seconds']:.3f} s")
    elif kind == "ended":
        reason = f": {event['reason']}" if event["reason"] else ""
        say(f"    {event['status']}{reason}")


def counted(entries: Iterable[dict[str, Any]]) -> str:
    """Return how many entries there are of each status; what gave no figures stands apart."""
    n_by_status = Counter(str(entry.get("status", "measured")) for entry in entries)
    without = [f"{n} {status}" for status, n in sorted(n_by_status.items()) if status != "measured"]
    told = f"measured: {n_by_status['measured']}"
    return f"{told}; without figures: {', '.join(without)}" if without else told


def show_table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Print rows as aligned columns; numbers to four digits, nothing as a dash."""
    texts = [[_cell_text(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    for line in (columns, *texts):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cell_text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
