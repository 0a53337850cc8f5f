"""The Attention page: waves, positions, downloads and shocks, in both languages."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.figures.lead_lag import lag_figure
from dashboard.studies import lead_lag_study
from dashboard.studies.attention import AttentionChoice, attention_study
from dashboard.tables import lead_lag
from dashboard.text import words
from etl import imports
from etl.config import Settings
from etl.warehouse import SnapshotReader
from tests.dashboard.conftest import text_of

LENSA, MEITU = "1436732536", "com.meitu.mtxx"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_opens_with_its_figures_and_says_what_is_missing(published, open_page, lang):
    page = open_page(published, "attention", lang=lang)
    assert not page.exception
    assert len(page.get("plotly_chart")) == 4
    no_days = "No positions by day" if lang == "en" else "没有按日的排名"
    assert any(no_days in note.value for note in page.info)
    told = page.markdown[-1].value
    assert ("No dated chart" if lang == "en" else "没有标明日期的榜单") in told


def test_without_an_app_it_asks_for_one(published, open_page):
    page = open_page(published, "attention", apps="")
    assert not page.exception
    assert "at least one app" in page.info[0].value


def test_the_address_restores_every_choice(published, open_page):
    page = open_page(
        published, "attention", apps=LENSA, per_rating="20,40", at_top="5000", as_of="2023-06-01"
    )
    assert page.multiselect(key="apps").value == [LENSA]
    assert page.slider(key="per_rating").value == (20, 40)
    assert page.number_input(key="at_top").value == 5000
    assert page.date_input(key="as_of").value == date(2023, 6, 1)
    assert not page.warning


def test_as_known_on_a_day_nothing_later_counts(reader):
    day = date(2023, 1, 31)
    study = attention_study(reader, AttentionChoice((LENSA,)), as_of=day)
    assert study.rates["observed_on"].max().date() <= day
    assert study.waves["last_seen"].max().date() <= day


def test_installs_follow_the_stated_ratio_and_published_figures_stand_beside(reader):
    study = attention_study(reader, AttentionChoice((LENSA,), installs_per_rating=(50, 200)))
    first = study.installs[study.installs["method"] == "ratings"].iloc[0]
    assert first["downloads_per_day"] == pytest.approx(100 * 607 / 7)
    assert (first["low"], first["high"]) == pytest.approx((50 * 607 / 7, 200 * 607 / 7))
    published = study.installs[study.installs["method"] == "disclosed"]
    week = published[published["start"] == "2022-12-01"].iloc[0]
    assert week["downloads_per_day"] == pytest.approx(5_800_000 / 7)


@pytest.fixture
def with_charts(tmp_path: Path) -> SnapshotReader:
    """Return a snapshot with ten days of a chart that Meitu climbs, is absent from, and tops."""
    from etl import pipeline

    settings = Settings(data_dir=tmp_path / "data")
    pipeline.run(
        settings, ["apps", "instruments", "disclosed_facts", "app_rating_counts"], offline=True
    )
    ranks = [80, 75, None, 20, 9, 5, 1, 1, 2, 4]
    lines = ["date,country,chart,genre,position,bundle_id"]
    for number, rank in enumerate(ranks):
        day = date(2022, 11, 25) + timedelta(days=number)
        lines.append(f"{day},JP,free,photo_and_video,100,org.other")
        if rank:
            lines.append(f"{day},JP,free,photo_and_video,{rank},{MEITU}")
    file = tmp_path / "charts.csv"
    file.write_text("\n".join(lines) + "\n")
    done = imports.import_files(settings, "charts", [file])
    assert done.error is None, done.error
    return SnapshotReader(settings.data_dir)


def test_dated_charts_give_positions_with_gaps_and_shocks_become_events(with_charts):
    study = attention_study(with_charts, AttentionChoice((MEITU,), downloads_at_top=10_000))
    by_day = study.positions.set_index("observed_on")["rank"]
    assert len(by_day) == 10
    assert by_day.isna().tolist() == [False, False, True, *[False] * 7]
    found = dict(zip(study.shocks["shock"], study.shocks["event_date"].dt.date, strict=False))
    assert found["first_top_1"] == date(2022, 12, 1)
    assert found["entered_top_10"] == date(2022, 11, 29)
    assert set(study.events["ticker"]) == {"1357.HK"}
    assert set(study.events["selection"]) == {"exogenous"}
    sold = study.installs[study.installs["method"] == "rank"]
    assert sold["downloads_per_day"].isna().sum() == 1
    top = sold[sold["start"] == "2022-12-01"].iloc[0]
    assert top["downloads_per_day"] == pytest.approx(10_000)
    assert top["low"] <= top["downloads_per_day"] <= top["high"]
    assert "no_dated_charts" not in {note.code for note in study.notes}


def test_attention_and_returns_are_compared_week_by_week(reader):
    study = lead_lag_study(reader, LENSA, "300624.SZ")
    assert study.n_weeks > 100
    assert set(study.correlation["lag"]) == set(range(-8, 9))
    codes = {note.code for note in study.cannot_tell}
    assert {"app_of_another_company", "one_storefront", "common_cause"} <= codes
    said = [lead_lag.cannot_tell(note, words("en")) for note in study.cannot_tell]
    assert all("{" not in sentence for sentence in said)
    assert "Lensa AI (NO) and 300624.SZ" in lead_lag.sentence(study, words("en"))


def test_an_app_without_ratings_has_nothing_to_compare(reader):
    study = lead_lag_study(reader, MEITU, "1357.HK")
    assert study.reason == "no_common_week"
    assert "too few weeks" in lead_lag.sentence(study, words("en"))
    assert not lag_figure(study, words("en")).data


def test_what_came_later_does_not_change_the_comparison_as_known(reader):
    day = date(2024, 6, 30)
    early = lead_lag_study(reader, LENSA, "300624.SZ", as_of=day)
    assert early.last_week.date() <= day + timedelta(days=7)


def test_a_shock_before_a_company_was_listed_is_said_to_be_no_event_of_its_share(
    published, open_page
):
    remini = "1470373330"
    page = open_page(published, "attention", lang="en", apps=remini)
    assert "1 shock belongs to a company that was not listed on its day" in text_of(page)
    assert "BSP" not in text_of(page)


def test_a_shock_of_a_share_without_bars_says_what_is_missing():
    def shown() -> None:
        from dashboard.app_pages import attention
        from dashboard.text import words

        attention._event_link({"ticker": "BSP"}, set(), words("en"))

    page = AppTest.from_function(shown).run()
    assert "No bars of BSP are held" in page.caption[0].value


def test_a_storefront_narrows_ratings_and_positions_and_leaves_published_figures(reader):
    whole = attention_study(reader, AttentionChoice((LENSA, MEITU)))
    narrow = attention_study(reader, AttentionChoice((LENSA, MEITU), storefront="JP"))
    assert set(narrow.storefronts["storefront"]) == {"JP"}
    assert len(set(whole.storefronts["storefront"])) > 1
    assert narrow.rates.empty  # the ratings that are held are of Norway
    assert set(narrow.installs["method"]) == {"disclosed"}


def test_a_company_chosen_elsewhere_brings_its_apps_until_the_reader_chooses_some(
    published, open_page
):
    page = open_page(published, "attention")
    page.session_state["permalinks:kept"] = {"ticker": "1357.HK"}
    page.session_state["apps:page"] = "the page before"
    del page.query_params["apps"]
    page.run()
    assert MEITU in page.multiselect(key="apps").value
    assert LENSA not in page.multiselect(key="apps").value
    page.multiselect(key="apps").set_value([LENSA]).run()
    assert page.session_state["permalinks:kept"]["apps"] == LENSA


def test_events_are_marked_until_the_reader_turns_them_off(published, open_page):
    def n_marks(page):
        figure = json.loads(page.get("plotly_chart")[0].proto.spec)
        return len(figure["layout"].get("shapes", []))

    page = open_page(published, "attention")
    assert n_marks(page) > 10
    page.toggle(key="show_events").set_value(False).run()
    assert n_marks(page) == 0
    assert page.query_params["show_events"] == "0"


def test_a_figure_that_draws_nothing_is_not_called_measured(published, open_page):
    def is_missing(**query: str) -> list[bool]:
        lines = [line.value for line in open_page(published, "attention", **query).markdown]
        return ["missing" in line for line in lines if "new ratings a day, by" in line]

    assert is_missing() == [False]
    assert is_missing(to="2021-02-01") == [True]
