"""Names of inputs, steps and ways of sourcing in the reader's language."""

from __future__ import annotations

from dashboard.studies.economics.comparison import MULTIPLES, TIMES
from dashboard.text import MISSING, Words, money_digits
from etl.analytics.inputs import INPUTS


def input_name(name: str, said: Words) -> str:
    """Name an input."""
    return {**_users(said), **_tiers(said), **_machines(said), **_money(said)}[name]


def _users(said: Words) -> dict[str, str]:
    return {
        "active_users": said.t("Monthly active users"),
        "paying_share": said.t("Payers among monthly actives"),
        "paid_churn_rate": said.t("Payers lost in a month"),
        "cac": said.t("Cost of winning a payer"),
        "peak_installs_per_day": said.t("Installs on the peak day"),
        "half_life_days": said.t("Half-life of the wave"),
        "installs": said.t("Installs of the wave"),
        "retained_rate": said.t("Installs still active in the second month"),
        "free_churn_rate": said.t("Retained users lost in a month"),
        "paid_conversion_rate": said.t("Payers among installs"),
        "free_images_per_install": said.t("Pictures of an install in its first month"),
        "spend_per_install": said.t("Users' spending for an install"),
        "ad_revenue_per_retained_user": said.t("Advertising revenue of a retained user"),
        "marketing_cost": said.t("Marketing for the wave"),
    }


def _tiers(said: Words) -> dict[str, str]:
    return {
        "net_proceeds": said.t("Kept of a payer after tax and store"),
        "store_share": said.t("Share kept by the store"),
        "refund_rate": said.t("Payments refunded"),
        "chargeback_rate": said.t("Payments charged back"),
        "paid_images_per_user": said.t("Pictures of a payer"),
        "paid_wait_seconds": said.t("Wait promised to payers (p95)"),
        "free_images_per_user": said.t("Pictures of a free user"),
        "free_cap_images": said.t("Cap of free pictures for a device"),
        "abuse_share": said.t("Free devices that dodge the cap"),
        "abuse_images_per_user": said.t("Pictures of a device that dodges the cap"),
        "ad_revenue_per_free_user": said.t("Advertising revenue of a free user"),
        "free_wait_seconds": said.t("Wait that free users bear (p95)"),
    }


def _machines(said: Words) -> dict[str, str]:
    return {
        "cost_per_image": said.t("Cost of a picture"),
        "retry_rate": said.t("Retries for a kept picture"),
        "blocked_rate": said.t("Pictures blocked by moderation"),
        "storage_per_image": said.t("Storage of a picture"),
        "egress_per_image": said.t("Traffic of a picture"),
        "moderation_per_image": said.t("Moderation of a picture"),
        "images_per_second": said.t("Speed of a machine"),
        "utilisation": said.t("Mean use of the machine"),
        "hourly_price": said.t("Price of a machine's hour"),
        "cold_start_share": said.t("Billed time beyond the work (cold starts)"),
        "api_price": said.t("Price of a picture by API"),
        "server_price": said.t("Price of a server"),
        "life_years": said.t("Life of a server"),
        "resale_share": said.t("Resale value of a server"),
        "users_per_server": said.t("Users a server carries"),
        "joules_per_image": said.t("Energy of a picture at the card"),
        "idle_watts": said.t("Draw of the idle card"),
        "tariff_per_kwh": said.t("Electricity tariff"),
        "server_overhead": said.t("Server's draw over its cards'"),
        "pue": said.t("Building's draw over its servers' (PUE)"),
        "peak_to_mean_ratio": said.t("Busiest hour over mean hour"),
    }


def _money(said: Words) -> dict[str, str]:
    return {
        "gross_margin": said.t("Gross margin of the company"),
        "other_cost_per_user": said.t("Other variable cost of a user"),
        "fixed_costs": said.t("Fixed costs"),
        "investment": said.t("Investment at the start"),
        "opening_cash": said.t("Cash at the start"),
        "payout_lag_days": said.t("Days until the store pays out"),
        "cumulative_abnormal_return": said.t("Cumulative abnormal return of the news"),
        "market_value": said.t("Market value on the eve"),
    }


