"""Drawings with their words, and what of them is held out from training."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.emoji import source
from generator.errors import GeneratorError

STYLES = {source.FLAT.name: "flat", source.SHADED.name: "shaded"}
# Without people: their signs would be half of the sets, and no toy should picture persons.
CATEGORIES = (
    "Activities",
    "Animals & Nature",
    "Food & Drink",
    "Objects",
    "Smileys & Emotion",
    "Travel & Places",
)
# Of the symbols only plain forms: letters, arrows and buttons would teach nothing but their ground.
_COLOURED = ("black", "blue", "brown", "green", "orange", "purple", "red", "white", "yellow")
_CLOCK = re.compile(r"-(oclock|thirty)$")
HELD_OUT_SHARE = 0.05


@dataclass(frozen=True)
class Drawing:
    """One sign of one set.

    Attributes
    ----------
    concept
        Its code points, the same in every set.
    style
        ``flat`` or ``shaded``: which set it comes from, in a word.
    name
        Its name in that set, in words.
    keywords
        Further words for it, without its name.
    svg
        The drawing.
    """

    concept: str
    style: str
    name: str
    keywords: tuple[str, ...]
    svg: str


@dataclass(frozen=True)
class Split:
    """What is held out.

    Attributes
    ----------
    trained
        Drawings of concepts that are trained on.
    held_out
        Drawings of concepts that training never sees, in any style.
    """

    trained: tuple[Drawing, ...]
    held_out: tuple[Drawing, ...]


def words(text: str) -> str:
    """Return a text as captions spell it: small letters, figures, single spaces."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def read(folders: dict[str, Path], groups: Sequence[str] = CATEGORIES) -> list[Drawing]:
    """Return the drawings of the fetched sets, sorted by concept and style.

    Parameters
    ----------
    folders
        Of :func:`generator.emoji.source.fetch`.
    groups
        Of :data:`CATEGORIES`: fewer of them are learnt sooner. Coloured forms are always read.

    Raises
    ------
    GeneratorError
        A group is unknown.
    """
    if unknown := sorted(set(groups) - set(CATEGORIES)):
        raise GeneratorError(f"the groups {unknown}", f"some of {', '.join(CATEGORIES)}")
    told = source.read(folders[source.KEYWORDS.name], source.KEYWORDS.files[0])
    keywords = {code_points(sign): tuple(map(words, given)) for sign, given in told.items()}
    made = [
        drawing
        for package, style in STYLES.items()
        for drawing in read_set(folders[package], style, keywords, groups)
    ]
    return sorted(made, key=lambda drawing: (drawing.concept, drawing.style))


def code_points(sign: str) -> str:
    """Return a sign's code points, without the one that only asks for colour."""
    return _plain("-".join(f"{ord(letter):x}" for letter in sign))


def _plain(codes: str) -> str:
    return "-".join(code for code in codes.split("-") if code != "fe0f")


def read_set(
    folder: Path,
    style: str,
    keywords: dict[str, tuple[str, ...]],
    groups: Sequence[str] = CATEGORIES,
) -> Iterable[Drawing]:
    """Yield the drawings of one set that belong to some groups."""
    icons = source.read(folder, "icons.json")
    by_group = source.read(folder, "metadata.json")["categories"]
    category = {name: group for group, names in by_group.items() for name in names}
    found: dict[str, str] = {}
    for codes, name in source.read(folder, "chars.json").items():
        found.setdefault(_plain(codes), name)
    for concept, name in found.items():
        if not is_wanted(name, category.get(name), groups):
            continue
        said = words(name)
        more = (word for word in keywords.get(concept, ()) if word and word != said)
        yield Drawing(concept, style, said, tuple(dict.fromkeys(more)), svg(icons, name))


def is_wanted(name: str, category: str | None, groups: Sequence[str] = CATEGORIES) -> bool:
    """Return whether a sign is drawn: a thing, an animal, a face, a place or a coloured form."""
    if category == "Symbols":
        return name.startswith(_COLOURED) and "mark" not in name
    return category in groups and not _CLOCK.search(name)


def svg(icons: dict[str, Any], name: str) -> str:
    """Return one icon of a set as a file of its own.

    Raises
    ------
    GeneratorError
        It is a turned or mirrored copy of another: none of the pinned sets' wanted signs is.
    """
    entry = icons["icons"].get(name)
    if entry is None:
        alias = icons["aliases"][name]
        if set(alias) != {"parent"}:
            raise GeneratorError(f"{name}, a changed copy ({', '.join(alias)})", "a plain alias")
        return svg(icons, alias["parent"])
    left, top = entry.get("left", 0), entry.get("top", 0)
    width = entry.get("width", icons.get("width", 16))
    height = entry.get("height", icons.get("height", 16))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}">{entry["body"]}</svg>'
    )


def split(drawings: Sequence[Drawing], seed: int, share: float = HELD_OUT_SHARE) -> Split:
    """Hold out a share of the concepts, chosen by the checksum of seed and concept.

    Parameters
    ----------
    drawings
        All there are.
    seed
        Another seed holds out others.
    share
        Of the concepts, 0 to 1.
    """
    order = sorted({drawing.concept for drawing in drawings}, key=lambda c: _drawn(seed, c))
    out = set(order[: round(share * len(order))])
    return Split(
        tuple(drawing for drawing in drawings if drawing.concept not in out),
        tuple(drawing for drawing in drawings if drawing.concept in out),
    )


def _drawn(seed: int, text: str) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()


def held_out_wording(drawing: Drawing, seed: int, everything: Sequence[Drawing]) -> str | None:
    """Return two keywords that training never says together.

    Every one of them is said alone in training, and beside others.

    Parameters
    ----------
    drawing
        What they are of.
    seed
        Of the split.
    everything
        What is trained on.

    Returns
    -------
    str or None
        ``None`` with fewer than three keywords, and where both are words of another concept too.
    """
    pair = _held_pair(drawing, seed)
    fitting = {one.concept for one in everything if {one.name, *one.keywords}.issuperset(pair)}
    return " ".join(pair) if pair and fitting <= {drawing.concept} else None


def _held_pair(drawing: Drawing, seed: int) -> tuple[str, ...]:
    order = sorted(drawing.keywords, key=lambda word: _drawn(seed, f"{drawing.concept}:{word}"))
    return tuple(order[:2]) if len(order) > 2 else ()


def caption(drawing: Drawing, chance: Any, seed: int) -> str:
    """Return words for a drawing as training says them.

    Four of five are the name, the others the name with a keyword, a keyword, or two keywords; every
    second caption names the style too.

    Parameters
    ----------
    drawing
        What is named.
    chance
        ``numpy.random.Generator``.
    seed
        Of the split, so that the held-out wording is never said.
    """
    kind, styled = chance.random(), chance.random() < 0.5
    said = [drawing.name]
    if drawing.keywords and kind > 0.8:
        one, two = (drawing.keywords[chance.integers(len(drawing.keywords))] for _ in range(2))
        said = [drawing.name, one] if kind < 0.88 else [one] if kind < 0.94 else [one, two]
        if one == two or {one, two} == set(_held_pair(drawing, seed)):
            said = said[:-1] if len(said) > 1 else said
    return " ".join([*said, drawing.style] if styled else said)


def vocabulary(drawings: Sequence[Drawing]) -> list[str]:
    """Return every word of every caption that training can say, sorted."""
    texts = [text for drawing in drawings for text in (drawing.name, *drawing.keywords)]
    return sorted({word for text in (*texts, *STYLES.values()) for word in text.split()})
