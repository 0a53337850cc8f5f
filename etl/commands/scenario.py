"""The verbs of scenarios: list, show, save, remove, cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cyclopts import App

from etl.commandline import Given

app = App(name="scenario", help="Ready cases and your own scenarios.")


@app.command(name="list")
def list_(*, session: Given) -> None:
    """List the ready cases and the saved scenarios."""
    from etl import console
    from etl.scenarios import store

    data_dir = session.settings().data_dir
    keys = [(key, "ready case") for key in store.cases()]
    keys += [(key, "saved") for key in store.saved(data_dir)]
    rows = [{"scenario": key, "kind": kind, "name": _name(key, data_dir)} for key, kind in keys]
    session.show(rows, lambda: console.print_rows(rows))


def _name(key: str, data_dir: Path) -> str:
    """Return the name of a scenario; of one that cannot be read, why."""
    from etl.errors import InputError
    from etl.scenarios import store

    try:
        return str(store.load(key, data_dir).get("name", ""))
    except InputError as fault:
        return f"({fault.got})"


@app.command
def show(key: str, /, *, session: Given) -> None:
    """Print a scenario as YAML, to start from.

    Parameters
    ----------
    key
        As `artonomics scenario list` names it, or its title.
    """
    from etl import console
    from etl.scenarios import store

    found = store.load(key, session.settings().data_dir)
    session.show(found, lambda: console.print_text(store.written(found)))


@app.command
def save(key: str, file: Path, /, *, session: Given) -> None:
    """Save a scenario file under a name; the dashboard then shows it.

    Parameters
    ----------
    key
        Of your own, or one to replace; one with spaces or Chinese becomes the scenario's title,
        and its file gets a name in plain letters.
    file
        YAML.
    """
    from etl import console
    from etl.scenarios import store
    from etl.scenarios.document import read

    data_dir = session.settings().data_dir
    replaces = store.key_of(key) in store.saved(data_dir)
    written = store.save(key, read(file), data_dir)
    told = f"replaced {written.stem} in" if replaces else f"saved as {written.stem} in"
    session.show(
        {"scenario": written.stem, "file": str(written), "replaced": replaces},
        lambda: console.note(f"{told} {written}"),
    )


@app.command
def remove(key: str, /, *, session: Given) -> None:
    """Delete a saved scenario.

    Parameters
    ----------
    key
        As `artonomics scenario list` names it, or its title.
    """
    from etl import console
    from etl.scenarios import store

    store.remove(key, session.settings().data_dir)
    session.show({"removed": key}, lambda: console.note(f"removed {key}"))


@app.command
def cost(scenario: Path, /, *, currency: str | None = None, session: Given) -> None:
    """Say what its pictures cost: each kind, a thousand of the mix, and an avatar pack.

    Parameters
    ----------
    scenario
        YAML file, or a name of `artonomics scenario list`.
    currency
        ISO code, in place of the scenario's: costs are converted at the rate of its day.
    """
    from etl import console
    from etl.scenarios import cost_report
    from etl.warehouse import SnapshotReader

    data_dir = session.settings().data_dir
    document = cost_report.report(
        _written(scenario, data_dir), scenario.name, SnapshotReader(data_dir), currency
    )

    def tables() -> None:
        console.print_rows(cost_report.table(document))
        for sentence in cost_report.sentences(document):
            console.note(sentence)

    session.show(document, tables)


def _written(told: Path, data_dir: Path) -> dict[str, Any]:
    """Return a scenario told by its file, its key or its title; a file goes first."""
    from etl.scenarios import store
    from etl.scenarios.document import read

    is_path = told.is_file() or told.suffix in (".yml", ".yaml") or len(told.parts) > 1
    return read(told) if is_path else store.load(str(told), data_dir)
