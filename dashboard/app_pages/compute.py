"""The Compute page answers what one picture really costs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import cache, permalinks
from dashboard.app_pages import compute_cost, compute_measure, compute_runs
from dashboard.app_pages.filters import kept_line
from dashboard.states import gaps, part, with_states
from dashboard.studies.compute import ComputeStudy, compute_study
from dashboard.text import Words, words

SECTIONS = ("runs", "stages", "cost", "measure")


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("What does one picture really cost?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    study = cache.study(compute_study)
    show: dict[str, Callable[[ComputeStudy, Words], None]] = {
        "runs": compute_runs.show_runs,
        "stages": compute_runs.show_stages,
        "cost": compute_cost.show,
        "measure": compute_measure.show,
    }
    section = _section(said)
    if section != "measure":  # which has headings of its own
        st.header(_names(said)[section], anchor=False)
    kept_line(said)
    gaps(said, *compute_runs.FEEDS)
    part(said, lambda: show[section](study, said), name=f"compute:{section}:all")


def _section(said: Words) -> str:
    permalinks.restore("section", permalinks.one_of(SECTIONS, said), SECTIONS[0], said)
    st.segmented_control(
        said.t("Part of the page"),
        SECTIONS,
        key="section",
        format_func=_names(said).__getitem__,
        required=True,
        label_visibility="collapsed",
    )
    return permalinks.chosen("section")


def _names(said: Words) -> dict[str, str]:
    return {
        "runs": said.t("Measured runs"),
        "stages": said.t("Stages and limits"),
        "cost": said.t("Cost"),
        "measure": said.t("Measure here"),
    }


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
