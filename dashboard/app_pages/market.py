"""The Market page answers: did the share price really react."""

from __future__ import annotations

import streamlit as st

from dashboard import freshness
from dashboard.app_pages.market_cards import FEEDS, market_sections
from dashboard.app_pages.market_controls import controls
from dashboard.states import gaps, no_prices, sections, with_states
from dashboard.text import Words, words


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Did the share price really react?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    if no_prices(said):
        return
    view = controls(said)
    gaps(said, *FEEDS)
    with freshness.of_one_series():
        sections(said, market_sections(view, said), view)


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
