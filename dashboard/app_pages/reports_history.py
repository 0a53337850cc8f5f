"""What was built: when, by whom, on which data, and whether the files are still there."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import cache, permalinks, reporting
from dashboard.app_pages.reports_build import take
from dashboard.components import plain, table_card
from dashboard.tables import reports as tables
from dashboard.text import Words


def show(said: Words) -> None:
    """Show the history and the files of the report that is chosen in it."""
    built = reporting.built(cache.data_dir())
    table_card(said, tables.built(built, said), heading=said.t("What was built"))
    n_torn = int(built.attrs.get("n_torn", 0))
    if n_torn:
        st.warning(
            said.n(
                "{n} line of the history cannot be read and is left out.",
                "{n} lines of the history cannot be read and are left out.",
                n_torn,
            ),
            icon=":material/report:",
        )
    if built.empty:
        return
    rows = {row["built_at"].isoformat(): row for row in built.to_dict("records")}
    names = tables.report_names(said)
    codes = list(rows)
    permalinks.restore("built", permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(
        said.t("Files of"),
        codes,
        key="built",
        format_func=lambda code: (
            f"{said.instant(rows[code]['built_at'])} · "
            f"{names.get(rows[code]['name'], rows[code]['name'])}"
        ),
    )
    _files(rows[permalinks.chosen("built")], said)


def _files(row: dict[str, Any], said: Words) -> None:
    found = reporting.there(row["files"])
    take(found, "report:kept", said)
    missing = sorted({str(file["path"]) for file in row["files"]} - set(map(str, found)))
    if missing:
        st.info(
            said.t("Gone from where they were written: {files}", files=plain(", ".join(missing))),
            icon=":material/delete:",
        )
    if row["state"] == "replaced":
        st.info(
            said.t("A later report of the same name was written over these files."),
            icon=":material/history:",
        )
