"""Build what is due and deliver it: everything that can fail is tried first, nothing half is sent.

A report is built into a hidden folder, which gets its name when the last file is whole. A delivery
that failed is tried again from that folder, so that everybody gets the same files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from dashboard import queries, reports
from dashboard.reports import assembly, history, machine, schedule_file
from dashboard.reports.choice import Choice
from dashboard.reports.document import Document
from dashboard.reports.edition import PublishedData, Reader
from dashboard.reports.schedule import Due, Schedule, last_of_day, note_run
from dashboard.text import Words, words
from etl.delivery.deliver import Receipt, deliver, probe
from etl.delivery.faults import DeliveryError
from etl.delivery.ledger import Ledger
from etl.delivery.message import Message
from etl.errors import ArtonomicsError, InputError, SourceError

Status = Literal["sent", "would_send", "failed", "uncertain"]
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}
MESSAGE = ".message.json"
"""Beside the files of a scheduled report: what is said with them."""
MAIL_BYTES = 100_000
"""Longest page that is mailed with its drawings: Gmail cuts a mail at 102 KB."""
_DRAWING = re.compile(r"<figure>.*?(?=<figcaption>)", re.DOTALL)


@dataclass(frozen=True)
class Job:
    """A schedule at an instant; ``n_missed`` instants before it were slept through.

    One ``by_hand`` goes on where an earlier one of the same day was not sent to everybody, and
    sends nothing where it was; ``again`` builds and sends it whatever was sent before.
    """

    schedule: Schedule
    due: Due
    by_hand: bool = False
    again: bool = False

    @property
    def key(self) -> str:
        """What makes it one delivery."""
        return f"report/{self.schedule.name}/{self.due.instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}"

    def folder(self, data_dir: Path) -> Path:
        """Return where its files lie once all are whole."""
        name = f"{self.due.instant.astimezone(UTC):%Y-%m-%dT%H%MZ}"
        return data_dir / "reports" / "scheduled" / self.schedule.name / name


@dataclass(frozen=True)
class Told:
    """What is said with the files: subject, text, names of the files, and where the link leads."""

    subject: str
    text: str
    files: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class Result:
    """How a job ended.

    Attributes
    ----------
    schedule, instant
        The job.
    status
        ``sent`` to every channel, now or before; else what is wrong.
    detail
        In words, without secrets.
    receipts
        Of each channel.
    files
        What was built.
    exit_status
        As of the command line: 0, 2 for wrong input, 3 for a source or a server, 1 else.
    message
        What is said with the files; ``None`` where it did not come to that.
    """

    schedule: str
    instant: datetime
    status: Status
    detail: str
    receipts: tuple[Receipt, ...] = ()
    files: tuple[Path, ...] = ()
    exit_status: int = 0
    message: Told | None = None


@dataclass(frozen=True)
class Ready:
    """A job of which everything that can be tried beforehand has been.

    ``output`` is ``None`` where its files were built at an earlier look; ``info`` is the snapshot
    that the documents were made of.
    """

    job: Job
    documents: tuple[Document, ...] = ()
    choice: Choice = field(default_factory=Choice)
    output: assembly.Output | None = None
    message: Message | None = None
    info: PublishedData | None = None


@dataclass(frozen=True)
class Desk:
    """Where the work is done.

    Attributes
    ----------
    reader
        The published snapshot, without rows that may not be passed on.
    data_dir
        The data folder.
    now
        The instant (UTC).
    dry_run
        Try everything, build and send nothing.
    progress
        Told each step.
    """

    reader: Reader
    data_dir: Path
    now: datetime
    dry_run: bool = False
    progress: Callable[[str], None] = lambda _step: None


def run(desk: Desk, jobs: Sequence[Job]) -> list[Result]:
    """Try all jobs, then build and deliver those that can be; return how each ended."""
    arrived = [_arrived(desk, job) for job in jobs]
    ready: list[Ready | Result] = [
        before or _guarded(job, lambda job=job: prepare(desk, job))
        for job, before in zip(jobs, arrived, strict=True)
    ]
    results: list[Result] = []
    for job, one, before in zip(jobs, ready, arrived, strict=True):
        done = one if isinstance(one, Result) else _guarded(job, lambda one=one: _finish(desk, one))
        assert isinstance(done, Result)
        results.append(done)
        if not desk.dry_run and before is None:
            state = "failed" if done.status == "failed" else "done"
            told = f"{done.status}: {done.detail}"
            note_run(desk.data_dir, job.schedule.name, job.due.instant, state, told)
    return results


def _arrived(desk: Desk, job: Job) -> Result | None:
    """Return that every channel has the report of a job by hand; ``None`` where one lacks it."""
    if not job.by_hand or job.again:
        return None
    schedule, ledger = job.schedule, Ledger(desk.data_dir)
    last = [ledger.standing(job.key, name) for name in schedule.to]
    instants = [one.last.at for one in last if one.last is not None and one.state == "sent"]
    if len(instants) < len(last):
        return None
    at = max(map(datetime.fromisoformat, instants)).astimezone(schedule.zone)
    told = f"sent at {at:%H:%M} ({schedule.timezone}); use --again to send it once more"
    return Result(schedule.name, job.due.instant, "sent", told)


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the schedules of a data folder.

    Raises
    ------
    DeliveryError
        If another process is at them.
    """
    path = data_dir / "reports" / "schedule.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise DeliveryError(
            "got another process that is building scheduled reports",
            "one at a time",
            "wait for it; what is due stays due",
        ) from error


