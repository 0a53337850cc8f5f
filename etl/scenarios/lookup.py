"""One input as written, looked up: its reference, what stands beside it, and its bounds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.analytics.inputs import INPUTS, InputSpec
from etl.analytics.quantities import EVIDENCE_KINDS, Quantity, weakest
from etl.errors import InputError
from etl.scenarios.document import Document
from etl.scenarios.evidence import Evidence, Reader, is_currency
from etl.scenarios.mix import TRAINING
from etl.scenarios.parts import Given

if TYPE_CHECKING:
    from etl.scenarios.spend_inputs import GrowthInputs


class Own:
    """One's own data, asked once for each source."""

    def __init__(self, reader: Reader | None, document: Document) -> None:
        self._reader, self._document = reader, document
        self._asked: dict[str, GrowthInputs] = {}

    @property
    def currency(self) -> str:
        """Return the scenario's currency."""
        return self._document.currency

    def of(self, source: str) -> GrowthInputs:
        """Return what the data of a source tell."""
        # They bring the marts along, and few scenarios need them.
        from etl.scenarios import growth_inputs, spend_inputs

        if self._reader is None:
            raise InputError("got a reference to one's own data", "a published snapshot")
        if source not in self._asked:
            currency, as_of = self._document.currency, self._document.as_of
            self._asked[source] = (
                spend_inputs.bill_quantities(self._reader, currency, as_of=as_of)
                if source == "bills"
                else growth_inputs.growth_quantities(self._reader, source, currency, as_of=as_of)
            )
        return self._asked[source]


def input_of(
    name: str, told: Given, evidence: Evidence, about: tuple[Document, Own, str]
) -> Quantity | str:
    """Return one input, or why its reference gave nothing; ``about`` ends with its place."""
    document, own, place = about
    spec = _SPECS[name]
    unit = spec.unit.replace("{c}", document.currency)
    try:
        found = looked_up(name, told, evidence, (unit, own))
        if isinstance(found, str):
            return found
        # What was typed is what a fault has to name, not what it would be in another currency.
        quantity = checked(place, spec, overlaid(found, told))
        return evidence.converted(quantity, document.currency)
    except ValueError as problem:
        raise InputError(f"got {place}: {problem}", f"{unit}") from problem


_SPECS = INPUTS | TRAINING


def refuse_typed(name: str, told: Given, place: str, document: Document) -> None:
    """Refuse what no collected fact could make right: a typed figure, its unit and its range.

    Raises
    ------
    InputError
        As :func:`input_of`, which also looks references up.
    """
    spec = _SPECS[name]
    if told.value is None:
        for end in (told.low, told.high):
            if end is not None and (fault := spec.fault(end)):
                raise InputError(f"got {place} {end:g}", f"a figure {fault}")
        return
    unit = spec.unit.replace("{c}", document.currency)
    try:
        about = (unit, Own(None, document))
        found = looked_up(name, told, Evidence(None, document.as_of), about)
        assert isinstance(found, Quantity)
        checked(place, spec, overlaid(found, told))
    except ValueError as problem:
        raise InputError(f"got {place}: {problem}", unit) from problem


def looked_up(name: str, told: Given, evidence: Evidence, about: tuple[str, Own]) -> Quantity | str:
    """Return what an input's reference holds, in its own unit, or why it holds nothing."""
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
        return _of_devices(name, told, evidence.benchmark(told.benchmark))
    if told.measured:
        return _of_devices(name, told, evidence.measured(name, told.measured))
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


def _of_devices(name: str, told: Given, found: Quantity) -> Quantity:
    """Return what a machine of several devices does, of which one was measured."""
    n = told.devices
    if n is None or name not in BY_DEVICE:
        return found
    low, high = (None if end is None else end * n for end in (found.low, found.high))
    kind = found.evidence_kind if n == 1 else weakest([found.evidence_kind])
    source = f"{n} × one device: {found.source}"
    return replace(
        found, value=found.value * n, low=low, high=high, evidence_kind=kind, source=source
    )


BY_DEVICE = ("images_per_second", "idle_watts")
"""Inputs that a machine has so many times as it has devices."""


def overlaid(found: Quantity, told: Given) -> Quantity:
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
    _same_per(found.fact_id or found.source, found, unit)
    return replace(found, unit=unit)


def checked(place: str, spec: InputSpec, quantity: Quantity) -> Quantity:
    """Refuse what lies outside the input's bounds, and money where none is meant or none given."""
    name = place.rpartition(".")[2]
    same_time(name, quantity.unit, spec.unit.replace("{c}", "an amount"))
    _same_per(place, quantity, spec.unit)
    money = is_currency(quantity.unit.partition("/")[0])
    if money != spec.unit.startswith("{c}"):
        kind = "an amount of money" if spec.unit.startswith("{c}") else "no amount of money"
        raise InputError(
            f"got {place} in {quantity.unit}", f"{kind} ({spec.unit})", "name its unit"
        )
    for value in (quantity.value, *quantity.ends):
        fault = spec.fault(value)
        if fault:
            got = f"got {place} {value:g} {quantity.unit}"
            raise InputError(got, f"a figure {fault}", _missing_machines(name, value))
    return quantity


def _missing_machines(name: str, utilisation: float) -> str:
    """Say what is missing where machines are asked for all they can make, or more."""
    if name != "utilisation" or utilisation < 1:
        return ""
    most = INPUTS[name].default or 0.0
    needed = (
        "as many machines as now are not enough: queues would never end"
        if utilisation == 1
        else f"more than {utilisation:g} times the present machines are needed "
        f"({utilisation - 1:.3g} more) for queues to end"
    )
    return f"{needed}; {utilisation / most:.3g} times would bring it to {most:g}"


_TIMES = ("second", "minute", "hour", "day", "week", "month", "year")


def _times(unit: str) -> set[str]:
    """Return the words of time in a unit; a pack stands for the time until the next one."""
    words = re.findall(r"[a-z]+", unit)
    return {word.removesuffix("s") for word in words} & {*_TIMES, "pack"}


def same_time(name: str, unit: str, expected: str) -> None:
    """Refuse an hour where a month is meant, and percent where a ratio is."""
    if "percent" in unit or "%" in unit:
        raise InputError(f"got {name} in {unit}", "a ratio between 0 and 1", "divide it by 100")
    if _times(unit) and _times(unit) != _times(expected):
        raise InputError(
            f"got {name} in {unit}", f"a figure in {expected}", "work it out in that unit"
        )


def _same_per(place: str, quantity: Quantity, expected: str) -> None:
    """Refuse what is stated for one thing where another is meant: a server's price for a payer's.

    Where one of the two names no thing, nothing contradicts: a cost of 3 CNY may be a payer's.
    """
    mine, meant = _things(quantity.unit), _things(expected)
    if not (mine and meant) or mine == meant:
        return
    whose = f" of {quantity.fact_id}" if quantity.fact_id else ""
    each, wanted = " and ".join(sorted(meant)), expected.replace("{c}", "an amount")
    raise InputError(
        f"got {place} in {quantity.unit}{whose}",
        f"a figure for each {each} ({wanted})",
        "use another figure, or work it out by a formula",
    )


def _things(unit: str) -> set[str]:
    """Return what a unit is for each of, beside time: ``payer`` of ``CNY/payer/month``."""
    words = (word.strip().removesuffix("s") for word in unit.split("/")[1:])
    return {_ALIKE.get(word, word) for word in words if word and not _times(word)}


_ALIKE = {"picture": "image", "subscriber": "payer"}
