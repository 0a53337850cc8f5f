"""The command line: every verb, its options and its exit status.

Heavy modules are imported inside the verbs, so that ``artonomics --help`` answers at once.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from dashboard import commands, proxy_commands
from etl import commandline
from etl.commandline import Flag, Given, Session
from etl.commands import alerts, analyze, collect, imports, scenario, simulate, watch

app = App(
    name="artonomics",
    help="Can curiosity about AI art be turned into cash? Market analytics and a dashboard.",
    help_format="plaintext",
    version=lambda: importlib.metadata.version("artonomics"),
    config=commandline.refuse_broken_numbers,
)
app.meta.suppress_keyboard_interrupt = False  # told by etl.commandline
for _group in (
    *(collect.app, watch.app, imports.app, simulate.app, analyze.app, scenario.app),
    *(commands.app, alerts.app, proxy_commands.app),
):
    app.command(_group)


@app.command
def demo(
    *,
    port: int | None = None,
    no_browser: Annotated[bool, Flag] = False,
    check: Annotated[bool, Flag] = False,
    session: Given,
) -> int:
    """Collect from the bundled snapshot, draw a made-up app, start the dashboard.

    The made-up app bears the label simulated and is drawn only where no product history is held.

    Parameters
    ----------
    port
        Port on this machine; by default the first free one from 8501.
    no_browser
        Open no browser.
    check
        Stop after one successful page answer.
    """
    from dashboard import serve
    from etl import console, demonstration, pipeline

    settings = session.settings()
    with console.progress() as report:
        entries = pipeline.run(settings, offline=True, progress=report)
        if demonstration.is_wanted(settings):
            entries += demonstration.bring(settings, report)
    failed = [entry.source for entry in entries if entry.status == "failed"]
    if failed:
        console.note(f"not collected: {', '.join(failed)}; see `artonomics etl status`")
    return serve.serve(
        settings.data_dir,
        session.announce,
        port,
        check=check,
        open_browser=not (no_browser or check or session.json),
    )


@app.command
def dashboard(
    *,
    port: int | None = None,
    server_name: tuple[str, ...] = (),
    base_path: str = "",
    secrets: Path | None = None,
    session: Given,
) -> int:
    """Serve the dashboard over the published snapshot.

    Parameters
    ----------
    port
        Port on this machine; by default the first free one from 8501.
    server_name
        Name by which visitors reach it through a proxy, as often as needed; see `artonomics proxy
        nginx`.
    base_path
        Path below which a proxy serves it, as art in https://example.com/art.
    secrets
        File that says how visitors sign in; by default secrets.toml of the data folder, if there
        is one (or the variable ARTONOMICS_SECRETS).
    """
    import os

    from dashboard import access, proxy, serve
    from etl.warehouse import SnapshotReader

    settings = session.settings()
    with SnapshotReader(settings.data_dir) as reader:
        reader.info  # noqa: B018  (a missing snapshot is said here, not on a page)
    if secrets is not None:
        os.environ[access.FILE_VARIABLE] = str(secrets.expanduser().resolve())
    front = proxy.front(server_name, base_path)
    return serve.serve(settings.data_dir, session.announce, port, front=front)


@app.command
def sql(
    question: str,
    /,
    *,
    format: Literal["table", "csv", "json", "parquet", "xlsx"] = "table",
    out: Path | None = None,
    session: Given,
) -> None:
    """Put a read-only question to the published snapshot.

    A printed table shows everything. CSV, JSON, Parquet, XLSX and files are exports: they leave
    out the rows of sources that may not be passed on, and say which. A workbook has a sheet that
    says where its values come from.

    Parameters
    ----------
    question
        One SELECT statement in DuckDB's dialect.
    format
        How the answer is printed.
    out
        File to write the answer to instead of printing it.
    """
    from etl import console, exports
    from etl.warehouse import SnapshotReader

    data_dir = session.settings().data_dir
    plain = SnapshotReader(data_dir)
    form = "json" if session.json else format
    if form == "table" and out is None:
        console.print_frame(plain.query(question), form)
        return
    reader = SnapshotReader(data_dir, for_export=True)
    frame, left_out = exports.answer(reader, question, plain)
    about = exports.origin(frame, question, reader.info, left_out) if form == "xlsx" else None
    console.print_frame(frame, form, out, about)
    for words in left_out:
        console.note(words)


@app.command
def doctor(*, offline: Annotated[bool, Flag] = False, session: Given) -> int:
    """Say what works here: versions, fonts, browser, GPU, sources, disk, lock, freshness.

    Parameters
    ----------
    offline
        Do not ask whether the live sources can be reached.
    """
    from dataclasses import asdict

    from dashboard import access
    from dashboard.reports import machine
    from etl import console
    from etl import doctor as examination

    needs = {
        "browser for reports": machine.find_browser,
        "fonts for Chinese": lambda: ", ".join(machine.fonts("zh")),
    }
    settings = session.settings()
    needs["sign-in"] = lambda: access.told(settings.data_dir)
    findings = examination.examine(settings, offline=offline, needs=needs)
    rows = [asdict(finding) for finding in findings]
    session.show(rows, lambda: console.print_rows(rows))
    return int(any(finding.status == "fail" for finding in findings))


@app.command(help_flags=[], version_flags=[])
def bench(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)], session: Given
) -> int:
    """Measure what a picture costs on this machine: run, sweep, suite, compare, roofline, load.

    The generator runs as a process of its own, so that this program needs no torch. See
    `artonomics bench VERB --help`.

    Parameters
    ----------
    words
        Verb and options of the generator.
    """
    from etl import measuring

    return measuring.run(session.settings(), [*words, *(["--json"] if session.json else [])])


@app.meta.default
def _call(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    data: Path | None = None,
    json: Annotated[bool, Flag] = False,
    debug: Annotated[bool, Flag] = False,
) -> int:
    """Run one verb with the global options.

    Parameters
    ----------
    data
        Folder of the warehouse, raw files and reports (or the variable ARTONOMICS_DATA).
    json
        Print one JSON document and nothing else on standard output.
    debug
        Show the traceback of an unexpected error.
    """
    verb, bound, extra = app.parse_args(tokens, exit_on_error=False, print_error=False)
    if "session" in extra:
        bound.arguments["session"] = Session(data=data, json=json)
    return verb(*bound.args, **bound.kwargs) or 0


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(tokens: list[str]) -> int:
    """Run one command; return the exit status (0 done, 1 our fault, 2 wrong input, 3 a source)."""
    if tokens[:1] == ["bench"] and {"--help", "-h"} & set(tokens):
        # Its verbs are the generator's own, and so is their help.
        from etl import measuring
        from etl.config import Settings

        return measuring.run(Settings(), tokens[1:])
    return commandline.run(app, tokens)


if __name__ == "__main__":
    main()
