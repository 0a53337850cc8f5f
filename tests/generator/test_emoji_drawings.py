"""The drawings of the small picture model: what is fetched, what is drawn, what is held out."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator.emoji import drawings, render, source
from generator.emoji.drawings import Drawing
from generator.errors import GeneratorError

CIRCLE = '<circle cx="8" cy="8" r="6" fill="red"/>'
KEYWORDS = {
    "\u2600\ufe0f": ["sun", "warm_day", "Weather", ":)"],
    "\U0001f34e": ["red_apple", "fruit", "school"],
}


def a_set(folder: Path, icons: dict[str, Any], categories: dict[str, list[str]]) -> Path:
    """Write the files of a picture set as the registry's packages have them."""
    folder.mkdir()
    chars = {f"{0x1F300 + number:x}": name for number, name in enumerate(icons)}
    chars = chars | {"2600-fe0f": "sun"} if "sun" in icons else chars
    held = {"icons": icons, "aliases": {}, "width": 16, "height": 16}
    for name, told in (("icons", held), ("chars", chars), ("metadata", {"categories": categories})):
        (folder / f"{name}.json").write_text(json.dumps(told))
    return folder


def an_archive(folder: Path, files: dict[str, str]) -> tuple[Path, str]:
    path = folder / "some-set-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            made.addfile(member, io.BytesIO(text.encode()))
    return path, base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch) -> source.Package:
    """Return a package that lies in the cache already."""
    path, checksum = an_archive(tmp_path, {"icons.json": "{}"})
    made = source.Package("@some/set", "1.0.0", f"sha512-{checksum}", "MIT", "us", ("icons.json",))
    path.rename(tmp_path / "some-set-1.0.0.tgz")
    monkeypatch.setattr(source, "PACKAGES", (made,))
    return made


