"""The Reports page: choices in the address, preview, build, failures, history, schedules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard import reporting
from dashboard.app_pages import reports_schedules
from dashboard.app_pages.reports_build import framed
from dashboard.processes import Started
from dashboard.reporting import Timing, Wanted
from dashboard.reports import assembly, history, machine, market, schedule_file
from dashboard.tables import reports as tables
from dashboard.text import words as words_of
from etl.delivery import lines
from etl.errors import InputError
from tests.dashboard.conftest import text_of

SHARED = {
    "ticker": "ticker",
    "event": "event",
    "app": "apps",
    "storefront": "storefront",
    "currency": "currency",
}
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CHANNEL = "channels: {share: {kind: folder, path: outbox}}\n"


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    """Return a data folder that a test may write to."""
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    return tmp_path


def ended(tmp_path: Path, status: int, said: str = "", printed: str = "") -> Started:
    """Return a process that has ended with a status and said something."""
    log, output = tmp_path / "x.log", tmp_path / "x.json"
    log.write_text(said)
    output.write_text(printed)
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"])
    process.wait()
    return Started(("report",), process, log, output)


def wait(page: Any, key: str, seconds: float = 90) -> Any:
    """Run the page while its process is at work, and again when it has ended."""
    page.run()
    page.session_state[key].process.wait(seconds)
    return page.run().run()


def built_before(
    data: Path, *names: str, sha: str = "a", name: str = "market", as_of: str | None = None
) -> list[Path]:
    """Write files of a report, and the line of the history that tells of them."""
    files = [data / "reports" / each for each in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sha)
    told = {
        "built_at": NOW,
        "name": name,
        "choice": {"ticker": "1357.HK", "window": [-1, 1]},
        "as_of": as_of,
        "published_at": NOW,
        "data_version": "abc",
        "formats": ["pdf"],
        "languages": ["en"],
        "files": [{"path": str(file), "size_bytes": 1, "sha256": sha} for file in files],
        "started_by": "hand",
        "duration_seconds": 1.5,
    }
    lines.add(data / "reports" / history.FILE, told)
    return files


def test_nothing_collected_is_said_with_a_next_step(open_page, tmp_path):
    told = text_of(open_page(tmp_path, "reports"))
    assert "Nothing has been collected yet" in told


@pytest.mark.parametrize("name", reporting.REPORTS)
def test_a_report_offers_its_own_options_and_no_others(open_page, published, name):
    page = open_page(published, "reports", report=name)
    assert not page.exception
    widgets = [*page.selectbox, *page.multiselect, *page.slider, *page.date_input]
    keys = {one.key for one in widgets}
    options = set(reporting.options_of(name))
    assert {key.removeprefix("report_") for key in keys if key.startswith("report_")} | {
        option for option, key in SHARED.items() if key in keys
    } == options
    assert ("as_of" in {one.key for one in page.date_input}) == (name in reporting.WITH_AS_OF)


def test_every_choice_stands_in_the_address_and_is_restored(open_page, published):
    codes = {
        "report": "market",
        "ticker": "1357.HK",
        "event": "E0084",
        "report_window": "-3,5",
        "formats": "pdf,xlsx",
        "languages": "zh",
        "as_of": "2023-01-31",
    }
    page = open_page(published, "reports", **codes)
    assert page.selectbox(key="ticker").value == "1357.HK"
    assert page.multiselect(key="event").value == ["E0084"]
    assert page.slider(key="report_window").value == (-3, 5)
    assert {key: page.query_params[key] for key in codes} == codes


def test_an_impossible_code_is_said_and_replaced(open_page, published):
    page = open_page(published, "reports", report="markt")
    assert "cannot be shown" in text_of(page)
    assert page.selectbox(key="report").value == "market"


def test_options_of_another_report_leave_the_address(open_page, published):
    page = open_page(published, "reports", ticker="1357.HK")
    page.selectbox(key="report").set_value("weekly").run()
    assert "ticker" not in page.query_params


def test_what_was_chosen_on_other_pages_is_chosen_unless_the_address_says_otherwise(
    open_page, published
):
    page = open_page(published, "market", ticker="300624.SZ", as_of="2024-06-28")
    page.query_params.clear()
    page.switch_page("app_pages/reports.py").run()
    assert page.selectbox(key="ticker").value == "300624.SZ"
    assert page.query_params["ticker"] == "300624.SZ"
    assert "Reset filters" in {one.label for one in page.button}
    page.query_params["ticker"] = "1357.HK"
    page.run()
    assert page.selectbox(key="ticker").value == "1357.HK"


def test_the_scenario_last_looked_at_is_the_one_of_the_memo(open_page, published):
    page = open_page(published, "unit_economics", scenario="meitu-2022")
    page.query_params.clear()
    page.query_params["report"] = "unit-economics"
    page.switch_page("app_pages/reports.py").run()
    assert page.selectbox(key="report_scenario").value == "meitu-2022"


def test_an_address_of_before_still_restores_its_share(open_page, published):
    page = open_page(published, "reports", report_ticker="300624.SZ")
    assert page.selectbox(key="ticker").value == "300624.SZ"
    assert "report_ticker" not in page.query_params


def test_a_wave_stands_in_place_of_a_share(open_page, published):
    page = open_page(published, "reports", ticker="1357.HK", report_wave="W01")
    assert page.selectbox(key="ticker").disabled
    assert not page.exception


def test_without_a_format_nothing_can_be_built(open_page, published):
    page = open_page(published, "reports", formats="")
    assert page.button(key="report:go").disabled
    assert "Choose a format" in text_of(page)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (machine.BrowserMissingError("no Chromium was found"), "NO_BROWSER", "No Chromium"),
        (machine.FontMissingError("no font was found"), "NO_CHINESE_FONT", "No font with Chinese"),
    ],
)
def test_what_the_machine_lacks_is_said_before_anything_is_built(
    open_page, published, monkeypatch, fault, code, words
):
    monkeypatch.setattr(
        "dashboard.cache.lacking",
        lambda formats, languages: [(code, str(fault))] if formats else [],
    )
    page = open_page(published, "reports")
    assert words in text_of(page)
    assert f"Code {code}".replace("_", r"\_") in text_of(page)
    assert page.button(key="report:go").disabled
    assert not page.button(key="report:look").disabled


def test_lacking_asks_the_machine(monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    assert [fault.code for fault in reporting.lacking(("pdf",), ())] == ["NO_BROWSER"]
    assert reporting.lacking(("xlsx", "pptx", "html-interactive"), ()) == []


def test_a_report_is_built_taken_and_kept_in_the_history(open_page, data):
    page = open_page(data, "reports", report="market", formats="xlsx", languages="en")
    page.button(key="report:go").click().run()
    assert page.button(key="report:go").disabled
    page = wait(page, "report:build")
    assert "Built." in "".join(one.value for one in page.success)
    assert not page.exception
    files = reporting.files(page.session_state["report:build"])
    assert [file.name for file in files] == ["market_1357.HK_en.xlsx"]
    assert reporting.built(data)["state"].tolist() == ["there"]


def test_a_preview_leaves_no_trace_in_the_history(open_page, data):
    words = Wanted("market").preview("en", reporting.preview_folder(data, "t"), drawn=False)
    done = subprocess.run(
        [sys.executable, "-m", "artonomics", "--data", str(data), "--json", *words],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0].endswith("_en_interactive.html")
    assert reporting.built(data).empty


def test_a_failed_build_is_said_in_words_with_its_code(open_page, data):
    page = open_page(data, "reports", report="growth", formats="xlsx", languages="en")
    page.button(key="report:go").click().run()
    page = wait(page, "report:build")
    told = text_of(page)
    assert "could not be built" in told
    assert r"Code NOTHING\_TO\_REPORT" in told


def test_a_period_without_news_is_said_as_such(open_page, data):
    day = machine_day(data)
    page = open_page(data, "reports", report="weekly", report_since=day, formats="xlsx")
    started = ended(data, 2, "error: got nothing new\nto do: collect first\ncode: EMPTY_PERIOD\n")
    page.session_state["report:build"] = started
    told = text_of(page.run())
    assert "nothing new in this period" in told
    assert r"Code EMPTY\_PERIOD" in told


def machine_day(data: Path) -> str:
    """Return the day of the data."""
    from etl.warehouse import SnapshotReader

    return SnapshotReader(data).info.published_at.date().isoformat()


def test_progress_is_the_last_step_told(tmp_path):
    started = ended(tmp_path, 0, "0/3 figures\n1/3 market_en.pdf\nnoise\n2/3 market_en.html\n")
    assert reporting.progress(started) == reporting.Progress(2 / 3, "market_en.html")
    assert reporting.progress(ended(tmp_path, 0)) == reporting.Progress(0.0, "")


def test_a_failure_is_what_was_got_expected_and_to_do(tmp_path):
    told = "1/3 x\nerror: got 1\nexpected: 2\nto do: 3\ncode: NO_BROWSER\n"
    failed = ended(tmp_path, 1, told).failure()
    assert (failed.got, failed.expected, failed.todo) == ("got 1", "2", "3")
    assert failed.code == "NO_BROWSER"
    boom = ended(tmp_path, 2, 'step 1\nboom\n{"event": "stage"}').failure()
    assert (boom.got, boom.code) == ("boom", "INPUT")
    assert ended(tmp_path, 0).failure() is None


@pytest.mark.parametrize(
    ("form", "code", "todo"),
    [("pdf", "NO_BROWSER", "BROWSER_PATH"), ("pptx", "NO_CHINESE_FONT", "fonts-noto-cjk")],
)
def test_the_command_line_says_what_the_machine_lacks_before_any_work(
    data, capsys, monkeypatch, form, code, todo
):
    import artonomics

    monkeypatch.setenv("ARTONOMICS_DATA", str(data))
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    monkeypatch.setattr(machine, "CHINESE_FONTS", ("No Such Font",))
    monkeypatch.setattr(market, "prepare", lambda *_: pytest.fail("work has begun"))
    command = ["report", "build", "market", "--format", form, "--lang", "zh"]
    assert artonomics.run_command(command) == 2
    told = capsys.readouterr().err
    assert f"code: {code}" in told
    assert todo in told
    assert not (data / "reports").exists()


@pytest.mark.parametrize("view", ["build", "schedules"])
def test_what_can_be_chosen_wraps_on_a_narrow_screen(open_page, data, view):
    (data / "delivery.yml").write_text(CHANNEL)
    page = open_page(data, "reports", view=view)
    wraps = {one.key: one.proto.wrap for one in page.button_group}
    assert all(wraps[key] for key in ("view", "formats", "languages"))


def test_a_schedule_tried_after_it_was_sent_is_tried_anew(open_page, data):
    (data / "delivery.yml").write_text(CHANNEL)
    schedule_file.add(data, "w", {"report": "weekly", "cron": "0 8 * * 1", "to": ["share"]})
    started: list[tuple[str, ...]] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reports_schedules, "_start", lambda *words: started.append(words))
        page = open_page(data, "reports", view="schedules")
        page.button(key="schedule:try").click().run()
    assert started == [("report", "schedule", "run", "w", "--dry-run", "--again")]


def test_what_is_being_done_begins_with_a_capital(open_page, data):
    page = open_page(data, "reports")
    busy = Started(("report",), None, data / "log", data / "out")  # pyright: ignore
    object.__setattr__(busy, "process", type("P", (), {"poll": lambda self: None})())
    page.session_state["report:build"] = busy
    (bar,) = page.run().get("progress")
    assert bar.proto.text == "Starting"


@pytest.mark.parametrize(("lang", "told"), [("en", "Drawing the figures"), ("zh", "正在绘制图表")])
def test_the_step_that_draws_figures_is_told_in_the_language_of_the_page(
    open_page, data, lang, told
):
    page = open_page(data, "reports", lang=lang)
    (data / "log").write_text(f"0/3 {assembly.FIGURES}\n")
    busy = Started(("report",), None, data / "log", data / "out")  # pyright: ignore
    object.__setattr__(busy, "process", type("P", (), {"poll": lambda self: None})())
    page.session_state["report:preview"] = busy
    (bar,) = page.run().get("progress")
    assert bar.proto.text == told


def test_words_of_a_build_bear_raw_codes():
    wanted = Wanted("market", {"ticker": "^HSI", "window": "-3,5"}, ("pdf",), ("en",), "2023-01-31")
    assert wanted.words() == [
        *("report", "build", "market", "--ticker=^HSI", "--window", "-3", "5"),
        *("--as-of=2023-01-31", "--format=pdf", "--lang=en"),
    ]


def test_a_schedule_is_added_tried_and_removed_on_the_page(open_page, data):
    (data / "delivery.yml").write_text(CHANNEL)
    (data / "outbox").mkdir()
    page = open_page(data, "reports", view="schedules", formats="xlsx", languages="en")
    page.text_input(key="schedule:new").set_value("monday").run()
    page.button(key="schedule:add").click().run()
    page = wait(page, "report:schedule")
    assert schedule_file.load(data)["monday"].to == ("share",)
    assert not page.exception
    row = page.dataframe[0].value.iloc[0]
    assert (row["name"], row["cron"], row["to"]) == ("monday", "0 8 * * 1", "share")
    page.button(key="schedule:try").click().run()
    page = wait(page, "report:schedule")
    assert "Everything needed is there" in "".join(one.value for one in page.success)
    shown = text_of(page)
    assert "The message, in the first language" in shown
    assert re.search(r"Files: market\\?_1357\\?\.HK", shown)
    assert not any((data / "outbox").iterdir())
    page.button(key="schedule:remove").click().run()
    page = wait(page, "report:schedule")
    assert schedule_file.load(data) == {}


def test_without_a_channel_no_schedule_can_be_made(open_page, data):
    assert "no channel yet" in text_of(open_page(data, "reports", view="schedules"))


def test_a_file_of_schedules_that_cannot_be_read_is_said(open_page, data):
    (data / "schedules.yml").write_text("schedules: [")
    told = text_of(open_page(data, "reports", view="schedules"))
    assert "cannot be read" in told
    assert r"SCHEDULES\_FILE" in told


def test_the_last_delivery_of_a_schedule_is_told_by_channel(data):
    (data / "delivery.yml").write_text(CHANNEL)
    told = Wanted("weekly", {"since": "2026-01-01"}, ("xlsx",), ("en",))
    words = told.scheduled("w", Timing("0 8 * * 1", "Asia/Shanghai", ("share",), since_days=14))
    assert "--since-days=14" in words
    assert not any(word.startswith("--since=") for word in words)
    schedule_file.add(data, "w", {"report": "weekly", "cron": "0 8 * * 1", "to": ["share"]})
    for day, state in (("16", "failed"), ("23", "sent")):
        lines.add(
            data / "delivery" / "ledger.jsonl",
            {
                "at": f"2026-11-{day}T08:00:00+00:00",
                "key": f"report/w/2026-11-{day}T08:00Z",
                "channel": "share",
                "state": state,
                "reached": [],
                "detail": "",
            },
        )
    (row,) = reporting.schedules(data, NOW)
    assert row["delivered"] == "share: sent"
    shown = tables.schedules([row], words_of("zh")).frame
    assert shown["delivered"].tolist() == ["share: 已发送"]
    assert row["next_at"].isoformat() == "2026-11-30T08:00:00+00:00"


def test_the_history_says_which_files_are_there_replaced_or_gone(open_page, data):
    built_before(data, "a.pdf", sha="old")
    built_before(data, "a.pdf", sha="new")
    (gone,) = built_before(data, "b.pdf")
    gone.unlink()
    assert reporting.built(data)["state"].tolist() == ["gone", "there", "replaced"]
    page = open_page(data, "reports", view="history")
    assert not page.exception
    shown = page.dataframe[0].value
    assert shown["state"].tolist() == ["gone", "there", "replaced"]
    assert shown["about"].iloc[0] == "ticker=1357.HK, window=-1,1"
    table = tables.built(reporting.built(data), words_of("en"))
    # A long choice is not cut, and pushes no other column off the screen.
    assert (list(table.columns)[-1], table.columns["about"].kind) == ("about", "text")


def test_the_day_a_report_was_told_as_known_on_stands_with_its_choice(data):
    built_before(data, "a.pdf", as_of="2023-01-31")
    shown = tables.built(reporting.built(data), words_of("en")).frame
    assert shown["about"].tolist() == ["ticker=1357.HK, window=-1,1, as-of=2023-01-31"]


def test_files_that_are_gone_are_said(open_page, data):
    (gone,) = built_before(data, "b.pdf")
    gone.unlink()
    assert "Gone from where they were written" in text_of(
        open_page(data, "reports", view="history")
    )


def test_an_empty_history_says_so(open_page, data):
    assert "There is nothing to list" in text_of(open_page(data, "reports", view="history"))


def test_the_disclosure_of_the_house_is_saved_and_stands_in_a_report(open_page, data):
    page = open_page(data, "reports", view="house")
    page.text_area(key="house:en").set_value("House & Co owns <shares>.")
    page.button[-1].click().run()
    assert (data / "disclosure.en.txt").read_text() == "House & Co owns <shares>.\n"
    assert not (data / "disclosure.zh.txt").exists()
    reporting.save_disclosure(data, "en", " ")
    assert not (data / "disclosure.en.txt").exists()
    with pytest.raises(InputError, match="at most"):
        reporting.save_disclosure(data, "en", "x" * (reporting.MAX_SIGNS + 1))


def test_a_preview_has_no_rights_in_the_dashboard(monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(
        "dashboard.app_pages.reports_build.st.iframe", lambda source, **_: shown.append(source)
    )
    framed('<html>"&</html>', "t")
    framed("<script>1</script>", "t")
    assert 'sandbox=""' in shown[0]
    assert "<html>" not in shown[0]
    assert 'sandbox="allow-scripts"' in shown[1]
    assert not any("allow-same-origin" in one for one in shown)


def test_previews_of_yesterday_are_removed(data):
    import os

    old = reporting.preview_folder(data, "old")
    os.utime(old, (0, 0))
    new = reporting.preview_folder(data, "new")
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("view", ["build", "history", "schedules", "house"])
def test_each_section_speaks_chinese(open_page, data, view):
    page = open_page(data, "reports", lang="zh", view=view)
    assert not page.exception
    assert page.title[0].value == "给我一份可以发出去的东西"
