"""A model's card: written from the record of its training and the numbers that were measured."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

RECORD, FILE = "training.json", "quality.json"
_GRID = """
![Pictures by number of steps](grid.png)

The pictures were not chosen: they are the first of the list that was measured. Numbers:
[quality.json](quality.json)."""
_JUDGE = "python -m generator judge-emoji FOLDER"
_NOT_MEASURED = f"Not measured yet: `{_JUDGE}` does."
_PARTS = {
    "unet": "U-Net",
    "vae": "autoencoder",
    "text_encoder": "reader of words",
    "few-steps": "adapter",
}
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
        # What is nearly all is not told as all.
        return f"{100 * low:.1f} %" if 0.995 <= low < 1 else f"{100 * low:.0f} %"
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def write(folder: Path) -> None:
    """Write the card of a trained folder, and the notices of what it was trained on.

    Parameters
    ----------
    folder
        With the record of its training; what was not measured yet, the card says is not.
    """
    record = json.loads((folder / RECORD).read_text("utf-8"))
    numbers = folder / FILE
    measured, judged = _NOT_MEASURED, _JUDGE
    if numbers.is_file():
        quality = json.loads(numbers.read_text("utf-8"))
        measured, judged = f"{table(quality)}\n{_GRID}", _judged_by(quality)
    weights, drawings = record["weights"], record["drawings"]
    told = Template(_text("card.md")).substitute(
        name=record["model"],
        weights=f"{sum(weights.values()) / 1e6:.2f}",
        parts=", ".join(f"{_PARTS[part]} {n / 1e6:.2f}" for part, n in weights.items()),
        drawings=f"{drawings['trained']:,}",
        names=f"{len(drawings['names']):,}",
        groups=", ".join(drawings["groups"]),
        packages="\n".join(
            _row(f"`{one['name']}` {one['version']}", one["licence"], one["rights"])
            for one in record["packages"]
        ),
        training=_training(record),
        made=_made(record),
        judged=judged,
        measured=measured,
    )
    (folder / "README.md").write_text(told, "utf-8")
    (folder / "NOTICE.md").write_text(_text("notice.md"), "utf-8")


def _text(name: str) -> str:
    return (resources.files("generator") / "emoji" / name).read_text("utf-8")


def _made(record: dict[str, Any]) -> str:
    """Return the command that trains the same."""
    told = {
        "groups": " ".join(f'"{group}"' for group in record["drawings"]["groups"]),
        "unet": ",".join(map(str, record["shape"]["unet"])),
        "steps": ",".join(map(str, record["steps"])),
        "precision": record["precision"],
        "seed": record["seed"],
    }
    options = " ".join(f"--{name} {value}" for name, value in told.items())
    return f"python -m generator make-emoji FOLDER {options}"


def _judged_by(told: dict[str, Any]) -> str:
    """Return the command that measures the same."""
    return (
        f"{_JUDGE} --pictures {told['rows'][0]['seen']['n']} --judge-steps {told['judge']['steps']}"
    )


def _training(record: dict[str, Any]) -> str:
    """Return how it was trained, from its record."""
    stages = "; ".join(
        f"{stage['stage']} {stage['steps']:,} steps in {stage['seconds'] / 60:.0f} minutes of work"
        + _replanned(stage)
        for stage in record["stages"]
    )
    machine, versions = record["machine"], record["versions"]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    return (
        f"On {machine['name']} ({machine['device']}, threads at the end: {machine['threads']}), in "
        f"{record['precision']}, seed {record['seed']}: {stages}. Versions: {packages}. Losses by "
        f"step stand in [{RECORD}]({RECORD})."
    )


def _replanned(stage: dict[str, Any]) -> str:
    """Say where the number of steps was changed on the way: the learning rate falls towards it."""
    planned = stage["planned"]
    if len(planned) == 1:
        return ""
    told = ", ".join(f"{steps:,} from step {begun:,}" for begun, steps in planned)
    return f" (planned: {told})"
