"""Where everything that the attention report tells was read."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from dashboard import queries
from dashboard.reports.document import Source
from dashboard.reports.edition import Reader
from dashboard.studies.attention import AttentionStudy
from dashboard.studies.frames import column, rows
from dashboard.studies.waves import WaveStudy


def read_from(
    reader: Reader, apps: list[str], study: AttentionStudy, board: WaveStudy
) -> Iterator[Source]:
    """Yield where everything that is told was read, the waves' shares and events included."""
    yield from _looked_up(reader, apps)
    published = rows(study.installs, column(study.installs, "method").eq("disclosed"))
    if len(published):
        told = published[["source_title", "source_url"]].drop_duplicates()
        yield from (Source(str(title), str(url)) for title, url in told.itertuples(index=False))
    yield from _wave_sources(reader, board)


def _wave_sources(reader: Reader, board: WaveStudy) -> Iterator[Source]:
    waves = board.waves
    if waves.empty:
        return
    listed = reader.query("SELECT wave_id, source_url FROM waves ORDER BY wave_id")
    own = rows(listed, column(listed, "wave_id").isin(list(waves["wave_id"])))
    yield from (Source("waves", str(address)) for address in own["source_url"].unique())
    companies = list(dict.fromkeys(waves["ticker"].dropna()))
    shares = reader.query("SELECT ticker, benchmark, alternative_benchmark FROM instruments")
    markets = rows(shares, column(shares, "ticker").isin(companies))
    tickers = [*companies, *markets["benchmark"], *markets["alternative_benchmark"]]
    bars = queries.prices(reader, list(dict.fromkeys(t for t in tickers if isinstance(t, str))))
    read = bars[["ticker", "source_url"]].drop_duplicates()
    for address, of in read.groupby("source_url", sort=False):
        yield Source(", ".join(of["ticker"]), str(address))


def events_of(reader: Reader, board: WaveStudy) -> pd.DataFrame:
    """Return the events by which the waves are measured."""
    held = queries.events(reader)
    named = {*board.waves["event_id"].dropna(), *board.waves["picked_event_id"].dropna()}
    return rows(held, column(held, "event_id").isin(list(named)))


def _looked_up(reader: Reader, apps: list[str]) -> Iterator[Source]:
    """Yield where the counts and positions of the apps were read."""
    counts, ranks = queries.rating_counts(reader), queries.chart_ranks(reader, apps)
    for frame in (rows(counts, column(counts, "app_id").isin(apps)), ranks):
        for address, own in frame.groupby("source_url", sort=False):
            yield Source(", ".join(sorted(set(own["source"].astype(str)))), str(address))
