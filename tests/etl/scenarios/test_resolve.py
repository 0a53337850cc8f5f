from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from etl.analytics.curiosity_to_cash import curiosity_to_cash
from etl.analytics.product_month import product_month
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios import spend_inputs, store
from etl.scenarios.document import Listed, validate
from etl.scenarios.evidence import Evidence
from etl.scenarios.reaction import _market_value
from etl.scenarios.resolve import refuse_typed_faults, scenario
from etl.scenarios.spend_inputs import GrowthInputs
from tests.etl.scenarios.conftest import TYPED, Resolve


def test_a_typed_number_is_assumed_unless_it_says_otherwise(resolve: Resolve) -> None:
    found = resolve({"cac": {"value": 3, "evidence_kind": "measured", "source": "our ledger"}})
    given = found.inputs.given
    assert (given["net_proceeds"].evidence_kind, given["net_proceeds"].source) == (
        "assumed",
        "typed in",
    )
    assert (given["cac"].evidence_kind, given["cac"].source) == ("measured", "our ledger")
    assert given["utilisation"].source == "default of the model"


def test_a_fact_brings_its_range_its_kind_and_its_source(resolve: Resolve) -> None:
    users = resolve({"users_per_server": {"fact": "F0485"}}).inputs.given["users_per_server"]
    assert (users.value, users.low, users.high, users.shape) == (15_000, 10_000, 20_000, "uniform")
    assert users.evidence_kind == "disclosed"
    assert users.as_of == date(2022, 12, 8)
    assert users.source_url.startswith("http")


def test_money_is_converted_at_the_rate_of_its_day_and_says_so(resolve: Resolve, bundled) -> None:
    found = resolve({"hourly_price": {"fact": "F0287"}}).inputs.given["hourly_price"]
    rates = bundled.query(
        "SELECT quote, rate FROM fx_rates WHERE rate_date = '2025-07-17'"
    ).set_index("quote")["rate"]
    assert found.value == pytest.approx(0.34 * rates["CNY"] / rates["USD"])
    assert found.unit == "CNY/GPU-hour"
    assert "2025-07-17" in found.converted


def test_a_currency_without_a_rate_is_an_error(resolve: Resolve) -> None:
    with pytest.raises(InputError, match="needs the rate of KPW"):
        resolve({"cac": {"value": 1, "unit": "KPW/payer"}})


def test_what_became_public_later_is_refused(resolve: Resolve) -> None:
    with pytest.raises(InputError, match="became public on 2026-03-12"):
        resolve({"refund_rate": {"fact": "F0201"}}, as_of="2026-01-01")
    assert resolve({"refund_rate": {"fact": "F0201"}}, as_of="2026-04-01").inputs.given[
        "refund_rate"
    ].value == pytest.approx(0.042)


def test_formulas_work_over_facts_and_figures(resolve: Resolve) -> None:
    found = resolve({"fixed_costs": {"formula": "'1357.HK rd_expense 2024FY' / 12"}})
    assert found.inputs.given["fixed_costs"].value == pytest.approx(910e6 / 12)
    assert found.inputs.given["fixed_costs"].evidence_kind == "estimated"


@pytest.mark.parametrize(
    "formula", ["__import__('os').system('ls')", "F0130 ** 9", "F0130 +", "lambda: 1", "F0484 / 0"]
)
def test_a_formula_is_arithmetic_and_nothing_else(resolve: Resolve, formula: str) -> None:
    with pytest.raises(InputError):
        resolve({"fixed_costs": {"formula": formula}})


def test_contradicting_facts_become_a_range_or_stand_beside(resolve: Resolve) -> None:
    both = resolve({"paying_share": {"facts": ["F0049", "F0048"]}}).inputs.given["paying_share"]
    assert both.ends == (0.02, 0.029)
    assert both.shape == "uniform"


