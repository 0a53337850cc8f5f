"""A folder: files are copied whole or not at all, and nothing different is ever overwritten."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from etl.delivery.channels import Channel, Folder
from etl.delivery.parcel import Outcome, Parcel
from etl.errors import InputError

_UNFIT = re.compile(r"[^\w.-]+")


def send(parcel: Parcel) -> Outcome:
    """Copy the files, or write the text where there are none."""
    folder = cast(Folder, parcel.channel).folder
    reached = list(parcel.reached)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in parcel.message.attachments:
            if file.name not in reached:
                _copied(file, folder, parcel)
                reached.append(file.name)
        if not parcel.message.attachments:
            reached.append(_written(folder, parcel).name)
    except OSError as error:
        why = f"{folder} takes no more: {error.strerror or type(error).__name__}"
        return Outcome("failed", tuple(reached), why)
    return Outcome("sent", tuple(reached), f"in {folder}: {', '.join(reached)}")


def probe(channel: Channel, secrets: Mapping[str, str]) -> None:
    """See that the folder, or the one it would be made in, can be written to.

    Raises
    ------
    InputError
        If it cannot.
    """
    folder = cast(Folder, channel).folder
    standing = next(one for one in (folder, *folder.parents) if one.exists())
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        raise InputError(
            f"got {channel.name}.path {str(folder)!r}, which cannot be written to",
            "a folder of this user",
            "make it, or name another one",
            code="CHANNEL",
        )


def _copied(file: Path, folder: Path, parcel: Parcel) -> Path:
    unfinished = folder / f".{file.name}.{os.getpid()}"
    try:
        shutil.copyfile(file, unfinished)
        return _named(unfinished, folder / file.name, parcel)
    finally:
        unfinished.unlink(missing_ok=True)


def _written(folder: Path, parcel: Parcel) -> Path:
    message, link_base = parcel.message, parcel.channel.link_base
    name = _UNFIT.sub("-", message.subject).strip("-.")[:80] or "message"
    unfinished = folder / f".{name}.{os.getpid()}"
    text = "\n\n".join(filter(None, [message.subject, message.text, message.foot(link_base)]))
    try:
        unfinished.write_text(f"{text}\n", encoding="utf-8")
        return _named(unfinished, folder / f"{parcel.now:%Y-%m-%d} {name}.txt", parcel)
    finally:
        unfinished.unlink(missing_ok=True)


def _named(unfinished: Path, wanted: Path, parcel: Parcel) -> Path:
    """Give a whole file its name, or a dated one where another file bears it."""
    for path in _names(wanted, parcel):
        if _placed(unfinished, path) or filecmp.cmp(unfinished, path, shallow=False):
            return path
    raise AssertionError("there is always a further name")


def _placed(unfinished: Path, path: Path) -> bool:
    """Give a file a name unless it is taken; return whether it has it."""
    try:
        os.link(unfinished, path)  # fails where the name is taken, unlike a rename
    except FileExistsError:
        return False
    except OSError:  # a share without hard links
        if path.exists():
            return False
        shutil.copyfile(unfinished, f"{unfinished}.copy")
        Path(f"{unfinished}.copy").replace(path)
    return True


def _names(wanted: Path, parcel: Parcel) -> Iterator[Path]:
    yield wanted
    dated = f"{wanted.stem}_{parcel.now:%Y-%m-%dT%H%M}"
    yield wanted.with_name(f"{dated}{wanted.suffix}")
    number = 2
    while True:
        yield wanted.with_name(f"{dated}_{number}{wanted.suffix}")
        number += 1
