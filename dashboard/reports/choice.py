"""What a reader chooses for a report, and the report before it is said in a language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Protocol

from dashboard.reports.document import Document
from dashboard.reports.edition import Reader
from dashboard.text import Words
from etl.errors import InputError


@dataclass(frozen=True)
class Choice:
    """What a report is about; a report reads the fields named in its ``OPTIONS`` alone.

    Attributes
    ----------
    ticker
        A share.
    event
        Identifiers of events, separated by commas.
    wave
        Identifier of a wave.
    window
        First and last trading day of the event window, relative to day 0.
    app
        Identifiers of apps, separated by commas.
    storefront
        Two letters of a country.
    source
        Name of an imported product history.
    scenario
        Key or path of a scenario.
    currency
        ISO 4217 code in which money is told.
    since
        First day of what counts as new.
    as_of
        Use only what was public on that day.
    house
        The house's own disclosure by language.
    data_dir
        The data folder, for reports that read more than the snapshot.
    schedule
        Name of the schedule that it is built for: its readers have had what it sent before.
    """

    ticker: str | None = None
    event: str | None = None
    wave: str | None = None
    window: tuple[int, int] | None = None
    app: str | None = None
    storefront: str | None = None
    source: str | None = None
    scenario: str | None = None
    currency: str | None = None
    since: date | None = None
    as_of: date | None = None
    house: dict[str, str] = field(default_factory=dict[str, str])
    data_dir: Path | None = None
    schedule: str | None = None

    def require_only(self, report: str, options: Sequence[str]) -> None:
        """Raise :class:`InputError` where something was chosen that the report does not read."""
        always = {"as_of", "house", "data_dir", "schedule"}
        for name in (each.name for each in fields(self)):
            if name in always or name in options or getattr(self, name) is None:
                continue
            raise InputError(
                f"got --{name} for the report {report!r}, which does not read it",
                f"one of {', '.join(f'--{option}' for option in (*options, 'as-of'))}",
                f"leave --{name} out",
            )


@dataclass(frozen=True)
class Prepared:
    """A report whose numbers are known: its words can be had in each language.

    Attributes
    ----------
    stem
        How its file names begin, for example ``market_1357.HK``.
    document
        The report in one language.
    """

    stem: str
    document: Callable[[Words], Document]


class Definition(Protocol):
    """What a module of a report offers."""

    OPTIONS: tuple[str, ...]
    """Fields of :class:`Choice` that it reads, besides the day as of which it is known."""

    def prepare(self, reader: Reader, choice: Choice, /) -> Prepared:
        """Ask the snapshot and return the report.

        Raises
        ------
        InputError
            If something is chosen that is unknown, or there is nothing to report.
        """
        ...
