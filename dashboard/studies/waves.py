"""One row a wave: was the share moved, how fast did attention fade, and what was earned after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies import bars as share_bars
from dashboard.studies.frames import column, rows
from dashboard.studies.reactions import Reactions, measure
from dashboard.studies.robustness import N_DRAWS, SEED
from etl.analytics.attention_waves import wave_table
from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudySpec
from etl.analytics.holding_period import HORIZONS, holding_periods, holding_placebo
from etl.analytics.placebo import placebo
from etl.analytics.rating_rates import rating_rates

N_HALF_YEARS = 2
_HALF_YEAR_DAYS = (170, 195)
_STOREFRONT = "NO"
"""The bundled rating counts are Norwegian."""
_BEFORE, _AFTER = pd.Timedelta(days=60), pd.Timedelta(days=400)
"""How far from its event the attention of a wave is looked for."""


@dataclass(frozen=True)
class WaveStudy:
    """The scoreboard of waves.

    Attributes
    ----------
    spec
        How events are measured.
    waves
        One row a wave, in order of its day:

        - ``wave_id, name_en, name_zh, app_name, company, company_zh, ticker, note``;
        - ``event_id, event_date, day_zero, title_en, title_zh, selection, date_precision,
          status, reason`` of its event, missing where none is dated;
        - ``abnormal_return, p_value`` of day 0, ``cumulative_abnormal_return, car_low, car_high,
          car_p_value`` of the window, ``percentile`` among random days;
        - ``bhar_20, bhar_60, bhar_250`` (simple ratios) with ``bhar_20_percentile`` …;
        - ``picked_event_id, picked_date, picked_return``: the abnormal return of the day that was
          picked because the price moved, described and never tested;
        - ``abnormal_value, market_value, currency, shares_on, value_kind, value_reason``: the
          market value on the eve and the part the window's return added, in the share's money;
        - ``attention_begin, peak_per_day, half_life_days, half_life_low, half_life_high,
          half_gone_by_days, half_life_reason, left_30, left_90, left_365``, and
          ``attention_unit``: ``ratings`` (new ones a day in Norway) or ``downloads`` (a day, as
          published);
        - ``revenue_0, revenue_1, revenue_2``: the half-year of the event and the next two, with
          ``revenue_0_period`` … and ``revenue_currency``; ``payers_0`` … at their ends.
    """

    spec: EventStudySpec
    waves: pd.DataFrame


def wave_study(
    reader: Reader, spec: EventStudySpec | None = None, *, as_of: date | None = None
) -> WaveStudy:
    """Measure every wave.

    Parameters
    ----------
    spec
        How; the default specification if left out.
    as_of
        What became public after that day is left out.
    """
    spec = spec or EventStudySpec()
    waves = queries.waves(reader)
    events = queries.events(reader, as_of).set_index("event_id", drop=False)
    shares = _Shares(reader, waves, events, spec, as_of)
    fading = _Fading(reader, as_of)
    found: list[dict[str, Any]] = []
    for wave in waves.to_dict("records"):
        row = _wave(wave) | shares.of_event(wave["event_id"])
        row |= shares.of_picked(wave["price_selected_event_id"])
        found.append(row | fading.of_wave(wave, row["event_date"]))
    financials = queries.financials(reader)
    if as_of is not None:
        known = financials["published_on"].fillna(financials["period_end"])
        financials = rows(financials, known <= pd.Timestamp(as_of))
    for row in found:
        row |= _value(row, shares, financials) | _earned(row, financials)
    table = pd.DataFrame(found)
    day = pd.to_datetime(table["event_date"]).fillna(pd.to_datetime(table["attention_begin"]))
    return WaveStudy(spec, table.iloc[day.argsort(kind="stable")].reset_index(drop=True))


def _wave(wave: dict[Any, Any]) -> dict[str, Any]:
    kept = ("wave_id", "name_en", "name_zh", "app_name", "company", "company_zh", "ticker", "note")
    return {name: wave[name] for name in kept}


class _Shares:
    """The events of all waves, measured once."""

    def __init__(
        self,
        reader: Reader,
        waves: pd.DataFrame,
        events: pd.DataFrame,
        spec: EventStudySpec,
        as_of: date | None,
    ) -> None:
        self.spec, self.events = spec, events
        instruments = queries.instruments(reader).set_index("ticker")
        self.instruments = instruments
        tickers = sorted(set(waves["ticker"].dropna()) & set(instruments.index))
        known = instruments.loc[tickers, ["benchmark", "alternative_benchmark"]]
        markets = {name for name in known.to_numpy().ravel() if isinstance(name, str)}
        self.bars = share_bars.load(reader, sorted({*tickers, *markets}), instruments, as_of)
        self.prices: Panel = share_bars.price_panel(self.bars)
        # All events of these shares are measured, so that no random day meets one of them.
        own = rows(events, column(events, "ticker").isin(tickers))
        self.found: Reactions | None = None
        if len(own):
            self.found = measure(own, instruments, self.prices, spec)
        self._ids = list(own["event_id"])
        if self.found is not None:
            arrays, result = self.found.arrays, self.found.result
            rng = np.random.default_rng(SEED)
            self._drawn = placebo(self.prices, arrays, result, n_draws=N_DRAWS, rng=rng)
            self._held = holding_periods(self.prices, arrays, result, HORIZONS)
            self._ranked = holding_placebo(self.prices, arrays, result, self._held, self._drawn)

    def of_event(self, event_id: Any) -> dict[str, Any]:
        """Return the columns of the event a wave is measured by; missing without one."""
        row: dict[str, Any] = dict.fromkeys(
            ("event_id", "event_date", "title_en", "title_zh", "selection", "date_precision")
        )
        row |= {"day_zero": pd.NaT, "status": None, "reason": "no_dated_event"}
        numbers = ("abnormal_return", "p_value", "cumulative_abnormal_return", "car_low")
        numbers += ("car_high", "car_p_value", "percentile")
        numbers += tuple(f"bhar_{days}{end}" for days in HORIZONS for end in ("", "_percentile"))
        row |= dict.fromkeys(numbers, np.nan)
        if pd.isna(event_id) or event_id not in self.events.index:
            return row
        event: Any = self.events.loc[str(event_id)]
        told = ("event_id", "event_date", "title_en", "title_zh", "selection", "date_precision")
        row |= {name: event[name] for name in told}
        if event_id not in self._ids or self.found is None:
            return row | {
                "reason": "not_listed" if pd.isna(event["ticker"]) else "no_prices_for_ticker"
            }
        at = self._ids.index(event_id)
        result = self.found.result
        row |= {
            "day_zero": pd.Timestamp(result.day_zero[at]),
            "status": str(result.status[at]),
            "reason": str(result.reason[at]) or None,
            "percentile": float(self._drawn.percentile[at]),
            "cumulative_abnormal_return": float(result.cumulative_abnormal_return[at, -1]),
            "car_p_value": float(result.car_p_value[at, -1]),
        }
        if 0 in self.spec.days:
            zero = int(np.flatnonzero(self.spec.days == 0)[0])
            row |= {
                "abnormal_return": float(result.abnormal_return[at, zero]),
                "p_value": float(result.p_value[at, zero]),
            }
        paths = self.found.paths
        last = paths.loc[(paths["event_id"] == event_id) & (paths["day"] == self.spec.window[1])]
        for _, path in last.iterrows():
            row |= {"car_low": path["car_low"], "car_high": path["car_high"]}
        for number, days in enumerate(HORIZONS):
            row[f"bhar_{days}"] = float(self._held.abnormal_return[at, number]) / 100
            row[f"bhar_{days}_percentile"] = float(self._ranked.percentile[at, number])
        return row

    def of_picked(self, event_id: Any) -> dict[str, Any]:
        """Return the day that was picked by the price: described, without any test."""
        row: dict[str, Any] = {
            "picked_event_id": None,
            "picked_date": pd.NaT,
            "picked_return": np.nan,
        }
        if pd.isna(event_id) or event_id not in self._ids or self.found is None:
            return row
        at, days = self._ids.index(event_id), self.spec.days
        first = int(np.flatnonzero(days == 0)[0]) if 0 in days else 0
        return {
            "picked_event_id": event_id,
            "picked_date": pd.Timestamp(self.found.result.day_zero[at]),
            "picked_return": float(self.found.result.abnormal_return[at, first]),
        }

    def eve(self, ticker: str, event_id: str) -> pd.Series | None:
        """Return the bar before the event window; nothing where its close as traded is not held."""
        if self.found is None:
            return None
        first = pd.Timestamp(self.found.result.trade_dates[self._ids.index(event_id), 0])
        own = self.bars["ticker"].eq(ticker) & self.bars["trade_date"].lt(first)
        held = rows(self.bars, own)
        if held.empty or pd.isna(held["raw_close"].to_numpy()[-1]):
            return None
        return held.iloc[-1]


_ATTENTION = {
    "attention_begin": "peak_begin",
    "peak_per_day": "peak_per_day",
    "half_life_days": "half_life_days",
    "half_life_low": "half_life_low",
    "half_life_high": "half_life_high",
    "half_gone_by_days": "half_gone_by_days",
    "half_life_reason": "reason",
    "left_30": "left_30",
    "left_90": "left_90",
    "left_365": "left_365",
}


class _Fading:
    """The attention of all waves: rating counts, or downloads that were published."""

    def __init__(self, reader: Reader, as_of: date | None) -> None:
        counts = queries.rating_counts(reader, as_of)
        counts = rows(counts, counts["storefront"] == _STOREFRONT)
        self._rates = rating_rates(counts)
        facts = queries.facts(reader, "downloads", as_of)
        daily = rows(facts, facts["unit"] == "count/day")
        self._published = daily.rename(
            columns={
                "period_start": "previous_on",
                "period_end": "observed_on",
                "value": "new_ratings_per_day",
            }
        )

    def of_wave(self, wave: dict[Any, Any], event_date: Any) -> dict[str, Any]:
        """Return the columns about the attention of a wave, within a year around its event."""
        found, unit = self._rates.loc[self._rates["app_id"] == wave["app_id"]], "ratings"
        if isinstance(wave["attention_entity"], str):
            own = self._published["entity"] == wave["attention_entity"]
            found, unit = self._published.loc[own], "downloads"
        day = pd.to_datetime(event_date)
        if pd.notna(day):
            found = found.loc[found["observed_on"].between(day - _BEFORE, day + _AFTER)]
        table = wave_table(found.assign(wave=wave["wave_id"]), ["wave"])
        if table.empty:
            missing: dict[str, Any] = dict.fromkeys(_ATTENTION, np.nan)
            missing |= {"attention_begin": pd.NaT, "half_life_reason": "no_attention_series"}
            return missing | {"attention_unit": None}
        first = table.iloc[0]
        row: dict[str, Any] = {ours: first[theirs] for ours, theirs in _ATTENTION.items()}
        return row | {"attention_unit": unit}


def _value(row: dict[str, Any], shares: _Shares, financials: pd.DataFrame) -> dict[str, Any]:
    """Return what the window's abnormal return was worth, where the share count is known."""
    missing: dict[str, Any] = {
        "abnormal_value": np.nan,
        "market_value": np.nan,
        "currency": None,
        "shares_on": pd.NaT,
        "value_kind": None,
    }
    car, ticker = row["cumulative_abnormal_return"], row["ticker"]
    if not isinstance(ticker, str) or not np.isfinite(car):
        return missing | {"value_reason": "no_reaction"}
    eve = shares.eve(ticker, row["event_id"])
    if eve is None:
        return missing | {"value_reason": "no_close_as_traded"}
    own = financials["ticker"].eq(ticker) & financials["metric"].eq("shares_outstanding")
    counted = rows(financials, own & financials["period_end"].le(eve["trade_date"]))
    if counted.empty:
        return missing | {"value_reason": "no_share_count"}
    count = counted.sort_values("period_end").iloc[-1]
    close, number = eve["raw_close"], count["value"]
    worth = float(np.asarray(close) * np.asarray(number))
    factor = np.expm1(car) if shares.spec.returns == "log" else car
    return {
        "abnormal_value": float(factor) * worth,
        "market_value": worth,
        "currency": shares.instruments.loc[ticker, "currency"],
        "shares_on": count["period_end"],
        "value_kind": "estimated",
        "value_reason": None,
    }


