"""A simulation is there whole or not at all, and replaces nothing but a simulation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from etl import simulate
from etl.errors import ArtonomicsError, InputError
from etl.simulate import Parameters, columns, life

SMALL = Parameters(users=200, days=10, seed=1)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_foreign_folder_is_never_touched(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letters.txt").write_text("mine")

    for force in (False, True):
        with pytest.raises(InputError, match=r"letters\.txt"):
            simulate.simulate(SMALL, tmp_path / "out", workers=1, force=force)

    assert (tmp_path / "out" / "letters.txt").read_text() == "mine"
    assert leftovers(tmp_path) == ["out"]


def test_a_simulation_with_something_foreign_inside_is_not_replaced(tmp_path: Path):
    simulate.simulate(SMALL, tmp_path / "out", workers=1)
    (tmp_path / "out" / "notes.md").write_text("mine")

    with pytest.raises(InputError, match=r"notes\.md"):
        simulate.simulate(SMALL, tmp_path / "out", workers=1, force=True)


def test_an_older_simulation_is_replaced_only_by_force(tmp_path: Path):
    simulate.simulate(SMALL, tmp_path / "out", workers=1)
    other = Parameters(users=200, days=4, seed=2)
    with pytest.raises(InputError, match="--force"):
        simulate.simulate(other, tmp_path / "out", workers=1)

    simulate.simulate(other, tmp_path / "out", workers=1, force=True)

    assert len(list((tmp_path / "out" / "product_events").iterdir())) <= 4
    assert leftovers(tmp_path) == ["out"]


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    simulate.simulate(SMALL, tmp_path / "empty", workers=1)
    simulate.simulate(SMALL, tmp_path / "a" / "b", workers=1)

    assert (tmp_path / "empty" / "simulation.json").exists()
    assert (tmp_path / "a" / "b" / "simulation.json").exists()
    assert not list(tmp_path.rglob(".spill"))


def test_a_file_is_no_folder(tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="which is a file"):
        simulate.simulate(SMALL, tmp_path / "out", workers=1)


@pytest.mark.parametrize("limit", [10, 3_000, 20_000])
def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path, limit: int):
    script = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path.cwd())!r})
import artonomics
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
sys.exit(artonomics.run_command(["simulate", "events", "--users", "200", "--days", "10",
    "--seed", "1", "--workers", "1", "--out", {str(tmp_path / "out")!r}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(simulate.__file__).parents[2],
    )

    assert done.returncode == 1, done.stderr
    assert "nothing was left behind" in done.stderr
    assert "File too large" in done.stderr
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("place", [(life, "draw_block"), (columns.EventColumns, "table")])
def test_a_failed_replacement_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[object, str]
):
    simulate.simulate(SMALL, tmp_path / "out", workers=1)
    before = (tmp_path / "out" / "simulation.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(*place, full)
    with pytest.raises(ArtonomicsError, match="No space left") as caught:
        simulate.simulate(SMALL, tmp_path / "out", workers=1, force=True)

    assert caught.value.code == "DISK"
    assert (tmp_path / "out" / "simulation.json").read_bytes() == before
    assert leftovers(tmp_path) == ["out"]


def test_too_small_a_disk_is_refused_before_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))

    with pytest.raises(InputError, match="GB free"):
        simulate.simulate(SMALL, tmp_path / "out", workers=1)

    assert leftovers(tmp_path) == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    (tmp_path / f".out.{ended.pid}.part").mkdir()
    (tmp_path / f".out.{os.getppid()}.part").mkdir()  # of a process that lives

    simulate.simulate(SMALL, tmp_path / "out", workers=1)

    assert leftovers(tmp_path) == [f".out.{os.getppid()}.part", "out"]


def test_no_worker_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="--workers 0"):
        simulate.simulate(SMALL, tmp_path / "out", workers=0)
