"""The growth report: do users stay, do they pay, what recurs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from dashboard.figures.growth import conversion as paying_figures
from dashboard.figures.growth import money as money_figures
from dashboard.figures.growth import retention as retention_figures
from dashboard.reports import require
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
from dashboard.reports.grids import by_currency, by_month, grid, month
from dashboard.reports.growth_value import worth
from dashboard.studies.growth.conversion import ConversionStudy, conversion_study
from dashboard.studies.growth.definitions import Definitions, definitions
from dashboard.studies.growth.retention import RetentionChoice, RetentionStudy, retention_study
from dashboard.studies.growth.sources import histories, nearest
from dashboard.studies.growth.subscriptions import SubscriptionStudy, subscription_study
from dashboard.studies.growth.value import (
    FEWEST_AT_RISK,
    SurvivalStudy,
    ValueStudy,
    products,
    survival_study,
    value_study,
)
from dashboard.tables.growth import conversion as paying_tables
from dashboard.tables.growth import money as money_tables
from dashboard.tables.growth import names
from dashboard.tables.growth import retention as retention_tables
from dashboard.text import Words
from etl.analytics.proportions import compare, wilson
from etl.errors import InputError

OPTIONS = ("source",)

_TABLES = ("lake_days", "subscription_transactions", "acquisition_spend")
_STEPS = (1, 7, 30)
"""Days whose retention is told."""
_MOST_ROWS = 24
_SIGNIFICANCE = 0.05
_FEWEST_EXPECTED = 5


@dataclass(frozen=True)
class GrowthReport:
    """The studies of one product history, and the data behind them.

    Attributes
    ----------
    told
        What its events count.
    retention, conversion
        Who comes back, who pays.
    payments
        Source of the transactions beside the events; empty without one.
    revenue, survival
        Of the transactions; ``None`` without them.
    values
        What a payer of each plan is worth.
    edition
        The data.
    """

    told: Definitions
    retention: RetentionStudy
    conversion: ConversionStudy
    payments: str
    revenue: SubscriptionStudy | None
    survival: SurvivalStudy | None
    values: tuple[ValueStudy, ...]
    edition: Edition

    @property
    def kind(self) -> str:
        """Evidence kind of the events."""
        return self.told.evidence_kind


def prepare(reader: Reader, choice: Choice) -> Prepared:
    """Return the retention and conversion review of one product history.

    Raises
    ------
    InputError
        If no history is held, the one named is unknown, or a day in the past is asked for.
    """
    if choice.as_of is not None:
        raise InputError(
            f"got --as-of {choice.as_of}",
            "the history as it is held: cohorts are counted to its last day",
            "leave --as-of out",
        )
    report = review(reader, choice)
    return Prepared(f"growth_{report.told.source}", partial(document, report))


def review(reader: Reader, choice: Choice) -> GrowthReport:
    """Return the numbers of the report; see :func:`prepare`."""
    held = histories(reader)
    edition = edition_of(reader, None, choice, *_TABLES)
    source = _source(list(held.events["source"]), edition, choice.source)
    payments = nearest(source, held.subscriptions_beside(source))
    return GrowthReport(
        told=definitions(reader, source),
        retention=retention_study(reader, RetentionChoice(source)),
        conversion=conversion_study(reader, source),
        payments=payments,
        revenue=subscription_study(reader, payments) if payments else None,
        survival=survival_study(reader, payments) if payments else None,
        values=tuple(value_study(reader, payments, plan) for plan in products(reader, payments))
        if payments
        else (),
        edition=edition,
    )


def _source(known: list[str], edition: Edition, wanted: str | None) -> str:
    if not known:
        raise InputError(
            f"got no product history that may be reported{edition.kept_back()}",
            "imported events",
            "import some with `artonomics import events FILE…`, or draw a made-up history with "
            "`artonomics simulate demo`",
            code="NOTHING_TO_REPORT",
        )
    if wanted is None:
        return known[0]
    require("source", [wanted], known)
    return wanted


def document(report: GrowthReport, words: Words) -> Document:
    """Return the growth report in one language."""
    told = report.told
    return Document(
        language=words.language,
        title=words.t("Do they stay, do they pay?"),
        subtitle=words.t(
            "{source}: {events} events of {users} users, {first} to {last} (UTC days): {kind}",
            source=told.source,
            events=words.number(told.n_events, digits=0),
            users=words.number(told.n_users, digits=0),
            first=words.date(told.first_on),
            last=words.date(told.last_on),
            kind=words.evidence(report.kind),
        ),
        finding=tuple(sentences(report, words)),
        sections=tuple(_sections(report, words)),
        sources_heading=words.t("Sources"),
        sources=tuple(_sources(report, words)),
        facts=tuple(_facts(report, words)),
        disclaimer=report.edition.disclaimer(words),
        data_at=report.edition.published_at,
    )


def headlines(report: GrowthReport, words: Words) -> Iterator[str]:
    """Yield the last of what recurs, or else the first of who comes back."""
    if report.revenue is not None:
        yield from _recurs(report.revenue, words)
    else:
        yield from list(_comes_back(report, words))[:1]


def sentences(report: GrowthReport, words: Words) -> Iterator[str]:
    """Yield the findings of the report."""
    if report.kind == "simulated":
        yield words.t(
            "Simulated: this history is made up, drawn with a seed. It shows what a review holds "
            "and says nothing about any real app."
        )
    yield from _comes_back(report, words)
    yield from _pays(report.conversion, words)
    if report.revenue is not None:
        yield from _recurs(report.revenue, words)
    else:
        yield words.t("No payments stand beside these events, so no revenue is told.")


def _comes_back(report: GrowthReport, words: Words) -> Iterator[str]:
    curves = report.retention.curves.set_index("period")
    known = [day for day in _STEPS if day in curves.index]
    known = [day for day in known if not pd.isna(curves.at[day, "retention_rate"])]
    if not known:
        yield words.t("No cohort has had its full time yet, so there is no retention to tell.")
    for day in known:
        row: Any = curves.loc[day]
        yield words.t(
            "On day {day}, {rate} of {n} users came back (95% interval {low} to {high}): {kind}.",
            day=day,
            rate=words.percent(row["retention_rate"]),
            n=words.number(row["size"], digits=0),
            low=words.percent(row["low"]),
            high=words.percent(row["high"]),
            kind=words.evidence(report.kind),
        )


def _complete(study: ConversionStudy) -> Any:
    if study.cohorts.empty:
        return study.cohorts
    return study.cohorts.loc[study.cohorts["complete"]]


def _pays(study: ConversionStudy, words: Words) -> Iterator[str]:
    if not study.payment_names:
        yield words.t("No event of this history is a payment, so nobody can be told to have paid.")
        return
    whole: Any = _complete(study)
    if whole.empty:
        yield words.t(
            "No cohort has had its {n} days yet, so there is no paid conversion to tell.",
            n=study.told.window_days,
        )
        return
    size, payers = int(whole["size"].sum()), int(whole["payers"].sum())
    low, high = (float(end[0]) for end in wilson([payers], [size]))
    yield words.n(
        "Of {n} user of complete cohorts {rate} paid within {days} days (95% interval {low} to "
        "{high}): {kind}.",
        "Of {n} users of complete cohorts {rate} paid within {days} days (95% interval {low} to "
        "{high}): {kind}.",
        size,
        rate=words.percent(payers / size),
        low=words.percent(low),
        high=words.percent(high),
        days=study.told.window_days,
        kind=words.evidence(study.told.evidence_kind),
    )
    if len(whole) > 1:
        first, last = whole.iloc[0], whole.iloc[-1]
        yield _changed(first, last, words)


def _changed(first: Any, last: Any, words: Words) -> str:
    """Say by how much the last complete cohort differs from the first, and how sure that is."""
    payers, sizes = [[int(each[name]) for each in (last, first)] for name in ("payers", "size")]
    found = compare(payers, sizes)
    # The z test is only good where each kind of user is expected in each cohort a few times.
    few = min(sum(payers), sum(sizes) - sum(payers)) * min(sizes) / sum(sizes) < _FEWEST_EXPECTED
    p_value = found.fisher_p if few else found.p_pooled
    told = {
        "first": words.percent(first["conversion_rate"]),
        "last": words.percent(last["conversion_rate"]),
        "before": month(first["cohort"], words),
        "after": month(last["cohort"], words),
        "difference": words.signed_number(100 * found.difference, digits=1),
        "low": words.signed_number(100 * found.newcombe[0], digits=1),
        "high": words.signed_number(100 * found.newcombe[1], digits=1),
        "test": words.t("Fisher's exact test") if few else words.t("pooled z test"),
        "p": words.p_value(p_value),
    }
    if not p_value < _SIGNIFICANCE:
        return words.t(
            "The cohorts of {before} and {after} are not told apart at 5%: {first} and {last}, a "
            "difference of {difference} percentage points (95% interval {low} to {high}; {test}, p "
            "{p}).",
            **told,
        )
    if found.difference > 0:
        return words.t(
            "The cohort of {after} paid more than that of {before}: {last} against {first}, a "
            "difference of {difference} percentage points (95% interval {low} to {high}; {test}, p "
            "{p}).",
            **told,
        )
    return words.t(
        "The cohort of {after} paid less than that of {before}: {last} against {first}, a "
        "difference of {difference} percentage points (95% interval {low} to {high}; {test}, p "
        "{p}).",
        **told,
    )


def _recurs(study: SubscriptionStudy, words: Words) -> Iterator[str]:
    if study.movements.empty:
        yield words.t("No whole month of payments is held, so no recurring revenue is told.")
        return
    last = study.movements.iloc[-1]
    yield words.t(
        "Recurring revenue closed {month} at {closing} a month with {n} subscribers; {churn} left "
        "and {new} came new: {kind}.",
        month=month(last["month"], words),
        closing=words.money(last["closing"], "USD", digits=0),
        n=words.number(last["n_subscribers"], digits=0),
        churn=words.money(abs(last["churn"]), "USD", digits=0),
        new=words.money(last["new"], "USD", digits=0),
        kind=words.evidence(study.evidence_kind),
    )


def _sections(report: GrowthReport, words: Words) -> Iterator[Section]:
    yield _retention(report, words)
    yield from _conversion(report, words)
    if report.revenue is not None:
        yield _revenue(report.revenue, words)
    if report.survival is not None and len(report.survival.groups):
        yield _survival(report.survival, report.kind, words)
    if report.revenue is not None:
        yield from worth(report.values, report.revenue.evidence_kind, words)
    yield _cautions(report, words)
    yield Section(words.t("How it was measured"), (Paragraph(_methods(report, words)),))


def _retention(report: GrowthReport, words: Words) -> Section:
    study, kind = report.retention, words.evidence(report.kind)
    return Section(
        words.t("Who comes back"),
        (
            Picture(
                "triangle",
                retention_figures.triangle_figure(study, words, name=words.date),
                words.t("Retention by cohort: {kind}.", kind=kind),
            ),
            Picture(
                "curves",
                retention_figures.curves_figure(study, words),
                words.t("All complete cohorts, 95% Wilson intervals: {kind}.", kind=kind),
            ),
            grid(
                retention_tables.curves(study, words),
                words.t("Retention by day: {kind}", kind=kind),
                words,
                rows=_MOST_ROWS,
            ),
        ),
    )


def _conversion(report: GrowthReport, words: Words) -> Iterator[Section]:
    study, kind = report.conversion, words.evidence(report.kind)
    if study.payment_names:
        paid = words.t("Paid within {days} days: {kind}", days=study.told.window_days, kind=kind)
        blocks: list[Block] = [
            Picture(
                "cohorts",
                paying_figures.cohorts_figure(study.cohorts, words),
                words.t("Paid conversion by cohort, 95% Wilson intervals: {kind}.", kind=kind),
            ),
            by_month(grid(paying_tables.cohorts(study, words), paid, words), words),
            grid(
                paying_tables.segments(study, words),
                words.t("By country, channel, platform and plan: {kind}", kind=kind),
                words,
                rows=_MOST_ROWS,
            ),
        ]
        blocks += _counted_by_day(study, words)
        yield Section(words.t("Who pays"), tuple(blocks))
    if len(study.funnel):
        figure = paying_figures.funnel_figure(study.funnel, names.events(words), words)
        told = words.t(
            "Each step at or after the one before, all within {days} days: {kind}.",
            days=study.told.funnel_days,
            kind=kind,
        )
        shown: list[Block] = [Picture("funnel", figure, told)]
        if study.payment_names:
            differs = words.t(
                "Only those are counted who took every step shown before, in this order, within "
                "{funnel} days. Who paid without one of them is not in the last steps, but among "
                "those told to have paid within {window} days: the two shares differ.",
                funnel=study.told.funnel_days,
                window=study.told.window_days,
            )
            shown.append(Paragraph(differs))
        yield Section(words.t("How far they come"), tuple(shown))


def _counted_by_day(study: ConversionStudy, words: Words) -> Iterator[Paragraph]:
    """Yield why users by country and the like are more than those of the complete cohorts."""
    whole, segments = _complete(study), study.segments
    if whole.empty or segments.empty:
        return
    by_cohort = int(whole["size"].sum())
    by_day = int(segments.loc[segments["attribute"] == segments["attribute"].iloc[0], "size"].sum())
    if by_day > by_cohort:
        yield Paragraph(
            words.t(
                "Complete cohorts hold {cohorts} users: a month counts when all of its days have "
                "had their {days} days. By country, channel, platform and plan {segments} users "
                "count: there every day counts that has had them, those of a month begun too.",
                cohorts=words.number(by_cohort, digits=0),
                segments=words.number(by_day, digits=0),
                days=study.told.window_days,
            )
        )


def _revenue(study: SubscriptionStudy, words: Words) -> Section:
    kind = words.evidence(study.evidence_kind)
    gross = words.t("US dollars a month, gross of fees: {kind}.", kind=kind)
    blocks: list[Block] = []
    if len(study.movements):
        moved = money_figures.movements_figure(study.movements, names.movements(words), words)
        blocks.append(Picture("movements", moved, gross))
        told = words.t("What came and what went, by month: {kind}", kind=kind)
        blocks.append(by_month(grid(money_tables.movements(study, words), told, words), words))
    if len(study.renewals):
        figure = money_figures.renewal_figure(study.renewals, pd.DataFrame(), words)
        blocks.append(
            Picture("renewals", figure, words.t("Renewals by period: {kind}.", kind=kind))
        )
    told = words.t("Every cent of the source, by currency: {kind}", kind=kind)
    counted = grid(money_tables.money(study, words), told, words)
    blocks.append(by_currency(counted, words, currency=0, amount=3))
    return Section(words.t("Recurring revenue"), tuple(blocks))


def _survival(study: SurvivalStudy, kind: str, words: Words) -> Section:
    told = words.t(
        "Share still paying, Kaplan–Meier with 95% bands; curves stop where fewer than {n} are "
        "left: {kind}.",
        n=FEWEST_AT_RISK,
        kind=words.evidence(kind),
    )
    caption = words.t("Median and restricted mean: {kind}", kind=words.evidence(kind))
    return Section(
        words.t("How long they pay"),
        (
            Picture("survival", money_figures.survival_figure(study, words), told),
            grid(money_tables.survival_groups(study, words), caption, words),
        ),
    )


def _cautions(report: GrowthReport, words: Words) -> Section:
    points = [
        words.t(
            "Paid conversion is no share of subscribers among active users, which listed companies "
            "publish as their paying ratio: the two must not be compared."
        )
    ]
    if report.told.n_without_beginning:
        points.append(
            words.n(
                "{n} user was seen without a beginning and belongs to no cohort.",
                "{n} users were seen without their beginning and belong to no cohort.",
                report.told.n_without_beginning,
            )
        )
    if report.revenue is not None and len(report.revenue.doubts):
        reasons = names.doubts(words)
        points += [
            words.labelled(reasons.get(row["code"], row["code"]), words.number(row["n"], digits=0))
            for row in report.revenue.doubts.to_dict("records")
        ]
    return Section(words.t("What to know before trusting it"), (Points(tuple(points)),))


def _methods(report: GrowthReport, words: Words) -> str:
    study = report.retention
    return words.t(
        "Cohorts are users by the day of their first {target}; they come back by {returning} on "
        "exactly that day after it, by the clock of {zone}. Rates are over complete cohorts alone, "
        "intervals are Wilson's at 95%. Paid conversion counts users with a payment within the "
        "window that was not refunded in full. Recurring revenue spreads a payment over the months "
        "its source states; a refund takes its payment out of history. Survival is estimated by "
        "Kaplan and Meier, with subscriptions that still run as censored.",
        target=names.events(words).get(study.target, study.target) or words.t("any event"),
        returning=names.events(words).get(study.returning, study.returning) or words.t("any event"),
        zone=study.choice.zone,
    )


def _facts(report: GrowthReport, words: Words) -> Iterator[tuple[str, str]]:
    choice = report.retention.choice
    query = {"lang": words.language, "source": choice.source}
    if report.payments:
        query["payments"] = report.payments
    filters = ", ".join(filter(None, (choice.source, report.payments, choice.rule, choice.period)))
    to = (words.t("Events to"), words.date(report.told.last_on))
    return report.edition.facts(words, filters, "/growth?" + urlencode(query), to)


def _sources(report: GrowthReport, words: Words) -> Iterator[Source]:
    yield Source(words.noted(report.told.source, words.evidence(report.kind)))
    if report.revenue is not None:
        yield Source(words.noted(report.payments, words.evidence(report.revenue.evidence_kind)))
