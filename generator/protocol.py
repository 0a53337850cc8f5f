"""One cell, measured from its cold start to its idle draw.

Protocol: the process is fresh; load, presets and first picture are timed apart; warm-up ends when
the last three samples lie within 2 %; then come at least 30 pictures or 60 s, and never less than
the 10 s that the energy counter needs; then the card idles with the model in its memory.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import statistics as stdlib_statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator import catalog, flops, machine, pipelines, power, presets, roofline, statistics
from generator.cell import Cell
from generator.clock import Clock, open_clock
from generator.errors import GeneratorError
from generator.instruments import STAGES, StageTimer
from generator.power import PowerMeter, Watch
from generator.preparation import predict, refuse_too_large, setting
from generator.stages import Shape

Report = Callable[[dict[str, Any]], None]
_PEAKS = {"bf16": "bf16", "float16": "fp16"}
_MOST_WARM_UPS = 30
_WARM_UP_SECONDS = 120.0


@dataclass(frozen=True)
class Seams:
    """What stands between a measurement and the hardware; tests replay recordings through it.

    Attributes
    ----------
    clock, meter
        ``None`` opens those of the device.
    spawned_at
        ``time.time()`` when the process was started, for the cold start.
    idle_seconds
        How long the idle draw is watched.
    """

    clock: Clock | None = None
    meter: PowerMeter | None = None
    spawned_at: float | None = None
    idle_seconds: float = power.WINDOW_SECONDS + 1.0


class Measurement:
    """The protocol, step by step."""

    def __init__(self, cell: Cell, report: Report, seams: Seams, began: float) -> None:
        self.cell, self.report, self.seams, self.began = cell, report, seams, began
        self.model, self.task = catalog.model(cell.model), catalog.task(cell.task)
        self.clock = seams.clock or open_clock(cell.device)
        self.meter = seams.meter or power.open_meter(cell.device)
        self.figures: dict[str, Any] = {}
        self.flags: list[str] = []

    def forecast(self) -> None:
        """Tell memory and time before anything is loaded; refuse what is too large."""
        self.ceiling = self._ceiling()
        told = predict(self.cell, self.ceiling)
        refuse_too_large(self.cell, told)
        self.figures["predicted"] = dict(vars(told))

    def run(self) -> dict[str, Any]:
        """Measure, and return the result."""
        cell = self.cell
        self.load()
        self.first()
        warm = self._warm_up()
        samples, watch = self._sample()
        self._rates(samples)
        self._energy(samples, watch)
        self._memory(watch)
        self._roof(samples, self.ceiling)
        self._tail()
        return {
            "cell": cell.to_record(),
            "status": "measured",
            "reason": None,
            "figures": self.figures,
            "samples": samples,
            "warm_up_samples": warm,
            "flags": self.flags,
        }

    def _ceiling(self) -> roofline.Ceiling:
        dtype = machine.torch_dtype(self.cell.dtype)
        if self.cell.device.startswith("cuda") and self.cell.dtype in _PEAKS:
            import torch

            name = torch.cuda.get_device_name(torch.device(self.cell.device))
            known = roofline.of_card(
                name, "fp8" if self.cell.preset == "fast" else _PEAKS[self.cell.dtype]
            )
            if known is not None and known.tflops is not None:
                return known
        self._say("measuring this device's ceiling")
        side = 4096 if self.cell.device.startswith("cuda") else 1024
        return roofline.measured(self.cell.device, dtype, side)

    def load(self) -> None:
        """Load the pipeline, apply the preset, put the timers around it."""
        cell = self.cell
        self._say("loading")
        start = time.perf_counter()
        weights = pipelines.Weights(
            "twin" if cell.weights == "twin" else "real", cell.weights_source
        )
        dtype = machine.torch_dtype(cell.dtype)
        base = pipelines.load(self.model, weights, cell.device, dtype, cell.seed)
        self.pipe = pipelines.for_task(base, self.task)
        self.clock.wait()
        self.figures["load_seconds"] = time.perf_counter() - start
        preset = presets.preset(cell.preset)
        self.figures["switches"] = preset.apply(self.pipe, setting(cell))
        self.clock.wait()
        # After the preset: what times a call stands outside of what the preset compiles.
        self.timer = StageTimer(self.pipe, self.model, self.clock)
        self.figures["cold_start_seconds"] = time.time() - self.began

    def request(self, first_seed: int, n: int, prompt: str | None = None) -> pipelines.Request:
        """Return the request for some pictures; without a prompt, one that fills the window."""
        cell = self.cell
        filling = pipelines.filling_prompt(self.model)
        return pipelines.Request(
            prompts=(prompt or filling,) * n,
            height_px=cell.height_px,
            width_px=cell.width_px,
            steps=cell.steps,
            guidance=self.model.guidance if cell.guidance is None else cell.guidance,
            seeds=tuple(range(first_seed, first_seed + n)),
            output="pt",
            negative=" " if prompt else filling,
        )

    def call(self, number: int) -> dict[str, Any]:
        """Make one call and return its sample: seconds, stages, denoiser calls."""
        start = self.clock.now()
        self._work_of_call(number)
        self.clock.wait()
        seconds = self.clock.now() - start
        stages, n_calls = self.timer.take()
        return {
            "seconds": seconds,
            "stages": stages,
            "denoiser_calls": n_calls,
            "denoiser_samples": self.timer.n_denoiser_samples,
        }

    def _work_of_call(self, number: int) -> None:
        n = self.cell.batch
        pipelines.call(
            self.pipe, self.model, self.task, self.request(self.cell.seed + number * n, n)
        )

    def first(self) -> None:
        """Make the first call and check that every stage gives finite numbers."""
        self._say("first call")
        self.timer.check_next()
        self.figures["first_image_seconds"] = self.call(0)["seconds"]

    def _warm_up(self) -> list[float]:
        """Run until the samples are steady; the sampler of the meter is not needed yet."""
        seconds: list[float] = []
        start = self.clock.now()
        while not statistics.is_steady(seconds):
            too_long = seconds and sum(seconds) > max(_WARM_UP_SECONDS, self.cell.min_seconds)
            if len(seconds) >= _MOST_WARM_UPS or too_long:
                self.flags.append("not_steady")
                break
            seconds.append(self.call(1 + len(seconds))["seconds"])
            self.report({"event": "warm_up", "n": len(seconds), "seconds": seconds[-1]})
        self.figures["warm_up_seconds"] = self.clock.now() - start if seconds else 0.0
        return seconds

    def _sample(self) -> tuple[list[dict[str, Any]], Watch]:
        cell = self.cell
        self._reset_peak()
        samples: list[dict[str, Any]] = []
        with Watch(self.meter) as watch:
            elapsed = 0.0
            while not self._enough(len(samples) * cell.batch, elapsed):
                samples.append(self.call(1000 + len(samples)))
                elapsed += samples[-1]["seconds"]
                self.report(
                    {
                        "event": "sample",
                        "n_images": len(samples) * cell.batch,
                        "of_images": cell.min_images,
                        "seconds": samples[-1]["seconds"],
                        "elapsed_seconds": elapsed,
                    }
                )
        return samples, watch

    def _enough(self, n_images: int, elapsed: float) -> bool:
        if self.meter.reason is None and elapsed < power.WINDOW_SECONDS + 0.5:
            return False
        return n_images >= self.cell.min_images or (
            n_images > 0 and elapsed >= self.cell.min_seconds
        )

    def _rates(self, samples: list[dict[str, Any]]) -> None:
        seconds = [sample["seconds"] for sample in samples]
        figures, batch = self.figures, self.cell.batch
        figures["n_images"] = len(samples) * batch
        figures["images_per_second"] = statistics.rate(seconds, batch).to_record()
        for percent in (50, 95, 99):
            estimate = statistics.percentile(seconds, percent)
            figures[f"p{percent}_seconds"] = estimate.to_record()
        figures["stage_seconds"] = _stage_means(samples, seconds)
        calls = {sample["denoiser_calls"] for sample in samples}
        figures["denoiser_calls"] = calls.pop() if len(calls) == 1 else None
        if calls:
            self.flags.append("denoiser_calls_differ")
        excess = figures["first_image_seconds"] - stdlib_statistics.median(seconds)
        if any("cache" in switch for switch in figures["switches"]):
            self.flags.append("skips_work")
        compiles = any("compiled" in switch for switch in figures["switches"])
        figures["compile_seconds"] = max(0.0, excess) if compiles else None
        figures["compile_reason"] = None if compiles else "this preset compiles nothing"

    def _energy(self, samples: list[dict[str, Any]], watch: Watch) -> None:
        """Gross and net joules of a picture: net is without what the idle card draws anyway."""
        gross = power.energy(watch.readings, self.meter.reason)
        idle = self._idle() if self.meter.reason is None else None
        n = self.figures["n_images"]
        figures = self.figures
        figures["energy"] = gross.to_record()
        figures["idle"] = None if idle is None else idle.to_record()
        figures["idle_watts"] = None if idle is None else idle.mean_watts
        per_image = None if gross.joules is None else gross.joules / n
        figures["joules_per_image_gross"] = per_image
        figures["joules_per_image_net"] = (
            None
            if per_image is None or idle is None or idle.mean_watts is None
            else per_image - idle.mean_watts * gross.seconds / n
        )
        figures["energy_reason"] = gross.reason or (idle.reason if idle else None)
        figures["conditions"] = power.conditions(watch.readings)
        self.flags.extend(gross.flags)
        if figures["conditions"]["throttled_share"]:
            self.flags.append("throttled")

    def _idle(self) -> power.Energy:
        self._say("idle draw with the model in memory")
        time.sleep(power.SETTLE_SECONDS)
        with Watch(self.meter) as watch:
            time.sleep(self.seams.idle_seconds)
        return power.energy(watch.readings, self.meter.reason)

    def _reset_peak(self) -> None:
        if self.cell.device.startswith("cuda"):
            import torch

            torch.cuda.reset_peak_memory_stats(torch.device(self.cell.device))

    def _memory(self, watch: Watch) -> None:
        figures = self.figures
        if self.cell.device.startswith("cuda"):
            import torch

            card = torch.device(self.cell.device)
            figures["vram_allocated_bytes"] = torch.cuda.max_memory_allocated(card)
            figures["vram_reserved_bytes"] = torch.cuda.max_memory_reserved(card)
            figures["vram_driver_bytes"] = figures["conditions"]["driver_memory_bytes"]
            figures["vram_reason"] = None
            return
        for name in ("allocated", "reserved", "driver"):
            figures[f"vram_{name}_bytes"] = None
        figures["vram_reason"] = "a CPU has no memory of a card"
        figures["host_peak_bytes"] = _host_peak_bytes()

    def _roof(self, samples: list[dict[str, Any]], ceiling: roofline.Ceiling) -> None:
        rate = self.figures["images_per_second"]["value"]
        if "cache" in " ".join(self.figures["switches"]):
            self.figures["roofline"] = None
            self.figures["roofline_reason"] = "work is skipped, so its operations are not known"
            return
        work = self._work(samples)
        judged = roofline.judge(work, rate, ceiling, self.figures["joules_per_image_gross"])
        self.figures["roofline"], self.figures["roofline_reason"] = judged, None
        if judged["impossible"]:
            raise GeneratorError(
                judged["impossible"], "a row within the physical limits", "the row is refused"
            )

    def _work(self, samples: list[dict[str, Any]]) -> roofline.Work:
        """Return the operations of a picture by the calls that were counted."""
        cell, model = self.cell, self.model
        picture = flops.picture(
            cell.model, Shape(cell.height_px, cell.width_px), cell.steps, cell.task
        )
        # Guidance is a pair in one call, or two calls one after the other, or switched off.
        n_calls = samples[0]["denoiser_calls"]
        n_samples = samples[0]["denoiser_samples"] / cell.batch
        denoising = picture.denoiser_step_flops * n_samples / model.guidance_batch
        total = picture.text_flops + denoising + picture.encode_flops + picture.decode_flops
        width = 4 if cell.dtype == "float32" else 2
        counts = flops.parameters(cell.model)
        read = sum(
            count * (n_calls if name == model.denoiser else 1) for name, count in counts.items()
        )
        return roofline.Work(total / 1e12, read * width / cell.batch)

    def _tail(self) -> None:
        """Add what only some tasks have."""

    def pictures(self, folder: Path) -> list[str]:
        """Save one batch of the pipeline that was measured; return the files' names."""
        folder.mkdir(parents=True, exist_ok=True)
        request = replace(self.request(self.cell.seed, self.cell.batch), output="pil")
        made = pipelines.call(self.pipe, self.model, self.task, request)
        names = [f"{self.cell.key.replace('/', '_')}_{index}.png" for index in range(len(made))]
        for name, picture in zip(names, made, strict=True):
            picture.save(folder / name)
        return names

    def _say(self, what: str) -> None:
        self.report({"event": "doing", "what": what})


def _stage_means(samples: list[dict[str, Any]], seconds: list[float]) -> dict[str, float]:
    """Return mean seconds of a call by stage; ``other`` is what no stage was busy with."""
    means = {
        stage: stdlib_statistics.fmean(sample["stages"].get(stage, 0.0) for sample in samples)
        for stage in STAGES
        if any(stage in sample["stages"] for sample in samples)
    }
    means["other"] = stdlib_statistics.fmean(seconds) - sum(means.values())
    return means


def _host_peak_bytes() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