def prepare(desk: Desk, job: Job) -> Ready:
    """Try everything that can fail before anything is built.

    Raises
    ------
    InputError
        If a name, channel, secret, scenario or option is wrong, or there is nothing to report.
    BrowserMissingError, FontMissingError
        If the machine lacks what the report needs.
    SourceError
        If a source failed and the schedule wants none to have.
    DeliveryError
        If a mail server or a chat cannot be reached.
    """
    schedule = job.schedule
    desk.progress(f"{schedule.name}: looking whether all is there")
    schedule.require_known(desk.data_dir)
    probe(desk.data_dir, schedule.to)
    if message := _kept(job.folder(desk.data_dir)):
        return Ready(job, message=message)
    drawn = set(assembly.DRAWN) & set(schedule.formats)
    browser = machine.find_browser() if drawn else None
    fonts = {language: machine.fonts(language) for language in schedule.languages}
    failed = queries.failed_sources(desk.reader)
    if failed and schedule.stop_on_failed_source:
        raise SourceError(
            f"got no answer from {', '.join(failed)} when last asked",
            "every source, as stop_on_failed_source wants",
            "see `artonomics etl status`; it is tried again at the next look",
        )
    choice = schedule.choice(desk.data_dir, job.due.instant)
    try:
        prepared = reports.definition(schedule.report).prepare(desk.reader, choice)
    except InputError as fault:
        # Nothing is new since the report of today: that one is what can be sent again.
        if job.again and fault.code == "EMPTY_PERIOD" and (message := _of_today(desk, job)):
            return Ready(job, message=message)
        raise
    documents = tuple(prepared.document(words(language)) for language in schedule.languages)
    output = assembly.Output(
        schedule.formats, fonts, browser, _unfinished(job, desk), prepared.stem, desk.progress
    )
    message = say(job, documents, failed)
    return Ready(job, documents, choice, output, message, desk.reader.info)


def _of_today(desk: Desk, job: Job) -> Message | None:
    """Return the last report of the day as it was built; ``None`` where there is none."""
    instant = last_of_day(desk.data_dir, job.schedule, desk.now)
    return instant and _kept(Job(job.schedule, Due(instant)).folder(desk.data_dir))


