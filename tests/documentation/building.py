"""Builds the documentation and follows its links."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from documentation import links

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = ROOT / ".cache" / "site"
WRITTEN = ("README.md", "CHANGELOG.md", "data/README.md", "data/measured.md")


def build(site: Path) -> None:
    """Build the pages strictly; raise where there is a warning."""
    # What the theme's makers think of another program's future is no news of this one.
    os.environ["NO_MKDOCS_2_WARNING"] = "true"
    from mkdocs.commands.build import build as built
    from mkdocs.config import load_config

    built(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(site)))


def problems(site: Path) -> list[str]:
    """Return what is wrong with the built pages and with the Markdown files of the checkout."""
    found = links.problems_of_site(site)
    for name in WRITTEN:
        found += links.problems_of_markdown(ROOT / name)
    return found


def main(site: Path) -> int:
    """Build and check; return 1 where there is a warning, a dead link or a stranger's address."""
    from mkdocs.exceptions import Abort

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        build(site)
    except Abort as stop:
        print(f"documentation: {stop}", file=sys.stderr)  # noqa: T201
        return 1
    found = problems(site)
    for problem in found:
        print(f"documentation: {problem}", file=sys.stderr)  # noqa: T201
    return int(bool(found))
