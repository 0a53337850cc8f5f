"""Codes of growth in words: rules, steps, metrics, reasons."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.tables.table import TableColumn
from dashboard.text import Words


def in_words(frame: Any, column: str, words: dict[str, str]) -> pd.DataFrame:
    """Return the frame with the codes of a column in words."""
    return frame.assign(**{column: [words[str(code)] for code in frame[column]]})


def whole_column(said: Words) -> TableColumn:
    """Return the column that tells whether a cohort is of a whole week or month."""
    return TableColumn(
        said.t("Whole period"),
        "check",
        help=said.t("The history holds every day of the cohort's week or month."),
    )


def rules(said: Words) -> dict[str, str]:
    """Return the five rules of retention by code."""
    return {
        "n_day": said.t("on the day (calendar)"),
        "n_day_24h": said.t("in the hours 24k to 24k + 24"),
        "unbounded": said.t("on the day or later"),
        "bracket": said.t("within a bracket of days"),
        "rolling_window": said.t("in the 7 days until it"),
    }


def rule_helps(said: Words) -> str:
    """Return what each rule counts, as one text."""
    return said.t(
        "On the day: active on the k-th calendar day after the first. Hours: active 24k to 24k + "
        "24 hours after the first event, to the second. On the day or later: active then or at any "
        "time after. Bracket: active at least once within the days named. 7 days: active at least "
        "once in the seven days that end on day k."
    )


def attributes(said: Words) -> dict[str, str]:
    """Return the attributes cohorts can be split by."""
    return {
        "country": said.t("country"),
        "channel": said.t("channel"),
        "platform": said.t("platform"),
        "plan": said.t("plan"),
    }


def events(said: Words) -> dict[str, str]:
    """Return the usual names of events in words; other names stand as they are."""
    return {
        "install": said.t("install"),
        "session_start": said.t("session"),
        "image": said.t("first picture"),
        "image:5": said.t("fifth picture"),
        "paywall": said.t("paywall seen"),
        "trial": said.t("trial begun"),
        "purchase": said.t("paid"),
        "renewal": said.t("renewed"),
        "": said.t("any event"),
    }


def movements(said: Words) -> dict[str, str]:
    """Return the movements of recurring revenue."""
    return {
        "new": said.t("new"),
        "expansion": said.t("expansion"),
        "reactivation": said.t("reactivation"),
        "contraction": said.t("contraction"),
        "churn": said.t("churn"),
    }


def metrics(said: Words) -> dict[str, str]:
    """Return what arms of trials are compared by."""
    return {
        "paid_share": said.t("paid within the window"),
        "images": said.t("pictures a user"),
        "contribution_usd": said.t("contribution after compute, USD a user"),
    }


def models(said: Words) -> dict[str, str]:
    """Return the models of paying."""
    return {
        "logistic": said.t("logistic regression"),
        "boosting": said.t("gradient boosting"),
        "share": said.t("the same share for everybody"),
    }


def feature(code: str, said: Words) -> str:
    """Return a feature of the models of paying in words, a value after its attribute."""
    known = {
        "n_images": said.t("pictures made"),
        "n_sessions": said.t("sessions"),
        "wait_seconds": said.t("mean wait"),
        "n_paywalls": said.t("paywalls seen"),
    } | attributes(said)
    base = code.removeprefix("missingindicator_")
    for name, label in known.items():
        if base == name:
            return label if base == code else said.t("{what}: not known", what=label)
        if base.startswith(f"{name}_"):
            return said.labelled(label, base.removeprefix(f"{name}_"))
    return code


def money_parts(said: Words) -> dict[str, str]:
    """Return what money was counted as."""
    return {
        "recurring": said.t("payments of plans, kept"),
        "recurring_refunded": said.t("payments of plans, refunded"),
        "recurring_refunded_by_row": said.t("payments of plans, refunded by a row of its own"),
        "refunds": said.t("refunds"),
        "once": said.t("packs and other single purchases"),
        "trial": said.t("trials"),
        "without_price": said.t("rows without a price"),
        "total": said.t("total of the source"),
    }


def doubts(said: Words) -> dict[str, str]:
    """Return what is odd about transactions."""
    return {
        "sandbox": said.t("test purchases, left out everywhere"),
        "without_price": said.t("rows without a price, counted as nothing"),
        "without_usd": said.t("payments without a price in US dollars, not in recurring revenue"),
        "without_period": said.t("payments of plans without a period, not in recurring revenue"),
        "unknown_kind": said.t("rows whose kind of product is unknown, not in recurring revenue"),
        "negative_without_refund": said.t("negative prices without a day of refund"),
        "overlapping": said.t("users with overlapping subscriptions; all of them count"),
    }


def reasons(said: Words) -> dict[str, str]:
    """Return why there is no figure."""
    return {
        "": "",
        "contradicts_itself": said.t("read so, the figures contradict each other"),
        "no_user_with_full_time": said.t("no user has had the full time yet"),
        "proceeds_unknown": said.t("what came in is not known in US dollars"),
        "organic": said.t("nothing was spent"),
        "not_paid_back": said.t("not paid back by the last age that can be seen"),
        "no_users": said.t("no user has had the full time yet"),
        "too_few_payers": said.t("too few payers to fit and to judge a model"),
        "nobody_left": said.t("nobody left, so the chance to leave cannot be estimated"),
        "everybody_left_at_once": said.t("everybody left at the first renewal"),
        "too_few_periods": said.t("fewer than two renewals were observed"),
        "renewal_rate_does_not_rise": said.t(
            "the renewal rate does not rise with the number of renewals, as this law needs"
        ),
        "leave_at_once_or_never": said.t(
            "those who stay never leave later, which this law cannot describe"
        ),
        "too_few_customers": said.t("fewer than ten buyers"),
        "no_repeat_purchase": said.t("nobody bought again"),
        "not_converged": said.t("the fit does not converge: too few repeat purchases"),
    }
