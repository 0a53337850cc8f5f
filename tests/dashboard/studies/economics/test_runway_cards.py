"""Cash of a scenario against what a hand works out."""

# pyright: basic

from __future__ import annotations

from datetime import date

import pytest

from dashboard.studies.economics.runway import (
    CashChoice,
    ServersPaid,
    cash_study,
    first_month,
    missing_inputs,
)
from dashboard.tables.economics import runway as tables
from dashboard.text import words

MONTHLY = 304_375 * 0.1 * 20
IMAGES = 304_375 * (0.1 * 100 + 0.9 * 10)
COMPUTE = IMAGES * 10 / 3_600 / 0.35


def test_the_cash_begins_the_month_after_the_scenarios_day(study):
    assert first_month(study()) == date(2026, 7, 1)
    assert first_month(study(as_of="2025-12-31")) == date(2026, 1, 1)


def test_proceeds_come_after_the_lag_and_costs_at_once(study):
    found = cash_study(study(), CashChoice(1_000_000, months=2, lag_days=31))
    months = found.runway.months
    assert months["proceeds_received"].iloc[0] == 0
    assert months["proceeds_received"].iloc[1] == pytest.approx(MONTHLY)
    assert months["costs_paid"].iloc[0] == pytest.approx(COMPUTE)
    assert months["cash"].iloc[0] == pytest.approx(1_000_000 - COMPUTE)
    assert found.runway.receivables_at_end == pytest.approx(MONTHLY)


def test_a_store_pays_by_its_own_terms(study):
    plan = {"name": "monthly", "price": 25, "storefront": "CN", "price_includes_tax": True}
    found = cash_study(study([plan], net_proceeds=None), CashChoice(0.0, months=3))
    (payout,) = found.payouts
    assert (payout.store, payout.lag_days, payout.counted_from) == ("app_store", 45, "month_end")
    assert payout.evidence_kind == "disclosed"
    received = found.runway.months["proceeds_received"]
    assert received.iloc[:2].sum() == 0
    assert received.iloc[2] == pytest.approx(payout.monthly)


def test_what_two_stores_owe_adds_up_to_the_proceeds(study):
    about = {"price": 25, "storefront": "US", "share": 0.5, "price_includes_tax": False}
    about["tax_rate"] = 0.0
    plans = [{"name": "a", **about}, {"name": "b", **about, "store": "google_play"}]
    found = cash_study(study(plans, net_proceeds=None), CashChoice(0.0))
    assert {each.store for each in found.payouts} == {"app_store", "google_play"}
    earned = found.runway.months["proceeds_earned"].iloc[0]
    assert sum(each.monthly for each in found.payouts) == pytest.approx(earned)


def test_a_lag_that_no_terms_tell_is_the_readers_and_assumed(study):
    found = cash_study(study(), CashChoice(0.0, lag_days=12))
    assert [(p.store, p.lag_days, p.evidence_kind) for p in found.payouts] == [
        ("direct", 12, "assumed")
    ]
    own = cash_study(study(payout_lag_days=7), CashChoice(0.0, lag_days=12))
    assert own.payouts[0].lag_days == 7


def test_refunds_fixed_costs_and_the_investment_leave(study):
    told = study(refund_rate=0.1, fixed_costs=50_000, investment=200_000)
    found = cash_study(told, CashChoice(0.0, months=1, lag_days=0))
    month = found.runway.months.iloc[0]
    assert month["refunds"] == pytest.approx(0.1 * MONTHLY)
    assert month["payments"] == pytest.approx(-200_000)
    expected = MONTHLY * 0.9 - COMPUTE - 50_000 - 200_000
    assert month["cash"] == pytest.approx(expected)
    assert found.runway.below_zero_on == date(2026, 7, 1)


def test_fixed_costs_do_not_grow_with_the_users(study):
    told = study(fixed_costs=50_000)
    found = cash_study(told, CashChoice(0.0, months=2, growth_rate=1.0, lag_days=0))
    months = found.runway.months
    assert months["proceeds_earned"].iloc[1] == pytest.approx(2 * MONTHLY)
    assert months["costs_incurred"].iloc[1] == pytest.approx(2 * COMPUTE + 50_000)


def test_what_is_missing_is_named_and_there_is_no_cash(study):
    lacking = study(net_proceeds=None)
    assert missing_inputs(lacking) == ("net_proceeds",)
    assert cash_study(lacking, CashChoice(0.0)).runway is None
    assert missing_inputs(study(active_users=None)) == ("active_users",)


