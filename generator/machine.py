"""What this machine is, as far as a measurement depends on it."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import uuid
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError
from generator.power import NvmlMeter, open_meter
from generator.presets import Machine
from generator.probe import probe

_OPTIONAL = ("torchao", "triton", "peft")
_DTYPES = {"bf16": "bfloat16", "float32": "float32", "float16": "float16"}


def device(asked: str) -> str:
    """Return the device that is meant.

    Raises
    ------
    GeneratorError
        A card was asked for and there is none.
    """
    import torch

    has_card = torch.cuda.is_available()
    if asked == "auto":
        return "cuda" if has_card else "cpu"
    if asked.startswith("cuda") and not has_card:
        raise GeneratorError(
            "no NVIDIA card that torch can use",
            "one, for --device cuda",
            "see `artonomics bench probe`; with --device cpu small models can be measured",
        )
    kind, _, number = asked.partition(":")
    cards = torch.cuda.device_count() if has_card else 0
    wrong_card = kind == "cuda" and number and not (number.isdigit() and int(number) < cards)
    if kind not in ("cpu", "cuda") or wrong_card or (kind == "cpu" and number):
        known = ["cpu", *(f"cuda:{index}" for index in range(cards))]
        raise GeneratorError(f"the device {asked!r}", f"auto or one of {', '.join(known)}")
    return asked


def dtype(asked: str, on_device: str) -> str:
    """Return ``bf16`` or ``float32``.

    Raises
    ------
    GeneratorError
        The name is unknown.
    """
    if asked == "auto":
        return "bf16" if on_device.startswith("cuda") else "float32"
    if asked not in _DTYPES:
        raise GeneratorError(f"the dtype {asked!r}", f"one of {', '.join(_DTYPES)}")
    return asked


def torch_dtype(name: str) -> Any:
    """Return the ``torch.dtype`` of a name."""
    import torch

    return getattr(torch, _DTYPES[name])


def inspect(on_device: str) -> Machine:
    """Return what presets need to know."""
    import torch

    capability = None
    if on_device.startswith("cuda"):
        capability = torch.cuda.get_device_capability(torch.device(on_device))
    packages = frozenset(name for name in _OPTIONAL if importlib.util.find_spec(name))
    return Machine(on_device, capability, packages)


def environment(on_device: str) -> dict[str, Any]:
    """Return the machine for a record.

    Returns
    -------
    dict
        The probe's record, with ``device`` (``kind``, ``name``, ``memory_bytes``; of a card
        ``power_limit_watts``), ``threads`` of torch and ``session`` (one boot of one card).
    """
    import torch

    told = probe()
    for key in ("record", "record_version", "todo"):
        told.pop(key)
    told["device"] = _device_record(on_device)
    told["threads"] = torch.get_num_threads()
    told["n_processors"] = os.cpu_count()
    told["session"] = _session(on_device)
    return told


def _session(on_device: str) -> str | None:
    """Return a name for this card since the machine was started; ``None`` where none is told.

    Two calls of the program within one are one run: nothing of the machine has changed between.
    """
    import torch

    started = _boot()
    if started is None:
        return None
    card = ""
    if on_device.startswith("cuda"):
        card = str(torch.cuda.get_device_properties(torch.device(on_device)).uuid)
    return hashlib.sha256(f"{started} {card}".encode()).hexdigest()[:16]


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    except OSError:
        pass  # a sandbox that does not tell: a mark in shared memory lasts as long as it does
    mark = Path("/dev/shm/artonomics-boot")
    try:
        if not mark.exists():
            mark.write_text(uuid.uuid4().hex, "utf-8")
        return mark.read_text("utf-8")
    except OSError:
        return None


def _device_record(on_device: str) -> dict[str, Any]:
    import torch

    if on_device.startswith("cuda"):
        card = torch.cuda.get_device_properties(torch.device(on_device))
        meter = open_meter(on_device)
        return {
            "kind": "cuda",
            "name": card.name,
            "memory_bytes": card.total_memory,
            "power_limit_watts": meter.limit_watts() if isinstance(meter, NvmlMeter) else None,
        }
    return {"kind": "cpu", "name": _processor_name(), "memory_bytes": _host_memory()}


def _processor_name() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux: platform knows what it knows
    return platform.processor() or platform.machine()


def _host_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def free_memory_bytes(on_device: str) -> int | None:
    """Return the memory that a pipeline may take; ``None`` where the system does not tell."""
    import torch

    if on_device.startswith("cuda"):
        return torch.cuda.mem_get_info(torch.device(on_device))[0]
    try:
        with Path("/proc/meminfo").open(encoding="utf-8") as lines:
            told = dict(line.split(":", 1) for line in lines)
        return int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return _host_memory()
