"""The judge: a small network that names drawings, trained on renderings that are all changed.

Every rendering is turned, moved, scaled, tinted, blurred and made noisy before it is seen. How
often it names the plain ones rightly is its accuracy on the drawings it was trained on.
"""

# The extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji.autoencoder import chance, scaled
from generator.emoji.drawings import Drawing
from generator.emoji.stage import Budget, Report, Stage, mark, run

if TYPE_CHECKING:
    import numpy as np
    import torch

FEATURES = 64
_BATCH = 64
_STREAM = 4
_WIDTHS = (24, 48, 96, 160)


def network(n_concepts: int, seed: int) -> Any:
    """Return the untrained judge: four strides to 64 features, then one score a concept."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers: list[Any] = []
    before = 3
    for width in _WIDTHS:
        layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.GroupNorm(8, width)]
        layers += [nn.GELU(), nn.Conv2d(width, width, 3, padding=1), nn.GroupNorm(8, width)]
        layers += [nn.GELU()]
        before = width
    size = before * 16
    eyes = nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, FEATURES), nn.LayerNorm(FEATURES))
    return nn.ModuleDict({"eyes": eyes, "names": nn.Linear(FEATURES, n_concepts)})


def concepts(drawings: Sequence[Drawing]) -> list[str]:
    """Return what the judge can name, sorted: the concepts of all drawings, held out or not."""
    return sorted({drawing.concept for drawing in drawings})


def train(
    drawings: Sequence[Drawing],
    pictures: torch.Tensor,
    steps: int,
    seed: int,
    kept: Path,
    report: Report,
) -> Any:
    """Return the trained judge.

    Parameters
    ----------
    drawings
        All of them.
    pictures
        Their plain renderings, bytes (n, 3, 64, 64); changed before they are seen.
    steps
        Of 64 pictures.
    seed
        Of weights and changes.
    kept
        Folder of checkpoints, one of every seed and set of drawings.
    report
        Called with lines of progress.
    """
    import torch

    known = {concept: number for number, concept in enumerate(concepts(drawings))}
    truth = torch.tensor([known[drawing.concept] for drawing in drawings])
    made = network(len(known), seed)

    def loss(step: int) -> torch.Tensor:
        rng = chance(seed, _STREAM, step)
        chosen = torch.from_numpy(rng.integers(0, len(pictures), _BATCH))
        seen = changed(scaled(pictures[chosen]), rng)
        scores = made["names"](made["eyes"](seen))
        return torch.nn.functional.cross_entropy(scores, truth[chosen], label_smoothing=0.05)

    stage = Stage(
        "judge", made, loss, 1e-3, mark(seed, [pictures.numpy().tobytes(), repr(known).encode()])
    )
    run(stage, Budget(steps=steps), kept / stage.mark, "cpu", report)
    return made.eval()


def changed(pictures: torch.Tensor, rng: Any) -> torch.Tensor:
    """Return pictures turned, moved, scaled, tinted, blurred and made noisy, each by its own draw.

    Parameters
    ----------
    pictures
        From -1 to 1, (n, 3, height, width).
    rng
        ``numpy.random.Generator``.
    """
    import numpy as np
    import torch
    from torch.nn import functional

    n = len(pictures)
    turned = rng.uniform(-0.3, 0.3, n)
    size = np.exp(rng.uniform(-0.2, 0.25, (2, n)))
    matrix = np.empty((n, 2, 3), dtype="float32")
    matrix[:, 0, 0], matrix[:, 0, 1] = size[0] * np.cos(turned), -size[0] * np.sin(turned)
    matrix[:, 1, 0], matrix[:, 1, 1] = size[1] * np.sin(turned), size[1] * np.cos(turned)
    matrix[:, :, 2] = rng.uniform(-0.15, 0.15, (n, 2))
    places = functional.affine_grid(torch.from_numpy(matrix), list(pictures.shape), False)
    # White beyond the edge, as the ground is.
    made = functional.grid_sample(pictures - 1, places, align_corners=False) + 1
    tint = torch.from_numpy(rng.uniform(0.85, 1.0, (n, 3, 1, 1)).astype("float32"))
    made = (made + 1) * tint - 1
    blurred = functional.interpolate(functional.avg_pool2d(made, 2), scale_factor=2)
    share = torch.from_numpy(rng.random((n, 1, 1, 1)).astype("float32"))
    made = made * share + blurred * (1 - share)
    level = torch.from_numpy(rng.uniform(0, 0.12, (n, 1, 1, 1)).astype("float32"))
    noise = torch.from_numpy(rng.standard_normal(pictures.shape, dtype="float32"))
    return made + level * noise


def look(judge: Any, pictures: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return what a judge makes of pictures.

    Parameters
    ----------
    judge
        Trained.
    pictures
        Bytes (n, 3, 64, 64).

    Returns
    -------
    tuple
        Features (n, 64), and scores (n, concepts).
    """
    import torch

    with torch.no_grad():
        features = torch.cat([judge["eyes"](scaled(part)) for part in pictures.split(64)])
        scores = judge["names"](features)
    return features.double().numpy(), scores.numpy()


def hits(scores: np.ndarray, truth: np.ndarray, n: int) -> np.ndarray:
    """Return for each picture whether the right concept is among the ``n`` best scores (bool)."""
    right = scores[range(len(truth)), truth]
    return (scores > right[:, None]).sum(1) < n
