"""One cell from end to end: the real path on a small pipeline, and replayed hardware."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

from generator import (
    flops,
    measure,
    power,
    preparation,
    presets,
    protocol,
    record,
    roofline,
    serving,
    statistics,
)
from generator.cell import Cell
from generator.errors import GeneratorError, MachineError
from generator.power import NoMeter, Reading
from generator.stages import Shape

FEW = {"steps": 2, "min_images": 4, "min_seconds": 20.0}


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


class Card:
    """A meter and a clock of a card that exists on paper: 100 W idle, ``watts`` at work."""

    reason: str | None = None

    def __init__(self, watts: float, speed: float = 4.0) -> None:
        self.at, self.joules, self.watts, self.speed = 0.0, 0.0, watts, speed

    def read(self) -> Reading:
        return Reading(self.at, self.joules, self.watts, 60.0, 1980.0, 2600.0, 5_000_000_000)

    # The clock: whatever was called took a quarter of a second.
    def mark(self) -> float:
        return self.at

    def seconds(self, start: float, end: float) -> float:
        return end - start

    def wait(self) -> None:
        self.at += 1 / self.speed
        self.joules += self.watts / self.speed

    def now(self) -> float:
        return self.at


@pytest.fixture(scope="module")
def measured(tiny: str) -> dict[str, Any]:
    cell = Cell(tiny, weights="real", weights_source=tiny, **FEW)
    return measure.measure(cell, quiet)


def sleeps(monkeypatch, instead) -> None:
    """Replace the sleep of the measurement alone: other threads of the process sleep too."""
    clock = SimpleNamespace(time=time.time, perf_counter=time.perf_counter, sleep=instead)
    monkeypatch.setattr(protocol, "time", clock)


def test_a_small_model_is_measured_on_a_cpu_with_energy_null_and_a_reason(measured) -> None:
    figures = measured["figures"]
    assert measured["status"] == "measured"
    assert figures["n_images"] == len(measured["samples"]) >= 4
    assert figures["images_per_second"]["value"] > 0
    assert figures["denoiser_calls"] == 2
    assert set(figures["stage_seconds"]) == {"text", "denoiser", "decode", "other"}
    assert figures["joules_per_image_gross"] is None
    assert "CPU" in figures["energy_reason"]
    assert figures["vram_allocated_bytes"] is None
    assert figures["p95_seconds"]["reason"] == "p95 needs 20 samples, 4 were taken"
    total = sum(figures["stage_seconds"].values())
    seconds = [sample["seconds"] for sample in measured["samples"]]
    assert total == pytest.approx(sum(seconds) / len(seconds))


def test_the_roof_counts_the_calls_that_were_made(measured, tiny: str) -> None:
    one = flops.picture(tiny, Shape(64, 64), 2)
    roof = measured["figures"]["roofline"]
    assert roof["tflop_per_image"] == pytest.approx(one.tflop)
    assert 0 < roof["percent_of_roofline"] < 100
    assert roof["ceiling"]["evidence"] == "measured"


def test_the_roof_counts_no_guidance_where_it_is_switched_off(measured, tiny: str) -> None:
    cell = Cell(tiny, weights="real", weights_source=tiny, guidance=1.0, batch=2, **FEW)
    told = measure.measure(cell, quiet)["figures"]["roofline"]["tflop_per_image"]
    one = flops.picture(tiny, Shape(64, 64), 2)
    assert told == pytest.approx(one.tflop - one.denoiser_step_flops / 1e12)


def test_energy_is_told_gross_and_net_by_a_replayed_card(tiny: str, monkeypatch) -> None:
    card = Card(watts=400.0)
    sleeps(monkeypatch, lambda s: idle(card, s))
    seams = protocol.Seams(clock=card, meter=card, idle_seconds=12.0)
    told = measure.measure(Cell(tiny, **FEW), quiet, seams)["figures"]
    assert told["images_per_second"]["value"] == pytest.approx(4.0)
    assert told["joules_per_image_gross"] == pytest.approx(100.0)
    assert told["idle_watts"] == pytest.approx(100.0)
    assert told["joules_per_image_net"] == pytest.approx(100.0 - 100.0 / 4)
    assert told["energy"]["seconds"] >= power.WINDOW_SECONDS
    assert told["p95_seconds"]["value"] == pytest.approx(0.25)


def test_a_cold_start_is_that_of_a_server_without_our_forecast(tiny: str, monkeypatch) -> None:
    import time

    own = protocol.predict

    def slow(*given: Any) -> preparation.Prediction:
        time.sleep(3.0)
        return own(*given)

    measure.measure(Cell(tiny, **FEW), quiet)  # libraries are in memory from here on
    monkeypatch.setattr(protocol, "predict", slow)
    told = measure.measure(Cell(tiny, **FEW), quiet, protocol.Seams(spawned_at=time.time()))
    assert told["figures"]["cold_start_seconds"] < 3.0


def test_the_idle_draw_is_read_after_the_card_has_settled(tiny: str, monkeypatch) -> None:
    card, slept = Card(watts=400.0, speed=1.0), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        idle(card, seconds)

    sleeps(monkeypatch, sleep)
    seams = protocol.Seams(clock=card, meter=card, idle_seconds=12.0)
    told = measure.measure(Cell(tiny, **FEW), quiet, seams)["figures"]
    assert slept == [power.SETTLE_SECONDS, 12.0]
    assert told["idle"]["seconds"] == pytest.approx(12.0)


def test_a_training_with_its_energy_makes_a_valid_record(tiny: str, monkeypatch) -> None:
    card = Card(watts=400.0, speed=1.0)
    sleeps(monkeypatch, lambda s: idle(card, s))
    seams = protocol.Seams(clock=card, meter=card, idle_seconds=12.0)
    cell = Cell(tiny, task="lora", steps=10, min_images=4, min_seconds=20.0)
    told = measure.measure(cell, quiet, seams)
    assert told["figures"]["joules_per_training_gross"] == pytest.approx(10 * 400.0)
    made = record.begin([], {}, {})
    made["cells"].append({"key": cell.key, **told})
    assert record.problems(made) == []
    told["figures"]["joules_per_training_gross"] = None
    assert record.problems(made) == ["cell 0: energy is null without a reason"]


def idle(card: Card, seconds: float) -> None:
    card.watts = 100.0
    card.at += seconds
    card.joules += 100.0 * seconds


def test_a_card_that_is_slowed_is_flagged(tiny: str, monkeypatch) -> None:
    class Hot(Card):
        def read(self) -> Reading:
            return replace(super().read(), throttle_reasons=("power cap",))

    card = Hot(watts=400.0, speed=1.0)
    sleeps(monkeypatch, lambda s: idle(card, s))
    seams = protocol.Seams(clock=card, meter=card, idle_seconds=12.0)
    assert "throttled" in measure.measure(Cell(tiny, **FEW), quiet, seams)["flags"]


def test_a_lost_driver_ends_the_cell_with_its_error(tiny: str) -> None:
    class Lost(Card):
        def read(self) -> Reading:
            if self.at > 2:
                raise MachineError("the driver was lost while measuring")
            return super().read()

    card = Lost(watts=400.0, speed=1.0)
    with pytest.raises(MachineError, match="driver was lost"):
        measure.measure(Cell(tiny, **FEW), quiet, protocol.Seams(clock=card, meter=card))


def test_a_row_above_the_physical_limit_is_refused(tiny: str, monkeypatch) -> None:
    slow = roofline.Ceiling(1e-9, 1.0, "estimated", "a card on paper")
    monkeypatch.setattr(protocol.Measurement, "_ceiling", lambda _self: slow)
    seams = protocol.Seams(meter=NoMeter("none"))
    cell = Cell(tiny, limit_seconds=1e12, **FEW)
    with pytest.raises(GeneratorError, match="above the physical limit"):
        measure.measure(cell, quiet, seams)


def test_warm_up_that_never_settles_is_flagged(tiny: str, monkeypatch) -> None:
    monkeypatch.setattr(statistics, "is_steady", lambda _seconds: False)
    monkeypatch.setattr(protocol, "_MOST_WARM_UPS", 3)
    told = measure.measure(Cell(tiny, **FEW), quiet)
    assert "not_steady" in told["flags"]
    assert len(told["warm_up_samples"]) == 3


def test_activations_that_are_no_numbers_end_the_cell(tiny: str, monkeypatch) -> None:
    from generator import components

    def broken(module: Any, seed: int) -> None:
        for weight in module.parameters():
            weight.data.fill_(float("nan"))

    monkeypatch.setattr(components, "fill", broken)
    with pytest.raises(GeneratorError, match="NaN or infinite activations after text"):
        measure.measure(Cell(tiny, **FEW), quiet)


def test_what_does_not_fit_is_told_before_loading_with_what_would(tiny: str, monkeypatch) -> None:
    from generator import machine

    full = preparation.completed(Cell(tiny, batch=64))
    one = preparation.predict(replace(full, batch=1), None)
    monkeypatch.setattr(machine, "free_memory_bytes", lambda _device: 2 * one.memory_bytes)
    told = preparation.predict(full, None)
    with pytest.raises(GeneratorError, match=rf"--batch {told.largest_batch} would fit"):
        preparation.refuse_too_large(full, told)
    assert told.largest_batch is not None
    assert 1 <= told.largest_batch < 64


def test_loads_and_pictures_are_refused_before_anything_is_loaded(tiny: str, monkeypatch) -> None:
    from generator import children, machine

    one = preparation.predict(preparation.completed(Cell(tiny, device="cpu")), None)

    def never(*_given: Any) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(serving, "Server", never)
    cell = Cell(tiny, weights="real", weights_source=tiny, device="cpu").to_record()
    promise = {"paid_p95_seconds": 5.0, "max_batch": 64}
    monkeypatch.setattr(machine, "free_memory_bytes", lambda _device: 2 * one.memory_bytes)
    with pytest.raises(GeneratorError, match=r"--batch \d+ would fit"):
        children.measure_load({"cell": cell, "promise": promise, "n_requests": 2}, quiet)
    monkeypatch.setattr(machine, "free_memory_bytes", lambda _device: 1)
    with pytest.raises(GeneratorError, match="not one picture fits"):
        children.make_pictures({"cell": cell, "prompt": "x", "n": 1, "folder": "x"}, quiet)


def test_what_would_take_too_long_is_refused_with_the_predicted_time() -> None:
    full = preparation.completed(Cell("sd15", device="cpu"))
    told = preparation.predict(full, roofline.Ceiling(0.1, 10.0, "measured", "here"))
    assert told.seconds == pytest.approx(82.868 / 0.03, rel=1e-3)
    if told.free_bytes is not None and told.memory_bytes < told.free_bytes:
        with pytest.raises(GeneratorError, match="2,762 s predicted for one call of sd15"):
            preparation.refuse_too_large(full, told)


@pytest.mark.parametrize("task", ["img2img", "inpaint", "upscale", "lora"])
def test_every_task_runs(tiny: str, task: str) -> None:
    cell = Cell(tiny, task=task, steps=3, min_images=2, min_seconds=5.0)
    told = measure.measure(cell, quiet)
    figures = told["figures"]
    assert told["status"] == "measured"
    if task == "lora":
        assert figures["images_per_second"]["reason"] == "a training makes no pictures"
        assert figures["seconds_per_training"] > 0
        assert figures["adapter_parameters"] > 0
    else:
        assert "encode" in figures["stage_seconds"]
        calls = {"img2img": 1, "inpaint": 2, "upscale": 1}[task]
        assert figures["denoiser_calls"] in (calls, calls + 1)


def test_a_training_with_real_weights_takes_the_denoiser_alone_to_the_card(
    tiny: str, monkeypatch
) -> None:
    from types import SimpleNamespace

    from generator import lora, pipelines

    class Moved(Exception):  # noqa: N818  ends the test's path
        pass

    def to(device: str) -> None:
        raise Moved(device)

    def load(_model: Any, _weights: Any, device: str, _dtype: Any) -> Any:
        assert device == "cpu"
        return SimpleNamespace(unet=SimpleNamespace(to=to))

    monkeypatch.setattr(pipelines, "load", load)
    full = preparation.completed(Cell(tiny, task="lora", weights="real", device="cpu"))
    with pytest.raises(Moved, match="cuda"):
        lora.trainer(replace(full, device="cuda"))


def test_training_changes_the_adapter_and_nothing_else(tiny: str) -> None:
    from generator import lora

    cell = preparation.completed(Cell(tiny, task="lora", device="cpu"))
    denoiser, step, n_trained = lora.trainer(cell)
    before = {name: weight.clone() for name, weight in denoiser.named_parameters()}
    step(0)
    step(1)
    changed = {
        name for name, weight in denoiser.named_parameters() if not weight.equal(before[name])
    }
    assert changed
    assert all("lora_" in name for name in changed)
    assert n_trained == sum(
        weight.numel() for weight in denoiser.parameters() if weight.requires_grad
    )


def test_presets_say_why_they_do_not_run_here(tiny: str) -> None:
    def status(preset: str, **more: Any) -> str:
        cell = Cell(tiny, preset=preset, device="cpu", **more)
        told = measure.measure(cell, quiet)
        assert told["status"] == "skipped"
        return told["reason"]

    assert "needs an NVIDIA card" in status("tuned")
    assert "needs an NVIDIA card" in status("fast")
    assert "refused" in status("adaptive", steps=20)
    assert "leave nothing to skip" in status("cached", steps=4)
    assert "training" in status("cached", task="lora")


@pytest.fixture
def on_card(tiny: str, monkeypatch):
    """Return what gives a setting on a card that exists on paper."""
    import shutil
    import sysconfig

    from generator import catalog

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == "gcc" else None)
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(Path(tiny).parent))
    monkeypatch.setattr(Path, "is_file", lambda _path: True)
    monkeypatch.delenv("CC", raising=False)

    def setting(
        capability: tuple[int, int], *packages: str, dtype: str = "bf16"
    ) -> presets.Setting:
        machine = presets.Machine("cuda", capability, frozenset(packages))
        return presets.Setting(catalog.model(tiny), machine, "twin", 20, 1e9, dtype)

    return setting


def test_eight_bits_need_the_hardware_and_the_library(on_card) -> None:
    fast = presets.preset("fast")
    assert "8.9 or later" in (fast.hindrance(on_card((8, 0), "torchao")) or "")
    assert "needs torchao" in (fast.hindrance(on_card((9, 0))) or "")
    assert fast.hindrance(on_card((9, 0), "torchao", "triton")) is None
    told = fast.hindrance(on_card((9, 0), "torchao", "triton", dtype="float16"))
    assert "want weights in bf16, not float16" in (told or "")


def test_bf16_is_refused_before_ampere_and_measured_in_float16(on_card) -> None:
    for name in ("default", "tuned", "cached"):
        told = presets.preset(name).hindrance(on_card((7, 5), "triton")) or ""
        assert told.startswith("bf16: needs compute capability 8.0 or later, this card has 7.5")
        assert "--dtype float16" in told
    default = presets.preset("default")
    assert default.hindrance(on_card((7, 5), dtype="float16")) is None
    assert default.hindrance(on_card((8, 0))) is None


def test_compiling_for_a_card_needs_triton_a_compiler_and_headers(on_card, monkeypatch) -> None:
    import shutil

    tuned = presets.preset("tuned")
    assert tuned.hindrance(on_card((9, 0), "triton")) is None
    assert "needs triton" in (tuned.hindrance(on_card((9, 0))) or "")
    assert "8.0 or later" in (tuned.hindrance(on_card((7, 5), "triton")) or "")
    monkeypatch.setattr(Path, "is_file", lambda _path: False)
    assert "headers of Python" in (tuned.hindrance(on_card((9, 0), "triton")) or "")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert "needs a C compiler" in (tuned.hindrance(on_card((9, 0), "triton")) or "")


def test_a_fixed_cache_skips_work_and_changes_the_picture(tiny: str) -> None:
    from generator import catalog, pipelines

    model, task = catalog.model(tiny), catalog.task("txt2img")
    request = pipelines.Request(("a red ring on white",), 64, 64, 12, 4.0, (5,), "pt")
    pictures = []
    for name in ("default", "cached", "cached"):
        cell = preparation.completed(
            Cell(tiny, preset=name, weights="real", weights_source=tiny, steps=12, device="cpu")
        )
        server = serving.Server(cell, quiet)
        pictures.append(pipelines.call(server._running.pipe, model, task, request)[0])
    assert not pictures[0].equal(pictures[1])
    assert pictures[1].equal(pictures[2])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"model": "sdx"}, r"got the model 'sdx'; expected one of .*sdxl"),
        ({"task": "video"}, r"got the task 'video'"),
        ({"preset": "turbo"}, r"got the preset 'turbo'"),
        ({"batch": 0}, r"got a batch of 0"),
        ({"dtype": "int3"}, r"got the dtype 'int3'"),
        ({"device": "tpu"}, r"got the device 'tpu'; expected auto or one of cpu"),
        ({"model": "sana15-1.6b", "task": "inpaint"}, r"got inpaint with sana15-1.6b"),
        ({"height_px": 65, "width_px": 64}, r"multiples of"),
    ],
)
def test_what_is_unknown_is_refused(tiny: str, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(GeneratorError, match=told):
        preparation.completed(Cell(**({"model": tiny} | wrong)))


def test_a_card_is_asked_for_where_there_is_none(monkeypatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(GeneratorError, match="got no NVIDIA card"):
        preparation.completed(Cell("sdxl", device="cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert preparation.completed(Cell("sdxl", device="cuda:1")).device == "cuda:1"
    with pytest.raises(GeneratorError, match=r"got the device 'cuda:2'; .* cuda:0, cuda:1"):
        preparation.completed(Cell("sdxl", device="cuda:2"))


def test_weights_that_run_code_are_refused(tmp_path: Path, tiny: str) -> None:
    import shutil

    from generator import catalog, pipelines

    copied = tmp_path / "pickled"
    shutil.copytree(tiny, copied)
    (copied / "unet" / "diffusion_pytorch_model.safetensors").rename(
        copied / "unet" / "diffusion_pytorch_model.bin"
    )
    with pytest.raises(GeneratorError, match=r"got pickled weights: .*\.bin"):
        pipelines.refuse_pickles(copied)
    model = catalog.model("sd15")
    with pytest.raises(GeneratorError, match=r"no folder \./nowhere"):
        pipelines.load(model, pipelines.Weights("real", "./nowhere"), "cpu", None)


def test_weights_of_the_hub_are_not_fetched_where_no_connection_is_allowed(
    monkeypatch, tmp_path: Path
) -> None:
    import torch

    from generator import catalog, pipelines

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = catalog.model("sd15")
    weights = pipelines.Weights("real", "nobody/no-such-model")
    with pytest.raises(GeneratorError, match=r"no usable weights at nobody/no-such-model"):
        pipelines.load(model, weights, "cpu", torch.float32)


def test_a_picture_is_the_same_for_its_seed_whatever_its_batch(tiny: str) -> None:
    cell = Cell(tiny, weights="real", weights_source=tiny, steps=4, device="cpu")
    server = serving.Server(preparation.completed(cell), quiet)
    first, again = (server.picture("a red circle on white", seed=8) for _ in range(2))
    other = server.picture("a red circle on white", seed=9)
    assert first["picture"].tobytes() == again["picture"].tobytes()
    assert first["picture"].tobytes() != other["picture"].tobytes()
    assert first["seconds"] > 0
    assert first["joules"] is None
    assert first["joules_reason"]
