"""Look at every rule, remember what changed, and send what is to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from etl.alerts import rules, state, words
from etl.alerts.reading import Look, Reading
from etl.alerts.readings import readings
from etl.alerts.rules import Quiet, Rule
from etl.alerts.state import Standing, State, Waiting
from etl.delivery import channels
from etl.delivery.deliver import Receipt, deliver
from etl.delivery.message import Message
from etl.errors import ArtonomicsError
from etl.warehouse import SnapshotReader

_DONE = ("sent", "skipped", "uncertain", "would_send")
"""An uncertain delivery is not repeated by itself: the ledger says where to look."""


@dataclass(frozen=True)
class Change:
    """An alert that began or ended."""

    what: str
    rule: str
    subject: str
    sentence: str


@dataclass(frozen=True)
class Checked:
    """What a look found.

    Attributes
    ----------
    readings
        Of every rule that could be read.
    changes
        What began and ended.
    receipts
        How the sending went.
    faults
        Why a rule could not be looked at, by its name.
    n_waiting
        Messages that are still to be sent: quiet hours, or a channel that failed.
    """

    readings: tuple[Reading, ...]
    changes: tuple[Change, ...]
    receipts: tuple[Receipt, ...]
    faults: dict[str, str]
    n_waiting: int


def check(
    data_dir: Path, reader: SnapshotReader, now: datetime, *, dry_run: bool = False
) -> Checked:
    """Look at every rule once.

    An alert is told when it begins, not again while it lasts, and when it ends. A rule that cannot
    be looked at keeps what was raised and is told among the faults; so does a subject of which
    nothing is known. A rule or subject that is gone ends its alert.

    Parameters
    ----------
    data_dir
        The data folder with ``alerts.yml`` and ``delivery.yml``.
    reader
        The published snapshot.
    now
        The instant, with a time zone.
    dry_run
        Say what would be raised and sent; nothing is remembered or sent.

    Raises
    ------
    InputError
        If the rules are wrong, or name a channel that is not there.
    """
    held = rules.load(data_dir)
    wanted = list(dict.fromkeys(name for rule in held for name in rule.to))
    if wanted:
        channels.chosen(data_dir, wanted)
    look = Look(reader, data_dir, now)
    with state.turn(data_dir):
        found = state.read(data_dir)
        faults: dict[str, str] = {}
        read: list[Reading] = []
        changes: list[Change] = []
        for rule in held:
            try:
                own = readings(rule, look)
            except ArtonomicsError as fault:
                faults[rule.name] = str(fault)
                continue
            read += own
            changes += _compared(found, rule, own, now)
        changes += _gone(found, held, read, faults, now)
        found = replace(found, checked_at=now.astimezone(UTC).isoformat())
        if not dry_run:
            for change in changes:
                state.note(
                    data_dir, change.what, change.rule, change.subject, now, text=change.sentence
                )
            state.write(data_dir, found)  # before anything is sent: a crash forgets nothing
        receipts = _sent(data_dir, found, now, dry_run=dry_run)
        if not dry_run:
            state.write(data_dir, found)
    return Checked(tuple(read), tuple(changes), tuple(receipts), faults, len(found.waiting))


def _compared(found: State, rule: Rule, own: Sequence[Reading], now: datetime) -> list[Change]:
    """Bring the state up to the readings of a rule; return what began and ended."""
    changes: list[Change] = []
    for reading in own:
        standing = found.find(rule.name, reading.subject)
        if standing is not None:
            _refresh(standing, rule, reading, now)
        if reading.level == "raised" and standing is None:
            standing = Standing(rule.name, reading.subject, now.astimezone(UTC).isoformat())
            _refresh(standing, rule, reading, now)
            found.raised.append(standing)
            changes.append(_change(found, rule, reading, standing, is_raised=True))
        elif reading.level == "clear" and standing is not None:
            found.raised.remove(standing)
            changes.append(_change(found, rule, reading, standing, is_raised=False))
    return changes


def _refresh(standing: Standing, rule: Rule, reading: Reading, now: datetime) -> None:
    standing.seen_at = now.astimezone(UTC).isoformat()
    standing.unknown = reading.reason if reading.level == "unknown" else ""
    if reading.level == "unknown":
        return
    standing.sentence = words.sentence(rule, reading)
    standing.value, standing.line, standing.unit = reading.value, reading.line, reading.unit
    standing.evidence_kind, standing.source = reading.evidence_kind, reading.source
    standing.as_of = reading.as_of.isoformat() if reading.as_of else None
    standing.url, standing.link = reading.url, reading.link


def _change(
    found: State, rule: Rule, reading: Reading, standing: Standing, *, is_raised: bool
) -> Change:
    what = "raised" if is_raised else "cleared"
    said = words.message(rule, reading, is_raised=is_raised)
    if rule.to and (is_raised or rule.tell_clear):
        key = f"alert/{rule.name}/{reading.subject}/{standing.opened_at}/{what}"
        quiet = rule.quiet.model_dump(mode="json") if rule.quiet else {}
        found.waiting.append(
            Waiting(
                key,
                "raised" if is_raised else "cleared",
                rule.name,
                list(rule.to),
                said.subject,
                said.text,
                said.link,
                quiet,
            )
        )
    return Change(what, rule.name, reading.subject, said.text.partition("\n")[0])


def _gone(
    found: State,
    held: Sequence[Rule],
    read: Sequence[Reading],
    faults: dict[str, str],
    now: datetime,
) -> list[Change]:
    """End the alerts whose rule or subject is no longer there; a faulty rule keeps its own."""
    known = {(reading.rule, reading.subject) for reading in read}
    by_name = {rule.name: rule for rule in held}
    changes: list[Change] = []
    for standing in [one for one in found.raised if one.rule not in faults]:
        if (standing.rule, standing.subject) in known:
            continue
        found.raised.remove(standing)
        rule = by_name.get(standing.rule)
        said = words.removed(standing.rule, standing.subject, rule.language if rule else "en")
        if rule is not None and rule.to and rule.tell_clear:
            key = f"alert/{standing.rule}/{standing.subject}/{standing.opened_at}/cleared"
            quiet = rule.quiet.model_dump(mode="json") if rule.quiet else {}
            found.waiting.append(
                Waiting(
                    key,
                    "cleared",
                    standing.rule,
                    list(rule.to),
                    said.subject,
                    said.text,
                    quiet=quiet,
                )
            )
        changes.append(Change("cleared", standing.rule, standing.subject, said.text))
    return changes


def _sent(data_dir: Path, found: State, now: datetime, *, dry_run: bool) -> list[Receipt]:
    """Send what waits and may be sent now; what failed waits for the next look."""
    receipts: list[Receipt] = []
    for waiting in list(found.waiting):
        if waiting.quiet and Quiet(**waiting.quiet).holds(now):  # pyright: ignore
            continue
        message = Message(waiting.subject, waiting.text, link=waiting.link)
        for name in list(waiting.to):
            (receipt,) = _delivered(data_dir, message, name, waiting.key, now, dry_run=dry_run)
            receipts.append(receipt)
            if receipt.status in _DONE:
                waiting.to.remove(name)
        if not waiting.to:
            found.waiting.remove(waiting)
    return receipts


def _delivered(
    data_dir: Path, message: Message, name: str, key: str, now: datetime, *, dry_run: bool
) -> list[Receipt]:
    """Deliver through one channel; a channel that is gone or cannot be used is a failure there."""
    try:
        return deliver(data_dir, message, [name], key, now=now, dry_run=dry_run)
    except ArtonomicsError as fault:
        return [Receipt(name, key, "failed", str(fault), now)]


def after_run(data_dir: Path, now: datetime) -> list[str]:
    """Look at the rules after a run has published; return what is to be noted, in words.

    A fault here never spoils the run: it is among the words.
    """
    if not (data_dir / rules.FILE).is_file():
        return []
    try:
        found = check(data_dir, SnapshotReader(data_dir), now)
    except ArtonomicsError as fault:
        return [f"alerts were not looked at: {fault}"]
    told = [f"alert {one.what}: {one.rule}: {one.sentence}" for one in found.changes]
    told += [f"rule {name} could not be looked at: {why}" for name, why in found.faults.items()]
    told += [
        f"alert not sent through {one.channel}: {one.detail}"
        for one in found.receipts
        if one.status in ("failed", "uncertain")
    ]
    return told
