"""From the snapshot to the files of a report: ask, say, draw once, write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import pandas as pd

from dashboard import cases, queries
from dashboard.reports import drawing, html, pdf
from dashboard.reports import market as market_report
from dashboard.reports.document import Document, Source
from dashboard.reports.market import Edition
from dashboard.studies import MarketStudy, market_study
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec
from etl.errors import InputError


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
class Output:
    """What to write and with what.

    Attributes
    ----------
    formats
        ``pdf``, ``html``.
    fonts
        Installed font families by language.
    browser
        The Chromium that draws.
    folder, stem
        Where to write, and how file names begin.
    """

    formats: Sequence[str]
    fonts: Mapping[str, Sequence[str]]
    browser: Path
    folder: Path
    stem: str


def market(
    reader: Reader,
    ticker: str,
    event: str | None,
    window: tuple[int, int],
    as_of: date | None,
) -> tuple[MarketStudy, Edition]:
    """Return the study of a share and what its report rests on.

    Raises
    ------
    InputError
        If the window is upside down, or the ticker or an event of it is unknown.
    """
    if window[0] > window[1]:
        raise InputError(f"got the window {window}", "a first day not after the last", "swap them")
    try:
        spec = EventStudySpec(window=window)
    except ValueError as problem:
        raise InputError(str(problem), todo="choose another --window") from None
    instruments = queries.instruments(reader).set_index("ticker")["instrument_type"]
    if instruments.get(ticker, "equity") != "equity":
        raise InputError(
            f"got the ticker {ticker!r}, which is of the type {instruments[ticker]}",
            "a share",
            'list them with `artonomics sql "SELECT ticker, name FROM instruments WHERE '
            "instrument_type = 'equity'\"`",
        )
    events = queries.events(reader, as_of)
    known = events.loc[events["ticker"] == ticker, "event_id"].tolist()
    chosen = event.split(",") if event else cases.default_events(ticker, known)
    study = market_study(reader, ticker, spec, as_of=as_of, event_ids=chosen)
    left_out = _left_out(reader)
    if study.prices.empty and left_out:
        raise InputError(
            f"got bars of {ticker} that may not be passed on: those of {left_out[0][0]}",
            "a share with bars of a source whose terms allow a report",
            "look at it on the Market page, or choose another --ticker",
            code="NOT_REDISTRIBUTABLE",
        )
    info = reader.info
    edition = Edition(
        event_ids=tuple(chosen),
        as_of=as_of,
        published_at=info.published_at,
        data_version=info.data_version,
        version=version("artonomics"),
        sources=tuple(_price_sources(reader, study)),
        left_out=left_out,
    )
    return study, edition


def documents(study: MarketStudy, edition: Edition, languages: Sequence[str]) -> list[Document]:
    """Return the report in each language."""
    return [market_report.document(study, edition, words(language)) for language in languages]


def write(documents: Sequence[Document], output: Output) -> list[Path]:
    """Draw all figures with one browser, write the files, and return them.

    A file appears whole or not at all.
    """
    figures = {
        (document.language, picture.key): picture.figure
        for document in documents
        for picture in document.pictures()
    }
    drawn = drawing.draw({"-".join(key): figure for key, figure in figures.items()}, output.browser)
    output.folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(document, kind, drawn, output) for document in documents for kind in output.formats
    ]


def _write(document: Document, kind: str, drawn: Mapping[str, str], output: Output) -> Path:
    language = document.language
    own = {picture.key: drawn[f"{language}-{picture.key}"] for picture in document.pictures()}
    if kind == "pdf":
        content = pdf.render(document, own, output.fonts[language])
    else:
        content = html.render(document, own).encode()
    path = output.folder / f"{output.stem}_{language}.{kind}"
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    return unfinished.replace(path)


def _left_out(reader: Reader) -> tuple[tuple[str, int], ...]:
    left = reader.left_out()
    bars = left.loc[left["table_name"] == "stock_prices"]
    return tuple(zip(bars["source"].astype(str), bars["n_rows"].astype(int), strict=True))


def _price_sources(reader: Reader, study: MarketStudy) -> Iterator[Source]:
    """Yield where the bars of the share, its markets and its peers were read."""
    peers = study.peers.dropna(subset=["abnormal_return"])
    measured = study.events.loc[study.events["status"] != "excluded"]
    tickers = [str(study.instrument["ticker"]), study.benchmark, *measured["benchmark"]]
    tickers += [*peers["ticker"], *peers["benchmark"]]
    bars = queries.prices(reader, list(dict.fromkeys(tickers)))
    read = bars[["ticker", "source_url"]].drop_duplicates()
    for address, rows in read.groupby("source_url", sort=False):
        yield Source(", ".join(rows["ticker"]), str(address))
