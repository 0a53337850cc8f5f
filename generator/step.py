"""One step of a suite: a cell, or what is measured beside cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from generator.cell import Cell

Kind = Literal["rates", "batches", "cell", "load", "honesty", "profile"]
LISTS: dict[Kind, str] = {
    "rates": "rates",
    "batches": "batches",
    "cell": "cells",
    "load": "loads",
    "honesty": "honesty",
    "profile": "profiles",
}
"""Where in a record each kind of step is kept."""
VERBS: dict[Kind, str] = {
    "rates": "rates-cell",
    "batches": "batches-cell",
    "cell": "cell",
    "load": "load-cell",
    "honesty": "honesty-cell",
    "profile": "profile-cell",
}
"""Process of its own that each kind of step runs in."""


@dataclass(frozen=True)
class Step:
    """What is measured next.

    Attributes
    ----------
    kind
        ``rates`` (products and copies alone), ``batches`` (which batch gives the most pictures a
        second), ``cell``, ``load`` (a server's promise), ``honesty`` (how far a preset's numbers
        are from default's) or ``profile`` (where the time goes).
    cell
        Of it.
    at_best
        Whether the batch is the best one that a ``batches`` step of the model has found.
    """

    kind: Kind
    cell: Cell
    at_best: bool = False

    @property
    def name(self) -> str:
        """Return the name for a reader."""
        batch = f"/b{self.cell.batch}/"
        key = self.cell.key.replace(batch, "/best batch/", 1) if self.at_best else self.cell.key
        return key if self.kind == "cell" else f"{self.kind}: {key}"

    def at(self, batch: int) -> Step:
        """Return the step at a batch that was found."""
        return replace(self, cell=replace(self.cell, batch=batch), at_best=False)


def best_batches(records: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Return by model the batch of best throughput that records hold; the last one found counts."""
    return {
        entry["cell"]["model"]: entry["best_batch"]
        for record in records
        for entry in record.get("batches", [])
        if entry["status"] == "measured"
    }
