"""One reading of a rule: what is known of one subject at present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from etl.alerts import rules
from etl.errors import InputError
from etl.warehouse import SnapshotReader

Level = Literal["raised", "clear", "between", "unknown"]


@dataclass(frozen=True)
class Reading:
    """What is known of one subject of a rule.

    Attributes
    ----------
    rule, kind
        Name of the rule, and of which kind it is.
    subject
        What it is about: a ticker, a source, a cell …
    level
        ``raised`` over the line, ``clear`` behind the line of the end, ``between`` the two,
        ``unknown`` where nothing is known (``reason`` says why).
    value, line, unit
        The number, the line, and their unit; no number where there is none.
    as_of
        The day it is about.
    evidence_kind, source, url
        How the number came to be, its source in words and its address.
    link
        Path of the page that shows it.
    told
        More for the sentence: its kind's own numbers and words, as JSON can hold them.
    reason
        Why nothing is known, or its end could not be seen, in English; :mod:`etl.alerts.words`
        has it in Chinese.
    """

    rule: str
    kind: str
    subject: str
    level: Level
    value: float | None = None
    line: float | None = None
    unit: str = ""
    as_of: date | None = None
    evidence_kind: str = ""
    source: str = ""
    url: str = ""
    link: str = ""
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    reason: str = ""


@dataclass(frozen=True)
class Look:
    """What a rule is looked at with: the snapshot, the data folder, the instant.

    Rows of days after the instant are not looked at.
    """

    reader: SnapshotReader
    data_dir: Path
    now: datetime

    @property
    def today(self) -> date:
        """The calendar day of the instant in UTC."""
        return self.now.astimezone(UTC).date()


def require(what: str, got: str, known: Sequence[str], rule: rules.Rule) -> None:
    """Raise InputError where a rule names something that is not held."""
    if got in known:
        return
    near = get_close_matches(got, known, n=1)
    raise InputError(
        f"got the {what} {got!r} in the rule {rule.name}, of which nothing is held",
        f"a {what} that is held",
        f"perhaps you meant {near[0]!r}" if near else f"change the rule in {rules.FILE}",
    )


def day_of(value: Any) -> date:
    """Return the calendar day of a value of a frame; it is known to have one."""
    return cast(pd.Timestamp, pd.Timestamp(value)).date()


def level_of(rule: rules.Crosses, value: float) -> Level:
    """Return where a value lies beside the line of a rule."""
    if rule.raises(value):
        return "raised"
    return "clear" if rule.clears(value) else "between"


def crossing(
    rule: rules.CostCrosses | rules.ScenarioCrosses | rules.QueryCrosses,
    subject: str,
    value: float,
    unit: str,
    **more: Any,
) -> Reading:
    """Return the reading of a number beside the line of its rule.

    Parameters
    ----------
    rule, subject, value, unit
        The number and what it is about.
    more
        Other fields of :class:`Reading`; ``told`` is added to what every crossing tells.
    """
    told = {"is_above": rule.above is not None, **more.pop("told", {})}
    level, line = level_of(rule, value), rule.line
    return Reading(rule.name, rule.kind, subject, level, value, line, unit, told=told, **more)


def number_of(value: Any) -> float | None:
    """Return a finite number; ``None`` for what is missing or is none.

    Raises
    ------
    ValueError
        If it is a word.
    """
    if value is None or pd.isna(value):
        return None
    if isinstance(value, str):
        raise ValueError(f"got the value {value[:60]!r}; expected a number")
    found = float(value)
    return found if np.isfinite(found) else None
