"""Market tables beside the daily bars: company actions, intraday bars, factors, share counts."""

from __future__ import annotations

from etl.schemas.base import (
    CURRENCY,
    TICKER,
    Column,
    RowCheck,
    Table,
    between,
    not_above,
    price,
)

_HIGH_LOW = RowCheck("high_below_low", "the high is below the low", not_above("low", "high"))
_CLOSE = RowCheck(
    "close_outside_range",
    "the close lies outside low and high",
    between("close", "low", "high"),
    "flag",
)


def _value(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, "see unit", nullable=True, positive=True)


CORPORATE_ACTIONS = Table(
    "corporate_actions",
    "Dividends and splits of shares and funds, by the day they take effect.",
    (
        TICKER,
        Column("action_date", "date", "first trading day without the dividend, or on the new base"),
        Column("kind", "string", "what happened", allowed=("dividend", "split")),
        Column(
            "amount_split_adjusted",
            "number",
            "dividend on the base of today's shares, as the provider gives it; missing for a split",
            "currency per share",
            nullable=True,
            positive=True,
        ),
        Column(
            "amount_as_paid",
            "number",
            "dividend on the base of that day's shares: adjusted amount × all later splits",
            "currency per share",
            nullable=True,
            positive=True,
        ),
        Column(
            "split_ratio",
            "number",
            "new shares for one old one; missing for a dividend",
            "shares per share",
            nullable=True,
            positive=True,
        ),
        Column("currency", "string", "ISO 4217 code of a dividend", nullable=True),
    ),
    key=("ticker", "action_date", "kind"),
    bitemporal=True,
)

INTRADAY_PRICES = Table(
    "intraday_prices",
    "Bars within the day, for single days around an event. A minute without a trade has no row.",
    (
        TICKER,
        Column("interval_minutes", "integer", "length of the bar", "minutes", minimum=1),
        Column("opened_at", "timestamp", "begin of the bar", "UTC"),
        Column("trade_date", "date", "trading day on the exchange's own calendar"),
        Column(
            "session",
            "string",
            "before, within or after the exchange's hours; missing = the calendar does not know",
            nullable=True,
            allowed=("pre", "regular", "after"),
        ),
        price("open", "first price of the bar, adjusted for later splits"),
        price("high", "highest price of the bar, adjusted for later splits"),
        price("low", "lowest price of the bar, adjusted for later splits"),
        price("close", "last price of the bar, adjusted for later splits", nullable=False),
        Column("volume", "number", "shares traded", "shares", nullable=True, minimum=0),
        CURRENCY,
    ),
    key=("ticker", "interval_minutes", "opened_at"),
    checks=(_HIGH_LOW, _CLOSE),
    observed="trade_date",
)

FACTOR_SERIES = Table(
    "factor_series",
    "Daily values that move shares from outside: crypto prices for companies that held crypto, "
    "wide indices. Which company held what stands in disclosed_facts.",
    (
        Column("factor", "string", "symbol in Yahoo's notation"),
        Column("observed_on", "date", "day; for crypto from midnight to midnight UTC"),
        Column("factor_type", "string", "what it is", allowed=("crypto", "index", "volatility")),
        Column("name", "string", "name in English"),
        Column(
            "open", "number", "first value of the day", "see unit", nullable=True, positive=True
        ),
        _value("high", "highest value"),
        _value("low", "lowest value"),
        Column("close", "number", "last value of the day", "see unit", positive=True),
        Column("unit", "string", "unit of the values"),
    ),
    key=("factor", "observed_on"),
    checks=(_HIGH_LOW, _CLOSE),
    bitemporal=True,
    observed="observed_on",
)

SHARES_OUTSTANDING = Table(
    "shares_outstanding",
    "Shares in issue as a provider counted them; days without a new count have no row.",
    (
        TICKER,
        Column("observed_on", "date", "day of the count"),
        Column("shares", "number", "shares in issue", "shares", positive=True),
    ),
    key=("ticker", "observed_on"),
    bitemporal=True,
)

SHARE_TURNOVER = Table(
    "share_turnover",
    "Money turned over and share of the float traded by day, where a provider has them.",
    (
        TICKER,
        Column("trade_date", "date", "trading day on the exchange's own calendar"),
        Column("turnover", "number", "value traded", "currency", nullable=True, minimum=0),
        Column(
            "turnover_rate",
            "number",
            "shares traded ÷ tradable shares; above 1 where the float changed hands more than once",
            "ratio",
            nullable=True,
            minimum=0,
        ),
        CURRENCY,
    ),
    key=("ticker", "trade_date"),
    bitemporal=True,
    observed="trade_date",
)
