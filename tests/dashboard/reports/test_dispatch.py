"""Scheduled reports: tried first, built whole, delivered once, through real servers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml
from servers.mail import Post, mail_server, mailbox

from artonomics import run_command
from dashboard import reports
from dashboard.reports import (
    assembly,
    dispatch,
    history,
    interactive,
    machine,
    schedule,
    schedule_file,
)
from dashboard.reports.choice import Prepared
from dashboard.reports.dispatch import Desk, Job
from dashboard.reports.document import Document, Paragraph, Section
from dashboard.reports.schedule import Due
from etl.delivery import parcel
from etl.delivery.faults import DeliveryError
from etl.delivery.ledger import Ledger
from etl.errors import InputError

NOW = datetime(2026, 11, 23, 0, 17, tzinfo=UTC)
DUE = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


class Snapshot:
    """A published snapshot of which only the run ledger is asked."""

    info = SimpleNamespace(published_at=NOW, data_version="abc")

    def __init__(self, **status: str) -> None:
        self.status = status or {"stock_prices": "ok"}

    def query(self, sql: str, parameters: object = ()) -> pd.DataFrame:
        assert "etl_runs" in sql
        rows = [{"source": name, "status": one} for name, one in self.status.items()]
        return pd.DataFrame(rows)


class Small:
    """A report of a few words."""

    OPTIONS = ("ticker",)
    empty = False

    def prepare(self, reader: Any, choice: Any) -> Prepared:
        if self.empty:
            raise InputError(
                "got a period in which nothing happened", "a longer one", code="EMPTY_PERIOD"
            )
        return Prepared("small", self.document)

    def document(self, words: Any) -> Document:
        return Document(
            language=words.language,
            title={"en": "Nothing moved", "zh": "没有变动"}[words.language],
            subtitle="A made-up report",
            finding=("The first finding.", "The second one."),
            sections=(Section("Why", (Paragraph("Because."),)),),
            sources_heading="Sources",
            sources=(),
            facts=((words.t("Permalink"), "/market?ticker=1357.HK"),),
            disclaimer="No advice.",
            data_at=NOW,
        )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Small:
    own = Small()
    monkeypatch.setattr(reports, "definition", lambda name: own)
    monkeypatch.setattr(parcel, "FIRST_WAIT_SECONDS", 0.0)
    return own


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server() as running:
        yield running


Start = Callable[..., dispatch.Result]


@pytest.fixture
def start(small: Small, post: Post, tmp_path: Path) -> Start:
    """Return a function that runs one schedule: ``start(formats=["xlsx"])``."""

    def started(
        reader: Any = None, *, dry_run: bool = False, due: Due | None = None, **told: Any
    ) -> dispatch.Result:
        channels = {"desk": mailbox(post), "share": {"kind": "folder", "path": "share"}}
        told_of = {"channels": channels}
        (tmp_path / "delivery.yml").write_text(yaml.safe_dump(told_of))
        plain = {"name": "monday", "report": "market", "cron": "0 8 * * 1", "to": ["desk", "share"]}
        given = {**plain, "formats": ["xlsx"], **told}
        job = Job(schedule.Schedule.model_validate(given), due or Due(DUE))
        desk = Desk(reader or Snapshot(), tmp_path, NOW, dry_run=dry_run)
        (result,) = dispatch.run(desk, [job])
        return result

    return started


def built(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "reports").rglob("small_*"))


def test_every_file_is_built_mailed_and_put_into_the_folder(start, post, tmp_path):
    result = start()

    assert (result.status, result.exit_status) == ("sent", 0), result.detail
    (mail,) = post.mails
    names = [one.get_filename() for one in mail.iter_attachments()]
    assert names == ["small_en.xlsx", "small_zh.xlsx"]
    assert sorted(path.name for path in (tmp_path / "share").iterdir()) == names
    assert mail["Subject"] == "Nothing moved"
    text = mail.get_body(("plain",)).get_content()
    assert "The first finding.\r\n\r\nThe second one." in text.replace("\r\r", "\r")
    assert "in these languages: English, 中文" in text
    assert "https://desk.example.com/market?ticker=1357.HK" in text
    (row,) = history.read(tmp_path).to_dict("records")
    assert (row["started_by"], row["name"]) == ("schedule", "market")
    assert [Path(file["path"]).is_file() for file in row["files"]] == [True, True]
    assert schedule.last_run(tmp_path, "monday") == DUE


def test_the_html_of_the_first_language_is_the_other_form_of_the_mail(start, post, monkeypatch):
    monkeypatch.setattr(machine, "find_browser", lambda: Path("/usr/bin/true"))
    monkeypatch.setattr(interactive, "render", lambda document: "<script>live</script>")
    start(formats=["html-interactive", "html"], languages=["zh", "en"])
    shown = post.mails[0].get_body(("html",)).get_content()
    assert "没有变动" in shown
    assert shown.index("<main>") < shown.index("<p><em>") < shown.index("<h1>")
    assert post.mails[0]["Subject"] == "没有变动"


def test_a_page_too_long_for_a_mail_goes_without_its_drawings_and_says_so(start, post, monkeypatch):
    monkeypatch.setattr(machine, "find_browser", lambda: Path("/usr/bin/true"))
    drawn = f"<figure><svg>{'x' * 90_000}</svg><figcaption>A caption</figcaption></figure>"
    page = f"<main>\n<h1>T</h1>{drawn}<table>rows</table>{{}}</main>"
    for more, has_drawing in (("", True), ("y" * 15_000, False)):
        monkeypatch.setattr(
            "dashboard.reports.html.render", lambda *_, more=more: page.format(more)
        )
        start(formats=["html"], languages=["en"], due=Due(DUE + timedelta(days=has_drawing)))
        shown = post.mails[-1].get_body(("html",)).get_content()
        assert ("<svg" in shown) is has_drawing
        assert len(shown.encode()) < 102_000
        assert "A caption" in shown
        assert "<table>rows</table>" in shown
        assert ("The figures are in the files" in shown) is not has_drawing
        (file,) = post.mails[-1].iter_attachments()
        assert (
            b"<svg" in file.get_content().encode()
            if isinstance(file.get_content(), str)
            else (b"<svg" in file.get_content())
        )


def test_a_second_run_of_the_same_instant_sends_nothing(start, post, tmp_path):
    start()
    result = start()
    assert result.status == "sent"
    assert {one.status for one in result.receipts} == {"skipped"}
    assert len(post.mails) == 1
    assert len(history.read(tmp_path)) == 1


def test_a_channel_that_failed_gets_the_same_files_at_the_next_look(
    start, small, post, tmp_path, monkeypatch
):
    post.answers["data"] = ["554 not today"]
    first = start()
    assert (first.status, first.exit_status) == ("failed", 3)
    assert [one.status for one in first.receipts] == ["failed", "sent"]
    assert schedule.last_run(tmp_path, "monday") is None
    before = {path: path.read_bytes() for path in first.files}
    small.empty = True  # building again would fail

    second = start()

    assert [one.status for one in second.receipts] == ["sent", "skipped"]
    assert {path: path.read_bytes() for path in second.files} == before


@pytest.fixture
def by_hand(small: Small, post: Post, tmp_path: Path) -> Start:
    """Return a function that runs the schedule ``monday`` by hand at a minute of the day."""
    channels = {"desk": mailbox(post), "share": {"kind": "folder", "path": "share"}}
    (tmp_path / "delivery.yml").write_text(yaml.safe_dump({"channels": channels}))
    told = {"report": "market", "cron": "0 8 * * 1", "timezone": "Asia/Shanghai"}
    told |= {"formats": ["xlsx"], "to": ["desk", "share"]}
    schedule_file.add(tmp_path, "monday", told)

    def run(minute: int, *, again: bool = False, dry_run: bool = False, **day: int) -> Any:
        now = (NOW + timedelta(**day)).replace(minute=minute)
        (one,) = dispatch.run(
            Desk(Snapshot(), tmp_path, now, dry_run=dry_run),
            dispatch.jobs(tmp_path, "monday", now, again=again),
        )
        return one

    return run


def test_by_hand_a_report_that_all_have_is_not_sent_again_that_day(by_hand, post, tmp_path):
    by_hand(26)
    noted = len(schedule.runs(tmp_path, "monday"))
    second = by_hand(27)
    assert (second.status, second.exit_status, second.receipts) == ("sent", 0, ())
    assert re.match(r"sent at \d\d:\d\d \(Asia/Shanghai\)", second.detail)
    assert "use --again" in second.detail
    assert len(post.mails) == 1
    assert len(schedule.runs(tmp_path, "monday")) == noted
    assert by_hand(28, days=1).receipts[0].status == "sent"
    assert len(post.mails) == 2


def test_by_hand_again_builds_and_sends_it_once_more_even_within_the_minute(by_hand, post):
    by_hand(26)
    for minute in (27, 27):
        again = by_hand(minute, again=True)
        assert {one.status for one in again.receipts} == {"sent"}
    assert len(post.mails) == 3
    assert "use --again" in by_hand(28).detail


def test_by_hand_again_sends_the_files_of_the_day_where_nothing_is_new(by_hand, small, post):
    by_hand(26)
    small.empty = True
    again = by_hand(27, again=True)
    assert {one.status for one in again.receipts} == {"sent"}
    assert len(post.mails) == 2
    small.empty = False


def test_by_hand_only_what_did_not_arrive_is_sent_from_the_same_files(by_hand, small, post):
    post.answers["data"] = ["554 not today"]
    first = by_hand(26)
    assert [one.status for one in first.receipts] == ["failed", "sent"]
    assert "`artonomics report schedule run monday` sends again what failed" in first.detail
    small.empty = True  # building again would fail
    trial = by_hand(27, dry_run=True)
    assert [one.status for one in trial.receipts] == ["would_send", "skipped"]
    second = by_hand(27)
    assert [one.status for one in second.receipts] == ["sent", "skipped"]
    assert second.instant == first.instant
    assert len(post.mails) == 1
    assert "use --again" in by_hand(28).detail


def test_by_hand_a_schedule_added_anew_under_its_name_is_a_new_one(by_hand, post, tmp_path):
    by_hand(26)
    held = schedule_file.remove(tmp_path, "monday")
    schedule_file.add(tmp_path, "monday", held.model_dump(mode="json"))
    assert by_hand(27).receipts[0].status == "sent"
    assert len(post.mails) == 2


def test_what_was_sent_by_hand_does_not_keep_what_is_due(by_hand, post, tmp_path):
    by_hand(26)
    due = dispatch.jobs(tmp_path, None, NOW + timedelta(days=7))
    assert [(one.by_hand, one.due.instant) for one in due] == [(False, DUE + timedelta(days=7))]


def test_a_trial_run_carries_the_message_that_would_be_sent(start):
    told = start(dry_run=True).message
    assert told.subject == "Nothing moved"
    assert "The first finding." in told.text
    assert told.files == ("small_en.xlsx", "small_zh.xlsx")
    assert told.link == "/market?ticker=1357.HK"


def test_a_failure_of_what_was_due_says_when_it_is_tried_again(start, post):
    post.answers["data"] = ["554 not today"]
    assert start().detail.endswith("what failed is sent again at the next look")


def test_a_dry_run_tries_everything_and_leaves_no_trace(start, post, tmp_path):
    result = start(dry_run=True)
    assert result.status == "would_send"
    assert not post.mails
    assert built(tmp_path) == []
    assert not Ledger(tmp_path).path.exists()
    assert schedule.runs(tmp_path, "monday") == []


def no_browser() -> Path:
    raise machine.BrowserMissingError("no Chromium was found")


def no_font(language: str) -> tuple[str, ...]:
    raise machine.FontMissingError("no font with Chinese characters was found")


@pytest.mark.parametrize(
    ("change", "told", "words", "status"),
    [
        (
            lambda p: p.setattr(machine, "find_browser", no_browser),
            {"formats": ["pdf"]},
            "Chromium",
            2,
        ),
        (lambda p: p.setattr(machine, "fonts", no_font), {}, "Chinese characters", 2),
        (lambda p: p.setattr(Small, "empty", True), {}, "nothing happened", 2),
        (lambda p: None, {"to": ["dsk"]}, "perhaps you meant 'desk'", 2),
        (lambda p: None, {"languages": ["de"]}, "one of en, zh", 2),
        (lambda p: None, {"options": {"scenario": "x"}}, "--scenario", 2),
        (
            lambda p: None,
            {"reader": Snapshot(google="failed"), "stop_on_failed_source": True},
            "no answer from google",
            3,
        ),
    ],
)
def test_what_can_fail_is_told_before_anything_is_built(
    start, post, tmp_path, monkeypatch, change, told, words, status
):
    monkeypatch.setattr(assembly, "write", lambda *_: pytest.fail("work was begun"))
    change(monkeypatch)
    result = start(**told)
    assert result.status == "failed"
    assert words in result.detail
    assert result.exit_status == status
    assert not post.mails
    assert schedule.last_run(tmp_path, "monday") is None


def test_a_mail_server_out_of_reach_is_told_before_anything_is_built(start, post, monkeypatch):
    monkeypatch.setattr(assembly, "write", lambda *_: pytest.fail("work was begun"))
    post.port = 9
    result = start()
    assert result.exit_status == 3
    assert "127.0.0.1:9 cannot be reached" in result.detail


def test_a_report_that_is_not_whole_is_never_sent(start, post, tmp_path, monkeypatch):
    write = assembly.write

    def half(documents: Any, output: Any) -> list[Path]:
        return write(documents[:1], output)

    monkeypatch.setattr(assembly, "write", half)
    result = start()
    assert result.status == "failed"
    assert "1 files of 2" in result.detail
    assert not post.mails
    assert built(tmp_path) == []
    assert not Ledger(tmp_path).path.exists()


def test_a_build_that_breaks_off_leaves_nothing_behind(start, post, tmp_path, monkeypatch):
    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(assembly, "_render", broken)
        with pytest.raises(KeyboardInterrupt):
            start()
    assert built(tmp_path) == []
    assert start().status == "sent"


def test_a_failed_source_is_told_to_the_readers(start, post):
    start(Snapshot(google="failed", apple="ok"))
    text = post.mails[0].get_body(("plain",)).get_content()
    assert "failed when last asked" in text
    assert "google" in text
    assert "apple" not in text


def test_reports_that_were_missed_are_counted_to_the_readers(start, post):
    start(due=Due(DUE, 3))
    text = post.mails[0].get_body(("plain",)).get_content()
    assert "3 earlier reports of this schedule were not sent in their time." in text


def test_one_schedule_that_fails_does_not_keep_the_others(start, small, post, tmp_path):
    start(dry_run=True)  # writes the channels
    good = {"report": "market", "cron": "0 8 * * 1", "to": ["desk"], "formats": ["xlsx"]}
    two = [
        Job(schedule.Schedule.model_validate({**good, "name": name, "to": [to]}), Due(DUE))
        for name, to in (("bad", "nowhere"), ("good", "desk"))
    ]
    found = dispatch.run(Desk(Snapshot(), tmp_path, NOW), two)
    assert [one.status for one in found] == ["failed", "sent"]


def test_a_fault_of_ours_in_one_report_is_told_as_one(start, monkeypatch):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(Small, "document", broken)
    result = start()
    assert (result.status, result.exit_status) == ("failed", 1)
    assert result.detail == "ZeroDivisionError: division by zero"


def test_of_two_runs_at_once_one_works(tmp_path):
    with (
        dispatch.alone(tmp_path),
        pytest.raises(DeliveryError, match="another process"),
        dispatch.alone(tmp_path),
    ):
        pass


def test_a_real_report_goes_the_whole_way_by_command(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    (tmp_path / "delivery.yml").write_text("channels: {share: {kind: folder, path: share}}\n")
    data = ["--data", str(tmp_path), "--json"]
    add = ["report", "schedule", "add", "monday", "market", "--cron", "0 8 * * 1", "--to", "share"]
    assert (
        run_command([*data, *add, "--format", "xlsx", "--lang", "zh", "--window", "-2", "2"]) == 0
    )
    assert run_command([*data, "report", "schedule", "run", "--due"]) == 0
    capsys.readouterr()
    trial = [*data[:2], "report", "schedule", "run", "monday", "--dry-run"]
    assert run_command(trial) == 0
    shown = capsys.readouterr().out
    assert "Subject: " in shown
    assert "Files: market_1357.HK_zh.xlsx" in shown
    assert run_command([*data, "report", "schedule", "run", "--due", "--again"]) == 2

    assert run_command([*data, "report", "schedule", "run", "monday"]) == 0

    (told,) = json.loads(capsys.readouterr().out)
    assert told["status"] == "sent"
    assert [path.name for path in (tmp_path / "share").iterdir()] == ["market_1357.HK_zh.xlsx"]
    assert run_command([*data, "report", "schedule", "list"]) == 0
    capsys.readouterr()
    assert run_command([*data, "report", "schedule", "show", "monday"]) == 0
    assert json.loads(capsys.readouterr().out)["options"]["window"] == [-2, 2]
    assert run_command([*data[:2], "report", "schedule", "show", "monday"]) == 0
    shown = capsys.readouterr().out
    assert not {"None", "{", "["} & set(shown.replace("[", " [ ").replace("{", " { ").split())
    assert "window -2 to 2" in shown
    assert "share: sent" in shown
    assert run_command([*data, "report", "schedule", "run"]) == 2
    assert run_command([*data, "report", "schedule", "run", "mondy"]) == 2
    assert run_command([*data, "report", "schedule", "remove", "monday"]) == 0
    (row,) = history.read(tmp_path).to_dict("records")
    assert row["choice"] == {"window": [-2, 2]}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (["--ticker", "NOPE"], "got the ticker 'NOPE'"),
        (["--wave", "W99"], "got the wave 'W99'"),
        (["--window", "3", "1"], "got the window"),
    ],
)
def test_what_a_report_would_refuse_is_refused_when_its_schedule_is_added(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], about, words
):
    (tmp_path / "warehouse").symlink_to(published / "warehouse")
    (tmp_path / "delivery.yml").write_text("channels: {share: {kind: folder, path: share}}\n")
    add = ["--data", str(tmp_path), "report", "schedule", "add", "b", "market", *about]
    assert run_command([*add, "--cron", "0 8 * * 1", "--to", "share"]) == 2
    assert words in capsys.readouterr().err
    assert schedule_file.load(tmp_path) == {}


def test_a_schedule_may_be_added_before_there_is_anything_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "delivery.yml").write_text("channels: {share: {kind: folder, path: share}}\n")
    add = ["--data", str(tmp_path), "report", "schedule", "add", "b", "market"]
    assert run_command([*add, "--cron", "0 8 * * 1", "--to", "share"]) == 0
    assert "nothing to report as yet: nothing is published" in capsys.readouterr().err
