"""Rejected rows wait with their raw content and come in once what rejected them is mended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from etl import checks, pipeline, sources
from etl.config import Settings
from etl.errors import InputError
from etl.replay import replay
from etl.warehouse import SnapshotReader

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def one_ticker_forgotten(settings, monkeypatch) -> Settings:
    """Collect prices while the list of instruments lacks Meitu."""
    real = checks.against_instruments

    def without_meitu(instruments: pd.DataFrame):
        return real(instruments[instruments["ticker"] != "1357.HK"])

    monkeypatch.setattr(checks, "against_instruments", without_meitu)
    pipeline.run(settings, ["stock_prices", "instruments"], offline=True, now=NOW)
    monkeypatch.setattr(checks, "against_instruments", real)
    return settings


def counts(settings: Settings) -> dict[str, int]:
    reader = SnapshotReader(settings.data_dir)
    return {
        "bars": len(reader.query("SELECT 1 FROM stock_prices WHERE ticker = '1357.HK'")),
        "waiting": len(reader.query("SELECT 1 FROM quarantine WHERE resolved_at IS NULL")),
    }


def test_mended_rows_come_in_and_the_others_stay_out(one_ticker_forgotten):
    settings = one_ticker_forgotten
    before = counts(settings)
    assert before["bars"] == 0
    [entry] = replay(settings, now=NOW + timedelta(days=1))
    assert (entry.source, entry.status, entry.mode) == ("stock_prices", "ok", "replay")
    assert entry.rows_in == before["waiting"] == entry.rows_new + entry.rows_quarantined
    after = counts(settings)
    assert after == {"bars": entry.rows_new, "waiting": entry.rows_quarantined}
    assert entry.rows_new > 1000
    told = SnapshotReader(settings.data_dir).query(
        "SELECT count(DISTINCT p.run_id) AS runs, max(resolved_at) AS let_in_at "
        "FROM stock_prices p, quarantine WHERE ticker = '1357.HK'"
    )
    assert told["runs"].iloc[0] == 1
    assert told["let_in_at"].iloc[0] == NOW + timedelta(days=1)


def test_replayed_rows_are_those_a_run_would_have_brought(one_ticker_forgotten, published):
    replay(one_ticker_forgotten, now=NOW)
    ask = (
        "SELECT * EXCLUDE (run_id, valid_from, valid_to) FROM stock_prices "
        "WHERE ticker = '1357.HK' ORDER BY trade_date"
    )
    got = SnapshotReader(one_ticker_forgotten.data_dir).query(ask)
    pd.testing.assert_frame_equal(got, SnapshotReader(published).query(ask))


def test_a_second_replay_has_nothing_to_do(one_ticker_forgotten):
    replay(one_ticker_forgotten, now=NOW)
    assert replay(one_ticker_forgotten, now=NOW + timedelta(days=1)) == []


def test_only_the_named_source_or_check_is_replayed(one_ticker_forgotten):
    with pytest.raises(InputError, match="no rejected row waiting"):
        replay(one_ticker_forgotten, source="gpus")
    [entry] = replay(one_ticker_forgotten, check="unknown_ticker", now=NOW)
    assert entry.rows_quarantined == 0


def test_a_correction_that_keeps_a_row_out_still_does(settings):
    pipeline.run(settings, ["app_rating_counts"], offline=True, now=NOW)
    [entry] = replay(settings, now=NOW)
    assert sources.load("app_rating_counts").INFO.name == entry.source
    assert (entry.rows_in, entry.rows_quarantined) == (1, 1)
