"""How good the pictures are, against the number of steps: measured, never claimed."""

# The extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.emoji import (
    FEW_STEPS,
    STEPS_MEASURED,
    drawings,
    few,
    frechet,
    grid,
    judge,
    seeded,
    use,
)
from generator.emoji import source as packages
from generator.emoji.card import FILE, RECORD
from generator.emoji.drawings import Drawing
from generator.emoji.stage import Report
from generator.emoji.training import machine, rendered
from generator.errors import GeneratorError
from generator.record import now

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image

GRID = "grid.png"
_FIRST_SEED = 1_000_000
"""Seeds of pictures: training draws its noise from other numbers altogether."""
_BATCH = 32
_TIMED = 5
_SHOWN = {"seen": 8, "wording": 3, "held_out": 3}


@dataclass(frozen=True)
class Asked:
    """Prompts of one kind, with what they ask for.

    Attributes
    ----------
    kind
        ``seen``: names that training said; ``wording``: two keywords that it never said together
        and that fit one concept alone; ``held_out``: names of concepts it never saw, of words
        that it knows from others.
    prompts
        Words.
    wanted
        The drawing that each asks for.
    """

    kind: str
    prompts: tuple[str, ...]
    wanted: tuple[Drawing, ...]


@dataclass(frozen=True)
class Bench:
    """What pictures are held against.

    Attributes
    ----------
    judge
        Trained.
    known
        Its concepts in the order of its scores.
    features
        Of the plain renderings that the model was trained on (n, 64).
    """

    judge: Any
    known: tuple[str, ...]
    features: np.ndarray

    def hits(self, pictures: np.ndarray, wanted: Sequence[Drawing]) -> dict[str, Any]:
        """Return how many pictures the judge names rightly at first, and among its first five."""
        import numpy as np

        truth = np.array([self.known.index(drawing.concept) for drawing in wanted])
        _, scores = judge.look(self.judge, as_bytes(pictures))
        told: dict[str, Any] = {"n": len(truth)}
        for n in (1, 5):
            share = float(judge.hits(scores, truth, n).mean())
            told[f"top{n}_rate"] = round(share, 4)
            told[f"top{n}_low"], told[f"top{n}_high"] = wilson(share, len(truth))
        return told

    def far(self, pictures: np.ndarray) -> float:
        """Return the Fréchet distance from the plain renderings on the judge's features."""
        features, _ = judge.look(self.judge, as_bytes(pictures))
        return round(frechet.distance(features, self.features), 3)


def seed_of(place: int) -> int:
    """Return the seed of the picture of a prompt at a place of its list."""
    return _FIRST_SEED + place


def as_bytes(pictures: np.ndarray) -> torch.Tensor:
    """Return pictures (n, height, width, 3) as torch has them (n, 3, height, width)."""
    import torch

    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


