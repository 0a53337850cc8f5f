"""What can be imported: for each verb its table, what may be missing, and other names for columns.

A default is SQL over our own columns as mapped; it stands only where the file has no such column,
and the preview shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl.errors import InputError
from etl.schemas import (
    ACQUISITION_SPEND,
    APP_CHART_RANKS,
    DISCLOSED_FACTS,
    FINANCIALS,
    GPU_BILLS,
    MARKET_EVENTS,
    PRODUCT_EVENTS,
    STOCK_PRICES,
    SUBSCRIPTION_TRANSACTIONS,
    Table,
)

BY_CONFIDENCE = "CASE WHEN \"confidence\" = 'stated' THEN 'disclosed' ELSE 'estimated' END"


@dataclass(frozen=True)
class Kind:
    """One kind of the user's own data.

    Attributes
    ----------
    verb
        Its word on the command line.
    advice
        What to say where a column is missing, beside how to name it.
    table
        The table it fills.
    synonyms
        Our column → other names for it, most certain first.
    scaled
        Their name → (our column, factor) where their unit is another one.
    defaults
        Our column → SQL for where the file has no such column; may name earlier columns.
    measures
        Their normalised name → metric, for tables that hold one figure a row while files hold
        one column a figure; ``money`` names the metrics that have a currency.
    money
        See ``measures``.
    evidence
        SQL for ``evidence_kind`` unless the file or the user says otherwise.
    """

    verb: str
    table: Table
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scaled: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    money: frozenset[str] = frozenset()
    evidence: str = "'measured'"
    advice: Mapping[str, str] = field(default_factory=dict)


def _hash(*columns: str) -> str:
    """Return an identifier made of a row's own terms; equal lines are told apart by their place."""
    terms = ", ".join(f'"{c}"::VARCHAR' for c in columns)
    listed = ", ".join(f'"{c}"' for c in columns)
    return f"md5(concat_ws('|', {terms}, row_number() OVER (PARTITION BY {listed})))"


_COUNTRY = ("country_code", "geo", "region_code", "storefront", "buyer_country", "territory")
_PLATFORM = ("os", "os_name", "device_platform", "platform_name")
_CHANNEL = ("media_source", "network", "utm_source", "traffic_source", "acquisition_channel")
_CURRENCY = ("currency_code", "ccy", "iso_currency")
_TICKER = ("symbol", "code", "stock", "security", "instrument")

EVENTS = Kind(
    "events",
    PRODUCT_EVENTS,
    synonyms={
        "event_id": ("insert_id", "uuid", "message_id", "eventid", "id"),
        "user_id": ("user", "uid", "distinct_id", "customer_id", "user_pseudo_id", "device_id"),
        "event_name": ("event", "event_type", "name", "action", "type"),
        "event_at": ("timestamp", "event_time", "time", "occurred_at", "created_at", "ts", "when"),
        "received_at": ("server_received_time", "ingested_at", "server_time"),
        "country": _COUNTRY,
        "channel": _CHANNEL,
        "platform": _PLATFORM,
        "plan": ("tier", "subscription_plan"),
        "app_version": ("version", "version_name", "release"),
        "session_id": ("session",),
        "experiment_id": ("experiment", "test_id"),
        "variant": ("arm", "test_group", "experiment_variant"),
        "wait_seconds": ("wait", "wait_time_seconds", "waiting_seconds"),
        "assigned_wait_seconds": ("assigned_wait",),
        "n_images": ("images", "image_count", "pictures"),
        "product_id": ("product", "sku", "product_identifier"),
        "amount": ("revenue", "price", "value"),
        "currency": _CURRENCY,
        "properties": ("event_properties", "props"),
    },
    scaled={
        "wait_ms": ("wait_seconds", 0.001),
        "wait_milliseconds": ("wait_seconds", 0.001),
        "amount_cents": ("amount", 0.01),
    },
)

