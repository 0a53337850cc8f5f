"""Claims that contradict each other, as a table."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.quantities import Quantity


def contradictions(study: ScenarioStudy, said: Words) -> Table:
    """Return the claims that answer one question differently, side by side.

    Claims that were taken as one range stand below its middle, which is ours and nobody's.
    """
    used = _used(study, said)
    rows: list[dict[str, Any]] = []
    ours = said.t("Ours: the middle of claims that differ, which nobody stated.")
    for joined, facts in study.scenario.merged.items():
        name, middle = used.get(joined, (joined, None))
        if middle is not None:
            rows.append({**_claim(name, middle, said, is_used=True), "fact_id": "", "remark": ours})
            rows[-1] |= {"source": "", "source_url": "", "as_of": None}
        within = said.t("Within the range that is used.")
        rows += [{**_claim(name, each, said, is_used=False), "remark": within} for each in facts]
    groups = [{each.fact_id for each in facts} for facts in study.scenario.merged.values()]
    for found in study.scenario.contradictions:
        told = {fact for group in groups if found.fact_id in group for fact in group}
        others = [each for each in found.others if each.fact_id not in told]
        if not others:
            continue
        name, quantity = used.get(found.fact_id, (found.fact_id, None))
        if quantity is not None:
            rows.append({**_claim(name, quantity, said, is_used=True), "remark": ""})
        rows += [{**_claim(name, each, said, is_used=False), "remark": ""} for each in others]
    columns = {
        "input": TableColumn(said.t("Input")),
        "is_used": TableColumn(said.t("Used here"), "check"),
        "value": TableColumn(said.t("Figure")),
        "fact_id": TableColumn(said.t("Claim")),
        "evidence": TableColumn(said.t("Evidence")),
        "as_of": TableColumn(said.t("As of"), "date"),
        "remark": TableColumn(said.t("Remark"), "wide"),
        "source": TableColumn(said.t("Source"), "wide"),
        "source_url": TableColumn(said.t("Address"), "link"),
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "contradicting-claims")


def _used(study: ScenarioStudy, said: Words) -> dict[str, tuple[str, Quantity]]:
    """Return the inputs and prices by the claims they were taken from, with their names."""
    prices = {
        plan.price.fact_id: (said.t("Price of {plan}", plan=plan.plan.name), plan.price)
        for plan in study.scenario.plans
    }
    given = study.scenario.inputs.given.items()
    # What is kept of a price bears the price's claim too: it is the price that was claimed.
    return {each.fact_id: (names.input_name(name, said), each) for name, each in given} | prices


def _claim(name: str, claim: Quantity, said: Words, *, is_used: bool) -> dict[str, Any]:
    low, high = claim.ends
    value = names.amount(claim.value, claim.unit, said)
    ends = [names.amount(end, claim.unit, said) for end in (low, high)]
    return {
        "input": name,
        "is_used": is_used,
        "value": (
            value
            if claim.is_exact
            else said.t("{value}, {low} to {high}", value=value, low=ends[0], high=ends[1])
        ),
        "fact_id": claim.fact_id,
        "evidence": said.evidence(claim.evidence_kind),
        "as_of": claim.as_of,
        "source": claim.source,
        "source_url": claim.source_url,
    }