def test_a_formula_may_turn_what_is_for_one_thing_into_what_is_for_another(
    resolve: Resolve,
) -> None:
    for told in ({"formula": "F0484 / 100"}, {"formula": "F0484 / 100", "unit": "CNY/payer"}):
        assert resolve({"cac": told}).inputs.given["cac"].value == 4_500
    same = ({"value": 3, "unit": "CNY/subscriber"}, {"value": 3, "unit": "CNY"})
    assert [resolve({"cac": told}).inputs.given["cac"].value for told in same] == [3, 3]


THREE = {"paying_share": {"facts": ["F0106", "F0116", "F0093"]}}


def test_the_middle_of_facts_that_differ_is_ours_and_every_fact_stands_beside(
    resolve: Resolve,
) -> None:
    found = resolve(THREE, as_of="2026-06-01")
    share = found.inputs.given["paying_share"]
    assert share.value == pytest.approx((0.0474 + 0.055) / 2)
    assert share.evidence_kind == "estimated"
    assert share.source.startswith(
        "our middle of figures that differ (F0106 0.055, F0116 0.05, F0093 0.0474 ratio): "
    )
    assert not share.source_url, "no single claim's address stands for all of them"
    assert [each.value for each in found.merged[share.fact_id]] == [0.055, 0.05, 0.0474]
    beside = {each.fact_id: {q.fact_id for q in each.others} for each in found.contradictions}
    assert beside["F0106"] >= {"F0116", "F0093"}
    assert beside["F0116"] >= {"F0106", "F0093"}
    told = {q.fact_id: q for each in found.contradictions for q in each.others}
    assert told["F0093"].source_url.startswith("https://reportify.cn")
    assert (told["F0116"].unit, told["F0106"].as_of) == ("ratio", date(2025, 6, 30))


def test_two_disclosed_figures_that_differ_have_no_disclosed_middle(resolve: Resolve) -> None:
    both = resolve({"paying_share": {"facts": ["F0106", "F0093"]}}, as_of="2026-06-01")
    assert both.inputs.given["paying_share"].evidence_kind == "estimated"
    one = resolve({"paying_share": {"facts": ["F0106"]}}, as_of="2026-06-01")
    assert one.inputs.given["paying_share"].evidence_kind == "disclosed"
    assert not one.merged


def test_a_fact_that_others_contradict_is_shown_with_them(resolve: Resolve, bundled) -> None:
    pair = bundled.query(
        """
        SELECT min(fact_id) AS used, max(fact_id) AS other FROM disclosed_facts
        WHERE unit = 'ratio' AND value BETWEEN 0 AND 1 AND known_on < '2026-06-01'
        GROUP BY entity, metric, unit, period_start, period_end, country, platform, gpu_name,
                 model_name
        HAVING count(*) = 2 AND min(value) < max(value) ORDER BY 1 LIMIT 1
        """
    ).iloc[0]
    found = resolve({"paying_share": {"fact": pair["used"]}}, as_of="2026-06-01").contradictions
    assert [each.fact_id for each in found] == [pair["used"]]
    assert [q.fact_id for q in found[0].others] == [pair["other"]]


