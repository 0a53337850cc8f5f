"""Where something can be delivered: ``delivery.yml`` of the data folder, checked as it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.delivery import secret
from etl.errors import InputError

FILE = "delivery.yml"
_KEYS = ("channels", "link_base")
_WEB = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_NAME = r"^[a-z0-9][a-z0-9_-]*$"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EXAMPLE = "channels: {desk: {kind: smtp, host: mail.example.com, …}}"

Address = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]*[A-Za-z0-9]$")
]
Reference = Annotated[str, Field(pattern=rf"^({secret.REFERENCE.pattern})?$")]
"""``${VARIABLE}``, or empty where the twin field names a file."""


class Channel(BaseModel):
    """One place to deliver to.

    Attributes
    ----------
    kind
        One of :data:`KINDS`.
    name
        By which it is called; the key in the file.
    data_dir
        The data folder, from which relative paths lead.
    link_base
        Address of the dashboard, put before the link of a message; that of the whole file where
        a channel names none.
    timeout_seconds
        To connect, and for each answer.
    attempts
        For what may pass: a server that is busy or out of reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    SECRETS: ClassVar[tuple[str, ...]] = ()
    """Fields that hold a secret."""

    kind: str
    name: str = Field(pattern=_NAME, exclude=True)
    data_dir: Path = Field(exclude=True)
    link_base: str = Field(default="", pattern=r"^(https?://\S+)?$")
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    attempts: int = Field(default=4, ge=1, le=10)

    def secrets(self) -> dict[str, str]:
        """Return the secrets by field; empty ones are not named.

        Raises
        ------
        InputError
            If a variable is not set or a file cannot be read; the secret itself is never shown.
        """
        named = {
            field: secret.read(
                f"{self.name}.{field}",
                getattr(self, field),
                getattr(self, f"{field}_file"),
                self.data_dir,
            )
            for field in self.SECRETS
        }
        self.verify(named)
        return named

    def verify(self, secrets: Mapping[str, str]) -> None:
        """Raise InputError where a secret cannot be right."""


class Smtp(Channel):
    """Mail."""

    SECRETS = ("password",)

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    ca_file: Path | None = None
    user: str = ""
    password: Reference = ""
    password_file: Path | None = None
    sender: Address
    to: tuple[Address, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Smtp:
        held = bool(self.password or self.password_file)
        if held != bool(self.user):
            raise ValueError("user and password (or password_file) go together")
        if held and self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError("a password would cross the network in the open: set security")
        if len(set(self.to)) < len(self.to):
            raise ValueError("an address stands in `to` twice")
        return self


class Folder(Channel):
    """A folder of this machine or of a share."""

    path: Path

    @property
    def folder(self) -> Path:
        """The folder as a whole path."""
        return self.data_dir / self.path.expanduser()


class Webhook(Channel):
    """A chat whose address is itself a secret: who knows it may write there."""

    SECRETS = ("url",)
    PATH: ClassVar[str] = ""
    """What the address of such a webhook has in it."""

    url: Reference = ""
    url_file: Path | None = None

    @model_validator(mode="after")
    def _has_an_address(self) -> Webhook:
        if not self.url and self.url_file is None:
            raise ValueError("neither url: ${VARIABLE} nor url_file is there")
        return self

    def verify(self, secrets: Mapping[str, str]) -> None:
        """Raise InputError where the address is none of this kind."""
        url = secrets["url"]
        parts = urlsplit(url)
        encrypted = parts.scheme == "https" or parts.hostname in _LOOPBACK
        if not (encrypted and parts.hostname and self.PATH in url):
            raise InputError(
                f"got an address in {self.name}.url that is no webhook of {self.kind}",
                f"https://… with {self.PATH}…",
                "copy it again from the settings of the bot",
                code="WEBHOOK",
            )


class Slack(Webhook):
    """Slack: an incoming webhook."""

    PATH = "/services/"


class _Signed(Webhook):
    """A bot that may ask for a signature."""

    SECRETS = ("url", "secret")

    secret: Reference = ""
    secret_file: Path | None = None


class Feishu(_Signed):
    """Feishu or Lark: a custom bot."""

    PATH = "/open-apis/bot/v2/hook/"


class DingTalk(_Signed):
    """DingTalk: a custom robot."""

    PATH = "/robot/send?access_token="


class WeCom(Webhook):
    """WeCom: a group bot, which takes files too."""

    PATH = "/cgi-bin/webhook/send?key="

    with_files: bool = True


KINDS: dict[str, type[Channel]] = {
    "smtp": Smtp,
    "folder": Folder,
    "slack": Slack,
    "feishu": Feishu,
    "dingtalk": DingTalk,
    "wecom": WeCom,
}
"""By the word of the file."""


def load(data_dir: Path) -> dict[str, Channel]:
    """Return the channels of a data folder by name; none where it has no file.

    Secrets are not read yet: see :meth:`Channel.secrets`.

    Raises
    ------
    InputError
        If the file is no YAML, or says something wrong; the nearest known word is named.
    """
    told = _read(data_dir / FILE)
    _known(told, _KEYS, str(data_dir / FILE), "key")
    base = link_base(data_dir)
    return {str(name): _channel(str(name), one, data_dir, base) for name, one in _items(told)}


def link_base(data_dir: Path) -> str:
    """Return the dashboard's public address as ``delivery.yml`` names it; empty without one.

    It has no stroke at its end: a path follows.

    Raises
    ------
    InputError
        If the file is no YAML, or names something else than an address of the web.
    """
    path = data_dir / FILE
    base = _read(path).get("link_base") or ""
    if base and not _WEB.fullmatch(str(base)):
        raise _wrong(
            f"{path}: link_base", repr(base), "an address such as https://dashboard.example.com"
        )
    return str(base).rstrip("/")


def _read(path: Path) -> dict[str, Any]:
    """Return the whole file; empty where there is none."""
    if not path.exists():
        return {}
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)  # not its words: they quote the line
        where = f" (line {mark.line + 1})" if mark else ""
        raise _wrong(path, f"no YAML{where}", _EXAMPLE, "mend that line") from None
    if not isinstance(told, dict) or not isinstance(told.get("channels", {}), dict):
        raise _wrong(path, "no mapping named channels", _EXAMPLE)
    return told


