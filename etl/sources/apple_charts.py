"""Positions in the App Store charts of today, from Apple's two feeds; live only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pandas as pd

from etl.collection import ITUNES, Collection, Feed
from etl.errors import SourceError
from etl.schemas import APP_CHART_RANKS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._app_stores import Failures, client_of
from etl.sources._apple_feeds import Chart, Wanted, addresses, read
from etl.sources._http import Answer, HttpClient, json_of
from etl.sources._itunes import batches, lookup
from etl.sources._snapshot import shape

LATE = timedelta(hours=48)
"""A feed that is older says so; a chart is made several times a day."""
AHEAD = timedelta(hours=2)
"""A feed that is made later than this after now shows that a clock is wrong."""
INFO = SourceInfo(
    name="apple_charts",
    table=APP_CHART_RANKS,
    title="Free, paid and grossing charts of the App Store by storefront and genre, day by day",
    publisher="Apple, iTunes RSS and marketing tools feeds",
    licence="Apple's terms of use of its RSS feeds; ranks are for your own use",
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note="The feeds end at 200 rows (iTunes RSS) or 100 (marketing tools: free and paid over all "
    "genres only, apps by track id). They show the present state only: a missed day is lost. The "
    "day is the one the feed says it was made on, in UTC; the last reading of a day stands. A "
    "chart that Apple leaves empty in a storefront has no rows and is told in the ledger.",
)


def fetch(request: Request, *, client: HttpClient | None = None) -> Raw:
    """Read every configured chart; one that fails does not stop the others.

    Raises
    ------
    SourceError
        In an offline run, or when not one chart could be read.
    """
    failures = Failures()
    with client_of(request, client) as asked:
        charts = list(_charts(asked, request.now, failures))
        charts = _named(asked, charts, failures)
    if not any(chart.entries for chart in charts):
        raise SourceError(
            f"got not one chart from Apple ({'; '.join(failures.told()[:2]) or 'all are empty'})",
            f"charts from {ITUNES}",
            "check the connection with `artonomics doctor` and try again later",
        )
    return Raw(tuple(charts), "live", request.now, failures.told())


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_chart_ranks``; an app outside a chart has no row.

    ``app_id`` is the bundle identifier, or the track id where Apple tells nothing else.
    """
    rows = [
        {
            "chart_snapshot_id": f"apple-{chart.updated_at:%Y-%m-%d}",
            "observed_on": chart.updated_at.date().isoformat(),
            "storefront": chart.wanted.storefront,
            "chart_type": chart.wanted.chart_type,
            "category": chart.wanted.category,
            "rank": entry.rank,
            "chart_depth": len(chart.entries),
            "app_id": entry.bundle_id or entry.track_id,
            "track_id": entry.track_id,
            "app_name": entry.name,
            "source_url": chart.address,
        }
        for chart in raw.payload
        for entry in chart.entries
    ]
    return shape(APP_CHART_RANKS, pd.DataFrame(rows), raw, evidence_kind="measured")


def wanted_charts(collection: Collection) -> list[Wanted]:
    """Return every chart that the configuration names."""
    return [
        Wanted(storefront, chart_type, category, genre)
        for storefront in collection.storefronts
        for category, genre in collection.categories.items()
        for chart_type in collection.chart_types
    ]


def _charts(client: HttpClient, now: datetime, failures: Failures) -> Iterator[Chart]:
    for wanted in wanted_charts(client.collection):
        chart = _first_that_answers(client, wanted, failures)
        if chart is None:
            continue
        if chart.updated_at > now + AHEAD:
            failures.add(
                str(wanted),
                f"made at {chart.updated_at:%Y-%m-%d %H:%M} UTC, after this run: a clock is wrong, "
                "and the chart is left out",
            )
            continue
        _tell_doubts(chart, now, failures)
        yield chart


def _first_that_answers(client: HttpClient, wanted: Wanted, failures: Failures) -> Chart | None:
    """Return the chart from the first feed that has it, and say which others failed."""
    collection = client.collection
    failed: list[tuple[str, SourceError]] = []
    for feed in collection.feeds:
        for address in addresses(wanted, feed, collection.depth):
            try:
                read_it = partial(_read, wanted, feed, address)
                chart = client.get(address, read_it, "application/json")
            except SourceError as error:
                failed.append((feed, error))
                continue
            for name, error in failed:
                failures.add(f"{wanted} read from {feed} since {name} failed", error)
            return chart
    if not failed:
        failures.add(str(wanted), f"none of the feeds {', '.join(collection.feeds)} has it")
    for _, error in failed:
        failures.add(str(wanted), error)
    return None


def _read(wanted: Wanted, feed: Feed, address: str, answer: Answer) -> Chart:
    return read(wanted, feed, address, json_of(answer))


def _tell_doubts(chart: Chart, now: datetime, failures: Failures) -> None:
    if not chart.entries:
        failures.add(str(chart.wanted), "the chart is empty")
    if chart.updated_at < now - LATE:
        failures.add(
            str(chart.wanted), f"the feed stands still at {chart.updated_at:%Y-%m-%d %H:%M} UTC"
        )
    repeated = [name for name, n in Counter(e.track_id for e in chart.entries).items() if n > 1]
    if repeated:
        failures.add(str(chart.wanted), f"apps stand there more than once: {', '.join(repeated)}")


def _named(client: HttpClient, charts: Sequence[Chart], failures: Failures) -> list[Chart]:
    """Fill in bundle identifiers that a feed does not tell, looked up by storefront."""
    known = {e.track_id: e.bundle_id for chart in charts for e in chart.entries if e.bundle_id}
    for storefront in client.collection.storefronts:
        unknown = {
            entry.track_id: None
            for chart in charts
            if chart.wanted.storefront == storefront
            for entry in chart.entries
            if entry.track_id not in known
        }
        for batch in batches(list(unknown), client):
            try:
                found = lookup(client, batch, storefront)
            except SourceError as error:
                failures.add(f"bundle identifiers in {storefront}", error)
                continue
            told = {str(app.get("trackId")): app.get("bundleId") for app in found}
            known |= {name: bundle for name, bundle in told.items() if bundle}
            nameless = [name for name in batch if name not in known]
            if nameless:
                failures.add(
                    ", ".join(nameless), f"known by track id only in {storefront}: no look-up"
                )
    return [
        replace(
            chart,
            entries=tuple(
                replace(entry, bundle_id=known.get(entry.track_id)) for entry in chart.entries
            ),
        )
        for chart in charts
    ]
