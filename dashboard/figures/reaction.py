"""Abnormal returns around events: one panel an event, the untested ones apart.

With fewer than five tested events every event has its own panel; from five on there is one panel
with the single paths and their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy import stats

from dashboard.figures import labels, theme
from dashboard.text import Words

if TYPE_CHECKING:
    from dashboard.studies import MarketStudy

FEWEST_FOR_MEAN = 5
"""From so many tested events on, the mean path is drawn."""

_SPACER = 0.12
_MOST_A_ROW, _HEADING_WIDTH = 2, 18
"""Panels side by side, and columns of a heading: on a phone a panel is about 110 pixels wide."""
_PANEL_PX, _HEADING_PX, _AXIS_PX = 220, 15, 56
_PAPER_PANEL_PX = 110
"""Height of a plot on paper, which is as wide as five panels and has no room to scroll."""
_DESCRIBED = theme.SeriesStyle(theme.ORANGE, "dash", "diamond-open")
_THIN = theme.SeriesStyle(theme.SKY, "solid", "circle")
_HATCHED = {
    "color": theme.translucent(theme.ORANGE, 0.35),
    "line": {"color": theme.ORANGE, "width": 1.5},
    "pattern": {"shape": "/", "fgcolor": theme.ORANGE},
}
_AR = "abnormal_return"
_CAR = "cumulative_abnormal_return"
_Measure = Literal["abnormal_return", "cumulative_abnormal_return"]


@dataclass(frozen=True)
class Panel:
    """One panel: its title, the events in it and how they are drawn."""

    title: str
    events: pd.DataFrame
    kind: Literal["single", "mean", "described"]


@dataclass(frozen=True)
class _Drawing:
    """What every step of one figure needs to know."""

    study: MarketStudy
    panels: list[Panel]
    words: Words
    measure: _Measure
    placebo: pd.DataFrame | None = None
    is_paper: bool = False

    @property
    def places(self) -> list[tuple[int, int]]:
        """Row and column of each panel."""
        return _places(self.panels, len(self.panels) if self.is_paper else _MOST_A_ROW)

    @property
    def plot_px(self) -> int:
        """Height of the plots with what lies between them."""
        rows = max(row for row, _ in self.places)
        panel = _PAPER_PANEL_PX if self.is_paper else _PANEL_PX
        return panel * rows + _gap_px(self.panels) * (rows - 1)

    def placebo_band(self, panel: Panel) -> pd.DataFrame:
        """Return the placebo band of the panel's event: ``day, low, high``."""
        if self.placebo is None:
            return pd.DataFrame({"day": [], "low": [], "high": []})
        own = self.placebo["event_id"].isin(panel.events["event_id"])
        return self.placebo.loc[own].sort_values("day")

    def paths(self, panel: Panel) -> pd.DataFrame:
        """Return the days of the panel's events, in order."""
        paths = self.study.paths
        own = paths.loc[paths["event_id"].isin(panel.events["event_id"])]
        return own.sort_values(["event_id", "day"])


def chosen_events(study: MarketStudy, event_ids: Sequence[str] | None) -> pd.DataFrame:
    """Return the events of a study that have paths, by day; ``None`` takes all of them."""
    events = study.events.loc[study.events["status"] != "excluded"]
    if event_ids is not None:
        events = events.loc[events["event_id"].isin(list(event_ids))]
    return events.sort_values(["day_zero", "event_id"])