def _earned(row: dict[str, Any], financials: pd.DataFrame) -> dict[str, Any]:
    """Return the half-year of the event and the next two: revenue, and payers at their ends."""
    found: dict[str, Any] = {"revenue_currency": None}
    for number in range(N_HALF_YEARS + 1):
        found |= {
            f"revenue_{number}": np.nan,
            f"revenue_{number}_period": None,
            f"payers_{number}": np.nan,
        }
    day = pd.to_datetime(row["event_date"])
    if not isinstance(row["ticker"], str) or pd.isna(day):
        return found
    own = rows(financials, financials["ticker"] == row["ticker"])
    length = (own["period_end"] - own["period_start"]).dt.days
    halves = rows(own, own["metric"].eq("revenue") & length.between(*_HALF_YEAR_DAYS))
    halves = halves.drop_duplicates("period_end").sort_values("period_end", ignore_index=True)
    halves = rows(halves, halves["period_end"] >= day).head(N_HALF_YEARS + 1)
    counted = rows(own, own["metric"] == "paying_subscribers").drop_duplicates("period_end")
    payers: dict[Any, float] = dict(zip(counted["period_end"], counted["value"], strict=True))
    for number, half in enumerate(halves.to_dict("records")):
        found |= {
            "revenue_currency": half["currency"],
            f"revenue_{number}": half["value"],
            f"revenue_{number}_period": half["period"],
            f"payers_{number}": payers.get(half["period_end"], np.nan),
        }
    return found
