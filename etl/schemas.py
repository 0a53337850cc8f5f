"""Every table once: columns with units, keys and checks.

One definition feeds the DuckDB tables, the checks at the frame boundary and the data dictionary.
Frames that cross a boundary have the columns of :meth:`Table.frame_columns`; dates are naive
midnight ``datetime64``, instants are UTC ``datetime64``, missing values are missing and never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

ColumnType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

EVIDENCE_KINDS = ("measured", "disclosed", "estimated", "simulated", "assumed")
"""How a number came to be: observed, stated by its owner, inferred, generated, or supposed."""

DUCKDB_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, its unit and the values it may hold.

    ``minimum`` and ``maximum`` are inclusive; ``positive`` excludes zero; infinity is never
    allowed. A nullable column may be missing.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class RowCheck:
    """A rule over several columns of one row.

    Attributes
    ----------
    name
        Short name, also the word stored in ``quality_flags``.
    reason
        What is wrong, as shown in quarantine and on the Data page.
    holds
        Frame of shape (n, columns) → boolean Series of length n, true where right. Missing
        values must count as right: their own column decides whether they may be missing.
    action
        ``quarantine`` keeps the row out, ``flag`` lets it in with the name in ``quality_flags``.
    """

    name: str
    reason: str
    holds: Callable[[pd.DataFrame], pd.Series]
    action: Literal["quarantine", "flag"] = "quarantine"


@dataclass(frozen=True)
class Table:
    """A table of the warehouse.

    A ``bitemporal`` table keeps closed rows: a changed value ends the old row at ``valid_to``.
    A ``ledger`` table is written by the machinery itself and has no provenance columns.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[RowCheck, ...] = ()
    bitemporal: bool = False
    ledger: bool = False

    def frame_columns(self) -> tuple[Column, ...]:
        """Return the columns a parsed frame must have, in order (own columns, then provenance)."""
        return self.columns if self.ledger else (*self.columns, *PROVENANCE)

    def stored_columns(self) -> tuple[Column, ...]:
        """Return the columns as stored: the frame's, then the machinery's own."""
        machinery = () if self.ledger else MACHINERY
        return (*self.frame_columns(), *machinery, *(VALIDITY if self.bitemporal else ()))


PROVENANCE = (
    Column("evidence_kind", "string", "how the number came to be", allowed=EVIDENCE_KINDS),
    Column("source_url", "string", "where the value was read"),
    Column("retrieved_at", "timestamp", "when the value was read", unit="UTC"),
)
MACHINERY = (
    Column(
        "quality_flags", "string", "names of the checks the row failed, by comma", nullable=True
    ),
    Column("run_id", "string", "the collection run that wrote the row"),
)
VALIDITY = (
    Column("valid_from", "timestamp", "when this version of the row was recorded", unit="UTC"),
    Column(
        "valid_to", "timestamp", "when it was replaced; missing = current", "UTC", nullable=True
    ),
)


