"""Cash by the day: payouts that lag, refunds at once, and no cent made or lost."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.analytics.runway import (
    CashPlan,
    DatedPayment,
    RunningCost,
    StoreProceeds,
    runway,
)

N_MONTHS = 6
MONEY = st.floats(0, 1e6).map(lambda amount: round(amount, 2))
MONTHS = st.tuples(*[MONEY] * N_MONTHS)
STORES = st.builds(
    StoreProceeds,
    st.just("store"),
    MONTHS,
    st.integers(0, 400),
    st.sampled_from(["sale", "month_end"]),
    st.one_of(st.just(()), MONTHS),
)
COSTS = st.builds(RunningCost, st.just("cost"), MONTHS, st.integers(0, 120))


@st.composite
def plans(draw: st.DrawFn) -> CashPlan:
    stores = draw(st.lists(STORES, max_size=3))
    costs = draw(st.lists(COSTS, min_size=1, max_size=3))
    first = draw(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
    ahead = draw(st.lists(st.integers(0, 150), max_size=2))
    on = [first.replace(day=1) + timedelta(days=days) for days in ahead]
    return CashPlan(
        first,
        draw(st.floats(-1e6, 1e6)),
        tuple(replace(store, store=f"store {i}") for i, store in enumerate(stores)),
        tuple(replace(cost, name=f"cost {i}") for i, cost in enumerate(costs)),
        tuple(DatedPayment("payment", day, draw(st.floats(-1e6, 1e6))) for day in on),
    )


def simple(lag: int, counted_from="sale", **changes) -> CashPlan:
    store = StoreProceeds("app_store", (310.0, 280.0, 310.0), lag, counted_from)
    cost = RunningCost("compute", (310.0, 280.0, 310.0))
    return replace(CashPlan(date(2026, 1, 1), 500.0, (store,), (cost,)), **changes)


# By hand


def test_proceeds_of_ten_a_day_come_after_their_lag_and_costs_at_once() -> None:
    found = runway(simple(30))
    assert found.days["cash"].iloc[[0, 29, 30, 89]].tolist() == pytest.approx([490, 200, 200, 200])
    assert found.lowest_cash == pytest.approx(200)
    assert (found.lowest_on, found.lowest_month) == (date(2026, 1, 30), date(2026, 1, 1))
    assert found.months["proceeds_received"].tolist() == pytest.approx([10, 280, 310])
    assert found.months["cash"].tolist() == pytest.approx([200, 200, 200])
    assert found.most_working_capital == pytest.approx(300)
    assert found.receivables_at_end == pytest.approx(300)


def test_a_lag_from_the_end_of_the_month_waits_for_the_whole_month() -> None:
    found = runway(simple(33, "month_end"))
    received = found.days.set_index("date")["proceeds_received"]
    # 31 January + 33 days, 28 February + 33 days lies beyond the last day.
    assert received[received > 0].to_dict() == pytest.approx({date(2026, 3, 5): 310.0})
    assert found.receivables_at_end == pytest.approx(590)


def test_the_first_day_below_zero_is_found_though_the_month_ends_above() -> None:
    server = DatedPayment("server", date(2026, 2, 10), -600.0)
    loan = DatedPayment("loan", date(2026, 2, 20), 600.0)
    found = runway(simple(0, payments=(server, loan)))
    assert (found.below_zero_on, found.below_zero_month) == (date(2026, 2, 10), date(2026, 2, 1))
    assert found.months["cash"].min() == pytest.approx(500)
    assert found.months["lowest_cash"].tolist() == pytest.approx([500, -100, 500])
    assert runway(simple(0)).below_zero_on is None
    assert runway(simple(0)).below_zero_month is None


def test_cash_of_nothing_but_rounding_is_not_below_zero() -> None:
    cost = RunningCost("compute", (1234.56,) * 3)
    enough = CashPlan(date(2026, 1, 1), 3 * 1234.56, (), (cost,))
    found = runway(enough)
    assert found.lowest_cash < 0  # by some 10^-12
    assert found.below_zero_on is None
    a_cent_less = replace(enough, opening_cash=enough.opening_cash - 0.01)
    assert runway(a_cent_less).below_zero_on == date(2026, 3, 31)


def test_refunds_leave_on_the_day_they_are_processed() -> None:
    store = StoreProceeds("web", (0.0, 280.0), 0, refunds=(31.0, 0.0))
    found = runway(CashPlan(date(2026, 1, 15), 0.0, (store,), ()))
    assert found.days["cash"].iloc[[0, 30, 58]].tolist() == pytest.approx([-1, -31, 249])
    assert found.below_zero_on == date(2026, 1, 1)


def test_costs_may_be_paid_later_too() -> None:
    cost = RunningCost("cloud", (310.0, 280.0, 310.0), 60)
    found = runway(simple(0, costs=(cost,)))
    assert found.months["costs_paid"].tolist() == pytest.approx([0, 0, 300])
    assert found.payables_at_end == pytest.approx(600)
    assert found.days["working_capital"].min() == pytest.approx(-600)


def test_a_leap_february_has_29_days() -> None:
    store = StoreProceeds("web", (29.0,), 0)
    found = runway(CashPlan(date(2028, 2, 1), 0.0, (store,), ()))
    assert len(found.days) == 29
    assert found.days["proceeds_earned"].tolist() == pytest.approx([1.0] * 29)


# Money adds up


@given(plans())
@settings(max_examples=50, deadline=None)
def test_no_day_makes_or_loses_a_cent(plan: CashPlan) -> None:
    found = runway(plan)
    days = found.days
    change = days["proceeds_received"] - days["refunds"] - days["costs_paid"] + days["payments"]
    assert np.abs(days["cash"].diff().iloc[1:] - change.iloc[1:]).max() < 0.005
    assert days["cash"].iloc[0] == pytest.approx(plan.opening_cash + change.iloc[0], abs=0.005)
    earned, received = days["proceeds_earned"].cumsum(), days["proceeds_received"].cumsum()
    assert np.abs(earned - received - days["receivables"]).max() < 0.005
    incurred, paid = days["costs_incurred"].cumsum(), days["costs_paid"].cumsum()
    assert np.abs(incurred - paid - days["payables"]).max() < 0.005
    assert (days[["receivables", "payables"]] >= 0).all(axis=None)


@given(plans())
@settings(max_examples=50, deadline=None)
def test_what_came_and_what_is_owed_is_what_was_put_in(plan: CashPlan) -> None:
    found = runway(plan)
    proceeds = math.fsum(amount for store in plan.proceeds for amount in store.monthly)
    refunds = math.fsum(amount for store in plan.proceeds for amount in store.refunds)
    costs = math.fsum(amount for cost in plan.costs for amount in cost.monthly)
    payments = math.fsum(payment.amount for payment in plan.payments)
    received = found.months["proceeds_received"].sum()
    paid = found.months["costs_paid"].sum()
    assert received + found.receivables_at_end == pytest.approx(proceeds, abs=0.005)
    assert paid + found.payables_at_end == pytest.approx(costs, abs=0.005)
    assert found.months["refunds"].sum() == pytest.approx(refunds, abs=0.005)
    closing = plan.opening_cash + received - refunds - paid + payments
    assert found.months["cash"].iloc[-1] == pytest.approx(closing, abs=0.005)


@given(plans())
@settings(max_examples=40, deadline=None)
def test_months_and_stores_are_sums_of_days(plan: CashPlan) -> None:
    found = runway(plan)
    for name in ("proceeds_earned", "proceeds_received", "refunds", "receivables"):
        if plan.proceeds:
            by_month = found.by_store.groupby("month")[name].sum().to_numpy()
            np.testing.assert_allclose(by_month, found.months[name], atol=0.005)
    for name in ("proceeds_earned", "refunds", "costs_incurred", "costs_paid", "payments"):
        assert found.months[name].sum() == pytest.approx(found.days[name].sum(), abs=0.005)
    assert found.months["lowest_cash"].min() == found.lowest_cash
    assert len(found.months) == N_MONTHS


# Laws


@given(plans(), st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_a_longer_lag_never_brings_cash_sooner_nor_costs_later_paid_less(
    plan: CashPlan, more: int
) -> None:
    before = runway(plan).days["cash"].to_numpy()
    slower = [replace(s, payout_lag_days=s.payout_lag_days + more) for s in plan.proceeds]
    assert np.all(runway(replace(plan, proceeds=tuple(slower))).days["cash"] <= before + 0.005)
    patient = [replace(c, payment_lag_days=c.payment_lag_days + more) for c in plan.costs]
    assert np.all(runway(replace(plan, costs=tuple(patient))).days["cash"] >= before - 0.005)


@given(plans(), st.floats(1, 3))
@settings(max_examples=40, deadline=None)
def test_higher_costs_never_leave_more_cash_nor_last_longer(plan: CashPlan, factor: float) -> None:
    dearer = [replace(c, monthly=tuple(a * factor for a in c.monthly)) for c in plan.costs]
    before, after = runway(plan), runway(replace(plan, costs=tuple(dearer)))
    assert np.all(after.days["cash"] <= before.days["cash"] + 0.005)
    if before.below_zero_on is not None and before.lowest_cash < -1:
        assert after.below_zero_on is not None
        assert after.below_zero_on <= before.below_zero_on


@given(plans())
@settings(max_examples=40, deadline=None)
def test_days_from_the_end_of_the_month_are_never_sooner_than_from_the_sale(plan: CashPlan) -> None:
    from_sale, from_end = (
        replace(plan, proceeds=tuple(replace(s, counted_from=way) for s in plan.proceeds))
        for way in ("sale", "month_end")
    )
    sooner, later = runway(from_sale).days["cash"], runway(from_end).days["cash"]
    assert np.all(later <= sooner + 0.005)


# What is refused


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: StoreProceeds("web", (1.0, -2.0), 0), "in month 2"),
        (lambda: StoreProceeds("web", (math.nan,), 0), "0 or more"),
        (lambda: StoreProceeds("web", (1.0,), 0, refunds=(-1.0,)), "refunds of web"),
        (lambda: StoreProceeds("web", (1.0,), -1), "lag of -1"),
        (lambda: StoreProceeds("web", (1.0,), 0, "payday"), "sale or month_end"),
        (lambda: RunningCost("staff", (1.0,), -1), "lag of -1"),
        (lambda: RunningCost("staff", (math.inf,)), "costs of staff"),
        (lambda: simple(0, costs=(RunningCost("staff", (1.0,)),)), r"\[1, 3\] months"),
        (lambda: simple(0, proceeds=(), costs=()), "at least 1"),
        (lambda: simple(0, costs=(RunningCost("a", (1.0,) * 3),) * 2), "each once"),
        (lambda: simple(0, opening_cash=math.nan), "opening cash"),
        (lambda: simple(0, payments=(DatedPayment("x", date(2026, 4, 1), 1.0),)), "2026-03-31"),
        (lambda: simple(0, payments=(DatedPayment("x", date(2026, 1, 1), math.nan),)), "amount"),
    ],
)
def test_impossible_plans_are_refused_in_words(make, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