def wilson(rate: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of ``n`` (Wilson 1927)."""
    z = 1.959964
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def asked(split: drawings.Split, seed: int, n: int) -> list[Asked]:
    """Return the prompts of each kind, at most ``n``, chosen by the split's seed."""
    import numpy as np

    order = np.random.default_rng([seed, 5]).permutation(len(split.trained))
    trained = [split.trained[i] for i in order]
    worded = ((drawings.held_out_wording(one, seed, split.trained), one) for one in trained)
    told = list(islice(((f"{text} {one.style}", one) for text, one in worded if text), n))
    known = set(drawings.vocabulary(split.trained))
    out = [one for one in split.held_out if known.issuperset(one.name.split())][:n]
    return [
        Asked("seen", tuple(f"{one.name} {one.style}" for one in trained[:n]), tuple(trained[:n])),
        Asked("wording", tuple(text for text, _ in told), tuple(one for _, one in told)),
        Asked("held_out", tuple(f"{one.name} {one.style}" for one in out), tuple(out)),
    ]


def measure(folder: Path, cache: Path, n: int, judge_steps: int, report: Report) -> dict[str, Any]:
    """Fetch, train the judge, measure, and write numbers and a grid of pictures into the folder.

    Parameters
    ----------
    folder
        Of a trained pipeline with its record.
    cache
        Of what is fetched, and of the judge's checkpoint.
    n
        Pictures of each kind of prompt for each number of steps.
    judge_steps
        Of the judge's training.
    report
        Called with lines of progress.

    Raises
    ------
    GeneratorError
        The folder has no training record.
    """
    everything = drawings.read(packages.fetch(cache), _record(folder)["drawings"]["groups"])
    return held_against(folder, everything, cache / "judge", (n, judge_steps), report)


def _record(folder: Path) -> dict[str, Any]:
    if not (folder / RECORD).is_file():
        raise GeneratorError(f"no {RECORD} in {folder}", "a folder that make-emoji has written")
    return json.loads((folder / RECORD).read_text("utf-8"))


def held_against(
    folder: Path,
    everything: Sequence[Drawing],
    kept: Path,
    sizes: tuple[int, int],
    report: Report,
) -> dict[str, Any]:
    """Measure with drawings that are at hand; ``sizes`` are pictures and steps of the judge."""
    seed = _record(folder)["seed"]
    split = drawings.split(everything, seed)
    pictures = rendered(everything)
    made = judge.train(everything, pictures, sizes[1], seed, kept, report)
    trained = {drawing.concept for drawing in split.trained}
    plain = pictures[[drawing.concept in trained for drawing in everything]]
    bench = Bench(made, tuple(judge.concepts(everything)), judge.look(made, plain)[0])
    kinds = asked(split, seed, sizes[0])
    told = {
        "judge": {
            "concepts": len(bench.known),
            "steps": sizes[1],
            "plain_renderings": bench.hits(pictures.permute(0, 2, 3, 1).numpy(), everything),
        },
        "autoencoder": _through_autoencoder(folder, bench, kinds[0]),
        "rows": list(_rows(folder, bench, kinds, report)),
        "machine": machine("cpu"),
        "measured_at": now(),
    }
    (folder / FILE).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    _grid(folder, kinds).save(folder / GRID, optimize=True)
    seeded.write(folder)
    return told


def _grid(folder: Path, kinds: Sequence[Asked]) -> Image:
    """Return the first prompts of each kind, in no chosen order, in every way of drawing."""
    rows = [
        (kind, place)
        for kind in kinds
        for place in range(min(_SHOWN[kind.kind], len(kind.prompts)))
    ]
    columns = {
        f"{variant} {steps}": [
            use.draw(maker, [kind.prompts[place]], [seed_of(place)], steps)[0]
            for kind, place in rows
        ]
        for variant, maker, numbers in variants(folder)
        for steps in numbers
    }
    labels = [f"{kind.kind.replace('_', ' ')}: {kind.prompts[place]}" for kind, place in rows]
    return grid.sheet(labels, columns)


def _through_autoencoder(folder: Path, bench: Bench, seen: Asked) -> dict[str, Any]:
    """Return the best a denoiser could reach: renderings of what is asked for, and them coded."""
    import torch

    from generator.emoji.autoencoder import scaled

    real = rendered(seen.wanted)
    vae = use.load(folder).pipe.vae
    with torch.no_grad():
        parts = [vae.decode(vae.encode(scaled(p)).latent_dist.mean).sample for p in real.split(64)]
    again = ((torch.cat(parts).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    told = {}
    for name, pictures in (("renderings", real), ("coded", again)):
        flat = pictures.permute(0, 2, 3, 1).numpy()
        told[name] = {"seen": bench.hits(flat, seen.wanted), "frechet": bench.far(flat)}
    mean = (again.float() - real.float()).abs().mean().item()
    return told | {"absolute_error_of_255": round(mean, 2)}


def variants(folder: Path) -> Iterator[tuple[str, use.Maker, tuple[int, ...]]]:
    """Yield what can draw, with the numbers of steps that it is measured at."""
    if few.has_adapter(folder):
        short = tuple(steps for steps in STEPS_MEASURED if steps <= FEW_STEPS)
        yield "few-steps", use.load(folder, with_adapter=True), short
    yield "guided", use.load(folder), STEPS_MEASURED


def _rows(
    folder: Path, bench: Bench, kinds: Sequence[Asked], report: Report
) -> Iterator[dict[str, Any]]:
    for variant, maker, numbers in variants(folder):
        for steps in numbers:
            row: dict[str, Any] = {"variant": variant, "steps": steps}
            for kind in kinds:
                made = pictures_of(maker, kind, steps)
                row[kind.kind] = bench.hits(made, kind.wanted)
                if kind.kind == "seen":
                    row["frechet"] = bench.far(made)
            row["seconds_per_picture"] = _seconds(maker, kinds[0].prompts[0], steps)
            report(
                f"{variant} {steps} steps: {row['seen']['top5_rate']:.2f} {row['frechet']:.2f} "
                f"{row['seconds_per_picture']:.3f} s"
            )
            yield row


def pictures_of(maker: use.Maker, kind: Asked, steps: int) -> np.ndarray:
    """Return one picture a prompt, bytes (n, 64, 64, 3)."""
    import numpy as np

    n = len(kind.prompts)
    made: list[np.ndarray] = []
    for start in range(0, n, _BATCH):
        part = slice(start, min(n, start + _BATCH))
        seeds = range(seed_of(part.start), seed_of(part.stop))
        made.append(use.draw(maker, kind.prompts[part], seeds, steps))
    return np.concatenate(made)


def _seconds(maker: use.Maker, prompt: str, steps: int) -> float:
    """Return the median seconds of one picture alone, after one that warms up."""
    from statistics import median

    taken: list[float] = []
    for number in range(_TIMED + 1):
        begun = time.perf_counter()
        use.draw(maker, [prompt], [seed_of(number)], steps)
        taken.append(time.perf_counter() - begun)
    return round(median(taken[1:]), 4)
