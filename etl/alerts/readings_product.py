"""Readings of cohorts, of what pictures cost, and of scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import numpy as np
import pandas as pd

from etl.alerts import rules
from etl.alerts.reading import Level, Look, Reading, crossing, day_of, number_of, require
from etl.analytics.compute import Machine, Speed, cost_per_image
from etl.analytics.curiosity_to_cash import curiosity_to_cash
from etl.analytics.product_month import product_month
from etl.analytics.proportions import wilson
from etl.analytics.quantities import weakest
from etl.analytics.scenario_result import Evaluation
from etl.scenarios import store
from etl.scenarios.resolve import scenario

FEWEST_USERS = 50
"""Of a cohort; what fewer do says nothing."""


def retention(rule: rules.RetentionDrop, look: Look) -> Iterator[Reading]:
    """Yield how the newest complete weekly cohort comes back beside those before it."""
    known = look.reader.query("SELECT source, evidence_kind FROM growth_definitions")
    require("source", rule.source, list(known["source"].astype(str)), rule)
    kind = str(known.loc[known["source"] == rule.source, "evidence_kind"].iloc[0])
    cohorts = look.reader.query(
        """
        WITH reach AS (
            SELECT least(last_whole_day, ?::DATE - 1) AS last_on
            FROM growth_definitions WHERE source = ?
        ),
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
        (look.today, *[rule.source] * 3, rule.day, rule.day, rule.weeks + 1),
    )
    link = "/growth?" + urlencode({"source": rule.source, "section": "retention"})
    why = ""
    if len(cohorts) < 2:
        why = "fewer than two weekly cohorts have had their full time"
    elif min(cohorts["size"].iloc[0], cohorts["size"].iloc[1:].sum()) < FEWEST_USERS:
        why = "a cohort of fewer than 50 users says too little"
    if why:
        yield Reading(rule.name, rule.kind, rule.source, "unknown", reason=why, link=link)
        return
    yield _drop(rule, cohorts, kind, link)


def _drop(rule: rules.RetentionDrop, cohorts: pd.DataFrame, kind: str, link: str) -> Reading:
    """Set the newest cohort beside those before it together."""
    newest, before = cohorts.iloc[0], cohorts.iloc[1:]
    counts = np.array([newest["retained"], before["retained"].sum()], dtype=float)
    sizes = np.array([newest["size"], before["size"].sum()], dtype=float)
    low, high = wilson(counts, sizes)
    rate = counts / sizes
    level: Level = "raised" if high[0] < low[1] else "clear" if rate[0] >= low[1] else "between"
    return Reading(
        rule.name,
        rule.kind,
        rule.source,
        level,
        float(rate[0]),
        float(low[1]),
        "share of users",
        day_of(newest["week"]) + timedelta(days=6 + rule.day),
        kind,
        f"weekly cohorts of {rule.source}, 95% Wilson intervals",
        "",
        link,
        {
            "day": rule.day,
            "week": day_of(newest["week"]).isoformat(),
            "high": float(high[0]),
            "size": int(sizes[0]),
            "before": float(rate[1]),
            "weeks": len(before),
        },
    )


def cost_of_pictures(rule: rules.CostCrosses, look: Look) -> Iterator[Reading]:
    """Yield what 1,000 pictures cost on the newest run of every cell."""
    runs = look.reader.query(
        """
        SELECT * FROM compute_benchmarks
        WHERE status = 'measured' AND images_per_second > 0 AND measured_at <= ?::TIMESTAMPTZ
        QUALIFY row_number() OVER (PARTITION BY device_name, cell ORDER BY measured_at DESC) = 1
        ORDER BY device_name, cell
        """,
        (look.now,),
    )
    if rule.device:
        require("device", rule.device, list(runs["device_name"].astype(str)), rule)
        runs = runs.loc[runs["device_name"] == rule.device]
    own = runs.loc[runs["cell"].astype(str).str.startswith(rule.cell)]
    if own.empty:
        require("cell", rule.cell, list(runs["cell"].astype(str)), rule)
    machine = Machine(rule.hourly_price_usd, rule.utilisation)
    for row in own.to_dict("records"):
        speed = Speed(float(row["images_per_second"]))
        cost = 1_000 * cost_per_image(speed, machine).total_usd
        yield crossing(
            rule,
            f"{row['device_name']} {row['cell']}",
            cost,
            "USD/1,000 images",
            as_of=day_of(row["measured_at"]),
            # Its price is that of the rule.
            evidence_kind=weakest([str(row["evidence_kind"]), "assumed"]),
            source=f"speed {row['evidence_kind']}; {rule.hourly_price_usd:g} USD an hour and "
            f"{rule.utilisation:.0%} mean use assumed",
            url=str(row["source_url"] or ""),
            link="/compute?section=cost",
            told={
                "speed": str(row["evidence_kind"]),
                "price": f"{rule.hourly_price_usd:g}",
                "use": f"{rule.utilisation:.0%}",
            },
        )


def result(rule: rules.ScenarioCrosses, look: Look) -> Iterator[Reading]:
    """Yield a result of a scenario."""
    raw = store.load(rule.scenario, look.data_dir)
    found = scenario(raw, rule.scenario, look.reader)
    how = (found.inputs, found.document.sourcing, found.horizon)
    evaluations: list[Evaluation] = []
    # A step's value takes the inputs' own values: no draw, and so no seed, is in it.
    if found.has_month:
        evaluations.append(product_month(*how).evaluation)
    if found.has_wave:
        evaluations.append(curiosity_to_cash(*how).evaluation)
    steps = {step.name: step for evaluation in evaluations for step in evaluation.steps}
    require("step", rule.step, list(steps), rule)
    step, link = steps[rule.step], "/unit-economics?" + urlencode({"scenario": rule.scenario})
    subject = f"{rule.scenario} {rule.step}"
    value = number_of(step.value)
    if value is None:
        missing = f"it is not known without {', '.join(step.missing)}"
        why = step.reason or (missing if step.missing else "the value is missing")
        yield Reading(rule.name, rule.kind, subject, "unknown", reason=why, link=link)
        return
    yield crossing(
        rule,
        subject,
        value,
        step.unit.replace("{c}", found.document.currency),
        as_of=found.document.as_of,
        evidence_kind=step.evidence_kind,
        source=f"scenario {rule.scenario}",
        link=link,
    )
