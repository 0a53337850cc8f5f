"""The memo of unit economics: what pictures cost, axes and headings that say what they show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.reports.choice import Choice
from dashboard.reports.document import Document, Grid, Paragraph, Picture, Points, Section
from dashboard.reports.unit_economics import prepare
from dashboard.text import words
from etl.analytics.picture_cost import cost_parts
from etl.warehouse import SnapshotReader

MIXED: dict[str, Any] = {
    "name": "Mixed",
    "currency": "CNY",
    "as_of": "2024-06-30",
    "sourcing": "rent",
    "inputs": {
        "active_users": 100_000,
        "paying_share": {"value": 0.03, "low": 0.02, "high": 0.04},
        "net_proceeds": 40,
        "paid_images_per_user": 60,
        "free_images_per_user": 5,
        "hourly_price": 18,
        "utilisation": 0.4,
        "moderation_per_image": 0.002,
    },
    "mix": {
        "cells": {
            "portraits": {"share": 0.7, "images_per_second": 2, "retry_rate": 0.4},
            "edits": {"share": 0.3, "images_per_second": 6.5, "retry_rate": 1},
        },
    },
}
HEADING = "What a thousand pictures cost"
STRIPE = {
    "name": "web",
    "price": {"value": 12, "unit": "USD"},
    "store": "web_stripe",
    "storefront": "US",
    "price_includes_tax": False,
}
CHINA = {"name": "china", "price": 30, "store": "app_store", "storefront": "CN"}


@pytest.fixture(scope="module")
def reader(published: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(published, for_export=True) as opened:
        yield opened


def memo(reader: SnapshotReader, folder: Path, language: str = "en", **more: Any) -> Document:
    file = folder / "mixed.yml"
    file.write_text(yaml.safe_dump({**MIXED, **more}, sort_keys=False), "utf-8")
    return prepare(reader, Choice(scenario=str(file))).document(words(language))


def section(document: Document, heading: str) -> Section:
    return next(part for part in document.sections if part.heading == heading)


def amounts_of(picture: Picture) -> str:
    axis: Any = picture.figure["layout"]["xaxis"]
    return axis["title"]["text"]


def amount_of_a_thousand(cell: str) -> float:
    own = {**MIXED["inputs"], **MIXED["mix"]["cells"][cell]}
    nothing = dict.fromkeys(("blocked_rate", "storage_per_image", "egress_per_image"), 0.0)
    v: Any = nothing | {name: each for name, each in own.items() if not isinstance(each, dict)}
    return 1_000 * sum(float(part) for part in cost_parts(v, "rent").values())


def test_the_memo_says_what_a_thousand_pictures_cost(
    reader: SnapshotReader, tmp_path: Path
) -> None:
    told, figure, kinds, rests_on = section(memo(reader, tmp_path), HEADING).blocks
    assert isinstance(told, Paragraph)
    assert told.text.startswith("A thousand delivered pictures of the mix of 2 kinds cost CNY")
    assert isinstance(kinds, Grid)
    portraits, edits = (amount_of_a_thousand(cell) for cell in ("portraits", "edits"))
    assert [row[0] for row in kinds.rows] == ["portraits", "edits", "The mix"]
    values = [row[2] for row in kinds.values]
    assert values == pytest.approx([portraits, edits, 0.7 * portraits + 0.3 * edits])
    assert isinstance(figure, Picture)
    assert "CNY for 1,000 pictures" in amounts_of(figure)
    assert "assumed" in figure.caption
    assert isinstance(rests_on, Grid)
    assert {row[0] for row in rests_on.rows} == {"portraits", "edits"}


def test_without_a_mix_there_is_one_kind(reader: SnapshotReader, tmp_path: Path) -> None:
    inputs = {**MIXED["inputs"], "images_per_second": 2, "retry_rate": 0.4}
    document = memo(reader, tmp_path, mix=None, inputs=inputs)
    told, figure, kinds = section(document, HEADING).blocks
    assert isinstance(told, Paragraph)
    assert told.text.startswith("A thousand delivered pictures cost CNY")
    assert isinstance(figure, Picture)
    assert isinstance(kinds, Grid)
    (row,) = kinds.values
    assert row[2] == pytest.approx(amount_of_a_thousand("portraits"))


def test_what_is_lacking_is_told_in_place_of_a_cost(reader: SnapshotReader, tmp_path: Path) -> None:
    document = memo(reader, tmp_path, mix=None)
    told, kinds = section(document, HEADING).blocks
    assert isinstance(told, Paragraph)
    assert told.text == "Not known without: Speed of a machine."
    assert isinstance(kinds, Grid)
    assert kinds.values[0][2] is None
    cells = {**MIXED["mix"]["cells"], "edits": {"share": 0.3}}
    told, *_ = section(memo(reader, tmp_path, mix={"cells": cells}), HEADING).blocks
    assert isinstance(told, Paragraph)
    assert told.text == "Speed of a machine is not told for: edits."


def test_a_scenario_that_counts_by_user_says_why_it_is_left_out(reader: SnapshotReader) -> None:
    document = prepare(reader, Choice(scenario="small-platform")).document(words("en"))
    (told,) = section(document, HEADING).blocks
    assert isinstance(told, Paragraph)
    assert "counts by user (A server shared by the users it carries)" in told.text


def test_money_typed_without_a_currency_is_converted_and_not_renamed(
    reader: SnapshotReader, tmp_path: Path
) -> None:
    file = tmp_path / "mixed.yml"
    file.write_text(yaml.safe_dump(MIXED, sort_keys=False), "utf-8")
    found = prepare(reader, Choice(scenario=str(file), currency="eur"))
    study = found.document.args[0].study
    kept = study.scenario.inputs.given["net_proceeds"]
    assert kept.value == pytest.approx(40 * 0.129, rel=0.03)
    assert "EUR/CNY" in kept.converted


def test_amounts_of_a_month_bear_their_currency(reader: SnapshotReader, tmp_path: Path) -> None:
    pictures = {picture.key: picture for picture in memo(reader, tmp_path).pictures()}
    titles = {key: amounts_of(pictures[key]) for key in ("waterfall-payer", "waterfall-user")}
    assert titles["waterfall-payer"] == "Amount (CNY per payer and month)"
    assert titles["waterfall-user"] == "Amount (CNY per user and month)"


def test_a_heading_says_whose_result_is_moved(reader: SnapshotReader, tmp_path: Path) -> None:
    held = section(memo(reader, tmp_path), "What moves the result of a user")
    first = held.blocks[0]
    assert isinstance(first, Picture)
    assert first.key == "tornado-month"


def test_plans_show_their_fixed_fee_and_the_notes_of_their_terms(
    reader: SnapshotReader, tmp_path: Path
) -> None:
    inputs = {name: each for name, each in MIXED["inputs"].items() if name != "net_proceeds"}
    plans = [{**STRIPE, "share": 0.5}, {**CHINA, "share": 0.5}]
    document = memo(reader, tmp_path, inputs=inputs, plans=plans)
    *_, table, notes = section(document, "What it stands on").blocks
    assert isinstance(table, Grid)
    place = table.header.index("Fixed fee a charge (CNY)")
    assert [row[place] for row in table.values][1] is None
    assert isinstance(table.values[0][place], float)
    assert isinstance(notes, Points)
    assert any(note.startswith("web: Plus USD 0.30 per successful charge") for note in notes.items)
    only = memo(reader, tmp_path, inputs=inputs, plans=[CHINA])
    grids = [
        block for block in section(only, "What it stands on").blocks if isinstance(block, Grid)
    ]
    assert not [name for name in grids[-1].header if name.startswith("Fixed fee")]
