"""What a thousand pictures of a scenario cost, as a section of the unit-economics memo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dashboard.figures.economics.waterfall import waterfall_figure
from dashboard.queries import Reader
from dashboard.reports.document import Block, Paragraph, Picture, Section
from dashboard.reports.grids import grid
from dashboard.studies.economics.pictures import PictureCosts, pictures_study
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables import spoken
from dashboard.tables.economics import names, results
from dashboard.tables.economics import pictures as tables
from dashboard.text import Words
from etl.analytics.user_month import BY_USER


def costs_of(reader: Reader, study: ScenarioStudy, written: str) -> PictureCosts | None:
    """Return what the pictures cost; ``None`` where the scenario counts by user."""
    by_user = study.scenario.document.sourcing in BY_USER
    return None if by_user else pictures_study(reader, written)


def pictures_section(study: ScenarioStudy, costs: PictureCosts | None, words: Words) -> Section:
    """Return what a thousand pictures cost: sentences, parts, kinds, and what these rest on."""
    blocks: tuple[Block, ...]
    if costs is None:
        sourcing = names.sourcing_name(study.scenario.document.sourcing, words)
        told = words.t(
            "Left out: a picture has no cost of its own here, for the scenario counts by user "
            "({sourcing}).",
            sourcing=sourcing,
        )
        blocks = (Paragraph(told),)
    else:
        blocks = tuple(_blocks(study, costs, words))
    return Section(words.t("What a thousand pictures cost"), blocks)


def _blocks(study: ScenarioStudy, costs: PictureCosts, words: Words) -> Iterator[Block]:
    is_mixed = study.scenario.document.mix is not None
    if costs.per_1000 is not None:
        told = tables.sentences(costs, study.currency, words)
        yield Paragraph(words.sentences(told))
        yield _parts(study, costs, words)
    elif not is_mixed:
        yield Paragraph(results.reason_of(list(costs.missing), "", words))
    if is_mixed:
        lacking = tables.lacking(costs, words)
        if lacking:
            yield Paragraph(words.sentences(lacking))
    caption = words.t("A thousand of each kind, each with its own evidence")
    yield grid(tables.kinds(costs, study.currency, words), caption, words)
    if is_mixed:
        yield _rests_on(costs, words)


def _parts(study: ScenarioStudy, costs: PictureCosts, words: Words) -> Picture:
    assert costs.per_1000 is not None
    kind = costs.per_1000.evidence_kind
    unit = words.t("{currency} for 1,000 pictures", currency=study.currency)
    frame = tables.parts(costs, kind, words)
    return Picture(
        "pictures",
        waterfall_figure(frame, study.currency, words, heading_unit=unit),
        words.t(
            "{what}, in {currency}: {kind}.",
            what=words.t("Parts of the cost of a thousand pictures"),
            currency=study.currency,
            kind=words.evidence(kind),
        ),
    )


def _rests_on(costs: PictureCosts, words: Words) -> Block:
    listed = tables.inputs_of_cells(costs, words)
    told = [spoken.input_source(str(source), words) for source in listed.frame["source"]]
    listed = replace(listed, frame=listed.frame.assign(source=told))
    return grid(listed, words.t("What each kind's cost rests on"), words)
