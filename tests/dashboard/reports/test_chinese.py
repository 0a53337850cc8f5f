"""Chinese reports are set with Chinese signs, but for addresses, codes and quoted foreign text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from dashboard.reports import REPORTS, definition
from dashboard.reports.choice import Choice
from dashboard.text import words
from etl.warehouse import SnapshotReader

SIGN = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
FOREIGN = re.compile(
    rf"{SIGN} ?[,;:](?=\s|{SIGN}|$)|[,;:] ?{SIGN}|{SIGN} ?\(|\( ?{SIGN}|{SIGN} ?\)"
)
GAP = re.compile(rf"{SIGN} {SIGN}")
LIST = re.compile(r"[a-z]_[a-z]+, [a-z]|[A-Z]{3,}, [A-Z]{3,}")
UNSEEN = ("figure", "values", "formats", "key", "expression", "facts")
"""Fields that hold no text to read; facts hold raw codes, and their names are looked at alone."""


def told(part: Any) -> Iterator[str]:
    """Yield every text of a document that a reader sees."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for each in part:  # pyright: ignore[reportUnknownVariableType]
            yield from told(each)
    elif is_dataclass(part):
        for field in fields(part):
            if field.name not in UNSEEN:
                yield from told(getattr(part, field.name))


@pytest.fixture(scope="module")
def reader(grown: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(grown, for_export=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def quoted(reader: SnapshotReader) -> re.Pattern[str]:
    """Return what finds the titles, names and notes that the tables hold, the longest first."""
    found: set[str] = set()
    for table, column in (
        ("market_events", "title_zh"),
        ("market_events", "title_en"),
        ("disclosed_facts", "source_title"),
        ("disclosed_facts", "note"),
        ("disclosed_facts", "entity"),
        ("disclosed_facts", "entity_zh"),
        ("sources", "title"),
    ):
        held = reader.query(f"SELECT DISTINCT {column} AS told FROM {table}")["told"].dropna()
        found.update(str(text) for text in held if len(str(text)) > 3)
    longest = sorted(found, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)))


@pytest.mark.parametrize("name", REPORTS)
def test_no_foreign_sign_stands_beside_a_chinese_one(
    reader: SnapshotReader, quoted: re.Pattern[str], name: str
) -> None:
    document = definition(name).prepare(reader, Choice()).document(words("zh"))
    texts = {*told(document), *(label for label, _ in document.facts)}
    assert len(texts) > 20
    own = {quoted.sub("x", text) for text in texts}
    assert [t for t in own if FOREIGN.search(t) or GAP.search(t) or LIST.search(t)] == []


@pytest.mark.parametrize(
    "text",
    [
        "simulated_app: 每月",
        "数据发布: 2026",
        "最新在前 (共 86 项)",
        "fx_rates, stock_prices",
        "BIDU, ADBE",
        "28日 的窗口",
        "模型, 基准",
    ],
)
def test_what_is_looked_for_is_found(text: str) -> None:
    assert FOREIGN.search(text) or GAP.search(text) or LIST.search(text)
