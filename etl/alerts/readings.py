"""What the published tables say about a rule at present: one reading a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from etl.alerts import readings_market, readings_own, readings_product, rules
from etl.alerts.reading import Look, Reading

_READ: dict[type[rules.Rule], Callable[[Any, Look], Iterator[Reading]]] = {
    rules.AppEntersTop: readings_market.position,
    rules.AbnormalReturn: readings_market.returns,
    rules.RetentionDrop: readings_product.retention,
    rules.CostCrosses: readings_product.cost_of_pictures,
    rules.ScenarioCrosses: readings_product.result,
    rules.QueryCrosses: readings_own.answers,
    rules.SourceStale: readings_own.sources,
}


def readings(rule: rules.Rule, look: Look) -> list[Reading]:
    """Return what is known of every subject of a rule.

    Raises
    ------
    InputError
        If the rule names something that is not held, or its question is none.
    """
    return list(_READ[type(rule)](rule, look))
