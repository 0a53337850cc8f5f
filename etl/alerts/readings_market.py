"""Readings of charts and shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from etl.alerts import rules
from etl.alerts.reading import Level, Look, Reading, day_of, number_of, require
from etl.analytics.event_calendar import panel
from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.event_windows import Events

_ENOUGH_BARS = 400
"""Calendar days of bars read for an event study of the last one."""
_OLDEST_DAYS = 7
"""Calendar days after which a share's last trading day is no news: a week holds any weekend."""


def position(rule: rules.AppEntersTop, look: Look) -> Iterator[Reading]:
    """Yield where an app stands in the newest dated reading of a chart."""
    apps = look.reader.query("SELECT app_id, bundle_id, app_name, app_name_zh FROM apps")
    codes = pd.concat([apps["app_id"], apps["bundle_id"].dropna()]).astype(str)
    require("app", rule.app, list(codes), rule)
    app: Any = apps.loc[(apps["app_id"] == rule.app) | (apps["bundle_id"] == rule.app)].iloc[0]
    # Charts name an app by its bundle identifier, or by its track where only that is known.
    names = [str(code) for code in (app["app_id"], app["bundle_id"]) if not pd.isna(code)]
    last = look.reader.query(
        """
        WITH own AS (
            SELECT *, list_contains(?, app_id) OR list_contains(?, track_id) AS is_it
            FROM app_chart_ranks
            WHERE storefront = ? AND chart_type = ? AND category = ? AND observed_on <= ?::DATE
        )
        SELECT observed_on, min(chart_depth) AS depth, min(rank) FILTER (is_it) AS rank,
               arg_min(source, CASE WHEN is_it THEN 0 ELSE rank END) AS source,
               arg_min(source_url, CASE WHEN is_it THEN 0 ELSE rank END) AS url,
               arg_min(evidence_kind, CASE WHEN is_it THEN 0 ELSE rank END) AS kind
        FROM own GROUP BY observed_on ORDER BY observed_on DESC LIMIT 1
        """,
        (names, names, rule.storefront, rule.chart_type, rule.category, look.today),
    )
    subject = f"{rule.app} {rule.storefront} {rule.chart_type} {rule.category}"
    wanted = {"apps": app["app_id"], "chart": rule.chart_type, "category": rule.category}
    link = "/attention?" + urlencode(wanted)
    if last.empty:
        why = "no dated reading of this chart is held"
        yield Reading(rule.name, rule.kind, subject, "unknown", reason=why, link=link)
        return
    row: dict[str, Any] = last.to_dict("records")[0]
    rank, depth = number_of(row["rank"]), number_of(row["depth"]) or 0
    level, why = _place(rule, rank, depth)
    yield Reading(
        rule.name,
        rule.kind,
        subject,
        level,
        rank,
        float(rule.top),
        "rank",
        day_of(row["observed_on"]),
        str(row["kind"]),
        str(row["source"]),
        str(row["url"] or ""),
        link,
        {
            "app": str(app["app_name"]),
            "app_zh": str(app["app_name"] if pd.isna(app["app_name_zh"]) else app["app_name_zh"]),
            "storefront": rule.storefront,
            "chart": rule.chart_type,
            "category": rule.category,
            "depth": depth,
        },
        why,
    )


def _place(rule: rules.AppEntersTop, rank: float | None, depth: float) -> tuple[Level, str]:
    """Return the level of a position; an app that is missing is only known to be behind the end."""
    why = _too_shallow(rule, int(depth))
    if rank is not None:
        if rank <= rule.top:
            return "raised", why
        return ("clear", "") if rank > rule.clears_behind else ("between", why)
    return ("unknown", why) if why else ("clear", "")


def _too_shallow(rule: rules.AppEntersTop, depth: int) -> str:
    """Return why an end of the alert cannot be seen in a chart; empty where it can."""
    if depth >= rule.clears_behind:
        return ""
    if not depth:
        return "how deep the chart was read is not known"
    if depth < rule.top:
        line = f"top {rule.top} cannot be seen: set top and leaves to {depth}"
    else:
        line = f"leaves {rule.clears_behind} cannot be seen: set leaves to {depth}"
    return f"the chart was read {depth} deep, {line} or collect deeper"


