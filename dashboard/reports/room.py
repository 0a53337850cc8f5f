"""How much room text takes where no program lays it out: widths and lines, estimated."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

_SPLIT_AFTER = "_./-"
_DASH = re.compile(r"(?<=\w[-–—])(?=\w)")
_NO_WIDTH = "\u200b"
"""A sign that is not seen and lets a line end."""


def signs(text: str) -> int:
    """Return the width of text in Latin letters; Chinese characters count twice."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def n_gaps(text: str) -> int:
    """Return the places at which a Chinese and another sign meet: programs set room there."""
    return sum((ord(one) > 0x2E7F) != (ord(other) > 0x2E7F) for one, other in pairwise(text))


def n_lines(text: str, width: float) -> int:
    """Return the lines that text takes in a width of so many letters, broken between words.

    Programs differ on whether a line may also end after a dash: the higher count is told.
    """
    words = _pieces(text)
    return max(_n_lines(words, width), _n_lines([p for w in words for p in _DASH.split(w)], width))


def _n_lines(words: Sequence[str], width: float) -> int:
    n, used = 1, 0
    for word in words:
        own = signs(word)
        if own > width:
            n += math.ceil(own / width) - (1 if used == 0 else 0)
            used = int(own % width) or int(width)
        elif used + own > width:
            n, used = n + 1, own
        else:
            used += own
    return n


def longest_word(text: str) -> int:
    """Return the width of the longest piece that cannot be broken."""
    return max(map(signs, pieces(text)), default=0)


def splittable(text: str, most: int) -> str:
    """Return text in which no piece is wider than ``most`` letters: long codes may be broken.

    They break after their own signs (``_ . / -``) where that is enough, and else anywhere.
    """
    return "".join(
        piece if signs(piece.strip()) <= most else _split(piece, most) for piece in _pieces(text)
    )


def filled(least: Sequence[float], wanted: Sequence[float], room: float) -> list[float]:
    """Return widths that fill a room: what is short has all it wants, what is long shares the rest.

    None is below its ``least`` as long as these have room together; else all are cut alike.
    """
    if sum(least) >= room:
        return [own * room / sum(least) for own in least]
    if sum(wanted) <= room:
        return list(wanted)

    def widths(level: float) -> list[float]:
        return [max(low, min(high, level)) for low, high in zip(least, wanted, strict=True)]

    low, high = 0.0, max(wanted)
    for _ in range(50):
        level = (low + high) / 2
        low, high = (level, high) if sum(widths(level)) < room else (low, level)
    return widths(low)


def _split(word: str, most: int) -> str:
    """Return a long word with places where a line may end."""
    found, part = "", ""
    for place, sign in enumerate(word):
        part += sign
        rest = word[place + 1 :].strip()
        if rest and (len(part) >= most or (sign in _SPLIT_AFTER and len(part) >= most / 3)):
            found, part = found + part + _NO_WIDTH, ""
    return found + part


def pieces(text: str) -> list[str]:
    """Return the words and characters of text that cannot be broken, without their space."""
    return [piece.strip(f" {_NO_WIDTH}") for piece in _pieces(text)]


def _pieces(text: str) -> list[str]:
    """Return the pieces between which a line may break: words with their space, characters."""
    found = [""]
    for sign in text:
        if ord(sign) > 0x2E7F:
            found += [sign, ""]
            continue
        found[-1] += sign
        if sign in (" ", _NO_WIDTH):
            found.append("")
    return [piece for piece in found if piece]
