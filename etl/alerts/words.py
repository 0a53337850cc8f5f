"""What is said about an alert, in English and Chinese: its subject, and sentences with evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from etl.alerts.said import KINDS, REASONS, REASONS_WITH_NUMBERS, SAID, SOURCES_ZH, UNITS
from etl.alerts.state import Waiting
from etl.delivery.message import Message

Language = Literal["en", "zh"]
_MOST_RULES = 6
"""Named in the subject of a message of several alerts."""
_LOCALES = {"en": "en_GB", "zh": "zh_CN"}


class Told(Protocol):
    """What a sentence is made of: a reading, or an alert that is remembered."""

    @property
    def kind(self) -> str:
        """Kind of the rule."""
        ...

    @property
    def subject(self) -> str:
        """What it is about."""
        ...

    @property
    def value(self) -> float | None:
        """The number."""
        ...

    @property
    def line(self) -> float | None:
        """The line."""
        ...

    @property
    def unit(self) -> str:
        """Their unit."""
        ...

    @property
    def evidence_kind(self) -> str:
        """How the number came to be."""
        ...

    @property
    def told(self) -> dict[str, Any]:
        """The kind's own numbers and words."""
        ...


class Proven(Told, Protocol):
    """The same with the day, the source and the page that shows it."""

    @property
    def as_of(self) -> date | None:
        """The day it is about."""
        ...

    @property
    def source(self) -> str:
        """Its source in words."""
        ...

    @property
    def url(self) -> str:
        """Its address."""
        ...

    @property
    def link(self) -> str:
        """Path of the page."""
        ...


def message(
    rule_name: str, what: Proven, language: Language, *, is_raised: bool, since: datetime
) -> Message:
    """Return what is sent about the beginning or the end of an alert.

    Parameters
    ----------
    since
        When it began: it may be sent much later.
    """
    said = SAID[language]
    head = said["raised" if is_raised else "cleared"].format(rule=rule_name, subject=what.subject)
    lines = (
        sentence(what, language, is_raised=is_raised),
        proof(what, language),
        said["since"].format(at=_instant(since, language)),
    )
    return Message(head, "\n".join(filter(None, lines)), link=what.link)


def removed(rule_name: str, subject: str, language: Language) -> Message:
    """Return what is sent where a rule was edited and no longer looks at a subject."""
    said = SAID[language]
    return Message(said["cleared"].format(rule=rule_name, subject=subject), said["removed"])


def together(parts: Sequence[Waiting], link_base: str) -> Message:
    """Return several beginnings and ends as one message, a paragraph each, in their order.

    One alone stays as it is. The subject counts them in the language of most.

    Parameters
    ----------
    link_base
        What makes whole addresses of their links, which stand in their paragraphs.
    """
    own = [Message(part.subject, part.text, link=part.link) for part in parts]
    if len(own) == 1:
        return own[0]
    paragraphs = (
        "\n".join(filter(None, (one.subject, one.text, one.foot(link_base)))) for one in own
    )
    return Message(_head(parts, own), "\n\n".join(paragraphs), link="/")


def _head(parts: Sequence[Waiting], own: Sequence[Message]) -> str:
    n_chinese = sum(one.language == "zh" for one in own)
    said = SAID["zh" if 2 * n_chinese > len(own) else "en"]
    n_raised = sum(part.what == "raised" for part in parts)
    n_cleared = len(parts) - n_raised
    names = list(dict.fromkeys(part.rule for part in parts))
    more = "" if len(names) <= _MOST_RULES else " …"
    rules = said["between_rules"].join(names[:_MOST_RULES]) + more
    if not n_raised or not n_cleared:
        form = "several_raised" if n_raised else "several_cleared"
        return said[form].format(n=len(parts), rules=rules)
    form = "several_one" if n_raised == 1 else "several"
    return said[form].format(raised=n_raised, cleared=n_cleared, rules=rules)


def sentence(what: Told, language: Language, *, is_raised: bool = True) -> str:
    """Say in one sentence what was found; made-up data are named first."""
    said = SAID[language]
    form = _form(what, is_raised=is_raised)
    text = said[form].format(**_values(what, language))
    return said["simulated"].format(text=text) if what.evidence_kind == "simulated" else text


