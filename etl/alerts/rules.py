"""Rules of alerts, each checked by itself; :mod:`etl.alerts.rules_file` reads them.

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

import hashlib
import re
from datetime import datetime, time
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FILE = "alerts.yml"
_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_CLOCK = re.compile(r"^\d\d:\d\d(:\d\d)?$")
_OF_SENDING = {"name", "to", "language", "tell_clear", "quiet"}
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A number that is one: neither yes nor no, nor a word, nor .nan."""
Whole = Annotated[int, Field(strict=True)]


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

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _a_clock_time(cls, told: Any) -> Any:
        if isinstance(told, str) and _CLOCK.match(told):
            return told
        if isinstance(told, time) and told.tzinfo is None:
            return told
        # YAML reads 22:00 without quotes as the number 1320.
        raise ValueError('expected a clock time in quotes, for example "22:00"')

    @model_validator(mode="after")
    def _apart(self) -> Quiet:
        if self.begin == self.end:
            raise ValueError("expected an end that is not the beginning")
        return self

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

    @property
    def mark(self) -> str:
        """What it looks at and by which line, in short: it differs once the rule is edited."""
        told = self.model_dump_json(exclude=_OF_SENDING)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


class AppEntersTop(Rule):
    """An app stands among the first of a chart.

    Attributes
    ----------
    app, storefront, chart_type, category
        Which app (its identifier or bundle identifier in the table ``apps``) in which chart.
    top
        Positions that raise it: ``top`` and better.
    leaves
        It clears when the app stands behind this position, or is missing in a chart that was read
        as deep; by default behind one and a half times ``top``. In a chart that is read less deep
        it never clears, and the reading says so.
    """

    kind: Literal["app_enters_top"]
    app: str
    storefront: str = Field(pattern=r"^[A-Z]{2}$")
    chart_type: Literal["free", "paid", "grossing"] = "free"
    category: str = "overall"
    top: Whole = Field(ge=1, le=500)
    leaves: Whole | None = Field(default=None, ge=1, le=500)

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

    Days between two looks are not looked at, and of a share whose last bar is older than a week
    nothing is known.

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
    sigmas: Finite = Field(default=3.0, gt=0, le=20)
    calm_sigmas: Finite | None = Field(default=None, ge=0, le=20)

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
    of that of the ``weeks`` before together, and clears where the rate is back within it. Weeks
    begin on Monday.

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
    day: Whole = Field(default=7, ge=1, le=90)
    weeks: Whole = Field(default=8, ge=1, le=104)


class Crosses(Rule):
    """A number lies above or below a line.

    Attributes
    ----------
    above, below
        The line: exactly one of them.
    clear
        Where it clears, on the other side of the line; by default the line itself.
    """

    above: Finite | None = None
    below: Finite | None = None
    clear: Finite | None = None

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
    hourly_price_usd: Finite = Field(gt=0)
    utilisation: Finite = Field(default=0.35, gt=0, le=1)


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
        ``as_of, evidence_kind``. It answers with every subject each time: one that is missing is
        unknown, not over. Without ``evidence_kind`` it is that of the rows of the tables asked.
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


KINDS: dict[str, type[Rule]] = {
    "app_enters_top": AppEntersTop,
    "abnormal_return": AbnormalReturn,
    "retention_drop": RetentionDrop,
    "cost_crosses": CostCrosses,
    "scenario_crosses": ScenarioCrosses,
    "query_crosses": QueryCrosses,
    "source_stale": SourceStale,
}
