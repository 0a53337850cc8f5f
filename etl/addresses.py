"""Addresses of the user's own files, as rows that came from them bear them."""

from __future__ import annotations

from pathlib import Path


def address(given: Path, name: str) -> str:
    """Return the address of a file, and behind ``#`` its member of an archive.

    Parameters
    ----------
    given
        The file as given.
    name
        Its name below the given folder; for a member ``archive.zip/member``.
    """
    inner = name.partition(f"{given.name}/")[2]
    return given.as_uri() + (f"#{inner}" if inner else "")
