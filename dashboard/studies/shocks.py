"""Positions and ratings of apps, the shocks in them, and what those are for a share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.frames import column, columns, ordered, rows
from etl.analytics.rank_shocks import as_events, rank_shocks, rating_shocks
from etl.analytics.rating_rates import rating_rates

_EVENT_COLUMNS = (
    "event_id",
    "ticker",
    "entity",
    "event_date",
    "event_type",
    "title_en",
    "title_zh",
    "selection",
    "date_precision",
    "session",
    "source_url",
)


@dataclass(frozen=True)
class Chart:
    """Which chart: ``free``, ``paid`` or ``grossing``, of a category of the store."""

    chart_type: str
    category: str


def rates(reader: Reader, apps: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """Return the new ratings a day of the apps between look-ups, with their names."""
    counts = queries.rating_counts(reader, as_of)
    counts = rows(counts, column(counts, "app_id").isin(list(apps["app_id"])))
    found = rating_rates(counts)
    names: Any = dict(zip(apps["app_id"], apps["app_name"], strict=True))
    return ordered(found.assign(app_name=found["app_id"].map(names)), "app_name", "observed_on")


def ranks(reader: Reader, apps: pd.DataFrame, chart: Chart, as_of: date | None) -> pd.DataFrame:
    """Return the positions in a chart, by our own identifier and name of the app."""
    return _of_chart(_positions(reader, apps, as_of), chart)


def _positions(reader: Reader, apps: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """Return the positions in every chart, by our own identifier and name of the app."""
    by_id: Any = {row["app_id"]: row["app_id"] for row in apps.to_dict("records")}
    by_id |= {
        row["bundle_id"]: row["app_id"]
        for row in apps.to_dict("records")
        if isinstance(row["bundle_id"], str)
    }
    held = queries.chart_ranks(reader, sorted(by_id), as_of)
    names: Any = dict(zip(apps["app_id"], apps["app_name"], strict=True))
    ours = column(held, "app_id").map(by_id)
    return held.assign(app_id=ours, app_name=ours.map(names))


def _of_chart(held: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    return rows(held, held["chart_type"].eq(chart.chart_type) & held["category"].eq(chart.category))


def with_gaps(
    reader: Reader, dated: pd.DataFrame, chart: Chart, as_of: date | None
) -> pd.DataFrame:
    """Return the dated positions, and a row without a rank where a chart was read without them."""
    return _filled(queries.charts(reader, as_of), dated, chart)


def _filled(charts: pd.DataFrame, dated: pd.DataFrame, chart: Chart) -> pd.DataFrame:
    kept = ["app_id", "app_name", "storefront", "chart_type", "category", "observed_on", "rank"]
    if dated.empty:
        return columns(dated, *kept, "chart_depth")
    read = _of_chart(charts, chart)
    read = rows(read, read["observed_on"].notna())
    best = columns(dated.sort_values("rank"), *kept).drop_duplicates(kept[:-1])
    apps = columns(dated, "app_id", "app_name", "storefront").drop_duplicates()
    days = columns(read, "storefront", "chart_type", "category", "observed_on", "chart_depth")
    days = days.sort_values("chart_depth").drop_duplicates(list(days.columns[:-1]), keep="last")
    whole = apps.merge(days, on="storefront").merge(best, on=kept[:-1], how="left")
    return ordered(whole, "app_name", "storefront", "observed_on")


def detected(positions: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Return the shocks in dated positions and in rates, by day; none is an empty frame."""
    parts = [rating_shocks(rates)] if len(rates) else []
    if len(positions):
        parts.append(rank_shocks(positions))
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame()
    names: Any = {}
    for frame in (part for part in (positions, rates) if len(part)):
        names |= dict(zip(frame["app_id"], frame["app_name"], strict=True))
    shocks = pd.concat(found, ignore_index=True)
    shocks = shocks.assign(app_name=column(shocks, "app_id").map(names))
    return ordered(shocks, "event_date", "app_name")


def share_events(reader: Reader, ticker: str, as_of: date | None = None) -> pd.DataFrame:
    """Return the shocks of a company's apps in every chart and storefront held, as events.

    The rules look back only, and never at a price: the events are ``exogenous``. One look-up may
    lie up to a week after the one before; then the day is known to the week.

    Returns
    -------
    DataFrame
        ``event_id, ticker, entity`` (the apps), ``event_date, event_type`` (the strongest shock),
        ``title_en, title_zh`` (missing), ``selection, date_precision, session`` (missing: nobody
        knows the hour), ``source_url`` (missing), by day.
    """
    apps = queries.apps(reader)
    own = rows(apps, column(apps, "ticker") == ticker)
    if own.empty:
        return pd.DataFrame(columns=list(_EVENT_COLUMNS))
    charts, held = queries.charts(reader, as_of), _positions(reader, own, as_of)
    dated = rows(held, held["observed_on"].notna())
    found = [detected(pd.DataFrame(), rates(reader, own, as_of))]
    # A chart that ranks none of the apps has no shock of theirs.
    for names in columns(dated, "chart_type", "category").drop_duplicates().itertuples(index=False):
        chart = Chart(*names)
        positions = _filled(charts, _of_chart(dated, chart), chart)
        found.append(detected(positions, pd.DataFrame()))
    shocks = [part for part in found if len(part)]
    if not shocks:
        return pd.DataFrame(columns=list(_EVENT_COLUMNS))
    sudden = pd.concat(shocks, ignore_index=True).drop(columns="app_name")
    events = as_events(sudden, own).events
    return events.assign(
        entity=events["app_names"],
        title_en=events["title"],
        title_zh=None,
        date_precision=["day" if n <= 1 else "week" for n in events["n_days"]],
        session=None,
        source_url=None,
    ).loc[:, list(_EVENT_COLUMNS)]
