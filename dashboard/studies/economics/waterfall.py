"""From the price to the contribution, for a payer and for a user: every step of it adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from dashboard.studies.economics.scenario import SEED, ScenarioStudy
from etl.analytics.inputs import INPUTS
from etl.analytics.product_month import UNITS, month_model
from etl.analytics.quantities import Quantity, weakest
from etl.analytics.scenario_result import DRAWS, Evaluation, Step, evaluate
from etl.analytics.user_month import SUBTRACTED
from etl.scenarios.plans import PlanTerms

Per = Literal["payer", "user"]
COLUMNS = ("name", "amount", "low", "high", "evidence_kind", "role", "missing")
_EVERYBODY = {
    "paying_share": Quantity(1.0, "ratio", "measured"),
    "free_images_per_user": Quantity(0.0, "images/month", "measured"),
    "abuse_share": Quantity(0.0, "ratio", "measured"),
}
"""Nobody is a free user: what such users cost, known or not, then plays no part."""


def waterfall(study: ScenarioStudy, per: Per) -> pd.DataFrame:
    """Return the steps from a price to what is left of it in a month.

    Parameters
    ----------
    per
        ``payer``: the price of all plans by their shares, as one payer pays it. ``user``: the same
        spread over all users, advertising among what comes in, and at the end fixed costs and
        payers in place of those who leave, where they are given.

    Returns
    -------
    DataFrame
        A row a step in order: ``name`` (``price``, ``tax``, ``store``, a step of the month, and
        ``net_proceeds`` for what is kept of the price), ``amount`` in the scenario's currency
        (what a ``subtract`` takes away, above zero), ``low`` and ``high`` (middle 90 % of the
        draws, where it varies), ``evidence_kind``, ``role`` (``start``, ``add``, ``subtract`` or
        ``total``), ``missing`` (inputs without which it is not known). Amounts add up to each
        total. Empty where no month is described.
    """
    if study.month is None:
        return pd.DataFrame(columns=pd.Index(COLUMNS))
    found = _evaluated(study, per)
    steps = {step.name: step for step in found.steps}
    rows = [*_prices(study, per), *_brought(study, steps, per)]
    for name in SUBTRACTED:
        if name in steps and not (per == "payer" and name == "compute_free"):
            rows.append(_row(steps[name], "subtract"))
    rows.append(_row(steps[f"contribution_per_{per}"], "total"))
    after = [name for name in ("acquisition_per_user", "fixed_costs_per_user") if name in steps]
    if per == "user" and after:
        rows += [_row(steps[name], "subtract") for name in after]
        rows.append(_row(steps["result_per_user"], "total"))
    return pd.DataFrame(rows, columns=pd.Index(COLUMNS))


def _evaluated(study: ScenarioStudy, per: Per) -> Evaluation:
    """Return the month of a user, or of a payer: the same with everybody paying."""
    assert study.month is not None
    if per == "user":
        return study.month.evaluation
    found = study.scenario
    inputs = found.inputs.with_(**_EVERYBODY)
    draws = inputs.draws(DRAWS, np.random.default_rng(SEED))
    model = month_model(inputs, found.document.sourcing, found.horizon)
    units = {name: UNITS[name] for name in ("proceeds", *SUBTRACTED, "contribution_per_payer")}
    return evaluate(model, inputs, units, draws)


def _prices(study: ScenarioStudy, per: Per) -> list[dict[str, Any]]:
    """Return price, tax and store, where the proceeds follow from plans."""
    plans = study.scenario.plans
    if not plans or "net_proceeds" in study.scenario.document.inputs:
        return []
    share = study.scenario.inputs.given.get("paying_share")
    paid = 1.0 if per == "payer" else (np.nan if share is None else share.value)
    missing = [] if per == "payer" or share is not None else ["paying_share"]
    kinds = [] if per == "payer" or share is None else [share.evidence_kind]
    rows = (
        ("price", "start", [each.price.value for each in plans], ()),
        ("tax", "subtract", [each.tax for each in plans], ("tax_rate", "price_includes_tax")),
        ("store", "subtract", [each.fees for each in plans], ("commission_rate",)),
    )
    return [
        {
            "name": name,
            "amount": paid * _blend(plans, amounts),
            "low": np.nan,
            "high": np.nan,
            "evidence_kind": _kind(plans, terms, kinds),
            "role": role,
            "missing": missing,
        }
        for name, role, amounts, terms in rows
    ]


def _blend(plans: tuple[PlanTerms, ...], amounts: Sequence[float | None]) -> float:
    """Return the amount of a payer over all plans; NaN where one of them is not known."""
    known = [np.nan if amount is None else amount for amount in amounts]
    return float(sum(each.plan.share * x for each, x in zip(plans, known, strict=True)))


def _kind(plans: tuple[PlanTerms, ...], terms: tuple[str, ...], others: list[str]) -> str:
    prices = [each.price.evidence_kind for each in plans]
    used = [
        each.terms[name].evidence_kind for each in plans for name in terms if name in each.terms
    ]
    kinds = [*prices, *used, *others]
    return kinds[0] if len(kinds) == 1 else weakest(kinds)


def _brought(study: ScenarioStudy, steps: Mapping[str, Step], per: Per) -> list[dict[str, Any]]:
    """Return what is kept of the price, and advertising."""
    from_plans = bool(_prices(study, per))
    proceeds = steps.get("proceeds")
    rows: list[dict[str, Any]] = []
    if proceeds is not None:
        row = {**_row(proceeds, "total" if from_plans else "start"), "name": "net_proceeds"}
        own = study.scenario.inputs.given.get("net_proceeds")
        if per == "payer" and own is not None:
            row["evidence_kind"] = own.evidence_kind
        rows.append(row)
    if per == "user" and "advertising" in steps:
        rows.append(_row(steps["advertising"], "add" if rows else "start"))
    return rows


def _row(step: Step, role: str) -> dict[str, Any]:
    return {
        "name": step.name,
        "amount": np.nan if step.value is None else step.value,
        "low": np.nan if step.low is None else step.low,
        "high": np.nan if step.high is None else step.high,
        "evidence_kind": step.evidence_kind,
        "role": role,
        "missing": [name for name in step.missing if name in INPUTS],
    }
