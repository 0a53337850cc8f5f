"""Alerts under the title of the Overview: what is raised, since when, by what evidence, and where.

Nothing stands there without rules.
"""

from __future__ import annotations

import streamlit as st

from dashboard import cache
from dashboard.alerts import Alerts, OpenAlert, read
from dashboard.components import Provenance, plain, provenance_note
from dashboard.tables import alerts as tables
from dashboard.text import Words
from etl.errors import ArtonomicsError

_SHOWN = 4
"""More than that stand behind a switch."""


def show(said: Words) -> None:
    """Show what is raised, or one quiet line; a file that cannot be read is told."""
    try:
        found = read(cache.data_dir(), said)
    except ArtonomicsError as fault:
        st.error(
            said.t("**The alerts cannot be read.** {reason}", reason=plain(fault)),
            icon=":material/error:",
        )
        return
    if found is None:
        return
    if found.raised:
        _raised(found, said)
    st.caption(tables.looked(found, said))
    if found.faults:
        lines = [f"- {plain(name)}: {plain(why)}" for name, why in found.faults.items()]
        told = said.t("**Some rules could not be looked at.** What they raised stays.")
        st.warning("\n".join([told, "", *lines]), icon=":material/rule:")


def _raised(found: Alerts, said: Words) -> None:
    first, rest = found.raised[:_SHOWN], found.raised[_SHOWN:]
    with st.container(border=True):
        st.markdown(f"**{tables.heading(found, said)}**")
        for alert in first:
            _line(alert, said)
        if rest:
            with st.expander(said.n("{n} more", "{n} more", len(rest))):
                for alert in rest:
                    _line(alert, said)


def _line(alert: OpenAlert, said: Words) -> None:
    since = said.t("since {at}", at=said.instant(alert.since))
    icon = ":orange[:material/notifications_active:]"
    with st.container(gap=None):
        st.markdown(f"{icon} {plain(alert.sentence)} :small[{plain(alert.rule)} · {plain(since)}]")
        if alert.unknown:
            st.markdown(f":material/help: {tables.not_known(alert, said)}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if alert.evidence_kind:
                from_where = (alert.as_of, alert.source, alert.url)
                provenance_note(said, Provenance(alert.evidence_kind, "", *from_where))
            if alert.page:
                st.page_link(
                    f"app_pages/{alert.page}.py",
                    label=said.t("See the evidence"),
                    icon=":material/arrow_forward:",
                    query_params={"lang": said.language, **alert.query},
                    width="content",
                )
