"""The currency that scenarios are told in: it is chosen once, and travels with the reader.

A scenario keeps the currency it is written in. What is shown is converted at the rate of each
amount's day; where no such rate is held, the scenario stays as it is and the page says so.
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages.economics_held import Present
from dashboard.components import plain
from dashboard.scenarios import Choice, Raw
from dashboard.studies.economics.scenario import frozen, scenario_study
from dashboard.text import Words
from etl.errors import InputError

KEY = "currency"
CURRENCIES = ("CNY", "EUR", "GBP", "HKD", "JPY", "KRW", "USD")
"""Offered; a scenario may be written in any."""


def choose(said: Words) -> None:
    """Show the control."""
    permalinks.restore(KEY, permalinks.one_of(CURRENCIES, said), None, said)
    st.selectbox(
        said.t("Money told in"),
        CURRENCIES,
        key=KEY,
        placeholder=said.t("the scenario's own"),
        help=said.t(
            "With another currency, amounts are converted at the European Central Bank's rate of "
            "their day, and each says so. The scenario itself keeps the currency it is written in."
        ),
    )
    code = chosen()
    if code is None:
        permalinks.leave_out(KEY)
    else:
        permalinks.remember(KEY, code)


def chosen() -> str | None:
    """Return the currency that was chosen; nothing where each scenario keeps its own."""
    return st.session_state.get(KEY)


def of_present(present: Present, said: Words) -> Present:
    """Return the scenario in the chosen currency, or as it is where a rate is missing."""
    try:
        return replace(present, raw=_told(present.raw), base=_told(present.base))
    except InputError as fault:
        st.warning(
            said.t(
                "**Not told in {currency}.** {reason}. Amounts stay in {own}.",
                currency=plain(chosen()),
                reason=plain(fault.got),
                own=plain(present.raw.get("currency")),
            ),
            icon=":material/currency_exchange:",
        )
        return present


def of_known(known: dict[str, Choice]) -> dict[str, Choice]:
    """Return the scenarios in the chosen currency, those without a rate as they are."""
    return {key: _of_choice(choice) for key, choice in known.items()}


def _of_choice(choice: Choice) -> Choice:
    if choice.raw is None:
        return choice
    try:
        return replace(choice, raw=_told(choice.raw))
    except InputError:
        return choice


def _told(raw: Raw) -> Raw:
    code = chosen()
    if code is None or code == raw.get("currency"):
        return raw
    try:
        cache.study(scenario_study, frozen(raw))
    except InputError:
        return raw  # what is wrong with the scenario itself is said as it is
    told = scenarios.with_settings(raw, {"currency": code})
    cache.study(scenario_study, frozen(told))
    return told