SUBSCRIPTIONS = Kind(
    "subscriptions",
    SUBSCRIPTION_TRANSACTIONS,
    synonyms={
        "transaction_id": ("store_transaction_id", "order_id", "order_number", "payment_id", "id"),
        "original_transaction_id": ("original_store_transaction_id", "original_order_id"),
        "user_id": ("customer_id", "app_user_id", "subscriber_id", "user", "uid", "account_id"),
        "product_id": ("product", "product_identifier", "sku", "plan", "sku_id"),
        "product_kind": ("kind", "product_type"),
        "period_months": ("months", "billing_months"),
        "purchased_at": ("purchase_date", "start_time", "paid_at", "created_at", "timestamp"),
        "expires_at": ("end_time", "expiration_date", "expires", "expiration_at"),
        "refunded_at": ("refund_date", "refund_time"),
        "unsubscribed_at": ("cancelled_at", "canceled_at", "unsubscribe_detected_at"),
        "renewal_number": ("renewal", "payment_number"),
        "store": ("payment_provider", "gateway"),
        "country": _COUNTRY,
        "platform": _PLATFORM,
        "price": ("amount", "gross", "price_paid", "gross_amount"),
        "currency": _CURRENCY,
        "price_usd": ("price_in_usd", "amount_usd", "revenue_usd"),
        "proceeds": ("net", "net_amount", "payout"),
        "proceeds_usd": ("net_usd", "proceeds_in_usd"),
        "commission_rate": ("commission_percentage", "store_fee_rate"),
        "tax_rate": ("tax_percentage",),
        "n_units": ("units", "quantity"),
        "is_sandbox": ("sandbox", "test"),
    },
    scaled={"price_cents": ("price", 0.01), "amount_cents": ("price", 0.01)},
    defaults={
        "transaction_id": _hash("user_id", "product_id", "purchased_at", "price"),
        "product_kind": "'unknown'",
    },
)

SPEND = Kind(
    "spend",
    ACQUISITION_SPEND,
    synonyms={
        "spend_date": ("date", "day", "cohort_date", "install_date", "cohort_day"),
        "reported_by": ("tool", "reporter"),
        "channel": (*_CHANNEL, "source", "partner", "partner_name", "ad_network", "publisher"),
        "campaign": ("campaign_name", "campaign_id", "campaign_network"),
        "country": _COUNTRY,
        "platform": _PLATFORM,
        "days_after_install": ("cohort_age", "days_post_attribution", "day_after_install"),
        "currency": _CURRENCY,
        "metric": ("measure", "kpi"),
        "value": ("figure",),
    },
    defaults={
        "reported_by": "$source",
        "campaign": "'*'",
        "country": "'*'",
        "platform": "'*'",
        "days_after_install": "0",
    },
    measures={
        "spend": "spend",
        "cost": "spend",
        "total_cost": "spend",
        "ad_spend": "spend",
        "amount_spent": "spend",
        "revenue": "revenue",
        "installs": "installs",
        "clicks": "clicks",
        "impressions": "impressions",
        "registrations": "registrations",
        "purchases": "purchases",
        "retained_users": "retained_users",
        "cohort_size": "cohort_users",
    },
    money=frozenset({"spend", "revenue"}),
)

GPU_COSTS = Kind(
    "gpu-bills",
    GPU_BILLS,
    synonyms={
        "bill_id": ("invoice_id", "line_id", "invoice", "invoice_number", "id"),
        "period_start": ("start", "start_date", "from", "billing_period_start", "usage_start_date"),
        "period_end": ("end", "end_date", "to", "billing_period_end", "usage_end_date"),
        "provider": ("vendor", "cloud", "supplier", "billed_by"),
        "gpu_name": ("gpu", "card", "instance_type", "gpu_type", "accelerator"),
        "n_gpus": ("gpus", "gpu_count", "cards"),
        "gpu_hours": ("hours", "usage_hours", "card_hours"),
        "energy_kwh": ("kwh", "energy"),
        "amount": ("cost", "total", "charge", "price"),
        "currency": _CURRENCY,
        "n_images": ("images", "image_count", "pictures"),
    },
    scaled={"amount_cents": ("amount", 0.01), "energy_wh": ("energy_kwh", 0.001)},
    defaults={"bill_id": _hash("provider", "period_start", "period_end", "gpu_name", "amount")},
)