def abnormal_return_figure(
    study: MarketStudy,
    event_ids: Sequence[str] | None,
    words: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw the abnormal return of each day as a bar with its 95% interval (ratios).

    A price-selected event is drawn apart, hatched and without an interval. Missing returns leave
    a gap.
    """
    drawing = _drawing(study, event_ids, words, _AR)
    return _draw(drawing, _bar_traces, _ar_title(study, words), mode)


def car_figure(
    study: MarketStudy,
    event_ids: Sequence[str] | None,
    words: Words,
    mode: theme.Mode = "light",
    placebo: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw the cumulative abnormal return with its 95% band (ratios).

    Fewer than five tested events are drawn singly, from five on the single paths are thin and
    their mean has a cross-sectional band (t with N − 1 degrees of freedom). A price-selected
    event is drawn apart, dashed and without a band. Missing values leave a gap.

    ``placebo`` (``event_id, day, low, high``) draws a grey band behind each event drawn singly:
    where 95% of random days of the same share lie.
    """
    drawing = replace(_drawing(study, event_ids, words, _CAR), placebo=placebo)
    return _draw(drawing, _path_traces, _car_title(study, words), mode)


def paper_figures(
    study: MarketStudy, event_ids: Sequence[str] | None, words: Words
) -> tuple[go.Figure, go.Figure]:
    """Draw both figures, abnormal and cumulative, for paper: all panels side by side and low."""
    daily = replace(_drawing(study, event_ids, words, _AR), is_paper=True)
    return (
        _draw(daily, _bar_traces, _ar_title(study, words), "light"),
        _draw(replace(daily, measure=_CAR), _path_traces, _car_title(study, words), "light"),
    )


def _ar_title(study: MarketStudy, words: Words) -> str:
    return words.t("Abnormal return ({returns})", returns=labels.returns(words, study.spec.returns))


def _car_title(study: MarketStudy, words: Words) -> str:
    return words.t(
        "Cumulative abnormal return ({returns})", returns=labels.returns(words, study.spec.returns)
    )


def mean_path(paths: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the mean over events by day with its 95% cross-sectional interval.

    Parameters
    ----------
    paths
        Long frame with ``event_id``, ``day`` and the ``measure`` (ratio); missing values are
        left out of their day.
    measure
        Name of the column to average.

    Returns
    -------
    DataFrame of ``day``, ``mean``, ``low``, ``high`` (ratios) and ``n``; the interval is missing
    where a day has fewer than two values.
    """
    by_day = paths.groupby("day")[measure]
    table = pd.DataFrame({"mean": by_day.mean(), "n": by_day.count(), "sd": by_day.std()})
    n = table["n"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = stats.t.ppf(0.975, np.where(n > 1, n - 1, np.nan)) * table["sd"] / np.sqrt(n)
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half)
    return table.drop(columns="sd").reset_index()


def _drawing(
    study: MarketStudy, event_ids: Sequence[str] | None, words: Words, measure: _Measure
) -> _Drawing:
    return _Drawing(study, _panels(chosen_events(study, event_ids), words), words, measure)


def _panels(events: pd.DataFrame, words: Words) -> list[Panel]:
    tested = events.loc[events["status"] == "tested"]
    described = events.loc[events["status"] == "described"]
    if len(tested) < FEWEST_FOR_MEAN:
        singles = [tested.iloc[[row]] for row in range(len(tested))]
        panels = [Panel(_heading(event, words), event, "single") for event in singles]
    else:
        title = words.n("Mean of {n} event", "Mean of {n} events", len(tested))
        panels = [Panel(f"<b>{title}</b>", tested, "mean")]
    if len(described):
        heading = _heading(described, words) if len(described) == 1 else ""
        title = words.t("described, not tested")
        heading = "<br>".join(filter(None, (f"<i>{title}</i>", heading)))
        panels.append(Panel(heading, described, "described"))
    return panels


def _heading(event: pd.DataFrame, words: Words) -> str:
    row = event.iloc[0]
    title = theme.wrap(theme.escape(labels.event_title(row, words)), _HEADING_WIDTH, lines=3)
    day = labels.event_day(row, words).replace(" → ", "<br>→ ")
    return f"<b>{day}</b><br>{title}"


def _heading_lines(panels: list[Panel]) -> int:
    return 1 + max(panel.title.count("<br>") for panel in panels)


def _places(panels: list[Panel], most: int) -> list[tuple[int, int]]:
    """Return row and column of each panel, with no more than ``most`` side by side.

    In one row the untested ones stand behind an empty column.
    """
    if len(panels) > most:
        return [(1 + place // most, 1 + place % most) for place in range(len(panels))]
    apart = len(panels) > 1 and panels[-1].kind == "described"
    columns = list(range(1, len(panels) + 1))
    columns = [*columns[:-1], columns[-1] + 1] if apart else columns
    return [(1, column) for column in columns]


def _frame(drawing: _Drawing) -> go.Figure:
    panels, places = drawing.panels, drawing.places
    rows, columns = max(row for row, _ in places), max(column for _, column in places)
    is_apart = rows == 1 and columns > len(panels)
    widths = [_SPACER if is_apart and column == columns - 2 else 1.0 for column in range(columns)]
    grid = [[(row + 1, column + 1) for column in range(columns)] for row in range(rows)]
    gap = _gap_px(panels) if rows > 1 else 0
    one_scale: Any = "all"  # plotly's types know of true and false alone
    return make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes=one_scale,
        horizontal_spacing=0.02 if rows == 1 else 0.06,
        vertical_spacing=gap / drawing.plot_px,
        column_widths=widths,
        specs=[[{} if place in places else None for place in row] for row in grid],
        subplot_titles=[panel.title for panel in panels],
    )


def _gap_px(panels: list[Panel]) -> int:
    """Return what lies between two rows: ticks and title of one, headings of the other."""
    return _AXIS_PX + 18 + _HEADING_PX * _heading_lines(panels)


def _draw(
    drawing: _Drawing,
    traces: Callable[[_Drawing, Panel], list[Any]],
    y_title: str,
    mode: theme.Mode,
) -> go.Figure:
    words, panels = drawing.words, drawing.panels
    if not panels:
        return theme.empty(words.t("No event of this share can be studied in these windows."), mode)
    figure = _frame(drawing)
    days = theme.wrap(words.t("Trading days from day 0"), _HEADING_WIDTH)
    for panel, (row, column) in zip(panels, drawing.places, strict=True):
        for trace in traces(drawing, panel):
            figure.add_trace(trace, row=row, col=column)
        figure.update_xaxes(title_text=days, row=row, col=column)
    top = 18 + _HEADING_PX * _heading_lines(panels)
    height = top + drawing.plot_px + _AXIS_PX + 12
    theme.finish(figure, alt=_alt(drawing), mode=mode, height=height, top=top)
    figure.update_annotations(font_size=11, yshift=4)
    first, last = drawing.study.spec.window
    figure.update_xaxes(dtick=max(1, -(-(last - first) // 6)), title_font_size=12)
    figure.update_yaxes(tickformat=".0%", zeroline=True)
    figure.update_yaxes(title_text=theme.upright_title(y_title), col=1)
    return figure


def _bar_traces(drawing: _Drawing, panel: Panel) -> list[Any]:
    paths, words = drawing.paths(panel), drawing.words
    if panel.kind == "described":
        return [
            _bars(own, _AR, words).update(name=_name(event, words), marker=_HATCHED)
            for event, own in _each(panel, paths)
        ]
    if panel.kind == "mean":
        table, name, column = mean_path(paths, _AR), panel.title, "mean"
        half = table["high"] - table["mean"]
    else:
        table, name, column = paths, _name(panel.events.iloc[0], words), _AR
        half = _half_width(paths)
    error = {"array": half, "thickness": 1.5, "width": 4, "color": theme.VERMILION}
    return [_bars(table, column, words).update(name=name, error_y=error)]


def _bars(table: pd.DataFrame, column: str, words: Words) -> go.Bar:
    return go.Bar(
        x=table["day"],
        y=table[column],
        marker={"color": theme.BLUE},
        hovertemplate=_hover(words),
        showlegend=False,
    )


def _half_width(paths: pd.DataFrame) -> Any:
    """Return half the 95% interval of AR, with the quantile that the study's CAR band used."""
    quantile = (paths["car_high"] - paths[_CAR]) / paths[f"{_CAR}_se"]
    return quantile * paths[f"{_AR}_se"]


def _path_traces(drawing: _Drawing, panel: Panel) -> list[Any]:
    paths, words = drawing.paths(panel), drawing.words
    if panel.kind == "described":
        return [
            _line(own, _CAR, _DESCRIBED, words).update(name=_name(event, words))
            for event, own in _each(panel, paths)
        ]
    if panel.kind == "single":
        line = _line(paths, _CAR, theme.series_style(0), words)
        random_days = drawing.placebo_band(panel)
        grey = theme.INKS["light"].quiet
        placebo = _band(random_days, ("low", "high"), words, grey) if len(random_days) else []
        band = _band(paths, ("car_low", "car_high"), words)
        return [*placebo, *band, line.update(name=_name(panel.events.iloc[0], words))]
    table = mean_path(paths, _CAR)
    singles = [
        _line(own, _CAR, _THIN, words).update(name=_name(event, words), mode="lines", line_width=1)
        for event, own in _each(panel, paths)
    ]
    mean = _line(table, "mean", theme.series_style(0), words).update(name=panel.title)
    return [*_band(table, ("low", "high"), words), *singles, mean]


def _line(table: pd.DataFrame, column: str, style: theme.SeriesStyle, words: Words) -> go.Scatter:
    return go.Scatter(
        x=table["day"],
        y=table[column],
        mode="lines+markers",
        line={"color": style.color, "dash": style.dash, "width": 2},
        marker={"symbol": style.symbol, "size": 7},
        connectgaps=False,
        hovertemplate=_hover(words),
        showlegend=False,
    )


def _band(
    table: pd.DataFrame, edges: tuple[str, str], words: Words, color: str = theme.BLUE
) -> list[go.Scatter]:
    names = words.t("95% band, low"), words.t("95% band, high")
    low, high = (
        go.Scatter(
            x=table["day"],
            y=table[edge],
            name=name,
            mode="lines",
            line_width=0,
            hoverinfo="skip",
            showlegend=False,
        )
        for edge, name in zip(edges, names, strict=True)
    )
    high.fill, high.fillcolor = "tonexty", theme.translucent(color, 0.18)
    return [low, high]


def _each(panel: Panel, paths: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
    for _, event in panel.events.iterrows():
        yield event, paths.loc[paths["event_id"] == event["event_id"]]


def _name(event: Any, words: Words) -> str:
    return f"{labels.event_day(event, words)} {theme.escape(labels.event_title(event, words))}"


def _hover(words: Words) -> str:
    return words.t("Day {day}: {value}", day="%{x}", value="%{y:+.1%}") + "<extra></extra>"


def _alt(drawing: _Drawing) -> str:
    words = drawing.words
    what = {
        _AR: words.t("Abnormal return on day 0, {model}, {benchmark}."),
        _CAR: words.t("Cumulative abnormal return over the window, {model}, {benchmark}."),
    }[drawing.measure]
    study = drawing.study
    said = [
        what.format(model=labels.model(words, study.spec.model), benchmark=study.benchmark),
        *(
            _said(drawing, event)
            for panel in drawing.panels
            for _, event in panel.events.iterrows()
        ),
    ]
    return words.sentences(said)


def _said(drawing: _Drawing, event: Any) -> str:
    """Return one event's number in a sentence: AR on day 0, or CAR on the last day."""
    words = drawing.words
    paths = drawing.study.paths
    own = paths.loc[paths["event_id"] == event["event_id"]].sort_values("day")
    row = own.loc[own["day"] == 0] if drawing.measure == _AR else own.tail(1)
    value = row[drawing.measure].iloc[0] if len(row) else None
    name = f"{labels.event_day(event, words)} {labels.event_title(event, words)}"
    parts = {"event": name, "value": words.signed_percent(value)}
    if event["status"] == "described":
        return words.t("{event}: {value}, described, not tested.", **parts)
    return words.t("{event}: {value}.", **parts)
