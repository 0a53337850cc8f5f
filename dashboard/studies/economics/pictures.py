"""What the pictures of a scenario cost, each kind, the mix and a pack."""

from __future__ import annotations

from dashboard.queries import Reader
from dashboard.studies.economics.scenario import scenario_study
from etl.scenarios.picture_costs import PictureCosts, picture_costs


def pictures_study(reader: Reader, written: str) -> PictureCosts:
    """Work out what the pictures of a scenario cost.

    Parameters
    ----------
    written
        Of :func:`dashboard.studies.economics.scenario.frozen`.

    Raises
    ------
    InputError
        As :func:`etl.scenarios.picture_costs.picture_costs`, or a scenario that is wrong.
    """
    return picture_costs(scenario_study(reader, written).scenario)
