"""Follows every link of built pages and of Markdown files, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}
"""What a browser fetches by itself, by tag."""
NOT_FETCHED = {"canonical", "next", "prev", "alternate"}
"""Kinds of ``link`` that only say where something is."""


@dataclass
class Built(HTMLParser):
    """What one built page has and where it leads.

    Attributes
    ----------
    anchors
        Identifiers on the page.
    leads_to
        Targets of its links.
    loads
        Addresses of what a browser fetches to show it.
    nameless
        Pictures without words for those who do not see them.
    """

    anchors: set[str] = field(default_factory=set)
    leads_to: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def read(cls, path: Path) -> Built:
        """Read a page."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what counts of a tag."""
        told = {name: value or "" for name, value in attrs}
        self.anchors.update(told[name] for name in ("id", "name") if told.get(name))
        if tag == "a" and "href" in told:
            self.leads_to.append(told["href"])
        if tag == "img" and not told.get("alt"):
            self.nameless.append(told.get("src", ""))
        if tag == "link" and told.get("rel", "") in NOT_FETCHED:
            return
        self.loads += [told[name] for name in LOADED.get(tag, ()) if told.get(name)]


def problems_of_site(site: Path) -> list[str]:
    """Return what is wrong with a built site: dead links, strangers asked, nameless pictures."""
    pages = {path: Built.read(path) for path in sorted(site.rglob("*.html"))}
    found = [
        problem
        for path, page in pages.items()
        if path.name != "404.html"  # written for the root of a server
        for problem in _problems_of_page(path, page, pages)
    ]
    return found + [problem for path in site.rglob("*.css") for problem in _strangers(path)]


def _problems_of_page(path: Path, page: Built, pages: dict[Path, Built]) -> Iterator[str]:
    for address in page.loads:
        split = urlsplit(address)
        if split.scheme == "data":
            continue
        if split.scheme or split.netloc:
            yield f"{path.name} loads {address}"
        elif not (path.parent / unquote(split.path)).exists():
            yield f"{path.name} shows {address}, which is not there"
    for address in page.leads_to:
        split = urlsplit(address)
        if split.scheme or split.netloc:
            continue
        target = (path.parent / unquote(split.path)).resolve() if split.path else path
        target = target / "index.html" if target.is_dir() else target
        if not target.exists():
            yield f"{path.name} leads to {address}, which is not there"
        elif split.fragment and unquote(split.fragment) not in pages[target].anchors | {"__top"}:
            yield f"{path.name} leads to {address}, and there is no such place"
    yield from (f"{path.name} shows {name} without words" for name in page.nameless)


def _strangers(style: Path) -> Iterator[str]:
    text = style.read_text(encoding="utf-8")
    for address in re.findall(r"(?:url\(|@import\s+)['\"]?((?:https?:)?//[^'\")\s]+)", text):
        yield f"{style.name} loads {address}"


def problems_of_markdown(path: Path) -> list[str]:
    """Return the links of a Markdown file into the checkout that lead nowhere, anchors too."""
    text = _without_code(path.read_text(encoding="utf-8"))
    found: list[str] = []
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        split = urlsplit(address)
        if split.scheme:
            continue
        target = path.parent / unquote(split.path) if split.path else path
        if not target.exists():
            found.append(f"{path.name} leads to {address}, which is not there")
        elif split.fragment and split.fragment not in headings(target):
            found.append(f"{path.name} leads to {address}, and there is no such place")
    return found


def headings(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a Markdown file."""
    text = _without_code(path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ +(.*?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
