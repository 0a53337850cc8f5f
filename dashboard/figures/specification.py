"""The specification curve: the same question asked in every reasonable way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import labels, theme
from dashboard.text import Words

CHOICES = ("window", "model", "benchmark", "estimation", "gap", "returns", "currency")
"""Columns that may differ between specifications, in the order they are shown."""

_ROW_PX, _TITLE_WIDTH = 18, 30


def specification_figure(
    curve: pd.DataFrame, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the cumulative abnormal return of every specification, sorted, over the choices made.

    Parameters
    ----------
    curve
        One row a specification: the columns of :data:`CHOICES` that are held (text), ``car``,
        ``low``, ``high`` (ratios), ``p_value`` (two-sided), sorted or not. A specification that
        could not be measured has a missing ``car`` and is counted in the alternative text.
    """
    held = curve.dropna(subset=["car"]).sort_values("car", ignore_index=True)
    if held.empty:
        return theme.empty(words.t("No specification could be measured."), mode)
    varied = [name for name in CHOICES if name in held and len(set(held[name])) > 1]
    levels = [(name, str(level)) for name in varied for level in _levels(held, name)]
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.03,
        row_heights=[260, max(1, len(levels)) * _ROW_PX],
    )
    for trace in _curve(held, words):
        figure.add_trace(trace, row=1, col=1)
    for trace in _grid(held, levels, words, mode):
        figure.add_trace(trace, row=2, col=1)
    theme.finish(
        figure,
        alt=_alt(curve, held, words),
        mode=mode,
        height=350 + _ROW_PX * len(levels),
    )
    figure.update_layout(margin_b=60)
    figure.update_yaxes(
        title_text=theme.upright_title(words.t("Cumulative abnormal return (ratio)")),
        tickformat=".0%",
        zeroline=True,
        row=1,
        col=1,
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(levels))),
        ticktext=[_level_name(name, level, words) for name, level in levels],
        range=[len(levels) - 0.5, -0.5],
        showgrid=False,
        tickfont_size=11,
        row=2,
        col=1,
    )
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(zeroline=False, row=2, col=1)
    title = theme.wrap(words.t("Specification, from lowest to highest"), _TITLE_WIDTH)
    figure.update_xaxes(title_text=title, row=2, col=1)
    return figure


def _levels(held: pd.DataFrame, name: str) -> list[object]:
    found = list(dict.fromkeys(held[name]))
    return sorted(found, key=lambda level: (isinstance(level, str), level))


def _level_name(name: str, level: str, words: Words) -> str:
    said = {
        "window": words.t("window {days}", days=level),
        "model": labels.model(words, level) if name == "model" else "",
        "benchmark": words.t("against {benchmark}", benchmark=level),
        "estimation": words.t("{n} estimation days", n=level),
        "gap": words.t("gap of {n} days", n=level),
        "returns": labels.returns(words, level) if name == "returns" else "",
        "currency": words.t("in {currency}", currency=level),
    }
    return theme.escape(said[name])


def _curve(held: pd.DataFrame, words: Words) -> list[go.Scatter]:
    """Return the dots with their intervals: those that differ from zero, and the others."""
    significant = (held["p_value"] < 0.05).to_numpy(dtype=bool)
    looks = (
        (~significant, words.t("not significant at 5%"), theme.SKY, "circle-open"),
        (significant, words.t("significant at 5%"), theme.VERMILION, "diamond"),
    )
    return [
        go.Scatter(
            x=np.flatnonzero(chosen),
            y=held["car"][chosen],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (held["high"] - held["car"])[chosen],
                "arrayminus": (held["car"] - held["low"])[chosen],
                "width": 0,
                "thickness": 1,
                "color": theme.translucent(color, 0.45),
            },
            name=name,
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 6},
            hovertemplate="%{y:+.1%}<extra>%{fullData.name}</extra>",
        )
        for chosen, name, color, symbol in looks
        if chosen.any()
    ]


def _grid(
    held: pd.DataFrame, levels: list[tuple[str, str]], words: Words, mode: theme.Mode
) -> list[go.Scatter]:
    ink = theme.INKS[mode]
    at = {choice: np.flatnonzero(held[choice[0]].astype(str) == choice[1]) for choice in levels}
    return [
        go.Scatter(
            x=at[name, level],
            y=np.full(at[name, level].size, row),
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 9, "color": ink.quiet},
            name=_level_name(name, level, words),
            showlegend=False,
            hoverinfo="skip",
        )
        for row, (name, level) in enumerate(levels)
    ]


def _alt(curve: pd.DataFrame, held: pd.DataFrame, words: Words) -> str:
    n_significant = int(np.count_nonzero(held["p_value"] < 0.05))
    values = held["car"].to_numpy(dtype=float)
    said = words.t(
        "Cumulative abnormal return in {n} specifications, from {low} to {high}, median {median}; "
        "different from zero at 5%: {significant}.",
        n=words.number(len(held), digits=0),
        low=words.signed_percent(float(values.min())),
        high=words.signed_percent(float(values.max())),
        median=words.signed_percent(float(np.median(values))),
        significant=words.number(n_significant, digits=0),
    )
    n_missing = len(curve) - len(held)
    if not n_missing:
        return said
    missing = words.t(
        "Not measured: {n}.",
        n=words.number(n_missing, digits=0),
    )
    return words.sentences([said, missing])
