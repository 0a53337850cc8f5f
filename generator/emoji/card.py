"""The table of a model's card: written from the numbers that were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError

_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_HEAD = (
    "| drawn by | steps | names, first | names, first five | new wording, first five "
    "| unseen things, first five | Fréchet | seconds |",
    "|---|--:|--:|--:|--:|--:|--:|--:|",
)


def table(told: dict[str, Any]) -> str:
    """Return the lines of a card that state what was measured.

    Parameters
    ----------
    told
        Of :func:`generator.emoji.quality.measure`.
    """
    real, coded = told["autoencoder"]["renderings"], told["autoencoder"]["coded"]
    lines = [*_HEAD]
    for row in told["rows"]:
        seen, worded, out = (row[kind] for kind in ("seen", "wording", "held_out"))
        first = f"{_percent(seen['top1_rate'])} ({_percent(seen['top1_low'], seen['top1_high'])})"
        shares = [_percent(kind["top5_rate"]) for kind in (seen, worded, out)]
        last = (f"{row['frechet']:.1f}", f"{row['seconds_per_picture']:.2f}")
        lines.append(_row(row["variant"], row["steps"], first, *shares, *last))
    for name, held in (("the autoencoder alone", coded), ("the set itself", real)):
        seen = held["seen"]
        first = f"{_percent(seen['top1_rate'])} ({_percent(seen['top1_low'], seen['top1_high'])})"
        five = _percent(seen["top5_rate"])
        lines.append(_row(name, "", first, five, "", "", f"{held['frechet']:.1f}", ""))
    return "\n".join([*lines, "", _judged(told)])


def _judged(told: dict[str, Any]) -> str:
    """Return how good the judge itself is, and whose seconds stand in the table."""
    judge, machine = told["judge"], told["machine"]
    plain = judge["plain_renderings"]
    chance = 1 / judge["concepts"]
    return (
        f"Of {plain['n']:,} plain renderings the judge names {_percent(plain['top1_rate'])} "
        f"rightly at first and {_percent(plain['top5_rate'])} among its first five; chance is "
        f"{100 * chance:.1f} % and {500 * chance:.1f} % of {judge['concepts']:,} concepts. "
        f"Pictures in a cell: {told['rows'][0]['seen']['n']} of names. Seconds are the median of "
        f"five single pictures on {machine['name']} (threads: {machine['threads']})."
    )


def _row(*cells: Any) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _percent(low: float, high: float | None = None) -> str:
    if high is None:
        return f"{100 * low:.0f} %"
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def fill(card: Path, numbers: Path) -> None:
    """Write the table into a card, between its two marks.

    Raises
    ------
    GeneratorError
        The card has no marks.
    """
    text = card.read_text("utf-8")
    if _BEGIN not in text or _END not in text:
        raise GeneratorError(f"{card.name} without marks", f"the lines {_BEGIN} and {_END} in it")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    made = table(json.loads(numbers.read_text("utf-8")))
    card.write_text(f"{before}{_BEGIN}\n{made}\n{_END}{after}", "utf-8")
