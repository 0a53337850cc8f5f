"""What every report says about itself: the data it rests on, its filters, its terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from dashboard import queries
from dashboard.text import LANGUAGES, Words
from etl.delivery.channels import link_base

if TYPE_CHECKING:
    from dashboard.reports.choice import Choice

_HASH_SIGNS = 12


class PublishedData(Protocol):
    """What a report says about the snapshot it stands on."""

    @property
    def published_at(self) -> datetime:
        """When it was published (UTC)."""
        ...

    @property
    def data_version(self) -> str:
        """Hash of its values."""
        ...


class Reader(queries.Reader, Protocol):
    """A reader of the published snapshot that can also say which one it is."""

    @property
    def info(self) -> PublishedData:
        """The snapshot read at present."""
        ...

    def left_out(self) -> pd.DataFrame:
        """Return the rows it does not show: source, table_name, n_rows."""
        ...


@dataclass(frozen=True)
class Edition:
    """The data and the program behind a report.

    Attributes
    ----------
    as_of
        Nothing that became public later is used; ``None`` sets no limit.
    published_at
        When the data was published (UTC).
    data_version
        Hash of the data.
    version
        Version of the program.
    left_out
        Source, table and number of the rows that may not be passed on: nothing here rests on them.
    house
        The house's own disclosure by language; nothing is said where a language has none.
    link_base
        Address of the dashboard before the permalink; empty where nobody has told it.
    """

    as_of: date | None
    published_at: datetime
    data_version: str
    version: str
    left_out: tuple[tuple[str, str, int], ...] = ()
    house: dict[str, str] = field(default_factory=dict[str, str])
    link_base: str = ""

    def facts(
        self, words: Words, filters: str, permalink: str, *more: tuple[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Yield name and value of what stands at the foot of a report.

        Parameters
        ----------
        words
            The language.
        filters
            What was chosen, by raw codes.
        permalink
            Address of the same view on the dashboard, from its root.
        more
            Facts of one report, told after the day of the data.
        """
        yield words.t("Data published"), f"{self.published_at:%Y-%m-%d %H:%M} UTC"
        yield from more
        if self.as_of is not None:
            yield words.t("As known on"), words.date(self.as_of)
        yield words.t("Filters"), filters
        for source, table, n_rows in self.left_out:
            told = words.n(
                "{n} row of {source} in {table}",
                "{n} rows of {source} in {table}",
                n_rows,
                source=source,
                table=table,
            )
            yield words.t("Left out by its terms"), told
        yield words.t("Permalink"), f"{self.link_base}{permalink}"
        yield words.t("Data version"), self.data_version[:_HASH_SIGNS]
        yield words.t("Program"), f"Artonomics {self.version}"

    def kept_back(self) -> str:
        """Return the end of a sentence that names the sources left out; empty without any."""
        names = sorted({source for source, _, _ in self.left_out})
        return f"; left out by their terms: {', '.join(names)}" if names else ""

    def disclaimer(self, words: Words) -> str:
        """Return what the report is not, after the house's own words where it has some.

        Each paragraph and each line of the house stands on a line of its own.
        """
        ours = words.t(
            "This report describes the past. It is no investment advice and no offer to buy or "
            "sell anything."
        )
        return "\n".join(filter(None, (self.house.get(words.language, ""), ours)))


def edition_of(reader: Reader, as_of: date | None, choice: Choice, *tables: str) -> Edition:
    """Return the edition of a report that rests on ``tables``.

    Parameters
    ----------
    reader
        The published snapshot.
    as_of
        Nothing that became public later is used.
    choice
        The house's own disclosure, and the data folder that names the dashboard's address.
    tables
        Names of the tables read, of which left-out rows are told.
    """
    left = reader.left_out()
    own = left.loc[left["table_name"].isin(tables)]
    info = reader.info
    return Edition(
        as_of=as_of,
        published_at=info.published_at,
        data_version=info.data_version,
        version=version("artonomics"),
        left_out=tuple(
            (str(row["source"]), str(row["table_name"]), int(row["n_rows"]))
            for row in own.to_dict("records")
        ),
        house=choice.house,
        link_base="" if choice.data_dir is None else link_base(choice.data_dir),
    )


def house_words(data_dir: Path) -> dict[str, str]:
    """Return the house's own disclosure by language: ``disclosure.en.txt``, ``disclosure.zh.txt``.

    They lie in the data folder; a language without a file has none. Lines stay lines, empty ones
    are left out.
    """
    files = {language: data_dir / f"disclosure.{language}.txt" for language in LANGUAGES}
    return {
        language: "\n".join(filter(None, (" ".join(line.split()) for line in _lines(file))))
        for language, file in files.items()
        if file.is_file()
    }


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