def chosen(data_dir: Path, to: Sequence[str]) -> list[Channel]:
    """Return the channels named, each once, in that order.

    Raises
    ------
    InputError
        If one of them is not in the file.
    """
    known = load(data_dir)
    for name in to:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"perhaps you meant {near[0]!r}; " if near else ""
            raise InputError(
                f"got the channel {name!r}, which {data_dir / FILE} does not have",
                f"one of {', '.join(known)}" if known else _EXAMPLE,
                f"{hint}name one of them, or add it to the file",
                code="CHANNEL",
            )
    return [known[name] for name in dict.fromkeys(to)]


def _items(told: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    return list((told.get("channels") or {}).items())


def _channel(name: str, told: Any, data_dir: Path, base: str) -> Channel:
    place = f"{data_dir / FILE}: channels.{name}"
    if not isinstance(told, dict) or "kind" not in told:
        raise _wrong(place, "no kind", f"kind: one of {', '.join(KINDS)}")
    _known([str(told["kind"])], KINDS, f"{place}.kind", "kind")
    model = KINDS[told["kind"]]
    fields = [field for field in model.model_fields if field not in ("name", "data_dir")]
    _known(told, fields, place, "key")
    try:
        return model.model_validate({"link_base": base, **told, "name": name, "data_dir": data_dir})
    except ValidationError as error:
        # Never what was given: it may be a secret that stands in the wrong place.
        faults = "; ".join(_fault(fault, model) for fault in error.errors(include_input=False))
        raise _wrong(place, faults, f"the keys {', '.join(fields)}") from None


def _fault(fault: Any, model: type[Channel]) -> str:
    field = ".".join(map(str, fault["loc"]))
    if field in model.SECRETS:
        return f"{field}: the secret itself, or no name of one; write ${{VARIABLE}} or {field}_file"
    return f"{field}: {fault['msg']}".removeprefix(": ").replace("Value error, ", "")


def _known(given: Mapping[Any, Any] | Sequence[str], known: Any, place: str, what: str) -> None:
    for word in map(str, given):
        if word not in known:
            near = get_close_matches(word, list(known), n=1, cutoff=0.5)
            todo = f"perhaps you meant {near[0]!r}" if near else ""
            raise _wrong(place, f"the unknown {what} {word!r}", f"one of {', '.join(known)}", todo)


def _wrong(place: object, got: str, expected: str, todo: str = "") -> InputError:
    return InputError(
        f"got {place} with {got}",
        expected,
        todo or "mend that entry of the file",
        code="DELIVERY_FILE",
    )
