"""The audit of the lock: silent service, clean lock, a vulnerability with and without a cure."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = "# locked\nrequests==2.0.0\nCherry_Py==1.0\nclean==3\n"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


audit = load()


class Osv:
    """OSV in its own format; the reports are by package."""

    def __init__(self) -> None:
        self.reports: dict[str, list[dict[str, Any]]] = {}
        self.broken: bytes | None = None
        self.slow_seconds = 0.0
        self.asked: list[str] = []
        self.address = ""

    def report(self, package: str, name: str, *, fixed: str = "") -> None:
        events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
        self.reports.setdefault(package, []).append(
            {
                "schema_version": "1.7.3",
                "id": name,
                "aliases": [name.replace("GHSA", "CVE")],
                "summary": f"Something is wrong\nin {package}",
                "published": "2026-01-02T03:04:05Z",
                "modified": "2026-01-03T03:04:05.123456Z",
                "affected": [
                    {
                        "package": {"name": package, "ecosystem": "PyPI"},
                        "ranges": [{"type": "ECOSYSTEM", "events": events}],
                    }
                ],
            }
        )

    def answer(self, path: str, asked: Any) -> bytes:
        self.asked.append(path)
        time.sleep(self.slow_seconds)
        if self.broken is not None:
            return self.broken
        if path == "/v1/querybatch":
            short = [
                {"vulns": [{"id": one["id"], "modified": one["modified"]} for one in found]}
                if (found := self.reports.get(query["package"]["name"]))
                else {}
                for query in asked["queries"]
            ]
            return json.dumps({"results": short}).encode()
        found = self.reports.get(asked["package"]["name"], [])
        return json.dumps({"vulns": found} if found else {}).encode()


@pytest.fixture
def osv() -> Iterator[Osv]:
    known = Osv()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = known.answer(self.path, asked)
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked has gone

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, osv: Osv, capsys: Any, monkeypatch: Any) -> Any:
    # What it heard before must not be told again.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "lock.txt").write_text(LOCK)
    (tmp_path / "ignored.toml").write_text("")

    def called(service: str = "", ignored: str = "") -> tuple[int, str]:
        if ignored:
            (tmp_path / "ignored.toml").write_text(ignored)
        words = ["--service", service or osv.address, "--lock", str(tmp_path / "lock.txt")]
        words += ["--ignored", str(tmp_path / "ignored.toml")]
        status = audit.main(words, date(2026, 6, 1))
        return status, capsys.readouterr().out

    return called


def test_a_lock_without_a_known_vulnerability_passes_after_one_question(run: Any, osv: Osv) -> None:
    status, said = run()
    assert status == 0
    assert said.startswith("audited: 3 packages, 0 known")
    assert osv.asked == ["/v1/querybatch"]


def test_what_could_be_mended_fails_and_says_how(run: Any, osv: Osv) -> None:
    osv.report("requests", "GHSA-1", fixed="2.9")
    status, said = run()
    assert status == 1
    assert "requests 2.0.0: " in said
    assert "CVE-1" in said
    assert "mended in 2.9" in said
    assert "make lock" in said


def test_what_nobody_has_mended_yet_is_told_and_fails_nothing(run: Any, osv: Osv) -> None:
    osv.report("cherry-py", "GHSA-2")
    status, said = run()
    assert status == 0
    assert "cherry-py 1.0: " in said
    assert "not mended yet" in said


def test_what_is_known_to_be_wrong_fails_without_its_details_too(
    run: Any, osv: Osv, monkeypatch: Any
) -> None:
    osv.report("requests", "GHSA-3", fixed="2.9")
    monkeypatch.setattr(audit.subprocess, "run", broken)
    status, said = run()
    assert status == 1
    assert "requests 2.0.0" in said
    assert "no module named pip_audit" in said


def broken(*_: Any, **__: Any) -> Any:
    return subprocess.CompletedProcess([], 1, "", "no module named pip_audit")


@pytest.mark.parametrize(("until", "expected"), [("2026-06-01", 0), ("2026-05-31", 1)])
def test_an_entry_of_the_list_counts_until_its_day(
    run: Any, osv: Osv, until: str, expected: int
) -> None:
    osv.report("requests", "GHSA-1", fixed="2.9")
    entry = f'[[ignored]]\nid = "GHSA-1"\nreason = "not reached"\nuntil = {until}\n'
    assert run(ignored=entry)[0] == expected


@pytest.mark.parametrize("lacking", ["reason", "until"])
def test_an_entry_without_a_reason_or_a_day_is_refused(run: Any, lacking: str) -> None:
    lines = {"id": '"GHSA-1"', "reason": '"why"', "until": "2026-12-31"}
    entry = "".join(f"{name} = {value}\n" for name, value in lines.items() if name != lacking)
    status, said = run(ignored=f"[[ignored]]\n{entry}")
    assert status == 1
    assert "expected id, reason and until" in said


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b'{"results": []}'])
def test_another_answer_is_no_audit_and_no_failure(run: Any, osv: Osv, body: bytes) -> None:
    osv.broken = body
    status, said = run()
    assert status == 0
    assert said.startswith("not audited: ")


def test_a_silent_service_is_waited_for_briefly(run: Any, osv: Osv, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit, "ANSWER_SECONDS", 0.3)
    osv.slow_seconds = 1.0
    status, said = run()
    assert status == 0
    assert said.startswith("not audited: ")
    status, said = run(service="http://127.0.0.1:9")
    assert status == 0
    assert "did not answer" in said


def test_the_list_of_the_project_is_whole() -> None:
    audit.still_ignored(audit.IGNORED, date(2026, 1, 1))
    assert len(audit.locked(audit.LOCK)) > 100
