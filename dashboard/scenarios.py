"""Scenarios for the page of unit economics: listed, read, kept, changed, linked.

A scenario is held as it is written, a mapping of :mod:`etl.scenarios.document`. Every change
returns a new one.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from etl.analytics.inputs import INPUTS
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios import links, store
from etl.scenarios.document import Plan, latest_day, validate
from etl.scenarios.mix import TRAINING

DEFAULT = "small-platform"
UNSAVED = store.UNSAVED
"""Key of a scenario that came by a link or a file and lies in no folder."""
_SPECS = INPUTS | TRAINING
TYPED = "typed in"

Raw = dict[str, Any]
PLAN_KEYS = ("name", "period", "share", "store", "storefront", "program", "product")


@dataclass(frozen=True)
class Choice:
    """A scenario that can be chosen.

    Attributes
    ----------
    key
        Name of its file.
    raw
        As written; ``None`` where it cannot be read.
    is_own
        Saved by the reader; a ready case is not.
    fault
        Why it cannot be read.
    """

    key: str
    raw: Raw | None
    is_own: bool
    fault: InputError | None = None

    def name(self, language: str) -> str:
        """Return its name in a language; its key where it has none."""
        return name_of(self.raw, language) if self.raw else self.key


def choices(data_dir: Path) -> dict[str, Choice]:
    """Return every scenario by key: ready cases, then saved ones; broken ones with their fault."""
    own = store.saved(data_dir)
    keys = [DEFAULT, *(key for key in store.cases() if key != DEFAULT)]
    return {key: _choice(key, data_dir, is_own=key in own) for key in dict.fromkeys([*keys, *own])}


def _choice(key: str, data_dir: Path, *, is_own: bool) -> Choice:
    """Return one choice; a file that stands as it was is not read again."""
    own = data_dir / store.FOLDER / f"{key}.yml"
    file = own if is_own else store.CASES_DIR / f"{key}.yml"
    try:
        held = file.stat()
    except OSError:  # removed in the meantime: loading says so
        return _read(key, data_dir, is_own, ())
    # The day counts too: what bears a day to come is a fault until that day.
    state = (held.st_ino, held.st_mtime_ns, held.st_size, latest_day())
    return _read(key, data_dir, is_own, (str(file), *state))


@lru_cache(maxsize=256)
def _read(key: str, data_dir: Path, is_own: bool, _state: tuple[Hashable, ...]) -> Choice:
    try:
        raw = store.load(key, data_dir)
        validate(raw, f"{key}.yml")
    except InputError as fault:
        return Choice(key, None, is_own, fault)
    return Choice(key, raw, is_own)


def name_of(raw: Mapping[str, Any], language: str, what: str = "name") -> str:
    """Return a name or subject in a language; the one there is where it has one alone."""
    own = raw.get(f"{what}_zh") if language == "zh" else ""
    return str(own or raw.get(what) or raw.get("name") or "")


def notes_of(raw: Mapping[str, Any], language: str) -> list[str]:
    """Return what a reader must know."""
    own = raw.get("notes_zh") if language == "zh" else ()
    return [str(note) for note in own or raw.get("notes") or ()]


def save(key: str, name: str, raw: Mapping[str, Any], data_dir: Path) -> bool:
    """Write a scenario under a key and a name; return whether it took the place of another."""
    replaces = key in store.saved(data_dir)
    told = dict(raw)
    if name not in (raw.get("name"), raw.get("name_zh")):
        told["name"] = name
        told.pop("name_zh", None)
    store.save(key, _dated(told), data_dir)
    return replaces


def key_for(asked: str, name: str, before: str, taken: Collection[str]) -> str:
    """Return the key under which a scenario is kept: of its file, and in the address.

    Parameters
    ----------
    asked
        A short name that a reader typed: it is kept, but for what a file name cannot hold.
    name
        The scenario's name in any script. Without a short name the key is made from it, and
        bears a number where another scenario has it already.
    before
        Key of the scenario it was made from; it stands in where the name has no Latin letter.
    taken
        Keys that there are.
    """
    if slug := _slug(asked):
        return slug
    base = _slug(name)
    if not re.search("[a-z]", base):
        stem = "scenario" if before == UNSAVED else before
        base = f"{stem}-{base}" if base else stem
    base = base[:_LONGEST_KEY].strip("-")
    keys = {*taken, UNSAVED}
    if base not in keys:
        return base
    return next(key for n in itertools.count(2) if (key := f"{base}-{n}") not in keys)


_LONGEST_KEY = 55


def _slug(text: str) -> str:
    """Return a text as small Latin letters, digits and hyphens; accents fall off."""
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", latin)[:63].strip("-")


def remove(key: str, data_dir: Path) -> None:
    """Delete a saved scenario."""
    store.remove(key, data_dir)


def code_of(raw: Mapping[str, Any]) -> str:
    """Return a scenario as a code for an address."""
    return links.encode(raw)


def of_code(code: str) -> Raw:
    """Return the scenario of a code, checked."""
    return links.decode(code)


def text_of(raw: Mapping[str, Any]) -> str:
    """Return a scenario as YAML text."""
    return store.written(_dated(raw))


def of_text(text: bytes, name: str) -> Raw:
    """Return a scenario out of a file or text that a reader gives, checked."""
    return store.uploaded(text, name)


def same(one: object, other: object) -> bool:
    """Say whether two scenarios, or parts of them, are written alike."""
    return _plain(one) == _plain(other)


def _plain(written: object) -> str:
    return json.dumps(written, default=str, ensure_ascii=False, sort_keys=True)


def _dated(raw: Mapping[str, Any]) -> Raw:
    """Return a scenario whose day is a day again: a link writes it as text."""
    as_of = raw.get("as_of")
    return {**raw, "as_of": date.fromisoformat(as_of) if isinstance(as_of, str) else as_of}


@dataclass(frozen=True)
class Row:
    """An input as a reader left it in the table.

    Attributes
    ----------
    value, low, high
        ``None`` is an empty cell; an input without a value is not given.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def with_inputs(raw: Mapping[str, Any], rows: Mapping[str, Row]) -> Raw:
    """Return a scenario in which some inputs are typed in, assumed and with nobody's source.

    Raises
    ------
    InputError
        An end of a range that is missing or on the wrong side, a value out of bounds.
    """
    inputs = dict(raw.get("inputs") or {})
    currency = str(raw.get("currency"))
    for name, row in rows.items():
        if row.value is None:
            inputs.pop(name, None)
        else:
            inputs[name] = _typed(name, row, currency)
    return _valid({**raw, "inputs": inputs})


