"""The compute report: published speeds at published prices, and what was measured here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.reports import compute
from dashboard.reports.choice import Choice
from dashboard.studies.compute_published import card_of, published_costs
from dashboard.text import words
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def report(published: Path) -> Iterator[compute.ComputeReport]:
    with SnapshotReader(published, for_export=True) as reader:
        yield compute.prepare(reader, Choice()).document.args[0]  # pyright: ignore


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("NVIDIA H200-SXM-141GB", "H200"),
        ("Virtualized NVIDIA H200-SXM-141GB", "H200"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L4-PCIe-24GB", "L4"),
        ("A100 80GB", "A100"),
        ("A10G", "A10G"),
        ("AMD Instinct MI325X 256GB HBM3e", ""),
        ("NVIDIA RTX-2000E-Ada-16GB", ""),
        ("RTX 4090", "RTX 4090"),
    ],
)
def test_a_device_is_known_by_its_card(name: str, card: str) -> None:
    assert card_of(name) == card


def test_costs_follow_from_speed_price_and_use(report: compute.ComputeReport) -> None:
    table = published_costs(report.study, 0.35)
    row = table.iloc[0]
    expected = 1_000 * row["hourly_usd"] / (3_600 * row["images_per_second"] * 0.35)
    assert row["cost_usd"] == pytest.approx(expected)
    assert row["cost_low_usd"] <= row["cost_usd"] <= row["cost_high_usd"]
    assert table["cost_usd"].is_monotonic_increasing


def test_only_prices_of_the_last_year_of_a_card_count(report: compute.ComputeReport) -> None:
    table = published_costs(report.study).set_index("card")
    prices = report.study.prices
    own = prices.loc[prices["gpu_name"].map(card_of) == "H100"]
    own = own.loc[~own["is_contract"]]
    recent = own.loc[own["as_of"] >= own["as_of"].max() - pd.DateOffset(years=1)]
    assert len(recent) < len(own)
    assert table.at["H100", "n_prices"] == len(recent)


def test_a_published_range_counts_with_its_middle_and_both_ends(
    report: compute.ComputeReport,
) -> None:
    days = pd.to_datetime(["2026-03-01", "2026-05-01", "2026-05-02", "2026-05-03"])
    prices = pd.DataFrame(
        {
            "gpu_name": "H100",
            "value": [2.0, 3.0, 1.0, 0.5],
            "value_high": [6.0, np.nan, 2.0, np.nan],
            "as_of": days,
            "is_contract": [False, False, False, True],
        }
    )
    row = published_costs(replace(report.study, prices=prices)).iloc[0]
    assert (row["hourly_low_usd"], row["hourly_usd"], row["hourly_high_usd"]) == (1.0, 3.0, 6.0)
    assert row["n_prices"] == 3


def test_prices_for_a_year_are_known_as_contracts(report: compute.ComputeReport) -> None:
    prices = report.study.prices
    assert set(prices.loc[prices["is_contract"], "fact_id"]) == {"F0265", "F0266"}
    assert prices.set_index("fact_id").at["F0261", "value_high"] == pytest.approx(6.88)
    document = compute.document(report, words("en"))
    assert "published ranges count by their middle" in document.finding[0]
    assert "Prices under a contract" in document.sections[-1].blocks[0].text  # pyright: ignore


def test_the_toy_is_never_told_as_a_product(report: compute.ComputeReport) -> None:
    told = " ".join(compute.document(report, words("en")).finding)
    assert "It is a toy of 64 pixels, no product" in told
    assert told.index("On published figures") < told.index("It is a toy")


def test_without_runs_nothing_is_said_of_a_machine(report: compute.ComputeReport) -> None:
    study = replace(report.study, runs=report.study.runs.iloc[:0])
    document = compute.document(replace(report, study=study), words("en"))
    assert document.finding[-1] == "Nothing has been measured on a machine of our own."
    assert not any(section.heading.startswith("Measured on") for section in document.sections)


def test_a_day_in_the_past_is_refused(published: Path) -> None:
    chosen: Any = Choice(as_of=date(2023, 1, 1))
    with SnapshotReader(published) as reader, pytest.raises(InputError, match="--as-of"):
        compute.prepare(reader, chosen)


def test_versions_of_one_file_are_one_source_with_their_number(
    report: compute.ComputeReport,
) -> None:
    sources = compute.document(report, words("en")).sources
    kept = [source for source in sources if "git history" in source.title]
    prices = report.study.prices
    own = prices.loc[prices["source_title"].str.contains("git history")]
    assert len(kept) == 1
    assert kept[0].title.endswith(f"({own['source_url'].nunique()} versions)")
    assert kept[0].address in set(own.loc[own["as_of"] == own["as_of"].max(), "source_url"])


def test_the_dearest_card_is_told_with_its_days_and_its_doubts(
    report: compute.ComputeReport,
) -> None:
    def told(**last: Any) -> str:
        table = report.published.copy()
        table.loc[table.index[-1], list(last)] = list(last.values())
        found = compute.document(replace(report, published=table), words("en")).finding
        return next(sentence for sentence in found if sentence.startswith("The dearest"))

    first: Any = report.published.iloc[0]
    days = {"price_from": first["price_from"], "price_to": first["price_to"], "n_prices": 2}
    apart = {"cost_low_usd": first["cost_high_usd"] + 1, "cost_high_usd": 9.0}
    sure = told(**days, **apart)
    assert f"over the prices of {words('en').date(first['price_from'])} to" in sure
    assert "overlap" not in sure
    assert "different times" not in sure
    assert "The two ranges overlap" in told(**days, **{**apart, "cost_low_usd": 0.01})
    early = first["price_from"] - pd.Timedelta(days=1)
    other = told(**apart, price_from=early, price_to=early, n_prices=1)
    assert f"USD 9.00 by the ends of its only price, of {words('en').date(early)}" in other
    alone = {**apart, "cost_high_usd": apart["cost_low_usd"]}
    other = told(**alone, price_from=early, price_to=early, n_prices=1)
    assert f"(by its only price, of {words('en').date(early)})" in other
    assert "different times" in other
