"""Words are complete, current and formatted as each language writes them."""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache

import pytest

from dashboard.text import LANGUAGES, words
from dashboard.text import catalogues as catalogues_module
from dashboard.text.catalogues import SOURCE_DIR, extract, missing, read
from etl.errors import InputError


def identifiers(catalogue) -> set:
    return {message.id for message in catalogue if message.id}


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.fixture(scope="module")
def said() -> set:
    return identifiers(extract())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_every_sentence_and_no_stale_one(language, said):
    stored = identifiers(read(language))
    assert said - stored == set(), "run python -m dashboard.text"
    assert stored - said == set(), "run python -m dashboard.text"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language):
    assert missing(read(language)) == []
    assert [m.id for m in read(language) if m.id and m.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_the_same_placeholders(language):
    for message in read(language):
        if not message.id:
            continue
        originals = (message.id,) if isinstance(message.id, str) else message.id
        forms = (message.string,) if isinstance(message.string, str) else message.string
        for form in forms:
            assert placeholders(form) == placeholders(originals[-1]), message.id


def test_a_chinese_stop_stands_behind_bold_type_where_a_sentence_follows():
    """Markdown closes bold type behind a stop only before a space or a sign."""
    inside = re.compile(r"\*\*[^*]+?[。！？]\*\*(?=[^\s])")
    forms = [
        form
        for message in read("zh")
        for form in ((message.string,) if isinstance(message.string, str) else message.string)
    ]
    assert [form for form in forms if inside.search(form)] == []


def test_chinese_sentences_differ_from_the_english_ones():
    same = [
        m.id
        for m in read("zh")
        if m.id and m.id == m.string and any(map(str.islower, re.sub(r"{.*?}", "", str(m.id))))
    ]
    assert same == []


TERMS = {
    r"retention": "留存",
    r"cohorts?": "同期群",
    r"funnel": "漏斗",
    r"paid conversion": "付费转化率",
    r"renewal rates?": "续订率",
    r"subscribers?": "订阅用户",
    r"lifetime value": "生命周期价值",
    r"survival": "生存曲线",
    r"payback": "回本期",
    r"breaks? even|break-even": "盈亏平衡",
    r"net present value": "净现值",
    r"hurdle rate": "要求回报率",
    r"contribution": "边际贡献",
    r"unit economics": "单位经济",
    r"commission": "抽成",
    r"abnormal returns?": "超额收益",
    r"cumulative abnormal returns?": "累计超额收益",
    r"event windows?": "事件窗口",
    r"estimation windows?": "估计窗口",
    r"suspended|suspensions?": "停牌",
    r"cost of a picture": "单图",
    r"roof": "屋顶线",
    r"utilisation": "利用率",
    r"waves?": "浪潮",
    r"attention": "热度",
    r"half-life": "半衰期",
    r"scenarios?": "情景",
    r"storefronts?": "商店地区",
    r"assumed": "假设",
    r"simulated": "模拟",
    r"disclosed": "披露",
}
"""What an English term is called in Chinese: where a sentence has the one, it has the other."""

UNSAID = {
    r"假定": "假设",
    r"关注度": "热度",
    r"热潮": "浪潮",
    r"名次": "排名",
    r"队列": "同期群",
    r"终身价值": "生命周期价值",
    r"(?<!边际)贡献": "边际贡献",
    r"异常收益": "超额收益",
    r"事件窗(?!口)": "事件窗口",
    r"估计窗(?!口)|估计期": "估计窗口",
    r"门槛收益率|必要报酬率": "要求回报率",
    r"回本周期|回收期": "回本期",
    r"付费者": "付费用户",
    r"订阅者": "订阅用户",
    r"安装数": "安装量",
    r"使用率": "利用率",
    r"商店分成": "商店抽成",
    r"投放支出|获客支出": "投放花费",
    r"(?<!生活)场景": "情景",
    r"实际收盘价|实际成交价": "未复权收盘价",
    r"算力成本”页|概览": "the pages are named as in the navigation",
    r"你": "您",
    r"/ |／": "/ without room",
}
"""What the catalogue does not say in Chinese, and what it says instead."""

_HAN = "\u3400-\u9fff"
UNEVEN = {
    rf"[{_HAN}][A-Za-z0-9{{`]|[A-Za-z0-9}}`%][{_HAN}]": "one space between Chinese and the rest",
    rf"[{_HAN}）”][,;:!?()]|[,;:!?()][{_HAN}（“]": "full-width stops and brackets",
    r"[，。；：！？、（）] | [，。；：！？、（）]": "no space beside a full-width sign",
    r"。\*\*(?=[^*])": "a stop follows the bold type: **一**。二",
    r"[\"']": "“ and ” as quotation marks",
}
"""How Chinese is not set, and how it is. Ticks of an axis (第7天) are as short as can be."""
TICKS = {"D{k}", "W{k}", "M{k}"}


def chinese() -> Iterator[tuple[str, str]]:
    """Yield every sentence (of a plural the singular) with each Chinese form of it."""
    for message in read("zh"):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else message.string
        yield from ((english, form) for form in forms or () if form)


def faults(english: str, said: str) -> list[str]:
    """Return what is wrong with the terms and the setting of a Chinese sentence."""
    meant = re.sub(r"{.*?}|`.*?`", "", english).lower()
    found = [
        f"{term}: {name}"
        for term, name in TERMS.items()
        if re.search(rf"\b({term})\b", meant) and name not in said
    ]
    found += [f"{rule}: {name}" for rule, name in UNSAID.items() if re.search(rule, said)]
    if re.search(r"\bplans?\b", meant) and not re.search(r"\bpacks?\b", meant) and "套餐" in said:
        found.append("套餐 is a pack; a plan is 方案")
    if english not in TICKS:
        seen = re.sub(r"`[^`]*`", "`code`", said)
        found += [rule for mark, rule in UNEVEN.items() if re.search(mark, seen)]
    return found


def test_chinese_says_the_terms_of_the_trade_and_is_set_by_one_rule():
    found = {
        f"{english}: {said}": wrong
        for english, said in chinese()
        if (wrong := faults(english, said))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("english", "good", "bad"),
    [
        ("Retention of {n} users", "{n} 名用户的留存率", "{n} 名用户的保留率"),
        ("assumed", "假设", "假定"),
        ("What a user brings", "每用户边际贡献", "每用户贡献"),
        ("Plans", "价格方案", "套餐"),
        ("day {n}", "第 {n} 日", "第{n}日"),
        ("Yes, by half", "是，一半", "是,一半"),
        ("**No.** Why", "**不**。为何", "**不。** 为何"),
        ("the page", "“算力”页", "“算力成本”页"),
    ],
)
def test_a_wrong_term_and_a_wrong_setting_would_be_seen(english, good, bad):
    assert faults(english, good) == []
    assert faults(english, bad)


@lru_cache
def trees() -> dict[str, ast.Module]:
    files = sorted(SOURCE_DIR.rglob("*.py"))
    return {str(file.relative_to(SOURCE_DIR)): ast.parse(file.read_text("utf-8")) for file in files}


def said_in(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call of ``.t(…)`` and ``.n(…)``, found without the extractor's help."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in ("t", "n"):
                yield node


def sentences_of(call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return call.args[: 2 if name == "n" else 1]


def within_f_strings(tree: ast.AST) -> list[int]:
    """Return the lines at which a sentence is said within an f-string."""
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    return sorted({call.lineno for node in joined for call in said_in(node)})


def test_no_sentence_is_said_within_an_f_string():
    # Before Python 3.12 the extractor does not see into them: they would never be translated.
    found = [f"{name}:{line}" for name, tree in trees().items() for line in within_f_strings(tree)]
    assert found == []


def test_a_sentence_within_an_f_string_would_be_seen():
    assert within_f_strings(ast.parse("x = f\"**{said.t('greyed')}**\"")) == [1]
    assert within_f_strings(ast.parse('x = said.t("greyed")')) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_literal_that_is_said_stands_in_the_catalogue(language):
    held = identifiers(read(language))
    lacking = [
        f"{name}:{call.lineno}"
        for name, tree in trees().items()
        for call in said_in(tree)
        for said in [tuple(getattr(each, "value", None) for each in sentences_of(call))]
        if (said if len(said) == 2 else said[0]) not in held
    ]
    assert lacking == [], "run python -m dashboard.text; what is said must be a literal"


def test_a_p_that_would_read_as_zero_is_told_by_its_bound():
    assert words("en").p_value(0.0341) == "0.034"
    assert words("en").p_value(0.00004) == "< 0.001"
    assert words("zh").p_value(0.0) == "< 0.001"
    assert words("en").p_value(float("nan")) == "–"


def test_sentences_are_joined_as_each_language_joins_them():
    assert words("en").sentences(["One.", "", "Two."]) == "One. Two."
    assert words("zh").sentences(["一。", "", "二。", "三"]) == "一。二。三"
    assert words("zh").sentences(["二 GPU", "三。"]) == "二 GPU 三。"
    assert words("en").sentences([]) == ""


def test_bold_type_before_a_chinese_sentence_still_closes():
    assert words("en").sentences(["**One.**", "Two."]) == "**One.** Two."
    # A closing mark after a stop is one only before a space or a sign (CommonMark, 6.2).
    assert words("zh").sentences(["**一。**", "二。"]) == "**一。**&#8203;二。"


def unread_bold(text: str) -> list[str]:
    """Return the marks of bold type that Markdown would show as they are (CommonMark, 6.2)."""
    found: list[str] = []
    for part in re.split(r"\n\s*\n", text):
        marks = list(re.finditer(r"\*\*", part))
        for position, mark in enumerate(marks):
            before, after = part[: mark.start()][-1:] or " ", part[mark.end() :][:1] or " "
            inner, outer = (before, after) if position % 2 else (after, before)
            is_read = not inner.isspace() and (not is_sign(inner) or is_sign(outer))
            if not is_read or (position == len(marks) - 1 and not position % 2):
                found.append(part[max(0, mark.start() - 9) : mark.end() + 9])
    return found


def is_sign(mark: str) -> bool:
    """Return whether a sign is a space or punctuation, as CommonMark counts it."""
    return mark.isspace() or unicodedata.category(mark)[0] in "PS"


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_type_is_read_as_bold_type(language):
    lacking = {
        str(message.id): marks
        for message in read(language)
        if message.id
        for forms in [message.id if language == "en" else message.string]
        for form in [(forms,) if isinstance(forms, str) else forms]
        if (marks := [mark for each in form for mark in unread_bold(each)])
    }
    assert lacking == {}, "move the stop behind the bold type: **一**。二"


def test_bold_type_that_markdown_does_not_read_would_be_seen():
    assert unread_bold("**一。**二") == ["**一。**二"]
    assert unread_bold("一**“二”**") == ["一**“二”**"]
    assert unread_bold("**一") == ["**一"]
    assert unread_bold("**一**。二。**三** 四，**五**六。**One.** Two") == []


@pytest.mark.parametrize("folder", ["figures", "tables"])
def test_sentences_are_joined_in_one_place(folder):
    by_hand = [
        file.name
        for file in (SOURCE_DIR / folder).rglob("*.py")
        if '" ".join(' in file.read_text("utf-8")
    ]
    assert by_hand == []


def test_extraction_finds_sentences_and_plurals(tmp_path):
    (tmp_path / "page.py").write_text('a = words.t("One {x}", x=1)\nb = words.n("row", "rows", 2)')
    assert identifiers(extract(tmp_path)) == {"One {x}", ("row", "rows")}


def test_the_update_merges_what_is_new_and_drops_what_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(
        catalogues_module, "catalogue_path", lambda language: tmp_path / f"{language}.po"
    )
    page = tmp_path / "page.py"
    page.write_text('words.t("Old")')
    catalogues_module.update("zh", extract(tmp_path))
    page.write_text('words.t("New")')
    updated = catalogues_module.update("zh", extract(tmp_path))
    assert identifiers(read("zh")) == {"New"}
    assert missing(updated) == ["New"]
    assert missing(catalogues_module.update("en", extract(tmp_path))) == []


def test_dates_follow_the_language():
    day = date(2022, 12, 7)
    assert words("en").date(day) == "7 Dec 2022"
    assert words("zh").date(day) == "2022年12月7日"
    assert words("en").instant(datetime(2022, 12, 7, 9, 30, tzinfo=UTC)) == "7 Dec 2022 09:30 UTC"


def test_numbers_bear_their_sign_and_their_currency():
    en = words("en")
    assert en.number(1234.5, digits=1) == "1,234.5"
    assert en.number(-1.34) == "−1.34"
    assert en.percent(0.0512) == "5.1%"
    assert en.signed_percent(0.2435) == "+24.4%"
    assert en.signed_percent(-0.006) == "−0.6%"
    assert (en.number(-0.004), en.percent(-0.0004), en.signed_percent(-0.0004)) == (
        "0.00",
        "0.0%",
        "0.0%",
    )
    assert en.money(-0.004, "USD") == "USD 0.00"
    assert (en.signed_number(1.26, digits=1), en.signed_number(-1.26, digits=1)) == ("+1.3", "−1.3")
    assert en.signed_number(0.004) == en.signed_number(0) == "0.00"
    assert en.money(1.25, "CNY").replace("\xa0", " ") == "CNY 1.25"
    assert en.money(344.19, "JPY").replace("\xa0", " ") == "JPY 344"
    assert en.money(0.6255, "JPY", digits=3).replace("\xa0", " ") == "JPY 0.626"
    assert en.money(0.6255, "CNY", digits=3).replace("\xa0", " ") == "CNY 0.626"


def test_a_missing_value_is_a_dash_and_never_zero():
    en = words("en")
    nan = float("nan")
    assert {en.number(nan), en.percent(None), en.signed_percent(nan), en.money(None, "CNY")} == {
        "–"
    }
    assert en.date(None) == "–"
    assert en.instant(None) == "–"


def test_an_unknown_language_is_an_error_that_names_the_known_ones():
    with pytest.raises(InputError, match="en, zh"):
        words("fr")


def test_lists_labels_and_notes_bear_the_signs_of_their_language():
    english, chinese = words("en"), words("zh")
    assert english.listed(["fx_rates", 3]) == "fx_rates, 3"
    assert chinese.listed(["fx_rates", 3]) == "fx_rates、3"
    assert english.labelled("app", "x") == "app: x"
    assert chinese.labelled("app", "x") == "app：x"
    assert english.noted("app", "x") == "app (x)"
    assert chinese.noted("app", "x") == "app（x）"


def test_room_beside_a_value_closes_where_the_value_is_chinese():
    # The translations leave it for what is written in Latin letters or digits.
    said = words("zh")
    sentence = "{since} to {until}"
    assert said.t(sentence, since="2026年1月1日", until="今天") == "2026年1月1日至今天"
    assert said.t(sentence, since="2026-01-01", until="today") == "2026-01-01 至 today"
    assert words("en").t(sentence, since="今天", until="x") == "今天 to x"
