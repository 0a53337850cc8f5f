"""Figures of the attention question: waves of ratings, positions in charts, installs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import theme
from dashboard.text import Words

Look = TypeVar("Look")

MAX_CELLS_WITH_TEXT = 600
"""A heat map with more cells says its values on hover only."""
MOST_STOREFRONTS = 32
"""Storefronts side by side, so that every code can be read across a page of paper."""
_ROW_PX, _CODES_PX = 30, 40
_KEY_COLUMNS = 48
"""Columns of a key that a phone shows whole."""
_METHOD_MARKERS = {"ratings": "circle", "rank": "diamond", "disclosed": "star"}
_KINDS_OF_MARKER = ("", "-open", "-dot", "-open-dot")


def apps_in(*frames: pd.DataFrame) -> tuple[str, ...]:
    """Return the names in ``app_name`` of all frames: what gives each app one colour in all."""
    held = [set(frame["app_name"].dropna()) for frame in frames if "app_name" in frame]
    return tuple(sorted(map(str, set().union(*held))))


def _app_of(name: str, apps: Sequence[str]) -> str:
    """Return the app that a series is of: its name begins with that of the app."""
    return max((app for app in apps if name.startswith(app)), key=len, default=name)


def _styles(names: Sequence[str], apps: Sequence[str]) -> dict[str, theme.SeriesStyle]:
    """Return the look of each series: the colour of its app, other dashes and markers for each."""
    places = _places(names, apps)
    found: dict[str, theme.SeriesStyle] = {}
    n_rounds = len(theme.MARKERS)
    for name in names:
        looks = [theme.series_style(places[name] + len(theme.PALETTE) * n) for n in range(n_rounds)]
        found[name] = _first_free(looks, found.values())
    return found


def _places(names: Iterable[str], apps: Sequence[str]) -> dict[str, int]:
    """Return for each series the place of its app, in the order that gives the colours."""
    of = {name: _app_of(name, apps) for name in names}
    order = list(dict.fromkeys((*apps, *of.values())))
    return {name: order.index(app) for name, app in of.items()}


def _first_free(looks: Sequence[Look], taken: Collection[Look]) -> Look:
    """Return the first look that nothing has yet; the first of all where all are taken."""
    return next((each for each in looks if each not in taken), looks[0])


def rating_waves_figure(
    rates: pd.DataFrame,
    curves: pd.DataFrame,
    words: Words,
    mode: theme.Mode = "light",
    apps: Sequence[str] = (),
) -> go.Figure:
    """Draw new ratings a day by app as steps, each as wide as the time between two look-ups.

    Parameters
    ----------
    rates
        ``app_name, previous_on, observed_on, new_ratings_per_day`` (ratings a day between two
        look-ups; missing where ratings were removed: a gap), by app and day.
    curves
        ``app_name, date, new_ratings_per_day``: the fitted decay where one could be fitted.
    apps
        As :func:`apps_in` of all that stands on the page.
    """
    if rates.empty:
        return theme.empty(words.t("No rating counts of these apps are held."), mode)
    figure = go.Figure()
    names = list(dict.fromkeys(rates["app_name"]))
    styles = _styles(names, apps)
    for name in names:
        style = styles[name]
        own = theme.thin(_steps(rates.loc[rates["app_name"] == name]), "new_ratings_per_day")
        figure.add_trace(
            go.Scatter(
                x=own["date"],
                y=own["new_ratings_per_day"],
                name=theme.escape(name),
                legendgroup=name,
                mode="lines",
                line={"color": style.color, "width": 2, "shape": "linear"},
                connectgaps=False,
                hovertemplate="%{x|%Y-%m-%d}: %{y:.3~g}<extra>%{fullData.name}</extra>",
            )
        )
        fitted = curves.loc[curves["app_name"] == name]
        if len(fitted):
            figure.add_trace(
                go.Scatter(
                    x=fitted["date"],
                    y=fitted["new_ratings_per_day"],
                    name=words.t("{app}: fitted decay", app=theme.escape(name)),
                    legendgroup=name,
                    showlegend=False,
                    mode="lines",
                    line={"color": style.color, "width": 2, "dash": "dot"},
                    hovertemplate="%{x|%Y-%m-%d}: %{y:.3~g}<extra>%{fullData.name}</extra>",
                )
            )
    if set(curves["app_name"]) & set(names):
        # One entry for all curves: two an app would crowd the legend.
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            name=words.t("fitted decay, in the colour of the app"),
            line={"color": theme.INKS[mode].quiet, "width": 2, "dash": "dot"},
        )
    titles = words.t("Day"), words.t("New ratings (ratings a day)")
    theme.finish(
        figure, alt=_waves_alt(rates, names, words), mode=mode, axis_titles=titles, height=420
    )
    figure.update_layout(margin_b=40 + 20 * -(-len(names) // 4))
    positive = rates["new_ratings_per_day"].where(rates["new_ratings_per_day"] > 0)
    low, high = np.log10(positive.min()), np.log10(positive.max())
    if np.isfinite(low) and high - low > 1:
        # A wave falls by powers of ten: a level axis would show its first weeks alone.
        figure.update_yaxes(type="log", range=[max(low, high - 4) - 0.1, high + 0.1], dtick=1)
    return figure.update_xaxes(**theme.day_axis(words))


def _steps(rates: pd.DataFrame) -> pd.DataFrame:
    """Return two points between look-ups, and a hole where two stretches do not meet."""
    begins = rates.assign(date=rates["previous_on"], order=0)
    ends = rates.assign(date=rates["observed_on"], order=1)
    apart = rates["previous_on"].ne(rates["observed_on"].shift())
    holes = rates.loc[apart].iloc[1:]
    holes = holes.assign(date=holes["previous_on"], order=-1, new_ratings_per_day=np.nan)
    steps = pd.concat([begins, ends, holes])
    return steps.sort_values(["previous_on", "order"], ignore_index=True)


def _waves_alt(rates: pd.DataFrame, names: list[str], words: Words) -> str:
    told = [words.t("New ratings a day between the look-ups.")]
    for name in names:
        own = rates.loc[rates["app_name"] == name].dropna(subset=["new_ratings_per_day"])
        if own.empty:
            continue
        top: Any = own.loc[own["new_ratings_per_day"].idxmax()]
        told.append(
            words.t(
                "{app}: at most {rate} a day, from {start} to {end}.",
                app=name,
                rate=words.number(top["new_ratings_per_day"]),
                start=words.date(top["previous_on"]),
                end=words.date(top["observed_on"]),
            )
        )
    return words.sentences(told)


def bump_figure(
    ranks: pd.DataFrame, words: Words, mode: theme.Mode = "light", apps: Sequence[str] = ()
) -> go.Figure:
    """Draw positions by day on an inverted axis, each name at its right end.

    Parameters
    ----------
    ranks
        ``app_name, observed_on, rank, chart_depth``, one chart, and a missing ``rank`` on a day
        on which the chart was read and the app was not in it: a visible gap.
    apps
        As in :func:`rating_waves_figure`.
    """
    held = ranks.dropna(subset=["observed_on"])
    if held["rank"].dropna().empty:
        return theme.empty(
            words.t(
                "No dated chart holds these apps. Import charts on the Data page, or turn on live "
                "collection."
            ),
            mode,
        )
    figure = go.Figure()
    styles = _styles(sorted(set(map(str, held["app_name"]))), apps)
    for name, own in held.groupby("app_name", sort=True):
        style = styles[str(name)]
        own = own.sort_values("observed_on")
        figure.add_trace(
            go.Scatter(
                x=own["observed_on"],
                y=own["rank"],
                name=theme.escape(str(name)),
                mode="lines+markers",
                line={"color": style.color, "dash": style.dash, "shape": "linear", "width": 2},
                marker={"symbol": style.symbol, "size": 7},
                connectgaps=False,
                showlegend=False,
                hovertemplate="%{x|%Y-%m-%d}: %{y:d}<extra>%{fullData.name}</extra>",
            )
        )
        last = own.dropna(subset=["rank"]).tail(1)
        for _, row in last.iterrows():
            figure.add_annotation(
                x=row["observed_on"],
                y=row["rank"],
                text=theme.escape(str(name)),
                xanchor="left",
                xshift=8,
                showarrow=False,
                font={"size": 12},
            )
    titles = words.t("Day of the chart (UTC)"), words.t("Position (1 is the top)")
    theme.finish(figure, alt=_bump_alt(held, words), mode=mode, axis_titles=titles, height=420)
    lowest = int(np.nanmax(held["rank"].to_numpy(dtype=float)))
    figure.update_yaxes(
        range=[lowest + 0.5, 0.5], dtick=max(1, -(-lowest // 12)), tick0=1, tickformat="d"
    )
    figure.update_layout(margin_r=130)
    return figure.update_xaxes(**theme.day_axis(words))


def _bump_alt(held: pd.DataFrame, words: Words) -> str:
    told = [words.t("Positions by day, the top at the top; a gap is a day out of the chart.")]
    for name, own in held.dropna(subset=["rank"]).groupby("app_name"):
        best: Any = own.loc[own["rank"].idxmin()]
        told.append(
            words.t(
                "{app}: best position {rank} on {day}.",
                app=str(name),
                rank=words.number(best["rank"], digits=0),
                day=words.date(best["observed_on"]),
            )
        )
    return words.sentences(told)


def storefront_figure(ranks: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the best position of each app in each storefront as a heat map.

    Parameters
    ----------
    ranks
        ``app_name, storefront, rank``; a storefront without a row of an app has an empty cell:
        not ranked. Storefronts stand by their codes, in rows where there are many.
    """
    held = ranks.dropna(subset=["rank"])
    if held.empty:
        return theme.empty(words.t("No chart that is held ranks these apps."), mode)
    table = held.pivot_table(index="app_name", columns="storefront", values="rank", aggfunc="min")
    table = table.loc[table.mean(axis=1).sort_values(ascending=False).index]
    n_rows = -(-table.shape[1] // MOST_STOREFRONTS)
    per_row = -(-table.shape[1] // n_rows)
    parts = [table.iloc[:, row * per_row : (row + 1) * per_row] for row in range(n_rows)]
    row_px = _ROW_PX * len(table)
    figure = make_subplots(rows=n_rows, cols=1, vertical_spacing=_between_rows(n_rows, row_px))
    for row, part in enumerate(parts, 1):
        figure.add_trace(_storefront_cells(part, words, table), row=row, col=1)
        figure.update_xaxes(range=[-0.5, per_row - 0.5], row=row, col=1)
    theme.finish(
        figure,
        alt=_storefront_alt(held, words),
        mode=mode,
        height=150 + n_rows * row_px + (n_rows - 1) * _CODES_PX,
    )
    figure.update_layout(margin_b=60)
    figure.update_yaxes(showgrid=False, title_text=theme.upright_title(words.t("App")))
    figure.update_xaxes(title_text=words.t("Storefront (ISO code)"), row=n_rows, col=1)
    return figure.update_xaxes(
        showgrid=False, tickangle=-90, tickfont_size=10, type="category", dtick=1
    )


def _between_rows(n_rows: int, row_px: int) -> float:
    """Return the share of the plot between two rows, which their codes need."""
    if n_rows == 1:
        return 0.0
    return _CODES_PX / (n_rows * row_px + (n_rows - 1) * _CODES_PX)


def _storefront_cells(part: pd.DataFrame, words: Words, table: pd.DataFrame) -> go.Heatmap:
    """Return some storefronts of a table, in the colours of the whole."""
    return go.Heatmap(
        z=part.to_numpy(),
        x=list(part.columns),
        y=[theme.escape(str(name)) for name in part.index],
        colorscale="Cividis",
        reversescale=True,
        zmin=1,
        zmax=max(2, int(np.nanmax(table.to_numpy()))),
        hoverongaps=False,
        xgap=1,
        ygap=1,
        texttemplate="%{z:d}" if table.size <= MAX_CELLS_WITH_TEXT else None,
        colorbar={"title": {"text": words.t("Position")}, "tickformat": "d"},
        showscale=part.columns[0] == table.columns[0],
        hovertemplate="%{y}, %{x}: %{z:d}<extra></extra>",
    )


def _storefront_alt(held: pd.DataFrame, words: Words) -> str:
    told = [words.t("Best position of each app by storefront; an empty cell is not ranked.")]
    for name, own in held.groupby("app_name"):
        best: Any = own.loc[own["rank"].idxmin()]
        told.append(
            words.t(
                "{app}: ranked in {n} storefronts, best {rank} in {storefront}.",
                app=str(name),
                n=words.number(len(set(own["storefront"])), digits=0),
                rank=words.number(best["rank"], digits=0),
                storefront=best["storefront"],
            )
        )
    return words.sentences(told)


def installs_figure(
    installs: pd.DataFrame, words: Words, mode: theme.Mode = "light", apps: Sequence[str] = ()
) -> go.Figure:
    """Draw downloads a day as each proxy estimates them, with bounds, beside what was disclosed.

    Parameters
    ----------
    installs
        ``name, method, start, end, downloads_per_day, low, high``: ``method`` is ``ratings``,
        ``rank`` or ``disclosed``; a disclosed figure may lack its bounds.
    apps
        As in :func:`rating_waves_figure`: colours tell apps apart, markers the methods.
    """
    held = installs.dropna(subset=["downloads_per_day"])
    if held.empty:
        return theme.empty(words.t("Nothing is held from which to estimate downloads."), mode)
    figure = go.Figure(list(_install_traces(held, words, apps)))
    titles = words.t("Day"), words.t("Downloads (a day)")
    n_disclosed = list(held["method"]).count("disclosed")
    alt = words.t(
        "Downloads a day: {n} estimates and {m} disclosed figures, on a logarithmic axis.",
        n=words.number(len(held) - n_disclosed, digits=0),
        m=words.number(n_disclosed, digits=0),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=420)
    figure.update_yaxes(type="log", dtick=1)
    figure.update_layout(margin_b=70)
    return figure.update_xaxes(**theme.day_axis(words))


def _install_traces(held: pd.DataFrame, words: Words, apps: Sequence[str]) -> Iterator[go.Scatter]:
    said = {
        "ratings": words.t("{name}: from new ratings, estimated"),
        "rank": words.t("{name}: from positions, estimated"),
        "disclosed": words.t("{name}: as published (not by storefront)"),
    }
    groups: Any = held.groupby(["name", "method"], sort=True)
    looks = _install_looks([key for key, _ in groups], apps)
    for (name, method), own in groups:
        color, symbol = looks[name, method]
        own = theme.thin(own.sort_values("start"), "downloads_per_day")
        middle = own["start"] + (own["end"] - own["start"]) / 2
        half = (own["end"] - own["start"]) / 2
        bars: dict[str, Any] = {
            "type": "data",
            "symmetric": False,
            "array": (own["high"] - own["downloads_per_day"]).fillna(0),
            "arrayminus": (own["downloads_per_day"] - own["low"]).fillna(0),
            "color": theme.translucent(color, 0.5),
            "width": 0,
            "thickness": 1.5,
        }
        yield go.Scatter(
            x=middle,
            y=own["downloads_per_day"],
            error_y=bars,
            error_x={
                "type": "data",
                "array": half.dt.total_seconds() * 1e3,
                "width": 0,
                "thickness": 2,
                "color": color,
            },
            name=theme.wrap(
                said[method].format(name=theme.escape(theme.wrap(name, 40, lines=1))), _KEY_COLUMNS
            ),
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 10 if method == "disclosed" else 6,
                "color": color,
            },
            hovertemplate="%{x|%Y-%m-%d}: %{y:,.3~s}<extra>%{fullData.name}</extra>",
        )


def _install_looks(
    keys: Sequence[tuple[str, str]], apps: Sequence[str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return colour and marker of each name and method: no two look the same while marks last."""
    # An estimate bears its storefront behind the name of its app.
    known = apps or sorted({name.rsplit(", ", 1)[0] for name, how in keys if how != "disclosed"})
    places = _places((name for name, _ in keys), known)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, method in keys:
        color = theme.series_style(places[name]).color
        looks = [(color, _METHOD_MARKERS[method] + kind) for kind in _KINDS_OF_MARKER]
        found[name, method] = _first_free(looks, found.values())
    return found
