"""The inputs of a scenario and its plans, as tables that a reader edits."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from dashboard.studies.economics.scenario import ScenarioStudy, inputs_frame, played_inputs
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.inputs import INPUTS

EDITABLE = ("value", "low", "high")
NEEDED, LEFT_OUT = "needed", "left_out"


def with_others(study: ScenarioStudy, others: Iterable[str]) -> pd.DataFrame:
    """Return the inputs that play a part, and some others that do not yet, as ``inputs_frame``."""
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
        for name in others
        if name not in held
    ]
    found = pd.concat([frame, pd.DataFrame(rows)], ignore_index=True) if rows else frame
    order = {name: place for place, name in enumerate(INPUTS)}
    return found.sort_values("name", key=lambda each: each.map(order), ignore_index=True)


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
            "unit": [names.unit_name(unit, said) for unit in frame["unit"]],
            "evidence": [
                state(kind, is_needed, said)
                for kind, is_needed in zip(frame["evidence_kind"], frame["is_needed"], strict=True)
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


def state(kind: object, is_needed: bool, said: Words) -> str:
    """Say how an input is known, or that it is missing."""
    if isinstance(kind, str):
        return said.evidence(kind)
    return said.t("missing, needed") if is_needed else said.t("not given, left out")


def _source(row: dict, said: Words) -> str:
    parts = [str(row["reason"])] if row.get("reason") else []
    if row.get("source"):
        parts.append(str(row["source"]))
    if row.get("converted"):
        parts.append(said.t("converted: {how}", how=row["converted"]))
    if row.get("fact_id"):
        parts.append(str(row["fact_id"]))
    return " · ".join(parts)


def counted(frame: pd.DataFrame) -> dict[str, int]:
    """Return how many inputs are of each evidence kind, missing, or left out."""
    kinds = [
        kind if isinstance(kind, str) else (NEEDED if is_needed else LEFT_OUT)
        for kind, is_needed in zip(frame["evidence_kind"], frame["is_needed"], strict=True)
    ]
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def others(frame: pd.DataFrame) -> list[str]:
    """Return the inputs that a table does not hold."""
    held = set(frame["name"])
    return [name for name in INPUTS if name not in held]


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


def period_names(said: Words) -> dict[str, str]:
    """Name what one payment covers."""
    return {
        "week": said.t("week"),
        "month": said.t("month"),
        "year": said.t("year"),
        "pack": said.t("pack, one a month"),
    }


def product_names(said: Words) -> dict[str, str]:
    """Name what is sold."""
    return {"subscription": said.t("subscription"), "one_off": said.t("single purchase")}


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
