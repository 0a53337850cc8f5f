"""A folder that is there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import ArtonomicsError, InputError

MANIFEST = "simulation.json"
NAMES = {
    MANIFEST,
    "product_events",
    "subscription_transactions.parquet",
    "acquisition_spend.parquet",
}
"""All that a simulation consists of."""
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


@contextmanager
def staged(out: Path, *, force: bool) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that takes its place when all has gone well.

    Parameters
    ----------
    out
        Where the result is wanted: absent, empty or, with ``force``, an older simulation.
    force
        Replace an older simulation; nothing else is ever replaced.

    Raises
    ------
    InputError
        If ``out`` holds something that may not be replaced.
    ArtonomicsError
        If the disk takes no more; nothing is left behind.
    """
    out = out.expanduser().absolute()
    _require_replaceable(out, force=force)
    staging = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(out)
        staging.mkdir()
        yield staging
        _put_in_place(staging, out)
    except OSError as error:
        if error.errno not in _DISK and not isinstance(error, PermissionError):
            raise
        raise disk_error(error, out) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def disk_error(error: OSError, out: Path) -> ArtonomicsError:
    """Return a full or read-only disk in words."""
    return ArtonomicsError(
        f"writing beside {out} failed: {error.strerror or error}",
        "a folder that can be written to, with room for the whole simulation",
        "free the disk or choose another --out; nothing was left behind",
        code="DISK",
    )


def require_room(out: Path, n_bytes: int) -> None:
    """Refuse before anything is drawn where the disk cannot hold ``n_bytes``."""
    folder = out.expanduser().absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise InputError(
            f"got {free / 1e9:.1f} GB free at {folder}",
            f"about {n_bytes / 1e9:.1f} GB for a simulation of this size",
            "free the disk, choose another --out, or fewer --users or --days",
            code="DISK",
        )


def _require_replaceable(out: Path, *, force: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"got --out {out}, which is a file", "a folder", "choose another --out")
    held = {path.name for path in out.iterdir()}
    if not held:
        return
    ours = held <= NAMES and _is_simulation(out / MANIFEST)
    if not ours:
        raise InputError(
            f"got --out {out}, which holds {', '.join(sorted(held)[:5])}",
            "an absent or empty folder, or an older simulation and nothing else",
            "choose another --out",
        )
    if not force:
        raise InputError(
            f"got --out {out}, which holds an older simulation",
            "an absent or empty folder",
            "choose another --out, or replace it with --force",
        )


def _is_simulation(manifest: Path) -> bool:
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))["evidence_kind"] == "simulated"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _put_in_place(staging: Path, out: Path) -> None:
    """Move the staging folder to ``out``; an older simulation goes only after the new one came."""
    if not out.exists() or not any(out.iterdir()):
        staging.rename(out)
        return
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    out.rename(old)
    try:
        staging.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _remove_abandoned(out: Path) -> None:
    """Remove what killed runs left beside ``out``; running ones are left alone."""
    for path in out.parent.glob(f".{out.name}.*.part"):
        words = path.name.removesuffix(".part").rpartition(".")[2]
        if words.isdigit() and not _lives(int(words)):
            shutil.rmtree(path, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
