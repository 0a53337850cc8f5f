"""What is kept of each plan, and claims that contradict each other, as tables."""

# pyright: basic

from __future__ import annotations

import pytest

from dashboard.studies.economics.scenario import frozen, scenario_study
from dashboard.tables.economics import inputs, results
from dashboard.tables.economics.plans import unsettled
from dashboard.text import words
from etl.warehouse import SnapshotReader

SAID = words("en")
BASE = {"name": "a", "as_of": "2026-11-25", "currency": "USD", "sourcing": "stated"}
STRIPE = {"name": "web", "price": 1, "store": "web_stripe", "storefront": "US"}


@pytest.fixture(scope="module")
def study(published):
    reader = SnapshotReader(published)
    return lambda **keys: scenario_study(reader, frozen({**BASE, **keys}))


def test_a_fixed_fee_stands_beside_what_is_kept_and_its_note(study):
    table = results.plans(study(inputs={"active_users": 10}, plans=[STRIPE]), SAID)
    (row,) = table.frame.to_dict("records")
    assert row["fixed_fee"] == pytest.approx(0.3)
    assert (row["fees"], row["net"]) == pytest.approx((0.329, 0.671))
    assert "Plus USD 0.30 per successful charge, domestic cards" in row["note"]
    assert table.columns["fixed_fee"].label == "Fixed fee a charge (USD)"
    assert table.columns["note"].label == "Note"
    assert "tax_rate_low" not in table.columns


def test_a_tax_that_may_be_another_is_shown_as_a_range_with_its_note(study):
    plan = {"name": "cn", "price": 15, "storefront": "CN", "price_includes_tax": True}
    found = study(currency="CNY", plans=[plan])
    assert unsettled(found, SAID)[0].startswith(
        "cn: which tax applies is not known: 6% to 13%, 13% taken. General rate; PwC lists 13, 9"
    )
    assert not unsettled(study(plans=[STRIPE]), SAID)
    table = results.plans(found, SAID)
    (row,) = table.frame.to_dict("records")
    assert [row[f"tax_rate{end}"] for end in ("_low", "", "_high")] == [0.06, 0.13, 0.13]
    assert row["net_high"] == pytest.approx(15 / 1.06 * 0.75)
    assert "which one an app sale takes was not read" in row["note"]
    assert {"tax_rate_low", "tax_rate_high", "net_low", "net_high"} <= set(table.columns)
    assert "fixed_fee" not in table.columns


def test_every_claim_of_a_merged_range_stands_below_its_middle_which_is_ours(study):
    share = {"facts": ["F0106", "F0093"]}
    found = study(inputs={"active_users": 10, "paying_share": share})
    rows = results.contradictions(found, SAID).frame
    rows = rows.loc[rows["input"] == "Payers among monthly actives"].to_dict("records")
    middle, *claims = rows
    assert middle["is_used"]
    assert middle["evidence"] == SAID.evidence("estimated")
    assert middle["remark"].startswith("Ours: the middle of claims that differ")
    assert not middle["source_url"], "the middle bears no single claim's address"
    assert [each["fact_id"] for each in claims] == ["F0106", "F0093"]
    assert not any(each["is_used"] for each in claims)
    assert len({each["source_url"] for each in claims}) == 2
    assert all(each["as_of"] and each["source"] for each in claims)
    assert ["5.5" in claims[0]["value"], "4.7" in claims[1]["value"]] == [True, True]


def test_prices_by_contradicting_claims_are_named_as_prices(study):
    plan = {**STRIPE, "price": {"facts": ["F0469", "F0470"]}}
    found = study(plans=[plan])
    table = results.contradictions(found, SAID).frame
    assert table["input"].iloc[0] == "Price of web"


def test_where_a_plan_and_an_input_come_from_is_said_in_the_readers_language(study):
    found = study(inputs={"active_users": 10}, plans=[{**STRIPE, "tax_rate": 0.0}])
    (row,) = results.plans(found, words("zh")).frame.to_dict("records")
    assert row["source"].startswith("web：手动填写")
    assert "税率：手动填写" in row["source"]
    listed = inputs.listed(found, words("zh")).frame["source"]
    assert listed["active_users"] == "手动填写"
    assert "模型默认值" in set(listed)
    assert "typed in" not in " ".join(listed)


def test_why_an_input_is_missing_is_said_in_the_readers_language():
    row = {"reason": "too few users to tell", "is_needed": False, "settled_by": "events"}
    assert inputs.why_missing(row, words("zh")).startswith("用户过少，无法判断")
