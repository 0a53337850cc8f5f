"""From a scenario as written to inputs that the models evaluate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from etl.analytics.inputs import INPUTS
from etl.analytics.quantities import Quantity
from etl.analytics.sensitivity import Inputs
from etl.analytics.user_month import BY_USER
from etl.analytics.wave_cash import Horizon
from etl.errors import InputError, SnapshotMissingError
from etl.scenarios.document import Document, validate
from etl.scenarios.evidence import Contradiction, Evidence, Reader, is_currency
from etl.scenarios.lookup import Own, input_of, looked_up, overlaid, refuse_typed, same_time
from etl.scenarios.mix import TRAINING, Cells, equivalent
from etl.scenarios.parts import CELL_INPUTS, FigureOfFiling, Given, Plan
from etl.scenarios.plans import (
    DERIVED,
    Charge,
    PlanTerms,
    blended,
    derived,
    plan_terms,
    refuse_shares,
    with_term,
)
from etl.scenarios.reaction import Reaction, reaction

MONTH = ("active_users", "paying_share")
WAVE = ("installs", "peak_installs_per_day")


@dataclass(frozen=True)
class Scenario:
    """A scenario whose references are looked up.

    Attributes
    ----------
    document
        As written.
    inputs
        Every input that is known, defaults among them (assumed).
    plans
        What is kept of every plan.
    later
        What became known after the day, shown beside and never used.
    contradictions
        Used facts that other facts contradict.
    merged
        Facts that differ and were taken as one range, by their identifiers as ``fact_id`` of the
        input or price joins them.
    reasons
        Input → why its reference gave nothing.
    reaction
        Of the listed share, where one is named.
    cells
        Of the mix, where there is one: each with its own inputs and those of the scenario.
    training
        What the adapter of a pack takes: keys of :data:`etl.scenarios.mix.TRAINING`.
    """

    document: Document
    inputs: Inputs
    plans: tuple[PlanTerms, ...] = ()
    later: tuple[Quantity, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    reaction: Reaction | None = None
    merged: Mapping[str, tuple[Quantity, ...]] = field(
        default_factory=dict[str, tuple[Quantity, ...]]
    )
    cells: Cells = field(default_factory=dict[str, Mapping[str, Quantity]])
    training: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])

    @property
    def horizon(self) -> Horizon:
        """Return over how long money is counted, and the hurdle rate."""
        return Horizon(self.document.horizon_months, self.document.hurdle_rate)

    @property
    def has_month(self) -> bool:
        """Say whether a steady month is described."""
        return any(name in self.inputs.given for name in MONTH)

    @property
    def has_wave(self) -> bool:
        """Say whether a wave is described."""
        return any(name in self.inputs.given for name in WAVE)


def scenario(raw: Mapping[str, Any], place: str, reader: Reader | None) -> Scenario:
    """Return the scenario with every reference looked up.

    Parameters
    ----------
    raw
        Keys of :class:`etl.scenarios.document.Document`.
    place
        Its name in errors.
    reader
        Of the published snapshot; needed where the scenario refers to it.

    Raises
    ------
    InputError
        For an unknown key, a value out of bounds, a reference that is not held or was not public
        on the day, an amount without an exchange rate, or no snapshot where one is needed.
    """
    document = validate(raw, place)
    try:
        return _scenario(document, reader)
    except SnapshotMissingError as missing:
        raise InputError(
            f"got {place}, which refers to collected data, and {missing.got.removeprefix('got ')}",
            missing.expected,
            missing.todo,
            code=missing.code,
        ) from missing


def refuse_typed_faults(raw: Mapping[str, Any], place: str) -> None:
    """Refuse a scenario that no collected fact could make right.

    What is typed is checked as :func:`scenario` does: bounds, units, ranges and days. References
    are taken to be held, so that it can be kept where no snapshot is.

    Raises
    ------
    InputError
        The first fault.
    """
    document = validate(raw, place)
    for name, told in document.inputs.items():
        refuse_typed(name, told, f"inputs.{name}", document)
    if (mix := document.mix) is not None:
        _refuse_mix_by_user(document)
        _refuse_unused(document)
        for name, cell in mix.cells.items():
            for each, told in cell.inputs.items():
                refuse_typed(each, told, f"mix.cells.{name}.{each}", document)
        for name in TRAINING:
            if (told := getattr(mix, name)) is not None:
                refuse_typed(name, told, f"mix.{name}", document)
    evidence = Evidence(None, document.as_of)
    for plan in document.plans:
        for what, told in (("price", plan.price), ("fixed_fee", plan.fixed_fee)):
            if told is not None and told.value is not None:
                _told_amount(plan, what, evidence, Own(None, document))
    if document.plans and "net_proceeds" not in document.inputs:
        refuse_shares(document.plans)
    typed = {n: each for n, each in document.inputs.items() if each.value is not None}
    ends = {n: each.value if each.high is None else each.high for n, each in typed.items()}
    _refuse_more_than_all([ends.get(name) or 0.0 for name in ("refund_rate", "chargeback_rate")])


def _scenario(document: Document, reader: Reader | None) -> Scenario:
    evidence = Evidence(reader, document.as_of)
    own = Own(reader, document)
    given: dict[str, Quantity] = {}
    reasons: dict[str, str] = {}
    for name, told in document.inputs.items():
        found = input_of(name, told, evidence, (document, own, f"inputs.{name}"))
        if isinstance(found, str):
            reasons[name] = found
        else:
            given[name] = found
    cells, training = _mix(document, evidence, own, given)
    if document.mix is not None:
        shares = {name: cell.share for name, cell in document.mix.cells.items()}
        mixed, unknown = equivalent(shares, cells)
        for name in unknown:
            given.pop(name, None)
        given |= mixed
        reasons |= unknown
    plans = _plans(document, evidence, reader)
    if plans and "net_proceeds" not in given:
        net = blended(list(plans))
        if net is None:
            reasons["net_proceeds"] = "; ".join(each.reason for each in plans if each.reason)
        else:
            given["net_proceeds"] = net
    plans = _terms_of_plans(plans, given, reasons)
    reacted = None
    if document.listed is not None and reader is not None:
        try:
            reacted = reaction(reader, document.listed, document.as_of)
        except ValueError as problem:
            got, _, expected = str(problem).partition("; ")
            raise InputError(f"{got} in listed", expected or "another window") from problem
        given.setdefault("cumulative_abnormal_return", reacted.cumulative_abnormal_return)
        if reacted.market_value is not None:
            value = evidence.converted(reacted.market_value, document.currency)
            given.setdefault("market_value", value)
        else:
            reasons["market_value"] = reacted.why_no_value
    used = [each.fact_id for each in (*given.values(), *(plan.price for plan in plans))]
    facts = dict.fromkeys(fact for each in used for fact in _facts_among(each))
    contradictions = [found for fact in facts if (found := evidence.contradictions(fact))]
    _refunds_once(document, given, reasons)
    _no_more_than_all_is_lost(given)
    return Scenario(
        document,
        Inputs(_defaults(document) | given),
        plans,
        tuple(_later(each, evidence) for each in document.later),
        tuple(contradictions),
        reasons,
        reacted,
        evidence.merged,
        cells,
        training,
    )


def _mix(
    document: Document, evidence: Evidence, own: Own, given: Mapping[str, Quantity]
) -> tuple[Cells, Mapping[str, Quantity]]:
    """Return the cells of the mix with all inputs, and what the training of a pack takes."""
    mix = document.mix
    if mix is None:
        return {}, {}
    _refuse_mix_by_user(document)
    _refuse_unused(document)
    shared = {name: given[name] for name in CELL_INPUTS if name in given}

    def all_of(told: Mapping[str, Given], place: str) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        for name, each in told.items():
            quantity = input_of(name, each, evidence, (document, own, f"{place}.{name}"))
            if isinstance(quantity, str):
                raise InputError(f"got {place}.{name}: {quantity}", "a figure")
            found[name] = quantity
        return found

    cells = {
        name: shared | all_of(cell.inputs, f"mix.cells.{name}") for name, cell in mix.cells.items()
    }
    told = {name: getattr(mix, name) for name in TRAINING}
    return cells, all_of({name: each for name, each in told.items() if each}, "mix")


def _refuse_mix_by_user(document: Document) -> None:
    if document.sourcing in BY_USER:
        raise InputError(
            f"got a mix with the sourcing {document.sourcing}",
            "a way of sourcing under which a picture has a cost of its own",
            "use rent, own, serverless, api or stated",
        )


def told_by_every_cell(document: Document) -> tuple[str, ...]:
    """Return the inputs that every cell of the mix tells, so that one of the scenario is unused."""
    if document.mix is None:
        return ()
    cells = document.mix.cells.values()
    return tuple(name for name in CELL_INPUTS if all(name in cell.inputs for cell in cells))


def _refuse_unused(document: Document) -> None:
    unused = [name for name in told_by_every_cell(document) if name in document.inputs]
    if unused:
        raise InputError(
            f"got inputs.{unused[0]} beside a mix of which every cell tells its own",
            "one of the two",
            f"change {unused[0]} in the cells of the mix, or take inputs.{unused[0]} out",
        )


def _terms_of_plans(
    plans: tuple[PlanTerms, ...], given: dict[str, Quantity], reasons: dict[str, str]
) -> tuple[PlanTerms, ...]:
    """Fill what the plans' stores state beside their rates; what the scenario says goes first."""
    for name in DERIVED if plans else ():
        if name in given:
            plans = with_term(plans, name, given[name])
        elif name not in reasons:
            found = derived(plans, name)
            if isinstance(found, str):
                reasons[name] = found
            else:
                given[name] = found
    return plans


