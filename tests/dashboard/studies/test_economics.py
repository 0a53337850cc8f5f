"""Waterfalls that add up, scenarios side by side, what-ifs, claims and what became known later."""

# pyright: basic

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import scenarios
from dashboard.studies.economics.comparison import (
    PROBABILITY,
    claims_frame,
    comparison,
    later_frame,
    leading,
    what_if,
    what_if_inputs,
)
from dashboard.studies.economics.scenario import axis, frozen, scenario_study, surface
from dashboard.studies.economics.waterfall import waterfall
from dashboard.tables.economics.results import claim_label
from dashboard.text import words

APP = {
    "name": "An app",
    "as_of": "2024-06-30",
    "currency": "USD",
    "sourcing": "rent",
    "inputs": {
        "active_users": 50_000,
        "paying_share": {"value": 0.03, "low": 0.01, "high": 0.05},
        "paid_churn_rate": 0.1,
        "cac": 12,
        "refund_rate": 0.04,
        "chargeback_rate": 0.002,
        "paid_images_per_user": 120,
        "free_images_per_user": 10,
        "hourly_price": {"value": 1.2, "low": 0.9, "high": 2.0},
        "images_per_second": 0.5,
        "moderation_per_image": 0.0004,
        "ad_revenue_per_free_user": 0.02,
        "other_cost_per_user": 0.01,
        "fixed_costs": 4_000,
        "investment": 20_000,
    },
    "plans": [
        {
            "name": "monthly",
            "price": 9.99,
            "share": 0.7,
            "storefront": "GB",
            "price_includes_tax": True,
        },
        {
            "name": "yearly",
            "price": 59.99,
            "period": "year",
            "share": 0.3,
            "storefront": "GB",
            "price_includes_tax": True,
        },
    ],
}


def study_of(raw, reader=None):
    return scenario_study(reader, frozen(raw))


def changed(**inputs):
    return {**APP, "inputs": {**APP["inputs"], **inputs}}


def totals(frame):
    """Yield each total of a waterfall beside the sum of what stands before it."""
    running = 0.0
    for row in frame.to_dict("records"):
        if row["role"] == "total":
            yield row["name"], row["amount"], running
            running = row["amount"]
        elif row["role"] == "start":
            running = row["amount"]
        else:
            running += row["amount"] if row["role"] == "add" else -row["amount"]


@pytest.mark.parametrize("per", ["payer", "user"])
def test_every_total_is_the_sum_of_the_steps_before_it(reader, per):
    frame = waterfall(study_of(APP, reader), per)
    found = list(totals(frame))
    assert [name for name, _, _ in found][-1] in ("contribution_per_payer", "result_per_user")
    assert len(found) == (2 if per == "payer" else 3)
    for _, amount, total in found:
        assert amount == pytest.approx(total, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    share=st.floats(0, 1),
    refunds=st.floats(0, 0.99),
    images=st.floats(0, 5_000),
    price=st.floats(0.01, 10),
)
def test_it_adds_up_whatever_the_inputs_are(share, refunds, images, price):
    raw = {**changed(), "plans": []}
    raw["inputs"] |= {"paying_share": share, "refund_rate": refunds, "net_proceeds": 7.0}
    raw["inputs"] |= {"paid_images_per_user": images, "hourly_price": price}
    study = study_of(raw)
    for per in ("payer", "user"):
        for _, amount, total in totals(waterfall(study, per)):
            assert amount == pytest.approx(total, rel=1e-12, abs=1e-9)


def test_a_payer_pays_the_price_of_all_plans_by_their_shares(reader):
    frame = waterfall(study_of(APP, reader), "payer").set_index("name")
    assert frame["amount"]["price"] == pytest.approx(0.7 * 9.99 + 0.3 * 59.99 / 12)
    assert "compute_free" not in frame.index


def test_what_free_users_cost_plays_no_part_for_a_payer():
    raw = {**changed(net_proceeds=7.0), "plans": []}
    raw["inputs"] = {k: v for k, v in raw["inputs"].items() if k != "free_images_per_user"}
    study = study_of(raw)
    payer = waterfall(study, "payer").set_index("name")
    assert payer["amount"].notna().all()
    assert payer["amount"]["compute_paid"] > 0
    user = waterfall(study, "user")
    assert np.isnan(user["amount"].iloc[-1])
    assert "free_images_per_user" in user["missing"].iloc[-1]


def test_an_assumed_step_is_told_as_assumed(reader):
    frame = waterfall(study_of(APP, reader), "payer").set_index("name")
    assert frame["evidence_kind"]["price"] == "assumed"
    raw = {
        **changed(net_proceeds={"value": 7, "evidence_kind": "measured", "source": "own payments"}),
        "plans": [],
    }
    frame = waterfall(study_of(raw), "payer").set_index("name")
    assert frame["evidence_kind"]["net_proceeds"] == "measured"


def test_scenarios_stand_side_by_side_and_a_faulty_one_is_named(reader):
    broken = {**APP, "inputs": {"active_users": {"fact": "F9999"}}}
    found = comparison(reader, (frozen(APP), frozen(broken), frozen(changed(paying_share=0.05))))
    rows = found.rows.set_index(["scenario", "name"])
    assert set(found.rows["scenario"]) == {0, 2}
    assert "F9999" in found.faults[1]
    alone = study_of(APP, reader).month.evaluation.step("contribution_per_user")
    assert rows["value"][(0, "contribution_per_user")] == alone.value
    assert rows["low"][(0, "contribution_per_user")] == alone.low
    assert found.currencies == ["USD"]


