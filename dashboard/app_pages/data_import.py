"""The import wizard of the Data page: upload, mapping, preview, rejects, confirm.

Everything that reads a file is a process of its own with its own memory limit: a hostile or
mislabelled file can end that process, and nothing else.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import unquote

import pandas as pd
import streamlit as st

from dashboard import cache, freshness, permalinks, processes, queries, uploads
from dashboard.components import Table, TableColumn, plain, table_card
from dashboard.states import fragment
from dashboard.tables import faults, imports, ledgers, spoken
from dashboard.text import MISSING, Words
from etl.errors import ArtonomicsError

_PREVIEW, _IMPORT = "import:preview", "import:done"
_SINCE = "import:since"
_FIELDS = {
    name: f"import:{name}"
    for name in ("kind", "source", "terms", "maps", "set", "zone", "encoding")
}
"""Keys of the form: what is in the files, and what the user says about them."""
_MAPS = _FIELDS["maps"]
_PICKED, _FILLED = "import:picked", "import:filled"
_MADE = ("event_id", "evidence_kind", "source_url", "retrieved_at", "run_id", "quality_flags")
"""Columns that the program fills itself: they stand behind what the file says."""
_HERE = "data"
_OWN = "$source"
"""Stands in an address for the source that was brought in."""
_LINE = re.compile(r"\\?-\\?-(?:map|set) ([^ ,;=]+)=([^ ,;]+)")
_OPTION = re.compile(r"\\?-\\?-([a-z]+)")
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
    _fill_again(said)
    for field, usual in (("terms", True), ("zone", "UTC")):
        st.session_state.setdefault(_FIELDS[field], usual)
    names = _kind_names(said)
    left, right = st.columns(2)
    kind = left.selectbox(
        said.t("What is in the files?"),
        uploads.KINDS,
        key=_FIELDS["kind"],
        format_func=lambda code: names[code],
    )
    default = _default_source(kind)
    source = right.text_input(
        said.t("Name of the source"),
        key=_FIELDS["source"],
        placeholder=default,
        max_chars=64,
        help=said.t(
            "Rows are kept under this name: letters a to z, digits, dots, dashes and underscores. "
            "A corrected file that bears its old name restates what it said."
        ),
    )
    _guide(said, kind)
    sent = st.file_uploader(
        said.t("Files"),
        accept_multiple_files=True,
        key="import:files",
        max_upload_size=uploads.MAX_MEGABYTES,
        on_change=_forget,
    )
    may_leave = st.checkbox(
        said.t("May leave this program in downloads, exports and reports"),
        key=_FIELDS["terms"],
        help=said.t(
            "Without it the rows are counted and charted here, and left out of every file that "
            "the program writes for others."
        ),
    )
    with st.expander(said.t("Columns and time zone"), icon=":material/tune:"):
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
    terms = () if may_leave else ("--not-redistributable",)
    return ("import", kind, *map(str, paths), *named, *options, *terms)


def _fill_again(said: Words) -> None:
    """Fill the form for the source that the address names, as it was in this visit.

    Of a source brought in before this visit the kind and the terms are known alone.
    """
    source = permalinks.peek("into")
    if source is None or _FIELDS["source"] in st.session_state:
        return
    held = cache.ask(queries.imported)
    tables = held.loc[held["source"].eq(source), "table_name"]
    kinds = [verb for name in tables if (verb := imports.verb_of(str(name)))]
    if not kinds:
        return
    terms = held.loc[held["source"].eq(source), "redistributable"].iloc[0] != "no"
    known = {"kind": kinds[0], "source": source, "terms": terms}
    filled = st.session_state.get(_FILLED, {}).get(source, {})
    for key, value in ({_FIELDS[name]: value for name, value in known.items()} | filled).items():
        st.session_state[key] = value
    if not filled:
        st.info(
            said.t(
                "**{source}** was brought in before this visit: look whether columns and time "
                "zone are given as they were then.",
                source=plain(source),
            ),
            icon=":material/info:",
        )


def _guide(said: Words, kind: str) -> None:
    """Show what files of a kind must hold."""
    with st.expander(said.t("What the file must hold"), icon=":material/table_view:"):
        st.markdown(
            said.t(
                "One line with the names of the columns, then one row each. Columns are found by "
                "these names or similar ones; the preview shows how each was read, and what is "
                "not found can be named by hand. Exports of well-known tools are recognised."
            )
        )
        st.code(imports.example(kind), language="csv")
        st.download_button(
            said.t("Empty template (CSV)"),
            data=imports.template(kind).encode("utf-8-sig"),
            file_name=f"artonomics-{kind}.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="import:template",
        )
        table_card(said, imports.wanted(kind, said), heading=said.t("Columns"))


def _options(said: Words) -> list[str]:
    _write_picked()
    maps = st.text_area(
        said.t("Their column = our column, one a line"),
        key=_MAPS,
        max_chars=4000,
        placeholder="who = user_id",
    )
    fixed = st.text_area(
        said.t("Our column = one value for all rows, one a line"),
        key=_FIELDS["set"],
        max_chars=4000,
        placeholder="currency = USD",
    )
    left, right = st.columns(2)
    zone = left.text_input(
        said.t("Time zone of instants without one"), key=_FIELDS["zone"], max_chars=64
    )
    encoding = right.text_input(
        said.t("Encoding of the text"),
        key=_FIELDS["encoding"],
        max_chars=32,
        placeholder=said.t("found out by itself"),
    )
    words = ["--timezone", zone] if zone else []
    words += ["--encoding", encoding] if encoding else []
    for option, lines in (("--map", maps), ("--set", fixed)):
        for line in filter(None, map(str.strip, lines.splitlines())):
            words += [option, line.replace(" = ", "=")]
    return words


def _steps(said: Words, words: tuple[str, ...], *, looks: bool) -> None:
    """Show how far it is; ``looks`` says whether this part is run again by itself."""
    if permalinks.is_asked("view"):
        st.rerun()  # it leads to another part of the page
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
    if told["event_names"]:
        counted = told["event_names"]
        names, notes = imports.event_names(counted, cache.data_dir(), _source(), said)
        heading = said.t("What the events are called")
        table_card(said, names, heading=heading, note=said.sentences(notes))
    rows = [{key: row[key] for key in sorted(row, key=_MADE.__contains__)} for row in told["rows"]]
    table_card(said, _frame(rows, "import-rows"), heading=said.t("First rows"))
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
    _still_waiting(said, entry)
    _ways_on(said, done.words[1], entry)


def _still_waiting(said: Words, entry: dict[str, Any]) -> None:
    """Say which rows of earlier files wait: a corrected file of another name settles none."""
    held = cache.ask(queries.quarantine)
    mine = held["source"].eq(entry["source"]) & held["resolved_at"].isna()
    earlier = held.loc[mine & held["run_id"].ne(entry["run_id"])]
    if earlier.empty:
        return
    files = {str(url).rpartition("/")[2] for url in earlier["file_urls"].dropna()}
    st.info(
        said.n(
            "{n} row of an earlier import of this source still waits ({files}). It is settled by "
            "a corrected file of that name, or by hand among the rejected rows.",
            "{n} rows of earlier imports of this source still wait ({files}). They are settled by "
            "corrected files of those names, or by hand among the rejected rows.",
            len(earlier),
            files=said.listed(plain(unquote(name)) for name in sorted(files)) or MISSING,
        ),
        icon=":material/pending_actions:",
    )


def _ways_on(said: Words, kind: str, entry: dict[str, Any]) -> None:
    """Lead to what the rows answer, and to those that were kept out."""
    source = str(entry["source"])
    page, label, more = _answers(said)[kind]
    with st.container(horizontal=True):
        if page == _HERE:
            st.button(
                label,
                key="import:answer",
                icon=":material/arrow_forward:",
                type="tertiary",
                on_click=permalinks.lead,
                kwargs=more,
            )
        else:
            named = {key: source if value == _OWN else value for key, value in more.items()}
            st.page_link(
                f"app_pages/{page}.py",
                label=label,
                icon=":material/arrow_forward:",
                query_params={"lang": said.language} | named,
            )
        if source in cache.study(freshness.kept_out):
            st.button(
                said.t("See the rejected rows"),
                key="import:rejects",
                icon=":material/rule:",
                type="tertiary",
                on_click=permalinks.lead,
                kwargs={"view": "rejects", "source": source, "state": "waiting"},
            )


def _answers(said: Words) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return where rows of each kind are shown: page, words of the link and the address."""
    market = ("market", said.t("See them on the Market page"), {})
    return {
        "events": ("growth", said.t("See who comes back"), {"source": _OWN}),
        "subscriptions": ("growth", said.t("See who pays"), {"section": "paying"}),
        "spend": ("growth", said.t("See what users cost and bring"), {"section": "money"}),
        "charts": ("attention", said.t("See the positions"), {}),
        "prices": market,
        "market-events": market,
        "financials": (_HERE, said.t("See the figures"), {"view": "financials"}),
        "facts": (_HERE, said.t("See the claims"), {"view": "claims"}),
        "gpu-bills": ("unit_economics", said.t("See what pictures cost"), {}),
    }


