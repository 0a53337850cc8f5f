"""What owned servers take in cash and when: bought, or paid off as a credit, and sold in the end.

Elsewhere a server costs the same every hour of its life (straight line). Cash goes on days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import Values, generations_per_picture
from etl.analytics.runway import DatedPayment, month_after
from etl.analytics.user_month import HOURS_PER_MONTH, free_images

BOUGHT, SOLD, INSTALMENT = "server bought", "server sold", "instalment of a credit"
_ALMOST_WHOLE = 1e-9


@dataclass(frozen=True)
class ServerTerms:
    """How a server is paid.

    Attributes
    ----------
    price
        Of one server, 0 or more.
    resale_share
        Of the price, that it brings at the end of its life; 0 to 1.
    life_months
        Until it is sold, at least 1.
    credit_months
        Equal instalments in which it is paid off, one a month from the month after; 0 where it is
        paid at once.
    credit_rate
        A year, effective, 0 or more; a month's is (1 + rate)^(1/12) − 1.
    """

    price: float
    resale_share: float
    life_months: int
    credit_months: int = 0
    credit_rate: float = 0.0

    def __post_init__(self) -> None:
        faults = {
            f"a price of {self.price:g}; expected 0 or more": not self.price >= 0,
            f"a resale share of {self.resale_share:g}; expected 0 to 1": not (
                0 <= self.resale_share <= 1
            ),
            f"a life of {self.life_months} months; expected 1 or more": self.life_months < 1,
            f"a credit of {self.credit_months} months; expected 0 or more": self.credit_months < 0,
            f"a rate of {self.credit_rate:g} a year; expected 0 or more": not self.credit_rate >= 0,
        }
        for fault, is_so in faults.items():
            if is_so:
                raise ValueError(f"got {fault}")

    @property
    def instalment(self) -> float:
        """Return what is paid a month for one server; 0 without a credit.

        The annuity price·i/(1 − (1 + i)^−n), and price/n without interest.
        """
        if not self.credit_months:
            return 0.0
        monthly = (1 + self.credit_rate) ** (1 / 12) - 1
        if monthly == 0:
            return self.price / self.credit_months
        return self.price * monthly / (1 - (1 + monthly) ** -self.credit_months)


def servers_used(v: Values, sourcing: str) -> FloatArray:
    """Return how many servers the users of a month keep busy, parts of one included.

    Parameters
    ----------
    v
        Inputs by name; shapes broadcast, missing is NaN.
    sourcing
        ``own`` (by pictures, at the planned utilisation) or ``shared_server`` (by users).

    Raises
    ------
    ValueError
        Another way of sourcing, under which no server is owned.
    """
    if sourcing == "shared_server":
        return v["active_users"] / v["users_per_server"]
    if sourcing != "own":
        raise ValueError(f"got the sourcing {sourcing!r}; expected own or shared_server")
    p = v["paying_share"]
    images = p * v["paid_images_per_user"] + (1 - p) * free_images(v)
    generations = v["active_users"] * images * generations_per_picture(v)
    return generations / (v["images_per_second"] * v["utilisation"] * 3_600 * HOURS_PER_MONTH)


def whole_servers(used: Sequence[float]) -> tuple[int, ...]:
    """Return the servers to hold in each month: a part of one takes a whole one.

    Raises
    ------
    ValueError
        A number below 0 or missing.
    """
    if not all(each >= 0 for each in used):
        raise ValueError(f"got {list(used)} servers; expected 0 or more in every month")
    return tuple(int(np.ceil(each - _ALMOST_WHOLE)) for each in used)


def server_payments(
    held: Sequence[int], first_month: date, terms: ServerTerms
) -> tuple[DatedPayment, ...]:
    """Return what goes and comes for servers, on first days of months.

    Parameters
    ----------
    held
        Servers that each month needs, 0 or more. Those that are missing are bought; one that is no
        longer needed stays until its life ends, when it is sold, and replaced if it is needed.
    first_month
        Any day of the first month.
    terms
        Of every server alike.

    Returns
    -------
    tuple of DatedPayment
        Names are :data:`BOUGHT`, :data:`SOLD` and :data:`INSTALMENT`. Nothing after the last
        month: what is then owed or owned stands in no payment.
    """
    days = [month_after(first_month, month) for month in range(len(held))]
    bought = _bought(held, terms.life_months)
    return tuple(
        DatedPayment(name, days[month], amount)
        for month, n in enumerate(bought)
        for name, month, amount in _of_purchase(month, n, terms)
        if amount and month < len(days)
    )


def _bought(held: Sequence[int], life: int) -> list[int]:
    """Return the purchases of each month."""
    found: list[int] = []
    for month, needed in enumerate(held):
        alive = sum(found[max(0, month - life + 1) :])
        found.append(max(0, needed - alive))
    return found


def _of_purchase(month: int, n: int, terms: ServerTerms) -> Iterator[tuple[str, int, float]]:
    if not terms.credit_months:
        yield BOUGHT, month, -n * terms.price
    for later in range(1, terms.credit_months + 1):
        yield INSTALMENT, month + later, -n * terms.instalment
    yield SOLD, month + terms.life_months, n * terms.price * terms.resale_share
