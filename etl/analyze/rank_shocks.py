"""Shocks in charts and rating counts of files, as a file of events for the event study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from etl import console, spreadsheets, user_files
from etl.analytics.rank_shocks import (
    LEFT_OUT,
    ShockEvents,
    ShockRules,
    as_events,
    rank_shocks,
    rating_shocks,
)
from etl.analytics.rating_rates import COUNT_FELL, rating_rates
from etl.config import bundled_dir
from etl.errors import InputError
from etl.sources import apps as bundled_apps
from etl.user_files import UserFile


def run(
    ranks: Path | None = None,
    ratings: Path | None = None,
    apps: Path | None = None,
    *,
    out: Path,
    rules: ShockRules | None = None,
) -> dict[str, Any]:
    """Find the shocks of charts and rating counts and write the events of listed companies.

    Parameters
    ----------
    ranks
        CSV or Parquet: ``observed_on,storefront,chart_type,category,app_id,rank[,chart_depth]``.
        An empty ``observed_on`` is an undated reading, an empty ``rank`` an app not ranked.
    ratings
        CSV or Parquet: ``observed_on,storefront,app_id,rating_count``.
    apps
        CSV or Parquet: ``app_id,ticker[,bundle_id][,app_name]``; the bundled list unless given.
    out
        Where the events go, as CSV for ``analyze event-study --events``; replaced if it exists.
    rules
        What counts as a shock.

    Returns
    -------
    dict
        The document of ``artonomics analyze rank-shocks --json``.

    Raises
    ------
    InputError
        For a wrong file, column or cell, or neither ranks nor ratings.
    """
    if ranks is None and ratings is None:
        raise InputError("got neither --ranks nor --ratings", "a file of one of them, or both")
    rules = rules or ShockRules()
    notes: list[str] = []
    found = [
        *([_rank_shocks(ranks, rules, notes)] if ranks else []),
        *([_rating_shocks(ratings, rules, notes)] if ratings else []),
    ]
    shocks = pd.concat(found, ignore_index=True)
    try:
        made = as_events(shocks, _apps(apps))
    except ValueError as problem:
        raise InputError(f"{problem} ({apps})", todo="remove the wrong row") from None
    out.parent.mkdir(parents=True, exist_ok=True)
    days = made.events["event_date"].dt.strftime("%Y-%m-%d")
    spreadsheets.harmless(made.events.assign(event_date=days)).to_csv(out, index=False)
    if made.events.empty:
        notes.append(f"{out.name} holds no event")
    return {
        "events": console.records(made.events),
        "shocks": console.records(shocks),
        "left_out": _left_out(made),
        "out": str(out),
        "notes": notes,
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row an event."""
    names = ("event_id", "event_date", "event_type", "title", "n_shocks")
    return [{name: event[name] for name in names} for event in document["events"]]


def _rank_shocks(path: Path, rules: ShockRules, notes: list[str]) -> pd.DataFrame:
    file = user_files.read(
        path,
        ("observed_on", "storefront", "chart_type", "category", "app_id", "rank"),
        ("chart_depth",),
    )
    dated = _dated(file, notes)
    names = ("storefront", "chart_type", "category", "app_id")
    columns = {name: user_files.text(dated, name) for name in names}
    columns["observed_on"] = user_files.days(dated, "observed_on")
    for name in ("rank", "chart_depth"):
        if name in dated.frame.columns:
            columns[name] = _whole(dated, name, least=1)
    if "chart_depth" in columns:
        beyond = (columns["rank"] > columns["chart_depth"]).to_numpy(dtype=bool)
        if beyond.any():
            index, row = dated.first(beyond)
            raise InputError(
                f"got the rank {columns['rank'][index]:g} in {row}",
                f"at most its chart_depth, {columns['chart_depth'][index]:g}",
                "correct the one that is wrong",
            )
    return rank_shocks(pd.DataFrame(columns), rules)


def _rating_shocks(path: Path, rules: ShockRules, notes: list[str]) -> pd.DataFrame:
    file = user_files.read(path, ("observed_on", "storefront", "app_id", "rating_count"))
    dated = _dated(file, notes)
    columns = {name: user_files.text(dated, name) for name in ("storefront", "app_id")}
    columns["observed_on"] = user_files.days(dated, "observed_on")
    columns["rating_count"] = _whole(dated, "rating_count", least=0)
    counts = pd.DataFrame(columns)
    repeated = np.asarray(counts.duplicated(["storefront", "app_id", "observed_on"]), dtype=bool)
    if repeated.any():
        index, row = dated.first(repeated)
        raise InputError(
            f"got a second rating_count of {counts['app_id'][index]} on "
            f"{counts['observed_on'][index]:%Y-%m-%d} in {row}",
            "one count for each app, storefront and day",
            "remove the wrong one",
        )
    rates = rating_rates(counts)
    n_fell = rates["flag"].tolist().count(COUNT_FELL)
    if n_fell:
        notes.append(f"{path.name}: counts that fell, so that new ratings are not known: {n_fell}")
    return rating_shocks(rates, rules)


def _dated(file: UserFile, notes: list[str]) -> UserFile:
    """Return the rows with a day; undated ones are counted in the notes."""
    undated = (user_files.text(file, "observed_on", required=False) == "").to_numpy(dtype=bool)
    if undated.any():
        notes.append(f"{file.path.name}: undated rows, which show no shocks: {undated.sum()}")
    return UserFile(file.path, file.frame.loc[~undated])


def _whole(file: UserFile, name: str, *, least: int) -> pd.Series:
    """Return a column of whole numbers; an empty cell is missing."""
    values = user_files.numbers(file, name)
    wrong = ((values < least) | (values % 1 > 0)).to_numpy(dtype=bool)
    if wrong.any():
        index, row = file.first(wrong)
        raise InputError(
            f"got the {name} {values[index]:g} in {row}",
            f"a whole number, {least} or more, or an empty cell",
            "correct the cell",
        )
    return values


def _apps(path: Path | None) -> pd.DataFrame:
    """Read the list of apps; an empty ticker is missing."""
    path = path or bundled_dir() / "snapshots" / bundled_apps.FILE
    optional = ("bundle_id", "app_name")
    file = user_files.read(path, ("app_id", "ticker"), optional)
    columns = {"app_id": user_files.text(file, "app_id")}
    for name in ("ticker", *(name for name in optional if name in file.frame.columns)):
        values = user_files.text(file, name, required=False)
        columns[name] = values.where(values != "", None)
    return pd.DataFrame(columns)


def _left_out(made: ShockEvents) -> list[dict[str, Any]]:
    """Count the shocks that are no events, by reason."""
    return [
        {"reason": reason, "meaning": LEFT_OUT[reason], "n": n}
        for reason, n in sorted(made.left_out.items())
    ]
