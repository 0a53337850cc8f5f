"""Tables of the app stores: apps, rating counts, charts."""

from __future__ import annotations

from etl.schemas.base import STOREFRONT, Column, RowCheck, Table, not_above

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
        Column("watched", "boolean", "whether live runs fetch it; false = hidden by the user"),
        Column("note", "string", "what a reader must know", nullable=True),
    ),
    key=("store", "app_id"),
)

APP_RATING_COUNTS = Table(
    "app_rating_counts",
    "Rating counts and averages of apps by day of look-up. Counts can fall: ratings are removed.",
    (
        Column("app_id", "string", "track id at Apple"),
        STOREFRONT,
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
    observed="observed_on",
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
        STOREFRONT,
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
            not_above("rank", "chart_depth"),
        ),
    ),
    observed="observed_on",
)