def _typed(name: str, row: Row, currency: str) -> Raw:
    spec = INPUTS[name]
    unit = spec.unit.replace("{c}", currency)
    assert row.value is not None
    try:
        Quantity(row.value, unit, "assumed", row.low, row.high)
    except ValueError as problem:
        got, _, expected = str(problem).removeprefix("got ").partition("; expected ")
        raise InputError(f"got inputs.{name}: {got}", expected) from problem
    for value in (row.value, row.low, row.high):
        if value is not None and (fault := spec.fault(value)):
            raise InputError(f"got inputs.{name}: {value:g} {unit}", f"a figure {fault}")
    ends = {} if row.low is None else {"low": row.low, "high": row.high}
    return {"value": row.value, **ends, "evidence_kind": "assumed", "source": TYPED}


def with_own_data(raw: Mapping[str, Any], source: str, names: Iterable[str]) -> Raw:
    """Return a scenario that takes some inputs from a source of one's own data."""
    inputs = {**(raw.get("inputs") or {}), **{name: {"own": {"source": source}} for name in names}}
    return _valid({**raw, "inputs": inputs})


def put_back(raw: Mapping[str, Any], base: Mapping[str, Any], names: Iterable[str]) -> Raw:
    """Return a scenario in which some inputs are again as in ``base``."""
    inputs, own = dict(raw.get("inputs") or {}), base.get("inputs") or {}
    for name in names:
        inputs.pop(name, None)
        if name in own:
            inputs[name] = own[name]
    return _valid({**raw, "inputs": inputs})


