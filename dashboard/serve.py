"""Start the dashboard as a child process, wait for its first page, stop it cleanly."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard import access, launch
from etl.errors import ArtonomicsError, InputError

FIRST_PORT = 8501
PATIENCE_SECONDS = 60.0
_HEALTH, _PAGE, _SCRIPT = "/_stcore/health", "/", "/_stcore/script-health-check"


def serve(
    data_dir: Path,
    announce: Callable[[str], None],
    port: int | None = None,
    *,
    check: bool = False,
    open_browser: bool = False,
    front: launch.Front = launch.DIRECT,
) -> int:
    """Serve the dashboard until it is interrupted; return the exit status.

    Parameters
    ----------
    data_dir
        Folder of the warehouse.
    announce
        Told the address once a page has answered.
    port
        Port wanted; ``None`` takes the first free one from 8501.
    check
        Stop after one successful answer, which then includes a run of the page's own script.
    open_browser
        Open the address where there is a display.
    front
        The proxy before it, if there is one.

    Raises
    ------
    InputError
        If the wanted port is taken, or the sign-in is configured by halves.
    ArtonomicsError
        If the dashboard stops or does not answer.
    """
    _look_at_the_sign_in(data_dir)
    port = _choose_port(port)
    address = launch.address(port, front)
    try:
        with running(port, data_dir, check=check, front=front) as child:
            if check:
                _run_script(port, front)
            announce(address)
            if check:
                return 0
            if open_browser and _has_display():
                webbrowser.open(address)
            _say("Ctrl-C stops it.")
            child.wait()
            raise _stopped(child)
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0


def _look_at_the_sign_in(data_dir: Path) -> None:
    """Say what ought to be known about the sign-in, and start nothing with half of one."""
    login = access.load(data_dir)
    for line in access.notes(data_dir, login) if login else ():
        _say(line)


def _choose_port(wanted: int | None) -> int:
    if wanted is not None:
        if _is_free(wanted):
            return wanted
        raise InputError(
            f"the port {wanted} is taken by another program",
            "a free port",
            f"name another one (--port {wanted + 1}) or leave --port out",
        )
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if _is_free(port):
            if port != FIRST_PORT:
                _say(f"The port {FIRST_PORT} is taken; {port} is free and used instead.")
            return port
    raise InputError(
        f"the ports {FIRST_PORT} to {FIRST_PORT + 99} are all taken",
        "a free port",
        "name one with --port",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((launch.ADDRESS, port))
        except OverflowError:
            raise InputError(f"got --port {port}", "a port from 1 to 65535") from None
        except OSError:
            return False
    return True


@contextmanager
def running(
    port: int, data_dir: Path, *, check: bool = False, front: launch.Front = launch.DIRECT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the dashboard, yield its process once a page answers, and end it on leaving.

    It has a session of its own: Ctrl-C comes to the caller, who ends it in order. ``check`` lets
    the page's own script be asked for its health.
    """
    environment = launch.environment()
    if check:
        environment["STREAMLIT_SERVER_SCRIPT_HEALTH_CHECK_ENABLED"] = "true"
    child = subprocess.Popen(
        launch.command(port, data_dir, front),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        for path in (_HEALTH, _PAGE):
            _await_answer(child, port, _below(front, path))
        yield child
    finally:
        signal.signal(signal.SIGTERM, before)
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _below(front: launch.Front, path: str) -> str:
    return f"/{front.base_path}{path}" if front.base_path else path


def _await_answer(child: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise _stopped(child)
        try:
            status, words = _get(port, path)
        except OSError:  # not listening yet
            time.sleep(0.1)
            continue
        if status == http.HTTPStatus.OK:
            return
        answer = f"status {status}: {words}"
        time.sleep(0.2)
    raise ArtonomicsError(
        f"the dashboard answered {answer} at {path}",
        f"a page within {PATIENCE_SECONDS:.0f} seconds",
        "read the lines above; `artonomics doctor` checks the installation",
    )


def _run_script(port: int, front: launch.Front) -> None:
    """Let the dashboard run its first page once, as a browser would make it do."""
    status, words = _get(port, _below(front, _SCRIPT))
    if status != http.HTTPStatus.OK:
        raise ArtonomicsError(
            f"the first page ended in status {status}: {words}",
            "a page without an error",
            "open it with `artonomics dashboard` and read what it says",
        )


def _get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(launch.ADDRESS, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(200).decode(errors="replace").strip()
    finally:
        connection.close()


def _stopped(child: subprocess.Popen[bytes]) -> ArtonomicsError:
    return ArtonomicsError(
        f"the dashboard stopped with exit status {child.returncode}",
        "a running dashboard",
        "read the lines above; `artonomics doctor` checks the installation",
    )


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say(message: str) -> None:
    sys.stderr.write(message + "\n")
