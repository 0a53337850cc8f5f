"""The compute report: what one picture really costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard.figures import compute as figures
from dashboard.figures import labels
from dashboard.reports.choice import Choice, Prepared
from dashboard.reports.document import (
    Block,
    Calculation,
    Document,
    Formula,
    Grid,
    Input,
    Paragraph,
    Picture,
    Points,
    Section,
    Source,
)
from dashboard.reports.edition import Edition, Reader, edition_of
from dashboard.reports.grids import calculation_header, grid
from dashboard.reports.sources import in_one_version
from dashboard.studies.compute import TOYS, ComputeStudy, Prices, compute_study, costs
from dashboard.studies.compute_published import published_costs
from dashboard.studies.frames import column, rows
from dashboard.tables import compute as tables
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.compute import DEFAULT_UTILISATION
from etl.errors import InputError

OPTIONS: tuple[str, ...] = ()

_HOURLY_USD = 2.50
"""Assumed for a machine of our own runs, for which nobody publishes a price of an hour."""
_TABLES = ("compute_benchmarks", "compute_loads", "published_benchmarks", "disclosed_facts")


@dataclass(frozen=True)
class ComputeReport:
    """What was measured and published, and the data behind it.

    Attributes
    ----------
    study
        Measured runs, published speeds and prices.
    published
        What 1,000 pictures cost on published speeds, of
        :func:`dashboard.studies.compute_published.published_costs`.
    edition
        The data.
    """

    study: ComputeStudy
    published: pd.DataFrame
    edition: Edition


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return the cost of a picture, measured here and by published speeds and prices.

    Raises
    ------
    InputError
        If nothing was measured and nothing published is held, or a day in the past is asked for.
    """
    if choice.as_of is not None:
        raise InputError(
            f"got --as-of {choice.as_of}",
            "the data as they are: runs are kept as their latest measurement alone",
            "leave --as-of out",
        )
    study = compute_study(reader)
    if study.runs.empty and study.published.empty:
        raise InputError(
            "got no measured run and no published benchmark",
            "at least one of them",
            "measure with `artonomics bench run`, or collect with `artonomics etl run --offline`",
            code="NOTHING_TO_REPORT",
        )
    report = ComputeReport(
        study, published_costs(study), edition_of(reader, None, choice, *_TABLES)
    )
    return Prepared("compute", partial(document, report))


def document(report: ComputeReport, words: Words) -> Document:
    """Return the compute report in one language."""
    study = report.study
    link = "/compute?" + urlencode({"lang": words.language, "section": "runs"})
    sections = (
        *_measured(study, words),
        *_published(report, words),
        *_without(study, words),
        Section(words.t("How it was measured"), (Paragraph(_methods(words)),)),
    )
    return Document(
        language=words.language,
        title=words.t("What does one picture really cost?"),
        subtitle=_subtitle(study, words),
        finding=tuple(_finding(report, words)),
        sections=sections,
        sources_heading=words.t("Sources"),
        sources=tuple(_sources(report, words)),
        facts=tuple(
            report.edition.facts(
                words, words.t("use {use}", use=words.percent(DEFAULT_UTILISATION, digits=0)), link
            )
        ),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
    )


def _subtitle(study: ComputeStudy, words: Words) -> str:
    runs = words.n("{n} measured run", "{n} measured runs", len(study.runs))
    published = words.n("{n} published result", "{n} published results", len(study.published))
    return words.t("{runs}, {published}", runs=runs, published=published)


def _finding(report: ComputeReport, words: Words) -> Iterator[str]:
    table = report.published
    if len(table):
        yield _cheapest(table, words)
    if len(table) > 1:
        yield _dearest(table, words)
    measured = [_best(report.study, device, words) for device in report.study.devices]
    yield from filter(None, measured)
    if report.study.runs.empty:
        yield words.t("Nothing has been measured on a machine of our own.")


