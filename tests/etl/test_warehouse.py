"""One writer, immutable snapshots, readers that follow the pointer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from etl import checks, pipeline
from etl.config import Settings
from etl.errors import (
    AuditError,
    InputError,
    SnapshotMissingError,
    WarehouseError,
    WarehouseLockedError,
)
from etl.schemas import GPUS, STOCK_PRICES, Table
from etl.warehouse import DATABASE, SnapshotReader, Snapshots, Stamp, Warehouse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rows(table: Table, *values: dict[str, object]) -> pd.DataFrame:
    """Rows as they come out of the checks."""
    empty = {c.name: None for c in table.frame_columns()}
    told = {"evidence_kind": "measured", "source_url": "u", "retrieved_at": NOW}
    return pd.DataFrame([empty | told | {"quality_flags": None} | v for v in values])


def bar(day: str, close: float, **more: object) -> dict[str, object]:
    return {"ticker": "A", "trade_date": day, "adjusted_close": close, "close": close,
            "currency": "HKD", "adjustment": "none"} | more  # fmt: skip


def write(
    settings: Settings, *bars: dict[str, object], at: datetime = NOW, run: str = "run-1"
) -> None:
    with Warehouse(settings) as warehouse:
        with warehouse.transaction():
            warehouse.merge(STOCK_PRICES, rows(STOCK_PRICES, *bars), Stamp("a", run, at))
        warehouse.publish(run, at)


def writer_file(settings: Settings) -> Path:
    [path] = settings.warehouse_dir.glob("writer-*.duckdb")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, keep_snapshots=3)


@pytest.fixture
def reader(settings: Settings) -> SnapshotReader:
    return SnapshotReader(settings.data_dir)


def closes(reader: SnapshotReader, table: str = "stock_prices") -> list[float]:
    return reader.query(f"SELECT close FROM {table} ORDER BY trade_date")["close"].tolist()


def test_a_snapshot_is_published_when_the_last_run_in_its_ledger_had_ended(settings):
    ended = NOW + timedelta(seconds=7, microseconds=9)
    entry = pipeline.LedgerEntry(
        "run-1", "a", "ok", 1, 1, 0, 0, None, "live", NOW + timedelta(seconds=1), ended
    )
    with Warehouse(settings) as warehouse:
        assert warehouse.publish("run-0", NOW).published_at == NOW
        with warehouse.transaction():
            warehouse.record(pipeline.ledger_frame([entry]))
        assert warehouse.publish("run-1", NOW).published_at == ended
        assert warehouse.publish("run-2", ended + timedelta(days=1)).published_at > ended


def test_a_merge_counts_new_changed_and_unchanged_rows(settings):
    with Warehouse(settings) as warehouse:
        first = rows(STOCK_PRICES, bar("2022-12-01", 1.0), bar("2022-12-02", 2.0))
        counts = warehouse.merge(STOCK_PRICES, first, Stamp("a", "run-1", NOW))
        assert (counts.new, counts.changed, counts.unchanged) == (2, 0, 0)
        later = rows(STOCK_PRICES, bar("2022-12-02", 2.5), bar("2022-12-03", 3.0))
        counts = warehouse.merge(STOCK_PRICES, later, Stamp("a", "run-2", NOW))
        assert (counts.new, counts.changed, counts.unchanged) == (1, 1, 0)


def test_a_value_read_earlier_never_replaces_one_read_later(settings, reader):
    live = bar("2022-12-01", 7.77, retrieved_at=NOW + timedelta(days=5))
    bundled = bar("2022-12-01", 1.0, retrieved_at=NOW)
    write(settings, live)
    with Warehouse(settings) as warehouse:
        later = Stamp("a", "run-2", NOW + timedelta(days=9))
        counts = warehouse.merge(STOCK_PRICES, rows(STOCK_PRICES, bundled), later)
        assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 1)
        again = rows(STOCK_PRICES, live | {"close": 8.0, "retrieved_at": NOW + timedelta(days=6)})
        assert warehouse.merge(STOCK_PRICES, again, later).changed == 1


def test_reading_the_same_values_on_another_day_changes_nothing(settings):
    again = rows(GPUS, {"gpu_name": "A", "vendor": "V"})
    with Warehouse(settings) as warehouse:
        warehouse.merge(GPUS, again, Stamp("a", "run-1", NOW))
        later = again.assign(retrieved_at=NOW + timedelta(days=9))
        counts = warehouse.merge(GPUS, later, Stamp("a", "run-2", NOW + timedelta(days=9)))
    assert (counts.new, counts.changed, counts.unchanged) == (0, 0, 1)


def test_a_value_that_becomes_known_or_unknown_is_a_change(settings):
    with Warehouse(settings) as warehouse:
        for watts, changed in [(None, 0), (300.0, 1), (None, 1)]:
            row = rows(GPUS, {"gpu_name": "A", "vendor": "V", "tdp_watts": watts})
            assert warehouse.merge(GPUS, row, Stamp("a", "run", NOW)).changed == changed


def test_a_changed_price_closes_the_old_row_and_both_can_be_seen(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 1.1), at=NOW + timedelta(days=1), run="run-2")
    assert closes(reader) == [1.1]
    known = reader.query("SELECT close FROM stock_prices_as_of(?)", [NOW + timedelta(hours=1)])
    assert known["close"].tolist() == [1.0]
    before = reader.query("SELECT close FROM stock_prices_as_of(?)", [NOW - timedelta(hours=1)])
    assert before.empty
    history = reader.query("SELECT valid_to FROM stock_prices_history ORDER BY valid_from")
    assert history["valid_to"].isna().tolist() == [False, True]


def test_a_clock_that_jumps_back_leaves_no_version_that_ends_before_it_begins(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 1.1), at=NOW - timedelta(days=30), run="run-2")
    assert closes(reader) == [1.1]
    wrong = reader.query("SELECT * FROM stock_prices_history WHERE valid_to <= valid_from")
    assert wrong.empty


def test_rows_that_a_later_run_does_not_mention_stay(settings, reader):
    write(settings, bar("2022-12-01", 1.0), bar("2022-12-02", 2.0))
    write(settings, bar("2022-12-03", 3.0), at=NOW + timedelta(1), run="run-2")
    assert closes(reader) == [1.0, 2.0, 3.0]


def test_a_transaction_that_fails_leaves_nothing(settings):
    with Warehouse(settings) as warehouse:
        one = rows(STOCK_PRICES, bar("2022-12-01", 1.0))

        def fail_half_way() -> None:
            with warehouse.transaction():
                warehouse.merge(STOCK_PRICES, one, Stamp("a", "run-1", NOW))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()
        counts = warehouse.merge(STOCK_PRICES, one, Stamp("a", "run-1", NOW))
    assert counts.new == 1


def test_a_second_writer_is_told_who_is_writing(settings):
    with (
        Warehouse(settings),
        pytest.raises(WarehouseLockedError, match=r"process \d+ since 20"),
        Warehouse(settings),
    ):
        pass
    with Warehouse(settings):
        pass  # the lock is free again


def test_a_reader_follows_the_pointer_and_equal_data_has_an_equal_version(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    first = reader.info
    write(settings, bar("2022-12-01", 1.0), at=NOW + timedelta(1), run="run-2")
    second = reader.info
    assert first.snapshot_id != second.snapshot_id
    assert first.data_version == second.data_version
    write(settings, bar("2022-12-01", 9.0), at=NOW + timedelta(2), run="run-3")
    assert closes(reader) == [9.0]
    assert reader.info.data_version != first.data_version


def test_only_the_last_snapshots_are_kept(settings):
    for n in range(5):
        write(settings, bar("2022-12-01", 1.0 + n), at=NOW + timedelta(n), run=f"run-{n}")
    assert len(list((settings.warehouse_dir / "snapshots").iterdir())) == 3


def test_a_failed_audit_keeps_the_last_good_snapshot(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    good = reader.info.snapshot_id
    with Warehouse(settings) as warehouse:
        with pytest.raises(AuditError, match="the moon is made of cheese"):
            warehouse.publish("run-2", NOW, lambda _: [("the moon is made of cheese", "SELECT 1")])
        assert reader.info.snapshot_id == good
    with Warehouse(settings):
        assert not list((settings.warehouse_dir / "snapshots").glob(".building-*"))


def test_nothing_published_is_said_with_what_to_do(reader):
    with pytest.raises(SnapshotMissingError, match="artonomics etl run --offline"):
        reader.query("SELECT 1")


def test_a_spoilt_snapshot_falls_back_to_the_last_good_one_and_says_so(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(1), run="run-2")
    with (reader.info.path).open("r+b") as file:
        file.seek(5000)
        file.write(b"spoilt")
    fresh = SnapshotReader(settings.data_dir)
    assert closes(fresh) == [1.0]
    assert "checksum differs" in fresh.info.note


def test_a_lone_spoilt_snapshot_is_an_error_that_names_the_file(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    reader.info.path.write_bytes(b"not a database")
    with pytest.raises(WarehouseError, match=re.escape(DATABASE)) as caught:
        SnapshotReader(settings.data_dir).query("SELECT 1")
    assert caught.value.code == "WAREHOUSE_CORRUPT"


def test_a_snapshot_of_another_format_is_refused_in_words(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    manifest = reader.info.path.parent / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format_version": 0}))
    with pytest.raises(WarehouseError, match="format 0"):
        SnapshotReader(settings.data_dir).query("SELECT 1")


def test_a_writer_file_of_another_format_is_refused_in_words(settings):
    write(settings, bar("2022-12-01", 1.0))
    with duckdb.connect(writer_file(settings)) as con:
        con.execute("UPDATE format SET version = 99")
    with pytest.raises(WarehouseError, match="format 99"), Warehouse(settings):
        pass


def test_a_writer_file_with_other_columns_is_refused_in_words(settings):
    write(settings, bar("2022-12-01", 1.0))
    with duckdb.connect(writer_file(settings)) as con:
        con.execute("ALTER TABLE gpus ADD COLUMN colour VARCHAR")
    with (
        pytest.raises(WarehouseError, match="other columns in gpus") as caught,
        Warehouse(settings),
    ):
        pass
    assert caught.value.code == "WAREHOUSE_FORMAT"


def _narrow(con: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    """Take a column out of a bitemporal table, as a version before it would have stored it."""
    con.execute(f"DROP VIEW {table}")
    con.execute(f"DROP MACRO TABLE {table}_as_of")
    con.execute(f"ALTER TABLE {table}_history DROP COLUMN {column}")
    con.execute(f"CREATE VIEW {table} AS FROM {table}_history WHERE valid_to IS NULL")
    con.execute(
        f"CREATE MACRO {table}_as_of(instant) AS TABLE FROM {table}_history "
        "WHERE valid_from <= instant"
    )
    con.execute("UPDATE format SET version = 2")


def test_a_writer_file_of_the_format_before_is_brought_up_and_loses_nothing(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(1), run="run-2")
    with duckdb.connect(writer_file(settings)) as con:
        _narrow(con, "stock_prices", "volume")
    write(settings, bar("2022-12-02", 3.0), at=NOW + timedelta(2), run="run-3")
    assert closes(reader) == [2.0, 3.0]
    first = NOW + timedelta(hours=1)
    told = reader.query(
        "SELECT close, volume FROM stock_prices_as_of(?) ORDER BY trade_date", (first,)
    )
    assert told["close"].to_list() == [1.0]
    assert told["volume"].isna().all()


def test_rejected_rows_of_the_format_before_get_the_names_they_would_have_now(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    bad = pd.DataFrame({"row_key": ["a"], "check_name": ["c"], "reason": ["r"], "payload": ["{}"]})
    rows = checks.as_quarantine(bad, "mine", "stock_prices", "run-1", NOW)
    with Warehouse(settings) as warehouse, warehouse.transaction():
        warehouse.quarantine(rows.assign(quarantine_id="of the format before"))
    with duckdb.connect(writer_file(settings)) as con:
        for column in ("resolved_by", "file_rows", "file_urls"):
            con.execute(f"ALTER TABLE quarantine DROP COLUMN {column}")
        con.execute("UPDATE format SET version = 3")
    with Warehouse(settings) as warehouse, warehouse.transaction():
        warehouse.quarantine(rows)  # it is met again
    with Warehouse(settings) as warehouse:
        kept = warehouse.rejected()
    assert list(kept["quarantine_id"]) == list(rows["quarantine_id"])
    other = checks.as_quarantine(bad, "theirs", "stock_prices", "run-1", NOW)
    assert set(other["quarantine_id"]).isdisjoint(rows["quarantine_id"])


def test_a_snapshot_of_the_format_before_says_what_brings_it_up(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    manifest = reader.info.path.parent / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format_version": 2}))
    with pytest.raises(WarehouseError, match="brings all that was collected"):
        SnapshotReader(settings.data_dir).query("SELECT 1")
    writer_file(settings).unlink()  # a writer without a file starts from that snapshot
    write(settings, bar("2022-12-02", 3.0), at=NOW + timedelta(2), run="run-3")
    assert closes(SnapshotReader(settings.data_dir)) == [1.0, 3.0]


def test_a_corrupt_writer_file_is_told_and_the_snapshot_stays_readable(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    writer_file(settings).write_bytes(b"not a database at all" * 1000)
    with pytest.raises(WarehouseError, match=r"writer-000001\.duckdb"), Warehouse(settings):
        pass
    assert closes(reader) == [1.0]


def test_a_writer_never_rewrites_its_file_and_folds_a_long_log_into_the_next(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    before = writer_file(settings).read_bytes()
    write(settings, bar("2022-12-01", 1.1), at=NOW + timedelta(1), run="run-2")
    assert writer_file(settings).read_bytes() == before
    short = settings.model_copy(update={"fold_log_bytes": 0})
    write(short, bar("2022-12-02", 2.0), at=NOW + timedelta(2), run="run-3")
    assert writer_file(settings).name == "writer-000002.duckdb"
    assert not writer_file(settings).with_name("writer-000001.duckdb.wal").exists()
    write(settings, bar("2022-12-03", 3.0), at=NOW + timedelta(3), run="run-4")
    assert closes(reader) == [1.1, 2.0, 3.0]
    assert len(reader.query("SELECT * FROM stock_prices_history")) == 4


def test_a_process_that_opens_the_writer_file_by_itself_is_told_as_a_lock(settings):
    write(settings, bar("2022-12-01", 1.0))
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(writer_file(settings))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(WarehouseLockedError, match="outside its lock"), Warehouse(settings):
            pass
        other.communicate(b"\n")


def test_a_lost_writer_file_is_made_anew_from_the_snapshot_with_its_history(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 1.1), at=NOW + timedelta(1), run="run-2")
    writer_file(settings).unlink()
    write(settings, bar("2022-12-02", 2.0), at=NOW + timedelta(2), run="run-3")
    assert closes(reader) == [1.1, 2.0]
    assert len(reader.query("SELECT * FROM stock_prices_history")) == 3


def test_the_log_of_a_lost_writer_file_is_not_replayed_into_the_new_one(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    file = writer_file(settings)
    log = file.with_name(f"{file.name}.wal")
    with duckdb.connect(file) as con:  # a killed writer leaves its log
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        con.execute("UPDATE stock_prices_history SET close = 9")
    assert log.exists()
    file.unlink()
    write(settings, bar("2022-12-02", 2.0), at=NOW + timedelta(1), run="run-2")
    assert closes(reader) == [1.0, 2.0]


def test_a_reader_whose_snapshot_is_dropped_while_it_opens_takes_the_next(
    settings, reader, monkeypatch
):
    write(settings, bar("2022-12-01", 1.0))
    first = reader.info.path.parent
    named, seen = Snapshots.named, []

    def late(snapshots: Snapshots) -> str:
        name = named(snapshots)
        if not seen:
            seen.append(name)
            write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(1), run="run-2")
            shutil.rmtree(first)
        return name

    monkeypatch.setattr(Snapshots, "named", late)
    info = Snapshots(settings.warehouse_dir).current()
    assert (info.run_id, info.note) == ("run-2", "")


def test_runs_that_change_nothing_push_no_other_data_out(settings, reader):
    for close in (1.0, 2.0):
        write(settings, bar("2022-12-01", close), at=NOW + timedelta(close))
    for day in range(3, 9):
        write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(day), run=f"run-{day}")
    versions = [info.data_version for info in Snapshots(settings.warehouse_dir).kept()]
    assert len(versions) == 3, "the first state, and the two newest of the second"
    assert len(set(versions)) == 2
    assert Snapshots(settings.warehouse_dir).go_back().data_version == versions[0]
    assert closes(reader) == [1.0]


def test_only_so_many_states_of_the_data_are_kept(settings):
    for number in range(6):
        write(settings, bar("2022-12-01", 1.0 + number), at=NOW + timedelta(number))
    assert len(Snapshots(settings.warehouse_dir).kept()) == settings.keep_snapshots


def test_rollback_goes_to_the_snapshot_before(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(1), run="run-2")
    Snapshots(settings.warehouse_dir).go_back()
    assert closes(reader) == [1.0]
    with pytest.raises(InputError, match="no snapshot with other data"):
        Snapshots(settings.warehouse_dir).go_back()


@pytest.mark.parametrize(
    "question",
    [
        "DROP TABLE gpus",
        "INSERT INTO gpus SELECT * FROM gpus",
        "SELECT 1; SELECT 2",
        "COPY gpus TO 'gpus.csv'",
        "ATTACH 'other.duckdb'",
        "SELECT * FROM read_csv('/etc/hosts')",
        "SELECT * FROM no_such_table",
        "SET enable_external_access = true",
        "",
    ],
)
def test_a_question_that_is_not_one_reading_select_is_refused(settings, reader, question):
    write(settings, bar("2022-12-01", 1.0))
    with pytest.raises(InputError):
        reader.query(question)


def test_parameters_are_values_and_never_sql(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    asked = reader.query("SELECT * FROM stock_prices WHERE ticker = ?", ["A' OR 1=1 --"])
    assert asked.empty


def test_threads_that_share_a_reader_get_their_own_rows_while_snapshots_change(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    errors: list[object] = []
    stop = threading.Event()

    def ask(mine: int) -> None:
        while not stop.is_set():
            got = reader.query("SELECT ?::BIGINT AS mine, count(*) AS n FROM stock_prices", [mine])
            if got["mine"].tolist() != [mine] or got["n"].tolist() != [1]:
                errors.append(got)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for n in range(5):
        write(settings, bar("2022-12-01", 2.0 + n), at=NOW + timedelta(n + 1), run=f"run-{n}")
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"no such snapshot\n"])
def test_a_damaged_pointer_leads_to_the_newest_whole_snapshot(settings, content):
    write(settings, bar("2022-12-01", 1.0))
    write(settings, bar("2022-12-01", 2.0), at=NOW + timedelta(1), run="run-2")
    (settings.warehouse_dir / "CURRENT").write_bytes(content)
    reader = SnapshotReader(settings.data_dir)
    assert closes(reader) == [2.0]
    assert "showing" in reader.info.note


def test_without_imported_events_their_table_is_empty(settings, reader):
    write(settings, bar("2022-12-01", 1.0))
    found = reader.query("SELECT * FROM product_events")
    assert found.empty
    assert {"event_id", "event_date", "source"} <= set(found.columns)
