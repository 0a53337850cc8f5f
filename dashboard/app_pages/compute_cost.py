"""Prices put on measured speeds: a thousand pictures, a mix of tasks, an avatar pack."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks
from dashboard.app_pages.compute_runs import FEEDS, device_of, measured_on, own_runs
from dashboard.components import Card, Provenance, figure_card, metric_tile, plain, table_card
from dashboard.figures import compute as figures
from dashboard.figures import labels
from dashboard.figures.theme import Mode
from dashboard.states import Section, sections
from dashboard.studies.compute import (
    PICTURE_TASKS,
    ComputeStudy,
    Prices,
    Product,
    compute_study,
    costs,
    is_toy,
    product,
)
from dashboard.studies.frames import column, rows
from dashboard.tables import compute as tables
from dashboard.text import Words
from etl.analytics.compute import DEFAULT_UTILISATION

_NONE = "none"
_CENTS, _PACK = 250, 100


def show(study: ComputeStudy, said: Words) -> None:
    """Show the controls and the costs."""
    device = device_of(study, said)
    if not device:
        return
    prices = _prices(said)
    runs = own_runs(study, device)
    table = costs(runs, prices)
    made = _product(runs, table, prices, said)
    if made.is_toy:
        _say_toy(said)
    _tiles(made, runs, said)
    section = Section(
        "compute:cost",
        lambda mode: _cards(device, prices, said, mode),
        1200,
        (*FEEDS, "disclosed_facts"),
    )
    sections(said, [section], device, prices)


def _say_toy(said: Words) -> None:
    st.warning(
        said.t(
            "**A toy is priced here, not a product.** It draws 64 pixels to try the whole path on "
            "any machine. What its pictures cost says nothing of any product's; measure a model of "
            "a product's size for that."
        ),
        icon=":material/toys:",
    )


def _number(key: str, label: str, default: int, bounds: tuple[int, int], said: Words) -> int:
    """Show a whole number that stands in the address and return it."""
    permalinks.restore(key, permalinks.whole_number(*bounds, said), default, said)
    st.number_input(label, *bounds, key=key, step=1)
    return int(permalinks.chosen(key))


def _prices(said: Words) -> Prices:
    with st.container(border=True):
        permalinks.restore("owning", permalinks.one_of(("rent", "own"), said), "rent", said)
        names = {"rent": said.t("Rented by the hour"), "own": said.t("Owned")}
        st.segmented_control(
            said.t("Machine"),
            tuple(names),
            key="owning",
            format_func=names.__getitem__,
            required=True,
        )
        owned = permalinks.chosen("owning") == "own"
        first, second, third = st.columns(3)
        utilisation = round(100 * DEFAULT_UTILISATION)
        cents = bought = 0
        with first:
            if owned:
                bought = _number(
                    "bought", said.t("Bought for (USD)"), 30_000, (1, 10_000_000), said
                )
            else:
                cents = _number(
                    "cents", said.t("Price of an hour (US cents)"), _CENTS, (1, 1_000_000), said
                )
            extras = _number(
                "extras",
                said.t("Storage, traffic, moderation (US cents for 1,000)"),
                0,
                (0, 1_000_000),
                said,
            )
        with second:
            used = _number(
                "used", said.t("Mean use of the machine (%)"), utilisation, (1, 100), said
            )
            retries = _number(
                "retries", said.t("Retries for 100 kept pictures"), 0, (0, 10_000), said
            )
        with third:
            years = tariff = 0
            if owned:
                years = _number("years", said.t("Written off over (years)"), 3, (1, 10), said)
                tariff = _number(
                    "tariff", said.t("Electricity (US cents a kWh)"), 10, (0, 1_000), said
                )
            blocked = _number("blocked", said.t("Blocked by moderation (%)"), 0, (0, 99), said)
    return Prices(
        hourly_price_usd=0.0 if owned else cents / 100,
        utilisation=used / 100,
        owned_price_usd=float(bought) if owned else 0.0,
        life_years=float(years or 3),
        tariff_usd_per_kwh=tariff / 100,
        retry_rate=retries / 100,
        blocked_rate=blocked / 100,
        extras_usd=extras / 100_000,
    )


def _product(runs: pd.DataFrame, table: pd.DataFrame, prices: Prices, said: Words) -> Product:
    """Show the mix of tasks and return what it costs."""
    names = tables.task_names(said)
    shares: list[tuple[str, float]] = []
    with st.expander(said.t("Mix of tasks and sizes, and the avatar pack"), expanded=True):
        for task in PICTURE_TASKS:
            chosen = _run_of(runs, table, task, names[task], said)
            if chosen is not None:
                shares.append(chosen)
        training, n = _pack(runs, table, names["lora"], said)
        total = sum(share for _, share in shares)
        if abs(total - 1) > 1e-6:
            st.warning(
                said.t(
                    "The shares add up to {share}; they must add up to 100%.",
                    share=said.percent(total, digits=0),
                ),
                icon=":material/percent:",
            )
    return product(table, shares, training, n, prices)


def _run_of(
    runs: pd.DataFrame, table: pd.DataFrame, task: str, name: str, said: Words
) -> tuple[str, float] | None:
    known = column(runs, "task").eq(task) & column(runs, "run").isin(column(table, "run"))
    own: Any = rows(runs, known)
    if own.empty:
        return None
    # A product's model is offered before a toy.
    own = own.iloc[is_toy(own).argsort(kind="stable")]
    told = _told(own, said)
    codes = tuple(told)
    left, right = st.columns([4, 1])
    with left:
        permalinks.restore(f"run_{task}", permalinks.one_of(codes, said), codes[0], said)
        st.selectbox(name, codes, key=f"run_{task}", format_func=told.__getitem__)
    with right:
        share = _number(
            f"share_{task}", said.t("Share (%)"), 100 if task == "txt2img" else 0, (0, 100), said
        )
    return permalinks.chosen(f"run_{task}"), share / 100


def _told(runs: pd.DataFrame, said: Words) -> dict[str, str]:
    """Return the names of runs in words, by their codes."""
    return {
        code: labels.run(said, name) for code, name in zip(runs["run"], runs["label"], strict=True)
    }


def _pack(runs: pd.DataFrame, table: pd.DataFrame, name: str, said: Words) -> tuple[str, int]:
    known = column(runs, "task").eq("lora") & column(runs, "run").isin(column(table, "run"))
    own: Any = rows(runs, known)
    toy = is_toy(own)
    told = {**_told(own, said), _NONE: said.t("no pack")}
    # Beside a product's runs a toy's training comes after none: nobody meets it unasked.
    beside = [] if bool(is_toy(runs).all()) else [_NONE]
    codes = tuple(dict.fromkeys([*own.loc[~toy, "run"], *beside, *own.loc[toy, "run"], _NONE]))
    left, right = st.columns([4, 1])
    with left:
        permalinks.restore("training", permalinks.one_of(codes, said), codes[0], said)
        st.selectbox(name, codes, key="training", format_func=told.__getitem__)
    with right:
        n = _number("pack", said.t("Pictures of a pack"), _PACK, (1, 10_000), said)
    chosen = permalinks.chosen("training")
    return "" if chosen == _NONE else chosen, n


def _tiles(made: Product, runs: pd.DataFrame, said: Words) -> None:
    as_of = measured_on(runs)
    source = said.t("speed measured; price, use, retries and mix as chosen above")
    notes = (
        [said.t("Energy was not measured: electricity is left out, a lower bound.")]
        if made.energy_is_missing
        else []
    )
    if made.is_toy:
        notes.insert(0, said.t("A toy's cost, no product's."))
    told = Provenance("assumed", "", as_of, source)
    columns = st.columns(3)
    tiles = (
        (said.t("1,000 pictures of the mix"), made.mix_usd),
        (said.t("One training"), made.training_usd),
        (
            said.t(
                "A pack: one training and {n} pictures", n=said.number(made.n_pictures, digits=0)
            ),
            made.pack_usd,
        ),
    )
    for place, (label, value) in zip(columns, tiles, strict=True):
        with place:
            text = said.money(value, "USD", digits=2 if (value or 1) >= 0.1 else 4)
            metric_tile(said, label, text, told, notes=notes)


def _cards(device: str, prices: Prices, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(compute_study)
    runs = own_runs(study, device)
    table = costs(runs, prices)
    told = Provenance(
        "assumed",
        said.t("US dollars for 1,000 pictures"),
        measured_on(runs),
        said.t("speed measured; price and use as chosen above"),
    )
    return [
        partial(
            figure_card,
            said,
            said.t("What a thousand pictures cost"),
            figures.cost_figure(table, tables.part_names(said), said, mode),
            tables.costs(table, said),
            told,
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "Price of an hour over the pictures of an hour at that use. A cloud's price "
                    "contains electricity; an owned machine pays it for work and for waiting, with "
                    "30% for the server and 40% for the building beside the card (assumed)."
                )
            ),
        ),
        partial(
            table_card,
            said,
            tables.prices(study, said),
            heading=said.t("Published prices of an hour of a card"),
            note=said.t("To choose from: each row with its source."),
        ),
    ]
