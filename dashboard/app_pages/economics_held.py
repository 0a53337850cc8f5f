"""The scenario that the page of unit economics is about, and what a reader did to it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.components import plain
from dashboard.scenarios import Raw, Row
from dashboard.studies.economics.scenario import frozen, scenario_study
from dashboard.tables.economics.typed import named
from dashboard.text import Words
from etl.errors import InputError

KEY, CODE = "scenario", "s"
HELD = "economics:held"
"""Key, scenario, what it was changed from, and its code: what the reader has before them."""
_NEWS = "economics:news"
_TYPED = "economics:typed"
"""Version of a scenario and the inputs typed into its table that are not applied yet."""


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


def hold_typed(present: Present, rows: Mapping[str, Row]) -> None:
    """Keep what was typed into the table of inputs and is not applied yet."""
    st.session_state[_TYPED] = (present.version, dict(rows))


def typed_of(present: Present) -> dict[str, Row]:
    """Return what was typed into the table of inputs of this scenario and is not applied yet."""
    version, rows = st.session_state.get(_TYPED, ("", {}))
    return dict(rows) if version == present.version else {}


def current(present: Present) -> Raw:
    """Return the scenario with what was typed into its table, so that no other change loses it.

    Raises
    ------
    InputError
        What was typed cannot be.
    """
    rows = typed_of(present)
    return scenarios.with_inputs(present.raw, rows) if rows else present.raw


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
    held = st.session_state.get(HELD, {})
    st.session_state[HELD] = {"key": key, "raw": raw, "base": base, "code": held.get("code")}


def refuse(fault: InputError | None, said: Words, head: str = "") -> None:
    """Say what was got, what was expected and what to do."""
    if fault is None:
        return
    got, expected, todo = (
        plain(named(each, said)) for each in (fault.got, fault.expected, fault.todo)
    )
    lines = [head or said.t("**Not taken.** Nothing was changed."), got]
    if expected:
        lines.append(said.t("Expected: {expected}", expected=expected))
    if todo:
        lines.append(said.t("To do: {todo}", todo=todo))
    st.error("  \n".join(lines), icon=":material/error:")


def drop() -> None:
    """Forget what was changed."""
    st.session_state.pop(HELD, None)
    permalinks.leave_out(CODE)


def note(news: str | InputError) -> None:
    """Keep what happened, or what was wrong, for the next run of the page to tell."""
    st.session_state[_NEWS] = news


def has_news() -> bool:
    """Say whether something was noted that is not told yet."""
    return _NEWS in st.session_state


def tell_news(said: Words) -> None:
    """Tell what was noted, once."""
    news = st.session_state.pop(_NEWS, None)
    if isinstance(news, InputError):
        refuse(news, said)
    elif news:
        st.success(news, icon=":material/check_circle:")
