"""Energy from replayed readings: what is right, what is refused, what is doubted."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from generator import power
from generator.errors import MachineError
from generator.power import NoMeter, NvmlMeter, Reading, ReplayMeter, Watch


def steady(seconds: float, watts: float, *, counted: float | None = None) -> list[Reading]:
    counted = watts if counted is None else counted
    return [
        Reading(t, energy_joules=1000 + counted * t, power_watts=watts, sm_clock_mhz=1980)
        for t in (0.0, seconds / 2, seconds)
    ]


def test_joules_are_what_the_counter_rose_by() -> None:
    told = power.energy(steady(12.0, 500.0))
    assert told.joules == pytest.approx(6000)
    assert told.mean_watts == pytest.approx(500)
    assert told.integrated_joules == pytest.approx(6000)
    assert told.flags == ()


def test_a_counter_that_stands_still_gives_no_figure_and_never_zero() -> None:
    told = power.energy(steady(12.0, 500.0, counted=0.0))
    assert told.joules is None
    assert "did not rise" in (told.reason or "")


def test_a_counter_that_disagrees_with_the_power_is_flagged() -> None:
    assert power.energy(steady(12.0, 500.0, counted=520.0)).flags == ()
    assert power.energy(steady(12.0, 500.0, counted=530.0)).flags == ("energy_disagrees",)


def test_a_short_window_gives_no_figure() -> None:
    told = power.energy(steady(9.0, 500.0))
    assert told.joules is None
    assert "shorter than 10 s" in (told.reason or "")


def test_a_machine_without_a_meter_says_why() -> None:
    meter = NoMeter("a CPU has none")
    with Watch(meter) as watch:
        pass
    told = power.energy(watch.readings, meter.reason)
    assert (told.joules, told.reason) == (None, "a CPU has none")


def test_throttling_is_told_with_its_reasons() -> None:
    assert power.throttles(0x1 | 0x2) == ()  # idle, or clocks that somebody set
    assert power.throttles(0x4 | 0x40) == ("power cap", "thermal, by hardware")
    readings = [
        Reading(0.0, sm_clock_mhz=1980),
        Reading(1.0, sm_clock_mhz=1500, throttle_reasons=("power cap",)),
    ]
    told = power.conditions(readings)
    assert told["throttled_share"] == 0.5
    assert told["throttle_reasons"] == ["power cap"]
    assert told["sm_clock_mhz"] == [1500, 1980]


class Driver(ModuleType):
    """Stands in for pynvml: ``refuses`` are the questions that it does not answer."""

    NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_CLOCK_MEM = 0, 1, 2

    class NVMLError(Exception):
        """Any error of the driver."""

    def __init__(self, *refuses: str) -> None:
        super().__init__("pynvml")
        self.refuses = set(refuses)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvml"):
            raise AttributeError(name)
        answers = {"nvmlDeviceGetMemoryInfo": SimpleNamespace(used=7)}

        def ask(*_given: Any) -> Any:
            if name in self.refuses:
                raise self.NVMLError(name)
            return answers.get(name, 4000)

        return ask


def test_the_driver_tells_in_its_units(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    told = NvmlMeter("GPU-x").read()
    assert (told.energy_joules, told.power_watts, told.memory_used_bytes) == (4.0, 4.0, 7)


def test_the_record_of_a_card_holds_its_power_limit(monkeypatch) -> None:
    torch = pytest.importorskip("torch", reason="no torch: make generator adds it")
    from generator import machine

    card = SimpleNamespace(name="a card", total_memory=8, uuid="x")
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _device: card)
    assert machine._device_record("cuda")["power_limit_watts"] == 4.0


def test_what_a_driver_never_answers_is_missing_and_no_loss(monkeypatch) -> None:
    new = "nvmlDeviceGetCurrentClocksEventReasons"
    old = "nvmlDeviceGetCurrentClocksThrottleReasons"
    monkeypatch.setitem(sys.modules, "pynvml", Driver(new, "nvmlDeviceGetPowerUsage"))
    told = NvmlMeter("GPU-x").read()
    assert told.power_watts is None
    assert told.throttle_reasons == power.throttles(4000)  # by the older name
    monkeypatch.setitem(sys.modules, "pynvml", Driver(new, old))
    told = NvmlMeter("GPU-x").read()
    assert told.throttle_reasons is None
    assert power.conditions([told, told])["throttled_share"] is None


def test_what_a_driver_answers_no_more_is_a_loss(monkeypatch) -> None:
    driver = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    meter = NvmlMeter("GPU-x")
    driver.refuses.add("nvmlDeviceGetTotalEnergyConsumption")
    with pytest.raises(MachineError, match="driver was lost while measuring"):
        meter.read()


def test_marks_stand_in_the_queue_of_the_card_that_works(monkeypatch) -> None:
    torch = pytest.importorskip("torch", reason="no torch: make generator adds it")
    from generator.clock import CudaClock

    asked: list[Any] = []
    event = SimpleNamespace(record=asked.append)
    monkeypatch.setattr(torch.cuda, "Event", lambda **_named: event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: f"queue of {device}")
    CudaClock("cuda:1").mark()
    assert asked == ["queue of cuda:1"]


def test_a_driver_that_is_lost_ends_the_watch_with_its_error() -> None:
    class Lost(ReplayMeter):
        def read(self) -> Reading:
            if len(self._readings) == 1:
                raise MachineError("the driver was lost")
            return super().read()

    import time

    with (
        pytest.raises(MachineError, match="driver was lost"),
        Watch(Lost(steady(12.0, 1.0)[:2]), every_seconds=0.01),
    ):
        time.sleep(0.1)
