"""The parts of a scenario's YAML: inputs as given, plans, a mix of pictures, a listed share."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from etl.scenarios.names import known_currency, known_storefront

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


class Strict(BaseModel):
    """A part in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FigureOfFiling(Strict):
    """A figure of a listed company by reporting period."""

    ticker: str
    metric: str
    period: str


class OwnData(Strict):
    """One's own events, payments or bills: ``source`` names the import, ``bills`` a bill's."""

    source: str


class MeasuredCell(Strict):
    """A measured cell of the generator; without device and run the newest one counts."""

    cell: str
    device: str | None = None
    run: str | None = None


class Given(Strict):
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
    devices
        Of the machine: a benchmark or a run tells the speed and the idle draw of its own, and the
        machine's are so many times those of one device.
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
    devices: int | None = Field(default=None, ge=1, le=100_000)

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


class MixCell(Strict):
    """One kind of picture of a mix: a task at a size, with what is its own.

    Attributes
    ----------
    share
        Of the pictures that reach a user; the shares of all cells add up to 1.
    inputs
        Names of :data:`CELL_INPUTS` → as given; what is left out is the scenario's own.
    """

    share: float = Field(gt=0, le=1)
    images_per_second: Given | None = None
    joules_per_image: Given | None = None
    idle_watts: Given | None = None
    cost_per_image: Given | None = None
    api_price: Given | None = None
    retry_rate: Given | None = None
    blocked_rate: Given | None = None

    @property
    def inputs(self) -> dict[str, Given]:
        """Return what the cell says of its own, by the input's name."""
        told = {name: getattr(self, name) for name in CELL_INPUTS}
        return {name: given for name, given in told.items() if given is not None}


CELL_INPUTS = tuple(name for name in MixCell.model_fields if name != "share")


class Mix(Strict):
    """What pictures a product makes, and what an avatar pack holds.

    Attributes
    ----------
    cells
        Name → kind of picture.
    pack_images
        Pictures of a pack.
    training_seconds, training_joules
        Of the machine, for the adapter of a pack; without it a pack holds pictures alone.
    training_cost
        In their place where training is bought by the piece (``stated`` and ``api``).
    """

    cells: dict[str, MixCell] = Field(min_length=1, max_length=50)
    pack_images: int | None = Field(default=None, ge=1, le=100_000)
    training_seconds: Given | None = None
    training_joules: Given | None = None
    training_cost: Given | None = None

    @model_validator(mode="after")
    def _whole(self) -> Mix:
        total = sum(cell.share for cell in self.cells.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"got shares that add up to {total:g}; expected shares that add to 1")
        told = (self.training_seconds, self.training_joules, self.training_cost)
        if self.pack_images is None and any(each is not None for each in told):
            raise ValueError("got a training without a pack; expected pack_images")
        if self.training_cost is not None and self.training_seconds is not None:
            raise ValueError("got a training's cost and its seconds; expected one of them")
        if self.training_joules is not None and self.training_seconds is None:
            raise ValueError("got training_joules alone; expected training_seconds too")
        return self


class Plan(Strict):
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
    fixed_fee
        What the payment service keeps of every charge beside its rates, in place of the table's.
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
    fixed_fee: Given | None = None
    tax_rate: float | None = Field(default=None, ge=0, le=1)
    refund_rate: float | None = Field(default=None, ge=0, le=1)
    payout_lag_days: float | None = Field(default=None, ge=0, le=3_650)
    source: str = ""

    @field_validator("storefront")
    @classmethod
    def _known_storefront(cls, code: str) -> str:
        return known_storefront(code)


class Listed(Strict):
    """The share whose reaction is set against the cash: an event of the event study."""

    ticker: str
    event_id: str
    window: tuple[int, int] = (-2, 2)
