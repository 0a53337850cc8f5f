"""Event logs lie in the lake by day; corrected files restate, and what was stays to be seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from etl import exports, imports, replay
from etl.engines import scratch
from etl.errors import InputError
from etl.imports import events, lake
from etl.warehouse import SnapshotReader

HEADER = "event_id,user_id,event_name,event_at,country,mood\n"
DAY_1 = "e1,u1,install,2022-12-01T10:00:00Z,JP,happy\ne2,u1,image,2022-12-01T23:59:59.5Z,JP,\n"
DAY_2 = "e3,u2,install,2022-12-02T00:00:00Z,US,sad\n"


def stored(desk, as_of: datetime | None = None) -> pd.DataFrame:
    """Read the lake as published, or as it was known."""
    data = desk.settings.data_dir
    paths = lake.files(SnapshotReader(data), data, "product_events", as_of=as_of)
    with scratch(data / "scratch") as con:
        listed = ", ".join(f"'{p}'" for p in paths)
        table = con.sql(
            f"SELECT * FROM read_parquet([{listed}], hive_partitioning=false) ORDER BY event_at, 1"
        ).to_arrow_table()
    return table.to_pandas()


def visible(desk) -> list[str]:
    root = desk.settings.lake_dir
    return sorted(
        path.parent.relative_to(root).as_posix() for path in (root / "product_events").rglob("*.*")
    )


def ids(desk, as_of: datetime | None = None) -> list[str]:
    return sorted(stored(desk, as_of)["event_id"])


def test_events_lie_by_source_and_day_with_their_provenance(desk):
    path = desk.write("log.csv", HEADER + DAY_1 + DAY_2)
    assert desk.brought("events", path) == ("ok", 3, 3, 0, 0)
    assert visible(desk) == [
        "product_events/source=user_events/event_date=2022-12-01",
        "product_events/source=user_events/event_date=2022-12-02",
    ]
    rows = stored(desk)
    assert set(rows["evidence_kind"]) == {"measured"}
    assert set(rows["source_url"]) == {path.as_uri()}
    assert [json.loads(p)["mood"] if pd.notna(p) else None for p in rows["properties"]] == [
        "happy",
        None,
        "sad",
    ]
    days = desk.ask("SELECT event_date, n_rows FROM lake_days ORDER BY 1")
    assert list(days["n_rows"]) == [2, 1]
    fresh = desk.ask("SELECT last_observation FROM source_freshness WHERE source = 'user_events'")
    assert str(fresh["last_observation"][0])[:10] == "2022-12-02"


def test_the_same_file_again_changes_nothing(desk):
    path = desk.write("log.csv", HEADER + DAY_1)
    desk.bring("events", path)
    before = {p: p.stat().st_mtime_ns for p in desk.settings.lake_dir.rglob("*.parquet")}
    assert desk.brought("events", path) == ("unchanged", 2, 0, 0, 0)
    copy = desk.write("copy.csv", HEADER + DAY_1)
    assert desk.brought("events", copy) == ("unchanged", 2, 0, 0, 0)
    assert before == {p: p.stat().st_mtime_ns for p in desk.settings.lake_dir.rglob("*.parquet")}


def test_a_corrected_file_restates_its_days_and_the_old_state_can_be_seen(desk):
    path = desk.write("log.csv", HEADER + DAY_1 + DAY_2)
    desk.bring("events", path)
    other = desk.write("other.csv", HEADER + "e9,u9,image,2022-12-01T12:00:00Z,DE,\n")
    assert desk.brought("events", other) == ("ok", 1, 1, 0, 0)
    # e2 is withdrawn and e1 happened elsewhere; day 2 is not touched.
    desk.write("log.csv", HEADER + DAY_1.splitlines()[0].replace("JP", "CN") + "\n")
    assert desk.brought("events", path) == ("ok", 1, 0, 2, 0)
    assert ids(desk) == ["e1", "e3", "e9"]
    assert list(stored(desk)["country"]) == ["CN", "DE", "US"]
    assert ids(desk, datetime(2026, 11, 22, 14, 30, tzinfo=UTC)) == ["e1", "e2", "e3", "e9"]
    assert ids(desk, datetime(2026, 11, 22, 13, 30, tzinfo=UTC)) == ["e1", "e2", "e3"]
    assert len(visible(desk)) == 2


def test_going_back_to_the_first_content_restates_again(desk):
    path = desk.write("log.csv", HEADER + DAY_1)
    desk.bring("events", path)
    desk.write("log.csv", HEADER + DAY_1.replace("JP", "CN"))
    assert desk.brought("events", path) == ("ok", 2, 0, 2, 0)
    desk.write("log.csv", HEADER + DAY_1)
    assert desk.brought("events", path) == ("ok", 2, 0, 2, 0)
    assert set(stored(desk)["country"]) == {"JP"}


def test_late_rows_join_their_day(desk):
    desk.bring("events", desk.write("1.csv", HEADER + DAY_1 + DAY_2))
    late = DAY_2 + "e4,u3,image,2022-12-01T11:00:00Z,JP,\n"
    assert desk.brought("events", desk.write("2.csv", HEADER + late)) == ("ok", 2, 1, 0, 0)
    assert ids(desk) == ["e1", "e2", "e3", "e4"]


def test_repeated_events_are_kept_once_and_contradicting_ones_not_at_all(desk):
    lines = DAY_1 + DAY_2 + DAY_1.splitlines()[0] + "\n" + DAY_2.replace("US", "GB")
    assert desk.brought("events", desk.write("log.csv", HEADER + lines)) == ("partial", 5, 2, 0, 3)
    assert ids(desk) == ["e1", "e2"]
    told = desk.ask("SELECT check_name, count(*) AS n FROM quarantine GROUP BY 1 ORDER BY 1")
    assert told.to_numpy().tolist() == [["contradictory_key", 2], ["duplicate_key", 1]]


def test_a_second_delivery_at_another_time_is_the_same_event(desk):
    header = "event_id,user_id,event_name,event_at,received_at\n"
    line = "e1,u1,image,2022-12-01T10:00:00Z,2022-12-01T10:00:0{}Z\n"
    path = desk.write("log.csv", header + line.format(5) + line.format(2))
    assert desk.brought("events", path) == ("ok", 2, 1, 0, 1)
    assert stored(desk)["received_at"][0].second == 2


def test_events_without_names_get_names_that_hold(desk):
    header, line = "user,event,timestamp\n", "u1,image,2022-12-01 10:00:00\n"
    path = desk.write("log.csv", header + line * 3)
    assert desk.brought("events", path) == ("ok", 3, 3, 0, 0)
    assert len(set(ids(desk))) == 3
    overlapping = desk.write("more.csv", header + line * 4)
    assert desk.brought("events", overlapping) == ("ok", 4, 1, 0, 0)


def test_overlapping_files_of_one_folder_are_not_counted_twice(desk):
    header, line = "user,event,timestamp\n", "u1,image,2022-12-01 10:00:00\n"
    desk.write("in/1.csv", header + line * 2)
    desk.write("in/2.csv", header + line * 3)
    assert desk.brought("events", desk.files / "in") == ("ok", 5, 3, 0, 2)


def test_bad_events_are_all_kept_and_the_first_can_be_asked_for(desk, monkeypatch):
    monkeypatch.setattr(events, "KEPT_ROWS", 3)
    bad = (
        "b1,,image,2022-12-01T10:00:00Z,JP,\n"
        "b2,u,image,yesterday,JP,\n"
        "b3,u,image,,JP,\n"
        "b4,u,image,2022-12-01T10:00:00Z,Japan,\n"
        "b5,u,image,2062-12-01T10:00:00Z,JP,\n"
    )
    path = desk.write("log.csv", HEADER + DAY_1 + bad)
    assert desk.brought("events", path) == ("partial", 7, 2, 0, 5)
    [file] = desk.settings.lake_dir.glob(".rejects/product_events/source=*/*.parquet")
    kept = pq.read_table(file).to_pandas().set_index("row_key")
    assert kept["check_name"].to_dict() == {
        "b1": "user_id_missing",
        "b2": "event_at_unreadable",
        "b3": "event_at_missing",
        "b4": "country_refused",
        "b5": "event_at_outside",
    }
    assert json.loads(kept["payload"]["b2"])["event_at"] == "yesterday"
    assert kept["reason"]["b4"] == "country is not like ^[A-Z]{2}$"
    assert len(desk.ask("SELECT 1 FROM quarantine WHERE table_name = 'product_events'")) == 3
    assert replay.replay(desk.settings) == []


def test_the_preview_shows_rows_and_rejects_and_writes_nothing(desk):
    path = desk.write("log.csv", HEADER + DAY_1 + "b3,u,image,,JP,\n")
    found = desk.preview("events", path)
    assert list(found.rows["event_id"]) == ["e1", "e2"]
    assert list(found.rejected["check_name"]) == ["event_at_missing"]
    assert found.unused == ["mood"]
    assert not desk.settings.lake_dir.exists()


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_nested_fields_stay_as_properties(desk, form):
    frame = pd.DataFrame(
        {
            "uid": ["u1"],
            "event": ["image"],
            "ts": [1669889000000],
            "extra": [{"style": "anime", "seed": 7}],
            "tags": [["a", "b"]],
        }
    )
    content = (
        frame.to_parquet()
        if form == "parquet"
        else frame.to_json(orient="records", lines=True).encode()
    )
    assert desk.brought("events", desk.write("log", content)) == ("ok", 1, 1, 0, 0)
    [row] = stored(desk).to_dict("records")
    assert row["event_at"] == pd.Timestamp("2022-12-01T10:03:20Z")
    assert json.loads(row["properties"]) == {
        "extra": {"style": "anime", "seed": 7},
        "tags": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2022-12-01 09:00:00", "Asia/Tokyo", "2022-12-01T00:00:00Z"),
        ("2022-12-01T09:00:00+09:00", "America/New_York", "2022-12-01T00:00:00Z"),
        ("2022-12-01T00:00:00Z", "Asia/Tokyo", "2022-12-01T00:00:00Z"),
        ("1669852800", "Asia/Tokyo", "2022-12-01T00:00:00Z"),
        ("1669852800000", "UTC", "2022-12-01T00:00:00Z"),
        ("2022-12-01 09:00:00.250", "UTC", "2022-12-01T09:00:00.250Z"),
    ],
)
def test_instants_are_read_in_their_zone(desk, written, zone, utc):
    path = desk.write("log.csv", f"user_id,event_name,event_at\nu,image,{written}\n")
    desk.brought("events", path, timezone=zone)
    assert stored(desk)["event_at"][0] == pd.Timestamp(utc)


def test_simulated_events_say_so_and_are_not_mixed_in(desk):
    desk.write("sim/simulation.json", "{}")
    made_up = desk.write("sim/events/part.csv", HEADER + DAY_1)
    measured = desk.write("log.csv", HEADER + DAY_2)
    desk.bring("events", measured)
    assert "simulated rows" in desk.refused("events", made_up)
    assert desk.brought("events", desk.files / "sim", source="demo") == ("ok", 2, 2, 0, 0)
    kinds = desk.ask("SELECT DISTINCT source, evidence_kind FROM lake_days ORDER BY 1")
    assert kinds.to_numpy().tolist() == [["demo", "simulated"], ["user_events", "measured"]]


def test_an_import_that_failed_leaves_nothing_behind(desk):
    path = desk.write("log.csv", HEADER + DAY_1 * 3000 + "e,u;x\n")
    desk.refused("events", path)
    assert not list((desk.settings.lake_dir / ".staging").glob("*"))
    assert not list(desk.settings.lake_dir.rglob("*.parquet"))


def test_a_full_disk_leaves_the_lake_as_it_was_and_the_ledger_names_it(desk, monkeypatch):
    path = desk.write("log.csv", HEADER + DAY_1)
    desk.bring("events", path)
    before = sorted(desk.settings.lake_dir.rglob("*"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lake, "promise", full)
    desk.write("log.csv", HEADER + DAY_1.replace("JP", "CN"))
    done = desk.bring("events", path)
    assert done.error is not None
    assert done.error.exit_status == 1
    assert "No space left" in str(done.entries[0].error)
    assert sorted(desk.settings.lake_dir.rglob("*")) == before
    assert set(stored(desk)["country"]) == {"JP"}


@pytest.mark.parametrize("committed", [True, False])
def test_a_killed_import_is_finished_or_undone_by_the_next(desk, monkeypatch, committed):
    path = desk.write("log.csv", HEADER + DAY_1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(events, "settle", killed) if committed else patch.setattr(
            imports, "_recorded", killed
        )
        with pytest.raises(KeyboardInterrupt):
            desk.bring("events", path)
    assert not list((desk.settings.lake_dir / "product_events").rglob("*.parquet"))
    desk.bring("events", desk.write("two.csv", HEADER + DAY_2))
    assert ids(desk) == (["e1", "e2", "e3"] if committed else ["e3"])
    assert not list((desk.settings.lake_dir / ".staging").iterdir())


def test_identifiers_are_compared_in_portions(desk, monkeypatch):
    monkeypatch.setattr(events, "HASHES_AT_ONCE", 10)
    frame = pd.DataFrame(
        {
            "event_id": [f"e{i % 90}" for i in range(100)],
            "user_id": "u",
            "event_name": "image",
            "event_at": pd.date_range("2022-12-01", periods=90, freq="h").append(
                pd.date_range("2022-12-01", periods=10, freq="h")
            ),
        }
    )
    path = desk.files / "log.parquet"
    frame.to_parquet(path)
    assert desk.brought("events", Path(path)) == ("ok", 100, 90, 0, 10)


def test_imported_events_are_a_table_that_can_be_asked(desk):
    lines = "e1,u1,install,2022-12-01T00:00:00Z,JP,\ne2,u1,image,2022-12-02T00:00:00Z,JP,\n"
    path = desk.write("log.csv", HEADER + lines)
    desk.bring("events", path)
    held = desk.ask(
        "SELECT event_id, event_date::VARCHAR AS day, source FROM product_events ORDER BY 1"
    )
    assert list(held.itertuples(index=False, name=None)) == [
        ("e1", "2022-12-01", "user_events"),
        ("e2", "2022-12-02", "user_events"),
    ]
    corrected = HEADER + lines.replace("image", "open")
    desk.bring("events", desk.write("log.csv", corrected))
    names = desk.ask("SELECT event_name FROM product_events ORDER BY 1")["event_name"]
    assert list(names) == ["install", "open"]
    with pytest.raises(InputError, match="Cannot access file"):
        desk.ask(f"SELECT * FROM product_events, read_csv('{path}')")


def test_events_that_may_not_be_passed_on_are_in_no_export(desk):
    path = desk.write("log.csv", HEADER + "e1,u1,install,2022-12-01T00:00:00Z,JP,\n")
    desk.bring("events", path, redistributable=False)
    reader = SnapshotReader(desk.settings.data_dir, for_export=True)
    question = "SELECT * FROM product_events"
    assert reader.query(question).empty
    with pytest.raises(InputError, match="may not be passed on"):
        exports.answer(reader, question, SnapshotReader(desk.settings.data_dir))
    [hidden] = (desk.settings.lake_dir / "product_events").rglob("*.parquet")
    with pytest.raises(InputError, match="Cannot access file"):
        reader.query(f"SELECT * FROM read_parquet('{hidden.resolve()}'), product_events")
