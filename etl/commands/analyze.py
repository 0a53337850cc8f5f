"""The verbs of analyze: one method on the user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App

from etl.commandline import Flag, Given

app = App(name="analyze", help="Run one method on your own file.")


@app.command
def event_study(
    *,
    prices: Path,
    events: Path,
    benchmark: str,
    window: tuple[int, int] = (-2, 2),
    estimation: int = 120,
    gap: int = 10,
    returns: Literal["log", "simple"] = "log",
    model: Literal["market", "mean", "adjusted"] = "market",
    is_returns: Annotated[bool, Flag] = False,
    session: Given,
) -> None:
    """Measure abnormal returns around events.

    Parameters
    ----------
    prices
        CSV or Parquet: ticker, trade_date, adjusted_close; the benchmark among them.
    events
        CSV or Parquet: event_id, ticker, event_date[, benchmark][, selection][, session].
    benchmark
        Ticker of the market, for events that name none.
    window
        First and last trading day of the event window, relative to day 0.
    estimation
        Length of the estimation window in trading days.
    gap
        Trading days between the estimation window and the event window.
    returns
        Kind of return.
    model
        Model of the normal return.
    is_returns
        The file holds returns (column return) instead of prices.
    """
    from etl import console
    from etl.analyze import event_study as method

    document = method.run(
        prices,
        events,
        benchmark=benchmark,
        window=window,
        estimation=estimation,
        gap=gap,
        returns=returns,
        model=model,
        is_returns=is_returns,
    )

    def tables() -> None:
        console.print_rows(method.table(document))
        console.print_rows(method.tests_table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)
