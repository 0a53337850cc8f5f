"""What the reader chooses on the Market page; every choice is in the address by its raw code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import streamlit as st

from dashboard import cache, cases, permalinks, queries
from dashboard.app_pages.as_known import as_known_note
from dashboard.app_pages.filters import ANY_TIME, Times, kept_line, times
from dashboard.figures import labels
from dashboard.studies.market import events_of
from dashboard.text import Words
from etl.analytics.event_study import EventStudySpec

MODELS = ("market", "mean", "adjusted")
RETURNS = ("log", "simple")


@dataclass(frozen=True)
class View:
    """What the reader chose; ``span`` is ``event`` or ``all``."""

    ticker: str
    event_ids: tuple[str, ...]
    spec: EventStudySpec
    span: str
    times: Times = ANY_TIME

    @property
    def as_of(self) -> date | None:
        """Day of knowledge."""
        return self.times.as_of


def controls(said: Words) -> View:
    """Show the controls and return what they hold."""
    with st.container(border=True):
        company, chosen = st.columns([4, 10])
        method = st.container()
        # Which events are offered depends on the day of knowledge, which stands below them.
        line = times(said)
        with company:
            ticker = _company(said)
        with chosen:
            event_ids = _events(ticker, line.as_of, said)
        with method:
            spec, span = _method(said)
    kept_line(said)
    as_known_note(said, line.as_of)
    return View(ticker, tuple(event_ids), spec, span, line)


def _company(said: Words) -> str:
    names = cache.drawn("companies", lambda _: _company_names(said), said)
    tickers = list(names)
    default = _of_the_apps(tickers) or (cases.TICKER if cases.TICKER in names else tickers[0])
    permalinks.restore("ticker", permalinks.one_of(tickers, said), default, said)
    st.selectbox(said.t("Company"), tickers, key="ticker", format_func=names.__getitem__)
    return permalinks.chosen("ticker")


def _of_the_apps(tickers: list[str]) -> str:
    """Return the share of the apps that were chosen elsewhere, where they have one in common."""
    chosen = permalinks.kept().get("apps", "").split(",")
    apps = cache.ask(queries.apps)
    found = set(apps.loc[apps["app_id"].isin(chosen), "ticker"].dropna())
    return found.pop() if len(found) == 1 and found <= set(tickers) else ""


def _company_names(said: Words) -> dict[str, str]:
    """Return the names of the shares that have bars, by ticker."""
    held = set(cache.ask(queries.coverage)["ticker"])
    return {
        row["ticker"]: f"{labels.company(row, said, 'name')} · {row['ticker']}"
        for row in cache.ask(queries.instruments).to_dict("records")
        if row["instrument_type"] == "equity" and row["ticker"] in held
    }


def _events(ticker: str, as_of: date | None, said: Words) -> list[str]:
    names = cache.drawn("events", lambda _: _event_names(ticker, as_of, said), said, ticker, as_of)
    ids = list(names)
    # What is chosen of another share, or was not known yet, cannot be shown.
    if st.session_state.get("event:about") != (ticker, as_of):
        st.session_state["event:about"] = (ticker, as_of)
        if not permalinks.is_asked("event"):
            permalinks.forget("event")
    permalinks.restore(
        "event", permalinks.several_of(ids, said), cases.default_events(ticker, ids), said
    )
    chosen = st.multiselect(
        said.t("Events"),
        ids,
        key="event",
        format_func=names.__getitem__,
        placeholder=said.t("Choose events") if ids else said.t("No event of this share is held"),
        wrap=True,
    )
    permalinks.remember("event", ",".join(chosen))
    return chosen


def _event_names(ticker: str, as_of: date | None, said: Words) -> dict[str, str]:
    """Return day and title of the share's events known on a day, by identifier."""
    return {
        row["event_id"]: event_name(row, said)
        for row in cache.ask(events_of, ticker, as_of).to_dict("records")
    }


def _method(said: Words) -> tuple[EventStudySpec, str]:
    window, estimation, gap, returns, model, span = st.columns([3, 2, 2, 2, 3, 3])
    default = EventStudySpec()
    with window:
        days = _window(default.window, said)
    with estimation:
        length = _whole("estimation", said.t("Estimation days"), (30, 250), default, said)
    with gap:
        distance = _whole("gap", said.t("Gap days"), (0, 120), default, said)
    with returns:
        kind = _code("returns", said.t("Returns"), _returns_names(said), said)
    with model:
        chosen = _code("model", said.t("Model of normal returns"), _model_names(said), said)
    with span:
        spans = {"event": said.t("Around the events"), "all": said.t("All bars")}
        shown = _code("span", said.t("Prices shown"), spans, said)
    return EventStudySpec(days, length, distance, cast(Any, kind), cast(Any, chosen)), shown


def _window(default: tuple[int, int], said: Words) -> tuple[int, int]:
    permalinks.restore("window", permalinks.span(-20, 60, said), default, said)
    st.slider(
        said.t("Event window (trading days)"),
        -20,
        60,
        key="window",
        help=said.t("First and last trading day relative to the event, both counted."),
    )
    first, last = st.session_state["window"]
    permalinks.remember("window", f"{first},{last}")
    return first, last


def _whole(
    key: str, label: str, bounds: tuple[int, int], default: EventStudySpec, said: Words
) -> int:
    permalinks.restore(key, permalinks.whole_number(*bounds, said), getattr(default, key), said)
    number = st.number_input(label, *bounds, key=key, step=1)
    permalinks.remember(key, str(number))
    return number


def _code(key: str, label: str, names: dict[str, str], said: Words) -> str:
    """Let one code be chosen by its name; the first is the default."""
    codes = list(names)
    permalinks.restore(key, permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(label, codes, key=key, format_func=names.__getitem__)
    return permalinks.chosen(key)


def _returns_names(said: Words) -> dict[str, str]:
    return {code: labels.returns(said, code) for code in RETURNS}


def _model_names(said: Words) -> dict[str, str]:
    return {code: labels.model(said, code) for code in MODELS}


def event_name(event: Any, said: Words) -> str:
    """Return day and title of an event."""
    return f"{said.date(event['event_date'])} · {labels.event_title(event, said)}"
