"""How far presets' numbers are from default's, on the small pipeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

import torch

from generator import catalog, honesty, honesty_summary, pipelines, preparation, presets
from generator.cell import Cell
from generator.errors import GeneratorError

from .test_twins import small


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


@pytest.fixture
def cell(tiny: str) -> Cell:
    return preparation.completed(
        Cell(tiny, weights="real", weights_source=tiny, steps=3, device="cpu")
    )


def perturbing(monkeypatch, change: Any) -> None:
    """Let a preset ``compiled`` change the pipeline as told, and compile nothing."""
    switch = presets.Switch("changed", "", "", lambda _setting: None, change)
    monkeypatch.setitem(presets.PRESETS, "compiled", presets.Preset("compiled", "", (switch,)))


def test_a_preset_that_changes_nothing_has_no_error(cell: Cell, monkeypatch) -> None:
    perturbing(monkeypatch, lambda _pipe, _setting: None)
    told = honesty.compare(replace(cell, preset="compiled"), quiet)
    assert told["same_inputs"] == {"text": [0.0, 0.0], "denoiser": [0.0] * 3, "decode": [0.0]}
    assert told["from_noise"] == told["same_inputs"] | {"picture": 0.0}
    assert told["calls"] == 3
    assert told["float32_reason"] == "default is float32 here"


def test_errors_are_those_of_the_stage_that_was_changed(cell: Cell, monkeypatch) -> None:
    def scale(pipe: Any, _setting: Any) -> None:
        pipe.unet.conv_out.weight.data *= 1.01
        pipe.unet.conv_out.bias.data *= 1.01

    perturbing(monkeypatch, scale)
    told = honesty.compare(replace(cell, preset="compiled"), quiet)
    same, from_noise = told["same_inputs"], told["from_noise"]
    # The last layer is linear: its result is 1 % larger at every call with the same inputs.
    assert same["denoiser"] == pytest.approx([0.01] * 3, rel=1e-3)
    assert same["text"] == [0.0, 0.0]
    assert same["decode"] == [0.0]
    assert from_noise["denoiser"][0] == pytest.approx(0.01, rel=1e-3)
    assert from_noise["picture"] > 0
    assert from_noise["decode"][0] > 0  # it was handed another latent
    summary = honesty_summary.largest(told)
    assert summary["denoiser"] == max(same["denoiser"])
    assert summary["picture"] == from_noise["picture"]


def test_what_bf16_itself_changes_is_told_and_leaves_the_weights(tiny: str, monkeypatch) -> None:
    perturbing(monkeypatch, lambda _pipe, _setting: None)
    kept: list[Any] = []
    own = pipelines.load

    def load(*given: Any) -> Any:
        kept.append(own(*given))
        return kept[-1]

    monkeypatch.setattr(pipelines, "load", load)
    half = Cell(tiny, steps=2, device="cpu", dtype="bf16", preset="compiled")
    told = honesty.compare(preparation.completed(half), quiet)
    assert set(told["float32"]) == {"0", "1"}
    assert all(1e-4 < error < 0.1 for error in told["float32"].values())
    assert told["same_inputs"]["denoiser"] == [0.0, 0.0]
    (pipe,) = kept
    assert {weight.dtype for weight in pipe.unet.parameters()} == {torch.bfloat16}


def test_skipped_work_is_told_on_real_weights_and_refused_on_a_twin(cell: Cell) -> None:
    cached = replace(cell, preset="cached", steps=12)
    told = honesty.compare(cached, quiet)
    assert told["skips_work"] is True
    assert told["same_inputs"] is None
    assert "keeps a state" in told["same_inputs_reason"]
    assert told["from_noise"]["picture"] > 0
    with pytest.raises(GeneratorError, match="skips work"):
        honesty.compare(replace(cached, weights="twin", weights_source=None), quiet)


def test_activations_that_are_constant_hide_errors_and_are_refused(cell: Cell, monkeypatch) -> None:
    own = pipelines.load

    def constant(*given: Any) -> Any:
        pipe = own(*given)
        pipe.unet.conv_out.weight.data.zero_()
        pipe.unet.conv_out.bias.data.fill_(1.0)
        return pipe

    monkeypatch.setattr(pipelines, "load", constant)
    perturbing(monkeypatch, lambda _pipe, _setting: None)
    with pytest.raises(GeneratorError, match="activations of denoiser"):
        honesty.compare(replace(cell, preset="compiled"), quiet)


def test_a_relative_error_is_a_norm_over_a_norm_and_never_of_no_numbers() -> None:
    wanted = [torch.tensor([3.0, 4.0])]
    assert honesty.relative_error([torch.tensor([3.0, 4.5])], wanted) == pytest.approx(0.1)
    with pytest.raises(GeneratorError, match="no finite numbers"):
        honesty.relative_error([torch.tensor([3.0, float("nan")])], wanted)
    with pytest.raises(GeneratorError, match="results of shapes"):
        honesty.relative_error([torch.tensor([3.0])], wanted)


def test_a_preset_that_cannot_run_here_says_why(cell: Cell) -> None:
    with pytest.raises(GeneratorError, match="needs an NVIDIA card"):
        honesty.compare(replace(cell, preset="tuned"), quiet)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("model_id", ["sdxl", "flux1-dev", "sd35-medium", "z-image-turbo"])
def test_every_kind_of_twin_is_compared_in_bf16(model_id: str, monkeypatch) -> None:
    model = small(model_id)
    monkeypatch.setattr(catalog, "model", lambda _id: model)
    setting = presets.Setting(model, presets.Machine("cpu"), "twin", 2, 1e9)
    monkeypatch.setattr(preparation, "setting", lambda _cell: setting)
    known = {switch.id: switch for switch in presets.PRESETS["tuned"].switches}
    on_any_machine = tuple(known[name] for name in ("channels_last", "fused_projections"))
    monkeypatch.setitem(presets.PRESETS, "compiled", presets.Preset("compiled", "", on_any_machine))
    cell = Cell(
        *(model_id, "txt2img", "compiled"),
        **{"height_px": 64, "width_px": 64, "steps": 2, "device": "cpu", "dtype": "bf16"},
    )
    told = honesty.compare(replace(cell, guidance=model.guidance), quiet)
    assert told["calls"] == 2
    errors = told["same_inputs"]
    # Other orders of the same sums: no more than bf16's own error, and none that hides.
    assert all(0 <= error < 0.03 for stage in errors.values() for error in stage)
    rounds_guidance = model_id == "flux1-dev"
    most = 0.5 if rounds_guidance else 0.1
    assert all(0 < error < most for error in told["float32"].values())
    assert ("bf16 rounds" in (told["float32_note"] or "")) is rounds_guidance
    assert min(spread["lowest_deviation_share"] for spread in told["activations"].values()) > 0.1
