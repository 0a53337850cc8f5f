"""A stand-in for the package akshare: its two daily functions, answering in its own format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

NAMES = ["开盘", "收盘", "最高", "最低", "成交量", "成交额", "振幅", "涨跌幅", "涨跌额", "换手率"]


@dataclass
class Akshare:
    """What the provider knows by code, what it does wrong, and what was asked."""

    days: dict[str, list[date]] = field(default_factory=dict)
    dividend: float = 0.5
    fault: Exception | None = None
    without: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def stock_zh_a_hist(
        self,
        symbol: str = "000001",
        period: str = "daily",
        start_date: str = "19700101",
        end_date: str = "20500101",
        adjust: str = "",
        timeout: float | None = None,
    ) -> pd.DataFrame:
        """Answer for a mainland share; its frame names the code too."""
        assert timeout
        frame = self._answer("a", symbol, start_date, end_date, adjust)
        return frame if frame.empty else frame.assign(股票代码=symbol)

    def stock_hk_hist(
        self,
        symbol: str = "00593",
        period: str = "daily",
        start_date: str = "19700101",
        end_date: str = "22220101",
        adjust: str = "",
    ) -> pd.DataFrame:
        """Answer for a Hong Kong share."""
        return self._answer("hk", symbol, start_date, end_date, adjust)

    def _answer(self, kind: str, symbol: str, first: str, last: str, adjust: str) -> pd.DataFrame:
        self.asked.append((kind, symbol, adjust))
        if self.fault is not None:
            raise self.fault
        days = [day for day in self.days.get(symbol, []) if first <= f"{day:%Y%m%d}" <= last]
        if not days:
            return pd.DataFrame()
        frame = pd.DataFrame(list(self._rows(days, adjust)), columns=["日期", *NAMES])
        return frame.drop(columns=self.without) if self.without else frame

    def _rows(self, days: Iterable[date], adjust: str) -> Iterable[list[Any]]:
        for number, day in enumerate(days):
            close = 10 + 0.1 * number - (self.dividend if adjust == "qfq" else 0)
            volume, amount = 216320 + number, 108760642.0
            yield [day, close, close, close + 0.1, close - 0.1, volume, amount, 2.0, 1.0, 0.1, 0.79]
