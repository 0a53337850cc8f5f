"""Tables of the user's own product: events, subscriptions, spend, bills for cards."""

from __future__ import annotations

from etl.schemas.base import CURRENCY, Column, RowCheck, Table, not_above

_COUNTRY = Column(
    "country", "string", "ISO 3166-1 alpha-2 code", nullable=True, pattern=r"^[A-Z]{2}$"
)
_PLATFORM = Column(
    "platform", "string", "ios, android, web or another word of the source", nullable=True
)
_USER = Column("user_id", "string", "pseudonymous identifier of the user or device")

PRODUCT_EVENTS = Table(
    "product_events",
    "What users did, one row an event. Too large for the warehouse file: it lies as Parquet in the "
    "event lake, partitioned by source and by UTC day (event_date).",
    (
        Column(
            "event_id",
            "string",
            "identifier; where the file has none, a hash of user, name, instant and ordinal",
        ),
        _USER,
        Column("event_name", "string", "what happened, for example install, image, purchase"),
        Column("event_at", "timestamp", "when it happened", "UTC"),
        Column("received_at", "timestamp", "when the collector got it", "UTC", nullable=True),
        _COUNTRY,
        Column("channel", "string", "acquisition channel", nullable=True),
        _PLATFORM,
        Column("plan", "string", "plan of the user at the event, for example free", nullable=True),
        Column("app_version", "string", "version of the app", nullable=True),
        Column("session_id", "string", "session as the source has it", nullable=True),
        Column("experiment_id", "string", "experiment the user is randomised in", nullable=True),
        Column("variant", "string", "arm of the experiment", nullable=True),
        Column(
            "assigned_wait_seconds",
            "number",
            "waiting time the arm assigns",
            "s",
            nullable=True,
            minimum=0,
        ),
        Column(
            "wait_seconds", "number", "waiting time of this image", "s", nullable=True, minimum=0
        ),
        Column("n_images", "integer", "pictures made", "images", nullable=True, minimum=0),
        Column("product_id", "string", "product bought", nullable=True),
        Column(
            "amount",
            "number",
            "gross price paid; negative for a refund",
            "currency",
            nullable=True,
        ),
        Column(
            "currency", "string", "ISO 4217 code of amount", nullable=True, pattern=r"^[A-Z]{3}$"
        ),
        Column("properties", "string", "all other fields of the event as JSON", nullable=True),
    ),
    key=("event_id",),
    observed="event_at",
)

SUBSCRIPTION_TRANSACTIONS = Table(
    "subscription_transactions",
    "Payments and refunds of plans and packs. A corrected export restates; old versions stay.",
    (
        Column("transaction_id", "string", "identifier of the transaction"),
        Column(
            "original_transaction_id",
            "string",
            "first transaction of the same subscription",
            nullable=True,
        ),
        _USER,
        Column("product_id", "string", "product"),
        Column(
            "product_kind",
            "string",
            "what is sold",
            allowed=("subscription", "trial", "intro", "one_time", "unknown"),
        ),
        Column("period_months", "number", "months one payment covers", "months", nullable=True),
        Column("purchased_at", "timestamp", "when it was paid or begun", "UTC"),
        Column("expires_at", "timestamp", "paid until", "UTC", nullable=True),
        Column("refunded_at", "timestamp", "day the refund was processed", "UTC", nullable=True),
        Column("unsubscribed_at", "timestamp", "when renewal was turned off", "UTC", nullable=True),
        Column("renewal_number", "integer", "1 is the first payment", nullable=True, minimum=1),
        Column("store", "string", "store or way of payment", nullable=True),
        _COUNTRY,
        _PLATFORM,
        Column(
            "price",
            "number",
            "price paid in currency, gross; negative for a refund row",
            "currency",
            nullable=True,
        ),
        Column("currency", "string", "ISO 4217 code", nullable=True, pattern=r"^[A-Z]{3}$"),
        Column(
            "price_usd",
            "number",
            "the same in US dollars, as the source converted it",
            "USD",
            nullable=True,
        ),
        Column(
            "proceeds", "number", "what the store pays out, in currency", "currency", nullable=True
        ),
        Column(
            "proceeds_usd", "number", "what the store pays out, in US dollars", "USD", nullable=True
        ),
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
            "tax_rate",
            "number",
            "share that is consumption tax",
            "ratio",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "n_units",
            "number",
            "units, where a report counts instead of listing",
            "units",
            nullable=True,
        ),
        Column("is_sandbox", "boolean", "a test purchase", nullable=True),
    ),
    key=("transaction_id",),
    bitemporal=True,
    observed="purchased_at",
)

ACQUISITION_SPEND = Table(
    "acquisition_spend",
    "What was spent to win users, and cohort figures of attribution tools, by day and channel.",
    (
        Column("spend_date", "date", "day of the spend, or first day of the cohort"),
        Column("reported_by", "string", "tool or file that reports it"),
        Column("channel", "string", "network or media source"),
        Column("campaign", "string", "campaign, * where the source does not split"),
        Column(
            "country",
            "string",
            "ISO 3166-1 alpha-2 code, * where the source does not split",
            pattern=r"^([A-Z]{2}|\*)$",
        ),
        Column("platform", "string", "platform, * where the source does not split"),
        Column(
            "days_after_install",
            "integer",
            "age of the cohort; 0 is the day of install",
            "days",
            minimum=0,
        ),
        Column("metric", "string", "what was counted, for example spend, installs, retained_users"),
        Column("value", "number", "the figure", unit="see currency, else a count"),
        Column(
            "currency",
            "string",
            "ISO 4217 code of money; missing for counts",
            nullable=True,
            pattern=r"^[A-Z]{3}$",
        ),
    ),
    key=(
        "reported_by",
        "spend_date",
        "channel",
        "campaign",
        "country",
        "platform",
        "days_after_install",
        "metric",
    ),
    bitemporal=True,
    observed="spend_date",
)

GPU_BILLS = Table(
    "gpu_bills",
    "What cards were billed: the user's own cloud or colocation invoices.",
    (
        Column("bill_id", "string", "identifier of the line; a hash where the file has none"),
        Column("period_start", "date", "first day the line covers"),
        Column("period_end", "date", "last day the line covers"),
        Column("provider", "string", "who billed"),
        Column("gpu_name", "string", "card", nullable=True),
        Column("n_gpus", "number", "cards at once", "cards", nullable=True, positive=True),
        Column("gpu_hours", "number", "hours of one card", "h", nullable=True, minimum=0),
        Column("energy_kwh", "number", "energy billed", "kWh", nullable=True, minimum=0),
        Column("amount", "number", "amount of the line; negative for a credit", "currency"),
        CURRENCY,
        Column(
            "n_images",
            "integer",
            "pictures made in the period, where known",
            "images",
            nullable=True,
            minimum=0,
        ),
    ),
    key=("provider", "bill_id"),
    checks=(
        RowCheck(
            "period_reversed",
            "the period ends before it begins",
            not_above("period_start", "period_end"),
        ),
    ),
    bitemporal=True,
    observed="period_end",
)
