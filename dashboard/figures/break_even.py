"""The break-even strip: the share that must pay at each price, against the shares that do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import labels, theme
from dashboard.studies import BreakEvenStudy
from dashboard.text import Words

_PROGRAM_LOOKS = {
    "standard": (theme.BLUE, ""),
    "small_business": (theme.SKY, "/"),
    "assumed": (theme.BLUE, "/"),
}
_EVIDENCE_LOOKS = {
    "measured": theme.SeriesStyle(theme.GREEN, "solid", "square"),
    "disclosed": theme.SeriesStyle(theme.VERMILION, "solid", "circle"),
    "estimated": theme.SeriesStyle(theme.ORANGE, "solid", "diamond-open"),
    "simulated": theme.SeriesStyle(theme.PINK, "solid", "cross-open"),
    "assumed": theme.SeriesStyle(theme.PINK, "solid", "x-open"),
}
_LABEL_WIDTH = 38


def break_even_figure(study: BreakEvenStudy, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the pay rate needed as a bar from low to high, and published pay rates as points.

    Parameters
    ----------
    study
        Rates as ratios. Bars are the store terms in force on the day of each price; a rate that
        cannot be computed has no bar and is counted in the alternative text. Points are the
        newest published share of each subject; their marker names the evidence kind. Shares of
        monthly actives and shares of installs stand in rows of their own.
    words
        The language.
    mode
        Light or dark.
    """
    in_force = study.break_even.loc[study.break_even["in_force_at_price_date"].astype(bool)]
    needed = in_force.dropna(subset=["low", "high"])
    achieved = study.achieved.loc[study.achieved["latest"].astype(bool)].dropna(subset=["value"])
    if needed.empty and achieved.empty:
        return theme.empty(words.t("No price and no published share is held."), mode)
    figure = go.Figure()
    for program in _PROGRAM_LOOKS:
        rows = needed.loc[needed["program"] == program]
        if len(rows):
            figure.add_trace(_bars(rows, program, words))
    for kind in _EVIDENCE_LOOKS:
        rows = achieved.loc[achieved["evidence_kind"] == kind]
        if len(rows):
            figure.add_trace(_points(rows, kind, words))
    categories = [*_names(achieved, _metric_row, words), *_names(needed, _price_row, words)[::-1]]
    theme.finish(
        figure,
        alt=_alt(study, in_force, achieved, words),
        mode=mode,
        axis_titles=(
            words.t("Share of users who must pay, or who pay (%)"),
            words.t("Price, or published share"),
        ),
        height=150 + 46 * len(categories),
    )
    figure.update_layout(barmode="group", bargap=0.25)
    figure.update_yaxes(categoryorder="array", categoryarray=categories)
    # A bar's label stands outside it, where the plot would not make room by itself.
    highest = max([*needed["high"], *achieved["high"].dropna()])
    return figure.update_xaxes(tickformat=".0%", range=[0, 1.2 * highest])


def _bars(rows: pd.DataFrame, program: str, words: Words) -> go.Bar:
    color, pattern = _PROGRAM_LOOKS[program]
    fees = sorted(set(rows["commission_rate"]))
    told = words.listed(words.percent(fee, digits=0) for fee in fees)
    return go.Bar(
        base=rows["low"],
        x=rows["high"] - rows["low"],
        y=[_price_row(row, words) for row in rows.to_dict("records")],
        orientation="h",
        name=words.t("must pay: fee {fees}, assumed", fees=told)
        if program == "assumed"
        else words.t(
            "must pay: {program}, fee {fees}",
            program=labels.store_program(words, program),
            fees=told,
        ),
        marker={
            "color": color,
            "pattern": {"shape": pattern, "fgcolor": theme.BLUE, "fillmode": "replace"},
        },
        text=[
            words.t("{low} to {high}", low=words.percent(low), high=words.percent(high))
            for low, high in zip(rows["low"], rows["high"], strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )


def _points(rows: pd.DataFrame, kind: str, words: Words) -> go.Scatter:
    style = _EVIDENCE_LOOKS[kind]
    records = rows.to_dict("records")
    return go.Scatter(
        x=rows["value"],
        y=[_metric_row(row, words) for row in records],
        mode="markers",
        name=words.t("published share, {kind}", kind=words.evidence(kind)),
        marker={
            "color": style.color,
            "symbol": style.symbol,
            "size": 10,
            "line": {"color": style.color, "width": 2},
        },
        error_x={
            "type": "data",
            "array": rows["high"] - rows["value"],
            "arrayminus": rows["value"] - rows["low"],
            "thickness": 1.5,
        },
        text=[_said(row, words) for row in records],
        hovertemplate="%{text}<extra></extra>",
        cliponaxis=False,
    )


def _price_row(row: Any, words: Words) -> str:
    amount, _, period = str(row["price_unit"]).partition("/")
    price = words.money(row["price"], amount)
    per = words.t("{price} a pack", price=price)
    if period == "month":
        per = words.t("{price} a month", price=price)
    if row["metric"] == "arppu":
        per = words.t("{price} (revenue per payer)", price=per)
    name = words.t(
        "{entity}, {date}: {value}",
        entity=labels.company(row, words, "entity"),
        date=words.date(row["as_of"]),
        value=words.listed((per, words.evidence(row["price_evidence_kind"]))),
    )
    return theme.wrap(theme.escape(name), _LABEL_WIDTH)


def _metric_row(row: Any, words: Words) -> str:
    return theme.wrap(labels.pay_rate(words, str(row["metric"])), _LABEL_WIDTH)


def _names(rows: pd.DataFrame, name: Callable[[Any, Words], str], words: Words) -> list[str]:
    """Return the category of each row, once, in order."""
    return list(dict.fromkeys(name(row, words) for row in rows.to_dict("records")))


def _said(row: Any, words: Words) -> str:
    return words.t(
        "{entity}, {date}: {value}",
        entity=labels.company(row, words, "entity"),
        date=words.date(row["as_of"]),
        value=words.percent(row["value"]),
    )


def _alt(
    study: BreakEvenStudy, in_force: pd.DataFrame, achieved: pd.DataFrame, words: Words
) -> str:
    needed = in_force.dropna(subset=["low", "high"])
    parts: list[str] = []
    if len(needed):
        cost = study.cost.to_dict("records")[0]
        parts.append(
            words.t(
                "At a server cost of {cost_low} to {cost_high} a user and month, {low} to {high} "
                "of users must pay, depending on price and store terms.",
                cost_low=words.money(cost["low"], study.currency, digits=3),
                cost_high=words.money(cost["high"], study.currency, digits=3),
                low=words.percent(min(needed["low"])),
                high=words.percent(max(needed["high"])),
            )
        )
    if len(in_force) > len(needed):
        parts.append(
            words.n(
                "{n} rate cannot be computed.",
                "{n} rates cannot be computed.",
                len(in_force) - len(needed),
            )
        )
    if len(achieved):
        said = words.t("; ").join(_said(row, words) for row in achieved.to_dict("records"))
        parts.append(words.t("Published shares: {shares}.", shares=said))
    return words.sentences(parts)
