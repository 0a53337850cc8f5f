"""A report before it has a format: what is said, in order, in one language.

PDF and HTML are two renderings of the same document, so they cannot say different things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import plotly.graph_objects as go


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of short sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption; ``key`` is unique in the document, the size is in pixels.

    The alternative text is the figure's own (``layout.meta["alt"]``).
    """

    key: str
    figure: go.Figure
    caption: str

    @property
    def alt(self) -> str:
        """What the figure shows, in words."""
        return str(self.figure["layout"]["meta"]["alt"])


@dataclass(frozen=True)
class Grid:
    """A table of text; ``numeric`` says which columns are set to the right."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


@dataclass(frozen=True)
class Source:
    """A source with its address: a web address, a bundled file, or empty."""

    title: str
    address: str = ""

    @property
    def on_the_web(self) -> bool:
        """Whether the address can be opened by a reader."""
        return self.address.startswith(("https://", "http://"))


Block = Paragraph | Points | Picture | Grid


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """One report in one language.

    Attributes
    ----------
    language
        ``en`` or ``zh``.
    title, subtitle
        What it is about.
    finding
        The finding in plain sentences, first of all.
    sections
        What it rests on.
    sources_heading, sources
        The sources with their addresses.
    facts
        Pairs of name and value: data as of, filters, version, permalink.
    disclaimer
        What the report is not.
    data_at
        When the data was published (UTC); the only instant a report knows.
    """

    language: str
    title: str
    subtitle: str
    finding: tuple[str, ...]
    sections: tuple[Section, ...]
    sources_heading: str
    sources: tuple[Source, ...]
    facts: tuple[tuple[str, str], ...]
    disclaimer: str
    data_at: datetime

    def pictures(self) -> Iterator[Picture]:
        """Yield the figures in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Picture))
