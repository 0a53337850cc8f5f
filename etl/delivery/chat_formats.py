"""How each chat wants a message: its JSON, its limits, its signature, its markup kept away.

Text of ours comes from data, so nothing in it may be read as markup, a mention or a link.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from etl.delivery.channels import Channel
from etl.delivery.message import Message, cut
from etl.delivery.parcel import Parcel

Body = dict[str, Any]
_SLACK_HEADER, _SLACK_SECTION = 150, 3000
_WIDE = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in "*`[]<>~"})
_AT_LINE_START = re.compile(r"(?m)^([ \t]*)([#+-])(?=[ \t#]|$)")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class Format:
    """How one chat wants a message.

    Attributes
    ----------
    compose
        JSON of subject, text and foot.
    size, limit
        What the chat counts, and the most it takes.
    address
        Address and further fields of the JSON that a post needs at an instant.
    names_files
        Whether files are named in the text, because the chat takes none.
    """

    compose: Callable[[str, str, str], Body]
    size: Callable[[Body], int]
    limit: int
    address: Callable[[Mapping[str, str], datetime], tuple[str, Body]]
    names_files: bool = True


def body(parcel: Parcel, form: Format) -> Body:
    """Return the JSON of a parcel, its text cut where the chat takes no more."""
    message, link_base = parcel.message, parcel.channel.link_base
    subject = " ".join(message.subject.split())
    foot = message.foot(link_base, with_files=form.names_files)

    def size(text: str) -> int:
        return form.size(form.compose(subject, text, foot))

    return form.compose(subject, cut(message, link_base, size, form.limit), foot)


def fits(channel: Channel, message: Message) -> bool:
    """Return whether a channel takes a message whole; what is no chat takes any."""
    form = FORMATS.get(channel.kind)
    if form is None:
        return True
    foot = message.foot(channel.link_base, with_files=form.names_files)
    return form.size(form.compose(message.subject, message.text, foot)) <= form.limit


def _slack(subject: str, text: str, foot: str) -> Body:
    """Return blocks of plain text, in which Slack reads no markup, and the text for notices."""
    whole = "\n\n".join(filter(None, [text, foot]))
    header = {"type": "plain_text", "text": _slack_safe(subject[:_SLACK_HEADER]), "emoji": False}
    sections = [
        {"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": False}}
        for piece in _pieces(whole, _SLACK_SECTION)
    ]
    notice = _slack_safe(f"{subject}\n{whole}")
    # Without mrkdwn, a reader of the notice alone sees no markup either.
    return {
        "text": notice,
        "mrkdwn": False,
        "blocks": [{"type": "header", "text": header}, *sections],
    }


def _slack_safe(text: str) -> str:
    """Escape the three characters by which Slack knows links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Yield escaped pieces of at most ``limit`` characters, ended at a line where one ends."""
    held = ""
    for line in text.splitlines(keepends=True):
        for part in _slices(line, limit):
            if held and len(held) + len(part) > limit:
                yield held
                held = ""
            held += part
    if held.strip():
        yield held


def _slices(line: str, limit: int) -> Iterator[str]:
    """Yield an escaped line in slices that cut no escape."""
    held = ""
    for character in map(_slack_safe, line):
        if len(held) + len(character) > limit:
            yield held
            held = ""
        held += character
    yield held


def _feishu(subject: str, text: str, foot: str) -> Body:
    """Return a post of text elements, in which Feishu reads no markup."""
    lines = [*text.split("\n"), *(["", *foot.split("\n")] if foot else [])]
    content = [[{"tag": "text", "text": line}] for line in lines]
    return {
        "msg_type": "post",
        "content": {"post": {"zh_cn": {"title": subject, "content": content}}},
    }


def _dingtalk(subject: str, text: str, foot: str) -> Body:
    whole = "\n\n".join([f"#### {widened(subject)}", widened(text), *([foot] if foot else [])])
    # A single line break is a space to DingTalk.
    content = re.sub(r"(?<!\n)\n(?!\n)", "  \n", whole)
    return {"msgtype": "markdown", "markdown": {"title": subject, "text": content}}


def _wecom(subject: str, text: str, foot: str) -> Body:
    content = "\n\n".join([f"**{widened(subject)}**", widened(text), *([foot] if foot else [])])
    return {"msgtype": "markdown", "markdown": {"content": content}}


def widened(text: str) -> str:
    """Return a text with characters of markup as their full-width twins.

    Neither DingTalk nor WeCom document an escape, so this is the only way that is sure to hold.
    Hyphens and signs within a line, and underscores within a word, are no markup and stay.
    """
    text = _UNDERSCORE.sub("＿", text.translate(_WIDE))
    return _AT_LINE_START.sub(lambda found: found[1] + chr(ord(found[2]) + 0xFEE0), text)


def feishu_signature(secret: str, seconds: int) -> str:
    """Return Feishu's signature: instant and secret are the key, and the message is empty."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def dingtalk_signature(secret: str, milliseconds: int) -> str:
    """Return DingTalk's signature: the secret is the key, instant and secret are the message."""
    told = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), told, hashlib.sha256).digest()).decode()


def _unsigned(secrets: Mapping[str, str], now: datetime) -> tuple[str, Body]:
    return secrets["url"], {}


def _feishu_signed(secrets: Mapping[str, str], now: datetime) -> tuple[str, Body]:
    if not secrets.get("secret"):
        return secrets["url"], {}
    seconds = int(now.timestamp())
    sign = feishu_signature(secrets["secret"], seconds)
    return secrets["url"], {"timestamp": str(seconds), "sign": sign}


def _dingtalk_signed(secrets: Mapping[str, str], now: datetime) -> tuple[str, Body]:
    if not secrets.get("secret"):
        return secrets["url"], {}
    milliseconds = int(now.timestamp() * 1000)
    sign = quote(dingtalk_signature(secrets["secret"], milliseconds), safe="")
    return f"{secrets['url']}&timestamp={milliseconds}&sign={sign}", {}


def _bytes(told: Body) -> int:
    return len(json.dumps(told, ensure_ascii=False).encode())


FORMATS = {
    "slack": Format(_slack, lambda told: len(told["text"]), 40_000, _unsigned),
    # 20 KB for the whole request, signature among it.
    "feishu": Format(_feishu, _bytes, 20_000 - 200, _feishu_signed),
    "dingtalk": Format(_dingtalk, _bytes, 20_000, _dingtalk_signed),
    "wecom": Format(
        _wecom, lambda told: len(told["markdown"]["content"].encode()), 4096, _unsigned, False
    ),
}
"""By kind of channel."""