def say(job: Job, documents: Sequence[Document], failed: Sequence[str]) -> Message:
    """Return what is said with the files: title and findings, in the first language."""
    first, languages = documents[0], job.schedule.languages
    speak = words(first.language)
    paragraphs = [*first.finding, *_remarks(job, failed, speak)]
    if len(languages) > 1:
        named = speak.listed(LANGUAGE_NAMES[language] for language in languages)
        paragraphs.append(
            speak.t("The files are in these languages: {languages}.", languages=named)
        )
    published = speak.t("Data published")
    paragraphs.append(speak.labelled(published, speak.instant(first.data_at)))
    link = dict(first.facts).get(speak.t("Permalink"), "")
    return Message(first.title, "\n\n".join([first.subtitle, *paragraphs]), link=link)


def _remarks(job: Job, failed: Sequence[str], speak: Words) -> Iterator[str]:
    """Yield what a reader must know before taking the report for whole and in time."""
    if failed:
        yield speak.t(
            "These sources failed when last asked, so what they give is older than the rest: "
            "{sources}.",
            sources=speak.listed(failed),
        )
    if job.due.n_missed:
        yield speak.n(
            "{n} earlier report of this schedule was not sent in its time.",
            "{n} earlier reports of this schedule were not sent in their time.",
            job.due.n_missed,
        )


def _guarded(job: Job, work: Callable[[], Ready | Result]) -> Ready | Result:
    """Return a fault of one job as its result, so that the others go on."""
    try:
        return work()
    except ArtonomicsError as fault:
        words, exit_status = str(fault), fault.exit_status
    except Exception as fault:  # noqa: BLE001  a fault of ours in one report, told as such
        words, exit_status = f"{type(fault).__name__}: {fault}", ArtonomicsError.exit_status
    name, instant = job.schedule.name, job.due.instant
    return Result(name, instant, "failed", words, exit_status=exit_status)


def _finish(desk: Desk, ready: Ready) -> Result:
    job, message = ready.job, ready.message
    assert message is not None
    if not desk.dry_run and ready.output is not None:
        message = _built(desk, ready, message)
    receipts = deliver(
        desk.data_dir,
        message,
        job.schedule.to,
        job.key,
        now=desk.now,
        dry_run=desk.dry_run,
        resend=job.again,
    )
    return _result(job, receipts, message.attachments, _told(ready, message))


def _told(ready: Ready, message: Message) -> Told:
    """Return a message as it is shown; files that are not built yet by the names they will have."""
    names = tuple(file.name for file in message.attachments)
    if not names and (output := ready.output) is not None:
        names = tuple(
            f"{output.stem}_{language}{assembly.SUFFIXES[form]}"
            for language in ready.job.schedule.languages
            for form in output.formats
        )
    return Told(message.subject, message.text, names, message.link)


def _result(job: Job, receipts: Sequence[Receipt], files: Sequence[Path], told: Told) -> Result:
    found = {one.status for one in receipts}
    status: Status = "sent"
    for worse in ("would_send", "uncertain", "failed"):
        status = worse if worse in found else status
    detail = "; ".join(f"{one.channel}: {one.status}, {one.detail}" for one in receipts)
    exit_status = DeliveryError.exit_status if found & {"failed", "uncertain"} else 0
    name, instant = job.schedule.name, job.due.instant
    if "failed" in found:
        detail += f"; {_next_try(job)}"
    return Result(name, instant, status, detail, tuple(receipts), tuple(files), exit_status, told)


def _next_try(job: Job) -> str:
    """Say when what did not arrive is tried again."""
    if job.by_hand:
        return f"`artonomics report schedule run {job.schedule.name}` sends again what failed"
    return "what failed is sent again at the next look"


