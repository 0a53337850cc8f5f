"""Facts that answer one question differently, as one range."""

from __future__ import annotations

from collections.abc import Sequence

from etl.analytics.quantities import Quantity, weakest


def differ(found: Sequence[Quantity]) -> bool:
    """Say whether figures are not all the same."""
    return len({quantity.ends for quantity in found}) > 1


def one_range(found: Sequence[Quantity]) -> Quantity:
    """Return figures in one unit as one range from lowest to highest.

    The middle of figures that differ is nobody's: it says so, is estimated at best, and bears the
    address of no single claim.
    """
    ends = [end for quantity in found for end in quantity.ends]
    low, high = min(ends), max(ends)
    kinds = [quantity.evidence_kind for quantity in found]
    source = "; ".join(dict.fromkeys(quantity.source for quantity in found))
    addresses = list(dict.fromkeys(quantity.source_url for quantity in found))
    if differ(found):
        kinds.append("estimated")
        told = ", ".join(f"{quantity.fact_id} {_figure(quantity)}" for quantity in found)
        source = f"our middle of figures that differ ({told} {found[0].unit}): {source}"
    return Quantity(
        (low + high) / 2,
        found[0].unit,
        kinds[0] if len(kinds) == 1 else weakest(kinds),
        low,
        high,
        "uniform",
        source,
        addresses[0] if len(addresses) == 1 else "",
        max((quantity.as_of for quantity in found if quantity.as_of), default=None),
        ", ".join(quantity.fact_id for quantity in found),
    )


def _figure(quantity: Quantity) -> str:
    low, high = quantity.ends
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
