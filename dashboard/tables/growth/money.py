"""Recurring revenue, survival, value and channels, as tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies.growth.channels import OF_PAYMENTS, ChannelStudy
from dashboard.studies.growth.subscriptions import SubscriptionStudy
from dashboard.studies.growth.value import PackStudy, SurvivalStudy, ValueStudy
from dashboard.tables.growth import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.channels import AGES


def movements(study: SubscriptionStudy, said: Words) -> Table:
    """Return recurring revenue by month."""
    told = names.movements(said)
    columns = {
        "month": TableColumn(said.t("Month"), "date"),
        "opening": TableColumn(said.t("Opening, USD"), "number"),
        **{name: TableColumn(label, "number") for name, label in told.items()},
        "closing": TableColumn(said.t("Closing, USD"), "number"),
        "n_subscribers": TableColumn(said.t("Subscribers"), "integer"),
        "net_churn_rate": TableColumn(
            said.t("Net churn"),
            "percent",
            help=said.t("Contraction and churn less expansion and reactivation, over the opening."),
        ),
        "quick_ratio": TableColumn(
            said.t("Quick ratio"), "number", help=said.t("What came over what went.")
        ),
    }
    return Table(study.movements, columns if len(study.movements) else {}, "recurring-revenue")


def mix(study: SubscriptionStudy, said: Words) -> Table:
    """Return plans by month."""
    columns = {
        "month": TableColumn(said.t("Month"), "date"),
        "product_id": TableColumn(said.t("Plan")),
        "n": TableColumn(said.t("Subscribers"), "integer"),
        "mrr": TableColumn(said.t("USD a month"), "number"),
        "share": TableColumn(said.t("Share of recurring revenue"), "percent"),
    }
    return Table(study.mix, columns if len(study.mix) else {}, "plan-mix")


def renewals(study: SubscriptionStudy, said: Words) -> Table:
    """Return renewals by plan."""
    columns = {
        "product_id": TableColumn(said.t("Plan")),
        "renewal": TableColumn(said.t("Renewal"), "integer"),
        "due": TableColumn(said.t("Due"), "integer"),
        "renewed": TableColumn(said.t("Renewed"), "integer"),
        "renewal_rate": TableColumn(said.t("Renewal rate"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }
    return Table(study.renewals, columns if len(study.renewals) else {}, "renewals")


def trials(study: SubscriptionStudy, said: Words) -> Table:
    """Return what became of trials."""
    columns = {
        "product_id": TableColumn(said.t("Plan")),
        "n_trials": TableColumn(said.t("Trials"), "integer"),
        "n_ended": TableColumn(said.t("Ended"), "integer"),
        "n_cancelled": TableColumn(said.t("Turned off before the end"), "integer"),
        "n_paid": TableColumn(said.t("Became paid"), "integer"),
        "n_kept": TableColumn(said.t("and were not refunded"), "integer"),
        "paid_share": TableColumn(said.t("Became paid, of those ended"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }
    return Table(study.trials, columns if len(study.trials) else {}, "trial-funnel")


def money(study: SubscriptionStudy, said: Words) -> Table:
    """Return what the source's money was counted as."""
    frame = names.in_words(study.money, "part", names.money_parts(said))
    columns = {
        "currency": TableColumn(said.t("Currency")),
        "part": TableColumn(said.t("Counted as"), "wide"),
        "n": TableColumn(said.t("Rows"), "integer"),
        "amount": TableColumn(said.t("Amount"), "number"),
    }
    return Table(frame, columns, "money-counted")


def doubts(study: SubscriptionStudy, said: Words) -> Table:
    """Return what is odd about the transactions."""
    frame = names.in_words(study.doubts, "code", names.doubts(said))
    columns = {
        "code": TableColumn(said.t("What"), "wide"),
        "n": TableColumn(said.t("How many"), "integer"),
    }
    return Table(frame, columns, "transaction-doubts")


def survival(study: SurvivalStudy, said: Words) -> Table:
    """Return the survival curves."""
    columns = {
        "product_id": TableColumn(said.t("Plan")),
        "time": TableColumn(said.t("Day"), "integer"),
        "at_risk": TableColumn(said.t("At risk"), "integer"),
        "n_events": TableColumn(said.t("Ended"), "integer"),
        "survival": TableColumn(said.t("Still paying"), "percent"),
        "low": TableColumn(said.t("95% low"), "percent"),
        "high": TableColumn(said.t("95% high"), "percent"),
    }
    return Table(study.curves, columns if len(study.curves) else {}, "paid-survival")


