"""A loaded pipeline that answers requests, each of them timed."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from generator import pipelines, power
from generator.cell import Cell
from generator.power import Watch
from generator.protocol import Measurement, Report, Seams


class Server:
    """A loaded pipeline that answers requests one after the other, each of them timed.

    Parameters
    ----------
    cell
        Completed.
    report
        Called with progress.
    seams
        Clock and meter; the device's own by default.

    Raises
    ------
    GeneratorError
        The pipeline cannot be loaded, or its first call gives no finite numbers.
    """

    def __init__(self, cell: Cell, report: Report, seams: Seams | None = None) -> None:
        self._running = Measurement(cell, report, seams or Seams(), time.time())
        self._running.load()
        self._running.first()
        self._seed = cell.seed

    @property
    def switches(self) -> dict[str, str | None]:
        """Return the preset's switches, each with why the model has no place for it."""
        return self._running.figures["switches"]

    def seconds(self, n: int) -> float:
        """Return the seconds of one call that makes so many pictures."""
        return self.timed(n)[0]

    def timed(self, n: int) -> tuple[float, dict[str, float]]:
        """Return the seconds of one call that makes so many pictures, and those by stage."""
        running, self._seed = self._running, self._seed + n
        start = running.clock.now()
        pipelines.call(running.pipe, running.model, running.task, running.request(self._seed, n))
        running.clock.wait()
        seconds = running.clock.now() - start
        stages, _ = running.timer.take()
        return seconds, stages

    def times(self, n: int, n_samples: int = 10, limit_seconds: float | None = None) -> list[float]:
        """Return the seconds of some calls of one size, after two that are not counted.

        Parameters
        ----------
        n
            Pictures in one call.
        n_samples
            Calls.
        limit_seconds
            After which no further call is counted, once there are three.
        """
        for _ in range(2):
            self.seconds(n)
        taken: list[float] = []
        while len(taken) < n_samples:
            if limit_seconds is not None and len(taken) >= 3 and sum(taken) > limit_seconds:
                break
            taken.append(self.seconds(n))
        return taken

    def picture(self, prompt: str, seed: int, steps: int | None = None) -> dict[str, Any]:
        """Make one picture, by the cell's number of steps or another one.

        Returns
        -------
        dict
            ``picture`` (a ``PIL.Image``), ``seed``, ``seconds``, ``joules`` (null with
            ``joules_reason`` where the meter does not tell, or the picture was made too fast for
            its counter) and ``stage_seconds``.
        """
        running = self._running
        request = replace(running.request(seed, 1, prompt), output="pil")
        request = request if steps is None else replace(request, steps=steps)
        with Watch(running.meter) as watch:
            start = running.clock.now()
            made = pipelines.call(running.pipe, running.model, running.task, request)
            running.clock.wait()
            seconds = running.clock.now() - start
        stages, n_calls = running.timer.take()
        used = power.energy(watch.readings, running.meter.reason)
        return {
            "picture": made[0],
            "seed": seed,
            "seconds": seconds,
            "joules": used.joules,
            "joules_reason": used.reason,
            "stage_seconds": stages,
            "denoiser_calls": n_calls,
        }
