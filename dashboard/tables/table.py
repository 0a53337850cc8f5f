"""A table before it is shown: a frame, its columns with their headings, and where it comes from.

Pages show it, downloads write it, and reports set it in type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

import pandas as pd

from etl.errors import ArtonomicsError
from etl.spreadsheets import harmless

_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-!|$~<>:])")

ColumnKind = Literal[
    "text",
    "state",
    "wide",
    "integer",
    "number",
    "any",
    "percent",
    "date",
    "instant",
    "link",
    "check",
]


@dataclass(frozen=True)
class Provenance:
    """Where a number comes from.

    Attributes
    ----------
    evidence_kind
        How it came to be.
    unit
        Its unit, in the reader's language; empty where the number bears it already.
    as_of
        The day it is about or was known on.
    source
        Title of the source, or the method behind an estimate; without one the address's host.
    url
        Address of the source where there is one.
    """

    evidence_kind: str
    unit: str = ""
    as_of: date | None = None
    source: str = ""
    url: str = ""


@dataclass(frozen=True)
class TableColumn:
    """A shown column: its heading, how it is written, its decimals, explanation and unit.

    The unit goes with a download; on the page it stands in the heading. A ``signed`` share is a
    change: a report writes its sign in any case.
    """

    label: str
    kind: ColumnKind = "text"
    digits: int = 2
    help: str | None = None
    unit: str = ""
    signed: bool = False


@dataclass(frozen=True)
class Table:
    """A frame to show and to download: the columns to show in order, with their headings.

    ``passed_on`` makes the frame to download where not every shown row may be passed on.
    """

    frame: pd.DataFrame
    columns: Mapping[str, TableColumn] = field(default_factory=dict[str, TableColumn])
    file_name: str = "table"
    passed_on: Callable[[], pd.DataFrame] | None = None

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The shown columns in order."""
        return self.frame.loc[:, list(self.columns)]

    def leaving(self, *, every_column: bool = False) -> pd.DataFrame:
        """Return the shown columns of the rows that may be passed on, as they are.

        Where none may be, one row says why.

        Parameters
        ----------
        every_column
            Also those that are not shown.
        """
        frame = self.frame
        if self.passed_on is not None:
            try:
                frame = self.passed_on()
            except ArtonomicsError as failure:
                return pd.DataFrame({"nothing_may_be_passed_on": [str(failure)]})
        return frame if every_column else frame.loc[:, list(self.columns)]

    def csv(self) -> bytes:
        """Return the shown columns as CSV under their raw names (UTF-8 with a mark for Excel).

        Rows that may not be passed on are left out; where none is left the file says so.
        """
        return harmless(self.leaving()).to_csv(index=False).encode("utf-8-sig")


def plain(text: object) -> str:
    """Return ``text`` with every sign escaped that Markdown would take for its own."""
    return _MARKDOWN_SIGNS.sub(r"\\\1", str(text).replace("\n", " "))
