"""Badges, escaped text, tables and their downloads, and the states of a page."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from dashboard import components, freshness
from dashboard.components import (
    PLOTLY_CONFIG,
    Provenance,
    Table,
    TableColumn,
    evidence_badge,
    plain,
    provenance_line,
)
from dashboard.text import words
from etl.errors import InputError
from etl.schemas import EVIDENCE_KINDS

EN, ZH = words("en"), words("zh")


@pytest.mark.parametrize("kind", EVIDENCE_KINDS)
def test_every_evidence_kind_has_a_badge_in_both_languages(kind):
    assert kind in evidence_badge(EN, kind)
    assert evidence_badge(EN, kind) != evidence_badge(ZH, kind)


def test_no_two_evidence_badges_look_the_same():
    looks = {evidence_badge(EN, kind).split(":")[1:3][0] for kind in EVIDENCE_KINDS}
    assert len(looks) == len(EVIDENCE_KINDS)


def test_freshness_has_three_states():
    assert len({freshness.badge(EN, stale=state) for state in (True, False, None)}) == 3


def test_a_number_bears_kind_unit_date_and_source():
    line = provenance_line(
        EN,
        Provenance("disclosed", "CNY per server", date(2022, 12, 8), "A [b]", "https://x.y/(z)"),
    )
    assert "disclosed" in line
    assert "CNY per server" in line
    assert "as of 8 Dec 2022" in line
    assert r"[A \[b\]](https://x.y/(z%29)" in line


def test_what_is_not_known_is_left_out_of_the_line():
    assert provenance_line(EN, Provenance("assumed")) == evidence_badge(EN, "assumed")


def test_text_from_a_source_cannot_become_markdown():
    assert plain("HK$1 *x* [y](z) :red[no]") == r"HK\$1 \*x\* \[y\]\(z\) \:red\[no\]"


def test_a_download_holds_the_shown_columns_under_their_raw_names():
    frame = pd.DataFrame({"value": [1.5, None], "hidden": [1, 2], "name": ["美图", "x,y"]})
    table = Table(frame, {"name": TableColumn("Name"), "value": TableColumn("Value", "number")})
    assert table.csv().decode("utf-8-sig").splitlines() == ["name,value", "美图,1.5", '"x,y",']
    assert table.csv().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("n", "is_pinned"), [(5, False), (6, True)])
def test_a_wide_table_keeps_in_sight_what_its_rows_are_about(n, is_pinned):
    columns = {f"c{i}": TableColumn(f"C{i}") for i in range(n)}
    looks = components._looks(Table(pd.DataFrame(columns=list(columns)), columns))
    assert [name for name, look in looks.items() if look.get("pinned")] == ["c0"] * is_pinned


def test_a_figure_can_be_sent_nowhere():
    assert PLOTLY_CONFIG["displaylogo"] is False
    assert PLOTLY_CONFIG["showSendToCloud"] is False


def test_a_download_holds_only_what_may_be_passed_on():
    columns = {"close": TableColumn("Close", "number")}
    shown = pd.DataFrame({"close": [1.0, 123.0]})
    table = Table(shown, columns, passed_on=lambda: shown.head(1))
    assert table.csv().decode("utf-8-sig") == "close\n1.0\n"
    assert len(table.shown) == 2


def test_a_download_of_which_nothing_is_left_says_why():
    def refused() -> pd.DataFrame:
        raise InputError("got only bars that may not be passed on")

    shown = pd.DataFrame({"close": [1.0]})
    table = Table(shown, {"close": TableColumn("Close")}, passed_on=refused)
    assert "may not be passed on" in table.csv().decode()
