"""Sources as they are listed: each title once, its addresses after it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dashboard.figures import labels
from dashboard.reports.document import Source
from dashboard.text import Words

_VERSION = re.compile(r"(?<=/)(?:blob|raw)/[0-9a-f]{7,40}(?=/)")
"""Where the address of a file names one of its versions."""


def grouped(sources: Sequence[Source]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each title with its addresses, each once, in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for source in sources:
        addresses = found.setdefault(source.title, {})
        if source.address:
            addresses[source.address] = None
    return [(title, tuple(addresses)) for title, addresses in found.items()]


def in_one_version(sources: Iterable[Source], words: Words) -> Iterator[Source]:
    """Yield sources, the versions of one file as one: the address of the last, and their number."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for source in sources:
        file = _VERSION.sub("", source.address)
        found.setdefault((source.title, file), {})[source.address] = None
    for (title, _), addresses in found.items():
        told = words.n("{n} version", "{n} versions", len(addresses))
        yield Source(words.noted(title, told) if len(addresses) > 1 else title, list(addresses)[-1])


def named(sources: Iterable[Source], words: Words) -> Iterator[Source]:
    """Yield sources; what the program computed itself lies in a file of ours, which is no place."""
    for source in sources:
        if source.on_the_web:
            yield source
        else:
            yield Source(words.noted(source.title, words.t("an index computed by this program")))


def of_events(events: Iterable[Mapping[Hashable, Any]], words: Words) -> Iterator[Source]:
    """Yield where each event was read, by its day and title."""
    for row in events:
        title = words.labelled(words.date(row["event_date"]), labels.event_title(row, words))
        yield Source(title, str(row["source_url"]))


def is_web(address: str) -> bool:
    """Return whether a reader can open an address."""
    return Source("", address).on_the_web


def shortened(address: str, most: int = 64) -> str:
    """Return an address as shown: without its scheme, cut in the middle where it is long."""
    shown = address.removeprefix("https://").removeprefix("http://")
    half = most // 2
    return shown if len(shown) <= most else f"{shown[:half]}…{shown[-half:]}"