def test_without_a_range_no_probability_is_compared():
    raw = {**changed(net_proceeds=7.0, paying_share=0.03, hourly_price=1.2), "plans": []}
    rows = comparison(None, (frozen(raw),)).rows.set_index("name")
    assert rows["value"][PROBABILITY] is None or np.isnan(rows["value"][PROBABILITY])


def test_a_what_if_at_the_own_values_changes_nothing_and_is_quick(reader):
    study = study_of(APP, reader)
    tried = what_if_inputs(study)
    assert tried == study.month.outcome.deciding(3)
    own = {name: study.scenario.inputs.given[name].value for name in tried}
    what_if(study, own)  # what the model depends on is found once
    began = time.perf_counter()
    found = what_if(study, own)
    assert time.perf_counter() - began < 0.1
    step = study.month.evaluation.step("result_per_user")
    assert found.values["result_per_user"] == pytest.approx(step.value)
    better = what_if(study, {**own, "paying_share": 0.2})
    assert better.values["result_per_user"] > step.value
    assert found.probability is None or 0 <= found.probability <= 1


def test_what_ifs_begin_with_what_is_missing(reader, tmp_path):
    study = study_of(scenarios.choices(tmp_path)[scenarios.DEFAULT].raw, reader)
    assert what_if_inputs(study)[0] == "paying_share"
    assert study.month.outcome.probability_profitable is None
    rate = leading(study)[1].thresholds["paying_share"]
    assert what_if(study, {"paying_share": rate}).values["contribution_per_user"] == pytest.approx(
        0, abs=1e-6
    )
    assert axis(study, "paying_share")[-1] == pytest.approx(3 * rate)


def test_an_axis_begins_at_nothing_and_not_at_what_rounding_left():
    ranged = {"value": 0.1, "low": 0.05, "high": 0.15}
    raw = {**changed(paid_churn_rate=ranged), "plans": []}
    ends = axis(study_of(raw), "paid_churn_rate")[[0, -1]]
    assert 0.05 - (0.15 - 0.05) / 2 != 0
    assert ends.tolist() == [0.0, pytest.approx(0.2)]


def test_a_what_if_is_about_the_result_of_the_verdict(reader, tmp_path):
    study = study_of(APP, reader)
    assert what_if(study, {}).step == leading(study)[1].step == "result_per_user"
    wave = study_of(scenarios.choices(tmp_path)["lensa-2022"].raw, reader)
    assert what_if(wave, {}).step == leading(wave)[1].step == "contribution"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_claim_beside_a_surface_has_a_label_of_its_own(reader, tmp_path, language):
    raw = {**scenarios.choices(tmp_path)["meitu-2024"].raw, "as_of": "2025-12-31"}
    found = claims_frame(reader, study_of(raw, reader), "paying_share", "net_proceeds")
    told = [claim_label(row, words(language)) for row in found.to_dict("records")]
    assert len(told) >= 5
    assert len(set(told)) == len(told)


def test_claims_stand_at_the_scenarios_own_value_and_were_known_on_the_day(reader, tmp_path):
    raw = scenarios.choices(tmp_path)["meitu-2024"].raw
    study = study_of(raw, reader)
    found = claims_frame(reader, study, "paying_share", "net_proceeds")
    assert len(found) >= 1
    assert (found["y"] == study.scenario.inputs.given["net_proceeds"].value).all()
    ours = found.loc[found["entity"] == "Meitu", "x"]
    assert ours.tolist() == [0.0474]  # of 2024; that of 2025 was not public yet
    earlier = study_of({**raw, "as_of": "2025-04-30"}, reader)
    later = study_of({**raw, "as_of": "2025-12-31"}, reader)
    many = [len(claims_frame(reader, s, "paying_share", "net_proceeds")) for s in (earlier, later)]
    assert many[0] < many[1]
    assert claims_frame(reader, study, "refund_rate", "net_proceeds").empty


def test_what_became_known_later_stands_beside_what_was_known(reader, tmp_path):
    raw = scenarios.choices(tmp_path)["meitu-2024"].raw
    found = later_frame(reader, study_of(raw, reader)).set_index("metric")
    assert found["value"]["paying_subscribers"] == 15_400_000
    assert found["before"]["paying_subscribers"] == 12_610_000
    assert found["before_as_of"]["paying_subscribers"].year == 2024


def test_a_waves_surface_is_nothing_where_its_threshold_says(tmp_path, reader) -> None:
    study = study_of(scenarios.choices(tmp_path)["lensa-2022"].raw, reader)
    assert study.month is None
    assert study.wave is not None
    zero = study.wave.outcome.thresholds["cost_per_image"]
    found = surface(study, "cost_per_image", "spend_per_install")
    assert found is not None
    assert found.step == "contribution_per_install"
    at_spend = study.scenario.inputs.given["spend_per_install"].value
    row = found.z[np.argmin(np.abs(found.y - at_spend))]
    crossing = found.x[np.flatnonzero(np.diff(np.sign(row)))]
    assert abs(crossing[0] - zero) < 2 * (found.x[1] - found.x[0]) + 0.05 * zero
