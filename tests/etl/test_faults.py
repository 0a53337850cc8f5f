"""A full disk, a read-only one, a clock that jumps: told in words, nothing committed is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import pipeline
from etl.config import Settings
from etl.errors import WarehouseError
from etl.schemas import STOCK_PRICES
from etl.warehouse import SnapshotReader, Stamp, Warehouse
from tests.etl import writer_to_kill

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SMALL_DISK = Path(__file__).with_name("writer_on_a_small_disk.py")
MOUNT = "mount -t tmpfs -o size=24m none {disk} && exec {python} {script} {disk}"
READERS, SNAPSHOTS = 8, 40


def can_mount() -> bool:
    """Say whether this process may mount a small disk of its own."""
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
    )
    return tried.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="no right to mount a small disk here")
def test_a_full_disk_is_told_and_loses_nothing_that_was_committed(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    words = {"disk": disk, "python": sys.executable, "script": SMALL_DISK}
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", MOUNT.format(**words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rounds) == 8
    committed = published = 1
    for told in rounds:
        for n, low, high in (told["kept"], told["shown"], told["shown_while_full"]):
            assert low == high
            assert n == 10 * high
        assert told["kept"][2] in (committed, committed + 1)
        assert told["shown_while_full"][2] >= published
        if told["error"]:
            assert told["error"].startswith("WAREHOUSE_UNWRITABLE")
            assert "No space left" in told["error"]
        else:
            assert told["shown"][2] == told["kept"][2] == committed + 1
        committed, published = int(told["kept"][2]), int(told["shown"][2])
    failed = [bool(told["error"]) for told in rounds]
    assert failed[0]
    assert not failed[-1]


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path)
    pipeline.run(settings, ["gpus"], offline=True, now=NOW)
    before = SnapshotReader(tmp_path).info

    def refused(self: Path, *_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "write_text", refused)
    with pytest.raises(WarehouseError, match="Read-only file system") as told:
        pipeline.run(settings, ["gpus"], offline=True, now=NOW)
    assert told.value.code == "WAREHOUSE_UNWRITABLE"
    assert SnapshotReader(tmp_path).info == before


@pytest.mark.skipif(not can_mount(), reason="no right to mount a disk here")
def test_a_read_only_disk_can_be_read_and_is_told_by_a_run(tmp_path):
    pipeline.run(Settings(data_dir=tmp_path / "data"), ["gpus"], offline=True, now=NOW)
    script = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,bind,ro {tmp_path} && "
    program = f"{sys.executable} -m artonomics --data {tmp_path / 'data'}"
    asked = {
        "etl run gpus --offline": (1, "Read-only file system"),
        'sql "SELECT count(*) AS n FROM gpus" --format csv': (0, ""),
        "etl status --json": (0, ""),
    }
    for words, (status, said) in asked.items():
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", f"{script} {program} {words}"],
            capture_output=True,
            text=True,
            env=os.environ | {"NO_COLOR": "1"},
        )
        assert done.returncode == status, done.stderr
        assert said in done.stderr


def test_a_publication_that_fails_is_in_the_ledger_and_leaves_nothing_half(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path)
    pipeline.run(settings, ["gpus"], offline=True, now=NOW)
    good = SnapshotReader(tmp_path).info

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Warehouse, "_copy_to", full)
        entries = pipeline.run(settings, ["gpus"], offline=True, now=NOW + timedelta(hours=1))
    assert [(e.source, e.status) for e in entries] == [("gpus", "unchanged"), ("publish", "failed")]
    assert "No space left" in (entries[1].error or "")
    assert SnapshotReader(tmp_path).info == good
    assert not list((settings.warehouse_dir / "snapshots").glob(".building-*"))
    pipeline.run(settings, ["gpus"], offline=True, now=NOW + timedelta(hours=2))
    kept = SnapshotReader(tmp_path).query("SELECT error FROM etl_runs WHERE source = 'publish'")
    assert "No space left" in kept["error"].iloc[0]


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=4000)])
def test_a_clock_that_jumps_disturbs_neither_order_nor_history(tmp_path, jump):
    settings = Settings(data_dir=tmp_path)
    pipeline.run(settings, ["gpus", "market_events"], offline=True, now=NOW)
    pipeline.run(settings, ["gpus", "market_events"], offline=True, now=NOW + jump)
    reader = SnapshotReader(tmp_path)
    assert len(pipeline.snapshots(settings)) == 2
    assert [bool(one["current"]) for one in pipeline.snapshots(settings)] == [False, True]
    counted = reader.query("SELECT count(*) AS n FROM market_events_history WHERE valid_to IS NULL")
    assert counted["n"].iloc[0] == len(reader.query("SELECT 1 FROM market_events"))
    assert len(reader.query("SELECT 1 FROM etl_runs")) == 4


@pytest.mark.slow
def test_readers_meet_no_error_and_no_mixed_state_while_snapshots_are_published(tmp_path):
    settings = Settings(data_dir=tmp_path, keep_snapshots=3)
    reader = SnapshotReader(tmp_path)
    stop, faults = threading.Event(), []
    answers = [0] * READERS

    def ask(mine: int) -> None:
        while not stop.is_set():
            try:
                got = reader.query(
                    "SELECT ?::BIGINT AS mine, count(*) AS n, min(close) AS low, "
                    "max(close) AS high FROM stock_prices",
                    [mine],
                ).iloc[0]
            except Exception as error:  # noqa: BLE001  every error is a fault here
                faults.append(error)
                return
            answers[mine] += 1
            time.sleep(0.05)  # pages ask now and then; without a pause they only starve the writer
            if got["mine"] != mine or got["low"] != got["high"] or got["n"] != 10 * got["high"]:
                faults.append(got)

    publish_round(settings, 1)
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        for number in range(2, SNAPSHOTS + 2):
            publish_round(settings, number)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert min(answers) > 0
    last = reader.query("SELECT max(close) AS last FROM stock_prices")["last"].iloc[0]
    assert last == SNAPSHOTS + 1


def publish_round(settings: Settings, number: int) -> None:
    at = NOW + timedelta(minutes=number)
    with Warehouse(settings) as warehouse:
        with warehouse.transaction():
            stamp = Stamp("a", f"run-{number}", at)
            warehouse.merge(STOCK_PRICES, writer_to_kill.frame(number), stamp)
        warehouse.publish(f"run-{number}", at)
