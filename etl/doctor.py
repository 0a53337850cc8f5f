"""What works here and what to do where it does not; nothing is changed by asking."""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from packaging.requirements import Requirement

from etl import pipeline
from etl.config import Settings
from etl.errors import ArtonomicsError
from etl.warehouse import SnapshotReader

_APPLE, _PLAY = "https://itunes.apple.com/", "https://play.google.com/"
_YAHOO = "https://query2.finance.yahoo.com/"
_EASTMONEY = "https://push2his.eastmoney.com/"
ADDRESSES = {
    "akshare_prices": _EASTMONEY,
    "apple_charts": _APPLE,
    "corporate_actions": _YAHOO,
    "factor_series": _YAHOO,
    "google_play_installs": _PLAY,
    "google_play_ratings": _PLAY,
    "google_play_versions": _PLAY,
    "intraday_prices": _YAHOO,
    "itunes_ratings": _APPLE,
    "itunes_versions": _APPLE,
    "share_turnover": _EASTMONEY,
    "shares_outstanding": _YAHOO,
    "stock_prices": _YAHOO,
}
"""Where each live source is asked, by source."""

PROBE_VERSION = 1
_REACH_SECONDS = 4.0
_PROBE_SECONDS = 120.0
_GIGABYTE = 1e9
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it works, what was found and what to do about it."""

    check: str
    status: Literal["ok", "warn", "fail"]
    found: str
    todo: str = ""


def examine(
    settings: Settings, *, offline: bool, needs: Mapping[str, Callable[[], object]]
) -> list[Finding]:
    """Look at everything once.

    Parameters
    ----------
    settings
        Which data folder.
    offline
        Do not ask whether the live sources can be reached.
    needs
        More to look at, by name: a function whose result is what was found, and which raises an
        :class:`~etl.errors.ArtonomicsError` where a part of the program would not work.
    """
    return [
        Finding("python", "ok", platform.python_version()),
        *packages(),
        *(need(name, ask) for name, ask in needs.items()),
        generator(),
        disk(settings.data_dir),
        lock(settings.warehouse_dir),
        *freshness(settings.data_dir),
        *([] if offline else map(reachable, sorted(ADDRESSES))),
    ]


def packages(distribution: str = "artonomics") -> Iterator[Finding]:
    """Compare what is installed with what ``distribution`` asks for."""
    todo = "install again: make demo"
    try:
        wanted = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", "warn", f"{distribution} itself is not installed", todo)
        return
    problems = [problem for line in wanted if (problem := _problem(Requirement(line)))]
    version = importlib.metadata.version(distribution)
    if problems:
        yield Finding("packages", "fail", "; ".join(problems), todo)
    else:
        yield Finding("packages", "ok", f"{distribution} {version} with all it needs")


def _problem(wanted: Requirement) -> str:
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
        return ""
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{wanted.name} is missing"
    fits = wanted.specifier.contains(version, prereleases=True)
    return "" if fits else f"{wanted.name} is {version}, wanted {wanted.specifier}"


def need(name: str, ask: Callable[[], object]) -> Finding:
    """Ask for something a part of the program needs."""
    try:
        return Finding(name, "ok", str(ask()))
    except ArtonomicsError as error:
        return Finding(name, "warn", error.got, error.todo)


def generator() -> Finding:
    """Ask the generator, in a process of its own, what it can draw pictures with."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "generator", "probe"],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            env=os.environ | {"PYTHONPATH": path},
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        return Finding("generator", "fail", f"the probe failed: {error}", "reinstall the package")
    return read_probe(json.loads(answer.stdout))


def read_probe(record: Mapping[str, Any]) -> Finding:
    """Judge the record of ``python -m generator probe``."""
    if record.get("record_version") != PROBE_VERSION:
        version = record.get("record_version")
        found = f"got version {version!r} of the probe's record, expected {PROBE_VERSION}"
        return Finding("generator", "fail", found, "reinstall the package as a whole")
    torch, driver = record["packages"]["torch"], record["driver_version"]
    if record["problems"]:
        return Finding("generator", "warn", "; ".join(record["problems"]), record["todo"])
    if record["backend"] == "cpu":
        return Finding("generator", "warn", f"torch {torch} on the CPU", "a card is faster")
    cards = [
        f"{card['name']} ({card['memory_bytes'] / _GIGABYTE:.0f} GB)" for card in record["devices"]
    ]
    hardware = ", ".join(cards) or record["backend"]
    return Finding("generator", "ok", f"torch {torch} on {hardware}, driver {driver or 'unknown'}")


def disk(data_dir: Path) -> Finding:
    """Look at the room and the right to write where the data lie."""
    present = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    if not os.access(present, os.W_OK):
        return Finding(
            "data folder", "fail", f"no right to write to {present}", "name another with --data DIR"
        )
    free_gb = shutil.disk_usage(present).free / _GIGABYTE
    found = f"{data_dir}, {free_gb:.1f} GB free"
    if free_gb < 0.5:
        return Finding("data folder", "fail", found, "free some room, or use --data DIR")
    if free_gb < 2:
        return Finding("data folder", "warn", found, "free some room soon")
    return Finding("data folder", "ok", found)


def lock(warehouse_dir: Path) -> Finding:
    """Say who is writing to the warehouse."""
    try:
        holder = json.loads((warehouse_dir / "writer.holder.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nobody, or somebody who is just about to say so
        return Finding("lock", "ok", "nobody is writing")
    who = f"process {holder.get('pid')} since {holder.get('since')}"
    attempt = FileLock(warehouse_dir / "writer.lock")
    try:
        with attempt.acquire(timeout=0):
            return Finding("lock", "ok", f"free; {who} was killed and the next run tidies up")
    except Timeout:
        todo = "wait until it has ended; readers are not affected"
        return Finding("lock", "warn", f"{who} is writing", todo)


def freshness(data_dir: Path) -> Iterator[Finding]:
    """Judge the published snapshot, and each source that is stale by its own calendar."""
    try:
        with SnapshotReader(data_dir) as reader:
            info, rows = reader.info, pipeline.status(reader).to_dict("records")
    except ArtonomicsError as error:
        yield Finding("snapshot", "warn", error.got, error.todo)
        return
    found = f"{info.snapshot_id}, published {info.published_at:%Y-%m-%d %H:%M} UTC"
    if info.note:
        yield Finding("snapshot", "warn", f"{found}; {info.note}", "run `artonomics etl run`")
    else:
        yield Finding("snapshot", "ok", found)
    stale = {str(row["source"]): bool(row["live"]) for row in rows if row["stale"] is True}
    if stale:
        todo = "run `artonomics etl run`" if any(stale.values()) else ""
        if not all(stale.values()):
            bundled = ", ".join(name for name, live in stale.items() if not live)
            todo = f"{todo}; {bundled}: update the installed packages".removeprefix("; ")
        yield Finding("freshness", "warn", f"stale: {', '.join(stale)}", todo)
    else:
        yield Finding("freshness", "ok", f"{len(rows)} sources, none stale")


def reachable(source: str) -> Finding:
    """Ask whether a live source answers at all; any status will do."""
    address = ADDRESSES[source]
    name = f"source {source}"
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_REACH_SECONDS):
            return Finding(name, "ok", f"{address} answers")
    except urllib.error.HTTPError as answer:
        return Finding(name, "ok", f"{address} answers (status {answer.code})")
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        todo = "check the connection; `artonomics etl run --offline` needs none"
        return Finding(name, "warn", f"{address} cannot be reached: {reason}", todo)
