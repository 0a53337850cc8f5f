"""Machines through a wave, and whether to rent or to buy them."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words


def wave_capacity_figure(
    months: pd.DataFrame, currency: str, said: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw machines needed over those owned and rented, and what the owned ones are worth.

    Parameters
    ----------
    months
        ``month`` (dates, or numbers from the first), ``machines_needed``, ``machines_owned``,
        ``machines_rented``, ``idle_machines`` (of the owned ones), ``book_value`` (in the
        currency; all missing: its panel is left out).
    currency
        ISO code of the book value.
    """
    needed = scales.values(months, "machines_needed")
    owned, rented = (scales.values(months, f"machines_{how}") for how in ("owned", "rented"))
    if not any(np.isfinite(each).any() for each in (needed, owned, rented)):
        return theme.empty(said.t("No month has a known number of machines."), mode)
    book = scales.values(months, "book_value")
    has_book = bool(np.isfinite(book).any())
    rows = 2 if has_book else 1
    figure = make_subplots(
        rows=rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.68, 0.32][:rows],
    )
    _machines(figure, months, said)
    figure.add_scatter(
        x=months["month"],
        y=needed,
        name=said.t("machines needed"),
        mode="lines+markers" if len(months) == 1 else "lines",
        line={"color": theme.INKS[mode].text, "width": 2.5, "shape": "hvh"},
        hovertemplate="%{x}: %{y:,.1f}<extra>%{fullData.name}</extra>",
        row=1,
        col=1,
    )
    if has_book:
        _book(figure, months["month"], book, currency, said)
    theme.finish(
        figure,
        alt=_capacity_alt(months, book, currency, said),
        mode=mode,
        height=(430 if has_book else 320) + looks.legend_px(figure),
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.15,
        margin_b=44 + looks.legend_px(figure),
        legend_traceorder="normal",
    )
    top = float(np.nanmax([*needed, *(np.nan_to_num(owned) + np.nan_to_num(rented)), 1.0]))
    figure.update_yaxes(
        title_text=theme.upright_title(said.t("Machines (number)")),
        **scales.linear_axis(said, 0, 1.08 * top, "count"),
        row=1,
        col=1,
    )
    if has_book:
        title = said.t("Book value ({currency})", currency=currency)
        figure.update_yaxes(
            title_text=theme.upright_title(title),
            **scales.linear_axis(said, 0, 1.12 * max(float(np.nanmax(book)), 1e-9), currency),
            row=2,
            col=1,
        )
    return month_axis(figure, months["month"], said, rows)


