"""Tables of the app stores: apps, rating counts, charts."""

from __future__ import annotations

from etl.schemas.base import STOREFRONT, Column, RowCheck, Table, between, not_above

STORE = Column("store", "string", "store", allowed=("app_store", "google_play"))

APPS = Table(
    "apps",
    "Apps and the companies behind them.",
    (
        Column(
            "app_id",
            "string",
            "track id at Apple, or the bundle identifier where only that is known",
        ),
        STORE,
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
        STORE,
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
    key=("store", "app_id", "storefront", "observed_on"),
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
            "day of the chart in UTC; missing = the reading is undated",
            nullable=True,
        ),
        STOREFRONT,
        Column("chart_type", "string", "which chart", allowed=("free", "paid", "grossing")),
        Column("category", "string", "store genre; overall = all", pattern=r"^[a-z0-9_]+$"),
        Column("rank", "integer", "position, 1 is the top", minimum=1),
        Column("chart_depth", "integer", "length of the collected chart", "rows", minimum=1),
        Column(
            "app_id",
            "string",
            "bundle identifier of the app (joins apps.bundle_id), or the track id where only that "
            "is known",
        ),
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
    "Versions of apps as a store described them while they were on sale. A version that came and "
    "went between two look-ups has no row.",
    (
        STORE,
        Column("app_id", "string", "track id at Apple, package name at Google Play"),
        STOREFRONT,
        Column("version", "string", "version as printed; at Google Play it may vary with device"),
        Column("version_released_at", "timestamp", "release of that version", "UTC", nullable=True),
        Column("app_name", "string", "name in that storefront"),
        Column("bundle_id", "string", "bundle identifier or package name", nullable=True),
        Column("seller", "string", "seller", nullable=True),
        Column("genre", "string", "first store genre", nullable=True),
        Column("genres", "string", "all store genres, by comma", nullable=True),
        Column("price_amount", "number", "price", "currency", nullable=True, minimum=0),
        Column("currency", "string", "ISO 4217 code", nullable=True, pattern=r"^[A-Z]{3}$"),
        Column("minimum_os_version", "string", "oldest system it runs on", nullable=True),
        Column("release_notes", "string", "what is new, as the seller says", nullable=True),
        Column("app_released_on", "date", "first release of the app", nullable=True),
    ),
    key=("store", "app_id", "storefront", "version"),
    bitemporal=True,
)

APP_INSTALLS = Table(
    "app_installs",
    "How often apps were installed, world-wide and since their release, as a bracket by day.",
    (
        STORE,
        Column("app_id", "string", "package name"),
        Column("observed_on", "date", "day of the look-up"),
        Column("app_name", "string", "name at that day"),
        Column("installs_printed", "string", "as printed, such as 1,000,000+", nullable=True),
        Column("installs_low", "integer", "at least so many", "installs", minimum=0),
        Column(
            "installs_high",
            "integer",
            "at most so many: one less than the store's next bracket",
            "installs",
            nullable=True,
            minimum=0,
        ),
        Column(
            "installs_counted",
            "integer",
            "count in the page's data, which the page does not show",
            "installs",
            nullable=True,
            minimum=0,
        ),
    ),
    key=("store", "app_id", "observed_on"),
    checks=(
        RowCheck(
            "bracket_upside_down",
            "the lower bound is above the upper one",
            not_above("installs_low", "installs_high"),
        ),
        RowCheck(
            "count_outside_bracket",
            "the count lies outside the printed bracket",
            between("installs_counted", "installs_low", "installs_high"),
            "flag",
        ),
    ),
    observed="observed_on",
)
