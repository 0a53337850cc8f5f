"""The rejected rows of the Data page: which, why, where they stand, and how they are settled."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks, processes, queries
from dashboard.app_pages.filters import ALL, one_or_all
from dashboard.components import plain, table_card
from dashboard.states import fragment
from dashboard.tables import faults, ledgers
from dashboard.text import Words

_STATES = ("waiting", "settled", ALL)
_STARTED = "settling"


def rejects(said: Words) -> None:
    """Show the rows kept out, of one source or all, and offer to settle those of one."""
    st.markdown(
        said.t(
            "Rows that failed a check are kept here with the reason and the raw row; they are in "
            "no figure."
        )
    )
    held: Any = cache.ask(queries.quarantine)  # pandas types are unions
    left, right = st.columns(2)
    with left:
        source = one_or_all("source", said.t("Source"), *_sources(held, said), said)
    with right:
        names = {
            "waiting": said.t("waiting"),
            "settled": said.t("settled"),
            ALL: said.t("all"),
        }
        permalinks.restore("state", permalinks.one_of(_STATES, said), _STATES[0], said)
        st.selectbox(said.t("Status"), _STATES, key="state", format_func=names.__getitem__)
        state = permalinks.chosen("state")
    table = ledgers.rejects(_shown(held, source, state), said)
    if cache.held_back():

        def passed_on() -> pd.DataFrame:
            rest = _shown(cache.passed_on(queries.quarantine), source, state)
            return ledgers.rejects(rest, said).frame

        table = replace(table, passed_on=passed_on)
    table_card(said, table)
    if source == ALL:
        if held["resolved_at"].isna().any():
            st.caption(said.t("Choose one source to settle its rows."))
        return
    own = held.loc[held["source"].eq(source)]
    _advice(said, source, own)
    fragment(_settle, run_every=1.0 if _busy() else None)(said, source, own, looks=_busy())


def _sources(held: Any, said: Words) -> tuple[list[str], dict[str, str]]:
    """Return the sources with rejected rows, the user's own first, and how they are named."""
    waiting = Counter(held.loc[held["resolved_at"].isna(), "source"])
    own = set(held.loc[held["own"], "source"])
    codes = sorted(held["source"].unique(), key=lambda code: (code not in own, code))
    names = {
        code: said.t("{source} ({n} waiting)", source=code, n=said.number(waiting[code], digits=0))
        for code in codes
    }
    return codes, names


def _shown(held: Any, source: str, state: str) -> Any:
    if source != ALL:
        held = held.loc[held["source"].eq(source)]
    if state == ALL:
        return held
    waiting = held["resolved_at"].isna()
    return held.loc[waiting if state == "waiting" else ~waiting]


def _advice(said: Words, source: str, own: Any) -> None:
    """Say how rows of this source are mended."""
    if not own["resolved_at"].isna().any():
        return
    if own["own"].any():
        st.markdown(
            said.t(
                "**To mend them:** correct the rows in your file, keep its name, and import it "
                "again under the same source: what the file says no more is settled by itself. "
                "Rows that are not worth it can be left out for good."
            )
        )
        st.button(
            said.t("To the import"),
            key="settle:import",
            icon=":material/upload_file:",
            on_click=permalinks.lead,
            kwargs={"view": "import", "into": source},
        )
    else:
        st.markdown(
            said.t(
                "These rows come from a source that is collected by itself: they come in once the "
                "check or the source is mended (`artonomics etl replay`), or can be left out for "
                "good."
            )
        )


def _settle(said: Words, source: str, own: Any, *, looks: bool) -> None:
    started = st.session_state.get(_STARTED)
    if started is not None and started.status is None:
        if not looks:
            st.rerun()  # started in this part alone, which nobody would run again
        st.progress(0.0, text=said.t("Settling"))
        return
    if started is not None and started.status == 0:
        del st.session_state[_STARTED]
        cache.follow()
        st.rerun()
    waiting = int(own["resolved_at"].isna().sum())
    dismissed = int(own["resolved_by"].eq("dismissed").sum())
    with st.container(horizontal=True):
        if waiting:
            st.button(
                said.n("Leave {n} row out for good", "Leave {n} rows out for good", waiting),
                key="settle:dismiss",
                icon=":material/playlist_remove:",
                on_click=_start,
                args=(source,),
                help=said.t("They stay in this list as settled, and can be taken up again."),
            )
        if dismissed:
            st.button(
                said.n("Take {n} row up again", "Take {n} rows up again", dismissed),
                key="settle:reopen",
                icon=":material/undo:",
                on_click=_start,
                args=(source, "--reopen"),
            )
    if started is None or started.words[2] != source:
        return
    if (failed := started.failure()) is not None:
        st.error(
            said.t(
                "**Nothing was settled.** {reason}",
                reason=faults.told(failed, said) or plain(started.said()),
            ),
            icon=":material/error:",
        )


def _start(source: str, *more: str) -> None:
    # Rows that were kept out since the page was drawn have been seen by nobody.
    seen = cache.info().published_at.isoformat()
    words = ("etl", "settle", source, "--met-by", seen, *more)
    st.session_state[_STARTED] = processes.start(cache.data_dir(), words, "settle")


def _busy() -> bool:
    started = st.session_state.get(_STARTED)
    return started is not None and started.status is None
