"""What stores, payment services and taxes keep of a price; bundled only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd

from etl.schemas import NET_PROCEEDS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._dates import last_days
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "net_proceeds.csv"
TERMS = ("store", "storefront", "program", "product", "threshold", "valid_from", "source_url")
INFO = SourceInfo(
    name="net_proceeds",
    table=NET_PROCEEDS,
    title="What stores, payment services and taxes keep of a price",
    publisher="Help pages, press and data sets named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="Empty was not found and is never zero; a range of tax rates names those it may be.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``net_proceeds``.

    ``row_id`` hashes the row's own terms, so that a corrected rate keeps its row. A mere month
    holds from its last day on; ``yes`` and ``no`` become booleans, empty stays missing.
    """
    rows = raw.payload
    columns = {
        "valid_from_date": last_days(rows["valid_from"])["day"],
        "valid_to_date": last_days(rows["valid_to"])["day"],
        "row_id": [_row_id(terms) for terms in rows[list(TERMS)].fillna("").to_numpy()],
    }
    for name in ("price_includes_tax", "tax_deducted_before_commission"):
        columns[name] = rows[name].replace({"yes": "true", "no": "false"})
    return shape(NET_PROCEEDS, rows.assign(**columns), raw)


def _row_id(terms: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(terms).encode()).hexdigest()[:16]
