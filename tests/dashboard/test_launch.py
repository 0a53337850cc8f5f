"""The dashboard starts as one process that sends nothing anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from streamlit import config

from dashboard import launch


def flags() -> dict[str, str]:
    words = launch.command(8765, Path("/some/data"))
    own = words[words.index(str(launch.SERVER)) + 1 : words.index("--")]
    return dict(word.removeprefix("--").split("=", 1) for word in own)


def test_the_data_folder_is_handed_to_the_app():
    assert launch.command(8765, Path("/some/data"))[-2:] == ["--", "--data=/some/data"]


def test_every_option_is_one_that_streamlit_knows():
    known = config.get_config_options()
    assert [name for name in flags() if name not in known] == []


def test_nothing_is_sent_anywhere_and_no_font_is_fetched():
    options = flags()
    assert options["browser.gatherUsageStats"] == "false"
    assert options["client.showErrorLinks"] == "false"
    assert options["server.address"] == "127.0.0.1"
    assert not [name for name, value in options.items() if "://" in value]


def test_both_themes_name_the_same_colours():
    light, dark = (
        {name.rsplit(".", 1)[1] for name in flags() if name.startswith(f"theme.{theme}.")}
        for theme in ("light", "dark")
    )
    assert light == dark


def test_an_uninstalled_checkout_finds_its_own_packages(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    root = str(launch.APP.parent.parent)
    assert launch.environment()["PYTHONPATH"].split(os.pathsep) == [root, "/elsewhere"]


def test_the_names_of_a_proxy_and_its_path_are_handed_on():
    front = launch.Front(("art.example.com", "*.example.org"), "art")
    words = launch.command(8765, Path("/some/data"), front)
    assert "--server.baseUrlPath=art" in words
    after = words[words.index("--") + 1 :]
    assert launch.server_names(after) == ["art.example.com", "*.example.org"]
    assert launch.data_dir(after) == Path("/some/data")
    assert launch.address(8765, front) == "http://localhost:8765/art"


def test_forgery_is_guarded_against_and_no_program_drives_it_over_http():
    options = flags()
    assert options["server.enableXsrfProtection"] == options["server.enableCORS"] == "true"
    assert options["server.enableAgentApi"] == options["server.enableStaticServing"] == "false"


def test_the_secrets_of_the_users_other_apps_are_not_read():
    assert not Path(flags()["secrets.files"]).exists()


def test_the_app_is_where_it_is_said_to_be():
    assert launch.APP.is_file()
    assert launch.SERVER.is_file()
