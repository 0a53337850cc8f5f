"""The page Unit economics: its states, and what choosing, changing, saving and linking does."""

# pyright: basic

from __future__ import annotations

import json
import shutil
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from dashboard import scenarios
from dashboard.app_pages import (
    economics_capacity,
    economics_carried,
    economics_runway,
    economics_sourcing,
    economics_wave,
)
from dashboard.app_pages import economics_saving as saving
from tests.dashboard.conftest import text_of
from tests.etl.scenarios.test_mix import TYPED

APP = """
name: An app
as_of: 2024-06-30
currency: USD
sourcing: stated
inputs:
  active_users: 50000
  paying_share: {value: 0.03, low: 0.01, high: 0.05, source: a guess}
  net_proceeds: {value: 7, evidence_kind: measured, source: own payments}
  paid_images_per_user: 100
  free_images_per_user: 5
  cost_per_image: {value: 0.004, low: 0.002, high: 0.01}
"""


@pytest.fixture(autouse=True)
def without_the_further_cards(request, monkeypatch):
    """Leave out what `test_economics_cards.py` tests, but where every case is opened whole."""
    if "every_kind_of_case" in request.node.name:
        return
    further = (economics_capacity, economics_carried, economics_sourcing, economics_wave)
    for cards in (*further, economics_runway):
        monkeypatch.setattr(cards, "show", lambda *_: None)


@pytest.fixture(scope="module")
def held(published, tmp_path_factory):
    """Return a data folder with the snapshot for all tests: what pages keep of it stays warm."""
    folder = tmp_path_factory.mktemp("economics")
    shutil.copytree(published / "warehouse", folder / "warehouse")
    return folder


@pytest.fixture
def data(held):
    """Return a data folder with the snapshot, in which no scenario is saved yet."""
    shutil.rmtree(held / "scenarios", ignore_errors=True)
    return held


@pytest.fixture
def page_of(open_page, data):
    """Return a function that opens the page."""

    def opened(folder=data, **query):
        return open_page(folder, "unit_economics", **query)

    return opened


@pytest.fixture
def own(data):
    """Return a data folder in which a scenario is saved."""
    raw = scenarios.of_text(APP.encode(), "app.yml")
    scenarios.save("my-app", "An app", raw, data)
    return data


def tile(page, label: str):
    return next(metric for metric in page.metric if metric.label == label)


def press(page, label: str, **edited):
    """Press a button, with cells of tables edited: ``{position: {column: value}}``."""
    next(button for button in page.button if button.label == label).click()
    return page._run(_with_edits(page, edited))


def type_into(page, alt: str, rows):
    """Edit cells of a table without pressing anything."""
    return page._run(_with_edits(page, {alt: rows}))


def _with_edits(page, edited):
    states = page._tree.get_widget_states()
    for alt, rows in edited.items():
        state = states.widgets.add()
        state.id = editor(page, alt).proto.id
        state.string_value = json.dumps(
            {
                "edited_rows": {str(place): row for place, row in rows.items()},
                "added_rows": [],
                "deleted_rows": [],
            }
        )
    return states


def editor(page, alt: str):
    """Return an editable table: ``inputs`` or ``plans``."""
    return next(
        table
        for table in page.dataframe
        if table.proto.editing_mode
        and (table.proto.alt_text if hasattr(table.proto, "alt_text") else table.proto.alt)
        .lower()
        .startswith(alt)
    )


def place_of(page, name: str) -> int:
    return list(editor(page, "inputs").value.index).index(name)


@pytest.mark.parametrize(
    ("key", "lang"),
    [("small-platform", "zh"), ("meitu-2022", "en"), ("lensa-2022", "zh"), ("meitu-2024", "en")],
)
def test_every_kind_of_case_opens_without_a_fault(page_of, key, lang):
    page = page_of(lang=lang, scenario=key)
    assert not page.exception
    assert [told.value for told in page.error] == []
    assert page.get("plotly_chart")
    assert ("rests on assumptions" in text_of(page)) == (key == "meitu-2022")