def rent_or_buy_figure(
    rows: pd.DataFrame, currency: str, said: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the cost of renting, buying and mixing against how fast the wave fades.

    Parameters
    ----------
    rows
        ``half_life_days``, ``rent_cost``, ``buy_cost``, ``mix_cost`` (in the currency; missing ones
        leave a gap). Where renting and buying cost the same is marked.
    """
    costs = {f"{how}_cost": scales.values(rows, f"{how}_cost") for how in ("rent", "buy", "mix")}
    days = scales.values(rows, "half_life_days")
    order = np.argsort(days)[: int(np.isfinite(days).sum())]
    if not any(np.isfinite(cost[order]).any() for cost in costs.values()):
        return theme.empty(said.t("Neither renting nor buying has a known cost."), mode)
    names = {
        "rent_cost": said.t("rent"),
        "buy_cost": said.t("buy"),
        "mix_cost": said.t("buy some, rent the rest"),
    }
    figure = go.Figure()
    for position, (column, name) in enumerate(names.items()):
        style = theme.series_style(position)
        own: Any = theme.thin(pd.DataFrame({"x": days[order], "y": costs[column][order]}), "y")
        if own["y"].isna().all():
            continue
        figure.add_scatter(
            x=own["x"],
            y=own["y"],
            name=name,
            mode="lines" if len(own) > 12 else "lines+markers",
            line={"color": style.color, "dash": style.dash, "width": 2.5},
            marker={"symbol": style.symbol, "size": 8},
            connectgaps=False,
            customdata=[scales.write(said, y, currency) for y in own["y"]],
            hovertemplate=_hovered_days(said) + ": %{customdata}<extra>%{fullData.name}</extra>",
        )
    found = scales.crossings(days[order], costs["rent_cost"][order], costs["buy_cost"][order])
    _mark_crossings(figure, found, said, mode)
    theme.finish(
        figure,
        alt=_choice_alt(days[order], {c: v[order] for c, v in costs.items()}, found, said),
        mode=mode,
        axis_titles=(
            said.t("Half-life of the wave (days)"),
            said.t("Cost of the machines ({currency})", currency=currency),
        ),
        height=360 + looks.legend_px(figure),
        top=30,
    )
    known = np.concatenate([cost[order] for cost in costs.values()])
    low, high = min(0.0, float(np.nanmin(known))), float(np.nanmax(known))
    figure.update_yaxes(**scales.linear_axis(said, low, 1.12 * max(high, 1e-9), currency))
    x_range = scales.with_room(days[order].min(), days[order].max(), 12, 12)
    return figure.update_xaxes(**scales.linear_axis(said, *x_range, "count"))


def month_axis(figure: go.Figure, months: Any, said: Words, row: int = 1) -> go.Figure:
    """Give the lowest of ``row`` panels the axis of months: dates, or numbers from the first."""
    dated = scales.is_calendar(months)
    title = said.t("Month") if dated else said.t("Month (number)")
    figure.update_xaxes(title_text=title, row=row, col=1)
    if dated:
        return figure.update_xaxes(**theme.month_axis(said, len(months)))
    return figure.update_xaxes(dtick=1 if len(months) <= 18 else None)


def _machines(figure: go.Figure, months: pd.DataFrame, said: Words) -> None:
    owned = scales.values(months, "machines_owned")
    # A missing height would drop what stands on it to the ground.
    idle = np.nan_to_num(scales.values(months, "idle_machines"))
    rented = scales.values(months, "machines_rented")
    for height, name, color, pattern in (
        (owned - idle, said.t("owned, at work"), theme.BLUE, ""),
        (idle, said.t("owned, idle"), theme.BLUE, "/"),
        (np.where(rented > 0, rented, np.nan), said.t("rented"), theme.ORANGE, ""),
    ):
        if not (np.nan_to_num(height) > 0).any():
            continue
        figure.add_bar(
            x=months["month"],
            y=height,
            name=name,
            marker={
                "color": color,
                "line": {"color": color, "width": 1 if pattern else 0},
                "pattern": {"shape": pattern, "size": 7},
            },
            hovertemplate="%{x}: %{y:,.1f}<extra>%{fullData.name}</extra>",
            row=1,
            col=1,
        )


def _book(figure: go.Figure, months: Any, book: np.ndarray, currency: str, said: Words) -> None:
    figure.add_scatter(
        x=months,
        y=book,
        name=said.t("book value of the owned ones"),
        mode="lines+markers" if len(months) <= 24 else "lines",
        line={"color": theme.GREEN, "dash": "dot", "width": 2},
        marker={"symbol": "square", "size": 6},
        connectgaps=False,
        customdata=[scales.write(said, value, currency) for value in book],
        hovertemplate="%{x}: %{customdata}<extra>%{fullData.name}</extra>",
        row=2,
        col=1,
    )


def _mark_crossings(
    figure: go.Figure, found: list[tuple[float, float]], said: Words, mode: theme.Mode
) -> None:
    if not found:
        return
    ink = theme.INKS[mode]
    figure.add_scatter(
        x=[x for x, _ in found],
        y=[y for _, y in found],
        mode="markers",
        name=said.t("renting and buying cost the same"),
        marker={
            "symbol": "circle-open",
            "size": 15,
            "color": ink.text,
            "line": {"color": ink.text, "width": 2.5},
        },
        hovertemplate=_hovered_days(said) + "<extra>%{fullData.name}</extra>",
    )
    for x, _ in found:
        figure.add_vline(x=x, line={"color": ink.quiet, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            text=said.n("{n} day", "{n} days", round(x)),
            showarrow=False,
            font={"size": 12, "color": ink.text},
        )


def _capacity_alt(months: pd.DataFrame, book: np.ndarray, currency: str, said: Words) -> str:
    needed = scales.values(months, "machines_needed")
    idle = scales.values(months, "idle_machines")
    parts: list[str] = []
    if np.isfinite(needed).any():
        peak = int(np.nanargmax(needed))
        last = int(np.flatnonzero(np.isfinite(needed))[-1])
        parts.append(
            said.t(
                "Machines needed: at most {most}, {month}; at the end {last}.",
                most=scales.write(said, needed[peak]),
                month=scales.month_text(said, months["month"].iloc[peak]),
                last=scales.write(said, needed[last]),
            )
        )
    if np.isfinite(idle).any():
        parts.append(
            said.t("Owned and idle: at most {n}.", n=scales.write(said, float(np.nanmax(idle))))
        )
    if np.isfinite(book).any():
        last_value = float(book[np.isfinite(book)][-1])
        amount = scales.write(said, last_value, currency)
        parts.append(said.t("Book value at the end: {amount}.", amount=amount))
    return said.sentences(parts)


def _choice_alt(
    days: np.ndarray,
    costs: dict[str, np.ndarray],
    found: list[tuple[float, float]],
    said: Words,
) -> str:
    span: dict[str, Any] = {
        "low": said.number(float(days.min()), digits=0),
        "high": said.number(float(days.max()), digits=0),
    }
    parts = [said.t("Cost of renting and buying for half-lives from {low} to {high} days.", **span)]
    if found:
        at = looks.join(said, [said.number(x, digits=0) for x, _ in found])
        parts.append(said.t("Both cost the same at a half-life of {days} days.", days=at))
        return said.sentences(parts)
    both = np.isfinite(costs["rent_cost"]) & np.isfinite(costs["buy_cost"])
    if both.any():
        cheaper = costs["rent_cost"][both][0] < costs["buy_cost"][both][0]
        parts.append(
            said.t("Renting is cheaper throughout.")
            if cheaper
            else said.t("Buying is cheaper throughout.")
        )
    return said.sentences(parts)


def _hovered_days(said: Words) -> str:
    return said.t("{n} d", n="%{x:.0f}")
