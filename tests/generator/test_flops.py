"""Parameters and operations equal the verified ones exactly, without a weight or a card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator import catalog, components, flops
from generator.stages import Shape

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")


# What one worker has counted it need not count again.
MODELS = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in catalog.model_ids()]


@pytest.mark.parametrize("model_id", MODELS)
def test_every_model_counts_as_verified(model_id: str) -> None:
    model = catalog.model(model_id)
    assert flops.parameters(model_id) == model.verified["params"]
    one = Shape(model.native_px, model.native_px)
    told = model.verified["flops"]
    for name in model.text_encoders:
        assert flops.stage(model_id, name, one).flops == told[name]
    assert flops.stage(model_id, model.denoiser, one).flops == told[f"{model.denoiser}_step"]
    assert flops.stage(model_id, "decode", one).flops == told["vae_decode"]


@pytest.mark.parametrize("model_id", MODELS)
def test_a_picture_equals_the_reference(model_id: str, reference: Path) -> None:
    file = reference / "generator" / "flops_expected.json"
    expected = json.loads(file.read_text("utf-8"))[model_id]
    model = catalog.model(model_id)
    picture = flops.picture(model_id, Shape(model.native_px, model.native_px), model.steps)
    assert (model.native_px, model.steps, model.guidance_batch) == (
        expected["native"],
        expected["steps"],
        expected["cfg"],
    )
    assert picture.tflop == expected["tflop_per_image"]
    assert picture.denoiser_step_flops / 1e12 == expected["denoiser_tflop_per_step"]
    assert picture.text_flops / 1e12 == pytest.approx(expected["text_encoder_tflop"], rel=1e-12)
    assert picture.attention_share == pytest.approx(expected["attention_tflop_per_step"])
    counts = flops.parameters(model_id)
    assert counts[model.denoiser] == expected["denoiser_parameters"]
    assert sum(counts.values()) == expected["total_parameters"]


def test_a_given_picture_skips_steps_and_is_encoded() -> None:
    one = Shape(512, 512)
    whole = flops.picture("sd15", one, 50)
    edited = flops.picture("sd15", one, 50, "img2img")
    assert (whole.n_denoiser_steps, edited.n_denoiser_steps) == (50, 30)
    assert whole.encode_flops == 0 < edited.encode_flops
    assert flops.picture("sd15", one, 50, "inpaint").encode_flops == 2 * edited.encode_flops


def test_memory_grows_with_the_batch_and_tells_what_fits() -> None:
    one, four = (flops.memory("sd15", Shape(512, 512, batch)) for batch in (1, 4))
    assert one.weights_bytes == four.weights_bytes == 2 * 1_066_235_307
    assert four.activation_bytes == 4 * one.activation_bytes
    free = one.total_bytes
    assert one.largest_batch(free, 1) in (0, 1)
    assert one.largest_batch(10 * free, 1) == four.largest_batch(10 * free, 4) > 4
    assert one.largest_batch(one.weights_bytes, 1) == 0


def test_a_size_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(Exception, match=r"got 500x500 pixels; expected .* multiples of 64"):
        flops.picture("sd15", Shape(500, 500), 1)


def test_text_windows_are_each_models_own() -> None:
    assert {name: catalog.model(name).text_tokens for name in ("sd15", "flux1-dev")} == {
        "sd15": 77,
        "flux1-dev": 512,
    }


def test_a_twin_is_random_finite_and_not_zero(tiny: str) -> None:
    import torch

    model = catalog.model(tiny)
    for part in ("unet", "vae", "text_encoder"):
        made, again, other = (components.build(model, part, "cpu") for _ in range(3))
        for module, seed in ((made, 3), (again, 3), (other, 4)):
            components.fill(module, seed)
        weights = zip(made.named_parameters(), again.parameters(), other.parameters(), strict=True)
        for (name, weight), same, different in weights:
            assert torch.isfinite(weight).all(), name
            # A normal law in 32 bits gives an exact zero once in millions.
            assert (weight == 0).double().mean() < 1e-3, name
            assert torch.equal(weight, same), name
            assert not torch.equal(weight, different), name
