from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboard.studies import Assumptions, BreakEvenStudy, break_even_study
from etl.warehouse import SnapshotReader

ROW = {"name", "value", "low", "high", "unit", "evidence_kind", "as_of"}
ROW |= {"source_title", "source_url", "fact_id"}


@pytest.fixture(scope="module")
def reader(published: Path) -> SnapshotReader:
    return SnapshotReader(published)


@pytest.fixture(scope="module")
def strip(reader: SnapshotReader) -> BreakEvenStudy:
    return break_even_study(reader)


def codes(study: BreakEvenStudy) -> set[str]:
    return {note.code for note in study.notes}


def test_one_user_costs_five_eighths_to_one_and_a_quarter_yuan_a_month(strip) -> None:
    cost = strip.cost.iloc[0]
    assert (cost["low"], cost["high"]) == pytest.approx((0.625, 1.25))
    assert (cost["unit"], cost["evidence_kind"]) == ("CNY/user/month", "estimated")
    assert cost["fact_id"] == "F0484, F0485"


def test_what_nobody_states_is_shown_as_assumed(strip: BreakEvenStudy) -> None:
    kinds = strip.inputs.set_index("name")["evidence_kind"]
    assert kinds.to_dict() == {
        "gpu_server_price": "disclosed",
        "users_per_server": "disclosed",
        "life_months": "assumed",
    }
    assumed = {note.values["name"] for note in strip.notes if note.code == "assumed"}
    assert assumed == {"life_months", "price_includes_tax"}


def test_every_row_carries_value_range_kind_day_and_source(strip: BreakEvenStudy) -> None:
    for frame in (strip.inputs, strip.cost, strip.break_even, strip.achieved):
        assert set(frame.columns) >= ROW
        assert (frame["low"] <= frame["value"]).all()
        assert (frame["value"] <= frame["high"]).all()


def test_the_pay_rate_follows_from_price_tax_and_fee(strip: BreakEvenStudy) -> None:
    table = strip.break_even
    monthly = table[(table["fact_id"] == "F0115") & table["in_force_at_price_date"]]
    row = monthly.set_index("program").loc["standard"]
    kept = 15 / 1.13 * 0.7
    assert row["net_proceeds"] == pytest.approx(kept)
    assert row["net_proceeds_low"] == pytest.approx(15 / 1.13 - 0.3 * 15)
    assert row["low"] == pytest.approx(0.625 / kept)
    assert row["high"] == pytest.approx(1.25 / row["net_proceeds_low"])
    assert row["commission_rate"] == 0.30
    latest = table[(table["fact_id"] == "F0115") & table["latest_terms"]].set_index("program")
    assert latest.loc["standard", "commission_rate"] == 0.25
    assert latest.loc["small_business", "commission_rate"] == 0.12


def test_a_pack_and_a_yearly_revenue_keep_their_own_unit(strip: BreakEvenStudy) -> None:
    table = strip.break_even.drop_duplicates("fact_id").set_index("fact_id")
    assert table.loc["F0467", "price_unit"] == "CNY/pack"
    assert table.loc["F0096", "price_unit"] == "CNY/month"
    assert table.loc["F0096", "price"] == pytest.approx(197 / 12)
    assert table.loc["F0096", "tax_rate"] == 0


def test_only_prices_in_the_currency_of_the_server_are_compared(strip: BreakEvenStudy) -> None:
    assert strip.currency == "CNY"
    assert set(strip.break_even["price_unit"]) == {"CNY/month", "CNY/pack"}
    left_out = next(note for note in strip.notes if note.code == "other_currency_left_out")
    assert left_out.values["n"] > 0


def test_achieved_rates_keep_their_names_apart(strip: BreakEvenStudy) -> None:
    table = strip.achieved
    assert set(table["metric"]) == {
        "subscription_penetration_rate",
        "download_to_paid_d30",
        "download_to_paid_d35",
    }
    newest = table[(table["entity"] == "Meitu") & table["latest"]]
    # Two sources disagree about the same day: both stand.
    assert sorted(newest["value"]) == [0.05, 0.055]
    assert {"penetration_is_not_conversion", "not_included"} <= codes(strip)


def test_a_view_before_the_article_has_no_cost_and_says_so(reader: SnapshotReader) -> None:
    study = break_even_study(reader, as_of=date(2022, 12, 7))
    assert study.cost.empty
    assert study.break_even.empty
    assert set(study.break_even.columns) >= ROW
    assert codes(study) == {"not_known_yet"}


def test_a_view_as_of_a_day_uses_the_facts_and_terms_of_that_day(reader) -> None:
    study = break_even_study(reader, as_of=date(2023, 12, 7))
    assert set(study.break_even["fact_id"]) == {"F0467"}
    assert set(study.break_even["commission_rate"]) == {0.30, 0.15}
    assert study.break_even["latest_terms"].all()
    assert study.achieved.empty
    later = break_even_study(reader, as_of=date(2024, 12, 31)).achieved
    # The penetration at the end of 2024 was published in March 2025.
    assert later["as_of"].max() == pd.Timestamp("2024-06-30")
    assert later.loc[later["latest"], "value"].tolist() == [0.042]


def test_without_the_assumption_on_tax_the_rates_are_missing_with_a_reason(reader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(price_includes_tax=None))
    stated = study.break_even[study.break_even["metric"] == "price_plan"]
    assert stated["value"].isna().all()
    assert set(stated["reason"]) == {"not known: price_includes_tax"}


def test_a_longer_life_makes_a_user_cheaper(reader: SnapshotReader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(life_months=60))
    assert study.cost.loc[0, "low"] == pytest.approx(0.375)
