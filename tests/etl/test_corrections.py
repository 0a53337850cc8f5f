"""Known source errors are data with an expectation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etl import corrections
from etl.config import bundled_dir
from etl.errors import InputError, SourceError
from etl.schemas import GPUS, TABLES


def rule(folder: Path, **changes: object) -> Path:
    entry = {"match": {"gpu_name": "A"}, "column": "tdp_watts", "expect": "30", "set": "300",
             "reason": "a zero was lost", "source": "data sheet"} | changes  # fmt: skip
    (folder / "corrections").mkdir()
    import yaml

    text = yaml.safe_dump({"corrections": [{k: v for k, v in entry.items() if v is not None}]})
    (folder / "corrections" / "gpus.yml").write_text(text)
    return folder


@pytest.fixture
def cards() -> pd.DataFrame:
    row = {c.name: None for c in GPUS.frame_columns()}
    return pd.DataFrame(
        [row | {"gpu_name": n, "tdp_watts": w} for n, w in [("A", "30"), ("B", "30")]]
    )


def test_the_wrong_value_is_replaced_in_the_named_row_only(tmp_path, cards):
    corrected, rejected = corrections.apply(GPUS, cards, rule(tmp_path))
    assert corrected["tdp_watts"].tolist() == ["300", "30"]
    assert rejected.empty


def test_a_row_can_be_taken_out_with_its_reason(tmp_path, cards):
    corrected, rejected = corrections.apply(GPUS, cards, rule(tmp_path, set=None, quarantine=True))
    assert corrected["gpu_name"].tolist() == ["B"]
    assert rejected["reason"].tolist() == ["a zero was lost"]


def test_a_source_that_has_mended_itself_fails_until_the_entry_is_removed(tmp_path, cards):
    mended = cards.assign(tdp_watts="300")
    with pytest.raises(SourceError, match=r"got \['300'\].*known error '30'"):
        corrections.apply(GPUS, mended, rule(tmp_path))


def test_a_row_that_was_not_fetched_is_no_failure(tmp_path, cards):
    corrected, _ = corrections.apply(GPUS, cards.iloc[1:], rule(tmp_path))
    assert corrected["tdp_watts"].tolist() == ["30"]


@pytest.mark.parametrize("changes", [{"set": None}, {"quarantine": True}, {"colour": "red"}])
def test_an_entry_that_is_not_well_formed_names_its_file(tmp_path, cards, changes):
    with pytest.raises(InputError, match=r"gpus\.yml"):
        corrections.apply(GPUS, cards, rule(tmp_path, **changes))


def test_every_bundled_correction_is_well_formed_and_names_a_table():
    files = sorted((bundled_dir() / "corrections").glob("*.yml"))
    assert files
    for file in files:
        assert corrections.read(TABLES[file.stem], bundled_dir())


def test_a_correction_of_a_column_that_is_not_there_is_told(tmp_path, cards):
    with pytest.raises(InputError, match="no_such_column"):
        corrections.apply(GPUS, cards, rule(tmp_path, column="no_such_column"))
