"""How the dashboard is started: one Streamlit process over the published snapshot.

Everything is given on the command line, so that an installed copy needs no configuration file, and
nothing is sent anywhere: no telemetry, no external help links, no fonts from the network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard import uploads
from etl.config import default_data_dir

APP = Path(__file__).resolve().parent / "app.py"
SERVER = APP.with_name("asgi.py")
"""What Streamlit is given: the app behind its guard."""
ADDRESS = "127.0.0.1"

OPTIONS = {
    "server.address": ADDRESS,
    "server.headless": "true",
    "server.maxUploadSize": str(uploads.MAX_MEGABYTES),
    "server.fileWatcherType": "none",
    "server.enableXsrfProtection": "true",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableAgentApi": "false",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": "localhost",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "type",
    "client.showErrorLinks": "false",
    "runner.magicEnabled": "false",
    # A whole collection after every run of the script costs more than most runs; Python's own
    # collector, which looks at the young first, stays on.
    "runner.postScriptGC": "false",
    # The sign-in is handed over by dashboard.asgi; a file of the user's other apps is not read.
    "secrets.files": str(APP.with_name("no-secrets.toml")),
}
_DATA, _SERVER_NAME = "--data=", "--server-name="


@dataclass(frozen=True)
class Front:
    """How visitors reach the dashboard where a proxy stands before it.

    Attributes
    ----------
    server_names
        Names it goes by besides this machine's own; ``*.example.com`` stands for all below one.
    base_path
        Path below which it is served, as ``art`` in ``https://example.com/art``.
    """

    server_names: tuple[str, ...] = ()
    base_path: str = ""


DIRECT = Front()
"""No proxy: visitors sit at this machine."""
# The text colours keep a contrast of at least 4.5:1 on the page and on their own badge.
_LIGHT = {
    "primaryColor": "#0063A0",
    "backgroundColor": "#FFFFFF",
    "secondaryBackgroundColor": "#F3F5F8",
    "textColor": "#0B0F19",
    "linkColor": "#005A91",
    "blueTextColor": "#004A78",
    "greenTextColor": "#00563E",
    "orangeTextColor": "#7A3E00",
    "redTextColor": "#8A1C12",
    "violetTextColor": "#5B2A86",
    "grayTextColor": "#4B5563",
}
_DARK = {
    "primaryColor": "#56B4E9",
    "backgroundColor": "#0E1117",
    "secondaryBackgroundColor": "#1A1F29",
    "textColor": "#E8EAED",
    "linkColor": "#7CC4F0",
    "blueTextColor": "#9BD3F5",
    "greenTextColor": "#7FDCBF",
    "orangeTextColor": "#F7C46C",
    "redTextColor": "#FFB4A8",
    "violetTextColor": "#D7B8F3",
    "grayTextColor": "#B6BDC8",
}
_LAYOUT = {
    # Local fonts only; the ones with Chinese characters come after the Latin one.
    "theme.font": "Noto Sans, Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, "
    "Hiragino Sans GB, Arial, sans-serif",
    # Streamlit's own would be fetched for a few words in code.
    "theme.codeFont": "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, Noto Sans Mono, "
    "Noto Sans Mono CJK SC, monospace",
    "theme.headingFontSizes": '["2.1rem", "1.6rem", "1.15rem"]',
    "theme.paddingTop": "0.75rem",
    "theme.metricValueFontSize": "1.8rem",
}


def command(port: int, data_dir: Path, front: Front = DIRECT) -> list[str]:
    """Return the command line that serves ``data_dir`` on ``port``, behind ``front``.

    Start it with :func:`environment`, which lets an uninstalled checkout find its own packages.
    """
    options = OPTIONS | {"server.port": str(port)} | _theme_options()
    if front.base_path:
        options["server.baseUrlPath"] = front.base_path
    flags = [f"--{name}={value}" for name, value in options.items()]
    streamlit = [sys.executable, "-m", "streamlit", "run", str(SERVER)]
    names = [_SERVER_NAME + name for name in front.server_names]
    return [*streamlit, *flags, "--", *names, _DATA + str(data_dir)]


def data_dir(words: Sequence[str]) -> Path:
    """Return the data folder that a command line of :func:`command` gave the dashboard."""
    given = [word.removeprefix(_DATA) for word in words if word.startswith(_DATA)]
    return Path(given[-1]) if given else default_data_dir()


def server_names(words: Sequence[str]) -> list[str]:
    """Return the names that a command line of :func:`command` gave the dashboard."""
    return [word.removeprefix(_SERVER_NAME) for word in words if word.startswith(_SERVER_NAME)]


def environment() -> dict[str, str]:
    """Return this process's environment with our packages on the path of the new one."""
    root = str(APP.parent.parent)
    inherited = os.environ.get("PYTHONPATH", "")
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root}


def address(port: int, front: Front = DIRECT) -> str:
    """Return the address of the dashboard served on ``port`` of this machine."""
    return f"http://localhost:{port}/{front.base_path}".rstrip("/")


def _theme_options() -> dict[str, str]:
    themes = {"light": _LIGHT, "dark": _DARK}
    options = {
        f"theme.{theme}.{name}": value
        for theme, colours in themes.items()
        for name, value in colours.items()
    }
    return options | _LAYOUT
