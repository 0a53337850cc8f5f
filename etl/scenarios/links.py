"""A whole scenario in an address, so that a link shows it where nobody saved it."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from etl.errors import InputError
from etl.scenarios.document import validate
from etl.scenarios.store import MAX_BYTES

LONGEST_CODE = 8_000
"""Longer addresses are cut by some servers and mail programs."""


def encode(raw: Mapping[str, Any]) -> str:
    """Return a scenario as a code for an address.

    Raises
    ------
    InputError
        If it is too long for one.
    """
    text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"), default=_day)
    code = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(code) > LONGEST_CODE:
        raise InputError(
            f"got a scenario of {len(code):,} characters",
            f"at most {LONGEST_CODE:,} in an address",
            "export it as a file",
        )
    return code


def decode(code: str) -> dict[str, Any]:
    """Return the scenario of a code, checked.

    Raises
    ------
    InputError
        If the code is cut, changed, too large unpacked, or no valid scenario.
    """
    expected = "a link as the page made it"
    try:
        whole = code[:LONGEST_CODE]
        packed = base64.b64decode(whole + "=" * (-len(whole) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        # Never more than a scenario may be: a small code could unpack to gigabytes.
        text = unpacker.decompress(packed, MAX_BYTES)
        if not unpacker.eof or unpacker.unused_data:
            raise InputError("got a link whose scenario is cut or too large", expected)
        raw = json.loads(text)
    except (binascii.Error, zlib.error, ValueError, RecursionError) as problem:
        raise InputError("got a link whose scenario cannot be read", expected) from problem
    if not isinstance(raw, dict):
        raise InputError("got a link without a scenario", expected)
    validate(raw, "the link")
    return raw


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(value)
