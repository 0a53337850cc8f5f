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


def test_the_card_is_what_the_records_say(record, measured, tmp_path) -> None:
    for name in (training.RECORD, quality.FILE):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    card.write(tmp_path)
    for name in ("README.md", "NOTICE.md"):
        assert (FOLDER / name).read_text("utf-8") == (tmp_path / name).read_text("utf-8")
    told = (FOLDER / "README.md").read_text("utf-8")
    assert card.table(measured) in told
    for package in source.PACKAGES:
        assert all(part in told for part in (package.name, package.licence, package.rights))
    assert f"{sum(record['weights'].values()) / 1e6:.2f} million" in told
    assert f"--steps {','.join(map(str, record['steps']))}" in told
    assert "must not" in told


def test_what_was_held_out_is_no_name_it_was_taught(record) -> None:
    names = set(record["drawings"]["names"])
    assert names
    assert names.isdisjoint(record["drawings"]["held_out"])


def test_steps_are_measured_and_one_step_is_better_with_the_adapter_than_guided(measured) -> None:
    rows = {(row["variant"], row["steps"]): row for row in measured["rows"]}
    assert {steps for _, steps in rows} == set(emoji.STEPS_MEASURED)
    share = {key: row["seen"]["top5_rate"] for key, row in rows.items()}
    assert rows["guided", 20]["seen"]["top5_low"] > share["guided", 1]
    assert rows["few-steps", 1]["seen"]["top5_low"] > share["guided", 1]
    assert rows["guided", 20]["seconds_per_picture"] > rows["few-steps", 4]["seconds_per_picture"]
    assert all(row["seen"]["n"] >= 100 for row in rows.values())


def test_its_parts_are_those_the_training_builds() -> None:
    pipe = use.load(FOLDER).pipe
    assert build.weights(pipe) == {
        name: n for name, n in parameters(str(FOLDER)).items() if name in build.parts(pipe)
    }
