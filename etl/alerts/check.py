"""Look at every rule, remember what changed, and send what is to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from etl.alerts import rules, rules_file, state, words
from etl.alerts.changes import Change, compare, drop_rules
from etl.alerts.reading import Look, Reading
from etl.alerts.readings import readings
from etl.alerts.rules import Quiet, Rule
from etl.alerts.state import State, Waiting
from etl.delivery import channels, said
from etl.delivery.channels import Channel
from etl.delivery.chat_formats import fits as fits_whole
from etl.delivery.deliver import Receipt, deliver
from etl.delivery.ledger import Ledger
from etl.errors import ArtonomicsError
from etl.warehouse import SnapshotReader

_DONE = ("sent", "skipped", "uncertain", "would_send")
"""An uncertain delivery is not repeated by itself: the ledger says where to look."""
DELIVERY = "(channels)"
"""Stands among the faults where the channels that rules name cannot be used."""


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
        Why a rule could not be looked at, by its name; the channels' fault under ``(channels)``.
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
    nothing is known. A rule that is gone ends its alerts.

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
        If the rules are wrong.
    ArtonomicsError
        If another process looks for too long, or what is remembered cannot be read.
    """
    held = rules_file.load(data_dir)
    with state.turn(data_dir):
        found = state.read(data_dir)
        read, faults = read_all(held, Look(reader, data_dir, now))
        changes = drop_rules(found, held, now)
        for rule in held:
            if rule.name in read:
                changes += compare(found, rule, read[rule.name], now)
        told = [reading for own in read.values() for reading in own]
        _describe(found, held, told, faults, now)
        faults |= _channel_faults(data_dir, held)
        if not dry_run:
            state.write(data_dir, found)  # before anything is sent: a crash forgets nothing
            state.note(data_dir, found)
        receipts = _sent(data_dir, found, now, dry_run=dry_run)
        if not dry_run:
            state.write(data_dir, found)
    return Checked(tuple(told), tuple(changes), tuple(receipts), faults, len(found.waiting))


def read_all(held: Sequence[Rule], look: Look) -> tuple[dict[str, list[Reading]], dict[str, str]]:
    """Return the readings of each rule by its name, and why a rule could not be looked at."""
    read: dict[str, list[Reading]] = {}
    faults: dict[str, str] = {}
    for rule in held:
        try:
            read[rule.name] = readings(rule, look)
        except ArtonomicsError as fault:
            faults[rule.name] = str(fault)
        except Exception as fault:  # noqa: BLE001  one rule must not silence the others
            faults[rule.name] = f"{type(fault).__name__}: {fault}"
    return read, faults


def _describe(
    found: State,
    held: Sequence[Rule],
    told: Sequence[Reading],
    faults: dict[str, str],
    now: datetime,
) -> None:
    """Remember what the look was, and what stands of a rule that could not be looked at."""
    found.checked_at = now.astimezone(UTC).isoformat()
    found.n_rules, found.n_subjects = len(held), len(told)
    found.n_unknown = sum(reading.level == "unknown" for reading in told)
    found.faults = dict(faults)
    for standing in found.raised:
        if standing.rule in faults:
            standing.unknown = faults[standing.rule]


def _channel_faults(data_dir: Path, held: Sequence[Rule]) -> dict[str, str]:
    """Return why channels that rules name cannot be used; alerts are still looked at."""
    wanted = list(dict.fromkeys(name for rule in held for name in rule.to))
    try:
        if wanted:
            channels.chosen(data_dir, wanted)
    except ArtonomicsError as fault:
        return {DELIVERY: str(fault)}
    return {}


def _sent(data_dir: Path, found: State, now: datetime, *, dry_run: bool) -> list[Receipt]:
    """Send what waits and may be sent now; what failed waits for the next look."""
    receipts: list[Receipt] = []
    for name in dict.fromkeys(name for waiting in found.waiting for name in waiting.to):
        own = [waiting for waiting in found.waiting if name in waiting.to]
        receipts += _through(data_dir, _not_held_back(own, now), name, now, dry_run=dry_run)
    found.waiting = [waiting for waiting in found.waiting if waiting.to]
    return receipts


