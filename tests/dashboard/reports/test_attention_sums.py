"""Downloads behind new ratings are live in a spreadsheet: the factor is the reader's to change."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dashboard.reports.attention import prepare
from dashboard.reports.choice import Choice
from dashboard.reports.document import Calculation
from dashboard.text import words
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module", params=["en", "zh"])
def made(published: Path, request: pytest.FixtureRequest) -> tuple[Calculation, pd.DataFrame]:
    """Return the calculation of the report, and the downloads that the study estimated."""
    report = prepare(SnapshotReader(published, for_export=True), Choice())
    document = report.document(words(request.param))
    blocks = [block for section in document.sections for block in section.blocks]
    (sums,) = [block for block in blocks if isinstance(block, Calculation)]
    study = report.document.args[0].study  # pyright: ignore
    return sums, study.installs.loc[study.installs["method"] == "ratings"]


def test_the_installs_behind_a_rating_are_an_input_that_is_assumed(made) -> None:
    sums, _ = made
    low, high = sums.inputs[:2]
    assert (low.value, high.value) == (50, 200)
    assert {low.evidence, high.evidence} <= {"assumed", "假设"}


def test_every_download_follows_and_equals_that_of_the_figure(made) -> None:
    sums, installs = made
    known = {line.key: line.value for line in sums.inputs}
    assert len(sums.formulas) == 2 * (len(sums.inputs) - 2) > 0
    names = installs.sort_values("high", ascending=False)["name"].drop_duplicates()
    for place, name in enumerate(names.head(len(sums.inputs) - 2)):
        own = installs.loc[installs["name"] == name]
        for line, end in zip(
            sums.formulas[2 * place : 2 * place + 2], ("low", "high"), strict=True
        ):
            terms = {key: f"known[{key!r}]" for key in known}
            follows = eval(line.expression.format(**terms), {"known": known})
            assert name in line.label
            assert follows == pytest.approx(line.value)
            assert line.value == pytest.approx(own[end].max())
