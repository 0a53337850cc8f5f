"""A training of a personal adapter, measured by the protocol of pictures."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import time
from typing import Any

from generator import flops, lora, roofline, statistics
from generator.instruments import StageTimer
from generator.protocol import Measurement
from generator.stages import Shape


class Training(Measurement):
    """A call is one step of training; a training is as many steps as the cell asks for."""

    def load(self) -> None:
        """Load the denoiser and give it an adapter."""
        self._say("loading")
        start = time.perf_counter()
        denoiser, self.step, n_trained = lora.trainer(self.cell)
        self.clock.wait()
        self.figures["load_seconds"] = time.perf_counter() - start
        self.figures["switches"] = dict.fromkeys(("bf16", "sdpa", "eager"))
        self.figures["adapter_parameters"] = n_trained
        self.timer = StageTimer.of_denoiser(denoiser, self.clock)
        self.figures["cold_start_seconds"] = time.time() - self.began

    def _work_of_call(self, number: int) -> None:
        self.step(number)

    def _work(self, samples: list[dict[str, Any]]) -> roofline.Work:
        cell = self.cell
        stage = lora.training_stage(cell.model, Shape(cell.height_px, cell.width_px, cell.batch))
        weights = flops.parameters(cell.model)[self.model.denoiser]
        # Read on the way there and on the way back.
        read = 2 * weights * (4 if cell.dtype == "float32" else 2)
        return roofline.Work(stage.flops / 1e12 / cell.batch, read / cell.batch)

    def _tail(self) -> None:
        """Turn pictures seen in training into trainings: no picture is made here."""
        figures, steps = self.figures, self.cell.steps
        seen = figures.pop("images_per_second")
        figures["images_per_second"] = statistics.nothing("a training makes no pictures")
        figures["training_pictures_per_second"] = seen
        figures["training_steps"] = steps
        figures["seconds_per_training"] = steps * self.cell.batch / seen["value"]
        gross = figures.pop("joules_per_image_gross")
        net = figures.pop("joules_per_image_net")
        figures["joules_per_image_gross"] = figures["joules_per_image_net"] = None
        each = steps * self.cell.batch
        figures["joules_per_training_gross"] = None if gross is None else gross * each
        figures["joules_per_training_net"] = None if net is None else net * each
        figures["pictures_per_pack"] = lora.PICTURES_PER_PACK
