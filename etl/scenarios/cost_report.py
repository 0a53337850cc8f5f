"""The costs of a scenario's pictures as a document, as rows and in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.evidence import Evidence, Reader
from etl.scenarios.names import known_currency
from etl.scenarios.picture_costs import CellCost, picture_costs
from etl.scenarios.resolve import Scenario, scenario

Document = dict[str, Any]
INCLUDED = ("retries", "blocked pictures", "storage and traffic", "moderation")
"""What the cost of a delivered picture holds; the step ``cost_per_image`` is before moderation."""


def report(
    raw: Mapping[str, Any], place: str, reader: Reader | None, currency: str | None = None
) -> Document:
    """Return what a scenario's pictures cost, with the evidence of every figure.

    Parameters
    ----------
    raw, place, reader
        As :func:`etl.scenarios.resolve.scenario` takes them.
    currency
        In place of the scenario's; costs are converted at the rate of its day.

    Raises
    ------
    InputError
        As :func:`etl.scenarios.resolve.scenario` and
        :func:`etl.scenarios.picture_costs.picture_costs`; an unknown currency, or no rate of it.
    """
    found = scenario(raw, place, reader)
    target = _known(currency) if currency else found.document.currency
    return document(found, Evidence(reader, found.document.as_of), target)


def document(found: Scenario, evidence: Evidence, target: str) -> Document:
    """Return what the pictures of a scenario cost in a currency, as :func:`report` does."""
    costs, told = picture_costs(found), found.document

    def shown(quantity: Quantity | None) -> Document | None:
        return None if quantity is None else _told(evidence.converted(quantity, target))

    rate = evidence.converted(Quantity(1.0, told.currency, "disclosed"), target)
    return {
        "scenario": told.name,
        "as_of": told.as_of.isoformat(),
        "currency": target,
        "converted": rate.converted or None,
        "sourcing": told.sourcing,
        "cells": [_cell(cell, shown(cell.cost)) for cell in costs.cells],
        "includes": list(INCLUDED),
        "cost_per_image": shown(costs.per_image),
        "cost_per_1000_images": shown(costs.per_1000),
        "parts_per_image": {name: part * rate.value for name, part in costs.parts.items()},
        "pack_images": costs.n_pictures,
        "training": shown(costs.training),
        "cost_per_pack": shown(costs.per_pack),
        "missing": {name: list(cells) for name, cells in costs.missing.items()},
        "is_lower_bound": costs.is_lower_bound,
        "without_energy": list(costs.without_energy),
    }


def _known(currency: str) -> str:
    try:
        return known_currency(currency)
    except ValueError as problem:
        got, _, expected = str(problem).partition("; expected ")
        expected, _, meant = expected.partition("; ")
        raise InputError(f"{got} for --currency", expected, meant) from problem


def _told(quantity: Quantity) -> Document:
    low, high = quantity.ends
    return {
        "value": quantity.value,
        "low": None if quantity.is_exact else low,
        "high": None if quantity.is_exact else high,
        "unit": quantity.unit,
        "evidence_kind": quantity.evidence_kind,
        "as_of": quantity.as_of.isoformat() if isinstance(quantity.as_of, date) else None,
        "source": quantity.source,
        "source_url": quantity.source_url,
        "converted": quantity.converted or None,
    }


def _cell(cell: CellCost, cost: Document | None) -> Document:
    return {
        "name": cell.name,
        "share": cell.share,
        "cost_per_image": cost,
        "missing": list(cell.missing),
        "inputs": {name: _told(quantity) for name, quantity in cell.inputs.items()},
    }


def table(document: Document) -> list[dict[str, Any]]:
    """Return a row a kind of picture, then the mix and the pack."""
    rows = [_row(cell["name"], cell["share"], cell["cost_per_image"]) for cell in document["cells"]]
    rows.append(_row("the mix, 1 image", 1.0, document["cost_per_image"]))
    rows.append(_row("the mix, 1,000 images", None, document["cost_per_1000_images"]))
    if document["pack_images"] is not None:
        rows.append(_row("training of a pack", None, document["training"]))
        what = f"a pack of {document['pack_images']:,} images"
        rows.append(_row(what, None, document["cost_per_pack"]))
    return rows


def _row(what: str, share: float | None, cost: Document | None) -> dict[str, Any]:
    named = ("value", "low", "high", "unit", "evidence_kind")
    return {
        "what": what,
        "share": share,
        **{name: None if cost is None else cost[name] for name in named},
    }


def sentences(document: Document) -> list[str]:
    """Return what a reader must know of the figures."""
    found: list[str] = []
    if document["is_lower_bound"]:
        left_out = ", ".join(document["without_energy"])
        found.append(f"A lower bound: electricity is left out where it was not given ({left_out}).")
    found += [
        f"Not known without {name} (of {', '.join(cells)})."
        for name, cells in document["missing"].items()
    ]
    if document["converted"]:
        found.append(f"Converted: {document['converted']}.")
    return found
