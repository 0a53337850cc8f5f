"""The weekly report: all that changed since the last one, with what is stale or failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from dashboard.figures.weekly import shares_figure
from dashboard.reports import growth, history
from dashboard.reports.choice import Choice, Prepared
from dashboard.reports.document import (
    Block,
    Document,
    Paragraph,
    Picture,
    Points,
    Section,
    Source,
)
from dashboard.reports.edition import Edition, Reader, edition_of
from dashboard.reports.grids import by_currency, grid
from dashboard.reports.sources import is_web
from dashboard.studies.frames import column, rows
from dashboard.studies.growth.sources import histories
from dashboard.studies.weekly import TRADING_DAYS, WeeklyStudy, weekly_study
from dashboard.tables import attention as attention_tables
from dashboard.tables import bundled, ledgers, spoken
from dashboard.tables import weekly as tables
from dashboard.text import Words
from etl.errors import InputError

OPTIONS = ("since",)

DEFAULT_DAYS = 7
"""Days looked back where there was no weekly report before."""
_TABLES = ("stock_prices", "market_events", "disclosed_facts", "app_chart_ranks", "lake_days")
_MOST_ROWS = 15
_TOLD_SHARES = 3
_MOST_ADDRESSES = 3


@dataclass(frozen=True)
class WeeklyReport:
    """What changed, and the data behind it.

    Attributes
    ----------
    study
        What was recorded, moved, failed, and is stale.
    products
        A review of each product history.
    is_after_another
        Whether it begins where the last weekly report ended.
    edition
        The data.
    """

    study: WeeklyStudy
    products: tuple[growth.GrowthReport, ...]
    is_after_another: bool
    edition: Edition


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return what changed since a day, since the last weekly report, or over seven days.

    Raises
    ------
    InputError
        If the period is empty: nothing was published after its first instant.
    """
    if choice.as_of is not None:
        raise InputError(
            f"got --as-of {choice.as_of}",
            "the data as they are now; the first day of what is new is --since",
            "leave --as-of out",
        )
    until = reader.info.published_at
    last = None
    if choice.data_dir is not None:
        last = history.last(choice.data_dir, "weekly", choice.schedule)
    if choice.since is not None:
        since = datetime.combine(choice.since, time(), UTC)
    elif last is not None and last < until:
        since = last
    elif last is not None:
        raise InputError(
            f"got nothing new: the last weekly report stands on the data of {last:%Y-%m-%d %H:%M}, "
            "and nothing was published since",
            "data published after it",
            "collect first (`artonomics etl run`), or name a day with --since",
            code="EMPTY_PERIOD",
        )
    else:
        since = until - timedelta(days=DEFAULT_DAYS)
    if since >= until:
        raise InputError(
            f"got --since {choice.since}, but the data was published {until:%Y-%m-%d %H:%M} UTC",
            "a day before that",
            "name an earlier day",
            code="EMPTY_PERIOD",
        )
    report = WeeklyReport(
        study=weekly_study(reader, since, until),
        products=tuple(
            growth.review(reader, Choice(source=str(source), house=choice.house))
            for source in histories(reader).events["source"]
        ),
        is_after_another=choice.since is None and last is not None,
        edition=edition_of(reader, None, choice, *_TABLES),
    )
    return Prepared(f"weekly_{until:%Y-%m-%d}", partial(document, report))


def document(report: WeeklyReport, words: Words) -> Document:
    """Return the weekly report in one language."""
    study = report.study
    return Document(
        language=words.language,
        title=words.t("What changed"),
        subtitle=words.t(
            "{since} to {until}", since=words.instant(study.since), until=words.instant(study.until)
        ),
        finding=tuple(_finding(report, words)),
        sections=tuple(_sections(report, words)),
        sources_heading=words.t("Sources"),
        sources=tuple(_sources(study, words)),
        facts=tuple(_facts(report, words)),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
    )


