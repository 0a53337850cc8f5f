"""The unit-economics memo: whether one user of a scenario earns more than the images cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from dashboard import scenarios
from dashboard.figures.economics import bridge, contour, tornado, waterfall
from dashboard.figures.economics import outcome as odds_figures
from dashboard.figures.economics.scales import Axis
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
from dashboard.reports.grids import grid
from dashboard.reports.unit_economics_pictures import costs_of, pictures_section
from dashboard.reports.unit_economics_sums import user_month_sums
from dashboard.studies.economics.comparison import claims_frame, later_frame
from dashboard.studies.economics.pictures import PictureCosts
from dashboard.studies.economics.scenario import (
    ScenarioStudy,
    axis,
    frozen,
    scenario_study,
    surface,
    surface_inputs,
)
from dashboard.studies.economics.waterfall import Per
from dashboard.studies.economics.waterfall import waterfall as way
from dashboard.tables import bundled, spoken
from dashboard.tables.economics import inputs as input_tables
from dashboard.tables.economics import names, results, verdict
from dashboard.tables.economics.plans import unsettled, without_an_order
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.scenario_result import Evaluation, Outcome
from etl.errors import InputError

OPTIONS = ("scenario", "currency")

_TABLES = ("disclosed_facts", "financials", "net_proceeds", "compute_benchmarks", "stock_prices")
_STEP_COLUMNS = ("step", "value", "low", "high", "unit", "evidence", "reason")
_PLAN_COLUMNS = (
    *("name", "price", "tax", "fees", "net", "commission", "fixed_fee", "tax_rate"),
    "evidence",
)
_SUITS = ("paying_share", "cost_per_image", "hourly_price", "users_per_server", "gross_margin")


@dataclass(frozen=True)
class Memo:
    """A scenario with what follows from it, and the data behind it.

    Attributes
    ----------
    raw, study
        As it is written, and evaluated.
    key
        Its key; the name of its file where it came by one.
    claims, later
        Published figures over the two inputs of the surface, and what became known later.
    pair
        The two inputs of the break-even surface; empty where there is none.
    pictures
        What its pictures cost; ``None`` where it counts by user.
    edition
        The data.
    """

    raw: dict[str, Any]
    study: ScenarioStudy
    key: str
    pair: tuple[str, ...]
    claims: Any
    later: Any
    pictures: PictureCosts | None
    edition: Edition


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return the memo of a scenario: a ready case, a saved one, or a file.

    Raises
    ------
    InputError
        If there is no such scenario, or it cannot be evaluated.
    """
    if choice.as_of is not None:
        raise InputError(
            f"got --as-of {choice.as_of}",
            "the scenario's own day: `as_of` in its file",
            "change the scenario, or leave --as-of out",
        )
    wanted = choice.scenario or scenarios.DEFAULT
    key, raw = _scenario(wanted, choice.data_dir)
    if choice.currency is not None:
        raw = scenarios.with_settings(raw, {"currency": choice.currency.upper()})
    written = frozen(raw)
    study = scenario_study(reader, written)
    pair = _pair(study)
    memo = Memo(
        raw=raw,
        study=study,
        key=key,
        pair=pair,
        claims=claims_frame(reader, study, *pair) if pair else None,
        later=later_frame(reader, study) if study.scenario.later else None,
        pictures=costs_of(reader, study, written),
        edition=edition_of(reader, study.scenario.document.as_of, choice, *_TABLES),
    )
    return Prepared(f"unit-economics_{key}", partial(document, memo))


def _scenario(wanted: str, data_dir: Path | None) -> tuple[str, dict[str, Any]]:
    """Return the key and the text of a scenario that is named, or lies in a file."""
    path = Path(wanted)
    if path.suffix in (".yml", ".yaml"):
        if not path.is_file():
            raise InputError(f"got the scenario {wanted}, and there is no such file")
        return path.stem, scenarios.of_text(path.read_bytes(), path.name)
    held = scenarios.choices(data_dir or Path())
    if wanted not in held:
        near = get_close_matches(wanted, list(held), n=1)
        raise InputError(
            f"got the scenario {wanted!r}",
            f"one of {', '.join(held)}, or a file",
            f"perhaps you meant {near[0]!r}" if near else "",
        )
    found = held[wanted]
    if found.raw is None:
        raise found.fault or InputError(f"got the scenario {wanted}, which cannot be read")
    return wanted, found.raw


def _pair(study: ScenarioStudy) -> tuple[str, ...]:
    if study.month is None and study.wave is None:
        return ()
    options = [name for name in surface_inputs(study) if np.ptp(axis(study, name)) > 0]
    pair = list(dict.fromkeys([*(n for n in _SUITS if n in options), *options]))[:2]
    return tuple(pair) if len(pair) == 2 and surface(study, *pair) is not None else ()


