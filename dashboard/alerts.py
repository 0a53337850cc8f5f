"""What the alerts of the data folder are, for pages: what is raised, and what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dashboard.text import Words
from etl.alerts import rules, rules_file, state, words
from etl.alerts.state import Standing
from etl.alerts.words import Language
from etl.errors import ArtonomicsError


@dataclass(frozen=True)
class OpenAlert:
    """An alert that is raised, said in the language of the page.

    Attributes
    ----------
    rule, subject
        Which.
    since, known_at
        When it was raised, and when something was last known of it (UTC).
    sentence
        What was found; plain text.
    evidence_kind, as_of, source, url
        How it is known; the kind is empty where nothing ever was.
    page, query
        Path of the page that shows it, and its choices.
    unknown
        Why nothing is known of it at present; empty while something is.
    """

    rule: str
    subject: str
    since: datetime
    known_at: datetime
    sentence: str
    evidence_kind: str
    as_of: date | None
    source: str
    url: str
    page: str
    query: dict[str, str]
    unknown: str


@dataclass(frozen=True)
class Alerts:
    """Everything that the Overview says of alerts.

    Attributes
    ----------
    raised
        The newest first.
    n_rules, n_subjects, n_unknown
        Rules at the last look, their subjects, and of how many of these nothing was known.
    checked_at
        When was last looked (UTC); ``None`` before the first time.
    faults
        Why a rule could not be looked at, by its name.
    n_waiting
        Messages still to be sent.
    """

    raised: tuple[OpenAlert, ...]
    n_rules: int
    n_subjects: int
    n_unknown: int
    checked_at: datetime | None
    faults: dict[str, str]
    n_waiting: int


def read(data_dir: Path, said: Words) -> Alerts | None:
    """Return the alerts as last looked at; ``None`` where there are no rules and nothing is raised.

    Raises
    ------
    ArtonomicsError
        If what is remembered cannot be read.
    """
    has_rules = (data_dir / rules.FILE).is_file()
    if not has_rules and not (data_dir / state.FOLDER / state.FILE).is_file():
        return None
    found = state.read(data_dir)
    faults = dict(found.faults)
    if has_rules:
        try:
            n_rules = len(rules_file.load(data_dir))
        except ArtonomicsError as fault:
            faults, n_rules = {rules.FILE: str(fault)}, found.n_rules
        if not n_rules and not found.raised:
            return None
    elif not found.raised:
        return None
    language: Language = "zh" if said.language == "zh" else "en"
    return Alerts(
        tuple(_open(one, language) for one in found.raised[::-1]),
        found.n_rules,
        found.n_subjects,
        found.n_unknown,
        datetime.fromisoformat(found.checked_at) if found.checked_at else None,
        faults,
        len(found.waiting),
    )


def _open(one: Standing, language: Language) -> OpenAlert:
    address = urlsplit(one.link)
    return OpenAlert(
        one.rule,
        one.subject,
        datetime.fromisoformat(one.opened_at),
        datetime.fromisoformat(one.known_at),
        words.sentence(one, language),
        one.evidence_kind,
        one.as_of,
        words.source(one, language),
        one.url,
        address.path.strip("/").replace("-", "_"),
        dict(parse_qsl(address.query)),
        words.reason(one.unknown, language) if one.unknown else "",
    )
