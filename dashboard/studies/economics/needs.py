"""Which inputs the further cards of the page of unit economics lack."""

from __future__ import annotations

from dashboard.studies.economics import capacity, runway, seconds
from dashboard.studies.economics.scenario import ScenarioStudy
from etl.analytics.inputs import INPUTS

OF_A_WAVE = ("peak_installs_per_day", "free_images_per_install", "half_life_days")


def wave_missing(study: ScenarioStudy) -> list[str]:
    """Return the inputs without which a wave's pictures and their fading are not told."""
    return [name for name in OF_A_WAVE if name not in study.scenario.inputs.given]


def needs_of_cards(study: ScenarioStudy) -> dict[str, tuple[str, ...]]:
    """Return input → codes of the cards that say nothing without it, in the catalogue's order.

    Codes are ``capacity``, ``second`` (its price), ``wave`` and ``runway``.
    """
    lacking = {
        "capacity": capacity.missing_inputs(study),
        "second": seconds.seconds_missing(study),
        "wave": wave_missing(study),
        "runway": runway.missing_inputs(study),
    }
    return {
        name: cards
        for name in INPUTS
        if (cards := tuple(card for card, needed in lacking.items() if name in needed))
    }
