"""What the doctor finds where something is missing, broken or held by somebody."""

from __future__ import annotations

import http.server
import importlib.metadata
import json
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from etl import doctor, sources
from etl.errors import ArtonomicsError
from generator import probe

RECORD: dict[str, Any] = {
    "record_version": 1,
    "packages": {"torch": "2.13.0"},
    "backend": "cuda",
    "devices": [{"name": "Some Card", "memory_bytes": 80e9, "compute_capability": "9.0"}],
    "driver_version": "600.1",
    "problems": [],
    "todo": None,
}


def test_every_live_source_has_an_address():
    live = {name for name in sources.names() if sources.load(name).INFO.live}
    assert live == set(doctor.ADDRESSES)


def test_a_package_that_is_too_old_or_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    wanted = ["numpy>=999", "no-such-package-here", "pytest; extra == 'test'", "pandas"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: wanted)

    (finding,) = doctor.packages()

    assert finding.status == "fail"
    assert "wanted >=999" in finding.found
    assert "no-such-package-here is missing" in finding.found
    assert "pytest" not in finding.found
    assert finding.todo


def test_a_need_that_is_not_met_carries_its_own_advice():
    def missing() -> None:
        raise ArtonomicsError("no browser", "one", "install one")

    assert doctor.need("browser", missing) == doctor.Finding(
        "browser", "warn", "no browser", "install one"
    )
    assert doctor.need("browser", lambda: "/bin/browser").status == "ok"


def test_the_generator_is_asked_by_a_process():
    finding = doctor.generator()

    assert finding.check == "generator"
    assert finding.status in {"ok", "warn"}
    assert "torch" in finding.found


def test_the_probes_own_record_is_understood():
    record = json.loads(json.dumps(probe.probe()))

    assert record["record_version"] == doctor.PROBE_VERSION
    assert doctor.read_probe(record).status in {"ok", "warn"}


def test_a_card_is_named_with_its_memory():
    finding = doctor.read_probe(RECORD)

    assert finding.status == "ok"
    assert finding.found == "torch 2.13.0 on Some Card (80 GB), driver 600.1"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"backend": "cpu", "devices": []}, "warn", "on the CPU"),
        ({"problems": ["torch is not installed"], "todo": "get it"}, "warn", "not installed"),
        ({"record_version": 2}, "fail", "got version 2"),
    ],
)
def test_a_record_that_is_not_well_is_judged(change: dict[str, Any], status: str, words: str):
    finding = doctor.read_probe(RECORD | change)

    assert finding.status == status
    assert words in finding.found
    assert finding.todo


@pytest.mark.parametrize(("free", "status"), [(1e8, "fail"), (1e9, "warn"), (1e10, "ok")])
def test_a_full_disk_is_told_before_it_hurts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: float, status: str
):
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, int(free))
    )

    assert doctor.disk(tmp_path / "not" / "yet").status == status


def test_a_folder_without_the_right_to_write_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert doctor.disk(tmp_path).todo == "name another with --data DIR"


def test_a_writer_at_work_is_named_and_a_killed_one_too(tmp_path: Path):
    assert doctor.lock(tmp_path).found == "nobody is writing"

    since = datetime.now(UTC).isoformat()
    (tmp_path / "writer.holder.json").write_text(json.dumps({"pid": 4711, "since": since}))
    with FileLock(tmp_path / "writer.lock"):
        busy = doctor.lock(tmp_path)
    after = doctor.lock(tmp_path)

    assert (busy.status, after.status) == ("warn", "ok")
    assert "process 4711" in busy.found
    assert "was killed" in after.found


def test_the_lock_is_looked_for_where_the_writer_keeps_it(tmp_path: Path):
    from etl.config import Settings
    from etl.warehouse import Warehouse

    settings = Settings(data_dir=tmp_path)
    with Warehouse(settings):
        assert f"process {os.getpid()}" in doctor.lock(settings.warehouse_dir).found


def test_without_a_snapshot_the_first_step_is_named(tmp_path: Path):
    (finding,) = doctor.freshness(tmp_path)

    assert finding.status == "warn"
    assert "artonomics etl run --offline" in finding.todo


def test_a_published_snapshot_is_described(published: Path):
    snapshot, freshness = doctor.freshness(published)

    assert snapshot.status == "ok"
    assert freshness.check == "freshness"


@pytest.fixture
def refusing_server() -> Iterator[str]:
    """Address of a server that answers every request with 429."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(429)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_source_that_answers_at_all_is_reachable(
    monkeypatch: pytest.MonkeyPatch, refusing_server: str
):
    monkeypatch.setitem(doctor.ADDRESSES, "stock_prices", refusing_server)

    finding = doctor.reachable("stock_prices")

    assert finding.status == "ok"
    assert "status 429" in finding.found


def test_a_source_that_does_not_answer_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(doctor.ADDRESSES, "stock_prices", "http://127.0.0.1:9/")

    finding = doctor.reachable("stock_prices")

    assert finding.status == "warn"
    assert "--offline" in finding.todo
