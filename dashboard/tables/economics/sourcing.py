"""Ways to get pictures made, their prices and where each is the cheapest, in words and tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.studies.economics.prices import KINDS, SCENARIO, TYPED, DatedPrice, Kind
from dashboard.studies.economics.sourcing import SourcingStudy
from dashboard.studies.economics.speeds import SpeedChoice
from dashboard.tables import spoken
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words

_FEW = 4
"""Stretches that are told and drawn one by one; of more, those in between are one."""
_LONG = 1.5


def way_name(kind: str, said: Words) -> str:
    """Name a way to get pictures made."""
    return {
        "own": said.t("Own"),
        "rent": said.t("Rent"),
        "serverless": said.t("Serverless"),
        "api": said.t("API"),
    }[kind]


def price_unit(kind: Kind, currency: str, said: Words) -> str:
    """Return what a price of a way is per."""
    per = {
        "own": said.t("server"),
        "rent": said.t("machine and hour"),
        "serverless": said.t("machine and hour of work"),
        "api": said.t("picture"),
    }[kind]
    return said.t("{currency} per {what}", currency=currency, what=per)


def price_name(price: DatedPrice, currency: str, said: Words) -> str:
    """Return a price with who asks it and its day."""
    value = names.amount(price.quantity.value, currency, said)
    if price.code == TYPED:
        return said.t("{value}, your own figure", value=value)
    who = said.t("the scenario's") if price.code == SCENARIO else price.name
    if price.is_card:
        who = said.t("{who} (one card without its server)", who=who)
    return said.t("{value}, {who}, {date}", value=value, who=who, date=said.date(price.day))


def speed_name(speed: SpeedChoice, said: Words) -> str:
    """Return a speed with what was made, on what, and its evidence."""
    rate = said.t(
        "{n} pictures a second", n=names.amount(speed.images_per_second, "", said).strip()
    )
    who = (
        said.t("the scenario's") if speed.kind == "scenario" else f"{speed.device} · {speed.model}"
    )
    kind = said.evidence(speed.evidence_kind)
    if speed.batches is not None:
        return said.t(
            "{rate} in batches of up to {n}, {who} ({kind})",
            rate=rate,
            n=speed.batches.max_batch,
            who=who,
            kind=kind,
        )
    return said.t("{rate}, {who} ({kind})", rate=rate, who=who, kind=kind)


def sentence(study: SourcingStudy, said: Words) -> str:
    """Say which way is the cheapest from how many pictures a day on, by which dated prices."""
    stretches: list[dict[str, Any]] = study.intervals.to_dict("records")
    if not stretches:
        return said.t("No way has both a price and a speed, so none is the cheapest.")
    parts: list[str] = []
    if len(stretches) == 1:
        way = _priced(study, str(stretches[0]["option"]), said)
        parts.append(said.t("{way} is the cheapest up to {n} pictures a day.", way=way,
                            n=_count(stretches[0]["to_images_per_day"], said)))  # fmt: skip
        return _with_demand(study, parts, said)
    first, last = stretches[0], stretches[-1]
    parts.append(
        said.t(
            "Up to {n} pictures a day {way} is the cheapest.",
            n=_count(first["to_images_per_day"], said),
            way=_priced(study, str(first["option"]), said),
        )
    )
    told = stretches[1:]
    if len(stretches) > _FEW:
        told = [last] if _is_long(last) else []
        between = stretches[1 : len(stretches) - len(told)]
        ways = dict.fromkeys(str(each["option"]) for each in between)
        parts.append(
            said.t(
                "Beyond it, up to {n}, whole machines make now one way the cheapest, now another "
                "({ways}); the table tells where.",
                n=_count(between[-1]["to_images_per_day"], said),
                ways=said.t("; ").join(_priced(study, way, said) for way in ways),
            )
        )
    parts += [
        said.t(
            "From {n} pictures a day on {way} is the cheapest.",
            n=_count(each["from_images_per_day"], said),
            way=_priced(study, str(each["option"]), said),
        )
        for each in told
    ]
    return _with_demand(study, parts, said)


def _is_long(stretch: dict[str, Any]) -> bool:
    """Return whether a last stretch is more than what happens to stand before the end."""
    return stretch["to_images_per_day"] >= _LONG * stretch["from_images_per_day"]


def _with_demand(study: SourcingStudy, parts: list[str], said: Words) -> str:
    asked = study.images_per_day
    if asked is None:
        return said.sentences(parts)
    for each in study.intervals.to_dict("records"):
        if each["from_images_per_day"] <= asked <= each["to_images_per_day"]:
            way = way_name(str(each["option"]), said)
            parts.append(
                said.t("This scenario asks for {n} a day: {way}.", n=_count(asked, said), way=way)
            )
            return said.sentences(parts)
    beyond = said.t("This scenario asks for {n} a day, beyond what is shown.",
                    n=_count(asked, said))  # fmt: skip
    return said.sentences([*parts, beyond])


def _priced(study: SourcingStudy, way: str, said: Words) -> str:
    price = study.prices[way]  # pyright: ignore[reportArgumentType]
    return said.t(
        "{way} ({price})",
        way=way_name(way, said),
        price=price_name(price, study.currency, said),
    )


def _count(value: Any, said: Words) -> str:
    return said.number(float(value), digits=0)


def curves(study: SourcingStudy, said: Words) -> pd.DataFrame:
    """Return the costs with labels, as the figure takes them."""
    return study.curves.assign(label=[way_name(kind, said) for kind in study.curves["option"]])


def intervals(study: SourcingStudy, said: Words) -> pd.DataFrame:
    """Return the stretches with labels, as the figure takes them; open at the upper end.

    Of many, those between the first and a long last one are one, named after all its ways.
    """
    rows: list[dict[str, Any]] = study.intervals.to_dict("records")
    kept = [{**row, "label": way_name(str(row["option"]), said)} for row in rows]
    if len(rows) > _FEW:
        last = kept[-1:] if _is_long(rows[-1]) else []
        between = kept[1 : len(kept) - len(last)]
        labels = dict.fromkeys(str(row["label"]) for row in between)
        merged = {
            **between[0],
            "to_images_per_day": between[-1]["to_images_per_day"],
            "label": said.t(", then ").join(labels) + " …",
        }
        kept = [kept[0], merged, *last]
    if kept:
        kept[-1] = {**kept[-1], "to_images_per_day": float("nan")}
    names_of = [*study.intervals.columns, "label"]
    return pd.DataFrame(kept, columns=pd.Index(names_of))


def stretches(study: SourcingStudy, said: Words) -> Table:
    """Return from how many to how many pictures a day each way is the cheapest."""
    edges = {
        "start": said.t("the beginning"),
        "crossing": said.t("both cost the same"),
        "step": said.t("one more machine"),
        "end": said.t("the end of what was asked"),
    }
    shown = study.intervals.assign(
        label=[way_name(kind, said) for kind in study.intervals["option"]],
        from_why=[edges[edge] for edge in study.intervals["from_edge"]],
        to_why=[edges[edge] for edge in study.intervals["to_edge"]],
    )
    cost = said.t("1,000 pictures ({currency})", currency=study.currency)
    columns = {
        "label": TableColumn(said.t("Cheapest way")),
        "from_images_per_day": TableColumn(said.t("From pictures a day"), "number", 1),
        "to_images_per_day": TableColumn(said.t("To pictures a day"), "number", 1),
        "from_why": TableColumn(said.t("Begins where")),
        "to_why": TableColumn(said.t("Ends where")),
        "from_cost_per_1000": TableColumn(said.t("{what} at its start", what=cost), "number", 4),
        "to_cost_per_1000": TableColumn(said.t("{what} at its end", what=cost), "number", 4),
        "from_n_machines": TableColumn(said.t("Machines at its start"), "integer"),
        "to_n_machines": TableColumn(said.t("Machines at its end"), "integer"),
    }
    return Table(shown, columns if len(shown) else {}, "sourcing-stretches")


def costs(study: SourcingStudy, said: Words) -> Table:
    """Return the cost of a thousand pictures by way and pictures a day."""
    frame = curves(study, said)
    shown = frame.assign(evidence=[said.evidence(kind) for kind in frame["evidence_kind"]])
    columns = {
        "label": TableColumn(said.t("Way")),
        "images_per_day": TableColumn(said.t("Pictures a day"), "number", 0),
        "cost_per_1000": TableColumn(
            said.t("1,000 pictures ({currency})", currency=study.currency), "number", 4
        ),
        "n_machines": TableColumn(said.t("Machines"), "integer"),
        "utilisation": TableColumn(said.t("Utilisation"), "percent"),
        "evidence": TableColumn(said.t("Evidence")),
    }
    return Table(shown, columns if len(shown) else {}, "sourcing")


def prices(study: SourcingStudy, said: Words) -> Table:
    """Return the dated prices that are used, each with its source."""
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        if kind not in study.prices:
            continue
        told = study.prices[kind].quantity
        low, high = told.ends
        rows.append(
            {
                "way": way_name(kind, said),
                "who": study.prices[kind].name or _own_name(study.prices[kind].code, said),
                "value": told.value,
                "low": None if low == high else low,
                "high": None if low == high else high,
                "unit": price_unit(kind, study.currency, said),
                "converted": spoken.input_source(told.converted, said),
                "as_of": told.as_of,
                "evidence": said.evidence(told.evidence_kind),
                "source": spoken.input_source(told.source, said),
                "source_url": told.source_url or None,
            }
        )
    columns = {
        "way": TableColumn(said.t("Way")),
        "who": TableColumn(said.t("Who asks it, for what")),
        "value": TableColumn(said.t("Price"), "any"),
        "low": TableColumn(said.t("Low"), "any"),
        "high": TableColumn(said.t("High"), "any"),
        "unit": TableColumn(said.t("Unit")),
        "converted": TableColumn(said.t("Converted"), "wide"),
        "as_of": TableColumn(said.t("As of"), "date"),
        "evidence": TableColumn(said.t("Evidence")),
        "source": TableColumn(said.t("Source"), "wide"),
        "source_url": TableColumn(said.t("Address"), "link"),
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "sourcing-prices")


def _own_name(code: str, said: Words) -> str:
    """Name a price that nobody published."""
    return said.t("the scenario's") if code == SCENARIO else said.t("your own price")


def _cards_are_unknown(study: SourcingStudy) -> bool:
    """Return whether a server's price is set against the speed of a card of somebody else's."""
    price, speed = study.prices["own"], study.speed
    is_of_others = speed is not None and speed.kind != "scenario"
    return is_of_others and not price.is_card and price.code != TYPED


def notes(study: SourcingStudy, said: Words) -> list[str]:
    """Return what a reader must know about the answer."""
    told = [
        said.t(
            "Machines come whole, as many as the busiest hour needs: {ratio} times the mean hour.",
            ratio=said.number(study.peak_to_mean_ratio, digits=1),
        )
    ]
    if "own" in study.prices:
        told.append(
            said.n(
                "The bought server is taken to have {n} card of the chosen speed.",
                "The bought server is taken to have {n} cards of the chosen speed.",
                study.cards,
            )
        )
        if _cards_are_unknown(study):
            told.append(
                said.t(
                    "The price is of a whole server and the speed of one card: nobody has stated "
                    "how many cards the server holds. Set the cards so that both are of the same "
                    "machine."
                )
            )
    if study.is_lower_bound:
        told.append(
            said.t(
                "Electricity of the bought server is not known (energy of a picture, idle draw or "
                "tariff) and left out: its cost is a lower bound."
            )
        )
    if study.other_cards:
        ways = said.t("; ").join(way_name(kind, said) for kind in study.other_cards)
        told.append(
            said.t(
                "The price is of another card than the speed was measured on: {ways}.", ways=ways
            )
        )
    if study.left_out:
        ways = said.t("; ").join(way_name(kind, said) for kind in study.left_out)
        told.append(
            said.t(
                "Left out, for no price of this card was known by the day or none was chosen: "
                "{ways}. Choose another price, or type one.",
                ways=ways,
            )
        )
    return told
