"""Funnel, paid conversion by cohort, waiting and paying, arms of trials."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.text import Words

_ENOUGH_USERS = 30


def funnel_figure(
    funnel: pd.DataFrame, names: dict[str, str], words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw how many users reached each step, with the share of the first."""
    if funnel.empty or not funnel["n_users"].iloc[0]:
        return theme.empty(words.t("Nobody began within the window."), mode)
    labels = [theme.escape(str(names.get(name, name))) for name in funnel["name"]]
    figure = go.Figure(
        go.Bar(
            x=funnel["share_of_first"],
            y=labels,
            orientation="h",
            marker={"color": theme.BLUE},
            text=[
                f"{words.number(n, digits=0)} · {words.percent(share)}"
                for n, share in zip(funnel["n_users"], funnel["share_of_first"], strict=True)
            ],
            textposition="auto",
            customdata=funnel[["share_of_previous", "previous_low", "previous_high"]],
            hovertemplate="%{y}: %{x:.2%}<br>%{customdata[0]:.1%} "
            "(%{customdata[1]:.1%}–%{customdata[2]:.1%})<extra></extra>",
            cliponaxis=False,
        )
    )
    alt = words.t(
        "Of {n} users {share} reached the last of {steps} steps.",
        n=words.number(funnel["n_users"].iloc[0], digits=0),
        share=words.percent(funnel["share_of_first"].iloc[-1], digits=2),
        steps=len(funnel),
    )
    titles = words.t("Share of those who began"), ""
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=70 + 42 * len(funnel))
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.12])
    return figure


