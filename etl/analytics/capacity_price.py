"""What a promised second costs: servers against the conversion that would pay for them."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from etl.analytics.capacity import N_JOBS, servers_needed
from etl.analytics.capacity_demand import Demand, Promises, Service, expect
from etl.analytics.compute import HOURS_PER_YEAR

HOURS_PER_MONTH = HOURS_PER_YEAR / 12
COLUMNS = (
    *("promise_paid_seconds", "promise_free_seconds", "n_servers", "bound_by", "is_capped"),
    *("p50_paid", "p95_paid", "p50_free", "p95_free", "utilisation_peak", "utilisation_mean"),
    *("cost_per_month", "cost_per_payer", "extra_cost_per_month"),
    *("needed_conversion_uplift", "needed_conversion_rate", "needed_relative_uplift"),
    *("method", "evidence_kind"),
)


@dataclass(frozen=True)
class Terms:
    """Money, all of it in one currency.

    Attributes
    ----------
    server_hour_price
        Of one server; servers for the busiest hour run all month.
    monthly_users, payers
        Users of a month, and the payers among them.
    gain_per_payer
        What one more payer brings in a month: contribution, or what is left after store, taxes
        and refunds.

    Raises
    ------
    ValueError
        A number that is not above 0, or more payers than users.
    """

    server_hour_price: float
    monthly_users: float
    payers: float
    gain_per_payer: float

    def __post_init__(self) -> None:
        for name in ("server_hour_price", "monthly_users", "payers", "gain_per_payer"):
            expect(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        expect(self.payers <= self.monthly_users, "payers", self.payers, "at most monthly_users")


def price_of_a_second(
    demand: Demand,
    service: Service,
    paid_promises: Sequence[float],
    free_promise: float | None,
    terms: Terms,
    *,
    n_jobs: int = N_JOBS,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what each promise to payers costs, and the conversion that would pay for it.

    Parameters
    ----------
    demand, service
        As in :func:`etl.analytics.capacity.servers_needed`.
    paid_promises
        95% waits in seconds to promise payers.
    free_promise
        Tolerable 95% wait of free users; ``None`` for none.
    terms
        Prices and payers.
    n_jobs, seed
        Of the simulations, where waits have no formula.

    Returns
    -------
    DataFrame
        One row a promise, the longest wait first, with :data:`COLUMNS`. Extra cost is over the
        first row. ``needed_conversion_uplift`` is the share of monthly users that have to pay
        beyond those who do (absolute), ``needed_relative_uplift`` the same over today's rate, and
        ``needed_conversion_rate`` today's rate and the uplift together.

    Raises
    ------
    ValueError
        No promise, or a negative one.
    """
    if not paid_promises:
        raise ValueError("got no promise to payers; expected at least one")
    rows = [
        _row(demand, service, Promises(seconds, free_promise), terms, (n_jobs, seed))
        for seconds in sorted(paid_promises, reverse=True)
    ]
    frame = pd.DataFrame(rows)
    extra = frame["cost_per_month"] - frame["cost_per_month"].iloc[0]
    uplift = extra / terms.gain_per_payer / terms.monthly_users
    today = terms.payers / terms.monthly_users
    frame["extra_cost_per_month"] = extra
    frame["needed_conversion_uplift"] = uplift
    frame["needed_conversion_rate"] = today + uplift
    frame["needed_relative_uplift"] = uplift / today
    return frame.reindex(columns=list(COLUMNS))


def _row(
    demand: Demand, service: Service, promises: Promises, terms: Terms, run: tuple[int, int]
) -> dict[str, object]:
    plan = servers_needed(demand, service, promises, n_jobs=run[0], seed=run[1])
    cost = plan.n_servers * terms.server_hour_price * HOURS_PER_MONTH
    return {
        "promise_paid_seconds": promises.paid_p95_seconds,
        "promise_free_seconds": promises.free_p95_seconds,
        "n_servers": plan.n_servers,
        "bound_by": plan.bound_by,
        "is_capped": plan.is_capped,
        "p50_paid": plan.waits.p50_paid,
        "p95_paid": plan.waits.p95_paid,
        "p50_free": plan.waits.p50_free,
        "p95_free": plan.waits.p95_free,
        "utilisation_peak": plan.utilisation_peak,
        "utilisation_mean": plan.utilisation_mean,
        "cost_per_month": cost,
        "cost_per_payer": cost / terms.payers,
        "method": plan.waits.method,
        "evidence_kind": plan.evidence_kind,
    }