def _between(column: str, low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a check that ``low <= column <= high`` where all three are known."""

    def holds(frame: Any) -> Any:
        inside = (frame[column] >= frame[low]) & (frame[column] <= frame[high])
        unknown = frame[[column, low, high]].isna().any(axis=1)
        return inside | unknown

    return holds


def _not_above(low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a check that ``low <= high`` where both are known."""

    def holds(frame: Any) -> Any:
        return ~(frame[low] > frame[high]).fillna(False).astype(bool)

    return holds


def _price(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(
        name, "number", meaning, unit="currency per share", nullable=nullable, positive=True
    )


_TICKER = Column(
    "ticker", "string", "ticker in Yahoo's notation", pattern=r"^[\^A-Z0-9][A-Z0-9.\-=^]*$"
)
_CURRENCY = Column("currency", "string", "ISO 4217 code", pattern=r"^[A-Z]{3}$")
_STOREFRONT = Column(
    "storefront", "string", "ISO 3166-1 alpha-2 code of the store's country", pattern=r"^[A-Z]{2}$"
)

STOCK_PRICES = Table(
    "stock_prices",
    "Daily bars of shares and indices. Returns use adjusted_close, charts show prices as traded.",
    (
        _TICKER,
        Column("trade_date", "date", "trading day on the exchange's own calendar"),
        _price("open", "first price of the day, on the basis named in adjustment"),
        _price("high", "highest price of the day, on the basis named in adjustment"),
        _price("low", "lowest price of the day, on the basis named in adjustment"),
        _price("close", "last price of the day, on the basis named in adjustment"),
        _price(
            "raw_close", "close as traded on that day; missing where only adjusted bars are held"
        ),
        _price("adjusted_close", "close adjusted for splits and dividends", nullable=False),
        Column("volume", "number", "shares traded", unit="shares", nullable=True, minimum=0),
        _CURRENCY,
        Column("adjustment", "string", "basis of the bars: which adjustments they carry"),
    ),
    key=("ticker", "trade_date"),
    checks=(
        RowCheck("high_below_low", "the day's high is below its low", _not_above("low", "high")),
        RowCheck(
            "open_outside_range",
            "the open lies outside low and high",
            _between("open", "low", "high"),
            "flag",
        ),
        RowCheck(
            "close_outside_range",
            "the close lies outside low and high",
            _between("close", "low", "high"),
            "flag",
        ),
    ),
    bitemporal=True,
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
)

INSTRUMENTS = Table(
    "instruments",
    "Shares, indices and funds: owner, benchmark and price-limit rule.",
    (
        _TICKER,
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
        _CURRENCY,
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
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("ticker",),
)

APPS = Table(
    "apps",
    "Apps and the companies behind them.",
    (
        Column(
            "app_id",
            "string",
            "track id at Apple, or the bundle identifier where only that is known",
        ),
        Column("store", "string", "store", allowed=("app_store", "google_play")),
        Column("app_name", "string", "name in English"),
        Column("app_name_zh", "string", "name in Chinese", nullable=True),
        Column("bundle_id", "string", "bundle identifier", nullable=True),
        Column("seller", "string", "seller as the store prints it", nullable=True),
        Column("company", "string", "company behind it", nullable=True),
        Column("company_zh", "string", "company in Chinese", nullable=True),
        Column("ticker", "string", "ticker of that company where it is listed", nullable=True),
        Column("category", "string", "what kind of app it is"),
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("store", "app_id"),
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
)

_CONFIDENCE = Column(
    "confidence", "string", "who says it", allowed=("stated", "estimated_by_third_party", "derived")
)

DISCLOSED_FACTS = Table(
    "disclosed_facts",
    "Figures said in public by companies, the press and third parties, conflicts side by side.",
    (
        Column("fact_id", "string", "identifier"),
        Column("entity", "string", "who the figure is about"),
        Column("entity_zh", "string", "the same in Chinese", nullable=True),
        Column("ticker", "string", "ticker where listed", nullable=True),
        Column("metric", "string", "what was measured"),
        Column("value", "number", "the figure, or the lower end of a range", unit="see unit"),
        Column("value_high", "number", "upper end of a range", unit="see unit", nullable=True),
        Column("unit", "string", "unit of value"),
        Column("period_start", "date", "first day the figure covers", nullable=True),
        Column("period_end", "date", "last day the figure covers", nullable=True),
        Column("country", "string", "country it is about", nullable=True),
        Column("platform", "string", "platform it is about", nullable=True),
        Column("source_title", "string", "title of the source", nullable=True),
        Column("source_publisher", "string", "publisher of the source", nullable=True),
        Column(
            "source_date",
            "string",
            "publication date as printed: a day, a month or a year",
            nullable=True,
        ),
        Column(
            "known_on",
            "date",
            "first day on which the figure was surely public: the printed day, the end "
            "of the printed month or year, or the day of collection where no date is printed",
        ),
        Column(
            "known_on_precision",
            "string",
            "how known_on was found",
            allowed=("day", "month", "year", "collected"),
        ),
        _CONFIDENCE,
        Column("note", "string", "what a reader must know", nullable=True),
        Column("gpu_name", "string", "card a price is for", nullable=True),
        Column("model_name", "string", "model a price is for", nullable=True),
    ),
    key=("fact_id",),
    checks=(
        RowCheck(
            "range_upside_down", "value_high is below value", _not_above("value", "value_high")
        ),
        RowCheck(
            "period_upside_down",
            "the period ends before it begins",
            _not_above("period_start", "period_end"),
        ),
    ),
    bitemporal=True,
)

FINANCIALS = Table(
    "financials",
    "Figures by reporting period of listed companies.",
    (
        _TICKER,
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
        _CONFIDENCE,
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    # Sources that disagree about one figure stand side by side.
    key=("ticker", "period", "metric", "source_url", "value"),
)

CONCEPT_GROUPS = Table(
    "concept_groups",
    "What a listed company had of AI art at a date: revenue, a product or only the label.",
    (
        _TICKER,
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
)

NET_PROCEEDS = Table(
    "net_proceeds",
    "What stores, payment services and taxes keep of a price. Empty = not found, never zero.",
    (
        Column("store", "string", "store or way of payment"),
        Column("storefront", "string", "country code, or * for all others"),
        Column("program", "string", "programme, for example small_business"),
        Column("product", "string", "product, or * for all"),
        Column(
            "commission_rate",
            "number",
            "share kept by the store",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "billing_fee_rate",
            "number",
            "share kept by the payment service",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "tax_rate", "number", "consumption tax", "ratio", nullable=True, minimum=0, maximum=1
        ),
        Column("tax_name", "string", "name of the tax", nullable=True),
        Column(
            "price_includes_tax",
            "boolean",
            "whether the shown price contains the tax",
            nullable=True,
        ),
        Column(
            "tax_deducted_before_commission",
            "boolean",
            "whether commission is taken after tax",
            nullable=True,
        ),
        Column(
            "payout_lag_days",
            "number",
            "days from sale to payout",
            "days",
            nullable=True,
            minimum=0,
        ),
        Column(
            "refund_rate",
            "number",
            "share of sales refunded",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("threshold", "string", "condition of the row", nullable=True),
        Column("valid_from_date", "date", "first day of the rule", nullable=True),
        Column("valid_to_date", "date", "last day of the rule", nullable=True),
        Column("source_title", "string", "title of the source", nullable=True),
        Column("source_date", "string", "publication date as printed", nullable=True),
        Column("note", "string", "what a reader must know", nullable=True),
        Column("row_id", "string", "identifier: hash of the row's own terms"),
    ),
    key=("row_id",),
)

GPUS = Table(
    "gpus",
    "Cards with their dense rates, memory and power, for rooflines and for cards nobody measured.",
    (
        Column("gpu_name", "string", "card"),
        Column("vendor", "string", "maker"),
        Column("architecture", "string", "generation", nullable=True),
        Column("memory_gb", "number", "memory", "GB", nullable=True, positive=True),
        Column(
            "memory_bandwidth_gb_s",
            "number",
            "memory bandwidth",
            "GB/s",
            nullable=True,
            positive=True,
        ),
        Column(
            "fp16_dense_tflops",
            "number",
            "dense FP16 rate",
            "TFLOP/s",
            nullable=True,
            positive=True,
        ),
        Column(
            "bf16_dense_tflops",
            "number",
            "dense BF16 rate",
            "TFLOP/s",
            nullable=True,
            positive=True,
        ),
        Column(
            "fp8_dense_tflops", "number", "dense FP8 rate", "TFLOP/s", nullable=True, positive=True
        ),
        Column("fp32_tflops", "number", "FP32 rate", "TFLOP/s", nullable=True, positive=True),
        Column("tdp_watts", "number", "board power", "W", nullable=True, positive=True),
        Column("released_on", "date", "release day", nullable=True),
        Column("form_factor", "string", "form factor", nullable=True),
        Column("source_title", "string", "title of the source", nullable=True),
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("gpu_name",),
)

APP_RATING_COUNTS = Table(
    "app_rating_counts",
    "Rating counts and averages of apps by day of look-up. Counts can fall: ratings are removed.",
    (
        Column("app_id", "string", "track id at Apple"),
        _STOREFRONT,
        Column("observed_on", "date", "day of the look-up"),
        Column("app_name", "string", "name at that day"),
        Column("bundle_id", "string", "bundle identifier", nullable=True),
        Column("seller", "string", "seller", nullable=True),
        Column("genre", "string", "store genre", nullable=True),
        Column("version", "string", "version on sale", nullable=True),
        Column("version_released_at", "timestamp", "release of that version", "UTC", nullable=True),
        Column(
            "rating_average", "number", "mean rating", "stars", nullable=True, minimum=0, maximum=5
        ),
        Column("rating_count", "integer", "ratings in this storefront", "ratings", minimum=0),
        Column("price", "string", "price as printed", nullable=True),
        Column("app_released_at", "timestamp", "first release of the app", "UTC", nullable=True),
    ),
    key=("app_id", "storefront", "observed_on"),
)

APP_CHART_RANKS = Table(
    "app_chart_ranks",
    "Positions in store charts. An app outside the collected depth is not ranked: it has no row.",
    (
        Column("chart_snapshot_id", "string", "one reading of the charts"),
        Column(
            "observed_on",
            "date",
            "day of the reading; missing = the reading is undated",
            nullable=True,
        ),
        _STOREFRONT,
        Column("chart_type", "string", "which chart", allowed=("free", "paid", "grossing")),
        Column("category", "string", "store genre", pattern=r"^[a-z0-9_]+$"),
        Column("rank", "integer", "position, 1 is the top", minimum=1),
        Column("chart_depth", "integer", "length of the collected chart", "rows", minimum=1),
        Column("app_id", "string", "bundle identifier of the app (joins apps.bundle_id)"),
    ),
    key=("chart_snapshot_id", "storefront", "chart_type", "category", "rank"),
    checks=(
        RowCheck(
            "rank_beyond_depth",
            "the rank is greater than the chart's length",
            _not_above("rank", "chart_depth"),
        ),
    ),
)

SOURCES = Table(
    "sources",
    "What each source gives, under which terms, and whether it may be passed on.",
    (
        Column("source", "string", "name as used on the command line"),
        Column("table_name", "string", "table it fills"),
        Column("title", "string", "what it is"),
        Column("publisher", "string", "who publishes it"),
        Column("licence", "string", "terms"),
        Column(
            "redistributable", "string", "may it be passed on", allowed=("yes", "facts only", "no")
        ),
        Column("live", "boolean", "whether a live run can refresh it"),
        Column(
            "freshness_calendar",
            "string",
            "calendar by which it goes stale: an exchange, daily, or static",
        ),
        Column("note", "string", "doubts and limits", nullable=True),
    ),
    key=("source",),
)

ETL_RUNS = Table(
    "etl_runs",
    "The run ledger: one entry for each source and run.",
    (
        Column("run_id", "string", "the run"),
        Column("source", "string", "the source"),
        Column("mode", "string", "from the bundled snapshot or live", allowed=("snapshot", "live")),
        Column(
            "status", "string", "how it ended", allowed=("ok", "unchanged", "partial", "failed")
        ),
        Column("started_at", "timestamp", "begin", "UTC"),
        Column("finished_at", "timestamp", "end", "UTC"),
        Column("rows_in", "integer", "rows parsed", "rows", minimum=0),
        Column("rows_new", "integer", "rows with a new key", "rows", minimum=0),
        Column("rows_changed", "integer", "rows with a changed value", "rows", minimum=0),
        Column("rows_quarantined", "integer", "rows kept out", "rows", minimum=0),
        Column("error", "string", "what went wrong", nullable=True),
    ),
    key=("run_id", "source"),
    ledger=True,
)

QUARANTINE = Table(
    "quarantine",
    "Rows kept out, with the reason and the raw row, so that they can be replayed after a fix.",
    (
        Column("quarantine_id", "string", "hash of table, check and raw row"),
        Column("run_id", "string", "the run that first met the row"),
        Column("source", "string", "the source"),
        Column("table_name", "string", "the table it was meant for"),
        Column("row_key", "string", "the row's key, as text"),
        Column("check_name", "string", "the check it failed"),
        Column("reason", "string", "what is wrong"),
        Column("payload", "string", "the raw row as JSON"),
        Column("quarantined_at", "timestamp", "when it was met first", "UTC"),
    ),
    key=("quarantine_id",),
    ledger=True,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        STOCK_PRICES,
        FX_RATES,
        INSTRUMENTS,
        APPS,
        MARKET_EVENTS,
        DISCLOSED_FACTS,
        FINANCIALS,
        CONCEPT_GROUPS,
        NET_PROCEEDS,
        GPUS,
        APP_RATING_COUNTS,
        APP_CHART_RANKS,
        SOURCES,
        ETL_RUNS,
        QUARANTINE,
    )
}
"""All stored tables by name."""