def cohorts_figure(cohorts: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the share of each cohort that paid, with its Wilson interval.

    Open marks are of cohorts without the full time, or of a week or month that is held in part.
    """
    if cohorts.empty:
        return theme.empty(words.t("No cohort is held."), mode)
    figure = go.Figure()
    full, whole = cohorts["complete"].astype(bool), cohorts["whole"].astype(bool)
    quiet = theme.INKS[mode].quiet
    looks = (
        (full & whole, words.t("full time"), theme.BLUE, "circle"),
        (~full & whole, words.t("not the full time yet"), quiet, "circle-open"),
        (~whole, words.t("only some days are in the history"), quiet, "diamond-open"),
    )
    for chosen, name, color, symbol in looks:
        own: Any = cohorts.loc[chosen]
        if own.empty:
            continue
        figure.add_scatter(
            x=own["cohort"],
            y=own["conversion_rate"],
            error_y=_whiskers(own, "conversion_rate", color),
            name=name,
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 9},
            customdata=own[["payers", "size"]],
            hovertemplate="%{x|%Y-%m-%d}: %{y:.2%} (%{customdata[0]:,}/%{customdata[1]:,})"
            "<extra>%{fullData.name}</extra>",
        )
    complete: Any = cohorts.loc[full]
    size = float(complete["size"].sum())
    alt = words.t(
        "Share of payers of {n} cohorts; {rate} of all users of complete ones.",
        n=len(cohorts),
        rate=words.percent(float(complete["payers"].sum()) / size if size else None, digits=2),
    )
    titles = words.t("Cohort"), words.t("Paid within the window (share of users)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles)
    figure.update_yaxes(tickformat=".1%", rangemode="tozero")
    are_months = bool((pd.to_datetime(cohorts["cohort"]).dt.day == 1).all())
    if are_months:
        return figure.update_xaxes(**theme.month_axis(words, len(cohorts)))
    return figure.update_xaxes(**theme.day_axis(words))


def _whiskers(own: Any, column: str, color: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": own["high"] - own[column],
        "arrayminus": own[column] - own["low"],
        "width": 0,
        "thickness": 1.5,
        "color": color,
    }


def waiting_figure(waiting: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw payers by how long they waited; nothing here says that waiting makes anybody pay."""
    if waiting.empty:
        return theme.empty(words.t("No picture tells how long it took."), mode)
    figure = go.Figure(
        go.Scatter(
            x=waiting["wait_seconds"],
            y=waiting["paid_share"],
            error_y=_whiskers(waiting, "paid_share", theme.BLUE),
            mode="markers",
            marker={"color": theme.BLUE, "size": 9},
            customdata=waiting[["n_paid", "n_users"]],
            hovertemplate="%{x:.0f} s: %{y:.2%} (%{customdata[0]:,}/%{customdata[1]:,})"
            "<extra></extra>",
            showlegend=False,
        )
    )
    share: Any = waiting["paid_share"]
    alt = words.t(
        "Share of payers in {n} classes of waiting time, from {low} to {high}.",
        n=len(waiting),
        low=words.percent(float(share.min())),
        high=words.percent(float(share.max())),
    )
    titles = (
        words.t("Mean wait of the first day's pictures (s)"),
        words.t("Paid within the window (share of users)"),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=320)
    # A class of few users has an interval that would flatten all others: it runs out of sight.
    enough: Any = waiting.loc[waiting["n_users"] >= _ENOUGH_USERS, "high"]
    top = float(enough.max()) if len(enough) else 1.0
    figure.update_yaxes(tickformat=".0%", range=[0, min(1.0, 1.15 * top)])
    return figure


def arms_figure(
    comparison: pd.DataFrame, metric: str, control: str, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the difference of each arm to the control with its interval."""
    own: Any = comparison.loc[
        (comparison["metric"] == metric) & (comparison["variant"] != control)
    ].dropna(subset=["difference_low"])
    if own.empty:
        return theme.empty(words.t("There is no arm to compare."), mode)
    share = metric == "paid_share"
    form = "+.2%" if share else "+.3f"
    figure = go.Figure(
        go.Scatter(
            x=own["difference"],
            y=[theme.escape(str(name)) for name in own["variant"]],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["difference_high"] - own["difference"],
                "arrayminus": own["difference"] - own["difference_low"],
                "thickness": 2,
                "width": 5,
                "color": theme.BLUE,
            },
            mode="markers",
            marker={"color": theme.BLUE, "size": 11, "symbol": "diamond"},
            hovertemplate=f"%{{y}}: %{{x:{form}}}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_vline(x=0, line_width=1, line_color=theme.INKS[mode].text)
    alt = words.t(
        "Difference of {n} arms to {control}, with 95% intervals.", n=len(own), control=control
    )
    unit = (
        words.t("Difference to {control} (share of users)", control=control)
        if share
        else words.t("Difference to {control} (USD a user)", control=control)
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=(unit, ""), height=110 + 42 * len(own))
    figure.update_xaxes(tickformat=form)
    figure.update_yaxes(showgrid=False)
    return figure


def calibration_figure(
    calibration: pd.DataFrame,
    names: dict[str, str],
    words: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw predicted against observed shares of payers among later users."""
    if calibration.empty:
        return theme.empty(words.t("There is no model to judge."), mode)
    figure = go.Figure()
    top = float(calibration[["predicted", "high"]].to_numpy(np.float64).max())
    figure.add_scatter(
        x=[0, top],
        y=[0, top],
        mode="lines",
        line={"color": theme.INKS[mode].quiet, "dash": "dot", "width": 1},
        name=words.t("perfectly calibrated"),
        hoverinfo="skip",
    )
    for position, model in enumerate(dict.fromkeys(calibration["model"])):
        own: Any = calibration.loc[calibration["model"] == model]
        style = theme.series_style(position)
        figure.add_scatter(
            x=own["predicted"],
            y=own["observed"],
            error_y=_whiskers(own, "observed", style.color),
            name=names.get(model, model),
            mode="markers",
            marker={"color": style.color, "symbol": style.symbol, "size": 9},
            customdata=own[["n"]],
            hovertemplate="%{x:.2%} → %{y:.2%}, n = %{customdata[0]:,}"
            "<extra>%{fullData.name}</extra>",
        )
    alt = words.t("Predicted and observed shares of payers in {n} groups.", n=len(calibration))
    titles = words.t("Predicted share of payers"), words.t("Observed share (later users)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles)
    figure.update_xaxes(tickformat=".1%", rangemode="tozero")
    figure.update_yaxes(tickformat=".1%", rangemode="tozero")
    return figure
