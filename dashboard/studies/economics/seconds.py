"""What a promised second costs, and the rise of paying users that would pay for it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from dashboard.studies.economics.capacity import (
    NEEDED,
    CapacityChoice,
    demand_of,
    evidence_of,
    service_of,
)
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.studies.economics.speeds import SpeedChoice
from dashboard.studies.frames import columns
from etl.analytics.capacity_price import Terms, price_of_a_second
from etl.analytics.quantities import Quantity, weakest
from etl.analytics.queue_answer import solve
from etl.analytics.user_month import user_month

PROMISES = (1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
SECONDS = ("promise_seconds", "servers", "cost_per_month", "cost_per_payer")
SECONDS = (*SECONDS, "needed_uplift_ratio", "needed_conversion_rate", "p95_paid", "evidence_kind")


def seconds_missing(study: ScenarioStudy) -> list[str]:
    """Return the inputs without which a promised second has no price for a payer."""
    given = study.scenario.inputs.given
    return [name for name in (*NEEDED, "net_proceeds") if name not in given]


def seconds_need_simulation(
    study: ScenarioStudy, speed: SpeedChoice, choice: CapacityChoice
) -> bool:
    """Return whether payers' waits have no formula under what was chosen."""
    demand, service = demand_of(study, choice), service_of(speed, choice)
    if service.batches is not None:
        return True
    waits = solve(
        service.load(demand.peak_rates, math.floor(service.offered(demand.peak_rates)) + 2)
    )
    return demand.peak_rates[0] > 0 and "paid" not in waits.tails


def seconds_study(
    study: ScenarioStudy, speed: SpeedChoice, choice: CapacityChoice, hour: Quantity
) -> pd.DataFrame:
    """Return what each promise to payers costs, and the rise of paying users that would pay for it.

    Parameters
    ----------
    choice
        With the line that waits have a formula in, or jobs to simulate.
    hour
        Price of a machine's hour.

    Returns
    -------
    DataFrame
        :data:`SECONDS`, a row a promise of :data:`PROMISES`, the shortest first; free users are
        promised nothing.

    Raises
    ------
    ValueError
        Numbers that cannot be.
    """
    gain, counts_pictures = gain_of_a_payer(study)
    v = study.scenario.inputs.values()
    users = float(v["active_users"])
    found = price_of_a_second(
        demand_of(study, choice),
        service_of(speed, choice),
        PROMISES,
        None,
        Terms(hour.value, users, users * float(v["paying_share"]), gain),
        n_jobs=choice.n_jobs or 10_000,
        seed=choice.seed,
    )
    given = study.scenario.inputs.given
    basis = [evidence_of(study, speed), hour.evidence_kind, given["net_proceeds"].evidence_kind]
    if counts_pictures and study.month is not None:
        basis.append(study.month.evaluation.step("contribution_per_user").evidence_kind)
    renamed = {
        "promise_paid_seconds": "promise_seconds",
        "n_servers": "servers",
        "needed_relative_uplift": "needed_uplift_ratio",
    }
    frame = found.rename(columns=renamed)
    kinds = [weakest([str(kind), *basis]) for kind in frame["evidence_kind"]]
    frame = frame.assign(evidence_kind=kinds).iloc[::-1].reset_index(drop=True)
    return columns(frame, *SECONDS)


def gain_of_a_payer(study: ScenarioStudy) -> tuple[float, bool]:
    """Return what one more user who pays brings in a month, and whether pictures are counted.

    The contribution of a payer less that of a user who does not pay; where one of them is not
    known, the proceeds of a payer less refunds and chargebacks.
    """
    v, sourcing = study.scenario.inputs.values(), study.scenario.document.sourcing
    month = user_month({**v, "paying_share": np.array([1.0, 0.0])}, sourcing)
    gain = -float(np.diff(month["contribution_per_user"])[0])
    if gain > 0:  # and known
        return gain, True
    kept = v["net_proceeds"] * (1 - v["refund_rate"] - v["chargeback_rate"])
    return float(kept), False


def in_one_line(choice: CapacityChoice) -> CapacityChoice:
    """Return the same with everybody in one line, for which waits have a formula."""
    return replace(choice, line="one")