def changed_inputs(raw: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    """Return the inputs that are not as in ``base``, in the order of the catalogue."""
    one, other = raw.get("inputs") or {}, base.get("inputs") or {}
    return [name for name in INPUTS if not same(one.get(name), other.get(name))]


def with_settings(raw: Mapping[str, Any], settings: Mapping[str, Any]) -> Raw:
    """Return a scenario with other settings.

    With another currency the amounts that bore none keep the old one by name, so that they are
    converted at a stated rate and never merely renamed.
    """
    told = {**raw, **settings}
    before = str(raw.get("currency"))
    if told["currency"] != before:
        inputs = raw.get("inputs") or {}
        told["inputs"] = _amounts_in_currency(inputs, before)
        told["plans"] = [
            plan
            | {
                name: _in_currency(plan[name], before)
                for name in ("price", "fixed_fee")
                if plan.get(name) is not None
            }
            for plan in raw.get("plans") or ()
        ]
        if mix := raw.get("mix"):
            cells = {
                name: _amounts_in_currency(cell, before)
                for name, cell in (mix.get("cells") or {}).items()
            }
            told["mix"] = {**_amounts_in_currency(mix, before), "cells": cells}
    return _valid(told)


def _amounts_in_currency(told: Mapping[str, Any], before: str) -> Raw:
    """Return inputs of which those that are money name the currency that they bore by default."""
    return {
        name: _in_currency(given, spec.unit.replace("{c}", before))
        if given is not None
        and (spec := _SPECS.get(name)) is not None
        and spec.unit.startswith("{c}")
        else given
        for name, given in told.items()
    }


def _in_currency(given: Any, unit: str) -> Any:
    told = {"value": given} if isinstance(given, int | float) else dict(given or {})
    is_bare = "value" in told or "formula" in told
    return {**told, "unit": told.get("unit") or unit} if is_bare else given


def with_plans(
    raw: Mapping[str, Any],
    shown: Sequence[Mapping[str, Any]],
    plans: Sequence[tuple[int | None, Mapping[str, Any]]],
) -> Raw:
    """Return a scenario with other plans.

    Parameters
    ----------
    shown
        The rows that the reader was shown, of :func:`plan_row`.
    plans
        Place of the plan that a row was made from (``None`` for a new one), and the row as it was
        left. A price that was changed is assumed and has no source any more.
    """
    old = raw.get("plans") or ()
    told: list[Raw] = []
    for place, row in plans:
        base, was = ({}, {}) if place is None else (dict(old[place]), shown[place])
        price = base.get("price")
        if price is None or not same(_priced(was), _priced(row)):
            price = _typed_price(row, str(raw.get("currency")))
        kept = {key: row.get(key) for key in (*PLAN_KEYS, "price_includes_tax")}
        plan = {**base, **kept, "price": price}
        told.append({key: each for key, each in plan.items() if each not in (None, "")})
    return _valid({**raw, "plans": told})


def _priced(row: Mapping[str, Any]) -> list[Any]:
    return [row.get("price"), row.get("currency")]


def _typed_price(row: Mapping[str, Any], currency: str) -> Raw:
    if row.get("price") is None:
        raise InputError(f"got the plan {row.get('name') or '?'} without a price", "a price")
    price = {"value": row["price"], "evidence_kind": "assumed", "source": TYPED}
    return {**price, "unit": row.get("currency") or currency}


def plan_row(
    raw: Mapping[str, Any], plan: Mapping[str, Any], looked_up: float | None = None
) -> dict[str, Any]:
    """Return a plan as a row of a table: :data:`PLAN_KEYS`, price, currency, price_includes_tax.

    Parameters
    ----------
    looked_up
        The price of one payment in the scenario's currency, for a price by reference; without it
        such a price is missing.
    """
    told = Plan.model_validate(plan)
    currency = str(raw.get("currency"))
    typed = told.price.value is not None
    return {
        **{key: getattr(told, key) for key in PLAN_KEYS},
        "price": told.price.value if typed else looked_up,
        "currency": (told.price.unit or currency).partition("/")[0] if typed else currency,
        "price_includes_tax": told.price_includes_tax,
    }


def _valid(raw: Raw) -> Raw:
    validate(raw, str(raw.get("name") or "the scenario"))
    return raw
