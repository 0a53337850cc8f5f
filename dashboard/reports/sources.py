"""Sources as they are listed: each title once, its addresses after it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.reports.document import Source


def grouped(sources: Sequence[Source]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each title with its addresses, each once, in order of appearance."""
    found: dict[str, dict[str, None]] = {}
    for source in sources:
        addresses = found.setdefault(source.title, {})
        if source.address:
            addresses[source.address] = None
    return [(title, tuple(addresses)) for title, addresses in found.items()]


def is_web(address: str) -> bool:
    """Return whether a reader can open an address."""
    return Source("", address).on_the_web


def shortened(address: str, most: int = 64) -> str:
    """Return an address as shown: without its scheme, cut in the middle where it is long."""
    shown = address.removeprefix("https://").removeprefix("http://")
    half = most // 2
    return shown if len(shown) <= most else f"{shown[:half]}…{shown[-half:]}"
