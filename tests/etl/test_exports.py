"""Rows that may not be passed on never leave through an export, by whatever door."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import artonomics
from etl import exports, marts, pipeline, sources, workbooks
from etl.config import Settings, bundled_dir
from etl.errors import InputError
from etl.schemas import STOCK_PRICES, TABLES
from etl.sources import Raw, Request, stock_prices
from etl.warehouse import SnapshotReader

TICKER = "1357.HK"
SECRET = 123.45678
"""A close that only the live source gave."""
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def bars() -> pd.DataFrame:
    """Return two bundled days at another price, one new day, and one row that is rejected."""
    days = pd.to_datetime(["2022-12-06", "2022-12-07", "2026-11-20", "2026-11-21"])
    prices = [SECRET, SECRET, SECRET, SECRET]
    return pd.DataFrame({name: prices for name in ("open", "high", "low", "close")}).assign(
        trade_date=days,
        low=[SECRET, SECRET, SECRET, 98765.4321],  # the last one lies above its high
        ticker=TICKER,
        raw_close=SECRET,
        adjusted_close=SECRET,
        volume=1.0,
        currency="HKD",
        adjustment="split_adjusted_with_dividend_adjusted_close",
    )


def live_prices(rows: pd.DataFrame) -> Any:
    """Return the source as it is run live, over made-up bars."""

    class Module:
        INFO, LIVE = stock_prices.INFO, stock_prices.LIVE

        @staticmethod
        def fetch(request: Request) -> Raw:
            return Raw(rows, "live", request.now)

        @staticmethod
        def parse(raw: Raw) -> pd.DataFrame:
            from etl.sources._snapshot import shape

            return shape(
                STOCK_PRICES, raw.payload, raw, evidence_kind="measured", source_url="https://x"
            )

    return Module


@pytest.fixture(scope="module")
def mixed(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that holds bundled bars and, over some of them, live ones."""
    data = tmp_path_factory.mktemp("mixed")
    shutil.copytree(published / "warehouse", data / "warehouse")
    with pytest.MonkeyPatch.context() as patch:
        own = sources.load
        patch.setattr(
            sources,
            "load",
            lambda name: live_prices(bars()) if name == "stock_prices" else own(name),
        )
        done = pipeline.run(Settings(data_dir=data), ["stock_prices"], offline=False, now=NOW)
    assert (done[0].status, done[0].rows_new, done[0].rows_changed) == ("ok", 1, 2)
    return data


