"""What one import is asked to do, and what it shares while it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from etl import sources
from etl.config import Settings
from etl.engines import Scratch
from etl.errors import InputError
from etl.imports import files, layouts, scan
from etl.imports.files import InputFile
from etl.imports.kinds import Kind
from etl.imports.mapping import Plan, Wishes, propose
from etl.schemas import EVIDENCE_KINDS, LAKE_TABLES

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Options:
    """What the user says about the files.

    Attributes
    ----------
    source
        Name the rows are kept under; ``user_<kind>`` by default.
    maps
        Their column → ours.
    constants
        Our column → one value for all rows.
    layout
        Name of a vendor layout; by default it is recognised.
    timezone
        Zone of instants written without one.
    encoding
        Encoding of text files; by default it is found out.
    evidence
        Evidence kind of rows that do not say theirs.
    redistributable
        Whether the rows may reach exports.
    """

    source: str = ""
    maps: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""
    timezone: str = "UTC"
    encoding: str = ""
    evidence: str = ""
    redistributable: bool = True


@dataclass(frozen=True)
class Job:
    """One import: its kind, files and options, and its own run.

    Attributes
    ----------
    evidence
        SQL for the evidence kind of rows that do not say theirs.
    passed
        Files that were passed over because of their names.
    """

    settings: Settings
    kind: Kind
    source: str
    options: Options
    found: Sequence[tuple[str, Path]]
    passed: Sequence[str]
    evidence: str
    simulated: bool
    run_id: str
    now: datetime

    @property
    def in_lake(self) -> bool:
        """Whether the rows go to the event lake, not to the warehouse."""
        return self.kind.table.name in LAKE_TABLES


@dataclass(frozen=True)
class Part:
    """Files of one form and how they are read."""

    scan: scan.Scan
    plan: Plan


def prepared(
    settings: Settings,
    kind: Kind,
    paths: Sequence[Path],
    options: Options,
    stamp: tuple[str, datetime],
) -> Job:
    """Return the job, after its options have been found sound.

    Raises
    ------
    InputError
        Where an option cannot be.
    """
    source = options.source or f"user_{kind.verb.replace('-', '_')}"
    _check_options(source, options)
    found, passed = files.find([Path(path) for path in paths], kind.table.name)
    simulated = files.is_simulated([Path(path) for path in paths])
    if simulated and options.evidence not in ("", "simulated"):
        raise InputError(
            f"got --evidence {options.evidence} for files that say they are simulated",
            "the evidence kind simulated",
            "leave --evidence out",
        )
    kept = "simulated" if simulated else options.evidence
    evidence = scan.text(kept) if kept else kind.evidence
    return Job(settings, kind, source, options, found, passed, evidence, simulated, *stamp)


def _check_options(source: str, options: Options) -> None:
    if not _SOURCE.fullmatch(source):
        raise InputError(
            f"got --source {source!r}", "letters, digits, dots, dashes and underscores"
        )
    if source in sources.names():
        raise InputError(
            f"got --source {source}, a source that is collected by itself",
            "a name of your own",
            f"say --source user_{source}",
        )
    if options.evidence and options.evidence not in EVIDENCE_KINDS:
        raise InputError(
            f"got --evidence {options.evidence!r}", f"one of {', '.join(EVIDENCE_KINDS)}"
        )
    try:
        ZoneInfo(options.timezone)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise InputError(
            f"got --timezone {options.timezone!r}", "a name such as Asia/Tokyo or UTC"
        ) from error


def parts(con: Scratch, job: Job, opened: Sequence[InputFile]) -> list[Part]:
    """Return the opened files by their form, each with its mapping."""
    scratch = job.settings.scratch_dir / job.run_id
    scanned = scan.scans(con, opened, scratch, job.options.encoding)
    return [Part(one, planned(job, one)) for one in scanned]


def planned(job: Job, scanned: scan.Scan) -> Plan:
    """Return how files of one form are read."""
    columns = list(scanned.fields)
    name = job.options.layout
    layout = (
        layouts.named(job.kind.verb, name) if name else layouts.recognise(job.kind.verb, columns)
    )
    return propose(job.kind, scanned, layout, Wishes(job.options.maps, job.options.constants))


def require_one_evidence(source: str, kinds: set[str]) -> None:
    """Refuse simulated rows beside others under one name.

    Raises
    ------
    InputError
        Where ``kinds``, those there and those that come, hold both.
    """
    if "simulated" in kinds and len(kinds) > 1:
        others = ", ".join(sorted(kinds - {"simulated"}))
        raise InputError(
            f"got simulated rows and {others} ones under the source name {source}",
            "one or the other under one name",
            "name another one with --source",
            code="MIXED_EVIDENCE",
        )
