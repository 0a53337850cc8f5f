"""The market report: whether the share price really reacted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard import cases, queries
from dashboard.figures import labels
from dashboard.figures.market import drawn_prices, peers_figure, prices_figure
from dashboard.figures.reaction import paper_figures
from dashboard.reports import require, sources
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
from dashboard.reports.market_finding import by_day, findings, on_day_zero, path_of
from dashboard.studies import MarketStudy, market_study
from dashboard.tables import remarks
from dashboard.text import Words, words
from etl.analytics.event_study import EventStudySpec
from etl.errors import InputError

AROUND_DAYS = 60
"""Trading days of prices shown on either side of the events."""

_PRICES_LOWER_PX = 80


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
    edition = edition_of(reader, choice.as_of, choice, "stock_prices")
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
        "collect its bars with `artonomics etl run`, or choose another --ticker"
        if study.prices.empty
        else "choose another --event, or a --window for which bars are held; the Market page shows "
        "the prices alone",
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
    # A snapshot of an earlier version has no other events.
    named = [wave["event_id"], wave.get("other_event_ids"), wave["price_selected_event_id"]]
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
        subtitle=_subtitle(study, events, words),
        finding=tuple(findings(study, events, words)),
        sections=tuple(_sections(study, events, words)),
        sources_heading=words.t("Sources"),
        sources=(*sources.named(report.sources, words), *sources.of_events(by_day(events), words)),
        facts=tuple(_facts(report, words)),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
        pages=_PAGES,
    )


def _subtitle(study: MarketStudy, events: pd.DataFrame, words: Words) -> str:
    ticker, benchmark = study.instrument["ticker"], study.benchmark
    if events.empty:
        return words.t("{ticker} against {benchmark}", ticker=ticker, benchmark=benchmark)
    return words.t(
        "{ticker} against {benchmark}, {model}, {n_days} days of estimation",
        ticker=ticker,
        benchmark=benchmark,
        model=labels.model(words, study.spec.model),
        n_days=words.number(study.spec.estimation, digits=0),
    )


def _sections(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[Section]:
    """Yield the sections; of a share without an event nothing but its price can be told."""
    yield _prices(study, list(events["event_id"]), words)
    points = tuple(_cautions(study, events, words))
    if len(events):
        yield _reaction(study, events, words)
        yield _peers(study, words)
        points = points or (words.t("Nothing is known that would disturb these windows."),)
    if points:
        yield Section(words.t("What to know before trusting it"), (Points(points),))
    if len(events):
        yield Section(words.t("How it was measured"), (Paragraph(_methods(study, words)),))


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


def _prices(study: MarketStudy, event_ids: Sequence[str], words: Words) -> Section:
    figure = prices_figure(study, words, event_ids, around=AROUND_DAYS)
    caption = _prices_caption(study, drawn_prices(study, event_ids, AROUND_DAYS), words)
    lower = figure.update_layout(height=figure.to_dict()["layout"]["height"] - _PRICES_LOWER_PX)
    picture = Picture("prices", lower, caption)
    return Section(words.t("What the price did"), (picture,))


def _prices_caption(study: MarketStudy, drawn: pd.DataFrame, words: Words) -> str:
    """Say which days are drawn, and how far bars are held beyond them."""
    days: list[pd.Timestamp] = list(drawn["trade_date"])
    told = [
        words.t(
            "Prices from {first} to {last}: {kind}. Returns are taken from adjusted prices.",
            first=words.date(min(days)),
            last=words.date(max(days)),
            kind=words.evidence("measured"),
        )
    ]
    if _last_day(study) > max(days):
        day = words.date(_last_day(study))
        told.append(
            words.t("Bars are held to {day}; only the days around the events are drawn.", day=day)
        )
    without = len(drawn.loc[drawn["close_as_traded"].isna()])
    if 0 < without < len(drawn):
        told.append(words.t("Where the line ends, prices as traded are not held."))
    return words.sentences(told)


def _reaction(study: MarketStudy, events: pd.DataFrame, words: Words) -> Section:
    event_ids = list(events["event_id"])
    kind = words.evidence("estimated")
    daily, cumulative = paper_figures(study, event_ids, words)
    blocks: list[Block] = [
        Picture(
            "abnormal-return",
            daily,
            words.t("Abnormal return by day with its 95% interval: {kind}.", kind=kind),
        ),
        Picture(
            "car",
            cumulative,
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
    rows = tuple(_event_row(study, row, words) for row in by_day(events))
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
    zero, end = on_day_zero(study, row), path_of(study, row).iloc[-1]
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
        words.p_value(zero["p_value"]),
        words.signed_percent(end["cumulative_abnormal_return"]),
        interval if row["status"] == "tested" else words.number(None),
    )


def _test_table(study: MarketStudy, events: pd.DataFrame, words: Words) -> Grid:
    held = study.aggregate.loc[study.aggregate["day"] == "window"].dropna(subset=["statistic"])
    tests = held.to_dict("records")
    header = (words.t("Test"), *(labels.test_name(words, row["test"]) for row in tests))
    rows = (
        (words.t("Statistic"), *(words.number(row["statistic"]) for row in tests)),
        ("p", *(words.p_value(row["p_value"]) for row in tests)),
    )
    n_tested = len(events.loc[events["status"] == "tested"])
    caption = words.n(
        "The {n} tested event, CAR over the window",
        "The {n} tested events together, CAR over the window",
        n_tested,
    )
    return Grid(caption, header, rows if tests else (), (False, *[True] * len(tests)))


def _peers(study: MarketStudy, words: Words) -> Section:
    missing = study.peers.loc[study.peers["abnormal_return"].isna()]
    caption = words.t(
        "Each share against its own market; a star marks a price limit or a suspension: {kind}.",
        kind=words.evidence("estimated"),
    )
    blocks: list[Block] = (
        [Picture("peers", peers_figure(study, words), caption)]
        if len(missing) < len(study.peers)
        else [Paragraph(words.t("No other share can be measured on this day."))]
    )
    if len(missing):
        told = words.t("; ").join(_left_out(missing, words))
        blocks.append(Paragraph(words.t("Without an abnormal return: {reasons}.", reasons=told)))
    return Section(words.t("Whether other shares moved too"), tuple(blocks))


def _left_out(missing: pd.DataFrame, words: Words) -> Iterator[str]:
    """Yield why other shares have no abnormal return, with those of each reason."""
    by_reason: dict[str, list[str]] = {}
    for row in missing.to_dict("records"):
        reason = remarks.reason(words, row["reason"]) or words.t("not known")
        by_reason.setdefault(reason, []).append(labels.company(row, words))
    for reason, names in by_reason.items():
        yield words.labelled(reason, words.listed(names))


def _cautions(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[str]:
    yield from _sharing_days(study, events, words)
    yield from remarks.cautions(study, list(events["event_id"]), words)
    yield from _flags(study, events, words)


def _sharing_days(study: MarketStudy, events: pd.DataFrame, words: Words) -> Iterator[str]:
    """Say which tested events share days: the tests over all of them take them for independent."""
    tested = by_day(events, "tested")
    days = [set(path_of(study, row)["trade_date"]) for row in tested]
    sharing = [
        (one["day_zero"], other["day_zero"])
        for (one, own), (other, others) in combinations(zip(tested, days, strict=True), 2)
        if own & others
    ]
    if sharing:
        pairs = words.t("; ").join(
            words.t("{first} and {last}", first=words.date(one), last=words.date(other))
            for one, other in sharing
        )
        yield words.t(
            "The windows of these tested events share trading days: {pairs}. They are not "
            "independent, and the tests over all events together are surer than they should be.",
            pairs=pairs,
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
    ticker = str(study.instrument["ticker"])
    tested = f"[{spec.window[0]}, {spec.window[1]}], {spec.estimation}, {spec.gap}"
    filters = ", ".join([ticker, *report.event_ids, tested] if report.event_ids else [ticker])
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


def _last_day(study: MarketStudy) -> Any:
    return study.prices["trade_date"].max()
