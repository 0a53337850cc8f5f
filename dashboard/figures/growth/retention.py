"""The retention triangle, curves with their intervals, and claims beside them."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import get_colorscale, sample_colorscale

from dashboard.figures import labels, theme
from dashboard.studies.growth.retention import FEW_USERS, ClaimStudy, RetentionStudy
from dashboard.text import Words

SHOWN_STEPS = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 90)
_ROW_PX, _MOST_ROWS, _CELL_PX = 22, 60, 10
_SCALE_COLUMNS = 30
"""Columns of the words below the scale on a phone."""


def step_name(study: RetentionStudy, k: int, words: Words) -> str:
    """Return the name of a step: D7, W2, M1, or the days of a bracket."""
    if study.choice.rule == "bracket":
        first, last = study.steps[k - 1] if k else (0, 0)
        return f"{first}–{last}" if first != last else str(first)
    names = {
        "day": words.t("D{k}", k=k),
        "week": words.t("W{k}", k=k),
        "month": words.t("M{k}", k=k),
    }
    return names[study.choice.period]


def triangle_figure(
    study: RetentionStudy,
    words: Words,
    mode: theme.Mode = "light",
    name: Callable[[pd.Timestamp], str] = lambda day: f"{day:%Y-%m-%d}",
) -> go.Figure:
    """Draw the share of each cohort that came back by step.

    Cells that nobody can know yet are blank, partial ones bear a star, cohorts of a week or month
    that the history holds in part a dagger, cohorts under 50 users are grey: below the scale it
    says so. The newest cohorts are drawn where there are more than fit.
    """
    table: Any = study.triangle
    held = table.loc[(table["size"] > 0) & (table["period"] > 0)]
    steps = sorted(set(held["period"]))
    if study.choice.rule != "bracket":
        steps = [k for k in steps if k in SHOWN_STEPS] or steps
    cohorts = sorted(set(held["cohort"]))[-_MOST_ROWS:]
    if not cohorts or not steps:
        return theme.empty(
            words.t("No cohort has been seen for long enough within the period that is chosen."),
            mode,
        )
    grid = held.set_index(["cohort", "period"])
    wanted = pd.MultiIndex.from_product([cohorts, steps])
    cells = grid.reindex(wanted)
    shape = (len(cohorts), len(steps))
    rate = cells["retention_rate"].to_numpy(np.float64).reshape(shape)
    complete = cells["complete"].eq(True).to_numpy().reshape(shape)
    sizes = cells["size"].to_numpy(np.float64).reshape(shape)[:, 0]
    few = sizes < FEW_USERS
    text = [
        [
            "" if np.isnan(value) else f"{100 * value:.0f}{'' if whole else '*'}"
            for value, whole in zip(row, flags, strict=True)
        ]
        for row, flags in zip(rate, complete, strict=True)
    ]
    whole = held.groupby("cohort")["whole"].min().reindex(cohorts).astype(bool)
    rows = [
        f"{name(cast(pd.Timestamp, pd.Timestamp(c)))}{'' if is_whole else '†'} · {int(n):,}"
        for c, n, is_whole in zip(cohorts, sizes, whole, strict=True)
    ]
    signs = {
        words.t("* without the full time"): any(cell.endswith("*") for row in text for cell in row),
        words.t("† only some days of it are in the history"): not whole.all(),
        words.t("grey: fewer than {n} users", n=FEW_USERS): few.any(),
    }
    told = words.t("; ").join(sign for sign, is_there in signs.items() if is_there)
    scale_title = "<br>".join(
        theme.wrap(line, _SCALE_COLUMNS)
        for line in (words.t("Came back (% of users)"), told)
        if line
    )
    names = [step_name(study, int(k), words) for k in steps]
    top = float(np.nanmax(rate)) if np.isfinite(rate).any() else 1.0
    figure = go.Figure()
    for chosen, scale in ((~few, "Cividis"), (few, _greys(mode))):
        shown = np.where(chosen[:, None], rate, np.nan)
        figure.add_trace(
            go.Heatmap(
                z=shown,
                x=names,
                y=rows,
                colorscale=scale,
                zmin=0,
                zmax=top or 1,
                # The signs are told with a scale: where all are few it is theirs.
                showscale=bool(chosen.all()) if scale != "Cividis" else bool(chosen.any()),
                colorbar=_scale(scale_title),
                xgap=1,
                ygap=1,
                hoverongaps=False,
                hovertemplate="%{y}<br>%{x}: %{z:.1%}<extra></extra>",
            )
        )
    figure.add_scatter(
        x=[name for _ in rows for name in names],
        y=[row for row in rows for _ in names],
        text=[cell for row in text for cell in row],
        textfont={"size": _CELL_PX, "color": _inks(rate, few, top or 1, mode)},
        mode="text",
        hoverinfo="skip",
        showlegend=False,
    )
    first = average_rate(study, steps[0])
    alt = words.t(
        "{n} cohorts from {first} to {last}. On {step} {rate} of all complete cohorts came back.",
        n=len(cohorts),
        first=rows[0].split(" · ")[0].rstrip("†"),
        last=rows[-1].split(" · ")[0].rstrip("†"),
        step=names[0],
        rate=words.percent(first),
    )
    height = 160 + 16 * scale_title.count("<br>") + _ROW_PX * len(rows)
    titles = words.t("Time since the cohort began"), words.t("Cohort · users")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=height, top=30)
    figure.update_yaxes(
        autorange="reversed",
        type="category",
        showgrid=False,
        title_text="",
        dtick=1,
        tickfont_size=_CELL_PX + 1,
    )
    return figure.update_xaxes(
        side="top", type="category", showgrid=False, dtick=1, tickfont_size=_CELL_PX
    )


def _scale(title: str) -> dict[str, Any]:
    """Return the scale of colours, lying below the plot: beside it a phone has no room."""
    return {
        "title": {"text": title, "side": "bottom", "font": {"size": 12}},
        "orientation": "h",
        "thickness": 10,
        "len": 1,
        "y": 0,
        "yanchor": "top",
        "tickformat": ".0%",
        "nticks": 5,
    }


def _inks(rate: np.ndarray, few: np.ndarray, top: float, mode: theme.Mode) -> list[str]:
    """Return black or white for each cell, whichever stands out more on its colour."""
    scales = [get_colorscale("Cividis"), _greys(mode)]
    inks = []
    for row, is_few in zip(rate, few, strict=True):
        for value in row:
            share = 0.0 if np.isnan(value) else float(value) / top
            color = sample_colorscale(scales[int(is_few)], share)[0]
            red, green, blue = (float(part) / 255 for part in str(color)[4:-1].split(","))
            linear = [
                ((c + 0.055) / 1.055) ** 2.4 if c > 0.04 else c / 12.92 for c in (red, green, blue)
            ]
            light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
            inks.append("#000000" if light > 0.179 else "#FFFFFF")
    return inks


def average_rate(study: RetentionStudy, k: int) -> float:
    """Return the share of all complete cohorts that came back at a step."""
    curves: Any = study.curves
    own = curves.loc[curves["period"] == k]
    size = float(own["size"].sum())
    return float(own["retained"].sum()) / size if size else float("nan")


def _greys(mode: theme.Mode) -> list[list[Any]]:
    low, high = ("#F3F4F6", "#9CA3AF") if mode == "light" else ("#262B34", "#6B7280")
    return [[0, low], [1, high]]


def curves_figure(
    study: RetentionStudy, words: Words, mode: theme.Mode = "light", most: int = 6
) -> go.Figure:
    """Draw the average retention of complete cohorts by step, with 95% Wilson bands."""
    curves: Any = study.curves
    known = curves.loc[(curves["period"] > 0)].dropna(subset=["retention_rate"])
    if known.empty:
        return theme.empty(words.t("No cohort has had its full time yet."), mode)
    names = list(dict.fromkeys(known["segment"]))[:most]
    figure = go.Figure()
    for position, name in enumerate(names):
        own = known.loc[known["segment"] == name]
        style = theme.series_style(position)
        x = [step_name(study, int(k), words) for k in own["period"]]
        if len(names) <= 3:
            figure.add_trace(_band(x, own, style.color))
        figure.add_scatter(
            x=x,
            y=own["retention_rate"],
            name=theme.escape(str(name)) or words.t("all users"),
            mode="lines+markers" if len(own) < 15 else "lines",
            line={"color": style.color, "dash": style.dash, "width": 2},
            marker={"symbol": style.symbol, "size": 7},
            customdata=own[["low", "high", "size"]],
            hovertemplate="%{x}: %{y:.1%} (%{customdata[0]:.1%}–%{customdata[1]:.1%}), "
            "n = %{customdata[2]:,}<extra>%{fullData.name}</extra>",
            showlegend=len(names) > 1,
        )
    last: Any = known.loc[known["segment"] == names[0]].iloc[-1]
    alt = words.t(
        "Retention by step of {n} groups; the largest ends at {rate} on {step}.",
        n=len(names),
        rate=words.percent(last["retention_rate"]),
        step=step_name(study, int(last["period"]), words),
    )
    titles = words.t("Time since the cohort began"), words.t("Came back (share of users)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(type="category", nticks=16)
    return figure


def _band(x: list[str], own: Any, color: str) -> go.Scatter:
    return go.Scatter(
        x=[*x, *x[::-1]],
        y=[*own["high"], *own["low"][::-1]],
        mode="lines",  # or plotly would draw short bands with points, as if they were measured
        fill="toself",
        fillcolor=theme.translucent(color, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def claims_figure(
    study: ClaimStudy,
    entity: str,
    rule_names: dict[str, str],
    words: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw our own curve by every rule, and the published figures as points without one."""
    figure = go.Figure()
    rules: Any = study.rules
    for position, rule in enumerate(dict.fromkeys(rules["rule"])):
        own = rules.loc[rules["rule"] == rule]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["period"],
            y=own["retention_rate"],
            name=rule_names[rule],
            mode="lines" if len(own) > 5 else "markers+lines",
            line={"color": style.color, "dash": style.dash, "width": 2},
            marker={"symbol": style.symbol},
            hovertemplate="D%{x}: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    facts: Any = study.facts
    if not len(facts) and not len(rules):
        return theme.empty(words.t("No published figure and no curve of our own is held."), mode)
    who = [labels.company(row, words, "entity") for row in facts.to_dict("records")]
    facts = facts.assign(who=who)
    for chosen, symbol, size in ((facts["entity"] == entity, "star", 15), (None, "x", 8)):
        own = facts.loc[facts["entity"] != entity] if chosen is None else facts.loc[chosen]
        figure.add_scatter(
            x=own["day"],
            y=own["value"],
            text=own["who"],
            name=theme.escape(_claimant(own, entity))
            if chosen is not None
            else words.t("other published figures"),
            mode="markers",
            marker={
                "symbol": symbol,
                "size": size,
                "color": theme.VERMILION if chosen is not None else theme.INKS[mode].quiet,
                "line": {"width": 1, "color": theme.INKS[mode].paper},
            },
            hovertemplate="%{text}<br>D%{x}: %{y:.0%}<extra></extra>",
        )
    alt = words.t(
        "Our own retention by {n} rules on days 1 to 30, and {facts} published figures whose rule "
        "nobody stated.",
        n=len(set(rules["rule"])),
        facts=len(facts),
    )
    titles = words.t("Day after the first"), words.t("Came back (share of users)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=420)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return figure


def _claimant(own: pd.DataFrame, entity: str) -> str:
    return str(own["who"].iloc[0]) if len(own) else entity
