from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboard import queries
from dashboard.studies import Assumptions, BreakEvenStudy, break_even_study
from dashboard.studies.break_even_rows import STATED, span_of
from dashboard.studies.break_even_terms import Terms
from dashboard.tables.break_even import note_sentence
from dashboard.text import words
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
    # Nobody stated the life of the server, so what follows from it is assumed.
    assert (cost["unit"], cost["evidence_kind"]) == ("CNY/user/month", "assumed")
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
    # Which of 13, 9 or 6 % an app sale takes is not known.
    assert row["net_proceeds_high"] == pytest.approx(15 / 1.06 * 0.7)
    assert row["low"] == pytest.approx(0.625 / row["net_proceeds_high"])
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
    newest = table[table["latest"]].set_index("entity")["value"]
    # A part of the company, such as the mainland, is no contradiction of the whole.
    assert newest["Meitu"] == 0.055
    assert newest["Meitu: mainland China"] == 0.05
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
    assert study.achieved["fact_id"].str.startswith("1357.HK ").all()
    later = break_even_study(reader, as_of=date(2024, 12, 31)).achieved
    # The penetration at the end of 2024 was published in March 2025.
    assert later["as_of"].max() == pd.Timestamp("2024-06-30")
    assert later.loc[later["latest"], "value"].tolist() == [0.042]


def test_a_tax_that_may_be_another_is_told_with_its_range(strip: BreakEvenStudy) -> None:
    note = next(note for note in strip.notes if note.code == "tax_rate_not_known")
    assert note.values == {"value": 0.13, "low": 0.06, "high": 0.13}
    told = note_sentence(note, words("en"))
    assert told.startswith("Estimated: a tax of 13%. Sources name 6% to 13%")


def test_without_the_assumption_on_tax_the_rates_are_missing_with_a_reason(reader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(price_includes_tax=None))
    stated = study.break_even[study.break_even["metric"] == "price_plan"]
    assert stated["value"].isna().all()
    assert set(stated["reason"]) == {"not known: price_includes_tax"}


def test_a_longer_life_makes_a_user_cheaper(reader: SnapshotReader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(life_months=60))
    assert study.cost.loc[0, "low"] == pytest.approx(0.375)


def answers(study: BreakEvenStudy) -> pd.DataFrame:
    return study.answers.set_index("name")


def test_the_answer_takes_the_newest_monthly_price_under_the_terms_of_its_day(strip) -> None:
    price = strip.price.iloc[0]
    assert (price["fact_id"], price["program"], price["commission_rate"]) == (
        "F0115", "standard", 0.30,
    )  # fmt: skip
    server = answers(strip).loc["server"]
    kept = 15 / 1.13 * 0.7
    assert server["value"] == pytest.approx(450_000 / 36 / 15_000 / kept)
    assert server["low"] == pytest.approx(0.625 / (15 / 1.06 * 0.7))
    assert server["high"] == pytest.approx(1.25 / price["net_proceeds_low"])
    assert server["evidence_kind"] == "assumed"


def test_another_published_price_can_be_looked_at(reader: SnapshotReader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(price_fact_id="F0467"))
    assert study.price.iloc[0]["price_unit"] == "CNY/pack"
    unknown = break_even_study(reader, assumptions=Assumptions(price_fact_id="F9999"))
    assert unknown.price.iloc[0]["fact_id"] == "F0115"


def test_by_api_the_cost_is_price_times_pictures_at_the_rate_of_its_day(
    reader: SnapshotReader,
) -> None:
    study = break_even_study(reader, assumptions=Assumptions(api_fact_id="F0294"))
    assert study.api is not None
    images = 4_000_000 / 3_000_000 * 365.25 / 12
    per_month = study.api.inputs.set_index("name").loc["images_per_user_month"]
    assert per_month["value"] == pytest.approx(images)
    assert per_month["evidence_kind"] == "estimated"
    rates = reader.query(
        "SELECT quote, rate FROM fx_rates WHERE base = 'EUR' AND rate_date = DATE '2022-11-03'"
    ).set_index("quote")["rate"]
    cost = study.api.cost.iloc[0]
    assert cost["value"] == pytest.approx(0.02 * images * rates["CNY"] / rates["USD"])
    assert cost["evidence_kind"] == "estimated"
    kept = study.price.iloc[0]["net_proceeds"]
    assert answers(study).loc["api", "value"] == pytest.approx(cost["value"] / kept)