def _finding(report: WeeklyReport, words: Words) -> Iterator[str]:
    study = report.study
    yield _state(study, words)
    yield from _recorded(study, words)
    yield from _moves(study, words)
    yield from _surges(study, words)
    for product in _changed(report):
        yield _product(product, words)
    yield from _benchmarks(study, words)


def _changed(report: WeeklyReport) -> list[growth.GrowthReport]:
    """Return the products whose events or payments changed in the period."""
    changed = report.study.changed
    return [each for each in report.products if {each.told.source, each.payments} & changed]


def _benchmarks(study: WeeklyStudy, words: Words) -> Iterator[str]:
    """Say of which models results were recorded, and on which machines they were measured."""
    runs: Any = study.runs
    if runs.empty:
        return
    toy = words.t("a toy of 64 pixels, no product")
    models = [
        words.noted(model, toy) if is_toy else str(model)
        for model, is_toy in dict(zip(runs["model"], runs["is_toy"], strict=True)).items()
    ]
    yield words.n(
        "{n} benchmark result was recorded: {models}; measured on {devices}.",
        "{n} benchmark results were recorded: {models}; measured on {devices}.",
        len(runs),
        models=words.listed(models),
        devices=words.listed(dict.fromkeys(runs["device_name"])),
    )
    n = int(runs["is_bundled"].sum())
    if n == len(runs):
        yield words.n(
            "It is bundled with the program and was not measured here.",
            "All of them are bundled with the program and were not measured here.",
            n,
        )
    elif n:
        yield words.n(
            "{n} of them is bundled with the program and was not measured here.",
            "{n} of them are bundled with the program and were not measured here.",
            n,
        )
    if n := int(runs["images_per_second"].isna().sum()):
        yield words.n("{n} of them has no speed.", "{n} of them have no speed.", n)


def _state(study: WeeklyStudy, words: Words) -> str:
    """Say first whether the data can be relied on."""
    failed, stale = list(study.failed["source"]), list(study.stale["source"])
    if not failed and not stale:
        return words.t("No source failed, and none is stale.")
    parts = []
    if failed:
        parts.append(
            words.n(
                "{n} source failed: {names}.",
                "{n} sources failed: {names}.",
                len(failed),
                names=words.listed(failed),
            )
        )
    if stale:
        parts.append(
            words.n(
                "{n} source is stale: {names}.",
                "{n} sources are stale: {names}.",
                len(stale),
                names=words.listed(stale),
            )
        )
    return _joined(parts, words)


def _recorded(study: WeeklyStudy, words: Words) -> Iterator[str]:
    if study.ledger.empty:
        yield words.t("Nothing was collected in this period.")
        return
    ledger: Any = study.ledger
    new, changed = int(ledger["rows_new"].sum()), int(ledger["rows_changed"].sum())
    rejected = int(ledger["rows_quarantined"].sum())
    yield words.t(
        "Collected: {new} new rows, {changed} changed, {rejected} rejected with their reasons.",
        new=words.number(new, digits=0),
        changed=words.number(changed, digits=0),
        rejected=words.number(rejected, digits=0),
    )
    if n := len(study.events):
        yield (
            words.t("All market events held were recorded in this period, the first time.")
            if n == study.n_events
            else words.n("{n} market event was recorded.", "{n} market events were recorded.", n)
        )
    if n := len(study.facts):
        yield (
            words.t("All published figures held were recorded in this period, the first time.")
            if n == study.n_facts
            else words.n(
                "{n} published figure was recorded.", "{n} published figures were recorded.", n
            )
        )


