"""Names that a scenario may use: keys, currencies and storefronts, with the nearest known one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import cache

from etl.analytics.inputs import INPUTS
from etl.errors import InputError

ANYWHERE = "*"
REGIONS = ("EEA", "EU")
"""Storefronts of the table of store terms that are no single country."""
_NO_COUNTRIES = ("EU", "ZZ")

ALIASES = {
    **dict.fromkeys(("pay_rate", "payer_share", "payer_ratio", "paid_share"), "paying_share"),
    **dict.fromkeys(("conversion", "conversion_rate", "cvr"), "paid_conversion_rate"),
    **dict.fromkeys(("churn", "churn_rate", "monthly_churn"), "paid_churn_rate"),
    **dict.fromkeys(("retention", "retention_rate", "d30"), "retained_rate"),
    **dict.fromkeys(("mau", "users", "monthly_active_users"), "active_users"),
    **dict.fromkeys(("cpa", "acquisition_cost", "customer_acquisition_cost"), "cac"),
    **dict.fromkeys(
        ("arpu", "arppu", "arpp"), "net_proceeds (a payer's month), or a price in plans"
    ),
    **dict.fromkeys(("price", "subscription_price", "plan_price"), "price in plans"),
    **dict.fromkeys(("downloads", "new_users"), "installs"),
    **dict.fromkeys(("refunds", "refund"), "refund_rate"),
    **dict.fromkeys(("chargebacks", "chargeback"), "chargeback_rate"),
    **dict.fromkeys(("retries", "retry"), "retry_rate"),
    **dict.fromkeys(("throughput", "speed", "fps", "images_per_sec"), "images_per_second"),
    **dict.fromkeys(("gpu_price", "gpu_hour_price", "price_per_hour"), "hourly_price"),
    **dict.fromkeys(("energy", "power", "joules"), "joules_per_image"),
    **dict.fromkeys(("electricity_price", "electricity", "tariff"), "tariff_per_kwh"),
    **dict.fromkeys(("compute_cost", "image_cost", "cogs"), "cost_per_image"),
    **dict.fromkeys(("margin",), "gross_margin"),
    **dict.fromkeys(("opex", "overhead", "fixed_cost"), "fixed_costs"),
    **dict.fromkeys(("capex",), "investment"),
    **dict.fromkeys(("cash",), "opening_cash"),
    **dict.fromkeys(("marketing", "ad_spend"), "marketing_cost"),
    **dict.fromkeys(("market_cap",), "market_value"),
}
"""What the trade calls it → the input that was perhaps meant."""
_CURRENCY_ALIASES = {
    **dict.fromkeys(("RMB", "YUAN", "CNH"), "CNY"),
    **dict.fromkeys(("DOLLAR", "US$", "USDT"), "USD"),
    **dict.fromkeys(("EURO", "DEM", "FRF", "ITL"), "EUR"),
    **dict.fromkeys(("YEN",), "JPY"),
    **dict.fromkeys(("STG", "GBX", "POUND"), "GBP"),
    **dict.fromkeys(("NTD",), "TWD"),
}
_STOREFRONT_ALIASES = {"UK": "GB", "JA": "JP", "EN": "US", "KO": "KR"}


def unknown(got: str, name: str, known: Sequence[str]) -> InputError:
    """Return the error for a name that is not known, with the nearest one that is.

    What was perhaps meant stands right behind what was got: the names that are known may be many.
    """
    expected = f"one of {', '.join(known)}" if known else "a name, and there is none here"
    return InputError(f"got {got}{_meant(nearest(name, known))}", expected)


def unknown_key(got: str, name: str, known: Sequence[str]) -> InputError:
    """Return the error for a key that is not known, with the nearest one that is."""
    return unknown(f"the unknown key {got}", name, known)


def unknown_input(got: str, name: str) -> InputError:
    """Return the error for an input that is not known: the trade's own words are understood."""
    near = ALIASES.get(name.lower()) or nearest(name, list(INPUTS))
    return InputError(f"got the unknown key {got}{_meant(near)}", f"one of {', '.join(INPUTS)}")


def misplaced_input(name: str) -> str:
    """Return the input that a key at the top of a scenario was meant for; empty for another key."""
    return name if name in INPUTS else ALIASES.get(name.lower(), "")


def nearest(name: str, known: Collection[str]) -> str:
    """Return the known name that is spelt most alike; empty where none is near."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), "")


def _meant(near: str) -> str:
    return f" (perhaps you meant {near})" if near else ""


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes that are legal tender somewhere today."""
    from babel.core import get_global

    held = get_global("territory_currencies").values()
    return frozenset(
        code for of_one in held for code, _, until, is_tender in of_one if is_tender and not until
    )


@cache
def storefronts() -> frozenset[str]:
    """Return the country codes (ISO 3166-1) of places with a currency, and the known regions."""
    from babel.core import get_global

    held = set(get_global("territory_currencies")) - set(_NO_COUNTRIES)
    return frozenset({*held, *REGIONS, ANYWHERE})


def known_currency(code: str) -> str:
    """Return a currency that is known.

    Raises
    ------
    ValueError
        Another code; the error names what was perhaps meant.
    """
    if code in currencies():
        return code
    upper, known = code.upper(), sorted(currencies())
    turned = (each for each in known if sorted(each) == sorted(upper))  # UDS is USD
    near = _CURRENCY_ALIASES.get(upper) or next(turned, "") or nearest(upper, known)
    raise ValueError(f"got {code}; expected an ISO 4217 code such as CNY{_hint(near)}")


def known_storefront(code: str) -> str:
    """Return a storefront that is known: a country, a region of the table of terms, or ``*``.

    Raises
    ------
    ValueError
        Another code; the error names what was perhaps meant.
    """
    if code in storefronts():
        return code
    upper = code.upper()
    near = _STOREFRONT_ALIASES.get(upper) or (upper if upper in storefronts() else "")
    raise ValueError(
        f"got {code}; expected a country code such as CN, {' or '.join(REGIONS)}, or * for any"
        f"{_hint(near)}"
    )


def _hint(near: str) -> str:
    return f"; perhaps you meant {near}" if near else ""
