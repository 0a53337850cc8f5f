"""Mail: text with an HTML alternative and files, by SMTP, each recipient answered for alone."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import cast

from etl.delivery.channels import Channel, Smtp
from etl.delivery.faults import DeliveryError, TransientError, UncertainError
from etl.delivery.message import cut
from etl.delivery.parcel import Outcome, Parcel, patiently

TYPES = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".pdf": "application/pdf",
    ".html": "text/html",
}
"""Not every machine's list of types has them."""
_TEXT_LIMIT = 1_000_000
_LOGIN = "check user and password of the channel"
_SERVER = "check host, port and security of the channel, and whether the server is up"


def compose(parcel: Parcel) -> EmailMessage:
    """Return the mail of a parcel: the same bytes for the same parcel but for its boundaries.

    The identifier follows from key and channel, so that a mail program sees a repeat as one.
    """
    channel, message = cast(Smtp, parcel.channel), parcel.message
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = Address(addr_spec=channel.sender)
    mail["To"] = tuple(Address(addr_spec=one) for one in channel.to)
    mail["Date"] = format_datetime(parcel.now)
    mail["Message-ID"] = _identifier(parcel)
    mail["Auto-Submitted"] = "auto-generated"
    text = cut(message, channel.link_base, len, _TEXT_LIMIT)
    foot = message.foot(channel.link_base, with_files=True)
    mail.set_content("\n\n".join(filter(None, [text, foot])) + "\n", cte="base64")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="base64")
    for file in message.attachments:
        kind = TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0]
        main, _, sub = (kind or "application/octet-stream").partition("/")
        # As bytes, so that a file of text arrives as it is.
        mail.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return mail


def send(parcel: Parcel) -> Outcome:
    """Send to all who do not have it yet; what may pass is tried again, a refusal is not."""
    channel = cast(Smtp, parcel.channel)
    already = [one for one in channel.to if one in parcel.reached]
    try:
        content = compose(parcel).as_bytes()
    except OSError as error:
        why = f"a file cannot be read ({error.strerror or _kind(error)})"
        return Outcome("failed", tuple(already), why)
    waiting = [one for one in channel.to if one not in parcel.reached]
    way = _Way(parcel, content, waiting, already)
    try:
        patiently(channel.attempts, way.attempt)
    except UncertainError as error:
        return Outcome("uncertain", tuple(way.reached), str(error))
    except DeliveryError as error:
        way.refused.update(dict.fromkeys(way.waiting, str(error)))
    if not way.refused:
        return Outcome("sent", tuple(way.reached), f"mailed to {', '.join(way.reached)}")
    told = "; ".join(f"{one}: {why}" for one, why in way.refused.items())
    got = f"; mailed to {', '.join(way.reached)}" if way.reached else ""
    return Outcome("failed", tuple(way.reached), f"not mailed to {told}{got}")


def probe(channel: Channel, secrets: Mapping[str, str]) -> None:
    """Log in to the server and leave again.

    Raises
    ------
    DeliveryError
        If it cannot be reached, or refuses.
    """
    with _connected(cast(Smtp, channel), secrets) as server:
        server.noop()


@dataclass
class _Way:
    """What is known of each recipient while a mail is being sent."""

    parcel: Parcel
    content: bytes
    waiting: list[str]
    reached: list[str]
    refused: dict[str, str] = field(default_factory=dict)

    def attempt(self) -> None:
        """Try once for all who wait; raise where some of them may be reached later."""
        channel = cast(Smtp, self.parcel.channel)
        with _connected(channel, self.parcel.secrets) as server:
            limit = int(server.esmtp_features.get("size", "0") or 0)
            if limit and len(self.content) > limit:
                raise DeliveryError(
                    f"got a mail of {len(self.content):,} bytes; {channel.host} takes {limit:,}",
                    "a smaller one",
                    "choose fewer formats or languages, or deliver to a folder",
                )
            later = self._transact(server)
        if later:
            raise TransientError(later)

    def _transact(self, server: smtplib.SMTP) -> str:
        """Hand the mail over for those who are taken; return why others should wait."""
        server.ehlo_or_helo_if_needed()
        _require(server.mail(cast(Smtp, self.parcel.channel).sender), "the sender")
        taken, later = [], ""
        for one in list(self.waiting):
            code, words = server.rcpt(one)
            if code in (250, 251):
                taken.append(one)
            elif 400 <= code < 500:
                later = _said(code, words)
            else:
                self.refused[one] = _said(code, words)
                self.waiting.remove(one)
        if taken:
            _hand_over(server, self.content)
            self.reached += taken
            self.waiting = [one for one in self.waiting if one not in taken]
        return later


