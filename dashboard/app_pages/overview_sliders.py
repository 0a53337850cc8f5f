"""The sliders of the break-even strip: each begins at what is stated, and is assumed once moved.

Only what was moved stands in the address, by its number; what is not moved follows the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks
from dashboard.components import Provenance, provenance_note
from dashboard.studies import BreakEvenStudy, break_even_study
from dashboard.studies.break_even_rows import Assumptions
from dashboard.tables import break_even as tables
from dashboard.text import Words

PRICE, MODEL = "price", "api_model"


@dataclass(frozen=True)
class Slide:
    """A slider over whole numbers.

    Attributes
    ----------
    key
        In the address.
    field
        Of :class:`Assumptions`.
    per
        Units of the slider in one of the field: the fee is moved in percent, say.
    low, high, step
        Its ends and step.
    """

    key: str
    field: str
    per: float
    low: int
    high: int
    step: int = 1


SLIDES = (
    Slide("server_price", "server_price", 1, 10_000, 2_000_000, 10_000),
    Slide("life", "life_months", 1, 6, 84),
    Slide("users", "users_per_server", 1, 500, 100_000, 500),
    Slide("api_price", "api_price", 1_000, 1, 300),
    Slide("images", "images_per_user_month", 1, 1, 500),
    Slide("fee", "commission_rate", 100, 0, 50),
)


def choices(as_of: date | None, said: Words) -> Assumptions:
    """Show the controls and return what is supposed."""
    with st.container(border=True):
        left, right = st.columns(2)
        stated = cache.study(break_even_study, as_of=as_of)
        with left:
            price = _published(PRICE, said.t("Price that users pay"), _prices(stated, said), said)
        with right:
            model = _published(MODEL, said.t("Pictures bought from"), _models(stated, said), said)
        base = Assumptions(price_fact_id=price, api_fact_id=model)
        stated = cache.study(break_even_study, as_of=as_of, assumptions=base)
        found: dict[str, float] = {}
        rows = _rows(stated)
        for first in range(0, len(SLIDES), 3):
            for column, slide in zip(st.columns(3), SLIDES[first : first + 3], strict=True):
                with column:
                    moved = _slide(slide, rows.get(slide.field), stated.currency, said)
                if moved is not None:
                    found[slide.field] = moved
        st.caption(said.t("A slider that was moved is assumed; back at its first place it is not."))
    return replace(base, **found)


def _published(key: str, label: str, options: dict[str, str], said: Words) -> str:
    """Offer published figures by their claim; empty where there is none."""
    codes = tuple(options)
    if not codes:
        permalinks.leave_out(key)
        return ""
    if st.session_state.get(key) not in (None, *codes):
        permalinks.forget(key)
    permalinks.restore(key, permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(label, codes, key=key, format_func=options.__getitem__)
    code: str = st.session_state[key]
    if code == codes[0]:
        permalinks.leave_out(key)
    else:
        permalinks.remember(key, code)
    return code


def _prices(study: BreakEvenStudy, said: Words) -> dict[str, str]:
    """Return the prices in the server's currency by claim, the one looked at first."""
    known = study.break_even.loc[study.break_even["in_force_at_price_date"].astype(bool)]
    rows = known.drop_duplicates("fact_id").iloc[::-1].to_dict("records")
    found = {str(row["fact_id"]): tables.price_name(row, said) for row in rows}
    looked_at: list[str] = [str(row["fact_id"]) for row in study.price.to_dict("records")]
    return _first(found, looked_at)


def _models(study: BreakEvenStudy, said: Words) -> dict[str, str]:
    """Return the models with a cost by claim, the one in the middle first."""
    if study.api is None:
        return {}
    rows = study.api.prices.dropna(subset=["cost_value"]).to_dict("records")
    found = {str(row["fact_id"]): tables.model_name(row, said) for row in rows}
    return _first(found, [study.api.fact_id])


def _first(found: dict[str, str], codes: list[str]) -> dict[str, str]:
    order = [*(code for code in codes if code in found), *found]
    return {code: found[code] for code in order}


def _rows(stated: BreakEvenStudy) -> dict[str, dict[Any, Any]]:
    """Return what is stated for each slider by its field; nothing for one that plays no part."""
    frames = [stated.inputs]
    if stated.api is not None and not stated.api.cost.empty:
        frames.append(stated.api.inputs)
    fields = {"gpu_server_price": "server_price", "image_api_price": "api_price"}
    rows: dict[str, dict[Any, Any]] = {
        fields.get(str(row["name"]), str(row["name"])): row
        for frame in frames
        for row in frame.to_dict("records")
    }
    rows.pop("commission_rate", None)
    for row in stated.price.head(1).to_dict("records"):
        rate = row["commission_rate"]
        told = {"source_title": row["terms_title"], "source_url": row["terms_url"]}
        number = {"value": rate, "low": rate, "high": rate, "unit": "ratio"}
        rows["commission_rate"] = {"name": "commission_rate", **number, **told,
                                   "as_of": row["as_of"],
                                   "evidence_kind": row["terms_evidence_kind"]}  # fmt: skip
    return rows


def _slide(slide: Slide, row: dict[Any, Any] | None, currency: str, said: Words) -> float | None:
    """Show one slider with its evidence; return what it was moved to."""
    if row is None:
        permalinks.forget(slide.key)
        return None
    start = min(max(round(float(row["value"]) * slide.per), slide.low), _top(slide, row))
    _follow(slide, start)
    top = _top(slide, row)
    permalinks.restore(slide.key, _within(slide, top, said), start, said)
    label = tables.slider_name(slide.field, currency, said)
    st.slider(label, slide.low, top, key=slide.key, step=slide.step, format="localized")
    at = int(st.session_state[slide.key])
    if at == start:
        permalinks.leave_out(slide.key)
        provenance_note(said, _stated(slide, row, said))
        return None
    permalinks.remember(slide.key, str(at))
    stated = tables.stated_as(slide.field, row, said)
    told = said.t("moved; stated: {value}", value=stated)
    if row["evidence_kind"] == "assumed":
        told = said.t("moved; assumed before: {value}", value=stated)
    provenance_note(said, Provenance("assumed", told))
    return at / slide.per


def _top(slide: Slide, row: dict[Any, Any]) -> int:
    """Return the upper end, which a stated figure may lie beyond."""
    return max(slide.high, math.ceil(float(row["high"]) * slide.per / slide.step) * slide.step)


def _follow(slide: Slide, start: int) -> None:
    """Let a slider that was not moved follow what is stated, where that changes under it."""
    key = f"{slide.key}:start"
    before = st.session_state.get(key)
    if before is not None and st.session_state.get(slide.key) == before != start:
        st.session_state[slide.key] = start
    st.session_state[key] = start


def _within(slide: Slide, top: int, said: Words) -> Callable[[str], int]:
    """Return a parser of a code: a whole number in range, at a step of the slider."""
    parse = permalinks.whole_number(slide.low, top, said)
    return lambda code: slide.low + round((parse(code) - slide.low) / slide.step) * slide.step


def _stated(slide: Slide, row: dict[Any, Any], said: Words) -> Provenance:
    known = {name: row[name] for name in ("source_title", "source_url") if pd.notna(row[name])}
    return Provenance(
        row["evidence_kind"],
        tables.stated_as(slide.field, row, said),
        row["as_of"],
        str(known.get("source_title", "")),
        str(known.get("source_url", "")),
    )
