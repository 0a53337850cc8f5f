"""The market report: whether the share price really reacted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard import cases, queries
from dashboard.figures import labels
from dashboard.figures.market import (
    abnormal_return_figure,
    car_figure,
    peers_figure,
    prices_figure,
)
from dashboard.reports import require
from dashboard.reports.choice import Choice, Prepared
from dashboard.reports.document import (
    Block,
    Document,
    Grid,
    Paragraph,
    Picture,
    Points,
    Section,
    Source,
)
from dashboard.reports.edition import Edition, Reader, edition_of
from dashboard.studies import MarketStudy, market_study
from dashboard.tables import remarks
from dashboard.text import Words, words
from etl.analytics.event_study import EventStudySpec
from etl.errors import InputError

SIGNIFICANCE = 0.05
AROUND_DAYS = 60
"""Trading days of prices shown on either side of the events."""

_PRICES_LOWER_PX = 80
_TOLD_EVENTS = 5
"""The finding names each tested event where there are no more than these."""


OPTIONS = ("ticker", "event", "wave", "window")

_PAGES = 2
_DEFAULT_WINDOW = (-2, 2)


@dataclass(frozen=True)
class MarketReport:
    """The study of a share and what its report rests on.

    Attributes
    ----------
    study
        The numbers.
    edition
        The data behind them.
    event_ids
        The events it is about.
    sources
        Where prices were read.
    """

    study: MarketStudy
    edition: Edition
    event_ids: tuple[str, ...]
    sources: tuple[Source, ...]


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return the event study of a share, or of the share behind a wave.

    Raises
    ------
    InputError
        If the window is upside down, or the ticker, wave or an event is unknown.
    """
    report = market(reader, choice)
    stem = f"market_{str(report.study.instrument['ticker']).lstrip('^')}"
    return Prepared(stem, partial(document, report))


def market(reader: Reader, choice: Choice) -> MarketReport:
    """Return the numbers of the report; see :func:`prepare`."""
    window = choice.window or _DEFAULT_WINDOW
    if window[0] > window[1]:
        raise InputError(f"got the window {window}", "a first day not after the last", "swap them")
    try:
        spec = EventStudySpec(window=window)
    except ValueError as problem:
        raise InputError(str(problem), todo="choose another --window") from None
    ticker, event = _subject(reader, choice)
    instruments = queries.instruments(reader).set_index("ticker")["instrument_type"]
    if instruments.get(ticker, "equity") != "equity":
        raise InputError(
            f"got the ticker {ticker!r}, which is of the type {instruments[ticker]}",
            "a share",
            'list them with `artonomics sql "SELECT ticker, name FROM instruments WHERE '
            "instrument_type = 'equity'\"`",
        )
    events = queries.events(reader, choice.as_of)
    known = events.loc[events["ticker"] == ticker, "event_id"].tolist()
    chosen = event.split(",") if event else cases.default_events(ticker, known)
    study = market_study(reader, ticker, spec, as_of=choice.as_of, event_ids=chosen)
    edition = edition_of(reader, choice.as_of, choice.house, "stock_prices")
    if study.prices.empty and edition.left_out:
        raise InputError(
            f"got bars of {ticker} that may not be passed on: those of {edition.left_out[0][0]}",
            "a share with bars of a source whose terms allow a report",
            "look at it on the Market page, or choose another --ticker",
            code="NOT_REDISTRIBUTABLE",
        )
    _require_an_event(study, chosen)
    return MarketReport(study, edition, tuple(chosen), tuple(_price_sources(reader, study)))


def _require_an_event(study: MarketStudy, chosen: Sequence[str]) -> None:
    """Refuse a choice none of whose events can be told of, with the reason of each.

    A share of which no event is held is none: its price is told.
    """
    own = study.events.loc[study.events["event_id"].isin(chosen)]
    if own.empty or bool((own["status"] != "excluded").any()):
        return
    english = words("en")
    reasons = [
        f"{row['event_id']}: {labels.exclusion(english, str(row['reason']))}"
        for row in own.to_dict("records")
    ]
    first, last = study.spec.window
    raise InputError(
        f"got {study.instrument['ticker']}, of whose events none can be tested over days {first} "
        f"to {last} ({'; '.join(reasons)})",
        "at least one event that can be tested or described",
        "choose another --event, or a --window for which bars are held; the Market page shows the "
        "prices alone",
        code="NOTHING_TO_REPORT",
    )


