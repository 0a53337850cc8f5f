"""A report rests on nothing that may not be passed on, and is refused where nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from dashboard.reports import market
from dashboard.reports.choice import Choice
from etl.errors import InputError
from etl.warehouse import SnapshotReader


class WithLiveBars:
    """The published snapshot as if bars of a source had been left out."""

    def __init__(self, published: Path, without: str = "") -> None:
        self._reader, self._without = SnapshotReader(published), without
        self.info = self._reader.info

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        frame = self._reader.query(sql, parameters)
        return frame.loc[frame["ticker"] != self._without] if "trade_date" in frame else frame

    def left_out(self) -> pd.DataFrame:
        return pd.DataFrame(
            {"source": ["yahoo_prices"], "table_name": ["stock_prices"], "n_rows": [7]}
        )


def test_the_edition_says_what_was_left_out(published: Path) -> None:
    found = market.market(WithLiveBars(published), Choice(ticker="1357.HK"))
    assert found.edition.left_out == (("yahoo_prices", "stock_prices", 7),)


def test_a_share_without_bars_that_may_be_passed_on_is_refused(published: Path) -> None:
    reader = WithLiveBars(published, without="1357.HK")
    with pytest.raises(InputError, match="may not be passed on: those of yahoo_prices"):
        market.prepare(reader, Choice(ticker="1357.HK"))
