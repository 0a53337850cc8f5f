"""What stands below the controls of the Market page, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeVar

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages.market_controls import View, event_name
from dashboard.app_pages.market_robustness import robustness_cards
from dashboard.components import Card, Provenance, Table, figure_card, plain, table_card
from dashboard.figures import labels
from dashboard.figures.co_movement import rolling_beta_figure
from dashboard.figures.contagion import correlation_figure
from dashboard.figures.market import (
    abnormal_return_figure,
    car_figure,
    peers_figure,
    prices_figure,
)
from dashboard.figures.theme import Mode
from dashboard.states import Section
from dashboard.studies import (
    CoMovementStudy,
    ContagionStudy,
    MarketStudy,
    RobustnessStudy,
    co_movement_study,
    contagion_study,
    market_study,
    robustness_study,
)
from dashboard.studies.contagion import DAYS_BEFORE
from dashboard.tables import co_movement as co_movement_tables
from dashboard.tables import contagion as contagion_tables
from dashboard.tables import market as tables
from dashboard.tables import remarks
from dashboard.tables import robustness as tables_of_robustness
from dashboard.text import Words

T = TypeVar("T")

AROUND = {"event": 60, "all": None}
"""Trading days shown on either side of the chosen events, by the code of the span."""


FEEDS = ("stock_prices", "market_events", "instruments", "concept_groups")
"""Sources of what stands on the page."""


@dataclass(frozen=True)
class Subject:
    """What is shown, and how: the choice, the language and the theme."""

    view: View
    said: Words
    mode: Mode

    @property
    def study(self) -> MarketStudy:
        """The event study of the choice."""
        return self._asked(market_study)

    @property
    def hard(self) -> RobustnessStudy:
        """The event study under other specifications; it takes longest."""
        return self._asked(robustness_study)

    def _asked(self, question: Callable[..., T]) -> T:
        view = self.view
        named = {"as_of": view.as_of, "event_ids": view.event_ids}
        return cache.study(question, view.ticker, view.spec, **named)


def market_sections(view: View, said: Words) -> list[Section]:
    """Return what stands below the controls, in order; each part is worked out by itself."""
    shown: dict[str, tuple[Callable[[Subject], list[Card]], int]] = {
        "prices": (_prices, 620),
        "reaction": (_reaction, 1900),
        "robustness": (_standing_out, 1700),
        "peers": (_peers, 1500),
        "cautions": (_cautions, 400),
    }
    return [
        Section(
            f"market:{name}",
            lambda mode, make=make: make(Subject(view, said, mode)),
            height_px,
            FEEDS[:2],
        )
        for name, (make, height_px) in shown.items()
    ]


def _offered(subject: Subject, make: Callable[[MarketStudy], Table]) -> Table:
    """Return a table whose download holds only what may be passed on."""
    shown, view = make(subject.study), subject.view
    if not cache.held_back():
        return shown

    def passed_on() -> pd.DataFrame:
        named = {"as_of": view.as_of, "event_ids": view.event_ids}
        return make(cache.passed_on(market_study, view.ticker, view.spec, **named)).frame

    return replace(shown, passed_on=passed_on)


def _prices(subject: Subject) -> list[Card]:
    study, view, said = subject.study, subject.view, subject.said
    line = said.t(
        "{n_bars} daily bars of {ticker} to {date}; market: {benchmark}",
        n_bars=said.number(len(study.prices), digits=0),
        ticker=study.instrument["ticker"],
        date=said.date(_last_day(study)),
        benchmark=_markets(subject),
    )
    measured = Provenance(
        "measured",
        said.t("{currency} per share", currency=study.instrument["currency"]),
        _last_day(study),
        url=study.prices_source,
    )
    shown = replace(
        study,
        prices=view.times.within(study.prices, "trade_date"),
        flags=view.times.within(study.flags, "trade_date"),
    )
    figure = prices_figure(
        shown,
        said,
        view.event_ids,
        around=None if view.times.is_limited else AROUND[view.span],
        is_marked=view.times.show_events,
        mode=subject.mode,
    )
    title = said.t("Price with its events")
    prices = _offered(subject, lambda study: tables.prices(study, said))
    return [
        partial(st.caption, plain(line)),
        _heading(said.t("What the price did")),
        partial(figure_card, said, title, figure, prices, measured),
    ]


def _reaction(subject: Subject) -> list[Card]:
    study, said, chosen = subject.study, subject.said, subject.view.event_ids
    told = [
        _heading(said.t("Whether the events moved it")),
        partial(st.markdown, tables.guard_sentence(study, chosen, said)),
    ]
    if study.events.empty:
        return told
    every = partial(
        table_card,
        said,
        _offered(subject, lambda study: tables.events(study, chosen, said)),
        heading=said.t("Every event"),
        provenance=_estimated(subject),
    )
    return [*told, *_paths(subject), every, *_together(subject)]


def _paths(subject: Subject) -> list[Card]:
    """Return the abnormal returns by day and cumulated, where an event could be measured."""
    study, said, chosen = subject.study, subject.said, subject.view.event_ids
    if study.paths.empty:
        return []
    estimated, model = _estimated(subject), labels.model(said, study.spec.model)
    by_day = abnormal_return_figure(study, chosen, said, subject.mode)
    cumulative = car_figure(study, chosen, said, subject.mode, subject.hard.bands)
    days, sums = (
        _offered(subject, partial(tables.paths, event_ids=chosen, said=said, name=name))
        for name in ("abnormal-return", "cumulative-abnormal-return")
    )
    by_day_title = said.t("Abnormal return by day ({model})", model=model)
    cumulative_title = said.t("Cumulative abnormal return ({model})", model=model)
    return [
        partial(figure_card, said, by_day_title, by_day, days, estimated),
        partial(figure_card, said, cumulative_title, cumulative, sums, estimated),
    ]


def _together(subject: Subject) -> list[Card]:
    """Return the tests over several events, where there are several."""
    study, said = subject.study, subject.said
    chosen = study.events["event_id"].isin(subject.view.event_ids)
    if list(study.events.loc[chosen, "status"]).count("tested") < 2:
        return []
    note = said.t(
        "Few events on few days: the tests that do not correct for that reject too often. With "
        "five shares on one day and nothing to find, the generalised sign test rejects 16 to 27 "
        "times in 100 at 5%, Kolari–Pynnönen's about 5 (simulated)."
    )
    return [
        partial(
            table_card,
            said,
            _offered(subject, lambda study: tables.aggregate(study, said)),
            heading=said.t("The tested events together"),
            provenance=_estimated(subject),
            note=note,
        )
    ]


def _standing_out(subject: Subject) -> list[Card]:
    """Return what random days, longer holding and other specifications say of the events."""
    if subject.study.paths.empty:
        return []
    makers = {
        "ranks": tables_of_robustness.ranks,
        "holding": tables_of_robustness.holding,
        "specifications": tables_of_robustness.specifications,
    }
    offered = {name: _offered_hard(subject, make) for name, make in makers.items()}
    return robustness_cards(subject.study, subject.hard, subject.said, subject.mode, offered)


def _offered_hard(
    subject: Subject, make: Callable[[MarketStudy, RobustnessStudy, Words], Table]
) -> Table:
    """Return a table of both studies whose download holds only what may be passed on."""
    shown, view = make(subject.study, subject.hard, subject.said), subject.view
    if not cache.held_back():
        return shown

    def passed_on() -> pd.DataFrame:
        named = {"as_of": view.as_of, "event_ids": view.event_ids}
        study = cache.passed_on(market_study, view.ticker, view.spec, **named)
        hard = cache.passed_on(robustness_study, view.ticker, view.spec, **named)
        return make(study, hard, subject.said).frame

    return replace(shown, passed_on=passed_on)


def _peers(subject: Subject) -> list[Card]:
    study, said = subject.study, subject.said
    if study.peers.empty:
        return []
    around = study.events.loc[study.events["event_id"] == study.peers_event_id]
    told = [
        said.t(
            "Around {event}; choose other events above to look around another day.",
            event=plain(event_name(event, said)),
        )
        for event in around.to_dict("records")
    ]
    figure = peers_figure(study, said, mode=subject.mode)
    title = said.t("Other concept shares on the same day")
    return [
        _heading(said.t("Whether other shares moved too")),
        *(partial(st.markdown, sentence) for sentence in told),
        partial(
            figure_card,
            said,
            title,
            figure,
            _offered(subject, lambda study: tables.peers(study, said)),
            _estimated(subject, said.t("each share's own market")),
        ),
        *_contagion(subject),
        *_co_movement(subject),
    ]


def _contagion(subject: Subject) -> list[Card]:
    """Return the groups against each other, and what the shares had in common before."""
    said, view = subject.said, subject.view
    named = {"as_of": view.as_of, "event_ids": view.event_ids}
    study = cache.study(contagion_study, view.ticker, view.spec, **named)
    if study is None:
        return []

    def offered(make: Callable[[ContagionStudy, Words], Table]) -> Table:
        shown = make(study, said)
        if not cache.held_back():
            return shown

        def passed_on() -> pd.DataFrame:
            own = cache.passed_on(contagion_study, view.ticker, view.spec, **named)
            return make(own, said).frame if own else pd.DataFrame(columns=list(shown.columns))

        return replace(shown, passed_on=passed_on)

    before = Provenance(
        "estimated",
        "",
        _last_day(subject.study),
        said.t("residuals of the market model over the {n} days before", n=DAYS_BEFORE),
    )
    return [
        partial(st.markdown, plain(contagion_tables.sentence(study, said))),
        partial(
            table_card,
            said,
            offered(contagion_tables.firms),
            heading=said.t("AI-art revenue against the mere label"),
            provenance=_estimated(subject, said.t("each share's own market")),
        ),
        partial(
            figure_card,
            said,
            said.t("What the shares had in common before"),
            correlation_figure(study, said, subject.mode),
            offered(contagion_tables.correlation),
            before,
        ),
    ]


def _co_movement(subject: Subject) -> list[Card]:
    """Return the beta by day, what peers did before and after, and the common components."""
    said, view = subject.said, subject.view
    named = {"as_of": view.as_of, "event_ids": view.event_ids}
    study = cache.study(co_movement_study, view.ticker, view.spec, **named)

    def offered(make: Callable[[CoMovementStudy, Words], Table]) -> Table:
        shown = make(study, said)
        if not cache.held_back():
            return shown

        def passed_on() -> pd.DataFrame:
            own = cache.passed_on(co_movement_study, view.ticker, view.spec, **named)
            return make(own, said).frame

        return replace(shown, passed_on=passed_on)

    days = study.rolling["trade_date"]
    reaches = days.max().date() if len(days) else None
    last, chosen = _last_day(subject.study), subject.study.events["event_id"].isin(view.event_ids)
    events = subject.study.events.loc[chosen & view.times.show_events]
    rolling = replace(study, rolling=view.times.within(study.rolling, "trade_date"))
    return [
        partial(
            table_card,
            said,
            offered(co_movement_tables.pairs),
            heading=said.t("Closer after the event than before?"),
            provenance=Provenance(
                "estimated",
                said.t("correlations of log residuals"),
                last,
                said.t("120 trading days before against 60 from day 0 on, markets taken out"),
            ),
        ),
        partial(
            table_card,
            said,
            offered(co_movement_tables.components),
            heading=said.t(
                "What moves {n} shares together", n=said.number(study.n_shares, digits=0)
            )
            if study.n_shares
            else said.t("What moves the shares together"),
            note=said.t(
                "Principal components of what the market leaves, in the days before the event."
            )
            if study.n_shares
            else said.t(
                "Not worked out: no traded event is chosen, or before it the shares have fewer "
                "than 60 trading days in common."
            ),
            provenance=Provenance("estimated", "", last, said.t("bounds by shuffled days, seeded")),
        ),
        partial(
            figure_card,
            said,
            said.t("Does the link to the market hold still?"),
            rolling_beta_figure(rolling, events, said, subject.mode),
            offered(co_movement_tables.rolling),
            Provenance(
                "estimated", said.t("beta"), reaches, said.t("60 trading days until each day, log")
            ),
        ),
    ]


def _cautions(subject: Subject) -> list[Card]:
    study, said = subject.study, subject.said
    notes = [plain(note) for note in remarks.cautions(study, subject.view.event_ids, said)]
    title = said.t("Suspensions and price limits")
    return [
        _heading(said.t("What to know before trusting it")),
        *([partial(st.markdown, "\n".join(f"- {note}" for note in notes))] if notes else []),
        partial(
            table_card,
            said,
            _offered(subject, lambda study: tables.flags(study, said)),
            heading=title,
        ),
    ]


def _heading(text: str) -> Card:
    return partial(st.header, text, anchor=False)


def _last_day(study: MarketStudy) -> date | None:
    days = study.prices["trade_date"]
    return days.iloc[-1] if len(days) else None


def _markets(subject: Subject) -> str:
    """Name the markets that the chosen events were measured against, and the share's own first."""
    study, chosen = subject.study, subject.view.event_ids
    events = study.events.loc[study.events["event_id"].isin(chosen)]
    used = list(dict.fromkeys(events.loc[events["status"] != "excluded", "benchmark"]))
    return subject.said.listed(sorted(used, key=lambda name: name != study.benchmark)) or (
        study.benchmark
    )


def _estimated(subject: Subject, market: str = "") -> Provenance:
    study = subject.study
    method = tables.method_sentence(study, market or _markets(subject), subject.said)
    return Provenance("estimated", "", _last_day(subject.study), method)
