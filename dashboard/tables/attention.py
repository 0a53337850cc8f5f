"""Tables and remarks of the attention question."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dashboard.figures import labels
from dashboard.studies import Note
from dashboard.studies.attention import AttentionStudy
from dashboard.tables import remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.tables.waves import half_life_cell
from dashboard.text import Words

_LEFT = (30, 90, 365)
"""Days after which it is told what was left."""
_LEAST_DAYS = 3
"""Between look-ups that tell a share of the peak: a single day is mostly chance."""


def waves(study: AttentionStudy, said: Words) -> Table:
    """Return one row an app: peak, half-life or bound, and what was left."""
    records = study.waves.to_dict("records")
    kinds = {"measured": said.evidence("measured"), "estimated": said.evidence("estimated")}
    frame = study.waves.assign(
        half_life=[half_life_cell(row, said) for row in records],
        why=[remarks.reason(said, row["reason"]) for row in records],
        how=[kinds.get(row["half_life_kind"], "") for row in records],
        **{
            f"left_{days}": [
                np.nan if is_too_short(study, row, days) else row[f"left_{days}"] for row in records
            ]
            for days in _LEFT
        },
        curve=[_curve_name(str(row["model"]), said) for row in records],
        **{
            f"rests_{days}": [rests_on(study, row, days, said) for row in records] for days in _LEFT
        },
        **{
            f"kind_{days}": [
                kinds.get(row[f"left_{days}_kind"])
                or remarks.reason(said, row[f"left_{days}_reason"])
                for row in records
            ]
            for days in _LEFT
        },
    )
    rests_help = said.t(
        "The one pair of look-ups around that day: of a few ratings, it goes up and down by chance."
    )
    columns = {
        "app_name": TableColumn(said.t("App")),
        "storefront": TableColumn(said.t("Storefront")),
        "peak_begin": TableColumn(said.t("Peak between"), "date"),
        "peak_end": TableColumn(said.t("and"), "date"),
        "peak_per_day": TableColumn(said.t("New ratings a day there"), "number", 1),
        "half_life": TableColumn(said.t("Half-life")),
        "how": TableColumn(said.t("How known")),
        "curve": TableColumn(said.t("Curve")),
        "left_30": TableColumn(said.t("Left after 30 days"), "percent"),
        "kind_30": TableColumn(said.t("How known")),
        "rests_30": TableColumn(said.t("Rests on"), help=rests_help),
        "left_90": TableColumn(said.t("Left after 90 days"), "percent"),
        "kind_90": TableColumn(said.t("How known")),
        "rests_90": TableColumn(said.t("Rests on"), help=rests_help),
        "left_365": TableColumn(said.t("Left after 365 days"), "percent"),
        "kind_365": TableColumn(said.t("How known")),
        "rests_365": TableColumn(said.t("Rests on"), help=rests_help),
        "n_observations": TableColumn(said.t("Look-ups"), "integer"),
        "last_seen": TableColumn(said.t("Last look-up"), "date"),
        "why": TableColumn(said.t("Reason"), "wide"),
    }
    return Table(frame, columns, "attention-waves")


def rests_on(study: AttentionStudy, row: Mapping[Hashable, Any], days: int, said: Words) -> str:
    """Say on which look-ups a measured share that was left rests; empty where it is none."""
    found = _measured_by(study, row, days)
    if found is None:
        return ""
    told = said.n(
        "{n} new rating, {begin} to {end}",
        "{n} new ratings, {begin} to {end}",
        int(found["change"]),
        begin=said.date(found["previous_on"]),
        end=said.date(found["observed_on"]),
    )
    if is_too_short(study, row, days):
        return said.t("left out: {look_ups}, too short to tell a share", look_ups=told)
    return told


def is_too_short(study: AttentionStudy, row: Mapping[Hashable, Any], days: int) -> bool:
    """Return whether a measured share rests on look-ups less than three days apart."""
    found = _measured_by(study, row, days)
    return found is not None and int(found["n_days"]) < _LEAST_DAYS


def _measured_by(
    study: AttentionStudy, row: Mapping[Hashable, Any], days: int
) -> dict[Hashable, Any] | None:
    if pd.isna(row[f"left_{days}"]) or row[f"left_{days}_kind"] == "estimated":
        return None
    return study.look_up_around(row, days)


def rates(study: AttentionStudy, said: Words) -> Table:
    """Return the new ratings between look-ups."""
    columns = {
        "app_name": TableColumn(said.t("App")),
        "storefront": TableColumn(said.t("Storefront")),
        "previous_on": TableColumn(said.t("From"), "date"),
        "observed_on": TableColumn(said.t("To"), "date"),
        "change": TableColumn(said.t("Change of the count"), "integer"),
        "new_ratings_per_day": TableColumn(said.t("New ratings a day"), "number", 2),
        "flag": TableColumn(said.t("Flag")),
    }
    return Table(study.rates, columns, "attention-ratings")


def storefronts(study: AttentionStudy, said: Words) -> Table:
    """Return the last position of each app and storefront."""
    columns = {
        "app_name": TableColumn(said.t("App")),
        "storefront": TableColumn(said.t("Storefront")),
        "rank": TableColumn(said.t("Position"), "integer"),
        "observed_on": TableColumn(said.t("Day of the chart (UTC)"), "date"),
    }
    return Table(study.storefronts, columns, "attention-storefronts")


def positions(study: AttentionStudy, said: Words) -> Table:
    """Return the dated positions; an empty one is a day out of the chart."""
    columns = {
        "app_name": TableColumn(said.t("App")),
        "storefront": TableColumn(said.t("Storefront")),
        "observed_on": TableColumn(said.t("Day of the chart (UTC)"), "date"),
        "rank": TableColumn(said.t("Position"), "integer"),
        "chart_depth": TableColumn(said.t("Length of the chart"), "integer"),
    }
    return Table(study.positions, columns, "attention-positions")


def installs(study: AttentionStudy, said: Words) -> Table:
    """Return the estimated and the published downloads a day."""
    frame = study.installs.assign(
        kind=[said.evidence(kind) for kind in study.installs["evidence_kind"]],
        scope=[_scope(row, said) for row in study.installs.to_dict("records")],
    )
    columns = {
        "name": TableColumn(said.t("App")),
        "kind": TableColumn(said.t("Evidence")),
        "start": TableColumn(said.t("From"), "date"),
        "end": TableColumn(said.t("To"), "date"),
        "downloads_per_day": TableColumn(said.t("Downloads a day"), "number", 0),
        "low": TableColumn(said.t("Low"), "number", 0),
        "high": TableColumn(said.t("High"), "number", 0),
        "scope": TableColumn(said.t("Of what"), "wide"),
        "source_url": TableColumn(said.t("Source"), "link"),
    }
    return Table(frame, columns, "attention-downloads")


def _scope(row: Mapping[Hashable, Any], said: Words) -> str:
    """Say of where downloads are, and whether a published total was divided by its days."""
    if row["method"] != "disclosed":
        return said.t("the storefront")
    country = row["country"]
    where = said.t("of the world, or scope not stated") if pd.isna(country) else str(country)
    if pd.isna(row["n_days"]):
        return where
    divided = said.n(
        "total over {n} day, divided by this program",
        "total over {n} days, divided by this program",
        int(row["n_days"]),
    )
    return said.t("; ").join((where, divided))


def ratios(study: AttentionStudy, said: Words) -> Table:
    """Return what a position sells beside the top of the chart."""
    columns = {
        "rank": TableColumn(said.t("Position"), "integer"),
        "ratio": TableColumn(said.t("Downloads beside position 1"), "percent"),
        "ratio_low": TableColumn(said.t("Low"), "percent"),
        "ratio_high": TableColumn(said.t("High"), "percent"),
    }
    return Table(study.ratios, columns, "attention-ratios")


def shocks(study: AttentionStudy, said: Words) -> Table:
    """Return the detected shocks."""
    return shock_table(study.shocks, said)


def shock_table(frame: pd.DataFrame, said: Words) -> Table:
    """Return shocks as a table."""
    if frame.empty:
        return Table(pd.DataFrame(), {}, "attention-shocks")
    frame = frame.assign(what=[labels.shock(said, str(code)) for code in frame["shock"]])
    columns = {
        "event_date": TableColumn(said.t("Day"), "date"),
        "app_name": TableColumn(said.t("App")),
        "storefront": TableColumn(said.t("Storefront")),
        "what": TableColumn(said.t("Shock")),
        "rank": TableColumn(said.t("Position"), "integer"),
        "previous_rank": TableColumn(said.t("Position before"), "integer"),
        "new_ratings_per_day": TableColumn(said.t("New ratings a day"), "number", 1),
        "trailing_median": TableColumn(said.t("Usual until then"), "number", 1),
    }
    held = {name: look for name, look in columns.items() if name in frame}
    return Table(frame, held, "attention-shocks")


def events(study: AttentionStudy, said: Words) -> Table:
    """Return the shocks of listed companies as events, in the form the event study reads."""
    columns = {
        "event_id": TableColumn(said.t("Event")),
        "ticker": TableColumn(said.t("Ticker")),
        "event_date": TableColumn(said.t("Day"), "date"),
        "event_type": TableColumn(said.t("Shock")),
        "selection": TableColumn(said.t("How it was chosen")),
        "title": TableColumn(said.t("What happened"), "wide"),
    }
    frame = study.events
    if frame.empty:
        return Table(frame, {}, "attention-events")
    # The codes go into the download, which the event study reads.
    return Table(frame, columns, "attention-events")


def note_sentence(note: Note, said: Words) -> str:
    """Say one note of the study."""
    match note.code:
        case "ratings_fell":
            return said.t(
                "Ratings were removed at times ({apps}): there the rate is not known and leaves a "
                "gap.",
                apps=said.listed(note.values["app_names"]),
            )
        case "no_dated_charts":
            return said.t(
                "No dated chart ranks these apps: there are no positions by day and no rank "
                "shocks. Import charts on the Data page, or turn on live collection."
            )
        case "undated_charts":
            return said.t(
                "The bundled charts bear no date (some day after May 2024): they stand in the "
                "storefront map alone."
            )
        case "no_scale":
            return said.t(
                "No downloads at a known position were published: positions give only ratios. "
                "State downloads a day at position 1 to see numbers; they count as assumed."
            )
        case "shocks_without_share":
            return said.n(
                "{n} shock belongs to a company that was not listed on its day: it is no event for "
                "a share.",
                "{n} shocks belong to companies that were not listed on their day: they are no "
                "events for a share.",
                note.values["n"],
            )
        case other:
            raise LookupError(f"no sentence for the note {other!r}")


def _curve_name(code: str, said: Words) -> str:
    names = {
        "exponential": said.t("exponential"),
        "exponential_above_level": said.t("exponential above a level"),
        "power": said.t("power law"),
        "bass": said.t("Bass"),
    }
    return names.get(code, code)
