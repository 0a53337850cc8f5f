"""Every table once: columns with units, keys and checks.

One definition feeds the DuckDB tables, the checks at the frame boundary and the data dictionary.
Frames that cross a boundary have the columns of :meth:`Table.frame_columns`; dates are naive
midnight ``datetime64``, instants are UTC ``datetime64``, missing values are missing and never zero.
"""

from __future__ import annotations

from etl.schemas.apps import (
    APP_CHART_RANKS,
    APP_INSTALLS,
    APP_RATING_COUNTS,
    APP_VERSIONS,
    APPS,
)
from etl.schemas.base import (
    DUCKDB_TYPES,
    EVIDENCE_KINDS,
    IBIS_TYPES,
    MACHINERY,
    PROVENANCE,
    VALIDITY,
    Column,
    ColumnType,
    RowCheck,
    Table,
)
from etl.schemas.compute import COMPUTE_BENCHMARKS, COMPUTE_LOADS, PUBLISHED_BENCHMARKS
from etl.schemas.facts import DISCLOSED_FACTS, GPUS, NET_PROCEEDS
from etl.schemas.growth import (
    ACQUISITION_SPEND,
    GPU_BILLS,
    PRODUCT_EVENTS,
    SUBSCRIPTION_TRANSACTIONS,
)
from etl.schemas.ledgers import ETL_RUNS, IMPORTED_FILES, LAKE_DAYS, QUARANTINE, SOURCES
from etl.schemas.market import (
    CONCEPT_GROUPS,
    FINANCIALS,
    FX_RATES,
    INSTRUMENTS,
    MARKET_EVENTS,
    STOCK_PRICES,
    WAVES,
)
from etl.schemas.market_extras import (
    CORPORATE_ACTIONS,
    FACTOR_SERIES,
    INTRADAY_PRICES,
    SHARE_TURNOVER,
    SHARES_OUTSTANDING,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        STOCK_PRICES,
        CORPORATE_ACTIONS,
        INTRADAY_PRICES,
        FACTOR_SERIES,
        SHARES_OUTSTANDING,
        SHARE_TURNOVER,
        FX_RATES,
        INSTRUMENTS,
        APPS,
        MARKET_EVENTS,
        DISCLOSED_FACTS,
        FINANCIALS,
        CONCEPT_GROUPS,
        WAVES,
        NET_PROCEEDS,
        GPUS,
        COMPUTE_BENCHMARKS,
        COMPUTE_LOADS,
        PUBLISHED_BENCHMARKS,
        APP_RATING_COUNTS,
        APP_CHART_RANKS,
        APP_VERSIONS,
        APP_INSTALLS,
        SUBSCRIPTION_TRANSACTIONS,
        ACQUISITION_SPEND,
        GPU_BILLS,
        LAKE_DAYS,
        SOURCES,
        ETL_RUNS,
        QUARANTINE,
        IMPORTED_FILES,
    )
}
"""All tables of the warehouse file by name."""

LAKE_TABLES: dict[str, Table] = {PRODUCT_EVENTS.name: PRODUCT_EVENTS}
"""Tables that lie as Parquet in the event lake."""

__all__ = [
    "ACQUISITION_SPEND",
    "APPS",
    "APP_CHART_RANKS",
    "APP_INSTALLS",
    "APP_RATING_COUNTS",
    "APP_VERSIONS",
    "COMPUTE_BENCHMARKS",
    "COMPUTE_LOADS",
    "CONCEPT_GROUPS",
    "CORPORATE_ACTIONS",
    "DISCLOSED_FACTS",
    "DUCKDB_TYPES",
    "ETL_RUNS",
    "EVIDENCE_KINDS",
    "FACTOR_SERIES",
    "FINANCIALS",
    "FX_RATES",
    "GPUS",
    "GPU_BILLS",
    "IBIS_TYPES",
    "IMPORTED_FILES",
    "INSTRUMENTS",
    "INTRADAY_PRICES",
    "LAKE_DAYS",
    "LAKE_TABLES",
    "MACHINERY",
    "MARKET_EVENTS",
    "NET_PROCEEDS",
    "PRODUCT_EVENTS",
    "PROVENANCE",
    "PUBLISHED_BENCHMARKS",
    "QUARANTINE",
    "SHARES_OUTSTANDING",
    "SHARE_TURNOVER",
    "SOURCES",
    "STOCK_PRICES",
    "SUBSCRIPTION_TRANSACTIONS",
    "TABLES",
    "VALIDITY",
    "WAVES",
    "Column",
    "ColumnType",
    "RowCheck",
    "Table",
]
