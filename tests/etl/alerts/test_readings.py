"""Each kind of rule reads raised, between, clear and unknown from small made-up tables."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from etl.alerts import readings_own, words
from etl.alerts.reading import Look
from etl.alerts.readings import readings
from etl.alerts.rules_file import parse
from etl.errors import InputError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Tables:
    """A reader over tables of the test."""

    def __init__(self) -> None:
        self.con = duckdb.connect()

    def put(self, name: str, rows) -> None:
        frame = pd.DataFrame(rows)
        self.con.register("given", frame)
        days = [one for one in frame if one.endswith(("_on", "_day", "_date"))]
        cast = ", ".join(f"{day}::DATE AS {day}" for day in days)
        chosen = f"* REPLACE ({cast})" if days else "*"
        self.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {chosen} FROM given")

    def query(self, sql: str, parameters=()) -> pd.DataFrame:
        with warnings.catch_warnings():
            # DuckDB 1.5 turns some results into frames by a deprecated call.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.con.execute(sql, list(parameters)).df()


@pytest.fixture
def tables():
    return Tables()


@pytest.fixture
def read(tables, tmp_path):
    """Return a function that reads one rule: ``read(kind="…", …)``."""

    def reading(now=NOW, **rule):
        (held,) = parse({"rules": [{"name": "r", **rule}]}, "here")
        return readings(held, Look(tables, tmp_path, now))  # pyright: ignore

    return reading


# Charts.

TOP = {"kind": "app_enters_top", "app": "com.lensa", "storefront": "US", "top": 10, "leaves": 15}


@pytest.fixture
def chart(tables):
    """Return a function that publishes one reading of a chart."""
    apps = {"app_id": ["143"], "bundle_id": ["com.lensa"], "app_name": ["Lensa"]}
    tables.put("apps", apps | {"app_name_zh": [None]})
    held = []

    def published(day, rank, depth=100):
        told = {"observed_on": pd.Timestamp(day), "storefront": "US", "chart_type": "free"}
        told |= {"category": "overall", "chart_depth": depth, "track_id": "x", "source": "apple"}
        told |= {"source_url": "https://a", "evidence_kind": "measured"}
        ranks = [(1, "com.other")] if rank != 1 else []
        ranks += [(rank, "com.lensa")] if rank else []
        held.extend({**told, "rank": place, "app_id": app} for place, app in ranks)
        tables.put("app_chart_ranks", held)

    return published


@pytest.mark.parametrize("app", ["com.lensa", "143"])
@pytest.mark.parametrize(
    ("rank", "depth", "level"),
    [
        (1, 100, "raised"),
        (10, 100, "raised"),
        (11, 100, "between"),
        (15, 100, "between"),
        (16, 100, "clear"),
        (None, 100, "clear"),
        (None, 15, "clear"),
        (None, 14, "unknown"),
        (None, 5, "unknown"),
    ],
)
def test_a_position_beside_its_two_lines(read, chart, app, rank, depth, level):
    chart("2026-11-22", rank, depth)
    (found,) = read(**TOP | {"app": app})
    assert (found.level, found.value) == (level, rank)
    assert found.link == "/attention?apps=143&chart=free&category=overall"


@pytest.mark.parametrize(
    ("rank", "depth", "level", "why"),
    [
        (3, 15, "raised", ""),
        (3, 12, "raised", "read 12 deep, leaves 15 cannot be seen: set leaves to 12 or collect"),
        (None, 12, "unknown", "read 12 deep, leaves 15 cannot be seen: set leaves to 12 or"),
        (None, 5, "unknown", "read 5 deep, top 10 cannot be seen: set top and leaves to 5 or"),
    ],
)
def test_an_end_that_cannot_be_seen_is_said_in_words(read, chart, rank, depth, level, why):
    chart("2026-11-22", rank, depth)
    (found,) = read(**TOP)
    assert found.level == level
    assert why in found.reason
    assert bool(found.reason) is bool(why)
    in_chinese = words.reason(found.reason, "zh")
    assert (str(depth) in in_chinese) is bool(why)
    assert "chart" not in in_chinese


def test_only_the_newest_reading_counts_and_none_of_a_later_day(read, chart):
    chart("2026-11-20", 3)
    chart("2026-11-22", 40)
    chart("2026-11-25", 1)
    (found,) = read(**TOP)
    assert (found.level, found.as_of) == ("clear", date(2026, 11, 22))
    assert read(now=NOW + timedelta(days=3), **TOP)[0].level == "raised"


def test_an_app_that_is_not_held_is_named_with_the_nearest(read, chart):
    chart("2026-11-22", 3)
    with pytest.raises(InputError, match=r"com\.lensa"):
        read(**TOP | {"app": "com.lense"})


# Shares.


@pytest.fixture
def shares(tables):
    """Return a function that publishes bars whose last day moves by so many daily sigmas."""

    def published(*moves, n_days=200):
        days = pd.bdate_range(end="2026-11-20", periods=n_days)
        rng = np.random.default_rng(3)
        market = rng.normal(0, 0.01, n_days)
        rows, named = [], []
        for at, (ticker, move) in enumerate([("^M", None), *enumerate_names(moves)]):
            change = market if move is None else market + rng.normal(0, 0.01, n_days)
            if move is not None:
                change[-1] = market[-1] + 0.01 * move
                named.append({"ticker": ticker, "instrument_type": "equity", "benchmark": "^M"})
            close = 100 * np.exp(np.cumsum(change))
            told = {"ticker": ticker, "adjustment": "dividend_adjusted", "source_url": f"u{at}"}
            rows += [
                {**told, "trade_date": day, "adjusted_close": price}
                for day, price in zip(days, close, strict=True)
            ]
        tables.put("stock_prices", rows)
        tables.put("instruments", named)

    return published


def enumerate_names(moves):
    return [(f"S{at}", move) for at, move in enumerate(moves)]


def test_returns_of_several_shares_are_read_at_once(read, shares):
    shares(6, 2.2, 0.3, -6)
    found = read(kind="abnormal_return", sigmas=3)
    assert [one.level for one in found] == ["raised", "between", "clear", "raised"]
    assert [one.told["t"] for one in found] == pytest.approx([6, 2.2, 0.3, -6], rel=0.25)
    assert found[0].evidence_kind == "estimated"
    assert found[0].link == "/market?ticker=S0"


def test_a_share_alone_is_read_as_among_others(read, shares):
    shares(6, 2.2)
    (alone,) = read(kind="abnormal_return", tickers=["S1"])
    assert alone == read(kind="abnormal_return")[1]


@pytest.mark.parametrize(("language", "day"), [("en", "20 Nov 2026"), ("zh", "2026年11月20日")])
def test_a_return_is_told_with_its_day(read, shares, language, day):
    shares(6)
    (found,) = read(kind="abnormal_return")
    assert day in words.sentence(found, language)
    assert day in words.sentence(found, language, is_raised=False)


def test_a_day_that_is_long_over_is_raised_no_more(read, shares):
    shares(6)
    (within,) = read(now=datetime(2026, 11, 27, 12, tzinfo=UTC), kind="abnormal_return")
    (found,) = read(now=datetime(2026, 11, 28, 12, tzinfo=UTC), kind="abnormal_return")
    assert (within.level, found.level) == ("raised", "unknown")
    assert found.reason.startswith("the last bar is of 2026-11-20, more than 7 days ago")
    assert (
        words.reason(found.reason, "zh")
        == "最后一条行情为 2026-11-20，已超过 7 天：请采集更新的行情"
    )


def test_bars_of_a_later_day_are_not_looked_at(read, shares):
    shares(6)
    (found,) = read(now=datetime(2026, 11, 19, 12, tzinfo=UTC), kind="abnormal_return")
    assert found.as_of == date(2026, 11, 19)
    assert found.level != "raised"


def test_too_few_bars_are_unknown(read, shares):
    shares(6, n_days=50)
    (found,) = read(kind="abnormal_return")
    assert found.level == "unknown"
    assert "cannot be measured" in found.reason


def test_a_share_without_a_benchmark_is_unknown(read, shares, tables):
    shares(6)
    tables.con.execute("UPDATE instruments SET benchmark = NULL")
    (found,) = read(kind="abnormal_return")
    assert (found.level, found.reason) == ("unknown", "no benchmark is named for this share")


# Cohorts.

MONDAYS = [date(2026, 9, 28) + timedelta(weeks=n) for n in range(6)]
STAYS = {"kind": "retention_drop", "source": "app", "day": 1}


@pytest.fixture
def cohorts(tables):
    """Return a function that publishes weekly cohorts: how many of ``size`` came back."""

    def published(*back, size=1_000, last=None):
        begun = [day + timedelta(days=2) for day in MONDAYS[: len(back)]]
        last_whole = last or begun[-1] + timedelta(days=30)
        known = {"source": "app", "evidence_kind": "simulated", "last_whole_day": [last_whole]}
        tables.put(
            "growth_definitions", pd.DataFrame(known).astype({"last_whole_day": "datetime64[s]"})
        )
        sizes = [{"source": "app", "begun_on": pd.Timestamp(day), "size": size} for day in begun]
        tables.put("paid_conversion", sizes)
        cube = [
            {
                "source": "app",
                "begun_on": pd.Timestamp(day),
                "active_on": pd.Timestamp(day + timedelta(days=1)),
                "n_users": n,
            }
            for day, n in zip(begun, back, strict=True)
        ]
        tables.put("cohort_cube", cube)

    return published


@pytest.mark.parametrize(
    ("newest", "level"), [(300, "raised"), (365, "between"), (390, "clear"), (450, "clear")]
)
def test_the_newest_cohort_beside_those_before_it(read, cohorts, newest, level):
    cohorts(400, 400, 400, newest)
    (found,) = read(**STAYS)
    assert (found.level, found.value) == (level, newest / 1_000)
    assert found.evidence_kind == "simulated"
    assert found.told["week"] == MONDAYS[3].isoformat()


def test_a_week_that_has_not_had_its_time_is_not_compared(read, cohorts):
    sunday = MONDAYS[3] + timedelta(days=6)
    cohorts(400, 400, 400, 0, last=sunday)
    assert read(**STAYS)[0].told["week"] == MONDAYS[2].isoformat()
    cohorts(400, 400, 400, 0, last=sunday + timedelta(days=1))
    assert read(**STAYS)[0].level == "raised"
    (then,) = read(now=datetime.combine(sunday, NOW.time(), UTC), **STAYS)
    assert then.told["week"] == MONDAYS[2].isoformat()


def test_small_or_lone_cohorts_are_unknown(read, cohorts):
    cohorts(20, 20, 0, size=49)
    assert "fewer than 50" in read(**STAYS)[0].reason
    cohorts(400)
    assert "fewer than two" in read(**STAYS)[0].reason


# Costs, scenarios, questions, sources.


def test_the_cost_of_pictures_is_assumed_for_its_price_is(read, tables):
    told = {"device_name": "H", "status": "measured", "source_url": "u"}
    old = {**told, "cell": "sdxl/a", "images_per_second": 0.01, "evidence_kind": "measured"}
    old["measured_at"] = pd.Timestamp("2026-11-01", tz="UTC")
    new = {**old, "images_per_second": 2.0, "measured_at": pd.Timestamp("2026-11-02", tz="UTC")}
    tables.put("compute_benchmarks", [old, new])
    rule = {"kind": "cost_crosses", "cell": "sdxl", "hourly_price_usd": 3.6, "utilisation": 0.5}
    (found,) = read(**rule, above=0.9)
    assert found.value == pytest.approx(1_000 * 3.6 / 3_600 / 2 / 0.5)
    assert (found.level, found.evidence_kind) == ("raised", "assumed")
    assert words.proof(found, "en").endswith("and 50% mean use assumed; u")
    assert words.proof(found, "zh").endswith("为假设；u")
    assert read(**rule, above=1.1)[0].level == "clear"
    with pytest.raises(InputError, match="device 'X'"):
        read(**rule, above=1, device="X")
    with pytest.raises(InputError, match="cell 'flux'"):
        read(**rule | {"cell": "flux"}, above=1)


OWN = {"kind": "query_crosses", "above": 10, "clear": 8, "unit": "rows"}


def ask(read, what: str):
    return read(**OWN, question=f"SELECT {what}")


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("11", "raised"),
        ("9", "between"),
        ("8", "clear"),
        ("NULL", "unknown"),
        ("'nan'::DOUBLE", "unknown"),
        ("'inf'::DOUBLE", "unknown"),
    ],
)
def test_an_answer_beside_its_two_lines(read, value, level):
    (found,) = ask(read, f"'a' AS subject, {value} AS value")
    assert (found.level, found.subject) == (level, "a")


def test_an_answer_without_a_kind_of_evidence_counts_as_assumed(read):
    (found,) = ask(read, "'a' AS subject, 1 AS value, NULL AS evidence_kind")
    assert found.evidence_kind == "assumed"
    (found,) = ask(read, "'a' AS subject, 1 AS value, 'measured' AS evidence_kind")
    assert found.evidence_kind == "measured"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("SELECT source AS subject, count(*) AS value FROM quarantine GROUP BY source", "measured"),
        ("SELECT 'n' AS subject, count(*) AS value FROM real", "measured"),
        ("SELECT 'n' AS subject, count(*) AS value FROM said", "disclosed"),
        ("SELECT 'n' AS subject, (SELECT count(*) FROM real) AS value FROM said", "estimated"),
        ("SELECT 'n' AS subject, count(*) AS value FROM drawn", "simulated"),
        ("SELECT 'n' AS subject, count(*) AS value FROM real, drawn", "simulated"),
        ("SELECT 'n' AS subject, count(*) AS value FROM cohort_cube", "simulated"),
        ("SELECT 'n' AS subject, count(*) AS value FROM real, bare", "assumed"),
        ("WITH bare AS (FROM said) SELECT 'n' AS subject, 1 AS value FROM bare", "disclosed"),
        ("SELECT 'n' AS subject, 3 AS value", "assumed"),
        ("SELECT 'n' AS subject, 1 AS value, 'simulated' AS evidence_kind FROM real", "simulated"),
    ],
)
def test_an_answer_bears_the_evidence_of_the_rows_that_it_was_counted_from(
    read, tables, question, kind
):
    for name, own in (("real", "measured"), ("said", "disclosed"), ("drawn", "simulated")):
        tables.put(name, [{"x": 1, "evidence_kind": own}])
    tables.put("bare", [{"x": 1}])
    tables.put("quarantine", [{"source": "apple"}])
    tables.put("cohort_cube", [{"source": "app"}])
    tables.put("growth_definitions", [{"source": "app", "evidence_kind": "simulated"}])
    assert read(**OWN, question=question)[0].evidence_kind == kind


@pytest.mark.parametrize(
    "what",
    [
        "1 AS value",
        "NULL AS subject, 1 AS value",
        "'' AS subject, 1 AS value",
        "repeat('x', 201) AS subject, 1 AS value",
        "'a' AS subject, unnest([1, 2]) AS value",
        "'a' AS subject, 'b' AS value",
        "'a' AS subject, 1 AS value, 'soon' AS as_of",
        "'a' AS subject, 1 AS value, 'certain' AS evidence_kind",
        "unnest(range(501)) AS subject, 1 AS value",
    ],
)
def test_an_answer_that_is_none_names_its_rule(read, what):
    with pytest.raises(InputError, match=r"\br\b"):
        ask(read, what)


def test_a_subject_stands_on_one_line(read):
    (found,) = ask(read, "E'a\\n b' AS subject, 1 AS value")
    assert found.subject == "a b"


@pytest.mark.parametrize(
    "question",
    [
        "DROP TABLE apps",
        "SELECT 1 AS subject, 1 AS value; SELECT 2",
        "COPY apps TO '/tmp/x'",
        "SELECT content AS subject, 1 AS value FROM read_text('/etc/hostname')",
    ],
)
def test_only_one_select_over_the_published_tables_is_asked(published, tmp_path, question):
    from etl.warehouse import SnapshotReader

    (rule,) = parse({"rules": [{"name": "r", **OWN, "question": question}]}, "here")
    with pytest.raises(InputError):
        readings(rule, Look(SnapshotReader(published), tmp_path, NOW))


def test_a_scenario_is_read_with_its_weakest_evidence(published, tmp_path):
    from etl.warehouse import SnapshotReader

    told = {"name": "r", "kind": "scenario_crosses", "scenario": "meitu-2024", "below": 0}
    look = Look(SnapshotReader(published), tmp_path, NOW)
    (found,) = readings(parse({"rules": [told]}, "here")[0], look)
    assert (found.level, found.evidence_kind) == ("clear", "estimated")
    lensa = told | {"scenario": "lensa-2022", "step": "curiosity_to_cash"}
    with pytest.raises(InputError, match="step"):
        readings(parse({"rules": [lensa]}, "here")[0], look)


def test_sources_that_failed_aged_or_never_ran(read, monkeypatch):
    status = pd.DataFrame(
        {
            "source": ["old", "torn", "fine", "fixed", "never"],
            "last_status": ["ok", "failed", "ok", "ok", None],
            "stale": pd.array([True, None, False, None, None], dtype="boolean"),
            "last_observation": [pd.Timestamp("2026-01-01")] * 4 + [pd.NaT],
            "last_error": [None, "no\n network", "an older one", None, None],
        }
    )
    monkeypatch.setattr(readings_own.pipeline, "status", lambda *_: status)
    levels = {one.subject: one.level for one in read(kind="source_stale")}
    assert levels == {"old": "raised", "torn": "raised", "fine": "clear"}
    torn, never = read(kind="source_stale", sources=["torn", "never"])
    assert torn.told == {"has_failed": True, "error": "no network"}
    assert (never.level, never.reason) == ("unknown", "this source was never collected")