def _moves(study: WeeklyStudy, words: Words) -> Iterator[str]:
    moved: Any = study.moved.dropna(subset=["change"])
    if moved.empty:
        yield words.t("No share has a new trading day in this period.")
    for row in moved.head(_TOLD_SHARES).to_dict("records"):
        yield words.t(
            "{ticker} moved {change} over its last {n} trading days, to {day}: measured, described "
            "and not tested.",
            ticker=row["ticker"],
            change=words.signed_percent(row["change"]),
            n=TRADING_DAYS,
            day=words.date(row["last_day"]),
        )
    newest = pd.to_datetime(study.shares["last_day"]).max()
    behind = (pd.Timestamp(study.until.date()) - newest).days
    if behind > DEFAULT_DAYS:
        yield words.t(
            "The newest trading day held is {day}, {n} days before the data was published.",
            day=words.date(newest),
            n=words.number(behind, digits=0),
        )


def _surges(study: WeeklyStudy, words: Words) -> Iterator[str]:
    if len(study.shocks):
        yield words.n(
            "{n} surge of attention was detected: estimated.",
            "{n} surges of attention were detected: estimated.",
            len(study.shocks),
        )


def _product(product: growth.GrowthReport, words: Words) -> str:
    """Say what recurs in one product, or how many users it has, with the kind of its history."""
    return words.labelled(product.told.source, _joined(growth.headlines(product, words), words))


def _joined(sentences: Iterable[str], words: Words) -> str:
    """Return sentences in one line; Chinese has no blank after a full stop."""
    return ("" if words.language == "zh" else " ").join(sentences)


def _sections(report: WeeklyReport, words: Words) -> Iterator[Section]:
    study = report.study
    yield _health(study, words)
    if len(study.shares):
        yield _shares(study, words)
    yield from _news(study, words)
    if len(study.shocks):
        yield _shocks(study, words)
    for product in _changed(report):
        yield Section(
            words.t("Product: {source}", source=product.told.source),
            (Points(tuple(growth.sentences(product, words))),),
        )
    if len(study.runs):
        told = words.t("Results recorded: {kind}", kind=words.evidence("measured"))
        table = grid(tables.runs(study, words), told, words, rows=_MOST_ROWS)
        yield Section(words.t("New benchmark results"), (table,))
    yield Section(words.t("How it was measured"), (Paragraph(_methods(report, words)),))


def _health(study: WeeklyStudy, words: Words) -> Section:
    blocks: list[Block] = []
    if len(study.ledger):
        caption = words.t("What each source brought: measured by the run ledger")
        blocks.append(grid(tables.ledger(study, words), caption, words))
    if len(study.rejected):
        caption = words.t("Why rows were rejected, by source: measured by the checks")
        blocks.append(grid(tables.rejected(study, words), caption, words))
    faults = study.ledger.dropna(subset=["last_error"])
    if len(faults):
        blocks.append(
            Points(
                tuple(
                    words.labelled(row["source"], spoken.run_error(row["last_error"], words))
                    for row in faults.to_dict("records")
                )
            )
        )
    if len(study.stale):
        columns = ("source", "last_observation", "lagging", "last_run_at", "outcome")
        caption = words.t("Stale on {day}", day=words.date(study.until))
        told = [spoken.lagging(shares, words) for shares in study.stale["lagging"]]
        frame = ledgers.sources(study.stale.assign(lagging=told), words)
        blocks.append(grid(frame, caption, words, columns))
    if not blocks:
        blocks.append(Paragraph(words.t("Nothing was collected in this period.")))
    return Section(words.t("What failed, what is stale"), tuple(blocks))


