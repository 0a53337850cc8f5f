"""Let this machine collect by itself: a systemd timer of the user, or a line of cron.

Both start ``artonomics etl run --due`` every few hours, and ``report schedule run --due`` after it.
What is due follows from the run ledger and each source's own calendar, so a day on which the
machine slept is caught up, and a run that finds nothing due ends at once. The lock of the warehouse
keeps two runs apart.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from etl.config import Settings
from etl.errors import ArtonomicsError, InputError

Kind = Literal["systemd", "cron"]
EVERY = (1, 2, 3, 4, 6, 8, 12, 24)
"""Hours between two looks; they divide the day, so that cron can say them."""
WAIT_SECONDS = 3600
MINUTE = 17
"""Off the full hour, when everybody asks."""


@dataclass(frozen=True)
class Plan:
    """What is to be installed.

    Attributes
    ----------
    kind
        By which scheduler.
    every
        Hours between two looks at what is due.
    files
        Files to write and their content (systemd).
    line
        The line to keep (cron).
    """

    kind: Kind
    every: int
    files: dict[Path, str]
    line: str = ""


@dataclass(frozen=True)
class Installed:
    """What stands on this machine: the kind of scheduler and where, with its text."""

    kind: Kind
    place: str
    text: str


def plan(settings: Settings, kind: Kind | None = None, every: int = 1) -> Plan:
    """Return what an installation would write.

    Parameters
    ----------
    settings
        Whose data folder is collected into.
    kind
        The scheduler; by default systemd where the user has a session of it, else cron.
    every
        Hours between two looks, one of :data:`EVERY`.

    Raises
    ------
    InputError
        When the hours do not divide the day, or the machine has no scheduler.
    """
    if every not in EVERY:
        raise InputError(
            f"got --every {every}", f"one of {', '.join(map(str, EVERY))}", "name one of them"
        )
    kind = kind or _found()
    if kind == "systemd":
        return Plan(kind, every, _units(settings, every))
    return Plan(kind, every, {}, _cron_line(settings, every))


def install(settings: Settings, wanted: Plan) -> list[Installed]:
    """Install a plan in place of what was installed for the same data folder; return what stands.

    Raises
    ------
    ArtonomicsError
        When the scheduler refuses it; nothing of the plan is left then.
    """
    remove(settings)
    if wanted.kind == "cron":
        kept = [line for line in _crontab() if _mark(settings) not in line]
        _write_crontab([*kept, wanted.line])
        return installed(settings)
    for path, text in wanted.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    try:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", f"{_name(settings)}.timer")
    except ArtonomicsError:
        remove(settings)
        raise
    return installed(settings)


def remove(settings: Settings) -> list[Installed]:
    """Remove what is installed for this data folder; return what was there."""
    found = installed(settings)
    for one in found:
        if one.kind == "cron":
            _write_crontab([line for line in _crontab() if _mark(settings) not in line])
    units = [path for path in _unit_paths(settings) if path.exists()]
    if units:
        if shutil.which("systemctl"):
            _systemctl("disable", "--now", f"{_name(settings)}.timer", must=False)
        for path in units:
            path.unlink()
        if shutil.which("systemctl"):
            _systemctl("daemon-reload", must=False)
    return found


def installed(settings: Settings) -> list[Installed]:
    """Return what is installed for this data folder; nothing where nothing is."""
    units = [
        Installed("systemd", str(path), path.read_text(encoding="utf-8"))
        for path in _unit_paths(settings)
        if path.exists()
    ]
    lines = [line for line in _crontab() if _mark(settings) in line]
    return [*units, *(Installed("cron", "crontab", line) for line in lines)]


def cron_is_running() -> bool:
    """Return whether a cron daemon runs; true where that cannot be found out."""
    names = [_comm(process) for process in Path("/proc").glob("[0-9]*/comm")]
    return not names or any(name in ("cron", "crond", "fcron", "dcron") for name in names)


def _comm(process: Path) -> str:
    try:
        return process.read_text(encoding="utf-8").strip()
    except OSError:  # it has ended
        return ""


def command(settings: Settings) -> list[str]:
    """Return the command line that collects, which a scheduler starts."""
    return [*_program(settings), "etl", "run", "--due", "--wait", str(WAIT_SECONDS)]


def report_command(settings: Settings) -> list[str]:
    """Return the command line that builds and delivers reports, which a scheduler starts next."""
    return [*_program(settings), "report", "schedule", "run", "--due"]


def _program(settings: Settings) -> list[str]:
    script = Path(sys.executable).with_name("artonomics")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "artonomics"]
    return [*program, "--data", str(settings.data_dir.resolve())]


def _units(settings: Settings, every: int) -> dict[Path, str]:
    service, timer = _unit_paths(settings)
    # In a unit, % begins a specifier and $ a variable; quotes are those of a shell.
    collect, report = (
        " ".join(map(_quoted, words)) for words in (command(settings), report_command(settings))
    )
    hours = f"0/{every}" if every < 24 else "0"
    return {
        # A user's unit cannot wait for the network: a run without one fails and is tried again.
        service: f"""\
