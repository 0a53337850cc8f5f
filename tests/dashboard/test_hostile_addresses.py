"""What somebody may write into an address does no harm: every key of every page, three codes each.

The keys are read from the sources, so that a new one is tried without being named here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.conftest import text_of

SOURCES = Path(__file__).resolve().parents[2] / "dashboard"
PAGES = (
    "overview",
    "market",
    "attention",
    "growth",
    "unit_economics",
    "compute",
    "data",
    "reports",
)
MARK = "onerror"
CODES = (
    f"x\n\n# [a](javascript:{MARK})<img src=x {MARK}=1>`</code>\x00\x1b\u202e'; DROP TABLE gpus;--",
    "9" * 5_000,
    "nan,-1e308,inf",
)


def keys() -> list[str]:
    """Return every name that the sources read from the address."""
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # A key is handed on by helpers of many names, so every short word counts as one.
            if isinstance(node, ast.Call):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return sorted(word for word in found if re.fullmatch(r"[a-z][a-z_]{0,30}", word))


def outside_of_code(text: str) -> str:
    """Return Markdown without what stands in code, where nothing is read as markup."""
    return re.sub(r"`[^`\n]*`", "", text)


def test_the_keys_are_found():
    assert {"lang", "ticker", "window", "view", "as_of", "apps", "q"} <= set(keys())


@pytest.mark.parametrize("page", PAGES)
def test_no_code_of_any_key_breaks_a_page_or_is_read_as_markup(
    open_page: Any, grown: Path, page: str, caplog: pytest.LogCaptureFixture
) -> None:
    known = keys()
    for turn in range(len(CODES)):
        told = {key: CODES[(n + turn) % len(CODES)] for n, key in enumerate(known)}
        shown = open_page(grown, page, **told)
        assert not shown.exception, (turn, [one.value for one in shown.exception])
        assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []
        assert MARK not in outside_of_code(text_of(shown))
        assert not [html.value for html in shown.get("html") if MARK in str(html)]
