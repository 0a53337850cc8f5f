"""What every page is made of: badges, tiles, cards with a table behind a switch, and states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.column_config import (
    CheckboxColumn,
    DateColumn,
    DatetimeColumn,
    LinkColumn,
    NumberColumn,
    TextColumn,
)

from dashboard import cache, downloads, freshness
from dashboard.tables.table import Provenance, Table, TableColumn, plain
from dashboard.text import MISSING, Words

PLOTLY_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""No logo, and nothing that would send a figure away."""

_EVIDENCE_LOOKS = {
    "measured": ("green", "straighten"),
    "disclosed": ("blue", "campaign"),
    "estimated": ("orange", "query_stats"),
    "simulated": ("violet", "casino"),
    "assumed": ("gray", "help"),
}
MISSING_KIND = "missing"
"""Stands where an evidence kind would: what is missing has none."""

_VERSION = version("artonomics")
"""Read once: it lies in a file, and every table of every page names it."""
_STATE_PX = 110
_ROWS_IN_FULL = 15
"""A table with more rows than that scrolls."""
_MANY_COLUMNS = 6
"""As many hardly stand side by side on a page."""

Card = Callable[[], object]
"""A part of a page that draws itself when it is called."""


def evidence_badge(words: Words, kind: str) -> str:
    """Return the Markdown of an evidence badge: colour, icon and word say the same."""
    if kind == MISSING_KIND:
        missing = words.t("missing")
        return f":red-badge[:material/error: {missing}]"
    colour, icon = _EVIDENCE_LOOKS[kind]
    return f":{colour}-badge[:material/{icon}: {words.evidence(kind)}]"


def provenance_line(words: Words, provenance: Provenance) -> str:
    """Return one Markdown line: evidence, unit, as-of date, source with its link, freshness.

    Freshness stands where the number can age: see :func:`dashboard.freshness.mark`.
    """
    parts = [evidence_badge(words, provenance.evidence_kind)]
    if provenance.unit:
        parts.append(plain(provenance.unit))
    if provenance.as_of is not None and not pd.isna(provenance.as_of):
        parts.append(words.t("as of {date}", date=words.date(provenance.as_of)))
    if provenance.source or provenance.url:
        title = provenance.source or str(urlsplit(provenance.url).hostname)
        parts.append(_link(title, provenance.url))
    shown_to = freshness.day(provenance.as_of)
    parts.append(freshness.mark(words, shown_to, provenance.evidence_kind))
    return " · ".join(filter(None, parts))


def provenance_note(words: Words, provenance: Provenance) -> None:
    """Show the line in small letters (a caption would fade badge and link below the contrast)."""
    st.markdown(f":small[{provenance_line(words, provenance)}]")


def metric_tile(
    words: Words, label: str, value: str, provenance: Provenance, *, notes: Sequence[str] = ()
) -> None:
    """Show one number in a frame, with what is known about it below (``notes`` are Markdown).

    A missing value says so in place of an evidence kind; ``notes`` say why.
    """
    if value == MISSING:
        provenance = replace(provenance, evidence_kind=MISSING_KIND)
    with st.container(border=True, height="stretch"):
        st.metric(label, value)
        for note in notes:
            st.markdown(note)
        provenance_note(words, provenance)


def missing_tile(words: Words, label: str, why: str) -> None:
    """Show that a number is missing and why (Markdown); what is missing has no evidence kind."""
    with st.container(border=True, height="stretch"):
        st.metric(label, MISSING)
        st.markdown(f":small[{evidence_badge(words, MISSING_KIND)} · {why}]")


def figure_card(
    words: Words,
    heading: str,
    figure: go.Figure,
    table: Table,
    provenance: Provenance,
) -> None:
    """Show a figure with its table behind a switch, a download, alternative text and its source.

    ``figure.layout.meta["alt"]`` says in words what is drawn; ``table.file_name`` is the card's
    key on the page.
    """
    with st.container(border=True):
        with _card_head(heading):
            as_table = st.toggle(words.t("Show as table"), key=f"{table.file_name}:table")
            download_button(words, table, heading, provenance)
        if as_table:
            frame_view(table)
        else:
            st.plotly_chart(
                figure,
                theme=None,
                key=f"{table.file_name}:figure",
                config=PLOTLY_CONFIG,
                alt=str(figure["layout"]["meta"]["alt"]),
            )
        provenance_note(words, provenance)


