"""Rejected rows are found in the user's files, and settled once their files say them no more."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from etl import replay
from etl.errors import InputError

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
