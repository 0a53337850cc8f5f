"""Cards with dense rates, memory and power; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import GPUS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._dates import exact_days
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "gpus.csv"
INFO = SourceInfo(
    name="gpus",
    table=GPUS,
    title="Graphics cards and accelerators: dense rates, memory, power",
    publisher="Collections and pages named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="Sources disagree on the Ascend 910B and the B300.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``gpus``; a mere month or year of release moves into the note."""
    cards = raw.payload
    exact = exact_days(cards["released_on"])
    vague = cards["released_on"].notna() & exact.isna()
    printed = ("released " + cards["released_on"] + "; " + cards["note"].fillna("")).str.rstrip(
        "; "
    )
    cards = cards.assign(released_on=exact, note=cards["note"].mask(vague, printed))
    # Every row was read on a third party's page, none on its maker's.
    return shape(GPUS, cards, raw, evidence_kind="estimated")
