"""Figures leave room for what they draw on a phone."""

from __future__ import annotations

import pandas as pd

from dashboard.figures import compute, labels, theme
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
    assert " · ".join(lines) == labels.run(words("en"), costs["label"][0])
    assert max(map(theme.columns, lines)) <= 27
    assert max(map(theme.columns, figure["layout"]["xaxis"]["title"]["text"].split("<br>"))) <= 27


def test_names_of_published_cards_and_models_leave_room_for_their_bars() -> None:
    card = "NVIDIA RTX PRO 6000 Blackwell Server Edition"
    cards = pd.DataFrame(
        {
            "benchmark": ["MLPerf", "ML.ENERGY"],
            "scenario": ["Offline", None],
            "device_name": [card, "NVIDIA H100 80GB HBM3"],
            "images_per_second_per_device": [1.4, None],
            "joules_per_image": [None, 1040.0],
            "model": ["sdxl", "stabilityai/stable-diffusion-3-medium-diffusers"],
            "steps": [20, 28],
            "batch": [None, 32],
        }
    )
    none = ["model", "task", "steps", "images_per_second", "joules_per_image_gross", "label"]
    own = pd.DataFrame(columns=[*none, "device_name", "preset", "batch"])
    speed = compute.published_figure(cards, own, words("en"))
    energy = compute.energy_figure(cards, own, words("en"))
    names = [figure["data"][0]["y"][0] for figure in (speed, energy)]
    assert [name.replace("<br>", " ") for name in names] == [
        card,
        "stable-diffusion-3-medium- diffusers · H100 80GB HBM3 batch 32",
    ]
    assert all(theme.columns(line) <= 27 for name in names for line in name.split("<br>"))
