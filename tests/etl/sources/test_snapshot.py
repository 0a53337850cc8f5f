"""Reading a bundled file: as it stands, and with a clear error where it is spoilt."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from etl.errors import SourceError
from etl.sources import Request, gpus, instruments, market_events, stock_prices
from etl.sources._snapshot import within_days

Requests = Callable[..., Request]


def test_a_renamed_column_is_an_error_that_names_both(
    own_bundle: Path, request_for: Requests
) -> None:
    path = own_bundle / "snapshots" / "gpus.csv"
    path.write_text(path.read_text().replace("tdp_watts", "tdp_kilowatts", 1))
    with pytest.raises(SourceError) as caught:
        gpus.fetch(request_for(bundled=own_bundle))
    assert "missing: tdp_watts" in caught.value.got
    assert "unknown: tdp_kilowatts" in caught.value.got
    assert caught.value.code == "SNAPSHOT_COLUMNS"


def test_a_changed_value_is_read_and_reported(own_bundle: Path, request_for: Requests) -> None:
    path = own_bundle / "snapshots" / "instruments.csv"
    path.write_text(path.read_text().replace("Hang Seng Index", "Another Index", 1))
    raw = instruments.fetch(request_for(bundled=own_bundle))
    assert "Another Index" in set(raw.payload["name"])
    assert len(raw.failures) == 1
    assert "instruments.csv is not the file its sidecar describes" in raw.failures[0]


def test_an_unchanged_file_has_no_failures_and_the_day_of_its_sidecar(
    request_for: Requests,
) -> None:
    raw = instruments.fetch(request_for())
    assert raw.failures == ()
    assert raw.mode == "snapshot"
    assert raw.retrieved_at.isoformat() == "2026-11-22T00:00:00+00:00"


@pytest.mark.parametrize("spoil", ["cut", "not gzip", "absent", "no sidecar"])
def test_an_unreadable_file_is_an_error_that_names_it(
    own_bundle: Path, request_for: Requests, spoil: str
) -> None:
    path = own_bundle / "snapshots" / "stock_prices.csv.gz"
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif spoil == "not gzip":
        path.write_bytes(b"ticker,trade_date\n")
    elif spoil == "absent":
        path.unlink()
    else:
        path.with_name(path.name + ".yml").unlink()
    with pytest.raises(SourceError, match=r"stock_prices\.csv\.gz"):
        stock_prices.fetch(request_for(bundled=own_bundle))


def test_a_ragged_file_is_an_error(own_bundle: Path, request_for: Requests) -> None:
    path = own_bundle / "snapshots" / "stock_prices.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress((text + ",".join("x" * 40) + "\n").encode(), mtime=0))
    with pytest.raises(SourceError, match=r"unreadable snapshot file stock_prices\.csv\.gz"):
        stock_prices.fetch(request_for(bundled=own_bundle))


def test_the_letters_na_are_a_value_and_only_the_empty_field_is_missing(
    own_bundle: Path, request_for: Requests
) -> None:
    path = own_bundle / "snapshots" / "gpus.csv"
    path.write_text(path.read_text().replace(",NVIDIA,Volta,", ",NA,,", 1))
    first = gpus.fetch(request_for(bundled=own_bundle)).payload.iloc[0]
    assert first["vendor"] == "NA"
    assert pd.isna(first["architecture"])


def test_days_are_selected_with_both_ends(request_for: Requests) -> None:
    wanted = request_for(start=date(2022, 11, 24), end=date(2022, 12, 7))
    days = market_events.parse(market_events.fetch(wanted))["event_date"]
    assert days.min() == "2022-11-24"
    assert days.max() == "2022-12-07"


def test_a_row_without_a_day_is_left_to_the_checks() -> None:
    frame = pd.DataFrame({"day": ["2022-01-01", None, "2024-01-01"]}, dtype="str")
    kept = within_days(frame, "day", date(2023, 1, 1), date(2023, 12, 31))
    assert kept["day"].isna().tolist() == [True]
