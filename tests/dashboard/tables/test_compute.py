"""What is doubtful about a measured run, and why it has no energy, is told in words."""

from __future__ import annotations

import inspect
import re
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from dashboard.tables import compute
from dashboard.text import words
from generator import power, protocol

SAID = words("zh")
REASONS = (
    "a CPU has no energy counter that this program reads",
    "the card has no energy counter that its driver tells",
    "nvidia-ml-py is not installed: pip install nvidia-ml-py",
)


def test_doubts_are_told_in_words_and_an_unknown_one_stays():
    assert compute.doubts("not_steady,throttled", SAID) == "预热后仍不稳定；显卡被降频"
    assert compute.doubts("skips_work, invented", SAID) == "跳过了部分计算；invented"
    assert compute.doubts(None, SAID) == compute.doubts("", SAID) == ""


def test_every_flag_that_the_generator_raises_has_words():
    source = inspect.getsource(power) + inspect.getsource(protocol)
    codes = re.findall(r"flags\.append\(\"(\w+)\"\)|flags = \(\"(\w+)\",\)", source)
    raised = {first or second for first, second in codes}
    assert {"not_steady", "energy_disagrees"} <= raised
    assert [code for code in raised if compute.doubts(code, SAID) == code] == []


@pytest.mark.parametrize("reason", REASONS)
def test_why_a_run_has_no_energy_is_told_in_words(reason):
    assert reason in inspect.getsource(power)
    assert re.search("[\u4e00-\u9fff]", compute.energy_reason(reason, SAID))
    assert compute.energy_reason(reason, words("en")) == reason


def test_a_short_window_keeps_its_seconds_and_another_reason_its_words():
    told = "the window of 4.2 s is shorter than 10 s"
    assert compute.energy_reason(told, SAID) == "测量时段 4.2 秒，短于 10 秒"
    assert compute.energy_reason("a card that smokes", SAID) == "a card that smokes"
    assert compute.energy_reason(None, SAID) == ""


def test_prices_and_roofs_tell_evidence_in_words():
    prices = pd.DataFrame({"evidence_kind": ["disclosed"], "gpu_name": ["L4"], "value": [0.7]})
    study = SimpleNamespace(prices=prices)
    assert compute.prices(cast(Any, study), SAID).frame["kind"].tolist() == ["披露"]
    roofs = pd.DataFrame(
        {"label": "a run", "ceiling_evidence": ["measured", "a table of cards", None]}
    )
    shown = compute.roofs(roofs, SAID).frame["ceiling_evidence"].tolist()
    assert shown[:2] == ["实测", "a table of cards"]
    assert pd.isna(shown[2])
