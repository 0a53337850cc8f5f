"""Positions in the App Store's charts by storefront and genre, from Apple's two kinds of feeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import requests

from etl.config import ChartType, Genre
from etl.errors import SourceError
from etl.schemas import APP_CHART_RANKS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._http import Answer, BudgetSpentError, Polite
from etl.sources._itunes import LICENCE, look_up
from etl.sources._snapshot import shape
from etl.sources._stores import answered, begin, each, keep, need

GENRES: dict[Genre, int | None] = {
    "overall": None,
    "photo_and_video": 6008,
    "graphics_and_design": 6027,
    "entertainment": 6016,
}
_LEGACY = "https://itunes.apple.com/{cc}/rss/{feed}/limit={depth}{genre}/json"
_FEEDS: dict[ChartType, str] = {
    "free": "topfreeapplications",
    "paid": "toppaidapplications",
    "grossing": "topgrossingapplications",
}
NEWER_HOSTS = ("rss.marketingtools.apple.com", "rss.applemarketingtools.com")
"""The newer feed moved from the second to the first in February 2025."""
_NEWER = "https://{host}/api/v2/{cc}/apps/{feed}/{depth}/apps.json"
_NEWER_FEEDS: dict[ChartType, str] = {"free": "top-free", "paid": "top-paid"}
_NEWER_DEPTHS = (10, 25, 50, 100)
INFO = SourceInfo(
    name="apple_charts",
    table=APP_CHART_RANKS,
    title="Top free, paid and grossing apps of the App Store by storefront and genre, today",
    publisher="Apple, iTunes RSS feeds and marketing-tools feeds",
    licence=LICENCE,
    redistributable="facts only",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present: a missed day is lost. The iTunes feeds end at 100 or 200 rows "
    "whatever is asked; the newer feed ends at 100, has neither genres nor grossing, and is asked "
    "where the other fails. An app outside a chart is not ranked, which is no rank of its own.",
    bundled=False,
    reach="present",
)


@dataclass(frozen=True)
class Wanted:
    """One chart to read."""

    storefront: str
    chart_type: ChartType
    genre: Genre
    depth: int


@dataclass(frozen=True)
class Feed:
    """One chart as it was answered.

    Attributes
    ----------
    wanted
        Which chart.
    answer
        The raw answer.
    document
        Its JSON.
    newer
        Whether it is the newer feed.
    bundle_ids
        Bundle identifier by track id, for the newer feed, which does not name them.
    """

    wanted: Wanted
    answer: Answer
    document: Any
    newer: bool = False
    bundle_ids: dict[str, str] = field(default_factory=dict[str, str])


def fetch(request: Request, *, session: requests.Session | None = None, sleep: Any = None) -> Raw:
    """Read every wanted chart; one that fails stops no other.

    Parameters
    ----------
    request
        A live run; ``user_dir`` may hold ``collection.toml``.
    session, sleep
        How the network is reached and how time is waited; the defaults suit the real servers.

    Raises
    ------
    SourceError
        When not one chart was answered.
    """
    asked = begin(request, INFO.name, session, sleep)
    feeds: list[Feed] = []
    failures: list[str] = []

    def ask(wanted: Wanted) -> None:
        feed = _ask(asked.polite, wanted, failures)
        keep(request, INFO.name, f"{wanted.storefront}-{wanted.chart_type}-{wanted.genre}.json",
             feed.answer)  # fmt: skip
        feeds.append(feed)

    charts = [
        Wanted(storefront, chart_type, genre, asked.wanted.depth)
        for storefront in asked.wanted.storefronts
        for genre in asked.wanted.genres
        for chart_type in asked.wanted.chart_types
    ]
    each(charts, ask, failures)
    return answered(feeds, request, failures, "chart from Apple's feeds")


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_chart_ranks``.

    ``chart_snapshot_id`` and ``observed_on`` come from the feed's own instant, so that a feed that
    has not moved since yesterday is not taken for a new reading.
    """
    rows = [row for feed in raw.payload for row in _rows(feed)]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return shape(APP_CHART_RANKS, frame, raw, evidence_kind="measured")


_COLUMNS = [
    "chart_snapshot_id", "observed_on", "storefront", "chart_type", "category", "rank",
    "chart_depth", "app_id", "track_id", "app_name", "source_url",
]  # fmt: skip


