"""The control that shows a page as it could be known on a past day."""

from __future__ import annotations

from datetime import date

import streamlit as st

from dashboard import cache, permalinks
from dashboard.text import Words

FIRST_DAY = date(2021, 1, 1)
"""The first day of the bundled prices."""


def as_known_on(said: Words) -> date | None:
    """Show the control; return the day chosen, or nothing for all that is known now."""
    last = cache.info().published_at.date()
    permalinks.restore("as_of", permalinks.day(FIRST_DAY, last, said), None, said)
    st.date_input(
        said.t("As known on"),
        key="as_of",
        min_value=FIRST_DAY,
        max_value=last,
        format="YYYY-MM-DD",
        help=said.t(
            "Leaves out every price, event and fact that was not public on that day. Empty: "
            "everything held."
        ),
    )
    chosen: date | None = st.session_state["as_of"]
    if chosen is None:
        permalinks.leave_out("as_of")
        return None
    permalinks.remember("as_of", chosen.isoformat())
    return chosen


def as_known_note(said: Words, day: date | None) -> None:
    """Say that the page shows the past, where it does."""
    if day is not None:
        st.info(
            said.t(
                "As known on {day}: what became public later is left out everywhere on this page.",
                day=said.date(day),
            ),
            icon=":material/history_toggle_off:",
        )
