"""No page sends more points than a browser can show, nor rows that nobody has asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from dashboard import cache, components, queries
from dashboard.figures.theme import MAX_POINTS

MOST_ROWS = 500
"""Longer tables are sent as they are scrolled."""
PAGES = [
    ("overview", {}),
    ("market", {"span": "all"}),
    ("attention", {}),
    ("unit_economics", {}),
    ("compute", {}),
    ("growth", {"group": "day"}),
    ("growth", {"section": "revenue"}),
    ("growth", {"section": "value"}),
    ("data", {"view": "claims"}),
    ("data", {"view": "rejects"}),
]


def size(value: Any) -> int:
    """Return how many values a list or a packed array of a figure holds."""
    if isinstance(value, dict) and "bdata" in value:
        return len(base64.b64decode(value["bdata"])) // np.dtype(value["dtype"]).itemsize
    if isinstance(value, list):
        return sum(size(one) if isinstance(one, (list, dict)) else 1 for one in value)
    return 0


def traces(page: Any) -> Iterator[tuple[str, int]]:
    """Yield type and number of points of every trace that a page sends."""
    for chart in page.get("plotly_chart"):
        for trace in json.loads(chart.proto.spec)["data"]:
            yield trace["type"], max(size(trace.get(axis)) for axis in ("x", "y", "z"))


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Return a list that fills with the rows of every table, and whether it comes in pieces."""
    sent: list[tuple[int, bool]] = []
    show = st.dataframe

    def noted(data: pd.DataFrame, **named: Any) -> Any:
        sent.append((len(data), bool(named.get("lazy"))))
        return show(data, **named)

    monkeypatch.setattr(components.st, "dataframe", noted)
    return sent


@pytest.mark.parametrize(("name", "query"), PAGES)
def test_a_page_sends_few_points_and_long_tables_in_pieces(grown, open_page, frames, name, query):
    page = open_page(grown, name, **query)
    assert not page.exception
    assert not [error.value for error in page.error]
    assert [told for told in traces(page) if told[1] > MAX_POINTS] == []
    assert [rows for rows, in_pieces in frames if rows > MOST_ROWS and not in_pieces] == []


def test_twenty_years_of_prices_are_drawn_with_fewer_points(published, open_page, monkeypatch):
    prices, instruments = queries.prices, queries.instruments

    def long_prices(*given: Any, **named: Any) -> pd.DataFrame:
        held = prices(*given, **named).groupby("ticker")
        return pd.concat([_with_years_before(bars) for _, bars in held], ignore_index=True)

    def listed_long_ago(reader: queries.Reader) -> pd.DataFrame:
        return instruments(reader).assign(listed_from=pd.Timestamp("2000-01-03"))

    monkeypatch.setattr(queries, "prices", long_prices)
    monkeypatch.setattr(queries, "instruments", listed_long_ago)
    cache.forget()
    page = open_page(published, "market", span="all")
    cache.forget()
    assert not page.exception
    counted = [n for kind, n in traces(page) if kind == "scatter"]
    assert max(counted) <= MAX_POINTS
    assert max(counted) > MAX_POINTS / 2
    assert any("6,186 daily bars" in caption.value for caption in page.caption)


def _with_years_before(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the bars of a share after those of made-up trading days, twenty years in all."""
    n = 5_000
    before = bars.iloc[[0] * n].reset_index(drop=True)
    last = pd.Timestamp(bars["trade_date"].iloc[0]) - pd.Timedelta(days=1)
    days = pd.Series(pd.bdate_range(end=last, periods=n))
    before["trade_date"] = days.astype(bars["trade_date"].dtype)
    for name in ("adjusted_close", "raw_close"):
        before[name] *= 1 + 0.1 * np.sin(np.arange(n))
    return pd.concat([before, bars], ignore_index=True)
