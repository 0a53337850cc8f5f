"""What a report is about: its options as its own module names them, fed from the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from dashboard import cache, cases, permalinks, queries, reporting, scenarios
from dashboard.app_pages.as_known import FIRST_DAY, as_known_on
from dashboard.app_pages.economics_currency import CURRENCIES
from dashboard.app_pages.filters import kept_line
from dashboard.figures import labels
from dashboard.reporting import Wanted
from dashboard.studies.growth.sources import histories
from dashboard.tables import reports as tables
from dashboard.text import LANGUAGES, Words

WINDOW = (-2, 2)
"""The event window where nothing else is chosen: that of the report."""
_WIDEST = 10
_SHARED = {
    "ticker": "ticker",
    "event": "event",
    "app": "apps",
    "storefront": "storefront",
    "currency": "currency",
}
"""Options that are chosen on other pages too: they travel under the name they have there."""
_DEFAULT_FORMATS = ("pdf", "html")
_LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


def chosen(said: Words, *, for_schedule: bool = False) -> Wanted:
    """Show the choice of a report, and return it.

    Parameters
    ----------
    said
        The language.
    for_schedule
        Leave out what a schedule says otherwise: the day as of which, and since when.
    """
    for option, shared in _SHARED.items():
        permalinks.renamed(f"report_{option}", shared)
    with st.container(border=True):
        name = _report(said)
        options = reporting.options_of(name)
        wanted = [option for option in options if not (for_schedule and option == "since")]
        about = _about(name, wanted, said)
        formats, languages = _files(said)
        as_of: date | None = None
        if name in reporting.WITH_AS_OF and not for_schedule:
            as_of = as_known_on(said)
        else:
            permalinks.forget("as_of")
    if not for_schedule:
        kept_line(said)
    return Wanted(name, about, formats, languages, as_of.isoformat() if as_of else None)


def _report(said: Words) -> str:
    names = tables.report_names(said)
    permalinks.restore("report", permalinks.one_of(reporting.REPORTS, said), "market", said)
    st.selectbox(said.t("Report"), reporting.REPORTS, key="report", format_func=names.__getitem__)
    return permalinks.chosen("report")


def _about(name: str, options: Sequence[str], said: Words) -> dict[str, str]:
    """Show a selector for each option, and return what was chosen: raw codes by option."""
    for option in _SELECTORS:
        if option not in options:
            permalinks.forget(_key(option))
    if not options:
        st.caption(said.t("This report is about all that is held: there is nothing to choose."))
    about: dict[str, str] = {}
    columns = st.columns(min(2, max(1, len(options))))
    # The wave comes first: it says whether the others can be chosen.
    for place, option in enumerate(sorted(options, key=lambda option: option != "wave")):
        with columns[place % len(columns)]:
            code = _SELECTORS[option](name, about, said)
        if code:
            about[option] = code
    if "wave" in about:  # a wave stands in place of a share, its events and apps
        for option in ("ticker", "event", "app"):
            about.pop(option, None)
    return about


def _ticker(_name: str, _about: Mapping[str, str], said: Words) -> str:
    held = set(cache.ask(queries.coverage)["ticker"])
    names = {
        row["ticker"]: f"{labels.company(row, said, 'name')} · {row['ticker']}"
        for row in cache.ask(queries.instruments).to_dict("records")
        if row["instrument_type"] == "equity" and row["ticker"] in held
    }
    disabled = _chosen_wave() is not None
    return _one("ticker", said.t("Company"), names, said, disabled=disabled)


def _event(_name: str, about: Mapping[str, str], said: Words) -> str:
    ticker = about.get("ticker", cases.TICKER)
    held = cache.ask(queries.events)
    own = held.loc[held["ticker"] == ticker].to_dict("records")
    names = {
        row["event_id"]: f"{said.date(row['event_date'])} · {labels.event_title(row, said)}"
        for row in own
    }
    _drop_unknown("event", names)
    disabled = _chosen_wave() is not None
    return _several("event", said.t("Events"), names, said, disabled=disabled)


def _wave(name: str, _about: Mapping[str, str], said: Words) -> str:
    names = {
        row["wave_id"]: f"{row['wave_id']} · {labels.company(row, said, 'name_en')}"
        if said.language == "en"
        else f"{row['wave_id']} · {row['name_zh'] or row['name_en']}"
        for row in cache.ask(queries.waves).to_dict("records")
        if name != "market" or isinstance(row["ticker"], str)
    }
    return _one("wave", said.t("Wave, in place of share and events"), names, said)


def _app(_name: str, _about: Mapping[str, str], said: Words) -> str:
    names = {
        str(row["app_id"]): labels.company(row, said, "app_name")
        for row in cache.ask(queries.apps).to_dict("records")
    }
    disabled = _chosen_wave() is not None
    return _several("app", said.t("Apps"), names, said, disabled=disabled)


def _storefront(_name: str, _about: Mapping[str, str], said: Words) -> str:
    held = {
        *cache.ask(queries.charts)["storefront"],
        *cache.ask(queries.rating_counts)["storefront"],
    }
    names = {code: code for code in sorted(map(str, held))}
    return _one("storefront", said.t("Storefront"), names, said)


def _source(_name: str, _about: Mapping[str, str], said: Words) -> str:
    names = {str(code): str(code) for code in cache.study(histories).events["source"]}
    return _one("source", said.t("Product history"), names, said)


def _scenario(_name: str, _about: Mapping[str, str], said: Words) -> str:
    found = scenarios.choices(cache.data_dir())
    names = {key: one.name(said.language) for key, one in found.items() if one.raw is not None}
    return _one("scenario", said.t("Scenario"), names, said)


def _currency(_name: str, _about: Mapping[str, str], said: Words) -> str:
    names = {code: code for code in CURRENCIES}
    return _one("currency", said.t("Money told in"), names, said)


def _window(_name: str, _about: Mapping[str, str], said: Words) -> str:
    key = _key("window")
    permalinks.restore(key, permalinks.span(-_WIDEST, _WIDEST, said), WINDOW, said)
    st.slider(said.t("Event window (trading days)"), -_WIDEST, _WIDEST, key=key)
    first, last = st.session_state[key]
    permalinks.remember(key, f"{first},{last}")
    return "" if (first, last) == WINDOW else f"{first},{last}"


def _since(_name: str, _about: Mapping[str, str], said: Words) -> str:
    key, last = _key("since"), cache.info().published_at.date()
    permalinks.restore(key, permalinks.day(FIRST_DAY, last, said), None, said)
    st.date_input(
        said.t("New since"),
        key=key,
        min_value=FIRST_DAY,
        max_value=last,
        format="YYYY-MM-DD",
        help=said.t("Empty: since the last weekly report, or the last seven days."),
    )
    day: date | None = st.session_state[key]
    return _remembered(key, day.isoformat() if day else "")


_SELECTORS: dict[str, Callable[[str, Mapping[str, str], Words], str]] = {
    "wave": _wave,
    "ticker": _ticker,
    "event": _event,
    "window": _window,
    "app": _app,
    "storefront": _storefront,
    "source": _source,
    "scenario": _scenario,
    "currency": _currency,
    "since": _since,
}


def _files(said: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    formats = tables.format_names(said)
    left, right = st.columns(2)
    with left:
        permalinks.restore(
            "formats",
            permalinks.several_of(reporting.FORMATS, said),
            list(_DEFAULT_FORMATS),
            said,
        )
        st.pills(
            said.t("Formats"),
            reporting.FORMATS,
            selection_mode="multi",
            key="formats",
            format_func=formats.__getitem__,
            wrap=True,
        )
    with right:
        permalinks.restore(
            "languages", permalinks.several_of(LANGUAGES, said), [said.language], said
        )
        st.pills(
            said.t("Languages"),
            LANGUAGES,
            selection_mode="multi",
            key="languages",
            format_func=_LANGUAGE_NAMES.__getitem__,
            wrap=True,
        )
    return _in_order("formats", reporting.FORMATS), _in_order("languages", LANGUAGES)


def _in_order(key: str, known: Sequence[str]) -> tuple[str, ...]:
    codes = tuple(code for code in known if code in st.session_state[key])
    permalinks.remember(key, ",".join(codes))
    return codes


def _one(
    option: str, label: str, names: Mapping[str, str], said: Words, *, disabled: bool = False
) -> str:
    """Show a selector that may stay empty; return the code, empty where nothing is chosen."""
    key = _key(option)
    last = None if option in _SHARED else permalinks.last_shown(option)
    default = last if last in names else None
    permalinks.restore(key, permalinks.one_of(list(names), said), default, said)
    st.selectbox(
        label,
        list(names),
        key=key,
        format_func=names.__getitem__,
        placeholder=said.t("as the report has it"),
        disabled=disabled,
    )
    return _remembered(key, st.session_state[key] or "")


def _several(
    option: str, label: str, names: Mapping[str, str], said: Words, *, disabled: bool = False
) -> str:
    key = _key(option)
    permalinks.restore(key, permalinks.several_of(list(names), said), [], said)
    st.multiselect(
        label,
        list(names),
        key=key,
        format_func=names.__getitem__,
        placeholder=said.t("as the report has it"),
        disabled=disabled,
        wrap=True,
    )
    return _remembered(key, ",".join(st.session_state[key]))


def _remembered(key: str, code: str) -> str:
    if code:
        permalinks.remember(key, code)
    else:
        permalinks.leave_out(key)
    return code


def _drop_unknown(option: str, names: Mapping[str, str]) -> None:
    """Forget what was chosen of another share."""
    key = _key(option)
    if any(code not in names for code in st.session_state.get(key) or ()):
        permalinks.forget(key)


def _chosen_wave() -> str | None:
    return st.session_state.get(_key("wave"))


def _key(option: str) -> str:
    return _SHARED.get(option, f"report_{option}")
