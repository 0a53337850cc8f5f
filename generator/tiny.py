"""A small pipeline of our own: drawn shapes from a prompt, trained here on pictures drawn here.

It keeps the whole path of real weights alive (folder, safetensors, tokenizer, prompt, picture)
without any download. ``python -m generator make-tiny FOLDER`` trains it anew; the bundled weights
and their card lie in ``data/models/tiny-shapes``.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

COLOURS = {
    "red": (0.90, 0.16, 0.14),
    "green": (0.13, 0.62, 0.28),
    "blue": (0.12, 0.35, 0.85),
    "yellow": (0.97, 0.82, 0.15),
    "purple": (0.52, 0.22, 0.66),
    "orange": (0.95, 0.52, 0.12),
}
GROUNDS = {"white": (0.98, 0.98, 0.98), "black": (0.06, 0.06, 0.08), "grey": (0.55, 0.55, 0.57)}
FORMS = ("circle", "square", "triangle", "ring")
SIZE_PX = 64
STEPS, GUIDANCE = 20, 4.0
_WINDOW = 8
_DRAWN, _BATCH = 8192, 32
Report = Callable[[str], None]


def prompt(colour: str, form: str, ground: str) -> str:
    """Return the words for one drawing."""
    return f"a {colour} {form} on {ground}"


def draw(n: int, seed: int) -> tuple[torch.Tensor, list[str]]:
    """Draw pictures with their prompts.

    Returns
    -------
    tuple
        Pictures (n, 3, 64, 64) in -1 to 1, and their prompts.
    """
    import numpy as np
    import torch

    rng = np.random.default_rng(seed)
    pictures, words = [], []
    for _ in range(n):
        colour, form, ground = (str(rng.choice(list(names))) for names in (COLOURS, FORMS, GROUNDS))
        centre = rng.uniform(0.38, 0.62, 2)
        covered = _cover(form, centre, rng.uniform(0.2, 0.32))
        shades = np.array(COLOURS[colour]), np.array(GROUNDS[ground])
        picture = covered[..., None] * shades[0] + (1 - covered[..., None]) * shades[1]
        pictures.append(picture.transpose(2, 0, 1))
        words.append(prompt(colour, form, ground))
    return torch.tensor(np.stack(pictures) * 2 - 1, dtype=torch.float32), words


def _cover(form: str, centre: Any, radius: float) -> Any:
    """Return how much of each pixel the form covers (64, 64), its edge one pixel soft."""
    import numpy as np

    grid = (np.arange(SIZE_PX) + 0.5) / SIZE_PX
    x, y = np.meshgrid(grid - centre[0], grid - centre[1])
    far = np.hypot(x, y)
    inside = {
        "circle": radius - far,
        "square": 0.85 * radius - np.maximum(abs(x), abs(y)),
        "triangle": np.minimum(0.6 * radius - y, (y + radius) * 0.5 - abs(x) * 0.95),
        "ring": 0.3 * radius - abs(far - 0.75 * radius),
    }[form]
    return np.clip(0.5 + inside * SIZE_PX, 0, 1)


def build(seed: int = 0) -> Any:
    """Return the untrained pipeline."""
    import torch
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=SIZE_PX // 4,
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=64,
        attention_head_dim=4,
        norm_num_groups=16,
    )
    vae = AutoencoderKL(
        block_out_channels=(16, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=4,
        mid_block_add_attention=False,
        sample_size=SIZE_PX,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=64,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=_WINDOW,
            bos_token_id=1,
            eos_token_id=1,
            pad_token_id=0,
        )
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, timestep_spacing="trailing", steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = ("<pad>", "<end>", "<unk>", "a", "on", *FORMS, *COLOURS, *GROUNDS)
    fast: Any = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    fast.normalizer, fast.pre_tokenizer = Lowercase(), Whitespace()
    fast.post_processor = TemplateProcessing(single="$A <end>", special_tokens=[("<end>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        pad_token="<pad>",
        eos_token="<end>",
        unk_token="<unk>",
        model_max_length=_WINDOW,
    )


def train(folder: Path, steps: int = 5_000, seed: int = 7, report: Report = print) -> None:
    """Train the pipeline and write it as safetensors.

    Parameters
    ----------
    folder
        Where it is written.
    steps
        Steps of the denoiser; the autoencoder takes a quarter as many, at most 2,000.
    seed
        Of weights, pictures and noise.
    report
        Called with lines of progress.
    """
    import torch

    pipe = build(seed)
    _train_autoencoder(pipe, min(steps // 4, 2_000), seed, report)
    _train_denoiser(pipe, steps, seed, report)
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        part.to(torch.float16).eval()
    pipe.save_pretrained(folder, safe_serialization=True)
    index = folder / "model_index.json"
    told = json.loads(index.read_text("utf-8")) | {"_steps": STEPS, "_guidance": GUIDANCE}
    index.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def _train_autoencoder(pipe: Any, steps: int, seed: int, report: Report) -> None:
    import torch

    vae = pipe.vae.train()
    optimiser = torch.optim.AdamW(vae.parameters(), lr=2e-3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        pictures, _ = draw(16, seed * 1_000_003 + step)
        law = vae.encode(pictures).latent_dist
        again = vae.decode(law.sample()).sample
        loss = (again - pictures).square().mean() + 1e-4 * law.kl().mean() / 256
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()
        if step % 100 == 0:
            report(f"autoencoder {step}/{steps} loss {loss.item():.4f}")
    vae.eval()
    with torch.no_grad():
        latents = vae.encode(draw(256, seed)[0]).latent_dist.mean
    vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 5))


def _train_denoiser(pipe: Any, steps: int, seed: int, report: Report) -> None:
    import copy

    import torch
    from diffusers import DDPMScheduler

    noise_of = DDPMScheduler.from_config(pipe.scheduler.config)
    trained = torch.nn.ModuleList([pipe.unet.train(), pipe.text_encoder.train()])
    average = copy.deepcopy(trained)
    optimiser = torch.optim.AdamW(trained.parameters(), lr=1e-3, weight_decay=1e-4)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    chance = torch.Generator().manual_seed(seed)
    pictures, prompts = draw(_DRAWN, seed * 1_000_003)
    with torch.no_grad():
        parts = [pipe.vae.encode(part).latent_dist.mean for part in pictures.split(64)]
    drawn = torch.cat(parts) * pipe.vae.config.scaling_factor
    for step in range(steps):
        chosen = torch.randint(0, _DRAWN, (_BATCH,), generator=chance)
        latents = drawn[chosen]
        # One prompt in ten is empty, so that guidance has something to lead away from.
        empty = torch.rand(_BATCH, generator=chance) < 0.1
        words = ["" if e else prompts[i] for i, e in zip(chosen.tolist(), empty, strict=True)]
        noise = torch.randn(latents.shape, generator=chance)
        when = torch.randint(0, 1000, (_BATCH,), generator=chance)
        ids = pipe.tokenizer(
            words, padding="max_length", max_length=_WINDOW, truncation=True, return_tensors="pt"
        ).input_ids
        states = pipe.text_encoder(ids)[0]
        guess = pipe.unet(noise_of.add_noise(latents, noise, when), when, states).sample
        loss = (guess - noise).square().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimiser.step()
        falling.step()
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), trained.parameters(), strict=True):
                slow.lerp_(fast, 1 - min(0.995, step / (step + 10)))
        if step % 100 == 0:
            report(f"denoiser {step}/{steps} loss {loss.item():.4f}")
    trained.load_state_dict(average.state_dict())
