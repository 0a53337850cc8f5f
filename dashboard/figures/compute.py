"""Measured runs, stages, batches, rooflines and costs of pictures."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import labels, theme
from dashboard.studies.compute import STAGES
from dashboard.text import Words

_MOST_BARS = 30
_BAR_PX, _LINES_PX, _AROUND_PX = 26, 46, 120
_NAME_COLUMNS, _NAME_PX = 27, 11
_STAGE_COLORS = dict(
    zip(STAGES, (theme.ORANGE, theme.PINK, theme.BLUE, theme.GREEN, theme.SKY), strict=True)
)


def _height(names: Sequence[str]) -> int:
    """Return the height in px that bars of some names need: more where a name takes lines."""
    return max(220, _AROUND_PX + sum(_LINES_PX if "<br>" in name else _BAR_PX for name in names))


def _names(runs: Iterable[str], words: Words) -> list[str]:
    """Return names of bars on short lines: long ones leave a phone no room for the bars."""
    return ["<br>".join(_lines(theme.escape(labels.run(words, run)))) for run in runs]


def _lines(name: str) -> list[str]:
    first, *others = name.split(" · ")
    lines = textwrap.wrap(first, _NAME_COLUMNS) or [first]
    for part in others:
        longer = f"{lines[-1]} · {part}"
        if theme.columns(longer) <= _NAME_COLUMNS:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _named(figure: go.Figure, across: str) -> go.Figure:
    """Write the names of rows in small letters, and the title of the axis below in short lines."""
    figure.update_yaxes(tickfont_size=_NAME_PX)
    return figure.update_xaxes(title_text=theme.wrap(across, _NAME_COLUMNS), rangemode="tozero")


def speed_figure(runs: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw pictures a second of each run with the 95 % interval."""
    shown = runs.loc[runs["images_per_second"].notna()].head(_MOST_BARS).iloc[::-1]
    if shown.empty:
        return theme.empty(words.t("No run of this device has a speed."), mode)
    bars = _names(shown["label"], words)
    figure = go.Figure()
    figure.add_bar(
        y=bars,
        x=shown["images_per_second"],
        orientation="h",
        marker={"color": theme.BLUE},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": shown["images_per_second_high"] - shown["images_per_second"],
            "arrayminus": shown["images_per_second"] - shown["images_per_second_low"],
            "color": theme.INKS[mode].text,
        },
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        showlegend=False,
    )
    best = shown.loc[shown["images_per_second"].idxmax()]
    alt = words.t(
        "Pictures a second of {n} runs; the most, {most}, by {run}.",
        n=len(shown),
        most=words.number(best["images_per_second"], digits=2),
        run=labels.run(words, best["label"]),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_height(bars))
    return _named(figure, words.t("Pictures a second (95% interval)"))


def stage_figure(
    runs: pd.DataFrame, names: dict[str, str], words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw where the time of a picture goes, by stage."""
    known = runs["denoiser_seconds"].notna() & (runs["task"] != "lora")
    shown = runs.loc[known].head(_MOST_BARS).iloc[::-1]
    if shown.empty:
        return theme.empty(words.t("No run of this device has times by stage."), mode)
    figure = go.Figure()
    patterns = dict(zip(STAGES, ("/", "x", "", ".", "\\"), strict=True))
    bars = _names(shown["label"], words)
    for stage in STAGES:
        seconds = shown[f"{stage}_seconds"]
        if seconds.isna().all():
            continue
        figure.add_bar(
            y=bars,
            x=seconds / shown["batch"],
            name=names[stage],
            orientation="h",
            marker={"color": _STAGE_COLORS[stage], "pattern": {"shape": patterns[stage]}},
            hovertemplate="%{x:.4g} s<extra>%{fullData.name}</extra>",
        )
    total = sum(shown[f"{stage}_seconds"].fillna(0) for stage in STAGES)
    share = (shown["denoiser_seconds"] / total).median()
    alt = words.t(
        "Seconds of a picture by stage for {n} runs; the denoiser takes {share} of the median run.",
        n=len(shown),
        share=words.percent(share, digits=0),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_height(bars))
    figure.update_layout(barmode="stack")
    return _named(figure, words.t("Seconds a picture"))


def batch_figure(curve: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw pictures a second by batch."""
    if curve.empty:
        return theme.empty(
            words.t("No model was measured at more than one batch on this device."), mode
        )
    figure = go.Figure()
    for position, series in enumerate(dict.fromkeys(curve["series"])):
        own: Any = curve.loc[curve["series"] == series]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["batch"],
            y=own["images_per_second"],
            name=theme.escape(labels.run(words, series)),
            mode="lines+markers",
            line={"color": style.color, "dash": style.dash},
            marker={"symbol": style.symbol, "size": 9},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": own["images_per_second_high"] - own["images_per_second"],
                "arrayminus": own["images_per_second"] - own["images_per_second_low"],
            },
            hovertemplate="%{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
        )
    alt = words.t(
        "Pictures a second by pictures in one call, for {n} models and presets.",
        n=len(set(curve["series"])),
    )
    titles = words.t("Pictures in one call"), words.t("Pictures a second")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=360)
    figure.update_xaxes(type="log", dtick=np.log10(2))
    figure.update_yaxes(rangemode="tozero")
    return figure


