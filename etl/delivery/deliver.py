"""Deliver a message to channels, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from etl.delivery import channels, secret
from etl.delivery.channels import Channel
from etl.delivery.faults import DeliveryError
from etl.delivery.ledger import Entry, Ledger, Standing, State
from etl.delivery.message import Message
from etl.delivery.parcel import Outcome, Parcel
from etl.errors import InputError

Status = Literal["sent", "skipped", "failed", "would_send", "uncertain"]
_CARRIERS = {
    "smtp": "mail",
    "folder": "folder",
    "slack": "chats",
    "feishu": "chats",
    "dingtalk": "chats",
    "wecom": "chats",
}
"""Module of this package that sends through a kind, and can try whether it would work."""


@dataclass(frozen=True)
class Receipt:
    """How it went on one channel.

    Attributes
    ----------
    channel, key
        Where, and what.
    status
        ``sent`` now; ``skipped``, sent before; ``failed``; ``would_send`` in a dry run;
        ``uncertain``: handed over without an answer, and not repeated by itself.
    detail
        In words, without secrets.
    at
        When (UTC).
    """

    channel: str
    key: str
    status: Status
    detail: str
    at: datetime


def deliver(
    data_dir: Path,
    message: Message,
    to: Sequence[str],
    key: str,
    *,
    now: datetime,
    dry_run: bool = False,
    resend: bool = False,
    more_keys: Sequence[str] = (),
) -> list[Receipt]:
    """Deliver a message to the channels named and return a receipt for each.

    Parameters
    ----------
    data_dir
        The data folder, with ``delivery.yml`` and the ledger.
    message
        What to deliver.
    to
        Names of channels.
    key
        What makes it one delivery: an equal key is sent through a channel once.
    now
        The instant, with a time zone.
    dry_run
        Say what would be done; nothing is sent, and the ledger stays as it is.
    resend
        Send it even where it was sent before, or where that is not known.
    more_keys
        Further deliveries that the same message makes: all of them stand as ``key`` does, which
        the caller sees to (:meth:`~etl.delivery.ledger.Ledger.standings`).

    Raises
    ------
    InputError
        Before anything is sent: a channel is unknown, a secret is not set, a file is missing.
    """
    missing = [str(file) for file in message.attachments if not file.is_file()]
    if missing:
        raise InputError(
            f"got a message without its file {missing[0]}", "every file", "build them again"
        )
    found = [(channel, channel.secrets()) for channel in channels.chosen(data_dir, to)]
    ledger = Ledger(data_dir)
    receipts: list[Receipt] = []
    for channel, secrets in found:
        at = now.astimezone(UTC)
        parcel = Parcel(channel, secrets, message, key, at, more_keys=tuple(more_keys))
        receipts.append(
            _receipt(parcel, *_foreseen(ledger.standing(key, channel.name), resend=resend))
            if dry_run
            else _sent_once(parcel, ledger, resend=resend)
        )
    return [_with_torn_lines(one, ledger.entries()[1]) for one in receipts]


def probe(data_dir: Path, to: Sequence[str]) -> None:
    """Try everything about channels short of sending: words, secrets, servers, addresses.

    Raises
    ------
    InputError
        If a channel is unknown or wrong, or the service does not know the address.
    DeliveryError
        If a server cannot be reached or refuses the login.
    """
    found = [(channel, channel.secrets()) for channel in channels.chosen(data_dir, to)]
    for channel, secrets in found:
        try:
            _carrier(channel).probe(channel, secrets)
        except (DeliveryError, InputError) as error:
            words = (secret.redact(part, secrets.values()) for part in error.args)
            raise type(error)(*words, code=error.code) from None


def _with_torn_lines(receipt: Receipt, n_torn: int) -> Receipt:
    """Say so where the ledger has lines that cannot be read: what they told is not known."""
    if not n_torn:
        return receipt
    told = f"{receipt.detail} (the ledger has {n_torn} torn lines, whose steps count as unknown)"
    return replace(receipt, detail=told)


def _foreseen(standing: Standing, *, resend: bool) -> tuple[Status, str]:
    """Return what would be done with a key, and why."""
    if resend or standing.last is None:
        return "would_send", "as asked" if resend else "not sent yet"
    if standing.state == "sent":
        return "skipped", f"sent on {standing.last.at}"
    if standing.state in ("sending", "uncertain"):
        told = standing.last.detail or "the attempt broke off before its end"
        return (
            "uncertain",
            f"{told} ({standing.last.at}); look there, then send it again if need be",
        )
    return "would_send", f"failed on {standing.last.at}: {standing.last.detail}"


def _sent_once(parcel: Parcel, ledger: Ledger, *, resend: bool) -> Receipt:
    try:
        with ledger.turn(parcel.channel.name):
            standing = ledger.standing(parcel.key, parcel.channel.name)
            status, detail = _foreseen(standing, resend=resend)
            if status != "would_send":
                return _receipt(parcel, status, detail)
            outcome = _sent(parcel.after(standing, resend=resend), ledger)
    except DeliveryError as error:
        return _receipt(parcel, "failed", str(error))
    return _receipt(parcel, outcome.state, outcome.detail)


def _sent(parcel: Parcel, ledger: Ledger) -> Outcome:
    """Send, with a line before and one after; without the second one it counts as uncertain."""

    def write(at: datetime, state: State, reached: tuple[str, ...], detail: str) -> None:
        for key in parcel.keys:
            name = parcel.channel.name
            ledger.write(Entry(at.isoformat(), key, name, state, reached, detail))

    write(parcel.now, "sending", parcel.reached, "")
    outcome = _carrier(parcel.channel).send(parcel)
    outcome = outcome.without(parcel.secrets.values())
    write(datetime.now(UTC), outcome.state, outcome.reached, outcome.detail)
    return outcome


class _Carrier:
    """What a module that sends offers."""

    send: Callable[[Parcel], Outcome]
    probe: Callable[[Channel, dict[str, str]], None]


def _carrier(channel: Channel) -> _Carrier:
    found: Any = import_module(f"etl.delivery.{_CARRIERS[channel.kind]}")
    return found


def _receipt(parcel: Parcel, status: Status, detail: str) -> Receipt:
    return Receipt(parcel.channel.name, parcel.key, status, detail, parcel.now)