def _not_held_back(own: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Return what no quiet hours hold back, themselves or its beginning."""
    behind: set[str] = set()
    ready: list[Waiting] = []
    for waiting in own:
        is_quiet = bool(waiting.quiet) and Quiet.model_validate(waiting.quiet).holds(now)
        if is_quiet or waiting.alert in behind:
            behind.add(waiting.alert)
        else:
            ready.append(waiting)
    return ready


def _through(
    data_dir: Path, ready: Sequence[Waiting], name: str, now: datetime, *, dry_run: bool
) -> list[Receipt]:
    """Send what is ready through one channel, as few messages as can be, in its order.

    Each alert keeps its own key in the ledger, so that none is sent twice, whichever message it
    was in.
    """
    receipts: list[Receipt] = []
    behind: set[str] = set()
    for group in _messages(data_dir, ready, name):
        # The end of an alert never overtakes its beginning.
        own = [waiting for waiting in group if waiting.alert not in behind]
        if not own:
            continue
        for waiting, receipt in zip(
            own, _delivered(data_dir, own, name, now, dry_run=dry_run), strict=True
        ):
            receipts.append(receipt)
            if receipt.status in _DONE:
                waiting.to.remove(name)
            else:
                behind.add(waiting.alert)
    return receipts


def _messages(data_dir: Path, ready: Sequence[Waiting], name: str) -> Iterator[list[Waiting]]:
    """Yield what goes together into one message: neighbours that the same recipients lack.

    What the ledger has as sent or uncertain stays alone: nothing is sent of it.
    """
    ledger = Ledger(data_dir)
    standings = ledger.standings([waiting.key for waiting in ready], name)
    channel = _channel(data_dir, name)
    group: list[Waiting] = []
    before: object = None
    for waiting in ready:
        standing = standings[waiting.key]
        may_join = standing.state in (None, "failed")
        alike = standing.reached if may_join else waiting.key
        longer = [*group, waiting]
        fits = channel is None or fits_whole(channel, words.together(longer, channel.link_base))
        if group and (alike != before or not fits):
            yield group
            longer = [waiting]
        group, before = longer, alike
    if group:
        yield group


def _channel(data_dir: Path, name: str) -> Channel | None:
    """Return a channel; ``None`` where it is gone or wrong, which sending tells."""
    try:
        (channel,) = channels.chosen(data_dir, [name])
    except ArtonomicsError:
        return None
    return channel


def _delivered(
    data_dir: Path, group: Sequence[Waiting], name: str, now: datetime, *, dry_run: bool
) -> list[Receipt]:
    """Deliver one message through one channel; return the receipt of each alert in it.

    A channel that is gone or cannot be used is a failure there.
    """
    channel = _channel(data_dir, name)
    message = words.together(group, channel.link_base if channel else "")
    first, *more = (waiting.key for waiting in group)
    try:
        (receipt,) = deliver(
            data_dir, message, [name], first, now=now, dry_run=dry_run, more_keys=more
        )
    except ArtonomicsError as fault:
        receipt = Receipt(name, first, "failed", str(fault), now)
    told = [receipt.detail]
    if more:
        told.append(f"one message of {len(group)} alerts")
    if receipt.status == "failed":
        told.append("it is sent again at the next look")
    detail = said.detail("; ".join(told), message.language)
    return [replace(receipt, key=waiting.key, detail=detail) for waiting in group]


def after_run(data_dir: Path, now: datetime) -> list[str]:
    """Look at the rules after a run has published; return what is to be noted, in words.

    A fault here never spoils the run: it is among the words.
    """
    if not (data_dir / rules.FILE).is_file():
        return []
    try:
        found = check(data_dir, SnapshotReader(data_dir), now)
    except (ArtonomicsError, OSError) as fault:
        return [f"alerts were not looked at: {fault}"]
    told = [f"alert {one.what}: {one.rule}: {one.sentence}" for one in found.changes]
    told += [
        f"channels of alerts cannot be used: {why}"
        if name == DELIVERY
        else f"rule {name} could not be looked at: {why}"
        for name, why in found.faults.items()
    ]
    told += [
        f"alert not sent through {one.channel}: {one.detail}"
        for one in found.receipts
        if one.status in ("failed", "uncertain")
    ]
    return list(dict.fromkeys(told))  # a message of several alerts failed once
