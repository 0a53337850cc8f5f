"""The table of a model's card: written from the numbers that were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError

_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_KINDS = ("seen", "wording", "held_out")
_HEAD = (
    "| drawn by | steps | names, first guess | names, five guesses | new wording, five "
    "| unseen things, five | Fréchet | seconds |",
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
        shares = (_share(row["seen"], 1), *(_share(row[kind], 5) for kind in _KINDS))
        last = (f"{row['frechet']:.1f}", f"{row['seconds_per_picture']:.2f}")
        lines.append(_row(row["variant"], row["steps"], *shares, *last))
    for name, held in (("the autoencoder alone", coded), ("the set itself", real)):
        seen = held["seen"]
        both = (_share(seen, 1), _share(seen, 5))
        lines.append(_row(name, "", *both, "", "", f"{held['frechet']:.1f}", ""))
    return "\n".join([*lines, "", _judged(told)])


def _judged(told: dict[str, Any]) -> str:
    """Return how good the judge itself is, and whose seconds stand in the table."""
    judge, machine = told["judge"], told["machine"]
    plain = judge["plain_renderings"]
    chance = 1 / judge["concepts"]
    n = {kind: told["rows"][0][kind]["n"] for kind in _KINDS}
    counts = (
        f"{n['seen']} (names), {n['wording']} (new wording) and {n['held_out']} (unseen things)"
    )
    return (
        f"Shares with 95 % intervals, of {counts} pictures; two styles of one concept count as "
        f"two. Of its own {plain['n']:,} drawings, unchanged, the judge names "
        f"{_percent(plain['top1_rate'])} rightly at first and {_percent(plain['top5_rate'])} in "
        f"five guesses; chance is {100 * chance:.1f} % and {500 * chance:.1f} % of "
        f"{judge['concepts']:,} concepts. Seconds are the median of five single pictures on "
        f"{machine['name']} (threads: {machine['threads']})."
    )


def _share(told: dict[str, Any], guesses: int) -> str:
    """Return a share with its interval."""
    low, high = (told[f"top{guesses}_{end}"] for end in ("low", "high"))
    return f"{_percent(told[f'top{guesses}_rate'])} ({_percent(low, high)})"


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
