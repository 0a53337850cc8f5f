"""The further cards of Unit economics: filled, with inputs missing, and beyond what is possible."""

# pyright: basic

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import scenarios
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
