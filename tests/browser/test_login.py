"""Sign-in in a real browser, by a provider on this machine that keeps to the protocol."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser.conftest import free_port, wait_until_healthy
from playwright.sync_api import Browser, Page, expect
from servers import oidc

from dashboard import access, launch

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000
COOKIE_SECRET = "another-secret-that-nothing-may-show-91c2"


@dataclass
class Guarded:
    """A dashboard that asks who comes."""

    address: str
    provider: oidc.Provider
    log: Path


@pytest.fixture(scope="module")
def guarded(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("login")
    port, log = free_port(), folder / "log"
    address = f"http://localhost:{port}"
    with oidc.provider() as provider:
        provider.redirect_uri = f"{address}/oauth2callback"
        secrets = folder / "secrets.toml"
        secrets.write_text(
            f"""
            [auth]
            redirect_uri = "{provider.redirect_uri}"
            client_id = "{oidc.CLIENT_ID}"
            server_metadata_url = "{provider.metadata_url}"
            allowed_domains = ["example.com"]
            """
        )
        secrets.chmod(0o600)
        variables = {
            access.FILE_VARIABLE: str(secrets),
            f"{access.PREFIX}CLIENT_SECRET": oidc.CLIENT_SECRET,
            f"{access.PREFIX}COOKIE_SECRET": COOKIE_SECRET,
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                launch.command(port, published),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=launch.environment() | variables,
            )
        wait_until_healthy(f"http://127.0.0.1:{port}", process, log, seconds=60)
        yield Guarded(address, provider, log)
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """Open a page for a visitor whom nobody knows yet."""
    context = browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


def come(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)


def sign_in(page: Page, guarded: Guarded, name: str, address: str = "") -> None:
    come(page, address or f"{guarded.address}/?lang=en")
    page.get_by_role("button", name="Sign in with").click()
    page.get_by_role("link", name=f"Continue as {name}").click()


def test_nothing_is_seen_before_a_sign_in_and_everything_until_the_sign_out(
    visitor: Page, guarded: Guarded
) -> None:
    frames: list[bytes] = []
    faults: list[str] = []
    visitor.on(
        "console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None
    )
    visitor.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived",
            lambda frame: frames.append(frame if isinstance(frame, bytes) else frame.encode()),
        ),
    )
    come(visitor, f"{guarded.address}/market?lang=zh")
    expect(visitor.get_by_role("heading", level=1)).to_have_text("登录")
    visitor.wait_for_load_state("networkidle")
    # At a deeper address Streamlit first looks for itself there, and is told 404.
    assert [one for one in faults if "404" not in one] == [], "its font and programs are there"
    assert visitor.locator(".js-plotly-plot, [data-testid='stMetric']").count() == 0
    seen = b"".join(frames)
    assert seen
    assert [word for word in (b"300624", b".SZ", b"snap") if word in seen] == []

    asked = f"{guarded.address}/market?lang=en&ticker=300624.SZ"
    sign_in(visitor, guarded, "Alice", asked)
    expect(visitor.get_by_text("alice@example.com")).to_be_visible(timeout=PATIENCE_MS)
    expect(visitor.get_by_role("heading", level=1)).to_have_text(
        "Did the share price really react?", timeout=PATIENCE_MS
    )
    assert visitor.url.startswith(asked), "the page that was asked for, and not the first"
    assert not [
        cookie["name"]
        for cookie in visitor.context.cookies()
        if cookie["name"].startswith("_streamlit_user") and not cookie["httpOnly"]
    ]

    visitor.get_by_role("button", name="Sign out").click()
    expect(visitor.get_by_role("button", name="Sign in with")).to_be_visible(timeout=PATIENCE_MS)
    assert "/end" in guarded.provider.asked, "the provider was told"
    come(visitor, f"{guarded.address}/?lang=en")
    expect(visitor.get_by_role("button", name="Sign in with")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Mallory", "mallory@evil.test is not among those who are let in."),
        ("Liar", "The provider does not vouch for the address boss@example.com."),
    ],
)
def test_an_address_that_is_not_on_the_list_is_refused_and_may_try_another(
    visitor: Page, guarded: Guarded, name: str, told: str
) -> None:
    sign_in(visitor, guarded, name)
    expect(visitor.get_by_text(told)).to_be_visible(timeout=PATIENCE_MS)
    assert visitor.locator(".js-plotly-plot, [data-testid='stMetric']").count() == 0
    visitor.get_by_role("button", name="Sign out and use another address").click()
    expect(visitor.get_by_role("button", name="Sign in with")).to_be_visible(timeout=PATIENCE_MS)


def test_a_sign_in_runs_out(visitor: Page, guarded: Guarded) -> None:
    guarded.provider.age_seconds = 25 * 3600
    try:
        sign_in(visitor, guarded, "Alice")
        expect(visitor.get_by_text("The sign-in has run out")).to_be_visible(timeout=PATIENCE_MS)
        assert visitor.locator(".js-plotly-plot, [data-testid='stMetric']").count() == 0
    finally:
        guarded.provider.age_seconds = 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/_stcore/upload_file/a/b"),
        ("GET", "/media/0.png"),
    ],
)
def test_nobody_sends_or_fetches_a_file_without_a_sign_in(
    guarded: Guarded, method: str, path: str
) -> None:
    forged = {"Cookie": "_streamlit_user=" + json.dumps({"is_logged_in": True})}
    request = urllib.request.Request(guarded.address + path, method=method, headers=forged)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403
    assert refused.value.read() == b"Sign in first.\n"
    refused.value.close()


def test_no_secret_is_in_what_the_dashboard_says(guarded: Guarded) -> None:
    said = guarded.log.read_text()
    assert oidc.CLIENT_SECRET not in said
    assert COOKIE_SECRET not in said
