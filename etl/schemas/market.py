"""Tables of the exchanges: prices, currencies, instruments, events, company figures."""

from __future__ import annotations

from etl.schemas.base import (
    CONFIDENCE,
    CURRENCY,
    TICKER,
    Column,
    RowCheck,
    Table,
    between,
    not_above,
    price,
)

STOCK_PRICES = Table(
    "stock_prices",
    "Daily bars of shares and indices. Returns use adjusted_close, charts show prices as traded.",
    (
        TICKER,
        Column("trade_date", "date", "trading day on the exchange's own calendar"),
        price("open", "first price of the day, on the basis named in adjustment"),
        price("high", "highest price of the day, on the basis named in adjustment"),
        price("low", "lowest price of the day, on the basis named in adjustment"),
        price("close", "last price of the day, on the basis named in adjustment"),
        price(
            "raw_close", "close as traded on that day; missing where only adjusted bars are held"
        ),
        price("adjusted_close", "close adjusted for splits and dividends", nullable=False),
        Column("volume", "number", "shares traded", unit="shares", nullable=True, minimum=0),
        CURRENCY,
        Column("adjustment", "string", "basis of the bars: which adjustments they carry"),
    ),
    key=("ticker", "trade_date"),
    checks=(
        RowCheck("high_below_low", "the day's high is below its low", not_above("low", "high")),
        RowCheck(
            "open_outside_range",
            "the open lies outside low and high",
            between("open", "low", "high"),
            "flag",
        ),
        RowCheck(
            "close_outside_range",
            "the close lies outside low and high",
            between("close", "low", "high"),
            "flag",
        ),
    ),
    bitemporal=True,
    observed="trade_date",
)

FX_RATES = Table(
    "fx_rates",
    "Reference exchange rates of the European Central Bank: units of quote for one base.",
    (
        Column("base", "string", "currency that is priced", pattern=r"^[A-Z]{3}$"),
        Column("quote", "string", "currency of the price", pattern=r"^[A-Z]{3}$"),
        Column("rate_date", "date", "day of the rate"),
        Column(
            "rate", "number", "units of quote for one base", unit="quote per base", positive=True
        ),
    ),
    key=("base", "quote", "rate_date"),
    observed="rate_date",
)

