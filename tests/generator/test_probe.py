"""The probe's record, with and without torch, as the rest of the program reads it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import textwrap

import pytest

from generator import probe

FIELDS = {
    "record",
    "record_version",
    "python",
    "platform",
    "packages",
    "backend",
    "cuda_version",
    "devices",
    "driver_version",
    "problems",
    "todo",
}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=240
    )


def test_the_process_prints_one_json_record_and_nothing_else():
    answer = run("-m", "generator", "probe")

    assert answer.returncode == 0, answer.stderr
    record = json.loads(answer.stdout)
    assert set(record) == FIELDS
    assert (record["record"], record["record_version"]) == ("generator.probe", 1)


def test_without_torch_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)

    record = probe.probe()

    assert record["packages"]["torch"] is None
    assert record["backend"] is None
    assert record["devices"] == []
    assert "torch is not installed" in record["problems"]
    assert "make generator" in record["todo"]


def test_a_broken_torch_is_a_problem_and_not_a_crash(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(probe, "installed", lambda name: "2.13.0" if name == "torch" else None)
    monkeypatch.setitem(sys.modules, "torch", None)

    record = probe.probe()

    assert record["backend"] is None
    assert any(
        problem.startswith("torch is installed and cannot") for problem in record["problems"]
    )


def test_with_torch_it_names_the_backend():
    pytest.importorskip("torch", reason="torch is not installed: make test EXTRAS=generator")

    record = json.loads(run("-m", "generator", "probe").stdout)

    assert record["packages"]["torch"]
    assert record["backend"] in {"cuda", "mps", "cpu"}
    assert (record["backend"] == "cuda") == bool(record["devices"])


def test_nothing_else_of_ours_is_imported():
    script = """
        import sys
        import generator.probe
        ours = {name.split(".")[0] for name in sys.modules}
        assert not ours & {"etl", "dashboard", "torch"}, ours
    """

    assert run("-c", textwrap.dedent(script)).returncode == 0
