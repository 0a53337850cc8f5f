"""What randomised trials of waiting times and prices did, and what goes along with paying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from dashboard.studies.growth.definitions import definitions
from etl.analytics.drivers import Drivers, drivers
from etl.analytics.experiments import compare_arms, split_p
from etl.errors import InputError
from etl.marts import conversion as marts

SEED = 20221207
CONTROL = "control"
COST_FACT = "compute_cost_per_image"


@dataclass(frozen=True)
class TrialStudy:
    """One randomised trial.

    Attributes
    ----------
    sums
        One row an arm, see :func:`etl.marts.conversion.arm_sums`.
    comparison
        See :func:`etl.analytics.experiments.compare_arms`; empty without two arms.
    control
        The arm the others are compared with.
    split_p
        Of equal numbers of users in all arms.
    n_in_several_arms
        Users seen in more than one arm, left out.
    window_days
        Pictures and proceeds count for so many days from a user's beginning on.
    has_money
        Whether payments stand beside the events.
    """

    sums: pd.DataFrame
    comparison: pd.DataFrame
    control: str
    split_p: float
    n_in_several_arms: int
    window_days: int
    has_money: bool
    evidence_kind: str


def trials(reader: Reader, source: str) -> pd.DataFrame:
    """Return the trials of a source: ``experiment_id, variant, n_users``."""
    definitions(reader, source).require_events()
    return reader.query(
        "SELECT experiment_id, variant, count(DISTINCT user_id) AS n_users FROM product_events "
        "WHERE source = ? AND experiment_id IS NOT NULL AND variant IS NOT NULL "
        "GROUP BY ALL ORDER BY ALL",
        [source],
    )


def trial_study(
    reader: Reader,
    source: str,
    payments: str,
    experiment_id: str,
    cost_per_image_usd: float,
    control: str = CONTROL,
) -> TrialStudy:
    """Compare the arms of a trial with its control.

    Parameters
    ----------
    source, payments
        Sources of the events and of the transactions; without the second there is no contribution.
    experiment_id
        The trial.
    cost_per_image_usd
        Compute of a picture, US dollars.
    control
        Name of the arm the others are compared with; where there is none of this name, the first.
    """
    told = definitions(reader, source)
    told.require_events()
    events = asking.events(source)
    users = marts.people(events, told.definition)
    money = marts.proceeds(asking.transactions(payments))
    last_begun = told.last_day - told.window_days
    everybody = marts.trial_users(events, users, money, told.window_days, last_begun)
    assigned = everybody.filter(everybody.experiment_id == experiment_id)
    sums = asking.ask(reader, marts.arm_sums(assigned, cost_per_image_usd))
    several: Any = sums["variant"].isna()
    arms = sums.loc[~several].sort_values("variant", ignore_index=True)
    if not payments:
        arms = arms.assign(n_unpriced=arms["n_users"])
    names = list(arms["variant"])
    if not names:
        raise InputError(
            f"got the trial {experiment_id!r}", "one the events name", "see the list of trials"
        )
    chosen = control if control in names else names[0]
    return TrialStudy(
        sums=arms,
        comparison=compare_arms(arms, chosen),
        control=chosen,
        split_p=split_p(arms),
        n_in_several_arms=int(sums.loc[several, "n_assigned"].sum()),
        window_days=told.window_days,
        has_money=bool(payments),
        evidence_kind=told.evidence_kind,
    )


def driver_study(reader: Reader, source: str) -> Drivers:
    """Return what of the first day goes along with paying later, judged on later users."""
    told = definitions(reader, source)
    told.require_events()
    events = asking.events(source)
    users = marts.people(events, told.definition)
    complete = users.filter(users.begun_day <= told.last_day - told.window_days)
    features = asking.ask(
        reader, marts.first_day_features(events, complete, told.definition.payments)
    )
    # The order of rows must not change what is drawn at random.
    ordered = features.sort_values(["begun_day", "user_id"], ignore_index=True)
    return drivers(ordered, seed=SEED)


def cost_fact(reader: Reader) -> dict[Any, Any]:
    """Return the published cost of a picture: ``value, entity, source_url, …``; empty without."""
    found = reader.query(
        "SELECT value, entity, evidence_kind, source_title, source_url, known_on "
        "FROM disclosed_facts WHERE metric = ? AND unit = 'USD/image' ORDER BY known_on DESC "
        "LIMIT 1",
        [COST_FACT],
    )
    return found.to_dict("records")[0] if len(found) else {}
