"""The marts of product events: kept up by day, as if made anew; alike on every engine."""

# pyright: basic

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from etl import engines, growth, growth_sql, imports, pipeline
from etl.config import Settings
from etl.marts import activity, funnel
from etl.marts import growth as expressions
from etl.marts.retention import RULES, RetentionSpec, retention
from etl.simulate import Parameters, simulate
from etl.warehouse import SnapshotReader

CELLS = expressions.CELLS
FIRST = date(2024, 12, 28)
SEEN = growth.Seen("simulated", datetime(2026, 1, 1, tzinfo=UTC))
NAMES = ("install", "session_start", "image", "paywall", "purchase", "renewal", "refund", "trial")


def log(rng: np.random.Generator, days: int, users: int) -> pd.DataFrame:
    """Return a small log with many users who begin twice, late, or never."""
    n = days * users
    minutes = rng.integers(0, days * 24 * 60, n)
    frame = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "user_id": [f"u{i}" for i in rng.integers(0, users, n)],
            "event_name": rng.choice(NAMES, n, p=[0.12, 0.3, 0.3, 0.1, 0.06, 0.04, 0.03, 0.05]),
            "event_at": pd.Timestamp(FIRST, tz="UTC") + pd.to_timedelta(minutes, unit="min"),
            "session_id": rng.choice(["s1", "s2", None], n),
            "n_images": rng.choice([1, 4], n),
            "country": rng.choice(["JP", "US", None], n),
            "channel": rng.choice(["organic", "ads"], n),
            "platform": rng.choice(["ios", "android"], n),
            "plan": rng.choice(["free", None], n),
        }
    )
    return frame.astype({"n_images": "int64"})


def write(frame: pd.DataFrame, folder: Path, generation: str) -> growth.Day:
    """Write the events of one day and return the day."""
    folder.mkdir(parents=True, exist_ok=True)
    day = (frame["event_at"].iloc[0].date() - date(1970, 1, 1)).days
    path = folder / f"{day}-{generation}.parquet"
    frame.to_parquet(path)
    return growth.Day(day, generation, len(frame), [path])


def tables(path: Path) -> dict[str, list[str]]:
    """Return the content of a source's file, each table in order, without its generations."""
    with engines.stored(path) as con:
        return {
            name: sorted(str(row) for row in con.execute(f"{question} {name}").fetchall())
            for name, question in dict.fromkeys(growth_sql.TABLES, "FROM").items()
            if name not in ("told", "days")
        }


def same(one: Path, other: Path) -> None:
    first, second = tables(one), tables(other)
    for name, rows in first.items():
        assert rows == second[name], name


@pytest.mark.parametrize("seed", range(3))
def test_days_brought_one_by_one_late_and_restated_equal_a_whole_rebuild(tmp_path: Path, seed: int):
    rng = np.random.default_rng(seed)
    whole = log(rng, days=9, users=14)
    by_day = [own for _, own in whole.groupby(whole["event_at"].dt.date)]
    kept: dict[int, growth.Day] = {}
    step = tmp_path / "step.duckdb"
    for number in rng.permutation(len(by_day)):
        # A part of the day first, the rest late; some events are withdrawn again.
        for generation, share in (("a", 0.6), ("b", 1.0), ("c", 0.9)):
            part = by_day[number].sample(frac=share, random_state=seed)
            day = write(part, tmp_path / "lake", f"{generation}{number}")
            kept[day.number] = day
            growth.bring_up(step, [kept[n] for n in sorted(kept)], SEEN)
    fresh = tmp_path / "fresh.duckdb"
    growth.bring_up(fresh, [kept[n] for n in sorted(kept)], SEEN)
    same(step, fresh)
    # A day that is no longer in the lake takes its users with it.
    left = [kept[n] for n in sorted(kept)][1:]
    growth.bring_up(step, left, SEEN)
    fresh.unlink()
    growth.bring_up(fresh, left, SEEN)
    same(step, fresh)


