"""The stages of a picture and the shapes that go through them: text, denoiser, decoder, encoder.

A stage is one call of one component. What a pipeline of diffusers hands to its components is built
here for any size and batch, so that operations can be counted on ``meta`` tensors and an adapter
can be trained without running a whole pipeline.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.catalog import TEXT_TOKENS_WITHOUT_OWN, Model
from generator.errors import GeneratorError

if TYPE_CHECKING:
    import torch

_CLIP = "clip_text_model"
_VAE_SCALES = {"AutoencoderDC": 32, "AutoencoderKLQwenImage": 8}


@dataclass(frozen=True)
class Shape:
    """What is asked of one call.

    Attributes
    ----------
    height_px, width_px
        Size of the picture.
    batch
        Pictures in one call.
    """

    height_px: int
    width_px: int
    batch: int = 1


def vae_scale(model: Model) -> int:
    """Return how many pixels of a picture's side make one number of its latent."""
    vae = model.components["vae"]
    blocks = vae.get("block_out_channels") or ()
    return _VAE_SCALES.get(vae["_class_name"]) or 2 ** (len(blocks) - 1)


def latent_size(model: Model, shape: Shape) -> tuple[int, int]:
    """Return height and width of the latent of a picture.

    Raises
    ------
    GeneratorError
        The size cannot be halved as often as the model does.
    """
    side = vae_scale(model) * _patch(model)
    if shape.height_px % side or shape.width_px % side or min(shape.height_px, shape.width_px) < 1:
        raise GeneratorError(
            f"{shape.width_px}x{shape.height_px} pixels",
            f"height and width that are multiples of {side} for {model.id}",
            "choose another --size",
        )
    return shape.height_px // vae_scale(model), shape.width_px // vae_scale(model)


def _patch(model: Model) -> int:
    settings = model.components[model.denoiser]
    if model.denoiser == "unet":
        return 2 ** (len(settings["block_out_channels"]) - 1)
    if settings["_class_name"] == "FluxTransformer2DModel":
        return 2  # packed two by two before the transformer sees them
    return settings.get("patch_size") or max(settings.get("all_patch_size", [1]))


def text_tokens(model: Model, component: str) -> int:
    """Return how many tokens a text encoder of a model reads."""
    settings = model.components[component]
    if settings.get("model_type") != _CLIP:
        return model.text_tokens
    return settings.get("max_position_embeddings", TEXT_TOKENS_WITHOUT_OWN)