def _failure(said: Words, headline: str, started: processes.Started) -> None:
    failed = started.failure()
    missing, theirs = imports.missing_columns(failed) if failed else ([], [])
    if missing:
        _ask_for(said, headline, missing, theirs)
        return
    reason = _in_words_of_the_form(faults.told(failed, said), said) if failed else ""
    reason = reason or plain(started.said())
    if started.status is not None and started.status < 0:
        reason = said.t("It took too long or too much memory and was ended.")
    st.error(f"{headline}\n\n{reason}", icon=":material/error:")


def _ask_for(said: Words, headline: str, missing: list[str], theirs: list[str]) -> None:
    """Ask which of their columns is each of ours that was not found."""
    if st.session_state.get(_PICKED):
        st.rerun()  # the lines it is written among are no part of this
    told = said.n(
        "No column was found for {missing}. Choose it here, then preview again.",
        "No columns were found for {missing}. Choose them here, then preview again.",
        len(missing),
        missing=said.listed(plain(name) for name in missing),
    )
    st.error(f"{headline}\n\n{told}", icon=":material/error:")
    with st.container(horizontal=True):
        for ours in missing:
            st.selectbox(
                said.t("Which of your columns is {name}?", name=ours),
                theirs,
                index=None,
                key=f"import:pick:{ours}",
                placeholder=said.t("choose a column"),
                help=imports.form_of(_kind(), ours, said),
                accept_new_options=True,
                on_change=_pick,
                args=(ours,),
                width=280,
            )
    st.caption(
        said.t(
            "What is in no column can be given for all rows under “Columns and time zone”, for "
            "example {example}.",
            example="currency = USD",
        )
    )


