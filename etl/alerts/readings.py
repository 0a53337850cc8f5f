"""What the published tables say about a rule at present: one reading a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from etl import pipeline
from etl.alerts import rules
from etl.alerts.reading import Level, Look, Reading, day_of, level_of, require
from etl.analytics.compute import Machine, Speed, cost_per_image
from etl.analytics.curiosity_to_cash import curiosity_to_cash
from etl.analytics.event_calendar import panel
from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.product_month import product_month
from etl.analytics.proportions import wilson
from etl.errors import InputError
from etl.scenarios import store
from etl.scenarios.resolve import scenario

_ENOUGH_BARS = 400
"""Calendar days of bars read for an event study of the last one."""


def readings(rule: rules.Rule, look: Look) -> list[Reading]:
    """Return what is known of every subject of a rule.

    Raises
    ------
    InputError
        If the rule names something that is not held, or its question is none.
    """
    read: dict[type[rules.Rule], Callable[[Any, Look], Iterator[Reading]]] = {
        rules.AppEntersTop: _position,
        rules.AbnormalReturn: _returns,
        rules.RetentionDrop: _retention,
        rules.CostCrosses: _cost,
        rules.ScenarioCrosses: _scenario,
        rules.QueryCrosses: _query,
        rules.SourceStale: _sources,
    }
    return list(read[type(rule)](rule, look))


def _position(rule: rules.AppEntersTop, look: Look) -> Iterator[Reading]:
    known = look.reader.query("SELECT DISTINCT app_id FROM apps")["app_id"].astype(str)
    require("app", rule.app, list(known), rule)
    last = look.reader.query(
        """
        SELECT observed_on, max(chart_depth) AS depth, min(rank) FILTER (app_id = ?) AS rank,
               any_value(source) AS source, any_value(source_url) AS url,
               any_value(evidence_kind) AS kind
        FROM app_chart_ranks
        WHERE storefront = ? AND chart_type = ? AND category = ? AND observed_on IS NOT NULL
        GROUP BY observed_on ORDER BY observed_on DESC LIMIT 1
        """,
        (rule.app, rule.storefront, rule.chart_type, rule.category),
    )
    subject = f"{rule.app} {rule.storefront} {rule.chart_type} {rule.category}"
    link = "/attention?" + urlencode({"apps": rule.app, "chart": rule.chart_type})
    if last.empty:
        why = "no dated reading of this chart is held"
        yield Reading(rule.name, subject, "unknown", reason=why, link=link)
        return
    row: dict[str, Any] = last.to_dict("records")[0]
    rank = None if pd.isna(row["rank"]) else float(row["rank"])
    if rank is None:
        enough = float(row["depth"] or 0) >= rule.clears_behind
        level: Level = "clear" if enough else "between"
    else:
        level = (
            "raised" if rank <= rule.top else "clear" if rank > rule.clears_behind else "between"
        )
    yield Reading(
        rule.name,
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
        {"app": rule.app, "storefront": rule.storefront},
    )


def _returns(rule: rules.AbnormalReturn, look: Look) -> Iterator[Reading]:
    shares = look.reader.query(
        """
        SELECT i.ticker, i.benchmark, max(p.trade_date) AS last_day
        FROM instruments i JOIN stock_prices p USING (ticker)
        WHERE i.instrument_type = 'equity' GROUP BY ALL ORDER BY i.ticker
        """
    )
    held = list(shares["ticker"].astype(str))
    for ticker in rule.tickers:
        require("ticker", ticker, held, rule)
    own = shares.loc[shares["ticker"].isin(list(rule.tickers) or held)]
    for row in own.to_dict("records"):
        yield _return(rule, row, look)


def _return(rule: rules.AbnormalReturn, row: dict[Any, Any], look: Look) -> Reading:
    ticker, day = str(row["ticker"]), cast(pd.Timestamp, pd.Timestamp(row["last_day"]))
    link = "/market?" + urlencode({"ticker": ticker})
    if not isinstance(row["benchmark"], str):
        why = "no benchmark is named for this share"
        return Reading(rule.name, ticker, "unknown", reason=why, link=link)
    bars = look.reader.query(
        "SELECT * FROM stock_prices WHERE list_contains(?, ticker) AND trade_date > ?::DATE",
        ([ticker, row["benchmark"]], (day - timedelta(days=_ENOUGH_BARS)).date()),
    )
    events = Events(
        tickers=np.array([ticker]),
        benchmarks=np.array([row["benchmark"]]),
        dates=np.array([day], dtype="datetime64[D]"),
        price_selected=np.array([False]),
        after=np.array([False]),
    )
    prices = panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["trade_date"].to_numpy(dtype="datetime64[D]"),
        bars["adjusted_close"].to_numpy(dtype=float),
        bars["adjustment"].to_numpy(dtype=str),
    )
    found = study(prices, events, EventStudySpec(window=(0, 0)))
    t = float(found.abnormal_return[0, 0] / found.abnormal_return_se[0, 0])
    if found.status[0] == "excluded" or not np.isfinite(t):
        why = f"the last day cannot be measured: {found.reason[0] or 'no error'}"
        return Reading(rule.name, ticker, "unknown", as_of=day.date(), reason=why, link=link)
    level: Level = (
        "raised" if abs(t) >= rule.sigmas else "clear" if abs(t) < rule.calm else "between"
    )
    own = bars.loc[bars["ticker"] == ticker].iloc[-1]
    return Reading(
        rule.name,
        ticker,
        level,
        float(found.abnormal_return[0, 0]),
        rule.sigmas,
        "log return",
        day.date(),
        "estimated",
        f"market model against {row['benchmark']}, 120 days",
        str(own["source_url"] or ""),
        link,
        {"t": t, "benchmark": row["benchmark"]},
    )


def _retention(rule: rules.RetentionDrop, look: Look) -> Iterator[Reading]:
    known = look.reader.query("SELECT source, evidence_kind FROM growth_definitions")
    require("source", rule.source, list(known["source"].astype(str)), rule)
    kind = str(known.loc[known["source"] == rule.source, "evidence_kind"].iloc[0])
    cohorts = look.reader.query(
        """
        WITH reach AS (SELECT max(active_on) AS last_on FROM cohort_cube WHERE source = ?),
        sizes AS (
            SELECT begun_on, sum(size)::BIGINT AS size FROM paid_conversion
            WHERE source = ? GROUP BY begun_on
        ),
        back AS (
            SELECT begun_on, sum(n_users)::BIGINT AS retained FROM cohort_cube
            WHERE source = ? AND active_on = begun_on + ?::INTEGER GROUP BY begun_on
        )
        SELECT date_trunc('week', begun_on)::DATE AS week, sum(size)::BIGINT AS size,
               coalesce(sum(retained), 0)::BIGINT AS retained
        FROM sizes LEFT JOIN back USING (begun_on), reach
        GROUP BY week, last_on
        HAVING week + 6 + ?::INTEGER <= last_on AND sum(size) > 0
        ORDER BY week DESC LIMIT ?
        """,
        (*[rule.source] * 3, rule.day, rule.day, rule.weeks + 1),
    )
    link = "/growth?" + urlencode({"source": rule.source, "section": "retention"})
    if len(cohorts) < 2:
        why = "fewer than two weekly cohorts have had their full time"
        yield Reading(rule.name, rule.source, "unknown", reason=why, link=link)
        return
    newest, before = cohorts.iloc[0], cohorts.iloc[1:]
    counts = np.array([newest["retained"], before["retained"].sum()], dtype=float)
    sizes = np.array([newest["size"], before["size"].sum()], dtype=float)
    low, high = wilson(counts, sizes)
    rate = counts / sizes
    level: Level = "raised" if high[0] < low[1] else "clear" if rate[0] >= low[1] else "between"
    yield Reading(
        rule.name,
        rule.source,
        level,
        float(rate[0]),
        float(low[1]),
        "share of users",
        day_of(newest["week"]),
        kind,
        f"cohorts of {rule.source}, 95% Wilson intervals",
        "",
        link,
        {
            "day": rule.day,
            "high": float(high[0]),
            "size": int(sizes[0]),
            "before": float(rate[1]),
            "weeks": len(before),
        },
    )


def _cost(rule: rules.CostCrosses, look: Look) -> Iterator[Reading]:
    runs = look.reader.query(
        """
        SELECT * FROM compute_benchmarks
        WHERE status = 'measured' AND images_per_second IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY device_name, cell ORDER BY measured_at DESC) = 1
        ORDER BY device_name, cell
        """
    )
    own = runs.loc[runs["cell"].astype(str).str.startswith(rule.cell)]
    if rule.device:
        own = own.loc[own["device_name"] == rule.device]
    if own.empty:
        require("cell", rule.cell, list(runs["cell"].astype(str)), rule)
        require("device", rule.device, list(runs["device_name"].astype(str)), rule)
    machine = Machine(rule.hourly_price_usd, rule.utilisation)
    for row in own.to_dict("records"):
        speed = Speed(float(row["images_per_second"]))
        cost = 1_000 * cost_per_image(speed, machine).total_usd
        yield Reading(
            rule.name,
            f"{row['device_name']} {row['cell']}",
            level_of(rule, cost),
            cost,
            rule.line,
            "USD/1,000 images",
            day_of(row["measured_at"]),
            "assumed",  # the weakest of its parts: the speed is measured, the price is not
            f"speed measured; {rule.hourly_price_usd:g} USD an hour and its use as in the rule",
            str(row["source_url"] or ""),
            "/compute?section=cost",
        )


def _scenario(rule: rules.ScenarioCrosses, look: Look) -> Iterator[Reading]:
    raw = store.load(rule.scenario, look.data_dir)
    found = scenario(raw, rule.scenario, look.reader)
    how = (found.inputs, found.document.sourcing, found.horizon)
    evaluations = []
    if found.has_month:
        evaluations.append(product_month(*how).evaluation)
    if found.has_wave:
        evaluations.append(curiosity_to_cash(*how).evaluation)
    steps = {step.name: step for evaluation in evaluations for step in evaluation.steps}
    require("step", rule.step, list(steps), rule)
    step, link = steps[rule.step], "/unit-economics?" + urlencode({"scenario": rule.scenario})
    subject = f"{rule.scenario} {rule.step}"
    if step.value is None:
        why = step.reason or f"not known without {', '.join(step.missing)}"
        yield Reading(rule.name, subject, "unknown", reason=why, link=link)
        return
    yield Reading(
        rule.name,
        subject,
        level_of(rule, float(step.value)),
        float(step.value),
        rule.line,
        step.unit.replace("{c}", found.document.currency),
        found.document.as_of,
        step.evidence_kind,
        f"scenario {rule.scenario}",
        "",
        link,
    )


def _query(rule: rules.QueryCrosses, look: Look) -> Iterator[Reading]:
    frame = look.reader.query(rule.question)
    if not {"subject", "value"} <= set(frame.columns):
        raise InputError(
            f"got the columns {', '.join(frame.columns)} from the question of {rule.name}",
            "subject and value (and as_of, evidence_kind where known)",
            f"name them so in {rules.FILE}",
        )
    if frame["subject"].duplicated().any():
        raise InputError(
            f"got a subject twice from the question of {rule.name}", "each once", "group by subject"
        )
    for row in frame.to_dict("records"):
        subject = str(row["subject"])
        if pd.isna(row["value"]):
            yield Reading(rule.name, subject, "unknown", reason="the value is missing")
            continue
        value = float(row["value"])
        day = row.get("as_of")
        yield Reading(
            rule.name,
            subject,
            level_of(rule, value),
            value,
            rule.line,
            rule.unit,
            None if day is None or pd.isna(day) else day_of(day),
            str(row.get("evidence_kind") or "assumed"),
            f"question of the rule {rule.name}",
            "",
            "/data",
        )


def _sources(rule: rules.SourceStale, look: Look) -> Iterator[Reading]:
    frame = pipeline.status(look.reader, look.now)
    held = list(frame["source"].astype(str))
    for name in rule.sources:
        require("source", name, held, rule)
    for row in frame.loc[frame["source"].isin(list(rule.sources) or held)].to_dict("records"):
        failed = row["last_status"] == "failed"
        ages = not pd.isna(row["stale"])
        if not ages and not failed and not rule.sources:
            continue  # what never ages says nothing
        stale = ages and bool(row["stale"])
        last = row["last_observation"]
        yield Reading(
            rule.name,
            str(row["source"]),
            "raised" if failed or stale else "clear",
            unit="",
            as_of=None if pd.isna(last) else day_of(last),
            evidence_kind="measured",
            source="run ledger",
            link="/data",
            told={"failed": failed, "error": str(row["last_error"] or "") if failed else ""},
        )
