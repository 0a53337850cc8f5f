"""What a listed company had of AI art at a date; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import CONCEPT_GROUPS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._dates import last_days
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "concept_groups.csv"
INFO = SourceInfo(
    name="concept_groups",
    table=CONCEPT_GROUPS,
    title="What listed companies had of AI art at a date, with the evidence",
    publisher="Press pages named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="Rows are dated: a company moves between groups. A mere month counts from its end.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``concept_groups``; a mere month holds from its last day on."""
    rows = raw.payload.rename(columns={"group": "concept_group"})
    first_day = last_days(rows["valid_from"])["day"]
    return shape(
        CONCEPT_GROUPS, rows.assign(valid_from_date=first_day), raw, evidence_kind="disclosed"
    )