def test_the_default_says_what_it_lacks_and_what_would_settle_it(page_of):
    page = page_of()
    told = text_of(page)
    assert "is not known" in told
    assert "Payers among monthly actives" in told
    assert "import them on the Data page" in told
    assert tile(page, "Contribution of a user").value == "–"
    assert tile(page, "Break-even pay rate").value == "9.57%"
    assert "of monthly actives subscribe" in told
    frame = editor(page, "inputs").value
    for name in ("paying_share", "paid_images_per_user", "half_life_days"):
        assert frame.loc[name, "evidence"] == "missing"
        assert frame.loc[name, "source"].startswith("needed for: ")
    assert "Capacity and waiting" in frame.loc["paid_images_per_user", "source"]
    assert frame.loc["half_life_days", "source"].startswith("needed for: Half-life against")
    assert frame.loc["refund_rate", "evidence"] == "not given, left out"
    assert "Type it among the inputs below; what would settle it: your own events" in told.replace(
        "\\", ""
    )
    steps = next(table.value for table in page.dataframe if "computed_from" in table.value)
    rate = steps.loc[steps["step"] == "Break-even pay rate"].iloc[0]
    assert (round(rate["value"], 2), rate["unit"]) == (9.57, "%")
    unknown = steps["value"].isna()
    assert set(steps.loc[unknown, "evidence"]) == {"missing"}
    assert "missing" not in set(steps.loc[~unknown, "evidence"])


def test_nothing_collected_says_what_to_do(page_of, tmp_path):
    page = page_of(tmp_path)
    assert not page.exception
    assert "Nothing has been collected yet" in page.info[0].value


def test_a_broken_link_and_an_unknown_key_are_said_and_the_default_is_shown(page_of):
    page = page_of(s="nonsense", scenario="meitu-1999")
    assert "link cannot be read" in page.error[0].value
    assert "meitu-1999" in page.warning[0].value
    assert "s" not in page.query_params
    assert page.selectbox(key="scenario").value == scenarios.DEFAULT
    assert tile(page, "Break-even pay rate").value == "9.57%"


def test_a_broken_file_is_named_and_the_page_stays_usable(page_of, own):
    (own / "scenarios" / "torn.yml").write_text("name: [")
    page = page_of(scenario="torn")
    assert not page.exception
    assert "torn" in page.error[0].value
    page.selectbox(key="scenario").set_value("meitu-2024").run()
    assert not page.error
    assert tile(page, "Contribution of a user").value == "CNY 0.696"


def test_a_reference_that_the_snapshot_lacks_can_be_mended(page_of, own):
    raw = scenarios.of_text(APP.replace("50000", "{fact: F9999}").encode(), "x")
    scenarios.save("lacking", "Lacking", raw, own)
    page = page_of(scenario="lacking")
    assert "F9999" in page.error[0].value
    area = page.text_area[0]
    area.set_value(area.value.replace("fact: F9999", "value: 50000"))
    page = press(page, "Apply")
    assert not page.error
    assert tile(page, "Contribution of a user").value != "–"
    assert page.query_params["s"]


def test_a_typed_number_changes_the_result_and_the_badge_and_is_put_back(page_of, own):
    page = page_of(scenario="my-app")
    before = tile(page, "Contribution of a payer").value
    place = place_of(page, "net_proceeds")
    assert editor(page, "inputs").value.iloc[place]["evidence"] == "measured"

    page = press(page, "Apply the changes", inputs={place: {"value": 14.0}})

    assert not page.error
    assert tile(page, "Contribution of a payer").value != before
    row = editor(page, "inputs").value.iloc[place]
    assert (row["value"], row["evidence"], row["source"]) == (14, "assumed", "typed in")
    assert "changed" in text_of(page)

    back = next(box for box in page.multiselect if box.label == "Inputs that were changed")
    back.set_value(["net_proceeds"]).run()
    page.button(key="economics:back").click().run()
    assert tile(page, "Contribution of a payer").value == before
    assert "s" not in page.query_params


