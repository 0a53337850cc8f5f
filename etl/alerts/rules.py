"""Rules of alerts: ``alerts.yml`` of the data folder, checked as it is read.

Example::

    rules:
      - {name: meitu-top-10, kind: app_enters_top, app: "1234", storefront: JP, top: 10, to: [desk]}
      - {name: shares, kind: abnormal_return, tickers: [1357.HK], sigmas: 3, to: [desk]}
      - {name: stays, kind: retention_drop, source: our_app, day: 7, to: [growth]}
      - {name: dear, kind: cost_crosses, cell: sdxl/txt2img, hourly_price_usd: 2.5, above: 1.0}
      - {name: thin, kind: scenario_crosses, scenario: small-platform, below: 0}
      - {name: fresh, kind: source_stale, quiet: {begin: "22:00", end: "07:00", timezone: UTC}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from etl.errors import InputError

FILE = "alerts.yml"
_NAME = r"^[a-z0-9][a-z0-9_-]*$"
_EXAMPLE = "rules: [{name: fresh, kind: source_stale, to: [desk]}]"


class Quiet(BaseModel):
    """Hours of the day in which nothing is sent; it is sent by the first look after them.

    Attributes
    ----------
    begin, end
        Clock times; an end before the beginning is that of the next morning.
    timezone
        IANA name of the zone whose clock it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: time
    end: time
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            near = get_close_matches(name, sorted(available_timezones()), n=1)
            hint = f"; perhaps you meant {near[0]!r}" if near else ""
            raise ValueError(f"got the time zone {name!r}; expected an IANA name{hint}")
        return name

    def holds(self, now: datetime) -> bool:
        """Return whether an instant lies in the quiet hours."""
        clock = now.astimezone(ZoneInfo(self.timezone)).time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


