"""Pages of the real app over a data folder of the test's choice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import launch
from etl.warehouse import SnapshotReader

Open = Callable[..., AppTest]


@pytest.fixture
def reader(published: Path) -> SnapshotReader:
    """Return a reader of the bundled snapshot."""
    return SnapshotReader(published)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return a function that opens a page: ``open_page(data, "market", lang="zh")``."""

    def opened(data: Path, page: str = "overview", **query: str) -> AppTest:
        monkeypatch.setenv("ARTONOMICS_DATA", str(data))
        test = AppTest.from_file(launch.APP, default_timeout=60)
        test.query_params["lang"] = query.get("lang", "en")
        if "_" in page:  # its address is not its name, and Streamlit learns addresses by a run
            test.switch_page("app_pages/data.py").run()
        if page != "overview":
            test.switch_page(f"app_pages/{page}.py")
        for key, code in query.items():
            test.query_params[key] = code
        return test.run()

    return opened


@pytest.fixture
def with_a_broken_newest_snapshot(published: Path, tmp_path: Path) -> Path:
    """Return a data folder whose newest snapshot is broken, and the one before it whole."""
    return _broken(published, tmp_path / "data", keep_a_good_one=True)


@pytest.fixture
def with_broken_snapshots_only(published: Path, tmp_path: Path) -> Path:
    """Return a data folder whose only snapshot is broken."""
    return _broken(published, tmp_path / "data", keep_a_good_one=False)


def _broken(published: Path, data: Path, *, keep_a_good_one: bool) -> Path:
    shutil.copytree(published / "warehouse", data / "warehouse")
    pointer = data / "warehouse" / "CURRENT"
    good = pointer.parent / "snapshots" / pointer.read_text().strip()
    newest = good.with_name(f"9{good.name[1:]}")
    if keep_a_good_one:
        shutil.copytree(good, newest)
    else:
        good.rename(newest)
    (newest / "artonomics.duckdb").write_bytes(b"torn")
    pointer.write_text(newest.name)
    return data


def text_of(page: AppTest) -> str:
    """Return all words that the page shows, one element a line."""
    kinds = (page.title, page.header, page.subheader, page.markdown, page.caption)
    kinds += (page.info, page.warning, page.error)
    words = [element.value for elements in kinds for element in elements]
    tiles = [f"{tile.label} {tile.value}" for tile in page.metric]
    return "\n".join([*words, *tiles])