def _cheapest(table: pd.DataFrame, words: Words) -> str:
    row = table.iloc[0]
    return words.t(
        "On published figures, 1,000 pictures of {model} at {steps} steps cost {cost} on the "
        "{card}, the cheapest card with both a speed and a price ({prices}; published ranges count "
        "by their middle; machines in use {use} of the time, assumed): estimated.",
        model=str(row["model"]).upper(),
        steps=words.number(row["steps"], digits=0),
        cost=words.money(row["cost_usd"], "USD"),
        card=row["card"],
        prices=_prices_of(row, words),
        use=words.percent(DEFAULT_UTILISATION, digits=0),
    )


def _dearest(table: pd.DataFrame, words: Words) -> str:
    """Say how much more the dearest card costs, of which days, and whether that is sure."""
    last, first = table.iloc[-1], table.iloc[0]
    told = words.t(
        "The dearest of {n} cards, the {card}, costs {times} times as much by the medians: {cost} "
        "({prices}): estimated.",
        n=words.number(len(table), digits=0),
        card=last["card"],
        times=words.number(last["cost_usd"] / first["cost_usd"], digits=1),
        cost=words.money(last["cost_usd"], "USD"),
        prices=_prices_of(last, words),
    )
    hedges: list[str] = []
    if last["cost_low_usd"] < first["cost_high_usd"]:
        hedges.append(
            words.t(
                "The two ranges overlap: at some published prices the {dear} is the cheaper one.",
                dear=last["card"],
            )
        )
    if last["price_from"] > first["price_to"] or first["price_from"] > last["price_to"]:
        hedges.append(words.t("The prices of the two are of different times."))
    return words.sentences([told, *hedges])


def _prices_of(row: Any, words: Words) -> str:
    """Say over which prices a cost ranges; a single one has the range it was published as."""
    low, high = (words.money(row[end], "USD") for end in ("cost_low_usd", "cost_high_usd"))
    if int(row["n_prices"]) == 1:
        day = words.date(row["price_to"])
        if low == high:
            return words.t("by its only price, of {day}", day=day)
        return words.t(
            "{low} to {high} by the ends of its only price, of {day}", low=low, high=high, day=day
        )
    return words.t(
        "{low} to {high} over the prices of {start} to {end}",
        low=low,
        high=high,
        start=words.date(row["price_from"]),
        end=words.date(row["price_to"]),
    )


def _best(study: ComputeStudy, device: str, words: Words) -> str:
    """Say the fastest run of a device; nothing where none has a speed."""
    runs: Any = _own(study, device).dropna(subset=["images_per_second"])
    if runs.empty:
        return ""
    best = runs.loc[runs["images_per_second"].idxmax()]
    told = words.t(
        "On {device} the fastest of {n} runs ({run}) made {rate} pictures a second (95% interval "
        "{low} to {high}): measured on {day}.",
        device=device,
        n=words.number(len(runs), digits=0),
        run=labels.run(words, best["label"]),
        rate=words.number(best["images_per_second"]),
        low=words.number(best["images_per_second_low"]),
        high=words.number(best["images_per_second_high"]),
        day=words.date(best["measured_at"]),
    )
    if best["model"] in TOYS:
        toy = words.t("It is a toy of 64 pixels, no product: its cost says nothing of one.")
        return words.sentences([told, toy])
    return told


def _own(study: ComputeStudy, device: str) -> pd.DataFrame:
    return rows(study.runs, column(study.runs, "device_name").eq(device))


def _measured(study: ComputeStudy, words: Words) -> Iterator[Section]:
    """Yield what was measured: a section for each device."""
    for number, device in enumerate(study.devices, 1):
        runs = _own(study, device)
        measured = words.evidence("measured")
        days = column(runs, "measured_at")
        when = words.date(days.max())
        names = ("label", "images_per_second", "seconds_p50", "seconds_p95")
        shown = tables.runs(runs, words)
        blocks: list[Block] = [
            Picture(
                f"speed-{number}",
                figures.speed_figure(runs, words),
                words.t(
                    "Pictures a second with the 95% interval: {kind}, as of {day}.",
                    kind=measured,
                    day=when,
                ),
            ),
            grid(
                shown,
                words.t("Every run of this device: {kind}, as of {day}", kind=measured, day=when),
                words,
                [name for name in names if name in shown.columns] or list(shown.columns)[:6],
            ),
            Picture(
                f"stages-{number}",
                figures.stage_figure(runs, tables.stage_names(words), words),
                words.t("Where the time of a picture goes: {kind}.", kind=measured),
            ),
        ]
        blocks += _calculated(runs, device, words)
        yield Section(words.t("Measured on {device}", device=device), tuple(blocks))