OUT_OF_BOUNDS = [
    ({"paying_share": 1.2}, "≥ 0 and ≤ 1"),
    ({"cost_per_image": -0.1}, "≥ 0"),
    ({"active_users": 0}, "> 0"),
    ({"blocked_rate": 1.0}, "≤ 0.99"),
    ({"pue": 0.9}, "≥ 1"),
    ({"paying_share": {"value": 0.5, "low": 0.6, "high": 0.7}}, "in this order"),
    ({"cac": {"value": 1, "unit": "ratio"}}, "an amount of money"),
    ({"paying_share": {"fact": "F0484"}}, "no amount of money"),
    ({"cac": {"fact": "F9999"}}, "unknown fact"),
    ({"images_per_second": {"benchmark": "nobody"}}, "published_id"),
    ({"active_users": {"figure": {"ticker": "X", "metric": "mau", "period": "2024FY"}}}, "X mau"),
    ({"utilisation": 1.0}, "as many machines as now are not enough: queues would never end; 2.86"),
    ({"utilisation": 1.4}, "4 times would bring it to 0.35"),
    ({"utilisation": 1.2}, "than 1.2 times the present machines are needed (0.2 more) for"),
    ({"refund_rate": 0.6, "chargeback_rate": 0.5}, "reach 1.1 together"),
    ({"paying_share": {"value": 0.4, "unit": "percent"}}, "divide it by 100"),
    ({"hourly_price": {"value": 300, "unit": "CNY/month"}}, "an amount/hour"),
    ({"images_per_second": {"value": 9, "unit": "images/hour"}}, "images/second"),
    ({"cac": {"value": 1, "as_of": "2026-06-01"}}, "what was known on 2026-01-31"),
    ({"cost_per_image": {"fact": "F0294", "unit": "CNY/image"}}, "an amount in USD"),
    ({"cost_per_image": {"formula": "F0294", "unit": "KPW/image"}}, "needs the rate of KPW"),
    ({"cac": {"formula": "1" + "0" * 400}}, "too large a number"),
    ({"cac": {"formula": "F0484 / (F0485 - 14000)"}}, "a range around zero"),
    ({"cac": {"formula": "+".join(["1"] * 5_000)}}, "at most 1,000"),
    ({"cac": {"formula": "+".join(f"F{i:04}" for i in range(1, 40))}}, "at most 8"),
    ({"cost_per_image": {"fact": "F0294", "evidence_kind": "measured"}}, "which is disclosed"),
    ({"cac": {"fact": "F0484"}}, "inputs.cac in CNY/server of F0484; expected: a figure for each"),
    ({"cac": {"facts": ["F0484"]}}, "a figure for each payer (an amount/payer)"),
    ({"cac": {"fact": "F0484", "unit": "CNY/payer"}}, "F0484 in CNY/server of F0484"),
    ({"cac": {"value": 3, "unit": "CNY/install"}}, "a figure for each payer"),
    # Reported as typed, not as what it would be in the scenario's currency.
    ({"hourly_price": {"value": -2.5, "unit": "USD/hour"}}, "hourly_price -2.5 USD/hour; expected"),
]


