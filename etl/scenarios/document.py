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
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from etl.analytics.inputs import INPUTS, SOURCINGS
from etl.errors import InputError
from etl.scenarios.names import (
    known_currency,
    known_storefront,
    misplaced_input,
    unknown_input,
    unknown_key,
)

EvidenceKind = Literal["measured", "disclosed", "estimated", "simulated", "assumed"]
Period = Literal["week", "month", "year", "pack"]
MONTHS: dict[Period, float] = {"week": 12 / 52, "month": 1.0, "year": 12.0, "pack": 1.0}
"""Months that one payment covers; a pack is taken to be bought once a month."""


def _plain_day(told: Any) -> Any:
    """Refuse numbers, which would be taken for seconds since 1970, and times of a day."""
    is_day = isinstance(told, date) and not isinstance(told, datetime)
    if told is None or is_day or (isinstance(told, str) and _DAY.fullmatch(told)):
        return told
    raise ValueError(f"got {str(told)[:40]}; expected a day such as 2026-11-01")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Day = Annotated[date, BeforeValidator(_plain_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FigureOfFiling(_Strict):
    """A figure of a listed company by reporting period."""

    ticker: str
    metric: str
    period: str


class OwnData(_Strict):
    """One's own events, payments or bills: ``source`` names the import, ``bills`` a bill's."""

    source: str


class MeasuredCell(_Strict):
    """A measured cell of the generator; without device and run the newest one counts."""

    cell: str
    device: str | None = None
    run: str | None = None


class Given(_Strict):
    """One input as given: a typed value, or one reference.

    Attributes
    ----------
    value, low, high
        Typed in; a reference brings its own, and ``low`` with ``high`` then widen it.
    unit
        Needed where the currency is not the scenario's.
    fact, facts
        Identifiers of disclosed facts; several that contradict each other become a range.
    formula
        Arithmetic over fact identifiers, for example ``F0130 / (F0435 / 7)``.
    figure
        Of a filing.
    benchmark
        Identifier of a published benchmark: its rate for one device.
    measured
        A run of the generator: its speed, energy or idle draw, by the input's name.
    own
        One's own data.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    evidence_kind: EvidenceKind | None = None
    shape: Literal["triangular", "uniform"] = "triangular"
    source: str = ""
    source_url: str = ""
    as_of: Day | None = None
    fact: str | None = None
    facts: tuple[str, ...] = ()
    formula: str | None = None
    figure: FigureOfFiling | None = None
    benchmark: str | None = None
    measured: MeasuredCell | None = None
    own: OwnData | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        """Take a bare number as a value."""
        if isinstance(given, str):  # YAML takes 1e6 for a text
            return {"value": given}
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        return {"value": given} if is_number else given

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str | None) -> str | None:
        own = (unit or "").partition("/")[0]
        if re.fullmatch("[A-Z]{3}", own):
            known_currency(own)
        return unit

    @property
    def references(self) -> list[str]:
        """Return the kinds of reference that are used."""
        names = ("fact", "facts", "formula", "figure", "benchmark", "measured", "own")
        return [name for name in names if getattr(self, name)]

    @model_validator(mode="after")
    def _one_way(self) -> Given:
        ways = [*self.references, *(["value"] if self.value is not None else [])]
        if len(ways) != 1:
            raise ValueError(
                f"got {' and '.join(ways) or 'nothing'}; expected one of value, fact, facts, "
                "formula, figure, benchmark, measured, own"
            )
        if (self.low is None) != (self.high is None):
            raise ValueError("got one end of a range; expected low and high")
        typed = self.value is not None and self.evidence_kind not in (None, "assumed")
        if typed and not self.source:
            raise ValueError(
                f"got the evidence kind {self.evidence_kind} without a source; expected a source"
            )
        return self


class Plan(_Strict):
    """A price, where it is paid, and the share of payers who pay it.

    Attributes
    ----------
    price
        As shown to the user.
    period
        What one payment covers.
    share
        Of payers; the shares of all plans add up to 1.
    store, storefront, program, product
        Row of the table of store terms.
    price_includes_tax
        What the table does not say for the storefront; assumed.
    commission_rate, billing_fee_rate, tax_rate, refund_rate, payout_lag_days
        In place of the table's: assumed, with ``source`` as the reason.
    """

    name: str
    price: Given
    period: Period = "month"
    share: float = Field(default=1.0, gt=0, le=1)
    store: str = "app_store"
    storefront: str = "*"
    program: str = "standard"
    product: str = "subscription"
    price_includes_tax: bool | None = None
    commission_rate: float | None = Field(default=None, ge=0, le=1)
    billing_fee_rate: float | None = Field(default=None, ge=0, le=1)
    tax_rate: float | None = Field(default=None, ge=0, le=1)
    refund_rate: float | None = Field(default=None, ge=0, le=1)
    payout_lag_days: float | None = Field(default=None, ge=0, le=3_650)
    source: str = ""

    @field_validator("storefront")
    @classmethod
    def _known_storefront(cls, code: str) -> str:
        return known_storefront(code)


class Listed(_Strict):
    """The share whose reaction is set against the cash: an event of the event study."""

    ticker: str
    event_id: str
    window: tuple[int, int] = (-2, 2)


class Document(_Strict):
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
    "plans": Plan,
    "figure": FigureOfFiling,
    "later": FigureOfFiling,
    "measured": MeasuredCell,
    "own": OwnData,
    "listed": Listed,
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
            todo = f"perhaps you meant inputs: {meant}"
            return InputError(f"got the unknown key {where} in {place}", f"one of {known}", todo)
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
