"""What building a report needs from the machine: a Chromium and a font with Chinese characters.

Both are asked for before any work starts, because neither is missed loudly: without the font the
compiler draws boxes in silence.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from etl.errors import ArtonomicsError

BROWSER_VARIABLE = "BROWSER_PATH"
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
"""Where a Chromium is looked for, by name on the path or by place."""

CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
)
"""Families with simplified Chinese characters, the best first."""
_LATIN_FONTS = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Arial", "Libertinus Serif")


class BrowserMissingError(ArtonomicsError):
    """No Chromium is installed (exit status 2: the next step is the user's)."""

    exit_status = 2
    default_code = "NO_BROWSER"


class FontMissingError(ArtonomicsError):
    """No font with Chinese characters is installed (exit status 2, as above)."""

    exit_status = 2
    default_code = "NO_CHINESE_FONT"


def find_browser() -> Path:
    """Return the Chromium that draws figures: the variable ``BROWSER_PATH``, or the first found.

    Raises
    ------
    BrowserMissingError
        If there is none, or the variable names something that cannot be run.
    """
    named = os.environ.get(BROWSER_VARIABLE)
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BrowserMissingError(
            f"no browser at {BROWSER_VARIABLE}={named!r}" if named else "no Chromium was found",
            "Chromium, Chrome or Edge, which draws the figures of a report",
            f"install one (Debian: apt install chromium) or name it in {BROWSER_VARIABLE}",
        )
    return Path(found)


def fonts(language: str, *, font_dirs: Sequence[Path] | None = None) -> tuple[str, ...]:
    """Return the installed font families for a language, the best first.

    Parameters
    ----------
    language
        ``zh`` needs a family with Chinese characters, ``en`` prefers the same.
    font_dirs
        Look only in these folders and among the compiler's own fonts; ``None`` looks where the
        system keeps its fonts.

    Raises
    ------
    FontMissingError
        If the language is Chinese and no family has its characters.
    """
    import typst

    installed = set(
        typst.Fonts(
            include_system_fonts=font_dirs is None,
            font_paths=[str(folder) for folder in font_dirs or ()],
        ).families()
    )
    chinese = [family for family in CHINESE_FONTS if family in installed]
    if language == "zh" and not chinese:
        raise FontMissingError(
            "no font with Chinese characters was found",
            f"one of {', '.join(CHINESE_FONTS)}",
            "install one (Debian: apt install fonts-noto-cjk), or build with --lang en",
        )
    return (*chinese, *(family for family in _LATIN_FONTS if family in installed))
