from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboard import reports
from dashboard.reports import machine
from dashboard.reports.choice import Choice
from etl.errors import InputError


def order(out: Path) -> reports.Order:
    return reports.Order("market", Choice(ticker="1357.HK"), ["pdf"], ["zh"], out)


class Untouched:
    """A reader that must not be asked."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the reader was asked for {name}")


def test_a_missing_browser_is_said_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(machine.BROWSER_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(machine.BrowserMissingError, match="BROWSER_PATH") as caught:
        reports.build(Untouched(), order(tmp_path / "out"))  # pyright: ignore
    assert caught.value.todo
    assert not (tmp_path / "out").exists()


def test_no_browser_anywhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(machine.BROWSER_VARIABLE, raising=False)
    monkeypatch.setattr(machine, "BROWSERS", ("no-such-browser",))
    with pytest.raises(machine.BrowserMissingError, match="no Chromium was found"):
        machine.find_browser()


def test_a_named_browser_goes_before_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv(machine.BROWSER_VARIABLE, str(program))
    assert machine.find_browser() == program


def test_a_missing_chinese_font_is_said_only_where_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(machine.FontMissingError, match="Chinese") as caught:
        machine.fonts("zh", font_dirs=[tmp_path])
    assert "fonts-noto-cjk" in caught.value.todo
    assert machine.fonts("en", font_dirs=[tmp_path])


def test_a_missing_font_stops_a_build_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "find_browser", lambda: tmp_path)
    monkeypatch.setattr(machine, "CHINESE_FONTS", ("No Such Font",))
    with pytest.raises(machine.FontMissingError):
        reports.build(Untouched(), order(tmp_path / "out"))  # pyright: ignore
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "monthly"}, "one of market"),
        ({"formats": ["docx"]}, "one of pdf, html"),
        ({"languages": ["de"]}, "one of en, zh"),
        ({"name": "markt"}, "perhaps you meant 'market'"),
        ({"choice": Choice(scenario="mine")}, "got --scenario for the report 'market'"),
    ],
)
def test_an_unknown_word_is_answered_with_the_known_ones(
    changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        reports.build(Untouched(), replace(order(tmp_path), **changed))  # pyright: ignore


def test_what_the_machine_lacks_is_for_the_reader_to_mend() -> None:
    for fault in (machine.BrowserMissingError, machine.FontMissingError):
        assert fault.exit_status == InputError.exit_status
