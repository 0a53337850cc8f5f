"""Keeping a scenario: saved under a name, taken out and in as a file, linked, deleted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages.economics_held import (
    CODE,
    KEY,
    Present,
    current,
    drop,
    has_news,
    hold,
    note,
)
from dashboard.components import plain
from dashboard.scenarios import Choice
from dashboard.states import fragment
from dashboard.text import Words
from etl.errors import InputError

KEY_OF_SAVED = "economics:save:key"
NAME_OF_SAVED = "economics:save:name"
REPLACES = "economics:save:replaces"
UPLOAD = "economics:import"


def name_key(found: Present) -> str:
    """Return the key of the widget for a name: another scenario brings another name."""
    return f"{NAME_OF_SAVED}:{found.key}"


def key_key(found: Present) -> str:
    """Return the key of the widget for a short name."""
    return f"{KEY_OF_SAVED}:{found.key}"


@fragment
def saving(found: Present, said: Words) -> None:
    """Let the reader name a scenario, show the file that follows from it, and keep it."""
    with st.popover(said.t("Save"), icon=":material/save:"):
        st.text_input(
            said.t("Name"),
            scenarios.name_of(found.raw, said.language),
            key=name_key(found),
            max_chars=120,
            help=said.t("Any letters. It is kept as you type it."),
        )
        st.text_input(
            said.t("Short name, for its file and address"),
            found.key if found.is_own else "",
            key=key_key(found),
            max_chars=63,
            placeholder=said.t("made from the name"),
            help=said.t("Small letters, digits and hyphens; anything else becomes a hyphen."),
        )
        key, _, other = _asked(found, said)
        st.markdown(said.t("Its file: {file}, in the data folder.", file=f"`scenarios/{key}.yml`"))
        if other is not None:
            st.checkbox(
                said.t("Replace the saved scenario {key}: {name}", key=key, name=plain(other)),
                key=f"{REPLACES}:{key}",
            )
        st.button(
            said.t("Save"), type="primary", key="economics:save", on_click=_save, args=(found, said)
        )
        if has_news():  # only a part of the page was run, and all of it has to tell
            st.rerun()


def _asked(found: Present, said: Words) -> tuple[str, str, str | None]:
    """Return key and name under which to save, and the name of another one of that key."""
    name, asked = (str(st.session_state[key]).strip() for key in (name_key(found), key_key(found)))
    known = scenarios.choices(cache.data_dir())
    key = scenarios.key_for(asked, name, found.key, known)
    is_another = key != found.key and key in known and known[key].is_own
    return key, name or key, known[key].name(said.language) if is_another else None


def _save(found: Present, said: Words) -> None:
    key, name, other = _asked(found, said)
    if other is not None and not st.session_state.get(f"{REPLACES}:{key}"):
        got = said.t("{key} holds a saved scenario already: {name}", key=key, name=other)
        note(InputError(got, said.t("another short name, or a tick at “Replace”")))
        return
    try:
        replaced = scenarios.save(key, name, current(found), cache.data_dir())
    except InputError as fault:
        note(fault)
        return
    drop()
    st.session_state[KEY] = key
    file = f"scenarios/{key}.yml"
    told = (
        said.t("{name} is saved in {file}, in place of what it held.", name=name, file=file)
        if replaced
        else said.t("{name} is saved in {file}.", name=name, file=file)
    )
    note(plain(told))


@fragment
def linking(said: Words) -> None:
    """Show the address of the page as it is now, to be copied.

    A saved scenario's own address says no more than its key; the one that holds all of it goes
    first.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if not st.button(said.t("Show link"), icon=":material/link:", key="economics:link"):
            return
    asked = st.query_params.to_dict()
    saved = scenarios.choices(cache.data_dir()).get(str(asked.get(KEY)))
    if CODE in asked or saved is None or not saved.is_own or saved.raw is None:
        st.code(_address(asked), language=None)
        return
    try:
        whole = _address({**asked, CODE: scenarios.code_of(saved.raw)})
    except InputError:
        st.caption(said.t("Too long for a link that holds all of it: pass on the exported file."))
    else:
        st.caption(said.t("Holds the whole scenario, and opens anywhere:"))
        st.code(whole, language=None)
    st.caption(said.t("Short; opens only where {key} is saved:", key=plain(saved.key)))
    st.code(_address(asked), language=None)


def _address(asked: dict[str, str]) -> str:
    base = str(st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(sorted(asked.items()))}"


def exporting(found: Present, said: Words) -> None:
    """Offer the scenario as a file."""
    st.download_button(
        said.t("Export YAML"),
        data=lambda: scenarios.text_of(found.raw).encode(),
        file_name=f"{found.key}.yml",
        mime="application/yaml",
        key="economics:export",
        icon=":material/download:",
        on_click="ignore",
    )


def importing(said: Words) -> None:
    """Take a scenario out of a file of the reader."""
    with st.popover(said.t("Import YAML"), icon=":material/upload:"):
        st.file_uploader(
            said.t("A scenario as a YAML file, at most 64 KB"),
            ["yml", "yaml"],
            key=UPLOAD,
            on_change=_take_upload,
            args=(said,),
        )


def _take_upload(said: Words) -> None:
    sent: Any = st.session_state[UPLOAD]
    if sent is None:
        return
    try:
        raw = scenarios.of_text(sent.getvalue(), sent.name)
    except InputError as fault:
        note(fault)
        return
    hold(scenarios.UNSAVED, raw, raw)
    st.session_state[KEY] = scenarios.UNSAVED
    permalinks.leave_out(CODE)
    permalinks.remember(KEY, scenarios.UNSAVED)
    note(said.t("{name} is shown. It is not saved yet.", name=plain(sent.name)))


def deleting(choice: Choice | None, said: Words) -> None:
    """Offer to delete a saved scenario."""
    if choice is None or not choice.is_own:
        return
    with st.popover(said.t("Delete"), icon=":material/delete:"):
        st.markdown(said.t("Delete **{key}**? This cannot be undone.", key=plain(choice.key)))
        st.button(
            said.t("Delete it"),
            key="economics:delete",
            type="primary",
            on_click=_delete,
            args=(choice.key, said),
        )


def _delete(key: str, said: Words) -> None:
    try:
        scenarios.remove(key, cache.data_dir())
    except InputError as fault:
        note(fault)
        return
    drop()
    st.session_state[KEY] = scenarios.DEFAULT
    note(said.t("{key} is deleted.", key=plain(key)))