def _refunds_once(document: Document, given: dict[str, Quantity], reasons: dict[str, str]) -> None:
    """Leave out a refund rate beside proceeds of one's own, which hold no refunded payment."""
    net = document.inputs.get("net_proceeds")
    if net is not None and net.own is not None and given.pop("refund_rate", None) is not None:
        reasons["refund_rate"] = "the proceeds of one's own payments hold no refunded one already"


def _no_more_than_all_is_lost(given: Mapping[str, Quantity]) -> None:
    """Refuse refunds and chargebacks that together take more than was paid."""
    rates = [given[name] for name in ("refund_rate", "chargeback_rate") if name in given]
    _refuse_more_than_all([rate.ends[1] for rate in rates])


def _refuse_more_than_all(rates: list[float]) -> None:
    worst = sum(rates)
    if worst > 1 + 1e-9:
        raise InputError(
            f"got inputs.refund_rate and inputs.chargeback_rate that reach {worst:g} together",
            "at most 1 of what was paid",
        )


def _defaults(document: Document) -> dict[str, Quantity]:
    return {
        name: Quantity(spec.default, spec.unit, "assumed", source="default of the model")
        for name, spec in INPUTS.items()
        if spec.default is not None
    }


def _facts_among(told: str) -> list[str]:
    """Return the fact identifiers among what a quantity was taken from."""
    return [each for each in told.split(", ") if re.fullmatch(r"F\d+", each)]


