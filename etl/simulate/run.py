"""The whole simulation: blocks of users to packed rows, packed rows by day to Parquet.

Users are cut into blocks whose size depends on the parameters alone, each with random numbers of
its own; days are then written one by one from all blocks in their order. So neither the number of
workers nor their order changes a byte, and memory depends on the block and not on the users.
"""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import ArtonomicsError, InputError
from etl.schemas import ACQUISITION_SPEND, PRODUCT_EVENTS, SUBSCRIPTION_TRANSACTIONS
from etl.simulate import columns, life, manifest, staging
from etl.simulate.parameters import Parameters
from etl.simulate.retention import calibrate
from etl.simulate.waves import draw_plan, spend_rows

ROW_GROUP = 131_072
_BLOCK_ROWS = 600_000
_PLAIN = {"event_id", "event_at", "received_at", "wait_seconds", "amount"}
_DELTA = "DELTA_BINARY_PACKED"
_ROWS_PER_ACTIVE_DAY = 4.6
_SPILL = ".spill"


@dataclass(frozen=True)
class Job:
    """What a worker needs to know."""

    setting: life.Setting
    folder: Path
    block_users: int

    @property
    def spill(self) -> Path:
        """Folder of the packed rows, removed before the result is put in place."""
        return self.folder / _SPILL

    @property
    def n_blocks(self) -> int:
        """Number of blocks of users."""
        return math.ceil(self.setting.parameters.users / self.block_users)


def simulate(
    parameters: Parameters,
    out: Path,
    *,
    workers: int | None = None,
    force: bool = False,
    progress: Callable[[str], None] = lambda message: None,
) -> dict[str, Any]:
    """Draw a product history and write it to ``out``.

    Parameters
    ----------
    parameters
        What to draw.
    out
        Folder of the result: ``product_events/`` by ``event_date``,
        ``subscription_transactions.parquet``, ``acquisition_spend.parquet``, ``simulation.json``.
    workers
        Processes; by default one a processor. The result does not depend on it.
    force
        Replace an older simulation in ``out``.
    progress
        Is told each step.

    Returns
    -------
    The content of ``simulation.json``.

    Raises
    ------
    InputError
        If ``out`` or ``workers`` cannot be used, or the disk is too small.
    ArtonomicsError
        If the disk fails while writing; nothing is left behind.
    """
    if workers is not None and workers < 1:
        raise InputError(f"got --workers {workers}", "at least 1", "mend --workers")
    with staging.staged(out, force=force) as folder:
        job = _prepare(parameters, folder)
        staging.require_room(out, int(expected_events(job.setting) * 70))
        job.spill.mkdir()
        with _pool(job, workers or os.cpu_count() or 1) as run_all:
            progress(f"drawing {parameters.users} users in {job.n_blocks} blocks")
            counts, by_day = _draw(job, run_all, progress)
            files = _write_events(job, by_day, run_all, progress)
        files += _write_small_tables(job, progress)
        for path in job.spill.iterdir():
            path.unlink()
        job.spill.rmdir()
        document = manifest.document(job.setting, counts, files)
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        (folder / staging.MANIFEST).write_text(text, encoding="utf-8")
    return document


def expected_events(setting: life.Setting) -> float:
    """Return about how many events the whole history has."""
    installs = setting.plan.installs.sum(axis=(1, 2))
    active = np.cumsum(setting.calibration.rates)[::-1]  # active days of a user by install day
    return float((installs * active).sum() * _ROWS_PER_ACTIVE_DAY)


def _prepare(parameters: Parameters, folder: Path) -> Job:
    plan = draw_plan(parameters)
    setting = life.Setting(parameters, plan, calibrate(parameters, plan))
    each = expected_events(setting) / parameters.users
    return Job(setting, folder, int(np.clip(_BLOCK_ROWS / each, 512, 65_536)))


RunAll = Callable[[Callable[[int], Any], Iterable[int]], Iterator[Any]]
_job: Job | None = None


