"""The run on the Data page: start one, and watch what it is doing source by source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, processes
from dashboard.components import plain, table_card
from dashboard.states import fragment
from dashboard.tables import faults, ledgers
from dashboard.text import Words

if TYPE_CHECKING:
    from dashboard.cache import Running

_STARTED = "started_run"
_WATCHED = "watched_run"
_LOOK_SECONDS, _IDLE_SECONDS = 1.0, 10.0


def run_card(said: Words) -> None:
    """Show the buttons that start a run, and the run that is going on or was the last."""
    running = cache.running()
    going_on = running is not None and running.going_on
    _buttons(said, disabled=going_on or _own_is_running())
    busy = going_on or _own_is_running()
    fragment(_live, run_every=_LOOK_SECONDS if busy else _IDLE_SECONDS)(said)


def _buttons(said: Words, *, disabled: bool) -> None:
    with st.container(horizontal=True):
        st.button(
            said.t("Collect live"),
            key="run:live",
            icon=":material/cloud_download:",
            disabled=disabled,
            on_click=_start,
            args=("etl", "run"),
            help=said.t("Asks all live sources; this can take minutes."),
        )
        st.button(
            said.t("Collect the bundled snapshot"),
            key="run:offline",
            icon=":material/inventory_2:",
            disabled=disabled,
            on_click=_start,
            args=("etl", "run", "--offline"),
            help=said.t("Touches no network."),
        )


def _start(*words: str) -> None:
    st.session_state[_STARTED] = processes.start(cache.data_dir(), words, "run")


def _own_is_running() -> bool:
    started = st.session_state.get(_STARTED)
    return started is not None and started.status is None


def _live(said: Words) -> None:
    running = cache.running()
    _report_own_failure(said, running)
    if running is None:
        st.caption(said.t("No run has been watched in this data folder yet."))
        return
    st.markdown(_headline(said, running))
    done = sum(step.finished_at is not None for step in running.steps)
    if running.going_on:
        doing = [step.doing for step in running.steps if step.state == "working"]
        st.progress(done / len(running.steps), text=plain(doing[0]) if doing else "")
    table_card(said, ledgers.steps(running, said))
    # What a run has published shows at once: the page is drawn anew when it ends.
    before = st.session_state.get(_WATCHED)
    st.session_state[_WATCHED] = (running.run_id, running.going_on)
    if before == (running.run_id, True) and not running.going_on:
        cache.follow()
        st.rerun()


def _headline(said: Words, running: Running) -> str:
    began = said.instant(running.begun)
    if running.going_on:
        return said.t(":material/sync: **A run is going on** since {date}.", date=began)
    if running.interrupted:
        return said.t(
            ":material/report: **The run of {date} was interrupted.** What it had committed is "
            "kept; the next run goes on.",
            date=began,
        )
    if any(step.state == "failed" for step in running.steps):
        return said.t(
            ":material/report: **The last collection** began {date}; a part of it failed.",
            date=began,
        )
    return said.t(":material/task_alt: **The last collection** began {date}.", date=began)


def _report_own_failure(said: Words, running: Running | None) -> None:
    """Say why a run that was started here ended before it had any steps to show."""
    started = st.session_state.get(_STARTED)
    if started is None or (failed := started.failure()) is None:
        return
    if running is not None and running.pid == started.process.pid:
        return  # its steps say what failed
    st.error(
        said.t("**The run could not start.** {reason}", reason=faults.told(failed, said)),
        icon=":material/error:",
    )