def test_a_share_is_typed_in_per_cent_and_what_cannot_be_is_told_by_its_name(page_of, own):
    page = page_of(scenario="my-app")
    before = tile(page, "Contribution of a user").value
    place = place_of(page, "paying_share")
    row = editor(page, "inputs").value.iloc[place]
    assert (row["value"], row["low"], row["high"], row["unit"]) == (3, 1, 5, "%")

    page = press(page, "Apply the changes", inputs={place: {"value": 300.0}})
    told = page.error[0].value.replace("\\", "")
    assert "Payers among monthly actives: 300 % cannot be" in told
    assert "at least 0 and at most 100" in told
    assert "5 is 5%" in told
    assert tile(page, "Contribution of a user").value == before
    assert "s" not in page.query_params

    page = press(page, "Apply the changes", inputs={place: {"value": 4.0}})
    assert not page.error
    assert scenarios.of_code(_code(page))["inputs"]["paying_share"]["value"] == 0.04

    page = press(page, "Apply the changes", inputs={place: {"value": None}})
    assert editor(page, "inputs").value.iloc[place]["evidence"] == "missing"
    assert tile(page, "Contribution of a user").value == "–"


def test_what_is_typed_and_not_applied_outlives_another_change(page_of, own):
    page = page_of(scenario="my-app")
    place = place_of(page, "net_proceeds")
    page = type_into(page, "inputs", {place: {"value": 14.0}})
    assert "1 typed input is not applied yet" in text_of(page)
    slider = next(each for each in page.slider if "Payers among monthly" in each.label)
    slider.set_value(slider.max)
    page = type_into(page, "inputs", {place: {"value": 14.0}})
    page.button(key="economics:take").click()
    page = type_into(page, "inputs", {place: {"value": 14.0}})
    inputs = scenarios.of_code(_code(page))["inputs"]
    assert inputs["net_proceeds"]["value"] == 14
    assert inputs["paying_share"]["source"] == "typed in"
    assert inputs["cost_per_image"]["high"] == 0.01  # its slider was not moved
    assert any("Kept of a payer" in each.label for each in page.slider)


def test_a_link_restores_the_whole_scenario_elsewhere(page_of, own):
    page = page_of(scenario="my-app")
    page = press(page, "Apply the changes", inputs={place_of(page, "net_proceeds"): {"value": 14}})
    value = tile(page, "Contribution of a user").value
    page.button(key="economics:link").click().run()
    link = urlsplit(page.code[0].value)
    asked = dict(parse_qsl(link.query))
    assert asked["scenario"] == "my-app"

    scenarios.remove("my-app", own)
    other = page_of(**asked)

    assert not other.error
    assert not other.warning
    assert tile(other, "Contribution of a user").value == value
    assert other.selectbox(key="scenario").value == scenarios.UNSAVED


def test_a_saved_scenario_is_linked_whole_beside_the_short_link_of_here(page_of, own):
    page = page_of(scenario="my-app")
    value = tile(page, "Contribution of a user").value
    page.button(key="economics:link").click().run()
    whole, short = (dict(parse_qsl(urlsplit(each.value).query)) for each in page.code)
    assert "s" not in short
    assert whole == {**short, "s": scenarios.code_of(scenarios.of_text(APP.encode(), "x"))}
    told = [each.value for each in page.caption]
    assert "Holds the whole scenario, and opens anywhere:" in told
    assert "Short; opens only where my-app is saved:" in [each.replace("\\", "") for each in told]

    scenarios.remove("my-app", own)
    other = page_of(**whole)
    assert not other.warning
    assert tile(other, "Contribution of a user").value == value


def test_a_ready_case_has_one_link_for_it_is_everywhere(page_of):
    page = page_of(scenario="meitu-2022")
    page.button(key="economics:link").click().run()
    assert len(page.code) == 1


