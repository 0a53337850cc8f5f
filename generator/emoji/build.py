"""The untrained pipeline: an autoencoder, a reader of words and a U-Net, all small."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generator.emoji import SIZE_PX

WINDOW = 16
LATENT_PX, LATENT_CHANNELS = 4, 96
"""Few places of many channels: on 16 x 16 places of six a U-Net of the same time drew a round patch
for every name in our trials."""
_END, _UNKNOWN = "<end>", "<unk>"


@dataclass(frozen=True)
class Shape:
    """How wide the parts are.

    Attributes
    ----------
    unet
        Channels at 4 and 2 places.
    layers
        Blocks of a U-Net's level on its way down.
    autoencoder
        Channels at 64, 32, 16, 8 and 4 px.
    text
        Width of a word.
    text_layers
        Layers of the reader of words.
    """

    unet: tuple[int, int] = (128, 128)
    layers: int = 1
    autoencoder: tuple[int, int, int, int, int] = (8, 16, 32, 64, 96)
    text: int = 160
    text_layers: int = 2


def build(vocabulary: Sequence[str], seed: int, shape: Shape | None = None) -> Any:
    """Return the untrained pipeline.

    Parameters
    ----------
    vocabulary
        Every word it will know.
    seed
        Of the weights.
    shape
        How wide it is; the default is that of the bundled weights.
    """
    import torch
    from diffusers import StableDiffusionPipeline

    shape = shape or Shape()
    torch.manual_seed(seed)
    return StableDiffusionPipeline(
        vae=_autoencoder(shape),
        text_encoder=_text_encoder(shape, len(vocabulary) + len(_special())),
        tokenizer=tokenizer(vocabulary),
        unet=_unet(shape),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def scheduler() -> Any:
    """Return DDIM from pure noise: the first step of few sees what training saw."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        clip_sample=False,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        set_alpha_to_one=True,
        steps_offset=1,  # not used by this spacing, but its absence is warned of
        timestep_spacing="trailing",
    )


def _autoencoder(shape: Shape) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=shape.autoencoder,
        down_block_types=("DownEncoderBlock2D",) * 5,
        up_block_types=("UpDecoderBlock2D",) * 5,
        layers_per_block=1,
        # One group: with a channel or two each, groups normalise colours away.
        norm_num_groups=1,
        latent_channels=LATENT_CHANNELS,
        mid_block_add_attention=False,
        sample_size=SIZE_PX,
    )


def _unet(shape: Shape) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=LATENT_PX,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=shape.unet,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        layers_per_block=shape.layers,
        cross_attention_dim=shape.text,
        attention_head_dim=4,
        norm_num_groups=16,
        # A sign's words as a whole steer every block beside the words one by one: pictures follow
        # their names several times sooner.
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )


def _text_encoder(shape: Shape, n_words: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=n_words,
            hidden_size=shape.text,
            intermediate_size=2 * shape.text,
            num_hidden_layers=shape.text_layers,
            num_attention_heads=4,
            max_position_embeddings=WINDOW,
            bos_token_id=1,
            eos_token_id=1,
            pad_token_id=0,
        )
    )


def _special() -> tuple[str, ...]:
    return ("<pad>", _END, _UNKNOWN)


def tokenizer(vocabulary: Sequence[str]) -> Any:
    """Return a tokenizer whose tokens are whole words; what it has never read is ``<unk>``."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase, Replace, Sequence
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    known = {word: number for number, word in enumerate((*_special(), *vocabulary))}
    fast: Any = Tokenizer(WordLevel(known, unk_token=_UNKNOWN))
    fast.normalizer = Sequence([Lowercase(), Replace(Regex("[^a-z0-9]+"), " ")])
    fast.pre_tokenizer = WhitespaceSplit()
    fast.post_processor = TemplateProcessing(single=f"$A {_END}", special_tokens=[(_END, 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        pad_token="<pad>",
        eos_token=_END,
        unk_token=_UNKNOWN,
        model_max_length=WINDOW,
    )


def parts(pipe: Any) -> dict[str, Any]:
    """Return the parts with weights by name."""
    return {"unet": pipe.unet, "vae": pipe.vae, "text_encoder": pipe.text_encoder}


def weights(pipe: Any) -> dict[str, int]:
    """Return how many weights each part holds."""
    return {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in parts(pipe).items()
    }
