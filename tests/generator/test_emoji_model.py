"""The bundled picture model: its size, its card, one seeded picture, its ways of drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

from PIL import Image

from generator import (
    catalog,
    children,
    commands,
    emoji,
    honesty,
    pipelines,
    preparation,
    presets,
)
from generator.__main__ import _parser
from generator.cell import Cell
from generator.emoji import build, card, few, quality, seeded, source, training, use
from generator.errors import GeneratorError
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
    assert len(names) > 900
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


def test_it_is_what_is_measured_where_no_model_is_named(capsys) -> None:
    assert catalog.offered() == [str(FOLDER)]
    told = _parser("bench").parse_args(["run", "--images", "5"])
    [cell] = commands.cells(told)
    assert (Path(cell.model).name, cell.weights) == (emoji.NAME, "real")
    assert f"no model named: {emoji.NAME} is taken" in capsys.readouterr().err
    named = _parser("bench").parse_args(["run", "--images", "5", "sd15"])
    assert [one.model for one in commands.cells(named)] == ["sd15"]


def test_without_a_toy_a_model_must_be_named(monkeypatch) -> None:
    monkeypatch.setattr(catalog, "offered", list)
    with pytest.raises(GeneratorError, match="got no model"):
        commands.cells(_parser("bench").parse_args(["run"]))


def adapted(model: str = str(FOLDER), **more: Any) -> Cell:
    asked = {"weights": "real", "device": "cpu", "preset": "few-steps"} | more
    return preparation.completed(Cell(model, **asked))


def test_few_steps_are_a_preset_with_steps_and_guidance_of_its_own() -> None:
    cell = adapted()
    assert (cell.steps, cell.guidance) == (emoji.FEW_STEPS, 1.0)
    assert preparation.hindrance(cell) is None
    assert adapted(preset="default").steps == emoji.STEPS


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"weights": "twin"}, "a twin's are random"),
        ({"steps": 8}, "8 steps: its adapter draws in 1 to 4"),
        ({"guidance": 3.0}, "has learnt guidance"),
    ],
)
def test_what_the_adapter_cannot_do_is_refused_with_the_reason(more, why) -> None:
    assert why in (preparation.hindrance(adapted(**more)) or "")


def test_a_pipeline_without_an_adapter_is_refused(tiny) -> None:
    assert "no adapter beside the weights" in (preparation.hindrance(adapted(tiny)) or "")


@pytest.fixture(scope="module")
def by_steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    cell = Cell(str(FOLDER), weights="real", weights_source=str(FOLDER), device="cpu")
    document = {
        "cell": cell.to_record(),
        "prompt": "red apple xyzzy",
        "n": 1,
        "folder": str(tmp_path_factory.mktemp("pictures")),
        "by_steps": True,
    }
    return children.make_pictures(document, lambda _event: None)


def test_one_word_is_drawn_by_every_number_of_steps_with_what_each_took(by_steps) -> None:
    made = by_steps["pictures"]
    ways = [(one["preset"], one["steps"], one["denoiser_calls"]) for one in made]
    few_ways = [("few-steps", n, n) for n in (1, 2, 4)]
    assert ways == [*few_ways, *(("default", n, n) for n in (8, 20))]
    assert made[-1]["seconds"] > made[0]["seconds"]
    for one in made:
        with Image.open(one["path"]) as opened:
            assert opened.size == (64, 64)
        assert one["joules"] is not None or one["joules_reason"]


def test_words_it_has_never_read_are_named(by_steps) -> None:
    assert by_steps["unknown_words"] == ["xyzzy"]


def test_the_adapter_draws_what_the_preset_draws(by_steps) -> None:
    import numpy as np

    maker = use.load(FOLDER, with_adapter=True)
    [drawn] = use.draw(maker, [by_steps["prompt"]], [0], 4)
    with Image.open(by_steps["pictures"][2]["path"]) as opened:
        apart = np.abs(np.asarray(opened.convert("RGB")).astype(int) - drawn)
    assert apart.mean() < 1


@pytest.mark.parametrize(
    "beside", [{"steps": 3}, {"guidance": 2.0}, {"task": "img2img"}, {"preset": "cached"}]
)
def test_what_goes_through_all_steps_takes_nothing_beside_it(tmp_path, beside) -> None:
    cell = Cell(str(FOLDER), weights="real", weights_source=str(FOLDER), device="cpu", **beside)
    document = {"cell": cell.to_record(), "prompt": "x", "n": 1, "by_steps": True}
    with pytest.raises(GeneratorError, match=f"--by-steps beside --{next(iter(beside))}"):
        children.make_pictures(document | {"folder": str(tmp_path)}, lambda _event: None)


def test_a_task_that_its_latents_cannot_do_is_not_offered() -> None:
    model = catalog.model(str(FOLDER))
    can = [name for name, task in catalog.TASKS.items() if pipelines.can_do(model, task)]
    assert can == ["txt2img", "img2img", "upscale", "lora"]
    with pytest.raises(GeneratorError, match="got inpaint with emoji-64"):
        adapted(preset="default", task="inpaint")


def test_part_of_a_preset_with_steps_of_its_own_is_none() -> None:
    with pytest.raises(GeneratorError, match="got the preset 'few-steps-2'"):
        presets.preset("few-steps-2")


def test_another_picture_is_no_error_of_a_preset() -> None:
    cell = adapted(weights_source=str(FOLDER))
    with pytest.raises(GeneratorError, match="draws other pictures, which is no error"):
        honesty.compare(cell, lambda _event: None)


def test_its_parts_are_those_the_training_builds() -> None:
    pipe = use.load(FOLDER).pipe
    assert build.weights(pipe) == {
        name: n for name, n in parameters(str(FOLDER)).items() if name in build.parts(pipe)
    }
