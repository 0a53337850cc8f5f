"""Find the user's files, tell what they are by their content, and unpack them within limits.

A name proves nothing: a picture called ``.csv`` is refused as a picture.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from etl.addresses import address
from etl.errors import InputError

FileFormat = Literal["csv", "parquet", "jsonl"]
MAX_EXPANDED_BYTES = 200 * 2**30
MAX_RATIO = 250
"""Text compresses ten to fifty times; beyond this it is taken for a bomb."""
RATIO_COUNTS_FROM_BYTES = 64 * 2**20
MAX_PARQUET_FOOTER_BYTES = 256 * 2**20
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".gz", ".zip")
SUFFIXES_IN_FOLDERS = tuple(suffix for suffix in SUFFIXES if suffix != ".txt")
SIMULATION = "simulation.json"
"""Beside a simulated history; everything below its folder is simulated."""
_CHUNK = 2**20
_HEAD_BYTES = 4096
_FOREIGN = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a RIFF media file"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
)
_EXPECTED = "CSV, JSON lines or Parquet, plain or compressed with gzip or zip"


@dataclass(frozen=True)
class InputFile:
    """One file to read.

    Attributes
    ----------
    name
        Name below the given folder; for a member of an archive ``archive.zip/member``.
    path
        Where its plain content lies.
    format
        What the content is.
    sha256, n_bytes
        Hash and size of the file as given (of the archive, for its members).
    given
        The file as given.
    """

    name: str
    path: Path
    format: FileFormat
    sha256: str
    n_bytes: int
    given: Path

    @property
    def unpacked(self) -> bool:
        """Whether the content was unpacked into the scratch folder."""
        return self.path != self.given

    @property
    def address(self) -> str:
        """The file as given, and behind ``#`` the member of an archive."""
        return address(self.given, self.name)


def find(paths: Sequence[Path], table: str = "") -> tuple[list[tuple[str, Path]], list[str]]:
    """Return (name, path) of every file below ``paths`` in order, and the names passed over.

    Of a folder only files that can hold data by their names are taken (a text file may be a
    note: name it to import it), of a simulated history only those of ``table``.

    Raises
    ------
    InputError
        Where a path does not exist or nothing importable lies below it.
    """
    found: list[tuple[str, Path]] = []
    passed: list[str] = []
    for path in paths:
        if path.is_file():
            found.append((path.name, path.resolve()))
            continue
        if not path.is_dir():
            raise InputError(f"got no file at {path}", _EXPECTED, "check the path")
        path = path.resolve()
        below = sorted(p for p in path.rglob("*") if p.is_file())
        shown = [p for p in below if not _hidden(p.relative_to(path))]
        wanted = [p for p in shown if p.suffix.lower() in SUFFIXES_IN_FOLDERS]
        wanted = [p for p in wanted if p.name != SIMULATION]
        if (path / SIMULATION).is_file():
            own = [p for p in wanted if p.relative_to(path).parts[0].split(".")[0] == table]
            wanted = own or wanted
        passed += [p.relative_to(path).as_posix() for p in shown if p not in set(wanted)]
        found += [(p.relative_to(path).as_posix(), p) for p in wanted]
        if not wanted:
            raise InputError(f"got nothing to import in {path}", _EXPECTED, "name another folder")
    return found, passed


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) and part != ".." for part in path.parts)


def open_all(found: Sequence[tuple[str, Path]], scratch: Path) -> list[InputFile]:
    """Return every file with its plain content, archives unpacked into ``scratch``.

    Raises
    ------
    InputError
        Where a file is empty, of another kind than can be read, damaged, or a bomb.
    """
    return [file for name, path in found for file in _open(name, path, scratch)]


def _open(name: str, path: Path, scratch: Path) -> Iterator[InputFile]:
    digest, size = _hash(path), path.stat().st_size
    for inner, plain in _plain(name, path, scratch):
        yield InputFile(inner, plain, _format(inner, plain), digest, size, path)


def _plain(name: str, path: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    head = _head(path)
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path, "rb") as content:
            yield name, _unpack(name, content, path.stat().st_size, scratch)
    elif head.startswith(b"PK\x03\x04"):
        yield from _members(name, path, scratch)
    else:
        yield name, path


