"""The printed configuration in the real nginx, before a real dashboard, in a real browser."""

from __future__ import annotations

import gzip
import http.client
import os
import pwd
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browser.conftest import free_port, wait_until_healthy
from playwright.sync_api import Browser, expect

from dashboard import guard, launch, proxy

pytestmark = pytest.mark.browser
NAME = "art.localhost"
FIRST_LOAD_BYTES = 3_000_000
PATIENCE_MS = 60_000


@dataclass
class Behind:
    """A dashboard behind nginx with TLS."""

    port: int

    @property
    def address(self) -> str:
        return f"https://{NAME}:{self.port}"

    def ask(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask nginx past the browser; the certificate is of the test's own making."""
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusting)
        told = {"Host": f"{NAME}:{self.port}", "Accept-Encoding": "gzip"} | headers
        connection.request(method, path, headers=told)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body


def nginx_path() -> str:
    """Return the path of nginx, or skip the test and say so."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip("no nginx on this machine: install nginx-light")
    return found


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of our own for :data:`NAME`, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def whole(folder: Path, site: proxy.Site) -> Path:
    """Write the configuration of a machine whose ``conf.d`` holds the printed one."""
    (folder / "artonomics.conf").write_text(proxy.nginx(site))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(
        f"{user} worker_processes 1; pid {folder}/pid; events {{}}\n"
        f"http {{ access_log off; {temporary} include {folder}/artonomics.conf; }}\n"
    )
    return main


def accepted(folder: Path, site: proxy.Site) -> None:
    """Let nginx itself look at a configuration."""
    words = [nginx_path(), "-t", "-c", str(whole(folder, site)), "-e", str(folder / "error.log")]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr
    assert "warn" not in ended.stderr, ended.stderr


@pytest.fixture(scope="module")
def behind(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("nginx")
    program, inner, outer = nginx_path(), free_port(), free_port()
    front = proxy.front([NAME], "")
    site = proxy.site(front, inner, outer, *certificate(folder))
    log, errors = folder / "dashboard.log", folder / "error.log"
    with log.open("wb") as output:
        dashboard = subprocess.Popen(
            launch.command(inner, published, front),
            stdout=output,
            stderr=subprocess.STDOUT,
            env=launch.environment(),
        )
    words = [program, "-c", str(whole(folder, site)), "-e", str(errors), "-g", "daemon off;"]
    server = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        wait_until_healthy(f"http://127.0.0.1:{inner}", dashboard, log, seconds=60)
        for _ in range(100):
            if server.poll() is not None:
                pytest.fail(f"nginx did not start:\n{errors.read_text()}")
            try:
                Behind(outer).ask("/_stcore/health")
                break
            except OSError:
                time.sleep(0.1)
        yield Behind(outer)
    finally:
        for process in (server, dashboard):
            process.terminate()
            process.wait(timeout=20)


def test_a_first_visit_is_drawn_over_the_websocket_within_three_megabytes(
    browser: Browser, behind: Behind, record_property: Any
) -> None:
    context = browser.new_context(ignore_https_errors=True, locale="en-GB")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    loaded: list[float] = []
    named: dict[str, str] = {}
    weights: dict[str, float] = {}
    said: list[str] = []
    sockets: list[str] = []
    frames: list[str | bytes] = []

    def finished(event: Any) -> None:
        loaded.append(event["encodedDataLength"])
        weights[named.get(event["requestId"], "?")] = event["encodedDataLength"]

    wire.on(
        "Network.responseReceived",
        lambda event: named.update({event["requestId"]: event["response"]["url"]}),
    )
    wire.on("Network.loadingFinished", finished)
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))

    def note(socket: Any) -> None:
        sockets.append(socket.url)
        socket.on("framereceived", lambda frame: frames.append(frame))

    page.on("websocket", note)
    page.goto(f"{behind.address}/?lang=en")
    expect(page.locator(".js-plotly-plot").locator("visible=true").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for(
        timeout=PATIENCE_MS
    )
    page.wait_for_timeout(500)
    context.close()

    assert said == [], "the policy forbids nothing that the page needs"
    assert sockets == [f"wss://{NAME}:{behind.port}/_stcore/stream"]
    whole_load = sum(loaded)
    through_the_socket = sum(len(frame) for frame in frames)
    record_property("first_load_bytes", whole_load)
    record_property("websocket_bytes", through_the_socket)
    told = f"{whole_load:,.0f} bytes in {len(loaded)} answers, {through_the_socket:,} by websocket"
    heaviest = sorted(weights.items(), key=lambda one: -one[1])[:12]
    told += "; heaviest: " + ", ".join(f"{u.rsplit('/', 1)[-1]} {n:,.0f}" for u, n in heaviest)
    assert through_the_socket > 10_000, told
    assert 1_000_000 < whole_load < FIRST_LOAD_BYTES, told


def values(answer: http.client.HTTPResponse, name: str) -> list[str]:
    return answer.headers.get_all(name) or []


def test_every_guarding_header_comes_through_once_and_tls_is_asked_for_from_now_on(
    behind: Behind,
) -> None:
    answer, _ = behind.ask("/")
    for name, value in (guard.HEADERS | guard.PAGE_HEADERS).items():
        assert values(answer, name) == [value]
    (policy,) = values(answer, "Content-Security-Policy")
    assert f"wss://{NAME}:{behind.port}" in policy
    assert values(answer, "Strict-Transport-Security") == ["max-age=31536000"]
    assert values(answer, "Server") == ["nginx"]
    assert values(answer, "Cache-Control") == ["no-cache"]


def test_programs_are_compressed_and_kept_by_the_browser(behind: Behind) -> None:
    index = gzip.decompress(behind.ask("/")[1]).decode()
    script = index.partition('src="./static/js/index')[2].partition('"')[0]
    answer, body = behind.ask(f"/static/js/index{script}")
    assert answer.getheader("Content-Encoding") == "gzip"
    assert "Accept-Encoding" in (answer.getheader("Vary") or "")
    assert answer.getheader("Cache-Control") == "public, immutable, max-age=31536000"
    assert len(body) * 2 < len(gzip.decompress(body))


def test_cookies_go_over_tls_alone(behind: Behind) -> None:
    answer, _ = behind.ask("/_stcore/host-config")
    answer, _ = behind.ask("/_stcore/health")
    cookies = values(answer, "Set-Cookie")
    assert cookies
    assert all("secure" in cookie.lower() for cookie in cookies)


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/_stcore/metrics", "GET", {}, 404),
        ("/_stcore/agent/openapi.json", "GET", {}, 404),
        ("/_stcore/script-health-check", "GET", {}, 404),
        ("/_stcore/upload_file/a/b", "PUT", {"Content-Length": "300000000"}, 413),
        ("/anything", "POST", {"Content-Length": "70000"}, 413),
        ("/", "GET", {"Host": "evil.test"}, 421),
    ],
)
def test_what_no_visitor_needs_is_refused(
    behind: Behind, path: str, method: str, headers: dict[str, str], status: int
) -> None:
    assert behind.ask(path, method, **headers)[0].status == status


@pytest.mark.parametrize("base_path", ["", "art/of"])
@pytest.mark.parametrize("tls", [True, False])
def test_nginx_takes_every_form_of_the_configuration(
    tmp_path: Path, base_path: str, tls: bool
) -> None:
    nginx_path()
    files = certificate(tmp_path) if tls else (None, None)
    names = proxy.front(["art.example.com", "*.example.org"], base_path)
    accepted(tmp_path, proxy.site(names, 8501, free_port(), *files))
