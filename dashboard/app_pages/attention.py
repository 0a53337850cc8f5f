"""The Attention page answers: how high, how long, how fast does it fade."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, cases, permalinks, queries
from dashboard.app_pages.as_known import as_known_note, as_known_on
from dashboard.app_pages.attention_lead import lead_lag_cards, share_names
from dashboard.components import (
    Card,
    Provenance,
    Table,
    figure_card,
    plain,
    table_card,
    with_states,
)
from dashboard.figures import attention as figures
from dashboard.figures import labels
from dashboard.figures.theme import Mode
from dashboard.studies.attention import AttentionChoice, AttentionStudy, attention_study, last_day
from dashboard.tables import attention as tables
from dashboard.text import Words, words

SPANS = ("wave", "all")
CHART_TYPES = ("free", "paid", "grossing")
MOST_INSTALLS = 1_000
MOST_LINKS = 5


@dataclass(frozen=True)
class View:
    """What the reader chose; ``span`` is ``wave`` or ``all``, ``share`` a ticker."""

    choice: AttentionChoice
    span: str
    as_of: date | None
    share: str


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("How high, how long, how fast does it fade?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    view = _controls(said)
    if not view.choice.app_ids:
        st.info(said.t("Choose at least one app."), icon=":material/apps:")
        return
    for show in cache.drawn("attention", lambda mode: _cards(view, said, mode), said, view):
        show()


def _controls(said: Words) -> View:
    with st.container(border=True):
        chosen, known = st.columns([6, 1])
        with known:
            as_of = as_known_on(said)
        with chosen:
            app_ids = _apps(said)
        kind, category, span, ratio, top, share = st.columns([2, 3, 2, 4, 3, 3])
        with kind:
            chart_type = _code("chart", said.t("Chart"), dict(_chart_types(said)), said)
        with category:
            categories = _categories()
            genre = _code("category", said.t("Category"), {c: c for c in categories}, said)
        with span:
            names = {"wave": said.t("Around the waves"), "all": said.t("All look-ups")}
            shown = _code("shown", said.t("Ratings shown"), names, said)
        with ratio:
            per_rating = _range(said)
        with top:
            at_top = _number(said)
        with share:
            names = share_names(said)
            ticker = _code("share", said.t("Share to compare with"), names, said)
    as_known_note(said, as_of)
    choice = AttentionChoice(tuple(app_ids), chart_type, genre, per_rating, at_top)
    return View(choice, shown, as_of, ticker)


def _apps(said: Words) -> list[str]:
    frame = cache.ask(queries.apps)
    names = dict(zip(frame["app_id"], frame["app_name"], strict=True))
    default = [code for name in cases.APPS for code, held in names.items() if held == name]
    permalinks.restore("apps", permalinks.several_of(list(names), said), default, said)
    st.multiselect(
        said.t("Apps"), list(names), key="apps", format_func=names.__getitem__, wrap=True
    )
    chosen: list[str] = st.session_state["apps"]
    permalinks.remember("apps", ",".join(chosen))
    return chosen


def _categories() -> list[str]:
    held = sorted(set(cache.ask(queries.charts)["category"]))
    first = [name for name in ("photo_and_video",) if name in held]
    return [*first, *(name for name in held if name not in first)] or ["overall"]


def _chart_types(said: Words) -> list[tuple[str, str]]:
    names = (said.t("free"), said.t("paid"), said.t("grossing"))
    return list(zip(CHART_TYPES, names, strict=True))


def _code(key: str, label: str, names: dict[str, str], said: Words) -> str:
    codes = list(names)
    permalinks.restore(key, permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(label, codes, key=key, format_func=names.__getitem__)
    return permalinks.chosen(key)


def _range(said: Words) -> tuple[int, int]:
    default = AttentionChoice(()).installs_per_rating
    permalinks.restore("per_rating", permalinks.span(1, MOST_INSTALLS, said), default, said)
    st.slider(
        said.t("Installs behind one new rating (assumed)"),
        1,
        MOST_INSTALLS,
        key="per_rating",
        help=said.t(
            "Nobody published it for these apps; it differs between apps and changes when an app "
            "starts to ask for ratings."
        ),
    )
    low, high = st.session_state["per_rating"]
    permalinks.remember("per_rating", f"{low},{high}")
    return low, high


def _number(said: Words) -> int:
    most = 10_000_000
    permalinks.restore("at_top", permalinks.whole_number(0, most, said), 0, said)
    number = st.number_input(
        said.t("Downloads a day at position 1 (assumed; 0 = not stated)"),
        0,
        most,
        key="at_top",
        step=1000,
    )
    permalinks.remember("at_top", str(number))
    return number


def _cards(view: View, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(attention_study, view.choice, as_of=view.as_of)
    notes = [f"- {plain(tables.note_sentence(note, said))}" for note in study.notes]
    return [
        *_waves(study, view, said, mode),
        *_charts(study, view, said, mode),
        *_downloads(study, view, said, mode),
        *_shocks(study, view, said),
        *lead_lag_cards(_first_rated(study), view.share, view.as_of, said, mode),
        partial(st.header, said.t("What to know before trusting it"), anchor=False),
        partial(st.markdown, "\n".join(notes)),
    ]


def _waves(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    rates, curves = study.around_the_waves() if view.span == "wave" else study.all_look_ups()
    figure = figures.rating_waves_figure(rates, curves, said, mode)
    last = last_day(rates)
    measured = Provenance(
        "measured",
        said.t("new ratings a day, by storefront"),
        last,
        said.t("look-ups of the store; dotted lines are fitted (estimated)"),
    )
    fitted = Provenance(
        "estimated", "", last, said.t("curve chosen by AICc, interval by resampled residuals")
    )
    return [
        partial(st.header, said.t("How fast it fades"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Waves of ratings"),
            figure,
            _offered(tables.rates, study, view, said),
            measured,
        ),
        partial(
            table_card,
            said,
            _offered(tables.waves, study, view, said),
            heading=said.t("Peak, half-life and what was left"),
            note=said.t(
                "The half-life is that of the height above the level that stays. Where the series "
                "begins after its peak, or look-ups are too far apart, only a bound is known."
            ),
            provenance=fitted,
        ),
    ]


def _first_rated(study: AttentionStudy) -> str:
    """Return the first chosen app that has ratings; empty without one."""
    rated = set(study.rates["app_id"])
    return next((code for code in study.choice.app_ids if code in rated), "")


def _charts(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    last = last_day(study.positions)
    read = Provenance("measured", said.t("position"), last, said.t("charts of the stores"))
    return [
        partial(st.header, said.t("How high it stood"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Positions by day"),
            figures.bump_figure(study.lines(), said, mode),
            _offered(tables.positions, study, view, said),
            read,
        ),
        partial(
            figure_card,
            said,
            said.t("Positions by storefront"),
            figures.storefront_figure(study.storefronts, said, mode),
            _offered(tables.storefronts, study, view, said),
            read,
        ),
    ]


def _downloads(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    low, high = view.choice.installs_per_rating
    guessed = Provenance(
        "estimated",
        said.t("downloads a day"),
        None,
        said.t(
            "{low} to {high} installs behind one new rating, assumed; estimates are of the "
            "storefront named, published figures of the world",
            low=low,
            high=high,
        ),
    )
    shape = Provenance(
        "estimated" if view.choice.downloads_at_top else "assumed",
        "",
        None,
        said.t("shape of paid charts of 2011 (Garg and Telang 2013), bounds widened"),
    )
    return [
        partial(st.header, said.t("What it may have sold"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Downloads by proxy, beside what was published"),
            figures.installs_figure(study.installs, said, mode),
            _offered(tables.installs, study, view, said),
            guessed,
        ),
        partial(
            table_card,
            said,
            tables.ratios(study, said),
            heading=said.t("What a position sells beside the top"),
            provenance=shape,
        ),
    ]


def _shocks(study: AttentionStudy, view: View, said: Words) -> list[Card]:
    found = Provenance("estimated", "", None, said.t("rules look back only, never ahead"))
    held = set(cache.ask(queries.coverage)["ticker"])
    return [
        partial(st.header, said.t("Detected shocks"), anchor=False),
        partial(
            table_card,
            said,
            _offered(tables.shocks, study, view, said),
            heading=said.t("Surges and jumps"),
            provenance=found,
        ),
        partial(
            table_card,
            said,
            _offered(tables.events, study, view, said),
            heading=said.t("As events of listed companies"),
            note=said.t(
                "The download is a file for `artonomics analyze event-study --events`, or for the "
                "import of market events."
            ),
        ),
        *(partial(_event_link, event, held, said) for event in _latest(study.events)),
    ]


def _latest(events: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the last events, the newest first."""
    return events.iloc[::-1].head(MOST_LINKS).to_dict("records")


def _event_link(event: dict[Hashable, Any], held: set[str], said: Words) -> None:
    """Lead to the event study of a detected shock, or say that the share has no bars."""
    if event["ticker"] not in held:
        st.caption(
            said.t(
                "No bars of {ticker} are held, so its shock cannot be studied: import prices, or "
                "collect them live.",
                ticker=plain(event["ticker"]),
            )
        )
        return
    st.page_link(
        "app_pages/market.py",
        label=said.t(
            "Study {ticker} on {day}: {title}",
            ticker=plain(event["ticker"]),
            day=said.date(event["event_date"]),
            title=plain(labels.shock(said, event["event_type"])),
        ),
        icon=":material/candlestick_chart:",
        query_params={
            "ticker": event["ticker"],
            "event": event["event_id"],
            "lang": said.language,
        },
    )


def _offered(
    make: Callable[[AttentionStudy, Words], Table], study: AttentionStudy, view: View, said: Words
) -> Table:
    """Return a table whose download holds only what may be passed on."""
    shown = make(study, said)
    if not cache.held_back():
        return shown

    def passed_on() -> pd.DataFrame:
        return make(cache.passed_on(attention_study, view.choice, as_of=view.as_of), said).frame

    return replace(shown, passed_on=passed_on)


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