def step_name(name: str, said: Words) -> str:
    """Name a computed step."""
    names = {
        "cost_per_image": said.t("Cost of a delivered picture, before moderation"),
        "proceeds": said.t("Proceeds of payers"),
        "advertising": said.t("Advertising"),
        "refunds": said.t("Refunds"),
        "chargebacks": said.t("Chargebacks"),
        "compute_paid": said.t("Pictures of payers"),
        "compute_free": said.t("Pictures of free users"),
        "moderation": said.t("Moderation"),
        "variable_costs": said.t("Variable costs (from the margin)"),
        "other_costs": said.t("Other variable costs"),
        "contribution_per_user": said.t("Contribution of a user"),
        "contribution_per_payer": said.t("Contribution of a payer"),
        "fixed_costs_per_user": said.t("Fixed costs for a user"),
        "acquisition_per_user": said.t("Winning payers in place of those who leave"),
        "result_per_user": said.t("Result of a user"),
        "monthly_result": said.t("Result of the product"),
        "break_even_paid_conversion_rate": said.t("Break-even pay rate"),
        "break_even_with_fixed_costs": said.t("Break-even pay rate, all costs paid"),
        "payer_months": said.t("Discounted payments of a payer"),
        "ltv": said.t("Lifetime value of a payer"),
        "ltv_to_cac": said.t("Lifetime value over cost of winning"),
        "payback_months": said.t("Payback of winning a payer"),
        "investment_payback_months": said.t("Payback of the investment"),
        "npv": said.t("Net present value"),
        "irr": said.t("Internal rate of return of a year"),
        "attention": said.t("Attention: installs on the peak day"),
        "installs": said.t("Installs"),
        "retained": said.t("Still active in the second month"),
        "payers": said.t("Payers"),
        "net_revenue": said.t("Net revenue"),
        "compute": said.t("Pictures"),
        "marketing": said.t("Marketing"),
        "fixed_costs": said.t("Fixed costs"),
        "contribution": said.t("Contribution"),
        "contribution_per_install": said.t("Contribution of an install"),
        "abnormal_value": said.t("Value added by the abnormal return"),
        "hype_multiple": said.t("Hype multiple"),
    }
    return names[name]


def group_name(group: str, said: Words) -> str:
    """Name a group of inputs."""
    names = {
        "users": said.t("Users"),
        "free": said.t("Free tier"),
        "paid": said.t("Paid tier"),
        "wave": said.t("Wave"),
        "picture": said.t("A picture"),
        "machine": said.t("Machine"),
        "money": said.t("Money"),
        "listed": said.t("Share price"),
    }
    return names[group]


def sourcing_name(sourcing: str, said: Words) -> str:
    """Name a way of sourcing pictures."""
    names = {
        "stated": said.t("A stated cost of a picture"),
        "rent": said.t("Rented machines"),
        "own": said.t("Owned servers"),
        "serverless": said.t("Serverless"),
        "api": said.t("Bought by API"),
        "shared_server": said.t("A server shared by the users it carries"),
        "gross_margin": said.t("The company's gross margin"),
    }
    return names[sourcing]


def store_names(said: Words) -> dict[str, str]:
    """Name the stores and ways of payment whose terms are held."""
    return {
        "app_store": "App Store",
        "google_play": "Google Play",
        "huawei_appgallery": said.t("Huawei AppGallery"),
        "oppo": "OPPO",
        "samsung": "Samsung",
        "vivo": "vivo",
        "xiaomi": said.t("Xiaomi"),
        "web_paddle": said.t("Web, by Paddle"),
        "web_stripe": said.t("Web, by Stripe"),
        "wechat_mini_program": said.t("WeChat mini-program"),
    }


def product_names(said: Words) -> dict[str, str]:
    """Name what is sold."""
    return {"subscription": said.t("subscription"), "one_off": said.t("single purchase")}