def test_only_touched_days_are_read_again(tmp_path: Path):
    rng = np.random.default_rng(0)
    whole = log(rng, days=5, users=30)
    days = [
        write(own, tmp_path / "lake", "a") for _, own in whole.groupby(whole["event_at"].dt.date)
    ]
    path = tmp_path / "x.duckdb"
    assert growth.bring_up(path, days, SEEN) == 5
    assert growth.bring_up(path, days, SEEN) == 0
    restated = replace(days[2], generation="b")
    assert growth.bring_up(path, [*days[:2], restated, *days[3:]], SEEN) == 1


def test_a_spoilt_file_is_made_anew(tmp_path: Path):
    whole = log(np.random.default_rng(0), days=3, users=10)
    days = [
        write(own, tmp_path / "lake", "a") for _, own in whole.groupby(whole["event_at"].dt.date)
    ]
    path, other = tmp_path / "x.duckdb", tmp_path / "y.duckdb"
    path.write_bytes(b"no database")
    assert growth.bring_up(path, days, SEEN) == 3
    growth.bring_up(other, days, SEEN)
    same(path, other)


def test_another_beginning_found_later_counts_every_day_anew(tmp_path: Path):
    whole = log(np.random.default_rng(1), days=4, users=12)
    plain = whole[whole["event_name"] != "install"]
    days = [
        write(own, tmp_path / "lake", "a") for _, own in plain.groupby(plain["event_at"].dt.date)
    ]
    path = tmp_path / "x.duckdb"
    growth.bring_up(path, days, SEEN)
    with engines.stored(path) as con:
        assert json.loads(con.execute("SELECT definition FROM told").fetchone()[0])["begins"] == ""
        assert con.execute("SELECT count(*) FROM users WHERE begun_day IS NULL").fetchone() == (0,)
    days[-1] = write(
        whole[whole["event_at"].dt.date == max(whole["event_at"].dt.date)], tmp_path / "lake", "b"
    )
    growth.bring_up(path, days, SEEN)
    other = tmp_path / "y.duckdb"
    growth.bring_up(other, days, SEEN)
    same(path, other)
    with engines.stored(path) as con:
        told = json.loads(con.execute("SELECT definition FROM told").fetchone()[0])
    assert told["begins"] == "install"


def test_pauses_end_sessions_where_the_source_names_none():
    minutes = [0, 10, 45, 1439, 1441]
    at = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(minutes, unit="min")
    frame = pd.DataFrame(
        {
            "user_id": "u",
            "event_name": "image",
            "event_at": at,
            "session_id": pd.Series([None] * 5, dtype="string"),
            "n_images": 1,
        }
    )
    definition = activity.Definition.of({"image"}, has_sessions=False)
    found = activity.sessions(ibis.memtable(frame), definition).order_by("begun_at").to_pandas()
    # Midnight ends a session too, though only two minutes pass.
    assert found["n_events"].tolist() == [2, 1, 1, 1]
    days = activity.user_day(activity.sessions(ibis.memtable(frame), definition)).to_pandas()
    assert sorted(days["n_sessions"]) == [1, 3]
    assert days["session_seconds"].sum() == 600


def brute_funnel(frame: pd.DataFrame, steps, window_days: int) -> list[int]:
    """Count users by step with loops."""
    counts = [0] * (len(steps) + 1)
    for _, own in frame.sort_values("event_at").groupby("user_id"):
        begun = own.loc[own["event_name"] == "install", "event_at"]
        if begun.empty:
            continue
        start = at = begun.iloc[0]
        counts[0] += 1
        for number, step in enumerate(steps, start=1):
            later = own.loc[(own["event_name"] == step.name) & (own["event_at"] >= start)]
            later = later.iloc[step.n - 1 :]
            later = later.loc[
                (later["event_at"] >= at)
                & (later["event_at"] <= start + timedelta(days=window_days))
            ]
            if later.empty:
                break
            at = later["event_at"].iloc[0]
            counts[number] += 1
    return counts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("window", [1, 3, 60])
def test_the_funnel_counts_as_loops_do(seed: int, window: int):
    frame = log(np.random.default_rng(seed), days=8, users=25)
    steps = (funnel.Step("image"), funnel.Step("image", 3), funnel.Step("paywall"))
    starts = (
        frame[frame["event_name"] == "install"]
        .groupby("user_id", as_index=False)
        .agg(begun_at=("event_at", "min"))
    )
    found = funnel.progress(ibis.memtable(frame), ibis.memtable(starts), steps, window).to_pandas()
    counted = found.groupby("step").size().reindex(range(4), fill_value=0).tolist()
    assert counted == brute_funnel(frame, steps, window)


