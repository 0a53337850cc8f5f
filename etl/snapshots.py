"""The folder of published snapshots and the pointer to the current one.

A snapshot is built in a hidden folder, made durable, named, and only then pointed at; the pointer
``warehouse/CURRENT`` moves with one atomic replace. A named snapshot never changes, and no name is
used twice, because DuckDB caches instances by path.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.errors import InputError, SnapshotMissingError, WarehouseError
from etl.writer_files import sync

FORMAT_VERSION = 4
"""Raised when stored tables change their shape."""
OLDEST_FORMAT = 2
"""A writer brings files from this format on up to its own: columns may only have been added."""
DATABASE = "artonomics.duckdb"


@dataclass(frozen=True)
class SnapshotInfo:
    """A published snapshot.

    Attributes
    ----------
    snapshot_id
        Name of its folder.
    published_at
        Instant of publication, UTC.
    run_id
        The collection run that published it.
    data_version
        Hash of the values alone: equal data, equal version, whatever run or day.
    path
        The database file.
    note
        Why this is not the snapshot one would expect; empty where it is.
    """

    snapshot_id: str
    published_at: datetime
    run_id: str
    data_version: str
    path: Path
    note: str = ""


class Snapshots:
    """The folder of published snapshots and the pointer to the current one."""

    def __init__(self, warehouse_dir: Path) -> None:
        self._dir = warehouse_dir / "snapshots"
        self._pointer = warehouse_dir / "CURRENT"

    def named(self) -> str:
        """Return the name in the pointer; raise SnapshotMissingError where there is none."""
        try:
            return self._pointer.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            raise SnapshotMissingError(
                f"got no published snapshot in {self._pointer.parent}",
                "at least one finished collection run",
                "run `artonomics etl run --offline`",
            ) from None

    def current(self, oldest: int = FORMAT_VERSION) -> SnapshotInfo:
        """Return the current snapshot, or the last good one with a note why.

        Parameters
        ----------
        oldest
            Format from which on it is taken.

        Raises
        ------
        SnapshotMissingError
            When nothing has been published.
        WarehouseError
            When no published snapshot is whole.
        """
        wanted = self.named()
        try:
            return self._verified(wanted, oldest)
        except WarehouseError as error:
            if self.named() != wanted:  # a writer has moved on and dropped it in the meantime
                return self.current(oldest)
            # A damaged pointer names nothing that ever was: then the newest whole one counts.
            known = wanted in self._all()
            older = [name for name in self._all() if name < wanted or not known]
            for name in reversed(older):
                try:
                    good = self._verified(name, oldest)
                except WarehouseError:
                    continue
                return replace(good, note=f"{error}; showing {name}")
            raise

    def kept(self) -> list[SnapshotInfo]:
        """Return the published snapshots, oldest first; one that is not whole says so in its note.

        Their content is not read: the checksum is looked at when a snapshot is opened.
        """
        listed: list[SnapshotInfo] = []
        for name in self._all():
            with suppress(FileNotFoundError):  # a writer dropped it in the meantime
                listed.append(self._listed(name))
        return listed

    def go_back(self, wanted: str | None = None) -> SnapshotInfo:
        """Point readers at a snapshot, by default the last one with other data; return it.

        Raises
        ------
        InputError
            When there is no older one, or none of that name.
        WarehouseError
            When it is not whole.
        """
        current, known = self.named(), self._all()
        version = self._listed(current).data_version if current in known else ""
        older = [
            name for name in known if name < current and self._listed(name).data_version != version
        ]
        if wanted is None and not older:
            raise InputError(
                f"got no snapshot with other data than the current one ({current})",
                "an older one to go back to",
                "see `artonomics etl snapshots`",
            )
        if wanted is not None and wanted not in known:
            raise InputError(
                f"got the snapshot {wanted!r}",
                f"one of {', '.join(known)}",
                "see `artonomics etl snapshots`",
            )
        info = self._verified(wanted or older[-1])
        self._point(info.snapshot_id)
        return info

    @contextmanager
    def begun(self, now: datetime, run_id: str) -> Iterator[tuple[Path, str]]:
        """Yield the hidden folder of a snapshot in the making and its future name.

        What fails half-way leaves nothing behind.
        """
        stem = f"{now:%Y%m%dT%H%M%S%fZ}"
        # Names sort by time also where the clock jumped back: readers fall back by name.
        last = max(self._all(), default="")
        if last >= stem:
            stem = f"{last.split('-')[0]}~{len(self._all())}"
        snapshot_id = f"{stem}-{run_id.rsplit('-', 1)[-1]}"
        building = self._dir / f".building-{snapshot_id}"
        building.mkdir(parents=True)
        try:
            yield building, snapshot_id
        finally:
            shutil.rmtree(building, ignore_errors=True)  # a finished one has another name

    def finish(
        self, building: Path, snapshot_id: str, manifest: dict[str, Any], keep: int
    ) -> SnapshotInfo:
        """Make a built snapshot durable, name it, point at it and drop the oldest ones."""
        (building / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for path in (*building.iterdir(), building):
            sync(path)
        building.rename(self._dir / snapshot_id)
        sync(self._dir)
        self._point(snapshot_id)
        self._thin_out(keep)
        return self._info(snapshot_id, manifest)

    def _thin_out(self, keep: int) -> None:
        """Keep the newest snapshot of each of the last ``keep`` states of the data.

        Runs that changed nothing must not push out what one would go back to. The two newest stay
        in any case: readers may be about to open the one that was current until now.
        """
        names = self._all()
        last_of = {self._listed(name).data_version or name: name for name in names}
        kept = {*sorted(last_of.values())[-keep:], *names[-2:]}
        for name in set(names) - kept:
            shutil.rmtree(self._dir / name, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what a killed writer left half built."""
        for leftover in self._dir.glob(".building-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _all(self) -> list[str]:
        if not self._dir.is_dir():
            return []
        return sorted(path.name for path in self._dir.iterdir() if not path.name.startswith("."))

    def _point(self, snapshot_id: str) -> None:
        half = self._pointer.with_suffix(".new")
        half.write_text(snapshot_id + "\n", encoding="utf-8")
        sync(half)
        half.replace(self._pointer)
        sync(self._pointer.parent)

    def _listed(self, snapshot_id: str) -> SnapshotInfo:
        folder = self._dir / snapshot_id
        try:
            return self._info(snapshot_id, json.loads((folder / "manifest.json").read_text()))
        except (OSError, ValueError, KeyError) as error:
            made = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            note = f"no whole snapshot: {error!r}"
            return SnapshotInfo(snapshot_id, made, "", "", folder / DATABASE, note)

    def _verified(self, snapshot_id: str, oldest: int = FORMAT_VERSION) -> SnapshotInfo:
        path = self._dir / snapshot_id / DATABASE
        try:
            manifest = json.loads((path.parent / "manifest.json").read_text(encoding="utf-8"))
            version, expected = manifest["format_version"], manifest["sha256"]
            got = sha256(path)
        except (OSError, ValueError, KeyError) as error:
            raise cannot_open(path, error, "run `artonomics etl run --offline`") from error
        if not (isinstance(version, int) and oldest <= version <= FORMAT_VERSION):
            raise other_format(path, version)
        if got != expected:
            raise cannot_open(
                path, ValueError("its checksum differs"), "run `artonomics etl run --offline`"
            )
        return self._info(snapshot_id, manifest)

    def _info(self, snapshot_id: str, manifest: dict[str, Any]) -> SnapshotInfo:
        return SnapshotInfo(
            snapshot_id,
            datetime.fromisoformat(manifest["published_at"]),
            manifest["run_id"],
            manifest["data_version"],
            self._dir / snapshot_id / DATABASE,
        )


def cannot_open(path: Path, error: Exception, todo: str) -> WarehouseError:
    """Return the error for a file that is not a whole database."""
    return WarehouseError(
        f"got a file that DuckDB cannot open: {path} ({error})",
        "a whole DuckDB file",
        todo,
        code="WAREHOUSE_CORRUPT",
    )


def other_format(path: Path, version: object) -> WarehouseError:
    """Return the error for a file that another version wrote."""
    can_be_raised = isinstance(version, int) and OLDEST_FORMAT <= version < FORMAT_VERSION
    return WarehouseError(
        f"got a file of format {version}: {path}",
        f"format {FORMAT_VERSION}",
        "run `artonomics etl run`, with --offline where there is no network: it brings all that "
        "was collected to the new format and publishes it"
        if can_be_raised
        else "move the folder `warehouse` away and collect again, or use the version that wrote it",
        code="WAREHOUSE_FORMAT",
    )


def sha256(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
