"""The case the whole question began with; pages and reports open on it."""

from __future__ import annotations

from etl.analytics.rank_shocks import EVENT_PREFIX

TICKER = "1357.HK"
"""Meitu, the listed company behind the app of the wave of December 2022."""

CAUSES = ("E0018", "E0019", "E0084")
"""What happened: the launch in China, the launch worldwide, the first place in Japan."""

CHOSEN_BY_PRICE = "E0085"
"""The day the newspaper picked, because the price had moved."""

APPS = ("Lensa AI", "Wonder", "ARTA", "WOMBO Dream", "Remini", "Meitu")
"""The apps of that autumn, by name."""

WAVE = (*CAUSES, CHOSEN_BY_PRICE)
"""Event identifiers of the wave, in order of their dates."""


def default_events(ticker: str, event_ids: list[str]) -> list[str]:
    """Return the events of ``ticker`` a page opens on: the wave, all announced, or detected."""
    announced = [name for name in event_ids if not name.startswith(EVENT_PREFIX)]
    wave = [event_id for event_id in WAVE if event_id in event_ids]
    return wave if ticker == TICKER and wave else announced or event_ids
