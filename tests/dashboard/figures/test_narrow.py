"""Figures leave room for what they draw on a phone."""

from __future__ import annotations

import pandas as pd

from dashboard.figures import compute, theme
from dashboard.text import words


def test_names_of_runs_leave_room_for_their_bars() -> None:
    costs = pd.DataFrame(
        {
            "task": ["txt2img"],
            "label": ["tiny-shapes · txt2img · default · batch 1 · 64×64 · 20 steps · real"],
            "machine_usd": [0.4],
            "electricity_usd": [0.0],
            "extras_usd": [0.0],
            "generated_usd": [0.4],
        }
    )
    names = {"machine_usd": "machine", "electricity_usd": "power", "extras_usd": "more"}
    figure = compute.cost_figure(costs, names, words("en"))
    (name,) = figure["data"][0]["y"]
    lines = name.split("<br>")
    assert " · ".join(lines) == costs["label"][0]
    assert max(map(theme.columns, lines)) <= 27
    assert max(map(theme.columns, figure["layout"]["xaxis"]["title"]["text"].split("<br>"))) <= 27
