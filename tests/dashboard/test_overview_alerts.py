"""Alerts under the title of the Overview, in the language of the page."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pytest

from dashboard import states
from etl.alerts import state
from etl.alerts.said import GONE
from etl.alerts.state import Standing, State
from tests.dashboard.conftest import text_of

AT = "2026-11-23T12:00:00+00:00"
RULES = "rules: [{name: stays, kind: retention_drop, source: my_app, day: 1}]"
TOLD = {"day": 1, "week": "2026-11-09", "high": 0.095, "size": 612, "before": 0.12, "weeks": 8}
DROP = Standing(
    "stays", "retention_drop", "my_app", AT, 1, "", 0.09, 0.099, "share of users", "simulated",
    date(2026, 11, 16), "weekly cohorts of my_app, 95% Wilson intervals", "",
    "/growth?source=my_app&section=retention", TOLD, AT,
)  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\\", "").replace("\xa0", " ")


@pytest.fixture
def opened(open_page, published, tmp_path, monkeypatch):
    """Return a function that opens the Overview over a data folder with rules and a state."""
    # The rest of the page is tested elsewhere, and slow.
    monkeypatch.setattr(states, "with_states", lambda *_: None)

    def show(rules: str | None = RULES, found: State | None = None, lang: str = "en"):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        if not (data / "warehouse").exists():
            shutil.copytree(published / "warehouse", data / "warehouse")
        if rules is not None:
            (data / "alerts.yml").write_text(rules)
        if found is not None:
            state.write(data, found)
        return open_page(data, lang=lang)

    return show


def looked(*raised: Standing, **more) -> State:
    return State(list(raised), checked_at=AT, n_rules=1, n_subjects=1, **more)


def test_nothing_is_shown_without_rules(opened):
    said = plain(text_of(opened(None)))
    assert "lert" not in said


def test_a_quiet_line_where_nothing_is_raised(opened):
    page = opened(found=looked())
    said = plain(text_of(page))
    assert "No alert is open (1 rule, looked at 23 Nov 2026 12:00 UTC)." in said
    assert "nothing is known" not in said
    assert not page.error


def test_the_quiet_line_says_what_is_not_known(opened):
    said = plain(text_of(opened(found=looked(n_unknown=1))))
    assert "Of 1 of 1 subjects nothing is known at present." in said


def test_rules_that_were_never_looked_at_are_told(opened):
    assert "not looked at yet" in plain(text_of(opened()))


def test_an_open_alert_stands_with_since_evidence_day_and_link(opened):
    page = opened(found=looked(DROP))
    said = plain(text_of(page))
    assert "1 alert is open" in said
    assert "Simulated data: my_app: day-1 retention is 9.0% of the 612 users" in said
    assert "since 23 Nov 2026 12:00 UTC" in said
    assert ":violet-badge[:material/casino: simulated] · as of 16 Nov 2026" in said
    (link,) = [one for one in page.get("page_link") if one.proto.label == "See the evidence"]
    assert link.proto.page == "growth"
    assert link.proto.query_string == "lang=en&source=my_app&section=retention"


def test_the_same_alert_is_said_in_chinese(opened):
    said = plain(text_of(opened(found=looked(DROP), lang="zh")))
    assert "1 条未解除的警报" in said
    assert "模拟数据：my_app：2026年11月9日 当周新增的 612 名用户，次日留存率为 9.0%" in said
    assert "my_app 的周同期群，95% Wilson 区间" in said
    assert "始于 2026年11月23日 12:00 UTC" in said


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "Nothing is known at present: the rule gives no reading of it any more."),
        ("zh", "目前情况不明：规则不再给出它的读数"),
    ],
)
def test_an_alert_of_which_nothing_is_known_says_so(opened, lang, expected):
    gone = Standing(**{**vars(DROP), "unknown": GONE})
    assert expected in plain(text_of(opened(found=looked(gone), lang=lang)))


def test_rules_that_could_not_be_looked_at_are_named(opened):
    page = opened(found=looked(faults={"thin": "got *wombo*"}))
    assert "thin: got *wombo*" in plain("".join(warning.value for warning in page.warning))


def test_a_torn_state_is_told_and_the_page_stands(opened, tmp_path):
    opened(found=looked(DROP))
    (tmp_path / "data" / "alerts" / "state.json").write_text("{")
    page = opened()
    assert not page.exception
    assert "The alerts cannot be read" in page.error[0].value


def test_wrong_rules_are_told_and_what_is_raised_stays(opened):
    page = opened("rules: [{name: a, kind: nonsense}]", looked(DROP))
    assert "nonsense" in plain("".join(warning.value for warning in page.warning))
    assert "1 alert is open" in plain(text_of(page))


def test_many_alerts_stand_behind_a_switch(opened):
    many = [Standing(**{**vars(DROP), "subject": f"app_{n}", "number": n}) for n in range(7)]
    page = opened(found=looked(*many))
    assert [one.label for one in page.expander] == ["3 more"]
    assert "7 alerts are open" in plain(text_of(page))


def test_signs_of_markdown_in_a_subject_stay_signs(opened):
    told = {"is_above": True}
    own = Standing("own", "query_crosses", "**[a](http://x)**", AT, 1, "", 11, 10, told=told)
    own.known_at = datetime(2026, 11, 23, tzinfo=UTC).isoformat()
    said = text_of(opened(found=looked(own)))
    assert r"\*\*\[a\]\(http\://x\)\*\*" in said
