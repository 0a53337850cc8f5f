"""What stands on the Growth page about revenue, value and channels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import cache
from dashboard.app_pages.growth_choices import View, marked
from dashboard.app_pages.growth_paying import offered
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.growth import money as figures
from dashboard.figures.theme import Mode
from dashboard.states import empty
from dashboard.studies.growth.channels import ChannelStudy, arrivals_study, channel_study
from dashboard.studies.growth.subscriptions import subscription_study
from dashboard.studies.growth.value import (
    DRAWS,
    FEWEST_AT_RISK,
    pack_study,
    survival_study,
    value_study,
)
from dashboard.tables.growth import money as tables
from dashboard.tables.growth import names
from dashboard.text import Words

_SMALLEST_P = 0.0001


def _chance(p: float, said: Words) -> str:
    if p < _SMALLEST_P:
        return f"< {said.number(_SMALLEST_P, digits=4)}"
    return f"= {said.number(p, digits=4)}"


def no_payments(said: Words) -> list[Card]:
    """Return the card that says how payments come to stand beside the events."""
    return [
        partial(
            empty,
            said,
            said.t(
                "**No payments stand beside these events.** What is missing is a file of "
                "transactions: the user as the events name them, the time of the purchase, the "
                "price and its currency. Import it on the Data page as “Subscriptions and "
                "payments” (or with `artonomics import subscriptions FILE…`). Made-up and measured "
                "ones are never shown together."
            ),
            icon=":material/payments:",
            label=said.t("To the import on the Data page"),
            view="import",
        )
    ]


def arrivals_cards(view: View, said: Words) -> list[Card]:
    """Return what events and spend say of channels without payments, and what is missing."""
    asked = (view.source, view.spend, view.cost_per_image_usd, view.horizon_days)
    told = Provenance(
        view.told.evidence_kind,
        "",
        view.told.last_on,
        said.t(
            "{source}; compute of the first {days} days at {cost} a picture (assumed)",
            source=view.source,
            days=view.horizon_days,
            cost=said.money(view.cost_per_image_usd, "USD", digits=4),
        ),
    )
    return [
        *no_payments(said),
        partial(
            table_card,
            said,
            offered(arrivals_study, asked, lambda s: tables.arrivals(s, said)),
            heading=said.t("What installs cost, by channel"),
            note=said.t("What they bring is not known without payments."),
            provenance=told,
        ),
    ]


def revenue_cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    if not view.payments:
        return no_payments(said)
    asked = (view.payments,)
    study = cache.study(subscription_study, *asked)
    counted = Provenance(
        study.evidence_kind,
        said.t("US dollars a month, gross of fees, as the source converted them"),
        view.told.last_on,
        said.t(
            "{source}: recurring alone; a payment covers the months the source states",
            source=view.payments,
        ),
    )
    plain_counts = Provenance(
        study.evidence_kind,
        "",
        view.told.last_on,
        said.t("payments: {source}", source=view.payments),
    )
    told = said.t(
        "Every row and cent of the source is counted below, by currency; were a cent missing, "
        "this page would show that instead."
    )
    movements = view.times.within(study.movements, "month")
    mix = view.times.within(study.mix, "month")

    def by_month(figure: go.Figure) -> go.Figure:
        return marked(figure, movements, "month", view, said)

    return [
        partial(st.header, said.t("Recurring revenue"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("What came and what went, by month"),
            by_month(figures.movements_figure(movements, names.movements(said), said, mode)),
            offered(subscription_study, asked, lambda s: tables.movements(s, said)),
            counted,
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "A refund takes its payment out of history: months before it are restated. "
                    "Whole months alone are shown."
                )
            ),
        ),
        partial(
            figure_card,
            said,
            said.t("Plans in recurring revenue"),
            by_month(figures.mix_figure(mix, said, mode)),
            offered(subscription_study, asked, lambda s: tables.mix(s, said)),
            counted,
        ),
        partial(
            figure_card,
            said,
            said.t("Renewals by period"),
            figures.renewal_figure(study.renewals, pd.DataFrame(), said, mode),
            offered(subscription_study, asked, lambda s: tables.renewals(s, said)),
            plain_counts,
        ),
        partial(
            table_card,
            said,
            offered(subscription_study, asked, lambda s: tables.trials(s, said)),
            heading=said.t("From trial to paid"),
            provenance=plain_counts,
        ),
        partial(
            table_card,
            said,
            offered(subscription_study, asked, lambda s: tables.money(s, said)),
            heading=said.t("Reconciled to the cent"),
            note=told,
            provenance=plain_counts,
        ),
        partial(
            table_card,
            said,
            offered(subscription_study, asked, lambda s: tables.doubts(s, said)),
            heading=said.t("What is odd about the transactions"),
            provenance=plain_counts,
        ),
    ]


def value_cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    if not view.payments:
        return no_payments(said)
    asked = (view.payments,)
    survival = cache.study(survival_study, *asked)
    counted = Provenance(
        view.told.evidence_kind,
        said.t("share of subscriptions"),
        view.told.last_on,
        said.t("Kaplan–Meier, 95% log-log bands; payments: {source}", source=view.payments),
    )
    differ = said.t(
        "Curves stop where fewer than {n} are left. That all plans last alike: log-rank p {p}.",
        n=FEWEST_AT_RISK,
        p=_chance(survival.log_rank_p, said),
    )
    return [
        partial(st.header, said.t("How long they pay"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Share still paying"),
            figures.survival_figure(survival, said, mode),
            offered(survival_study, asked, lambda s: tables.survival(s, said)),
            counted,
        ),
        partial(
            table_card,
            said,
            offered(survival_study, asked, lambda s: tables.survival_groups(s, said)),
            heading=said.t("Median and restricted mean"),
            note=differ,
            provenance=counted,
        ),
        *_value(view, said, mode),
        *_packs(view, said, mode),
    ]


def _value(view: View, said: Words, mode: Mode) -> list[Card]:
    if not view.product:
        return []

    asked = (
        view.payments,
        view.product,
        view.discount_percent / 100,
        view.timing,
    )
    study = cache.study(value_study, *asked)
    cards: list[Card] = [
        partial(
            st.header,
            said.t("What a payer of {plan} is worth", plan=plain(view.product)),
            anchor=False,
        )
    ]
    if study.model.reason:
        told = names.reasons(said)[study.model.reason]
        return [*cards, partial(st.info, plain(told), icon=":material/query_stats:")]
    if study.spec is None:
        told = said.t("What a payment brings in US dollars is not stated for every payment.")
        return [*cards, partial(st.info, plain(told), icon=":material/query_stats:")]
    kind = "simulated" if view.told.evidence_kind == "simulated" else "estimated"
    fitted = Provenance(
        kind,
        said.t("US dollars after fees and refunds"),
        view.told.last_on,
        said.t(
            "shifted-beta-geometric, α = {alpha}, β = {beta}; interval from {n} refits; {value} a "
            "payment",
            alpha=said.number(study.model.alpha),
            beta=said.number(study.model.beta),
            n=DRAWS - study.n_without_fit,
            value=said.money(study.spec.value_usd, "USD"),
        ),
    )
    last = study.ltv.iloc[-1]
    sentence = said.t(
        "{value} over {n} payments, between {low} and {high}, discounted at {rate} a year; compute "
        "is not taken off. The interval holds what is not known about renewals and nothing else.",
        value=said.money(last["ltv"], "USD"),
        n=len(study.ltv),
        low=said.money(last["low"], "USD"),
        high=said.money(last["high"], "USD"),
        rate=said.percent(study.spec.annual_discount_rate, digits=0),
    )
    error = said.t(
        "Fitted on the data before {cut}, the payments after it were forecast with an error of "
        "{error}.",
        cut=said.date(study.cut.date()),
        error=said.signed_percent(study.error),
    )
    return [
        *cards,
        partial(st.markdown, plain(sentence)),
        partial(
            figure_card,
            said,
            said.t("Lifetime value by payment"),
            figures.ltv_figure(study, said, mode),
            offered(value_study, asked, lambda s: tables.ltv(s, said)),
            fitted,
        ),
        partial(
            figure_card,
            said,
            said.t("Forecast from the first part, and what happened"),
            figures.hold_out_figure(
                study.hold_out, "period", said.t("Renewal after the cut"), said, mode
            ),
            offered(value_study, asked, lambda s: tables.hold_out(s, said)),
            fitted,
        ),
        partial(st.caption, plain(error)),
    ]


def _packs(view: View, said: Words, mode: Mode) -> list[Card]:
    asked = (view.payments,)
    study = cache.study(pack_study, *asked)
    if not study.n_buyers:
        return []
    told = said.t(
        "{n} users bought a pack, {again} of them again.",
        n=said.number(study.n_buyers, digits=0),
        again=said.number(study.n_repeaters, digits=0),
    )
    cards: list[Card] = [
        partial(st.header, said.t("Packs bought one by one"), anchor=False),
        partial(st.markdown, plain(told)),
    ]
    if study.model.reason:
        why = names.reasons(said).get(study.model.reason, study.model.reason)
        return [*cards, partial(st.info, plain(why), icon=":material/query_stats:")]
    kind = "simulated" if view.told.evidence_kind == "simulated" else "estimated"
    fitted = Provenance(kind, "", view.told.last_on, said.t("BG/NBD and Gamma-Gamma; after fees"))
    return [
        *cards,
        partial(
            table_card,
            said,
            offered(pack_study, asked, lambda s: tables.packs(s, said)),
            heading=said.t("What an average buyer will buy"),
            provenance=fitted,
        ),
        partial(
            figure_card,
            said,
            said.t("Repeat purchases forecast from the first part"),
            figures.hold_out_figure(
                study.hold_out, "week", said.t("Weeks after the cut"), said, mode
            ),
            offered(pack_study, asked, lambda s: tables.pack_hold_out(s, said)),
            fitted,
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "Error of the forecast at its end: {error}.",
                    error=said.signed_percent(study.error),
                )
            ),
        ),
    ]


def channels_asked(view: View) -> tuple[str, str, str, float, int]:
    """Return what :func:`channel_study` is asked by the reader's choices."""
    return (
        view.source,
        view.payments,
        view.spend,
        view.cost_per_image_usd,
        view.horizon_days,
    )


