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
from dashboard.reports.document import Document, Grid, Picture
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


def test_a_bound_from_the_highest_rate_held_is_none_from_the_peak(reader: SnapshotReader) -> None:
    told = {sentence.split(" (")[0]: sentence for sentence in english(reader).finding[1:6]}
    assert told["Lensa AI"] == (
        "Lensa AI (NO): the highest rate held, 86.7 new ratings a day (measured), lay between "
        "8 Dec 2022 and 15 Dec 2022. The series begins on 8 Dec 2022, maybe after the real peak, "
        "which may have been higher. From the highest rate held, the half-life is at most 14 days "
        "(measured); from the real peak it is not known. 30 days after it began, 3.3% of that rate "
        "was left (measured: 20 new ratings, 1 Jan 2023 to 8 Jan 2023)."
    )
    assert "half-life is at most 25 days (estimated)" in told["ARTA"]
    assert "the peak of 5.4 new ratings a day (measured) lay between" in told["Remini"]


def test_the_bound_is_hedged_in_chinese_and_in_the_table(reader: SnapshotReader) -> None:
    chinese = attention.prepare(reader, Choice()).document(words("zh"))
    lensa = next(sentence for sentence in chinese.finding if sentence.startswith("Lensa AI"))
    assert "序列始于 2022年12月8日，可能已在真实峰值之后" in lensa
    assert "起算，半衰期为至多 14 天（实测）；自真实峰值起算则未知。" in lensa
    tables = [b for s in english(reader).sections for b in s.blocks if isinstance(b, Grid)]
    waves = next(table for table in tables if "Half-life" in table.header)
    column = waves.header.index("Half-life")
    told = {row[0]: row[column] for row in waves.rows}
    assert told["Lensa AI"] == "at most 14 days, from the highest rate held"
    assert told["Remini"] == "at most 17 days"


def test_a_highest_rate_without_a_lower_one_before_it_is_hedged_for_any_reason(
    reader: SnapshotReader,
) -> None:
    report = attention.prepare(reader, Choice()).document.args[0]  # pyright: ignore
    waves = report.study.waves.assign(reason="too_few_observations")
    other = replace(report, study=replace(report.study, waves=waves))
    told = [s for s in attention.document(other, words("en")).finding if "highest rate held" in s]
    assert [sentence.split(" (")[0] for sentence in told] == [
        "Lensa AI",
        "WOMBO Dream",
        "Wonder",
        "ARTA",
    ]


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


def test_the_rank_stands_behind_the_return_it_ranks(reader: SnapshotReader) -> None:
    document = attention.prepare(reader, Choice()).document(words("en"))
    section = next(s for s in document.sections if s.heading == "The waves side by side")
    (table,) = section.blocks
    assert isinstance(table, Grid)
    assert table.header[5:8] == ("CAR (log return)", "p, window", "Rank among random days")
    assert table.header[3] == "AR (log return)"
    assert "returns are log returns" in table.caption
    assert "of days −2 to 2" in table.caption


def test_every_table_that_is_told_has_its_sources(reader: SnapshotReader) -> None:
    document = english(reader)
    told = {(source.title, source.address) for source in document.sources}
    titles = {title for title, _ in told}
    assert {"waves", "1357.HK", "0700.HK", "Photo and image editing apps - statistics"} <= titles
    events = reader.query(
        "SELECT source_url FROM market_events WHERE event_id IN ('E0084', 'E0020')"
    )
    assert set(events["source_url"]) <= {address for _, address in told}
    # What the program computed itself is told as such, and lies at no address.
    assert ("HKEW (an index computed by this program)", "") in told


def test_published_downloads_say_that_they_are_of_no_storefront_and_divided(
    reader: SnapshotReader,
) -> None:
    sold = next(s for s in english(reader).sections if s.heading == "What it may have sold")
    picture, table = sold.blocks[0], sold.blocks[-1]
    assert isinstance(picture, Picture)
    assert isinstance(table, Grid)
    assert "of the world or their scope is not stated" in picture.caption
    lensa = next(row for row in table.rows if row[1] == "1 Dec 2022" and "Lensa" in row[0])
    assert lensa[3] == "828,571"
    assert lensa[-1] == (
        "of the world, or scope not stated; total over 7 days, divided by this program"
    )


def test_a_share_that_was_left_names_the_look_ups_it_rests_on_or_is_left_out(
    reader: SnapshotReader,
) -> None:
    tables = [b for s in english(reader).sections for b in s.blocks if isinstance(b, Grid)]
    waves = next(table for table in tables if "Left after 90 days" in table.header)
    at = waves.header.index("Left after 90 days")
    told = {row[0]: row[at : at + 2] for row in waves.rows}
    assert told["Remini"] == ("39.5%", "15 new ratings, 8 Oct 2023 to 15 Oct 2023")
    assert told["Lensa AI"] == (
        "–",
        "left out: 0 new ratings, 7 Mar 2023 to 8 Mar 2023, too short to tell a share",
    )


def test_a_shock_before_the_debut_is_no_event_of_the_share(reader: SnapshotReader) -> None:
    study = attention.prepare(reader, Choice()).document.args[0].study  # pyright: ignore
    assert pd.Timestamp("2025-10-08") in set(study.shocks["event_date"])  # Remini, listed in 2026
    assert study.events.empty
    document = english(reader)
    assert "3 shocks belong to companies that were not listed on their day" in str(document)


def test_of_an_app_without_look_ups_nothing_empty_is_told(reader: SnapshotReader) -> None:
    sections = english(reader, app="com.meitu.mtxx").sections
    assert "How fast it fades" not in {section.heading for section in sections}
    captions = [b.caption for s in sections for b in s.blocks if isinstance(b, Picture)]
    assert not any("installs behind one new rating" in caption for caption in captions)
    assert not any("to –" in caption for caption in captions)


def test_the_caption_of_the_ratings_states_the_days_that_are_drawn(reader: SnapshotReader) -> None:
    report = attention.prepare(reader, Choice()).document.args[0]  # pyright: ignore
    ratings = next(attention.document(report, words("en")).pictures())
    solid = [trace for trace in ratings.figure.data if trace.line.dash is None]
    drawn = [
        day
        for trace in solid
        for day, rate in zip(trace.x, trace.y, strict=True)
        if rate is not None and not pd.isna(rate)
    ]
    first, last = (words("en").date(pd.Timestamp(day)) for day in (min(drawn), max(drawn)))
    assert ratings.caption.startswith(f"New ratings a day, by storefront, {first} to {last}:")
    held = words("en").date(report.study.rates["observed_on"].max())
    assert (f"Look-ups are held to {held}." in ratings.caption) == (held != last)
