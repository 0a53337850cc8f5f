"""What a plan's store states beside its rates: refunds, and how long payouts take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.resolve import Scenario, scenario
from etl.warehouse import SnapshotReader

DAY = "2026-11-25"
"""The bundled table was gathered on 2026-11-22: its rate of refunds bears only a year."""


def planned(
    reader: SnapshotReader,
    *plans: dict[str, Any],
    day: str = DAY,
    currency: str = "CNY",
    **inputs: Any,
) -> Scenario:
    raw = {
        "name": "plans",
        "as_of": day,
        "currency": currency,
        "inputs": {"active_users": 1_000, **inputs},
        "plans": [
            {"name": f"p{i}", "price": 20, "storefront": "CN", "price_includes_tax": True, **plan}
            for i, plan in enumerate(plans)
        ],
    }
    return scenario(raw, "plans.yml", reader)


def told(found: Scenario, name: str) -> Quantity:
    return found.inputs.given[name]


def test_refunds_and_payout_days_come_from_the_table_with_their_rows(
    bundled: SnapshotReader,
) -> None:
    found = planned(bundled, {})
    refunds, lag = told(found, "refund_rate"), told(found, "payout_lag_days")
    assert (refunds.value, refunds.evidence_kind) == (0.042, "estimated")
    assert refunds.source_url.startswith("https://www.readsignal.io")
    assert (lag.value, lag.unit, lag.evidence_kind) == (45, "days", "disclosed")
    assert "Apple" in lag.source


def test_what_the_scenario_says_goes_first(bundled: SnapshotReader) -> None:
    found = planned(bundled, {}, refund_rate=0.1, payout_lag_days=3)
    assert told(found, "refund_rate").value == 0.1
    assert told(found, "refund_rate").evidence_kind == "assumed"
    assert [each.terms["payout_lag_days"].value for each in found.plans] == [3]
    of_the_plan = planned(bundled, {"refund_rate": 0.2, "source": "our ledger"})
    assert told(of_the_plan, "refund_rate").value == 0.2
    assert told(of_the_plan, "refund_rate").source == "our ledger"


def test_a_rate_that_was_not_public_on_the_day_is_not_used(bundled: SnapshotReader) -> None:
    found = planned(bundled, {}, day="2026-11-21")
    assert "refund_rate" not in found.inputs.given
    assert "by the scenario's day" in found.reasons["refund_rate"]
    assert told(found, "payout_lag_days").value == 45


def test_what_the_table_does_not_state_is_missing_with_a_reason(bundled: SnapshotReader) -> None:
    found = planned(bundled, {"product": "one_off"})
    assert "refund_rate" not in found.inputs.given
    assert "'p0' (one_off of app_store)" in found.reasons["refund_rate"]


def test_several_plans_weigh_by_what_they_bring(bundled: SnapshotReader) -> None:
    found = planned(
        bundled,
        {"share": 0.25, "price": 60},
        {"share": 0.75, "store": "google_play"},
    )
    parts = [each.plan.share * each.net.value for each in found.plans if each.net]
    expected = (45 * parts[0] + 15 * parts[1]) / sum(parts)
    assert told(found, "payout_lag_days").value == pytest.approx(expected)
    assert told(found, "payout_lag_days").evidence_kind == "estimated"
    assert told(found, "refund_rate").evidence_kind == "estimated"


def test_refunds_do_not_change_what_is_kept_of_a_price(bundled: SnapshotReader) -> None:
    one, other = planned(bundled, {}), planned(bundled, {}, day="2026-11-21")
    assert told(one, "net_proceeds").value == told(other, "net_proceeds").value
    assert "refund" not in told(one, "net_proceeds").source


FREE = {"storefront": "US", "price_includes_tax": None}
STRIPE = {"store": "web_stripe", **FREE}
IN_DOLLARS = [
    # Of one dollar 2.9 % and 30 cents.
    ({**STRIPE, "price": 1}, 0.671),
    ({**STRIPE, "price": 1, "period": "pack"}, 0.671),
    ({**STRIPE, "price": 1, "period": "week"}, 0.671 * 52 / 12),
    # A year is charged once: 12 · 0.971 − 0.30 over twelve months.
    ({**STRIPE, "price": 12, "period": "year"}, 0.946),
    ({**STRIPE, "price": 1, "program": "international_card"}, 0.656),
    ({**FREE, "store": "web_paddle", "price": 10}, 9.0),
    # More than the charge is worth.
    ({**STRIPE, "price": 0.2}, -0.1058),
    ({**STRIPE, "price": 1, "fixed_fee": 0.05}, 0.921),
    ({**STRIPE, "price": 1, "fixed_fee": 0}, 0.971),
]


@pytest.mark.parametrize(("plan", "kept"), IN_DOLLARS)
def test_a_fixed_fee_is_paid_once_a_charge(
    bundled: SnapshotReader, plan: dict[str, Any], kept: float
) -> None:
    (found,) = planned(bundled, plan, currency="USD").plans
    assert found.net is not None
    assert found.net.value == pytest.approx(kept)
    assert found.fees == pytest.approx(found.price.value - kept)


def test_a_fixed_fee_is_converted_at_the_rate_of_the_day_and_says_so(
    bundled: SnapshotReader,
) -> None:
    price = {"value": 1, "unit": "USD"}
    (found,) = planned(bundled, {**STRIPE, "price": price}, day="2026-10-01").plans
    rates = bundled.query(
        "SELECT quote, rate FROM fx_rates WHERE rate_date = DATE '2026-10-01'"
    ).set_index("quote")["rate"]
    rate = rates["CNY"] / rates["USD"]
    fee = found.terms["fixed_fee"].told()
    assert fee["value"] == pytest.approx(0.3 * rate)
    assert (fee["unit"], fee["evidence_kind"]) == ("CNY/charge", "disclosed")
    assert "CNY/USD of 2026-10-01" in fee["converted"]
    assert fee["note"] == "Plus USD 0.30 per successful charge, domestic cards"
    assert found.net is not None
    assert found.net.value == pytest.approx(0.671 * rate)


def test_a_fee_of_the_plans_own_goes_first_and_is_assumed(bundled: SnapshotReader) -> None:
    own = {"value": 0.1, "unit": "USD", "low": 0.1, "high": 0.2, "source": "our contract"}
    (found,) = planned(bundled, {**STRIPE, "price": 1, "fixed_fee": own}, currency="USD").plans
    assert found.net is not None
    assert found.net.ends == pytest.approx((0.771, 0.871))
    fee = found.terms["fixed_fee"]
    assert (fee.source, fee.evidence_kind, fee.note) == ("our contract", "assumed", "")
    with pytest.raises(InputError, match=r"the fixed fee of 'p0' -1 USD"):
        planned(bundled, {**STRIPE, "fixed_fee": -1}, currency="USD")
    with pytest.raises(InputError, match="perhaps you meant value"):
        planned(bundled, {**STRIPE, "fixed_fee": {"valu": 1}}, currency="USD")


def test_none_is_taken_where_none_is_told_nor_by_a_snapshot_of_before(
    bundled: SnapshotReader,
) -> None:
    assert "fixed_fee" not in planned(bundled, {}).plans[0].terms

    class Older:
        def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
            found = bundled.query(sql, parameters)
            new = [name for name in found if name.startswith(("fixed_fee", "tax_rate_"))]
            return found.drop(columns=new)

    plan = {**STRIPE, "price": 1}
    raw = {"name": "a", "as_of": DAY, "currency": "USD", "plans": [{"name": "b", **plan}]}
    (found,) = scenario(raw, "older.yml", Older()).plans
    assert found.net is not None
    assert found.net.value == pytest.approx(0.971)


def test_a_tax_that_may_be_another_is_a_range_and_no_fact(bundled: SnapshotReader) -> None:
    price = {"value": 113, "evidence_kind": "disclosed", "source": "the store"}
    (found,) = planned(bundled, {"price": price}, day="2025-01-31").plans
    tax = found.terms["tax_rate"].told()
    assert (tax["value"], tax["low"], tax["high"]) == (0.13, 0.06, 0.13)
    assert tax["evidence_kind"] == "estimated"
    assert tax["note"].endswith("which one an app sale takes was not read")
    assert found.net is not None
    # 13 %: 100 before and 113 behind the commission of 30 %; 6 %: 113 / 1.06 before it.
    assert found.net.value == pytest.approx(70)
    assert found.net.ends == pytest.approx((100 - 0.3 * 113, 113 / 1.06 * 0.7))
    (typed,) = planned(bundled, {"price": price, "tax_rate": 0.06}, day="2025-01-31").plans
    assert typed.net is not None
    assert typed.net.ends == pytest.approx((113 / 1.06 - 0.3 * 113, 113 / 1.06 * 0.7))
