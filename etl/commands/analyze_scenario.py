"""The verbs of analyze that evaluate a scenario file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl.commandline import Given, Session


def unit_economics(*, scenario: Path, draws: int = 10_000, seed: int = 0, session: Given) -> None:
    """Say whether one user earns more than the pictures cost: a scenario's steady month.

    Parameters
    ----------
    scenario
        YAML file; `artonomics scenario show small-platform` prints one to start from.
    draws
        Draws from the ranges of the inputs.
    seed
        Of the random numbers.
    """
    from etl.analyze import scenario as method

    _show(method.run_month, scenario, (draws, seed), session)


def curiosity_to_cash(
    *, scenario: Path, draws: int = 10_000, seed: int = 0, session: Given
) -> None:
    """Say how likely a wave of curiosity is turned into cash: the chain of a scenario.

    Parameters
    ----------
    scenario
        YAML file; `artonomics scenario show meitu-2022` prints one to start from.
    draws
        Draws from the ranges of the inputs.
    seed
        Of the random numbers.
    """
    from etl.analyze import scenario as method

    _show(method.run_wave, scenario, (draws, seed), session)


def _show(
    run: Callable[..., dict[str, Any]], path: Path, drawn: tuple[int, int], session: Session
) -> None:
    from etl import console
    from etl.analyze import scenario as method
    from etl.warehouse import SnapshotReader

    # Opened only when the scenario refers to collected facts: a file of typed numbers needs none.
    reader = SnapshotReader(session.settings().data_dir)
    document = run(path, reader, draws=drawn[0], seed=drawn[1])

    def tables() -> None:
        console.print_rows(method.table(document))
        console.print_rows(method.sensitivity_table(document))
        for sentence in method.sentences(document):
            console.note(sentence)

    session.show(document, tables)
