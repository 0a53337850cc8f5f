"""``artonomics simulate …``: labelled, seeded product histories."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App

from etl.commandline import Flag, Given
from etl.errors import InputError

if TYPE_CHECKING:
    from etl.simulate import Parameters

app = App(name="simulate", help="Draw made-up data that bear the label simulated.")


@app.command
def events(
    *,
    users: int,
    days: int,
    seed: int,
    out: Path,
    scenario: Literal["default", "claim"] = "default",
    start: date | None = None,
    retention: str | None = None,
    workers: int | None = None,
    force: Annotated[bool, Flag] = False,
    session: Given,
) -> None:
    """Draw the life of a made-up app: events, subscriptions, spend, with known true effects.

    Every row is of the kind simulated; nothing in it is evidence about a real app.

    Parameters
    ----------
    users
        Installs in all.
    days
        Length of the history in days.
    seed
        Same seed and options, same bytes.
    out
        Folder to write to: absent, empty, or with --force an older simulation.
    scenario
        Retention on days 1, 7 and 30: default (25, 11, 5%), or claim (40 and 30% as an article
        claims them, day 30 assumed).
    start
        First UTC day; 2025-01-01 by default.
    retention
        Shares that return on days 1, 7 and 30, for example 0.25,0.11,0.05; instead of the
        scenario's.
    workers
        Processes; one a processor by default. The result does not depend on it.
    force
        Replace an older simulation in the folder.
    """
    from etl import console
    from etl import simulate as simulator

    rates = _rates(retention)
    begin: dict[str, Any] = {} if start is None else {"start": start}
    parameters: Parameters = simulator.Parameters(
        users, days, seed, scenario, retention=rates, **begin
    )
    with console.progress() as report:
        document = simulator.simulate(
            parameters, out, workers=workers, force=force, progress=report
        )
    answer = {"out": str(out)} | {k: v for k, v in document.items() if k != "files"}

    def tables() -> None:
        tables_ = [{"table": name, "rows": n} for name, n in document["n_rows"].items()]
        console.print_rows(console.plain(tables_))
        console.print_rows(console.plain(document["retention"]))
        console.note(f"written: {out} (evidence kind simulated: {document['notice']})")
        console.note(
            f"to bring it in: `artonomics import events {out} --source simulated_app`; likewise "
            "`import spend` and `import subscriptions`, each under a source of its own"
        )

    session.show(answer, tables)


@app.command
def demo(*, session: Given) -> int:
    """Draw a made-up app with 20,000 users and import it, for the Growth page to show.

    Every row is of the kind simulated; nothing in it is evidence about a real app.
    """
    from etl import console, demonstration

    with console.progress() as report:
        entries = demonstration.bring(session.settings(), report)
    return session.tell(entries)


def _rates(given: str | None) -> tuple[float, ...] | None:
    if given is None:
        return None
    try:
        return tuple(float(word) for word in given.split(","))
    except ValueError:
        raise InputError(
            f"got --retention {given!r}",
            "three shares by comma",
            "for example --retention 0.25,0.11,0.05",
        ) from None
