"""How the dashboard is started: one Streamlit process over the published snapshot.

Everything is given on the command line, so that an installed copy needs no configuration file, and
nothing is sent anywhere: no telemetry, no external help links, no fonts from the network.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dashboard import uploads

APP = Path(__file__).resolve().parent / "app.py"
ADDRESS = "127.0.0.1"

OPTIONS = {
    "server.address": ADDRESS,
    "server.headless": "true",
    "server.maxUploadSize": str(uploads.MAX_MEGABYTES),
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": "localhost",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "type",
    "client.showErrorLinks": "false",
    "runner.magicEnabled": "false",
}
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
    "theme.headingFontSizes": '["2.1rem", "1.6rem", "1.15rem"]',
    "theme.paddingTop": "0.75rem",
    "theme.metricValueFontSize": "1.8rem",
}


def command(port: int, data_dir: Path) -> list[str]:
    """Return the command line that serves ``data_dir`` on ``port``.

    Start it with :func:`environment`, which lets an uninstalled checkout find its own packages.
    """
    options = OPTIONS | {"server.port": str(port)} | _theme_options()
    flags = [f"--{name}={value}" for name, value in options.items()]
    streamlit = [sys.executable, "-m", "streamlit", "run", str(APP)]
    return [*streamlit, *flags, "--", f"--data={data_dir}"]


def environment() -> dict[str, str]:
    """Return this process's environment with our packages on the path of the new one."""
    root = str(APP.parent.parent)
    inherited = os.environ.get("PYTHONPATH", "")
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root}


def address(port: int) -> str:
    """Return the address of the dashboard served on ``port``."""
    return f"http://localhost:{port}"


def _theme_options() -> dict[str, str]:
    themes = {"light": _LIGHT, "dark": _DARK}
    options = {
        f"theme.{theme}.{name}": value
        for theme, colours in themes.items()
        for name, value in colours.items()
    }
    return options | _LAYOUT
