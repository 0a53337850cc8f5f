"""First stage: pictures to 4 x 4 places of 96 numbers, and back."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.emoji.stage import Stage, mark

if TYPE_CHECKING:
    import torch

_BATCH = 8
_CLOSENESS_TO_NORMAL = 5e-4
_STREAM = 1
"""Keeps the chance of this stage apart from that of the others."""


def chance(seed: int, stream: int, step: int) -> Any:
    """Return the random numbers of one step: they do not depend on where a training began."""
    import numpy as np

    return np.random.default_rng([seed, stream, step])


def stage(pipe: Any, pictures: torch.Tensor, seed: int, precision: Any) -> Stage:
    """Return the stage.

    Parameters
    ----------
    pipe
        The pipeline; its autoencoder is trained.
    pictures
        Bytes (n, 3, 64, 64), on the device.
    seed
        Of the order and of noise.
    precision
        A context in which the forward pass runs.
    """
    vae = pipe.vae.train()

    def loss(step: int) -> torch.Tensor:
        import torch
        from torch.nn import functional

        rng = chance(seed, _STREAM, step)
        chosen = torch.from_numpy(rng.integers(0, len(pictures), _BATCH))
        batch = scaled(pictures[chosen.to(pictures.device)])
        if rng.random() < 0.5:
            batch = batch.flip(-1)
        if rng.random() < 0.5:  # few signs are green or purple: with colours swapped all are many
            batch = batch[:, rng.permutation(3)]
        with precision():
            law = vae.encode(batch).latent_dist
            noise = torch.from_numpy(rng.standard_normal(law.mean.shape, dtype="float32"))
            again = vae.decode(law.mean + law.std * noise.to(batch.device)).sample
        far = (again.float() - batch).abs().mean()
        # Edges count once more: a sign is mostly flat ground, and blur costs little there.
        edges = sum(
            (again.float().diff(dim=side) - batch.diff(dim=side)).abs().mean() for side in (-1, -2)
        )
        # The tint of large patches counts twice: else colours of equal brightness become one.
        tints = functional.avg_pool2d(again.float() - batch, 8)
        tints = (tints - tints.mean(1, keepdim=True)).abs().mean()
        # Half of the channels are told to be the picture in small: colours are found at once.
        small = functional.pixel_unshuffle(2 * functional.avg_pool2d(batch, 4), 4)
        small = (law.mean[:, : small.shape[1]].float() - small).abs().mean()
        kl = law.kl().mean() / law.mean[0].numel()
        return far + 0.5 * edges + 2 * tints + small + _CLOSENESS_TO_NORMAL * kl

    seen = mark(seed, [pictures.cpu().numpy().tobytes()])
    return Stage("autoencoder", vae, loss, learning_rate=2e-3, mark=seen)


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """Return bytes as numbers from -1 to 1."""
    return pictures.float() / 127.5 - 1


def latents(pipe: Any, pictures: torch.Tensor) -> torch.Tensor:
    """Return what the trained autoencoder makes of pictures, scaled to a deviation of 1.

    Parameters
    ----------
    pipe
        Its autoencoder learns the scale.
    pictures
        Bytes (n, 3, 64, 64).

    Returns
    -------
    torch.Tensor
        (n, 96, 4, 4).
    """
    import torch

    vae = pipe.vae.eval()
    with torch.no_grad():
        parts = [vae.encode(scaled(part)).latent_dist.mean for part in pictures.split(64)]
        made = torch.cat(parts)
    vae.register_to_config(scaling_factor=round(1 / made.std().item(), 5))
    return made * vae.config.scaling_factor