def test_what_cannot_be_evaluated_is_not_saved_in_place_of_what_can(page_of, own, monkeypatch):
    page = page_of(scenario="my-app")
    before = (own / "scenarios" / "my-app.yml").read_bytes()
    bad = scenarios.of_text(APP.encode() + b"  paid_churn_rate: 1.4\n", "bad.yml")
    monkeypatch.setattr(saving, "current", lambda _: bad)
    page = press(page, "Save")
    assert "1.4" in page.error[0].value
    assert not page.success
    assert (own / "scenarios" / "my-app.yml").read_bytes() == before


def name_it(page, was: str, **words: str):
    """Fill in name and short name of the scenario that was opened as ``was``."""
    for what, key in (("name", saving.NAME_OF_SAVED), ("short", saving.KEY_OF_SAVED)):
        if what in words:
            page.text_input(key=f"{key}:{was}").set_value(words[what])


def test_it_is_saved_under_any_name_found_again_and_deleted(page_of, own):
    page = page_of(scenario="my-app")
    page = press(page, "Apply the changes", inputs={place_of(page, "net_proceeds"): {"value": 14}})
    value = tile(page, "Contribution of a user").value
    name_it(page, "my-app", name="更贵的 应用", short="")
    page = press(page, "Save")
    assert page.success[0].value.replace("\\", "") == (
        "更贵的 应用 is saved in scenarios/my-app-2.yml."
    )
    assert page.selectbox(key="scenario").value == "my-app-2"
    assert "s" not in page.query_params
    saved = (own / "scenarios" / "my-app-2.yml").read_text(encoding="utf-8")
    assert "更贵的 应用" in saved

    again = page_of(scenario="my-app-2")
    assert tile(again, "Contribution of a user").value == value
    again.button(key="economics:delete").click().run()
    assert "deleted" in again.success[0].value
    assert "my-app-2" not in again.selectbox(key="scenario").options
    assert not (own / "scenarios" / "my-app-2.yml").exists()


def test_another_saved_scenario_is_replaced_only_with_a_tick(page_of, own):
    scenarios.save("kept", "Kept", scenarios.of_text(APP.encode(), "x"), own)
    before = (own / "scenarios" / "kept.yml").read_bytes()
    page = page_of(scenario="my-app")
    name_it(page, "my-app", name="Mine", short="Kept")
    page = press(page, "Save")
    assert "holds a saved scenario already: Kept" in page.error[0].value.replace("\\", "")
    assert (own / "scenarios" / "kept.yml").read_bytes() == before
    page.checkbox(key=f"{saving.REPLACES}:kept").check()
    page = press(page, "Save")
    assert "in place of what it held" in page.success[0].value
    assert (own / "scenarios" / "kept.yml").read_bytes() != before

    name_it(page, "kept", short="meitu-2022")
    page = press(page, "Save")
    assert "ready case" in page.error[0].value


def test_a_file_is_taken_in_and_a_faulty_one_names_the_nearest_key(page_of, data):
    page = page_of()
    faulty = APP.replace("paying_share", "paying_shares")
    page.file_uploader(key=saving.UPLOAD).set_value(("app.yml", faulty.encode(), "text/yaml"))
    page.run()
    assert "perhaps you meant paying\\_share" in page.error[0].value
    assert page.selectbox(key="scenario").value == scenarios.DEFAULT

    page.file_uploader(key=saving.UPLOAD).set_value(("good.yml", APP.encode(), "text/yaml"))
    page.run()
    assert not page.error
    assert page.selectbox(key="scenario").value == scenarios.UNSAVED
    assert page.query_params["s"]
    assert "USD" in tile(page, "Contribution of a user").value


