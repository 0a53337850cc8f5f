"""The Growth page answers: do they stay, do they pay, what are they worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard import cache, permalinks
from dashboard.app_pages import growth_money, growth_paying, growth_retention
from dashboard.app_pages.filters import kept_line, times
from dashboard.app_pages.growth_choices import View, choose
from dashboard.components import Card, plain
from dashboard.figures.theme import Mode
from dashboard.states import Section, gaps, sections, with_states
from dashboard.studies.growth.sources import histories
from dashboard.text import Words, words

OVER_DAYS = ("retention", "conversion", "revenue")
"""Sections with a figure over days."""
SECTIONS = ("retention", "conversion", "trials", "revenue", "value", "channels")


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Do they stay, do they pay?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    held = cache.study(histories)
    if held.events.empty:
        _nothing(said)
        return
    section = _section(said)
    view = choose(held, section, said)
    if section in OVER_DAYS:
        view = _over_days(view, section, said)
    kept_line(said)
    _badge(view, said)
    cards: dict[str, Callable[[View, Words, Mode], list[Card]]] = {
        "retention": growth_retention.cards,
        "conversion": growth_paying.conversion_cards,
        "trials": growth_paying.trial_cards,
        "revenue": growth_money.revenue_cards,
        "value": growth_money.value_cards,
        "channels": growth_money.channel_cards,
    }
    feeds = tuple(filter(None, (view.source, view.payments, view.spend)))
    gaps(said, *feeds)
    part = Section(f"growth:{section}", lambda mode: cards[section](view, said, mode), 1500, feeds)
    sections(said, [part], view)


def _over_days(view: View, section: str, said: Words) -> View:
    """Show the line of times; real events are never marked on a made-up history."""
    is_made_up = view.told.evidence_kind == "simulated"
    with_events = section != "retention" and not is_made_up
    line = times(said, with_as_of=False, with_events=with_events, last=view.told.last_on)
    if is_made_up and section != "retention":
        st.caption(said.t("No event of the real market is marked on a made-up history."))
    return replace(view, times=line)


def _section(said: Words) -> str:
    names = {
        "retention": said.t("Retention"),
        "conversion": said.t("Conversion"),
        "trials": said.t("Trials and drivers"),
        "revenue": said.t("Recurring revenue"),
        "value": said.t("Survival and value"),
        "channels": said.t("Channels"),
    }
    permalinks.restore("section", permalinks.one_of(SECTIONS, said), SECTIONS[0], said)
    st.segmented_control(
        said.t("Part of the page"),
        SECTIONS,
        key="section",
        format_func=names.__getitem__,
        required=True,
        label_visibility="collapsed",
    )
    return permalinks.chosen("section")


def _badge(view: View, said: Words) -> None:
    """Say at the top of the page what kind of history it is about."""
    told = view.told
    span = said.t(
        "{events} events of {users} users, {first} to {last} (UTC days).",
        events=said.number(told.n_events, digits=0),
        users=said.number(told.n_users, digits=0),
        first=said.date(told.first_on),
        last=said.date(told.last_on),
    )
    if told.n_without_beginning:
        without = said.n(
            "{n} more user was seen without a beginning and belongs to no cohort.",
            "{n} more users were seen without their beginning and belong to no cohort.",
            told.n_without_beginning,
        )
        span = said.sentences([span, without])
    if told.evidence_kind == "simulated":
        simulated = said.t(
            "**Simulated.** Everything on this page comes from a made-up history, drawn with a "
            "seed: it shows what the page can do and says nothing about any real app."
        )
        st.warning(
            said.sentences([simulated, plain(span)]),
            icon=":material/casino:",
        )
    else:
        st.caption(f"{plain(view.source)}: {plain(span)}")


def _nothing(said: Words) -> None:
    st.info(
        said.t(
            "**No history of a product is held.** Import your own events with "
            "`artonomics import events FILE…` (or on the Data page), or draw a made-up one with "
            "`artonomics simulate demo`."
        ),
        icon=":material/inbox:",
    )
    st.page_link(
        "app_pages/data.py",
        label=said.t("To the Data page"),
        icon=":material/database:",
        query_params={"lang": said.language},
    )


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
