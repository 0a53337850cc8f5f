"""The Reports page: give me something to send."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import permalinks
from dashboard.app_pages import (
    reports_build,
    reports_choice,
    reports_history,
    reports_house,
    reports_schedules,
)
from dashboard.states import with_states
from dashboard.text import Words, words


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Give me something to send"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    sections = _sections(said)
    codes = list(sections)
    permalinks.restore("view", permalinks.one_of(codes, said), codes[0], said)
    st.segmented_control(
        said.t("Section"),
        codes,
        key="view",
        format_func=lambda code: sections[code][0],
        required=True,
        label_visibility="collapsed",
        wrap=True,
    )
    _, show = sections[permalinks.chosen("view")]
    show(said)


def _sections(said: Words) -> dict[str, tuple[str, Callable[[Words], None]]]:
    return {
        "build": (said.t("Build"), _build),
        "history": (said.t("History"), reports_history.show),
        "schedules": (said.t("Schedules"), reports_schedules.show),
        "house": (said.t("Own disclosure"), reports_house.show),
    }


def _build(said: Words) -> None:
    reports_build.show(reports_choice.chosen(said), said)


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
