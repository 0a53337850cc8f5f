"""What one user costs, what one payer brings, and how many must pay.

Amounts are in one currency, which the caller keeps; rates are between 0 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from etl.analytics.intervals import Interval


@dataclass(frozen=True)
class StoreTerms:
    """What a store and the state keep of a price; ``None`` is not known, never zero.

    Attributes
    ----------
    commission_rate, billing_fee_rate
        Shares kept by the store and the payment service; a missing billing fee is none on top.
    tax_rate
        Consumption tax.
    price_includes_tax
        Whether the shown price contains the tax.
    tax_deducted_before_commission
        Whether commission is taken on the price after tax.
    """

    commission_rate: float | None
    tax_rate: float | None
    price_includes_tax: bool | None
    tax_deducted_before_commission: bool | None
    billing_fee_rate: float | None = None


@dataclass(frozen=True)
class Unknown:
    """A result that cannot be computed, and what is missing for it."""

    missing: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Say what is missing."""
        return f"not known: {', '.join(self.missing)}"


def server_cost_per_user_month(
    server_price: Interval, life_months: Interval, users_per_server: Interval
) -> Interval:
    """Return the straight-line cost of the server for one user and month.

    Parameters
    ----------
    server_price
        Price of one server, in some currency.
    life_months
        Months over which the price is spread, without resale value.
    users_per_server
        Users one server serves.

    Returns
    -------
    Interval
        Same currency per user and month; electricity, staff and bandwidth are not in it.
    """
    return server_price / life_months / users_per_server


def api_cost_per_user_month(price_per_image: Interval, images_per_user_month: Interval) -> Interval:
    """Return what the pictures of one user and month cost, bought by API.

    Parameters
    ----------
    price_per_image
        In some currency; every delivered picture is paid for once.
    images_per_user_month
        Pictures of a mean user in a month, free and paid together.

    Returns
    -------
    Interval
        Same currency per user and month; retries and blocked pictures are not in it.
    """
    return price_per_image * images_per_user_month


def net_proceeds(price: float, terms: StoreTerms) -> float | Unknown:
    """Return what the seller keeps of one sale, in the currency of the price.

    Parameters
    ----------
    price
        Shown price, above zero.
    terms
        With p the price without tax, c the commission and billing fee together: commission on
        the price after tax leaves p·(1 − c), on the shown price p − c·shown.

    Returns
    -------
    float or Unknown
        ``Unknown`` names the terms that are missing. Without a consumption tax (rate 0) the
        questions about the tax do not matter and may be missing.

    Raises
    ------
    ValueError
        If the price or a rate lies outside its range.
    """
    if not price > 0:
        raise ValueError(f"got the price {price}; it must be above zero")
    missing = _missing_terms(terms)
    if missing:
        return Unknown(missing)
    fees, tax = (terms.commission_rate or 0.0) + (terms.billing_fee_rate or 0.0), terms.tax_rate
    tax = tax or 0.0
    if not (0 <= fees <= 1 and 0 <= tax <= 1):
        raise ValueError(f"got fees of {fees} and a tax of {tax}; rates lie between 0 and 1")
    includes_tax = terms.price_includes_tax or tax == 0
    without_tax = price / (1 + tax) if includes_tax else price
    shown = price if includes_tax else price * (1 + tax)
    base = without_tax if terms.tax_deducted_before_commission or tax == 0 else shown
    return without_tax - fees * base


def net_proceeds_either_order(price: float, terms: StoreTerms) -> Interval | Unknown:
    """Return what is kept of a sale by the stated order of tax and fee, ranging over both orders.

    Parameters
    ----------
    price, terms
        As in :func:`net_proceeds`; an order that is not stated stays ``Unknown`` where a tax
        applies.

    Raises
    ------
    ValueError
        As :func:`net_proceeds`; also if nothing is kept of the price.
    """
    first = terms.tax_deducted_before_commission
    other = replace(terms, tax_deducted_before_commission=None if first is None else not first)
    kept = [net_proceeds(price, each) for each in (terms, other)]
    known = [each for each in kept if not isinstance(each, Unknown)]
    if len(known) < len(kept):
        return next(each for each in kept if isinstance(each, Unknown))
    return Interval(known[0], min(known), max(known))


def break_even_paid_conversion_rate(
    cost_per_user: Interval, net_proceeds_per_payer: Interval
) -> Interval:
    """Return the share of users who must pay so that payers cover the cost of all users.

    Both arguments are in the same currency and for the same period; a result above 1 means that
    no share is enough.
    """
    return cost_per_user / net_proceeds_per_payer


def _missing_terms(terms: StoreTerms) -> tuple[str, ...]:
    """Return the names of the terms that are needed and not known."""
    needed = ["commission_rate", "tax_rate"]
    if terms.tax_rate:
        needed += ["price_includes_tax", "tax_deducted_before_commission"]
    return tuple(name for name in needed if getattr(terms, name) is None)