INSTRUMENTS = Table(
    "instruments",
    "Shares, indices and funds: owner, benchmark and price-limit rule.",
    (
        TICKER,
        Column("name", "string", "name in English"),
        Column("name_zh", "string", "name in Chinese", nullable=True),
        Column(
            "company",
            "string",
            "company behind the share; missing for indices and funds",
            nullable=True,
        ),
        Column("company_zh", "string", "company in Chinese", nullable=True),
        Column(
            "instrument_type",
            "string",
            "what it is",
            allowed=("equity", "index", "fund", "derived_index"),
        ),
        Column("exchange", "string", "exchange code", nullable=True),
        Column("calendar", "string", "name of its exchange calendar (XSHG serves Shenzhen too)"),
        CURRENCY,
        Column(
            "board",
            "string",
            "board, which decides the daily price limit",
            allowed=("hk_main", "szse_main", "szse_chinext", "sse_main", "sse_star", "us", "none"),
        ),
        Column(
            "price_limit_rule", "string", "daily price limit in words; the dated rates are code"
        ),
        Column("benchmark", "string", "ticker of the market it is measured against", nullable=True),
        Column(
            "alternative_benchmark", "string", "used where the benchmark has no bars", nullable=True
        ),
        Column(
            "listed_from", "date", "first day whose price belongs to today's company", nullable=True
        ),
        Column(
            "provider_symbol",
            "string",
            "symbol at Yahoo; missing = not to be had there",
            nullable=True,
        ),
        Column(
            "provider",
            "string",
            "where live daily bars come from; missing = from nowhere",
            nullable=True,
            allowed=("yahoo", "akshare"),
        ),
        Column("watched", "boolean", "whether live runs fetch it; false = hidden by the user"),
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("ticker",),
)

MARKET_EVENTS = Table(
    "market_events",
    "Dated events. One whose date was picked by its price (selection) is never tested.",
    (
        Column("event_id", "string", "identifier"),
        Column("event_date", "date", "day as announced, also where the market was closed"),
        Column("entity", "string", "who it concerns"),
        Column("ticker", "string", "ticker of the entity where it is listed", nullable=True),
        Column("event_type", "string", "kind of event"),
        Column("title_en", "string", "what happened, in English"),
        Column("title_zh", "string", "what happened, in Chinese", nullable=True),
        Column("note", "string", "what a reader must know", nullable=True),
        Column(
            "date_precision",
            "string",
            "how exactly the day is known",
            allowed=("day", "week", "month"),
        ),
        Column(
            "selection",
            "string",
            "how the event was chosen",
            allowed=("exogenous", "price_selected"),
        ),
        Column(
            "session",
            "string",
            "part of the trading day; missing = unknown",
            nullable=True,
            allowed=("pre", "am", "lunch", "pm", "after"),
        ),
    ),
    key=("event_id",),
    bitemporal=True,
    observed="event_date",
)

FINANCIALS = Table(
    "financials",
    "Figures by reporting period of listed companies.",
    (
        TICKER,
        Column("company", "string", "company"),
        Column("period", "string", "reporting period as named, for example 2022H2"),
        Column("period_start", "date", "first day of the period", nullable=True),
        Column("period_end", "date", "last day of the period"),
        Column("published_on", "date", "publication day where found", nullable=True),
        Column(
            "currency",
            "string",
            "ISO 4217 code; missing for counts and ratios",
            nullable=True,
            pattern=r"^[A-Z]{3}$",
        ),
        Column("metric", "string", "what was measured"),
        Column("value", "number", "the figure", unit="see unit"),
        Column("unit", "string", "unit of value"),
        Column("source_title", "string", "title of the source", nullable=True),
        CONFIDENCE,
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    # Sources that disagree about one figure stand side by side.
    key=("ticker", "period", "metric", "source_url", "value"),
    observed="period_end",
)

CONCEPT_GROUPS = Table(
    "concept_groups",
    "What a listed company had of AI art at a date: revenue, a product or only the label.",
    (
        TICKER,
        Column("company", "string", "company"),
        Column("company_zh", "string", "company in Chinese", nullable=True),
        Column(
            "concept_group",
            "string",
            "the group",
            allowed=(
                "ai_art_revenue",
                "ai_art_product_no_revenue",
                "label_only",
                "supplier",
                "global_peer",
            ),
        ),
        Column("valid_from_date", "date", "day from which the evidence holds"),
        Column("evidence", "string", "why"),
    ),
    key=("ticker", "valid_from_date", "source_url"),
    observed="valid_from_date",
)

WAVES = Table(
    "waves",
    "Waves of curiosity about AI art, and the event each of them is measured by.",
    (
        Column("wave_id", "string", "identifier of the wave"),
        Column("name_en", "string", "name in English"),
        Column("name_zh", "string", "name in Chinese"),
        Column("app_name", "string", "the app, or the group of apps"),
        Column("company", "string", "company behind it"),
        Column("company_zh", "string", "company in Chinese", nullable=True),
        Column("ticker", "string", "its share; missing = not listed or not linked", nullable=True),
        Column(
            "event_id",
            "string",
            "event the wave is measured by, see market_events; missing = no dated event is held",
            nullable=True,
        ),
        Column(
            "other_event_ids",
            "string",
            "further events of the same wave, separated by commas; each is tested beside event_id",
            nullable=True,
        ),
        Column(
            "price_selected_event_id",
            "string",
            "day of the same wave that was picked because the price moved: described, never tested",
            nullable=True,
        ),
        Column(
            "app_id", "string", "app of the rating counts that show its attention", nullable=True
        ),
        Column(
            "attention_entity",
            "string",
            "entity of disclosed_facts whose downloads show its attention",
            nullable=True,
        ),
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("wave_id",),
)