def reason(why: str, language: Language) -> str:
    """Return why nothing is known; a reason that no table holds stays as it is."""
    if language == "en":
        return why
    for pattern, told in REASONS_WITH_NUMBERS.items():
        if found := re.fullmatch(pattern, why):
            return told.format(*found.groups())
    return REASONS.get(why, why)


def source(what: Proven, language: Language) -> str:
    """Name the source of what was found."""
    if language == "en" or what.kind not in SOURCES_ZH or not what.source:
        return what.source
    told = what.told | {"subject": what.subject}
    told["speed"] = KINDS["zh"].get(str(told.get("speed")), told.get("speed"))
    return SOURCES_ZH[what.kind].format(**told)


def proof(what: Proven, language: Language) -> str:
    """Return the line of the evidence; empty where there is none."""
    if not what.evidence_kind:
        return ""
    said = SAID[language]
    origin = said["between_parts"].join(filter(None, (source(what, language), what.url)))
    kind = KINDS[language].get(what.evidence_kind, what.evidence_kind)
    if what.as_of is None:
        return said["evidence_undated"].format(kind=kind, source=origin)
    day = _day(what.as_of, language)
    return said["evidence"].format(kind=kind, day=day, source=origin)


def _form(what: Told, *, is_raised: bool) -> str:
    told = what.told
    match what.kind:
        case "app_enters_top" if not is_raised:
            return "app_left" if what.value is None else "app_fell"
        case "abnormal_return" if not is_raised:
            return "abnormal_calm"
        case "retention_drop" if not is_raised:
            return "retention_back"
        case "retention_drop":
            return "retention_drop_one" if told.get("weeks") == 1 else "retention_drop"
        case "source_stale" if not is_raised:
            return "source_fresh"
        case "source_stale":
            return "source_failed" if told.get("has_failed") else "source_stale"
        case "app_enters_top" | "abnormal_return":
            return what.kind
        case _:
            side = "above" if told.get("is_above") else "below"
            return f"crosses_{side}" if is_raised else "crosses_back"


def _values(what: Told, language: Language) -> dict[str, Any]:
    told: dict[str, Any] = dict(what.told)
    told["subject"] = what.subject
    told["unit"] = UNITS[language].get(what.unit, what.unit)
    told["value"], told["line"] = _number(what.value, language), _number(what.line, language)
    match what.kind:
        case "app_enters_top":
            told["chart"] = SAID[language].get(f"chart_{told.get('chart')}", told.get("chart"))
            told["app"] = told.get("app_zh" if language == "zh" else "app", what.subject)
        case "abnormal_return":
            change = None if what.value is None else math.expm1(what.value)
            told["value"] = _percent(change, language, signed=True)
            told["t"] = _number(told.get("t"), language)
            day = told.get("day")  # an alert from before the day was kept bears none
            told["day"] = _day(date.fromisoformat(day), language) if day else "–"
        case "retention_drop":
            told |= {name: _percent(told.get(name), language) for name in ("high", "before")}
            told |= {"value": _percent(what.value, language), "line": _percent(what.line, language)}
            told["size"] = _number(told.get("size"), language)
            told["week"] = _day(date.fromisoformat(told["week"]), language)
            told["stay"] = _retention(told, language)
        case "source_stale":
            told["error"] = told.get("error") or SAID[language]["no_words"]
        case _:
            told["value"] = f"{told['value']} {told['unit']}".rstrip()
    return told


def _retention(told: Mapping[str, Any], language: Language) -> str:
    """Name the retention of a day as the trade does."""
    day = told["day"]
    if language == "zh":
        return "次日留存率" if day == 1 else f"{day}\u00a0日留存率"
    return f"day-{day} retention"


def _day(day: date, language: Language) -> str:
    return format_date(day, "medium", locale=_LOCALES[language])


def _instant(at: datetime, language: Language) -> str:
    return f"{_day(at, language)} {format_datetime(at, 'HH:mm', locale=_LOCALES[language])} UTC"


def _number(x: float | None, language: Language) -> str:
    if x is None:
        return "–"
    size = abs(x)
    pattern = "#,##0" if size >= 1_000 or x == int(x) else "#,##0.00" if size >= 0.1 else "0.####"
    return format_decimal(x, format=f"{pattern};−{pattern}", locale=_LOCALES[language])


def _percent(x: float | None, language: Language, *, signed: bool = False) -> str:
    if x is None:
        return "–"
    return format_percent(x, format=f"{'+' * signed}0.0%;−0.0%", locale=_LOCALES[language])