def test_what_is_in_the_cache_is_unpacked_without_asking_npm(pinned, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    folder = source.fetch(tmp_path)[pinned.name]
    assert source.read(folder, "icons.json") == {}


def test_an_archive_that_is_not_the_pinned_one_is_refused(pinned, tmp_path) -> None:
    other = replace(pinned, integrity="sha512-AAAA")
    with pytest.raises(GeneratorError, match="the checksum sha512-"):
        source.check(other, tmp_path / "some-set-1.0.0.tgz")


def test_without_npm_and_cache_it_is_said_what_is_missing(pinned, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(GeneratorError, match="got no npm"):
        source.fetch(tmp_path / "empty")


def test_every_package_is_pinned_by_version_checksum_and_a_permissive_licence() -> None:
    for package in source.PACKAGES:
        assert package.licence in ("MIT", "Apache-2.0")
        assert len(base64.b64decode(package.integrity.removeprefix("sha512-"))) == 64
    assert {told["name"] for told in source.told()} == {p.name for p in source.PACKAGES}


def test_a_sign_is_the_same_concept_in_both_sets_under_its_own_words(tmp_path) -> None:
    icons = {
        name: {"body": CIRCLE} for name in ("sun", "judge", "letter-b", "red-circle", "one-oclock")
    }
    groups = {
        "Travel & Places": ["sun", "one-oclock"],
        "People & Body": ["judge"],
        "Symbols": ["letter-b", "red-circle"],
    }
    folders = {
        name: a_set(tmp_path / style, icons, groups) for name, style in drawings.STYLES.items()
    }
    keywords = tmp_path / "words"
    keywords.mkdir()
    (keywords / "dist").mkdir()
    (keywords / source.KEYWORDS.files[0]).write_text(json.dumps(KEYWORDS))
    made = drawings.read({**folders, source.KEYWORDS.name: keywords})
    # No person, no letter, no hour; 2600 is the sun, with or without the mark that asks for colour.
    assert {drawing.name for drawing in made} == {"sun", "red circle"}
    suns = [drawing for drawing in made if drawing.concept == "2600"]
    assert [sun.style for sun in suns] == ["flat", "shaded"]
    assert suns[0].keywords == ("warm day", "weather")  # its name is none, nor are mere signs


def test_a_turned_copy_is_refused_and_a_plain_one_taken() -> None:
    icons = {
        "icons": {"left": {"body": CIRCLE}},
        "aliases": {"l": {"parent": "left"}, "right": {"parent": "left", "hFlip": True}},
    }
    assert CIRCLE in drawings.svg(icons, "l")
    with pytest.raises(GeneratorError, match="a changed copy"):
        drawings.svg(icons, "right")


def many(n: int) -> list[Drawing]:
    return [
        Drawing(f"{number:x}", style, f"thing {number}", ("one", "two", "three", "far away"), "")
        for number in range(n)
        for style in ("flat", "shaded")
    ]


def test_a_concept_is_held_out_in_every_style_or_in_none() -> None:
    split = drawings.split(many(100), seed=3, share=0.1)
    trained = {drawing.concept for drawing in split.trained}
    out = {drawing.concept for drawing in split.held_out}
    assert not trained & out
    assert (len(trained), len(out)) == (90, 10)
    assert len(split.held_out) == 20


def test_the_seed_alone_chooses_what_is_held_out() -> None:
    once, again = (drawings.split(many(100), seed=3) for _ in range(2))
    assert once == again
    assert drawings.split(many(100), seed=4) != once


def test_the_held_out_wording_is_never_said_and_all_else_is() -> None:
    (one, _) = many(1)
    chance = np.random.default_rng(0)
    said = {drawings.caption(one, chance, seed=5) for _ in range(3_000)}
    held = drawings.held_out_wording(one, 5, [one])
    assert held is not None
    first, second = (word for word in one.keywords if word in held)
    both = {f"{first} {second}", f"{second} {first}"}
    assert not {text.removesuffix(" flat") for text in said} & both
    assert {"thing 0", "thing 0 flat", "one", "thing 0 far away"} <= said
    others = [word for word in one.keywords if word not in (first, second)]
    assert f"{first} {others[0]}" in said
    assert drawings.held_out_wording(replace(one, keywords=("a", "b")), 5, [one]) is None
    alike = replace(one, concept="another")  # training says the pair of it
    assert drawings.held_out_wording(one, 5, [one, alike]) is None
    shaded = replace(one, style="shaded")  # of the same concept it is never said
    assert drawings.held_out_wording(one, 5, [one, shaded]) == held


def test_every_caption_is_made_of_the_vocabulary() -> None:
    chance = np.random.default_rng(1)
    known = set(drawings.vocabulary(many(9)))
    for drawing in many(9) * 50:
        assert set(drawings.caption(drawing, chance, 5).split()) <= known


def test_captions_are_small_letters_and_figures() -> None:
    assert drawings.words("Piñata: 1st_place-Medal!") == "pi ata 1st place medal"


def test_a_drawing_is_rendered_on_white_at_its_size() -> None:
    pytest.importorskip("resvg_py", reason="no resvg-py: the extra `toy` adds it")
    icons = {"icons": {"sun": {"body": CIRCLE}}, "width": 16, "height": 16}
    made = render.pictures([drawings.svg(icons, "sun")] * 2, 32)
    assert made.shape == (2, 32, 32, 3)
    assert made[0, 0, 0].tolist() == [255, 255, 255]
    assert made[0, 16, 16].tolist() == [255, 0, 0]
    red = (made[0] == [255, 0, 0]).all(-1).mean()
    assert red == pytest.approx(np.pi * (6 / 16) ** 2, abs=0.05)


def test_what_is_no_drawing_is_refused() -> None:
    pytest.importorskip("resvg_py", reason="no resvg-py: the extra `toy` adds it")
    with pytest.raises(GeneratorError, match="cannot be rendered"):
        render.picture("<svg")


def test_some_groups_alone_are_read_and_an_unknown_one_is_told() -> None:
    groups = ("Food & Drink",)
    assert drawings.is_wanted("red-apple", "Food & Drink", groups)
    assert not drawings.is_wanted("bee", "Animals & Nature", groups)
    assert drawings.is_wanted("red-circle", "Symbols", groups)
    with pytest.raises(GeneratorError, match=r"the groups \['Food'\]; expected some of Activities"):
        drawings.read({}, ["Food"])
