"""The tables behind the market figures, with headings in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboard.figures import labels
from dashboard.studies import MarketStudy
from dashboard.tables import remarks
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def prices(study: MarketStudy, said: Words) -> Table:
    """Return every bar of the study, the newest first."""
    currency = study.instrument["currency"]
    columns = {
        "trade_date": TableColumn(said.t("Day"), "date"),
        "close_as_traded": TableColumn(
            said.t("Close as traded ({currency})", currency=currency), "number", 3
        ),
        "adjusted_close": TableColumn(
            said.t("Adjusted close ({currency})", currency=currency), "number", 3
        ),
        "benchmark_adjusted_close": TableColumn(study.benchmark, "number", 2),
        "volume": TableColumn(said.t("Volume (shares)"), "integer"),
    }
    newest_first = study.prices.sort_values("trade_date", ascending=False)
    return Table(newest_first, columns, f"prices-{_ticker(study)}")


def paths(study: MarketStudy, event_ids: Sequence[str], said: Words, name: str) -> Table:
    """Return abnormal and cumulative abnormal returns by event and day; untested ones have no t."""
    frame = study.paths.loc[study.paths["event_id"].isin(list(event_ids))]
    ar, car = labels.return_headers(said, study.spec.returns)
    columns = {
        "event_id": TableColumn(said.t("Event")),
        "day": TableColumn(said.t("Day"), "integer"),
        "trade_date": TableColumn(said.t("Date"), "date"),
        "abnormal_return": TableColumn(ar, "number", 4),
        "abnormal_return_se": TableColumn(said.t("s.e. of AR"), "number", 4),
        "t_statistic": TableColumn("t", "number", 2),
        "p_value": TableColumn("p", "number", 3),
        "cumulative_abnormal_return": TableColumn(car, "number", 4),
        "cumulative_abnormal_return_se": TableColumn(said.t("s.e. of CAR"), "number", 4),
        "car_low": TableColumn(said.t("95% band, low"), "number", 4),
        "car_high": TableColumn(said.t("95% band, high"), "number", 4),
    }
    return Table(frame, columns, f"{name}-{_ticker(study)}")


def events(study: MarketStudy, event_ids: Sequence[str], said: Words) -> Table:
    """Return one row an event: day 0, how it was chosen, and what was found on day 0."""
    chosen = study.events.loc[study.events["event_id"].isin(list(event_ids))]
    frame = chosen.merge(findings(study), on="event_id", how="left", validate="1:1")
    frame = frame.assign(
        title=[labels.event_title(event, said) for _, event in frame.iterrows()],
        chosen=[labels.selection(said, code) for code in frame["selection"]],
        outcome=[labels.status(said, code) for code in frame["status"]],
        why=[remarks.reason(said, code) for code in frame["reason"]],
        met=[remarks.flags(said, codes) for codes in frame["flags"]],
        known_to=[remarks.precision(said, code) for code in frame["date_precision"]],
    )
    ar, car = labels.return_headers(said, study.spec.returns)
    columns = {
        "event_date": TableColumn(said.t("Announced"), "date"),
        "day_zero": TableColumn(said.t("Day 0"), "date"),
        "title": TableColumn(said.t("What happened"), "wide"),
        "abnormal_return": TableColumn(ar, "number", 4),
        "abnormal_return_se": TableColumn(said.t("s.e. of AR"), "number", 4),
        "t_statistic": TableColumn("t", "number", 2),
        "p_value": TableColumn("p", "number", 3),
        "cumulative_abnormal_return": TableColumn(car, "number", 4),
        "car_low": TableColumn(said.t("95% band, low"), "number", 4),
        "car_high": TableColumn(said.t("95% band, high"), "number", 4),
        "chosen": TableColumn(said.t("How it was chosen")),
        "known_to": TableColumn(said.t("Date known to the")),
        "outcome": TableColumn(said.t("Treatment")),
        "benchmark": TableColumn(said.t("Market")),
        "met": TableColumn(said.t("Flags"), "wide"),
        "other_events": TableColumn(said.t("Other events in the window")),
        "why": TableColumn(said.t("Reason"), "wide"),
        "source_url": TableColumn(said.t("Source"), "link"),
        "event_id": TableColumn(said.t("Event")),
    }
    return Table(frame, columns, f"events-{_ticker(study)}")


def findings(study: MarketStudy) -> pd.DataFrame:
    """Return by event the abnormal return of day 0 and the cumulative one of the whole window.

    AR, its error, t and p are missing where the window leaves day 0 out.
    """
    of_day = ["event_id", "abnormal_return", "abnormal_return_se", "t_statistic", "p_value"]
    of_window = ["event_id", "cumulative_abnormal_return", "car_low", "car_high"]
    paths = study.paths
    last = paths.loc[paths["day"] == study.spec.window[1], of_window]
    return last.merge(paths.loc[paths["day"] == 0, of_day], on="event_id", how="left")


def aggregate(study: MarketStudy, said: Words) -> Table:
    """Return the tests over all tested events: day 0 and the whole window, one row a test."""
    values = study.aggregate.loc[study.aggregate["day"].isin(["0", "window"])]
    wide = values.pivot(index="test", columns="day", values=["statistic", "p_value"])
    wide.columns = [f"{value}_{day}" for value, day in wide.columns]
    reasons = values.groupby("test", sort=False)["reason"].first()
    frame = reasons.to_frame().join(wide).reset_index()
    frame = frame.assign(
        name=[labels.test_name(said, code) for code in frame["test"]],
        why=[remarks.reason(said, code) for code in frame["reason"]],
    )
    columns = {
        "name": TableColumn(said.t("Test")),
        "statistic_0": TableColumn(said.t("Statistic, day 0"), "number", 2),
        "p_value_0": TableColumn(said.t("p, day 0"), "number", 3),
        "statistic_window": TableColumn(said.t("Statistic, window"), "number", 2),
        "p_value_window": TableColumn(said.t("p, window"), "number", 3),
        "why": TableColumn(said.t("Reason"), "wide"),
    }
    held = {name: look for name, look in columns.items() if name in frame}
    return Table(frame, held, f"aggregate-{_ticker(study)}")


def peers(study: MarketStudy, said: Words) -> Table:
    """Return what the other concept shares did on the same day."""
    frame = study.peers.assign(
        name=[labels.company(peer, said) for _, peer in study.peers.iterrows()],
        group=[labels.concept_group(said, code) for code in study.peers["concept_group"]],
        met=[remarks.flags(said, codes) for codes in study.peers["flags"]],
        why=[remarks.reason(said, code) for code in study.peers["reason"]],
    )
    ar, car = labels.return_headers(said, study.spec.returns)
    columns = {
        "ticker": TableColumn(said.t("Ticker")),
        "name": TableColumn(said.t("Company")),
        "group": TableColumn(said.t("What it had of AI art")),
        "benchmark": TableColumn(said.t("Market")),
        "day_zero": TableColumn(said.t("Day 0"), "date"),
        "abnormal_return": TableColumn(ar, "number", 4),
        "cumulative_abnormal_return": TableColumn(car, "number", 4),
        "met": TableColumn(said.t("Flags"), "wide"),
        "why": TableColumn(said.t("Reason"), "wide"),
    }
    return Table(frame, columns, f"peers-{_ticker(study)}")


def flags(study: MarketStudy, said: Words) -> Table:
    """Return suspensions, limit days and abnormal fluctuations."""
    met = zip(study.flags["flag"], study.flags["detail"], strict=True)
    frame = study.flags.assign(
        name=[remarks.flags(said, code) for code in study.flags["flag"]],
        told=[remarks.flag_detail(said, flag, detail) for flag, detail in met],
    ).sort_values("trade_date", ascending=False)
    columns = {
        "ticker": TableColumn(said.t("Ticker")),
        "trade_date": TableColumn(said.t("Day"), "date"),
        "name": TableColumn(said.t("Flag")),
        "told": TableColumn(said.t("Detail"), "wide"),
    }
    return Table(frame, columns, f"flags-{_ticker(study)}")


def guard_sentence(study: MarketStudy, event_ids: Sequence[str], said: Words) -> str:
    """Say how many of the chosen events are tested, described and left out."""
    counts = study.events.loc[
        study.events["event_id"].isin(list(event_ids)), "status"
    ].value_counts()
    sentences = {
        "tested": said.n(
            "{n} event is tested: its date does not come from the price.",
            "{n} events are tested: their dates do not come from the price.",
            int(counts.get("tested", 0)),
        ),
        "described": said.n(
            "{n} day was picked because the price moved: it stands apart and is never tested.",
            "{n} days were picked because the price moved: they stand apart and are never tested.",
            int(counts.get("described", 0)),
        ),
        "excluded": said.n(
            "{n} event is left out; the table says why.",
            "{n} events are left out; the table says why.",
            int(counts.get("excluded", 0)),
        ),
    }
    told = [sentence for code, sentence in sentences.items() if counts.get(code, 0)]
    return said.sentences(told) or said.t("No event is chosen.")


def method_sentence(study: MarketStudy, market: str, said: Words) -> str:
    """Say in one line how the abnormal returns were measured, and against which market."""
    return said.t(
        "{model} against {benchmark}, {estimation} days of estimation, gap of {gap}, {returns} of "
        "adjusted prices",
        model=labels.model(said, study.spec.model),
        benchmark=market,
        estimation=said.number(study.spec.estimation, digits=0),
        gap=said.number(study.spec.gap, digits=0),
        returns=labels.returns(said, study.spec.returns),
    )


def _ticker(study: MarketStudy) -> str:
    return str(study.instrument["ticker"])