def _hand_over(server: smtplib.SMTP, content: bytes) -> None:
    """Send the content. Once its end is on the way, silence means that nobody knows."""
    code, words = server.docmd("data")
    if code != 354:
        _require((code, words), "the content")
    lines = re.sub(rb"(?m)^\.", b"..", content)
    server.send(lines if lines.endswith(b"\r\n") else lines + b"\r\n")
    try:
        server.send(b".\r\n")
        answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise UncertainError(
            f"the server fell silent after the whole mail was handed over ({_kind(error)})",
            "its answer",
            "ask a recipient whether it arrived",
        ) from error
    _require(answer, "the content")


@contextmanager
def _connected(channel: Smtp, secrets: Mapping[str, str]) -> Iterator[smtplib.SMTP]:
    """Yield a server that has been greeted, encrypted to and logged in to.

    Whatever the connection does inside the block is told as a DeliveryError.
    """
    place = f"{channel.host}:{channel.port}"
    server: smtplib.SMTP | None = None
    try:
        server = _open(channel)
        server.ehlo()
        if channel.security == "starttls":
            server.starttls(context=_trust(channel))
            server.ehlo()
        if channel.user:
            server.login(channel.user, secrets["password"])
        yield server
    except DeliveryError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        kind = TransientError if 400 <= error.smtp_code < 500 else DeliveryError
        said = _said(error.smtp_code, error.smtp_error)
        raise kind(f"{place} refuses the login: {said}", "a login", _LOGIN) from error
    except smtplib.SMTPNotSupportedError as error:
        words = f"{place} does not offer what the channel asks for ({error})"
        raise DeliveryError(words, f"security: {channel.security} and a login", _SERVER) from error
    except ssl.SSLError as error:
        words = f"no encrypted connection to {place} ({error.reason or _kind(error)})"
        raise DeliveryError(words, "a certificate that is trusted here", _SERVER) from error
    except smtplib.SMTPResponseException as error:
        kind = TransientError if 400 <= error.smtp_code < 500 else DeliveryError
        said = _said(error.smtp_code, error.smtp_error)
        raise kind(f"{place} refuses: {said}", "", _SERVER) from error
    except (OSError, smtplib.SMTPException) as error:
        words = f"the mail server {place} cannot be reached ({_kind(error)})"
        raise TransientError(words, "an answer", _SERVER) from error
    finally:
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()


def _open(channel: Smtp) -> smtplib.SMTP:
    seconds = channel.timeout_seconds
    if channel.security == "ssl":
        return smtplib.SMTP_SSL(
            channel.host, channel.port, timeout=seconds, context=_trust(channel)
        )
    return smtplib.SMTP(channel.host, channel.port, timeout=seconds)


def _trust(channel: Smtp) -> ssl.SSLContext:
    own = channel.data_dir / channel.ca_file.expanduser() if channel.ca_file else None
    return ssl.create_default_context(cafile=own)


def _identifier(parcel: Parcel) -> str:
    told = "\n".join([*parcel.keys, parcel.channel.name, str(parcel.repeat or "")])
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    domain = cast(Smtp, parcel.channel).sender.rpartition("@")[2]
    return f"<{digest}.artonomics@{domain}>"


def _require(answer: tuple[int, bytes], what: str) -> None:
    code, words = answer
    if code == 250:
        return
    kind = TransientError if 400 <= code < 500 else DeliveryError
    raise kind(f"{what} is refused: {_said(code, words)}", "250", "see what the server says")


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"


def _kind(error: BaseException) -> str:
    """Return what kind of fault it is; its words may quote what was sent."""
    return type(error).__name__