def _members(name: str, path: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(name, error) from error
    with archive:
        members = [
            m for m in archive.infolist() if not m.is_dir() and not _hidden(Path(m.filename))
        ]
        if any(m.filename == "[Content_Types].xml" for m in members):
            raise InputError(f"got an Office document at {name}", _EXPECTED, "save it as CSV")
        if not members:
            raise InputError(f"got an empty archive at {name}", _EXPECTED)
        for member in sorted(members, key=lambda m: m.filename):
            inner = f"{name}/{member.filename}"
            if member.flag_bits & 1:
                raise InputError(f"got {inner}, which is encrypted", _EXPECTED, "unpack it first")
            with archive.open(member) as content:
                plain = _unpack(inner, content, max(member.compress_size, 1), scratch)
            head = _head(plain)
            if head.startswith(b"PK\x03\x04"):
                raise InputError(f"got an archive in an archive at {inner}", _EXPECTED)
            yield from _plain(inner, plain, scratch)  # vendors ship gzip inside zip


class _Bytes(Protocol):
    def read(self, n: int, /) -> bytes: ...


def _unpack(name: str, content: _Bytes, packed_bytes: int, scratch: Path) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"{len(list(scratch.iterdir())):06}.plain"
    room = shutil.disk_usage(scratch).free
    done = 0
    try:
        with path.open("wb") as out:
            while chunk := content.read(_CHUNK):
                done += len(chunk)
                _refuse_bomb(name, done, packed_bytes)
                if done > room - 2**28:
                    raise InputError(
                        f"got {name}, which unpacks to more than the {room >> 20} MiB free",
                        "room for its plain content",
                        "free the disk, or name another data folder with --data",
                    )
                out.write(chunk)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise _damaged(name, error) from error
    return path


def _refuse_bomb(name: str, done: int, packed_bytes: int) -> None:
    ratio = done / packed_bytes
    if done > MAX_EXPANDED_BYTES or (done > RATIO_COUNTS_FROM_BYTES and ratio > MAX_RATIO):
        raise InputError(
            f"got {name}, which unpacks to over {done >> 20} MiB, {ratio:.0f} times its size",
            f"at most {MAX_RATIO} times and {MAX_EXPANDED_BYTES >> 30} GiB",
            "if it is no archive bomb, unpack it and import the plain file",
            code="ARCHIVE_BOMB",
        )


def _damaged(name: str, error: Exception) -> InputError:
    return InputError(
        f"got a damaged or cut-off archive at {name} ({error})",
        "a whole gzip or zip file",
        "fetch it again",
    )


def _format(name: str, path: Path) -> FileFormat:
    head = _head(path)
    if not head:
        raise InputError(f"got an empty file at {name}", _EXPECTED, "export it again")
    if head.startswith(b"PAR1"):
        _require_whole_parquet(name, path)
        return "parquet"
    for magic, words in _FOREIGN:
        if head.startswith(magic):
            raise _mislabelled(name, words)
    if head.startswith(b"\x1f\x8b"):
        raise _mislabelled(name, "an archive in an archive")
    if Path(name).suffix.lower() == ".parquet":
        raise _mislabelled(name, "a file that is not Parquet")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        raise _mislabelled(name, "a web page (perhaps a login page in place of the export)")
    if text.startswith(b"["):
        raise InputError(
            f"got a JSON list at {name}", "JSON lines: one object a line", "write one a line"
        )
    if text.startswith(b"{"):
        return "jsonl"
    if b"\0" in head and not _looks_utf16(head):
        raise _mislabelled(name, "a binary file")
    return "csv"


def _looks_utf16(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return min(head[0::2].count(0), head[1::2].count(0)) == 0 and head.count(0) > len(head) // 4


def _mislabelled(name: str, words: str) -> InputError:
    return InputError(f"got {words} at {name}", _EXPECTED, "export it again", code="MISLABELLED")


def _require_whole_parquet(name: str, path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as content:
        content.seek(max(size - 8, 0))
        tail = content.read(8)
    if size < 12 or tail[4:] != b"PAR1":
        raise InputError(f"got a cut-off Parquet file at {name}", "a whole one", "fetch it again")
    footer = int.from_bytes(tail[:4], "little")
    if footer > min(MAX_PARQUET_FOOTER_BYTES, size):
        raise InputError(
            f"got a Parquet file whose description takes {footer >> 20} MiB at {name}",
            f"at most {MAX_PARQUET_FOOTER_BYTES >> 20} MiB",
            "leave out columns that are not needed",
        )


def _head(path: Path) -> bytes:
    with path.open("rb") as content:
        return content.read(_HEAD_BYTES)


def _hash(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_simulated(paths: Sequence[Path]) -> bool:
    """Return whether a simulation's own note lies beside or above one of the files."""
    folders = {folder for path in paths for folder in (path, *path.resolve().parents[:4])}
    return any((folder / SIMULATION).is_file() for folder in folders)