@pytest.mark.parametrize(("inputs", "told"), OUT_OF_BOUNDS)
def test_what_cannot_be_is_refused(resolve: Resolve, inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as fault:
        resolve(inputs)
    assert told in str(fault.value)


def test_a_formula_over_another_currency_is_converted_and_not_renamed(resolve: Resolve) -> None:
    both = {"cost_per_image": {"formula": "F0294 * 2"}, "api_price": {"fact": "F0294"}}
    given = resolve(both).inputs.given
    assert given["cost_per_image"].value == pytest.approx(2 * given["api_price"].value)
    assert given["cost_per_image"].unit == "CNY/image"
    assert "CNY/USD" in given["cost_per_image"].converted


def test_a_unit_in_another_currency_converts_what_a_formula_reckons_with(resolve: Resolve) -> None:
    told = {"formula": "F0294 * 2", "unit": "CNY/image"}
    both = {"cost_per_image": told, "api_price": {"fact": "F0294"}}
    given = resolve(both).inputs.given
    assert given["cost_per_image"].value == pytest.approx(2 * given["api_price"].value)
    assert given["cost_per_image"].converted == given["api_price"].converted


def test_facts_in_several_currencies_are_converted_each_at_the_rate_of_its_day(
    resolve: Resolve,
) -> None:
    parts = {"api_price": {"fact": "F0294"}, "server_price": {"fact": "F0484"}}
    given = resolve({**parts, "cac": {"formula": "F0294 + F0484"}}).inputs.given
    whole = given["api_price"].value + given["server_price"].value
    assert given["cac"].value == pytest.approx(whole)
    assert given["cac"].unit == "CNY/payer"
    assert "CNY/USD" in given["cac"].converted
    dollars = resolve(parts, currency="USD").inputs.given
    ratio = resolve({"refund_rate": {"formula": "F0294 / F0484"}}).inputs.given["refund_rate"]
    assert ratio.value == pytest.approx(dollars["api_price"].value / dollars["server_price"].value)


@pytest.mark.parametrize("currency", ["USD", "EUR", "CNY"])
def test_a_formula_lives_through_another_currency(resolve: Resolve, currency: str) -> None:
    from dashboard.scenarios import with_settings

    raw = {**TYPED, "inputs": {"cost_per_image": {"formula": "F0294 * 2"}}}
    switched = with_settings(raw, {"currency": currency})
    found = resolve(switched["inputs"], currency=currency).inputs.given["cost_per_image"]
    assert found.unit == f"{currency}/image"
    straight = resolve({"api_price": {"fact": "F0294"}}, currency=currency).inputs.given
    assert found.value == pytest.approx(2 * straight["api_price"].value)


def test_a_range_typed_beside_a_fact_is_assumed_unless_it_is_said_otherwise(
    resolve: Resolve,
) -> None:
    wide = {"fact": "F0294", "low": 0.01, "high": 0.09}
    found = resolve({"cost_per_image": wide}).inputs.given["cost_per_image"]
    assert found.evidence_kind == "assumed"
    said = resolve({"cost_per_image": {**wide, "evidence_kind": "estimated"}}).inputs.given
    assert said["cost_per_image"].evidence_kind == "estimated"


def test_a_benchmark_and_a_figure_of_later_are_refused(resolve: Resolve) -> None:
    bench = {"images_per_second": {"benchmark": "mlperf-5.1-0004-datacenter-offline"}}
    with pytest.raises(InputError, match="benchmarks known on 2025-01-01"):
        resolve(bench, as_of="2025-01-01")
    # No day of publication is held: companies have three months to report.
    year = {"gross_margin": {"figure": {"ticker": "1357.HK", "metric": "gross_margin"}}}
    year["gross_margin"]["figure"]["period"] = "2023FY"
    with pytest.raises(InputError, match="became public on 2024-03-30"):
        resolve(year, as_of="2024-01-31")
    assert resolve(year, as_of="2024-03-30").inputs.given["gross_margin"].value > 0


def test_bills_are_asked_for_the_day(resolve: Resolve, monkeypatch) -> None:
    asked: list[date | None] = []

    def bills(_: object, currency: str, *, as_of: date | None = None) -> GrowthInputs:
        asked.append(as_of)
        return GrowthInputs({}, {"hourly_price": "no bill"})

    monkeypatch.setattr(spend_inputs, "bill_quantities", bills)
    found = resolve({"hourly_price": {"own": {"source": "bills"}}})
    assert (asked, found.reasons["hourly_price"]) == ([date(2026, 1, 31)], "no bill")


def test_a_share_count_published_later_values_no_company(bundled) -> None:
    listed = Listed(ticker="SSTK", event_id="E")
    eve = {"trade_date": date(2023, 1, 15), "raw_close": 50.0}

    def value(as_of: date) -> Quantity | None:
        return _market_value(bundled, listed, {"currency": "USD"}, (eve, as_of))[0]

    assert value(date(2023, 2, 13)) is None
    assert value(date(2023, 2, 14)) is not None


def test_what_is_about_the_future_is_converted_at_the_rate_of_the_day(bundled) -> None:
    ahead = Quantity(1.0, "USD", "disclosed", as_of=date(2024, 12, 31))
    found = Evidence(bundled, date(2023, 6, 30)).converted(ahead, "CNY")
    assert "of 2023-06-30" in found.converted


def test_a_currency_is_asked_for_once_whatever_the_days_of_its_prices(
    bundled, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2026, month, 15) for month in range(1, 9)]
    newest = "SELECT arg_max(rate, rate_date) FROM fx_rates WHERE quote = ? AND rate_date <= ?"
    cny, usd = ([bundled.query(newest, [q, day]).iat[0, 0] for day in days] for q in ("CNY", "USD"))
    ask, asked = bundled.query, []
    monkeypatch.setattr(bundled, "query", lambda *told: asked.append(told) or ask(*told))
    evidence = Evidence(bundled, date(2026, 9, 1))
    for day, one, other in zip(days, cny, usd, strict=True):
        found = evidence.converted(Quantity(1.0, "USD", "disclosed", as_of=day), "CNY")
        assert found.value == one / other
    assert len(asked) == 2