class Rule(BaseModel):
    """What every rule has.

    Attributes
    ----------
    name
        By which it is called.
    to
        Channels of ``delivery.yml``; none leaves the alert on the Overview alone.
    language
        Of what is sent.
    tell_clear
        Whether the end of it is sent too.
    quiet
        Hours in which nothing is sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    to: tuple[str, ...] = ()
    language: Literal["en", "zh"] = "en"
    tell_clear: bool = True
    quiet: Quiet | None = None


class AppEntersTop(Rule):
    """An app stands among the first of a chart.

    Attributes
    ----------
    app, storefront, chart_type, category
        Which app (identifier of the table ``apps``) in which chart.
    top
        Positions that raise it: ``top`` and better.
    leaves
        It clears when the app stands behind this position or out of the chart; by default behind
        one and a half times ``top``.
    """

    kind: Literal["app_enters_top"]
    app: str
    storefront: str = Field(pattern=r"^[A-Z]{2}$")
    chart_type: Literal["free", "paid", "grossing"] = "free"
    category: str = "overall"
    top: int = Field(ge=1, le=500)
    leaves: int | None = Field(default=None, ge=1, le=500)

    @property
    def clears_behind(self) -> int:
        """Position behind which it clears."""
        return self.leaves if self.leaves is not None else self.top + -(-self.top // 2)

    @model_validator(mode="after")
    def _in_order(self) -> AppEntersTop:
        if self.clears_behind < self.top:
            raise ValueError(f"got leaves {self.leaves}; it is not before top ({self.top})")
        return self


class AbnormalReturn(Rule):
    """A share's return of its last trading day lies beyond so many standard errors of the model.

    Attributes
    ----------
    tickers
        Shares; all with bars by default.
    sigmas
        Size of t that raises it.
    calm_sigmas
        Size of t below which a later day clears it; by default half of ``sigmas``.
    """

    kind: Literal["abnormal_return"]
    tickers: tuple[str, ...] = ()
    sigmas: float = Field(default=3.0, gt=0, le=20)
    calm_sigmas: float | None = Field(default=None, ge=0, le=20)

    @property
    def calm(self) -> float:
        """Size of t below which it clears."""
        return self.sigmas / 2 if self.calm_sigmas is None else self.calm_sigmas

    @model_validator(mode="after")
    def _in_order(self) -> AbnormalReturn:
        if self.calm > self.sigmas:
            raise ValueError(f"got calm_sigmas {self.calm_sigmas}; it is not over sigmas")
        return self


class RetentionDrop(Rule):
    """The newest complete weekly cohort comes back less than those before it.

    It is raised where the upper end of the newest cohort's 95 % interval lies below the lower end
    of that of the ``weeks`` before together, and clears where the rate is back within it.

    Attributes
    ----------
    source
        Name of a product history.
    day
        Days after the first one.
    weeks
        How many cohorts before it are taken together.
    """

    kind: Literal["retention_drop"]
    source: str
    day: int = Field(default=7, ge=1, le=90)
    weeks: int = Field(default=8, ge=1, le=104)


class Crosses(Rule):
    """A number lies above or below a line.

    Attributes
    ----------
    above, below
        The line: exactly one of them.
    clear
        Where it clears, on the other side of the line; by default the line itself.
    """

    above: float | None = None
    below: float | None = None
    clear: float | None = None

    @property
    def line(self) -> float:
        """The line."""
        told = self.above if self.above is not None else self.below
        assert told is not None
        return told

    @model_validator(mode="after")
    def _one_line(self) -> Crosses:
        if (self.above is None) == (self.below is None):
            raise ValueError("expected exactly one of above and below")
        if self.clear is not None:
            fits = self.clear <= self.line if self.above is not None else self.clear >= self.line
            if not fits:
                raise ValueError(f"got clear {self.clear}; it is on the side of the alarm")
        return self

    def raises(self, value: float) -> bool:
        """Return whether a value is over the line."""
        return value > self.line if self.above is not None else value < self.line

    def clears(self, value: float) -> bool:
        """Return whether a value is back behind the line of the end."""
        end = self.line if self.clear is None else self.clear
        return value <= end if self.above is not None else value >= end


class CostCrosses(Crosses):
    """The cost of 1,000 pictures of a measured cell, in US dollars.

    Attributes
    ----------
    cell
        How the names of the cells begin, for example ``sdxl/txt2img``.
    device
        Name of the device; all by default.
    hourly_price_usd, utilisation
        What an hour of the machine costs (assumed), and its mean use.
    """

    kind: Literal["cost_crosses"]
    cell: str
    device: str = ""
    hourly_price_usd: float = Field(gt=0)
    utilisation: float = Field(default=0.35, gt=0, le=1)


class ScenarioCrosses(Crosses):
    """A result of a scenario.

    Attributes
    ----------
    scenario
        Key of a ready case or a saved one.
    step
        Name of the result; by default what is earned by a user in a month.
    """

    kind: Literal["scenario_crosses"]
    scenario: str
    step: str = "contribution_per_user"


class QueryCrosses(Crosses):
    """A number of the reader's own question.

    Attributes
    ----------
    question
        One SELECT over the published tables with the columns ``subject, value`` and, where known,
        ``as_of, evidence_kind``.
    unit
        Of the value.
    """

    kind: Literal["query_crosses"]
    question: str = Field(min_length=1)
    unit: str = ""


class SourceStale(Rule):
    """A source is stale, or its last run failed.

    Attributes
    ----------
    sources
        Which; all by default.
    """

    kind: Literal["source_stale"]
    sources: tuple[str, ...] = ()


AnyRule = Annotated[
    AppEntersTop
    | AbnormalReturn
    | RetentionDrop
    | CostCrosses
    | ScenarioCrosses
    | QueryCrosses
    | SourceStale,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[Rule]] = {
    "app_enters_top": AppEntersTop,
    "abnormal_return": AbnormalReturn,
    "retention_drop": RetentionDrop,
    "cost_crosses": CostCrosses,
    "scenario_crosses": ScenarioCrosses,
    "query_crosses": QueryCrosses,
    "source_stale": SourceStale,
}


def load(data_dir: Path) -> list[Rule]:
    """Return the rules of the data folder; none where there is no file.

    Raises
    ------
    InputError
        If the file is no YAML, or says something wrong; the nearest known word is named.
    """
    path = data_dir / FILE
    if not path.is_file():
        return []
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InputError(
            f"got {path}, which is no YAML: {problem}", _EXAMPLE, "mend the file"
        ) from None
    return parse(told, str(path))


def parse(told: Any, place: str) -> list[Rule]:
    """Return rules as they are written; see :func:`load`."""
    listed = told.get("rules") if isinstance(told, Mapping) else None
    if not isinstance(listed, list) or set(told) != {"rules"}:
        raise InputError(f"got {place} without a list of rules alone", _EXAMPLE, "mend the file")
    rules = [_rule(one, number, place) for number, one in enumerate(listed, 1)]
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(
            f"got two rules named {twice!r} in {place}", "each name once", "rename one"
        )
    return rules


def _rule(told: Any, number: int, place: str) -> Rule:
    name = told.get("name", number) if isinstance(told, Mapping) else number
    where = f"rule {name} of {place}"
    if not isinstance(told, Mapping):
        raise InputError(
            f"got {told!r} as {where}", "a mapping with name and kind", "mend the file"
        )
    model = KINDS.get(str(told.get("kind")))
    if model is None:
        kind = str(told.get("kind"))
        raise InputError(
            f"got the kind {kind!r} in {where}", f"one of {', '.join(KINDS)}", _nearest(kind, KINDS)
        )
    try:
        return TypeAdapter(model).validate_python(dict(told))
    except ValidationError as problem:
        raise InputError("; ".join(_faults(problem, model, where)), todo="mend the file") from None


def _faults(problem: ValidationError, model: type[Rule], where: str) -> Iterator[str]:
    for fault in problem.errors():
        place = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            known = [name for name in model.model_fields if name != "kind"]
            hint = _nearest(place, known)
            yield f"got the key {place!r} in {where}; expected one of {', '.join(known)}; {hint}"
        elif fault["type"] == "missing":
            yield f"got no {place} in {where}"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            yield f"got {fault['input']!r} for {place or 'it'} in {where}: {said}"


def _nearest(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"perhaps you meant {near[0]!r}" if near else "see the example in the documentation"
