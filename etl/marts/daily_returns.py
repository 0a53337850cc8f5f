"""Daily returns of every bar, missing with a reason where two bars cannot be compared."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table as Expression

from etl.schemas import INSTRUMENTS, STOCK_PRICES, Column, Table

_BAR = {column.name: column for column in STOCK_PRICES.columns}

TABLE = Table(
    "daily_returns",
    "Daily returns from adjusted closes; missing with a reason where there is none.",
    (
        _BAR["ticker"],
        _BAR["trade_date"],
        Column(
            "close_as_traded",
            "number",
            "close as traded on that day; missing where only adjusted bars are held",
            unit="currency per share",
            nullable=True,
        ),
        _BAR["adjusted_close"],
        Column("log_return", "number", "ln of the ratio of adjusted closes", "1", nullable=True),
        Column("simple_return", "number", "ratio of adjusted closes − 1", "ratio", nullable=True),
        _BAR["volume"],
        _BAR["currency"],
        _BAR["adjustment"],
        Column("return_note", "string", "why there is no return", nullable=True),
        Column("evidence_kind", "string", "evidence kind of the bar"),
    ),
    key=("ticker", "trade_date"),
    ledger=True,
)


def expression(prices: Expression, instruments: Expression) -> Expression:
    """Return the mart over the tables ``stock_prices`` and ``instruments``.

    A return needs the bar before: there is none for a first bar, for a bar on or before the first
    day of today's company, or where the two bars are adjusted on different bases.
    """
    listed = instruments.select(INSTRUMENTS.key[0], "listed_from")
    bars: Any = prices.left_join(listed, "ticker").drop("ticker_right")
    order = ibis.window(group_by="ticker", order_by="trade_date")
    bars = bars.mutate(
        before=bars.adjusted_close.lag().over(order), basis=bars.adjustment.lag().over(order)
    )
    note: Any = ibis.cases(
        (bars.before.isnull(), "first bar"),
        (
            bars.listed_from.notnull() & (bars.trade_date <= bars.listed_from),
            "before or on the first day of today's company",
        ),
        (bars.basis != bars.adjustment, "the bar before is adjusted on another basis"),
        else_=ibis.null("string"),
    )
    ratio: Any = ibis.ifelse(note.isnull(), bars.adjusted_close / bars.before, ibis.null("float64"))
    mart = bars.mutate(
        close_as_traded=bars.raw_close,
        log_return=ratio.ln(),
        simple_return=ratio - 1,
        return_note=note,
    )
    return mart.select(*(column.name for column in TABLE.columns))
