"""The ways in which a small picture model draws: by the adapter for few steps, by every number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")
pytest.importorskip("resvg_py", reason="no resvg-py: the extra `toy` adds it")

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
from generator.emoji import use
from generator.errors import GeneratorError

from .small_emoji import small_batches, train

__all__ = ["small_batches"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(train(tmp_path_factory.mktemp("model") / emoji.NAME))


def test_a_toy_is_what_is_measured_where_no_model_is_named(folder, monkeypatch, capsys) -> None:
    assert [Path(name).name for name in catalog.offered()] == list(catalog.toys()[:1])
    places = {emoji.NAME: Path(folder)}
    monkeypatch.setattr(catalog, "toy_folder", lambda name=catalog.TOY: places.get(name))
    assert catalog.offered() == [folder]
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


def adapted(model: str, **more: Any) -> Cell:
    asked = {"weights": "real", "device": "cpu", "preset": "few-steps"} | more
    return preparation.completed(Cell(model, **asked))


def test_few_steps_are_a_preset_with_steps_and_guidance_of_its_own(folder) -> None:
    cell = adapted(folder)
    assert (cell.steps, cell.guidance) == (emoji.FEW_STEPS, 1.0)
    assert preparation.hindrance(cell) is None
    assert adapted(folder, preset="default").steps == emoji.STEPS


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"weights": "twin"}, "a twin's are random"),
        ({"steps": 8}, "8 steps: its adapter draws in 1 to 4"),
        ({"guidance": 3.0}, "has learnt guidance"),
    ],
)
def test_what_the_adapter_cannot_do_is_refused_with_the_reason(folder, more, why) -> None:
    assert why in (preparation.hindrance(adapted(folder, **more)) or "")


def test_a_pipeline_without_an_adapter_is_refused(tiny) -> None:
    assert "no adapter beside the weights" in (preparation.hindrance(adapted(tiny)) or "")


@pytest.fixture(scope="module")
def by_steps(folder: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    cell = Cell(folder, weights="real", weights_source=folder, device="cpu")
    document = {
        "cell": cell.to_record(),
        "prompt": "red circle xyzzy",
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


def test_the_adapter_draws_what_the_preset_draws(folder, by_steps) -> None:
    import numpy as np

    maker = use.load(Path(folder), with_adapter=True)
    [drawn] = use.draw(maker, [by_steps["prompt"]], [0], 4)
    with Image.open(by_steps["pictures"][2]["path"]) as opened:
        apart = np.abs(np.asarray(opened.convert("RGB")).astype(int) - drawn)
    assert apart.mean() < 1


@pytest.mark.parametrize(
    "beside", [{"steps": 3}, {"guidance": 2.0}, {"task": "img2img"}, {"preset": "cached"}]
)
def test_what_goes_through_all_steps_takes_nothing_beside_it(folder, tmp_path, beside) -> None:
    cell = Cell(folder, weights="real", weights_source=folder, device="cpu", **beside)
    document = {"cell": cell.to_record(), "prompt": "x", "n": 1, "by_steps": True}
    with pytest.raises(GeneratorError, match=f"--by-steps beside --{next(iter(beside))}"):
        children.make_pictures(document | {"folder": str(tmp_path)}, lambda _event: None)


def test_a_task_that_its_latents_cannot_do_is_not_offered(folder) -> None:
    model = catalog.model(folder)
    can = [name for name, task in catalog.TASKS.items() if pipelines.can_do(model, task)]
    assert can == ["txt2img", "img2img", "upscale", "lora"]
    with pytest.raises(GeneratorError, match="got inpaint with emoji-64"):
        adapted(folder, preset="default", task="inpaint")


def test_part_of_a_preset_with_steps_of_its_own_is_none() -> None:
    with pytest.raises(GeneratorError, match="got the preset 'few-steps-2'"):
        presets.preset("few-steps-2")


def test_another_picture_is_no_error_of_a_preset(folder) -> None:
    cell = adapted(folder, weights_source=folder)
    with pytest.raises(GeneratorError, match="draws other pictures, which is no error"):
        honesty.compare(cell, lambda _event: None)