def channels_provenance(evidence_kind: str, view: View, said: Words) -> Provenance:
    """Return where the contribution of channels comes from."""
    return Provenance(
        evidence_kind,
        said.t("US dollars after fees"),
        view.told.last_on,
        said.t(
            "{source}: first {days} days of users who have had them; compute at {cost} a picture "
            "(assumed)",
            source=view.source,
            days=view.horizon_days,
            cost=said.money(view.cost_per_image_usd, "USD", digits=4),
        ),
    )


def channels_left_out(study: ChannelStudy, said: Words) -> str:
    """Say which rows the channels do not hold, as Markdown; empty where they hold all."""
    left = [
        (study.n_unmatched, said.t("payments of users whose beginning is not held")),
        (study.n_unpriced, said.t("payments without proceeds in US dollars")),
        (study.n_other_currency, said.t("rows of spend that are not in US dollars")),
    ]
    told = "; ".join(f"{said.number(n, digits=0)} {what}" for n, what in left if n)
    return plain(said.t("Left out: {what}.", what=told)) if told else ""


def channel_cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    if not view.payments:
        return arrivals_cards(view, said)
    asked = channels_asked(view)
    study = cache.study(channel_study, *asked)
    counted = channels_provenance(study.evidence_kind, view, said)
    table = offered(channel_study, asked, lambda s: tables.channels(s, said))
    left_out = channels_left_out(study, said)
    remarks: list[Card] = [partial(st.caption, left_out)] if left_out else []
    return [
        partial(st.header, said.t("What channels leave"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Contribution of an install"),
            figures.contribution_figure(study.table, said, mode),
            table,
            counted,
        ),
        partial(
            figure_card,
            said,
            said.t("Return on spend by age"),
            figures.channels_figure(study.table, said, mode),
            replace(table, file_name="channels-return"),
            counted,
        ),
        *remarks,
    ]