# Engines


def events_table() -> Any:
    kinds = {"event_at": "timestamp('UTC')", "n_images": "int64"}
    names = ("event_id", "user_id", "event_name", "event_at", "session_id", "n_images")
    columns = (*names, *activity.ATTRIBUTES)
    return ibis.table({c: kinds.get(c, "string") for c in columns}, name="events")


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark", "trino", "bigquery"])
@pytest.mark.parametrize("has_sessions", [True, False])
def test_every_mart_compiles_for_the_engine(dialect: str, has_sessions: bool):
    definition = activity.Definition.of(set(NAMES), has_sessions=has_sessions)
    found = expressions.cells(events_table(), definition, funnel.steps_among(set(NAMES)))
    for name, expression in found.items():
        text = str(ibis.to_sql(expression, dialect=dialect))
        assert "SELECT" in text, name


@pytest.mark.parametrize("dialect", ["duckdb", "trino", "bigquery"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_retention_compiles_for_the_engine(dialect: str, rule: Any):
    brackets = ((1, 3),) if rule == "bracket" else ()
    spec = RetentionSpec("install", "session_start", rule, brackets=brackets)
    expression = retention(events_table(), spec, by="channel")
    assert "SELECT" in str(ibis.to_sql(expression, dialect=dialect))


def test_the_marts_are_published_with_their_evidence(tmp_path: Path):
    made = tmp_path / "made"
    document = simulate(Parameters(users=1500, days=40, seed=3), made, workers=1)
    settings = Settings(data_dir=tmp_path / "data")
    done = imports.import_files(
        settings,
        "events",
        [made],
        imports.Options(source="my_app"),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert [e.status for e in done.entries] == ["ok"]
    reader = SnapshotReader(settings.data_dir)
    told = reader.query("FROM growth_definitions").iloc[0]
    assert told["evidence_kind"] == "simulated"
    assert (told["begins"], told["active"], told["n_users"]) == ("install", "session_start", 1500)
    day_1 = document["retention"][0]
    until = told["last_day"] - pd.Timedelta(days=1)
    counted = reader.query(
        "SELECT sum(n_users) AS n FROM cohort_cube WHERE active_on - begun_on = 1 "
        "AND begun_on <= ?",
        [until],
    )
    assert counted["n"].iloc[0] == day_1["n_returned"]
    # Nothing is read again where nothing is new.
    done = pipeline.run(settings, ["gpus"], offline=True)
    assert [e.error for e in done] == [None]
    again = SnapshotReader(settings.data_dir).query("FROM growth_definitions")
    assert again["built_at"].iloc[0] == told["built_at"]


def test_a_source_that_may_not_be_passed_on_is_kept_out_of_its_marts(tmp_path: Path):
    made = tmp_path / "made"
    simulate(Parameters(users=200, days=10, seed=3), made, workers=1)
    settings = Settings(data_dir=tmp_path / "data")
    for name, allowed in (("open_app", True), ("own_app", False)):
        imports.import_files(
            settings, "events", [made], imports.Options(source=name, redistributable=allowed)
        )
    shown = SnapshotReader(settings.data_dir)
    passed = SnapshotReader(settings.data_dir, for_export=True)
    for table in expressions.TABLES:
        question = f"SELECT DISTINCT source FROM {table.name} ORDER BY 1"
        assert shown.query(question)["source"].tolist() == ["open_app", "own_app"]
        assert passed.query(question)["source"].tolist() == ["open_app"]


def test_a_day_that_was_not_over_when_it_was_read_counts_as_not_yet_known(tmp_path: Path):
    from dashboard.studies.growth import definitions, retention

    made = tmp_path / "made"
    simulate(Parameters(users=300, days=20, seed=3), made, workers=1)
    settings = Settings(data_dir=tmp_path / "data")
    noon = datetime(2025, 1, 20, 12, tzinfo=UTC)
    imports.import_files(settings, "events", [made], imports.Options(source="app"), noon)
    reader = SnapshotReader(settings.data_dir)
    told = reader.query("FROM growth_definitions").iloc[0]
    assert str(told["last_day"])[:10] == "2025-01-20"
    assert str(told["last_whole_day"])[:10] == "2025-01-19"
    assert definitions.definitions(reader, "app").last_on == date(2025, 1, 19)
    table = retention.retention_study(
        reader, retention.RetentionChoice("app", group="day", horizon=5)
    ).triangle.set_index(["cohort", "period"])
    assert np.isnan(table.loc[(pd.Timestamp("2025-01-19"), 1), "retained"])
    assert table.loc[(pd.Timestamp("2025-01-18"), 1), "complete"]


def test_users_without_a_beginning_are_counted_apart(tmp_path: Path):
    whole = log(np.random.default_rng(1), days=4, users=12)
    begun = whole.loc[whole["event_name"] == "install", "user_id"].iloc[0]
    late = whole[(whole["event_name"] != "install") | (whole["user_id"] == begun)]
    days = [write(own, tmp_path / "lake", "a") for _, own in late.groupby(late["event_at"].dt.date)]
    path = tmp_path / "x.duckdb"
    growth.bring_up(path, days, SEEN)
    with engines.stored(path) as con:
        found = con.execute("SELECT count(*), count(begun_day) FROM users").fetchone()
        assert found == (12, 1)
        assert con.execute("SELECT sum(size) FROM paid_conversion").fetchone() == (1,)


def renamed(tmp_path: Path) -> tuple[Settings, Path]:
    """Return settings and a log whose events bear names of their own."""
    own = {"install": "signup", "session_start": "app_open", "purchase": "subscribed"}
    frame = log(np.random.default_rng(4), days=12, users=80)
    frame["event_name"] = frame["event_name"].replace(own)
    path = tmp_path / "own.parquet"
    frame.to_parquet(path)
    return Settings(data_dir=tmp_path / "data"), path


def test_names_of_ones_own_are_told_in_a_file(tmp_path: Path):
    settings, path = renamed(tmp_path)
    settings.data_dir.mkdir()
    file = settings.data_dir / "growth.toml"
    file.write_text(
        '[own]\nbegins = "signup"\nactive = "app_open"\npayments = ["subscribed", "renewal"]\n'
        'window_days = 2\nfunnel = ["image", "image:2", "subscribed"]\n'
    )
    imports.import_files(settings, "events", [path], imports.Options(source="own"))
    told = SnapshotReader(settings.data_dir).query("FROM growth_definitions").iloc[0]
    assert told["begins"] == "signup"
    assert told["payments"] == "subscribed,renewal"
    assert told["funnel_steps"] == "image,image:2,subscribed"
    payers = "SELECT sum(payers) AS n FROM paid_conversion"
    few = SnapshotReader(settings.data_dir).query(payers)["n"].iloc[0]
    # The file alone changes: the next run counts everything by it.
    file.write_text(file.read_text().replace("window_days = 2", "window_days = 9"))
    pipeline.run(settings, ["gpus"], offline=True)
    many = SnapshotReader(settings.data_dir).query(payers)["n"].iloc[0]
    assert 0 < few < many


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[own]\nbegins = "sign_up"\n', "perhaps you meant signup"),
        ("[own]\nwindow_days = 0\n", "own.window_days"),
        ('[own]\nfirst = "x"\n', "own.first"),
        ("[own\n", "cannot be read"),
    ],
)
def test_a_wrong_file_of_names_is_told_and_nothing_else_stops(tmp_path: Path, text, said):
    settings, path = renamed(tmp_path)
    settings.data_dir.mkdir()
    (settings.data_dir / "growth.toml").write_text(text)
    done = imports.import_files(settings, "events", [path], imports.Options(source="own"))
    assert [entry.status for entry in done.entries] == ["ok", "partial"]
    assert said in str(done.entries[1].error)
    found = SnapshotReader(settings.data_dir).query("SELECT count(*) AS n FROM product_events")
    assert found["n"].iloc[0] > 0
