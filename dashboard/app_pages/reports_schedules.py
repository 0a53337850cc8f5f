"""Reports that are built and sent by themselves: list, add, remove, and try without sending."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard import cache, processes, reporting
from dashboard.app_pages import reports_choice
from dashboard.components import plain, table_card
from dashboard.processes import Started
from dashboard.reporting import Timing, Wanted
from dashboard.states import fragment
from dashboard.tables import faults
from dashboard.tables import reports as tables
from dashboard.text import Words
from etl.errors import ArtonomicsError

_DOING = "report:schedule"
_LOOK_SECONDS = 1.0
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
)


def show(said: Words) -> None:
    """Show the schedules, what can be done with them, and the form of a new one."""
    data = cache.data_dir()
    try:
        rows = reporting.schedules(data, datetime.now(UTC))
        channels = reporting.channel_names(data)
    except ArtonomicsError as fault:
        st.error(
            said.t("**The schedules cannot be read.** {reason}", reason=plain(fault)),
            icon=":material/error:",
        )
        st.caption(said.t("Code {code}", code=plain(fault.code)))
        return
    table_card(said, tables.schedules(rows, said), heading=said.t("Sent by itself"))
    if rows:
        _existing([row["name"] for row in rows], said)
    busy = _is_busy()
    fragment(_state, run_every=_LOOK_SECONDS if busy else None)(said)
    st.header(said.t("A new schedule"), anchor=False)
    if not channels:
        st.info(
            said.t(
                "**There is no channel yet.** Write one into `delivery.yml` of the data folder "
                "(mail, a chat or a folder), then try again."
            ),
            icon=":material/outgoing_mail:",
        )
        return
    _new(channels, said)


def _existing(names: list[str], said: Words) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(said.t("Schedule"), names, key="schedule:name", width=320)
        st.button(
            said.t("Try without sending"),
            key="schedule:try",
            icon=":material/science:",
            disabled=_is_busy(),
            on_click=_start,
            args=("report", "schedule", "run", str(name), "--dry-run", "--again"),
        )
        st.button(
            said.t("Remove"),
            key="schedule:remove",
            icon=":material/delete:",
            disabled=_is_busy(),
            on_click=_start,
            args=("report", "schedule", "remove", str(name)),
            help=said.t("What it has built stays."),
        )


def _new(channels: list[str], said: Words) -> None:
    wanted = reports_choice.chosen(said, for_schedule=True)
    first, second, third = st.columns(3)
    name = first.text_input(
        said.t("Name"),
        key="schedule:new",
        max_chars=64,
        placeholder="monday",
        help=_name_help(said),
    )
    cron = second.text_input(
        said.t("When (cron: minute, hour, day, month, weekday)"), "0 8 * * 1", key="schedule:cron"
    )
    zone = third.selectbox(said.t("Time zone"), ZONES, key="schedule:zone", accept_new_options=True)
    to = st.multiselect(said.t("Channels"), channels, key="schedule:to", default=channels[:1])
    stop = st.checkbox(said.t("Build nothing where a source has failed"), key="schedule:stop")
    since = 0
    if "since" in reporting.options_of(wanted.name):
        since = st.number_input(
            said.t("Days looked back (0: since the last report)"), 0, 3660, 0, key="schedule:since"
        )
    timing = Timing(cron, str(zone), tuple(to), int(since), stop)
    st.button(
        said.t("Add"),
        key="schedule:add",
        type="primary",
        icon=":material/add:",
        disabled=_is_busy() or not _is_whole(name, timing, wanted),
        on_click=_start,
        args=tuple(wanted.scheduled(name, timing)) if name else (),
    )


def _name_help(said: Words) -> str:
    return said.t("Small letters, digits and hyphens.")


def _is_whole(name: str, timing: Timing, wanted: Wanted) -> bool:
    return all((name, timing.cron, timing.to, wanted.formats, wanted.languages))


def _start(*words: str) -> None:
    st.session_state[_DOING] = processes.start(cache.data_dir(), words, "report-schedule")


def _is_busy() -> bool:
    started: Started | None = st.session_state.get(_DOING)
    return started is not None and started.status is None


def _state(said: Words) -> None:
    started: Started | None = st.session_state.get(_DOING)
    if started is None:
        return
    if started.status is None:
        st.session_state[f"{_DOING}:waits"] = True
        st.progress(0.0, text=said.t("At work"))
    elif st.session_state.pop(f"{_DOING}:waits", False):
        st.rerun()  # the list above has changed
    else:
        _ended(started, said)


def _ended(started: Started, said: Words) -> None:
    verb, told = started.words[2], reporting.document(started)
    if verb == "run" and isinstance(told, list):
        _tried(told, said)
        return
    if (failed := started.failure()) is not None:
        st.error(
            said.t("**This could not be done.** {reason}", reason=faults.told(failed, said)),
            icon=":material/error:",
        )
        st.caption(said.t("Code {code}", code=plain(failed.code)))
        return
    names = {"add": said.t("Added."), "remove": said.t("Removed; what it has built stays.")}
    st.success(names.get(verb, said.t("done")), icon=":material/task_alt:")


def _tried(told: list[dict[str, Any]], said: Words) -> None:
    for one in told:
        if one["status"] == "would_send":
            st.success(
                said.t("**Everything needed is there.** This is what would be sent, and where:"),
                icon=":material/task_alt:",
            )
        else:
            st.error(
                said.t("**It would not be sent.** {reason}", reason=plain(tables.why(one, said))),
                icon=":material/error:",
            )
    table_card(said, tables.receipts(told, said), heading=said.t("Channels"))
    for one in told:
        if one.get("message"):
            _message(one["message"], said)


def _message(told: dict[str, Any], said: Words) -> None:
    """Show a message as it would be read."""
    with st.container(border=True):
        st.caption(said.t("The message, in the first language"))
        st.markdown(f"**{plain(told['subject'])}**")
        paragraphs = (plain(part) for part in told["text"].split("\n") if part.strip())
        st.markdown("\n\n".join(paragraphs))
        if told["files"]:
            st.caption(said.t("Files: {files}", files=plain(", ".join(told["files"]))))
