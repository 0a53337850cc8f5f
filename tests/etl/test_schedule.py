"""The machine's own scheduler is asked in its own language; stand-ins on PATH write down how."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from etl import schedule
from etl.config import Settings
from etl.errors import ArtonomicsError, InputError

CRONTAB = """#!{python}
import pathlib, sys
kept = pathlib.Path({folder!r}) / "crontab.txt"
if sys.argv[1:] == ["-l"]:
    if not kept.exists():
        sys.exit("no crontab for user")
    sys.stdout.write(kept.read_text())
else:
    kept.write_text(sys.stdin.read())
"""
SYSTEMCTL = """#!{python}
import pathlib, sys
folder = pathlib.Path({folder!r})
with open(folder / "asked.txt", "a") as asked:
    asked.write(" ".join(sys.argv[1:]) + "\\n")
if (folder / "refuse").exists() and "enable" in sys.argv:
    sys.exit("Failed to enable unit: no bus")
"""


class Machine:
    """A folder with stand-ins of crontab and systemctl, first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(script.format(python=sys.executable, folder=str(self.folder)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @property
    def crontab(self) -> Path:
        return self.folder / "crontab.txt"

    def asked(self) -> list[str]:
        path = self.folder / "asked.txt"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    """Return a machine that has no scheduler yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Machine(folder)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path / "my data")


def test_a_machine_without_a_scheduler_says_so(machine, settings):
    with pytest.raises(InputError, match="without a systemd session"):
        schedule.plan(settings)


def test_hours_that_do_not_divide_the_day_are_refused(settings):
    with pytest.raises(InputError, match="--every 5"):
        schedule.plan(settings, "cron", every=5)


def test_cron_is_taken_where_systemd_is_not(machine, settings):
    machine.has("crontab", CRONTAB)
    assert schedule.plan(settings).kind == "cron"
    machine.has("systemctl", SYSTEMCTL)
    assert schedule.plan(settings).kind == "systemd"


def test_a_line_of_cron_stands_beside_the_users_own_and_goes_alone(machine, settings):
    machine.has("crontab", CRONTAB)
    machine.crontab.write_text("0 5 * * * tidy\n")
    wanted = schedule.plan(settings, "cron", every=6)
    schedule.install(settings, wanted)
    schedule.install(settings, wanted)  # a second time replaces, it does not add
    own, ours = machine.crontab.read_text().splitlines()
    assert own == "0 5 * * * tidy"
    assert ours.startswith("17 */6 * * * ")
    assert [one.text for one in schedule.installed(settings)] == [ours]
    schedule.remove(settings)
    assert machine.crontab.read_text() == "0 5 * * * tidy\n"
    assert schedule.installed(settings) == []


def test_two_data_folders_keep_a_line_each(machine, tmp_path):
    machine.has("crontab", CRONTAB)
    both = [Settings(data_dir=tmp_path / name) for name in ("a", "b")]
    for settings in both:
        schedule.install(settings, schedule.plan(settings, "cron"))
    assert len(machine.crontab.read_text().splitlines()) == 2
    schedule.remove(both[0])
    assert "/b" in machine.crontab.read_text()
    assert schedule.installed(both[0]) == []


def test_a_crontab_that_cannot_be_read_is_not_overwritten(machine, settings):
    machine.has("crontab", "#!{python}\nimport sys\nsys.exit('must be privileged to use -l')\n")
    with pytest.raises(ArtonomicsError, match="privileged"):
        schedule.install(settings, schedule.plan(settings, "cron"))


def test_the_line_of_cron_starts_this_program_on_this_folder(settings):
    line = schedule.plan(settings, "cron").line
    told = line.split(" ", 5)[5].split(" >> ")[0]
    assert shlex.split(told) == schedule.command(settings)
    asked = [*schedule.command(settings)[:-1], "0", "gpus"]
    done = subprocess.run(asked, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr
    assert "no source is due" in done.stderr


def test_reports_are_looked_at_after_the_sources(machine, settings):
    assert schedule.report_command(settings)[-6:] == [
        *("--data", str(settings.data_dir)),
        *("report", "schedule", "run", "--due"),
    ]
    line = schedule.plan(settings, "cron").line
    collects, reports = line.split(" ", 5)[5].split("; ")
    assert shlex.split(reports.split(" >> ")[0]) == schedule.report_command(settings)
    assert collects.split(" >> ")[1] == reports.split(" >> ")[1].split(" # ")[0]
    (service, _) = schedule.plan(settings, "systemd").files.values()
    starts = [one for one in service.splitlines() if one.startswith("ExecStart=")]
    assert len(starts) == 2
    assert starts[1].endswith('"report" "schedule" "run" "--due"')


def test_a_timer_is_enabled_and_taken_away_again(machine, settings):
    machine.has("systemctl", SYSTEMCTL)
    service, timer = schedule.install(settings, schedule.plan(settings))
    assert "Persistent=true" in timer.text
    assert "OnCalendar=*-*-* 0/1:17:00" in timer.text
    assert f'"--data" "{settings.data_dir}"' in service.text
    name = Path(timer.place).name
    assert machine.asked()[-2:] == ["--user daemon-reload", f"--user enable --now {name}"]
    schedule.remove(settings)
    assert not Path(timer.place).exists()
    assert not Path(service.place).exists()
    assert f"--user disable --now {name}" in machine.asked()


def test_a_refused_timer_leaves_nothing(machine, settings):
    machine.has("systemctl", SYSTEMCTL)
    (machine.folder / "refuse").touch()
    with pytest.raises(ArtonomicsError, match="no bus"):
        schedule.install(settings, schedule.plan(settings, "systemd"))
    assert schedule.installed(settings) == []


def test_what_a_scheduler_would_read_otherwise_is_escaped(tmp_path):
    settings = Settings(data_dir=tmp_path / 'at 5% "off" $HOME')
    (service, _) = schedule.plan(settings, "systemd").files.values()
    assert r'at 5%% \"off\" $$HOME"' in service
    assert r"at 5\% " in schedule.plan(settings, "cron").line


def test_whether_a_cron_daemon_runs_is_looked_up(monkeypatch):
    monkeypatch.setattr(schedule, "_comm", lambda process: "cron")
    assert schedule.cron_is_running()
    monkeypatch.setattr(schedule, "_comm", lambda process: "bash")
    assert not schedule.cron_is_running() or not list(Path("/proc").glob("[0-9]*/comm"))
