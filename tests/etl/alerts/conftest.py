"""A data folder with rules, a reader that answers what a test says, and local chats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from servers.webhooks import SECRET, Chats, bot, webhook_server

from etl.alerts.check import Checked, check
from etl.delivery import parcel

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Told:
    """A reader that answers a question of the rule with the rows of the test."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] | Exception = []

    def query(self, sql: str, parameters: object = ()) -> pd.DataFrame:
        if isinstance(self.rows, Exception):
            raise self.rows
        if "json_serialize_sql" in sql:
            return pd.DataFrame({"tree": ["{}"]})  # the question asks no table
        return pd.DataFrame(self.rows, columns=["subject", "value"])

    def values(self, **values: float | None) -> None:
        self.rows = [{"subject": name, "value": value} for name, value in values.items()]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "FIRST_WAIT_SECONDS", 0.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def rules(data: Path) -> Callable[..., None]:
    """Return a function that writes the rules."""

    def written(*told: dict[str, Any]) -> None:
        (data / "alerts.yml").write_text(yaml.safe_dump({"rules": list(told)}), encoding="utf-8")

    return written


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def look(data: Path, told: Told) -> Callable[..., Checked]:
    """Return a function that looks at the rules: ``look(load=5.0)``."""

    def looked(now: datetime = NOON, **values: float | None) -> Checked:
        if values:
            told.values(**values)
        return check(data, told, now)  # pyright: ignore

    return looked


@pytest.fixture
def chats(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    """Run the chats; ``desk`` and ``team`` are channels of the data folder."""
    with webhook_server() as running:
        monkeypatch.setenv("SLACK_URL", running.address("slack"))
        monkeypatch.setenv("WECOM_URL", running.address("wecom"))
        monkeypatch.setenv("BOT_SECRET", SECRET)
        channels = {"desk": bot("slack", attempts=1), "team": bot("wecom", attempts=1)}
        text = yaml.safe_dump({"channels": channels})
        (data / "delivery.yml").write_text(text, encoding="utf-8")
        yield running


def load(**more: Any) -> dict[str, Any]:
    """Return a rule over a number: raised above 10, over at 8."""
    question = "SELECT 1 AS subject, 1 AS value"
    own = {"name": "load", "kind": "query_crosses", "question": question, "above": 10, "clear": 8}
    return own | more
