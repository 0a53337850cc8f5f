"""From a scenario as written to inputs that the models evaluate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from etl.analytics.inputs import INPUTS, InputSpec
from etl.analytics.quantities import EVIDENCE_KINDS, Quantity, weakest
from etl.analytics.sensitivity import Inputs
from etl.analytics.wave_cash import Horizon
from etl.errors import InputError, SnapshotMissingError
from etl.scenarios.document import Document, FigureOfFiling, Given, validate
from etl.scenarios.evidence import Contradiction, Evidence, Reader, is_currency
from etl.scenarios.plans import DERIVED, PlanTerms, blended, derived, plan_terms, with_term
from etl.scenarios.reaction import Reaction, reaction

if TYPE_CHECKING:
    from etl.scenarios.growth_inputs import GrowthInputs

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
    reasons
        Input → why its reference gave nothing.
    reaction
        Of the listed share, where one is named.
    """

    document: Document
    inputs: Inputs
    plans: tuple[PlanTerms, ...] = ()
    later: tuple[Quantity, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    reaction: Reaction | None = None

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


def _scenario(document: Document, reader: Reader | None) -> Scenario:
    evidence = Evidence(reader, document.as_of)
    own = _Own(reader, document)
    given: dict[str, Quantity] = {}
    reasons: dict[str, str] = {}
    for name, told in document.inputs.items():
        found = _input(name, told, evidence, (document, own))
        if isinstance(found, str):
            reasons[name] = found
        else:
            given[name] = found
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
    worst = sum(rate.ends[1] for rate in rates)
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


class _Own:
    """One's own data, asked once for each source."""

    def __init__(self, reader: Reader | None, document: Document) -> None:
        self._reader, self._document = reader, document
        self._asked: dict[str, GrowthInputs] = {}

    def of(self, source: str) -> GrowthInputs:
        """Return what the data of a source tell."""
        from etl.scenarios import growth_inputs  # brings the marts along; few scenarios need it

        if self._reader is None:
            raise InputError("got a reference to one's own data", "a published snapshot")
        if source not in self._asked:
            currency, as_of = self._document.currency, self._document.as_of
            self._asked[source] = (
                growth_inputs.bill_quantities(self._reader, currency, as_of=as_of)
                if source == "bills"
                else growth_inputs.growth_quantities(self._reader, source, currency, as_of=as_of)
            )
        return self._asked[source]


def _input(
    name: str, told: Given, evidence: Evidence, about: tuple[Document, _Own]
) -> Quantity | str:
    """Return one input, or why its reference gave nothing."""
    document, own = about
    spec = INPUTS[name]
    unit = spec.unit.replace("{c}", document.currency)
    try:
        found = _looked_up(name, told, evidence, (unit, own))
        if isinstance(found, str):
            return found
        return _checked(name, spec, evidence.converted(_overlaid(found, told), document.currency))
    except ValueError as problem:
        raise InputError(f"got inputs.{name}: {problem}", f"{unit}") from problem


def _looked_up(
    name: str, told: Given, evidence: Evidence, about: tuple[str, _Own]
) -> Quantity | str:
    unit, own = about
    if told.fact:
        return evidence.fact(told.fact)
    if told.facts:
        return evidence.several(told.facts)
    if told.formula:
        return evidence.formula(told.formula, told.unit or unit, is_told=bool(told.unit))
    if told.figure:
        return evidence.figure(told.figure)
    if told.benchmark:
        return evidence.benchmark(told.benchmark)
    if told.measured:
        return evidence.measured(name, told.measured)
    if told.own:
        answer = own.of(told.own.source)
        if name in answer.found:
            return answer.found[name]
        return answer.reasons.get(name, f"{told.own.source} does not tell it")
    assert told.value is not None
    if told.as_of is not None and told.as_of > evidence.as_of:
        raise InputError(
            f"got {name} as of {told.as_of}", f"what was known on {evidence.as_of}", "move as_of"
        )
    return Quantity(
        told.value,
        told.unit or unit,
        told.evidence_kind or "assumed",
        source=told.source or "typed in",
        source_url=told.source_url,
        as_of=told.as_of,
    )


def _overlaid(found: Quantity, told: Given) -> Quantity:
    """Return a quantity with what the file says of it beside the reference.

    A range that is typed beside a reference is assumed unless the file says otherwise, and nothing
    that is said makes the evidence better than the reference's.
    """
    if told.low is not None and told.high is not None:
        found = replace(found, low=told.low, high=told.high, shape=told.shape)
        if told.references and not told.evidence_kind:
            found = replace(found, evidence_kind=weakest([found.evidence_kind, "assumed"]))
    if told.references:
        found = _weakened(found, told.evidence_kind)
        if told.source:
            found = replace(found, source=f"{told.source} ({found.source})")
        if told.unit:
            found = _renamed(found, told.unit)
    return found


def _weakened(found: Quantity, kind: str | None) -> Quantity:
    if kind is None:
        return found
    own = found.evidence_kind
    if EVIDENCE_KINDS.index(kind) < EVIDENCE_KINDS.index(own):
        raise InputError(
            f"got the evidence kind {kind} of {found.fact_id or found.source}, which is {own}",
            f"{own} or weaker",
            "leave evidence_kind out",
        )
    return replace(found, evidence_kind=kind)


def _renamed(found: Quantity, unit: str) -> Quantity:
    """Return a reference whose unit the file names more closely; never another currency."""
    before, after = (each.partition("/")[0] for each in (found.unit, unit))
    if is_currency(before) and before != after:
        raise InputError(
            f"got the unit {unit} of {found.fact_id or found.source}, which is in {found.unit}",
            f"an amount in {before}",
            "leave unit out: it is converted at the rate of the day",
        )
    return replace(found, unit=unit)


def _checked(name: str, spec: InputSpec, quantity: Quantity) -> Quantity:
    """Refuse what lies outside the input's bounds, and money where none is meant or none given."""
    _same_time(name, quantity.unit, spec.unit.replace("{c}", "an amount"))
    money = is_currency(quantity.unit.partition("/")[0])
    if money != spec.unit.startswith("{c}"):
        kind = "an amount of money" if spec.unit.startswith("{c}") else "no amount of money"
        raise InputError(
            f"got inputs.{name} in {quantity.unit}", f"{kind} ({spec.unit})", "name its unit"
        )
    for value in (quantity.value, *quantity.ends):
        fault = spec.fault(value)
        if fault:
            got = f"got inputs.{name} {value:g} {quantity.unit}"
            raise InputError(got, f"a figure {fault}", _missing_machines(name, value))
    return quantity


def _missing_machines(name: str, utilisation: float) -> str:
    """Say what is missing where machines are asked for all they can make, or more."""
    if name != "utilisation" or utilisation < 1:
        return ""
    most = INPUTS[name].default or 0.0
    return (
        f"more than {utilisation:g} times the machines are missing for queues to end; "
        f"{utilisation / most:.3g} times would bring it to {most:g}"
    )


_TIMES = ("second", "minute", "hour", "day", "week", "month", "year")


def _times(unit: str) -> set[str]:
    """Return the words of time in a unit; a pack stands for the time until the next one."""
    words = re.findall(r"[a-z]+", unit)
    return {word.removesuffix("s") for word in words} & {*_TIMES, "pack"}


def _same_time(name: str, unit: str, expected: str) -> None:
    """Refuse an hour where a month is meant, and percent where a ratio is."""
    if "percent" in unit or "%" in unit:
        raise InputError(f"got {name} in {unit}", "a ratio between 0 and 1", "divide it by 100")
    if _times(unit) and _times(unit) != _times(expected):
        raise InputError(
            f"got {name} in {unit}", f"a figure in {expected}", "work it out in that unit"
        )


def _facts_among(told: str) -> list[str]:
    """Return the fact identifiers among what a quantity was taken from."""
    return [each for each in told.split(", ") if re.fullmatch(r"F\d+", each)]


def _plans(document: Document, evidence: Evidence, reader: Reader | None) -> tuple[PlanTerms, ...]:
    if not document.plans:
        return ()
    if reader is None:
        raise InputError("got plans without a snapshot", "the table of store terms in a snapshot")
    table = reader.query("SELECT * FROM net_proceeds")
    found: list[PlanTerms] = []
    for plan in document.plans:
        about = (f"{document.currency}", _Own(reader, document))
        looked_up = _looked_up("net_proceeds", plan.price, evidence, about)
        if isinstance(looked_up, str):
            raise InputError(f"got the price of {plan.name!r}: {looked_up}", "a price")
        priced = _overlaid(looked_up, plan.price)
        _same_time(f"the price of {plan.name!r}", priced.unit, f"{document.currency}/{plan.period}")
        price = evidence.converted(priced, document.currency)
        if not price.unit.startswith(document.currency):
            raise InputError(
                f"got the price of {plan.name!r} in {price.unit}", "an amount of money"
            )
        found.append(plan_terms(plan, price, table, document.as_of))
    return tuple(found)


def _later(asked: str | FigureOfFiling, evidence: Evidence) -> Quantity:
    if isinstance(asked, str):
        return evidence.fact(asked, later=True)
    return evidence.figure(asked, later=True)
