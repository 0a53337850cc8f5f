"""Controls of the further cards of the page of unit economics; each stands in the address.

A choice that is the one that stands in anyway is left out of the address, so that a link stays
short and follows the scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import streamlit as st

from dashboard import cache, permalinks
from dashboard.components import Card, Provenance, metric_tile, plain
from dashboard.figures.theme import Mode
from dashboard.states import Section, cards
from dashboard.studies.economics.prices import (
    NONE,
    TYPED,
    DatedPrice,
    DatedPrices,
    Kind,
    dated_prices,
)
from dashboard.studies.economics.speeds import SpeedChoice, first_speed, of_scenario
from dashboard.tables.economics import names
from dashboard.tables.economics import sourcing as tables
from dashboard.tables.economics.typed import named
from dashboard.text import MISSING, Words
from etl.errors import ArtonomicsError, InputError

_EMPTY = "none"
"""Stands in the address for a field that is empty where the scenario has a figure."""


def guarded(body: Callable[[], None], said: Words) -> None:
    """Show a section; what cannot be worked out is told with what to do, and the rest stays."""
    try:
        body()
    except InputError as fault:
        told(fault.got, fault.expected, fault.todo, said)
    except ArtonomicsError as fault:
        told(str(fault), "", "", said)
    except ValueError as fault:
        got, _, expected = str(fault).partition("; expected ")
        told(got, expected, said.t("change the figures of this card or of the scenario"), said)


def draw(name: str, build: Callable[[Mode], list[Card]], said: Words, *on: Hashable) -> None:
    """Draw the cards of a section; they are kept for as long as what they depend on stands.

    Parameters
    ----------
    name
        Of the section, a key of the cache.
    on
        Whatever the cards depend on beside snapshot, language and theme.
    """
    cards(said, Section(name, build), *on)


def sentence(text: str) -> None:
    """Say in a frame what a section found."""
    with st.container(border=True):
        st.markdown(plain(text))


def tiles(shown: Sequence[tuple[str, str, str]], told: Provenance, said: Words) -> None:
    """Show figures side by side.

    Parameters
    ----------
    shown
        Label, figure and a note on it (empty for none); the note of a missing figure says why.
    told
        Of the figures; a missing one bears no evidence.
    """
    for column, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            if value == MISSING:
                missing_tile(label, note, said)
            else:
                metric_tile(said, label, value, told, notes=[plain(note)] if note else [])


def missing_tile(label: str, why: str, said: Words) -> None:
    """Show that a figure is missing and why; what is missing has no evidence kind."""
    told = said.t("missing")
    badge = f":red-badge[:material/error: {told}]"
    with st.container(border=True, height="stretch"):
        st.metric(label, MISSING)
        st.markdown(f":small[{badge} {plain(why)}]")


def told(got: str, expected: str, todo: str, said: Words) -> None:
    """Say what was got, what was expected and what to do."""
    got, expected, todo = (named(each, said) for each in (got, expected, todo))
    lines = [said.t("**This cannot be worked out.**") + f" {plain(got)}"]
    if expected:
        lines.append(said.t("Expected: {expected}", expected=plain(expected)))
    if todo:
        lines.append(said.t("To do: {todo}", todo=plain(todo)))
    st.error("  \n".join(lines), icon=":material/error:")


def missing(inputs: Sequence[str], said: Words) -> None:
    """Say which inputs of the scenario are missing and what to do."""
    what = said.t("; ").join(names.input_name(name, said) for name in inputs)
    st.info(
        said.t(
            "**Not known without: {inputs}.** They stand as missing in the table of inputs above: "
            "type a value there and apply the changes, or take them from your own data.",
            inputs=plain(what),
        ),
        icon=":material/edit:",
    )


def _follow(key: str, default: object) -> None:
    """Let a choice that was never made follow what stands in, which goes with the scenario."""
    stood_in = f"{key}:stood-in"
    if st.session_state.get(stood_in, default) != default and (
        st.session_state.get(key) == st.session_state[stood_in]
    ):
        permalinks.forget(key)
    st.session_state[stood_in] = default


def option(
    key: str, label: str, codes: Sequence[str], default: str, said: Words, **look: Any
) -> str:
    """Show a list to choose from and return the code.

    Parameters
    ----------
    look
        ``name``: code → what is shown; ``kind``: ``select`` or ``segments``; ``help``.
    """
    if st.session_state.get(key) not in (None, *codes):
        permalinks.forget(key)
    _follow(key, default)
    permalinks.restore(key, permalinks.one_of(codes, said), default, said)
    if look.get("kind") == "segments":
        st.segmented_control(
            label, codes, key=key, format_func=look["name"], required=True, help=look.get("help")
        )
    else:
        st.selectbox(label, codes, key=key, format_func=look["name"], help=look.get("help"))
    return _kept(key, st.session_state[key], default)


def several(
    key: str, label: str, codes: Sequence[str], default: Sequence[str], said: Words
) -> list[str]:
    """Show a list to choose several of and return their codes."""
    if not set(st.session_state.get(key, ())) <= set(codes):
        permalinks.forget(key)
    _follow(key, list(default))
    permalinks.restore(key, permalinks.several_of(codes, said), list(default), said)
    st.multiselect(label, codes, key=key, wrap=True)
    chosen: list[str] = list(st.session_state[key])
    _kept(key, ",".join(chosen), ",".join(default))
    return chosen


def whole(
    key: str, label: str, default: int, bounds: tuple[int, int], said: Words, note: str = ""
) -> int:
    """Show a whole number and return it."""
    _follow(key, default)
    permalinks.restore(key, permalinks.whole_number(*bounds, said), default, said)
    st.number_input(label, *bounds, key=key, step=1, help=note or None)
    return int(_kept(key, str(int(st.session_state[key])), str(default)))


def amount(
    key: str,
    label: str,
    default: float,
    bounds: tuple[float, float],
    said: Words,
    note: str = "",
) -> float:
    """Show a number with decimals and return it."""
    _follow(key, float(default))
    permalinks.restore(key, permalinks.number(*bounds, said), float(default), said)
    st.number_input(
        label, float(bounds[0]), float(bounds[1]), key=key, format="%.6g", help=note or None
    )
    return float(_kept(key, f"{float(st.session_state[key]):.12g}", f"{float(default):.12g}"))


def amount_or_none(
    key: str,
    label: str,
    default: float | None,
    bounds: tuple[float, float],
    said: Words,
    note: str = "",
) -> float | None:
    """Show a number that may be left empty and return it; ``None`` where nothing is typed."""
    read = permalinks.number(*bounds, said)
    _follow(key, default)
    permalinks.restore(key, lambda code: None if code == _EMPTY else read(code), default, said)
    st.number_input(
        label,
        float(bounds[0]),
        float(bounds[1]),
        value=None,
        key=key,
        format="%.6g",
        placeholder=said.t("not told"),
        help=note or None,
    )
    found = st.session_state[key]
    _kept(key, _code(found), _code(default))
    return None if found is None else float(found)


def _code(figure: float | None) -> str:
    return _EMPTY if figure is None else f"{float(figure):.12g}"


def line(key: str, label: str, example: str, said: Words) -> str:
    """Show a line to type in and return it."""
    permalinks.restore(key, str, "", said)
    st.text_input(label, key=key, placeholder=example)
    return _kept(key, str(st.session_state[key]).strip(), "")


def switch(key: str, label: str, said: Words, note: str = "") -> bool:
    """Show a toggle that begins off and return whether it is on."""
    permalinks.restore(key, lambda code: permalinks.one_of(("1",), said)(code) == "1", False, said)
    st.toggle(label, key=key, help=note or None)
    return bool(_kept(key, "1" if st.session_state[key] else "", ""))


def _kept(key: str, code: str, default: str) -> str:
    """Write a code into the address unless it stands in anyway, and return it."""
    if code == default:
        permalinks.leave_out(key)
    else:
        permalinks.remember(key, code)
    return code


def speed(key: str, written: str, said: Words) -> SpeedChoice | None:
    """Let the reader choose the speed of a machine; ``None`` where none is known at all."""
    held = cache.study(of_scenario, written)
    default = first_speed(held)
    if default is None:
        st.info(
            said.t(
                "**No speed is known.** Choose “Speed of a machine” at “Show other inputs too” "
                "above and type one, measure one on the Compute page, or collect published "
                "benchmarks with `artonomics etl run --offline`."
            ),
            icon=":material/speed:",
        )
        return None
    by_code = {each.code: each for each in held}
    code = option(
        key,
        said.t("Speed of a machine"),
        list(by_code),
        default.code,
        said,
        name=lambda code: tables.speed_name(by_code[code], said),
        help=said.t("A published speed stands in until the card has been measured."),
    )
    return by_code[code]


def prices_of(written: str) -> DatedPrices:
    """Return the prices that were known on the scenario's day."""
    return cache.study(dated_prices, written)


def price(
    prefix: str, kind: Kind, known: DatedPrices, default: DatedPrice | None, about: Any
) -> tuple[str, float]:
    """Let the reader choose a dated price, none, or one of their own; return code and amount.

    Parameters
    ----------
    about
        Currency and words.
    """
    currency, said = about
    by_code = {each.code: each for each in known.held[kind]}
    first = NONE if default is None else default.code

    def name(code: str) -> str:
        if code == NONE:
            return said.t("left out")
        if code == TYPED:
            return said.t("your own price")
        return tables.price_name(by_code[code], currency, said)

    way, unit = tables.way_name(kind, said), tables.price_unit(kind, currency, said)
    code = option(
        f"{prefix}_{kind}",
        said.t("{what} ({unit})", what=way, unit=unit),
        [*by_code, TYPED, NONE],
        first,
        said,
        name=name,
    )
    if code != TYPED:
        return code, 0.0
    label = said.t("Your own price ({unit}), assumed", unit=unit)
    return code, amount(f"{prefix}_{kind}_typed", label, 0.0, (0.0, 1e9), said)
