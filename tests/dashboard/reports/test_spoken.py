"""What was written down in English is said in the reader's language, or left as it is."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.tables import spoken
from dashboard.tables.metrics import in_per_cent, metric_name
from dashboard.text import words
from etl.config import bundled_dir
from etl.pipeline import NEVER_READ

SAID = {language: words(language) for language in ("en", "zh")}


def test_shares_that_were_never_read_say_so() -> None:
    told = f"0700.HK, 000977.SZ {NEVER_READ}, ADBE"
    assert spoken.lagging(told, SAID["en"]) == told
    assert spoken.lagging(told, SAID["zh"]) == "0700.HK, 000977.SZ（从未采集到）, ADBE"
    assert spoken.lagging(None, SAID["zh"]) is None


def test_rows_kept_out_are_counted_with_their_reasons() -> None:
    error = (
        "2618 rows kept out: 2618 × the row repeats another one with the same event_id. They lie "
        'in the quarantine: see the Data page, or `artonomics sql "SELECT 1"`'
    )
    assert spoken.run_error(error, SAID["zh"]) == (
        "拒收 2,618 行：2,618 行与其他行的 event_id 重复。拒收的行见“数据”页。"
    )
    assert spoken.run_error(error, SAID["en"]).startswith("2,618 rows were kept out: 2,618 repeat")
    assert spoken.run_error("got nothing", SAID["zh"]) == "got nothing"


def test_sources_of_inputs_are_said() -> None:
    assert spoken.input_source("default of the model", SAID["zh"]) == "模型默认值"
    why = "no refund_rate was stated by the scenario's day for 'portrait pack': left out"
    told = spoken.input_source(why, SAID["zh"])
    assert "refund_rate" not in told
    assert "stated" not in told
    assert "portrait pack" in told
    assert told.endswith(": left out")
    assert spoken.input_source("a paper", SAID["zh"]) == "a paper"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_bundled_figure_has_a_name_and_a_unit(language: str) -> None:
    facts = pd.read_csv(bundled_dir() / "snapshots" / "disclosed_facts.csv", dtype=str)
    said = SAID[language]
    codes = sorted(set(facts["metric"].dropna()))
    assert [code for code in codes if metric_name(code, said) == code] == []
    if language == "zh":
        names = [metric_name(code, said) for code in codes]
        assert all(any("\u4e00" <= sign <= "\u9fff" for sign in name) for name in names)


def test_a_ratio_is_read_in_per_cent() -> None:
    assert in_per_cent(0.5, "ratio", SAID["en"]) == (50.0, "%")
    assert in_per_cent(2.0, "USD/GPU-hour", SAID["en"]) == (2.0, "USD/GPU hour")
