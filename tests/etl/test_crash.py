"""A writer killed at any point loses nothing that was committed; readers never see a half state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from etl.config import Settings
from etl.errors import SnapshotMissingError
from etl.warehouse import SnapshotReader, Warehouse

KILLS = 40
LONGEST_ROUND_SECONDS = 0.6
WRITER = Path(__file__).with_name("writer_to_kill.py")
ASK = "SELECT count(*) AS n, min(close) AS low, max(close) AS high FROM stock_prices"


class Writers:
    """Starts real processes that write, and kills them."""

    def __init__(self, data: Path, diaries: Path) -> None:
        self.diaries = diaries
        self.parent = subprocess.Popen(
            [sys.executable, str(WRITER), str(data)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A writer that is still at work when the test fails would be waited for without end.
        os.killpg(self.parent.pid, signal.SIGKILL)
        self.parent.communicate()

    def run_and_kill(self, first: int, until: Callable[[Path], object]) -> list[tuple[str, int]]:
        """Let a writer work until ``until(its diary)`` returns; return the steps it finished."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        diary = self.diaries / f"{len(list(self.diaries.iterdir()))}.txt"
        diary.touch()
        self.parent.stdin.write(f"{first} {diary}\n")
        self.parent.stdin.flush()
        writer = int(self.parent.stdout.readline())
        until(diary)
        os.kill(writer, signal.SIGKILL)
        ended = int(self.parent.stdout.readline())
        assert ended == -signal.SIGKILL, "the writer ended before it was killed"
        return [(step, int(n)) for step, n in map(str.split, diary.read_text().splitlines())]

    def seconds_a_round(self) -> float:
        """Measure how long a writer takes for a round, over its first three."""
        begun = time.monotonic()

        def third_round(diary: Path) -> None:
            while "published 3" not in diary.read_text():
                time.sleep(0.002)

        self.run_and_kill(1, third_round)
        return (time.monotonic() - begun) / 3


class Watcher(threading.Thread):
    """A reader that asks all the time and notes every half state it sees."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.reader = SnapshotReader(data)
        self.stop = threading.Event()
        self.halves: list[object] = []
        self.answers = 0

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                n, low, high = self.reader.query(ASK).iloc[0]
            except SnapshotMissingError:
                continue
            self.answers += 1
            if low != high or n != 10 * high:
                self.halves.append((n, low, high))
            time.sleep(0.02)


@pytest.mark.slow
def test_a_writer_killed_at_random_points_loses_nothing_and_shows_no_half_state(tmp_path):
    luck = random.Random(20221207)
    data, diaries = tmp_path / "data", tmp_path / "diaries"
    diaries.mkdir()
    settings = Settings(data_dir=data, keep_snapshots=3)
    watcher = Watcher(data)
    watcher.start()
    last_steps = set()
    try:
        with Writers(data, diaries) as writers:
            # Measured beside a busy neighbour, a round would be long for the whole test.
            round_seconds = min(writers.seconds_a_round(), LONGEST_ROUND_SECONDS)
            committed = published = kept_and_shown(settings)[0]
            for _ in range(KILLS):
                moment = luck.uniform(0, 2 * round_seconds)
                steps = writers.run_and_kill(committed + 1, lambda _, s=moment: time.sleep(s))
                last_steps.add(steps[-1][0] if steps else "nothing")
                committed = max([n for step, n in steps if step == "committed"] + [committed])
                published = max([n for step, n in steps if step == "published"] + [published])
                kept, shown = kept_and_shown(settings)
                assert kept in (committed, committed + 1)  # a kill may come before the note
                assert published <= shown <= kept
                committed, published = kept, shown
    finally:
        watcher.stop.set()
        watcher.join()
    assert len(last_steps) >= 3, "the kills fell into too few places to show anything"
    assert committed > KILLS // 4
    assert watcher.answers > KILLS
    assert not watcher.halves


def kept_and_shown(settings: Settings) -> tuple[int, int]:
    """Return the last round in the writer's own file and in the snapshot; both must be whole."""
    with Warehouse(settings) as warehouse:
        kept = warehouse._connection.execute(ASK).fetchone()
    shown = SnapshotReader(settings.data_dir).query(ASK).iloc[0]
    for state in (kept, shown):
        n, low, high = state  # pyright: ignore[reportGeneralTypeIssues]
        assert low == high
        assert n == 10 * high
    assert kept is not None
    return int(kept[2]), int(shown["high"])