def document(memo: Memo, words: Words) -> Document:
    """Return the memo in one language."""
    study = memo.study
    told = study.scenario.document
    return Document(
        language=words.language,
        title=words.t("Does one user earn more than the images cost?"),
        subtitle=words.t(
            "{subject}, as known on {date}, in {currency}",
            subject=scenarios.name_of(memo.raw, words.language),
            date=words.date(told.as_of),
            currency=study.currency,
        ),
        finding=tuple(_finding(study, words)),
        sections=tuple(_sections(memo, words)),
        sources_heading=words.t("Sources"),
        sources=tuple(_sources(study, words)),
        facts=tuple(_facts(memo, words)),
        disclaimer=memo.edition.disclaimer(words),
        data_at=memo.edition.published_at,
    )


def _parts(study: ScenarioStudy) -> list[tuple[str, Evaluation, Outcome]]:
    found = (("month", study.month), ("wave", study.wave))
    return [(name, part.evaluation, part.outcome) for name, part in found if part is not None]


def _finding(study: ScenarioStudy, words: Words) -> Iterator[str]:
    parts = _parts(study)
    if not parts:
        yield words.t("The scenario describes neither a month nor a wave: nothing follows from it.")
    for _, evaluation, outcome in parts:
        yield from verdict.sentences(study, evaluation, outcome, words)
    for _, evaluation, outcome in parts[:1]:
        for one in verdict.deciding(study, evaluation, outcome, words):
            yield verdict.in_words(one, words)


def _sections(memo: Memo, words: Words) -> Iterator[Section]:
    study = memo.study
    if study.month is not None:
        yield _month(study, words)
    if study.wave is not None:
        yield _wave(study, words)
    yield pictures_section(study, memo.pictures, words)
    if memo.pair:
        yield _surface(memo, words)
    yield from _odds(study, words)
    yield _given(memo, words)
    yield from _beside(memo, words)
    yield Section(words.t("How it was measured"), (Paragraph(_methods(study, words)),))


def _month(study: ScenarioStudy, words: Words) -> Section:
    assert study.month is not None
    per_what: tuple[tuple[Per, str, str], ...] = (
        ("payer", words.t("A payer's month"), words.t("payer and month")),
        ("user", words.t("A user's month, paying or not"), words.t("user and month")),
    )
    blocks: list[Block] = []
    for per, heading, of in per_what:
        frame = way(study, per)
        shown = frame.assign(label=[results.label_of(name, words) for name in frame["name"]])
        kind = words.evidence(str(frame["evidence_kind"].iloc[-1]))
        unit = words.t("{currency} per {what}", currency=study.currency, what=of)
        figure = waterfall.waterfall_figure(shown, study.currency, words, heading_unit=unit)
        caption = words.t(
            "{what}, in {currency}: {kind}.", what=heading, currency=study.currency, kind=kind
        )
        missing = frame["missing"].iloc[-1]
        if missing:
            blocks.append(Paragraph(words.labelled(heading, results.reason_of(missing, "", words))))
        if figure.data:
            blocks.append(Picture(f"waterfall-{per}", figure, caption))
    sums = user_month_sums(study, words)
    if sums is not None:
        told = [
            replace(line, source=spoken.input_source(line.source, words)) for line in sums.inputs
        ]
        blocks.append(replace(sums, inputs=tuple(told)))
    caption = words.t("Every step, each with its own evidence")
    steps = results.steps(study.month.evaluation, study.currency, words)
    blocks.append(grid(steps, caption, words, _STEP_COLUMNS))
    return Section(words.t("From the price to the contribution"), tuple(blocks))


def _wave(study: ScenarioStudy, words: Words) -> Section:
    assert study.wave is not None
    frame = results.chain_frame(study.wave.evaluation, study.currency, words)
    kind = words.evidence(str(frame["evidence_kind"].iloc[-1]))
    told = words.t(
        "People, and {currency} in present value: {kind}.", currency=study.currency, kind=kind
    )
    caption = words.t("Every step, each with its own evidence")
    return Section(
        words.t("From attention to contribution"),
        (
            Picture("chain", bridge.bridge_figure(frame, words), told),
            grid(
                results.steps(study.wave.evaluation, study.currency, words),
                caption,
                words,
                _STEP_COLUMNS,
            ),
        ),
    )


def _surface(memo: Memo, words: Words) -> Section:
    study, (x, y) = memo.study, memo.pair
    found = surface(study, x, y)
    assert found is not None
    given = study.scenario.inputs.given
    base = (given[x].value, given[y].value) if {x, y} <= set(given) else None
    units = [INPUTS[name].unit.replace("{c}", study.currency) for name in memo.pair]
    axes = (
        Axis(names.input_name(x, words), results.axis_unit(units[0], words)),
        Axis(names.input_name(y, words), results.axis_unit(units[1], words)),
        Axis(names.step_name(found.step, words), study.currency),
    )
    labels = results.claim_labels(memo.claims, words)
    figure = contour.contour_figure(
        contour.Grid(found.x, found.y, found.z, base),
        memo.claims.assign(label=labels),
        words,
        axes=axes,
    )
    caption = words.t("All other inputs at their own values; it breaks even where the sign turns.")
    return Section(words.t("Where it breaks even"), (Picture("surface", figure, caption),))


