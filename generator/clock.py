"""Time of a stage: events of the card, or the processor's clock; a recording can replay it."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol


class Clock(Protocol):
    """What times a stretch of work on a device."""

    def mark(self) -> Any:
        """Note the moment that the device reaches here; costs next to nothing."""
        ...

    def seconds(self, start: Any, end: Any) -> float:
        """Return the time between two marks, after :meth:`wait`."""
        ...

    def wait(self) -> None:
        """Wait until the device has done all that it was given."""
        ...

    def now(self) -> float:
        """Return seconds of a clock that only goes forward."""
        ...


class CpuClock:
    """A processor's clock: what is called has ended when the call returns."""

    def mark(self) -> float:
        """Return the time."""
        return time.perf_counter()

    def seconds(self, start: float, end: float) -> float:
        """Return the difference."""
        return end - start

    def wait(self) -> None:
        """Return at once."""

    def now(self) -> float:
        """Return seconds of ``perf_counter``."""
        return time.perf_counter()


class CudaClock:
    """Events in a card's queue of work: they time the work, not its being handed over.

    Parameters
    ----------
    device
        Such as ``cuda`` or ``cuda:1``.
    """

    def __init__(self, device: str) -> None:
        import torch

        self._torch, self._device = torch, torch.device(device)

    def mark(self) -> Any:
        """Put an event into the queue."""
        event = self._torch.cuda.Event(enable_timing=True)
        # Without a stream it would be that of the first card, whichever one works.
        event.record(self._torch.cuda.current_stream(self._device))
        return event

    def seconds(self, start: Any, end: Any) -> float:
        """Return the card's own time between two events."""
        return start.elapsed_time(end) / 1e3

    def wait(self) -> None:
        """Wait for the card."""
        self._torch.cuda.synchronize(self._device)

    def now(self) -> float:
        """Return seconds of ``perf_counter``."""
        return time.perf_counter()


class ReplayClock:
    """Times of a recording, one after the other; used to test what is done with them.

    Parameters
    ----------
    times
        Seconds, in the order in which they are asked for.
    """

    def __init__(self, times: Sequence[float]) -> None:
        self._times = list(times)

    def mark(self) -> float:
        """Return the next time."""
        return self._times.pop(0)

    def seconds(self, start: float, end: float) -> float:
        """Return the difference."""
        return end - start

    def wait(self) -> None:
        """Return at once."""

    def now(self) -> float:
        """Return the next time."""
        return self._times.pop(0)


def open_clock(device: str) -> Clock:
    """Return the clock of a device."""
    return CudaClock(device) if device.startswith("cuda") else CpuClock()