def roofline_figure(runs: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw achieved arithmetic against intensity, below the roof of the device."""
    shown = runs.loc[runs["tflops"].notna() & runs["roof_tflops"].notna()]
    if shown.empty:
        return theme.empty(words.t("No run of this device has a place under its roof."), mode)
    figure = go.Figure()
    for position, preset in enumerate(dict.fromkeys(shown["preset"])):
        own: Any = shown.loc[shown["preset"] == preset]
        told = [labels.run(words, run) for run in own["label"]]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["intensity_flop_per_byte"],
            y=own["tflops"],
            name=theme.escape(labels.run(words, preset)),
            mode="markers",
            marker={"color": style.color, "symbol": style.symbol, "size": 11},
            customdata=np.stack([told, own["percent_of_roofline"]], axis=-1),
            hovertemplate="%{customdata[0]}<br>%{y:.4g} TFLOP/s, "
            "%{customdata[1]:.1f}%<extra></extra>",
        )
    roof = shown.sort_values("intensity_flop_per_byte")
    figure.add_scatter(
        x=roof["intensity_flop_per_byte"],
        y=roof["roof_tflops"],
        name=words.t("roof"),
        mode="lines+markers" if len(roof) == 1 else "lines",
        line={"color": theme.INKS[mode].text, "width": 2, "dash": "dash"},
        hovertemplate="%{y:.4g} TFLOP/s<extra>%{fullData.name}</extra>",
    )
    alt = words.t(
        "{n} runs under the roof of the device; the best reaches {share} of it.",
        n=len(shown),
        share=words.percent(shown["percent_of_roofline"].max() / 100, digits=0),
    )
    titles = (
        words.t("Operations a byte of weights read (upper bound)"),
        words.t("TFLOP a second"),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=400)
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log")
    return figure


def published_figure(
    published: pd.DataFrame, own: pd.DataFrame, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw pictures a second of one card: SDXL at 20 steps in MLPerf, beside our own runs."""
    known = published["scenario"].eq("Offline") & published["images_per_second_per_device"].notna()
    best = (
        published.loc[known]
        .sort_values("images_per_second_per_device")
        .drop_duplicates("device_name", keep="last")
    )
    same = (own["model"] == "sdxl") & (own["task"] == "txt2img") & (own["steps"] == 20)
    ours = own.loc[same & own["images_per_second"].notna()]
    if best.empty and ours.empty:
        return theme.empty(words.t("No published figures are held."), mode)
    held = _names(best["device_name"], words)
    told = zip(ours["device_name"], ours["preset"], ours["batch"], strict=True)
    added = _names((f"{device} · {preset} · batch {n:.0f}" for device, preset, n in told), words)
    figure = go.Figure()
    figure.add_bar(
        y=held,
        x=best["images_per_second_per_device"],
        orientation="h",
        name="MLPerf Inference v5.1, Offline",
        marker={"color": theme.SKY, "pattern": {"shape": "/"}},
        hovertemplate="%{y}: %{x:.3f}<extra>%{fullData.name}</extra>",
    )
    figure.add_bar(
        y=added,
        x=ours["images_per_second"],
        orientation="h",
        name=words.t("measured by this program"),
        marker={"color": theme.BLUE},
        hovertemplate="%{y}: %{x:.3f}<extra>%{fullData.name}</extra>",
    )
    alt = words.t(
        "SDXL at 20 steps on {n} cards in MLPerf, the best of each, beside {m} runs of our own.",
        n=len(best),
        m=len(ours),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_height([*held, *added]))
    return _named(figure, words.t("Pictures a second and card"))


def energy_figure(
    published: pd.DataFrame, own: pd.DataFrame, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw joules of a picture: ML.ENERGY at its most frugal batch, beside our own runs."""
    known = published["benchmark"].eq("ML.ENERGY") & published["joules_per_image"].notna()
    best: Any = (
        published.loc[known]
        .sort_values("joules_per_image")
        .drop_duplicates(["device_name", "model", "steps"])
        .head(_MOST_BARS)
        .iloc[::-1]
    )
    ours: Any = own.loc[own["joules_per_image_gross"].notna()].head(_MOST_BARS)
    if best.empty and ours.empty:
        return theme.empty(words.t("No published figures are held."), mode)
    names = best["model"].str.rsplit("/", n=1).str[-1] + " · " + best["device_name"].str[7:]
    held = _names(names + best["batch"].map(" · batch {:.0f}".format), words)
    added = _names(ours["label"], words)
    figure = go.Figure()
    figure.add_bar(
        y=held,
        x=best["joules_per_image"],
        orientation="h",
        name="ML.ENERGY",
        marker={"color": theme.ORANGE, "pattern": {"shape": "/"}},
        hovertemplate="%{y}: %{x:.1f} J<extra>%{fullData.name}</extra>",
    )
    figure.add_bar(
        y=added,
        x=ours["joules_per_image_gross"],
        orientation="h",
        name=words.t("measured by this program"),
        marker={"color": theme.BLUE},
        hovertemplate="%{y}: %{x:.1f} J<extra>%{fullData.name}</extra>",
    )
    alt = words.t(
        "Energy of a picture for {n} models and cards of ML.ENERGY, beside {m} runs of our own.",
        n=len(best),
        m=len(ours),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_height([*held, *added]))
    return _named(figure, words.t("Joules of the card for a picture"))


def cost_figure(
    costs: pd.DataFrame, names: dict[str, str], words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the cost of a thousand pictures of each run, by part."""
    shown = costs.loc[costs["task"] != "lora"].head(_MOST_BARS).iloc[::-1]
    if shown.empty:
        return theme.empty(words.t("No run of this device has a speed to put a price on."), mode)
    figure = go.Figure()
    bars = _names(shown["label"], words)
    parts = ("machine_usd", "electricity_usd", "extras_usd")
    looks = zip(parts, (theme.BLUE, theme.ORANGE, theme.GREEN), ("", "/", "."), strict=True)
    for part, color, pattern in looks:
        if (shown[part].fillna(0) == 0).all():
            continue
        figure.add_bar(
            y=bars,
            x=shown[part],
            orientation="h",
            name=names[part],
            marker={"color": color, "pattern": {"shape": pattern}},
            hovertemplate="%{x:.4g} USD<extra>%{fullData.name}</extra>",
        )
    least = shown.loc[shown["generated_usd"].idxmin()]
    alt = words.t(
        "Cost of a thousand pictures of {n} runs; the least, {least}, by {run}.",
        n=len(shown),
        least=words.money(least["generated_usd"], "USD", digits=2),
        run=labels.run(words, least["label"]),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_height(bars))
    figure.update_layout(barmode="stack")
    return _named(figure, words.t("US dollars for 1,000 pictures"))


def quality_figure(
    quality: pd.DataFrame,
    decoded_rate: float,
    names: dict[str, str],
    words: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw how many pictures are named rightly against what a thousand cost, by number of steps."""
    figure = go.Figure()
    for position, variant in enumerate(dict.fromkeys(quality["variant"])):
        own: Any = quality.loc[quality["variant"] == variant]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["usd_per_1000"],
            y=own["seen_rate"],
            name=names[variant],
            mode="lines+markers+text",
            text=[str(steps) for steps in own["steps"]],
            # The ways of drawing lie close together: their labels stand on opposite sides.
            textposition="bottom right" if position else "top left",
            line={"color": style.color, "dash": style.dash},
            marker={"symbol": style.symbol, "size": 9},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": own["seen_high"] - own["seen_rate"],
                "arrayminus": own["seen_rate"] - own["seen_low"],
                "thickness": 1,
            },
            customdata=np.stack([own["steps"], own["seconds_per_picture"]], axis=-1),
            hovertemplate=words.t("{steps} steps, {seconds} s: {share}").format(
                steps="%{customdata[0]}", seconds="%{customdata[1]:.3g}", share="%{y:.0%}"
            )
            + "<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(
        y=decoded_rate,
        line={"color": theme.INKS[mode].quiet, "dash": "dot", "width": 1},
        annotation={
            "text": words.t("the drawings through its decoder"),
            "font": {"size": 12, "color": theme.INKS[mode].quiet},
        },
        annotation_position="top right",
        annotation_yshift=14,  # above the labels of points near the line
    )
    best = quality.loc[quality["seen_rate"].idxmax()]
    alt = words.t(
        "Share of taught names told rightly against the cost, by number of steps; the most, "
        "{share}, by {variant} with {steps}.",
        share=words.percent(best["seen_rate"], digits=0),
        variant=names[best["variant"]],
        steps=int(best["steps"]),
    )
    titles = (
        words.t("US dollars for 1,000 pictures (numbers at the points: steps)"),
        words.t("Taught names told rightly"),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=380, top=24)
    ticks = [digit * 10.0**power for power in range(-9, 5) for digit in (1, 2, 5)]
    cost = np.log10([quality["usd_per_1000"].min(), quality["usd_per_1000"].max()])
    figure.update_xaxes(
        type="log",
        range=[cost[0] - 0.12, cost[1] + 0.2],  # room for the labels at both ends
        tickvals=ticks,
        ticktext=[f"{tick:.15g}" for tick in ticks],
    )
    floor = max(
        0.0, math.floor(10 * min(*quality["seen_low"].astype(float), decoded_rate) - 1) / 10
    )
    top = max(*quality["seen_high"].astype(float), decoded_rate)
    figure.update_yaxes(
        range=[floor, top + 0.3 * (top - floor)],
        tickvals=[tick / 20 for tick in range(round(20 * floor), 21, 1 if floor >= 0.5 else 4)],
        tickformat=".0%",
    )
    return figure
