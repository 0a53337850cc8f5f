"""Exchange rates come from the installed package, with gaps where there was no fixing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from currency_converter import CurrencyConverter

from etl.errors import SourceError
from etl.sources import Request, fx_rates

Requests = Callable[..., Request]


def archive(path: Path, text: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("eurofxref-hist.csv", text)
    path.write_bytes(packed.getvalue())


def test_rates_equal_those_of_the_package_itself(request_for: Requests) -> None:
    day = date(2022, 12, 7)
    rates = fx_rates.parse(fx_rates.fetch(request_for(start=day, end=day)))
    converter = CurrencyConverter()
    own = [converter.convert(1, "EUR", quote, date=day) for quote in rates["quote"]]
    assert rates["rate"].astype(float).tolist() == pytest.approx(own, rel=1e-12)
    assert sorted(rates["quote"]) == sorted(fx_rates.QUOTES)
    assert set(rates["base"]) == {"EUR"}


def test_a_day_without_fixing_has_no_row(request_for: Requests) -> None:
    wanted = request_for(start=date(2022, 12, 24), end=date(2022, 12, 26))
    assert fx_rates.parse(fx_rates.fetch(wanted)).empty


def test_a_rate_that_is_not_available_has_no_row(
    request_for: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = ",".join(("Date", *fx_rates.QUOTES))
    archive(tmp_path / fx_rates.ARCHIVE, f"{header}\n2024-01-02{',N/A' * 10},1.1\n")
    monkeypatch.setattr(fx_rates, "files", lambda _: tmp_path)
    rates = fx_rates.parse(fx_rates.fetch(request_for()))
    assert rates[["quote", "rate"]].to_numpy().tolist() == [["USD", "1.1"]]


def test_a_lost_currency_or_archive_is_an_error(
    request_for: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fx_rates, "files", lambda _: tmp_path)
    with pytest.raises(SourceError, match="no exchange rates"):
        fx_rates.fetch(request_for())
    archive(tmp_path / fx_rates.ARCHIVE, "Date,USD\n2024-01-02,1.1\n")
    with pytest.raises(SourceError, match=r"without the columns .*CNY"):
        fx_rates.fetch(request_for())
