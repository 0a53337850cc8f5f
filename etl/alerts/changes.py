"""What began and what ended between two looks, by the readings of the later one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from etl.alerts import words
from etl.alerts.reading import Reading
from etl.alerts.rules import Rule
from etl.alerts.said import GONE
from etl.alerts.state import Standing, State, Waiting
from etl.delivery.message import Message


@dataclass(frozen=True)
class Change:
    """An alert that began or ended."""

    what: Literal["raised", "cleared"]
    rule: str
    subject: str
    sentence: str


def compare(found: State, rule: Rule, own: Sequence[Reading], now: datetime) -> list[Change]:
    """Bring the state up to the readings of a rule; return what began and ended.

    Between its two lines an alert stays as it is, unless the rule was edited: then it counts by
    the new line alone. One of which nothing is known stays too; so does one whose subject the
    rule no longer answers, while the rule is the same.
    """
    changes: list[Change] = []
    for reading in own:
        standing = found.find(rule.name, reading.subject)
        if standing is None:
            if reading.level == "raised":
                changes.append(_begun(found, rule, reading, now))
            continue
        is_over = reading.level == "clear" or (
            reading.level == "between" and standing.mark != rule.mark
        )
        if is_over:
            since = datetime.fromisoformat(standing.opened_at)
            said = words.message(rule.name, reading, rule.language, is_raised=False, since=since)
            changes.append(_ended(found, standing, rule, said, now))
        else:
            _refresh(standing, rule, reading, now)
    read = {reading.subject for reading in own}
    for standing in [one for one in found.raised if one.rule == rule.name]:
        if standing.subject in read:
            continue
        if standing.mark == rule.mark:
            standing.unknown = GONE
        else:
            said = words.removed(rule.name, standing.subject, rule.language)
            changes.append(_ended(found, standing, rule, said, now))
    return changes


def drop_rules(found: State, held: Sequence[Rule], now: datetime) -> list[Change]:
    """End the alerts of rules that are gone; nobody is told, who took them out knows.

    What waits for a channel that its rule no longer names is dropped too.
    """
    by_name = {rule.name: rule for rule in held}
    changes: list[Change] = []
    for standing in [one for one in found.raised if one.rule not in by_name]:
        said = words.removed(standing.rule, standing.subject, "en")
        changes.append(_ended(found, standing, None, said, now))
    for waiting in list(found.waiting):
        rule = by_name.get(waiting.rule)
        waiting.to = [name for name in waiting.to if rule is not None and name in rule.to]
        if not waiting.to:
            found.waiting.remove(waiting)
    return changes


def _begun(found: State, rule: Rule, reading: Reading, now: datetime) -> Change:
    found.n_raised += 1
    at = now.astimezone(UTC)
    standing = Standing(rule.name, reading.kind, reading.subject, at.isoformat(), found.n_raised)
    _refresh(standing, rule, reading, now)
    found.raised.append(standing)
    said = words.message(rule.name, reading, rule.language, is_raised=True, since=at)
    return _told(found, standing, rule, said, now, what="raised")


def _ended(
    found: State, standing: Standing, rule: Rule | None, said: Message, now: datetime
) -> Change:
    found.raised.remove(standing)
    return _told(found, standing, rule, said, now, what="cleared")


def _told(
    found: State,
    standing: Standing,
    rule: Rule | None,
    said: Message,
    now: datetime,
    *,
    what: Literal["raised", "cleared"],
) -> Change:
    """Note a beginning or an end, and have it wait for its channels."""
    key = f"{standing.key}/{what}"
    first = said.text.partition("\n")[0]
    at = now.astimezone(UTC).isoformat()
    of = {"rule": standing.rule, "subject": standing.subject}
    found.to_note.append({"key": key, "at": at, "what": what, **of, "text": first})
    if rule is not None and rule.to and (what == "raised" or rule.tell_clear):
        quiet = rule.quiet.model_dump(mode="json") if rule.quiet else {}
        message = (said.subject, said.text, said.link)
        found.waiting.append(Waiting(key, what, rule.name, list(rule.to), *message, quiet))
    return Change(what, standing.rule, standing.subject, first)


def _refresh(standing: Standing, rule: Rule, reading: Reading, now: datetime) -> None:
    if reading.level == "unknown":  # what was known last stays, with its day
        standing.unknown = reading.reason
        return
    standing.unknown, standing.known_at = "", now.astimezone(UTC).isoformat()
    standing.kind, standing.mark = reading.kind, rule.mark
    standing.value, standing.line, standing.unit = reading.value, reading.line, reading.unit
    standing.evidence_kind, standing.source = reading.evidence_kind, reading.source
    standing.as_of, standing.url, standing.link = reading.as_of, reading.url, reading.link
    standing.told = reading.told
