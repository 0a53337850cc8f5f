"""What is measured beside cells: the best batch, products alone, a profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

import torch

from generator import batches, losses, machine, preparation, profiling, protocol, rates
from generator.cell import Cell
from generator.errors import GeneratorError

from .test_measure import Card


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


@pytest.fixture
def cell(tiny: str) -> Cell:
    return preparation.completed(Cell(tiny, weights="real", weights_source=tiny, device="cpu"))


class Replayed:
    """A server whose denoiser takes ``fixed`` seconds a call and ``each`` for a picture."""

    def __init__(self, fixed: float, each: float, out_of_memory_at: int = 1_000) -> None:
        self.fixed, self.each, self.most = fixed, each, out_of_memory_at
        self.asked: list[int] = []

    def __call__(self, _cell: Cell, _report: Any) -> Replayed:
        return self

    def timed(self, n: int) -> tuple[float, dict[str, float]]:
        self.asked.append(n)
        if n >= self.most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        denoiser = self.fixed + self.each * n
        return denoiser + 0.1, {"denoiser": denoiser}


def test_a_sweep_ends_where_a_larger_batch_brings_no_more(cell: Cell) -> None:
    # Of 20 steps 6 are run; pictures a second at 1, 2, 4, 8: 0.45, 0.80, 1.30, 1.88 …
    told = batches.sweep(cell, quiet, server=Replayed(0.54, 0.09))
    rates_by_size = {row["batch"]: row["images_per_second"] for row in told["sizes"]}
    assert rates_by_size[1] == pytest.approx(1 / (0.63 * 20 / 6 + 0.1))
    assert list(rates_by_size) == [1, 2, 4, 8, 16, 32]
    assert told["best_batch"] == 32
    assert "would take more than 20 s" in told["ended"]
    flat = batches.sweep(cell, quiet, server=Replayed(0.0, 0.4))
    assert [row["batch"] for row in flat["sizes"]] == [1, 2, 4]
    assert flat["best_batch"] == 2  # within 3 % of the fastest, and sooner answered
    assert "+1.8 % over half of it" in flat["ended"]


def test_a_sweep_ends_where_memory_does(cell: Cell, monkeypatch) -> None:
    told = batches.sweep(cell, quiet, server=Replayed(0.5, 0.01, out_of_memory_at=4))
    assert told["best_batch"] == 2
    assert "a batch of 4 did not fit into memory" in told["ended"]
    one = preparation.predict(cell, None)
    monkeypatch.setattr(machine, "free_memory_bytes", lambda _device: 2 * one.memory_bytes)
    server = Replayed(0.5, 0.01)
    told = batches.sweep(cell, quiet, server=server)
    assert "predicted not to fit" in told["ended"]
    fits = preparation.predict(cell, None).largest_batch
    assert fits is not None
    assert max(server.asked) <= fits < 64


def test_the_small_pipeline_is_swept(cell: Cell) -> None:
    told = batches.sweep(replace(cell, steps=2), quiet, largest=2)
    assert [row["batch"] for row in told["sizes"]] in ([1], [1, 2])
    assert told["best_batch"] in (1, 2)
    assert (told["run_steps"], told["of_steps"]) == (2, 2)


def test_products_alone_are_timed_on_a_processor_without_energy(cell: Cell) -> None:
    told = rates.measure(cell, quiet, sides=(64, 128))
    assert {row["side"] for row in told["products"]} == {64, 128}
    assert told["best_tflops"]["float32"] == max(row["tflops"] for row in told["products"])
    assert told["best_tflops"]["fp8"] is None
    assert "need a card" in told["reasons"]["fp8"]
    assert told["energy"]["joules_per_tflop"] is None
    assert "CPU" in told["energy"]["reason"]
    assert told["copy_gb_s"] > 0


def test_products_alone_have_their_energy_on_a_replayed_card(cell: Cell) -> None:
    card = Card(watts=400.0)
    told = rates.measure(cell, quiet, protocol.Seams(clock=card, meter=card), sides=(64,))
    energy = told["energy"]
    assert energy["mean_watts"] == pytest.approx(400.0)
    assert energy["seconds"] >= 10.0
    assert energy["joules_per_tflop"] == pytest.approx(400.0 / energy["tflops"])
    # Ten products in a quarter of a second, as the clock on paper goes.
    assert energy["tflops"] == pytest.approx(10 * 2 * 64**3 / 0.25 / 1e12)


def test_a_profile_of_a_processor_names_where_the_time_goes(cell: Cell) -> None:
    told = profiling.profile(replace(cell, steps=2), quiet, peak_tflops=1.0)
    kinds = {row["kind"]: row for row in told["kinds"]}
    assert kinds[losses.PRODUCTS]["seconds"] > 0
    assert kinds[losses.ATTENTION]["seconds"] > 0
    total = sum(row["seconds"] for row in told["kinds"])
    assert total == pytest.approx(told["call_seconds"], rel=0.01)
    assert told["largest_loss"] == told["kinds"][0]["kind"]
    assert told["largest_loss"] in told["sentence"]
    assert any(name["name"].startswith("aten::") for name in told["kernels"])


def test_a_training_is_not_profiled(cell: Cell) -> None:
    with pytest.raises(GeneratorError, match="got a training"):
        profiling.profile(replace(cell, task="lora"), quiet)
