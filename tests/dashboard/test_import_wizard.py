"""The import wizard: upload, preview, rejects, confirm; a hostile file ends its own process."""

from __future__ import annotations

import gzip
import shutil
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import uploads
from dashboard.app_pages import data_import
from dashboard.tables import faults
from dashboard.text import words
from etl.errors import InputError
from etl.imports.examples import EXAMPLES
from etl.warehouse import SnapshotReader
from tests.dashboard.conftest import text_of

EN, ZH = words("en"), words("zh")
SPEND = b"""date,channel,campaign,country,cost,currency
2026-01-01,meta,a,JP,100.5,JPY
2026-01-02,meta,a,US,not money,USD
2026-01-03,tiktok,b,US,=1+1,USD
2026-01-04,tiktok,b,US,12.25,USD
"""


@pytest.fixture
def wizard(open_page, tmp_path, published):
    """Return the wizard with files uploaded: ``wizard("spend", (name, bytes))``."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)

    def opened(kind: str, *files: tuple[str, bytes], source: str = "", lang: str = "en") -> Any:
        page = open_page(tmp_path, "data", view="import", lang=lang)
        page.selectbox(key="import:kind").set_value(kind)
        page.text_input(key="import:source").set_value(source)
        page.file_uploader(key="import:files").set_value(
            [(name, content, "application/octet-stream") for name, content in files]
        )
        return page.run()

    return opened


def wait(page: Any, *, seconds: float = 60) -> Any:
    """Run the page while its processes are at work, and again when they have ended."""
    page.run()
    for key in ("import:preview", "import:done"):
        if key in page.session_state:
            page.session_state[key].process.wait(seconds)
    return page.run()


def previewed(page: Any) -> Any:
    return wait(page.button(key="import:look").click().run())


def frames(page: Any) -> list[Any]:
    """Return the tables below the form; the first of all says what a file must hold."""
    return [frame.value for frame in page.dataframe][1:]


def test_nothing_is_written_before_it_is_confirmed_and_all_of_it_afterwards(wizard, tmp_path):
    page = previewed(wizard("spend", ("spend.csv", SPEND)))
    assert not page.exception
    mapping, rows, rejects = frames(page)
    assert dict(zip(mapping["ours"], mapping["theirs"], strict=True))["spend_date"] == "date"
    assert len(rows) == 2
    assert len(rejects) == 2
    assert "2 rows of those looked at would be kept out" in text_of(page)
    ask = "SELECT count(*) AS n FROM acquisition_spend"
    assert SnapshotReader(tmp_path).query(ask)["n"].iloc[0] == 0
    page = wait(page.button(key="import:go").click().run())
    assert "2 new, 0 changed, 2 rejected of 4 rows" in page.success[0].value
    assert SnapshotReader(tmp_path).query(ask)["n"].iloc[0] == 2
    kept = SnapshotReader(tmp_path).query(
        "SELECT payload FROM quarantine WHERE source LIKE 'user%'"
    )
    assert len(kept) == 2


def test_rows_that_would_be_kept_out_are_told_in_the_words_of_the_page():
    row = {"row_key": "a", "check_name": "x_missing", "reason": "r", "file_rows": "a.csv: 3"}
    table = data_import._rejects([row | {"payload": '{"y": "1", "x": null}'}], ZH)
    assert [look.label for look in table.columns.values()] == [
        "文件中的行号", "原因", "内容", "校验",
    ]  # fmt: skip
    assert table.frame.loc[0].to_list() == ["a.csv: 3", "缺少 x", "y: 1", "x_missing"]


def test_what_a_file_must_hold_is_said_before_there_is_one(open_page, published):
    page = open_page(published, "data", view="import")
    table = page.dataframe[0].value.set_index("name")
    assert set(table.index[table["needed"]]) == {"user_id", "event_name", "event_at"}
    assert "2026-11-01 08:00, " in table.loc["event_at", "form"]
    assert table.loc["currency", "form"] == "three capital letters, for example USD"
    assert "distinct_id" in table.loc["user_id", "synonyms"]
    assert page.code[0].value == EXAMPLES["events"].rstrip()
    assert page.checkbox(key="import:terms").value


def test_a_column_that_is_not_found_is_asked_for(wizard):
    strange = SPEND.replace(b"date,", b"quux,")
    page = previewed(wizard("spend", ("spend.csv", strange)))
    assert "cannot be read as they are" in page.error[0].value
    assert "No column was found for spend" in page.error[0].value
    assert "--map" not in page.error[0].value
    asked = page.selectbox(key="import:pick:spend_date")
    assert list(asked.options) == ["quux", "channel", "campaign", "country", "cost", "currency"]
    asked.set_value("country").run()
    page.selectbox(key="import:pick:spend_date").set_value("quux").run()
    assert page.text_area(key="import:maps").value == "quux = spend_date"
    page = previewed(page)
    assert not page.error
    assert frames(page)[0].set_index("ours").loc["spend_date", "theirs"] == "quux"


def test_a_column_can_be_named_by_hand(wizard):
    strange = SPEND.replace(b"date,", b"quux,")
    page = previewed(wizard("spend", ("spend.csv", strange)))
    page.text_area(key="import:maps").set_value("quux = spend_date").run()
    page = previewed(page)
    assert (
        dict(zip(*frames(page)[0][["ours", "theirs"]].T.to_numpy(), strict=True))["spend_date"]
        == "quux"
    )


def test_what_was_typed_last_counts_though_the_button_came_with_it(wizard):
    page = wizard("spend", ("spend.csv", SPEND.replace(b"date,", b"quux,")))
    page.text_area(key="import:maps").set_value("quux = spend_date")
    page = previewed(page)  # both reach the page at once, as from a fast hand
    assert not page.error
    assert frames(page)[0].set_index("ours").loc["spend_date", "theirs"] == "quux"


def test_a_refusal_is_told_line_by_line_in_the_language_of_the_page(wizard):
    page = previewed(wizard("spend", ("s.csv", SPEND.replace(b",currency", b",quux")), lang="zh"))
    told = page.error[0].value.replace("\\", "")
    headline, _, got, expected, todo = told.splitlines()
    assert headline == "**这些文件无法按现状读取。**"
    assert got.startswith("金额列（spend）没有币种")
    assert expected.startswith("应为：")
    assert "`currency = USD`" in todo
    assert "--set" not in told
    assert "got money" not in told
    assert "code" not in told


def test_fields_of_the_form_stand_for_the_options_of_the_command():
    told = faults.told(InputError("got --source 'a b'", "letters", "say --source a"), EN)
    assert data_import._in_words_of_the_form(told, EN).replace("\\", "") == (
        "got “Name of the source” 'a b'  \nExpected: letters  \nTo do: say “Name of the source” a"
    )


def test_names_of_events_are_shown_with_what_growth_takes_them_for(wizard):
    events = b"user_id,event_name,event_at\nu,sign_up,2026-01-01\nu,purchase,2026-01-02\n"
    page = previewed(wizard("events", ("e.csv", events)))
    names = frames(page)[1].set_index("name")
    assert names["role"].to_dict() == {
        "purchase": "payment",
        "sign_up": "an event like any other",
    }
    told = text_of(page)
    assert "None of these rows is called install" in told
    assert "None of these rows is called session_start" in told
    assert "no payment is seen" not in told


def test_names_of_ones_own_are_known_from_the_file_that_says_them(wizard, tmp_path):
    (tmp_path / "growth.toml").write_text(
        '[mine]\nbegins = "sign_up"\npayments = ["paid"]\nactive = "open"\n'
    )
    events = b"user_id,event_name,event_at\nu,sign_up,2026-01-01\nu,paid,2026-01-02\n"
    page = previewed(wizard("events", ("e.csv", events), source="mine"))
    assert frames(page)[1].set_index("name")["role"].to_dict() == {
        "paid": "payment",
        "sign_up": "begins a user's time",
    }
    assert "None of these rows is called open" in text_of(page)
    (tmp_path / "growth.toml").write_text("[mine")
    page = previewed(wizard("events", ("e.csv", events), source="mine"))
    assert not page.exception
    assert set(frames(page)[1]["role"]) == {"an event like any other"}


def test_after_the_import_the_page_leads_on(wizard):
    events = b"user_id,event_name,event_at\nu,install,2026-01-01\nu,install,01/11/2026 08:00\n"
    page = previewed(wizard("events", ("e.csv", events), source="mine"))
    assert (
        "event_at cannot be read; it is written as 2026-11-01 08:00" in frames(page)[3]["reason"][0]
    )
    assert frames(page)[3]["file_rows"][0] == "e.csv: 3"
    page = wait(page.button(key="import:go").click().run())
    links = {link.proto.label: link.proto.query_string for link in page.get("page_link")}
    assert "source=mine" in links["See who comes back"]
    page.button(key="import:rejects").click().run()
    assert page.query_params["view"] == "rejects"
    assert page.query_params["source"] == "mine"
    assert page.selectbox(key="source").value == "mine"
    page.button(key="settle:import").click().run()
    assert page.text_input(key="import:source").value == "mine"
    assert page.query_params["view"] == "import"


def test_the_form_of_a_source_that_the_address_names_is_filled_as_it_was(wizard, tmp_path):
    strange = SPEND.replace(b"date,", b"quux,")
    page = wizard("spend", ("spend.csv", strange), source="mine")
    page.text_area(key="import:maps").set_value("quux = spend_date")
    page = wait(previewed(page).button(key="import:go").click().run())
    page.query_params["into"] = "mine"
    page.segmented_control(key="view").set_value("runs").run()
    assert "import:source" not in page.session_state
    page.segmented_control(key="view").set_value("import").run()
    assert page.selectbox(key="import:kind").value == "spend"
    assert page.text_input(key="import:source").value == "mine"
    assert page.text_area(key="import:maps").value == "quux = spend_date"


def test_in_another_visit_the_source_and_its_kind_are_filled_in(wizard, open_page, tmp_path):
    page = wizard("spend", ("spend.csv", SPEND), source="mine")
    wait(previewed(page).button(key="import:go").click().run())
    page = open_page(tmp_path, "data", view="import", into="mine")
    assert page.selectbox(key="import:kind").value == "spend"
    assert page.text_input(key="import:source").value == "mine"
    assert not page.warning
    assert "before this visit" in page.info[0].value
    page = open_page(tmp_path, "data", view="import", into="market_events")
    assert page.text_input(key="import:source").value == ""


def test_a_changed_form_wants_a_new_preview(wizard):
    page = previewed(wizard("spend", ("spend.csv", SPEND)))
    assert not page.button(key="import:go").disabled
    page.text_input(key="import:source").set_value("other").run()
    assert page.button(key="import:go").disabled
    assert "look again" in page.info[0].value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("login.csv", b"<!doctype html><title>Sign in</title>" * 20),
        ("empty.csv", b""),
        ("bomb.csv.gz", gzip.compress(bytes(300_000_000))),
        ("torn.csv.gz", gzip.compress(SPEND * 50)[:-20]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mislabelled_or_hostile_file_is_told_and_the_page_lives(wizard, name, content):
    page = previewed(wizard("spend", (name, content)))
    assert not page.exception
    assert "cannot be read as they are" in page.error[0].value
    assert "Expected: " in page.error[0].value


def test_a_preview_that_takes_too_long_is_ended(wizard, monkeypatch):
    monkeypatch.setattr(data_import, "PATIENCE_SECONDS", -1.0)
    page = previewed(wizard("spend", ("spend.csv", SPEND)))
    assert "too long" in page.error[0].value


def test_names_of_files_lead_nowhere_else(tmp_path):
    sent = [SimpleNamespace(name="../../etc/pass wd", size=2, getbuffer=lambda: memoryview(b"hi"))]
    [path] = uploads.keep(tmp_path, "../me", sent)  # pyright: ignore[reportArgumentType]
    assert path == tmp_path / "uploads" / "me" / "pass_wd"
    assert path.read_bytes() == b"hi"
    assert uploads.harmless_name("..\\..\\x;rm -rf.csv") == "x_rm_-rf.csv"
    assert uploads.harmless_name("...") == "file"


def test_two_files_of_one_name_and_too_many_are_refused(tmp_path):
    def file(name: str) -> Any:
        return SimpleNamespace(name=name, size=0, getbuffer=lambda: memoryview(b""))

    with pytest.raises(InputError, match="one name"):
        uploads.keep(tmp_path, "a", [file("x.csv"), file("x.csv")])
    with pytest.raises(InputError, match="at most"):
        uploads.keep(tmp_path, "a", [file(f"{n}.csv") for n in range(uploads.MAX_FILES + 1)])


@pytest.mark.parametrize("megabytes", [[uploads.MAX_MEGABYTES + 1], [150, 150, 150, 150]])
def test_a_file_that_is_too_large_and_too_many_bytes_together_are_refused(tmp_path, megabytes):
    sent: Any = [
        SimpleNamespace(name=f"{n}.csv", size=size * 2**20, getbuffer=lambda: memoryview(b""))
        for n, size in enumerate(megabytes)
    ]
    with pytest.raises(InputError, match="at most 200 MiB a file and 500 MiB together"):
        uploads.keep(tmp_path, "a", sent)
    assert not (tmp_path / "uploads").exists()


def test_other_users_of_the_machine_cannot_look_at_what_was_sent(tmp_path):
    sent: Any = [SimpleNamespace(name="x.csv", size=2, getbuffer=lambda: memoryview(b"hi"))]
    uploads.keep(tmp_path, "a", sent)
    assert (tmp_path / "uploads").stat().st_mode & 0o077 == 0


def test_a_full_disk_is_told_before_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    sent: Any = [SimpleNamespace(name="x.csv", size=5, getbuffer=lambda: memoryview(b"12345"))]
    with pytest.raises(InputError, match="free the disk"):
        uploads.keep(tmp_path, "a", sent)
