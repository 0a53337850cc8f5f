"""The tables of the import wizard: what a file must hold, and how its events are understood."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dashboard.tables.spoken import spelled, written_as
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl import growth_names
from etl.errors import ArtonomicsError, InputError
from etl.imports import kinds, mapping
from etl.imports.examples import EXAMPLES
from etl.marts.activity import Definition
from etl.schemas import Column


def verb_of(table_name: str) -> str | None:
    """Return the kind of files that fill a table."""
    return next((v for v, kind in kinds.KINDS.items() if kind.table.name == table_name), None)


def example(verb: str) -> str:
    """Return a short file of a kind as it may be brought in."""
    return EXAMPLES[verb]


def template(verb: str) -> str:
    """Return a file of a kind with the names of its columns alone."""
    return EXAMPLES[verb].splitlines(keepends=True)[0]


def wanted(verb: str, said: Words) -> Table:
    """Return the columns of a kind: which are needed, how they are written, other names."""
    kind = kinds.named(verb)
    needed = mapping.required(kind)
    ordered = sorted(kind.table.columns, key=lambda column: column.name not in needed)
    frame = pd.DataFrame(
        {
            "name": column.name,
            "needed": column.name in needed,
            "form": _form(column, said),
            "synonyms": said.listed(_other_names(kind, column.name)),
        }
        for column in ordered
    )
    columns = {
        "name": TableColumn(said.t("Column")),
        "needed": TableColumn(said.t("Needed"), "check"),
        "form": TableColumn(said.t("How it is written"), "wide"),
        "synonyms": TableColumn(said.t("Also known as"), "wide"),
    }
    return Table(frame, columns, "import-columns")


def form_of(verb: str, name: str, said: Words) -> str | None:
    """Say how a column of a kind is written; nothing where there is no such column."""
    columns = {column.name: column for column in kinds.named(verb).table.columns}
    return _form(columns[name], said) if name in columns else None


def _form(column: Column, said: Words) -> str:
    """Say how a value of a column is written, and in which unit."""
    form = written_as(said)[column.type]
    if column.allowed:
        form = said.t("one of {options}", options=", ".join(column.allowed))
    elif column.pattern:
        form = spelled(column.pattern, said) or form
    return f"{form} ({column.unit})" if column.unit else form


def _other_names(kind: kinds.Kind, name: str) -> list[str]:
    scaled = [theirs for theirs, (ours, _) in kind.scaled.items() if ours == name]
    figures = list(kind.measures) if name == "value" else []
    return [*kind.synonyms.get(name, ()), *scaled, *figures]


def event_names(
    counted: Mapping[str, int], data_dir: Path, source: str, said: Words
) -> tuple[Table, list[str]]:
    """Return what the events are called and what Growth takes them for, and what is missing.

    What ``growth.toml`` says of the source counts before the usual names.
    """
    plain = _known_names(data_dir, source)
    roles = {
        plain.begins: said.t("begins a user's time"),
        plain.active: said.t("makes a day an active one"),
        **dict.fromkeys(plain.payments, said.t("payment")),
        plain.refund: said.t("refund"),
    }
    frame = pd.DataFrame(
        {"name": name, "n": n, "role": roles.get(name, said.t("an event like any other"))}
        for name, n in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    columns = {
        "name": TableColumn(said.t("Event")),
        "n": TableColumn(said.t("Rows looked at"), "integer"),
        "role": TableColumn(said.t("What Growth takes it for")),
    }
    notes: list[str] = []
    if plain.begins not in counted:
        notes.append(
            said.t(
                "None of these rows is called {name}: unless another is, a user's time begins with "
                "their first event of any name.",
                name=plain.begins,
            )
        )
    if plain.active not in counted:
        notes.append(
            said.t(
                "None of these rows is called {name}: unless another is, every event but renewals "
                "and refunds makes a day an active one. Growth lets you choose another.",
                name=plain.active,
            )
        )
    if not set(plain.payments) & set(counted):
        notes.append(
            said.t(
                "None of these rows is called {names}: unless another is, no payment is seen.",
                names=said.listed(plain.payments),
            )
        )
    return Table(frame, columns, "import-events"), notes


def _known_names(data_dir: Path, source: str) -> Definition:
    """Return the names that mean something in the events of a source."""
    try:
        own = growth_names.read(data_dir).get(source)
    except InputError:  # what is wrong with the file is told where the events are counted
        own = None
    return own.over(Definition()) if own else Definition()


def missing_columns(failure: ArtonomicsError) -> tuple[list[str], list[str]]:
    """Return our columns that were not found, and the columns of the file, from a refusal."""
    found = mapping.MISSING.fullmatch(failure.got)
    if found is None:
        return [], []
    return found["missing"].split(", "), found["theirs"].split(", ")