CHARTS = Kind(
    "charts",
    APP_CHART_RANKS,
    synonyms={
        "chart_snapshot_id": ("snapshot_id", "snapshot"),
        "observed_on": ("date", "day", "observed_at", "snapshot_date"),
        "storefront": ("country", "country_code", "store_country", "market"),
        "chart_type": ("chart", "list", "list_type", "feed"),
        "category": ("genre", "store_category"),
        "rank": ("position", "ranking"),
        "chart_depth": ("depth", "chart_length"),
        "app_id": ("bundle_id", "app", "package", "package_name"),
    },
    defaults={
        "observed_on": "NULL",
        "chart_snapshot_id": "concat_ws(':', $source, \"observed_on\"::VARCHAR)",
        "chart_depth": (
            'max(TRY_CAST("rank" AS BIGINT)) OVER (PARTITION BY "chart_snapshot_id", '
            '"storefront", "chart_type", "category")'
        ),
    },
)

PRICES = Kind(
    "prices",
    STOCK_PRICES,
    synonyms={
        "ticker": _TICKER,
        "trade_date": ("date", "day", "time"),
        "open": ("open_price",),
        "high": ("high_price",),
        "low": ("low_price",),
        "close": ("close_price", "last"),
        "raw_close": ("unadjusted_close",),
        "adjusted_close": ("adj_close", "adjclose", "adj_close_price"),
        "volume": ("vol", "shares_traded"),
        "currency": _CURRENCY,
    },
    defaults={"adjustment": "'not stated by the imported file'"},
    advice={
        "adjusted_close": "returns need closes with splits and dividends taken out: closes as "
        "traded belong into raw_close; where the file's closes are adjusted already, say "
        "--map close=adjusted_close --set adjustment=WHICH"
    },
)

ANNOUNCEMENTS = Kind(
    "market-events",
    MARKET_EVENTS,
    synonyms={
        "event_id": ("id",),
        "event_date": ("date", "day"),
        "entity": ("company", "who"),
        "ticker": _TICKER,
        "event_type": ("type", "kind"),
        "title_en": ("title", "headline", "event", "description"),
        "title_zh": ("title_cn",),
        "note": ("notes", "comment"),
        "source_url": ("url", "link"),
    },
    defaults={
        "event_id": _hash("entity", "event_date", "title_en"),
        "event_type": "'unspecified'",
        "date_precision": "'day'",
        "selection": "'exogenous'",
    },
    evidence="'disclosed'",
)

REPORTED = Kind(
    "financials",
    FINANCIALS,
    synonyms={
        "ticker": _TICKER,
        "company": ("company_name", "name"),
        "period": ("reporting_period", "fiscal_period"),
        "period_start": ("start_date",),
        "period_end": ("end_date", "fiscal_period_end"),
        "published_on": ("publication_date", "published"),
        "metric": ("item", "measure"),
        "value": ("amount", "figure"),
        "currency": _CURRENCY,
        "source_title": ("title",),
        "source_url": ("url", "link"),
        "note": ("notes", "comment"),
    },
    defaults={"confidence": "'stated'"},
    evidence=BY_CONFIDENCE,
)

FACTS = Kind(
    "facts",
    DISCLOSED_FACTS,
    synonyms={
        "fact_id": ("id",),
        "entity": ("company", "who", "subject"),
        "ticker": _TICKER,
        "metric": ("measure", "item"),
        "value": ("figure", "value_low"),
        "source_title": ("title",),
        "source_publisher": ("publisher",),
        "source_date": ("published", "publication_date"),
        "source_url": ("url", "link"),
        "note": ("notes", "comment"),
    },
    defaults={
        "fact_id": _hash("entity", "metric", "value", "unit"),
        "confidence": "'stated'",
    },
    evidence=BY_CONFIDENCE,
)

KINDS = {
    kind.verb: kind
    for kind in (
        EVENTS,
        SUBSCRIPTIONS,
        SPEND,
        CHARTS,
        PRICES,
        ANNOUNCEMENTS,
        REPORTED,
        FACTS,
        GPU_COSTS,
    )
}
"""All kinds by their word on the command line."""


def named(verb: str) -> Kind:
    """Return the kind of a verb.

    Raises
    ------
    InputError
        Where there is none.
    """
    if verb not in KINDS:
        raise InputError(f"got the kind {verb!r}", f"one of {', '.join(KINDS)}")
    return KINDS[verb]
