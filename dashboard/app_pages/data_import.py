"""The import wizard of the Data page: upload, mapping, preview, rejects, confirm.

Everything that reads a file is a process of its own with its own memory limit: a hostile or
mislabelled file can end that process, and nothing else.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, processes, uploads
from dashboard.components import Table, TableColumn, plain, table_card
from dashboard.states import fragment
from dashboard.tables import faults, spoken
from dashboard.text import Words
from etl.errors import ArtonomicsError

_PREVIEW, _IMPORT = "import:preview", "import:done"
_SINCE = "import:since"
PATIENCE_SECONDS = 300.0
"""A preview that takes longer is ended: it reads the first rows only."""


def wizard(said: Words) -> None:
    """Show the steps in order; each opens once the one before it is done."""
    st.markdown(
        said.t(
            "Bring in your own files: CSV, Parquet, JSON lines, gzip or zip. Nothing is written "
            "before you confirm. Larger files come in by `artonomics import`, which reads them "
            "where they lie."
        )
    )
    words = _asked(said)
    if words is None:
        return
    # Not by a callback: it would get the words of the run before, and what was typed last is lost.
    if st.button(said.t("Preview"), key="import:look", icon=":material/preview:", disabled=_busy()):
        _start(_PREVIEW, (*words, "--dry-run"))
        st.rerun()
    busy = _busy()
    fragment(_steps, run_every=1.0 if busy else None)(said, words, looks=busy)


def _asked(said: Words) -> tuple[str, ...] | None:
    """Return the command that the form stands for; ``None`` until there is a file."""
    names = _kind_names(said)
    left, right = st.columns(2)
    kind = left.selectbox(
        said.t("What is in the files?"),
        uploads.KINDS,
        key="import:kind",
        format_func=lambda code: names[code],
    )
    default = f"user_{kind.replace('-', '_')}"
    source = right.text_input(
        said.t("Name of the source"),
        key="import:source",
        placeholder=default,
        max_chars=64,
        help=said.t("Rows are kept under this name; a corrected file of the same name restates."),
    )
    sent = st.file_uploader(
        said.t("Files"),
        accept_multiple_files=True,
        key="import:files",
        max_upload_size=uploads.MAX_MEGABYTES,
        on_change=_forget,
    )
    with st.expander(said.t("Columns, time zone and terms")):
        options = _options(said)
    if not sent:
        return None
    try:
        paths = uploads.keep(cache.data_dir(), source or default, sent)
    except (ArtonomicsError, OSError) as failure:
        st.error(
            said.t("**These files cannot be taken.** {reason}", reason=plain(failure)),
            icon=":material/error:",
        )
        return None
    named = ("--source", source) if source else ()
    return ("import", kind, *map(str, paths), *named, *options)


def _options(said: Words) -> list[str]:
    maps = st.text_area(
        said.t("Their column = our column, one a line"), key="import:maps", max_chars=4000
    )
    fixed = st.text_area(
        said.t("Our column = one value for all rows, one a line"), key="import:set", max_chars=4000
    )
    zone = st.text_input(
        said.t("Time zone of instants without one"), key="import:zone", value="UTC", max_chars=64
    )
    may_leave = st.checkbox(said.t("May be passed on in exports"), key="import:terms", value=True)
    words = ["--timezone", zone] if zone else []
    for option, lines in (("--map", maps), ("--set", fixed)):
        for line in filter(None, map(str.strip, lines.splitlines())):
            words += [option, line.replace(" = ", "=")]
    return words if may_leave else [*words, "--not-redistributable"]


def _steps(said: Words, words: tuple[str, ...], *, looks: bool) -> None:
    """Show how far it is; ``looks`` says whether this part is run again by itself."""
    preview, done = st.session_state.get(_PREVIEW), st.session_state.get(_IMPORT)
    if preview is not None and _waited_too_long(preview):
        preview.process.kill()
    for started in (preview, done):
        if started is not None and started.status is None:
            if not looks:
                st.rerun()  # started in this part alone, which nobody would run again
            doing = said.t("Importing") if started is done else said.t("Reading and checking")
            st.progress(0.0, text=doing)
            return
    if st.session_state.pop(_SINCE, None) is not None:
        cache.follow()
        st.rerun()  # the buttons above wait for this end too
    if done is not None:
        _result(said, done)
    elif preview is not None:
        _shown(said, preview, words)


def _shown(said: Words, preview: processes.Started, words: tuple[str, ...]) -> None:
    told = _document(preview)
    if preview.status != 0 or not isinstance(told, dict):
        _failure(said, said.t("**These files cannot be read as they are.**"), preview)
        return
    if preview.words[:-1] != words:
        st.info(said.t("The form has changed since this preview: look again."))
    table_card(said, _mapping(said, told), heading=said.t("Columns"))
    if told["unused"]:
        st.caption(said.t("Not used: {names}", names=plain(", ".join(told["unused"]))))
    table_card(said, _frame(told["rows"], "import-rows"), heading=said.t("First rows"))
    rejects = _rejects(told["rejected"], said)
    note = said.n(
        "{n} row of those looked at would be kept out",
        "{n} rows of those looked at would be kept out",
        int(told["n_rejected"]),
    )
    table_card(said, rejects, heading=said.t("Rejected rows"), note=note)
    st.button(
        said.t("Import"),
        key="import:go",
        type="primary",
        icon=":material/check:",
        on_click=_start,
        args=(_IMPORT, words),
        disabled=preview.words[:-1] != words,
    )


def _result(said: Words, done: processes.Started) -> None:
    told = _document(done)
    if not isinstance(told, list) or not told:
        _failure(said, said.t("**The import has failed; nothing of it was kept.**"), done)
        return
    entry = told[0]
    if done.status != 0:
        _failure(said, said.t("**The import has failed; nothing of it was kept.**"), done)
        return
    st.success(
        said.t(
            "Imported into {source}: {new} new, {changed} changed, {rejected} rejected of {rows} "
            "rows.",
            source=plain(entry["source"]),
            new=said.number(entry["rows_new"], digits=0),
            changed=said.number(entry["rows_changed"], digits=0),
            rejected=said.number(entry["rows_quarantined"], digits=0),
            rows=said.number(entry["rows_in"], digits=0),
        ),
        icon=":material/task_alt:",
    )
    if entry["rows_quarantined"]:
        st.caption(said.t("The rejected rows stand in the section of that name, with reasons."))


def _failure(said: Words, headline: str, started: processes.Started) -> None:
    failed = started.failure()
    reason = faults.told(failed, said) if failed else plain(started.said())
    if started.status is not None and started.status < 0:
        reason = said.t("It took too long or too much memory and was ended.")
    st.error(f"{headline}\n\n{reason}", icon=":material/error:")
    if failed and failed.code == "MISSING_COLUMNS":
        st.caption(
            said.t(
                "On this page: open “Columns, time zone and terms” below and write one line each, "
                "for example {example}.",
                example="who = user_id",
            )
        )


def _mapping(said: Words, told: dict[str, Any]) -> Table:
    columns = {
        "ours": TableColumn(said.t("Our column")),
        "theirs": TableColumn(said.t("Their column")),
        "how": TableColumn(said.t("How it was found")),
        "sure": TableColumn(said.t("How sure"), "percent"),
        "unit": TableColumn(said.t("Unit")),
        "note": TableColumn(said.t("Note"), "wide"),
    }
    names = {
        "given": said.t("given"),
        "set": said.t("one value for all"),
        "layout": said.t("vendor layout"),
        "name": said.t("same name"),
        "guess": said.t("guess"),
        "default": said.t("default"),
        "measure": said.t("a figure of its own"),
    }
    frame = pd.DataFrame(told["mapping"], columns=list(columns))
    frame["how"] = frame["how"].replace(names)
    return Table(frame, columns, "import-mapping")


def _rejects(rows: list[dict[str, Any]], said: Words) -> Table:
    """Return the rows that would be kept out, and why, in the words of the page."""
    named = {"row_key": said.t("Row"), "check_name": said.t("Check"), "reason": said.t("Reason")}
    told = [row | {"reason": spoken.rejection(row, said)} for row in rows]
    table = _frame(told, "import-rejects")
    columns = {
        name: TableColumn(named.get(name, look.label)) for name, look in table.columns.items()
    }
    return replace(table, columns=columns)


def _frame(rows: list[dict[str, Any]], name: str) -> Table:
    """Return rows with the columns that hold something, under their own names."""
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all").astype("str")
    return Table(frame, {column: TableColumn(str(column)) for column in frame}, name)


def _document(started: processes.Started) -> Any:
    try:
        return json.loads(started.output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _start(key: str, words: tuple[str, ...]) -> None:
    st.session_state.pop(_IMPORT, None)
    st.session_state[_SINCE] = time.monotonic()
    name = "preview" if key == _PREVIEW else "import"
    st.session_state[key] = processes.start(cache.data_dir(), words, name)


def _forget() -> None:
    for key in (_PREVIEW, _IMPORT, _SINCE):
        st.session_state.pop(key, None)


def _busy() -> bool:
    started = [st.session_state.get(key) for key in (_PREVIEW, _IMPORT)]
    return any(one is not None and one.status is None for one in started)


def _waited_too_long(preview: processes.Started) -> bool:
    since = st.session_state.get(_SINCE)
    late = since is not None and time.monotonic() - since > PATIENCE_SECONDS
    return late and preview.status is None


def _kind_names(said: Words) -> dict[str, str]:
    return {
        "events": said.t("Product events"),
        "subscriptions": said.t("Subscriptions and payments"),
        "spend": said.t("Acquisition spend and cohorts"),
        "charts": said.t("Store charts"),
        "prices": said.t("Share prices"),
        "market-events": said.t("Market events"),
        "financials": said.t("Financials"),
        "facts": said.t("Figures said in public"),
        "gpu-bills": said.t("Bills for cards"),
    }
