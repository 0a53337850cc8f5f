"""Nothing collected or readable, older, failed, partly there: each told with a next step."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, date, datetime

import pytest

from dashboard import cache, components, freshness, queries, refresh, signing_in, states
from dashboard.tables import faults
from dashboard.tables.table import Provenance
from dashboard.text import words
from etl import pipeline
from etl.config import Settings
from etl.errors import ArtonomicsError, InputError
from tests.dashboard.conftest import text_of

PAGES = ("overview", "market", "data")
OTHER_PAGES = ("attention", "growth", "compute", "reports")
ZH = words("zh")


@pytest.fixture(scope="module")
def rates_only(tmp_path_factory):
    """Return a data folder that holds nothing but exchange rates: every page lacks its data."""
    data = tmp_path_factory.mktemp("rates")
    pipeline.run(Settings(data_dir=data), ["fx_rates"], offline=True)
    return data


@pytest.fixture
def broken_study(monkeypatch):
    """Return a function that lets the study behind a page fail, everything kept forgotten."""

    def broken(module: str, name: str, fault: Exception) -> None:
        def fails(*_: object, **__: object) -> None:
            raise fault

        fails.__name__ = name
        monkeypatch.setattr(f"dashboard.app_pages.{module}.{name}", fails)
        cache.forget()
        states._worked_out().clear()
        states._been_shown().clear()

    yield broken
    cache.forget()
    states._worked_out().clear()


@pytest.mark.parametrize("page", PAGES)
def test_without_a_snapshot_a_page_says_what_to_run(open_page, tmp_path, page):
    opened = open_page(tmp_path, page)
    assert not opened.exception
    assert "artonomics etl run --offline" in opened.info[0].value
    assert r"NO\_SNAPSHOT" in text_of(opened)
    assert opened.title[0].value


def test_without_a_snapshot_any_page_offers_to_collect_it(open_page, tmp_path):
    opened = open_page(tmp_path, "market")
    assert opened.button(key="run:offline").label == "Collect the bundled snapshot"
    assert not opened.button(key="run:offline").disabled


def test_without_a_snapshot_the_page_speaks_chinese_too(open_page, tmp_path):
    assert "尚未采集任何数据" in open_page(tmp_path, lang="zh").info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_warehouse_is_an_error_with_its_code(open_page, with_broken_snapshots_only, page):
    opened = open_page(with_broken_snapshots_only, page)
    assert not opened.exception
    assert opened.error
    assert r"WAREHOUSE\_CORRUPT" in text_of(opened)
    assert opened.button(key="retry").label == "Try again"
    assert opened.button(key="run:offline")


def test_what_could_not_be_worked_out_beforehand_is_said_on_the_data_page(
    open_page, published, monkeypatch
):
    fault = refresh.Failure("20261129T000000Z-x", "study", ZeroDivisionError("1 / 0"))
    monkeypatch.setattr(cache, "failures", lambda: [fault])
    told = open_page(published, "data").warning[0].value
    assert "1 answer could not be worked out beforehand" in told
    assert "BUG-" in told


def test_a_broken_warehouse_is_told_in_chinese(open_page, with_broken_snapshots_only):
    told = open_page(with_broken_snapshots_only, lang="zh").error[0].value
    assert "DuckDB 无法打开文件" in told
    assert "got a file" not in told
    assert "expected" not in told
    assert "`artonomics etl run --offline`" in told, "a command can be copied"


def test_a_pointer_to_nothing_falls_back_on_the_last_good_snapshot(open_page, published, tmp_path):
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    (tmp_path / "warehouse" / "CURRENT").write_text("99990101T000000000000Z-gone\n")
    opened = open_page(tmp_path, "market", lang="zh")
    assert "数据已过期" in opened.warning[0].value
    assert "got a file" not in opened.warning[0].value
    assert not opened.error
    assert opened.header


def test_the_retry_shows_the_page_once_something_is_there(open_page, published, tmp_path):
    opened = open_page(tmp_path)
    assert not opened.metric
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    opened.button(key="retry").click().run()
    assert opened.metric
    assert not any("Nothing has been collected" in note.value for note in opened.info)


def test_older_data_is_shown_and_called_stale_at_every_number(
    open_page, with_a_broken_newest_snapshot
):
    opened = open_page(with_a_broken_newest_snapshot)
    assert "Stale" in opened.warning[0].value
    assert opened.metric
    assert not opened.error
    assert _badged(opened, "of the snapshot of") > 3


def test_a_source_past_its_calendar_is_called_stale_where_its_numbers_stand(open_page, published):
    lines = [line.value for line in open_page(published, "market").markdown]
    prices = [line for line in lines if "per share" in line]
    assert prices
    assert all("stale" in line and "reaches to" in line for line in prices)


def test_what_never_goes_stale_is_called_fixed(open_page, published):
    lines = [line.value for line in open_page(published, "attention").markdown]
    assert any("position" in line and "fixed" in line for line in lines)


def test_a_page_says_what_of_its_sources_is_not_there(open_page, published):
    told = text_of(open_page(published, "market"))
    assert "were never read" in told
    assert "failed a check" in told


def test_a_failed_source_is_named_on_the_page_it_feeds(open_page, published, monkeypatch):
    def failed_sources(_: object) -> list[str]:
        return ["stock_prices"]

    monkeypatch.setattr(queries, "failed_sources", failed_sources)
    cache.forget()
    assert "prices of shares failed when last asked" in text_of(open_page(published, "market"))
    assert "failed when last asked" not in text_of(open_page(published, "attention"))
    cache.forget()


@pytest.mark.parametrize("page", ["overview", "market", *OTHER_PAGES])
def test_a_page_without_its_data_says_so_and_what_to_do(open_page, rates_only, page):
    opened = open_page(rates_only, page)
    assert not opened.exception
    told = text_of(opened)
    assert "BUG" not in told
    assert opened.info or opened.warning or opened.error or page == "reports"


def test_growth_without_events_leads_to_where_they_are_imported(open_page, rates_only):
    opened = open_page(rates_only, "growth")
    assert "No history of a product is held" in opened.info[0].value
    assert not opened.error


def test_a_failure_we_foresaw_leaves_the_other_parts_standing(open_page, published, broken_study):
    broken_study("market_cards", "robustness_study", InputError("got the ticker 'X'", "a share"))
    opened = open_page(published, "market", lang="zh")
    assert opened.error[0].value.startswith("**无法显示**")
    assert "收到股票代码 'X'" in opened.error[0].value
    assert len(opened.header) >= 3, "prices and peers stand"


def test_a_fault_nobody_foresaw_is_told_by_a_code_that_finds_it_in_the_log(
    open_page, published, broken_study, caplog
):
    broken_study("market_cards", "robustness_study", ZeroDivisionError("a secret of the program"))
    with caplog.at_level(logging.ERROR, logger="artonomics.dashboard"):
        opened = open_page(published, "market")
    assert not opened.exception
    shown = text_of(opened)
    assert "the program has a fault here" in shown
    assert "secret" not in shown
    assert "Traceback" not in shown
    record = next(r for r in caplog.records if r.name == "artonomics.dashboard")
    code = record.getMessage().split()[0]
    assert code.replace("-", r"\-") in shown
    assert record.exc_info is not None
    assert len(opened.header) >= 3, "prices and peers stand"


def test_a_fault_in_the_controls_is_no_red_box_either(open_page, published, monkeypatch, caplog):
    def controls(_: object) -> None:
        raise KeyError("controls")

    monkeypatch.setattr("dashboard.app_pages.market_controls.controls", controls)
    opened = open_page(published, "market")
    assert not opened.exception
    assert "the program has a fault here" in text_of(opened)
    assert opened.button(key="retry")
    assert caplog.records


def test_the_same_fault_has_the_same_code_and_another_another():
    def code(fault: Exception) -> str:
        try:
            raise fault
        except (KeyError, ValueError) as raised:
            return states.code_of(raised)

    assert code(KeyError("a")) == code(KeyError("b"))
    assert code(KeyError("a")) != code(ValueError("a"))


def test_what_failed_shows_the_last_good_cards_badged_stale(open_page, published, monkeypatch):
    states._worked_out().clear()
    opened = open_page(published, "market")
    whole = len(opened.subheader)
    was_drawn = cache.drawn

    def drawn(name: str, *rest: object) -> object:
        if name.startswith("market:"):
            raise ArtonomicsError("got no answer", code="ASKED")
        return was_drawn(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "drawn", drawn)
    opened.run()
    shown = text_of(opened)
    assert "The last that could be worked out" in shown
    assert "Code ASKED" in shown
    assert len(opened.subheader) == whole > 5
    assert _badged(opened, "of the snapshot of") > 5
    states._worked_out().clear()


def test_an_older_card_bears_no_state_of_the_newest_snapshot(open_page, published, monkeypatch):
    fresh = {name: freshness.Reach(stale=False, last=None) for name in ("stock_prices",)}
    monkeypatch.setattr(freshness, "_known", lambda: fresh)
    monkeypatch.setenv("ARTONOMICS_DATA", str(published))
    with freshness.fed_by("stock_prices"):
        assert "fresh" in freshness.mark(words("en"))
        with freshness.of_older(datetime(2026, 1, 2, tzinfo=UTC)):
            told = freshness.mark(words("en"))
    assert "stale" in told
    assert "fresh" not in told
    assert "2 Jan 2026" in told


def test_a_stale_card_says_how_far_it_reaches_itself(open_page, published, monkeypatch):
    reach = {"stock_prices": freshness.Reach(stale=True, last=date(2026, 8, 3))}
    monkeypatch.setattr(freshness, "_known", lambda: reach)
    monkeypatch.setenv("ARTONOMICS_DATA", str(published))
    with freshness.fed_by("stock_prices"):
        assert "reaches to 3 Aug 2026" in freshness.mark(words("en"))
        of_a_share = Provenance("measured", "", date(2026, 3, 2))
        newest = Provenance("measured", "", date(2026, 8, 3))
        assert "reaches to 3 Aug 2026" in components.provenance_line(words("en"), newest)
        with freshness.of_one_series():
            assert "reaches to 2 Mar 2026" in components.provenance_line(words("en"), of_a_share)


@pytest.mark.parametrize("kind", ["assumed", "disclosed", "missing"])
def test_on_a_page_of_a_past_day_what_was_said_does_not_age(published, monkeypatch, kind):
    reach = {"fx_rates": freshness.Reach(stale=True, last=date(2026, 8, 3))}
    monkeypatch.setattr(freshness, "_known", lambda: reach)
    monkeypatch.setenv("ARTONOMICS_DATA", str(published))
    with freshness.fed_by("fx_rates"):
        elsewhere = components.provenance_line(words("en"), Provenance(kind, "", date(2026, 8, 2)))
        assert ("stale" in elsewhere) == (kind != "missing")
    with freshness.fed_by("fx_rates"), freshness.dated():
        for day in (None, date(2022, 12, 8), date(2026, 8, 3)):
            line = components.provenance_line(words("en"), Provenance(kind, "", day))
            assert "stale" not in line
        assert "stale" in components.provenance_line(words("en"), Provenance("estimated"))
        with freshness.of_older(datetime(2026, 1, 2, tzinfo=UTC)):
            line = components.provenance_line(words("en"), Provenance(kind))
            assert "of the snapshot of" in line


@pytest.mark.parametrize("stale", [True, False])
def test_on_a_page_of_a_past_day_a_number_has_its_date_alone(published, monkeypatch, stale):
    reach = {
        "stock_prices": freshness.Reach(stale=stale, last=date(2026, 8, 3)),
        "waves": freshness.Reach(stale=None, last=date(2026, 9, 1)),
    }
    monkeypatch.setattr(freshness, "_known", lambda: reach)
    monkeypatch.setenv("ARTONOMICS_DATA", str(published))
    with freshness.fed_by(*reach):
        # Elsewhere a day before the last of a source may be that of a share that lags.
        assert ("stale" if stale else "fresh") in freshness.mark(words("en"), date(2026, 8, 1))
    with freshness.fed_by(*reach), freshness.dated():
        assert freshness.mark(words("en"), date(2022, 12, 7)) == ""
        assert ("stale" if stale else "fresh") in freshness.mark(words("en"), date(2026, 8, 3))


def test_cards_of_a_share_bear_its_last_day(open_page, published, monkeypatch):
    reach = {"stock_prices": freshness.Reach(stale=True, last=date(2099, 8, 3))}
    monkeypatch.setattr(freshness, "_known", lambda: reach)
    page = open_page(published, "market")
    assert _badged(page, "reaches to 30 Oct 2025") > 3


def test_a_part_that_runs_by_itself_asks_again_who_is_there(open_page, published, monkeypatch):
    answers = iter([True])  # the whole page is let in, and the time is over at its first part
    monkeypatch.setattr(signing_in, "is_let_in", lambda: next(answers, False))
    opened = open_page(published, "data", view="runs")
    assert [title.value for title in opened.title] == ["Sign-in"]
    assert not opened.button


def test_only_the_newest_of_what_is_kept_is_kept():
    kept: dict[tuple[object, ...], int] = {}
    for n in (1, 2, 3, 2, 4):
        states._keep(kept, (n,), n, 3)
    assert list(kept) == [(3,), (2,), (4,)]


def test_a_message_of_ours_is_chinese_on_a_chinese_page_and_another_is_framed():
    known = InputError("got the history 'x'", "one of a, b", "import events, or simulate them")
    told = faults.told(known, ZH)
    assert "收到历史 'x'" in told
    assert "a, b 之一" in told
    assert "导入事件，或生成模拟事件" in told
    assert faults.told(InputError("wholly new", "an old one"), ZH).startswith("wholly new")
    assert "应为" in faults.told(InputError("wholly new", "an old one"), ZH)


def test_every_known_message_is_found_again():
    for pattern, english in zip(faults._patterns(), faults._sentences(words("en")), strict=True):
        assert pattern.fullmatch(english), english


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


def _badged(opened, words_of_it: str) -> int:
    return sum(words_of_it in line.value for line in opened.markdown)
