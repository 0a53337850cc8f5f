"""Recurring revenue, survival, lifetime value with its forecasts, and channels."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import labels, theme
from dashboard.figures.economics import scales
from dashboard.studies.growth.channels import RETURN_AGES
from dashboard.studies.growth.subscriptions import MOVEMENT_NAMES
from dashboard.studies.growth.value import SurvivalStudy, ValueStudy
from dashboard.text import Words

_NARROW_PX, _TITLE_WIDTH = 200, 40
"""Width of the plot on a phone, and of an axis title there in columns."""

_COLORS = {
    "new": theme.BLUE,
    "expansion": theme.SKY,
    "reactivation": theme.GREEN,
    "contraction": theme.ORANGE,
    "churn": theme.VERMILION,
}


def movements_figure(
    movements: pd.DataFrame, names: dict[str, str], words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw what came and went each month, and the recurring revenue at its end."""
    if movements.empty:
        return theme.empty(words.t("No month is whole yet."), mode)
    figure = go.Figure()
    patterns = dict(zip(MOVEMENT_NAMES, ("", "/", ".", "\\", "x"), strict=True))
    for name in MOVEMENT_NAMES:
        figure.add_bar(
            x=movements["month"],
            y=movements[name],
            name=names[name],
            marker={"color": _COLORS[name], "pattern": {"shape": patterns[name]}},
            hovertemplate="%{x|%Y-%m}: %{y:+,.0f}<extra>%{fullData.name}</extra>",
        )
    figure.add_scatter(
        x=movements["month"],
        y=movements["closing"],
        name=words.t("at the end of the month"),
        mode="lines+markers",
        line={"color": theme.INKS[mode].text, "width": 2},
        hovertemplate="%{x|%Y-%m}: %{y:,.0f}<extra>%{fullData.name}</extra>",
    )
    last = movements.iloc[-1]
    alt = words.t(
        "Recurring revenue over {n} months, {amount} at the end of the last.",
        n=len(movements),
        amount=words.money(last["closing"], "USD", digits=0),
    )
    titles = words.t("Month"), words.t("Recurring revenue (USD a month)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=400)
    figure.update_layout(barmode="relative")
    figure.update_xaxes(**theme.month_axis(words, len(movements)))
    return figure


def mix_figure(mix: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the share of each plan in recurring revenue by month."""
    if mix.empty:
        return theme.empty(words.t("No month is whole yet."), mode)
    figure = go.Figure()
    for position, product in enumerate(sorted(set(mix["product_id"]))):
        own: Any = mix.loc[mix["product_id"] == product]
        style = theme.series_style(position)
        figure.add_bar(
            x=own["month"],
            y=own["share"],
            name=theme.escape(str(product)),
            marker={"color": style.color, "pattern": {"shape": ("", "/", ".", "x")[position % 4]}},
            hovertemplate="%{x|%Y-%m}: %{y:.0%}<extra>%{fullData.name}</extra>",
        )
    alt = words.t(
        "Share of {n} plans in recurring revenue by month.", n=len(set(mix["product_id"]))
    )
    titles = words.t("Month"), words.t("Share of recurring revenue")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=320)
    figure.update_layout(barmode="stack")
    figure.update_yaxes(tickformat=".0%")
    figure.update_xaxes(**theme.month_axis(words, len(set(mix["month"]))))
    return figure


def renewal_figure(
    renewals: pd.DataFrame, fitted: pd.DataFrame, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the share that renews by how often they have; a line is the fitted law."""
    if renewals.empty:
        return theme.empty(words.t("No renewal has fallen due yet."), mode)
    figure = go.Figure()
    for position, product in enumerate(dict.fromkeys(renewals["product_id"])):
        own: Any = renewals.loc[renewals["product_id"] == product]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["renewal"],
            y=own["renewal_rate"],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["renewal_rate"],
                "arrayminus": own["renewal_rate"] - own["low"],
                "width": 0,
                "color": style.color,
            },
            name=theme.escape(str(product)),
            mode="markers",
            marker={"color": style.color, "symbol": style.symbol, "size": 9},
            customdata=own[["renewed", "due"]],
            hovertemplate="%{y:.1%} (%{customdata[0]:,}/%{customdata[1]:,})"
            "<extra>%{fullData.name}</extra>",
        )
    known: Any = fitted.dropna(subset=["fitted"]) if len(fitted) else fitted
    if len(known):
        figure.add_scatter(
            x=known["renewal"],
            y=known["fitted"],
            mode="lines",
            name=words.t("fitted (estimated)"),
            line={"color": theme.INKS[mode].text, "dash": "dot", "width": 2},
            hovertemplate="%{y:.1%}<extra>%{fullData.name}</extra>",
        )
    alt = words.t(
        "Renewal rates of {n} plans by renewal, with 95% intervals.",
        n=len(set(renewals["product_id"])),
    )
    titles = words.t("Renewal"), words.t("Renewed (share of those due)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=340)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    figure.update_xaxes(dtick=1)
    return figure


def survival_figure(study: SurvivalStudy, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the share still paying in steps with 95% bands, the numbers at risk below."""
    if study.curves.empty:
        return theme.empty(words.t("No subscription has been paid for yet."), mode)
    products = list(dict.fromkeys(study.curves["product_id"]))
    days = words.t("{n} d", n="%{x:.0f}")
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.04,
        row_heights=[300, 34 * len(products) + 24],
    )
    for position, product in enumerate(products):
        own: Any = study.curves.loc[study.curves["product_id"] == product]
        style = theme.series_style(position)
        for side, fill in (("high", None), ("low", "tonexty")):
            figure.add_scatter(
                x=own["time"],
                y=own[side],
                mode="lines",
                line={"width": 0, "shape": "hv"},
                fill=fill,
                fillcolor=theme.translucent(style.color, 0.18),
                hoverinfo="skip",
                showlegend=False,
                row=1,
                col=1,
            )
        figure.add_scatter(
            x=own["time"],
            y=own["survival"],
            mode="lines",
            line={"color": style.color, "dash": style.dash, "width": 2, "shape": "hv"},
            name=theme.escape(str(product)),
            hovertemplate=f"{days}: %{{y:.1%}}<extra>%{{fullData.name}}</extra>",
            row=1,
            col=1,
        )
        left: Any = study.at_risk.loc[study.at_risk["product_id"] == product]
        figure.add_scatter(
            x=left["time"],
            y=[theme.escape(str(product))] * len(left),
            text=[f"{n:,}" for n in left["at_risk"]],
            mode="text",
            textfont={"size": 11, "color": theme.INKS[mode].text},
            hoverinfo="skip",
            showlegend=False,
            row=2,
            col=1,
        )
    groups: Any = study.groups
    alt = words.t(
        "Share still paying of {n} plans; half of {plan} have ended by day {median}.",
        n=len(products),
        plan=products[-1],
        median=words.number(groups["median"].iloc[-1], digits=0),
    )
    theme.finish(figure, alt=alt, mode=mode, height=430 + 34 * len(products))
    figure.update_layout(margin_b=60)
    figure.update_yaxes(
        tickformat=".0%",
        range=[0, 1.03],
        title_text=theme.upright_title(words.t("Still paying (share)")),
        row=1,
        col=1,
    )
    figure.update_yaxes(
        type="category", showgrid=False, range=[len(products) - 0.4, -0.6], row=2, col=1
    )
    figure.update_xaxes(showgrid=False, zeroline=False, row=2, col=1)
    figure.update_xaxes(
        title_text=words.t("Days since the first payment · numbers at risk"), row=2, col=1
    )
    return figure


def ltv_figure(study: ValueStudy, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw what a new payer brings up to each payment, with the interval of the fit."""
    table = study.ltv
    if table.empty:
        return theme.empty(words.t("The renewals of this plan cannot be fitted."), mode)
    figure = go.Figure()
    x = table["period"].to_numpy()
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.concatenate([table["high"], table["low"][::-1]]),
        mode="lines",  # or plotly would draw short bands with points, as if they were measured
        fill="toself",
        fillcolor=theme.translucent(theme.BLUE, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=x,
        y=table["ltv"],
        mode="lines",
        line={"color": theme.BLUE, "width": 2},
        customdata=table[["low", "high", "survival"]],
        hovertemplate="%{x}: %{y:,.2f} (%{customdata[0]:,.2f}–%{customdata[1]:,.2f})"
        "<extra></extra>",
        showlegend=False,
    )
    last = table.iloc[-1]
    alt = words.t(
        "Lifetime value of a payer: {value} after {n} payments, between {low} and {high}.",
        value=words.money(last["ltv"], "USD"),
        n=len(table),
        low=words.money(last["low"], "USD"),
        high=words.money(last["high"], "USD"),
    )
    titles = words.t("Payment"), words.t("Lifetime value (USD, discounted)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=340)
    figure.update_yaxes(rangemode="tozero")
    return figure


def hold_out_figure(
    table: pd.DataFrame, x: str, x_title: str, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw what was forecast from the first part of the data beside what happened in the rest."""
    if table.empty:
        return theme.empty(words.t("The first part of the data is too short for a fit."), mode)
    figure = go.Figure()
    interval = "low" in table
    figure.add_scatter(
        x=table[x],
        y=table["forecast"],
        name=words.t("forecast from the first part"),
        mode="lines+markers" if len(table) < 20 else "lines",
        line={"color": theme.VERMILION, "dash": "dash", "width": 2},
        marker={"symbol": "diamond", "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": table["high"] - table["forecast"],
            "arrayminus": table["forecast"] - table["low"],
            "color": theme.VERMILION,
            "width": 4,
        }
        if interval
        else None,
        hovertemplate="%{y:,.1f}<extra>%{fullData.name}</extra>",
    )
    figure.add_scatter(
        x=table[x],
        y=table["actual"],
        name=words.t("what happened"),
        mode="lines+markers" if len(table) < 20 else "lines",
        line={"color": theme.BLUE, "width": 2},
        marker={"symbol": "circle", "size": 9},
        hovertemplate="%{y:,}<extra>%{fullData.name}</extra>",
    )
    alt = words.t(
        "Forecast and actual payments after the cut: {forecast} and {actual} at the last point.",
        forecast=words.number(table["forecast"].iloc[-1], digits=0),
        actual=words.number(table["actual"].iloc[-1], digits=0),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=(x_title, words.t("Payments")), height=320)
    figure.update_xaxes(dtick=1 if len(table) <= 12 else None)
    figure.update_yaxes(rangemode="tozero")
    return figure


def channels_figure(table: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the return on spend by age for every channel that was paid for."""
    paid: Any = table.loc[table["spend_usd"] > 0]
    if paid.empty:
        return theme.empty(words.t("No spend stands beside these installs."), mode)
    figure = go.Figure()
    for position, (_, row) in enumerate(paid.iterrows()):
        style = theme.series_style(position)
        figure.add_scatter(
            x=list(RETURN_AGES),
            y=[row[f"roas_{age}"] for age in RETURN_AGES],
            name=theme.escape(labels.channel(words, row["channel"])),
            mode="lines+markers",
            line={"color": style.color, "dash": style.dash, "width": 2},
            marker={"symbol": style.symbol, "size": 8},
            hovertemplate="D%{x}: %{y:.0%}<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(
        y=1,
        line_width=1,
        line_color=theme.INKS[mode].text,
        annotation_text=words.t("paid back"),
        annotation_position="top left",
    )
    best = float(np.nanmax([*paid[f"roas_{RETURN_AGES[-1]}"], 0]))
    alt = words.t(
        "Return on spend of {n} channels; the best has {share} of it back by day {day}.",
        n=len(paid),
        share=words.percent(best, digits=0),
        day=RETURN_AGES[-1],
    )
    titles = words.t("Days since the install"), words.t("Proceeds over spend")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=340)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(tickvals=list(RETURN_AGES))
    return figure


def contribution_figure(table: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw what an install of each channel leaves after compute and spend."""
    known: Any = table.dropna(subset=["contribution_per_install_usd"])
    if known.empty:
        return theme.empty(words.t("No cohort has had its full time yet."), mode)
    value = known["contribution_per_install_usd"].to_numpy(np.float64)
    looks = [theme.direction_mark(v) for v in value]
    texts = [f"{glyph} {words.number(v)}" for (glyph, _), v in zip(looks, value, strict=True)]
    figure = go.Figure(
        go.Bar(
            x=value,
            y=[theme.escape(labels.channel(words, name)) for name in known["channel"]],
            orientation="h",
            marker={"color": [color for _, color in looks]},
            text=texts,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{x:+,.2f}<extra></extra>",
        )
    )
    alt = words.t(
        "Contribution of an install by channel, from {low} to {high}.",
        low=words.money(float(value.min()), "USD"),
        high=words.money(float(value.max()), "USD"),
    )
    title = words.t("Contribution per install after compute and spend (USD)")
    titles = theme.wrap(title, _TITLE_WIDTH), ""
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=106 + 34 * len(known))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    # Labels stand outside the bars, on a narrow page too.
    room = scales.label_px(texts)
    least, most = min(float(value.min()), 0.0), max(float(value.max()), 0.0)
    sides = (room if least < 0 else 0.0, room if most > 0 else 0.0)
    return figure.update_xaxes(range=scales.with_room(least, most, *sides, _NARROW_PX))