class Inputs:
    """Arguments of the components of one model, on one device.

    Parameters
    ----------
    model
        The configuration.
    shape
        Size and number of pictures.
    device, dtype
        Of the tensors that are made.
    seed
        Of their random numbers.
    """

    def __init__(
        self, model: Model, shape: Shape, device: str, dtype: torch.dtype, seed: int = 0
    ) -> None:
        import torch

        self.model, self.shape, self.device, self.dtype = model, shape, device, dtype
        self.height, self.width = latent_size(model, shape)
        self._torch = torch
        if device != "meta":
            torch.manual_seed(seed)

    def _random(self, *size: int) -> torch.Tensor:
        return self._torch.randn(*size, device=self.device, dtype=self.dtype)

    def text(self, component: str, batch: int) -> dict[str, Any]:
        """Return the arguments of a text encoder for that many prompts."""
        tokens = text_tokens(self.model, component)
        ids = self._torch.ones(batch, tokens, dtype=self._torch.long, device=self.device)
        return {"input_ids": ids}

    def decoder(self) -> tuple[Any, ...]:
        """Return the argument of the decoder."""
        return (self._random(self.shape.batch, *self._latent()),)

    def encoder(self) -> tuple[Any, ...]:
        """Return the argument of the encoder."""
        frames = (1,) if self._has_frames else ()
        size = (self.shape.height_px, self.shape.width_px)
        return (self._random(self.shape.batch, 3, *frames, *size),)

    @property
    def _has_frames(self) -> bool:
        return self.model.components["vae"]["_class_name"] == "AutoencoderKLQwenImage"

    def _latent(self) -> tuple[int, ...]:
        vae = self.model.components["vae"]
        channels = vae.get("latent_channels") or vae["z_dim"]
        frames = (1,) if self._has_frames else ()
        return (channels, *frames, self.height, self.width)

    def denoiser(self, batch: int) -> dict[str, Any]:
        """Return the arguments of the denoiser for that many samples.

        Raises
        ------
        GeneratorError
            No arguments are known for this class of denoiser.
        """
        settings = self.model.components[self.model.denoiser]
        make = {
            "UNet2DConditionModel": self._unet,
            "SD3Transformer2DModel": self._sd3,
            "FluxTransformer2DModel": self._flux,
            "PixArtTransformer2DModel": self._pixart,
            "SanaTransformer2DModel": self._sana,
            "ZImageTransformer2DModel": self._z_image,
            "QwenImageTransformer2DModel": self._qwen,
        }.get(settings["_class_name"])
        if make is None:
            raise GeneratorError(
                f"a denoiser of class {settings['_class_name']}",
                "a class whose arguments are known",
                "add them to generator/stages.py",
            )
        return make(settings, batch)

    def _when(self, batch: int, value: float = 500.0) -> torch.Tensor:
        return self._torch.full((batch,), value, device=self.device, dtype=self.dtype)

    def _unet(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        states = self._random(batch, self.model.text_tokens, settings["cross_attention_dim"] or 0)
        arguments: dict[str, Any] = {
            "sample": self._random(batch, settings["in_channels"], self.height, self.width),
            "timestep": self._when(batch),
            "encoder_hidden_states": states,
        }
        if settings.get("addition_embed_type") == "text_time":
            ids = 6 * settings["addition_time_embed_dim"]
            pooled = settings["projection_class_embeddings_input_dim"] - ids
            arguments["added_cond_kwargs"] = {
                "text_embeds": self._random(batch, pooled),
                "time_ids": self._random(batch, 6),
            }
        return arguments

    def _sd3(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens = TEXT_TOKENS_WITHOUT_OWN + self.model.text_tokens  # CLIP's and T5's, side by side
        return {
            "hidden_states": self._random(batch, settings["in_channels"], self.height, self.width),
            "timestep": self._when(batch),
            "encoder_hidden_states": self._random(batch, tokens, settings["joint_attention_dim"]),
            "pooled_projections": self._random(batch, settings["pooled_projection_dim"]),
        }

    def _flux(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens, size = self.model.text_tokens, (self.height // 2) * (self.width // 2)
        arguments: dict[str, Any] = {
            "hidden_states": self._random(batch, size, settings["in_channels"]),
            "timestep": self._when(batch, 0.5),
            "encoder_hidden_states": self._random(batch, tokens, settings["joint_attention_dim"]),
            "pooled_projections": self._random(batch, settings["pooled_projection_dim"]),
            "img_ids": self._random(size, 3),
            "txt_ids": self._random(tokens, 3),
        }
        if settings.get("guidance_embeds"):
            arguments["guidance"] = self._when(batch, self.model.guidance)
        return arguments

    def _pixart(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens = self.model.text_tokens
        return {
            "hidden_states": self._random(batch, settings["in_channels"], self.height, self.width),
            "encoder_hidden_states": self._random(batch, tokens, settings["caption_channels"]),
            "timestep": self._when(batch),
            "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
            "encoder_attention_mask": self._mask(batch, tokens),
        }

    def _sana(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens = self.model.text_tokens
        return {
            "hidden_states": self._random(batch, settings["in_channels"], self.height, self.width),
            "encoder_hidden_states": self._random(batch, tokens, settings["caption_channels"]),
            "timestep": self._when(batch),
            "encoder_attention_mask": self._mask(batch, tokens),
        }

    def _mask(self, batch: int, tokens: int) -> torch.Tensor:
        return self._torch.ones(batch, tokens, device=self.device, dtype=self._torch.long)

    def _z_image(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens, width = self.model.text_tokens, settings["cap_feat_dim"]
        sample = (settings["in_channels"], 1, self.height, self.width)
        return {
            "x": [self._random(*sample) for _ in range(batch)],
            "t": self._when(batch, 0.5),
            "cap_feats": [self._random(tokens, width) for _ in range(batch)],
        }

    def _qwen(self, settings: dict[str, Any], batch: int) -> dict[str, Any]:
        tokens, size = self.model.text_tokens, (self.height // 2) * (self.width // 2)
        return {
            "hidden_states": self._random(batch, size, settings["in_channels"]),
            "encoder_hidden_states": self._random(batch, tokens, settings["joint_attention_dim"]),
            "encoder_hidden_states_mask": self._mask(batch, tokens),
            "timestep": self._when(batch, 0.5),
            "img_shapes": [[(1, self.height // 2, self.width // 2)]] * batch,
        }
