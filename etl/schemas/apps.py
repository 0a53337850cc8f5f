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
        Column("app_id", "string", "track id at Apple, package name at Google Play"),
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
        Column("track_id", "string", "track id at Apple", nullable=True),
        Column("app_name", "string", "name as the chart prints it", nullable=True),
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

APP_VERSIONS = Table(
    "app_versions",
    "Versions of apps as the store showed them: the first reading of each is kept.",
    (
        Column("store", "string", "store", allowed=("app_store", "google_play")),
        Column("app_id", "string", "track id at Apple, package name at Google Play"),
        STOREFRONT,
        Column("version", "string", "version as printed"),
        Column("version_released_at", "timestamp", "release of that version", "UTC", nullable=True),
        Column("app_name", "string", "name at that day"),
        Column("seller", "string", "seller as the store prints it", nullable=True),
        Column("genres", "string", "store genres, by comma", nullable=True),
        Column(
            "price",
            "number",
            "price of the app itself; 0 is free",
            "currency",
            nullable=True,
            minimum=0,
        ),
        Column(
            "currency", "string", "ISO 4217 code of price", nullable=True, pattern=r"^[A-Z]{3}$"
        ),
        Column("release_notes", "string", "what the seller says is new", nullable=True),
    ),
    key=("store", "app_id", "storefront", "version"),
    bitemporal=True,
    observed="version_released_at",
)

APP_INSTALLS = Table(
    "app_installs",
    "Installs of Google Play apps worldwide, as a bracket that the store prints.",
    (
        Column("app_id", "string", "package name"),
        Column("observed_on", "date", "day of the look-up"),
        Column("app_name", "string", "name at that day"),
        Column("installs_printed", "string", "bracket as printed, for example 10,000,000+"),
        Column("installs_low", "integer", "lower end of the bracket", "installs", minimum=0),
        Column(
            "installs_high",
            "integer",
            "upper end, exclusive: the next bracket the store has; missing = none is known",
            "installs",
            nullable=True,
        ),
        Column(
            "installs_in_page",
            "integer",
            "a finer count that the page carries but does not print; the store does not explain it",
            "installs",
            nullable=True,
            minimum=0,
        ),
    ),
    key=("app_id", "observed_on"),
    checks=(
        RowCheck(
            "bracket_upside_down",
            "the bracket ends before it begins",
            not_above("installs_low", "installs_high"),
        ),
    ),
    observed="observed_on",
)