def table_card(
    words: Words,
    table: Table,
    *,
    heading: str = "",
    note: str = "",
    provenance: Provenance | None = None,
) -> None:
    """Show a table with its download and where it comes from; an empty one says so."""
    with st.container(border=True):
        with _card_head(heading):
            st.caption(words.n("{n} row", "{n} rows", len(table.frame)), width="content")
            download_button(words, table, heading, provenance)
        if note:
            st.caption(note)
        if table.frame.empty:
            st.info(words.t("There is nothing to list."), icon=":material/inbox:")
        else:
            frame_view(table)
        if provenance is not None:
            provenance_note(words, provenance)


def frame_view(table: Table) -> None:
    """Show the table itself; long ones are sent to the browser as it scrolls."""
    st.dataframe(
        table.shown,
        hide_index=True,
        column_config=_looks(table),
        key=f"{table.file_name}:frame",
        lazy=True,
        placeholder=MISSING,
        height="content" if len(table.frame) <= _ROWS_IN_FULL else "auto",
        alt=table.file_name.replace("-", " "),
    )


def download_button(
    words: Words, table: Table, heading: str = "", provenance: Provenance | None = None
) -> None:
    """Offer the table as CSV, Parquet and a workbook; each is written only when it is asked for."""
    origin = _origin(heading or table.file_name, provenance)
    kinds = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}
    with st.popover(
        words.t("Download"),
        icon=":material/download:",
        type="tertiary",
        key=f"{table.file_name}:download",
    ):
        for form, label in kinds.items():
            st.download_button(
                label,
                data=cache.as_shown(partial(downloads.make, table, form, origin, words)),
                file_name=f"artonomics-{table.file_name}.{form}",
                mime=downloads.MIME_TYPES[form],
                key=f"{table.file_name}:{form}",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
            )


def _origin(title: str, provenance: Provenance | None) -> downloads.Origin:
    """Return what this page knows of a table: the file is made when the page is gone."""
    info = cache.info_or_none()
    page = urlsplit(st.context.url or "/").path.rstrip("/") or "/"
    return downloads.Origin(
        title=title,
        provenance=provenance,
        published_at=info.published_at if info else None,
        data_version=info.data_version if info else "",
        version=_VERSION,
        page=page,
        filters=tuple(sorted(st.query_params.to_dict().items())),
        left_out=cache.left_out if info else None,
    )


@contextmanager
def _card_head(heading: str) -> Iterator[None]:
    """Put a heading at the left and what the body adds at the right of one line."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if heading:
            st.subheader(heading, anchor=False, width="stretch")
        else:
            st.space("stretch")
        yield


def _link(title: str, url: str) -> str:
    return f"[{plain(title)}]({url.replace(')', '%29')})" if url else plain(title)


def _looks(table: Table) -> dict[str, Any]:
    """Return the shown columns as Streamlit is told about them.

    What a row is about stays in sight where the row goes on to the right.
    """
    looks = {name: _column(look) for name, look in table.columns.items()}
    first = next(iter(table.columns), "")
    if len(looks) >= _MANY_COLUMNS and table.columns[first].kind == "text":
        looks[first]["pinned"] = True
    return looks


def _column(look: TableColumn) -> Any:
    match look.kind:
        case "integer":
            return NumberColumn(look.label, format="%,d", help=look.help)
        case "number":
            return NumberColumn(look.label, format=f"%,.{look.digits}f", help=look.help)
        case "any":
            return NumberColumn(look.label, format="localized", help=look.help)
        case "check":
            return CheckboxColumn(look.label, help=look.help)
        case "percent":
            return NumberColumn(look.label, format="percent", help=look.help)
        case "date":
            return DateColumn(look.label, format="YYYY-MM-DD", help=look.help)
        case "instant":
            return DatetimeColumn(
                look.label, format="YYYY-MM-DD HH:mm", timezone="UTC", help=look.help
            )
        case "link":
            return LinkColumn(look.label, display_text=r"https?://(?:www\.)?([^/]+)")
        case "wide":
            return TextColumn(look.label, width="large", help=look.help)
        case "state":  # its words change while the table stands: the width must not follow them
            return TextColumn(look.label, help=look.help, width=_STATE_PX)
        case "text":
            return TextColumn(look.label, help=look.help)