# Written by `artonomics etl schedule install`; `artonomics etl schedule remove` takes it away.
[Unit]
Description=Artonomics: collect and report what is due in {_escaped(settings.data_dir)}

[Service]
Type=oneshot
ExecStart={collect}
ExecStart={report}
# 3: a source or a delivery failed; it is in its ledger, and the next look tries it again.
SuccessExitStatus=3
Nice=10
TimeoutStartSec=6h
""",
        timer: f"""\
# Written by `artonomics etl schedule install`; `artonomics etl schedule remove` takes it away.
[Unit]
Description=Artonomics: look every {every} h for sources and reports that are due

[Timer]
OnCalendar=*-*-* {hours}:{MINUTE:02d}:00
RandomizedDelaySec=300
Persistent=true

[Install]
WantedBy=timers.target
""",
    }


def _cron_line(settings: Settings, every: int) -> str:
    hours = {1: "*", 24: "6"}.get(every, f"*/{every}")
    log = settings.data_dir.resolve() / "collect.log"
    both = (shlex.join(words) for words in (command(settings), report_command(settings)))
    told = "; ".join(f"{words} >> {shlex.quote(str(log))} 2>&1" for words in both)
    return f"{MINUTE} {hours} * * * {told.replace('%', chr(92) + '%')} {_mark(settings)}"


def _name(settings: Settings) -> str:
    digest = hashlib.sha256(str(settings.data_dir.resolve()).encode()).hexdigest()
    return f"artonomics-{digest[:8]}"


def _mark(settings: Settings) -> str:
    """Return the comment by which our line in a crontab is known."""
    return f"# {_name(settings)}"


def _unit_paths(settings: Settings) -> tuple[Path, Path]:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    folder = Path(base) / "systemd" / "user"
    return folder / f"{_name(settings)}.service", folder / f"{_name(settings)}.timer"


def _escaped(text: object) -> str:
    return str(text).replace("%", "%%")


def _quoted(word: str) -> str:
    plain = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{plain}"'


def _found() -> Kind:
    """Return the scheduler of this machine."""
    if shutil.which("systemctl"):
        asked = subprocess.run(["systemctl", "--user", "show-environment"], capture_output=True)
        if asked.returncode == 0:
            return "systemd"
    if shutil.which("crontab"):
        return "cron"
    raise InputError(
        "got a machine without a systemd session of the user and without crontab",
        "one of them",
        "install cron, or let another scheduler start the command of `artonomics etl schedule "
        "show --with cron`",
    )


def _systemctl(*words: str, must: bool = True) -> None:
    if not shutil.which("systemctl"):
        raise InputError("got no systemctl on this machine", "systemd", "choose --with cron")
    done = subprocess.run(["systemctl", "--user", *words], capture_output=True, text=True)
    if must and done.returncode:
        raise ArtonomicsError(
            f"got {done.stderr.strip() or done.returncode} from systemctl --user {' '.join(words)}",
            "a systemd session of the user",
            "choose --with cron, or see `systemctl --user status`",
        )


def _crontab() -> list[str]:
    if not shutil.which("crontab"):
        return []
    done = subprocess.run(["crontab", "-l"], capture_output=True, text=True)
    if done.returncode and "no crontab" not in done.stderr:
        # Taken for an empty table, it would be overwritten.
        raise ArtonomicsError(
            f"got {done.stderr.strip() or done.returncode} from crontab -l",
            "a crontab the user may read",
            "see `man crontab`",
        )
    return [] if done.returncode else done.stdout.splitlines()


def _write_crontab(lines: list[str]) -> None:
    if not shutil.which("crontab"):
        raise InputError("got no crontab on this machine", "cron", "choose --with systemd")
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(["crontab", "-"], input=text, capture_output=True, text=True)
    if done.returncode:
        raise ArtonomicsError(
            f"got {done.stderr.strip() or done.returncode} from crontab",
            "a crontab the user may write",
            "see `man crontab`",
        )
