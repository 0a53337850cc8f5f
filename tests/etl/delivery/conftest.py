"""A data folder with channels to local servers; no test waits between two attempts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers.mail import Post, mail_server
from servers.webhooks import SECRET, Chats, webhook_server

from etl.delivery import parcel
from etl.delivery.message import Message

NOW = datetime(2026, 11, 23, 0, 17, tzinfo=UTC)
Channels = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "FIRST_WAIT_SECONDS", 0.0)


@pytest.fixture
def now() -> datetime:
    """Return the instant of every test."""
    return NOW


@pytest.fixture
def post() -> Iterator[Post]:
    """Run a mail server in the open."""
    with mail_server() as running:
        yield running


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    """Run the four chats; their addresses and the secret stand in the environment."""
    with webhook_server() as running:
        for kind in ("slack", "feishu", "dingtalk", "wecom"):
            monkeypatch.setenv(f"{kind.upper()}_URL", running.address(kind))
        monkeypatch.setenv("BOT_SECRET", SECRET)
        yield running


@pytest.fixture
def channels(tmp_path: Path) -> Channels:
    """Return a function that writes ``delivery.yml`` and returns the data folder."""

    def written(**told: dict[str, Any]) -> Path:
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        text = yaml.safe_dump({"channels": told}, allow_unicode=True)
        (data / "delivery.yml").write_text(text, encoding="utf-8")
        return data

    return written


@pytest.fixture
def message(tmp_path: Path) -> Message:
    """Return a message with two files, one of them named in Chinese."""
    files = (tmp_path / "市场报告_zh.pdf", tmp_path / "market_en.xlsx")
    files[0].write_bytes(b"%PDF-1.7 made up")
    files[1].write_bytes(b"PK made up")
    return Message(
        subject="Meitu: nothing to see 美图",
        text="The first sentence. The second one.\n.A line that begins with a dot.",
        html="<h1>Meitu</h1>",
        attachments=files,
        link="/market?ticker=1357.HK",
    )
