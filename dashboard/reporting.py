"""What the Reports page knows of building and sending, without Streamlit.

A report is built by a process of its own, ``artonomics report …``: its steps come on standard
error, its files as one JSON document on standard output.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from dashboard import reports
from dashboard.processes import Started
from dashboard.reports import assembly, history, machine, schedule, schedule_file
from dashboard.text import LANGUAGES
from etl.delivery import channels
from etl.delivery.ledger import Ledger
from etl.errors import ArtonomicsError, InputError

REPORTS, FORMATS = reports.REPORTS, reports.FORMATS
FIGURES = assembly.FIGURES
"""The step of a build that draws; the others bear the names of files."""
WITH_AS_OF = ("market", "attention")
"""Reports that can be told as known on a past day."""
MAX_SIGNS = 2_000
"""Signs of the house's own disclosure in a language."""
_STEP = re.compile(r"^(\d+)/(\d+) (\S.*)$")
_KEPT_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Wanted:
    """What a reader chose on the page.

    Attributes
    ----------
    name
        Which report.
    options
        What it is about, by the name of the option; only what was chosen.
    formats, languages
        What to write.
    as_of
        The day as of which it is known, as its code.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    formats: tuple[str, ...] = ("pdf", "html")
    languages: tuple[str, ...] = LANGUAGES
    as_of: str | None = None

    def words(self) -> list[str]:
        """Return the words of ``artonomics report build`` for it."""
        as_of = {"as-of": self.as_of} if self.as_of else {}
        about = _options({**self.options, **as_of})
        return ["report", "build", self.name, *about, *self._files()]

    def preview(self, language: str, folder: Path, *, drawn: bool) -> list[str]:
        """Return the words that build its page in one language, and leave no trace in the history.

        Parameters
        ----------
        language
            The language of the page.
        folder
            Where to write it.
        drawn
            Whether a browser can draw figures; else they are drawn by the page itself.
        """
        form = "html" if drawn else "html-interactive"
        one = Wanted(self.name, self.options, (form,), (language,), self.as_of)
        return [*one.words(), "--preview", "--out", str(folder)]

    def scheduled(self, name: str, timing: Timing) -> list[str]:
        """Return the words of ``artonomics report schedule add`` for it."""
        about = {key: code for key, code in self.options.items() if key != "since"}
        since = {"since-days": str(timing.since_days)} if timing.since_days else {}
        when = {"cron": timing.cron, "timezone": timing.timezone, "to": ",".join(timing.to)}
        stop = ["--stop-on-failed-source"] if timing.stop_on_failed_source else []
        words = ["report", "schedule", "add", name, self.name]
        return [*words, *_options({**about, **when, **since}), *stop, *self._files()]

    def _files(self) -> list[str]:
        return [f"--format={','.join(self.formats)}", f"--lang={','.join(self.languages)}"]


@dataclass(frozen=True)
class Timing:
    """When and where a report is sent by itself."""

    cron: str
    timezone: str
    to: tuple[str, ...]
    since_days: int = 0
    stop_on_failed_source: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a report is: the share of its steps (0 to 1), and the one at work."""

    share: float
    doing: str


def progress(started: Started) -> Progress:
    """Return how far a process is by the last step that it has told."""
    steps = [found for line in started.said().splitlines() if (found := _STEP.match(line))]
    if not steps:
        return Progress(0.0, "")
    done, of, doing = steps[-1].groups()
    return Progress(min(1.0, int(done) / max(1, int(of))), doing)


