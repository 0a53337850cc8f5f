"""The address holds every choice by its raw code, so that a link restores the view.

A choice is read from the query string when the page opens (or when the address changes under it),
kept by the widget of the same key, and written back. An impossible code in the address is replaced
by the default and said on the page.

Some choices mean the same on every page and travel: what was chosen on one is chosen on the next,
where the address says nothing else. A code that a page cannot show waits for one that can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.text import Words

T = TypeVar("T")

TRAVELLING = (
    *("ticker", "event", "apps", "storefront", "currency"),
    *("as_of", "from", "to", "show_events"),
)
"""Names of the choices that mean the same on every page that has them."""


_OF_EVERY_PAGE = ("lang", "tour")


class PartlyKnownError(ValueError):
    """Some codes of a list can be shown and others not.

    Attributes
    ----------
    kept, left
        Codes that can be shown, and those that cannot.
    """

    def __init__(self, kept: Sequence[str], left: Sequence[str], problem: str) -> None:
        super().__init__(problem)
        self.kept, self.left = tuple(kept), tuple(left)


def restore(key: str, parse: Callable[[str], T], default: T, words: Words) -> None:
    """Put the value that the address names for ``key`` into the session, before its widget.

    Parameters
    ----------
    key
        Name in the query string and key of the widget.
    parse
        Code → value; raises ``ValueError`` where the code is impossible, and
        :class:`PartlyKnownError` where a part of it can be kept.
    default
        Value where the address says nothing or something impossible.
    """
    _leave_another_page(key, parse)
    _read_here().add(key)
    code = st.query_params.get(key)
    if code is None:
        if key not in st.session_state or _is_of_another_page(key):
            st.session_state[key] = _travelled(key, parse, default)
        return
    own = key in st.session_state and not _is_of_another_page(key)
    if own and code == st.session_state.get(_written(key)):
        return
    _standing_in().pop(key, None)
    try:
        st.session_state[key] = parse(code)
    except PartlyKnownError as problem:
        st.session_state[key] = list(problem.kept)
        st.warning(
            words.t(
                "The address asks for {key}, of which {left} cannot be shown ({problem}). The "
                "others are kept.",
                key=key,
                left=", ".join(code_in_words(one) for one in problem.left),
                problem=str(problem),
            )
        )
    except ValueError as problem:
        st.session_state[key] = _stand_in(key, default)
        st.warning(
            words.t(
                "The address asks for {key}={code}, which cannot be shown: {problem}. "
                "The default is used instead.",
                key=key,
                code=code_in_words(code),
                problem=str(problem),
            )
        )


def tell_unread(words: Words) -> None:
    """Say what the address names that no control of this page has read, once all have been shown.

    What travels waits for a page that can show it, and is no mistake.
    """
    known = {*TRAVELLING, *_OF_EVERY_PAGE, *_read_here()}
    unread = [key for key in st.query_params if key not in known]
    if unread:
        st.warning(
            words.n(
                "The address asks for {keys}, which chooses nothing on this page. It is left out "
                "of account.",
                "The address asks for {keys}, which choose nothing on this page. They are left out "
                "of account.",
                len(unread),
                keys=words.listed(
                    f"{code_in_words(key)}={code_in_words(st.query_params[key])}" for key in unread
                ),
            )
        )


def _leave_another_page(key: str, parse: Callable[[str], object]) -> None:
    """Drop a choice that is impossible here: the page before has a control of the same key."""
    held = st.session_state.get(key)
    if not isinstance(held, str):
        return
    try:
        parse(held)
    except ValueError:
        st.session_state.pop(key, None)
        st.session_state.pop(_written(key), None)


def remember(key: str, code: str) -> None:
    """Write the code of the present choice of ``key`` into the address."""
    _keep(key, code)
    st.session_state[_written(key)] = code
    if st.query_params.get(key) != code:
        st.query_params[key] = code


def forget(key: str) -> None:
    """Drop the choice of ``key`` and its code: it belonged to something no longer shown.

    A choice that travels is kept for a page, or a share, that can show it.
    """
    st.session_state.pop(key, None)
    _unwrite(key)


def leave_out(key: str) -> None:
    """Take the code of ``key`` out of the address: nothing is chosen."""
    _keep(key, None)
    _unwrite(key)


def lead(**codes: str) -> None:
    """Let the address name other choices on this page: what a button does that leads elsewhere.

    A link to the page one is on would leave the browser's address as it was, and the next run
    would go back to it. Within a fragment the whole page must be run after it.
    """
    for key, code in codes.items():
        st.query_params[key] = code


def peek(key: str) -> str | None:
    """Return the code that the address names for ``key``, which no control here restores."""
    _read_here().add(key)
    return st.query_params.get(key)


def is_asked(key: str) -> bool:
    """Say whether the address names a choice of ``key`` that the page has not written itself."""
    return st.query_params.get(key) not in (None, st.session_state.get(_written(key)))


def renamed(old: str, new: str) -> None:
    """Let a link that names a choice ``old`` restore ``new``, unless the address names both."""
    code = st.query_params.get(old)
    if code is None:
        return
    del st.query_params[old]
    if new not in st.query_params:
        st.query_params[new] = code


def last_shown(key: str) -> str | None:
    """Return the code that ``key`` had when a page last showed it, in this visit."""
    return st.session_state.get(_written(key))


def kept() -> dict[str, str]:
    """Return the codes of what the reader chose, here or elsewhere, of :data:`TRAVELLING`."""
    return st.session_state.setdefault("permalinks:kept", {})


def reset() -> None:
    """Choose nothing of :data:`TRAVELLING` any more, here and on the other pages."""
    for key in TRAVELLING:
        forget(key)
    kept().clear()
    _standing_in().clear()


def chosen(key: str) -> str:
    """Return the code that the widget ``key`` holds, and write it into the address.

    A number's code is its digits: kept as a number it would never equal the address, and the next
    run would put the old choice back.
    """
    code = str(st.session_state[key])
    remember(key, code)
    return code


def one_of(options: Sequence[str], words: Words) -> Callable[[str], str]:
    """Return a parser that accepts one of ``options``."""

    def parse(code: str) -> str:
        if code not in options:
            raise ValueError(_expected(options, words))
        return code

    return parse


def several_of(
    options: Sequence[str], words: Words, most: int | None = None
) -> Callable[[str], list[str]]:
    """Return a parser of codes out of ``options``, separated by commas; none at all is allowed.

    Parameters
    ----------
    most
        How many codes are kept, the first ones; any number where it is not given.

    Raises
    ------
    PartlyKnownError
        By the parser, where some codes can be kept and others not.
    """

    def parse(codes: str) -> list[str]:
        asked = list(dict.fromkeys(code for code in codes.split(",") if code))
        known = [code for code in asked if code in options]
        kept = known[:most]
        left = [code for code in asked if code not in kept]
        problems = [_expected(options, words)] if len(known) < len(asked) else []
        if len(kept) < len(known):
            problems.append(words.t("expected at most {n}", n=most))
        if left:
            problem = words.t("; ").join(problems)
            raise PartlyKnownError(kept, left, problem) if kept else ValueError(problem)
        return kept

    return parse


def whole_number(low: int, high: int, words: Words) -> Callable[[str], int]:
    """Return a parser that accepts a whole number between ``low`` and ``high``."""

    def parse(code: str) -> int:
        expected = words.t("expected a whole number from {low} to {high}", low=low, high=high)
        try:
            number = int(code)
        except ValueError:
            raise ValueError(expected) from None
        if not low <= number <= high:
            raise ValueError(expected)
        return number

    return parse


def number(low: float, high: float, words: Words) -> Callable[[str], float]:
    """Return a parser that accepts a number, decimals too, between ``low`` and ``high``."""

    def parse(code: str) -> float:
        expected = words.t(
            "expected a number from {low} to {high}", low=f"{low:g}", high=f"{high:g}"
        )
        try:
            found = float(code)
        except ValueError:
            raise ValueError(expected) from None
        if not low <= found <= high:
            raise ValueError(expected)
        return found

    return parse


def span(low: int, high: int, words: Words) -> Callable[[str], tuple[int, int]]:
    """Return a parser of two whole numbers in order, written ``-2,2``."""

    def parse(code: str) -> tuple[int, int]:
        expected = words.t(
            "expected two whole numbers from {low} to {high} in order, for example -2,2",
            low=low,
            high=high,
        )
        try:
            first, last = (int(part) for part in code.split(","))
        except ValueError:
            raise ValueError(expected) from None
        if not low <= first <= last <= high:
            raise ValueError(expected)
        return first, last

    return parse


def day(first: date, last: date, words: Words) -> Callable[[str], date]:
    """Return a parser of a day between ``first`` and ``last``, written ``2022-12-07``."""

    def parse(code: str) -> date:
        expected = words.t(
            "expected a day from {first} to {last}, for example 2022-12-07",
            first=first.isoformat(),
            last=last.isoformat(),
        )
        try:
            found = date.fromisoformat(code)
        except ValueError:
            raise ValueError(expected) from None
        if not first <= found <= last:
            raise ValueError(expected)
        return found

    return parse


def _travelled(key: str, parse: Callable[[str], T], default: T) -> Any:
    """Return what was chosen on another page, as far as this one can show it."""
    code = kept().get(key)
    if code is None:
        return _stand_in(key, default)
    try:
        return parse(code)
    except PartlyKnownError as problem:
        return _stand_in(key, list(problem.kept))
    except ValueError:
        return _stand_in(key, default)


def _is_of_another_page(key: str) -> bool:
    """Say whether what the session holds belongs to a widget of the page before.

    A widget of this page with the same key would not take it over.
    """
    here = getattr(get_script_run_ctx(), "page_script_hash", "")
    return st.session_state.get(_page(key), here) != here


def _stand_in(key: str, value: T) -> T:
    """Note that nobody chose ``value``: while it stands, what was chosen is kept as it was."""
    if key in TRAVELLING:
        _standing_in()[key] = value
    return value


def _keep(key: str, code: str | None) -> None:
    """Keep what is chosen for the other pages; ``None`` is nothing."""
    st.session_state[_page(key)] = getattr(get_script_run_ctx(), "page_script_hash", "")
    if key not in TRAVELLING:
        return
    held, stand_ins = st.session_state.get(key), _standing_in()
    if key in stand_ins and stand_ins[key] == held:
        return
    stand_ins.pop(key, None)
    if code is None:
        kept().pop(key, None)
    else:
        kept()[key] = code


def _standing_in() -> dict[str, Any]:
    return st.session_state.setdefault("permalinks:standing_in", {})


def _read_here() -> set[str]:
    """Return the names that the controls of this page have looked for, in this visit."""
    here = getattr(get_script_run_ctx(), "page_script_hash", "")
    return st.session_state.setdefault("permalinks:read", {}).setdefault(here, set())


def _unwrite(key: str) -> None:
    st.session_state.pop(_written(key), None)
    if key in st.query_params:
        del st.query_params[key]


def _expected(options: Sequence[str], words: Words) -> str:
    """Say which codes there are."""
    if not options:
        return words.t("there is nothing to choose from here")
    shown = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
    return words.t("expected one of {options}", options=shown)


def code_in_words(code: str) -> str:
    """Return a code of the address as Markdown that shows it as it is, on one line.

    An empty line would end the code, and what follows it would be read as Markdown.
    """
    shown = code[:60].replace("`", "")
    seen = "".join(sign if sign.isprintable() else " " for sign in shown)
    return f"`{' '.join(seen.split()) or ' '}`"


def _page(key: str) -> str:
    return f"{key}:page"


def _written(key: str) -> str:
    return f"{key}:written"
