"""What this machine can generate pictures with, as one versioned JSON record.

The record is the whole contract with the rest of the program, which starts ``python -m generator
probe`` as a process and so runs without torch.
"""

from __future__ import annotations

import platform
from typing import Any

from generator.packages import installed

RECORD_VERSION = 1
INSTALL = "make generator (or: .venv/bin/pip install -c constraints.txt -e '.[generator]')"
_PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "nvidia-ml-py")
# Nothing is wrong without them; some presets and tasks are skipped.
_OPTIONAL = ("torchao", "triton", "peft")


def probe() -> dict[str, Any]:
    """Return the record of this machine.

    Returns
    -------
    dict
        ``packages`` (version by name, null where missing; optional ones only where installed),
        ``backend`` (cuda, mps, cpu; null without torch), ``devices`` (``name``,
        ``memory_bytes``, ``compute_capability``), ``cuda_version``, ``driver_version``,
        ``problems`` (in plain words) and ``todo`` (null where nothing is missing). What could
        not be found out is null, never zero.
    """
    packages = {name: installed(name) for name in _PACKAGES}
    problems = [f"{name} is not installed" for name, version in packages.items() if not version]
    packages |= {name: version for name in _OPTIONAL if (version := installed(name))}
    torch_record = {"backend": None, "cuda_version": None, "devices": []}
    if packages["torch"]:
        try:
            torch_record = _torch()
        except (ImportError, OSError, RuntimeError) as error:
            problems.append(f"torch is installed and cannot be used: {error}")
    return {
        "record": "generator.probe",
        "record_version": RECORD_VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        **torch_record,
        "driver_version": _driver_version() if packages["nvidia-ml-py"] else None,
        "problems": problems,
        "todo": INSTALL if problems else None,
    }


def _torch() -> dict[str, Any]:
    import torch  # pyright: ignore[reportMissingImports]

    devices = []
    for index in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(index)
        devices.append(
            {
                "name": card.name,
                "memory_bytes": card.total_memory,
                "compute_capability": f"{card.major}.{card.minor}",
            }
        )
    without_card = "mps" if torch.backends.mps.is_available() else "cpu"
    backend = "cuda" if devices else without_card
    return {"backend": backend, "cuda_version": torch.version.cuda, "devices": devices}


def _driver_version() -> str | None:
    import pynvml  # pyright: ignore[reportMissingImports]

    try:
        pynvml.nvmlInit()
        version = pynvml.nvmlSystemGetDriverVersion()
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:  # no card, or no driver: there is no version to tell
        return None
    return str(version)