def test_every_model_has_its_newest_price_once_and_the_middle_one_is_chosen(strip) -> None:
    prices = strip.api.prices
    assert not prices.duplicated(["entity", "model_name"]).any()
    assert prices["value"].is_monotonic_increasing
    chosen = prices.loc[prices["fact_id"] == strip.api.fact_id, "value"].iloc[0]
    assert chosen == prices["value"].quantile(0.5, interpolation="lower")


def test_api_prices_of_a_past_day_are_those_known_then(reader: SnapshotReader) -> None:
    study = break_even_study(reader, as_of=date(2022, 12, 31))
    assert study.api is not None
    assert set(study.api.prices["fact_id"]) == {"F0294", "F0295", "F0296"}
    # No price that users pay was known in the server's currency, so no share follows.
    assert study.price.empty
    assert study.answers.empty


SUPPOSED = [
    (Assumptions(server_price=900_000), "gpu_server_price", 2.0, 1.0),
    (Assumptions(life_months=18), "life_months", 2.0, 1.0),
    (Assumptions(users_per_server=7_500), "users_per_server", 2.0, 1.0),
    (Assumptions(images_per_user_month=10), "images_per_user_month", 1.0, 10 / (40 + 7 / 12)),
    (Assumptions(api_price=0.01), "image_api_price", 1.0, 0.25),
]


@pytest.mark.parametrize(("assumptions", "name", "server", "api"), SUPPOSED)
def test_what_is_supposed_is_assumed_and_moves_its_own_answer_alone(
    reader: SnapshotReader,
    strip: BreakEvenStudy,
    assumptions: Assumptions,
    name: str,
    server: float,
    api: float,
) -> None:
    study = break_even_study(reader, assumptions=assumptions)
    assert study.api is not None
    inputs = pd.concat([study.inputs, study.api.inputs]).set_index("name")
    assert inputs.loc[name, "evidence_kind"] == "assumed"
    assert pd.isna(inputs.loc[name, "source_url"])
    ratio = answers(study)["value"] / answers(strip)["value"]
    assert ratio.to_dict() == pytest.approx({"server": server, "api": api})


def test_a_supposed_fee_takes_the_place_of_the_programmes(reader: SnapshotReader) -> None:
    study = break_even_study(reader, assumptions=Assumptions(commission_rate=0.0))
    assert set(study.break_even["program"]) == {"assumed"}
    assert study.price.iloc[0]["net_proceeds"] == pytest.approx(15 / 1.13)
    assert set(study.break_even["evidence_kind"]) == {"assumed"}


def test_pay_rates_of_filings_count_as_known_ninety_days_after_their_period(reader) -> None:
    known = break_even_study(reader, as_of=date(2022, 12, 31)).achieved
    meitu = known[known["metric"] == "subscription_penetration_rate"]
    assert {0.0122, 0.0174} <= set(meitu["value"].round(4))
    assert set(meitu["entity"]) == {"Meitu"}
    assert (meitu["as_of"] <= pd.Timestamp("2022-10-02")).all()


def test_the_days_of_what_is_derived_are_its_newest_and_oldest_part(reader):
    study = break_even_study(reader)
    rates = study.answers.set_index("name")
    price = study.price["as_of"].iloc[0]
    assert rates.loc["server", "as_of"] == price
    assert rates.loc["server", "as_of_oldest"] == study.cost["as_of"].iloc[0] < price
    assert pd.isna(span_of([{"as_of": pd.NaT}])["as_of"])


def test_the_kind_of_store_terms_is_that_of_their_own_row(reader):
    terms = queries.net_proceeds(reader).assign(evidence_kind="estimated")
    bound = Terms(terms, None, STATED)
    kinds = {bound.evidence_kind(row, taxed=False) for row in bound.commissions()}
    assert kinds == {"estimated"}
    supposed = Terms(terms, None, Assumptions(commission_rate=0.1))
    assert supposed.evidence_kind(supposed.commissions()[0], taxed=False) == "assumed"
