"""Who pays within the window, how far users come, and what waiting has to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from dashboard.studies.growth.definitions import Definitions, definitions, event_names
from etl.analytics.periods import Calendar, Period
from etl.analytics.proportions import wilson
from etl.errors import InputError
from etl.marts import conversion as marts
from etl.marts.activity import ATTRIBUTES
from etl.marts.funnel import TAKEN_SECONDS, Step, progress

FUNNEL_ATTRIBUTES = ATTRIBUTES[:3]
WAIT_EDGES = (5.0, 10.0, 20.0, 40.0, 80.0)
BENCHMARKS = ("download_to_paid_d30", "download_to_paid_d35", "trial_conversion")


@dataclass(frozen=True)
class ConversionStudy:
    """Paid conversion and funnel.

    Attributes
    ----------
    told
        What the source's marts count.
    payment_names
        Which events of payments the source holds; without any there is no conversion to show.
    cohorts
        ``cohort, size, payers, refunded, conversion_rate, low, high, complete, whole`` by month or
        week; ``whole`` where the history holds every day of it.
    segments
        The same by attribute value over complete cohorts: ``attribute, value, …, n_left_out``.
    funnel
        ``step, name, n_users, share_of_first, first_low, first_high, share_of_previous,
        previous_low, previous_high``, and ``taken_0 …``: users by how long the step took.
    funnel_complete
        Whether only cohorts with the full window are in it; where there are none, all are.
    n_funnel_left_out
        Users of cohorts without the full window.
    funnel_groups
        ``attribute, value, n_users`` (who began) and ``share_<step>``: how far the users of each
        country, channel and platform came.
    time_to_pay
        ``value`` (channel; the first row is all of them), ``n_payers, median_days, share_on_day_0,
        share_within_7_days`` of the payers of complete cohorts.
    facts
        Published shares of payers: ``entity, entity_zh, metric, value, value_high, note,
        source_title, source_url``.
    """

    told: Definitions
    payment_names: tuple[str, ...]
    cohorts: pd.DataFrame
    segments: pd.DataFrame
    funnel: pd.DataFrame
    funnel_complete: bool
    n_funnel_left_out: int
    funnel_groups: pd.DataFrame
    time_to_pay: pd.DataFrame
    facts: pd.DataFrame


def conversion_study(reader: Reader, source: str, group: str = "month") -> ConversionStudy:
    """Return paid conversion by cohort and attribute, and the stored funnel."""
    told = definitions(reader, source)
    counts = reader.query(
        f"SELECT begun_on, {', '.join(ATTRIBUTES)}, size, payers, refunded FROM paid_conversion "
        "WHERE source = ?",
        [source],
    )
    begun = [asking.day_number(day) for day in counts["begun_on"]]
    counts = counts.assign(begun_day=begun)
    funnel, complete, left_out = _funnel(reader, told)
    names = event_names(reader, source)
    return ConversionStudy(
        told,
        tuple(name for name in told.definition.payments if name in names),
        _by_cohort(counts, told, cast(Period, group)),
        _by_attribute(counts, told),
        funnel,
        complete,
        left_out,
        _funnel_groups(reader, told, complete=complete),
        _time_to_pay(reader, told),
        reader.query(
            "SELECT entity, entity_zh, metric, value, value_high, note, source_title, source_url, "
            "source_date FROM disclosed_facts WHERE list_contains(?, metric) "
            "ORDER BY metric, entity, value",
            [list(BENCHMARKS)],
        ),
    )


def _by_cohort(counts: Any, told: Definitions, group: Period) -> pd.DataFrame:
    calendar = Calendar(group)
    index = calendar.index(counts["begun_day"].to_numpy(np.int64))
    summed = counts.groupby(index)[["size", "payers", "refunded"]].sum()
    first = calendar.first_day(summed.index.to_numpy())
    last = calendar.first_day(summed.index.to_numpy() + 1) - 1
    frame = summed.reset_index(drop=True).assign(
        cohort=first.astype("datetime64[D]").astype("datetime64[s]"),
        complete=last + told.window_days <= told.last_day,
        whole=told.holds_whole(first.astype("datetime64[D]"), calendar),
    )
    return _with_rate(frame)


def _by_attribute(counts: Any, told: Definitions) -> pd.DataFrame:
    in_time = counts["begun_day"] + told.window_days <= told.last_day
    parts = []
    for name in ATTRIBUTES:
        values = counts[name].astype("object").where(counts[name].notna(), "")
        summed = counts[in_time].groupby(values[in_time])[["size", "payers", "refunded"]].sum()
        late = counts[~in_time].groupby(values[~in_time])["size"].sum()
        own = summed.reset_index(names="value").assign(attribute=name)
        own["n_left_out"] = own["value"].map(late).fillna(0).astype(np.int64)
        parts.append(own.sort_values("size", ascending=False))
    return _with_rate(pd.concat(parts, ignore_index=True))


def _with_rate(frame: Any) -> pd.DataFrame:
    size, payers = frame["size"].to_numpy(np.float64), frame["payers"].to_numpy(np.float64)
    low, high = wilson(payers, size)
    rate = np.where(size > 0, payers / np.where(size > 0, size, 1), np.nan)
    return frame.assign(conversion_rate=rate, low=low, high=high)


def _funnel(reader: Reader, told: Definitions) -> tuple[pd.DataFrame, bool, int]:
    cells = reader.query(
        """
        SELECT step, taken, begun_on + ?::INTEGER <= ?::DATE AS complete,
               sum(n_users)::BIGINT AS n_users
        FROM funnel_steps WHERE source = ? GROUP BY ALL
        """,
        [told.funnel_days, told.last_on, told.source],
    )
    begun = cells.loc[cells["step"] == 0].groupby("complete")["n_users"].sum()
    complete = bool(begun.get(True, 0))
    shown: Any = cells.loc[cells["complete"]] if complete else cells
    table: Any = shown.pivot_table(
        index="step", columns="taken", values="n_users", aggfunc="sum", fill_value=0
    )
    table = table.reindex(
        index=range(len(told.funnel_steps) + 1),
        columns=range(len(TAKEN_SECONDS) + 1),
        fill_value=0,
    )
    frame = table.add_prefix("taken_").reset_index(names="step")
    frame.insert(1, "name", [told.begins, *told.funnel_steps])
    frame.insert(2, "n_users", table.to_numpy().sum(axis=1))
    left_out = int(begun.get(False, 0)) if complete else 0
    return _with_shares(frame), complete, left_out


def _funnel_groups(reader: Reader, told: Definitions, *, complete: bool) -> pd.DataFrame:
    """Return how far users came by what they began with, over the cohorts the funnel shows."""
    parts = []
    for name in FUNNEL_ATTRIBUTES:
        found: Any = reader.query(
            f"""
            SELECT coalesce({name}, '') AS value, step, sum(n_users)::BIGINT AS n
            FROM funnel_steps
            WHERE source = ? AND (NOT ? OR begun_on + ?::INTEGER <= ?::DATE) GROUP BY ALL
            """,
            [told.source, complete, told.funnel_days, told.last_on],
        )
        table = found.pivot_table(index="value", columns="step", values="n", fill_value=0)
        table = table.reindex(columns=range(len(told.funnel_steps) + 1), fill_value=0)
        shares = table.div(table[0].where(table[0] > 0), axis=0).add_prefix("share_")
        own = shares.drop(columns="share_0").assign(n_users=table[0], attribute=name)
        parts.append(own.reset_index().sort_values("n_users", ascending=False))
    return pd.concat(parts, ignore_index=True)


def _time_to_pay(reader: Reader, told: Definitions) -> pd.DataFrame:
    return reader.query(
        """
        SELECT CASE WHEN grouping(channel) = 1 THEN NULL ELSE coalesce(channel, '') END AS value,
               count(*) AS n_payers, median(first_paid_on - begun_on) AS median_days,
               avg((first_paid_on = begun_on)::INTEGER) AS share_on_day_0,
               avg((first_paid_on <= begun_on + 7)::INTEGER) AS share_within_7_days
        FROM paying_users
        WHERE source = ? AND paid = 1 AND begun_on + ?::INTEGER <= ?::DATE
        GROUP BY ROLLUP (channel) HAVING count(*) > 0
        ORDER BY grouping(channel) DESC, n_payers DESC, value
        """,
        [told.source, told.window_days, told.last_on],
    )


def _with_shares(frame: Any) -> pd.DataFrame:
    n = frame["n_users"].to_numpy(np.float64)
    before = np.concatenate([n[:1], n[:-1]])
    first = np.full(n.size, n[0] if n.size else np.nan)
    columns = {}
    for name, whole in (("first", first), ("previous", before)):
        low, high = wilson(n, whole)
        share = np.where(whole > 0, n / np.where(whole > 0, whole, 1), np.nan)
        columns |= {f"share_of_{name}": share, f"{name}_low": low, f"{name}_high": high}
    return frame.assign(**columns)


def own_funnel(
    reader: Reader, source: str, steps: tuple[str, ...], window_days: int
) -> pd.DataFrame:
    """Return a funnel of the reader's own steps, counted from the events.

    Returns
    -------
    DataFrame
        As :attr:`ConversionStudy.funnel`, with ``median_seconds`` in place of the classes.

    Raises
    ------
    InputError
        If the events are not here, or a step names no event of the source.
    """
    told = definitions(reader, source)
    told.require_events()
    parsed = tuple(Step.parsed(text) for text in steps)
    told.require_names(reader, [step.name for step in parsed])
    events = asking.events(source)
    users = marts.people(events, told.definition)
    last_begun = told.last_day - window_days
    starts = users.filter(users.begun_day <= last_begun).select("user_id", "begun_at")
    reached = progress(events, starts, parsed, window_days)
    counted = reached.group_by("step").agg(
        n_users=reached.count(), median_seconds=reached.seconds.median()
    )
    found: Any = asking.ask(reader, counted).set_index("step")
    frame = found.reindex(range(len(parsed) + 1)).reset_index(names="step")
    frame["n_users"] = frame["n_users"].fillna(0).astype(np.int64)
    frame.insert(1, "name", [told.begins, *(step.label for step in parsed)])
    if not frame["n_users"].iloc[0]:
        raise InputError(
            f"got the window of {window_days} days, and nobody who began so long before the end",
            "a shorter window",
        )
    return _with_shares(frame)


def waiting(reader: Reader, source: str) -> pd.DataFrame:
    """Return payers by how long they waited on their first day, outside every trial.

    Returns
    -------
    DataFrame
        ``bucket, above_seconds, up_to_seconds`` (missing in the last), ``n_users, n_paid,
        wait_seconds, paid_share, low, high``; empty where no picture tells its waiting time.
    """
    told = definitions(reader, source)
    told.require_events()
    events = asking.events(source)
    users = marts.people(events, told.definition)
    last = told.last_day - told.window_days
    found: Any = asking.ask(reader, marts.waiting(events, users, WAIT_EDGES, last))
    found = found.sort_values("bucket", ignore_index=True)
    low, high = wilson(found["n_paid"], found["n_users"])
    edges = np.array([*WAIT_EDGES, np.nan])
    bucket = found["bucket"].to_numpy(np.int64)
    return found.assign(
        above_seconds=np.concatenate([[0.0], edges[:-1]])[bucket],
        up_to_seconds=edges[bucket],
        paid_share=found["n_paid"] / found["n_users"],
        low=low,
        high=high,
    )