def test_another_price_is_assumed_and_changes_what_is_kept(page_of, data):
    page = page_of()
    before = tile(page, "Contribution of a payer").value
    page = press(page, "Apply the plans", plans={0: {"price": 19.9}})
    assert not page.error
    assert tile(page, "Contribution of a payer").value != before
    raw = scenarios.of_code(_code(page))
    assert raw["plans"][0]["price"] == {
        "value": 19.9,
        "evidence_kind": "assumed",
        "source": "typed in",
        "unit": "CNY",
    }
    assert raw["plans"][0]["store"] == "wechat_mini_program"
    code = _code(page)
    page = press(page, "Apply the plans", plans={0: {"program": "standard"}})
    assert "program standard" in page.error[0].value.replace("\\", "")
    assert _code(page) == code


def test_another_currency_converts_formulas_too_and_says_so(page_of, data):
    """The formula's fact is in dollars, so it is a foreign one in either currency."""
    text = APP.replace("currency: USD", "currency: CNY")
    text = text.replace("{value: 0.004, low: 0.002, high: 0.01}", "{formula: F0294 * 2}")
    scenarios.save("foreign", "Foreign", scenarios.of_text(text.encode(), "x"), data)
    page = page_of(scenario="foreign")
    assert not page.error
    kind = editor(page, "inputs").value["evidence"]["cost_per_image"]
    page.selectbox(key="currency").set_value("EUR").run()
    assert not page.error
    assert page.query_params["currency"] == "EUR"
    assert "s" not in page.query_params  # the scenario itself is as it was
    assert tile(page, "Contribution of a payer").value.startswith("−EUR")
    frame = editor(page, "inputs").value
    assert "converted" in frame["source"]["net_proceeds"]
    assert "converted" in frame["source"]["cost_per_image"]
    assert frame["evidence"]["cost_per_image"] == kind
    assert frame["value"]["cost_per_image"] == pytest.approx(0.0409, rel=0.1)  # two times 2 cents


def test_a_currency_without_a_rate_of_the_day_is_said_and_nothing_is_converted(page_of, data):
    text = APP.replace("as_of: 2024-06-30", "as_of: 2019-06-30")
    scenarios.save("early", "Early", scenarios.of_text(text.encode(), "x"), data)
    page = page_of(scenario="early", currency="EUR")
    assert "Not told in EUR" in page.warning[0].value
    assert "none is held" in page.warning[0].value
    assert "USD" in tile(page, "Contribution of a payer").value


def test_the_currency_chosen_here_is_that_of_the_memo(page_of, own):
    page = page_of(scenario="my-app", currency="JPY", report="unit-economics")
    page.query_params.clear()
    page.query_params["report"] = "unit-economics"
    page.switch_page("app_pages/reports.py").run()
    assert page.selectbox(key="currency").value == "JPY"


def test_sliders_answer_without_changing_the_scenario_until_asked(page_of, own):
    page = page_of(scenario="my-app")
    slider = next(each for each in page.slider if "Payers among monthly" in each.label)
    before = tile(page, "Contribution of a user").value
    tried = tile(page, "Result of a user").value
    slider.set_value(slider.max).run()
    assert tile(page, "Contribution of a user").value == before
    assert tile(page, "Result of a user").value != tried
    page.button(key="economics:take").click().run()
    assert scenarios.of_code(_code(page))["inputs"]["paying_share"]["source"] == "typed in"


def test_sliders_answer_for_the_result_of_the_verdict_and_miss_nothing(page_of, own):
    raw = APP.replace("inputs:", "inputs:\n  fixed_costs: 900")
    # A range that the result of a month does not depend on.
    raw += "  half_life_days: {value: 30, low: 20, high: 40}\n"
    scenarios.save("my-app", "An app", scenarios.of_text(raw.encode(), "app.yml"), own)
    page = page_of(scenario="my-app")
    assert "Result of a user: " in text_of(page).replace("\\", "")  # the verdict
    tiles = [metric.label for metric in page.metric]
    odds = tiles.index("Probability of a profit")
    assert tiles[odds - 2 : odds] == ["Result of a user", "Break-even pay rate, all costs paid"]
    told = [each.value for each in page.markdown]
    why = next(place for place, text in enumerate(told) if "No other range changes" in text)
    assert not any("missing" in text for text in told[why - 1 : why + 2])


