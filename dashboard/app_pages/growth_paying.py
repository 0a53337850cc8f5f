"""What stands on the Growth page about who pays, and about trials."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages.growth_choices import View, marked
from dashboard.app_pages.growth_planner import planner
from dashboard.components import Card, Provenance, Table, figure_card, plain, table_card
from dashboard.figures.growth import conversion as figures
from dashboard.figures.theme import Mode
from dashboard.studies.growth.conversion import conversion_study, own_funnel, waiting
from dashboard.studies.growth.trials import driver_study, trial_study
from dashboard.tables.growth import conversion as tables
from dashboard.tables.growth import names
from dashboard.text import Words
from etl.analytics.experiments import SUSPECT_SPLIT_P


def offered(
    question: Callable[..., Any], parameters: tuple[Hashable, ...], make: Callable[[Any], Table]
) -> Table:
    """Return a table of a study whose download holds only what may be passed on."""
    shown = make(cache.study(question, *parameters))
    if not cache.held_back():
        return shown

    def passed_on() -> pd.DataFrame:
        return make(cache.passed_on(question, *parameters)).frame

    return replace(shown, passed_on=passed_on)


def conversion_cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    asked = (view.source, view.group)
    study = cache.study(conversion_study, *asked)
    told = view.told
    counted = Provenance(
        told.evidence_kind,
        said.t("share of users, 95% Wilson intervals"),
        told.last_on,
        said.t(
            "{source}: paid within {days} days, users with every payment refunded are no payers",
            source=view.source,
            days=told.window_days,
        ),
    )
    note = said.t(
        "This is not the share of subscribers among active users, which listed companies publish "
        "as their paying ratio: the two must not be compared."
    )
    if not study.payment_names:
        told_why = said.t(
            "No event of {source} is a payment (`purchase` or `renewal`), so nobody can be told to "
            "have paid. Say in `growth.toml` which of its events are payments.",
            source=plain(view.source),
        )
        return [
            partial(st.header, said.t("Who pays"), anchor=False),
            partial(st.info, told_why, icon=":material/payments:"),
            *_funnel(view, said, mode),
        ]
    cohorts = view.times.within(study.cohorts, "cohort")
    return [
        partial(st.header, said.t("Who pays"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Paid conversion by cohort"),
            marked(figures.cohorts_figure(cohorts, said, mode), cohorts, "cohort", view, said),
            offered(conversion_study, asked, lambda s: tables.cohorts(s, said)),
            counted,
        ),
        partial(
            table_card,
            said,
            offered(conversion_study, asked, lambda s: tables.segments(s, said)),
            heading=said.t("By country, channel, platform and plan"),
            note=note,
            provenance=counted,
        ),
        partial(
            table_card,
            said,
            offered(conversion_study, asked, lambda s: tables.time_to_pay(s, said)),
            heading=said.t("Time to the first payment"),
            provenance=counted,
        ),
        *_funnel(view, said, mode),
        *_waiting(view, said, mode),
        partial(
            table_card,
            said,
            offered(conversion_study, asked, lambda s: tables.published(s, said)),
            heading=said.t("Published shares, for comparison"),
            provenance=Provenance("estimated", "", None, said.t("benchmarks of third parties")),
        ),
    ]


def _funnel(view: View, said: Words, mode: Mode) -> list[Card]:
    told, asked = view.told, (view.source, view.group)
    stored = view.steps == told.funnel_steps and view.window_days == told.funnel_days
    if not view.steps:
        return [partial(st.info, said.t("Choose at least one step."), icon=":material/filter_alt:")]
    remarks: list[Card] = []
    if stored:
        study = cache.study(conversion_study, *asked)
        frame = study.funnel
        table = offered(conversion_study, asked, lambda s: tables.funnel(s.funnel, said))
        left_out = said.n(
            "{n} user of cohorts without the full window is left out.",
            "{n} users of cohorts without the full window are left out.",
            study.n_funnel_left_out,
        )
        if not study.funnel_complete:
            left_out = said.t("No cohort has had the full window yet: all users are shown so far.")
        groups = offered(conversion_study, asked, lambda s: tables.funnel_groups(s, said))
        remarks = [
            partial(st.caption, plain(left_out)),
            partial(
                table_card,
                said,
                groups,
                heading=said.t("Who came how far (share of those who began)"),
            ),
        ]
    else:
        own = (view.source, view.steps, view.window_days)
        frame = cache.study(own_funnel, *own)
        table = offered(own_funnel, own, lambda f: tables.funnel(f, said))
    counted = Provenance(
        told.evidence_kind,
        said.t("users"),
        told.last_on,
        said.t(
            "{source}: each step at or after the one before, all within {days} days",
            source=view.source,
            days=view.window_days,
        ),
    )
    return [
        partial(st.header, said.t("How far they come"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Funnel"),
            figures.funnel_figure(frame, names.events(said), said, mode),
            table,
            counted,
        ),
        *remarks,
    ]


def _waiting(view: View, said: Words, mode: Mode) -> list[Card]:
    if not view.told.in_lake:
        return []
    frame = cache.study(waiting, view.source)
    return [
        partial(st.header, said.t("Waiting and paying"), anchor=False),
        partial(
            st.warning,
            said.t(
                "**Confounded.** Queues are long when traffic is viral, and viral users pay less: "
                "these shares do not tell what waiting does. The randomised trial does."
            ),
            icon=":material/balance:",
        ),
        partial(
            figure_card,
            said,
            said.t("Share of payers by waiting time, users outside the trial"),
            figures.waiting_figure(frame, said, mode),
            offered(waiting, (view.source,), lambda f: tables.waiting(f, said)),
            Provenance(
                view.told.evidence_kind,
                said.t("share of users, 95% Wilson intervals"),
                view.told.last_on,
                said.t("{source}: waits of the first day", source=view.source),
            ),
        ),
    ]


def trial_cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    return [
        *_trial(view, said, mode),
        partial(st.header, said.t("How many users a trial needs"), anchor=False),
        partial(planner, said),
        *_drivers(view, said, mode),
    ]


def _trial(view: View, said: Words, mode: Mode) -> list[Card]:
    if not view.experiment:
        return [
            partial(
                st.info,
                said.t(
                    "No event names a trial (`experiment_id` and `variant`): nothing was "
                    "randomised, so nothing can be compared here."
                ),
                icon=":material/science:",
            )
        ]
    asked = (
        view.source,
        view.payments,
        view.experiment,
        view.cost_per_image_usd,
        view.control,
    )
    study = cache.study(trial_study, *asked)
    counted = Provenance(
        study.evidence_kind,
        "",
        view.told.last_on,
        said.t(
            "{source}: randomised users with {days} full days; compute at {cost} a picture "
            "(assumed)",
            source=view.source,
            days=study.window_days,
            cost=said.money(view.cost_per_image_usd, "USD", digits=4),
        ),
    )
    table = offered(trial_study, asked, lambda s: tables.arms(s, said))
    return [
        partial(st.header, said.t("What the trial did"), anchor=False),
        *_split(study, said),
        partial(
            figure_card,
            said,
            said.t("Contribution after compute, by arm"),
            figures.arms_figure(study.comparison, "contribution_usd", study.control, said, mode),
            table,
            counted,
        ),
        partial(
            figure_card,
            said,
            said.t("Share of payers, by arm"),
            figures.arms_figure(study.comparison, "paid_share", study.control, said, mode),
            replace(table, file_name="trial-arms-paid"),
            counted,
        ),
    ]


def _split(study: Any, said: Words) -> list[Card]:
    """Say first whether users were assigned as planned: else nothing else can be believed."""
    shown: list[Card] = []
    if study.split_p < SUSPECT_SPLIT_P:
        told = said.t(
            "**The split of users is no chance** (p = {p}): something kept users out of an arm. "
            "No other figure of this trial is to be believed.",
            p=said.number(study.split_p, digits=4),
        )
        shown.append(partial(st.error, told, icon=":material/report:"))
    else:
        told = said.t(
            "The split of users over the arms is what equal chances give (p = {p}).",
            p=said.number(study.split_p),
        )
        shown.append(partial(st.caption, plain(told)))
    if study.n_in_several_arms:
        told = said.t(
            "{n} users were seen in more than one arm and are left out.",
            n=said.number(study.n_in_several_arms, digits=0),
        )
        shown.append(partial(st.caption, plain(told)))
    if not study.has_money:
        told = said.t("No payments stand beside these events, so there is no contribution.")
        shown.append(partial(st.caption, plain(told)))
    return shown


def _drivers(view: View, said: Words, mode: Mode) -> list[Card]:
    head = partial(st.header, said.t("What goes along with paying"), anchor=False)
    if not view.told.in_lake:
        return []
    study = cache.study(driver_study, view.source)
    if study.reason:
        told = names.reasons(said)[study.reason]
        return [head, partial(st.info, plain(told), icon=":material/group_off:")]
    note = said.t(
        "Two models of who pays later, from what is known after the first day: fitted on {train} "
        "users who began first, judged on {test} who began later; {left} who had paid on the first "
        "day are left out. Users who differ in one thing differ in others: nothing here says what "
        "would make anybody pay.",
        train=said.number(study.n_train, digits=0),
        test=said.number(study.n_test, digits=0),
        left=said.number(study.n_left_out, digits=0),
    )
    fitted = Provenance(
        "simulated" if view.told.evidence_kind == "simulated" else "estimated",
        "",
        view.told.last_on,
        said.t("{source}: judged on later users alone", source=view.source),
    )
    asked = (view.source,)
    return [
        head,
        partial(st.markdown, plain(note)),
        partial(
            figure_card,
            said,
            said.t("Predicted and observed"),
            figures.calibration_figure(study.calibration, names.models(said), said, mode),
            offered(driver_study, asked, lambda s: tables.scores(s, said)),
            fitted,
        ),
        partial(
            table_card,
            said,
            offered(driver_study, asked, lambda s: tables.importance(s, said)),
            heading=said.t("What the boosting leans on"),
            provenance=fitted,
        ),
        partial(
            table_card,
            said,
            offered(driver_study, asked, lambda s: tables.odds(s, said)),
            heading=said.t("Odds ratios of the logistic regression"),
            provenance=fitted,
        ),
    ]
