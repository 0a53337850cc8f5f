"""A real mail server on this machine that keeps what it gets, and has faults on demand."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD = "reports", "open-sesame-7"


@dataclass
class Post:
    """The memory of a mail server.

    Attributes
    ----------
    port
        Where it listens.
    mails, recipients
        What it accepted, and for whom each time.
    refused
        Recipients it refuses, with the answer.
    answers
        Answers still to be given in place of accepting: to a recipient (``rcpt``) or to the
        content (``data``); ``drop`` closes the connection after the content has come whole.
    logins
        How often somebody logged in.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    logins: int = 0

    def answer(self, moment: str) -> str:
        """Return the next answer of a moment; empty where all is well."""
        waiting = self.answers.get(moment, [])
        return waiting.pop(0) if waiting else ""


class _Handler:
    def __init__(self, post: Post) -> None:
        self.post = post

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self, server: Any, session: Any, envelope: Envelope, address: str, options: Any
    ) -> str:
        told = self.post.refused.get(address) or self.post.answer("rcpt")
        if told:
            return told
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        told = self.post.answer("data")
        if told and told != "drop":
            return told
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.SMTP)
        assert isinstance(mail, EmailMessage)
        self.post.mails.append(mail)
        self.post.recipients.append(list(envelope.rcpt_tos))
        if told == "drop":
            server.transport.abort()
            await asyncio.sleep(0.05)
        return "250 Accepted"


def mailbox(post: Post, **more: Any) -> dict[str, Any]:
    """Return a channel of mail to two people through a local server."""
    return {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": post.port,
        "security": "none",
        "sender": "reports@example.com",
        "to": ["ada@example.com", "bo@example.com"],
        "link_base": "https://desk.example.com",
        "attempts": 3,
        **more,
    }


class _OnAFreePort(Controller):
    def _trigger_server(self) -> None:
        # It greets itself to see that it is up, and does not look which port it was given.
        self.port = self.server.sockets[0].getsockname()[1]  # pyright: ignore
        super()._trigger_server()


@contextmanager
def mail_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    with_login: bool = False,
    size_limit: int = 2**25,
) -> Iterator[Post]:
    """Run a mail server on a free port until the block ends.

    Parameters
    ----------
    tls, starttls
        Encrypt from the start, or on request.
    with_login
        Take the login of :data:`USER` with :data:`PASSWORD`.
    size_limit
        Bytes of the largest mail it takes, as it says itself.
    """
    post = Post()

    def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        post.logins += 1
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    controller = _OnAFreePort(
        _Handler(post),
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls,
        tls_context=starttls,
        authenticator=login if with_login else None,
        auth_require_tls=False,
        data_size_limit=size_limit,
    )
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()
