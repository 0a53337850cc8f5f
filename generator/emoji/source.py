"""The picture sets and their keywords: fetched from the npm registry, checked, kept in a cache."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from generator.errors import GeneratorError


@dataclass(frozen=True)
class Package:
    """One package of the registry, pinned.

    Attributes
    ----------
    name, version
        As the registry names it.
    integrity
        SHA-512 of its archive in base64, as the registry states it.
    licence
        SPDX identifier.
    rights
        Whose work it is.
    files
        Inside the archive, below ``package/``.
    """

    name: str
    version: str
    integrity: str
    licence: str
    rights: str
    files: tuple[str, ...]


_OF_A_SET = ("icons.json", "chars.json", "metadata.json", "info.json")
FLAT = Package(
    "@iconify-json/fluent-emoji-flat",
    "1.2.6",
    "sha512-RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
    "MIT",
    "Copyright (c) Microsoft Corporation (Fluent Emoji)",
    _OF_A_SET,
)
SHADED = Package(
    "@iconify-json/noto",
    "1.2.9",
    "sha512-DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
    "Apache-2.0",
    "Copyright Google Inc. (Noto Emoji)",
    _OF_A_SET,
)
KEYWORDS = Package(
    "emojilib",
    "4.0.3",
    "sha512-KbWiYre9aRSaPbHrHZIz9zmoM+21LAsK1VFJtnTh1VCtWE/rNMDviGhQTmselFl95dhqtGlY22iH0leG5BuW0g==",
    "MIT",
    "Copyright (c) 2014 Mu-An Chiou (emojilib)",
    ("dist/emoji-en-US.json", "LICENSE"),
)
PACKAGES = (FLAT, SHADED, KEYWORDS)


def fetch(cache: Path) -> dict[str, Path]:
    """Return the folder of each package, fetched with npm where it is not in the cache yet.

    Parameters
    ----------
    cache
        Where archives and their files are kept.

    Returns
    -------
    dict
        Folder by name of package.

    Raises
    ------
    GeneratorError
        npm is missing or fails, or an archive is not the one that was pinned.
    """
    return {package.name: _held(package, cache) for package in PACKAGES}


def _held(package: Package, cache: Path) -> Path:
    stem = f"{package.name.replace('@', '').replace('/', '-')}-{package.version}"
    archive = cache / f"{stem}.tgz"
    if not archive.is_file():
        _pack(package, cache)
    check(package, archive)
    folder = cache / stem
    if not all((folder / name).is_file() for name in package.files):
        _unpack(package, archive, folder)
    return folder


def _pack(package: Package, cache: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise GeneratorError("no npm", "npm on the path: it fetches the picture sets once")
    cache.mkdir(parents=True, exist_ok=True)
    asked = [npm, "pack", f"{package.name}@{package.version}", "--pack-destination", str(cache)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GeneratorError(
            f"npm's status {done.returncode} for {package.name}@{package.version}",
            "its archive",
            " ".join(done.stderr.split())[-300:],
        )


def check(package: Package, archive: Path) -> None:
    """Refuse an archive that is not the pinned one.

    Raises
    ------
    GeneratorError
        Its checksum is another.
    """
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{found}" != package.integrity:
        raise GeneratorError(
            f"the checksum sha512-{found} of {archive.name}",
            package.integrity,
            "delete the file and fetch it again; if it stays, the registry's archive has changed",
        )


def _unpack(package: Package, archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        for name in package.files:
            member = opened.extractfile(f"package/{name}")
            if member is None:
                raise GeneratorError(f"no {name} in {archive.name}", "a file of that name")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(member.read())


def told() -> list[dict[str, Any]]:
    """Return what a training record says of the packages."""
    return [{k: v for k, v in asdict(p).items() if k != "files"} for p in PACKAGES]


def read(folder: Path, name: str) -> Any:
    """Return one JSON file of a package."""
    return json.loads((folder / name).read_text("utf-8"))
