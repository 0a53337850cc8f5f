"""Tables of what was said in public: disclosed figures, store terms, cards."""

from __future__ import annotations

from etl.schemas.base import CONFIDENCE, Column, RowCheck, Table, not_above

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
        CONFIDENCE,
        Column("note", "string", "what a reader must know", nullable=True),
        Column("gpu_name", "string", "card a price is for", nullable=True),
        Column("model_name", "string", "model a price is for", nullable=True),
    ),
    key=("fact_id",),
    checks=(
        RowCheck(
            "range_upside_down", "value_high is below value", not_above("value", "value_high")
        ),
        RowCheck(
            "period_upside_down",
            "the period ends before it begins",
            not_above("period_start", "period_end"),
        ),
    ),
    bitemporal=True,
    observed="known_on",
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
            "fixed_fee",
            "number",
            "amount kept of every charge, in fixed_fee_currency",
            nullable=True,
            minimum=0,
        ),
        Column("fixed_fee_currency", "string", "ISO code of fixed_fee", nullable=True),
        Column(
            "tax_rate", "number", "consumption tax", "ratio", nullable=True, minimum=0, maximum=1
        ),
        Column(
            "tax_rate_low",
            "number",
            "lowest of the taxes it may be",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "tax_rate_high",
            "number",
            "highest of the taxes it may be",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
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
