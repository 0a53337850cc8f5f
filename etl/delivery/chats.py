"""Chats: Slack, Feishu, DingTalk and WeCom by webhook; what they answer decides, not the status."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import requests
from urllib3.exceptions import NewConnectionError

from etl.delivery.channels import Channel, WeCom
from etl.delivery.chat_formats import FORMATS, Body, body
from etl.delivery.faults import DeliveryError, TransientError, UncertainError
from etl.delivery.parcel import Outcome, Parcel, patiently
from etl.errors import InputError

NAMES = {"slack": "Slack", "feishu": "Feishu", "dingtalk": "DingTalk", "wecom": "WeCom"}
FILE_LIMIT_BYTES = 20 * 2**20
_MESSAGE = "the message"
_NO_CODE = "?"
_BUSY = (429, 500, 503)
_GONE = (401, 403, 404, 410)
_ADDRESS = "copy the address of the bot again, or make a new bot"
T = TypeVar("T")


@dataclass(frozen=True)
class Code:
    """What an error code of a chat means.

    Attributes
    ----------
    words
        In our words.
    passes
        Whether it passes by itself.
    is_setting
        Whether the address or the secret is wrong, which can be seen without sending anything.
    """

    words: str
    passes: bool = False
    is_setting: bool = False


_UNKNOWN_ADDRESS = Code("it does not know this address", is_setting=True)
_TOO_FAST = Code("too many messages in a short time", passes=True)
_SIGNATURE = Code(
    "the signature is wrong: see the secret and the clock of this machine", False, True
)
CODES: dict[str, dict[str, Code]] = {
    "slack": {
        "no_service": _UNKNOWN_ADDRESS,
        "no_team": _UNKNOWN_ADDRESS,
        "invalid_token": _UNKNOWN_ADDRESS,
        "no_active_hooks": Code("the webhook is switched off", is_setting=True),
        "channel_not_found": Code("its channel is gone", is_setting=True),
        "channel_is_archived": Code("its channel is archived", is_setting=True),
        "action_prohibited": Code("an administrator forbids it", is_setting=True),
    },
    "feishu": {
        "19001": _UNKNOWN_ADDRESS,
        "19021": _SIGNATURE,
        "19022": Code("the bot does not take this machine's address", is_setting=True),
        "19024": Code("the bot wants a key word that the message lacks"),
        "11232": _TOO_FAST,
        "9499": Code("it does not understand the message"),
    },
    "dingtalk": {
        "300005": _UNKNOWN_ADDRESS,
        "400101": _UNKNOWN_ADDRESS,
        "400013": Code("its group is gone", is_setting=True),
        "400102": Code("the robot is switched off", is_setting=True),
        "310000": Code("its security settings refuse it: signature, key word or address"),
        "130101": _TOO_FAST,
        "410100": _TOO_FAST,
        "-1": Code("it is busy", passes=True),
    },
    "wecom": {
        "93000": _UNKNOWN_ADDRESS,
        "45009": _TOO_FAST,
        "40058": Code("it finds a field missing or too long"),
        "-1": Code("it is busy", passes=True),
    },
}
"""By kind, what is known of the codes in its answers."""


def send(parcel: Parcel) -> Outcome:
    """Post the message, and the files where the chat takes them; what it has is not sent again."""
    reached = list(parcel.reached)
    try:
        for part, post in _parts(parcel):
            if part not in reached:
                patiently(parcel.channel.attempts, post)
                reached.append(part)
    except UncertainError as error:
        return Outcome("uncertain", tuple(reached), str(error))
    except OSError as error:  # a file; what the network does is told by now
        why = f"a file cannot be read ({error.strerror or type(error).__name__})"
        return Outcome("failed", tuple(reached), why)
    except DeliveryError as error:
        there = f"; it has {', '.join(reached)}" if reached else ""
        n_tries = parcel.channel.attempts if isinstance(error, TransientError) else 1
        tries = f" ({n_tries} tries)" if n_tries > 1 else ""
        return Outcome("failed", tuple(reached), f"{error}{tries}{there}")
    return Outcome("sent", tuple(reached), f"{_name(parcel.channel)} has {', '.join(reached)}")


def probe(channel: Channel, secrets: Mapping[str, str]) -> None:
    """Post an empty message, which every chat refuses: how it does tells whether it knows us.

    Raises
    ------
    InputError
        If address or secret are wrong.
    DeliveryError
        If the chat cannot be reached.
    """
    try:
        _post(channel, secrets, {})
    except _RefusedError as refused:
        if refused.is_setting:
            raise InputError(
                f"got {channel.name}.url, and {refused.got}", "a bot that is there", _ADDRESS
            ) from None


class _RefusedError(DeliveryError):
    """The chat answered, and does not take it."""

    is_setting = False


def _parts(parcel: Parcel) -> Iterator[tuple[str, Callable[[], object]]]:
    channel, secrets = parcel.channel, parcel.secrets
    told = body(parcel, FORMATS[channel.kind])
    yield _MESSAGE, lambda: _post(channel, secrets, told)
    if isinstance(channel, WeCom) and channel.with_files:
        for file in parcel.message.attachments:
            yield file.name, lambda file=file: _post_file(channel, secrets, file)


def _post(channel: Channel, secrets: Mapping[str, str], told: Body) -> None:
    """Post once; the signature bears the instant of the attempt."""
    url, more = FORMATS[channel.kind].address(secrets, datetime.now(UTC))
    content = json.dumps({**more, **told}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    with _told(channel):
        answer = requests.post(
            url,
            data=content,
            headers=headers,
            timeout=channel.timeout_seconds,
            allow_redirects=False,
        )
    _understood(channel, answer)


def _post_file(channel: WeCom, secrets: Mapping[str, str], file: Path) -> None:
    """Upload a file, then post it; an upload that nothing follows is seen by nobody."""
    size = file.stat().st_size
    if size > FILE_LIMIT_BYTES:
        raise DeliveryError(
            f"got {file.name} of {size:,} bytes; WeCom takes {FILE_LIMIT_BYTES:,}",
            "a smaller file",
            "choose fewer formats, or set with_files: false, which sends the message alone",
        )
    url = secrets["url"].replace("/webhook/send?", "/webhook/upload_media?") + "&type=file"
    try:
        with _told(channel), file.open("rb") as content:
            answer = requests.post(
                url,
                files={"media": (file.name, content, "application/octet-stream")},
                timeout=channel.timeout_seconds,
                allow_redirects=False,
            )
        media = _understood(channel, answer).get("media_id")
    except UncertainError as error:
        raise TransientError(*error.args) from None
    _post(channel, secrets, {"msgtype": "file", "file": {"media_id": media}})


@contextmanager
def _told(channel: Channel) -> Iterator[None]:
    """Tell what the connection does, without its words: they quote the address."""
    name = _name(channel)
    todo = "see the network of this machine"
    try:
        yield
    except requests.exceptions.SSLError:
        words = f"no encrypted connection to {name}: its certificate is not trusted here"
        raise DeliveryError(words, "a certificate that is", todo) from None
    except (requests.ConnectTimeout, requests.exceptions.ProxyError):
        raise TransientError(f"{name} cannot be reached", "a connection", todo) from None
    except requests.RequestException as error:
        if _never_connected(error):
            raise TransientError(f"{name} cannot be reached", "a connection", todo) from None
        words = f"{name} fell silent after it had been handed the post ({type(error).__name__})"
        raise UncertainError(words, "its answer", "look whether it is there") from None


def _never_connected(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError) or "NameResolutionError" in repr(error)


def _understood(channel: Channel, answer: requests.Response) -> dict[str, Any]:
    """Return a good answer; raise what another one means."""
    text, status = answer.text.strip(), answer.status_code
    if channel.kind == "slack":
        told, code, said = {}, "" if text == "ok" else text, text
    else:
        told = _json(text)
        code, said = _code(told)
    if status == 200 and code in ("", "0"):
        return told
    if status in (502, 504):
        words = f"{_name(channel)} answers HTTP {status}: a gateway does not know what became of it"
        raise UncertainError(words, "HTTP 200", "look whether it is there")
    known = CODES[channel.kind].get(code)
    meaning = f" ({known.words})" if known else ""
    shown = " ".join((said if code == said else f"{code} {said}").split())[:200]
    got = f"{_name(channel)} refuses: HTTP {status} {shown}{meaning}"
    if code == _NO_CODE:
        got = f"{_name(channel)} refuses: HTTP {status}, {said}"
    if status in _BUSY or (known and known.passes):
        raise TransientError(got, "a quieter moment", "send it again later")
    refused = _RefusedError(got, "a message that is taken", "see the settings of the bot")
    gone = status in _GONE
    refused.is_setting = gone or bool(known and known.is_setting) or _names_signature(code, said)
    raise refused


def _names_signature(code: str, said: str) -> bool:
    """Return whether DingTalk's one code for all security settings means the signature."""
    return code == "310000" and any(word in said for word in ("sign", "签名", "timestamp"))


def _json(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return cast(dict[str, Any], told) if isinstance(told, dict) else {}


def _code(told: Mapping[str, Any]) -> tuple[str, str]:
    """Return code and words of an answer; a body without a code is none of these chats."""
    for code, words in (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage")):
        if code in told:
            return str(told[code]), str(told.get(words, ""))
    return _NO_CODE, "an answer without a code"


def _name(channel: Channel) -> str:
    return NAMES[channel.kind]
