"""What every option costs at every number of pictures a day, as one table."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from etl.analytics.sourcing import SourcingCost, SourcingOption, Workload, check_names


def cheapest(
    options: Sequence[SourcingOption], images_per_day: Sequence[float], workload: Workload
) -> pd.DataFrame:
    """Return what every option costs at every number of pictures, and which is cheapest.

    Parameters
    ----------
    options
        At least one, no name twice.
    images_per_day
        Means, each above 0.
    workload
        What is asked of all.

    Returns
    -------
    pandas.DataFrame
        One row a number and option: ``images_per_day, option, kind, n_machines, utilisation,
        machine_usd, electricity_usd, extras_usd`` (of a picture), ``cost_per_image_usd,
        cost_per_month_usd, is_lower_bound, is_cheapest, evidence_kind, as_of, source,
        source_url``. Of equally cheap options the first is the cheapest. What an option does not
        have (machines; an electricity that was not measured) is missing.

    Raises
    ------
    ValueError
        No option, a name that stands twice, or a number that is not above 0.
    """
    check_names(options)
    rows: list[dict[str, object]] = []
    for number in images_per_day:
        costs = [option.cost(float(number), workload) for option in options]
        best = min(costs, key=lambda cost: cost.cost_per_month_usd)
        rows += [
            {**_row(option, cost), "is_cheapest": cost is best}
            for option, cost in zip(options, costs, strict=True)
        ]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    frame["n_machines"] = frame["n_machines"].astype("Int64")
    return frame


_COLUMNS = (
    *("images_per_day", "option", "kind", "n_machines", "utilisation", "machine_usd"),
    *("electricity_usd", "extras_usd", "cost_per_image_usd", "cost_per_month_usd"),
    *("is_lower_bound", "is_cheapest", "evidence_kind", "as_of", "source", "source_url"),
)


def _row(option: SourcingOption, cost: SourcingCost) -> dict[str, object]:
    return {
        "images_per_day": cost.images_per_day,
        "option": option.name,
        "kind": option.kind,
        "n_machines": cost.n_machines,
        "utilisation": cost.utilisation,
        "machine_usd": cost.per_image.machine_usd,
        "electricity_usd": cost.per_image.electricity_usd,
        "extras_usd": cost.per_image.extras_usd,
        "cost_per_image_usd": cost.cost_per_image_usd,
        "cost_per_month_usd": cost.cost_per_month_usd,
        "is_lower_bound": cost.is_lower_bound,
        "evidence_kind": option.evidence.evidence_kind,
        "as_of": option.evidence.as_of,
        "source": option.evidence.source,
        "source_url": option.evidence.source_url,
    }
