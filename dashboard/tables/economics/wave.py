"""Machines through a wave in words and tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.studies.economics.wave import PLANS, PlanName, WaveStudy
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.cashflow import Figure


def plan_name(plan: str, said: Words) -> str:
    """Name a plan."""
    return {
        "rent": said.t("Rent month by month"),
        "buy": said.t("Buy for the peak"),
        "floor": said.t("Buy what every month needs, rent the rest"),
        "cheapest": said.t("The cheapest mix"),
    }[plan]


def sentence(study: WaveStudy, said: Words) -> str:
    """Say what the plans cost, what stands idle, and from which half-life buying pays."""
    rent, buy = study.plan("rent"), study.plan("buy")
    cheapest = study.plan("cheapest")
    parts = [
        said.t(
            "With a half-life of {days} days, {months} of machines cost {rent} rented month by "
            "month and {buy} bought for the peak.",
            days=said.number(study.choice.half_life_days, digits=0),
            months=said.n("{n} month", "{n} months", study.choice.months),
            rent=_money(study, rent.present_value_usd, said),
            buy=_money(study, buy.present_value_usd, said),
        ),
        _cheapest(study, cheapest.n_owned, said),
        said.t(
            "Bought for the peak, {idle} months of machines stand idle, and at most {value} of "
            "book value is at risk.",
            idle=said.number(buy.idle_machine_months, digits=0),
            value=_money(study, buy.book_value_at_risk_usd, said),
        ),
        pays(study.pays_from_days, said),
    ]
    if buy.payback_months.value is not None:
        parts.append(
            said.t(
                "Payback of the bought machines: {months} months, against a half-life of {days}.",
                months=said.number(buy.payback_months.value, digits=1),
                days=said.n("{n} day", "{n} days", round(study.choice.half_life_days)),
            )
        )
    elif buy.n_owned:
        parts.append(said.t("Within these months the bought machines never pay themselves back."))
    return said.sentences(parts)


def _cheapest(study: WaveStudy, n_owned: int, said: Words) -> str:
    value = _money(study, study.plan("cheapest").present_value_usd, said)
    if not n_owned:
        return said.t("Renting all of them is the cheapest ({value}).", value=value)
    return said.n(
        "The cheapest is to buy {n} machine and to rent the rest ({value}).",
        "The cheapest is to buy {n} machines and to rent the rest ({value}).",
        n_owned,
        value=value,
    )


def pays(found: Figure, said: Words) -> str:
    """Say from which half-life buying pays."""
    if found.value is not None:
        days = said.number(found.value, digits=0)
        return said.t("Buying for the peak pays from a half-life of {days} days on.", days=days)
    return {
        "never_pays": said.t("Buying for the peak never pays, however slowly the wave fades."),
        "always_pays": said.t("Buying for the peak pays however soon the wave fades."),
    }.get(found.reason, said.t("No machine is bought."))


def _money(study: WaveStudy, value: float, said: Words) -> str:
    return names.amount(value, study.currency, said)


def months(study: WaveStudy, plan: PlanName, said: Words) -> Table:
    """Return machines and money of a plan month by month."""
    money = {
        "book_value": said.t("Book value"),
        "purchase": said.t("Bought for"),
        "rent": said.t("Rent"),
        "running": said.t("Running cost"),
        "resale": said.t("Resale"),
        "cost": said.t("Cost of the month"),
    }
    columns = {
        "month": TableColumn(said.t("Month"), "integer"),
        "demand_per_day": TableColumn(said.t("Pictures a day"), "number", 0),
        "machines_needed": TableColumn(said.t("Machines needed"), "integer"),
        "machines_owned": TableColumn(said.t("Owned"), "integer"),
        "machines_rented": TableColumn(said.t("Rented"), "integer"),
        "idle_machines": TableColumn(said.t("Idle capacity"), "integer"),
        **{
            name: TableColumn(said.noted(label, study.currency), "number", 2)
            for name, label in money.items()
        },
    }
    return Table(study.months(plan), columns, "wave-capacity")


def by_half_life(study: WaveStudy, said: Words) -> Table:
    """Return what the plans cost over half-lives."""
    label = {
        "rent_cost": plan_name("rent", said),
        "buy_cost": plan_name("buy", said),
        "mix_cost": plan_name("floor", said),
    }
    columns = {
        "half_life_days": TableColumn(said.t("Half-life (days)"), "number", 1),
        **{
            name: TableColumn(said.noted(told, study.currency), "number", 2)
            for name, told in label.items()
        },
    }
    return Table(study.by_half_life, columns, "rent-or-buy")


def plans(study: WaveStudy, said: Words) -> Table:
    """Return the plans side by side."""
    rows: list[dict[str, Any]] = []
    for name in PLANS:
        plan = study.plan(name)
        rows.append(
            {
                "plan": plan_name(name, said),
                "n_owned": plan.n_owned,
                "present_value": plan.present_value_usd,
                "idle": plan.idle_machine_months,
                "at_risk": plan.book_value_at_risk_usd,
                "at_risk_month": plan.at_risk_month,
                "lost": plan.unrecoverable_usd,
                "payback": plan.payback_months.value,
                "discounted": plan.discounted_payback_months.value,
            }
        )
    money = {
        "present_value": said.t("Cost, present value"),
        "at_risk": said.t("Book value at risk"),
        "lost": said.t("Of it lost in a sale"),
    }
    in_money = {
        name: TableColumn(said.noted(label, study.currency), "number", 2)
        for name, label in money.items()
    }
    columns = {
        "plan": TableColumn(said.t("Plan of machines")),
        "n_owned": TableColumn(said.t("Bought"), "integer"),
        "present_value": in_money["present_value"],
        "idle": TableColumn(said.t("Idle capacity (machine-months)"), "integer"),
        "at_risk": in_money["at_risk"],
        "at_risk_month": TableColumn(said.t("In month"), "integer"),
        "lost": in_money["lost"],
        "payback": TableColumn(said.t("Payback (months)"), "number", 1),
        "discounted": TableColumn(said.t("Discounted payback (months)"), "number", 1),
    }
    frame = pd.DataFrame(rows).astype({"at_risk_month": "Int64"})
    return Table(frame, columns, "wave-plans")


def notes(study: WaveStudy, said: Words) -> list[str]:
    """Return what a reader must know about the answer."""
    told = [
        said.t(
            "Machines are needed for the busiest day of a month; what is bought is used first, and "
            "the rest is rented for the whole month. A server is written off by straight line."
        )
    ]
    if not study.choice.resale_share:
        told.append(said.t("Nothing is paid for a used server (assumed)."))
    if study.plan("buy").is_lower_bound:
        told.append(
            said.t(
                "Electricity of the bought server is not known (energy of a picture, idle draw or "
                "tariff) and left out: its cost is a lower bound."
            )
        )
    return told