def test_contradictions_of_facts_in_formulas_are_shown_too(resolve: Resolve, bundled) -> None:
    pair = bundled.query(
        """
        SELECT min(fact_id) AS used, max(fact_id) AS other FROM disclosed_facts
        WHERE unit = 'ratio' AND value BETWEEN 0 AND 1 AND known_on < '2026-06-01'
        GROUP BY entity, metric, unit, period_start, period_end, country, platform, gpu_name,
                 model_name
        HAVING count(*) = 2 AND min(value) < max(value) ORDER BY 1 LIMIT 1
        """
    ).iloc[0]
    told = {"paying_share": {"formula": f"{pair['used']} / 1"}}
    found = resolve(told, as_of="2026-06-01").contradictions
    assert [q.fact_id for q in found[0].others] == [pair["other"]]


def test_that_a_pack_is_bought_each_month_is_assumed(resolve: Resolve) -> None:
    price = {"value": 15, "evidence_kind": "disclosed", "source": "the store"}
    pack = {**PLAN, "price": price, "period": "pack"}
    assert resolve(None, plans=[pack]).plans[0].price.evidence_kind == "assumed"
    month = {**pack, "period": "month"}
    assert resolve(None, plans=[month]).plans[0].price.evidence_kind == "disclosed"


@pytest.mark.parametrize("window", [(5, -5), (-100_000, 100_000)])
def test_a_window_that_cannot_be_is_wrong_input(resolve: Resolve, window) -> None:
    with pytest.raises(InputError, match="in listed"):
        resolve(listed={"ticker": "1357.HK", "event_id": "E0084", "window": window})


def test_a_price_of_a_year_is_no_price_of_a_month(resolve: Resolve) -> None:
    plan = {**PLAN, "price": {"value": 120, "unit": "CNY/year"}}
    with pytest.raises(InputError, match="CNY/month"):
        resolve(None, plans=[plan])
    assert resolve(None, plans=[{**plan, "period": "year"}]).plans[0].price.value == 10


def test_a_benchmark_brings_the_rate_of_one_device(resolve: Resolve, bundled) -> None:
    row = bundled.query(
        "SELECT published_id, images_per_second / n_devices AS rate FROM published_benchmarks "
        "WHERE benchmark LIKE 'MLPerf%' AND n_devices > 1 ORDER BY published_id LIMIT 1"
    ).iloc[0]
    found = resolve({"images_per_second": {"benchmark": row["published_id"]}}).inputs.given
    assert found["images_per_second"].value == pytest.approx(row["rate"])
    assert found["images_per_second"].evidence_kind == "disclosed"


PLAN = {"name": "monthly", "price": 15, "store": "app_store", "storefront": "CN"}


def test_a_plan_takes_the_store_terms_of_the_day(resolve: Resolve) -> None:
    plan = {**PLAN, "price_includes_tax": True}
    inputs = {"net_proceeds": {"value": 1}}
    before = resolve(inputs, plans=[plan], as_of="2025-01-31").plans[0]
    after = resolve(inputs, plans=[plan], as_of="2026-11-01").plans[0]
    assert before.terms["commission_rate"].value == pytest.approx(0.30)
    assert after.terms["commission_rate"].value == pytest.approx(0.25)
    assert before.net is not None
    assert before.tax is not None
    assert before.fees is not None
    assert before.net.value + before.tax + before.fees == pytest.approx(15)
    low, high = before.net.ends
    assert low < before.net.value <= high, "both orders of tax and commission are in the range"


