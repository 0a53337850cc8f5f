"""What a payer of each plan is worth, as a calculation that a spreadsheet keeps live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from dashboard.reports.document import Block, Calculation, Formula, Input, Points, Section
from dashboard.reports.grids import calculation_header
from dashboard.studies.growth.value import DRAWS, ValueStudy
from dashboard.tables.growth import names
from dashboard.text import Words


def worth(studies: Sequence[ValueStudy], kind: str, words: Words) -> Iterator[Section]:
    """Yield the lifetime value of each plan with its interval, or why a plan has none.

    Parameters
    ----------
    studies
        One a plan.
    kind
        Evidence kind of the payments.
    words
        The language.
    """
    if not studies:
        return
    blocks: list[Block] = [
        _calculation(study, kind, words) for study in studies if not _why_none(study, words)
    ]
    points = [point for study in studies for point in _points(study, words)]
    yield Section(words.t("What a payer is worth"), (*blocks, Points(tuple(points))))


def _why_none(study: ValueStudy, words: Words) -> str:
    code = study.model.reason or ("proceeds_unknown" if study.spec is None else "")
    return names.reasons(words)[code]


def _points(study: ValueStudy, words: Words) -> Iterator[str]:
    if why := _why_none(study, words):
        yield words.t(
            "{plan}: no lifetime value is told: {reason}.", plan=study.product_id, reason=why
        )
        return
    seen = study.rates.loc[study.rates["due"] > 0, "renewal"]
    yield words.t(
        "{plan}: renewals have been seen up to number {n}; what follows after them rests on the "
        "fitted law alone. The interval holds what is not known about renewals and nothing else.",
        plan=study.product_id,
        n=words.number(seen.max(), digits=0),
    )
    if not pd.isna(study.error):
        yield words.t(
            "{plan}: fitted on the data before {cut}, the payments after it were forecast with an "
            "error of {error}.",
            plan=study.product_id,
            cut=words.date(study.cut.date()),
            error=words.signed_percent(study.error),
        )


def _calculation(study: ValueStudy, kind: str, words: Words) -> Calculation:
    assert study.spec is not None
    spec = study.spec
    timing = {
        "start": words.t("the first at once"),
        "end": words.t("each at the end of its period"),
    }
    caption = words.t(
        "{plan}: value of a new payer over {n} payments, {timing}, discounted at {rate} a year "
        "({assumed}), after fees and refunds, compute not taken off: {kind}",
        plan=study.product_id,
        n=words.number(spec.n_periods, digits=0),
        timing=timing[spec.timing],
        rate=words.percent(spec.annual_discount_rate, digits=0),
        assumed=words.evidence("assumed"),
        kind=words.evidence(_fitted(kind)),
    )
    inputs = (_payment(study, kind, words), *_payments(study, kind, words))
    return Calculation(caption, calculation_header(words), inputs, tuple(_values(study, words)))


def _fitted(kind: str) -> str:
    return kind if kind == "simulated" else "estimated"


def _payment(study: ValueStudy, kind: str, words: Words) -> Input:
    assert study.spec is not None
    value = study.spec.value_usd
    return Input(
        "payment_usd",
        words.t("A payment after fees and refunds"),
        value,
        words.number(value),
        "0.00",
        "USD",
        words.evidence(kind),
        words.t("mean of all payments of the plan"),
    )


def _payments(study: ValueStudy, kind: str, words: Words) -> Iterator[Input]:
    """Yield how many payments are to be expected, what is later worth less, with both ends."""
    assert study.spec is not None
    last = study.ltv.iloc[-1]
    fit = words.t(
        "shifted-beta-geometric, α = {alpha}, β = {beta}",
        alpha=words.number(study.model.alpha),
        beta=words.number(study.model.beta),
    )
    refits = words.n("{n} refit", "{n} refits", DRAWS - study.n_without_fit)
    told = {
        "": (words.t("Payments of a new payer, discounted"), "ltv", fit),
        "_low": (words.t("Payments of a new payer, discounted, 95% low"), "low", refits),
        "_high": (words.t("Payments of a new payer, discounted, 95% high"), "high", refits),
    }
    for end, (label, column, source) in told.items():
        value = float(last[column]) / study.spec.value_usd
        yield Input(
            f"payments{end}",
            label,
            value,
            words.number(value),
            "0.00",
            words.t("payments"),
            words.evidence(_fitted(kind)),
            source,
        )


def _values(study: ValueStudy, words: Words) -> Iterator[Formula]:
    last = study.ltv.iloc[-1]
    told = {
        "": (words.t("Lifetime value"), "ltv"),
        "_low": (words.t("Lifetime value, 95% low"), "low"),
        "_high": (words.t("Lifetime value, 95% high"), "high"),
    }
    for end, (label, column) in told.items():
        value = float(last[column])
        yield Formula(
            f"ltv{end}_usd",
            label,
            f"{{payment_usd}} * {{payments{end}}}",
            value,
            words.number(value),
            "0.00",
            "USD",
        )