def _odds(study: ScenarioStudy, words: Words) -> Iterator[Section]:
    for name, evaluation, outcome in _parts(study):
        step = evaluation.step(outcome.step)
        if step.value is None or not outcome.tornado:
            continue
        what = names.step_name(step.name, words)
        unit = step.unit.replace("{c}", study.currency)
        swings = results.swings(study, outcome, words)
        kind = words.evidence(step.evidence_kind)
        bins, odds = odds_figures.histogram(outcome.draws), results.odds(outcome)
        axis_of = Axis(what, unit.partition("/")[0])
        moved = tornado.tornado_figure(swings, step.value, words, result=axis_of)
        likely = odds_figures.outcome_figure(bins, odds, study.currency, words, title=what)
        told = words.t("One input at a time over its range: {kind}.", kind=kind)
        heading = {
            "result_per_user": words.t("What moves the result of a user"),
            "contribution_per_user": words.t("What moves the contribution of a user"),
        }
        yield Section(
            heading.get(step.name, words.t("What moves the wave's result")),
            (
                Picture(f"tornado-{name}", moved, told),
                Picture(f"odds-{name}", likely, words.t("Of the draws: {kind}.", kind=kind)),
            ),
        )


def _given(memo: Memo, words: Words) -> Section:
    study = memo.study
    listed = input_tables.listed(study, words)
    told = [spoken.input_source(str(source), words) for source in listed.frame["source"]]
    listed = replace(listed, frame=listed.frame.assign(source=told))
    caption = words.t("Every input with its evidence and source")
    blocks: list[Block] = [grid(listed, caption, words)]
    plans = results.plans(study, words)
    if len(plans.frame):
        told = words.t("Plans, and what the stores leave of them")
        shown = [name for name in _PLAN_COLUMNS if name in plans.columns]
        blocks.append(grid(plans, told, words, shown))
        notes = tuple(_plan_notes(study, words))
        if notes:
            blocks.append(Points(notes))
    return Section(words.t("What it stands on"), tuple(blocks))


def _plan_notes(study: ScenarioStudy, words: Words) -> Iterator[str]:
    """Yield what must be known of the terms: which tax is not settled, then what their rows say."""
    yield from unsettled(study, words)
    yield from without_an_order(study, words)
    plans: dict[str, list[str]] = {}
    for each in study.scenario.plans:
        tax = each.terms.get("tax_rate")
        said = tax.note if tax is not None and tax.low != tax.high else ""
        for note in dict.fromkeys(term.note for term in each.terms.values()):
            if note and note != said:
                plans.setdefault(note, []).append(each.plan.name)
    for note, names_of_plans in plans.items():
        plan = words.t("; ").join(names_of_plans)
        yield words.t("{plan}: {note}", plan=plan, note=bundled.note(note, words))


def _beside(memo: Memo, words: Words) -> Iterator[Section]:
    study, blocks = memo.study, []
    notes = tuple(scenarios.notes_of(memo.raw, words.language))
    if notes:
        blocks.append(Points(notes))
    if study.scenario.contradictions:
        told = words.t("Claims that contradict each other; the one marked is used")
        blocks.append(grid(results.contradictions(study, words), told, words))
    if memo.later is not None and len(memo.later):
        told = words.t("What became known later: none of it is used")
        known = results.later(memo.later, words)
        shown = [name for name in known.columns if name != "source_url"]
        blocks.append(grid(known, told, words, shown))
    if blocks:
        yield Section(words.t("What to know before trusting it"), tuple(blocks))


def _methods(study: ScenarioStudy, words: Words) -> str:
    told = study.scenario.document
    return words.t(
        "Contribution of a user-month: proceeds of payers after fees, taxes, refunds and "
        "chargebacks, and advertising, minus pictures, moderation and other variable costs; money "
        "at the rate of the day of each figure. A wave counts {months} months at a hurdle rate of "
        "{rate} a year. Uncertainty: {draws} draws of every input's range, with a fixed seed; "
        "shares of variance are total Sobol effects. A result is a sketch, not a forecast, where "
        "assumed inputs carry more than half of its variance.",
        months=words.number(told.horizon_months, digits=0),
        rate=words.percent(told.hurdle_rate, digits=0),
        draws=words.number(10_000, digits=0),
    )


def _facts(memo: Memo, words: Words) -> Iterator[tuple[str, str]]:
    told = memo.study.scenario.document
    filters = f"{memo.key}, {told.sourcing}, {memo.study.currency}"
    link = "/unit-economics?" + urlencode({"lang": words.language, "scenario": memo.key})
    return memo.edition.facts(words, filters, link)


def _sources(study: ScenarioStudy, words: Words) -> Iterator[Source]:
    """Yield the sources of the inputs, each once."""
    told = {
        (quantity.source, quantity.source_url or "")
        for quantity in study.scenario.inputs.given.values()
        if quantity.source
    }
    for title, address in sorted(told):
        yield Source(spoken.input_source(title, words), address)