def _built(desk: Desk, ready: Ready, message: Message) -> Message:
    """Build the files, all or none, and return the message with them."""
    job, output = ready.job, ready.output
    assert output is not None
    started, folder = time.monotonic(), job.folder(desk.data_dir)
    try:
        files = assembly.write(ready.documents, output)
        _require_whole(job, files)
        names = [file.name for file in files]
        told = {**asdict(message), "attachments": names, **_notes(ready.documents[0])}
        (output.folder / MESSAGE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        output.folder.replace(folder)
    finally:
        shutil.rmtree(output.folder, ignore_errors=True)
    kept = _kept(folder)
    assert kept is not None
    record(desk, ready, kept.attachments, time.monotonic() - started)
    return kept


def _notes(document: Document) -> dict[str, str]:
    """Return what stands above the report in a mail: Gmail, for one, takes drawings out."""
    speak = words(document.language)
    told = {
        "note": speak.t(
            "Figures that are missing here are in the files: some mail programs leave them out."
        ),
        "note_without_figures": speak.t(
            "The figures are in the files: with them, this mail would be cut by some mail programs."
        ),
    }
    return {name: f"<p><em>{escape(text)}</em></p>" for name, text in told.items()}


def _require_whole(job: Job, files: Sequence[Path]) -> None:
    wanted = len(job.schedule.formats) * len(job.schedule.languages)
    if len(files) != wanted or not all(file.stat().st_size for file in files):
        raise ArtonomicsError(
            f"got {len(files)} files of {wanted}, or empty ones", "every file", "nothing was sent"
        )


def _kept(folder: Path) -> Message | None:
    """Return the message of a report that was built whole; ``None`` where there is none."""
    try:
        told: dict[str, Any] = json.loads((folder / MESSAGE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    files = tuple(folder / name for name in told["attachments"])
    html = next((file for file in files if _is_for_mail(file)), None)
    page = _for_mail(html.read_text(encoding="utf-8"), told) if html else ""
    return Message(told["subject"], told["text"], page, files, told["link"])


def _for_mail(page: str, told: Mapping[str, Any]) -> str:
    """Return a page with its note, without drawings where they would make it too long."""
    noted = page.replace("<main>", f"<main>\n{told['note']}", 1)
    if len(noted.encode()) <= MAIL_BYTES:
        return noted
    note = told.get("note_without_figures", told["note"])
    return _DRAWING.sub("<figure>", page).replace("<main>", f"<main>\n{note}", 1)


def _is_for_mail(file: Path) -> bool:
    """Return whether it is the light page: without a script, which no mail program would run."""
    light, live = assembly.SUFFIXES["html"], assembly.SUFFIXES["html-interactive"]
    return file.name.endswith(light) and not file.name.endswith(live)


def record(desk: Desk, ready: Ready, files: Sequence[Path], duration_seconds: float) -> None:
    """Write the report into the history."""
    schedule, info = ready.job.schedule, ready.info
    assert info is not None
    order = reports.Order(
        schedule.report, ready.choice, schedule.formats, schedule.languages, Path()
    )
    history.record(
        desk.data_dir,
        history.built(order, files, info, duration_seconds, started_by="schedule"),
    )


def _unfinished(job: Job, desk: Desk) -> Path:
    folder = job.folder(desk.data_dir)
    return folder.with_name(f".{folder.name}.{os.getpid()}")


def jobs(data_dir: Path, name: str | None, now: datetime, *, again: bool = False) -> list[Job]:
    """Return what is due, or one schedule by hand, whether it is due or not.

    By hand, the last instant of the day is gone on with, so that two runs do not send twice; with
    ``again`` the minute of ``now`` is a new one.

    Raises
    ------
    InputError
        If there is no schedule of that name.
    """
    if name is None:
        return [Job(schedule, due) for schedule, due in schedule_file.all_due(data_dir, now)]
    schedule = schedule_file.find(data_dir, name)
    before = None if again else last_of_day(data_dir, schedule, now)
    instant = before or now.replace(second=0, microsecond=0)
    return [Job(schedule, Due(instant), by_hand=True, again=again)]
