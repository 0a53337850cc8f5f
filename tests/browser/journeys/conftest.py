"""The data folder that journeys may write to, its dashboard, and a browser for each language."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.conftest import leave, lent
from browser.walking import LOCALES, PATIENCE_MS, VIEWPORT
from playwright.sync_api import Browser, BrowserContext, Page

from dashboard.text import Words, words


@pytest.fixture(scope="module")
def folder(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the journeys may write to."""
    data = tmp_path_factory.mktemp("journeys") / "data"
    shutil.copytree(grown, data)
    return data


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str], folder: Path) -> str:
    return serve(folder)


@pytest.fixture(params=["en", "zh"])
def said(request: pytest.FixtureRequest) -> Words:
    return words(request.param)


@pytest.fixture(scope="module")
def speaking(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Return a profile for each language: the dashboard follows it unasked."""
    contexts = {
        language: browser.new_context(viewport=VIEWPORT, locale=locale, reduced_motion="reduce")
        for language, locale in LOCALES.items()
    }
    for context in contexts.values():
        context.set_default_timeout(PATIENCE_MS)
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def page(speaking: dict[str, BrowserContext], said: Words) -> Iterator[Page]:
    """Lend the page of a browser that speaks the language."""
    page = lent(speaking[said.language])
    yield page
    leave(page)