def _pick(ours: str) -> None:
    st.session_state.setdefault(_PICKED, {})[ours] = st.session_state.get(f"import:pick:{ours}")


def _write_picked() -> None:
    """Write what was picked among the lines of the form, where it can be seen and changed."""
    picked = st.session_state.pop(_PICKED, {})
    if not picked:
        return
    lines = str(st.session_state.get(_MAPS) or "").splitlines()
    kept = [line for line in lines if line.rpartition("=")[2].strip() not in picked]
    added = [f"{theirs} = {ours}" for ours, theirs in picked.items() if theirs]
    st.session_state[_MAPS] = "\n".join([*kept, *added])


def _kind() -> str:
    return str(st.session_state[_FIELDS["kind"]])


def _source() -> str:
    return str(st.session_state.get(_FIELDS["source"]) or _default_source(_kind()))


def _default_source(kind: str) -> str:
    return f"user_{kind.replace('-', '_')}"


def _in_words_of_the_form(told: str, said: Words) -> str:
    """Return an error with the fields of the form in place of the options of the command."""
    named = {
        "source": said.t("“Name of the source”"),
        "timezone": said.t("“Time zone of instants without one”"),
        "encoding": said.t("“Encoding of the text”"),
    }
    # What stands between backticks needs no other sign before it.
    told = _LINE.sub(lambda hit: f"`{hit[1]} = {hit[2]}`".replace("\\", ""), told)
    return _OPTION.sub(lambda hit: named.get(hit[1], hit[0]), told)


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
    columns = {
        "file_rows": TableColumn(said.t("Row in the file")),
        "reason": TableColumn(said.t("Reason"), "wide"),
        "says": TableColumn(said.t("What it says"), "wide"),
        "check_name": TableColumn(said.t("Check")),
    }
    told = [
        row | {"reason": spoken.rejection(row, said), "says": ledgers.raw_row(row["payload"])}
        for row in rows
    ]
    return Table(pd.DataFrame(told, columns=list(columns)), columns, "import-rejects")


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
    if key == _IMPORT:
        held = {field: st.session_state.get(field) for field in _FIELDS.values()}
        source = _source()
        st.session_state.setdefault(_FILLED, {})[source] = held | {_FIELDS["source"]: source}
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