def _calculated(runs: pd.DataFrame, device: str, words: Words) -> Iterator[Block]:
    """Yield the cost of the fastest run, with everything that a reader may change."""
    fastest: Any = runs.dropna(subset=["images_per_second"])
    if fastest.empty:
        return
    row = fastest.loc[fastest["images_per_second"].idxmax()]
    prices = Prices(_HOURLY_USD, DEFAULT_UTILISATION)
    cost = float(costs(fastest.loc[[row.name]], prices)["delivered_usd"].iloc[0])
    measured = words.t("{device}, this program", device=device)
    yield _cost_of(
        words.t("1,000 pictures of {run}", run=labels.run(words, row["label"])),
        _speed(float(row["images_per_second"]), words.evidence("measured"), measured, words),
        _hour(_HOURLY_USD, words.evidence("assumed"), words.t("to be replaced by your own"), words),
        cost,
        words,
    )


def _speed(rate: float, evidence: str, source: str, words: Words) -> Input:
    return Input(
        "images_per_second",
        words.t("Pictures a second"),
        rate,
        words.number(rate, digits=3),
        "0.000",
        words.t("pictures a second"),
        evidence,
        source,
    )


def _hour(price: float, evidence: str, source: str, words: Words) -> Input:
    return Input(
        "hourly_price_usd",
        words.t("Price of an hour"),
        price,
        words.number(price),
        "0.00",
        words.t("USD an hour"),
        evidence,
        source,
    )


def _cost_of(caption: str, speed: Input, hour: Input, cost: float, words: Words) -> Calculation:
    """Return the cost of 1,000 pictures as a calculation over speed, price, use and retries."""
    assumed, own = words.evidence("assumed"), words.t("to be replaced by your own")
    shares = {
        "utilisation": (words.t("Mean use of the machine"), DEFAULT_UTILISATION),
        "retry_rate": (words.t("Retries for a kept picture"), 0.0),
        "blocked_rate": (words.t("Blocked by moderation"), 0.0),
    }
    inputs = [speed, hour]
    for key, (label, value) in shares.items():
        text = words.percent(value, digits=0)
        inputs.append(Input(key, label, value, text, "0%", words.t("share"), assumed, own))
    hourly = 3_600 * speed.value * DEFAULT_UTILISATION
    unit = words.t("USD for 1,000 pictures")
    generated = Formula(
        "generated_usd",
        words.t("Generated"),
        "1000 * {hourly_price_usd} / {pictures_an_hour}",
        1_000 * hour.value / hourly,
        words.number(1_000 * hour.value / hourly, digits=4),
        "0.0000",
        unit,
    )
    return Calculation(
        caption,
        calculation_header(words),
        tuple(inputs),
        (
            Formula(
                "pictures_an_hour",
                words.t("Pictures of an hour"),
                "3600 * {images_per_second} * {utilisation}",
                hourly,
                words.number(hourly, digits=0),
                "#,##0",
                words.t("pictures"),
            ),
            generated,
            Formula(
                "delivered_usd",
                words.t("Delivered, retries and blocked ones paid"),
                "{generated_usd} * (1 + {retry_rate}) / (1 - {blocked_rate})",
                cost,
                words.number(cost, digits=4),
                "0.0000",
                unit,
            ),
        ),
    )


def _published(report: ComputeReport, words: Words) -> Iterator[Section]:
    study, table = report.study, report.published
    if study.published.empty:
        return
    none: Any = study.runs.iloc[:0]
    disclosed = words.evidence("disclosed")
    blocks: list[Block] = [
        Picture(
            "published",
            figures.published_figure(study.published, none, words),
            words.t(
                "SDXL at 20 steps, whole systems divided by their cards: {kind}.", kind=disclosed
            ),
        ),
        Picture(
            "energy",
            figures.energy_figure(study.published, none, words),
            words.t("Joules of the card for a picture: {kind}.", kind=disclosed),
        ),
    ]
    if len(table):
        blocks += [_cost_table(table, words), _cheapest_calculation(table.iloc[0], words)]
    yield Section(words.t("What others published"), tuple(blocks))


