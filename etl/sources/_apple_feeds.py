"""The two chart feeds of Apple, read without judgement; pure.

The older one (iTunes RSS) has free, paid and grossing charts by genre, at most 200 rows; the
newer one (marketing tools) has the free and paid charts over all genres, at most 100 rows, and
names apps by track id only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from etl.collection import ITUNES, MARKETING_TOOLS, MARKETING_TOOLS_BEFORE, ChartType, Feed
from etl.errors import SourceError
from etl.sources._http_errors import FIELDS, missing_field

DEEPEST: dict[Feed, int] = {"itunes_rss": 200, "marketing_tools": 100}
"""Rows at which a feed ends."""
_ITUNES_NAMES: dict[ChartType, str] = {
    "free": "topfreeapplications",
    "paid": "toppaidapplications",
    "grossing": "topgrossingapplications",
}
_TOOLS_NAMES: dict[ChartType, str] = {"free": "top-free", "paid": "top-paid"}
_ITUNES_SHAPE = "feed.updated.label, and feed.entry[] with id.attributes.im:id and im:name.label"
_TOOLS_SHAPE = "feed.updated, and feed.results[] with id and name"


@dataclass(frozen=True)
class Wanted:
    """One chart: country, kind, our name of the category and Apple's number (none: overall)."""

    storefront: str
    chart_type: ChartType
    category: str
    genre: int | None

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.storefront} {self.chart_type} {self.category}"


@dataclass(frozen=True)
class Entry:
    """One row of a chart; ``rank`` is its position, 1 is the top."""

    rank: int
    track_id: str
    bundle_id: str | None
    name: str


@dataclass(frozen=True)
class Chart:
    """One chart as a feed gave it, and the instant the feed says it was made (UTC)."""

    wanted: Wanted
    feed: Feed
    address: str
    updated_at: datetime
    entries: tuple[Entry, ...]


def addresses(wanted: Wanted, feed: Feed, depth: int) -> list[str]:
    """Return where a feed has a chart, in the order to try; none where it does not have it."""
    country, rows = wanted.storefront.lower(), min(depth, DEEPEST[feed])
    if feed == "itunes_rss":
        genre = f"/genre={wanted.genre}" if wanted.genre else ""
        name = _ITUNES_NAMES[wanted.chart_type]
        return [f"https://{ITUNES}/{country}/rss/{name}/limit={rows}{genre}/json"]
    if wanted.genre or wanted.chart_type not in _TOOLS_NAMES:
        return []
    path = f"/api/v2/{country}/apps/{_TOOLS_NAMES[wanted.chart_type]}/{rows}/apps.json"
    return [f"https://{host}{path}" for host in (MARKETING_TOOLS, MARKETING_TOOLS_BEFORE)]


def read(wanted: Wanted, feed: Feed, address: str, document: Any) -> Chart:
    """Return the chart in a document of a feed.

    Raises
    ------
    SourceError
        When a field that a chart needs is not where it was.
    """
    reader = _itunes_entries if feed == "itunes_rss" else _tools_entries
    body = _at(document, "feed") or {}
    return Chart(wanted, feed, address, _updated(feed, body), tuple(reader(body)))


def _updated(feed: Feed, body: Any) -> datetime:
    """Return when a feed says that it was made."""
    if feed == "itunes_rss":
        what, told, shape = "feed.updated.label", _at(body, "updated", "label"), _ITUNES_SHAPE
    else:
        what, told, shape = "feed.updated", _at(body, "updated"), _TOOLS_SHAPE
    if not isinstance(told, str):
        raise missing_field(f"a chart of {feed}", what, shape)
    try:
        instant = datetime.fromisoformat(told)
    except ValueError:
        try:
            instant = parsedate_to_datetime(told)
        except ValueError:
            raise SourceError(
                f"got {told!r} as the time of a chart of {feed}",
                "an instant such as 2026-11-23T05:00:00-07:00",
                "see whether the feed has changed its notation",
                code=FIELDS,
            ) from None
    # Without an offset no day could be told from it: Apple has always given one.
    if instant.tzinfo is None:
        raise missing_field(f"a chart of {feed}", f"{what} with an offset from UTC", shape)
    return instant.astimezone(UTC)


def _itunes_entries(body: Any) -> Iterator[Entry]:
    """Yield the rows of an iTunes feed: a list, one bare object, or nothing for an empty chart."""
    entries = body.get("entry", [])
    listed = [entries] if isinstance(entries, dict) else entries
    for rank, entry in enumerate(listed, start=1):
        track_id = _at(entry, "id", "attributes", "im:id")
        name = _at(entry, "im:name", "label")
        if not track_id or not name:
            what = "id.attributes.im:id" if not track_id else "im:name.label"
            raise missing_field("a chart of itunes_rss", f"feed.entry[].{what}", _ITUNES_SHAPE)
        yield Entry(rank, track_id, _at(entry, "id", "attributes", "im:bundleId") or None, name)


def _tools_entries(body: Any) -> Iterator[Entry]:
    results = body.get("results")
    if not isinstance(results, list):
        raise missing_field("a chart of marketing_tools", "feed.results", _TOOLS_SHAPE)
    for rank, entry in enumerate(results, start=1):
        track_id, name = _at(entry, "id"), _at(entry, "name")
        if not track_id or not name:
            what = "name" if track_id else "id"
            raise missing_field(
                "a chart of marketing_tools", f"feed.results[].{what}", _TOOLS_SHAPE
            )
        yield Entry(rank, str(track_id), None, name)


def _at(value: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
