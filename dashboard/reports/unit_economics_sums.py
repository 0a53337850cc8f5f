"""A user's month as a calculation that a spreadsheet keeps live."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.reports.document import Calculation, Formula, Input
from dashboard.reports.grids import calculation_header
from dashboard.reports.live import lacking
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.picture_cost import delivered_cost, generations_per_picture
from etl.analytics.product_month import REPLACED
from etl.analytics.scenario_result import Step
from etl.analytics.user_month import free_images, server_cost_per_user, user_month

_COMMON = ("paying_share", "net_proceeds", "refund_rate", "chargeback_rate")
_MORE = ("ad_revenue_per_free_user", "other_cost_per_user", "fixed_costs", "active_users")
_OF_PAYERS = ("paying_share", "net_proceeds", "paid_images_per_user")
_SHARES = ("ratio", "share")


def user_month_sums(study: ScenarioStudy, words: Words) -> Calculation | None:
    """Return the contribution of a user-month over its inputs; ``None`` where nothing is known.

    An input that nobody gave stands without a value, and what needs it has none until it is typed.
    """
    if study.month is None:
        return None
    lines = _Lines(study, words)
    costs = lines.costs()
    replaced = _Replaced.of(lines)
    inputs = [lines.given(name) for name in (*_COMMON, *_MORE, *replaced.names)] + costs.inputs
    unit = words.t("{currency} a month", currency=study.currency)
    payer = lines.formula(
        "per_payer",
        words.t("A payer's contribution"),
        "{net_proceeds} * (1 - {refund_rate} - {chargeback_rate}) - {other_cost_per_user} - "
        f"({costs.payer})",
        "contribution_per_payer",
        unit,
    )
    other = lines.formula(
        "per_free",
        words.t("Contribution of a user who does not pay"),
        f"{{ad_revenue_per_free_user}} - {{other_cost_per_user}} - ({costs.free})",
        "",
        unit,
    )
    user = lines.formula(
        "per_user",
        words.t("A user's contribution, paying or not"),
        "{paying_share} * {per_payer} + (1 - {paying_share}) * {per_free}",
        "contribution_per_user",
        unit,
    )
    month = lines.formula(
        "monthly_result",
        words.t("The month's result, all costs paid"),
        f"{{active_users}} * ({{per_user}}{replaced.per_user}) - {{fixed_costs}}",
        "monthly_result",
        unit,
    )
    share = lines.formula(
        "break_even",
        words.t("Share of users who must pay, all costs paid"),
        "MAX(0, ({fixed_costs} / {active_users} - {per_free}) / "
        f"({{per_payer}}{replaced.per_payer} - {{per_free}}))",
        _break_even_step(lines.steps),
        words.t("share"),
    )
    told = (payer, other, user, month, share)
    if not any(math.isfinite(line.value) for line in told):
        return None
    waits = lacking(inputs, told)
    known = [line for line in told if math.isfinite(line.value) or waits[line.key]]
    return Calculation(
        words.t("A user's month: change what is yours"),
        calculation_header(words),
        tuple(inputs),
        tuple(known),
    )


def _break_even_step(steps: Mapping[str, Step]) -> str:
    """Return the step that the share must equal: without fixed costs there is one less."""
    with_fixed = "break_even_with_fixed_costs"
    return with_fixed if with_fixed in steps else "break_even_paid_conversion_rate"


@dataclass(frozen=True)
class _Replaced:
    """Payers in place of those who leave: inputs, and what they take of a user and of a payer."""

    names: tuple[str, ...] = ()
    per_user: str = ""
    per_payer: str = ""

    @classmethod
    def of(cls, lines: _Lines) -> _Replaced:
        """Return what a scenario counts; nothing where what it takes is not given."""
        if "acquisition_per_user" not in lines.steps:
            return cls()
        won = "{paid_churn_rate} * {cac}"
        return cls(REPLACED, f" - {{paying_share}} * {won}", f" - {won}")


class _Costs:
    """Inputs of what pictures cost, and the formulas of a payer and of a user who does not pay."""

    def __init__(self, inputs: list[Input], payer: str, free: str) -> None:
        self.inputs, self.payer, self.free = inputs, payer, free


class _Lines:
    """Inputs and formulas of one scenario."""

    def __init__(self, study: ScenarioStudy, words: Words) -> None:
        assert study.month is not None
        self.study, self.words = study, words
        self.values = {
            name: np.asarray(value, dtype=float)
            for name, value in study.scenario.inputs.values().items()
        }
        self.steps = {step.name: step for step in study.month.evaluation.steps}

    def given(self, name: str) -> Input:
        """Return an input of the scenario as it is, or as nothing plays no part."""
        spec, quantity = INPUTS[name], self.study.scenario.inputs.given.get(name)
        value = float(self.values.get(name, np.asarray(math.nan)))
        unit = spec.unit.replace("{c}", self.study.currency)
        if not math.isfinite(value):
            return self._missing(name, names.input_name(name, self.words), unit)
        return self._input(
            name,
            names.input_name(name, self.words),
            value,
            unit,
            self.words.evidence(quantity.evidence_kind if quantity else "assumed"),
            quantity.source if quantity else self.words.t("not given: plays no part"),
        )

    def _missing(self, key: str, label: str, unit: str) -> Input:
        told = self.words.t("not given: an empty cell in the spreadsheet, to be typed")
        return self._input(key, label, math.nan, unit, "", told)

    def _input(
        self, key: str, label: str, value: float, unit: str, evidence: str, source: str
    ) -> Input:
        is_share = unit in _SHARES
        text = names.amount(value if math.isfinite(value) else None, unit, self.words)
        return Input(
            key,
            label,
            value,
            text,
            "0.0%" if is_share else "#,##0.00##",
            names.unit_name(unit, self.words),
            evidence,
            source,
        )

    def costs(self) -> _Costs:
        """Return what pictures cost under the scenario's way of sourcing."""
        sourcing, v = self.study.scenario.document.sourcing, self.values
        if sourcing == "gross_margin":
            margin = self.given("gross_margin")
            return _Costs(
                [margin],
                "{net_proceeds} * (1 - {gross_margin})",
                "{ad_revenue_per_free_user} * (1 - {gross_margin})",
            )
        if sourcing == "shared_server":
            server = self._derived(
                "server_per_user",
                self.words.t("The server's share of a user"),
                float(server_cost_per_user(v)),
            )
            return _Costs([server], "{server_per_user}", "{server_per_user}")
        picture = self._derived(
            "cost_per_image",
            self.words.t("Cost of a delivered picture"),
            float(delivered_cost(v, sourcing)),
        )
        moderation = self._derived(
            "moderation",
            self.words.t("Moderation of a delivered picture"),
            float(generations_per_picture(v) * v["moderation_per_image"]),
        )
        free = self._derived(
            "free_images",
            self.words.t("Pictures of a user who does not pay, cap and abuse counted"),
            float(free_images(v)),
            money=False,
        )
        each = "({cost_per_image} + {moderation})"
        paid = self.given("paid_images_per_user")
        return _Costs(
            [picture, moderation, paid, free],
            f"{{paid_images_per_user}} * {each}",
            f"{{free_images}} * {each}",
        )

    def _derived(self, key: str, label: str, value: float, *, money: bool = True) -> Input:
        unit = self.study.currency if money else "count"
        if not math.isfinite(value):
            return self._missing(key, label, unit)
        kind, source = self.words.evidence("estimated"), self.words.t("from the scenario's inputs")
        return self._input(key, label, value, unit, kind, source)

    def formula(self, key: str, label: str, expression: str, step: str, unit: str) -> Formula:
        """Return a formula with the value of its step; without one it is computed from the rest."""
        value = math.nan
        found = self.steps.get(step)
        if found is not None and found.value is not None:
            value = float(found.value)
        elif key == "per_free":
            value = self._per_free()
        is_share = key == "break_even"
        shown = value if math.isfinite(value) else None
        text = (
            self.words.percent(shown, digits=2)
            if is_share
            else names.amount(shown, self.study.currency, self.words)
        )
        form = "0.00%" if is_share else "#,##0.00##"
        return Formula(key, label, expression, value, text, form, unit)

    def _per_free(self) -> float:
        """Return what a user who does not pay brings: a user's mean where nobody pays."""
        nobody = dict.fromkeys(_OF_PAYERS, np.zeros(()))
        sourcing = self.study.scenario.document.sourcing
        return float(user_month({**self.values, **nobody}, sourcing)["contribution_per_user"])
