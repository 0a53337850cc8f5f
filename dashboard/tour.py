"""The first-run tour: eight questions, one a page, each with what to see and why it matters.

The step stands in the address (``tour=3``), so that it can be shared. That somebody has seen it, or
does not want it, is remembered by the browser alone, in a cookie of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from dashboard import permalinks
from dashboard.text import Words

COOKIE = "artonomics_tour"
KEY = "tour"
_SEEN = "tour:seen"
_N_STEPS = 8


@dataclass(frozen=True)
class Step:
    """One question of the tour.

    Attributes
    ----------
    question
        What the page answers.
    see, why
        What to look at, and why it matters.
    page
        File of the page.
    view
        What the address chooses there, by raw codes.
    """

    question: str
    see: str
    why: str
    page: str
    view: dict[str, str] = field(default_factory=dict[str, str])


def steps(said: Words) -> tuple[Step, ...]:
    """Return the steps in order."""
    return (*_outside(said), *_inside(said))


def show(said: Words, *, on_overview: bool) -> None:
    """Show the step that the address names; without one the invitation, to who has not seen it."""
    if KEY in st.query_params:
        number = permalinks.whole_number(1, _N_STEPS, said)
        permalinks.restore(KEY, number, 1, said)
        permalinks.remember(KEY, str(st.session_state[KEY]))
        _step(int(st.session_state[KEY]), said)
        return
    permalinks.forget(KEY)
    if on_overview and not _is_seen():
        _invitation(said)


def link(said: Words) -> None:
    """Show the small link that begins the tour again."""
    st.page_link(
        "app_pages/overview.py",
        label=said.t("Tour"),
        icon=":material/tour:",
        query_params=_asked(1, {}, said),
        width="content",
    )


def to_remember() -> str:
    """Return what the browser is to keep of it; empty where there is nothing new."""
    return "seen" if st.session_state.get(_SEEN) else ""


def _outside(said: Words) -> tuple[Step, ...]:
    return (
        Step(
            said.t("Can curiosity about AI art be turned into cash?"),
            said.t("The answer in words, then what a user of a server costs beside who pays."),
            said.t("Every other page is a piece of this answer; each number says how it is known."),
            "overview",
        ),
        Step(
            said.t("Did the share price really react?"),
            said.t("The price with its events, and whether the days stand out from random ones."),
            said.t("A day picked because the price had moved proves nothing: see it set apart."),
            "market",
        ),
        Step(
            said.t("How high, how long, how fast does it fade?"),
            said.t("The waves of ratings after each launch, with the half-life of each."),
            said.t("A wave that fades in two weeks must earn in two weeks."),
            "attention",
        ),
        Step(
            said.t("Do they stay, do they pay?"),
            said.t("The share of each cohort that returns. Change the rule: the share changes."),
            said.t("Curiosity installs once; only who stays can pay twice."),
            "growth",
            {"section": "retention"},
        ),
    )


def _inside(said: Words) -> tuple[Step, ...]:
    return (
        Step(
            said.t("Does one user earn more than the images cost?"),
            said.t("From the price to what is left, and what would have to hold to break even."),
            said.t("Move one input and see which of them decides."),
            "unit_economics",
        ),
        Step(
            said.t("What does one picture really cost?"),
            said.t("The cost of a picture by device and price, from measured runs."),
            said.t("Nobody publishes it: so it is measured, here or on your own machine."),
            "compute",
            {"section": "cost"},
        ),
        Step(
            said.t("Can I trust it, is it fresh?"),
            said.t("Every source, how far it reaches, what was kept out of it and why."),
            said.t("What is old, simulated or only claimed must never look measured."),
            "data",
            {"view": "sources"},
        ),
        Step(
            said.t("Give me something to send"),
            said.t("One brief in two languages as PDF, web page, workbook or slides."),
            said.t("Whoever reads it sees the same numbers, with their sources."),
            "reports",
            {"view": "build"},
        ),
    )


def _step(number: int, said: Words) -> None:
    step = steps(said)[number - 1]
    with st.container(border=True, key=KEY, gap="small"):
        place = said.t("Tour, step {n} of {m}", n=number, m=_N_STEPS)
        st.markdown(said.labelled(place, f"**{step.question}**"))
        st.markdown(said.sentences([step.see, step.why]))
        with st.container(horizontal=True, vertical_alignment="center"):
            if number > 1:
                _turn(number - 1, said.t("Back"), ":material/arrow_back:", said)
            _turn(number, said.t("Show me"), ":material/visibility:", said)
            if number < _N_STEPS:
                _turn(number + 1, said.t("Next"), ":material/arrow_forward:", said)
            st.button(said.t("End the tour"), key="tour:end", type="tertiary", on_click=_leave)


def _turn(number: int, label: str, icon: str, said: Words) -> None:
    step = steps(said)[number - 1]
    st.page_link(
        f"app_pages/{step.page}.py",
        label=label,
        icon=icon,
        query_params=_asked(number, step.view, said),
        width="content",
    )


def _invitation(said: Words) -> None:
    with st.container(border=True, key=KEY, horizontal=True, vertical_alignment="center"):
        st.markdown(
            said.t("**New here?** Eight questions in three minutes, one a page."), width="content"
        )
        _turn(1, said.t("Take the tour"), ":material/tour:", said)
        st.button(said.t("Not again"), key="tour:never", type="tertiary", on_click=_leave)


def _asked(number: int, view: dict[str, str], said: Words) -> dict[str, str]:
    return {KEY: str(number), "lang": said.language} | view


def _is_seen() -> bool:
    return bool(st.session_state.get(_SEEN)) or COOKIE in st.context.cookies


def _leave() -> None:
    """End it, and let the browser remember that it was seen."""
    st.session_state[_SEEN] = True
    permalinks.forget(KEY)
