"""The inputs of a scenario and its plans, as tables that a reader edits."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from babel import Locale

from dashboard.studies.economics.needs import needs_of_cards
from dashboard.studies.economics.scenario import ScenarioStudy, inputs_frame, played_inputs
from dashboard.tables import spoken
from dashboard.tables.economics import names, typed
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.inputs import INPUTS

EDITABLE = ("value", "low", "high")
MISSING, LEFT_OUT = "missing", "left_out"
store_names, product_names = names.store_names, names.product_names


def with_others(study: ScenarioStudy, others: Iterable[str]) -> pd.DataFrame:
    """Return the inputs that play a part, those that a card lacks, and some others.

    Returns
    -------
    DataFrame
        As ``inputs_frame``, with ``needed_by``: codes of the cards that say nothing without it,
        ``result`` first where a main result is among what is not known.
    """
    by_card = needs_of_cards(study)
    others = [*by_card, *others]
    used = [*played_inputs(study), *study.scenario.document.inputs, *others]
    frame = inputs_frame(study)
    # Defaults of the model that nothing here depends on would only distract.
    frame = frame.loc[frame["name"].isin(used)]
    held = set(frame["name"])
    rows = [
        {
            "name": name,
            "group": INPUTS[name].group,
            "unit": INPUTS[name].unit.replace("{c}", study.currency),
            "is_needed": False,
            "reason": "",
            "settled_by": INPUTS[name].settled_by,
        }
        for name in dict.fromkeys(others)
        if name not in held
    ]
    found = pd.concat([frame, pd.DataFrame(rows)], ignore_index=True) if rows else frame
    found = found.assign(
        needed_by=[
            (*(["result"] if is_needed else []), *by_card.get(name, ()))
            for name, is_needed in zip(found["name"], found["is_needed"], strict=True)
        ]
    )
    order = {name: place for place, name in enumerate(INPUTS)}
    return found.sort_values("name", key=lambda each: each.map(order), ignore_index=True)


def per_cent(frame: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return :func:`editable` as it is typed over: shares in per cent, and told so."""
    table = editable(frame, said)
    for key in EDITABLE:
        table[key] = [
            value if pd.isna(value) else typed.shown(name, value)
            for name, value in zip(frame["name"], table[key], strict=True)
        ]
    told = zip(frame["name"], frame["unit"], strict=True)
    return table.assign(unit=[typed.unit(name, unit, said) for name, unit in told])


