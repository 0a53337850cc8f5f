"""Second stage: from noise and words to a drawing's latents."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.emoji.autoencoder import chance
from generator.emoji.drawings import Drawing, caption
from generator.emoji.stage import Stage, mark

if TYPE_CHECKING:
    import torch

BATCH = 32
EMPTY_SHARE = 0.1
"""Captions left out in training, so that guidance has something to lead away from."""
_BEND = 3
"""Of the timesteps: two of five are above 935, where little but the words tells what is drawn."""
_STREAM = 2


@dataclass(frozen=True)
class Batch:
    """What one step trains on.

    Attributes
    ----------
    latents, noise
        (n, 96, 4, 4).
    when
        Timesteps (n,), most of them near pure noise.
    said
        Captions.
    """

    latents: torch.Tensor
    noise: torch.Tensor
    when: torch.Tensor
    said: tuple[str, ...]


@dataclass(frozen=True)
class Lessons:
    """Latents with the drawings they come from.

    Attributes
    ----------
    latents
        (n, 96, 4, 4), on the device.
    drawings
        Their words.
    seed
        Of the split and of chance.
    """

    latents: torch.Tensor
    drawings: Sequence[Drawing]
    seed: int

    @cached_property
    def mark(self) -> str:
        """Of the drawings, their words and the seed, as checkpoints tell it."""
        return mark(self.seed, (repr(drawing).encode() for drawing in self.drawings))

    def batch(self, step: int, n: int) -> Batch:
        """Return the batch of one step."""
        import torch

        rng = chance(self.seed, _STREAM, step)
        chosen = rng.integers(0, len(self.drawings), n)
        said = tuple(caption(self.drawings[i], rng, self.seed) for i in chosen)
        latents = self.latents[torch.from_numpy(chosen).to(self.latents.device)]
        noise = torch.from_numpy(rng.standard_normal(latents.shape, dtype="float32"))
        evenly = (rng.permutation(n) + rng.random(n)) / n
        when = torch.from_numpy((999.999 * (1 - evenly**_BEND)).astype("int64"))
        empty = rng.random(n) < EMPTY_SHARE
        said = tuple("" if none else text for text, none in zip(said, empty, strict=True))
        return Batch(latents, noise.to(latents.device), when.to(latents.device), said)


def read(pipe: Any, said: Sequence[str]) -> torch.Tensor:
    """Return the text encoder's states (n, window, width)."""
    ids = pipe.tokenizer(
        list(said),
        padding="max_length",
        max_length=pipe.tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    return pipe.text_encoder(ids.to(pipe.device))[0]


def levels(pipe: Any, when: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the shares of signal and of noise at timesteps, (n, 1, 1, 1) each."""
    kept = pipe.scheduler.alphas_cumprod.to(when.device)[when].view(-1, 1, 1, 1)
    return kept.sqrt(), (1 - kept).sqrt()


def stage(pipe: Any, lessons: Lessons, precision: Any) -> Stage:
    """Return the stage: U-Net and text encoder learn v together (Salimans and Ho 2022, eq. 9)."""
    import torch

    trained = torch.nn.ModuleList([pipe.unet.train(), pipe.text_encoder.train()])

    def loss(step: int) -> torch.Tensor:
        batch = lessons.batch(step, BATCH)
        signal, noise = levels(pipe, batch.when)
        with precision():
            seen = signal * batch.latents + noise * batch.noise
            guess = pipe.unet(seen, batch.when, read(pipe, batch.said)).sample
        wanted = signal * batch.noise - noise * batch.latents
        return (guess.float() - wanted).square().mean()

    return Stage("denoiser", trained, loss, learning_rate=1e-3, mark=lessons.mark)
