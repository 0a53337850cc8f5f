"""Figures said in public by companies, the press and third parties; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import DISCLOSED_FACTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._dates import known_on
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "disclosed_facts.csv"
INFO = SourceInfo(
    name="disclosed_facts",
    table=DISCLOSED_FACTS,
    title="Figures said in public about AI-art products, their users, prices and costs",
    publisher="Press, filings and price pages named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="About one row in ten may carry a wrong period or meaning; conflicts stand side by side.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``disclosed_facts``.

    ``known_on`` is the printed day, the end of the printed month or year, or the day of
    collection where no date is printed.
    """
    facts = raw.payload
    known = known_on(facts["source_date"], raw.retrieved_at)
    return shape(DISCLOSED_FACTS, facts.join(known), raw)
