"""Scenarios as the page keeps them: the file that follows from a name, and the names themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import scenarios
from etl.scenarios import store

RAW = {
    "name": "An app",
    "name_zh": "一个应用",
    "as_of": "2024-06-30",
    "currency": "USD",
    "sourcing": "stated",
    "inputs": {"active_users": 50_000},
}


@pytest.mark.parametrize(
    ("asked", "name", "key"),
    [
        ("", "My Dear App", "my-dear-app"),
        ("", "Café  №2", "cafe-no2"),
        ("", "我的 应用", "small-platform-2"),
        ("", "方案 3", "small-platform-3"),
        ("", "", "small-platform-2"),
        ("", "meitu 2022", "meitu-2022-2"),
        ("My Key!", "我的应用", "my-key"),
        ("meitu-2022", "x", "meitu-2022"),
    ],
)
def test_a_key_is_made_from_whatever_is_typed(asked: str, name: str, key: str) -> None:
    taken = ("small-platform", "meitu-2022")
    assert scenarios.key_for(asked, name, "small-platform", taken) == key


@given(asked=st.text(max_size=80), name=st.text(max_size=200), n=st.integers(0, 3))
def test_a_key_made_from_a_name_is_a_file_name_and_free(asked: str, name: str, n: int) -> None:
    taken = ["scenario"]
    for _ in range(n):
        taken.append(scenarios.key_for("", name, scenarios.UNSAVED, taken))
    key = scenarios.key_for(asked, name, scenarios.UNSAVED, taken)
    assert store._KEY.fullmatch(key)
    made = scenarios.key_for("", name, scenarios.UNSAVED, taken)
    assert made not in {*taken, scenarios.UNSAVED}


def test_a_name_is_kept_as_it_was_typed_and_an_untouched_one_keeps_both_languages(
    tmp_path: Path,
) -> None:
    assert not scenarios.save("mine", "我的 应用 №1", RAW, tmp_path)
    held = scenarios.choices(tmp_path)["mine"]
    assert (held.name("en"), held.name("zh")) == ("我的 应用 №1", "我的 应用 №1")

    assert scenarios.save("mine", "一个应用", RAW, tmp_path)
    held = scenarios.choices(tmp_path)["mine"]
    assert (held.name("en"), held.name("zh")) == ("An app", "一个应用")


def test_another_currency_converts_what_the_mix_and_the_fees_cost_too():
    raw = {
        "name": "x", "as_of": "2026-11-01", "currency": "USD", "sourcing": "api",
        "inputs": {"api_price": 0.01, "paying_share": 0.05},
        "plans": [{"name": "m", "price": 10, "fixed_fee": 0.5}],
        "mix": {
            "cells": {"a": {"share": 0.5, "api_price": 0.04}, "b": {"share": 0.5, "retry_rate": 1}},
            "pack_images": 10,
            "training_cost": 2,
        },
    }  # fmt: skip
    found = scenarios.with_settings(raw, {"currency": "CNY"})
    assert found["mix"]["cells"]["a"]["api_price"] == {"value": 0.04, "unit": "USD/image"}
    assert found["mix"]["cells"]["b"] == {"share": 0.5, "retry_rate": 1}
    assert found["mix"]["training_cost"] == {"value": 2, "unit": "USD/training"}
    assert found["mix"]["pack_images"] == 10
    assert found["plans"][0]["fixed_fee"] == {"value": 0.5, "unit": "USD"}
