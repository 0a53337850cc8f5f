"""How high attention rose, where, and how fast it faded: ratings, positions, downloads."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies import shocks
from dashboard.studies.frames import column, columns, rows
from dashboard.studies.notes import Note
from dashboard.studies.shocks import Chart
from etl.analytics.attention_waves import LONGEST_STRETCH, curve, wave_table
from etl.analytics.intervals import Interval
from etl.analytics.rank_shocks import as_events
from etl.analytics.rankings import PowerLaw, calibrate, downloads, downloads_ratio, prior_law
from etl.analytics.rating_rates import installs

_BEFORE_DAYS, _WAVE_DAYS = 30, 240
"""Days around the peak of a wave."""
RATIO_AT = (1, 2, 3, 5, 10, 20, 50, 100)
"""Positions at which the relative downloads are told."""
LONGEST_DAYS = 62
"""A published count over a longer stretch says nothing about a wave."""
_KEYS = ["app_id", "app_name", "storefront"]


@dataclass(frozen=True)
class AttentionChoice:
    """What is looked at, and the assumptions that estimates stand on.

    Attributes
    ----------
    app_ids
        Apps, by identifier of the table ``apps``.
    chart_type, category
        Which chart.
    installs_per_rating
        Low and high of installs behind one new rating; the middle is their geometric mean.
    downloads_at_top
        Downloads a day at position 1; 0 leaves only ratios between positions.
    storefront
        The storefront whose ratings and positions count; empty for all. Published figures are of
        the world and stay.
    """

    app_ids: tuple[str, ...]
    chart_type: str = "free"
    category: str = "photo_and_video"
    installs_per_rating: tuple[int, int] = (50, 200)
    downloads_at_top: int = 0
    storefront: str = ""

    def own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the storefront."""
        if not self.storefront:
            return frame
        return rows(frame, column(frame, "storefront").eq(self.storefront))


