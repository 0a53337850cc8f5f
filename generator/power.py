"""Energy, clocks and temperature of a card, behind a seam that a recording can replay.

Joules come from the total-energy counter of NVML, read at both ends of a window of 10 s or more,
and are checked against the power read in between. What cannot be read is null with a reason, never
0.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Protocol

from generator.errors import MachineError

WINDOW_SECONDS = 10.0
"""Shortest window over which energy is reported: the counter is renewed in steps."""
TOLERANCE = 0.05
"""Counter and integrated power may differ by this share."""
SAMPLE_SECONDS = 0.1
SETTLE_SECONDS = 3.0
"""Between work and the idle draw: cards tell a mean of the last second, and clocks fall slowly."""
# Names of nvmlClocksEventReasons bits that mean the card ran slower than it could.
_THROTTLES = {
    0x0000000000000004: "power cap",
    0x0000000000000008: "hardware slowdown",
    0x0000000000000020: "thermal, by software",
    0x0000000000000040: "thermal, by hardware",
    0x0000000000000080: "power brake",
}


@dataclass(frozen=True)
class Reading:
    """One look at the card.

    Attributes
    ----------
    at_seconds
        On a clock that only goes forward.
    energy_joules
        Total since the driver was loaded; ``None`` where the card has no counter.
    power_watts, temperature_celsius, sm_clock_mhz, memory_clock_mhz, memory_used_bytes
        ``None`` where the card does not tell.
    throttle_reasons
        Why it ran slower than it could; empty where it did not, ``None`` where it does not tell.
    """

    at_seconds: float
    energy_joules: float | None = None
    power_watts: float | None = None
    temperature_celsius: float | None = None
    sm_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    memory_used_bytes: int | None = None
    throttle_reasons: tuple[str, ...] | None = ()


class PowerMeter(Protocol):
    """What reads a card; ``reason`` tells why there is nothing to read, else ``None``."""

    reason: str | None

    def read(self) -> Reading:
        """Return one reading."""
        ...


class NoMeter:
    """A machine whose energy cannot be read.

    Parameters
    ----------
    reason
        Why, in words.
    """

    def __init__(self, reason: str) -> None:
        self.reason: str | None = reason

    def read(self) -> Reading:
        """Return the time and nothing else."""
        return Reading(time.perf_counter())


class NvmlMeter:
    """The NVIDIA driver's own readings.

    Parameters
    ----------
    uuid
        Of the card as torch names it, so that a mask of visible cards cannot point at another one.

    Raises
    ------
    MachineError
        The driver does not answer.
    """

    reason: str | None = None

    def __init__(self, uuid: str) -> None:
        import pynvml

        self._nvml: Any = pynvml
        self._answered: set[tuple[Any, ...]] = set()
        self._absent: set[tuple[Any, ...]] = set()
        try:
            pynvml.nvmlInit()
            self._card = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        except pynvml.NVMLError as error:
            raise MachineError(f"no answer of the driver for card {uuid}: {error}") from error
        self.read()
        if not self._answered:
            raise MachineError(f"the driver answers no question about card {uuid}")

    def read(self) -> Reading:
        """Return one reading.

        Raises
        ------
        MachineError
            The driver was lost.
        """
        nvml, get = self._nvml, self._get
        energy = get("nvmlDeviceGetTotalEnergyConsumption")
        power = get("nvmlDeviceGetPowerUsage")
        memory = get("nvmlDeviceGetMemoryInfo")
        reasons = get("nvmlDeviceGetCurrentClocksEventReasons")
        if reasons is None:  # drivers before 535 know the older name
            reasons = get("nvmlDeviceGetCurrentClocksThrottleReasons")
        return Reading(
            at_seconds=time.perf_counter(),
            energy_joules=None if energy is None else energy / 1e3,
            power_watts=None if power is None else power / 1e3,
            temperature_celsius=get("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU),
            sm_clock_mhz=get("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=get("nvmlDeviceGetClockInfo", nvml.NVML_CLOCK_MEM),
            memory_used_bytes=None if memory is None else int(memory.used),
            throttle_reasons=None if reasons is None else throttles(reasons),
        )

    def limit_watts(self) -> float | None:
        """Return the most that the driver lets the card draw; ``None`` where it does not tell."""
        told = self._get("nvmlDeviceGetEnforcedPowerLimit")
        return None if told is None else told / 1e3

    def _get(self, name: str, *given: Any) -> Any:
        """Return an answer; ``None`` to what this card or driver never answered."""
        asked = (name, *given)
        if asked in self._absent:
            return None
        try:
            answer = getattr(self._nvml, name)(self._card, *given)
        except self._nvml.NVMLError as error:
            # A sandbox or an old driver refuses some questions from the first one on.
            if asked not in self._answered:
                self._absent.add(asked)
                return None
            raise MachineError(
                f"the driver was lost while measuring: {error}",
                "a driver that answers until the end",
                "see `nvidia-smi` and the system's log, then run the cell again",
            ) from error
        self._answered.add(asked)
        return answer


def throttles(bits: int) -> tuple[str, ...]:
    """Return the reasons in NVML's bits for which a card ran slower than it could."""
    return tuple(name for bit, name in _THROTTLES.items() if bits & bit)