@contextmanager
def _pool(job: Job, workers: int) -> Iterator[RunAll]:
    """Yield a ``map`` over worker processes, or in this one where one worker is enough."""
    workers = min(workers, job.n_blocks)
    if workers == 1:
        _set_job(job)
        yield map
        return
    # Arrow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_set_job, initargs=(job,)
    )
    try:
        yield executor.map
    except BrokenProcessPool:
        raise ArtonomicsError(
            "a worker process was ended from outside, perhaps for want of memory",
            f"room for {workers} processes of about 300 MB",
            "repeat with fewer --workers; nothing was left behind",
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


def _set_job(job: Job) -> None:
    global _job
    _job = job


def _current() -> Job:
    assert _job is not None
    return _job


def _tell_tenths(progress: Callable[[str], None], what: str, done: int, total: int) -> None:
    if done * 10 // total > (done - 1) * 10 // total:
        progress(f"{what} {done} of {total}")


def _draw(
    job: Job, run_all: RunAll, progress: Callable[[str], None]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw every block; return the summed counts and where each day ends in each spill file."""
    ends = np.zeros((job.n_blocks, job.setting.parameters.days + 1), np.int64)
    totals: dict[str, np.ndarray] = {}
    for number, (counts, by_day) in enumerate(run_all(_draw_block, range(job.n_blocks))):
        ends[number, 1:] = np.cumsum(by_day)
        for name, value in counts.items():
            totals[name] = totals.get(name, 0) + value
        _tell_tenths(progress, "drawing users: block", number + 1, job.n_blocks)
    np.save(job.spill / "ends.npy", ends)
    return totals, np.diff(ends, axis=1).sum(axis=0)


def _draw_block(number: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    job = _current()
    parameters = job.setting.parameters
    first = number * job.block_users
    block = life.draw_block(
        job.setting, number, first, min(first + job.block_users, parameters.users)
    )
    with _spill_file(job, number).open("wb") as spill:  # tofile() would not say why it failed
        spill.write(block.events.view(np.uint8).data)
    table = columns.sale_table(parameters, number, first, block.sales, block.profiles)
    with (
        pa.OSFile(str(job.spill / f"{number}.sales"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    return block.counts, block.by_day


def _spill_file(job: Job, number: int) -> Path:
    return job.spill / f"{number}.events"


def _write_events(
    job: Job, by_day: np.ndarray, run_all: RunAll, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    files = []
    days = [int(day) for day in np.flatnonzero(by_day)]
    for number, file in enumerate(run_all(_write_day, days)):
        files.append(file)
        _tell_tenths(progress, "writing events: day", number + 1, len(days))
    return files


def _write_day(day: int) -> dict[str, Any]:
    job = _current()
    date = job.setting.parameters.start + timedelta(days=day)
    path = job.folder / PRODUCT_EVENTS.name / f"event_date={date}" / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    to_columns = columns.EventColumns(job.setting.parameters)
    with _writer(path, to_columns.schema) as writer:
        for rows, block in _groups(job, day):
            writer.write_table(to_columns.table(rows, block, day))
    return _described(job, path)


def _groups(job: Job, day: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the packed rows of a day and their blocks, in groups of ``ROW_GROUP``."""
    ends = np.load(job.spill / "ends.npy", mmap_mode="r")
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    n_waiting = 0
    for number in np.flatnonzero(ends[:, day + 1] > ends[:, day]).tolist():
        begin, end = int(ends[number, day]), int(ends[number, day + 1])
        size = life.EVENT.itemsize
        rows = np.fromfile(
            _spill_file(job, number), life.EVENT, count=end - begin, offset=begin * size
        )
        waiting.append((rows, np.full(len(rows), number, np.uint32)))
        n_waiting += len(rows)
        while n_waiting >= ROW_GROUP:
            rows, block = (np.concatenate(part) for part in zip(*waiting, strict=True))
            yield rows[:ROW_GROUP], block[:ROW_GROUP]
            waiting = [(rows[ROW_GROUP:], block[ROW_GROUP:])]
            n_waiting -= ROW_GROUP
    if n_waiting:
        rows, block = (np.concatenate(part) for part in zip(*waiting, strict=True))
        yield rows, block


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer whose bytes depend on the rows alone."""
    # Arrow's stubs know no lists of columns here.
    coded: Any = [name for name in schema.names if name not in _PLAIN]
    bounded: Any = [name for name in schema.names if not name.endswith("_id")]
    instants = {"event_at", "received_at"} & set(schema.names)
    return pq.ParquetWriter(
        path,
        schema,
        compression="snappy",
        use_dictionary=coded,
        column_encoding=dict.fromkeys(instants, _DELTA),
        dictionary_pagesize_limit=64 << 20,  # else identifiers would fall back to plain words
        write_statistics=bounded,  # bounds of identifiers cost much and help nobody
        store_schema=False,  # else readers would get dictionaries in place of words
    )


def _write_small_tables(job: Job, progress: Callable[[str], None]) -> list[dict[str, Any]]:
    progress("writing transactions and spend")
    path = job.folder / f"{SUBSCRIPTION_TRANSACTIONS.name}.parquet"
    with _writer(path, columns.SALES_SCHEMA) as writer:
        for table in _sale_groups(job):
            writer.write_table(table, row_group_size=ROW_GROUP)
    parameters = job.setting.parameters
    schema = columns.arrow_schema(ACQUISITION_SPEND)
    own = spend_rows(parameters, job.setting.plan)
    own |= columns.provenance(parameters, len(own["value"]))
    spend = pa.Table.from_arrays([own[f.name].cast(f.type) for f in schema], schema=schema)
    spend_path = job.folder / f"{ACQUISITION_SPEND.name}.parquet"
    with _writer(spend_path, schema) as writer:
        writer.write_table(spend, row_group_size=ROW_GROUP)
    return [_described(job, path), _described(job, spend_path)]


def _sale_groups(job: Job) -> Iterator[pa.Table]:
    """Yield the transactions of all blocks in tables of at least ``ROW_GROUP``, then the rest."""
    waiting: list[pa.Table] = []
    for number in range(job.n_blocks):
        with pa.OSFile(str(job.spill / f"{number}.sales")) as source:
            waiting.append(pa.ipc.open_stream(source).read_all())
        if sum(table.num_rows for table in waiting) >= ROW_GROUP:
            yield pa.concat_tables(waiting).unify_dictionaries()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).unify_dictionaries()


def _described(job: Job, path: Path) -> dict[str, Any]:
    """Return name, rows, size and SHA-256 of a finished file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "path": path.relative_to(job.folder).as_posix(),
        "n_rows": pq.read_metadata(path).num_rows,
        "n_bytes": path.stat().st_size,
        "sha256": digest,
    }