def settled_by(code: str, said: Words) -> str:
    """Say what would replace a guess."""
    names = {
        "events": said.t("your own events: import them on the Data page"),
        "payments": said.t("your own payments: import the store's export"),
        "bench": said.t("a measurement of pictures: the Compute page"),
        "bills": said.t("bills and quotations"),
        "terms": said.t("the store's terms for this product"),
        "filing": said.t("a filing of the company"),
        "choice": said.t("your own decision"),
    }
    return names[code]


def unit_name(unit: str, said: Words) -> str:
    """Write a unit; currencies keep their ISO codes."""
    amount, _, per = unit.partition("/")
    words = {
        "count": said.t("users"),
        "ratio": said.t("share"),
        "times": said.t("times"),
        "images": said.t("pictures"),
        "seconds": said.t("seconds"),
        "days": said.t("days"),
        "months": said.t("months"),
        "years": said.t("years"),
        "payer": said.t("payer"),
        "user": said.t("user"),
        "month": said.t("month"),
        "day": said.t("day"),
        "hour": said.t("hour"),
        "GPU-hour": said.t("GPU hour"),
        "image": said.t("picture"),
        "install": said.t("install"),
        "server": said.t("server"),
        "second": said.t("second"),
        "log ratio": said.t("log ratio"),
    }
    parts = [amount, *per.split("/")] if per else [amount]
    return "/".join(words.get(part, part) for part in parts)


def figure_unit(unit: str, said: Words) -> str:
    """Write the unit of a figure as :func:`amount` writes it: a share stands in per cent."""
    head, _, per = unit.partition("/")
    if head != "ratio":
        return unit_name(unit, said)
    return f"%/{unit_name(per, said)}" if per else "%"


def step_unit(name: str, unit: str, said: Words) -> str:
    """Write the unit of a step: a share stands in per cent, a multiple is so many times."""
    return unit_name(TIMES, said) if name in MULTIPLES else figure_unit(unit, said)


def step_scale(name: str, unit: str) -> float:
    """Return by what a step is multiplied to be shown in its unit, as everywhere else."""
    is_share = name not in MULTIPLES and unit.partition("/")[0] == "ratio"
    return 100.0 if is_share else 1.0


def input_unit(name: str, unit: str, said: Words) -> str:
    """Write the unit of an input whose share is a bare number; a factor is so many times."""
    return unit_name(unit if is_share(name) or unit != "ratio" else TIMES, said)


def is_share(name: str) -> bool:
    """Return whether an input is a share.

    A ratio that cannot be below 1, such as a building's draw over its servers', is none.
    """
    spec = INPUTS[name]
    return spec.unit.partition("/")[0] == "ratio" and spec.minimum < 1


def amount(value: float | None, unit: str, said: Words) -> str:
    """Write a figure by its unit: shares as percentages, money with its ISO code."""
    if value is None or value != value:
        return MISSING
    head, _, per = unit.partition("/")
    if head == "ratio":
        return said.percent(value, digits=2 if abs(value) < 0.1 else 1)
    digits = _digits(value)
    if len(head) == 3 and head.isupper():
        tail = f"/{unit_name(per, said)}" if per else ""
        return f"{said.money(value, head, digits=digits)}{tail}"
    return f"{said.number(value, digits=digits)} {unit_name(unit, said)}"


def bare_amount(value: float | None, unit: str, said: Words) -> str:
    """Write a figure as :func:`amount` without its unit, which then stands beside it."""
    if value is None or value != value:
        return MISSING
    head, digits = unit.partition("/")[0], _digits(value)
    if head == "ratio":
        return amount(value, unit, said)
    if len(head) == 3 and head.isupper():
        digits = money_digits(value, head, digits)
    return said.number(value, digits=digits)


def _digits(value: float) -> int:
    """Return the decimals that leave three telling digits."""
    size = abs(value)
    steps = ((100, 0), (10, 1), (1, 2), (0.1, 3), (0.01, 4))
    return next((digits for least, digits in steps if size >= least), 6 if size else 0)
