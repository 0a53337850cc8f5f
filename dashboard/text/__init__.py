"""Words: gettext catalogues and Babel formatting.

Pages, figures and reports get a :class:`Words` and say everything through it. The ``.po`` files are
the only truth: they are compiled in memory. ``python -m dashboard.text`` brings them up to date.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard, TypeVar, cast

import pandas as pd
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from etl.errors import InputError

LANGUAGES = ("en", "zh")
CATALOGUES = {"en": "en", "zh": "zh_CN"}
"""Folder of the catalogue of each language."""
FORMATS = {"en": "en_GB", "zh": "zh_CN"}
"""Babel locale by which numbers and dates are written."""
MISSING = "–"
"""How a missing value is shown: never as zero."""
WHOLE_FROM = 10
"""Amounts of a currency without a minor unit are whole from here on; see :func:`money_digits`."""
_FULL_WIDTH_STOPS = tuple("。！？；：，、）”")
"""Signs of a Chinese sentence that bring the room after them along."""
_CHINESE = "\u3000-\u303f\u3400-\u9fff\uff00-\uff60"
"""Signs of Chinese and its punctuation, as a class of a regular expression."""
_BEGINS_CHINESE = re.compile(f"[{_CHINESE}]")
_ENDS_CHINESE = re.compile(f"[{_CHINESE}]$")
LOCALE_DIR = Path(__file__).resolve().parent / "locale"

Value = TypeVar("Value")


def catalogue_path(language: str) -> Path:
    """Return the ``.po`` file of ``language``."""
    return LOCALE_DIR / CATALOGUES[language] / "LC_MESSAGES" / "artonomics.po"


@dataclass(frozen=True)
class Words:
    """Everything that is said in one language.

    Attributes
    ----------
    language
        ``en`` or ``zh``.
    translations
        The compiled catalogue.
    """

    language: str
    translations: gettext.NullTranslations

    @property
    def locale(self) -> str:
        """Babel locale of numbers and dates."""
        return FORMATS[self.language]

    def t(self, message: str, /, **values: Any) -> str:
        """Translate ``message`` (a literal English sentence) and fill its ``{placeholders}``."""
        said = self.translations.gettext(message)
        return self.filled(said, values) if values else said

    def n(self, singular: str, plural: str, n: int, /, **values: Any) -> str:
        """Translate the form that goes with the count ``n``; ``{n}`` is filled with it."""
        said = self.translations.ngettext(singular, plural, n)
        return self.filled(said, {"n": self.number(n, digits=0), **values})

    def filled(self, said: str, values: dict[str, Any]) -> str:
        """Fill placeholders; the room left for foreign text closes beside a Chinese value."""
        if self.language == "zh":
            for name, value in values.items():
                if not isinstance(value, str):
                    continue
                if _BEGINS_CHINESE.match(value):
                    said = re.sub(rf"(?<=[{_CHINESE}]) \{{{name}\}}", f"{{{name}}}", said)
                if _ENDS_CHINESE.search(value):
                    said = re.sub(rf"\{{{name}\}} (?=[{_CHINESE}])", f"{{{name}}}", said)
        return said.format(**values)

    def sentences(self, told: Iterable[str]) -> str:
        """Join sentences, empty ones left out: by a space, or by nothing after a Chinese stop.

        Bold type of Markdown that ends in a stop closes only before a space or a sign, for which
        stands one of no width.
        """
        parts = [part for part in told if part]
        glued = [part + self._gap(part) for part in parts[:-1]]
        return "".join([*glued, *parts[-1:]])

    def listed(self, items: Iterable[object]) -> str:
        """Join the items of a list by the sign that stands between them."""
        return self.t(", ").join(map(str, items))

    def labelled(self, label: object, told: object) -> str:
        """Write what is told behind its label and a colon."""
        return self.t("{label}: {told}", label=label, told=told)

    def noted(self, told: object, note: object) -> str:
        """Write a note in brackets behind what it is about."""
        return self.t("{told} ({note})", told=told, note=note)

    def _gap(self, part: str) -> str:
        bare = part.rstrip("*")
        if self.language != "zh" or not bare.endswith(_FULL_WIDTH_STOPS):
            return " "
        return "" if bare == part else "&#8203;"

    def date(self, day: date | None) -> str:
        """Write a calendar day, for example 7 Dec 2022; a missing one as a dash."""
        return format_date(day, "medium", locale=self.locale) if _known(day) else MISSING

    def month(self, day: date | None) -> str:
        """Write the month of a day, for example July 2025; a missing one as a dash."""
        if not _known(day):
            return MISSING
        at = datetime(day.year, day.month, 1, tzinfo=UTC)
        return format_skeleton("yMMMM", at, locale=self.locale)

    def instant(self, at: datetime | None) -> str:
        """Write a UTC instant with its zone, for example 7 Dec 2022, 09:30 UTC."""
        if not _known(at):
            return MISSING
        utc = at.astimezone(UTC) if at.tzinfo else at
        clock = format_datetime(utc, "HH:mm", locale=self.locale)
        return f"{self.date(utc)} {clock} UTC"

    def number(self, x: float | None, *, digits: int = 2) -> str:
        """Write a number with ``digits`` decimals; a missing one as a dash."""
        if not _known(x):
            return MISSING
        return _no_minus_zero(
            format_decimal(x, format=_signed(_pattern(digits)), locale=self.locale)
        )

    def p_value(self, p: float | None) -> str:
        """Write a p-value with three decimals; one that would read as zero as below 0.001."""
        if _known(p) and p < 0.001:
            return f"< {self.number(0.001, digits=3)}"
        return self.number(p, digits=3)

    def signed_number(self, x: float | None, *, digits: int = 2) -> str:
        """Write a number that always bears its sign, for example +1.2; zero has none."""
        told = self.number(x, digits=digits)
        return f"+{told}" if _known(x) and x > 0 and any(map(_counts, told)) else told

    def percent(self, x: float | None, *, digits: int = 1) -> str:
        """Write a ratio (0–1) as a percentage."""
        if not _known(x):
            return MISSING
        return _no_minus_zero(
            format_percent(x, format=_signed(f"{_pattern(digits)}%"), locale=self.locale)
        )

    def signed_percent(self, x: float | None, *, digits: int = 1) -> str:
        """Write a ratio as a percentage that always bears its sign."""
        if not _known(x):
            return MISSING
        pattern = f"{_pattern(digits)}%"
        return _no_minus_zero(
            format_percent(x, format=f"+{pattern};−{pattern}", locale=self.locale)
        )

    def money(self, amount: float | None, currency: str, *, digits: int = 2) -> str:
        """Write an amount with its ISO code, for example CNY 1.25 (a sign like ¥ is ambiguous).

        The decimals follow :func:`money_digits`.
        """
        if not _known(amount):
            return MISSING
        pattern = _signed(f"¤¤ {_pattern(money_digits(amount, currency, digits))}")
        return _no_minus_zero(
            format_currency(
                amount, currency, format=pattern, locale=self.locale, currency_digits=False
            )
        )

    def evidence(self, kind: str) -> str:
        """Name an evidence kind (``measured``, ``disclosed``, …)."""
        names = {
            "measured": self.t("measured"),
            "disclosed": self.t("disclosed"),
            "estimated": self.t("estimated"),
            "simulated": self.t("simulated"),
            "assumed": self.t("assumed"),
        }
        return names[kind]


def money_digits(amount: float, currency: str, digits: int = 2) -> int:
    """Return how many of ``digits`` decimals an amount of a currency bears.

    Yen and won have no minor unit, so an amount of :data:`WHOLE_FROM` or more is whole. What is
    smaller is no amount that anybody pays but a mean or the cost of a picture, which keeps them.
    """
    return 0 if abs(amount) >= WHOLE_FROM and is_without_minor_unit(currency) else digits


def is_without_minor_unit(currency: str) -> bool:
    """Return whether a currency, by its ISO 4217 code, is told without decimals."""
    return get_currency_precision(currency) == 0


def _pattern(digits: int) -> str:
    return "#,##0." + "0" * digits if digits else "#,##0"


def _signed(pattern: str) -> str:
    """Return a pattern with a true minus sign (−) for what is below zero."""
    return f"{pattern};−{pattern}"


def _no_minus_zero(told: str) -> str:
    """Return a number as written, without the minus of what is rounded to zero."""
    return told if any(map(_counts, told)) else told.removeprefix("−")


def _counts(sign: str) -> bool:
    return sign in "123456789"


def _known(value: Value | None) -> TypeGuard[Value]:
    return not pd.isna(cast(Any, value))


@lru_cache
def words(language: str) -> Words:
    """Return the words of ``language`` (``en`` or ``zh``).

    Raises
    ------
    InputError
        If the language is not one of :data:`LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise InputError(f"got the language {language!r}", f"one of {', '.join(LANGUAGES)}")
    compiled = BytesIO()
    with catalogue_path(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=CATALOGUES[language]))
    compiled.seek(0)
    return Words(language, gettext.GNUTranslations(compiled))
