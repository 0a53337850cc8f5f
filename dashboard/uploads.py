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
MAX_TOTAL_MEGABYTES = 500
"""All files of one form together: a browser's files lie in memory until they are kept."""
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
        When there are too many or they are too large, two have one name, or
        the disk has no room for them.
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
    wanted = _require_sizes(uploads)
    folder = data_dir / "uploads" / harmless_name(label)
    folder.mkdir(parents=True, exist_ok=True)
    (data_dir / "uploads").chmod(0o700)  # what visitors hand over is nobody else's business
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


def _require_sizes(uploads: Sequence[Upload]) -> int:
    """Return how many bytes there are; raise InputError where they are too many."""
    wanted = sum(upload.size for upload in uploads)
    largest = max((upload.size for upload in uploads), default=0)
    for size, most in ((largest, MAX_MEGABYTES), (wanted, MAX_TOTAL_MEGABYTES)):
        if size > most * 2**20:
            raise InputError(
                f"got {size / 2**20:.0f} MiB",
                f"at most {MAX_MEGABYTES} MiB a file and {MAX_TOTAL_MEGABYTES} MiB together",
                "import them on the command line, which reads them where they lie",
            )
    return wanted


def harmless_name(name: str) -> str:
    """Return the last part of a name with nothing in it that a path or a shell could mind."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[^\w.-]+", "_", last).lstrip(".-")[-120:] or "file"
