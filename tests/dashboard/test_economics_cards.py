"""The further cards of Unit economics: filled, with inputs missing, and beyond what is possible."""

# pyright: basic

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import scenarios
from dashboard.app_pages import economics_controls as controls
from tests.dashboard.conftest import text_of

FULL = {
    "name": "An app",
    "as_of": "2026-06-30",
    "currency": "CNY",
    "sourcing": "rent",
    "horizon_months": 12,
    "inputs": {
        "active_users": 300_000,
        "paying_share": 0.03,
        "paid_images_per_user": 100,
        "free_images_per_user": 10,
        "images_per_second": 1.1,
        "hourly_price": 12,
        "paid_wait_seconds": 5,
        "free_wait_seconds": 60,
        "opening_cash": 100_000,
        "peak_installs_per_day": 50_000,
        "free_images_per_install": 8,
        "half_life_days": 30,
    },
    "plans": [{"name": "monthly", "price": 25, "storefront": "CN", "price_includes_tax": True}],
}
HEADS = {
    "en": ("Capacity and waiting", "Own, rent, serverless or API", "Cash runway"),
    "zh": ("产能与排队等待", "自购、租用、无服务器或 API", "现金跑道"),
}


def with_inputs(**changed) -> dict:
    inputs = {k: v for k, v in {**FULL["inputs"], **changed}.items() if v is not None}
    return {**FULL, "inputs": inputs}


@pytest.fixture
def show(published, open_page):
    def shown(raw: dict, **query: str) -> AppTest:
        page = open_page(published, "unit_economics", s=scenarios.code_of(raw), **query)
        assert not page.exception
        return page

    return shown


def said(page: AppTest) -> str:
    return text_of(page).replace("\\", "")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_card_is_filled(show, lang):
    page = show(FULL, lang=lang)
    assert not page.error, [e.value for e in page.error]
    heads = [head.value for head in page.header]
    assert all(head in heads for head in HEADS[lang])
    charts = len(page.get("plotly_chart"))
    assert charts >= 13, charts


def test_inputs_that_are_missing_are_named_and_what_to_do(show):
    page = show(with_inputs(free_images_per_user=None, half_life_days=None))
    told = " ".join(info.value for info in page.info).replace("\\", "")
    assert "Not known without: Pictures of a free user" in told
    assert "Not known without: Half-life of the wave" in told
    held = next(table.value for table in page.dataframe if table.proto.editing_mode)
    asked = held.loc[["free_images_per_user", "half_life_days"]]
    assert list(asked["evidence"]) == ["missing", "missing"]
    assert "table of inputs" in told
    assert not page.error


def test_without_any_speed_nothing_is_made_up(show, monkeypatch):
    def no_speed(reader, written):
        return []

    monkeypatch.setattr(controls, "of_scenario", no_speed)
    page = show(with_inputs(images_per_second=None))
    assert sum("No speed is known" in info.value for info in page.info) == 3


def test_too_few_machines_are_told_as_missing_and_no_wait_is_shown(show):
    page = show(FULL, cap_machines="1")
    (error,) = page.error
    assert "machines are missing" in error.value
    assert not any(tile.label.startswith("p95 wait") for tile in page.metric)


def test_without_a_simulation_the_wait_is_missing_with_its_reason(show):
    page = show(FULL, cap_jobs="0")
    waits = {tile.label: tile.value for tile in page.metric if tile.label.startswith("p95 wait")}
    assert waits == {"p95 wait: Paying users": "–", "p95 wait: Free users": "–"}
    assert "No formula gives this wait" in said(page)


def test_one_line_is_told_by_its_formula(show):
    page = show(FULL, cap_line="one")
    assert "chain: M/D/c (Crommelin)" in said(page)
    assert "simulation, 95% interval" not in said(page)


def test_a_measured_load_is_simulated_in_batches(show, reader):
    cell = reader.query("SELECT bench_run_id FROM compute_loads ORDER BY measured_at DESC, cell")
    code = f"load-{cell['bench_run_id'].iloc[0]}-0"
    page = show(FULL, cap_speed=code)
    assert not page.error
    assert page.selectbox(key="cap_speed").value == code
    assert "Batches have no formula" in said(page)


def test_the_address_restores_every_choice_by_its_code(show):
    query = {
        "cap_line": "one",
        "cap_law": "exponential",
        "src_api": "F0294",
        "wav_plan": "floor",
        "car_model": "sdxl",
    }
    page = show(FULL, **query, cap_paid="2.5", cash_months="24", src_rent="typed")
    for key, code in query.items():
        assert page.selectbox(key=key).value == code
    assert page.number_input(key="cap_paid").value == 2.5
    assert page.number_input(key="cash_months").value == 24
    assert "src_rent" in page.query_params


def test_a_choice_that_stands_in_is_left_out_of_the_address_and_follows_the_scenario(show):
    page = show(FULL)
    own = [key for key in page.query_params if key.partition("_")[0] in _PREFIXES]
    assert own == []
    assert page.number_input(key="wav_half").value == 30
    page.number_input(key="cash_months").set_value(6).run()
    assert page.number_input(key="cash_months").value == 6
    assert page.query_params["cash_months"] in ("6", ["6"])
    page.query_params["s"] = scenarios.code_of(with_inputs(half_life_days=45))
    page.run()
    assert page.number_input(key="wav_half").value == 45


_PREFIXES = ("cap", "car", "src", "wav", "cash")


def test_hours_that_cannot_be_are_told_and_the_other_cards_stay(show):
    page = show(FULL, cap_hours="1,2,x")
    (error,) = page.error
    assert "24 numbers with commas" in error.value
    assert "Cash is lowest on" in said(page)


def test_cash_below_zero_is_dated(show):
    page = show(with_inputs(opening_cash=1_000), cash_growth="5")
    assert not page.error
    assert "and falls below zero on" in said(page)


def test_a_claim_that_was_not_public_yet_is_not_shown(show):
    raw = {**with_inputs(net_proceeds=18), "as_of": "2022-11-30", "plans": []}
    page = show(raw)
    assert any("No claim about the users" in info.value for info in page.info)


def test_a_price_left_out_leaves_its_way_out(show):
    page = show(FULL, src_api="none", src_serverless="none")
    assert "API" not in next(
        text.value for text in page.markdown if "is the cheapest" in text.value
    )
