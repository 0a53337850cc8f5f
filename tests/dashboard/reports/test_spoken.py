"""What was written down in English is said in the reader's language, or left as it is."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import yaml

from dashboard.tables import bundled, reasons, spoken
from dashboard.tables.metrics import in_per_cent, metric_name
from dashboard.text import words
from etl import dictionary
from etl.config import bundled_dir
from etl.pipeline import NEVER_READ
from etl.scenarios import growth_inputs, mix, payment_inputs, reaction, spend_inputs

CASES = Path(str(growth_inputs.__file__)).parent / "cases"
SAID = {language: words(language) for language in ("en", "zh")}
EXAMPLES = {
    **dict.fromkeys(("n", "m", "rate"), "3"),
    **dict.fromkeys(("first", "last", "day", "until"), "2026-01-02"),
    **dict.fromkeys(("origin", "cells", "cards", "told", "event", "benchmark", "period"), "x"),
    **dict.fromkeys(("source", "sources", "rule"), "a paper"),
    **dict.fromkeys(("term", "terms"), "tax_rate"),
    **{"currency": "USD", "pair": "CNY/USD", "unit": "USD/hour"},
}


def test_shares_that_were_never_read_say_so() -> None:
    told = f"0700.HK, 000977.SZ {NEVER_READ}, ADBE"
    assert spoken.lagging(told, SAID["en"]) == told
    assert spoken.lagging(told, SAID["zh"]) == "0700.HK、000977.SZ（从未采集到）、ADBE"
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
    assert spoken.run_error("got nothing", SAID["zh"]) == "消息原文：“got nothing”"
    assert spoken.run_error("got nothing", SAID["en"]) == "got nothing"


def test_sources_of_inputs_are_said() -> None:
    assert spoken.input_source("default of the model", SAID["zh"]) == "模型默认值"
    converted = spoken.input_source("USD/GPU-hour at 7.3 CNY/USD of 2023-10-30", SAID["zh"])
    assert "of 2023-10-30" not in converted
    assert "GPU-hour" not in converted
    why = "no refund_rate was stated by the scenario's day for 'portrait pack': left out"
    told = spoken.input_source(why, SAID["zh"])
    assert "refund_rate" not in told
    assert "stated" not in told
    assert "portrait pack" in told
    assert told.endswith(": left out")
    assert spoken.input_source("a paper", SAID["zh"]) == "a paper"
    why = "no refund_rate was stated by the scenario's day for 'pack' (one_off of app_store)"
    assert spoken.input_source(why, SAID["zh"]).endswith("pack（单次购买，App Store）的退款率")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("typed in", "手动填写"),
        ("commission_rate typed in", "抽成：手动填写"),
        ("mix of 2 cells (portraits: typed in; b: a paper)",
         "2 种图片的组合（portraits：手动填写；b: a paper）"),
        ("shop: payers over active users, 2026-01-01 to 2026-01-30; payers are active users with a "
         "payment in the same days (plans of longer periods are not seen)",
         "shop：付费用户 ÷ 活跃用户，2026-01-01 至 2026-01-30；付费用户指同期有付款的活跃用户"
         "（看不到更长周期的方案）"),
        ("USD/hour at 7.12 CNY/USD of 2026-01-02", "USD/小时按 2026-01-02 汇率 7.12 CNY/USD"),
        ("not known: commission_rate, tax_rate", "未知：抽成、税率"),
        ("a book; another one", "a book; another one"),
        ("{a} typed in", "{a} typed in"),
    ],
)  # fmt: skip
def test_what_scenarios_write_down_is_said_once_and_for_all(source: str, told: str) -> None:
    assert spoken.input_source(source, SAID["zh"]) == told
    assert spoken.input_source(told, SAID["zh"]) == told


def test_in_english_a_rule_stays_as_it_was_written() -> None:
    for sentence in reasons.sentences(SAID["en"]):
        if not {"{term", "{unit"} & {part[:5] for part in sentence.split()}:
            written = sentence.format(**EXAMPLES)
            assert spoken.input_source(written, SAID["en"]) == written


def test_every_rule_and_reason_is_recognised_in_chinese() -> None:
    told = [
        (sentence, spoken.input_source(sentence.format(**EXAMPLES), SAID["zh"]))
        for sentence in reasons.sentences(SAID["en"])
    ]
    english = [
        sentence for sentence, said in told if not any("\u4e00" <= c <= "\u9fff" for c in said)
    ]
    assert english == []


@pytest.mark.parametrize("module", [growth_inputs, spend_inputs, payment_inputs, reaction, mix])
def test_every_fixed_reason_of_the_resolver_is_known(module: ModuleType) -> None:
    known = " ".join(reasons.sentences(SAID["en"]))
    assert [text for text in fixed_reasons(module) if text not in known] == []


def fixed_reasons(module: ModuleType) -> list[str]:
    """Return the texts that a module puts among its reasons or returns as one."""
    tree = ast.parse(inspect.getsource(module))
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Return)
        or (isinstance(node, ast.Assign) and "reasons[" in ast.unparse(node.targets[0]))
    ]
    texts = [part for value in values if value for part in _texts(value)]
    return [text for text in texts if " " in text.strip() and text.islower()]


def _texts(value: ast.expr) -> list[str]:
    """Return a literal, the literal parts of an f-string, or those of a tuple's members."""
    if isinstance(value, ast.Tuple):
        return [text for part in value.elts for text in _texts(part)]
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    held = [part.value for part in parts if isinstance(part, ast.Constant)]
    return [text for text in held if isinstance(text, str)]


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


