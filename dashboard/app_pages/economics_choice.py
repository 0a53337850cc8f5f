"""Which scenario the page of unit economics is about: chosen, linked, saved, taken in and out.

The address holds it whole: ``scenario`` names what was chosen, and ``s`` is the code of what it was
changed into. A change is evaluated before it is taken, so that a fault leaves the page as it was.
"""

from __future__ import annotations

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages import economics_currency as currency
from dashboard.app_pages.economics_held import (
    CODE,
    HELD,
    KEY,
    Present,
    commit,
    drop,
    hold,
    refuse,
    tell_news,
)
from dashboard.app_pages.economics_saving import deleting, exporting, importing, linking, saving
from dashboard.components import plain
from dashboard.scenarios import Choice
from dashboard.text import Words
from etl.errors import InputError

__all__ = ["Present", "choose", "commit", "refuse"]


def choose(said: Words) -> tuple[Present | None, dict[str, Choice]]:
    """Show the choice and its buttons; return the scenario, ``None`` where it cannot be read."""
    tell_news(said)
    known = scenarios.choices(cache.data_dir())
    _take_from_address(known, said)
    with st.container(border=True):
        which, money = st.columns([3, 1])
        with which:
            key = _select(known, said)
        with money:
            currency.choose(said)
        found = _present(key, known)
        if found is not None:
            _to_address(found, said)
            _subject(found, said)
            with st.container(horizontal=True):
                with st.container(width="content"):
                    saving(found, said)
                exporting(found, said)
                importing(said)
                if found.is_changed and found.key != scenarios.UNSAVED:
                    st.button(
                        said.t("Back to how it was"),
                        icon=":material/undo:",
                        key="economics:undo",
                        on_click=drop,
                    )
                deleting(known.get(key), said)
            linking(said)
        else:
            refuse(known[key].fault, said, said.t("**{key} cannot be read.**", key=plain(key)))
            with st.container(horizontal=True):
                importing(said)
                deleting(known[key], said)
    return found and currency.of_present(found, said), known


def _take_from_address(known: dict[str, Choice], said: Words) -> None:
    """Take a scenario that the address brings, unless it is the one that the page put there."""
    code = st.query_params.get(CODE)
    held = st.session_state.get(HELD)
    key = st.query_params.get(KEY)
    if held and code is None and key not in (None, held["key"]):
        drop()  # the address names another scenario, unchanged
    if code is None or (held and code == held["code"]):
        return
    try:
        raw = scenarios.of_code(code)
    except InputError as fault:
        permalinks.leave_out(CODE)
        drop()
        told = said.t("**The link cannot be read.** What is chosen below is shown instead.")
        refuse(fault, said, told)
        return
    choice = known.get(key or "")
    if choice is None or choice.raw is None:
        # Saved elsewhere: the link holds all of it, and there is nothing here to go back to.
        key, base = scenarios.UNSAVED, raw
        st.query_params[KEY] = key
    else:
        base = choice.raw
    st.session_state[HELD] = {"key": key, "raw": raw, "base": base, "code": code}
    st.session_state[KEY] = key


def _select(known: dict[str, Choice], said: Words) -> str:
    held = st.session_state.get(HELD)
    is_unsaved = bool(held) and held["key"] == scenarios.UNSAVED
    options = (*((scenarios.UNSAVED,) if is_unsaved else ()), *known)
    if st.session_state.get(KEY) not in (None, *options):
        permalinks.forget(KEY)
    default = held["key"] if held and held["key"] in options else scenarios.DEFAULT
    permalinks.restore(KEY, permalinks.one_of(options, said), default, said)
    labels = {key: _label(key, known, said) for key in options}
    st.selectbox(
        said.t("Which scenario"),
        options,
        key=KEY,
        format_func=labels.__getitem__,
        on_change=drop,
    )
    return permalinks.chosen(KEY)


def _label(key: str, known: dict[str, Choice], said: Words) -> str:
    held = st.session_state.get(HELD)
    if key == scenarios.UNSAVED:
        name = scenarios.name_of(held["raw"], said.language) if held else key
        return said.t("{name} (not saved)", name=name)
    choice = known[key]
    if choice.fault is not None:
        return said.t("{name} (cannot be read)", name=key)
    name = choice.name(said.language)
    return said.t("{name} (saved as {key})", name=name, key=key) if choice.is_own else name


def _present(key: str, known: dict[str, Choice]) -> Present | None:
    held = st.session_state.get(HELD)
    is_own = key in known and known[key].is_own
    if held and held["key"] == key:
        return Present(key, held["raw"], held["base"], is_own)
    raw = known[key].raw
    return None if raw is None else Present(key, raw, raw, is_own)


def _to_address(found: Present, said: Words) -> None:
    """Write what was changed into the address; what is as it lies in its file has no code."""
    if not found.is_changed and found.key != scenarios.UNSAVED:
        permalinks.leave_out(CODE)
        st.session_state.pop(HELD, None)
        return
    try:
        code = scenarios.code_of(found.raw)
    except InputError as fault:
        permalinks.leave_out(CODE)
        refuse(fault, said, said.t("**Too long for a link.** Save it or export it."))
        return
    hold(found.key, found.raw, found.base)
    st.session_state[HELD]["code"] = code
    permalinks.remember(CODE, code)


def _subject(found: Present, said: Words) -> None:
    changed, unsaved = said.t("changed"), said.t("not saved")
    badges: list[str] = []
    if found.is_changed:
        badges.append(f":orange-badge[:material/edit: {changed}]")
    if found.key == scenarios.UNSAVED:
        badges.append(f":orange-badge[:material/link: {unsaved}]")
    subject = scenarios.name_of(found.raw, said.language, "subject")
    told = [f":small[{plain(subject)}]"] if found.raw.get("subject") else []
    if told or badges:
        st.markdown(" ".join([*told, *badges]))
    if badges:
        st.caption(
            said.t("The address of this page holds the whole scenario: pass it on as it is.")
        )
