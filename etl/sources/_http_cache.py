"""The last answer of each address on disk: for conditional requests, and as the raw record.

A body is compressed and kept with its hash; one that no longer fits its hash is not used.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from etl.errors import SourceError


@dataclass(frozen=True)
class Kept:
    """An answer on disk.

    Attributes
    ----------
    url
        The address that was asked.
    content_type, etag, last_modified
        Headers of the answer; empty where it had none.
    run
        Instant of the run that got the answer, or had it confirmed.
    sha256
        Of the body.
    """

    url: str
    content_type: str
    etag: str
    last_modified: str
    run: str
    sha256: str


class AnswerCache:
    """Answers by address in a folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, url: str) -> tuple[Kept, bytes] | None:
        """Return the last answer of ``url`` and its body; ``None`` where it is absent or spoilt."""
        if self._folder is None:
            return None
        told, packed = self._paths(url)
        try:
            kept = Kept(**json.loads(told.read_text(encoding="utf-8")))
            body = gzip.decompress(packed.read_bytes())
        except (OSError, ValueError, TypeError, EOFError, zlib.error):
            return None  # it is asked for again, and replaced
        fits = kept.url == url and kept.sha256 == hashlib.sha256(body).hexdigest()
        return (kept, body) if fits else None

    def keep(self, kept: Kept, body: bytes) -> None:
        """Replace the last answer of an address.

        Raises
        ------
        SourceError
            When the folder cannot be written.
        """
        if self._folder is None:
            return
        told, packed = self._paths(kept.url)
        try:
            told.parent.mkdir(parents=True, exist_ok=True)
            _replace(packed, gzip.compress(body, mtime=0))
            _replace(told, json.dumps(asdict(kept), indent=1).encode())
        except OSError as error:
            raise SourceError(
                f"got {error} while keeping an answer in {told.parent}",
                "a folder that can be written",
                "free the disk, or name another folder with --data",
                code="RAW_UNWRITABLE",
            ) from error

    def _paths(self, url: str) -> tuple[Path, Path]:
        assert self._folder is not None
        folder = self._folder / (urlsplit(url).hostname or "unknown")
        stem = hashlib.sha256(url.encode()).hexdigest()[:24]
        return folder / f"{stem}.json", folder / f"{stem}.body.gz"


def fingerprint(body: bytes) -> str:
    """Return the hash by which a kept body is checked."""
    return hashlib.sha256(body).hexdigest()


def instant(run: datetime | None) -> str:
    """Return the name of a run in the cache; empty where a request belongs to none."""
    return run.isoformat() if run else ""


def _replace(path: Path, content: bytes) -> None:
    half = path.with_name(path.name + ".half")
    half.write_bytes(content)
    half.replace(path)
