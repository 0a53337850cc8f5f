"""Every kind of pipeline runs as a twin, from prompt to picture, on configurations made small."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

import torch

from generator import catalog, pipelines, presets
from generator.catalog import Model
from generator.clock import CpuClock
from generator.instruments import StageTimer

# Some schedulers of diffusers hand tensors to numpy in an old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLIP = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "projection_dim": 32,
}
T5 = {"d_model": 64, "d_ff": 64, "d_kv": 16, "num_heads": 4, "num_layers": 2}
VAE = {"block_out_channels": [32, 32, 32, 32], "layers_per_block": 1}
WORDS = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 64,
}
ROPE = [8, 12, 12]
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "sd15": {
        "unet": {"block_out_channels": [32, 32, 32, 32], "cross_attention_dim": 32},
        "text_encoder": CLIP,
        "vae": VAE,
    },
    "sdxl": {
        "unet": {
            "block_out_channels": [32, 64, 64],
            "attention_head_dim": [2, 4, 4],
            "transformer_layers_per_block": [1, 1, 1],
            "cross_attention_dim": 64,
            "projection_class_embeddings_input_dim": 6 * 256 + 32,
        },
        "text_encoder": CLIP,
        "text_encoder_2": CLIP,
        "vae": VAE,
    },
    "sd35-medium": {
        "transformer": {
            "num_layers": 2,
            "attention_head_dim": 32,
            "num_attention_heads": 2,
            "caption_projection_dim": 64,
            "joint_attention_dim": 64,
            "pooled_projection_dim": 64,
            "dual_attention_layers": [0],
        },
        "text_encoder": CLIP,
        "text_encoder_2": CLIP,
        "text_encoder_3": T5,
        "vae": VAE,
    },
    "flux1-dev": {
        "transformer": {
            "num_layers": 1,
            "num_single_layers": 1,
            "attention_head_dim": 32,
            "num_attention_heads": 2,
            "joint_attention_dim": 64,
            "pooled_projection_dim": 32,
            "axes_dims_rope": ROPE,
        },
        "text_encoder": CLIP,
        "text_encoder_2": T5,
        "vae": VAE,
    },
    "pixart-sigma": {
        "transformer": {
            "num_layers": 2,
            "attention_head_dim": 16,
            "num_attention_heads": 4,
            "cross_attention_dim": 64,
            "caption_channels": 64,
        },
        "text_encoder": T5,
        "vae": VAE,
    },
    "sana15-1.6b": {
        "vae": {"encoder_block_out_channels": [32] * 6, "decoder_block_out_channels": [32] * 6},
        "transformer": {
            "num_layers": 2,
            "attention_head_dim": 16,
            "num_attention_heads": 4,
            "num_cross_attention_heads": 4,
            "cross_attention_head_dim": 16,
            "cross_attention_dim": 64,
            "caption_channels": 64,
        },
        "text_encoder": WORDS,
    },
    "z-image-turbo": {
        "transformer": {
            "dim": 64,
            "n_heads": 2,
            "n_kv_heads": 2,
            "n_layers": 1,
            "n_refiner_layers": 1,
            "axes_dims": ROPE,
            "cap_feat_dim": 64,
        },
        "text_encoder": WORDS,
        "vae": VAE,
    },
    "qwen-image": {
        "transformer": {
            "num_layers": 1,
            "attention_head_dim": 32,
            "num_attention_heads": 2,
            "joint_attention_dim": 64,
            "axes_dims_rope": ROPE,
        },
        "text_encoder": {
            "text_config": {
                **{key: value for key, value in WORDS.items() if key != "head_dim"},
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": 1e6,
                    "mrope_section": [2, 3, 3],
                },
            },
            "vision_config": {
                "depth": 1,
                "hidden_size": 32,
                "intermediate_size": 32,
                "num_heads": 2,
                "out_hidden_size": 64,
            },
        },
        "vae": {"base_dim": 16},
    },
}


def small(model_id: str) -> Model:
    model = catalog.model(model_id)
    parts = {
        name: settings | SMALL[model_id].get(name, {})
        for name, settings in model.components.items()
    }
    return replace(model, components=parts)


@pytest.mark.parametrize("model_id", SMALL)
def test_a_twin_makes_finite_pictures_in_every_stage(model_id: str) -> None:
    model = small(model_id)
    pipe = pipelines.load(model, pipelines.Weights("twin"), "cpu", torch.float32, seed=1)
    timer = StageTimer(pipe, model, CpuClock())
    timer.check_next()
    prompt = pipelines.filling_prompt(model)
    request = pipelines.Request((prompt,) * 2, 64, 64, 2, model.guidance, (1, 2), "pt")
    made = pipelines.call(pipe, model, catalog.task("txt2img"), request)
    assert [tuple(picture.shape) for picture in made] == [(3, 64, 64)] * 2
    assert all(bool(picture.isfinite().all()) for picture in made)
    seconds, n_calls = timer.take()
    assert set(seconds) >= {"text", "denoiser", "decode"}
    # Qwen-Image guides by two calls a step; PNDM of SD 1.5 makes one call more than steps.
    assert n_calls == {"qwen-image": 4, "sd15": 3}.get(model_id, 2)


@pytest.mark.parametrize("task_id", ["img2img", "inpaint"])
@pytest.mark.parametrize("model_id", ["sdxl", "flux1-dev", "qwen-image", "z-image-turbo"])
def test_a_given_picture_goes_through_the_same_components(model_id: str, task_id: str) -> None:
    model, task = small(model_id), catalog.task(task_id)
    base = pipelines.load(model, pipelines.Weights("twin"), "cpu", torch.float32, seed=1)
    pipe = pipelines.for_task(base, task)
    assert pipe.vae is base.vae
    request = pipelines.Request(("a red ring",), 64, 64, 4, model.guidance, (1,), "pt")
    (picture,) = pipelines.call(pipe, model, task, request)
    assert picture.shape == (3, 64, 64)
    assert bool(picture.isfinite().all())


def test_a_task_without_a_pipeline_is_refused() -> None:
    model = small("pixart-sigma")
    base = pipelines.load(model, pipelines.Weights("twin"), "cpu", torch.float32)
    with pytest.raises(Exception, match=r"got img2img with PixArtSigmaPipeline"):
        pipelines.for_task(base, catalog.task("img2img"))


class Attentions(torch.overrides.TorchFunctionMode):
    """Counts how often attention is computed."""

    n = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += func is torch.nn.functional.scaled_dot_product_attention
        return func(*args, **(kwargs or {}))


def picture_and_attentions(pipe: Any, model: Model, task_id: str = "txt2img") -> tuple[Any, int]:
    request = pipelines.Request(("a red ring",), 64, 64, 12, model.guidance, (1,), "pt")
    with Attentions() as counted:
        (made,) = pipelines.call(pipe, model, catalog.task(task_id), request)
    return made, counted.n


def with_switch(model: Model, switch: str | None, task_id: str = "txt2img") -> tuple[Any, Any]:
    """Return a small twin with one switch on, and why the model has no place for it."""
    base = pipelines.load(model, pipelines.Weights("twin"), "cpu", torch.float32, seed=1)
    pipe = pipelines.for_task(base, catalog.task(task_id))
    known = {s.id: s for preset in presets.PRESETS.values() for s in preset.switches}
    setting = presets.Setting(model, presets.Machine("cpu"), "twin", 12, 1e9)
    return pipe, known[switch].apply(pipe, setting) if switch else None


@pytest.mark.parametrize(
    ("model_id", "task_id"),
    [*((name, "txt2img") for name in SMALL), ("sd15", "img2img"), ("flux1-dev", "img2img")],
)
def test_a_fixed_cache_skips_attention_and_begins_anew(model_id: str, task_id: str) -> None:
    model = small(model_id)
    plain, _ = with_switch(model, None, task_id)
    cached, why_not = with_switch(model, "fixed_cache", task_id)
    assert why_not is None
    _, n_computed = picture_and_attentions(plain, model, task_id)
    first, n_first = picture_and_attentions(cached, model, task_id)
    again, n_again = picture_and_attentions(cached, model, task_id)
    assert n_first == n_again < n_computed
    assert first.equal(again), "the second picture takes up what the first has left"


@pytest.mark.parametrize("model_id", SMALL)
def test_joined_projections_give_the_same_picture_or_say_why_not(model_id: str) -> None:
    model = small(model_id)
    plain, _ = with_switch(model, None)
    joined, why_not = with_switch(model, "fused_projections")
    assert (why_not is None) == (model_id in ("sd15", "sdxl", "flux1-dev", "pixart-sigma"))
    expected, _ = picture_and_attentions(plain, model)
    made, _ = picture_and_attentions(joined, model)
    assert torch.allclose(made, expected, atol=1e-4)