def _subject(reader: Reader, choice: Choice) -> tuple[str, str | None]:
    """Return the share and the events that were chosen, by name or by a wave."""
    if choice.wave is None:
        return choice.ticker or cases.TICKER, choice.event
    if choice.ticker or choice.event:
        raise InputError(
            f"got --wave {choice.wave} beside --ticker or --event",
            "a wave, or a share and its events",
            "leave one of them out",
        )
    waves = queries.waves(reader).set_index("wave_id")
    require("wave", [choice.wave], list(waves.index))
    wave = waves.loc[choice.wave]
    named = [wave["event_id"], wave["price_selected_event_id"]]
    events = [str(name) for name in named if isinstance(name, str) and name]
    if not isinstance(wave["ticker"], str) or not events:
        raise InputError(
            f"got the wave {choice.wave!r}, behind which no listed share with a dated event is",
            "a wave of a listed company",
            "the report `attention` tells of every wave",
        )
    return wave["ticker"], ",".join(events)


def document(report: MarketReport, words: Words) -> Document:
    """Return the market report in one language."""
    study, event_ids = report.study, report.event_ids
    events = study.events.loc[study.events["event_id"].isin(event_ids)]
    name = labels.company(study.instrument, words, "name")
    return Document(
        language=words.language,
        title=words.t("Did the share price of {name} really react?", name=name),
        subtitle=words.t(
            "{ticker} against {benchmark}, {model}, {n_days} days of estimation",
            ticker=study.instrument["ticker"],
            benchmark=study.benchmark,
            model=labels.model(words, study.spec.model),
            n_days=words.number(study.spec.estimation, digits=0),
        ),
        finding=tuple(_finding(study, events, words)),
        sections=(
            _prices(study, event_ids, words),
            _reaction(study, events, words),
            _peers(study, words),
            _cautions(study, events, words),
            Section(words.t("How it was measured"), (Paragraph(_methods(study, words)),)),
        ),
        sources_heading=words.t("Sources"),
        sources=(*report.sources, *_event_sources(events, words)),
        facts=tuple(_facts(report, words)),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
        pages=_PAGES,
    )


def permalink(study: MarketStudy, event_ids: Sequence[str], language: str) -> str:
    """Return the address of the same view on the dashboard, from its root."""
    spec = study.spec
    query = {
        "lang": language,
        "ticker": study.instrument["ticker"],
        "event": ",".join(event_ids),
        "window": f"{spec.window[0]},{spec.window[1]}",
        "estimation": spec.estimation,
        "gap": spec.gap,
        "returns": spec.returns,
        "model": spec.model,
    }
    return "/market?" + urlencode(query, safe=",")


def simple_return(value: float, returns: str) -> float:
    """Return a return as a simple one (ratio); log returns are converted, missing stays missing."""
    return math.expm1(value) if returns == "log" else value


