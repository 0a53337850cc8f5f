"""The choices that mean the same on every page: when it is known, which days, which events.

They stand in one line, in one order, under the other choices of a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks
from dashboard.app_pages.as_known import FIRST_DAY, as_known_on
from dashboard.components import plain
from dashboard.text import Words

ALL = "all"
"""Code of the choice that narrows nothing."""
_DAY_PX = 170


@dataclass(frozen=True)
class Times:
    """What the line holds: the day of knowledge, the days that figures show, and the events.

    ``first`` and ``last`` are missing where nothing limits them.
    """

    as_of: date | None = None
    first: date | None = None
    last: date | None = None
    show_events: bool = True

    @property
    def is_limited(self) -> bool:
        """Whether figures show a part of the days."""
        return self.first is not None or self.last is not None

    def within(self, frame: pd.DataFrame, begins: str, ends: str = "") -> pd.DataFrame:
        """Return the rows whose day, or stretch from ``begins`` to ``ends``, meets the period."""
        if not self.is_limited or frame.empty:
            return frame
        shown = pd.Series(True, index=frame.index)
        if self.first is not None:
            shown &= pd.to_datetime(frame[ends or begins]).ge(pd.Timestamp(self.first))
        if self.last is not None:
            shown &= pd.to_datetime(frame[begins]).le(pd.Timestamp(self.last))
        return frame.loc[shown]


ANY_TIME = Times()
"""Nothing is limited."""


def times(
    said: Words, *, with_as_of: bool = True, with_events: bool = True, last: date | None = None
) -> Times:
    """Show the line, folded while it holds nothing, and return what it holds.

    Parameters
    ----------
    with_as_of
        Whether the page can show what was known on a past day.
    with_events
        Whether a figure of the page marks events.
    last
        The last day there is; without it that of the snapshot.
    """
    names = ("as_of", "from", "to") if with_as_of else ("from", "to")
    label = said.t("As known on, and days shown") if with_as_of else said.t("Days shown")
    is_chosen = any(name in {*st.query_params, *permalinks.kept()} for name in names)
    # Rarely chosen, and on a phone a screen high: folded until something is.
    with (
        st.expander(label, expanded=is_chosen, icon=":material/calendar_month:"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        as_of = None
        if with_as_of:
            with st.container(width=_DAY_PX):
                as_of = as_known_on(said)
        begins = _day("from", said.t("Figures from"), last, said)
        ends = _day("to", said.t("Figures to"), last, said)
        show = _toggle(said) if with_events else True
    if begins is not None and ends is not None and begins > ends:
        st.warning(said.t("The period ends before it begins: figures show all days."))
        begins = ends = None
    return Times(as_of, begins, ends, show)


def _day(key: str, label: str, last: date | None, said: Words) -> date | None:
    latest = max(last or FIRST_DAY, cache.info().published_at.date())
    permalinks.restore(key, permalinks.day(FIRST_DAY, latest, said), None, said)
    st.date_input(
        label,
        key=key,
        min_value=FIRST_DAY,
        max_value=latest,
        format="YYYY-MM-DD",
        width=_DAY_PX,
        help=said.t(
            "Figures along the calendar show this stretch alone; tables, tests and fits use all "
            "that is held. Empty: everything."
        ),
    )
    chosen: date | None = st.session_state[key]
    if chosen is None:
        permalinks.leave_out(key)
    else:
        permalinks.remember(key, chosen.isoformat())
    return chosen


def _toggle(said: Words) -> bool:
    key = "show_events"
    permalinks.restore(
        key, lambda code: permalinks.one_of(("0", "1"), said)(code) == "1", True, said
    )
    shown = st.toggle(
        said.t("Show events"),
        key=key,
        help=said.t(
            "Marks dated events on figures along the calendar. Point at a mark to see what "
            "happened and how the event was chosen."
        ),
    )
    permalinks.remember(key, str(int(shown)))
    return shown


def kept_line(said: Words) -> None:
    """Say what was chosen on other pages and is not shown here, and offer to choose nothing."""
    kept = permalinks.kept()
    if not kept:
        return
    elsewhere = [
        f"{name} {plain(_told(key, kept[key], said))}"
        for key, name in _names(said).items()
        if key in kept and st.query_params.get(key) != kept[key]
    ]
    with st.container(horizontal=True, vertical_alignment="center"):
        if elsewhere:
            told = said.t(
                "Kept for the pages that can show it: {choices}", choices=said.listed(elsewhere)
            )
            st.markdown(f":small[{told}]", width="content")
        st.button(
            said.t("Reset filters"),
            key="filters:reset",
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=permalinks.reset,
            help=said.t(
                "Company, events, apps, storefront, currency, day of knowledge and period, on all "
                "pages."
            ),
        )


def _names(said: Words) -> dict[str, str]:
    return {
        "ticker": said.t("Company"),
        "event": said.t("Events"),
        "apps": said.t("Apps"),
        "storefront": said.t("Storefront"),
        "currency": said.t("Money told in"),
        "as_of": said.t("As known on"),
        "from": said.t("Figures from"),
        "to": said.t("Figures to"),
    }


def _told(key: str, code: str, said: Words) -> str:
    """Return a code as it is, a day in words and a list by its length."""
    if key in ("as_of", "from", "to"):
        return said.date(date.fromisoformat(code))
    return (
        said.number(len(code.split(",")), digits=0) if key in ("event", "apps") and code else code
    )


def one_or_all(key: str, label: str, codes: list[str], names: dict[str, str], said: Words) -> str:
    """Offer ``codes`` under their ``names`` and :data:`ALL`; return what is chosen."""
    options = [ALL, *codes]
    permalinks.restore(key, permalinks.one_of(options, said), ALL, said)
    shown = names | {ALL: said.t("all")}
    chosen = st.selectbox(
        label, options, key=key, format_func=lambda code: str(shown.get(code, code))
    )
    if chosen == ALL and key in permalinks.TRAVELLING:
        permalinks.leave_out(key)
    else:
        permalinks.remember(key, chosen)
    return chosen
