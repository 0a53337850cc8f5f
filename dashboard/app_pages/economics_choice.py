"""Which scenario the page of unit economics is about: chosen, linked, saved, taken in and out.

The address holds it whole: ``scenario`` names what was chosen, and ``s`` is the code of what it was
changed into. A change is evaluated before it is taken, so that a fault leaves the page as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.components import plain
from dashboard.scenarios import Choice, Raw
from dashboard.studies.economics.scenario import frozen, scenario_study
from dashboard.text import Words
from etl.errors import InputError

KEY, CODE = "scenario", "s"
_HELD = "economics:held"
"""Key, scenario, what it was changed from, and its code: what the reader has before them."""
_NEWS = "economics:news"
KEY_OF_SAVED = "economics:save:key"
NAME_OF_SAVED = "economics:save:name"
UPLOAD = "economics:import"


@dataclass(frozen=True)
class Present:
    """The scenario the page is about.

    Attributes
    ----------
    key
        Of the choice it was made from.
    raw
        As it is now.
    base
        As it was before it was changed.
    is_own
        Saved by the reader.
    """

    key: str
    raw: Raw
    base: Raw
    is_own: bool

    @property
    def written(self) -> str:
        """Return the scenario as one text, a key of the cache."""
        return frozen(self.raw)

    @property
    def is_changed(self) -> bool:
        """Return whether it is not as it was."""
        return not scenarios.same(self.raw, self.base)

    @property
    def version(self) -> str:
        """Return a name of widgets that begin anew when the scenario changes."""
        return f"{hash(self.written):x}"


def choose(said: Words) -> tuple[Present | None, dict[str, Choice]]:
    """Show the choice and its buttons; return the scenario, ``None`` where it cannot be read."""
    _tell_news(said)
    known = scenarios.choices(cache.data_dir())
    _take_from_address(known, said)
    with st.container(border=True):
        key = _select(known, said)
        found = _present(key, known)
        if found is not None:
            _to_address(found, said)
            _subject(found, said)
            with st.container(horizontal=True):
                _saving(found, said)
                _exporting(found, said)
                _importing(said)
                if found.is_changed and found.key != scenarios.UNSAVED:
                    st.button(
                        said.t("Back to how it was"),
                        icon=":material/undo:",
                        key="economics:undo",
                        on_click=_drop,
                    )
                _deleting(known.get(key), said)
        else:
            refuse(known[key].fault, said, said.t("**{key} cannot be read.**", key=plain(key)))
            with st.container(horizontal=True):
                _importing(said)
                _deleting(known[key], said)
    return found, known


def commit(present: Present, make: Callable[[], Raw], said: Words) -> None:
    """Take a changed scenario and run the page again; say a fault and take nothing."""
    try:
        raw = make()
        cache.study(scenario_study, frozen(raw))
    except InputError as fault:
        refuse(fault, said)
        return
    hold(present.key, raw, present.base)
    st.rerun()


def hold(key: str, raw: Raw, base: Raw) -> None:
    """Put a scenario before the reader."""
    held = st.session_state.get(_HELD, {})
    st.session_state[_HELD] = {"key": key, "raw": raw, "base": base, "code": held.get("code")}


def refuse(fault: InputError | None, said: Words, head: str = "") -> None:
    """Say what was got, what was expected and what to do."""
    if fault is None:
        return
    lines = [head or said.t("**Not taken.** Nothing was changed."), plain(fault.got)]
    if fault.expected:
        lines.append(said.t("Expected: {expected}", expected=plain(fault.expected)))
    if fault.todo:
        lines.append(said.t("To do: {todo}", todo=plain(fault.todo)))
    st.error("  \n".join(lines), icon=":material/error:")


def _take_from_address(known: dict[str, Choice], said: Words) -> None:
    """Take a scenario that the address brings, unless it is the one that the page put there."""
    code = st.query_params.get(CODE)
    held = st.session_state.get(_HELD)
    key = st.query_params.get(KEY)
    if held and code is None and key not in (None, held["key"]):
        _drop()  # the address names another scenario, unchanged
    if code is None or (held and code == held["code"]):
        return
    try:
        raw = scenarios.of_code(code)
    except InputError as fault:
        permalinks.leave_out(CODE)
        _drop()
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
    st.session_state[_HELD] = {"key": key, "raw": raw, "base": base, "code": code}
    st.session_state[KEY] = key


def _select(known: dict[str, Choice], said: Words) -> str:
    held = st.session_state.get(_HELD)
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
        on_change=_drop,
    )
    return permalinks.chosen(KEY)


def _label(key: str, known: dict[str, Choice], said: Words) -> str:
    held = st.session_state.get(_HELD)
    if key == scenarios.UNSAVED:
        name = scenarios.name_of(held["raw"], said.language) if held else key
        return said.t("{name} (not saved)", name=name)
    choice = known[key]
    if choice.fault is not None:
        return said.t("{name} (cannot be read)", name=key)
    name = choice.name(said.language)
    return said.t("{name} (saved as {key})", name=name, key=key) if choice.is_own else name


def _present(key: str, known: dict[str, Choice]) -> Present | None:
    held = st.session_state.get(_HELD)
    is_own = key in known and known[key].is_own
    if held and held["key"] == key:
        return Present(key, held["raw"], held["base"], is_own)
    raw = known[key].raw
    return None if raw is None else Present(key, raw, raw, is_own)


def _to_address(found: Present, said: Words) -> None:
    """Write what was changed into the address; what is as it lies in its file has no code."""
    if not found.is_changed and found.key != scenarios.UNSAVED:
        permalinks.leave_out(CODE)
        st.session_state.pop(_HELD, None)
        return
    try:
        code = scenarios.code_of(found.raw)
    except InputError as fault:
        permalinks.leave_out(CODE)
        refuse(fault, said, said.t("**Too long for a link.** Save it or export it."))
        return
    hold(found.key, found.raw, found.base)
    st.session_state[_HELD]["code"] = code
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


def _saving(found: Present, said: Words) -> None:
    with (
        st.popover(said.t("Save"), icon=":material/save:"),
        st.form("economics:save", border=False),
    ):
        st.text_input(
            said.t("Name"),
            scenarios.name_of(found.raw, said.language),
            key=NAME_OF_SAVED,
            max_chars=120,
        )
        st.text_input(
            said.t("Short name, for its file and address"),
            found.key if found.is_own else "",
            key=KEY_OF_SAVED,
            max_chars=63,
            help=said.t(
                "Small letters, digits and hyphens. One of your own of that name is replaced."
            ),
        )
        st.form_submit_button(said.t("Save"), on_click=_save, args=(found.raw, said))


def _save(raw: Raw, said: Words) -> None:
    key, name = st.session_state[KEY_OF_SAVED].strip(), st.session_state[NAME_OF_SAVED].strip()
    try:
        replaced = scenarios.save(key, name or key, raw, cache.data_dir())
    except InputError as fault:
        _note(fault)
        return
    _drop()
    st.session_state[KEY] = key
    told = (
        said.t("Saved as {key}, in place of the one of that name.", key=plain(key))
        if replaced
        else said.t("Saved as {key}.", key=plain(key))
    )
    _note(told)


def _exporting(found: Present, said: Words) -> None:
    st.download_button(
        said.t("Export YAML"),
        data=lambda: scenarios.text_of(found.raw).encode(),
        file_name=f"{found.key}.yml",
        mime="application/yaml",
        key="economics:export",
        icon=":material/download:",
        on_click="ignore",
    )


def _importing(said: Words) -> None:
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
        _note(fault)
        return
    hold(scenarios.UNSAVED, raw, raw)
    st.session_state[KEY] = scenarios.UNSAVED
    permalinks.leave_out(CODE)
    permalinks.remember(KEY, scenarios.UNSAVED)
    _note(said.t("{name} is shown. It is not saved yet.", name=plain(sent.name)))


def _deleting(choice: Choice | None, said: Words) -> None:
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
        _note(fault)
        return
    _drop()
    st.session_state[KEY] = scenarios.DEFAULT
    _note(said.t("{key} is deleted.", key=plain(key)))


def _drop() -> None:
    """Forget what was changed."""
    st.session_state.pop(_HELD, None)
    permalinks.leave_out(CODE)


def _note(news: str | InputError) -> None:
    st.session_state[_NEWS] = news


def _tell_news(said: Words) -> None:
    news = st.session_state.pop(_NEWS, None)
    if isinstance(news, InputError):
        refuse(news, said)
    elif news:
        st.success(news, icon=":material/check_circle:")
