"""Who may come in is said in a file or in variables, whole or not at all; no secret is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import access, processes
from etl.errors import InputError

SECRET, COOKIE = "a-client-secret-nobody-may-see", "a-cookie-secret-nobody-may-see-0123456789"
WHOLE = {
    "redirect_uri": "https://art.example.com/oauth2callback",
    "client_id": "artonomics",
    "client_secret": SECRET,
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
    "cookie_secret": COOKIE,
}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALICE: dict[str, Any] = {
    "is_logged_in": True,
    "email": "Alice@Example.com",
    "email_verified": True,
    "iat": NOW.timestamp() - 60,
}


def variables(**changed: str) -> dict[str, str]:
    told = {**WHOLE, **changed}
    return {access.PREFIX + name.upper(): value for name, value in told.items() if value}


def login(folder: Path, **changed: str) -> access.Login:
    found = access.load(folder, variables(**changed))
    assert found
    return found


def written(folder: Path, **changed: Any) -> Path:
    told = {name: value for name, value in {**WHOLE, **changed}.items() if value is not None}
    path = folder / access.FILE
    path.write_text("[auth]\n" + "".join(f"{n} = {json.dumps(v)}\n" for n, v in told.items()))
    path.chmod(0o600)
    return path


def test_without_a_word_of_it_there_is_no_sign_in(tmp_path: Path) -> None:
    assert access.load(tmp_path, {}) is None


def test_the_file_and_the_variables_say_the_same_and_a_variable_goes_first(tmp_path: Path) -> None:
    by_variables = access.load(tmp_path, variables(allowed_domains="Example.com, example.org"))
    written(tmp_path, allowed_domains=["example.com", "EXAMPLE.org"])
    assert access.load(tmp_path, {}) == by_variables
    other = access.load(tmp_path, {access.PREFIX + "CLIENT_ID": "another"})
    assert other
    assert other.client_id == "another"


@pytest.mark.parametrize("missing", access.REQUIRED)
def test_half_a_sign_in_is_an_error_and_names_what_is_missing(tmp_path: Path, missing: str) -> None:
    written(tmp_path, **{missing: None})
    with pytest.raises(InputError, match=f"without {missing}"):
        access.load(tmp_path, {})
    with pytest.raises(InputError, match=f"{access.PREFIX}{missing.upper()}"):
        access.load(tmp_path / "elsewhere", variables(**{missing: ""}))


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ("", "no section"),
        ("[auth]\n", "an empty section"),
        ("auth = 3\n", "no section named auth"),
        (f'[auth]\nclient_secret = "{SECRET}\n', "no TOML"),
        (f'[auth]\nclient_secrt = "{SECRET}"\n', "perhaps you meant 'client_secret'"),
        (f'[auth]\nclient_secret = ["{SECRET}"]\n', "a list"),
        (f'[auth.google]\nclient_secret = "{SECRET}"\n', "an unknown key"),
    ],
)
def test_a_file_that_is_wrong_closes_the_door_and_shows_no_secret(
    tmp_path: Path, content: str, got: str
) -> None:
    (tmp_path / access.FILE).write_text(content)
    with pytest.raises(InputError, match=got) as told:
        access.load(tmp_path, {})
    assert SECRET not in str(told.value)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        access.load(tmp_path, {access.FILE_VARIABLE: str(tmp_path / "no.toml")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redirect_uri", "http://art.example.com/oauth2callback"),
        ("redirect_uri", "https://art.example.com/"),
        ("redirect_uri", "oauth2callback"),
        ("server_metadata_url", "http://id.example.com/.well-known/openid-configuration"),
        ("server_metadata_url", "https://id.example.com"),
        ("cookie_secret", "short-and-secret"),
        ("session_hours", "0"),
        ("session_hours", "nan"),
        ("session_hours", "soon"),
        ("allowed_domains", "@example.com"),
        ("allowed_addresses", "example.com"),
        ("unverified_addresses", "perhaps"),
    ],
)
def test_what_cannot_be_right_is_refused_without_being_shown(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(InputError, match=name if name in WHOLE else name.upper()) as told:
        access.load(tmp_path, variables(**{name: value}))
    assert "short-and-secret" not in str(told.value)


def test_on_this_machine_plain_http_will_do(tmp_path: Path) -> None:
    found = login(
        tmp_path,
        redirect_uri="http://localhost:8501/oauth2callback",
        server_metadata_url="http://127.0.0.1:9000/.well-known/openid-configuration",
    )
    assert found.origin == "http://localhost:8501"


@pytest.mark.parametrize("held", ["", "1.3.2"])
def test_without_authlib_the_sign_in_is_an_error_not_an_open_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    def version(_: str) -> str:
        if not held:
            raise access.PackageNotFoundError
        return held

    monkeypatch.setattr(access, "version", version)
    with pytest.raises(InputError, match="Authlib") as told:
        access.load(tmp_path, variables())
    assert "artonomics[login]" in told.value.todo


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, None),
        ({"is_logged_in": False}, "signed out"),
        ({"is_logged_in": "yes"}, "signed out"),
        ({"iat": NOW.timestamp() - 25 * 3600}, "expired"),
        ({"iat": None}, "expired"),
        ({"iat": True}, "expired"),
        ({"email": ""}, "no address"),
        ({"email": "a@example.com,b@evil.test"}, "no address"),
        ({"email_verified": False}, "not verified"),
        ({"email_verified": None}, "not verified"),
        ({"email_verified": "false"}, "not verified"),
        ({"email": "alice@example.com.evil.test"}, "not allowed"),
        ({"email": "alice@sub.example.com"}, "not allowed"),
        ({"email": "friend@elsewhere.test"}, None),
    ],
)
def test_who_is_let_in(tmp_path: Path, changed: dict[str, Any], expected: str | None) -> None:
    of = login(tmp_path, allowed_domains="example.com", allowed_addresses="Friend@elsewhere.test")
    assert of.refusal({**ALICE, **changed}, NOW) == expected


def test_without_a_list_everybody_whom_the_provider_signs_in_is_let_in_and_that_is_said(
    tmp_path: Path,
) -> None:
    of = login(tmp_path)
    assert of.refusal({"is_logged_in": True, "iat": NOW.timestamp()}, NOW) is None
    assert of.refusal({}, NOW) == "signed out"
    assert any("everybody whom id.example.com" in line for line in access.notes(tmp_path, of))


def test_a_shorter_session_ends_earlier(tmp_path: Path) -> None:
    of = login(tmp_path, session_hours="0.5")
    later = NOW + timedelta(minutes=31)
    assert of.refusal(ALICE, NOW) is None
    assert of.refusal(ALICE, later) == "expired"


def test_a_secrets_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, allowed_domains=["example.com"])
    of = access.load(tmp_path, {})
    assert of
    assert access.notes(tmp_path, of) == []
    path.chmod(0o644)
    assert [line for line in access.notes(tmp_path, of) if "chmod 600" in line]


def test_neither_the_object_nor_its_summary_shows_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    for told in (repr(login(tmp_path)), access.told(tmp_path)):
        assert SECRET not in told
        assert COOKIE not in told
    assert "everybody it signs in" in access.told(tmp_path)


def test_a_file_that_goes_away_does_not_open_the_dashboard(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = access.of_process(tmp_path)
    path.unlink()
    assert first is not None
    assert access.of_process(tmp_path) is first


def test_commands_that_a_page_starts_get_no_secret_of_the_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Mapping[str, str]] = []

    def popen(*_: Any, env: Mapping[str, str], **__: Any) -> Any:
        seen.append(env)
        return SimpleNamespace(wait=lambda: 0)

    monkeypatch.setenv(access.FILE_VARIABLE, "x")
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes.subprocess, "Popen", popen)
    processes.start(tmp_path, ["etl", "run"], "run")
    (given,) = seen
    assert "PYTHONPATH" in given
    assert (tmp_path / "jobs").stat().st_mode & 0o077 == 0
    assert [n for n in given if n.startswith(access.PREFIX) or n == access.FILE_VARIABLE] == []


def test_half_a_sign_in_stops_the_dashboard_before_it_starts(
    published: Path, tmp_path: Path
) -> None:
    secrets = tmp_path / "half.toml"
    secrets.write_text(f'[auth]\nclient_secret = "{SECRET}"\n')
    words = ["--data", str(published), "--debug", "dashboard", "--secrets", str(secrets)]
    ended = subprocess.run(
        [sys.executable, "-m", "artonomics", *words], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 2, ended.stderr
    for part in ("got a sign-in without", "expected:", "to do:", "cookie_secret"):
        assert part in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_is_drawn_for_somebody_who_has_not_signed_in(
    open_page: Any, published: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    of = login(published)
    monkeypatch.setattr(access, "of_process", lambda _: of)
    for name in ("overview", "market", "data"):
        page = open_page(published, name, lang=language)
        assert not page.exception
        assert [title.value for title in page.title] == [{"en": "Sign-in", "zh": "登录"}[language]]
        assert len(page.button) == 1
        assert len(page.metric) == len(page.dataframe) == len(page.get("plotly_chart")) == 0
        assert [one for one in page.get("html") if "published 20" in str(one.proto)] == []


def test_a_sign_in_that_turns_out_broken_shows_nothing_either(
    open_page: Any, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise InputError(f"got {SECRET}")

    monkeypatch.setattr(access, "of_process", broken)
    page = open_page(published, "market")
    assert not page.exception
    assert [title.value for title in page.title] == ["Sign-in"]
    assert SECRET not in "".join(error.value for error in page.error)
    assert len(page.metric) == len(page.get("plotly_chart")) == 0
