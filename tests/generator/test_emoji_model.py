"""The bundled picture model: its size, its card, its quality, its seeded pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

from generator import emoji
from generator.emoji import build, card, few, quality, seeded, source, training, use
from generator.flops import parameters

FOLDER = Path(__file__).resolve().parents[2] / "data" / "models" / emoji.NAME


pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the picture model's weights are not here: `make toy` trains them"
)


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return json.loads((FOLDER / training.RECORD).read_text("utf-8"))


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return json.loads((FOLDER / quality.FILE).read_text("utf-8"))


def test_a_seeded_picture_is_the_one_that_lies_beside_the_weights() -> None:
    outcome = seeded.compare(FOLDER)
    assert outcome.holds, outcome


def test_weights_and_folder_are_as_small_as_they_must_be(record) -> None:
    assert sum(record["weights"].values()) <= emoji.MOST_WEIGHTS
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) <= emoji.MOST_BYTES
    counted = parameters(str(FOLDER)) | {few.FOLDER: record["weights"][few.FOLDER]}
    assert record["weights"] == counted


def test_the_card_states_the_numbers_that_were_measured_and_whose_drawings_they_are(
    record, measured
) -> None:
    told = (FOLDER / "README.md").read_text("utf-8")
    assert card.table(measured) in told
    for package in source.PACKAGES:
        assert all(part in told for part in (package.name, package.licence, package.rights))
    assert f"{sum(record['weights'].values()) / 1e6:.2f} million" in told
    assert all(f"{n:,}" in told for n in record["steps"])
    assert "must not" in told


def test_what_was_held_out_is_no_name_it_was_taught(record) -> None:
    names = set(record["drawings"]["names"])
    assert len(names) > 150
    # Both sets may give one name to different signs, so a few are in both.
    assert len(names & set(record["drawings"]["held_out"])) <= 5


def test_more_steps_are_better_and_the_adapter_is_better_at_few(measured) -> None:
    rows = {(row["variant"], row["steps"]): row for row in measured["rows"]}
    assert {steps for _, steps in rows} == set(emoji.STEPS_MEASURED)
    share = {key: row["seen"]["top5_rate"] for key, row in rows.items()}
    assert share["guided", 20] > share["guided", 1]
    assert all(share["few-steps", n] > share["guided", n] for n in (1, 2))
    assert rows["guided", 20]["seconds_per_picture"] > rows["few-steps", 4]["seconds_per_picture"]
    assert all(row["seen"]["n"] >= 100 for row in rows.values())


def test_its_parts_are_those_the_training_builds() -> None:
    pipe = use.load(FOLDER).pipe
    assert build.weights(pipe) == {
        name: n for name, n in parameters(str(FOLDER)).items() if name in build.parts(pipe)
    }
