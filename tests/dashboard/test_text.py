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


def test_chinese_sentences_differ_from_the_english_ones():
    same = [
        m.id
        for m in read("zh")
        if m.id and m.id == m.string and any(map(str.islower, re.sub(r"{.*?}", "", str(m.id))))
    ]
    assert same == []


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
    assert en.money(1.25, "CNY").replace("\xa0", " ") == "CNY 1.25"
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
