"""The verbs of scenarios: list, show, save, remove."""

from __future__ import annotations

from pathlib import Path

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
        Of your own; one with spaces or Chinese becomes the scenario's title, and its file gets a
        name in plain letters.
    file
        YAML.
    """
    from etl import console
    from etl.scenarios import store
    from etl.scenarios.document import read

    written = store.save(key, read(file), session.settings().data_dir)
    session.show(
        {"scenario": written.stem, "file": str(written)},
        lambda: console.note(f"saved as {written.stem} in {written}"),
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
