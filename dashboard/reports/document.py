"""A report before it has a format: what is said, in order, in one language.

PDF, HTML, spreadsheet and slides are renderings of the same document, so they cannot say different
things.
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
    """A table of text, and what its cells are worth to a spreadsheet.

    Attributes
    ----------
    caption, header, rows
        The words, cell by cell.
    numeric
        Which columns are set to the right.
    values
        The value behind each cell, in the shape of ``rows``: a number, a day, an instant, or
        ``None`` where the text is all there is; empty where no cell has one.
    formats
        How a spreadsheet writes each column (``0.0%``, ``#,##0.00``, ``yyyy-mm-dd``), ``""`` as it
        comes; empty where no cell has a value.
    whole
        The same table with every row, for a spreadsheet, where ``rows`` are only the first;
        ``None`` where they are all.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    values: tuple[tuple[object, ...], ...] = ()
    formats: tuple[str, ...] = ()
    whole: Grid | None = None


@dataclass(frozen=True)
class Input:
    """A number that a reader may change.

    Attributes
    ----------
    key
        Its name in formulas: letters, digits and underscores.
    label, unit, evidence, source
        Its name, unit, evidence kind and source, in the reader's language.
    value
        The number.
    text
        The number as it is written in running text.
    format
        How a spreadsheet writes it.
    """

    key: str
    label: str
    value: float
    text: str
    format: str = "General"
    unit: str = ""
    evidence: str = ""
    source: str = ""


@dataclass(frozen=True)
class Formula:
    """A number that follows from others.

    ``expression`` is a spreadsheet's formula without the equals sign, in which ``{key}`` stands for
    an input or an earlier formula: ``{price} * (1 - {fee_rate})``. ``value`` is what it comes to,
    computed by the program; the other fields are those of :class:`Input`.
    """

    key: str
    label: str
    expression: str
    value: float
    text: str
    format: str = "General"
    unit: str = ""


@dataclass(frozen=True)
class Calculation:
    """Numbers that follow from inputs: live in a spreadsheet, a table everywhere else.

    Attributes
    ----------
    caption
        What is calculated.
    header
        The words for name, value, unit, evidence, and source or formula.
    inputs, formulas
        In the order in which they are shown; a formula may use what stands before it.
    """

    caption: str
    header: tuple[str, str, str, str, str]
    inputs: tuple[Input, ...]
    formulas: tuple[Formula, ...]

    def grid(self) -> Grid:
        """Return it as a table, formulas spelt with the names of what they use."""
        names = {line.key: f"[{line.label}]" for line in (*self.inputs, *self.formulas)}
        given = [
            (line.label, line.text, line.unit, line.evidence, line.source) for line in self.inputs
        ]
        found = [
            (line.label, line.text, line.unit, "", f"= {line.expression.format(**names)}")
            for line in self.formulas
        ]
        return Grid(self.caption, self.header, (*given, *found), (False, True, False, False, False))


@dataclass(frozen=True)
class Source:
    """A source with its address: a web address, a bundled file, or empty."""

    title: str
    address: str = ""

    @property
    def on_the_web(self) -> bool:
        """Whether the address can be opened by a reader."""
        return self.address.startswith(("https://", "http://"))


Block = Paragraph | Points | Picture | Grid | Calculation


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
    pages
        Pages of paper it should fit, 0 for as many as it takes.
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
    pages: int = 0

    def pictures(self) -> Iterator[Picture]:
        """Yield the figures in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, Picture))
