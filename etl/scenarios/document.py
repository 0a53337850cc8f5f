"""The YAML of a scenario: its keys, and errors that name the nearest known one.

Example::

    name: My app
    currency: CNY
    as_of: 2026-11-01
    sourcing: rent
    inputs:
      active_users: 120000
      paying_share: {value: 0.024, low: 0.007, high: 0.046, source: a guess}
      hourly_price: {fact: F0287}
      images_per_second: {benchmark: mlperf-5.1-0004-datacenter-offline}
      joules_per_image: {measured: {cell: sdxl/txt2img/tuned/b8/native/s20/g8/twin}}
    plans:
      - {name: monthly, price: 15, period: month, store: app_store, storefront: CN}
    mix:
      cells:
        portraits 1024:
          share: 0.7
          images_per_second: {measured: {cell: sdxl/txt2img/tuned/b8/native/s20/g8/twin}}
          retry_rate: 0.4
        edits 512: {share: 0.3, images_per_second: 6.5, retry_rate: {value: 1, source: a guess}}
      pack_images: 40
      training_seconds: 300

With a mix the speed, energy, price and retries of a picture are those of its cells together
(:mod:`etl.scenarios.mix`); the price of the machine, its utilisation and everything else stay
inputs of the scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from etl.analytics.inputs import INPUTS, SOURCINGS
from etl.errors import InputError
from etl.scenarios.names import known_currency, misplaced_input, unknown_input, unknown_key
from etl.scenarios.parts import (
    CELL_INPUTS,
    Day,
    FigureOfFiling,
    Given,
    Listed,
    MeasuredCell,
    Mix,
    MixCell,
    OwnData,
    Plan,
    Strict,
)


class Document(Strict):
    """A whole scenario as written.

    Attributes
    ----------
    name, name_zh, subject, subject_zh
        For a reader.
    as_of
        What became known later is not used.
    currency
        ISO code of every amount; others are converted at the rate of their day.
    horizon_months, hurdle_rate
        Over how long money is counted, and what it must earn in a year.
    sourcing
        Key of :data:`etl.analytics.inputs.SOURCINGS`.
    inputs
        Name → as given.
    plans
        Prices; without any, ``net_proceeds`` is an input.
    mix
        Kinds of pictures and an avatar pack; without one all pictures are alike.
    listed
        For the hype multiple.
    later
        Facts and figures that became known after ``as_of``, shown beside and never used.
    notes, notes_zh
        What a reader must know.
    """

    name: str
    name_zh: str = ""
    subject: str = ""
    subject_zh: str = ""
    as_of: Day
    currency: str
    horizon_months: int = Field(default=12, ge=1, le=600)
    hurdle_rate: float = Field(default=0.15, gt=-1, le=10)
    sourcing: Literal[
        "stated", "rent", "own", "serverless", "api", "shared_server", "gross_margin"
    ] = "stated"
    inputs: dict[str, Given] = Field(default_factory=dict[str, Given])
    plans: tuple[Plan, ...] = ()
    mix: Mix | None = None
    listed: Listed | None = None
    later: tuple[str | FigureOfFiling, ...] = ()
    notes: tuple[str, ...] = ()
    notes_zh: tuple[str, ...] = ()

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        return known_currency(code)

    @field_validator("as_of")
    @classmethod
    def _not_ahead(cls, day: date) -> date:
        if day > latest_day():
            raise ValueError(f"got {day}, a day to come; expected a day up to today")
        return day


def latest_day() -> date:
    """Return the newest calendar day that has begun somewhere: it begins 14 hours before UTC's."""
    return (datetime.now(UTC) + timedelta(hours=14)).date()


def read(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises
    ------
    InputError
        If there is no such file, it is no YAML, names a key twice, or holds no mapping.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(
            f"got {path}, which cannot be read ({problem})", "a scenario as a YAML file"
        ) from problem


def parse(text: str, place: str) -> dict[str, Any]:
    """Return the mapping in YAML text; ``place`` is its name in errors."""
    try:
        found = yaml.load(text, _OnceLoader)
    # Days that do not exist, numbers of thousands of digits and keys that are lists are no YAML
    # errors to the library, nor is nesting without end.
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as problem:
        raise InputError(
            f"got {place}, which is no valid YAML: {' '.join(str(problem).split())}",
            "a scenario: name, currency, as_of, inputs …",
        ) from problem
    if not isinstance(found, dict):
        raise InputError(f"got {place} without any key", "a scenario: name, currency, inputs …")
    return found


def validate(raw: Mapping[str, Any], place: str) -> Document:
    """Return the scenario, or an error that names the key, the value and the nearest known key."""
    _know_inputs(raw, place)
    try:
        return Document.model_validate(raw)
    except ValidationError as problem:
        raise _told(problem, place) from problem


class _OnceLoader(yaml.SafeLoader):
    """The safe loader, for which a key that stands twice is an error and not a silent choice."""


def _once(loader: _OnceLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice", key_node.start_mark
            )
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


_OnceLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


def _know_inputs(raw: Mapping[str, Any], place: str) -> None:
    inputs = raw.get("inputs")
    for name in inputs if isinstance(inputs, dict) else ():
        if name not in INPUTS:
            raise unknown_input(f"inputs.{name} in {place}", str(name))


_MODELS: dict[str, type[BaseModel]] = {
    "inputs": Given,
    "price": Given,
    "fixed_fee": Given,
    "plans": Plan,
    "figure": FigureOfFiling,
    "later": FigureOfFiling,
    "measured": MeasuredCell,
    "own": OwnData,
    "listed": Listed,
    "mix": Mix,
    "cells": MixCell,
    **dict.fromkeys(CELL_INPUTS, Given),
    **dict.fromkeys(("training_seconds", "training_joules", "training_cost"), Given),
}


def _told(problem: ValidationError, place: str) -> InputError:
    """Return the first fault in the reader's terms."""
    faults = problem.errors()
    # A misspelt key also leaves the right one missing: the misspelling is what to mend.
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    path = [str(part) for part in fault["loc"] if part not in ("FigureOfFiling", "str")]
    where = ".".join(path)
    if fault["type"] == "extra_forbidden":
        owner = next((_MODELS[part] for part in reversed(path[:-1]) if part in _MODELS), Document)
        meant = misplaced_input(path[-1]) if len(path) == 1 else ""
        if meant:
            known = ", ".join(owner.model_fields)
            got = f"got the unknown key {where} in {place} (perhaps you meant inputs: {meant})"
            return InputError(got, f"one of {known}")
        return unknown_key(f"{where} in {place}", path[-1], list(owner.model_fields))
    if fault["type"] == "missing":
        return InputError(f"got no {where} in {place}", f"a scenario with {path[-1]}", "add it")
    expected = fault["msg"].removeprefix("Value error, ")
    if path[-1:] == ["sourcing"]:
        expected = f"one of {', '.join(SOURCINGS)}"
    expected, _, meant = expected.partition("; perhaps ")
    told, _, better = expected.partition("; expected ")
    expected = better or expected[0].lower() + expected[1:]
    shown = told.removeprefix("got ") if better else repr(fault.get("input"))[:80]
    todo = f"perhaps {meant}" if meant else ""
    return InputError(f"got {where}: {shown} in {place}", expected, todo)
