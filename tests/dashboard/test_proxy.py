"""What ``artonomics proxy nginx`` prints, and what it refuses to print."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import artonomics
from dashboard import launch, proxy, uploads
from etl.errors import InputError

FILES = Path("/etc/ssl/art.pem"), Path("/etc/ssl/art.key")


def printed(tls: bool = True, base_path: str = "", listen: int | None = None) -> str:
    files = FILES if tls else (None, None)
    names = proxy.front(["art.example.com"], base_path)
    return proxy.nginx(proxy.site(names, 8501, listen, *files))


def test_tls_is_asked_for_and_plain_http_leads_to_it_only_where_there_is_a_certificate() -> None:
    with_tls, without = printed(), printed(tls=False)
    assert "listen 443 ssl http2;" in with_tls
    assert "return 301 https://$host$request_uri;" in with_tls
    assert "Strict-Transport-Security" in with_tls
    assert "proxy_cookie_flags ~ secure;" in with_tls
    assert "listen 80;" in without
    assert not re.search("ssl|Strict-Transport|secure|301", without)


def test_it_takes_files_as_large_as_the_dashboard_does_and_nothing_else_that_large() -> None:
    sizes = re.findall(r"client_max_body_size (\S+);", printed())
    assert sizes == ["64k", f"{uploads.MAX_MEGABYTES + 1}m"]


def test_the_websocket_is_led_through_below_the_path() -> None:
    text = printed(base_path="/art/")
    assert "location = /art/_stcore/stream {" in text
    assert "proxy_set_header Upgrade $http_upgrade;" in text
    assert "--base-path art" in text


def test_the_dashboard_stays_on_this_machine() -> None:
    assert set(re.findall(r"proxy_pass (\S+);", printed())) == {f"http://{launch.ADDRESS}:8501"}


@pytest.mark.parametrize(
    "name", ["https://a.com", "a.com;", "a b", "", "-a.com", "a..com", "a.com:80", "a\nb", "*"]
)
def test_what_is_no_name_never_gets_into_the_configuration(name: str) -> None:
    with pytest.raises(InputError, match="--server-name"):
        proxy.front([name], "")


@pytest.mark.parametrize("path", ["a b", "../x", "a;", "a{", "a//b", "a\n"])
def test_what_is_no_path_never_gets_into_the_configuration(path: str) -> None:
    with pytest.raises(InputError, match="--base-path"):
        proxy.front(["a.com"], path)


@pytest.mark.parametrize("file", ["/etc/a;b.pem", "relative.pem", "/etc/a b", '/etc/a"', "/a\nb"])
def test_what_is_no_file_never_gets_into_the_configuration(file: str) -> None:
    with pytest.raises(InputError, match="a whole path"):
        proxy.site(proxy.front(["a.com"], ""), 8501, None, Path(file), FILES[1])


def test_half_of_tls_no_name_and_no_port_are_refused() -> None:
    names = proxy.front(["a.com"], "")
    with pytest.raises(InputError, match="got --certificate alone"):
        proxy.site(names, 8501, None, FILES[0], None)
    with pytest.raises(InputError, match="no --server-name"):
        proxy.site(launch.DIRECT, 8501, None, None, None)
    with pytest.raises(InputError, match="got the port 70000"):
        proxy.site(names, 8501, 70_000, None, None)


def test_the_command_prints_it(capsys: Any) -> None:
    words = ["proxy", "nginx", "--server-name", "art.example.com", "--port", "8600"]
    assert artonomics.run_command(words) == 0
    plain = capsys.readouterr().out
    assert "proxy_pass http://127.0.0.1:8600;" in plain
    assert artonomics.run_command(["--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["nginx"] == plain
    assert artonomics.run_command(["proxy", "nginx", "--server-name", "a;b"]) == 2