def editable(frame: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return the inputs as shown in the editor, in the reader's words, indexed by their names."""
    numbers = {key: pd.to_numeric(frame[key], errors="coerce") for key in EDITABLE}
    sources = [
        _source(row, said)
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]
    shown = pd.DataFrame(
        {
            "input": [names.input_name(name, said) for name in frame["name"]],
            **numbers,
            "unit": [
                names.input_unit(name, unit, said)
                for name, unit in zip(frame["name"], frame["unit"], strict=True)
            ],
            "evidence": [
                state(kind, is_missing, said)
                for kind, is_missing in zip(frame["evidence_kind"], _missing(frame), strict=True)
            ],
            "source": sources,
            "as_of": pd.to_datetime(frame["as_of"]),
            "part": [names.group_name(group, said) for group in frame["group"]],
        }
    )
    return shown.set_index(pd.Index(list(frame["name"]), name="name"))


def listed(study: ScenarioStudy, said: Words) -> Table:
    """Return every input that plays a part, as a table to read."""
    shown = editable(inputs_frame(study), said)
    columns = {
        "part": TableColumn(said.t("Part")),
        "input": TableColumn(said.t("Input"), "wide"),
        "value": TableColumn(said.t("Value"), "any"),
        "low": TableColumn(said.t("Low"), "any"),
        "high": TableColumn(said.t("High"), "any"),
        "unit": TableColumn(said.t("Unit")),
        "evidence": TableColumn(said.t("Evidence")),
        "as_of": TableColumn(said.t("As of"), "date"),
        "source": TableColumn(said.t("Source"), "wide"),
    }
    return Table(shown, columns, "economics-inputs")


def state(kind: object, is_missing: bool, said: Words) -> str:
    """Say how an input is known, or that it is missing."""
    if isinstance(kind, str):
        return said.evidence(kind)
    return said.t("missing") if is_missing else said.t("not given, left out")


def _missing(frame: pd.DataFrame) -> list[bool]:
    """Say of every input whether something is not known for want of it."""
    if "needed_by" in frame:
        return [bool(cards) for cards in frame["needed_by"]]
    return [bool(is_needed) for is_needed in frame["is_needed"]]


def card_name(code: str, said: Words) -> str:
    """Name a card that lacks an input, by its heading."""
    names_of_cards = {
        "result": said.t("the main results"),
        "capacity": said.t("Capacity and waiting"),
        "second": said.t("The price of a second"),
        "wave": said.t("Half-life against payback"),
        "runway": said.t("Cash runway"),
    }
    return names_of_cards[code]


def why_missing(row: dict, said: Words) -> str:
    """Say why an input has no value, what is not known without it, and what would settle it."""
    reason = str(row.get("reason") or "")
    why = spoken.input_source(reason, said) if reason else said.t("nobody gave it")
    cards = row.get("needed_by") or (["result"] if row["is_needed"] else [])
    if not cards:
        return said.t("{why}: what follows is reckoned without it", why=why)
    told = said.t("; ").join(card_name(code, said) for code in cards)
    settled = names.settled_by(str(row["settled_by"]), said)
    return " · ".join(
        [
            said.t("needed for: {cards}", cards=told),
            why,
            said.t("would settle it: {what}", what=settled),
        ]
    )


def _source(row: dict, said: Words) -> str:
    if not isinstance(row.get("evidence_kind"), str):
        return why_missing(row, said)
    told = [str(row[key]) for key in ("reason", "source") if row.get(key)]
    parts = [spoken.input_source(each, said) for each in told]
    if row.get("converted"):
        how = spoken.input_source(str(row["converted"]), said)
        parts.append(said.t("converted: {how}", how=how))
    if row.get("fact_id"):
        parts.append(str(row["fact_id"]))
    return " · ".join(parts)


def counted(frame: pd.DataFrame) -> dict[str, int]:
    """Return how many inputs are of each evidence kind, missing, or left out."""
    kinds = [
        kind if isinstance(kind, str) else (MISSING if is_missing else LEFT_OUT)
        for kind, is_missing in zip(frame["evidence_kind"], _missing(frame), strict=True)
    ]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def others(frame: pd.DataFrame) -> list[str]:
    """Return the inputs that a table does not hold."""
    held = set(frame["name"])
    return [name for name in INPUTS if name not in held]


def program_names(said: Words) -> dict[str, str]:
    """Name the programmes whose commission is held."""
    existing, new = said.t("existing installs"), said.t("new installs")
    standard, link = said.t("standard programme"), said.t("link to the web")
    small, acquisition = said.t("small business"), said.t("initial acquisition")
    core = said.t("core technology")
    tier1, tier2 = said.t("store services, tier 1"), said.t("store services, tier 2")
    experience = said.t("Apps Experience")
    offer = said.t("external offers")
    return {
        "standard": standard,
        "small_business": said.t("small-business programme"),
        "subscription_year_2": said.t("subscription from the second year"),
        "standard_new_install": said.listed((standard, new)),
        "apps_experience_new_install": said.listed((experience, new)),
        "apps_experience_existing_install": said.listed((experience, existing)),
        "alternative_billing": said.t("alternative billing"),
        "alternative_distribution": said.t("alternative distribution"),
        "education": said.t("education"),
        "external_link": link,
        "web_link": link,
        "web_link_small_business": said.listed((link, small)),
        "external_offer_initial_acquisition": said.listed((offer, acquisition)),
        "external_offer_core_technology_commission": said.listed((offer, core)),
        "external_offer_store_services_tier1": said.listed((offer, tier1)),
        "external_offer_store_services_tier2": said.listed((offer, tier2)),
        "external_offer_store_services_tier2_small_business": said.listed((offer, tier2, small)),
        "game": said.t("games"),
        "game_alliance": said.t("games of the alliance"),
        "harmonyos_game_reported": said.t("HarmonyOS, games (as reported)"),
        "harmonyos_non_game": said.t("HarmonyOS, other apps"),
        "international_card": said.t("international cards"),
        "launch_year_1": said.t("first year after launch"),
        "launch_year_2": said.t("second year after launch"),
        "mini_apps_partner": said.t("mini-apps partner"),
        "app_joint_operation": said.t("apps operated jointly"),
        "virtual_payment_individual_android": said.t("virtual goods of individuals, Android"),
        "virtual_payment_individual_ios": said.t("virtual goods of individuals, iOS"),
        "virtual_payment_short_drama": said.t("virtual goods, short dramas"),
        "wechat_pay_merchant": said.t("WeChat Pay merchant"),
    }


def storefront_name(code: str, said: Words) -> str:
    """Name a storefront: the country in words, with its code."""
    if code == "*":
        return said.t("any country")
    own = {"EU": said.t("European Union"), "EEA": said.t("European Economic Area")}
    name = own.get(code) or Locale.parse(said.locale).territories.get(code)
    return said.noted(name, code) if name else code


def period_names(said: Words) -> dict[str, str]:
    """Name what one payment covers."""
    return {
        "week": said.t("week"),
        "month": said.t("month"),
        "year": said.t("year"),
        "pack": said.t("pack, one a month"),
    }


def tax_names(said: Words) -> dict[str, str]:
    """Say whether a shown price contains consumption tax."""
    return {
        "terms": said.t("as the store's terms say"),
        "yes": said.t("yes (assumed)"),
        "no": said.t("no (assumed)"),
    }


def options(terms: pd.DataFrame, column: str, used: Sequence[str]) -> list[str]:
    """Return the codes of a column of the store terms, and those a scenario already uses."""
    held = terms.loc[terms["commission_rate"].notna(), column].dropna()
    return sorted({*held, *used, *(["*"] if column == "storefront" else [])})
