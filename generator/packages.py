"""What a bare machine lacks beside torch: brought as wheels, put beside the records, found there.

torch itself is never touched: the machine's own fits its driver.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from generator.errors import GeneratorError

NEEDED = ("diffusers", "transformers", "accelerate", "safetensors", "peft", "nvidia-ml-py")
WANTED = ("torchao",)
"""Without it the preset ``fast`` is skipped, and says so."""
CARRIED = ("diffusers", "peft", "torchao")
"""What machines with torch mostly lack."""
FOLDER = ".packages"


def lacking() -> list[str]:
    """Return the packages that are not installed here, torch aside."""
    return [name for name in (*NEEDED, *WANTED) if not installed(name)]


def installed(name: str) -> str | None:
    """Return the version of a package here; ``None`` where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def bring(folder: Path, wheels: Path | None, for_card: bool = True) -> list[str]:
    """Install what is lacking into a folder, without its dependencies; return its names.

    Parameters
    ----------
    folder
        Where it is put: this program and its processes look there first.
    wheels
        Folder of wheels; ``None`` asks the package index.
    for_card
        Whether what only a card can use is wanted too.

    Raises
    ------
    GeneratorError
        torch is missing, or a package that is needed cannot be installed.
    """
    if not installed("torch"):
        raise GeneratorError("no torch", "a torch that fits the card", "install it first")
    look_in(folder)
    names = [name for name in lacking() if for_card or name in NEEDED]
    failed = {name: why for name in names if (why := _install(name, folder, wheels))}
    look_in(folder)
    if needed := [name for name in failed if name in NEEDED]:
        raise GeneratorError(
            f"no {', '.join(needed)}: {failed[needed[0]]}",
            "wheels of them with --wheels, or a package index",
            "make them in a checkout: artonomics bench pack bench.pyz --wheels wheels",
        )
    return [name for name in names if name not in failed]


def look_in(folder: Path) -> None:
    """Let this process and those it starts find packages in a folder."""
    place = str(folder.resolve())
    if not folder.is_dir() or place in sys.path:
        return
    sys.path.insert(0, place)
    paths = [place, *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    importlib.invalidate_caches()


def _install(name: str, folder: Path, wheels: Path | None) -> str | None:
    """Install one package; return why it cannot be."""
    where = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
    told = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"),
            *("--target", str(folder), *where, name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if told.returncode == 0 else " ".join(told.stderr.split())[-300:]


def collect(wheels: Path, python: str) -> list[str]:
    """Download wheels of what machines with torch mostly lack, in the versions installed here.

    Parameters
    ----------
    wheels
        Where they are put.
    python
        Version of the machine that they are for, such as ``3.12``.

    Raises
    ------
    GeneratorError
        One cannot be downloaded.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    asked = [f"{name}=={version}" if (version := installed(name)) else name for name in CARRIED]
    platforms = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
    told = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--only-binary=:all:", "--implementation", "cp", "--python-version", python),
            *(word for platform in platforms for word in ("--platform", platform)),
            *("-d", str(wheels), *asked),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise GeneratorError(
            f"no wheels: {' '.join(told.stderr.split())[-300:]}", "a package index that answers"
        )
    return sorted(path.name for path in wheels.glob("*.whl"))
