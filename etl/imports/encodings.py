"""Which encoding a text file has, found out from its bytes; never half right.

UTF-8 is what it is by its marks or because it can be read so. Others are weighed by what their
reading gives: kana, common characters, accented letters between plain ones.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from etl.errors import InputError

KNOWN = ("utf-8", "utf-16", "gb18030", "shift_jis", "windows-1252")
_PYTHON = {"shift_jis": "cp932", "windows-1252": "cp1252", "utf-8": "utf-8-sig"}
_CHUNK = 2**20
_SAMPLE_BYTES = 256 * 2**10
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find(path: Path, name: str) -> str:
    """Return the encoding of a text file as Python calls it.

    Raises
    ------
    InputError
        Where no reading of the bytes makes sense.
    """
    sample = _sample(path)
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return _PYTHON.get(encoding, encoding)
    if b"\0" in sample:
        return "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"
    if _decodes(sample, "utf-8"):
        return _PYTHON["utf-8"]
    if any(_surely_utf8(line) for line in sample.splitlines()):
        require(path, name, "utf-8-sig")  # names the line: some are UTF-8, and some are not
    weighed = sorted(
        ((_weight(sample, e), e) for e in ("gb18030", "cp932", "cp1252")), reverse=True
    )
    (best, encoding), (second, _) = weighed[:2]
    if best < 0.5 or best - second < 0.1:
        raise InputError(
            f"got {name} in an encoding that cannot be told ({_first_odd(path)})",
            f"one of {', '.join(KNOWN)}, the same in the whole file",
            "save it in UTF-8, or name its encoding with --encoding",
            code="ENCODING",
        )
    return encoding


def named(given: str) -> str:
    """Return Python's name of an encoding the user names.

    Raises
    ------
    InputError
        Where there is none of that name.
    """
    try:
        python = codecs.lookup(_PYTHON.get(given.lower(), given)).name
    except LookupError:
        raise InputError(f"got --encoding {given!r}", f"one of {', '.join(KNOWN)}") from None
    return "utf-8-sig" if python == "utf-8" else python


def to_utf8(path: Path, name: str, encoding: str, target: Path) -> Path:
    """Write a text file again in UTF-8, without its mark; return the new path.

    Raises
    ------
    InputError
        Naming the line where the bytes cannot be read in ``encoding``.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with target.open("w", encoding="utf-8", newline="") as out:
        for chunk, last in _chunks(path):
            try:
                text = decoder.decode(chunk, last)
            except UnicodeDecodeError as error:
                line += chunk[: error.start].count(b"\n")
                raise wrong(name, encoding, line) from None
            line += text.count("\n")
            out.write(text.removeprefix("\ufeff"))
    return target


def require(path: Path, name: str, encoding: str) -> None:
    """Raise an error naming the first line that cannot be read in ``encoding``, if there is one."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    for chunk, last in _chunks(path):
        try:
            decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            raise wrong(name, encoding, line + chunk[: error.start].count(b"\n")) from None
        line += chunk.count(b"\n")


def wrong(name: str, encoding: str, line: int) -> InputError:
    """Return the error of a line whose bytes are not of the encoding."""
    shown = encoding.removesuffix("-sig")
    return InputError(
        f"got bytes that are not {shown} in line {line} of {name}",
        "one encoding in the whole file",
        "save it again in UTF-8 (a file put together from several may hold two encodings)",
        code="ENCODING",
    )


def _chunks(path: Path) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as content:
        chunk = content.read(_CHUNK)
        while chunk:
            following = content.read(_CHUNK)
            yield chunk, not following
            chunk = following


def _sample(path: Path) -> bytes:
    """Return the beginning, and where that is plain ASCII the first part that is not."""
    with path.open("rb") as content:
        begin = content.read(_SAMPLE_BYTES)
        if not begin.isascii() or b"\0" in begin:
            return begin
        while chunk := content.read(_CHUNK):
            if not chunk.isascii():
                return chunk.partition(b"\n")[2][:_SAMPLE_BYTES] or chunk
    return begin


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _surely_utf8(line: bytes) -> bool:
    """Return whether a line has characters of three bytes, which no other encoding yields often."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(character > "\u07ff" for character in text)


def _weight(sample: bytes, encoding: str) -> float:
    """Return how plausible the reading is, from 0 (cannot be) to 1."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(sample)
    except UnicodeDecodeError:
        return 0.0
    odd = [character for character in text if ord(character) > 127]
    good = {"gb18030": _common_chinese, "cp932": _japanese, "cp1252": _western}[encoding]
    return sum(good(c) for c in odd) / len(odd) if odd else 0.0


def _common_chinese(character: str) -> float:
    """Level one of GB 2312 and its punctuation; rarer characters hardly ever prevail."""
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if lead <= 0xA3 or 0xB0 <= lead <= 0xD7 else 0.3


def _japanese(character: str) -> float:
    if "\u3040" <= character <= "\u30ff":
        return 1.1  # kana do not come by chance, and a Chinese reading has none
    if "\uff61" <= character <= "\uff9f":
        return 0.1  # half-width kana are what western letters look like
    return 0.6 if "\u4e00" <= character <= "\u9fff" else 0.8


def _western(character: str) -> float:
    return 1.0 if character.isalpha() and character not in "ªºƒˆ" else 0.25


def _first_odd(path: Path) -> str:
    with path.open("rb") as content:
        for number, line in enumerate(content, 1):
            if not line.isascii():
                return f"line {number} is the first that is not plain ASCII"
    return "no line is outside ASCII"