def _ask(polite: Polite, wanted: Wanted, failures: list[str]) -> Feed:
    """Ask the iTunes feed, and where it fails the newer one if that has such a chart."""
    try:
        return _legacy(polite, wanted)
    except BudgetSpentError:
        raise
    except SourceError as error:
        if wanted.genre != "overall" or wanted.chart_type not in _NEWER_FEEDS:
            raise
        feed = _newer(polite, wanted)
        failures.append(f"{error}; the newer feed was read instead")
        return feed


def _legacy(polite: Polite, wanted: Wanted) -> Feed:
    genre = GENRES[wanted.genre]
    url = _LEGACY.format(
        cc=wanted.storefront.lower(),
        feed=_FEEDS[wanted.chart_type],
        depth=wanted.depth,
        genre=f"/genre={genre}" if genre else "",
    )
    answer = polite.get(url)
    feed = Feed(wanted, answer, answer.json())
    _rows(feed)  # a changed form is found here, where the other feed can still be asked
    return feed


def _newer(polite: Polite, wanted: Wanted) -> Feed:
    depth = max(n for n in _NEWER_DEPTHS if n <= max(wanted.depth, _NEWER_DEPTHS[0]))
    told: list[str] = []
    for host in NEWER_HOSTS:
        url = _NEWER.format(
            host=host,
            cc=wanted.storefront.lower(),
            feed=_NEWER_FEEDS[wanted.chart_type],
            depth=depth,
        )
        try:
            answer = polite.get(url)
            document = answer.json()
            ids = [str(need(answer, one, "id")) for one in _newer_results(answer, document)]
            return Feed(wanted, answer, document, True, _bundle_ids(polite, ids, wanted))
        except BudgetSpentError:
            raise
        except SourceError as error:
            told.append(str(error))
    raise SourceError("; ".join(told), "one of the two feeds", "try again later")


def _bundle_ids(polite: Polite, ids: list[str], wanted: Wanted) -> dict[str, str]:
    return {
        str(result["trackId"]): str(result["bundleId"])
        for one in look_up(polite, ids, wanted.storefront)
        for result in one.results
        if result.get("trackId") and result.get("bundleId")
    }


def _newer_results(answer: Answer, document: Any) -> list[Any]:
    results = need(answer, document, "feed", "results")
    if not isinstance(results, list):
        raise answer.unlike("a list of results", f"{type(results).__name__}")
    return results


def _rows(feed: Feed) -> list[dict[str, Any]]:
    entries = _newer_entries(feed) if feed.newer else _legacy_entries(feed)
    said = need(feed.answer, feed.document, "feed", "updated")
    stamp = said["label"] if isinstance(said, dict) else said
    updated = pd.to_datetime(stamp, utc=True, errors="coerce")
    if pd.isna(updated):
        raise feed.answer.unlike("the instant of the chart in feed.updated", repr(stamp))
    kind = "apple-newer" if feed.newer else "apple"
    common = {
        "chart_snapshot_id": f"{kind}-{updated:%Y%m%dT%H%M%SZ}",
        "observed_on": updated.tz_localize(None).normalize(),
        "storefront": feed.wanted.storefront,
        "chart_type": feed.wanted.chart_type,
        "category": feed.wanted.genre,
        "chart_depth": len(entries),
        "source_url": feed.answer.url,
    }
    return [common | {"rank": rank} | entry for rank, entry in enumerate(entries, start=1)]


def _legacy_entries(feed: Feed) -> list[dict[str, Any]]:
    """Return the apps in order; a chart of one app is no list, one of none has no entry."""
    document = need(feed.answer, feed.document, "feed")
    entries = document.get("entry", [])
    return [
        {
            "app_id": need(feed.answer, one, "id", "attributes", "im:bundleId"),
            "track_id": need(feed.answer, one, "id", "attributes", "im:id"),
            "app_name": need(feed.answer, one, "im:name", "label"),
        }
        for one in (entries if isinstance(entries, list) else [entries])
    ]


def _newer_entries(feed: Feed) -> list[dict[str, Any]]:
    """Return the apps in order; one whose bundle identifier is unknown goes to quarantine."""
    return [
        {
            "app_id": feed.bundle_ids.get(str(one["id"])),
            "track_id": str(one["id"]),
            "app_name": need(feed.answer, one, "name"),
        }
        for one in _newer_results(feed.answer, feed.document)
    ]
