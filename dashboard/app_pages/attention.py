"""The Attention page answers: how high, how long, how fast does it fade."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboard import cache, cases, permalinks, queries
from dashboard.app_pages.as_known import as_known_note
from dashboard.app_pages.attention_lead import lead_lag_cards, share_names
from dashboard.app_pages.filters import ANY_TIME, Times, kept_line, times
from dashboard.components import (
    MISSING_KIND,
    Card,
    Provenance,
    Table,
    figure_card,
    plain,
    table_card,
)
from dashboard.figures import annotations, labels
from dashboard.figures import attention as figures
from dashboard.figures.theme import Mode
from dashboard.states import Section, empty, gaps, sections, with_states
from dashboard.studies.attention import AttentionChoice, AttentionStudy, attention_study, last_day
from dashboard.studies.marks import marks
from dashboard.tables import attention as tables
from dashboard.text import Words, words

FEEDS = ("app_rating_counts", "app_chart_ranks", "apps")
"""Sources of what stands on the page."""

SPANS = ("wave", "all")
CHART_TYPES = ("free", "paid", "grossing")
MOST_INSTALLS = 1_000
MOST_LINKS = 5
_ALL = "all"


@dataclass(frozen=True)
class View:
    """What the reader chose; ``span`` is ``wave`` or ``all``, ``share`` a ticker."""

    choice: AttentionChoice
    span: str
    share: str
    times: Times = ANY_TIME

    @property
    def as_of(self) -> date | None:
        """Day of knowledge."""
        return self.times.as_of


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("How high, how long, how fast does it fade?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    if cache.ask(queries.apps).empty:
        _nothing(said)
        return
    view = _controls(said)
    if not view.choice.app_ids:
        st.info(said.t("Choose at least one app."), icon=":material/apps:")
        return
    gaps(said, *FEEDS)
    sections(said, _sections(view, said), view)


def _nothing(said: Words) -> None:
    """Say that no app is held to choose from, and where to collect some."""
    empty(
        said,
        said.t(
            "**No app has been collected.** Collect the bundled snapshot, or ask the stores "
            "yourself, on the Data page."
        ),
        icon=":material/inbox:",
        label=said.t("To the runs on the Data page"),
        view="runs",
    )


def _controls(said: Words) -> View:
    with st.container(border=True):
        share, chosen = st.columns([4, 10])
        with chosen:
            app_ids = _apps(said)
        front, kind, category, span, ratio, top = st.columns([2, 2, 3, 3, 4, 3])
        with front:
            storefront = _storefront(said)
        with kind:
            chart_type = _code("chart", said.t("Chart"), dict(_chart_types(said)), said)
        with category:
            categories = _categories()
            names = {code: labels.category(said, code) for code in categories}
            genre = _code("category", said.t("Category"), names, said)
        with span:
            names = {"wave": said.t("Around the waves"), "all": said.t("All look-ups")}
            shown = _code("shown", said.t("Ratings shown"), names, said)
        with ratio:
            per_rating = _range(said)
        with top:
            at_top = _number(said)
        with share:
            names = share_names(said)
            told = said.t("Attention is compared with the returns of its share.")
            ticker = _code("ticker", said.t("Company"), names, said, told)
        line = times(said)
    kept_line(said)
    as_known_note(said, line.as_of)
    choice = AttentionChoice(tuple(app_ids), chart_type, genre, per_rating, at_top, storefront)
    return View(choice, shown, ticker, line)


def _apps(said: Words) -> list[str]:
    frame = cache.ask(queries.apps)
    names = dict(zip(frame["app_id"], frame["app_name"], strict=True))
    of_case = [code for name in cases.APPS for code, held in names.items() if held == name]
    default = _of_the_company(frame) or of_case
    permalinks.restore("apps", permalinks.several_of(list(names), said), default, said)
    st.multiselect(
        said.t("Apps"), list(names), key="apps", format_func=names.__getitem__, wrap=True
    )
    chosen: list[str] = st.session_state["apps"]
    permalinks.remember("apps", ",".join(chosen))
    return chosen


def _of_the_company(apps: pd.DataFrame) -> list[str]:
    """Return the apps of the company that was chosen elsewhere; none where it has none."""
    return list(apps.loc[apps["ticker"] == permalinks.kept().get("ticker"), "app_id"])


def _storefront(said: Words) -> str:
    """Offer the storefronts that are held; return none for all of them."""
    held = {
        *cache.ask(queries.charts)["storefront"],
        *cache.ask(queries.rating_counts)["storefront"],
    }
    names = {_ALL: said.t("all")} | {code: code for code in sorted(map(str, held))}
    code = _code("storefront", said.t("Storefront"), names, said)
    return "" if code == _ALL else code


def _categories() -> list[str]:
    held = sorted(set(cache.ask(queries.charts)["category"]))
    first = [name for name in ("photo_and_video",) if name in held]
    return [*first, *(name for name in held if name not in first)] or ["overall"]


def _chart_types(said: Words) -> list[tuple[str, str]]:
    names = (said.t("free"), said.t("paid"), said.t("grossing"))
    return list(zip(CHART_TYPES, names, strict=True))


def _code(key: str, label: str, names: dict[str, str], said: Words, told: str = "") -> str:
    codes = list(names)
    permalinks.restore(key, permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(label, codes, key=key, format_func=names.__getitem__, help=told or None)
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


def _sections(view: View, said: Words) -> list[Section]:
    """Return what stands below the controls, in order; each part is worked out by itself."""

    def study() -> AttentionStudy:
        return cache.study(attention_study, view.choice, as_of=view.as_of)

    makers: dict[str, tuple[Callable[[Mode], list[Card]], int]] = {
        "waves": (lambda mode: _waves(study(), view, said, mode), 1000),
        "charts": (lambda mode: _charts(study(), view, said, mode), 1100),
        "downloads": (lambda mode: _downloads(study(), view, said, mode), 1000),
        "shocks": (lambda _: _shocks(study(), view, said), 900),
        "lead": (lambda mode: _lead(study(), view, said, mode), 900),
        "notes": (lambda _: _notes(study(), said), 300),
    }
    return [
        Section(f"attention:{name}", build, height_px, FEEDS[:2])
        for name, (build, height_px) in makers.items()
    ]


def _lead(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    return lead_lag_cards(_first_rated(study), view.share, view.as_of, said, mode)


def _notes(study: AttentionStudy, said: Words) -> list[Card]:
    notes = [f"- {plain(tables.note_sentence(note, said))}" for note in study.notes]
    return [
        partial(st.header, said.t("What to know before trusting it"), anchor=False),
        partial(st.markdown, "\n".join(notes)),
    ]


def _waves(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    limited = view.times.is_limited or view.span != "wave"
    rates, curves = study.all_look_ups() if limited else study.around_the_waves()
    rates = view.times.within(rates, "previous_on", "observed_on")
    curves = view.times.within(curves, "date")
    figure = figures.rating_waves_figure(rates, curves, said, mode, _coloured(study))
    _mark(figure, [*rates["previous_on"], *rates["observed_on"]], view, said)
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
            _drawn(figure, measured),
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


def _mark(figure: go.Figure, days: list[pd.Timestamp], view: View, said: Words) -> None:
    """Mark the events of the apps and of the market, where the reader wants to see them."""
    if not view.times.show_events:
        return
    apps = cache.ask(queries.apps)
    own = apps.loc[apps["app_id"].isin(view.choice.app_ids)]
    names = tuple(sorted({*own["app_name"], *own["company"].dropna()}))
    tickers = tuple(sorted(set(own["ticker"].dropna())))
    events = cache.study(marks, names, tickers, as_of=view.as_of)
    annotations.mark_events(figure, events, annotations.first_and_last(days), said)


def _first_rated(study: AttentionStudy) -> str:
    """Return the first chosen app that has ratings; empty without one."""
    rated = set(study.rates["app_id"])
    return next((code for code in study.choice.app_ids if code in rated), "")


def _coloured(study: AttentionStudy) -> tuple[str, ...]:
    return figures.apps_in(study.rates, study.positions)


def _charts(study: AttentionStudy, view: View, said: Words, mode: Mode) -> list[Card]:
    last = last_day(study.positions)
    read = Provenance("measured", said.t("position"), last, said.t("charts of the stores"))
    positions = view.times.within(study.lines(), "observed_on")
    by_day = figures.bump_figure(positions, said, mode, _coloured(study))
    _mark(by_day, list(positions["observed_on"]), view, said)
    by_storefront = figures.storefront_figure(study.storefronts, said, mode)
    dated = partial(
        figure_card,
        said,
        said.t("Positions by day"),
        by_day,
        _offered(tables.positions, study, view, said),
        _drawn(by_day, read),
    )
    if study.lines().empty:
        dated = partial(_no_dated_chart, said)
    return [
        partial(st.header, said.t("How high it stood"), anchor=False),
        dated,
        partial(
            figure_card,
            said,
            said.t("Positions by storefront"),
            by_storefront,
            _offered(tables.storefronts, study, view, said),
            _drawn(by_storefront, read),
        ),
    ]


def _no_dated_chart(said: Words) -> None:
    """Say why no positions by day are drawn, in place of a figure without anything in it."""
    empty(
        said,
        said.t(
            "**No positions by day.** No chart that is held for these apps bears a date: import "
            "dated charts on the Data page, or turn on live collection."
        ),
        icon=":material/inbox:",
        label=said.t("To the import on the Data page"),
        view="import",
    )


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
    installs = view.times.within(study.installs, "start", "end")
    sold = figures.installs_figure(installs, said, mode, _coloured(study))
    _mark(sold, [*installs["start"], *installs["end"]], view, said)
    return [
        partial(st.header, said.t("What it may have sold"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Downloads by proxy, beside what was published"),
            sold,
            _offered(tables.installs, study, view, said),
            _drawn(sold, guessed),
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


def _drawn(figure: go.Figure, provenance: Provenance) -> Provenance:
    """Return where a figure comes from; one that draws nothing has no evidence kind."""
    return provenance if figure.data else replace(provenance, evidence_kind=MISSING_KIND)


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
