"""What the command line answers: results, exit statuses, errors and what it leaves alone."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import artonomics
from etl import console, pipeline
from etl.errors import ArtonomicsError, SourceError

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"pandas", "numpy", "duckdb", "streamlit", "plotly", "ibis", "torch", "scipy", "pydantic"}


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run one command in this process."""
    monkeypatch.setenv("ARTONOMICS_DATA", os.environ.get("ARTONOMICS_DATA", ""))

    def run(*tokens: str | Path) -> Answer:
        status = artonomics.run_command([str(token) for token in tokens])
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return run


def process(*tokens: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start the command as a process of its own."""
    command = [sys.executable, "-m", "artonomics", *map(str, tokens)]
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen(command, **(defaults | options))


# Help


def test_help_imports_nothing_heavy():
    script = f"""
import sys, artonomics
assert artonomics.run_command(["--help"]) == 0
assert artonomics.run_command(["etl", "run", "--help"]) == 0
heavy = {HEAVY} & {{name.split(".")[0] for name in sys.modules}}
assert not heavy, heavy
"""
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_a_call_without_a_verb_shows_the_help(ask: Ask):
    answer = ask()
    assert answer.status == 0
    assert "etl" in answer.out


def test_the_options_of_the_interface_are_there(ask: Ask):
    expected = {
        "demo": ["--port", "--no-browser", "--check"],
        "dashboard": ["--port"],
        "etl run": ["--from", "--to", "--offline"],
        "sql": ["--format"],
        "analyze event-study": [
            *("--prices", "--events", "--benchmark", "--window", "--estimation", "--gap"),
            *("--returns", "--model", "--is-returns", "--factors", "--horizons", "--placebo"),
            *("--seed", "--currency", "--fx", "--curve"),
        ],
        "report build": [
            *("--ticker", "--event", "--window", "--format", "--lang", "--as-of", "--out"),
        ],
        "doctor": ["--offline"],
    }
    for verb, options in expected.items():
        text = ask(*verb.split(), "--help").out
        assert [option for option in (*options, "--data", "--json") if option not in text] == []


# Wrong input


@pytest.mark.parametrize(
    ("tokens", "got", "todo"),
    [
        (["etll"], "unknown command 'etll'", "perhaps you meant 'etl'"),
        (["etl", "runn"], "unknown command 'runn'", "perhaps you meant 'run'"),
        (["etl", "run", "--ofline"], "unknown option '--ofline'", "perhaps you meant '--offline'"),
        (["etl", "run", "--dta", "x"], "unknown option '--dta'", "perhaps you meant '--data'"),
        (["--jsn", "doctor"], "unknown option '--jsn'", "perhaps you meant '--json'"),
        (["etl", "run", "stock_price"], "the source 'stock_price'", "'stock_prices'"),
        (["etl", "run", "--from", "yesterday"], "yesterday", "etl run --help"),
        (["etl", "run", "--from", "2023-01-02", "--to", "2023-01-01"], "--from 2023-01-02", "swap"),
        (["analyze", "event-study", "--window", "-2"], "--window", "event-study --help"),
        (["report", "build"], "NAME", "report build --help"),
        (["report", "build", "market", "--format", ","], "--format ','", "leave --format out"),
        (["sql"], "QUESTION", "sql --help"),
        (["sql", "SELECT 1", "--format", "xml"], "xml", "sql --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_named_with_what_to_do(
    ask: Ask, tmp_path: Path, tokens: list[str], got: str, todo: str
):
    answer = ask("--data", tmp_path, *tokens)

    assert answer.status == 2
    assert answer.out == ""
    assert got in answer.err
    assert todo in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "words",
    [
        "analyze queue --arrival-paid 0.1 --service-seconds 1 --servers 2.5",
        "analyze event-study --prices a --events b --benchmark c --window -2.5 2",
        "analyze unit-economics --scenario a --seed=1.5",
        "demo --port 85.5",
        "report build market --window -1 2.5",
    ],
)
def test_a_broken_number_is_not_rounded_to_a_whole_one(ask: Ask, words: str):
    answer = ask(*words.split())
    assert answer.status == 2
    assert "expected: a whole number" in answer.err
    assert f"artonomics {' '.join(words.split()[:2])}" in answer.err or "demo --help" in answer.err


def test_a_whole_number_may_have_a_point(ask: Ask):
    words = "analyze queue --arrival-paid 0.1 --service-seconds 1 --servers 2.0 --json"
    assert ask(*words.split()).document["n_servers"] == 2


def test_without_a_snapshot_the_way_out_is_named(ask: Ask, tmp_path: Path):
    for tokens in (["sql", "SELECT 1"], ["etl", "status"], ["dashboard"]):
        answer = ask(*tokens, "--data", tmp_path)
        assert answer.status == 2
        assert "artonomics etl run --offline" in answer.err


# Faults and interruptions


def test_a_fault_of_ours_is_short_and_says_how_to_see_more(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(pipeline, "run", broken)

    short = ask("etl", "run", "--data", tmp_path)
    long = ask("etl", "run", "--data", tmp_path, "--debug")

    assert (short.status, long.status) == (1, 1)
    assert "ZeroDivisionError: planted" in short.err
    assert "--debug" in short.err
    assert "Traceback" not in short.err
    assert "Traceback" in long.err


def test_rejected_rows_are_left_out_by_name_and_an_unknown_source_is_told(ask: Ask, tmp_path: Path):
    file = tmp_path / "e.csv"
    file.write_text("user_id,event_name,event_at\nu,open,2026-01-01\nu,open,soon\n")
    data = ("--data", tmp_path / "data")
    assert ask("import", "events", file, *data).status == 0
    answer = ask("etl", "settle", "user_events", *data)
    assert answer.status == 0
    assert "1 row of user_events left out for good" in answer.err
    assert ask("etl", "settle", "user_events", "--reopen", *data).status == 0
    answer = ask("etl", "settle", "nobody", *data)
    assert answer.status == 2
    assert "no rejected row waiting (source nobody" in answer.err


def test_an_interruption_ends_quietly(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run", interrupted)

    answer = ask("etl", "run", "--data", tmp_path)

    assert answer.status == 130
    assert answer.err == "interrupted\n"


def test_a_reader_that_goes_away_is_no_error(published: Path):
    tokens = ["sql", "SELECT * FROM stock_prices", "--format", "csv", "--data", published]
    with process(*tokens) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline().startswith("ticker,")
        child.stdout.close()

        assert child.wait(timeout=60) == 0
        assert child.stderr.read() == ""


# Collecting


def test_a_run_prints_one_ledger_entry_a_source(ask: Ask, tmp_path: Path):
    first = ask("etl", "run", "gpus", "instruments", "--offline", "--data", tmp_path, "--json")
    second = ask("--json", "--data", tmp_path, "etl", "run", "gpus", "instruments", "--offline")

    assert (first.status, second.status) == (0, 0)
    assert {entry["source"]: entry["status"] for entry in first.document} == {
        "gpus": "ok",
        "instruments": "ok",
    }
    for entry in second.document:
        assert entry["status"] == "unchanged"
        assert (entry["rows_new"], entry["rows_changed"]) == (0, 0)
        assert {"run_id", "rows_in", "rows_quarantined", "error"} <= set(entry)


def test_a_failed_source_gives_status_3_and_still_one_document(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from etl.sources import gpus

    def failing(_: object) -> None:
        raise SourceError("the planted source failed", "an answer", "wait")

    monkeypatch.setattr(gpus, "fetch", failing)

    answer = ask("etl", "run", "gpus", "instruments", "--offline", "--data", tmp_path, "--json")

    assert answer.status == 3
    states = {entry["source"]: entry["status"] for entry in answer.document}
    assert states == {"gpus": "failed", "instruments": "ok"}
    failed = next(entry for entry in answer.document if entry["source"] == "gpus")
    assert "the planted source failed" in failed["error"]
    readable = ask("etl", "run", "gpus", "--offline", "--data", tmp_path)
    assert readable.status == 3
    assert "gpus: the planted source failed" in readable.err


def test_the_status_of_every_source_is_shown(ask: Ask, published: Path):
    answer = ask("etl", "status", "--data", published, "--json")

    assert answer.status == 0
    assert {"stock_prices", "fx_rates"} <= {row["source"] for row in answer.document}


def test_rollback_without_an_older_snapshot_is_refused(ask: Ask, tmp_path: Path):
    ask("etl", "run", "gpus", "--offline", "--data", tmp_path)

    answer = ask("etl", "rollback", "--data", tmp_path)

    assert answer.status == 2
    assert "no snapshot with other data" in answer.err


# Questions

QUESTION = (
    "SELECT ticker, trade_date, raw_close, adjusted_close FROM stock_prices "
    "WHERE ticker IN ('1357.HK', '002739.SZ') AND trade_date = '2022-12-07' ORDER BY ticker"
)


def test_the_published_prices_answer_in_every_format(ask: Ask, published: Path, tmp_path: Path):
    out = tmp_path / "answer.parquet"

    as_json = ask("sql", QUESTION, "--json", "--data", published).document
    as_csv = list(csv.DictReader(StringIO(ask("sql", QUESTION, "--format", "csv").out)))
    as_table = ask("sql", QUESTION).out
    ask("sql", QUESTION, "--format", "parquet", "--out", out)

    meitu = next(row for row in as_json if row["ticker"] == "1357.HK")
    assert meitu["trade_date"] == "2022-12-07"
    assert meitu["adjusted_close"] > 0
    assert [row["ticker"] for row in as_csv] == [row["ticker"] for row in as_json]
    assert float(as_csv[-1]["adjusted_close"]) == as_json[-1]["adjusted_close"]
    assert "1357.HK" in as_table
    assert pd.read_parquet(out)["ticker"].tolist() == [row["ticker"] for row in as_json]


def test_parquet_goes_through_a_pipe(published: Path):
    child = process(
        "sql", QUESTION, "--format", "parquet", "--data", published, text=False, stderr=None
    )
    content, _ = child.communicate(timeout=60)

    assert child.returncode == 0
    assert "ticker" in pd.read_parquet(BytesIO(content))  # pyright: ignore[reportArgumentType]


def test_a_long_table_says_how_to_get_the_rest(ask: Ask, published: Path):
    answer = ask("sql", "SELECT * FROM range(300)", "--data", published)

    assert "200 of 300 rows shown" in answer.err
    assert "--format csv" in answer.err


@pytest.mark.parametrize(
    "question",
    ["DELETE FROM gpus", "SELECT 1; SELECT 2", "SELEC 1", "SELECT * FROM '/etc/passwd'", ""],
)
def test_a_question_that_is_none_is_refused(ask: Ask, published: Path, question: str):
    answer = ask("sql", question, "--data", published)

    assert answer.status == 2
    assert answer.err.startswith("error: ")


# Analysis


@pytest.fixture
def own_files(published: Path, tmp_path: Path, ask: Ask) -> tuple[Path, Path]:
    """Prices of the share and its market, and one event, as a user would have them."""
    prices, events = tmp_path / "prices.csv", tmp_path / "events.csv"
    question = (
        "SELECT ticker, trade_date, adjusted_close FROM stock_prices "
        "WHERE ticker IN ('1357.HK', '^HSI') ORDER BY ticker, trade_date"
    )
    written = ask("sql", question, "--format", "csv", "--out", prices, "--data", published)
    assert written.status == 0, written.err
    events.write_text("event_id,ticker,event_date\nE1,1357.HK,2022-12-07\n")
    return prices, events


@pytest.mark.parametrize(
    ("options", "abnormal_return", "t"),
    [
        (["--window", "0", "0", "--estimation", "120", "--gap", "21"], 0.2435, 6.11),
        ([], 0.2432, 5.47),
        (["--window", "-2", "2"], 0.2432, 5.47),
    ],
    ids=["one day", "defaults", "a window with a negative day"],
)
def test_the_event_study_of_the_bundled_case(
    ask: Ask, own_files: tuple[Path, Path], options: list[str], abnormal_return: float, t: float
):
    prices, events = own_files
    files = ["--prices", prices, "--events", events, "--benchmark", "^HSI"]

    answer = ask("analyze", "event-study", *files, *options, "--json")

    assert answer.status == 0, answer.err
    event = answer.document["events"][0]
    day = event["day"].index(0)
    assert event["abnormal_return"][day] == pytest.approx(abnormal_return, abs=5e-5)
    assert event["t_statistic"][day] == pytest.approx(t, abs=5e-3)


def test_the_event_study_is_readable_too(ask: Ask, own_files: tuple[Path, Path]):
    prices, events = own_files
    answer = ask(
        *("analyze", "event-study", "--benchmark", "^HSI"),
        *("--prices", prices, "--events", events),
    )

    assert "1357.HK" in answer.out
    assert "patell" in answer.out


def test_the_event_study_takes_all_its_options(ask: Ask, own_files: tuple[Path, Path]):
    prices, events = own_files
    command = ["analyze", "event-study", "--prices", prices, "--events", events]
    options = ["--horizons", "20,60", "--placebo", "200", "--seed", "5", "--curve"]

    answer = ask(*command, "--benchmark", "^HSI", *options, "--json")
    shown = ask(*command, "--benchmark", "^HSI", *options)
    refused = ask(*command, "--benchmark", "^HSI", "--factors", "BTC-USD")

    assert answer.status == 0, answer.err
    event = answer.document["events"][0]
    assert [held["horizon"] for held in event["bhar"]] == [20, 60]
    assert event["placebo"]["n_draws"] == 200
    assert answer.document["specification_curve"]["n_specifications"] > 100
    assert "BHAR %" in shown.out
    assert "specifications" in shown.out
    assert refused.status == 2
    assert "factor 'BTC-USD'" in refused.err


# The dashboard


@pytest.mark.usefixtures("first_free_port")
def test_the_demo_collects_serves_and_stops(tmp_path: Path):
    with process("demo", "--check", "--data", tmp_path, "--json") as child:
        out, err = child.communicate(timeout=180)

    assert child.returncode == 0, err
    assert json.loads(out)["address"].startswith("http://localhost:")
    assert "collecting stock_prices" in err
    assert (tmp_path / "warehouse" / "CURRENT").exists()


def test_the_dashboard_stops_with_its_parent(published: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with process("dashboard", "--port", str(port), "--data", published) as child:
        assert child.stdout
        assert "answers at" in child.stdout.readline()

        child.send_signal(signal.SIGINT)

        assert child.wait(timeout=20) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_named(ask: Ask, published: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = ask("dashboard", "--port", str(taken.getsockname()[1]), "--data", published)

    assert answer.status == 2
    assert "is taken" in answer.err


# The doctor


def test_the_doctor_names_what_works(ask: Ask, published: Path):
    answer = ask("doctor", "--offline", "--data", published, "--json")

    findings = {finding["check"]: finding for finding in answer.document}
    assert {"python", "packages", "generator", "data folder", "lock", "snapshot"} <= set(findings)
    assert findings["snapshot"]["status"] == "ok"
    assert all(finding["todo"] for finding in findings.values() if finding["status"] != "ok")
    assert answer.status == int(any(f["status"] == "fail" for f in findings.values()))


# The console


def test_what_json_cannot_hold_becomes_null():
    frame = pd.DataFrame(
        {
            "day": [pd.Timestamp("2022-12-07"), pd.NaT],
            "at": pd.to_datetime(["2022-12-07T01:02:03Z", None]),
            "value": [float("inf"), float("nan")],
            "count": pd.array([1, None], dtype="Int64"),
            "word": pd.array(["a", None], dtype="string"),
        }
    )

    assert console.records(frame) == [
        {
            "day": "2022-12-07",
            "at": "2022-12-07T01:02:03+00:00",
            "value": None,
            "count": 1,
            "word": "a",
        },
        {"day": None, "at": None, "value": None, "count": None, "word": None},
    ]


def test_an_error_is_printed_as_it_is_also_with_brackets(capsys: pytest.CaptureFixture[str]):
    console.print_error(ArtonomicsError("got [red]x[/red]", "[y]", "do :smile: [z]"))

    assert capsys.readouterr().err == (
        "error: got [red]x[/red]\nexpected: [y]\nto do: do :smile: [z]\n"
    )
