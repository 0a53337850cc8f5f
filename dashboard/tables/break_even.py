"""The tables of the break-even strip, and its remarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.studies import BreakEvenStudy, Note
from dashboard.studies.break_even import API, SERVER
from dashboard.studies.break_even_rows import SPAN, span_of
from dashboard.tables.table import Table, TableColumn, plain
from dashboard.text import Words

N_EARLIER = 3
"""Earlier figures that a tile has room for; the table below it holds them all."""
LONGEST_SPAN = pd.Timedelta(days=90)
"""Parts further apart than that are told with both their days."""
PENETRATION, CONVERSION = "subscription_penetration_rate", "download_to_paid_d35"


def rates(study: BreakEvenStudy, said: Words) -> Table:
    """Return the break-even pay rate of every price and store terms."""
    found = study.break_even.to_dict("records")
    frame = study.break_even.assign(
        about=[labels.company(row, said, "entity") for row in found],
        terms=[program(said, str(row["program"])) for row in found],
        kind=[said.evidence(str(row["evidence_kind"])) for row in found],
        price_kind=[said.evidence(str(row["price_evidence_kind"])) for row in found],
        terms_kind=[said.evidence(str(row["terms_evidence_kind"])) for row in found],
    )
    columns = {
        "about": TableColumn(said.t("About")),
        "as_of": TableColumn(said.t("Price of"), "date"),
        "price": TableColumn(said.t("Price"), "number", 2),
        "price_unit": TableColumn(said.t("Unit")),
        "price_kind": TableColumn(said.t("Evidence of the price")),
        "terms": TableColumn(said.t("Store terms")),
        "commission_rate": TableColumn(said.t("Commission"), "percent"),
        "tax_rate": TableColumn(said.t("Tax"), "percent"),
        "terms_from": TableColumn(said.t("Terms from"), "date"),
        "terms_to": TableColumn(said.t("Terms to"), "date"),
        "net_proceeds": TableColumn(said.t("Kept"), "number", 2),
        "value": TableColumn(said.t("Break-even pay rate"), "percent"),
        "low": TableColumn(said.t("Low"), "percent"),
        "high": TableColumn(said.t("High"), "percent"),
        "kind": TableColumn(said.t("Evidence")),
        "source_url": TableColumn(said.t("Source of the price"), "link"),
        "terms_url": TableColumn(said.t("Source of the terms"), "link"),
        "terms_kind": TableColumn(said.t("Evidence of the terms")),
        "fact_id": TableColumn(said.t("Claim")),
    }
    return Table(frame, columns, "break-even")


def achieved(study: BreakEvenStudy, said: Words) -> Table:
    """Return the published shares of payers, the newest first; they are not one measure."""
    rows = study.achieved.sort_values(["as_of", "fact_id"], ascending=False)
    found = rows.to_dict("records")
    frame = rows.assign(
        about=[labels.company(row, said, "entity") for row in found],
        measure=[share(said, str(row["metric"])) for row in found],
        kind=[said.evidence(str(row["evidence_kind"])) for row in found],
    )
    columns = {
        "about": TableColumn(said.t("About")),
        "measure": TableColumn(said.t("Which share"), "wide"),
        "as_of": TableColumn(said.t("As of"), "date"),
        "value": TableColumn(said.t("Value"), "percent"),
        "low": TableColumn(said.t("Low"), "percent"),
        "high": TableColumn(said.t("High"), "percent"),
        "kind": TableColumn(said.t("Evidence")),
        "source_url": TableColumn(said.t("Source"), "link"),
        "note": TableColumn(said.t("Note"), "wide"),
        "fact_id": TableColumn(said.t("Claim")),
    }
    return Table(frame, columns, "achieved-pay-rates")


def program(said: Words, code: str) -> str:
    """Name a programme of the store."""
    names = {
        "standard": said.t("App Store, standard"),
        "small_business": said.t("App Store, small business"),
        "assumed": said.t("a supposed fee"),
    }
    return names.get(code, code)


def share(said: Words, metric: str) -> str:
    """Say what a published share of payers is a share of."""
    names = {
        "subscription_penetration_rate": said.t(
            "subscription penetration: subscribers ÷ monthly actives"
        ),
        "download_to_paid_d30": said.t("paid conversion: payers within 30 days ÷ installs"),
        "download_to_paid_d35": said.t("paid conversion: payers within 35 days ÷ installs"),
    }
    return names.get(metric, metric)


def note_sentence(note: Note, said: Words) -> str:
    """Say one note of the strip."""
    values = note.values
    match note.code, values.get("name"):
        case "not_included", _:
            return said.t("Only the server is counted: no electricity, staff or bandwidth.")
        case "assumed", "life_months":
            return said.t(
                "Assumed: the server is written off over {months} months, with no resale value.",
                months=said.number(values["value"], digits=0),
            )
        case "assumed", "price_includes_tax" if values["value"]:
            return said.t("Assumed: prices shown in the store contain consumption tax.")
        case "assumed", "price_includes_tax":
            return said.t("Assumed: prices shown in the store are without consumption tax.")
        case "middle_of_range", _:
            return said.t(
                "The middle stands for the middle of the stated range of users; low and high are "
                "its ends."
            )
        case "penetration_is_not_conversion", _:
            return said.t(
                "Subscription penetration (subscribers ÷ monthly actives) is not paid conversion "
                "(payers ÷ installs): the two are never compared as one."
            )
        case "tax_order_disputed", _:
            return said.t(
                "Sources disagree whether tax comes off before the commission; the range holds "
                "both orders."
            )
        case "tax_rate_not_known", _:
            return said.t(
                "Estimated: a tax of {value}. Sources name {low} to {high} by what is sold, and "
                "none says which an app sale takes; the range holds them all.",
                **{key: said.percent(values[key], digits=0) for key in ("value", "low", "high")},
            )
        case "revenue_without_tax", _:
            return said.t("Revenue per payer as companies report it holds no tax any more.")
        case "other_currency_left_out", _:
            return said.n(
                "{n} price in another currency or for another period is left out.",
                "{n} prices in another currency or for another period are left out.",
                values["n"],
            )
        case "not_known_yet", _:
            return said.t("The facts about the server were not public yet.")
        case code, name:
            raise LookupError(f"no sentence for the note {code!r} ({name})")


def price_name(row: dict[Any, Any], said: Words) -> str:
    """Name a published price: whose it is, the amount and its period, the day."""
    amount, _, period = str(row["price_unit"]).partition("/")
    price = said.money(row["price"], amount)
    per = (
        said.t("{price} a month", price=price)
        if period == "month"
        else said.t("{price} a pack", price=price)
    )
    if row["metric"] == "arppu":
        per = said.t("{price} (revenue per payer)", price=per)
    kind = said.evidence(str(row["price_evidence_kind"]))
    who, day = labels.company(row, said, "entity"), said.date(row["as_of"])
    return said.t("{who}, {date}: {price} ({kind})", who=who, date=day, price=per, kind=kind)


def model_name(row: dict[Any, Any], said: Words) -> str:
    """Name a model sold by API with its price for 1,000 pictures."""
    model = "" if pd.isna(row["model_name"]) else str(row["model_name"])
    return said.t(
        "{who} {model}: {price} for 1,000",
        who=row["entity"],
        model=model,
        price=_for_a_thousand(row, said),
    )


def _for_a_thousand(row: dict[Any, Any], said: Words) -> str:
    currency = str(row["unit"]).partition("/")[0]
    low, high = float(row["low"]) * 1_000, float(row["high"]) * 1_000
    least, most = (said.number(end, digits=0 if end >= 10 else 1) for end in (low, high))
    return f"{currency} {least if low == high else f'{least}–{most}'}"


def slider_name(field: str, currency: str, said: Words) -> str:
    """Name a slider of the strip with its unit."""
    return {
        "server_price": said.t("Price of one GPU server ({currency})", currency=currency),
        "life_months": said.t("Its life (months)"),
        "users_per_server": said.t("Users it carries"),
        "api_price": said.t("Price of 1,000 pictures by API (USD)"),
        "images_per_user_month": said.t("Pictures of a user in a month"),
        "commission_rate": said.t("Fee of the store (%)"),
    }[field]


def stated_as(field: str, row: dict[Any, Any], said: Words) -> str:
    """Write what is stated for a slider, with its range."""
    low, high = float(row["low"]), float(row["high"])
    match field:
        case "server_price":
            return said.money(low, str(row["unit"]).partition("/")[0], digits=0)
        case "life_months":
            return said.n("{n} month", "{n} months", round(low))
        case "api_price":
            return said.t("{price} for 1,000", price=_for_a_thousand(row, said))
        case "commission_rate":
            return said.percent(low, digits=0)
        case _:
            digits = 0 if low >= 100 else 1
            least, most = (said.number(end, digits=digits) for end in (low, high))
            return least if low == high else f"{least}–{most}"


def sentence(study: BreakEvenStudy, said: Words) -> str:
    """Say in one sentence which share must pay, and what is published; all computed."""
    rates = {row["name"]: row for row in study.answers.to_dict("records")}
    if SERVER not in rates:
        cost = study.cost.iloc[0]
        return said.t(
            "One stated server costs {low} to {high} a user and month; no price that users pay "
            "was known, so no share of payers follows.",
            low=said.money(cost["low"], study.currency, digits=3),
            high=said.money(cost["high"], study.currency),
        )
    parts = [_must_pay(study, rates[SERVER], said)]
    if API in rates:
        by_api = rates[API]
        share = f"**{said.percent(by_api['value'], digits=0)}**"
        parts.append(
            said.t("; with pictures bought by API {share}, more than everybody", share=share)
            if by_api["low"] > 1
            else said.t("; with pictures bought by API {share}", share=share)
        )
    found = published(study, PENETRATION, said)
    parts.append(
        said.t(". No share of payers was published then.")
        if found is None
        else said.t(
            ". Published are {value} of monthly actives ({told}).",
            value=f"**{found.value}**",
            told=plain(found.told),
        )
    )
    return "".join(parts)


def _must_pay(study: BreakEvenStudy, rate: dict[Any, Any], said: Words) -> str:
    price = study.price.iloc[0]
    low, high = said.percent(rate["low"]), said.percent(rate["high"])
    whole = {
        "share": f"**{said.percent(rate['value'])}**",
        "ends": "" if low == high else said.t(" ({low} to {high})", low=low, high=high),
        "price": said.money(price["price"], study.currency),
    }
    if str(price["price_unit"]).endswith("/pack"):
        return said.t(
            "To cover the stated server, {share}{ends} of its users must buy a pack for {price} "
            "every month",
            **whole,
        )
    return said.t(
        "To cover the stated server, {share}{ends} of its users must pay {price} a month", **whole
    )


def server_arithmetic(study: BreakEvenStudy, said: Words) -> str:
    """Write the cost of a user and month as it is worked out."""
    rows = {str(row["name"]): row for row in study.inputs.to_dict("records")}
    cost = study.cost.iloc[0]
    return plain(
        said.t(
            "{price} ÷ {life} ÷ {users} users = {cost} a user and month",
            price=stated_as("server_price", rows["gpu_server_price"], said),
            life=stated_as("life_months", rows["life_months"], said),
            users=stated_as("users_per_server", rows["users_per_server"], said),
            cost=_between(cost["low"], cost["high"], study.currency, said),
        )
    )


def api_arithmetic(study: BreakEvenStudy, said: Words) -> str:
    """Write the cost of a user and month by API as it is worked out."""
    if study.api is None or study.api.cost.empty:
        return plain(said.t("no price by API was known"))
    rows = {str(row["name"]): row for row in study.api.inputs.to_dict("records")}
    cost = study.api.cost.iloc[0]
    return plain(
        said.t(
            "{price} × {images} pictures = {cost} a user and month",
            price=stated_as("api_price", rows["image_api_price"], said),
            images=stated_as("images_per_user_month", rows["images_per_user_month"], said),
            cost=_between(cost["low"], cost["high"], study.currency, said),
        )
    )


def kept_arithmetic(row: dict[Any, Any], study: BreakEvenStudy, said: Words) -> str:
    """Write what tax and store take of a price."""
    told = said.t(
        "of {price}: {tax} tax, {fee} fee",
        price=said.money(row["price"], study.currency),
        tax=said.percent(row["tax_rate"], digits=0),
        fee=said.percent(row["commission_rate"], digits=0),
    )
    return plain(told)


def _between(low: float, high: float, currency: str, said: Words) -> str:
    if low == high:
        return said.money(low, currency, digits=2)
    return said.t(
        "{low} to {high}",
        low=said.money(low, currency, digits=3),
        high=said.number(high, digits=2),
    )


@dataclass(frozen=True)
class Published:
    """What companies publish of one share.

    Attributes
    ----------
    value
        The newest figures of all, as a range.
    told
        How many figures, and whose is the newest, of which day.
    newest
        Row of the newest.
    evidence_kind
        Of all of them; estimated where they differ.
    span
        ``as_of`` and ``as_of_oldest`` of them.
    """

    value: str
    told: str
    newest: dict[Any, Any]
    evidence_kind: str
    span: dict[str, Any]


def published(study: BreakEvenStudy, metric: str, said: Words) -> Published | None:
    """Return the newest published figures of a share; ``None`` where there is none."""
    held = study.achieved.loc[study.achieved["latest"].astype(bool)]
    rows = held.loc[held["metric"] == metric].to_dict("records")
    if not rows:
        return None
    newest = rows[-1]
    least, most = min(row["value"] for row in rows), max(row["value"] for row in rows)
    value = said.percent(least)
    if said.percent(most) != value:
        value = f"{value}–{said.percent(most)}"
    told = said.t(
        "{figures}, the newest of {who}, {date}",
        figures=said.n("{n} figure", "{n} figures", len(rows)),
        who=labels.company(newest, said, "entity"),
        date=said.date(newest["as_of"]),
    )
    kinds = {str(row["evidence_kind"]) for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else "estimated"
    return Published(value, told, newest, kind, span_of(rows))


def earlier_note(study: BreakEvenStudy, newest: dict[Any, Any], said: Words) -> list[str]:
    """Say the figures of the same share and subject before the newest: a rate has a history."""
    held = study.achieved
    same = (held["entity"] == newest["entity"]) & (held["metric"] == newest["metric"])
    rows = held.loc[same & ~held["latest"].astype(bool)].to_dict("records")[-N_EARLIER:]
    if not rows:
        return []
    figures = said.t("; ").join(
        said.t("{value} ({date})", value=said.percent(row["value"]), date=said.date(row["as_of"]))
        for row in rows[::-1]
    )
    return [plain(said.t("Before: {figures}.", figures=figures))]


def oldest_part(row: Mapping[Any, Any], said: Words) -> list[str]:
    """Say the day of the oldest part, where it lies long before the newest."""
    newest, oldest = (row[name] for name in SPAN)
    if pd.isna(newest) or pd.isna(oldest) or newest - oldest <= LONGEST_SPAN:
        return []
    return [plain(said.t("its oldest part as of {date}", date=said.date(oldest)))]


def conversion_note(study: BreakEvenStudy, said: Words) -> list[str]:
    """Say what benchmarks of paid conversion are, which is another share."""
    found = published(study, CONVERSION, said)
    if found is None:
        return []
    told = said.t(
        "Another share: {value} of installs pay within 35 days, by benchmarks.", value=found.value
    )
    return [plain(told)]


def api_prices(study: BreakEvenStudy, said: Words) -> Table:
    """Return the newest price of each model and what a user and month costs by it."""
    if study.api is None:
        return Table(pd.DataFrame(), {}, "api-prices")
    prices = study.api.prices
    frame = prices.assign(
        kind=[said.evidence(str(kind)) for kind in prices["evidence_kind"]],
        price=[1_000 * value for value in prices["value"]],
        share=_shares(study),
    )
    columns = {
        "entity": TableColumn(said.t("Sold by")),
        "model_name": TableColumn(said.t("Model"), "wide"),
        "price": TableColumn(said.t("Price of 1,000 (USD)"), "number", 1),
        "cost_value": TableColumn(
            said.t("Cost of a user and month ({currency})", currency=study.currency), "number", 2
        ),
        "share": TableColumn(
            said.t("Must pay"),
            "percent",
            help=said.t("At the chosen price; above 100% no share of payers covers it."),
        ),
        "as_of": TableColumn(said.t("As of"), "date"),
        "kind": TableColumn(said.t("Evidence")),
        "rate_of_exchange": TableColumn(said.t("Converted")),
        "source_url": TableColumn(said.t("Source"), "link"),
        "fact_id": TableColumn(said.t("Claim")),
    }
    return Table(frame, columns, "api-prices")


def _shares(study: BreakEvenStudy) -> list[float]:
    """Return the share that must pay at the chosen price by each model; missing without one."""
    assert study.api is not None
    kept = float(study.price["net_proceeds"].iloc[0]) if len(study.price) else float("nan")
    return [float(cost) / kept for cost in study.api.prices["cost_value"]]