def _finding(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[str]:
    """Say what was found: the tested events by day and by window, then the described ones."""
    tested = [_on_day_zero(study, row) for row in _rows(events, "tested")]
    first, last = study.spec.window
    if events.empty:
        yield words.t("No event of this share is held, so none is tested: its price is shown.")
    elif not tested:
        yield words.t("No event of this choice can be tested.")
    elif first <= 0 <= last:
        yield _on_the_day(tested, words)
    if first <= 0 <= last and len(tested) <= _TOLD_EVENTS:
        yield from (_tested_event(study, row, words) for row in tested)
    if tested and first < last:
        yield from _over_the_window(study, tested, words)
    if described := _rows(events, "described"):
        yield _picked_days(study, described, words)


def _picked_days(study: MarketStudy, described: list[dict[str, Any]], words: Words) -> str:
    moves = words.listed(
        words.noted(
            words.date(row["day_zero"]),
            _simple(study, _on_day_zero(study, row)["abnormal_return"], words),
        )
        for row in described
    )
    if len(described) == 1:
        return words.t(
            "The move of {moves} against the model stands on a day that was picked because the "
            "price moved: it is described, not tested.",
            moves=moves,
        )
    return words.t(
        "The moves of {moves} against the model stand on days that were picked because the price "
        "moved: they are described, not tested.",
        moves=moves,
    )


def _on_the_day(tested: list[dict[str, Any]], words: Words) -> str:
    significant = sum(row["p_value"] < SIGNIFICANCE for row in tested)
    if significant:
        return words.t(
            "Of {n} events whose dates were not taken from the price, {k} moved the share "
            "significantly on the day.",
            n=words.number(len(tested), digits=0),
            k=words.number(significant, digits=0),
        )
    return words.n(
        "The {n} event whose date was not taken from the price did not move the share "
        "significantly on its day.",
        "None of the {n} events whose dates were not taken from the price moved the share "
        "significantly on its day.",
        len(tested),
    )


def _tested_event(study: MarketStudy, row: dict[str, Any], words: Words) -> str:
    significant = row["p_value"] < SIGNIFICANCE
    return words.t(
        "{day}: {title}. Abnormal return {value} ({model} against {benchmark}; t {t}, p {p}): "
        "{verdict}.",
        day=words.date(row["day_zero"]),
        title=labels.event_title(row, words),
        value=_simple(study, row["abnormal_return"], words),
        model=labels.model(words, study.spec.model),
        benchmark=row["benchmark"],
        t=words.number(row["t_statistic"]),
        p=words.number(row["p_value"], digits=3),
        verdict=words.t("significant at 5%") if significant else words.t("not significant at 5%"),
    )


def _over_the_window(
    study: MarketStudy, tested: list[dict[str, Any]], words: Words
) -> Iterator[str]:
    """Name the events whose cumulative return over the window differs from zero."""
    first, last = study.spec.window
    ends = [(row, _path(study, row).iloc[-1]) for row in tested]
    different = [(row, end) for row, end in ends if end["car_low"] > 0 or end["car_high"] < 0]
    if not different:
        yield words.t(
            "Over days {first} to {last} no cumulative abnormal return differs from zero at 5%.",
            first=words.number(first, digits=0),
            last=words.number(last, digits=0),
        )
    for row, end in different:
        yield words.t(
            "Over days {first} to {last} around {day} the cumulative abnormal return of {value} "
            "differs from zero at 5% (95% interval {low} to {high}).",
            first=words.number(first, digits=0),
            last=words.number(last, digits=0),
            day=words.date(row["day_zero"]),
            value=_simple(study, end["cumulative_abnormal_return"], words),
            low=_simple(study, end["car_low"], words),
            high=_simple(study, end["car_high"], words),
        )


def _prices(study: MarketStudy, event_ids: Sequence[str], words: Words) -> Section:
    figure = prices_figure(study, words, event_ids, around=AROUND_DAYS)
    caption = words.t(
        "Prices: {kind}, to {date}. Returns are taken from adjusted prices.",
        kind=words.evidence("measured"),
        date=words.date(_last_day(study)),
    )
    without = len(study.prices.loc[study.prices["close_as_traded"].isna()])
    if 0 < without < len(study.prices):
        missing = words.t("Where the line ends, prices as traded are not held.")
        caption = words.sentences([caption, missing])
    lower = figure.update_layout(height=figure.to_dict()["layout"]["height"] - _PRICES_LOWER_PX)
    picture = Picture("prices", lower, caption)
    return Section(words.t("What the price did"), (picture,))


def _reaction(study: MarketStudy, events: pd.DataFrame, words: Words) -> Section:
    event_ids = list(events["event_id"])
    kind = words.evidence("estimated")
    blocks: list[Block] = [
        Picture(
            "abnormal-return",
            abnormal_return_figure(study, event_ids, words).update_layout(height=255),
            words.t("Abnormal return by day with its 95% interval: {kind}.", kind=kind),
        ),
        Picture(
            "car",
            car_figure(study, event_ids, words).update_layout(height=270),
            words.t("Cumulative abnormal return with its 95% band: {kind}.", kind=kind),
        ),
        _event_table(study, events, words),
    ]
    tests = _test_table(study, events, words)
    return Section(
        words.t("Whether the events moved it"), (*blocks, *([tests] if tests.rows else []))
    )


def _event_table(study: MarketStudy, events: pd.DataFrame, words: Words) -> Grid:
    first, last = study.spec.window
    header = (
        words.t("Day"),
        words.t("Event"),
        words.t("Treatment"),
        words.t("AR, day 0"),
        "t",
        "p",
        words.t(
            "CAR, days {first} to {last}",
            first=words.number(first, digits=0),
            last=words.number(last, digits=0),
        ),
        words.t("95% interval"),
    )
    rows = tuple(_event_row(study, row, words) for row in _rows(events))
    caption = words.t(
        "Every event ({returns}; AR and CAR: {kind})",
        returns=labels.returns(words, study.spec.returns),
        kind=words.evidence("estimated"),
    )
    return Grid(caption, header, rows, (False, False, False, True, True, True, True, True))


def _event_row(study: MarketStudy, row: dict[str, Any], words: Words) -> tuple[str, ...]:
    day, title = labels.event_day(row, words), labels.event_title(row, words)
    treatment = labels.status(words, row["status"])
    if row["status"] == "excluded":
        reason = labels.exclusion(words, str(row["reason"]))
        return day, title, words.labelled(treatment, reason), *[words.number(None)] * 5
    zero, end = _on_day_zero(study, row), _path(study, row).iloc[-1]
    interval = words.t(
        "{low} to {high}",
        low=words.signed_percent(end["car_low"]),
        high=words.signed_percent(end["car_high"]),
    )
    return (
        day,
        title,
        treatment,
        words.signed_percent(zero["abnormal_return"]),
        words.number(zero["t_statistic"]),
        words.number(zero["p_value"], digits=3),
        words.signed_percent(end["cumulative_abnormal_return"]),
        interval if row["status"] == "tested" else words.number(None),
    )


def _test_table(study: MarketStudy, events: pd.DataFrame, words: Words) -> Grid:
    held = study.aggregate.loc[study.aggregate["day"] == "window"].dropna(subset=["statistic"])
    tests = held.to_dict("records")
    header = (words.t("Test"), *(labels.test_name(words, row["test"]) for row in tests))
    rows = (
        (words.t("Statistic"), *(words.number(row["statistic"]) for row in tests)),
        ("p", *(words.number(row["p_value"], digits=3) for row in tests)),
    )
    n_tested = len(events.loc[events["status"] == "tested"])
    caption = words.n(
        "The {n} tested event, CAR over the window",
        "The {n} tested events together, CAR over the window",
        n_tested,
    )
    return Grid(caption, header, rows if tests else (), (False, *[True] * len(tests)))


def _peers(study: MarketStudy, words: Words) -> Section:
    figure = peers_figure(study, words)
    missing = study.peers.loc[study.peers["abnormal_return"].isna()]
    caption = words.t(
        "Each share against its own market; a star marks a price limit or a suspension: {kind}.",
        kind=words.evidence("estimated"),
    )
    blocks: list[Block] = [Picture("peers", figure, caption)]
    if len(missing):
        names = words.listed(labels.company(row, words) for row in missing.to_dict("records"))
        blocks.append(
            Paragraph(
                words.t("No abnormal return, because no usable prices: {names}.", names=names)
            )
        )
    return Section(words.t("Whether other shares moved too"), tuple(blocks))


def _cautions(study: MarketStudy, events: pd.DataFrame, words: Words) -> Section:
    points = (
        *remarks.cautions(study, list(events["event_id"]), words),
        *_flags(study, events, words),
    )
    nothing = words.t("Nothing is known that would disturb these windows.")
    return Section(
        words.t("What to know before trusting it"), (Points(tuple(points) or (nothing,)),)
    )


def _flags(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[str]:
    """Say what the exchange's rules did to the share inside the event windows."""
    days = set(study.paths.loc[study.paths["event_id"].isin(events["event_id"]), "trade_date"])
    for row in study.flags.loc[study.flags["trade_date"].isin(list(days))].to_dict("records"):
        yield words.t(
            "{day}: {flag} ({detail}).",
            day=words.date(row["trade_date"]),
            flag=remarks.flags(words, row["flag"]),
            detail=remarks.flag_detail(words, row["flag"], row["detail"]),
        )


def _methods(study: MarketStudy, words: Words) -> str:
    spec = study.spec
    return words.t(
        "Normal returns come from the {model} over {estimation} trading days that end {gap} "
        "trading days before the event window of days {first} to {last}; returns are {returns}, "
        "from adjusted prices, on the trading days that the share and {benchmark} have in common. "
        "The error of an abnormal return carries the forecast error of the model; the error of a "
        "cumulative one is exact for the window. Levels of significance are two-sided, at 5%, for "
        "each event by itself and not corrected for their number. An event outside trading moves "
        "to the next trading day. A day that was picked because the price moved would always look "
        "significant: it is shown and never tested. The finding states simple returns.",
        model=labels.model(words, spec.model),
        estimation=words.number(spec.estimation, digits=0),
        gap=words.number(spec.gap, digits=0),
        first=words.number(spec.window[0], digits=0),
        last=words.number(spec.window[1], digits=0),
        returns=labels.returns(words, spec.returns),
        benchmark=study.benchmark,
    )


def _facts(report: MarketReport, words: Words) -> Iterator[tuple[str, str]]:
    study, spec = report.study, report.study.spec
    filters = (
        f"{study.instrument['ticker']}, {', '.join(report.event_ids)}, "
        f"[{spec.window[0]}, {spec.window[1]}], {spec.estimation}, {spec.gap}"
    )
    link = permalink(study, report.event_ids, words.language)
    to = (words.t("Prices to"), words.date(_last_day(study)))
    return report.edition.facts(words, filters, link, to)


def _price_sources(reader: Reader, study: MarketStudy) -> Iterator[Source]:
    """Yield where the bars of the share, its markets and its peers were read."""
    peers = study.peers.dropna(subset=["abnormal_return"])
    measured = study.events.loc[study.events["status"] != "excluded"]
    tickers = [str(study.instrument["ticker"]), study.benchmark, *measured["benchmark"]]
    tickers += [*peers["ticker"], *peers["benchmark"]]
    bars = queries.prices(reader, list(dict.fromkeys(tickers)))
    read = bars[["ticker", "source_url"]].drop_duplicates()
    for address, rows in read.groupby("source_url", sort=False):
        yield Source(", ".join(rows["ticker"]), str(address))


def _event_sources(events: pd.DataFrame, words: Words) -> Iterator[Source]:
    for row in _rows(events):
        title = words.labelled(words.date(row["event_date"]), labels.event_title(row, words))
        yield Source(title, str(row["source_url"]))


def _rows(events: pd.DataFrame, status: str | None = None) -> list[dict[Any, Any]]:
    """Return events by day, all of them or those of one status."""
    chosen = events if status is None else events.loc[events["status"] == status]
    return chosen.sort_values(["event_date", "event_id"]).to_dict("records")


def _last_day(study: MarketStudy) -> Any:
    return study.prices["trade_date"].max()


def _path(study: MarketStudy, event: dict[str, Any]) -> pd.DataFrame:
    own = study.paths.loc[study.paths["event_id"] == event["event_id"]]
    return own.sort_values("day")


def _on_day_zero(study: MarketStudy, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its numbers of day 0; missing where the window leaves day 0 out."""
    path = _path(study, event)
    rows = path.loc[path["day"] == 0].to_dict("records")
    numbers = ("abnormal_return", "t_statistic", "p_value")
    found = rows[0] if rows else dict.fromkeys(numbers, math.nan)
    return {**event, **{name: found[name] for name in numbers}}


def _simple(study: MarketStudy, value: float, words: Words) -> str:
    return words.signed_percent(simple_return(value, study.spec.returns))