def document(started: Started) -> Any:
    """Return the JSON document that an ended process printed; ``None`` where there is none."""
    try:
        return json.loads(started.output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def files(started: Started) -> list[Path]:
    """Return the files that an ended process has built and that are still there."""
    told = document(started)
    named = told.get("files", []) if isinstance(told, dict) else []
    return [path for path in map(Path, named) if path.is_file()]


def preview_folder(data_dir: Path, token: str) -> Path:
    """Return an empty folder for one preview, and remove those of yesterday."""
    home = data_dir / "reports" / ".preview"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    folder = home / token
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def options_of(name: str) -> tuple[str, ...]:
    """Return what a report can be about, as its module names it."""
    return reports.definition(name).OPTIONS


def lacking(formats: Sequence[str], languages: Sequence[str]) -> list[ArtonomicsError]:
    """Return what this machine lacks for these files: a browser, a font with Chinese characters."""
    return list(_lacking(formats, languages))


def _lacking(formats: Sequence[str], languages: Sequence[str]) -> Iterator[ArtonomicsError]:
    try:
        if set(assembly.DRAWN) & set(formats):
            machine.find_browser()
    except machine.BrowserMissingError as fault:
        yield fault
    try:
        for language in languages:
            machine.fonts(language)
    except machine.FontMissingError as fault:
        yield fault


def built(data_dir: Path) -> pd.DataFrame:
    """Return the history of reports, the newest first, and what has become of their files.

    Adds ``state`` to the columns of :func:`dashboard.reports.history.read`: ``there`` (all files
    as they were built), ``replaced`` (a later report of the same name wrote over some), ``gone``.
    """
    frame = history.read(data_dir)
    last = {
        str(file["path"]): file["sha256"] for listed in frame["files"] for file in listed
    }  # the last line that names a file says what it holds
    states = [_state(listed, last) for listed in frame["files"]]
    return frame.assign(state=pd.Series(states, dtype="str")).iloc[::-1].reset_index(drop=True)


def _state(listed: Sequence[Mapping[str, Any]], last: Mapping[str, str]) -> str:
    if not all(Path(file["path"]).is_file() for file in listed):
        return "gone"
    same = all(file["sha256"] == last[str(file["path"])] for file in listed)
    return "there" if same else "replaced"


def there(listed: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Return the files of a report that still lie where they were written."""
    return [path for file in listed if (path := Path(file["path"])).is_file()]


def schedules(data_dir: Path, now: datetime) -> list[dict[str, Any]]:
    """Return the schedules with what comes next and how the last report of each ended.

    Raises
    ------
    InputError
        If ``schedules.yml`` cannot be read.
    """
    entries = Ledger(data_dir).entries()[0]
    found: list[dict[str, Any]] = []
    for name, one in schedule_file.load(data_dir).items():
        runs = [run for run in schedule.runs(data_dir, name) if run["state"] in ("done", "failed")]
        sent = [entry for entry in entries if entry.key.startswith(f"report/{name}/")]
        last = {entry.channel: entry for entry in sent if entry.key == sent[-1].key}
        chosen = one.options.model_dump(mode="json", exclude_none=True)
        found.append(
            {
                "name": name,
                "report": one.report,
                "about": about(chosen),
                "files": ", ".join((*one.formats, *one.languages)),
                "cron": one.cron,
                "timezone": one.timezone,
                "to": ", ".join(one.to),
                "next_at": schedule.following(one, now),
                "last_at": pd.Timestamp(runs[-1]["instant"]) if runs else pd.NaT,
                "last_state": runs[-1]["state"] if runs else "",
                "last_detail": runs[-1]["detail"] if runs else "",
                "delivered": "; ".join(
                    f"{entry.channel}: {entry.state}" for entry in last.values()
                ),
            }
        )
    return found


def channel_names(data_dir: Path) -> list[str]:
    """Return the channels of ``delivery.yml``; none where there is no file.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    return list(channels.load(data_dir)) if (data_dir / channels.FILE).exists() else []


def about(chosen: Mapping[str, Any]) -> str:
    """Return what a report is about, by raw codes."""
    return ", ".join(f"{name}={_code(value)}" for name, value in chosen.items())


def disclosure(data_dir: Path, language: str) -> str:
    """Return the house's own disclosure as it was written; empty where there is none."""
    path = _disclosure_file(data_dir, language)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def save_disclosure(data_dir: Path, language: str, text: str) -> None:
    """Keep the house's own disclosure; an empty one is taken away.

    Raises
    ------
    InputError
        If it is longer than :data:`MAX_SIGNS`.
    """
    if len(text) > MAX_SIGNS:
        raise InputError(f"got {len(text)} signs", f"at most {MAX_SIGNS}", "say it shorter")
    path = _disclosure_file(data_dir, language)
    if not text.strip():
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.half")
    unfinished.write_text(text.strip() + "\n", encoding="utf-8")
    unfinished.replace(path)


def _disclosure_file(data_dir: Path, language: str) -> Path:
    return data_dir / f"disclosure.{language}.txt"


def _options(chosen: Mapping[str, str]) -> list[str]:
    """Return options of the command line; a value that begins with a hyphen stays a value."""
    words: list[str] = []
    for name, code in chosen.items():
        if name == "window":
            words += ["--window", *code.split(",")]
        else:
            words.append(f"--{name}={code}")
    return words


def _code(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
