"""What a plan's store states beside its rates: refunds, and how long payouts take."""

from __future__ import annotations

from typing import Any

import pytest

from etl.analytics.quantities import Quantity
from etl.scenarios.resolve import Scenario, scenario
from etl.warehouse import SnapshotReader

DAY = "2026-11-25"
"""The bundled table was gathered on 2026-11-22: its rate of refunds bears only a year."""


def planned(
    reader: SnapshotReader, *plans: dict[str, Any], day: str = DAY, **inputs: Any
) -> Scenario:
    raw = {
        "name": "plans",
        "as_of": day,
        "currency": "CNY",
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
