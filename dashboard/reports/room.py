"""How much room text takes where no program lays it out: widths and lines, estimated."""

from __future__ import annotations

import math


def signs(text: str) -> int:
    """Return the width of text in Latin letters; Chinese characters count twice."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def n_lines(text: str, width: float) -> int:
    """Return the lines that text takes in a width of so many letters, broken between words."""
    n, used = 1, 0
    for word in _pieces(text):
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
    return max((signs(word.strip()) for word in _pieces(text)), default=0)


def _pieces(text: str) -> list[str]:
    """Return the pieces between which a line may break: words with their space, characters."""
    found = [""]
    for sign in text:
        if ord(sign) > 0x2E7F:
            found += [sign, ""]
            continue
        found[-1] += sign
        if sign == " ":
            found.append("")
    return [piece for piece in found if piece]
