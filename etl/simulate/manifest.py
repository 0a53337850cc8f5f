"""``simulation.json``: what was asked for, what is true inside, and what came out."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from etl.schemas import ACQUISITION_SPEND, PRODUCT_EVENTS, SUBSCRIPTION_TRANSACTIONS
from etl.simulate import world
from etl.simulate.life import Setting
from etl.simulate.parameters import RETENTION_DAYS, VERSION

NOTICE = (
    "Made up by a seeded simulator. Not evidence about any real app, market or person; "
    "not for priors or defaults of real forecasts; not for filling gaps in observed data."
)


def document(
    setting: Setting, counts: dict[str, np.ndarray], files: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the document; it depends on seed and parameters alone, never on clock or machine."""
    parameters = setting.parameters
    n_duplicates = int(counts["duplicates"][0])
    return {
        "simulator": "artonomics simulate events",
        "version": VERSION,
        "evidence_kind": "simulated",
        "notice": NOTICE,
        "source_url": parameters.source_url,
        "seed": parameters.seed,
        "parameters": parameters.document(),
        "packages": {name: version(name) for name in ("numpy", "pyarrow", "scipy")},
        "first_day": parameters.start.isoformat(),
        "retrieved_at": parameters.retrieved_at.isoformat(),
        "retention": _retention(setting, counts),
        "experiments": _experiments(setting, counts),
        "rates": world.RATES,
        "renewals": [
            {
                "product_id": product.name,
                "law": "shifted-beta-geometric",
                "alpha": product.renewal_alpha,
                "beta": product.renewal_beta,
                "period_days": product.period_days,
            }
            for product in world.PRODUCTS
            if product.period_days
        ],
        "currencies_per_usd": {c.currency: c.per_usd for c in world.COUNTRIES},
        "bursts": [asdict(burst) for burst in setting.plan.bursts],
        "conventions": _CONVENTIONS,
        "n_rows": {
            table.name: sum(f["n_rows"] for f in files if f["path"].startswith(table.name))
            for table in (PRODUCT_EVENTS, SUBSCRIPTION_TRANSACTIONS, ACQUISITION_SPEND)
        },
        "n_users": parameters.users,
        "n_distinct_events": int(counts["rows_by_kind"].sum()) - n_duplicates,
        "n_duplicate_rows": n_duplicates,
        "n_late_rows": int(counts["late"][0]),
        "n_rows_by_event_name": {
            name: int(n) for name, n in zip(world.KINDS, counts["rows_by_kind"], strict=True)
        },
        "files": files,
    }


_CONVENTIONS = {
    "day": "UTC calendar day; a session never crosses midnight",
    "retention": "n_day: session_start on the k-th UTC day after the day of install",
    "purchase": "first payment of a subscription, or a pack; later ones are called renewal",
    "outside_sessions": "first payments after a trial, renewals and refunds are no activity",
    "refund": (
        "a row of its own with a negative price: purchased_at of the payment, refunded_at of the "
        "refund; the payment's own row stays as it was, so prices add up to what was kept"
    ),
    "duplicates": "whole rows written twice, with the same event_id and received_at",
    "late": "received_at an hour or more after event_at",
    "period": "a month has 30 days and a year 365",
    "price_experiment": "the assigned price stands in properties and holds for pro_monthly",
    "waiting": (
        "free users outside the waiting-time experiment wait longer on crowded days; viral users "
        "convert and return less, so the raw relation of waiting and paying is confounded"
    ),
}


def _retention(setting: Setting, counts: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    rows = []
    for position, target in enumerate(setting.parameters.targets()):
        observed, returned = (int(counts[name][position]) for name in ("observed", "returned"))
        rows.append(
            asdict(target)
            | {"n_observed": observed, "n_returned": returned}
            | {"realised_rate": returned / observed if observed else None}
        )
    return rows


def _experiments(setting: Setting, counts: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return every arm with its true effects; ratios are relative to the control arm."""
    rows = []
    to_paid = 1 - world.TRIAL_SHARE + world.TRIAL_SHARE * world.TRIAL_TO_PAID
    for number, arm in enumerate(world.ARMS):
        if arm.experiment is None:
            continue
        complete, paid = (int(counts[n][number]) for n in ("complete_by_arm", "paid_by_arm"))
        rows.append(
            {
                "experiment_id": arm.experiment,
                "variant": arm.variant,
                "is_control": arm.is_control,
                "assignment_probability": arm.probability,
                "assigned_wait_seconds": arm.assigned_wait_seconds,
                "monthly_price_usd": arm.monthly_price_usd,
                "true_effects": {
                    "paid_within_35_days_ratio": arm.conversion_ratio,
                    "paid_within_35_days_rate": _conversion(setting, arm) * to_paid,
                    "free_images_per_session_ratio": arm.images_ratio,
                    "retention_rate": {
                        f"day_{day}": setting.calibration.of_arm(day, number)
                        for day in RETENTION_DAYS
                        if day < setting.parameters.days
                    },
                },
                "n_complete_35_days": complete,
                "n_paid_within_35_days": paid,
            }
        )
    return rows


def _conversion(setting: Setting, arm: world.Arm) -> float:
    """Return the true chance to convert in an arm, over installs that are observed 35 days.

    Where there are none, over all installs.
    """
    complete = setting.plan.installs[: max(setting.parameters.days - 35, 0)].sum(axis=0)
    installs = complete if complete.any() else setting.plan.installs.sum(axis=0)
    country = np.array([c.paying for c in world.COUNTRIES])
    channel = np.array([c.paying for c in world.CHANNELS])
    mean = (installs * np.outer(country, channel)).sum() / installs.sum()
    return float(world.BASE_CONVERSION * arm.conversion_ratio * mean)
