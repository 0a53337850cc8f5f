"""Figures of the market question: prices, reaction to events, and the other shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import annotations, labels, theme
from dashboard.figures.economics import looks
from dashboard.figures.reaction import abnormal_return_figure, car_figure, chosen_events
from dashboard.studies.peers import LATER_GROUP
from dashboard.text import Words

if TYPE_CHECKING:
    from dashboard.studies import MarketStudy

__all__ = [
    "abnormal_return_figure",
    "car_figure",
    "drawn_prices",
    "peers_figure",
    "prices_figure",
]

_EVENT_STYLES = {
    "exogenous": theme.SeriesStyle(theme.VERMILION, "solid", "circle"),
    "price_selected": theme.SeriesStyle(theme.ORANGE, "dash", "diamond-open"),
}
_EXCHANGE_RULES = ("limit_", "suspension", "abnormal_fluctuation")
"""How the flags begin that mark a share with a star."""


def prices_figure(
    study: MarketStudy,
    words: Words,
    event_ids: Sequence[str] | None = None,
    *,
    around: int | None = None,
    is_marked: bool = True,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw the price as traded with its events, and the benchmark rebased to it.

    Parameters
    ----------
    study
        The study; prices in currency per share. Missing prices and suspended days stay gaps.
    words
        The language.
    event_ids
        The events to mark; ``None`` marks all that fall inside the bars.
    around
        Show so many trading days on either side of the marked events; ``None`` shows all bars.
    is_marked
        Whether the events are drawn.
    mode
        Light or dark.
    """
    events = chosen_events(study, event_ids)
    prices = drawn_prices(study, event_ids, around)
    events = events if is_marked else events.iloc[:0]
    column = _price_column(prices)
    if prices.empty:
        return theme.empty(words.t("No bars of this share are held."), mode)
    prices = theme.thin(prices, column)
    events = events.loc[events["day_zero"].between(*prices["trade_date"].iloc[[0, -1]])]
    figure = go.Figure([*_price_lines(study, prices, column, words)])
    for selection in _EVENT_STYLES:
        _mark(figure, prices, events.loc[events["selection"] == selection], words)
    titles = words.t("Trading day"), _price_title(study, column, words)
    alt = _prices_alt(study, prices, events, words)
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=344, top=14)
    _label_events(figure, events, prices, words)
    # Grid lines would be drawn over the lines of the events.
    return figure.update_xaxes(showgrid=False, **theme.day_axis(words))


