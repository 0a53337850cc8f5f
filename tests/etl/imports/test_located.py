"""Rejected rows are found in the user's files, and settled once their files say them no more."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from etl import replay
from etl.addresses import address
from etl.engines import EngineError
from etl.errors import InputError
from etl.imports import event_rows

EVENTS = "event_id,user_id,event_name,event_at\n"
GOOD = "e{n},u,image,2022-12-01T10:00:00Z\n"
WHERE = "SELECT check_name, file_rows, resolved_by FROM quarantine ORDER BY check_name, row_key"


def places(desk, kind, path, **options):
    return dict(
        desk.preview(kind, path, **options).rejected[["check_name", "file_rows"]].to_numpy()
    )


def kept(desk):
    return desk.ask(WHERE).astype(object).where(lambda f: f.notna(), None).to_numpy().tolist()


def test_events_are_found_by_the_row_a_spreadsheet_shows(desk):
    content = (
        EVENTS
        + GOOD.format(n=1)
        + 'e2,u,image,"yester\nday"\n'  # one row of two lines
        + GOOD.format(n=3)
        + "e4,,image,2022-12-01T10:00:00Z\n"
    )
    path = desk.write("log.csv", content)
    assert places(desk, "events", path) == {
        "event_at_unreadable": "log.csv: 3",
        "user_id_missing": "log.csv: 5",
    }
    desk.bring("events", path)
    assert kept(desk) == [
        ["event_at_unreadable", "log.csv: 3", None],
        ["user_id_missing", "log.csv: 5", None],
    ]


def test_repeats_name_the_rows_they_repeat(desk):
    header, line = "event_id,user_id,event_name,event_at\n", "{},u,{},2022-12-01T10:00:00Z\n"
    rows = [("a", "image"), ("b", "image"), ("a", "image"), ("c", "image"), ("c", "share")]
    path = desk.write("log.csv", header + "".join(line.format(*row) for row in rows))
    desk.bring("events", path)
    assert kept(desk) == [
        ["contradictory_key", "log.csv: 5, 6", None],
        ["contradictory_key", "log.csv: 5, 6", None],
        ["duplicate_key", "log.csv: 2, 4", None],
    ]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_other_forms_have_no_header_to_count(desk, form):
    frame = pd.DataFrame(
        {"event_id": ["1", "2"], "user_id": ["u", "u"], "event": ["image", "image"],
         "ts": ["2022-12-01T10:00:00Z", "soon"]}
    )  # fmt: skip
    lines = frame.to_parquet() if form == "parquet" else frame.to_json(orient="records", lines=True)
    desk.write(f"in/a.{form}", lines)
    desk.write(f"in/b.{form}", lines)
    desk.bring("events", desk.files / "in")
    assert ["event_at_unreadable", f"a.{form}: 2; b.{form}: 2", None] in kept(desk)


def test_many_threads_do_not_mix_the_numbers_up(desk):
    frame = pd.DataFrame({"event_id": range(400_000), "user_id": "u", "event_name": "image"})
    frame["event_at"] = "2022-12-01T10:00:00Z"
    frame.loc[[7, 399_000], "event_at"] = ["seven", "late"]
    path = desk.write("log.csv", frame.to_csv(index=False))
    desk.bring("events", path)
    found = desk.ask("SELECT payload, file_rows FROM quarantine")
    told = {json.loads(p)["event_at"]: r for p, r in found.to_numpy()}
    assert told == {"seven": "log.csv: 9", "late": "log.csv: 399002"}


def test_rows_of_tables_are_found_too_though_columns_become_figures(desk):
    text = (
        "Date,Network,Campaign Name,Country,Cost,Installs,ccy\n"
        "2022-12-01,Meta,a,JP,1,2,USD\n"
        "2022-13-01,Meta,a,JP,1,2,USD\n"
        "2022-12-03,Meta,a,Japan,1,2,USD\n"
    )
    path = desk.write("spend.csv", text)
    assert places(desk, "spend", path) == {
        "spend_date_unreadable": "spend.csv: 3",
        "country_refused": "spend.csv: 4",
    }
    desk.bring("spend", path)
    assert {tuple(row) for row in kept(desk)} == {
        ("spend_date_unreadable", "spend.csv: 3", None),
        ("country_refused", "spend.csv: 4", None),
    }


def test_a_corrected_file_settles_what_it_says_no_more_and_no_more_than_that(desk):
    first = desk.write("log.csv", EVENTS + GOOD.format(n=1) + "e2,u,image,soon\ne3,u,image,late\n")
    other = desk.write("other.csv", EVENTS + "e9,u,image,never\n")
    desk.bring("events", first, other)
    desk.write("log.csv", EVENTS + GOOD.format(n=1) + GOOD.format(n=2) + "e3,u,image,late\n")
    desk.bring("events", first)
    assert kept(desk) == [
        ["event_at_unreadable", "log.csv: 3", "restated"],
        ["event_at_unreadable", "log.csv: 4", None],
        ["event_at_unreadable", "other.csv: 2", None],
    ]
    desk.write("log.csv", EVENTS + GOOD.format(n=1) + "e2,u,image,soon\n")
    desk.bring("events", first)
    assert kept(desk) == [
        ["event_at_unreadable", "log.csv: 3", None],  # it is said again
        ["event_at_unreadable", "log.csv: 4", "restated"],
        ["event_at_unreadable", "other.csv: 2", None],
    ]


def test_a_row_that_two_files_say_waits_for_both(desk):
    bad = EVENTS + "e2,u,image,soon\n"
    paths = [desk.write("a.csv", bad), desk.write("b.csv", bad)]
    desk.bring("events", *paths)
    for path, state in zip(paths, (None, "restated"), strict=True):
        path.write_text(EVENTS + GOOD.format(n=path.stem))
        desk.bring("events", path)
        assert [how for _, _, how in kept(desk)] == [state]


def test_tables_are_settled_in_the_same_way(desk):
    header = "spend_date,channel,metric,value,currency\n"
    path = desk.write("spend.csv", header + "2022-12-01,meta,spend,much,USD\n")
    desk.bring("spend", path)
    desk.write("spend.csv", header + "2022-12-01,meta,spend,5,USD\n")
    desk.bring("spend", path)
    assert kept(desk) == [["value_unreadable", "spend.csv: 2", "restated"]]


def test_where_not_all_rejects_are_told_none_is_settled(desk, monkeypatch):
    path = desk.write("log.csv", EVENTS + "".join(f"e{n},u,image,soon\n" for n in range(3)))
    desk.bring("events", path)
    monkeypatch.setattr("etl.imports.events.KEPT_ROWS", 1)
    desk.write("log.csv", EVENTS + "".join(f"e{n},u,image,soon\n" for n in (1, 2)))
    desk.bring("events", path)
    assert [how for _, _, how in kept(desk)] == [None, None, None]


def test_rows_can_be_left_out_for_good_and_taken_up_again(desk):
    path = desk.write("log.csv", EVENTS + "e2,u,image,soon\ne3,,image,2022-12-01T10:00:00Z\n")
    desk.bring("events", path)
    source = "user_events"
    assert replay.settle(desk.settings, source, "user_id_missing")[0] == 1
    assert [how for _, _, how in kept(desk)] == [None, "dismissed"]
    desk.write("log.csv", EVENTS + "e3,,image,2022-12-01T10:00:00Z\n")
    desk.bring("events", path)  # what was left out stays so
    assert [how for _, _, how in kept(desk)] == ["restated", "dismissed"]
    assert replay.settle(desk.settings, source, reopen=True)[0] == 1
    assert [how for _, _, how in kept(desk)] == ["restated", None]
    with pytest.raises(InputError, match="no rejected row left out"):
        replay.settle(desk.settings, source, reopen=True)
    with pytest.raises(InputError, match="no rejected row waiting"):
        replay.settle(desk.settings, "somebody")


def test_one_wrong_row_said_many_times_is_told_by_its_first_rows(desk):
    path = desk.write("log.csv", EVENTS + GOOD.format(n=1) + ",,,\n" * 30_000)
    assert len(desk.preview("events", path).rejected) > 9_000
    done = desk.bring("events", path)
    assert done.error is None
    assert done.entries[0].rows_quarantined == 30_000
    [(_, told, _)] = kept(desk)
    assert told.startswith("log.csv: 3, 4, 5, ")
    assert told.endswith(", 22, …")


def test_a_table_with_many_equal_wrong_rows_is_told_so_too(desk):
    header = "spend_date,channel,metric,value,currency\n"
    path = desk.write("spend.csv", header + "2022-12-01,meta,spend,much,USD\n" * 5_000)
    desk.bring("spend", path)
    [(_, told, _)] = kept(desk)
    assert told.startswith("spend.csv: 2, 3, ")


@pytest.mark.parametrize("kind", ["events", "spend"])
def test_a_file_without_rows_beside_one_with_a_wrong_row(desk, kind):
    header = EVENTS if kind == "events" else "spend_date,channel,metric,value,currency\n"
    bad = "e2,u,image,soon\n" if kind == "events" else "2022-12-01,meta,spend,much,USD\n"
    paths = [desk.write("a.csv", header), desk.write("b.csv", header + bad)]
    assert len(desk.preview(kind, *paths).rejected) == 1
    assert desk.bring(kind, *paths).error is None
    assert [told for _, told, _ in kept(desk)] == ["b.csv: 2"]


def test_empty_lines_are_counted_as_a_spreadsheet_and_an_editor_count_them(desk):
    path = desk.write("log.csv", "\n\n" + EVENTS + "\n" + GOOD.format(n=1) + "\ne2,u,image,soon\n")
    desk.bring("events", path)
    assert [told for _, told, _ in kept(desk)] == ["log.csv: 7"]
    assert path.read_text().splitlines()[6] == "e2,u,image,soon"
    line = json.dumps({"user_id": "u", "event_name": "image", "event_at": "late"})
    path = desk.write("log.jsonl", f"{line.replace('late', '2022-12-01')}\n\n  \n{line}\n")
    desk.bring("events", path, source="other")
    assert "log.jsonl: 4" in [told for _, told, _ in kept(desk)]


def test_what_cannot_be_located_is_kept_without_a_place(desk, monkeypatch):
    def broken(*_):
        raise EngineError("out of memory")

    monkeypatch.setattr("etl.imports.event_rows.question", once(event_rows.question, broken))
    path = desk.write("log.csv", EVENTS + "e2,u,image,soon\n" + GOOD.format(n=1))
    assert desk.bring("events", path).error is None
    assert kept(desk) == [["event_at_unreadable", None, None]]


def once(first, then):
    answers = iter([first])
    return lambda *given: next(answers, then)(*given)


def test_a_row_left_out_stays_so_however_often_it_is_read(desk):
    header = "spend_date,channel,metric,value,currency\n"
    bad = "2022-12-01,meta,spend,much,USD\n"
    path = desk.write("spend.csv", header + bad)
    desk.bring("spend", path)
    replay.settle(desk.settings, "user_spend")
    desk.write("spend.csv", header + bad + "2022-12-02,meta,spend,5,USD\n")
    desk.bring("spend", path)
    assert kept(desk) == [["value_unreadable", "spend.csv: 2", "dismissed"]]


def test_only_rows_that_were_seen_are_left_out(desk):
    path = desk.write("log.csv", EVENTS + "e2,u,image,soon\n")
    desk.bring("events", path)
    [seen] = desk.ask("SELECT quarantined_at FROM quarantine")["quarantined_at"]
    desk.write("log.csv", EVENTS + "e2,u,image,soon\ne3,u,image,late\n")
    desk.bring("events", path)
    assert replay.settle(desk.settings, "user_events", met_by=seen)[0] == 1
    assert sorted(kept(desk), key=str) == [
        ["event_at_unreadable", "log.csv: 2", "dismissed"],
        ["event_at_unreadable", "log.csv: 3", None],
    ]


def test_files_that_contradicted_one_another_are_read_again_once_one_is_mended(desk):
    line = "e1,u,{},2022-12-01T10:00:00Z\n"
    a = desk.write("a.csv", EVENTS + line.format("image"))
    b = desk.write("b.csv", EVENTS + line.format("share"))
    desk.bring("events", a, b)
    assert [how for _, _, how in kept(desk)] == [None, None]
    desk.write("b.csv", EVENTS + line.format("share").replace("e1", "e2"))
    desk.bring("events", b)
    assert [how for _, _, how in kept(desk)] == [None, None]  # what a.csv says is missing still
    desk.bring("events", a, b)
    assert [how for _, _, how in kept(desk)] == ["restated", "restated"]
    assert len(desk.ask("SELECT 1 FROM product_events")) == 2


def test_a_repeat_is_settled_once_one_of_its_files_says_it_no_more(desk):
    line = "{},u,image,2022-12-01T10:00:00Z\n"
    a, b = (desk.write(name, EVENTS + line.format("e1")) for name in ("a.csv", "b.csv"))
    desk.bring("events", a, b)
    assert kept(desk) == [["duplicate_key", "a.csv: 2; b.csv: 2", None]]
    desk.write("b.csv", EVENTS + line.format("e2"))
    desk.bring("events", b)
    assert [how for _, _, how in kept(desk)] == ["restated"]


def test_members_of_an_archive_have_their_own_addresses():
    given = Path("/data/sub/x.zip")
    assert address(given, "sub/x.zip/a.csv") == "file:///data/sub/x.zip#a.csv"
    assert address(given, "x.zip/in/a.csv") == "file:///data/sub/x.zip#in/a.csv"
    assert address(Path("/data/a b.csv"), "a b.csv") == "file:///data/a%20b.csv"