class ReplayMeter:
    """Readings of a recording, one after the other; the last one is repeated.

    Parameters
    ----------
    readings
        In the order of time.
    """

    reason: str | None = None

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = list(readings)

    def read(self) -> Reading:
        """Return the next reading."""
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


def open_meter(device: str) -> PowerMeter:
    """Return the meter of a device; where it has none, the reason."""
    if not device.startswith("cuda"):
        return NoMeter("a CPU has no energy counter that this program reads")
    try:
        import pynvml as _  # noqa: F401
        import torch
    except ImportError:
        return NoMeter("nvidia-ml-py is not installed: pip install nvidia-ml-py")
    card = torch.cuda.get_device_properties(torch.device(device))
    uuid = str(card.uuid)
    try:
        return NvmlMeter(uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}")
    except MachineError as error:
        return NoMeter(str(error))


class Watch:
    """Read the meter all along a block of work.

    Parameters
    ----------
    meter
        The seam.
    every_seconds
        Time between two readings; ``None`` reads at both ends only.
    """

    def __init__(self, meter: PowerMeter, every_seconds: float | None = SAMPLE_SECONDS) -> None:
        self._meter, self._every = meter, every_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lost: MachineError | None = None
        self.readings: list[Reading] = []

    def __enter__(self) -> Watch:
        self.readings.append(self._meter.read())
        if self._every is not None and self._meter.reason is None:
            self._thread = threading.Thread(target=self._sample, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if kind is not None:
            return
        if self._lost is not None:
            raise self._lost
        self.readings.append(self._meter.read())

    def _sample(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.readings.append(self._meter.read())
            except MachineError as error:
                self._lost = error
                return


@dataclass(frozen=True)
class Energy:
    """Energy of a window.

    Attributes
    ----------
    joules
        By the counter; ``None`` with a ``reason``.
    integrated_joules
        By the power between the readings (trapezoids), the cross-check.
    seconds
        Length of the window.
    mean_watts
        ``joules / seconds``.
    reason
        Why there is no figure.
    flags
        What makes the figure doubtful.
    """

    joules: float | None
    integrated_joules: float | None
    seconds: float
    mean_watts: float | None
    reason: str | None
    flags: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """Return the figures for a record."""
        return asdict(self) | {"flags": list(self.flags)}


def energy(readings: Sequence[Reading], reason: str | None = None) -> Energy:
    """Return the energy between the first reading and the last.

    Parameters
    ----------
    readings
        At least two, in the order of time.
    reason
        Why the meter has nothing to tell.

    Returns
    -------
    Energy
        Without ``joules`` where the window is shorter than 10 s, the counter stood still or went
        back, or the card has none; with the flag ``energy_disagrees`` where counter and integrated
        power differ by more than 5 %.
    """
    seconds = readings[-1].at_seconds - readings[0].at_seconds
    integrated = _integrated(readings)
    first, last = readings[0].energy_joules, readings[-1].energy_joules
    if reason is None:
        reason = _unusable(first, last, seconds)
    if reason is not None or first is None or last is None:
        return Energy(None, integrated, seconds, None, reason)
    joules = last - first
    flags: tuple[str, ...] = ()
    if integrated is not None and abs(joules - integrated) > TOLERANCE * integrated:
        flags = ("energy_disagrees",)
    return Energy(joules, integrated, seconds, joules / seconds, None, flags)


def _unusable(first: float | None, last: float | None, seconds: float) -> str | None:
    if first is None or last is None:
        return "the card has no energy counter that its driver tells"
    if seconds < WINDOW_SECONDS:
        return f"the window of {seconds:.1f} s is shorter than {WINDOW_SECONDS:g} s"
    if last <= first:
        return f"the energy counter did not rise: {first:g} J, then {last:g} J"
    return None


def _integrated(readings: Sequence[Reading]) -> float | None:
    told = [r for r in readings if r.power_watts is not None]
    if len(told) < 2:
        return None
    total = 0.0
    for earlier, later in itertools.pairwise(told):
        mean = ((earlier.power_watts or 0.0) + (later.power_watts or 0.0)) / 2
        total += mean * (later.at_seconds - earlier.at_seconds)
    return total


def conditions(readings: Sequence[Reading]) -> dict[str, Any]:
    """Return clocks, temperature and throttling over a window.

    Returns
    -------
    dict
        ``[lowest, highest]`` of each reading, ``None`` where the card told nothing;
        ``throttled_share`` of the readings, and the reasons.
    """
    record: dict[str, Any] = {}
    for name in ("temperature_celsius", "sm_clock_mhz", "memory_clock_mhz", "power_watts"):
        told = [value for r in readings if (value := getattr(r, name)) is not None]
        record[name] = [min(told), max(told)] if told else None
    told = [r.throttle_reasons for r in readings if r.throttle_reasons is not None]
    slow = [reasons for reasons in told if reasons]
    has_clock = record["sm_clock_mhz"] is not None
    record["throttled_share"] = len(slow) / len(told) if has_clock and told else None
    record["throttle_reasons"] = sorted({name for reasons in slow for name in reasons})
    used = [r.memory_used_bytes for r in readings if r.memory_used_bytes is not None]
    record["driver_memory_bytes"] = max(used) if used else None
    return record
