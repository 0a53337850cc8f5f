"""Files a visitor hands to the import wizard: kept under harmless names, within stated limits."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from etl.errors import InputError

MAX_MEGABYTES = 200
"""Larger files come in by the command line, which reads them where they lie."""
MAX_FILES = 20
SPARE_BYTES = 500 * 2**20
KINDS = (
    "events",
    "subscriptions",
    "spend",
    "charts",
    "prices",
    "market-events",
    "financials",
    "facts",
    "gpu-bills",
)


class Upload(Protocol):
    """A file as the browser sent it."""

    name: str
    size: int

    def getbuffer(self) -> memoryview:
        """Return its content."""
        ...


def keep(data_dir: Path, label: str, uploads: Sequence[Upload]) -> list[Path]:
    """Write uploaded files to ``uploads/<label>`` of the data folder and return where they lie.

    A file of the same name replaces the earlier one, so that a corrected file restates it.

    Parameters
    ----------
    data_dir
        The data folder.
    label
        Name of the source they belong to.
    uploads
        What the browser sent.

    Raises
    ------
    InputError
        When there are too many, two have one name, or the disk has no room for them.
    """
    if len(uploads) > MAX_FILES:
        raise InputError(
            f"got {len(uploads)} files",
            f"at most {MAX_FILES}",
            "import a folder on the command line",
        )
    names = [harmless_name(upload.name) for upload in uploads]
    if len(set(names)) < len(names):
        raise InputError(
            f"got two files of one name ({', '.join(sorted(names))})",
            "different names",
            "rename one",
        )
    folder = data_dir / "uploads" / harmless_name(label)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sum(upload.size for upload in uploads)
    free = shutil.disk_usage(folder).free
    if free < wanted + SPARE_BYTES:
        raise InputError(
            f"got {wanted / 1e6:.0f} MB for a disk with {free / 1e6:.0f} MB left",
            f"{SPARE_BYTES / 1e6:.0f} MB to spare",
            "free the disk, or name another folder with --data",
        )
    paths = [folder / name for name in names]
    for path, upload in zip(paths, uploads, strict=True):
        half = path.with_name(f".{path.name}.half")
        half.write_bytes(upload.getbuffer())
        half.replace(path)
    return paths


def harmless_name(name: str) -> str:
    """Return the last part of a name with nothing in it that a path or a shell could mind."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[^\w.-]+", "_", last).lstrip(".-")[-120:] or "file"
