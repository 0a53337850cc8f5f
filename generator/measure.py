"""One cell, measured from its cold start to its idle draw, in this process."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from generator import catalog, pipelines
from generator.cell import Cell
from generator.preparation import completed, hindrance
from generator.protocol import Measurement, Report, Seams
from generator.training import Training


def measure(
    cell: Cell, report: Report, seams: Seams | None = None, pictures: Path | None = None
) -> dict[str, Any]:
    """Measure one cell in this process.

    Parameters
    ----------
    cell
        What is measured.
    report
        Called with progress: ``{"event": ..., ...}``.
    seams
        Clock and meter; the device's own by default.
    pictures
        Folder for one batch of pictures, made after the measurement; ``None`` keeps none.

    Returns
    -------
    dict
        ``cell`` (completed), ``status`` (``measured``, or ``skipped`` with a ``reason``),
        ``figures``, ``samples`` and ``flags``: see :mod:`generator.record`.

    Raises
    ------
    GeneratorError
        The cell cannot be measured as asked.
    MachineError
        The machine failed while measuring.
    """
    seams = seams or Seams()
    began = seams.spawned_at or time.time()
    full = completed(cell)
    pipelines.bring_in(catalog.model(full.model))
    forecast_began = time.perf_counter()
    if reason := hindrance(full):
        return {"cell": full.to_record(), "status": "skipped", "reason": reason}
    kind = Training if full.task == "lora" else Measurement
    running = kind(full, report, seams, began)
    running.forecast()
    # Whoever serves pictures forecasts nothing: it is no part of a cold start.
    running.began += time.perf_counter() - forecast_began
    result = running.run()
    if pictures is not None and full.task != "lora":
        result["pictures"] = running.pictures(pictures)
    return result


def forecast(cell: Cell, report: Report) -> None:
    """Refuse a completed cell that does not fit or would take too long, before it is loaded.

    Raises
    ------
    GeneratorError
        With the memory needed and the batch that would fit, or with the predicted time.
    """
    Measurement(cell, report, Seams(), time.time()).forecast()
