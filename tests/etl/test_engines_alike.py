"""One definition of every mart: the same rows from DuckDB and from PySpark."""

# pyright: basic

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from etl import elsewhere, engines, growth_sql
from etl.analytics.periods import Calendar, Offsets
from etl.config import Settings
from etl.errors import InputError
from etl.marts import funnel
from etl.marts import growth as expressions
from etl.marts.activity import Definition
from etl.marts.retention import RULES, RetentionSpec, retention
from etl.simulate import Parameters, simulate
from etl.warehouse import SnapshotReader

# The start of Java takes long: early, so that no worker is left with it at the end.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pyspark"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
USERS, DAYS = 800, 45
# Compiling what is to be done with a few rows would take longer than doing it.
SMALL = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Parquet files of a small made-up history."""
    out = tmp_path_factory.mktemp("history") / "made"
    simulate(Parameters(users=USERS, days=DAYS, seed=5), out, workers=1)
    return out / "product_events"


@pytest.fixture(scope="module")
def spark() -> Any:
    """Return PySpark on this machine."""
    pytest.importorskip("pyspark", reason="PySpark is not installed (extra spark)")
    if not shutil.which("java"):
        pytest.skip("no Java runtime")
    backend = engines.connect("pyspark", **SMALL)
    yield backend
    backend.disconnect()


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with engines.scratch(tmp_path_factory.mktemp("scratch")) as con:
        yield engines.over(con)


def both(history: Path, duck: Any, spark: Any) -> tuple[Any, Any]:
    columns = list(growth_sql.events_schema())
    return (
        duck.read_parquet(f"{history}/**/*.parquet").select(columns),
        spark.read_parquet(str(history)).select(columns),
    )


def rows(expression: Any) -> list[str]:
    return sorted(str(row) for row in expression.to_pyarrow().to_pylist())


def test_marts_are_the_same_to_the_row(history: Path, duck: Any, spark: Any):
    names = {"install", "session_start", "image", "paywall", "trial", "purchase", "renewal"}
    definition = Definition.of(names, has_sessions=True)
    steps = funnel.steps_among(names)
    here, there = (
        expressions.cells(events, definition, steps) for events in both(history, duck, spark)
    )
    for name in expressions.CELLS:
        first = rows(here[name])
        assert first
        assert first == rows(there[name]), name


def test_pauses_make_the_same_sessions(history: Path, duck: Any, spark: Any):
    definition = Definition.of({"install"}, has_sessions=False)
    here, there = (
        expressions.cells(events, definition, ())["daily_activity"]
        for events in both(history, duck, spark)
    )
    assert rows(here) == rows(there)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_retention_is_the_same(history: Path, duck: Any, spark: Any, rule: Any):
    daily = rule in ("n_day_24h", "rolling_window")
    spec = RetentionSpec(
        target="install",
        returning="session_start",
        rule=rule,
        cohort="recurring" if rule == "bracket" else "first_time",
        calendar=Calendar("day" if daily else "week", "sunday"),
        horizon=9,
        offsets=Offsets(9 * 3600, ((1_738_000_000, 8 * 3600),)),
        brackets=((1, 1), (2, 4)) if rule == "bracket" else (),
    )
    here, there = (retention(events, spec, by="channel") for events in both(history, duck, spark))
    assert rows(here) == rows(there)


def test_counts_from_elsewhere_are_published_beside_the_others(
    history: Path, tmp_path: Path, spark: Any
):
    settings = Settings(data_dir=tmp_path)
    for source, engine, place in (
        ("on_spark", "pyspark", str(history)),
        ("here", "duckdb", f"{history}/**/*.parquet"),
    ):
        asked = elsewhere.Question(engine, place, source, "simulated", {})
        assert [e.status for e in elsewhere.count(settings, asked)] == ["ok"]
    reader = SnapshotReader(tmp_path)
    told = reader.query("SELECT source, engine, n_users, evidence_kind FROM growth_definitions")
    assert sorted(told.itertuples(index=False, name=None)) == [
        ("here", "duckdb", USERS, "simulated"),
        ("on_spark", "pyspark", USERS, "simulated"),
    ]
    for table in expressions.CELLS:
        frame = reader.query(f"FROM {table}")
        columns = [c for c in frame.columns if c != "source"]
        here, there = (
            sorted(map(str, frame.loc[frame["source"] == s, columns].to_numpy().tolist()))
            for s in ("here", "on_spark")
        )
        assert here == there


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": "certain"}, "--evidence"),
        ({"source": "stock_prices"}, "--source"),
        ({"events": "no such table!"}, "Parquet files or the name of a table"),
        ({"engine": "abacus"}, "abacus"),
    ],
)
def test_a_question_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, str], said: str):
    plain = {"engine": "duckdb", "events": "x.parquet", "source": "x", "evidence": "measured"}
    with pytest.raises(InputError, match=said):
        elsewhere.count(Settings(data_dir=tmp_path), elsewhere.Question(**(plain | change)))
