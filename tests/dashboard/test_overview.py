"""The Overview says what the evidence carries, from the study and not from a template."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import cache, cases, queries
from dashboard.figures import labels
from dashboard.studies import break_even_study, market_study
from dashboard.text import MISSING, words
from etl.analytics.event_study import EventStudySpec
from etl.warehouse import SnapshotReader
from tests.dashboard.conftest import text_of


def plain(text: str) -> str:
    return text.replace("\\", "").replace("\xa0", " ")


@pytest.fixture
def overview(open_page, published) -> str:
    return plain(text_of(open_page(published)))


def test_the_picked_day_is_described_and_never_tested(overview):
    assert "On 7 Dec 2022, the day the newspaper chose" in overview
    assert "rose by 24.2%" in overview
    assert "never tested" in overview
    assert "described, not tested" in overview


def test_no_day_of_the_causes_is_significant_and_their_numbers_are_the_studys(overview, reader):
    assert "On none of the 3 days of the causes" in overview
    paths = market_study(reader, cases.TICKER, EventStudySpec()).paths
    causes = paths[paths["event_id"].isin(cases.CAUSES) & (paths["day"] == 0)]
    en = words("en")
    assert len(causes) == 3
    for _, row in causes.iterrows():
        assert f"t = {en.number(row['t_statistic'])}, p = {en.number(row['p_value'])}" in overview
        assert en.signed_percent(np.expm1(row["abnormal_return"])) in overview


def test_what_does_differ_from_zero_is_said_too(overview):
    assert "Around 24 Nov 2022 (days −2 to 2) the cumulative abnormal return is −17.3%" in overview


def test_each_event_has_a_tile_with_the_change_of_its_day(open_page, published):
    tiles = {tile.label: tile.value for tile in open_page(published).metric}
    assert tiles["7 Dec 2022"] == "▲ +24.2%"
    assert [label for label in tiles if "Nov 2022" in label or "Dec 2022" in label] == [
        "24 Nov 2022",
        "27 Nov 2022 → 28 Nov 2022",
        "1 Dec 2022",
        "7 Dec 2022",
    ]


def tiles_of(page) -> dict[str, str]:
    return {tile.label: plain(tile.value) for tile in page.metric}


def test_the_strip_is_computed_from_the_disclosed_facts(open_page, published, reader):
    opened = open_page(published)
    tiles, said, en = tiles_of(opened), plain(text_of(opened)), words("en")
    study = break_even_study(reader)
    rates = study.answers.set_index("name")
    assert tiles["Must pay: own server"] == en.percent(rates.loc["server", "value"]) == "9.0%"
    assert tiles["Must pay: pictures by API"] == en.percent(rates.loc["api", "value"])
    assert tiles["Kept of a payment"] == "CNY 9.29"
    assert tiles["Published pay rates"] == "4.5%–10.0%"
    assert "CNY 450,000 ÷ 36 months ÷ 10,000–20,000 users = CNY 0.625 to 1.25" in said
    low, high = (en.percent(rates.loc["server", end]) for end in ("low", "high"))
    assert f"**9.0%** ({low} to {high}) of its users must pay CNY 15.00 a month" in said


MOVES = [
    ("server_price", 900_000, "Must pay: own server"),
    ("life", 18, "Must pay: own server"),
    ("users", 50_000, "Must pay: own server"),
    ("api_price", 10, "Must pay: pictures by API"),
    ("images", 5, "Must pay: pictures by API"),
    ("fee", 15, "Kept of a payment"),
]


@pytest.mark.parametrize(("key", "value", "tile"), MOVES)
def test_a_moved_slider_moves_its_number_and_is_assumed(open_page, published, key, value, tile):
    opened = open_page(published)
    before = tiles_of(opened)
    assert key not in opened.query_params
    opened.slider(key=key).set_value(value).run()
    assert not opened.exception
    assert tiles_of(opened)[tile] != before[tile]
    assert opened.query_params[key] == str(value)
    said = plain(text_of(opened))
    assert said.count("moved; ") == 1
    assert ":gray-badge[:material/help: assumed] · moved; " in said


def test_a_slider_back_at_its_first_place_is_as_stated_again(open_page, published):
    opened = open_page(published, users="50000")
    assert tiles_of(opened)["Must pay: own server"] == "2.7%"
    opened.slider(key="users").set_value(15_000).run()
    assert tiles_of(opened)["Must pay: own server"] == "9.0%"
    assert "users" not in opened.query_params
    assert "moved; " not in text_of(opened)


def test_the_address_restores_the_sliders_and_refuses_the_impossible(open_page, published):
    opened = open_page(published, fee="0", users="20000")
    assert opened.slider(key="fee").value == 0
    assert tiles_of(opened)["Kept of a payment"] == "CNY 13.27"
    refused = open_page(published, fee="200")
    assert any("fee=`200`" in warning.value for warning in refused.warning)
    assert refused.slider(key="fee").value == 30


def test_an_unmoved_slider_follows_another_published_price_and_model(open_page, published):
    opened = open_page(published, price="F0467", api_model="F0294")
    assert opened.slider(key="api_price").value == 20
    assert "must buy a pack for CNY 9.90 every month" in plain(text_of(opened))
    assert "moved; " not in text_of(opened)


def test_a_day_known_to_the_week_says_so(overview):
    assert "The day is inferred: its date is known to the week only." in overview


def test_penetration_and_conversion_are_kept_apart(overview):
    assert "subscribers ÷ monthly actives" in overview
    assert "payers ÷ installs" in overview
    assert "never compared as one" in overview


def test_what_is_assumed_is_called_assumed(overview):
    assert ":gray-badge[:material/help: assumed]" in overview.replace("\\", "")
    assert "written off over 36 months" in overview


# The answer, the bridge and the verdict.


def test_the_first_thing_said_is_the_answer_of_the_case(open_page, published):
    opened = open_page(published)
    first = next(element.value for element in opened.header)
    assert first == "Perhaps, and this is a sketch."
    said = plain(text_of(opened))
    assert "**CNY 1,430,000** is left over 12 months at a hurdle rate of 15% a year" in said
    assert "a move that cannot be told from chance" in said


CASES = {
    "meitu-2022": ("Perhaps, and this is a sketch.", "Hype multiple"),
    "lensa-2022": ("Not known.", "Contribution"),
    "meitu-2023": ("Yes, on what is counted.", "Result of the product"),
    "meitu-2024": ("Yes, on what is counted.", "Result of the product"),
    "meitu-2025": ("Yes, on what is counted.", "Break-even pay rate"),
    "small-platform": ("Not known.", "Break-even pay rate"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_ready_case_opens_with_its_answer(open_page, published, case, lang):
    opened = open_page(published, lang=lang, case=case)
    assert not opened.exception
    assert not opened.error
    assert opened.selectbox(key="case").value == case
    if lang == "en":
        lead, tile = CASES[case]
        assert lead in [element.value for element in opened.header]
        assert tile in tiles_of(opened)


def test_the_verdict_names_subject_horizon_and_hurdle_and_is_greyed(overview):
    assert "Subject: The wave of AI Art in Meitu's app" in overview
    assert "Horizon: 12 months" in overview
    assert "Hurdle rate: 15% a year" in overview
    assert ":gray[Above zero in every draw; no probability to state]" in overview
    assert "No value within the ranges given here turns the sign" in overview
    assert ":gray-badge[:material/blur_on: rests on assumptions]" in overview
    assert "Assumed inputs carry 100% of the variance" in overview


def test_without_any_range_there_is_no_probability(open_page, published):
    said = plain(text_of(open_page(published, case="meitu-2023")))
    assert "there is no probability to state" in said
    assert ":gray[100%]" not in said


def test_the_deciding_inputs_say_what_would_settle_them(open_page, published):
    opened = open_page(published, case="lensa-2022")
    table = next(frame.value for frame in opened.dataframe if "settles" in frame.value)
    first = table.iloc[0]
    assert (first["input"], first["used"]) == ("Cost of a picture", "not known")
    assert plain(first["zero_at"]) == "USD 0.0618/picture"
    assert "Compute page" in first["settles"]


def test_a_case_of_a_later_day_is_not_shown_as_known_then(open_page, published):
    opened = open_page(published, as_of="2022-12-20")
    assert sum("Not known then" in note.value for note in opened.info) == 2
    assert "Hype multiple" not in tiles_of(opened)
    shown = open_page(published, as_of="2022-12-31")
    assert "Hype multiple" in tiles_of(shown)


def test_what_came_later_is_left_out_before_it_was_known(open_page, published):
    def rows(**query: str) -> int:
        opened = open_page(published, **query)
        return len(next(f.value for f in opened.dataframe if "before_told" in f.value))

    assert rows() > rows(as_of="2023-05-01") >= 1


def test_an_unknown_case_is_told_and_replaced(open_page, published):
    opened = open_page(published, case="wombo")
    assert any("case=`wombo`" in warning.value for warning in opened.warning)
    assert opened.selectbox(key="case").value == "meitu-2022"


def test_a_part_that_fails_leaves_the_others_standing(open_page, published, monkeypatch):
    from dashboard.app_pages import overview_growth
    from etl.errors import InputError

    def fails(*_):
        raise InputError("got nothing", "something", code="TORN")

    monkeypatch.setattr(overview_growth, "show", fails)
    opened = open_page(published)
    assert not opened.exception
    assert len(opened.error) == 1
    assert "TORN" in text_of(opened)
    assert "Must pay: own server" in tiles_of(opened)
    assert opened.get("plotly_chart")


# The growth strip.


def test_made_up_data_are_labelled_wherever_they_stand(open_page, grown):
    opened = open_page(grown)
    assert any("Simulated" in warning.value for warning in opened.warning)
    said = plain(text_of(opened))
    assert "Contribution of an install (simulated)" in said
    assert ":violet-badge[:material/casino: simulated] 90 days after an install" in said
    assert ":violet-badge[:material/casino: simulated] · US dollars after fees" in said


def test_the_strip_says_the_best_and_the_worst_channel_of_the_study(open_page, grown):
    from dashboard.studies.growth.channels import channel_study

    study = channel_study(
        SnapshotReader(grown),
        "simulated_app", "simulated_app_payments", "simulated_app_spend", 0.003,
    )  # fmt: skip
    left = study.table.set_index("channel")["contribution_per_install_usd"].dropna()
    said, en = plain(text_of(open_page(grown))), words("en")
    best, worst = (plain(en.money(value, "USD")) for value in (left.max(), left.min()))
    most, least = (labels.channel(en, code) for code in (left.idxmax(), left.idxmin()))
    assert f"{most} has left **{best}** and {least} **{worst}**" in said
    assert "search_ads" not in said
    assert f"{(left > 0).sum()} of {len(left)} channels leave more than they cost" in said


def test_a_dearer_picture_leaves_less(open_page, grown):
    def sentence(page) -> str:
        return next(line for line in text_of(page).split("\n") if "after an install" in line)

    opened = open_page(grown)
    before = sentence(opened)
    opened.number_input(key="cost").set_value(200).run()
    assert sentence(opened) != before
    assert opened.query_params["cost"] == "200"


def test_without_a_history_the_strip_says_what_to_do(open_page, published):
    opened = open_page(published)
    assert any("simulate demo" in note.value for note in opened.info)
    assert not any("Simulated" in warning.value for warning in opened.warning)


def test_without_payments_nothing_is_made_up(open_page, grown):
    opened = open_page(grown, payments="none")
    assert any("No payments stand beside" in note.value for note in opened.info)
    assert "after an install" not in text_of(opened)


def test_without_payments_the_strip_shows_what_installs_cost_and_where_to_import(open_page, grown):
    opened = open_page(grown, payments="none")
    costs = next(f.value for f in opened.dataframe if "cost_per_install_usd" in f.value)
    assert costs["installs"].sum() == 6_000
    assert "search ads" in set(costs["channel"])
    assert not [name for name in costs if name.startswith(("roas", "contribution", "proceeds"))]
    assert "time of the purchase" in text_of(opened)
    assert "To the import on the Data page" in [each.label for each in opened.get("page_link")]


def test_without_spend_it_is_said_that_none_was_counted(open_page, grown):
    assert "acquisition counts as nothing" in text_of(open_page(grown, spend="none"))


def test_a_history_of_a_later_day_is_not_shown_as_known_then(open_page, grown):
    opened = open_page(grown, as_of="2023-06-30")
    assert any("This history reaches to" in note.value for note in opened.info)
    assert "after an install" not in text_of(opened)


def test_that_the_data_are_the_bundled_ones_is_said_once_and_not_at_every_number(
    overview, open_page, published
):
    assert overview.count("nothing was read live since") == 1
    assert "Prices of 1357.HK reach to 30 Oct 2025" in overview
    assert ": stale]" not in overview
    assert ": 已过期]" not in text_of(open_page(published, lang="zh"))


def test_after_a_live_run_the_snapshot_is_not_called_bundled(open_page, published, monkeypatch):
    monkeypatch.setattr(queries, "is_bundled_only", lambda _: False)
    cache.forget()
    told = text_of(open_page(published))
    cache.forget()
    assert "nothing was read live" not in told
    assert "Snapshot published" in told
    # What the numbers do not say of themselves is said once, for every source that is late.
    assert told.count(": stale] prices of shares to ") == 1
    assert "; exchange rates to " in told


def test_what_the_address_asks_for_in_vain_is_said(open_page, published):
    told = [each.value for each in open_page(published, section="nonsense").warning]
    assert len(told) == 1
    assert "`section`=`nonsense`" in told[0]


def test_the_overview_says_what_it_cannot_say(overview):
    assert "What the evidence cannot say" in overview


def test_the_table_behind_the_figure_can_be_shown(open_page, published):
    opened = open_page(published)
    before = len(opened.dataframe)
    opened.toggle(key="event-timeline:table").set_value(True).run()
    assert len(opened.dataframe) == before + 1


@pytest.mark.parametrize("day", ["2021-01-01", "2022-11-24", "2022-12-02", "2022-12-07"])
def test_as_known_on_a_past_day_nothing_later_is_shown(published, open_page, day):
    page = open_page(published, lang="en", as_of=day)
    assert not page.exception
    assert any("As known on" in note.value for note in page.info)
    timelines = [frame.value for frame in page.dataframe if "event_date" in frame.value]
    assert all((frame["event_date"].astype(str) <= day).all() for frame in timelines)


def test_a_missing_figure_says_so_and_bears_no_evidence_kind(open_page, published):
    opened = open_page(published, as_of="2022-12-31")
    assert tiles_of(opened)["Kept of a payment"] == MISSING
    said = [plain(each.value) for each in opened.markdown]
    why = [line for line in said if "no price that users pay was known" in line]
    kept = [line for line in why if ":small[" in line]
    assert len(kept) == 1
    assert ":material/error: missing" in kept[0]
    assert "assumed" not in kept[0]
    # The tiles of the rates stand beside it: no price either, so no kind of evidence.
    missing = [line for line in said if line.startswith(":small[:red-badge[:material/error: miss")]
    assert len(missing) == 3
    assert "缺失" in text_of(open_page(published, lang="zh", as_of="2022-12-31"))


def test_both_figures_of_a_share_are_seen_on_the_day_not_only_the_newest(open_page, published):
    said = plain(text_of(open_page(published, as_of="2022-12-31")))
    assert "Before: 1.2% (30 Jun 2021)." in said
    assert "1.7%" in said


def test_a_derived_tile_is_of_the_newest_day_and_names_the_oldest(open_page, published):
    said = plain(text_of(open_page(published)))
    assert "its oldest part as of 8 Dec 2022" in said
    at = said.index("its oldest part as of 8 Dec 2022")
    assert "as of 30 Sept 2025" in said[at : at + 200]


def test_a_rate_of_nothing_is_said_to_be_before_fixed_costs(open_page, published):
    said = plain(text_of(open_page(published, case="meitu-2024")))
    assert "A break-even pay rate of 0% is before fixed costs" in said
    assert "With fixed costs, **0.94%** must pay." in said
    unknown = plain(text_of(open_page(published, case="meitu-2025")))
    assert "before fixed costs, which are not known" in unknown


@pytest.mark.parametrize(("lang", "said"), [("en", "1 source failed"), ("zh", "1 个来源")])
def test_a_source_that_failed_when_last_asked_is_said(
    open_page, published, monkeypatch, lang, said
):
    monkeypatch.setattr(queries, "failed_sources", lambda _reader: ["fx_rates"])
    warned = [plain(each.value) for each in open_page(published, lang=lang).warning]
    assert any(said in each and "fx_rates" in each for each in warned)


def test_the_days_are_folded_until_one_is_chosen(open_page, published):
    def is_open(**query: str) -> bool:
        told = open_page(published, **query).expander
        (line,) = [each for each in told if each.label == "As known on, and days shown"]
        return line.proto.expanded

    assert not is_open()
    assert is_open(as_of="2023-06-30")
    assert is_open(**{"from": "2022-01-01"})