def peers_figure(
    study: MarketStudy,
    words: Words,
    measure: Literal["abnormal_return", "cumulative_abnormal_return"] = "abnormal_return",
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw what the other shares did on the day, one dot a share (ratios), by concept group.

    Shares without a value have no dot; the alternative text counts them. A star marks a share
    that met a price limit, was suspended or fluctuated abnormally inside the window; a hollow dot a
    share whose group rests on evidence of after the event.
    """
    held = study.peers.dropna(subset=[measure])
    if held.empty:
        return theme.empty(
            words.t("No other share can be compared around this day: the table says why."), mode
        )
    held = held.sort_values(["concept_group", measure], ascending=[False, True])
    figure = go.Figure()
    groups = sorted(set(study.peers["concept_group"]))
    # A share whose evidence is younger than the event is in no group of the comparison of groups.
    later = pd.Series([LATER_GROUP in str(flags) for flags in held["flags"]], index=held.index)
    for position, group in enumerate(groups):
        style, name = theme.series_style(position), labels.concept_group(words, group)
        rows = held.loc[(held["concept_group"] == group) & ~later]
        if len(rows):
            figure.add_trace(_dots(rows, measure, style, name, words))
        rows = held.loc[(held["concept_group"] == group) & later]
        if len(rows):
            hollow = replace(style, symbol=f"{style.symbol}-open")
            name = words.t("{group}, by evidence of after the event", group=name)
            figure.add_trace(_dots(rows, measure, hollow, name, words))
    figure.add_vline(x=0, line_width=1, line_color=theme.INKS["light"].quiet)
    around = study.events.set_index("event_id")["day_zero"].get(study.peers_event_id)
    title = {
        "abnormal_return": words.t("Abnormal return on {day} ({returns})"),
        "cumulative_abnormal_return": words.t(
            "Cumulative abnormal return around {day} ({returns})"
        ),
    }[measure].format(day=words.date(around), returns=labels.returns(words, study.spec.returns))
    theme.finish(
        figure,
        alt=_peers_alt(study, held, measure, words),
        mode=mode,
        axis_titles=(title, words.t("Share")),
        height=80 + 26 * len(held) + looks.legend_px(figure),
    )
    names = [_peer(row, words) for row in _rows(held)]
    figure.update_yaxes(categoryorder="array", categoryarray=names, dtick=1, tickfont_size=11)
    return figure.update_xaxes(tickformat=".0%")


def drawn_prices(
    study: MarketStudy, event_ids: Sequence[str] | None = None, around: int | None = None
) -> pd.DataFrame:
    """Return the days that :func:`prices_figure` draws, as ``study.prices``, by day.

    A suspended day without a bar is a row without prices.
    """
    return _shown(_with_gaps(study), chosen_events(study, event_ids), around)


def _with_gaps(study: MarketStudy) -> pd.DataFrame:
    """Return the prices with a missing row for each suspended day that has no bar."""
    prices, flags = study.prices, study.flags
    suspended = flags.loc[flags["flag"] == "suspension", "trade_date"]
    missing = suspended.loc[~suspended.isin(prices["trade_date"])]
    rows = pd.DataFrame({"trade_date": missing.drop_duplicates()})
    whole = pd.concat([prices, rows], ignore_index=True) if len(rows) else prices
    return whole.sort_values("trade_date", ignore_index=True)


def _shown(prices: pd.DataFrame, events: pd.DataFrame, around: int | None) -> pd.DataFrame:
    if around is None or events.empty:
        return prices
    first = int(prices["trade_date"].searchsorted(events["day_zero"].min()))
    last = int(prices["trade_date"].searchsorted(events["day_zero"].max()))
    return prices.iloc[max(0, first - around) : last + around + 1]


def _price_column(prices: pd.DataFrame) -> str:
    known = prices.dropna(subset=["close_as_traded"])
    return "adjusted_close" if known.empty else "close_as_traded"


def _price_title(study: MarketStudy, column: str, words: Words) -> str:
    currency = study.instrument["currency"]
    if column == "close_as_traded":
        return words.t("Close as traded ({currency} per share)", currency=currency)
    return words.t("Adjusted close ({currency} per share)", currency=currency)


def _price_lines(
    study: MarketStudy, prices: pd.DataFrame, column: str, words: Words
) -> list[go.Scatter]:
    share = go.Scatter(
        x=prices["trade_date"],
        y=prices[column],
        mode="lines",
        name=labels.company(study.instrument, words, "name"),
        line={"color": theme.BLUE, "width": 1.8},
        connectgaps=False,
        hovertemplate="%{x|%Y-%m-%d}: %{y:.2f}<extra></extra>",
    )
    both = prices.dropna(subset=[column, "benchmark_adjusted_close"])
    if both.empty:
        return [share]
    start = both.iloc[0]
    benchmark = go.Scatter(
        x=prices["trade_date"],
        y=prices["benchmark_adjusted_close"] * start[column] / start["benchmark_adjusted_close"],
        mode="lines",
        name=words.t("{benchmark}, rebased to the share's first price", benchmark=study.benchmark),
        line={"color": theme.SKY, "width": 1.3, "dash": "dot"},
        legendrank=2_000,
        connectgaps=False,
        hovertemplate="%{x|%Y-%m-%d}: %{y:.2f}<extra></extra>",
    )
    return [benchmark, share]


def _mark(figure: go.Figure, prices: pd.DataFrame, events: pd.DataFrame, words: Words) -> None:
    """Mark events of one selection on the price line."""
    if events.empty:
        return
    code = str(events["selection"].iloc[0])
    style = _EVENT_STYLES[code]
    at = prices.set_index("trade_date")[_price_column(prices)]
    titles = [theme.escape(labels.event_title(event, words)) for event in _rows(events)]
    figure.add_trace(
        go.Scatter(
            x=events["day_zero"],
            y=at.reindex(events["day_zero"]).to_numpy(),
            mode="markers",
            name=words.t("Event: {selection}", selection=labels.selection(words, code)),
            marker={
                "symbol": style.symbol,
                "size": 10,
                "color": style.color,
                "line": {"color": style.color, "width": 2},
            },
            text=[theme.wrap(title, 50) for title in titles],
            customdata=[labels.event_day(event, words) for event in _rows(events)],
            hovertemplate="%{customdata}<br>%{text}<extra></extra>",
        )
    )
    for day in events["day_zero"]:
        figure.add_vline(
            x=day, line={"color": style.color, "width": 1, "dash": style.dash}, layer="below"
        )


def _label_events(
    figure: go.Figure, events: pd.DataFrame, prices: pd.DataFrame, words: Words
) -> None:
    """Write the day of each event above the plot, as many as stay apart on a phone."""
    between = prices["trade_date"].iloc[0], prices["trade_date"].iloc[-1]
    chosen = dict(zip(events["day_zero"], events["selection"], strict=True))
    days = sorted(chosen)
    names = [words.date(day) for day in days]
    places = annotations.place_names(names, days, between)
    colors = [_EVENT_STYLES[chosen[day]].color for day in days]
    annotations.write_names(figure, days, names, places, colors)
    annotations.make_room(figure, places)


def _dots(
    rows: pd.DataFrame, measure: str, style: theme.SeriesStyle, name: str, words: Words
) -> go.Scatter:
    return go.Scatter(
        x=rows[measure],
        y=[_peer(row, words) for row in _rows(rows)],
        mode="markers",
        name=name,
        marker={"color": style.color, "symbol": style.symbol, "size": 10},
        customdata=rows["ticker"],
        hovertemplate="%{customdata}: %{x:+.1%}<extra></extra>",
        cliponaxis=False,
    )


def _peer(row: Any, words: Words) -> str:
    met_a_rule = any(code in row["flags"] for code in _EXCHANGE_RULES)
    return theme.escape(labels.company(row, words)) + (" *" if met_a_rule else "")


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _prices_alt(
    study: MarketStudy, prices: pd.DataFrame, events: pd.DataFrame, words: Words
) -> str:
    column = _price_column(prices)
    known = prices.dropna(subset=[column])
    if known.empty:
        return words.t("No bars of this share are held.")
    low, high = known.loc[known[column].idxmin()], known.loc[known[column].idxmax()]
    currency = str(study.instrument["currency"])
    said = words.t(
        "{name}, {first} to {last}: lowest {low} on {low_day}, highest {high} on {high_day}.",
        name=labels.company(study.instrument, words, "name"),
        first=words.date(known["trade_date"].iloc[0]),
        last=words.date(known["trade_date"].iloc[-1]),
        low=words.money(low[column], currency),
        low_day=words.date(low["trade_date"]),
        high=words.money(high[column], currency),
        high_day=words.date(high["trade_date"]),
    )
    marked = [
        f"{labels.event_day(event, words)} {labels.event_title(event, words)}"
        f" ({labels.selection(words, event['selection'])})"
        for event in _rows(events)
    ]
    return words.sentences([said, words.t("Marked events:"), "; ".join(marked)]) if marked else said


def _peers_alt(study: MarketStudy, held: pd.DataFrame, measure: str, words: Words) -> str:
    dots = ", ".join(
        f"{labels.company(row, words)} {words.signed_percent(row[measure])}"
        for row in _rows(held.sort_values(measure, ascending=False))
    )
    without = len(study.peers) - len(held)
    said = words.t("Other shares from the highest to the lowest: {dots}.", dots=dots)
    if not without:
        return said
    missing = words.n(
        "For {n} share no prices are held.", "For {n} shares no prices are held.", without
    )
    return words.sentences([said, missing])
