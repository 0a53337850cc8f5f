"""How good the pictures of our small model are, by number of steps: measured with its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

FILE = "quality.json"
KINDS = ("seen", "wording", "held_out")
_NAMES = {"n": "n", "rate": "top5_rate", "low": "top5_low", "high": "top5_high"}


@dataclass(frozen=True)
class PictureQuality:
    """What was measured when the weights were made.

    Attributes
    ----------
    rows
        One a way of drawing: ``variant`` (``few-steps`` or ``guided``), ``steps``,
        ``seconds_per_picture``, ``frechet`` (distance from the drawings it was trained on), and of
        each kind of words (``seen``: names it was taught; ``wording``: keywords never told
        together; ``held_out``: things it never saw) ``n`` pictures and the ``rate`` of those that
        a judge names rightly in five guesses (0 to 1), with ``low`` and ``high`` (Wilson, 95 %);
        such as ``seen_rate``.
    decoded_rate
        The rate of the drawings themselves, coded and decoded.
    chance_rate
        Of a picture that shows nothing.
    device
        On which the seconds were measured.
    measured_at
        When.
    """

    rows: pd.DataFrame
    decoded_rate: float
    chance_rate: float
    device: str
    measured_at: datetime


def picture_quality(folder: Path) -> PictureQuality | None:
    """Return what lies beside the weights of our small model; ``None`` where none was measured.

    Parameters
    ----------
    folder
        Of the model.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    told = json.loads(file.read_text("utf-8"))
    rows = [
        {
            **{name: row[name] for name in ("variant", "steps", "seconds_per_picture", "frechet")},
            **{
                f"{kind}_{ours}": row[kind][theirs]
                for kind in KINDS
                for ours, theirs in _NAMES.items()
            },
        }
        for row in told["rows"]
    ]
    return PictureQuality(
        pd.DataFrame(rows),
        told["autoencoder"]["coded"]["seen"]["top5_rate"],
        5 / told["judge"]["concepts"],
        told["machine"]["name"],
        datetime.fromisoformat(told["measured_at"]),
    )


def with_cost(quality: PictureQuality, hourly_usd: float) -> pd.DataFrame:
    """Return the rows with ``usd_per_1000``: a machine at that price, busy with nothing else."""
    seconds = quality.rows["seconds_per_picture"]
    return quality.rows.assign(usd_per_1000=seconds / 3600 * hourly_usd * 1000)
