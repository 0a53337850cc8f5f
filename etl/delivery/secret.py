"""Secrets are named in the configuration and never written there; nothing shows them.

A field that holds one says ``${VARIABLE}`` of the environment, or its twin ``…_file`` names a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from etl.errors import InputError

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = "***"
_SHORT = 4
"""Shorter parts of an address are no secrets, and hiding them would spoil every sentence."""


def read(place: str, reference: str, file: Path | None, data_dir: Path) -> str:
    """Return the value of a secret; empty where none is named.

    Parameters
    ----------
    place
        Where it is named, for errors: ``desk.url``.
    reference
        ``${VARIABLE}``, or empty.
    file
        A file that holds it alone, from the data folder where relative.

    Raises
    ------
    InputError
        If the variable is not set or the file cannot be read or is empty.
    """
    if file is not None:
        try:
            value = (data_dir / file.expanduser()).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"got {place}_file {str(file)!r}, which cannot be read ({type(error).__name__})",
                "a text file that holds the secret alone",
                "write it there, readable by this user only",
                code="SECRET",
            ) from None
        what = f"the file {str(file)!r} of {place}_file, which is empty"
    elif named := REFERENCE.fullmatch(reference):
        value = os.environ.get(named[1], "").strip()
        what = f"{place} in the variable {named[1]}, which is not set"
    else:
        return ""
    if not value:
        raise InputError(
            f"got {what}",
            "the secret there",
            "set it, or name a file instead: cron and systemd do not know the variables of a shell",
            code="SECRET",
        )
    return value


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, nor the parts of those that are addresses."""
    parts = {part for secret in secrets for part in _parts(secret) if len(part) >= _SHORT}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text


def _parts(secret: str) -> list[str]:
    whole = [secret, quote(secret, safe="")]
    if not secret.startswith(("https://", "http://")):
        return whole
    address = urlsplit(secret)
    tokens = [value for _, value in parse_qsl(address.query)]
    last = address.path.rsplit("/", 1)[-1]
    # `send` and the like are no secrets: a token has digits or is long.
    telling = [last] if re.search(r"\d", last) or len(last) > 12 else []
    path = [address.path] if telling else []
    return [*whole, *path, *telling, *tokens]