def survival_groups(study: SurvivalStudy, said: Words) -> Table:
    """Return median and restricted mean by plan."""
    columns = {
        "product_id": TableColumn(said.t("Plan")),
        "n": TableColumn(said.t("Subscriptions"), "integer"),
        "n_ended": TableColumn(said.t("Ended"), "integer"),
        "median": TableColumn(
            said.t("Median, days"),
            "number",
            1,
            help=said.t("Missing where more than half are still there."),
        ),
        "restricted_mean": TableColumn(said.t("Mean up to τ, days"), "number", 1),
        "restricted_mean_se": TableColumn(said.t("its standard error"), "number", 1),
        "tau": TableColumn(said.t("τ, days"), "number", 0),
    }
    return Table(study.groups, columns if len(study.groups) else {}, "paid-survival-groups")


def ltv(study: ValueStudy, said: Words) -> Table:
    """Return the lifetime value by payment."""
    columns = {
        "period": TableColumn(said.t("Payment"), "integer"),
        "survival": TableColumn(said.t("Still paying"), "percent"),
        "ltv": TableColumn(said.t("Value so far, USD"), "number"),
        "low": TableColumn(said.t("95% low"), "number"),
        "high": TableColumn(said.t("95% high"), "number"),
    }
    return Table(study.ltv, columns if len(study.ltv) else {}, "lifetime-value")


def hold_out(study: ValueStudy, said: Words) -> Table:
    """Return forecast and actual renewals."""
    columns = {
        "period": TableColumn(said.t("Renewal after the cut"), "integer"),
        "n_due": TableColumn(said.t("Due"), "integer"),
        "actual": TableColumn(said.t("Actual"), "integer"),
        "forecast": TableColumn(said.t("Forecast"), "number", 1),
        "low": TableColumn(said.t("95% low"), "number", 1),
        "high": TableColumn(said.t("95% high"), "number", 1),
    }
    return Table(study.hold_out, columns if len(study.hold_out) else {}, "renewal-forecast")


def packs(study: PackStudy, said: Words) -> Table:
    """Return what an average buyer is expected to buy."""
    columns = {
        "weeks": TableColumn(said.t("Weeks from now"), "integer"),
        "purchases": TableColumn(said.t("Expected purchases a buyer"), "number", 3),
        "value_usd": TableColumn(said.t("Their value, USD"), "number"),
    }
    return Table(study.forecast, columns if len(study.forecast) else {}, "pack-forecast")


def pack_hold_out(study: PackStudy, said: Words) -> Table:
    """Return forecast and actual repeat purchases."""
    columns = {
        "week": TableColumn(said.t("Weeks after the cut"), "integer"),
        "actual": TableColumn(said.t("Actual"), "integer"),
        "forecast": TableColumn(said.t("Forecast"), "number", 1),
    }
    return Table(study.hold_out, columns if len(study.hold_out) else {}, "pack-validation")


def arrivals(study: ChannelStudy, said: Words) -> Table:
    """Return the columns of :func:`channels` for which no payments are needed."""
    whole = channels(study, said)
    needs = (*OF_PAYMENTS, "reason")
    columns = {name: look for name, look in whole.columns.items() if not name.startswith(needs)}
    return Table(whole.frame, columns, "channel-arrivals")


def channels(study: ChannelStudy, said: Words) -> Table:
    """Return every channel beside its spend."""
    table: Any = study.table
    reasons = names.reasons(said)
    frame: pd.DataFrame = table.assign(
        channel=[labels.channel(said, name) for name in table["channel"]],
        reason=[reasons[code] for code in table["reason"]],
    )
    columns = {
        "channel": TableColumn(said.t("Channel")),
        "spend_usd": TableColumn(said.t("Spend, USD"), "number"),
        "installs": TableColumn(said.t("Installs"), "integer"),
        "cost_per_install_usd": TableColumn(said.t("USD an install"), "number"),
        **{
            f"roas_{age}": TableColumn(
                said.t("Return by day {day}", day=age),
                "percent",
                help=said.t("Proceeds over spend, of the days whose users have reached that age."),
            )
            for age in AGES
        },
        "payback_day": TableColumn(said.t("Paid back on day"), "integer"),
        "proceeds_per_install_usd": TableColumn(said.t("Proceeds an install, USD"), "number"),
        "compute_per_install_usd": TableColumn(said.t("Compute an install, USD"), "number"),
        "contribution_per_install_usd": TableColumn(
            said.t("Contribution an install, USD"), "number"
        ),
        "n_complete": TableColumn(said.t("Users with the full time"), "integer"),
        "reason": TableColumn(said.t("Remark"), "wide"),
    }
    return Table(frame, columns, "channels")
