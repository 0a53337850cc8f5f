"""The attention report: which apps, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboard.reports import attention
from dashboard.reports.choice import Choice
from dashboard.reports.document import Document
from dashboard.text import words
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def reader(published: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(published, for_export=True) as opened:
        yield opened


def english(reader: SnapshotReader, **chosen: object) -> Document:
    return attention.prepare(reader, Choice(**chosen)).document(words("en"))  # pyright: ignore


def test_the_wave_of_that_autumn_is_the_default(reader: SnapshotReader) -> None:
    document = english(reader)
    assert "Lensa AI" in document.subtitle
    assert document.finding[0].startswith("5 apps have a wave of ratings")
    assert any("at most 14 days" in sentence for sentence in document.finding)


def test_a_series_that_begins_after_the_peak_is_not_said_to_hold_it(reader: SnapshotReader) -> None:
    told = {sentence.split(" (")[0]: sentence for sentence in english(reader).finding[1:6]}
    assert "the series begins after the peak, which may have been higher" in told["Lensa AI"]
    assert "the peak of" not in told["Lensa AI"]
    assert "the peak of 5.4 new ratings a day lay between" in told["Remini"]


def test_where_no_half_life_is_known_an_upper_bound_is(reader: SnapshotReader) -> None:
    assert english(reader).finding[0].endswith("only upper bounds are known.")
    chinese = attention.prepare(reader, Choice()).document(words("zh")).finding[0]
    assert "上界" in chinese
    assert "上下界" not in chinese


def test_a_wave_is_told_by_its_app_alone(reader: SnapshotReader) -> None:
    waves = reader.query("SELECT wave_id, app_name FROM waves WHERE app_name = 'Lensa AI'")
    wave = str(waves["wave_id"].iloc[0])
    prepared = attention.prepare(reader, Choice(wave=wave))
    assert prepared.stem == f"attention_{wave}"
    document = prepared.document(words("en"))
    assert document.subtitle.startswith("Lensa AI")
    assert "Remini" not in str(document.finding)


def test_nothing_later_than_the_day_is_used(reader: SnapshotReader) -> None:
    document = english(reader, as_of=date(2022, 12, 20))
    assert "As known on" in dict(document.facts)
    assert not any("2023" in sentence for sentence in document.finding)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"wave": "lensa-magic"}, "got the wave 'lensa-magic'"),
        ({"app": "nothing"}, "got the app 'nothing'"),
        ({"storefront": "ZZ"}, "got the storefront 'ZZ'"),
        ({"wave": "x", "app": "y"}, "leave one of them out"),
    ],
)
def test_what_is_unknown_is_answered(
    reader: SnapshotReader, chosen: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        english(reader, **chosen)


def test_a_storefront_narrows_everything(reader: SnapshotReader) -> None:
    document = english(reader, storefront="no")
    assert "NO" in dict(document.facts)["Filters"]


def test_a_known_half_life_is_told_before_bounds(reader: SnapshotReader) -> None:
    report = attention.prepare(reader, Choice()).document.args[0]  # pyright: ignore
    waves = report.study.waves.copy()
    waves.loc[waves.index[0], ["half_life_days", "half_life_kind"]] = [9.0, "estimated"]
    known = replace(report, study=replace(report.study, waves=waves))
    finding = attention.document(known, words("en")).finding
    assert finding[0] == "Of 5 apps with a wave of ratings, 1 shows how fast it faded." or (
        finding[0] == "Of 5 apps with a wave of ratings, 1 show how fast it faded."
    )
    assert "half-life is" in finding[1]


def test_without_waves_it_says_so(reader: SnapshotReader) -> None:
    report = attention.prepare(reader, Choice()).document.args[0]  # pyright: ignore
    empty = replace(report, study=replace(report.study, waves=pd.DataFrame()))
    assert attention.document(empty, words("en")).finding[0] == (
        "No wave of ratings is known for these apps."
    )