def _cost_table(table: pd.DataFrame, words: Words) -> Grid:
    columns = {
        "card": TableColumn(words.t("Card")),
        "images_per_second": TableColumn(words.t("Pictures a second"), "number", 3),
        "n_prices": TableColumn(words.t("Prices"), "integer"),
        "price_to": TableColumn(words.t("Newest price"), "date"),
        "hourly_low_usd": TableColumn(words.t("USD an hour, lowest"), "number"),
        "hourly_usd": TableColumn(words.t("median of middles"), "number"),
        "hourly_high_usd": TableColumn(words.t("highest"), "number"),
        "cost_low_usd": TableColumn(words.t("USD for 1,000, lowest"), "number"),
        "cost_usd": TableColumn(words.t("median of middles"), "number"),
        "cost_high_usd": TableColumn(words.t("highest"), "number"),
    }
    caption = words.t(
        "What 1,000 pictures cost at the fastest published speed of each card and the prices of "
        "the last year with one, contracts for a term left out: {kind}",
        kind=words.evidence("estimated"),
    )
    return grid(Table(table, columns, "published-costs"), caption, words)


def _cheapest_calculation(row: Any, words: Words) -> Calculation:
    estimated = words.evidence("estimated")
    prices = words.n(
        "median of {n} published price, a range at its middle",
        "median of {n} published prices, a range at its middle",
        int(row.n_prices),
    )
    return _cost_of(
        words.t("1,000 pictures on the {card}", card=row.card),
        _speed(row.images_per_second, words.evidence("disclosed"), row.benchmark, words),
        _hour(row.hourly_usd, estimated, prices, words),
        row.cost_usd,
        words,
    )


def _without(study: ComputeStudy, words: Words) -> Iterator[Section]:
    points = []
    if len(study.without):
        told = words.n(
            "{n} cell gave no figures; it is missing with its reason, never zero.",
            "{n} cells gave no figures; they are missing with their reasons, never zero.",
            len(study.without),
        )
        points.append(told)
    missing = study.runs["joules_per_image_gross"].isna() if len(study.runs) else pd.Series([])
    if len(study.runs) and bool(missing.all()):
        points.append(
            words.t(
                "No run has an energy: this machine has no meter. The cost of a machine of one's "
                "own leaves electricity out there and is a lower bound."
            )
        )
    points.append(
        words.t(
            "Published speeds come from tuned engines, mostly in 8 bits: what a card can do, not "
            "what a model card gives. Forms of one card are one here."
        )
    )
    yield Section(words.t("What to know before trusting it"), (Points(tuple(points)),))


def _methods(words: Words) -> str:
    return words.t(
        "Each measured run is a fresh process, warmed until three calls agree within 2%; intervals "
        "are of 95% and never narrower than 2% each way. Cost of a picture: price of an hour over "
        "the pictures of an hour at the mean use. A rented hour contains electricity. Prices of an "
        "hour are those of the last year before the newest one of the card. A published range "
        "counts with its middle in the median (estimated) and with its ends in the lowest and the "
        "highest. Prices under a contract for a term are left out; prices on demand and on the "
        "spot market are seldom told apart by their sources and stand together. Retries and "
        "blocked pictures are paid by those that reach a user."
    )


def _sources(report: ComputeReport, words: Words) -> Iterator[Source]:
    study = report.study
    for device in study.devices:
        yield Source(words.t("{device}, this program", device=device))
    held = pd.concat([study.published, study.prices.sort_values("as_of", kind="stable")])
    told: Any = held[["source_title", "source_url"]].drop_duplicates()
    listed = (Source(str(title), str(url)) for title, url in told.itertuples(index=False))
    yield from in_one_version(listed, words)
