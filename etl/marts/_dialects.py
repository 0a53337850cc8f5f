"""What Ibis 12 says slowly or not at all in two dialects, mended before any mart is compiled.

DuckDB: seconds since 1970 go through a time zone's calendar and a float, which takes as long as all
the rest of a count. Spark: it gathers bits, which Ibis knows of Databricks alone.
"""

from __future__ import annotations

from typing import Any

import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler


def teach() -> None:
    """Mend both dialects; repeated, it changes nothing."""
    duckdb: Any = DuckDBCompiler
    duckdb.visit_ExtractEpochSeconds = _whole_seconds
    spark: Any = PySparkCompiler
    spark.visit_BitOr = _bit_or


def _whole_seconds(self: Any, _: Any, *, arg: Any) -> Any:
    return sge.IntDiv(this=self.f.epoch_us(arg), expression=sge.convert(1_000_000))


def _bit_or(self: Any, _: Any, *, arg: Any, where: Any) -> Any:
    return self.agg.bit_or(arg, where=where)
