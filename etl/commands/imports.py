"""``artonomics import …``: the user's own files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from etl.commandline import FAULT_OF_OURS, LEDGER_COLUMNS, Flag, Given, Session
from etl.errors import InputError

if TYPE_CHECKING:
    from etl.imports import Options, Preview

SHOWN_ROWS = 5
SHOWN_REJECTS = 20

Pairs = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
Word = Annotated[str, Parameter(show_default=False)]

app = App(name="import", help="Bring in your own files: CSV, Parquet, JSON lines, gzip, folders.")


def _verb(kind: str, what: str) -> None:
    """Add the verb of one kind of data; all of them take the same options."""

    def verb(
        *files: Path,
        map: Pairs = (),
        set: Pairs = (),
        source: Word = "",
        layout: Word = "",
        timezone: str = "UTC",
        encoding: Word = "",
        evidence: Word = "",
        not_redistributable: Annotated[bool, Flag] = False,
        dry_run: Annotated[bool, Flag] = False,
        session: Given,
    ) -> int:
        from etl.imports import Options

        options = Options(
            source=source,
            maps=_pairs(map, "--map", "theirs=ours"),
            constants=_pairs(set, "--set", "ours=value"),
            layout=layout,
            timezone=timezone,
            encoding=encoding,
            evidence=evidence,
            redistributable=not not_redistributable,
        )
        if not files:
            raise InputError("got no file", "at least one file or folder")
        if dry_run:
            return _preview(session, kind, files, options)
        return _import(session, kind, files, options)

    verb.__doc__ = _HELP.format(what=what, kind=kind.replace("-", "_"))
    app.command(verb, name=kind)


_HELP = """{what}

    Parameters
    ----------
    files
        Files and folders; folders are read to their depths, in order.
    map
        Which column of theirs is which of ours, as theirs=ours; may be repeated.
    set
        One value for all rows, as ours=value; may be repeated.
    source
        Name the rows are kept under; by default user_{kind}.
    layout
        Vendor layout; by default it is recognised by the columns.
    timezone
        Zone of instants that are written without one.
    encoding
        Encoding of text files; by default it is found out.
    evidence
        Evidence kind of rows that do not say theirs; by default measured, or disclosed for
        announcements, financials and facts.
    not_redistributable
        Keep the source out of exports.
    dry_run
        Show the mapping, the first rows and the rejects, and write nothing.
    """


def _import(session: Session, kind: str, files: tuple[Path, ...], options: Options) -> int:
    from dataclasses import asdict

    from etl import console, imports

    with console.progress() as report:
        done = imports.import_files(session.settings(), kind, files, options, progress=report)
    rows = [console.plain(asdict(entry)) for entry in done.entries]
    session.show(rows, lambda: console.print_rows(rows, LEDGER_COLUMNS))
    if done.passed_over and not session.json:
        named = ", ".join(done.passed_over[:SHOWN_ROWS])
        more = len(done.passed_over) - SHOWN_ROWS
        console.note(f"passed over: {named}" + (f" and {more} more" if more > 0 else ""))
    if done.error:
        console.print_error(done.error)
        return done.error.exit_status
    for entry in done.entries:
        if entry.error and not session.json:
            console.note(f"{entry.source}: {entry.error}")
    failed = {entry.source for entry in done.entries if entry.status == "failed"}
    if "publish" in failed:
        return FAULT_OF_OURS
    return InputError.exit_status if failed else 0


def _preview(session: Session, kind: str, files: tuple[Path, ...], options: Options) -> int:
    from etl import console, imports

    found = imports.preview(session.settings(), kind, files, options)
    document = {
        "files": found.files,
        "passed_over": found.passed_over,
        "mapping": found.mapping,
        "unused": found.unused,
        "rows": console.records(found.rows),
        "rejected": console.records(found.rejected.head(SHOWN_REJECTS)),
        "n_rejected": len(found.rejected),
        "n_looked_at": found.n_looked_at,
        "event_names": found.event_names,
    }
    session.show(document, lambda: _print_preview(found, document))
    return 0


def _print_preview(found: Preview, document: dict[str, Any]) -> None:
    from etl import console

    console.print_rows(found.files)
    console.print_rows(found.mapping)
    for name in found.unused:
        console.note(f"not used: {name}")
    for name in found.passed_over:
        console.note(f"passed over: {name}")
    shown = found.rows.dropna(axis="columns", how="all").head(SHOWN_ROWS)
    console.print_rows(console.records(shown))
    console.print_rows(document["rejected"], ("file_rows", "reason", "payload"))
    console.note(
        f"{len(found.rejected)} of the first {found.n_looked_at} rows would be kept out; "
        "nothing was written"
    )


def _pairs(given: tuple[str, ...], option: str, form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in given:
        left, equals, right = pair.rpartition("=") if option == "--map" else pair.partition("=")
        if not (equals and left and right):
            raise InputError(f"got {option} {pair}", f"{option} {form}")
        pairs[left.strip()] = right.strip()
    return pairs


for _kind, _what in (
    ("events", "Import event logs of your product into the event lake."),
    ("subscriptions", "Import payments, refunds and sales reports of stores."),
    ("spend", "Import what winning users cost, and cohort figures of attribution tools."),
    ("charts", "Import positions in store charts."),
    ("prices", "Import daily bars of shares."),
    ("market-events", "Import dated announcements."),
    ("financials", "Import figures by reporting period of listed companies."),
    ("facts", "Import figures said in public."),
    ("gpu-bills", "Import what cards were billed."),
):
    _verb(_kind, _what)
