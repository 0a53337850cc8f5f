"""The verbs of analyze that evaluate a scenario file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl.commandline import Given, Session


def unit_economics(
    *, scenario: Path, draws: int = 10_000, seed: int | None = None, session: Given
) -> None:
    """Say whether one user earns more than the pictures cost: a scenario's steady month.

    Parameters
    ----------
    scenario
        YAML file, or a name of `artonomics scenario list`;
        `artonomics scenario show small-platform` prints one to start from.
    draws
        Draws from the ranges of the inputs.
    seed
        Of the random numbers; left out, the one that the dashboard uses.
    """
    from etl.analyze import scenario as method

    _show(method.run_month, scenario, (draws, seed), session)


def curiosity_to_cash(
    *, scenario: Path, draws: int = 10_000, seed: int | None = None, session: Given
) -> None:
    """Say how likely a wave of curiosity is turned into cash: the chain of a scenario.

    Parameters
    ----------
    scenario
        YAML file, or a name of `artonomics scenario list`;
        `artonomics scenario show meitu-2022` prints one to start from.
    draws
        Draws from the ranges of the inputs.
    seed
        Of the random numbers; left out, the one that the dashboard uses.
    """
    from etl.analyze import scenario as method

    _show(method.run_wave, scenario, (draws, seed), session)


def _show(
    run: Callable[..., dict[str, Any]], path: Path, drawn: tuple[int, int | None], session: Session
) -> None:
    from etl import console
    from etl.analytics.scenario_result import SEED
    from etl.analyze import scenario as method
    from etl.warehouse import SnapshotReader

    # Opened only when the scenario refers to collected facts: a file of typed numbers needs none.
    data_dir = session.settings().data_dir
    draws, seed = drawn
    document = run(
        _file(path, data_dir),
        SnapshotReader(data_dir),
        draws=draws,
        seed=SEED if seed is None else seed,
    )

    def tables() -> None:
        console.print_rows(method.table(document))
        console.print_rows(method.sensitivity_table(document))
        for sentence in method.sentences(document):
            console.note(sentence)

    session.show(document, tables)


def _file(told: Path, data_dir: Path) -> Path:
    """Return the file of a scenario, told by its path or by its key; a file goes first."""
    from etl.scenarios import store

    if told.is_file() or told.suffix or len(told.parts) > 1:
        return told
    store.load(str(told), data_dir)  # refuses a key that is not known, and names the nearest
    own = data_dir / store.FOLDER / f"{told}.yml"
    return own if own.is_file() else store.CASES_DIR / f"{told}.yml"