@pytest.fixture
def ask(mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTONOMICS_DATA", str(mixed))

    def run(*tokens: str) -> tuple[int, str, str]:
        status = artonomics.run_command(["sql", *tokens])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_live_bars_stand_under_a_name_and_terms_of_their_own(mixed: Path):
    reader = SnapshotReader(mixed)
    counts = reader.query(
        "SELECT source, count(*) AS n FROM stock_prices WHERE ticker = ? GROUP BY ALL ORDER BY ALL",
        [TICKER],
    )
    terms = reader.query("SELECT source, redistributable FROM sources").set_index("source")
    assert dict(zip(counts["source"], counts["n"], strict=True))["yahoo_prices"] == 3
    assert terms.loc["yahoo_prices", "redistributable"] == "no"
    assert terms.loc["stock_prices", "redistributable"] == "facts only"


def test_an_export_falls_back_to_the_version_that_may_be_passed_on(published: Path, mixed: Path):
    question = "SELECT * EXCLUDE (valid_to) FROM stock_prices ORDER BY ticker, trade_date"
    before = SnapshotReader(published).query(question)
    after = SnapshotReader(mixed, for_export=True).query(question)
    pd.testing.assert_frame_equal(after, before)


def test_returns_are_derived_again_from_what_is_left(published: Path, mixed: Path):
    question = "SELECT * FROM daily_returns ORDER BY ticker, trade_date"
    before = SnapshotReader(published).query(question)
    pd.testing.assert_frame_equal(SnapshotReader(mixed, for_export=True).query(question), before)
    assert not SnapshotReader(mixed).query(question).equals(before)


@pytest.mark.parametrize("table", [*TABLES, *marts.TABLES])
def test_no_table_shows_the_secret(mixed: Path, table: str):
    names = [table] + ([f"{table}_history"] if TABLES.get(table, STOCK_PRICES).bitemporal else [])
    reader = SnapshotReader(mixed, for_export=True)
    for name in names if table in TABLES else [table]:
        text = reader.query(f"FROM {name}").to_csv()
        assert str(SECRET) not in text
        assert "98765.4321" not in text


@pytest.mark.parametrize(
    "question",
    [
        "SELECT max(close) FROM main.stock_prices WHERE ticker = '1357.HK' AND close = 123.45678",
        "SELECT * FROM query_table('stock_prices_history') WHERE close = 123.45678",
        "SELECT * FROM stock_prices_as_of(now()) WHERE close = 123.45678",
        "WITH x AS (FROM stock_prices_history) FROM x WHERE close = 123.45678",
        "SELECT payload FROM quarantine WHERE payload LIKE '%123.45678%'",
    ],
)
def test_no_way_of_asking_leads_around_it(mixed: Path, question: str):
    plain = SnapshotReader(mixed).query(question)
    assert not plain.dropna(how="all").empty
    assert SnapshotReader(mixed, for_export=True).query(question).dropna(how="all").empty


def test_the_snapshot_behind_the_views_has_another_name_each_time(mixed: Path):
    question = "SELECT database_name FROM duckdb_databases() WHERE NOT internal ORDER BY 1"
    names = [
        SnapshotReader(mixed, for_export=True).query(question)["database_name"].tolist()
        for _ in range(2)
    ]
    assert names[0] != names[1]
    with pytest.raises(InputError):
        SnapshotReader(mixed, for_export=True).query("FROM artonomics.main.stock_prices")


def test_an_export_reads_no_file(mixed: Path, tmp_path: Path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(InputError):
        SnapshotReader(mixed, for_export=True).query(f"FROM read_csv('{tmp_path / 'x.csv'}')")


QUESTION = f"SELECT trade_date, close, source FROM stock_prices WHERE ticker = '{TICKER}'"


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_command_exports_without_them_and_says_so(ask: Any, form: str):
    status, out, err = ask(QUESTION, "--format", form)
    assert status == 0
    assert str(SECRET) not in out
    assert "3 rows of yahoo_prices in stock_prices" in err


def test_json_and_files_are_exports_and_the_terminal_is_none(ask: Any, tmp_path: Path):
    assert str(SECRET) not in ask(QUESTION, "--json")[1]
    ask(QUESTION, "--out", str(tmp_path / "out.json"))
    ask(QUESTION, "--format", "parquet", "--out", str(tmp_path / "out.parquet"))
    assert str(SECRET) not in json.dumps(json.loads((tmp_path / "out.json").read_text()))
    assert SECRET not in pd.read_parquet(tmp_path / "out.parquet")["close"].tolist()
    table = ask(f"{QUESTION} AND close > 100")
    assert "123.457" in table[1]
    assert table[2] == ""


def test_a_workbook_is_an_export_that_says_where_it_comes_from(ask: Any, tmp_path: Path):
    out = tmp_path / "answer.xlsx"
    wide = "SELECT trade_date, close, source FROM stock_prices WHERE ticker = '1357.HK'"
    status, _, told = ask(wide, "--format", "xlsx", "--out", str(out))
    assert status == 0
    assert "left out" in told
    book = openpyxl.load_workbook(out)
    values = list(book["Data"].iter_rows(values_only=True))
    assert values[0] == ("trade_date", "close", "source")
    assert SECRET not in [row[1] for row in values]
    about = [row for row in book["Provenance"].iter_rows(values_only=True) if row[0]]
    facts = [row[:2] for row in about]
    assert ("Question", wide) in facts
    assert ("Source", "stock_prices") in facts
    assert any(name == "Left out" and "yahoo_prices" in str(said) for name, said in facts)
    assert {"Data version", "Data published", "Program", "Table"} <= {row[0] for row in about}
    unit = next(row[2] for row in about if row[0] == "close")
    assert unit == "currency per share"


def test_a_workbook_is_not_written_onto_a_terminal(ask: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    status, _, told = ask("SELECT 1 AS x", "--format", "xlsx")
    assert (status, "--out FILE" in told) == (2, True)


def test_more_rows_than_a_sheet_holds_are_refused():
    about = workbooks.About([], [], NOW)
    with pytest.raises(InputError, match="which a sheet holds"):
        workbooks.workbook(pd.DataFrame({"x": range(workbooks.MAX_ROWS + 1)}), about)


def test_where_nothing_is_left_the_export_is_refused(ask: Any):
    status, out, err = ask(f"{QUESTION} AND close = {SECRET}", "--format", "csv")
    assert (status, out) == (2, "")
    assert "only rows that may not be passed on (3 rows of yahoo_prices" in err


def test_an_answer_that_is_empty_by_itself_is_no_error(ask: Any):
    assert ask("SELECT * FROM stock_prices WHERE ticker = 'NONE'", "--format", "csv")[0] == 0


def test_a_question_about_other_tables_says_nothing(ask: Any):
    assert ask("SELECT count(*) FROM gpus", "--format", "csv")[2] == ""


def test_every_mart_is_rebuilt_or_filtered_by_source_or_holds_no_value_of_one():
    assert set(marts.TABLES) == {*marts.REBUILT, *marts.PASSED, *marts.SOURCED}


def test_nothing_is_left_out_of_the_bundled_snapshot(published: Path):
    assert SnapshotReader(published, for_export=True).left_out().empty


def test_the_status_follows_the_live_values(mixed: Path):
    told = pipeline.status(SnapshotReader(mixed), NOW).set_index("source")["last_observation"]
    assert told["stock_prices"] == pd.Timestamp("2026-11-20")


def test_rejected_live_rows_wait_under_their_own_name(mixed: Path):
    waiting = SnapshotReader(mixed).query("SELECT source FROM quarantine")
    assert "yahoo_prices" in set(waiting["source"])


def test_every_source_tells_its_terms():
    for name in sources.names():
        module = sources.load(name)
        for info in filter(None, (module.INFO, getattr(module, "LIVE", None))):
            assert info.licence, info.name
            assert info.redistributable in {"yes", "facts only", "no"}


def test_left_out_rows_are_found_behind_derived_tables():
    left = pd.DataFrame({"source": ["x"], "table_name": ["stock_prices"], "n_rows": [1234]})
    assert exports.words(exports.about(left, "select 1 from daily_returns")) == [
        "1,234 rows of x in stock_prices"
    ]
    assert exports.about(left, "from gpus").empty


def test_the_bundled_request_is_not_live():
    raw = stock_prices.fetch(Request(True, bundled_dir(), NOW))
    assert sources.info_of(stock_prices, raw) is stock_prices.INFO
    assert sources.info_of(stock_prices, replace(raw, mode="live")) is stock_prices.LIVE
