"""The Overview page answers: can curiosity be turned into cash."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from dashboard import cache, cases, freshness, permalinks, queries
from dashboard.app_pages import (
    overview_alerts,
    overview_break_even,
    overview_case,
    overview_growth,
    overview_waves,
)
from dashboard.app_pages.as_known import as_known_note
from dashboard.app_pages.filters import Times, kept_line, times
from dashboard.components import Provenance, Table, TableColumn, figure_card, plain
from dashboard.figures import labels
from dashboard.figures.timeline import timeline_figure
from dashboard.scenarios import Choice
from dashboard.states import Part, no_prices, part, parts, with_states
from dashboard.studies import market_study
from dashboard.tables import remarks
from dashboard.text import Words, words

_FEEDS = ("stock_prices", "disclosed_facts", "net_proceeds", "fx_rates")
"""Sources of the answer and of its case."""


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Can curiosity about AI art be turned into cash?"), anchor=False)
    above = st.container()
    overview_alerts.show(said)
    with_states(said, _body)
    with above:
        permalinks.tell_unread(said)


def _body(said: Words) -> None:
    with st.container(border=True):
        case = overview_case.choose(said)
        line = times(said, with_events=False)
    kept_line(said)
    as_known_note(said, line.as_of)
    shown = _parts(case, line, said)
    if no_prices(said):
        needs = {"overview:head", "overview:waves", "overview:case"}
        shown = [one for one in shown if one.name not in needs]
    with freshness.dated():
        parts(said, shown, line)


def _head(case: Choice, as_of: date | None, said: Words) -> None:
    part(said, lambda: overview_case.answer(case, as_of, said), name="overview:answer")
    st.caption(_freshness_line(as_of, said))
    late = "" if cache.study(queries.is_bundled_only) else freshness.past_calendar(said, _FEEDS)
    if late:
        st.markdown(f":small[{late}]")
    _failed(said)


def _parts(case: Choice, line: Times, said: Words) -> list[Part]:
    as_of = line.as_of
    return [
        Part(
            "overview:head",
            lambda: _head(case, as_of, said),
            330,
            _FEEDS,
        ),
        Part(
            "overview:break-even",
            lambda: overview_break_even.show(as_of, said),
            900,
            ("disclosed_facts", "net_proceeds", "fx_rates"),
        ),
        Part(
            "overview:waves",
            lambda: overview_waves.show(as_of, said),
            900,
            ("stock_prices", "market_events", "waves"),
        ),
        Part("overview:growth", lambda: overview_growth.show(as_of, said), 700),
        Part(
            "overview:case",
            lambda: overview_case.show(case, as_of, said),
            700,
            _FEEDS,
        ),
        Part("overview:limits", lambda: _limits(said), 260),
        Part("overview:timeline", lambda: _timeline(line, said), 520, ("market_events",)),
    ]


def _freshness_line(as_of: date | None, said: Words) -> str:
    study = cache.study(market_study, cases.TICKER, overview_waves.SPEC, as_of=as_of)
    days = study.prices["trade_date"]
    told = {
        "published": said.instant(cache.info().published_at),
        "ticker": cases.TICKER,
        "last": said.date(days.iloc[-1] if len(days) else None),
    }
    if cache.study(queries.is_bundled_only):
        return said.t(
            "The data are the bundled snapshot, published here {published}; nothing was read live "
            "since. Prices of {ticker} reach to {last}; every other number bears its own day.",
            **told,
        )
    return said.t("Snapshot published {published}; prices of {ticker} to {last}", **told)


def _failed(said: Words) -> None:
    """Say which sources failed when last asked: what they gave before is what stands here."""
    failed = cache.study(queries.failed_sources)
    if failed:
        sources = plain(said.t("; ").join(failed))
        st.warning(
            said.n(
                "**{n} source failed when last asked**, so what stands here of it is what it gave "
                "before: {sources}. The Data page says why and what to do.",
                "**{n} sources failed when last asked**, so what stands here of them is what they "
                "gave before: {sources}. The Data page says why and what to do.",
                len(failed),
                sources=sources,
            ),
            icon=":material/sync_problem:",
        )


def _limits(said: Words) -> None:
    st.header(said.t("What the evidence cannot say"), anchor=False)
    sentences = (
        said.t(
            "A price that rises for a day is not cash: it says what buyers of the share hoped for."
        ),
        said.t(
            "Three or four days of one share are few. That nothing is significant does not show "
            "that there was no effect: a small one would go unseen."
        ),
        said.t(
            "The break-even strip holds only what was said in public. Bandwidth, moderation, staff "
            "and marketing are not in it, and nobody measured the server: one company stated it."
        ),
        said.t(
            "Penetration at one company after years of subscriptions does not carry over to a "
            "new app during a wave."
        ),
        said.t(
            "Press figures are claims. The Data page shows them with their sources, "
            "conflicts side by side."
        ),
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


def _timeline(line: Times, said: Words) -> None:
    st.header(said.t("What happened when"), anchor=False)
    events = cache.ask(queries.events, line.as_of)
    if events.empty:
        st.info(said.t("No dated event was known then."), icon=":material/inbox:")
        return
    shown = line.within(events, "event_date")
    figure = cache.drawn("timeline", lambda mode: timeline_figure(shown, said, mode), said, line)
    last = events["event_date"].iloc[-1]
    figure_card(
        said,
        said.t("Dated events"),
        figure,
        _events_table(events, said),
        Provenance("disclosed", "", last, said.t("announcements and press, one address an event")),
    )


def _events_table(events: pd.DataFrame, said: Words) -> Table:
    frame = events.assign(
        title=[labels.event_title(event, said) for _, event in events.iterrows()],
        chosen=[labels.selection(said, code) for code in events["selection"]],
        known_to=[remarks.precision(said, code) for code in events["date_precision"]],
    )
    columns = {
        "event_date": TableColumn(said.t("Announced"), "date"),
        "entity": TableColumn(said.t("About")),
        "title": TableColumn(said.t("What happened"), "wide"),
        "chosen": TableColumn(said.t("How it was chosen")),
        "known_to": TableColumn(said.t("Date known to the")),
        "source_url": TableColumn(said.t("Source"), "link"),
        "event_id": TableColumn(said.t("Event")),
    }
    return Table(frame, columns, "event-timeline")


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
