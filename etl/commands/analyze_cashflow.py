"""The verb ``analyze cashflow``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from etl.commandline import Given


def cashflow(
    *,
    flows: Annotated[str, Parameter(allow_leading_hyphen=True)],
    rate: float,
    dates: str = "",
    finance_rate: float | None = None,
    reinvest_rate: float | None = None,
    session: Given,
) -> None:
    """Value a stream of payments: present value, rates of return, payback.

    Parameters
    ----------
    flows
        Payments separated by commas, such as -100,39,59: out is negative, the first is not
        discounted.
    rate
        Discount rate of a period between two payments; of a year where there are dates.
    dates
        A day for each payment, YYYY-MM-DD, separated by commas: the earliest first, the others in
        any order, several payments on a day too.
    finance_rate
        What money paid out costs, for the modified rate of return; --rate by default.
    reinvest_rate
        What money that came in earns, for the modified rate of return; --rate by default.
    """
    from etl import console
    from etl.analyze import cashflow as method

    rates = method.Rates(rate, finance_rate, reinvest_rate)
    document = method.run(flows, rates, dates)

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)