@dataclass(frozen=True)
class AttentionStudy:
    """What is known about the attention to some apps.

    Attributes
    ----------
    rates
        One row between two look-ups: ``app_id, app_name, storefront, previous_on, observed_on,
        n_days, change, new_ratings_per_day`` (missing where the count fell), ``flag``.
    waves
        One row an app and storefront, as :func:`etl.analytics.attention_waves.wave_table`.
    curves
        ``app_name, date, new_ratings_per_day, low, high``: fitted decays.
    positions
        Dated readings of the chosen chart: ``app_name, storefront, observed_on, rank`` (missing
        where the chart was read and the app was not in it), ``chart_depth``.
    storefronts
        The last reading of each storefront, dated or not: ``app_name, storefront, rank,
        observed_on``.
    shocks
        Of the dated charts and the rating counts: ``app_name, storefront, event_date, shock,
        rank, previous_rank, new_ratings_per_day, trailing_median``.
    events
        The shocks of listed companies as events: ``event_id, ticker, event_date, event_type,
        selection, title``.
    installs
        ``name, method`` (``ratings``, ``rank``, ``disclosed``), ``start, end,
        downloads_per_day, low, high, evidence_kind, source_url``; of a disclosed figure also
        ``source_title, country`` (missing: of the world, or its scope is not stated) and
        ``n_days`` over which a published total was divided (missing where a day was published).
    ratios
        Downloads at a position over those at the top: ``rank, ratio, ratio_low, ratio_high``.
    notes
        ``ratings_fell`` (app_names), ``undated_charts``, ``no_dated_charts``, ``no_scale``,
        ``shocks_without_share`` (n).
    """

    choice: AttentionChoice
    rates: pd.DataFrame
    waves: pd.DataFrame
    curves: pd.DataFrame
    positions: pd.DataFrame
    storefronts: pd.DataFrame
    shocks: pd.DataFrame
    events: pd.DataFrame
    installs: pd.DataFrame
    ratios: pd.DataFrame
    notes: list[Note]

    def around_the_waves(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return ``rates`` from a month before each app's peak to eight after it, and ``curves``.

        Without a wave they are those of :meth:`all_look_ups`.
        """
        if self.waves.empty:
            return self.all_look_ups()
        begins: Any = dict(zip(self.waves["app_name"], self.waves["peak_begin"], strict=True))
        since: Any = self.rates["previous_on"] - self.rates["app_name"].map(begins)
        return self._until(rows(self.rates, since.dt.days.between(-_BEFORE_DAYS, _WAVE_DAYS)))

    def all_look_ups(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return all ``rates``, and ``curves`` up to the last of them."""
        return self._until(self.rates)

    def _until(self, rates: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        if rates.empty:
            return rates, self.curves
        return rates, rows(self.curves, self.curves["date"].le(rates["observed_on"].max()))

    def look_up_around(self, row: Mapping[Hashable, Any], days: int) -> dict[Hashable, Any] | None:
        """Return the row of ``rates`` that covers the day so long after a peak, if one does.

        It is the one on which a measured ``left_…`` of the wave rests.
        """
        own = self._series.get(tuple(row[name] for name in _KEYS))
        if own is None:
            return None
        day = row["peak_begin"] + pd.Timedelta(days=days)
        within = column(own, "previous_on").le(day) & column(own, "observed_on").ge(day)
        within &= column(own, "previous_on") > row["peak_begin"]
        length = (column(own, "observed_on") - column(own, "previous_on")).dt.days
        close = rows(own, within & length.le(max(7, LONGEST_STRETCH * days)))
        first = close.sort_values("observed_on").head(1).to_dict("records")
        return first[0] if first else None

    @cached_property
    def _series(self) -> dict[Any, pd.DataFrame]:
        """The known ``rates`` of each series: tables ask for many days of each."""
        known: Any = self.rates.dropna(subset=["new_ratings_per_day"])
        return dict(iter(known.groupby(list(_KEYS), sort=False)))

    def lines(self) -> pd.DataFrame:
        """Return ``positions`` with the storefront in the name, where there are several."""
        found = self.positions
        if len(set(found["storefront"])) <= 1:
            return found
        names = found["app_name"].astype(str) + ", " + found["storefront"].astype(str)
        return found.assign(app_name=names)


def last_day(frame: pd.DataFrame) -> date | None:
    """Return the last day looked at, of ``rates`` or ``positions``; nothing where nothing was."""
    days: list[pd.Timestamp] = list(frame["observed_on"].dropna())
    return max(days).date() if days else None


def attention_study(
    reader: Reader, choice: AttentionChoice, *, as_of: date | None = None
) -> AttentionStudy:
    """Put together what is known; ``as_of`` leaves out what became public later."""
    apps = queries.apps(reader)
    chosen = rows(apps, column(apps, "app_id").isin(list(choice.app_ids)))
    rates = choice.own(shocks.rates(reader, chosen, as_of))
    waves = wave_table(rates, _KEYS)
    chart = Chart(choice.chart_type, choice.category)
    ranks = choice.own(shocks.ranks(reader, chosen, chart, as_of))
    dated = rows(ranks, ranks["observed_on"].notna())
    positions = shocks.with_gaps(reader, dated, chart, as_of)
    sudden = shocks.detected(positions, rates)
    listed = rows(sudden, ~_before_debut(reader, sudden, chosen)) if len(sudden) else sudden
    found = as_events(listed.drop(columns="app_name"), chosen) if len(listed) else None
    without = len(sudden) - len(listed) + (found.left_out.get("no_ticker", 0) if found else 0)
    law = prior_law()
    if choice.downloads_at_top:
        law = calibrate(np.array([1.0]), np.array([float(choice.downloads_at_top)]))
    ratio = downloads_ratio(law, np.array(RATIO_AT, dtype=float))
    return AttentionStudy(
        choice=choice,
        rates=rates,
        waves=waves,
        curves=_curves(rates),
        positions=positions,
        storefronts=_last_of_each(ranks),
        shocks=sudden,
        events=found.events if found else pd.DataFrame(),
        installs=_installs(reader, chosen, rates, positions, choice, law, as_of),
        ratios=pd.DataFrame({"rank": RATIO_AT}).join(ratio),
        notes=_notes(rates, ranks, dated, choice, without),
    )


def _before_debut(reader: Reader, sudden: pd.DataFrame, apps: pd.DataFrame) -> pd.Series:
    """Return which shocks lie before the first trading day that is known of the company."""
    known = reader.query(
        """
        SELECT ticker, max(day) AS debut FROM (
            SELECT ticker, listed_from AS day FROM instruments
            UNION ALL SELECT ticker, event_date FROM market_events WHERE event_type = 'ipo'
        ) WHERE ticker IS NOT NULL AND day IS NOT NULL GROUP BY ticker
        """
    )
    debuts: Any = dict(zip(known["ticker"], pd.to_datetime(known["debut"]), strict=True))
    tickers: Any = dict(zip(apps["app_id"], apps["ticker"], strict=True))
    debut = column(sudden, "app_id").map(tickers).map(debuts)
    return pd.to_datetime(column(sudden, "event_date")) < pd.to_datetime(debut)


def _curves(rates: pd.DataFrame) -> pd.DataFrame:
    parts = [
        curve(own).assign(app_name=str(name))
        for name, own in rates.dropna(subset=["new_ratings_per_day"]).groupby("app_name")
    ]
    empty = pd.DataFrame({"app_name": [], "date": [], "new_ratings_per_day": []})
    held = [part for part in parts if len(part)]
    return pd.concat(held, ignore_index=True) if held else empty


def _last_of_each(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return the last reading of each app and storefront; a dated one comes after undated ones."""
    last = ranks.sort_values("observed_on", na_position="first", kind="stable")
    last = last.drop_duplicates(["app_id", "storefront"], keep="last")
    return columns(last, "app_name", "storefront", "rank", "observed_on")


def _installs(
    reader: Reader,
    apps: pd.DataFrame,
    rates: pd.DataFrame,
    positions: pd.DataFrame,
    choice: AttentionChoice,
    law: PowerLaw,
    as_of: date | None,
) -> pd.DataFrame:
    low, high = choice.installs_per_rating
    estimated = installs(rates, Interval(float(np.sqrt(low * high)), low, high))
    parts = [
        pd.DataFrame(
            {
                "name": estimated["app_name"] + ", " + estimated["storefront"],
                "method": "ratings",
                "start": estimated["previous_on"],
                "end": estimated["observed_on"],
                "downloads_per_day": estimated["installs_per_week"] / 7,
                "low": estimated["installs_low"] / 7,
                "high": estimated["installs_high"] / 7,
                "evidence_kind": "estimated",
                "source_url": None,
            }
        ),
        _published(reader, apps, as_of),
    ]
    if choice.downloads_at_top and len(positions):
        sold = downloads(
            law,
            positions["rank"].to_numpy(dtype=float, na_value=np.nan),
            positions["chart_depth"].to_numpy(dtype=float),
        )
        parts.append(
            pd.DataFrame(
                {
                    "name": positions["app_name"] + ", " + positions["storefront"],
                    "method": "rank",
                    "start": positions["observed_on"],
                    "end": positions["observed_on"],
                    "downloads_per_day": sold["downloads_per_day"].to_numpy(),
                    "low": sold["downloads_low"].to_numpy(),
                    "high": sold["downloads_high"].to_numpy(),
                    "evidence_kind": "estimated",
                    "source_url": None,
                }
            )
        )
    held = [part for part in parts if len(part)]
    return pd.concat(held, ignore_index=True) if held else parts[0]


def _published(reader: Reader, apps: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """Return published downloads of the apps over short stretches, per day."""
    facts = queries.facts(reader, "downloads", as_of)
    named = tuple(str(name) for name in apps["app_name"])
    mine = column(facts, "entity").str.startswith(named) if named else facts["entity"].isna()
    days = (facts["period_end"] - facts["period_start"]).dt.days + 1
    daily = facts["unit"].eq("count/day")
    facts = rows(facts.assign(days=days, daily=daily), mine & (daily | days.le(LONGEST_DAYS)))
    per_day = facts["value"].where(facts["daily"], facts["value"] / facts["days"])
    return pd.DataFrame(
        {
            "name": facts["entity"],
            "method": "disclosed",
            "start": facts["period_start"],
            "end": facts["period_end"],
            "downloads_per_day": per_day,
            "low": np.nan,
            "high": np.nan,
            "evidence_kind": facts["evidence_kind"],
            "source_url": facts["source_url"],
            "source_title": facts["source_title"],
            "country": facts["country"],
            "n_days": facts["days"].where(~facts["daily"]),
        }
    )


def _notes(
    rates: pd.DataFrame,
    ranks: pd.DataFrame,
    dated: pd.DataFrame,
    choice: AttentionChoice,
    without_share: int,
) -> list[Note]:
    notes = []
    fell = rows(rates, rates["flag"] == "count_fell")
    if len(fell):
        notes.append(Note("ratings_fell", {"app_names": sorted(set(fell["app_name"]))}))
    if dated.empty:
        notes.append(Note("no_dated_charts"))
    if len(dated) < len(ranks):
        notes.append(Note("undated_charts"))
    if not choice.downloads_at_top:
        notes.append(Note("no_scale"))
    if without_share:
        notes.append(Note("shocks_without_share", {"n": without_share}))
    return notes
