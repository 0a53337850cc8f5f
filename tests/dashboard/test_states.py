"""Nothing collected, nothing readable, something older: each page says it and what to do."""

from __future__ import annotations

import shutil

import pytest

from dashboard import cache
from tests.dashboard.conftest import text_of

PAGES = ("overview", "market", "data")


@pytest.mark.parametrize("page", PAGES)
def test_without_a_snapshot_a_page_says_what_to_run(open_page, tmp_path, page):
    opened = open_page(tmp_path, page)
    assert not opened.exception
    assert "artonomics etl run --offline" in opened.info[0].value
    assert r"NO\_SNAPSHOT" in text_of(opened)
    assert opened.title[0].value


def test_without_a_snapshot_the_page_speaks_chinese_too(open_page, tmp_path):
    assert "尚未采集任何数据" in open_page(tmp_path, lang="zh").info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_warehouse_is_an_error_with_its_code(open_page, with_broken_snapshots_only, page):
    opened = open_page(with_broken_snapshots_only, page)
    assert not opened.exception
    assert opened.error
    assert r"WAREHOUSE\_CORRUPT" in text_of(opened)
    assert opened.button(key="retry").label == "Try again"


def test_the_retry_shows_the_page_once_something_is_there(open_page, published, tmp_path):
    opened = open_page(tmp_path)
    assert not opened.metric
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    opened.button(key="retry").click().run()
    assert opened.metric
    assert not any("Nothing has been collected" in note.value for note in opened.info)


def test_older_data_is_shown_and_called_stale(open_page, with_a_broken_newest_snapshot):
    opened = open_page(with_a_broken_newest_snapshot)
    assert "Stale" in opened.warning[0].value
    assert opened.metric
    assert not opened.error


def test_a_new_snapshot_refreshes_an_open_page(open_page, published, tmp_path):
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    opened = open_page(tmp_path, "data")
    pointer = tmp_path / "warehouse" / "CURRENT"
    old = pointer.parent / "snapshots" / pointer.read_text().strip()
    new = old.with_name(f"9{old.name[1:]}")
    shutil.copytree(old, new)
    pointer.write_text(new.name)
    assert old.name.replace("-", r"\-") in text_of(opened.run()), "it is worked out first"
    assert cache.settled(seconds=30)
    opened.run()
    assert new.name.replace("-", r"\-") in text_of(opened)