def test_a_missing_term_leaves_the_proceeds_missing_and_says_which(resolve: Resolve) -> None:
    raw = {**TYPED["inputs"]}
    raw.pop("net_proceeds")
    found = resolve(None, plans=[PLAN])
    assert found.plans[0].net is None
    assert "price_includes_tax" in found.plans[0].reason


def test_plans_of_several_countries_are_weighed_by_their_shares(resolve: Resolve, bundled) -> None:
    plans = [
        {**PLAN, "price_includes_tax": True, "share": 0.5},
        {
            **{"name": "us", "share": 0.5, "store": "web_stripe", "storefront": "US"},
            "price": {"value": 48, "unit": "USD/year"},
            "period": "year",
        },
    ]
    raw = {**TYPED, "plans": plans, "inputs": {"active_users": 10, "paying_share": 0.1}}
    found = scenario(raw, "typed.yml", bundled)
    nets = [each.net for each in found.plans]
    assert all(nets)
    expected = sum(net.value for net in nets if net) / 2
    assert found.inputs.given["net_proceeds"].value == pytest.approx(expected)
    assert "USD" in found.plans[1].price.converted
    plans[0]["share"] = 0.4
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        scenario(raw, "typed.yml", bundled)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"store": "app_stor"}, "perhaps you meant app_store"),
        ({"program": "smal"}, "small_business"),
    ],
)
def test_an_unknown_store_or_programme_names_the_nearest(
    resolve: Resolve, change: dict[str, str], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        resolve(None, plans=[{**PLAN, **change}])


@pytest.mark.parametrize("key", store.cases())
def test_a_ready_case_stands_on_bundled_evidence_alone(key: str, tmp_path, bundled) -> None:
    raw = store.load(key, tmp_path)
    found = scenario(raw, key, bundled)
    assert found.has_month or found.has_wave
    # Stores state neither for a pack of the small platform's: nothing it asks for is missing.
    assert set(found.reasons) <= {"refund_rate", "payout_lag_days"}
    for name, given in validate(raw, key).inputs.items():
        if not given.references:
            assert given.source, f"{name} of {key} is typed in without a reason"
    assert all(each.value for each in found.later)
    assert raw["name_zh"]
    assert len(raw["notes"]) == len(raw["notes_zh"])


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("small-platform", ("active_users", "free_wait_seconds")),
        ("meitu-2022", ("paid_conversion_rate", "net_proceeds", "gross_margin")),
    ],
)
def test_a_figure_in_place_of_another_is_assumed_and_says_of_what_it_is(
    key: str, names: tuple[str, ...], tmp_path, bundled
) -> None:
    given = scenario(store.load(key, tmp_path), key, bundled).inputs.given
    for name in names:
        assert given[name].evidence_kind == "assumed", name
        assert " in place of " in given[name].source or "nobody said" in given[name].source, name
    if key == "small-platform":
        assert given["users_per_server"].evidence_kind == "disclosed"


def test_the_small_platform_breaks_even_near_the_overviews_rate(tmp_path, bundled) -> None:
    found = scenario(store.load("small-platform", tmp_path), "small-platform", bundled)
    month = product_month(found.inputs, found.document.sourcing, found.horizon)
    step = month.evaluation.step("break_even_paid_conversion_rate")
    # 450,000 CNY over 36 months and 15,000 users, against what is left of 9.90 after tax and fee.
    assert step.value == pytest.approx(450_000 / 36 / 15_000 / 8.705, rel=2e-3)
    assert step.low is not None
    assert step.low < step.value < (step.high or 0)
    assert month.outcome.probability_profitable is None


