"""What is collected from the app stores is configuration; a wrong one is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import collection
from etl.collection import ITUNES, Collection, Host
from etl.errors import InputError


def written(folder: Path, text: str) -> Path:
    (folder / "collection.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_the_defaults_follow_picture_apps_in_nine_countries(tmp_path: Path):
    found = collection.read(tmp_path)
    assert found == collection.read(None) == Collection()
    assert found.storefronts == ("JP", "US", "CN", "TW", "HK", "KR", "GB", "DE", "BR")
    assert found.categories == {
        "overall": None,
        "photo_and_video": 6008,
        "graphics_and_design": 6027,
        "entertainment": 6016,
    }
    assert "CN" not in found.google_play_storefronts


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path):
    folder = written(
        tmp_path,
        'storefronts = ["NO"]\ndepth = 50\noverall = false\n[genres]\nmusic = 6011\n'
        f'[hosts."{ITUNES}"]\nrequests_per_minute = 5\n',
    )
    found = collection.read(folder)
    assert found.storefronts == ("NO",)
    assert found.categories == {"music": 6011}
    assert found.chart_types == Collection().chart_types
    assert found.hosts[ITUNES] == Host(requests_per_minute=5)
    assert found.hosts.keys() == Collection().hosts.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("depth = 500", "depth: Input should be less than or equal to 200 (got 500)"),
        ('storefronts = ["Japan"]', "storefronts.0: String should match pattern"),
        ('storefronts = ["JP", "JP"]', "storefronts: JP stands there more than once"),
        ('chart_types = ["gross"]', "chart_types.0: Input should be 'free', 'paid' or 'grossing'"),
        ("[genres]\nphoto = 12", "genres.photo: Input should be greater than or equal to 6000"),
        ("[genres]\noverall = 6008", "'overall' is no genre"),
        ("overall = false\ngenres = {}", "no chart is left"),
        ('[hosts."example.org"]\nrequests_per_minute = 5', "example.org is none of"),
        (f'[hosts."{ITUNES}"]\nrequests_per_minute = 0', "should be greater than 0"),
        (f'[hosts."{ITUNES}"]\naddress = "ftp://x"', "address: String should match pattern"),
        ("requests_per_run = 0", "requests_per_run: Input should be greater than or equal to 1"),
        ('storefront = ["JP"]', "storefront: Extra inputs are not permitted"),
        ("depth = ", "which is no TOML"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, text: str, told: str):
    with pytest.raises(InputError) as error:
        collection.read(written(tmp_path, text))
    assert told in error.value.got
    assert "collection.toml" in error.value.got
    assert error.value.todo


def test_a_file_in_another_encoding_is_told(tmp_path: Path):
    (tmp_path / "collection.toml").write_bytes("# Größe\ndepth = 50".encode("latin-1"))
    with pytest.raises(InputError, match="no TOML"):
        collection.read(tmp_path)