def test_every_source_of_a_ready_case_is_said_in_chinese():
    def told(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            for name, value in node.items():
                yield from [value] if name == "source" and isinstance(value, str) else told(value)
        elif isinstance(node, list):
            for value in node:
                yield from told(value)

    cases = [path.read_text(encoding="utf-8") for path in CASES.glob("*.yml")]
    sources = {source for text in cases for source in told(yaml.safe_load(text))}
    assert len(sources) > 10
    english = [one for one in sources if spoken.input_source(one, SAID["zh"]) == one]
    assert english == []


def test_what_a_ready_case_says_stands_before_where_its_figure_was_read() -> None:
    case = "advertising revenue of the year over monthly actives"
    told = spoken.input_source(f"{case} (F1 / 12 (a book; a paper (press)))", SAID["zh"])
    assert told == f"{spoken.input_source(case, SAID['zh'])}（F1 / 12 (a book; a paper (press))）"
    assert spoken.input_source("a paper (press)", SAID["zh"]) == "a paper (press)"


@pytest.mark.parametrize("table", ["net_proceeds", "waves"])
def test_every_note_of_a_bundled_table_is_said_in_chinese(table: str) -> None:
    notes = pd.read_csv(bundled_dir() / "snapshots" / f"{table}.csv", dtype=str)["note"].dropna()
    assert len(notes) >= 12
    assert [note for note in notes if re.search("[a-z]{3,} [a-z]{3,} [a-z]", say(note))] == []
    assert [note for note in notes if bundled.note(note, SAID["en"]) != note] == []
    assert bundled.note(None, SAID["zh"]) == ""


def say(note: str) -> str:
    return bundled.note(note, SAID["zh"])


def test_every_title_of_a_source_is_said_in_chinese() -> None:
    titles = [info.title for info in dictionary.all_sources()]
    assert [title for title in titles if bundled.title(title, SAID["zh"]) == title] == []
    own = "gpu-bills imported from the user's own files"
    assert bundled.title(own, SAID["zh"]) == "显卡账单（导入自用户自有文件）"


@pytest.mark.parametrize("name", ["market_events", "disclosed_facts"])
def test_chinese_names_hold_the_numbers_of_the_english_ones(name: str) -> None:
    english, chinese = {
        "market_events": ("title_en", "title_zh"), "disclosed_facts": ("entity", "entity_zh")
    }[name]  # fmt: skip
    table = pd.read_csv(bundled_dir() / "snapshots" / f"{name}.csv", dtype=str)
    told = table.dropna(subset=[chinese])
    pairs = zip(told[english], told[chinese], strict=True)
    lost = [
        (one, other)
        for one, other in pairs
        if len(re.findall(r"\d+\.\d+%", one)) > len(re.findall(r"\d+\.\d+%", other))
    ]
    assert lost == []
    words_only = table.loc[table[chinese].isna(), english].drop_duplicates()
    assert [one for one in words_only if re.search(r"\((?!.*reproduction)[a-z ]+\)", one)] == []
