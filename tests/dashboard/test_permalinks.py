"""The address restores a view, and an impossible one is said and replaced."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import permalinks
from dashboard.text import words

EN = words("en")


def small_page() -> None:
    import streamlit as st

    from dashboard import permalinks
    from dashboard.text import words

    said = words("en")
    permalinks.restore("model", permalinks.one_of(("market", "mean"), said), "market", said)
    chosen = st.selectbox("Model", ("market", "mean"), key="model")
    permalinks.remember("model", chosen)


def page(**query: str) -> AppTest:
    test = AppTest.from_function(small_page)
    for key, code in query.items():
        test.query_params[key] = code
    return test.run()


def telling_page() -> None:
    import streamlit as st

    from dashboard import permalinks
    from dashboard.text import words

    said = words("en")
    above = st.container()
    permalinks.restore("model", permalinks.one_of(("market", "mean"), said), "market", said)
    with above:
        permalinks.tell_unread(said)


def test_what_no_control_reads_is_named_and_what_travels_or_is_read_is_not():
    test = AppTest.from_function(telling_page)
    for key, code in {"model": "mean", "ticker": "1357.HK", "lang": "en", "tour": "2"}.items():
        test.query_params[key] = code
    assert not test.run().warning
    test.query_params["modle"] = "a\n\n# b`c"
    (told,) = test.run().warning
    assert "`modle`=`a # bc`, which chooses nothing" in told.value
    test.query_params["x"] = "1"
    assert "which choose nothing" in test.run().warning[0].value


def test_the_address_chooses_the_value():
    assert page(model="mean").selectbox(key="model").value == "mean"


def test_without_an_address_the_default_is_chosen_and_written():
    opened = page()
    assert opened.selectbox(key="model").value == "market"
    assert opened.query_params["model"] == "market"


def test_an_impossible_code_is_said_and_replaced_by_the_default():
    opened = page(model="m`axi")
    assert opened.selectbox(key="model").value == "market"
    assert "expected one of market, mean" in opened.warning[0].value
    assert opened.query_params["model"] == "market"


def test_the_readers_choice_wins_over_the_address_it_came_from():
    opened = page(model="mean")
    opened.selectbox(key="model").set_value("market").run()
    assert opened.selectbox(key="model").value == "market"
    assert opened.query_params["model"] == "market"


def test_an_address_changed_under_the_page_wins():
    opened = page(model="mean")
    opened.query_params["model"] = "market"
    opened.run()
    assert opened.selectbox(key="model").value == "market"


@pytest.mark.parametrize("code", ["", "2", "a,b", "3,2", "-21,2", "-2,61", "1,2,3", "1.5,2"])
def test_an_impossible_window_is_refused(code):
    with pytest.raises(ValueError, match="two whole numbers"):
        permalinks.span(-20, 60, EN)(code)


def test_a_window_is_two_whole_numbers_in_order():
    assert permalinks.span(-20, 60, EN)("-2,2") == (-2, 2)
    assert permalinks.span(-20, 60, EN)("0,0") == (0, 0)


@pytest.mark.parametrize("code", ["", "x", "29", "251", "1e2", "120.0"])
def test_an_impossible_length_is_refused(code):
    with pytest.raises(ValueError, match="from 30 to 250"):
        permalinks.whole_number(30, 250, EN)(code)


def test_a_number_may_have_decimals_within_its_bounds():
    parse = permalinks.number(0, 2.5, EN)
    assert parse("2.5") == 2.5
    assert parse("1e-3") == 0.001
    for code in ("", "x", "2.6", "-0.1", "nan", "inf", "1,5"):
        with pytest.raises(ValueError, match=r"expected a number from 0 to 2\.5"):
            parse(code)


def test_several_codes_stand_between_commas():
    parse = permalinks.several_of(("E1", "E2"), EN)
    assert parse("E2,E1") == ["E2", "E1"]
    assert parse("") == []
    with pytest.raises(ValueError, match="E1, E2"):
        parse("E3,E4")


def test_what_is_known_of_several_codes_is_kept_and_the_rest_named():
    with pytest.raises(permalinks.PartlyKnownError, match="E1, E2") as told:
        permalinks.several_of(("E1", "E2"), EN)("E1,E3")
    assert (told.value.kept, told.value.left) == (("E1",), ("E3",))
    with pytest.raises(permalinks.PartlyKnownError, match="at most 2") as told:
        permalinks.several_of(("E1", "E2", "E4"), EN, 2)("E4,E1,E2,E4")
    assert (told.value.kept, told.value.left) == (("E4", "E1"), ("E2",))


def page_of_several() -> None:
    import streamlit as st

    from dashboard import permalinks
    from dashboard.text import words

    said = words("en")
    permalinks.restore("events", permalinks.several_of(("E1", "E2"), said), ["E2"], said)
    st.multiselect("Events", ("E1", "E2"), key="events")
    permalinks.remember("events", ",".join(st.session_state["events"]))


def test_an_unknown_one_of_several_is_named_and_the_others_stay():
    test = AppTest.from_function(page_of_several)
    test.query_params["events"] = "E1,E`3"
    test.run()
    assert test.multiselect(key="events").value == ["E1"]
    assert "`E3`" in test.warning[0].value
    assert "The others are kept" in test.warning[0].value
    assert test.query_params["events"] == "E1"


def test_a_day_is_written_as_iso_and_lies_within_its_bounds():
    parse = permalinks.day(date(2021, 1, 1), date(2026, 1, 1), EN)
    assert parse("2022-12-07") == date(2022, 12, 7)
    for code in ("2020-12-31", "2026-01-02", "7.12.2022", ""):
        with pytest.raises(ValueError, match="expected a day from 2021-01-01 to 2026-01-01"):
            parse(code)


def page_of_a_number() -> None:
    import streamlit as st

    from dashboard import permalinks
    from dashboard.text import words

    said = words("en")
    permalinks.restore("cents", permalinks.whole_number(1, 1_000, said), 250, said)
    st.number_input("Cents", 1, 1_000, key="cents", step=1)
    permalinks.chosen("cents")


def test_a_typed_number_stays_and_goes_into_the_address() -> None:
    test = AppTest.from_function(page_of_a_number).run()
    test.number_input(key="cents").set_value(777).run()
    assert test.number_input(key="cents").value == 777
    assert test.query_params["cents"] == "777"
    assert test.run().number_input(key="cents").value == 777


def two_pages() -> None:
    import streamlit as st

    from dashboard import permalinks
    from dashboard.text import words

    said = words("en")
    which = st.session_state.get("which", "first")
    options = {"first": ("A", "B"), "second": ("A", "C"), "third": ()}[which]
    if options:
        permalinks.restore("ticker", permalinks.one_of(options, said), "A", said)
        # A widget of another page is another widget, of the same key.
        st.selectbox(which, options, key="ticker")
        permalinks.chosen("ticker")
        st.button("Reset", on_click=permalinks.reset)


def go_to(test: AppTest, which: str, **query: str) -> AppTest:
    """Go to a page as the navigation does: its address is bare, and widgets start anew."""
    for page in ("third", which):
        test.session_state["which"] = page
        for key in list(test.query_params):
            del test.query_params[key]
        if page == which:
            for key, code in query.items():
                test.query_params[key] = code
        test.run()
    return test


def test_what_is_chosen_on_one_page_is_chosen_on_the_next_and_back_again():
    test = AppTest.from_function(two_pages).run()
    test.selectbox(key="ticker").set_value("B").run()
    go_to(test, "third")
    assert go_to(test, "first").selectbox(key="ticker").value == "B"
    assert test.query_params["ticker"] == "B"


def test_what_the_next_page_cannot_show_waits_without_a_word():
    test = AppTest.from_function(two_pages).run()
    test.selectbox(key="ticker").set_value("B").run()
    assert go_to(test, "second").selectbox(key="ticker").value == "A"
    assert not test.warning
    assert test.query_params["ticker"] == "A"
    assert go_to(test, "first").selectbox(key="ticker").value == "B"


def test_a_choice_made_there_takes_its_place():
    test = AppTest.from_function(two_pages).run()
    test.selectbox(key="ticker").set_value("B").run()
    go_to(test, "second").selectbox(key="ticker").set_value("C").run()
    test.selectbox(key="ticker").set_value("A").run()
    assert go_to(test, "first").selectbox(key="ticker").value == "A"


def test_an_address_wins_over_what_was_chosen_elsewhere():
    test = AppTest.from_function(two_pages).run()
    test.selectbox(key="ticker").set_value("B").run()
    assert go_to(test, "second", ticker="C").selectbox(key="ticker").value == "C"
    assert not go_to(test, "third").query_params
    assert go_to(test, "second").selectbox(key="ticker").value == "C"


def test_a_default_that_nobody_chose_does_not_travel():
    test = AppTest.from_function(two_pages).run()
    assert test.session_state["permalinks:kept"] == {}


def test_a_reset_chooses_nothing_here_and_elsewhere():
    test = AppTest.from_function(two_pages).run()
    test.selectbox(key="ticker").set_value("B").run()
    test.button[0].click().run()
    assert test.selectbox(key="ticker").value == "A"
    assert test.session_state["permalinks:kept"] == {}


def test_a_choice_that_the_next_page_does_not_know_is_left_behind(open_page, published):
    opened = open_page(published, "data", view="financials")
    opened.switch_page("app_pages/reports.py").run()
    assert not opened.exception
    assert not opened.error
    assert opened.query_params["view"] == "build"