def _plans(document: Document, evidence: Evidence, reader: Reader | None) -> tuple[PlanTerms, ...]:
    if not document.plans:
        return ()
    if reader is None:
        raise InputError("got plans without a snapshot", "the table of store terms in a snapshot")
    table = reader.query("SELECT * FROM net_proceeds")
    own = Own(reader, document)

    def terms(plan: Plan) -> PlanTerms:
        price = _amount(plan, "price", evidence, own)
        fee = None if plan.fixed_fee is None else _amount(plan, "fixed_fee", evidence, own)
        return plan_terms(
            plan,
            Charge(price, fee),
            table,
            document.as_of,
            lambda amount: evidence.converted(amount, document.currency),
        )

    return tuple(terms(plan) for plan in document.plans)


def _amount(plan: Plan, what: str, evidence: Evidence, own: Own) -> Quantity:
    """Return the price or the fixed fee of a plan in the scenario's currency."""
    return evidence.converted(_told_amount(plan, what, evidence, own), own.currency)


def _told_amount(plan: Plan, what: str, evidence: Evidence, own: Own) -> Quantity:
    """Return the price or the fixed fee of a plan as told, within its bounds."""
    told: Given = getattr(plan, what)
    place = f"the {what.replace('_', ' ')} of {plan.name!r}"
    per = plan.period if what == "price" else "charge"
    try:
        held = looked_up("net_proceeds", told, evidence, (own.currency, own))
        if isinstance(held, str):
            raise InputError(f"got {place}: {held}", "an amount")
        found = overlaid(held, told)
    except ValueError as problem:
        raise InputError(f"got {place}: {problem}", f"{own.currency}/{per}") from problem
    same_time(place, found.unit, f"{own.currency}/{per}")
    if not is_currency(found.unit.partition("/")[0]):
        raise InputError(f"got {place} in {found.unit}", "an amount of money")
    least = found.ends[0]
    if least < 0 or (least == 0 and what == "price"):
        bound = "above 0" if what == "price" else "of 0 or more"
        raise InputError(f"got {place} {least:g} {found.unit}", f"an amount {bound}")
    return found


def _later(asked: str | FigureOfFiling, evidence: Evidence) -> Quantity:
    if isinstance(asked, str):
        return evidence.fact(asked, later=True)
    return evidence.figure(asked, later=True)