def _shares(study: WeeklyStudy, words: Words) -> Section:
    caption = words.t(
        "Simple returns of adjusted closes over {n} trading days, described and not tested: "
        "{kind}.",
        n=TRADING_DAYS,
        kind=words.evidence("measured"),
    )
    told = words.t(
        "Close, as traded or adjusted as told beside it, and move: {kind}",
        kind=words.evidence("measured"),
    )
    moved, blocks = study.moved, list[Block]()
    if len(moved.dropna(subset=["change"])):
        blocks.append(Picture("shares", shares_figure(moved, words), caption))
    table = tables.shares(study, words)
    places = [list(table.columns).index(name) for name in ("currency", "close")]
    blocks.append(by_currency(grid(table, told, words, rows=_MOST_ROWS), words, *places))
    adjusted = rows(study.shares, column(study.shares, "is_adjusted").fillna(False).astype(bool))
    if len(adjusted):
        why = words.t(
            "Of {names} only adjusted bars are held: their close is no price as traded, wherever a "
            "dividend or a split came after it.",
            names=words.listed(adjusted["ticker"]),
        )
        blocks.append(Paragraph(why))
    without: Any = study.shares.loc[study.shares["close"].isna()]
    if len(without):
        names = words.listed(without["ticker"])
        why = words.t(
            "No close as traded is held of {names}: their source gives adjusted prices alone, and "
            "the move is taken from these.",
            names=names,
        )
        blocks.append(Paragraph(why))
    return Section(words.t("Shares"), tuple(blocks))


def _news(study: WeeklyStudy, words: Words) -> Iterator[Section]:
    if len(study.events):
        told = words.t("Market events recorded, the latest first")
        table = grid(tables.events(study, words), told, words, rows=_MOST_ROWS)
        yield Section(words.t("New market events"), (table,))
    if len(study.facts):
        told = words.t("Published figures recorded, the latest first, those without a day last")
        table = grid(tables.facts(study, words), told, words, rows=_MOST_ROWS)
        yield Section(words.t("New published figures"), (table,))


def _shocks(study: WeeklyStudy, words: Words) -> Section:
    told = words.t("Surges and jumps, the latest first: {kind}", kind=words.evidence("estimated"))
    table = grid(attention_tables.shock_table(study.shocks, words), told, words, rows=_MOST_ROWS)
    return Section(words.t("Detected shocks"), (table,))


def _methods(report: WeeklyReport, words: Words) -> str:
    begins = (
        words.t("The period begins where the last weekly report ended.")
        if report.is_after_another
        else words.t("The period begins on the day that was named, or seven days before its end.")
    )
    rest = words.t(
        "It ends when the data was published, with the runs of that collection in it. New is what "
        "was recorded in it, whatever day it is about; a value that was corrected counts as "
        "recorded. A share's move is told where its last trading day lies in the period, and is no "
        "finding: whether an event moved it is tested in the market report. Staleness follows each "
        "source's own calendar."
    )
    return _joined((begins, rest), words)


def _facts(report: WeeklyReport, words: Words) -> Iterator[tuple[str, str]]:
    study = report.study
    filters = f"{study.since:%Y-%m-%d %H:%M} – {study.until:%Y-%m-%d %H:%M} UTC"
    return report.edition.facts(words, filters, f"/?lang={words.language}")


def _sources(study: WeeklyStudy, words: Words) -> Iterator[Source]:
    """Yield the sources that ran or are held, with where they are published."""
    frame: Any = study.sources
    ran = set(study.ledger["source"])
    own = frame.loc[frame["source"].isin(ran)] if ran else frame
    for row in own.to_dict("records"):
        title = words.labelled(row["source"], bundled.title(str(row["title"]), words))
        address = str(row["source_url"] or "")
        # A table of several publishers has no address of its own: its rows bear theirs.
        addresses = (address,) if is_web(address) else study.addresses.get(row["source"], ())
        if len(addresses) > _MOST_ADDRESSES:
            yield Source(words.noted(title, _many(addresses, words)))
        elif addresses:
            yield from (Source(title, each) for each in addresses)
        else:
            yield Source(title)


def _many(addresses: Sequence[str], words: Words) -> str:
    """Say how many addresses the rows of a source bear, and of which sites where these are few."""
    sites = dict.fromkeys(urlsplit(each).netloc for each in addresses)
    if len(sites) > _MOST_ADDRESSES:
        return words.n("{n} address", "{n} addresses, each row its own", len(addresses))
    return words.n(
        "{n} address at {sites}",
        "{n} addresses at {sites}, each row its own",
        len(addresses),
        sites=words.listed(sites),
    )
