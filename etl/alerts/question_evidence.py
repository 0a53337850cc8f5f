"""Of which kind of evidence the rows are that a reader's own question counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from etl.alerts.reading import Look
from etl.analytics.quantities import weakest

COUNTED = ("etl_runs", "imported_files", "quarantine", "source_freshness", "format")
"""What the program writes down of itself: its rows are counted, nothing about them is claimed."""


def kind_of(question: str, look: Look) -> str:
    """Return the evidence kind of an answer that names none.

    It is that of the rows of the tables asked, all of them, whatever the question chooses; that of
    a derived figure (:func:`~etl.analytics.quantities.weakest`) where they are of several kinds;
    ``assumed`` where the question asks no table, or one whose rows say nothing of it.
    """
    kinds: set[str] = set()
    for name in tables_of(question, look):
        own = set(_kinds(name, look))
        if not own:
            return "assumed"
        kinds |= own
    if not kinds:
        return "assumed"
    return kinds.pop() if len(kinds) == 1 else weakest(kinds)


def tables_of(question: str, look: Look) -> list[str]:
    """Return the names of the tables that a question reads, those of its own WITH left out."""
    read = look.reader.query("SELECT json_serialize_sql(?::VARCHAR) AS tree", (question,))
    nodes = list(_nodes(json.loads(str(read["tree"].iloc[0]))))
    own = {str(one["key"]) for node in nodes for one in node.get("map", ()) if "key" in one}
    named = (str(node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE")
    return [name for name in dict.fromkeys(named) if name not in own]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        node = cast(dict[str, Any], tree)
        yield node
        tree = list(node.values())
    if isinstance(tree, list):
        for value in cast(list[Any], tree):
            yield from _nodes(value)


def _kinds(name: str, look: Look) -> Iterator[str]:
    """Yield the kinds of the rows of a table; those of its product history where it is counted."""
    if name in COUNTED:
        yield "measured"
        return
    table = '"' + name.replace('"', '""') + '"'
    columns = look.reader.query(f"SELECT * FROM {table} LIMIT 0").columns
    if "evidence_kind" in columns:
        asked = f"SELECT DISTINCT evidence_kind FROM {table}"
    elif "source" in columns:
        asked = (
            "SELECT DISTINCT evidence_kind FROM growth_definitions "
            f"WHERE source IN (SELECT source FROM {table})"
        )
    else:
        return
    yield from look.reader.query(asked)["evidence_kind"].dropna().astype(str)
