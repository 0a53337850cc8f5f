"""Did the share price react? One share, its events, its market and the shares beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard import cases, queries
from dashboard.queries import Reader
from dashboard.studies import bars as share_bars
from dashboard.studies.frames import column, columns, ordered, rows
from dashboard.studies.notes import Note
from dashboard.studies.peers import Chosen, compare, peer_shares
from dashboard.studies.reactions import Reactions, measure
from dashboard.studies.shocks import share_events
from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudySpec
from etl.analytics.price_mechanics import runs, widened_window
from etl.errors import InputError

NO_MARKET = "–"
"""Benchmark of a share that is measured against none."""


@dataclass(frozen=True)
class MarketStudy:
    """What is known about one share and its events.

    Attributes
    ----------
    instrument
        The share's row of ``instruments``, ``ticker`` among its values.
    benchmark
        Market shown beside the price; each event names the one it is measured against.
    spec
        How events are measured.
    notes
        ``alternative_benchmark`` (event_ids, benchmark, alternative), ``adjusted_bars_only``
        (ticker), ``bars_from`` (ticker, date: a predecessor's bars are left out),
        ``limit_run_in_estimation`` (event_id, first, last), ``widened_window`` (event_id, first,
        last: a window with as many free days as was meant), ``date_known_to`` (event_id,
        precision).
    prices
        ``trade_date, close_as_traded, adjusted_close, benchmark_adjusted_close, volume``.
    prices_source
        Address the share's bars were read from; empty without bars.
    events
        One row an event: ``event_id, entity, event_date, day_zero, moved, title_en, title_zh,
        event_type, selection, date_precision, session, status, reason, flags, benchmark,
        n_estimation, alpha, beta, sigma, other_events, source_url``; lists are joined by commas.
    paths
        One row an event and day: ``event_id, day, trade_date, abnormal_return,
        abnormal_return_se, cumulative_abnormal_return, cumulative_abnormal_return_se, car_low,
        car_high, t_statistic, p_value``; excluded events have none, described ones no errors.
    aggregate
        ``test, day, statistic, p_value, reason`` over the chosen events that are tested; day is
        ``window`` or the day as text.
    peers
        ``ticker, company, company_zh, concept_group, benchmark, day_zero, abnormal_return,
        cumulative_abnormal_return, t_statistic, p_value, flags, reason`` around the last chosen
        event; t and p are missing where its date was picked by the price.
    peers_event_id
        The event the peers are compared around; empty where there is none.
    flags
        As in :func:`dashboard.studies.bars.mechanics`.
    """

    instrument: pd.Series
    benchmark: str
    spec: EventStudySpec
    notes: list[Note]
    prices: pd.DataFrame
    prices_source: str
    events: pd.DataFrame
    paths: pd.DataFrame
    aggregate: pd.DataFrame
    peers: pd.DataFrame
    peers_event_id: str
    flags: pd.DataFrame


def market_study(
    reader: Reader,
    ticker: str,
    spec: EventStudySpec,
    *,
    as_of: date | None = None,
    event_ids: Sequence[str] | None = None,
) -> MarketStudy:
    """Measure the events of a share and put its peers beside it.

    Parameters
    ----------
    ticker
        A ticker of ``instruments``.
    as_of
        Bars, events and concept groups after that day are left out; all by default.
    event_ids
        Events the tests run over, all events of the share by default; every event is measured.
        The peers are compared around the last of them (by default the last of those a page opens
        on).

    Raises
    ------
    InputError
        If the ticker is not among the instruments, or an event is not one of the share's.
    """
    found = measured(reader, ticker, spec, as_of, event_ids)
    instrument, instruments, bars = found.instrument, found.instruments, found.bars
    flags = share_bars.mechanics(instrument, found.prices, bars)
    reactions = found.reactions
    around = peers_event(reactions.events, ticker, event_ids)
    peers = peer_shares(found.groups, instruments, ticker, around)
    own = rows(bars, bars["ticker"] == ticker)
    named: Any = instrument["benchmark"]
    benchmark = NO_MARKET if pd.isna(named) else str(named)
    return MarketStudy(
        instrument=pd.concat([pd.Series({"ticker": ticker}), instrument]),
        benchmark=benchmark,
        spec=spec,
        notes=_notes(instrument, own, reactions, flags),
        prices=_prices(own, bars, benchmark),
        prices_source=str(column(own, "source_url").iloc[-1]) if len(own) else "",
        events=reactions.events.drop(columns=["ticker"]),
        paths=reactions.paths,
        aggregate=reactions.aggregate,
        peers=compare(peers, Chosen(around, spec), instruments, found.prices, bars),
        peers_event_id="" if around is None else str(around["event_id"]),
        flags=flags,
    )


@dataclass(frozen=True)
class Measured:
    """What every study of one share begins with.

    Attributes
    ----------
    instrument, instruments
        The share's row of ``instruments``, and all of them by ticker.
    groups
        ``concept_groups`` as known.
    bars, prices
        Daily bars of the share, its concept group and their markets; their adjusted closes.
    reactions
        The share's events, measured.
    """

    instrument: pd.Series
    instruments: pd.DataFrame
    groups: pd.DataFrame
    bars: pd.DataFrame
    prices: Panel
    reactions: Reactions


def measured(
    reader: Reader,
    ticker: str,
    spec: EventStudySpec,
    as_of: date | None,
    event_ids: Sequence[str] | None,
) -> Measured:
    """Read a share and measure its events; parameters and errors as :func:`market_study`."""
    instruments = queries.instruments(reader).set_index("ticker")
    if ticker not in instruments.index:
        raise InputError(
            f"got the ticker {ticker!r}",
            "a ticker of the table instruments",
            'list them with `artonomics sql "SELECT ticker, name FROM instruments"`',
        )
    instrument = instruments.loc[ticker]
    events = events_of(reader, ticker, as_of)
    _require_events(events, ticker, as_of, event_ids or ())
    groups = queries.concept_groups(reader, as_of)
    wanted = {ticker, *groups["ticker"], *_markets(instruments, [ticker, *groups["ticker"]])}
    bars = share_bars.load(reader, sorted(wanted), instruments, as_of)
    prices = share_bars.price_panel(bars)
    reactions = measure(events, instruments, prices, spec, event_ids)
    return Measured(instrument, instruments, groups, bars, prices, reactions)


def events_of(reader: Reader, ticker: str, as_of: date | None = None) -> pd.DataFrame:
    """Return the events of the share by day: those announced, and shocks of attention detected.

    Columns as ``market_events``; detected ones fill those of
    :func:`dashboard.studies.shocks.share_events`.
    """
    announced = queries.events(reader, as_of)
    announced = rows(announced, announced["ticker"] == ticker)
    detected = share_events(reader, ticker, as_of)
    if detected.empty:
        return announced
    both = pd.concat([announced, detected.astype(object)], ignore_index=True)
    both["event_date"] = pd.to_datetime(both["event_date"])
    return ordered(both, "event_date", "event_id")


def _require_events(
    own: pd.DataFrame, ticker: str, as_of: date | None, event_ids: Sequence[str]
) -> None:
    """Refuse an event that is not one of the share's."""
    unknown = [name for name in event_ids if name not in set(own["event_id"])]
    if unknown:
        raise InputError(
            f"got the event {unknown[0]!r}, which is not an event of {ticker}"
            + (f" known on {as_of}" if as_of else ""),
            f"one of {', '.join(own['event_id']) or 'none: no event of this share is held'}",
            "choose another event or leave the choice out",
        )


def _markets(instruments: pd.DataFrame, tickers: list[str]) -> set[str]:
    """Return the benchmarks, and their alternatives, of the tickers."""
    known = rows(instruments, instruments.index.isin(tickers))
    markets = [column(known, name) for name in ("benchmark", "alternative_benchmark")]
    return set(pd.concat(markets).dropna())


def peers_event(
    events: pd.DataFrame, ticker: str, event_ids: Sequence[str] | None
) -> pd.Series | None:
    """Return the event the peers are compared around: the last chosen one that can be studied.

    Where none of them can, the last one: peers are named beside it with their reasons.
    """
    if events.empty:
        return None
    chosen = list(event_ids or cases.default_events(ticker, list(events["event_id"])))
    studied = set(rows(events, events["status"] != "excluded")["event_id"])
    last = next((name for name in reversed(chosen) if name in studied), chosen[-1])
    return rows(events, events["event_id"] == last).iloc[0]


def _prices(own: pd.DataFrame, bars: pd.DataFrame, benchmark: str) -> pd.DataFrame:
    market = rows(bars, bars["ticker"] == benchmark)
    market = columns(market, "trade_date", "adjusted_close")
    market = market.rename(columns={"adjusted_close": "benchmark_adjusted_close"})
    kept = columns(own, "trade_date", "raw_close", "adjusted_close", "volume")
    joined = kept.merge(market, on="trade_date", how="left", validate="1:1")
    joined = joined.rename(columns={"raw_close": "close_as_traded"})
    order = ("trade_date", "close_as_traded", "adjusted_close", "benchmark_adjusted_close")
    return ordered(columns(joined, *order, "volume"), "trade_date")


def _notes(
    instrument: pd.Series, own: pd.DataFrame, found: Reactions, flags: pd.DataFrame
) -> list[Note]:
    notes = []
    ticker = str(instrument.name)
    if found.switched:
        notes.append(
            Note(
                "alternative_benchmark",
                {
                    "event_ids": list(found.switched),
                    "benchmark": instrument["benchmark"],
                    "alternative": instrument["alternative_benchmark"],
                },
            )
        )
    if len(own) and not column(own, "raw_close").count():
        notes.append(Note("adjusted_bars_only", {"ticker": ticker}))
    if bool(pd.notna(instrument["listed_from"])):
        notes.append(Note("bars_from", {"ticker": ticker, "date": instrument["listed_from"]}))
    vague = rows(found.events, found.events["date_precision"] != "day")
    for _, event in vague.iterrows():
        values = {"event_id": event["event_id"], "precision": event["date_precision"]}
        notes.append(Note("date_known_to", values))
    return [*notes, *_wider_windows(own, found, flags), *_limit_runs(own, found, flags)]


def _wider_windows(own: pd.DataFrame, found: Reactions, flags: pd.DataFrame) -> list[Note]:
    """Return a note for each event in whose window the price was bound, with a wider one."""
    binds = column(flags, "flag").str.contains("_closed|_locked|suspension")
    bound = column(rows(flags, binds), "trade_date").to_numpy(dtype="datetime64[D]")
    days = own["trade_date"].to_numpy(dtype="datetime64[D]")
    window = found.result.spec.window
    notes = []
    for event in rows(found.events, found.events["day_zero"].notna()).to_dict("records"):
        day_zero = event["day_zero"].to_datetime64().astype("datetime64[D]")
        first, last = widened_window(window, days, day_zero, bound)
        if (first, last) != window:
            values = {"event_id": event["event_id"], "first": first, "last": last}
            notes.append(Note("widened_window", values))
    return notes


def _limit_runs(own: pd.DataFrame, found: Reactions, flags: pd.DataFrame) -> list[Note]:
    """Return a note for each estimation window with two or more limit closes in a row."""
    at_limit = column(flags, "flag").str.contains("_closed|_locked")
    closes = column(rows(flags, at_limit), "trade_date")
    days = own["trade_date"].to_numpy(dtype="datetime64[D]")
    marked = np.isin(days, closes.to_numpy(dtype="datetime64[D]"))
    notes = []
    for event_id, (start, end) in found.estimation_spans.items():
        within = marked & (days >= start) & (days <= end)
        for first, last in runs(within):
            values = {"event_id": event_id, "first": days[first].item(), "last": days[last].item()}
            notes.append(Note("limit_run_in_estimation", values))
    return notes
