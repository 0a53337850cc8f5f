"""How good the pictures of our small model are, by number of steps: measured with its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from etl.analytics.proportions import wilson

FILE = "quality.json"


@dataclass(frozen=True)
class PictureQuality:
    """What was measured when the weights were made.

    Attributes
    ----------
    rows
        One a way of drawing: ``variant`` (``few-steps`` or ``guided``), ``steps``,
        ``seconds_per_picture``, ``n`` pictures, ``named_rate`` (share that a judge names rightly
        among its first five, 0 to 1) with ``named_low`` and ``named_high`` (Wilson, 95 %), and
        ``frechet`` (distance from the drawings it was trained on).
    most_rate
        The same share of the drawings themselves, coded and decoded: the most it could reach.
    chance_rate
        Of a picture that shows nothing.
    device
        On which the seconds were measured.
    measured_on
        The day.
    """

    rows: pd.DataFrame
    most_rate: float
    chance_rate: float
    device: str
    measured_on: date


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
    seen = [row["seen"] for row in told["rows"]]
    n = [one["n"] for one in seen]
    rate = [one["top5_rate"] for one in seen]
    low, high = wilson([round(r * count) for r, count in zip(rate, n, strict=True)], n)
    rows = pd.DataFrame(
        {
            **{
                name: [row[name] for row in told["rows"]]
                for name in ("variant", "steps", "seconds_per_picture", "frechet")
            },
            "n": n,
            "named_rate": rate,
            "named_low": low,
            "named_high": high,
        }
    )
    return PictureQuality(
        rows,
        told["autoencoder"]["coded"]["seen"]["top5_rate"],
        5 / told["judge"]["concepts"],
        told["machine"]["name"],
        datetime.fromisoformat(told["measured_at"]).date(),
    )


def with_cost(quality: PictureQuality, hourly_usd: float) -> pd.DataFrame:
    """Return the rows with ``usd_per_1000``: a machine at that price, busy with nothing else."""
    seconds = quality.rows["seconds_per_picture"]
    return quality.rows.assign(usd_per_1000=seconds / 3600 * hourly_usd * 1000)
