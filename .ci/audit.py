"""Ask OSV whether a locked version has a known vulnerability; fail where one could be mended.

One question for all packages at once; pip-audit then tells of those that are hit. Without an answer
nothing is audited, which is said and is no failure: the audit needs the network, the project not.
An answer that names a package fails where its details cannot be had.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "constraints.txt"
IGNORED = ROOT / ".ci" / "audit.toml"
SERVICE = "https://api.osv.dev"
ANSWER_SECONDS = 8.0
DETAIL_SECONDS = 60.0


class NotAuditedError(Exception):
    """Nothing is known: why, in words."""


def main(words: Sequence[str] | None = None, today: date | None = None) -> int:
    """Audit the lock; return 0, or 1 where a version ought to be raised."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--service", default=SERVICE)
    options.add_argument("--lock", type=Path, default=LOCK)
    options.add_argument("--ignored", type=Path, default=IGNORED)
    given = options.parse_args(words)
    pins = locked(given.lock)
    try:
        ignored = still_ignored(given.ignored, today or date.today())  # noqa: DTZ011  a day is meant
        hit = affected(given.service, pins)
    except NotAuditedError as reason:
        _say(f"not audited: {reason}")
        return 0
    except ValueError as error:
        _say(f"error: {given.ignored}: {error}")
        return 1
    try:
        found = details(given.service, hit, ignored) if hit else []
    except NotAuditedError as reason:  # something is wrong with them: that is known
        held = ", ".join(f"{name} {version}" for name, version in hit.items())
        _say(f"error: known vulnerabilities in {held}, and no details: {reason}")
        return 1
    fixable = [line for line, fix in found if fix]
    for line, _ in found:
        _say(line)
    _say(f"audited: {len(pins)} packages, {len(found)} known vulnerabilities with a report to read")
    if fixable:
        _say("to do: raise the versions (make lock), or name the identifier in .ci/audit.toml")
    return int(bool(fixable))


def locked(lock: Path) -> dict[str, str]:
    """Return the version of each package of the lock."""
    lines = (line.split("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==", 1) for line in lines if line)


def still_ignored(path: Path, today: date) -> list[str]:
    """Return the identifiers that are left out; raise ValueError where an entry says too little."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("ignored", [])
    for entry in entries:
        whole = set(entry) == {"id", "reason", "until"} and isinstance(entry["until"], date)
        if not whole or not entry["reason"].strip():
            raise ValueError(f"got {entry}; expected id, reason and until (a day)")
    return [entry["id"] for entry in entries if entry["until"] >= today]


def affected(service: str, pins: dict[str, str]) -> dict[str, str]:
    """Return the packages with a known vulnerability."""
    asked = [
        {"package": {"name": name.lower().replace("_", "-"), "ecosystem": "PyPI"}, "version": held}
        for name, held in pins.items()
    ]
    told = _ask(f"{service}/v1/querybatch", {"queries": asked})
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list) or len(results) != len(asked):
        raise NotAuditedError(f"{service} answered something else than one result a package")
    named = zip(pins.items(), results, strict=True)
    return {name: held for (name, held), result in named if result.get("vulns")}


def details(service: str, hit: dict[str, str], ignored: Sequence[str]) -> list[tuple[str, bool]]:
    """Return what pip-audit says of the packages that are hit: a line, and whether it is mended."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wanted:
        wanted.write("".join(f"{name}=={held}\n" for name, held in hit.items()))
        wanted.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", wanted.name]
        command += ["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]
        command += ["--vulnerability-service=osv", f"--osv-url={service}/v1/query"]
        command += [f"--timeout={ANSWER_SECONDS:.0f}"]
        command += [word for one in ignored for word in ("--ignore-vuln", one)]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=DETAIL_SECONDS)
            packages = json.loads(ended.stdout)["dependencies"]
        except subprocess.TimeoutExpired:
            raise NotAuditedError(f"no details within {DETAIL_SECONDS:.0f} seconds") from None
        except (ValueError, KeyError):
            last = (ended.stderr.strip().splitlines() or ["nothing"])[-1]
            raise NotAuditedError(f"pip-audit said {last}") from None
    return [_told(package, one) for package in packages for one in package.get("vulns", [])]


def _told(package: dict[str, Any], one: dict[str, Any]) -> tuple[str, bool]:
    fixes = ", ".join(one["fix_versions"])
    names = ", ".join([one["id"], *one.get("aliases", [])])
    mended = f"mended in {fixes}" if fixes else "not mended yet"
    summary = " ".join(one.get("description", "").split())[:160]
    return f"{package['name']} {package['version']}: {names}, {mended}: {summary}", bool(fixes)


def _ask(address: str, question: Any) -> Any:
    request = urllib.request.Request(
        address, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise NotAuditedError(f"{address} answered with status {error.code}") from None
    except ValueError:
        raise NotAuditedError(f"{address} answered no JSON") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise NotAuditedError(f"{address} did not answer ({reason})") from None


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
