"""A user's month as a calculation that a spreadsheet keeps live."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.reports.document import Calculation, Formula, Input
from dashboard.reports.grids import calculation_header
from dashboard.reports.live import lacking
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names
from dashboard.text import WHOLE_FROM, Words, is_without_minor_unit
from etl.analytics.distributions import FloatArray
from etl.analytics.inputs import INPUTS
from etl.analytics.picture_cost import Values, delivered_cost, generations_per_picture
from etl.analytics.product_month import REPLACED
from etl.analytics.quantities import weakest
from etl.analytics.sensitivity import dependencies, kinds_of, vanishing
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
        "{net_proceeds} - MAX(0, {net_proceeds}) * ({refund_rate} + {chargeback_rate}) - "
        "{other_cost_per_user} - "
        f"({costs.payer})",
        lines.step("contribution_per_payer"),
        unit,
    )
    other = lines.formula(
        "per_free",
        words.t("Contribution of a user who does not pay"),
        f"{{ad_revenue_per_free_user}} - {{other_cost_per_user}} - ({costs.free})",
        lines.per_free(),
        unit,
    )
    user = lines.formula(
        "per_user",
        words.t("A user's contribution, paying or not"),
        "{paying_share} * {per_payer} + (1 - {paying_share}) * {per_free}",
        lines.step("contribution_per_user"),
        unit,
    )
    month = lines.formula(
        "monthly_result",
        words.t("The month's result, all costs paid"),
        f"{{active_users}} * ({{per_user}}{replaced.per_user}) - {{fixed_costs}}",
        lines.step("monthly_result"),
        unit,
    )
    told = (payer, other, user, month, *_break_even(lines, replaced, unit))
    if not any(math.isfinite(line.value) for line in told):
        return None
    waits = lacking(inputs, told)
    # A break-even that no share of payers reaches is an answer: it may change with the inputs.
    known = [
        line
        for line in told
        if math.isfinite(line.value) or waits[line.key] or line.key == "break_even"
    ]
    return Calculation(
        words.t("A user's month: change what is yours"),
        calculation_header(words),
        tuple(inputs),
        tuple(known),
    )


def _break_even(lines: _Lines, replaced: _Replaced, unit: str) -> tuple[Formula, ...]:
    """Return the share of users who must pay, after the two amounts it is the quotient of.

    No share is enough where a payer brings no more than a user who does not pay, as in
    :func:`etl.analytics.user_month.user_month`.
    """
    words, per_free = lines.words, lines.per_free()
    needed = lines.formula(
        "needed",
        words.t("What a user lacks where nobody pays, all costs paid"),
        "{fixed_costs} / {active_users} - {per_free}",
        lines.fixed_costs_per_user() - per_free,
        unit,
    )
    gained = lines.formula(
        "gained",
        words.t("What a payer brings beyond a user who does not pay"),
        f"{{per_payer}}{replaced.per_payer} - {{per_free}}",
        lines.step("contribution_per_payer") - replaced.won(lines) - per_free,
        unit,
    )
    none = words.t("none")
    value = lines.break_even()
    is_none = gained.value <= 0 and needed.value > 0
    share = Formula(
        "break_even",
        words.t("Share of users who must pay, all costs paid"),
        f'IF({{gained}} > 0, MAX(0, {{needed}} / {{gained}}), IF({{needed}} > 0, "{none}", 0))',
        value,
        none if is_none else words.percent(None if math.isnan(value) else value, digits=2),
        "0.00%",
        words.t("share"),
    )
    return needed, gained, share


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

    def won(self, lines: _Lines) -> float:
        """Return what a payer's month bears of winning others; nothing where it is not counted."""
        return math.prod(float(lines.values[name]) for name in self.names) if self.names else 0.0


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
        self.derived = _Derived(study.scenario.document.sourcing)

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
        text = names.bare_amount(value if math.isfinite(value) else None, unit, self.words)
        return Input(
            key,
            label,
            value,
            text,
            "0.0%" if is_share else amount_format(unit),
            names.unit_name(unit, self.words),
            evidence,
            source,
        )

    def costs(self) -> _Costs:
        """Return what pictures cost under the scenario's way of sourcing."""
        sourcing = self.study.scenario.document.sourcing
        if sourcing == "gross_margin":
            margin = self.given("gross_margin")
            return _Costs(
                [margin],
                "{net_proceeds} * (1 - {gross_margin})",
                "{ad_revenue_per_free_user} * (1 - {gross_margin})",
            )
        if sourcing == "shared_server":
            server = self._derived(
                "server_per_user", self.words.t("The server's share of a user"), "{c}/user/month"
            )
            return _Costs([server], "{server_per_user}", "{server_per_user}")
        picture = self._derived(
            "cost_per_image", names.step_name("cost_per_image", self.words), "{c}/image"
        )
        moderation = self._derived(
            "moderation", self.words.t("Moderation of a delivered picture"), "{c}/image"
        )
        free = self._derived(
            "free_images",
            self.words.t("Pictures of a user who does not pay, cap and abuse counted"),
            "images/month",
        )
        each = "({cost_per_image} + {moderation})"
        paid = self.given("paid_images_per_user")
        return _Costs(
            [picture, moderation, paid, free],
            f"{{paid_images_per_user}} * {each}",
            f"{{free_images}} * {each}",
        )

    def _derived(self, key: str, label: str, unit: str) -> Input:
        """Return what follows from inputs, with the weakest evidence among those it needs."""
        value = float(self.derived(self.values)[key])
        unit = unit.replace("{c}", self.study.currency)
        if not math.isfinite(value):
            return self._missing(key, label, unit)
        inputs, needs = self.study.scenario.inputs, dependencies(self.derived)[key]
        left_out = (name for name in needs if name not in inputs.given)
        neutral = [name for name in left_out if INPUTS[name].neutral is not None]
        if key in vanishing(self.derived, neutral):
            kind, source = "assumed", self.words.t("not given: plays no part")
        else:
            kind = weakest(kinds_of(inputs, needs))
            source = self.words.t("from the scenario's inputs")
        return self._input(key, label, value, unit, self.words.evidence(kind), source)

    def formula(self, key: str, label: str, expression: str, value: float, unit: str) -> Formula:
        """Return a formula with its value in the currency; NaN where it is not known."""
        text = names.bare_amount(value, self.study.currency, self.words)
        return Formula(
            key, label, expression, value, text, amount_format(self.study.currency), unit
        )

    def step(self, name: str) -> float:
        """Return the value of a step; NaN where it is not known or does not occur."""
        found = self.steps.get(name)
        return math.nan if found is None or found.value is None else float(found.value)

    def break_even(self) -> float:
        """Return the share of users who must pay; without fixed costs there is one step less."""
        with_fixed = "break_even_with_fixed_costs"
        return self.step(
            with_fixed if with_fixed in self.steps else "break_even_paid_conversion_rate"
        )

    def per_free(self) -> float:
        """Return what a user who does not pay brings: a user's mean where nobody pays."""
        nobody = dict.fromkeys(_OF_PAYERS, np.zeros(()))
        sourcing = self.study.scenario.document.sourcing
        return float(user_month({**self.values, **nobody}, sourcing)["contribution_per_user"])

    def fixed_costs_per_user(self) -> float:
        """Return the fixed costs of a user; without any, the number of users does not matter."""
        fixed, users = float(self.values["fixed_costs"]), float(self.values["active_users"])
        return 0.0 if fixed == 0 else fixed / users


@dataclass(frozen=True)
class _Derived:
    """What follows from several inputs and is changed as one, by its key, on arrays of draws."""

    sourcing: str

    def __call__(self, v: Values) -> dict[str, FloatArray]:
        """Return it under the scenario's way of sourcing."""
        if self.sourcing == "gross_margin":
            return {}
        if self.sourcing == "shared_server":
            return {"server_per_user": server_cost_per_user(v)}
        return {
            "cost_per_image": delivered_cost(v, self.sourcing),
            "moderation": generations_per_picture(v) * v["moderation_per_image"],
            "free_images": free_images(v),
        }


def amount_format(unit: str) -> str:
    """Return how a spreadsheet writes amounts of a unit: of yen and won without decimals."""
    head = unit.partition("/")[0]
    if len(head) == 3 and head.isupper() and is_without_minor_unit(head):
        whole, small = f"#,##0;[<=-{WHOLE_FROM}]-#,##0", "0.00##"
        return f"[>={WHOLE_FROM}]{whole};{small}"
    return "#,##0.00##"