def test_lensa_says_at_which_cost_of_a_picture_nothing_was_left(tmp_path, bundled) -> None:
    found = scenario(store.load("lensa-2022", tmp_path), "lensa", bundled)
    result = curiosity_to_cash(found.inputs, found.document.sourcing, found.horizon)
    assert result.by_spend
    revenue = result.evaluation.step("net_revenue").value
    assert revenue == pytest.approx(7e6 * (1 - 0.225))
    pictures = 7e6 / 3.99 * 50
    assert result.outcome.thresholds["cost_per_image"] == pytest.approx(
        revenue / pictures, rel=1e-6
    )


def test_meitus_wave_was_worth_many_times_its_cash_and_is_greyed(tmp_path, bundled) -> None:
    found = scenario(store.load("meitu-2022", tmp_path), "meitu", bundled)
    result = curiosity_to_cash(found.inputs, found.document.sourcing, found.horizon)
    assert result.outcome.is_greyed
    assert result.outcome.deciding(1) == ["paid_churn_rate"]
    added = result.evaluation.step("abnormal_value")
    assert added.low is not None
    assert added.low < 0 < (added.high or 0), "the abnormal return itself is not significant"
    assert found.reaction is not None
    assert found.inputs.given["market_value"].unit == "CNY"


def test_references_need_a_snapshot_and_typed_numbers_do_not() -> None:
    assert scenario(TYPED, "typed.yml", None).has_month
    raw = {**TYPED, "inputs": {"active_users": {"fact": "F0485"}}}
    with pytest.raises(InputError, match="reference to collected facts"):
        scenario(raw, "typed.yml", None)


TYPED_FAULTS = [
    ({"inputs": {"paid_churn_rate": 1.4}}, "inputs.paid_churn_rate 1.4"),
    ({"inputs": {"hourly_price": {"value": -2.5, "unit": "USD/hour"}}}, "-2.5 USD/hour"),
    ({"inputs": {"users_per_server": {"fact": "F0485", "low": -1, "high": 2e4}}}, "server -1"),
    ({"inputs": {"paying_share": {"value": 0.5, "low": 0.6, "high": 0.7}}}, "in this order"),
    ({"inputs": {"refund_rate": 0.6, "chargeback_rate": 0.5}}, "reach 1.1 together"),
    ({"plans": [{**PLAN, "price": -15}]}, "the price of 'monthly' -15 CNY; expected: an amount ab"),
    ({"plans": [{**PLAN, "price": {"value": 0, "unit": "USD"}}]}, "'monthly' 0 USD"),
    ({"plans": [{**PLAN, "fixed_fee": -1}]}, "the fixed fee of 'monthly' -1 CNY"),
    ({"plans": [{**PLAN, "price": {"value": 120, "unit": "CNY/year"}}]}, "CNY/month"),
    ({"plans": [{**PLAN, "share": 0.4}]}, "add up to 0.4"),
    ({"mix": {"cells": {"a": {"share": 1, "blocked_rate": 1}}}}, "mix.cells.a.blocked_rate 1"),
]


@pytest.mark.parametrize(("keys", "told"), TYPED_FAULTS)
def test_what_no_snapshot_could_mend_is_refused_without_one(
    keys: dict[str, Any], told: str
) -> None:
    raw = {**TYPED, "inputs": {"active_users": 1}, **keys}
    with pytest.raises(InputError) as fault:
        refuse_typed_faults(raw, "typed.yml")
    assert told in str(fault.value)


@pytest.mark.parametrize("key", store.cases())
def test_ready_cases_have_no_typed_fault(key: str, tmp_path) -> None:
    refuse_typed_faults(store.load(key, tmp_path), key)


def test_other_currencies_and_references_are_kept_without_a_snapshot() -> None:
    inputs = {
        "hourly_price": {"value": 2.5, "unit": "USD/hour"},
        "server_price": {"fact": "F0484"},
        "retry_rate": {"own": {"source": "mine"}},
    }
    plans = [{**PLAN, "price": {"fact": "F0115"}}]
    refuse_typed_faults({**TYPED, "inputs": inputs, "plans": plans}, "typed.yml")