def returns(rule: rules.AbnormalReturn, look: Look) -> Iterator[Reading]:
    """Yield the abnormal return of the last trading day of every share."""
    shares = look.reader.query(
        """
        SELECT i.ticker, i.benchmark, max(p.trade_date) AS last_day
        FROM instruments i JOIN stock_prices p USING (ticker)
        WHERE i.instrument_type = 'equity' AND p.trade_date <= ?::DATE
        GROUP BY ALL ORDER BY i.ticker
        """,
        (look.today,),
    )
    held = list(shares["ticker"].astype(str))
    for ticker in rule.tickers:
        require("ticker", ticker, held, rule)
    own = shares.loc[shares["ticker"].isin(list(rule.tickers) or held)]
    has_benchmark = own["benchmark"].notna()
    for ticker in own.loc[~has_benchmark, "ticker"].astype(str):
        why = "no benchmark is named for this share"
        yield Reading(rule.name, rule.kind, ticker, "unknown", reason=why, link=_page_of(ticker))
    is_old = (pd.Timestamp(look.today) - pd.to_datetime(own["last_day"])).dt.days > _OLDEST_DAYS
    for row in own.loc[has_benchmark & is_old].to_dict("records"):
        yield Reading(
            rule.name,
            rule.kind,
            str(row["ticker"]),
            "unknown",
            as_of=day_of(row["last_day"]),
            reason=f"the last bar is of {day_of(row['last_day'])}, more than {_OLDEST_DAYS} days "
            "ago: collect newer ones",
            link=_page_of(str(row["ticker"])),
        )
    measured = own.loc[has_benchmark & ~is_old]
    if not measured.empty:
        yield from _measured(rule, measured, look)


def _page_of(ticker: str) -> str:
    return "/market?" + urlencode({"ticker": ticker})


def _measured(rule: rules.AbnormalReturn, shares: pd.DataFrame, look: Look) -> Iterator[Reading]:
    """Study the last day of every share at once, over one reading of the bars."""
    days = pd.to_datetime(shares["last_day"])
    bars = look.reader.query(
        """
        SELECT ticker, trade_date, adjusted_close, adjustment, source_url FROM stock_prices
        WHERE list_contains(?, ticker) AND trade_date > ?::DATE AND trade_date <= ?::DATE
        ORDER BY ticker, trade_date
        """,
        (
            sorted({*shares["ticker"], *shares["benchmark"]}),
            (days.min() - timedelta(days=_ENOUGH_BARS)).date(),
            look.today,
        ),
    )
    events = Events(
        tickers=shares["ticker"].to_numpy(dtype=str),
        benchmarks=shares["benchmark"].to_numpy(dtype=str),
        dates=days.to_numpy(dtype="datetime64[D]"),
        price_selected=np.zeros(len(shares), dtype=bool),
        after=np.zeros(len(shares), dtype=bool),
    )
    prices = panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["trade_date"].to_numpy(dtype="datetime64[D]"),
        bars["adjusted_close"].to_numpy(dtype=float),
        bars["adjustment"].to_numpy(dtype=str),
    )
    found = study(prices, events, EventStudySpec(window=(0, 0)))
    urls = bars.groupby("ticker")["source_url"].last()
    for at, (ticker, benchmark, day) in enumerate(
        zip(events.tickers, events.benchmarks, days, strict=True)
    ):
        link = _page_of(ticker)
        change, error = found.abnormal_return[at, 0], found.abnormal_return_se[at, 0]
        t = float(change / error) if error > 0 else float("nan")
        if found.status[at] == "excluded" or not np.isfinite(t):
            yield Reading(
                rule.name,
                rule.kind,
                str(ticker),
                "unknown",
                as_of=day.date(),
                reason="the last day cannot be measured: too few bars of it or its benchmark",
                link=link,
            )
            continue
        level: Level = (
            "raised" if abs(t) >= rule.sigmas else "clear" if abs(t) < rule.calm else "between"
        )
        yield Reading(
            rule.name,
            rule.kind,
            str(ticker),
            level,
            float(change),
            rule.sigmas,
            "log return",
            day.date(),
            "estimated",
            f"market model against {benchmark}, 120 days",
            str(urls[ticker] or ""),
            link,
            {"t": t, "benchmark": str(benchmark), "day": day.date().isoformat()},
        )
