"""What pages read, kept in memory: keyed by the snapshot, so that a new one refreshes them.

Frames come as copies; studies, figures and cards are shared between sessions and must not be
changed. What was asked of one snapshot is asked of the next before sessions are shown it, see
:mod:`dashboard.refresh`; cards are not, for they may hold what a session has read already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from dashboard import launch, reporting
from dashboard.figures.theme import Mode
from dashboard.refresh import Failure, Refresher, Served
from dashboard.text import Words
from etl.errors import ArtonomicsError
from etl.journal import Running, read
from etl.warehouse import SnapshotInfo, SnapshotReader

T = TypeVar("T")
_shown: ContextVar[list[Served] | None] = ContextVar("shown", default=None)
"""The one snapshot of a run of the script, once it has been looked at."""


def data_dir() -> Path:
    """Return the data folder named after ``--data=`` on the command line, or the user's own."""
    return launch.data_dir(sys.argv[1:])


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let all that is asked in the block be answered of the snapshot that is looked at first.

    A run that went over to a newer one half-way would keep figures of the older under the name of
    the newer, for everybody.
    """
    if _shown.get() is not None:
        yield
        return
    before = _shown.set([])
    try:
        yield
    finally:
        _shown.reset(before)


def as_shown(make: Callable[[], T]) -> Callable[[], T]:
    """Return ``make`` as it would answer now, whatever is published before it is called."""
    try:
        present = _present()
    except ArtonomicsError:  # nothing is shown of a snapshot
        return make

    def made() -> T:
        before = _shown.set([present])
        try:
            return make()
        finally:
            _shown.reset(before)

    return made


def reader() -> SnapshotReader:
    """Return the reader of the snapshot that sessions are shown."""
    return _present().reader


def passed_on(question: Callable[..., T], *parameters: Hashable, **named: Hashable) -> T:
    """Return an answer or study over what may be passed on, for a download."""
    return question(_present().for_export, *parameters, **named)


def held_back() -> bool:
    """Say whether the snapshot holds rows that may not be passed on."""
    present = _present()
    return _held_back(snapshot=present.key, _source=present.for_export)


def left_out() -> pd.DataFrame:
    """Return what a download leaves out: source, table_name, n_rows."""
    return _present().for_export.left_out()


def info() -> SnapshotInfo:
    """Return which snapshot is being read."""
    return reader().info


def follow() -> None:
    """Show sessions the newest snapshot from now on: somebody waits for what it brings."""
    _following().follow()
    if shown := _shown.get():
        shown.clear()


def settled(seconds: float) -> bool:
    """Wait for the work in the background; return whether it has ended."""
    return _following().wait(seconds)


def failures() -> list[Failure]:
    """Return what could not be worked out in the background, oldest first."""
    return list(_following().failures)


def info_or_none() -> SnapshotInfo | None:
    """Return which snapshot is being read; nothing where none can be."""
    try:
        return info()
    except ArtonomicsError:
        return None


def running() -> Running | None:
    """Return the run that is going on in the data folder, or the last one; never kept."""
    return read(data_dir())


def ask(question: Callable[..., pd.DataFrame], *parameters: Hashable) -> pd.DataFrame:
    """Return the answer of a function of :mod:`dashboard.queries` about the present snapshot."""

    def answer(of: Served) -> pd.DataFrame:
        return _ask(
            snapshot=of.key,
            name=question.__name__,
            parameters=parameters,
            _question=question,
            _source=of.reader,
        )

    return _asked(("ask", question, parameters), answer)


def study(question: Callable[..., T], *parameters: Hashable, **named: Hashable) -> T:
    """Return the result of a function of :mod:`dashboard.studies` about the present snapshot."""

    def answer(of: Served) -> T:
        return _study(
            snapshot=of.key,
            name=question.__name__,
            parameters=parameters,
            named=named,
            _question=question,
            _source=of.reader,
        )

    return _asked(("study", question, parameters, tuple(sorted(named.items()))), answer)


def lacking(formats: tuple[str, ...], languages: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return code and reason of what this machine lacks for reports; asked anew every minute."""
    return _lacking(formats=formats, languages=languages)


def drawn(name: str, build: Callable[[Mode], T], said: Words, *parameters: Hashable) -> T:
    """Return what ``build`` makes in the theme of the page: a figure, or all cards of a page.

    ``parameters`` say what it depends on beside snapshot, language and theme.
    """
    mode: Mode = "dark" if st.context.theme.type == "dark" else "light"
    return _drawn(
        snapshot=_key(),
        name=name,
        language=said.language,
        mode=mode,
        parameters=parameters,
        _build=build,
    )


def forget() -> None:
    """Drop everything that is kept: what was asked stands for something else now."""
    for kept in (_refresher, _held_back, _ask, _study, _drawn):
        kept.clear()


def _present() -> Served:
    shown = _shown.get()
    if shown:
        return shown[0]
    present = _following().present()
    if shown is not None:
        shown.append(present)
    return present


def _asked(name: Hashable, answer: Callable[[Served], T]) -> T:
    """Answer about the present snapshot, and remember what was asked for the next one."""
    found = answer(_present())
    _following().note(name, answer)
    return found


def _key() -> str:
    return _present().key


def _following() -> Refresher:
    return _refresher(folder=str(data_dir()))


# All that is kept is called by name: Streamlit reads the signature anew for every argument without.
@st.cache_resource(show_spinner=False, max_entries=8)
def _refresher(folder: str) -> Refresher:
    return Refresher(Path(folder))


@st.cache_data(show_spinner=False, max_entries=8)
def _held_back(snapshot: str, _source: SnapshotReader) -> bool:
    return not _source.left_out().empty


@st.cache_data(show_spinner=False, max_entries=64, ttl="1m")
def _lacking(formats: tuple[str, ...], languages: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(fault.code, str(fault)) for fault in reporting.lacking(formats, languages)]


# Whether a source is stale changes with the day, so answers do not live for ever.
@st.cache_data(show_spinner=False, max_entries=256, ttl="1h")
def _ask(
    snapshot: str,
    name: str,
    parameters: tuple[Hashable, ...],
    _question: Callable[..., pd.DataFrame],
    _source: SnapshotReader,
) -> pd.DataFrame:
    return _question(_source, *parameters)


@st.cache_resource(show_spinner=False, max_entries=256)
def _study(
    snapshot: str,
    name: str,
    parameters: tuple[Hashable, ...],
    named: dict[str, Hashable],
    _question: Callable[..., Any],
    _source: SnapshotReader,
) -> Any:
    return _question(_source, *parameters, **named)


@st.cache_resource(show_spinner=False, max_entries=256)
def _drawn(
    snapshot: str,
    name: str,
    language: str,
    mode: Mode,
    parameters: tuple[Hashable, ...],
    _build: Callable[[Mode], Any],
) -> Any:
    return _build(mode)