def test_cash_that_nobody_told_is_no_zero(study):
    from dashboard.tables.economics import runway as tables
    from dashboard.text import words

    unknown = cash_study(study(), CashChoice(None, months=3, lag_days=31))
    told = tables.sentence(unknown, words("en"))
    assert not unknown.knows_opening
    assert "need" in told
    assert "not known without the cash at the start" in told
    assert "falls below zero" not in told
    needed = tables.cash_needed(unknown)
    assert needed > 0
    enough = cash_study(study(), CashChoice(needed, months=3, lag_days=31))
    assert "does not fall below zero within 3 months" in tables.sentence(enough, words("en"))
    short = cash_study(study(), CashChoice(needed / 2, months=3, lag_days=31))
    assert "whole month" in tables.sentence(short, words("en"))


OWN = {
    "sourcing": "own",
    "hourly_price": None,
    "server_price": 450_000,
    "life_years": 3,
    "utilisation": 0.5,
    "joules_per_image": 3_600,
    "idle_watts": 0,
    "tariff_per_kwh": 1,
    "server_overhead": 1,
    "pue": 1,
}
KWH = IMAGES / 1_000
"""A picture of 3,600 joules takes a watt-hour."""


def test_an_owned_server_is_paid_on_the_day_it_is_needed_and_only_its_electricity_later(study):
    found = cash_study(study(**OWN), CashChoice(0.0, months=2, lag_days=0))
    # 5,783,125 pictures a month at half of 1 a second: 2,629,800 s / 2 a server
    assert found.owned.held == (5, 5)
    months = found.runway.months
    assert months["payments"].to_list() == [-5 * 450_000, 0]
    assert months["costs_paid"].to_list() == pytest.approx([KWH, KWH])


@pytest.mark.parametrize(
    ("way", "paid"), [("line", [0, 0]), ("invested", [0, 0]), ("credit", [0, -5 * 450_000 / 10])]
)
def test_owned_servers_are_paid_as_the_reader_says(study, way, paid):
    how = ServersPaid(way, credit_months=10, credit_rate=0.0)
    found = cash_study(study(**OWN), CashChoice(0.0, months=2, lag_days=0, servers=how))
    assert found.runway.months["payments"].to_list() == pytest.approx(paid)
    straight = IMAGES / (0.5 * 3_600) * 450_000 / (3 * 8_766) if way == "line" else 0.0
    assert found.runway.months["costs_paid"].iloc[0] == pytest.approx(straight + KWH)
    assert found.evidence_kind == "assumed"


def test_a_growing_product_buys_more_servers(study):
    found = cash_study(study(**OWN), CashChoice(0.0, months=3, growth_rate=0.5, lag_days=0))
    assert found.owned.held == (5, 7, 10)
    assert found.runway.months["payments"].to_list() == [-5 * 450_000, -2 * 450_000, -3 * 450_000]


def test_a_server_by_the_users_it_carries_is_paid_whole(study):
    told = study(sourcing="shared_server", hourly_price=None, server_price=450_000,
                 users_per_server=200_000, life_years=3)  # fmt: skip
    found = cash_study(told, CashChoice(0.0, months=1, lag_days=0))
    assert found.owned.held == (2,)
    assert found.runway.months["payments"].iloc[0] == -900_000
    assert found.runway.months["costs_paid"].iloc[0] == 0


def test_winning_payers_is_paid_where_it_is_known(study):
    told = study(cac=60, paid_churn_rate=0.1)
    found = cash_study(told, CashChoice(0.0, months=2, lag_days=0, growth_rate=0.05))
    won = 304_375 * 0.1 * (0.1 + 0.05) * 60
    paid = found.runway.months["costs_paid"]
    assert paid.to_list() == pytest.approx([COMPUTE + won, (COMPUTE + won) * 1.05])
    assert told.month.evaluation.step("npv").value < study().month.evaluation.step("npv").value


def test_a_fee_above_the_price_is_paid_and_nothing_of_it_is_given_back(study):
    plan = {"name": "m", "price": 0.25, "storefront": "US", "store": "web_stripe",
            "program": "standard", "tax_rate": 0.0, "price_includes_tax": False}  # fmt: skip
    told = study([plan], currency="USD", net_proceeds=None, refund_rate=0.1)
    net = told.scenario.plans[0].net.value
    assert net < 0
    found = cash_study(told, CashChoice(0.0, months=1, lag_days=0))
    month = found.runway.months.iloc[0]
    assert (month["proceeds_earned"], month["refunds"]) == (0, 0)
    lost = -net * 304_375 * 0.1
    assert month["costs_incurred"] == pytest.approx(COMPUTE + lost)


def test_where_a_lag_comes_from_is_said_in_the_readers_language(study):
    found = cash_study(study(payout_lag_days=7), CashChoice(0.0))
    assert "（假设：手动填写）" in tables.lags(found, words("zh"))[0]
    assert "(assumed: typed in)" in tables.lags(found, words("en"))[0]