def test_what_was_made_up_is_said_everywhere_it_is_used(page_of, data):
    raw = scenarios.of_text(APP.replace("measured", "simulated").encode(), "x")
    scenarios.save("made-up", "Made up", raw, data)
    page = page_of(scenario="made-up")
    assert "Simulated" in page.warning[0].value
    assert "simulated" in text_of(page)


def test_ones_own_data_replace_a_guess_and_stay_what_they_are(page_of, grown):
    text = APP.replace("2024-06-30", "2026-11-25")
    page = page_of(grown, s=scenarios.code_of(scenarios.of_text(text.encode(), "x")))
    assert not page.error
    before = tile(page, "Contribution of a user").value
    page.multiselect(key="economics:own:names").set_value(["paying_share"])
    page = press(page, "Take them")
    assert not page.error
    row = editor(page, "inputs").value.loc["paying_share"]
    assert row["evidence"] == "simulated"
    assert tile(page, "Contribution of a user").value != before
    assert page.warning[0].value.startswith("**Simulated.**")
    taken = scenarios.of_code(_code(page))["inputs"]["paying_share"]
    assert taken == {"own": {"source": "simulated_app"}}

    early = APP.replace("2024-06-30", "2010-06-30")
    page.query_params["s"] = scenarios.code_of(scenarios.of_text(early.encode(), "x"))
    page.run()
    assert any("data known on 2010" in told.value for told in page.info)


def test_contradicting_claims_stand_side_by_side(page_of, data):
    text = APP.replace("2024-06-30", "2026-11-25")
    text = text.replace("{value: 0.03, low: 0.01, high: 0.05, source: a guess}", "{fact: F0179}")
    scenarios.save("rates", "Rates", scenarios.of_text(text.encode(), "x"), data)
    page = page_of(scenario="rates")
    assert not page.error
    assert "Claims that contradict each other" in text_of(page)
    shown = next(table.value for table in page.dataframe if "is_used" in table.value)
    assert shown.set_index("fact_id")["value"][["F0179", "F0180"]].tolist() == ["2.00%", "4.60%"]
    assert shown.loc[shown["is_used"], "fact_id"].tolist() == ["F0179"]


def test_at_most_four_scenarios_are_compared_and_stand_in_the_address(page_of, own):
    page = page_of(compare="my-app,meitu-2024,present")
    assert not page.exception
    assert not page.error
    assert "different currencies" in text_of(page)
    assert _one(page.query_params["compare"]) == "my-app,meitu-2024,present"

    page.query_params["compare"] = "meitu-2022,meitu-2023,meitu-2024,meitu-2025,lensa-2022"
    page.run()
    assert "at most 4" in page.warning[0].value
    assert page.multiselect(key="compare").value == [
        *("meitu-2022", "meitu-2023", "meitu-2024", "meitu-2025"),
    ]


def test_an_unknown_scenario_to_compare_is_named_and_the_others_are_kept(page_of, own):
    page = page_of(compare="my-app,nobodys,meitu-2024")
    assert "`nobodys`" in page.warning[0].value
    assert page.multiselect(key="compare").value == ["my-app", "meitu-2024"]


def _code(page) -> str:
    return _one(page.query_params["s"])


def _one(code):
    return code[0] if isinstance(code, list) else code


def test_a_mix_and_its_pack_are_priced_on_the_page(page_of, own):
    mixed = {**TYPED, "name": "Mixed"}
    (own / "scenarios").mkdir(exist_ok=True)
    (own / "scenarios" / "mixed.yml").write_text(yaml.safe_dump(mixed), encoding="utf-8")
    told = text_of(page_of(own, scenario="mixed"))
    assert "A thousand delivered pictures of the mix of 2 kinds cost" in told
    assert "A pack of 40 pictures costs" in told


def test_without_a_cost_of_a_picture_the_page_says_why(page_of):
    assert "A picture has no cost of its own here" in text_of(page_of(scenario="small-platform"))
