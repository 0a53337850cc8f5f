"""What one's own data tell of the inputs of a scenario."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dashboard.queries import Reader
from etl.analytics.inputs import INPUTS
from etl.errors import ArtonomicsError

BILLS = "bills"


def sources(reader: Reader) -> pd.DataFrame:
    """Return ``source, evidence_kind`` of every history and of the bills that are held."""
    return reader.query(
        """
        SELECT * FROM (
            SELECT source, evidence_kind FROM growth_definitions
            UNION
            SELECT source, min(evidence_kind) FROM subscription_transactions
            WHERE source NOT IN (SELECT source FROM growth_definitions) GROUP BY source
            UNION
            SELECT source, min(evidence_kind) FROM acquisition_spend
            WHERE source NOT IN (SELECT source FROM growth_definitions) GROUP BY source
            UNION
            SELECT 'bills', min(evidence_kind) FROM gpu_bills HAVING count(*) > 0
        )
        ORDER BY evidence_kind = 'simulated', source
        """
    )


def own_inputs(reader: Reader, source: str, currency: str, as_of: date) -> pd.DataFrame:
    """Return what a source tells.

    Returns
    -------
    DataFrame
        ``name, value, low, high, unit, evidence_kind, source, as_of, reason`` a row an input in
        the order of the catalogue; where the data do not tell it, the reason why.
    """
    from etl.scenarios import growth_inputs, spend_inputs  # bring the marts along

    names = ("value", "low", "high", "unit", "evidence_kind", "source", "as_of")
    columns = pd.Index(["name", *names, "reason"])
    try:
        answer = (
            spend_inputs.bill_quantities(reader, currency, as_of=as_of)
            if source == BILLS
            else growth_inputs.growth_quantities(reader, source, currency, as_of=as_of)
        )
    except ArtonomicsError as fault:
        return pd.DataFrame([{"name": "", "reason": str(fault)}], columns=columns)
    rows = [
        {"name": name, **{each: getattr(found, each) for each in names}, "reason": ""}
        if (found := answer.found.get(name)) is not None
        else {"name": name, "reason": answer.reasons[name]}
        for name in INPUTS
        if name in answer.found or name in answer.reasons
    ]
    return pd.DataFrame(rows, columns=columns)
