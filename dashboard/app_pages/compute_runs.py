"""What was measured, and where the time goes, on the Compute page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import cache, permalinks
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures import compute as figures
from dashboard.figures.theme import Mode
from dashboard.states import Section, empty, sections
from dashboard.studies.compute import ComputeStudy, compute_study, curve
from dashboard.studies.frames import column, rows
from dashboard.tables import compute as tables
from dashboard.text import Words

FEEDS = ("compute_benchmarks", "compute_loads", "published_benchmarks", "gpus")
"""Sources of what stands on the page."""


def device_of(study: ComputeStudy, said: Words) -> str:
    """Show which devices were measured and return the chosen one; empty where there is none."""
    if not study.devices:
        empty(
            said,
            said.t(
                "**Nothing has been measured yet.** Measure here (last part of this page), or with "
                "`artonomics bench run MODEL` and then `artonomics etl run compute_benchmarks`."
            ),
            icon=":material/speed:",
            label=said.t("Measure here"),
            page="compute",
            section="measure",
        )
        return ""
    # A code of a device is its place in the list: names are long and not unique in form.
    codes = [str(number) for number in range(1, len(study.devices) + 1)]
    permalinks.restore("device", permalinks.one_of(codes, said), codes[0], said)
    st.selectbox(
        said.t("Device"),
        codes,
        key="device",
        format_func=lambda code: study.devices[int(code) - 1],
    )
    return study.devices[int(permalinks.chosen("device")) - 1]


def own_runs(study: ComputeStudy, device: str) -> pd.DataFrame:
    """Return the measured runs of one device."""
    return rows(study.runs, column(study.runs, "device_name").eq(device))


def measured_on(runs: pd.DataFrame) -> date | None:
    """Return the day of the latest run."""
    return None if runs.empty else column(runs, "measured_at").max().date()


def measured(runs: pd.DataFrame, unit: str, device: str, said: Words) -> Provenance:
    """Return where the figures of a device come from."""
    twins = column(runs, "weights").eq("twin")
    what = (
        said.t("exact architecture, random weights")
        if bool(twins.all())
        else said.t("real weights, or random ones where the run says so")
    )
    source = said.t("{device}, this program; {what}", device=device, what=what)
    return Provenance("measured", unit, measured_on(runs), source)


def show_runs(study: ComputeStudy, said: Words) -> None:
    """Show the runs of a device beside what others published."""
    device = device_of(study, said)
    runs = Section("compute:runs", lambda mode: _run_cards(device, said, mode), 1500, FEEDS)
    sections(said, [runs], device)


def _run_cards(device: str, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(compute_study)
    cards: list[Card] = []
    if device:
        runs = own_runs(study, device)
        kept = tables.runs(runs, said)
        from_runs = measured(runs, said.t("pictures a second"), device, said)
        cards += [
            partial(
                figure_card,
                said,
                said.t("How fast"),
                figures.speed_figure(runs, said, mode),
                kept,
                from_runs,
            ),
            partial(st.caption, plain(_told(said))),
        ]
    if len(study.loads):
        cards.append(
            partial(
                table_card,
                said,
                tables.loads(study, said),
                heading=said.t("How many requests at a promised wait"),
                note=said.t(
                    "Requests come by chance, whether or not earlier ones are done; paid ones go "
                    "first. The rate is simulated on measured times, the run at that rate measured."
                ),
                provenance=Provenance(
                    "simulated", said.t("requests a second"), None, said.t("open-loop load")
                ),
            )
        )
    return [*cards, *_published_cards(study, device, said, mode), *_failed(study, said)]


def _told(said: Words) -> str:
    return said.t(
        "Each run is a fresh process, warmed until three calls agree within 2%. Intervals are of "
        "95% and never narrower than 2% each way. Energy comes from the card's own counter; "
        "without one it is missing, never zero."
    )


def _published_cards(study: ComputeStudy, device: str, said: Words, mode: Mode) -> list[Card]:
    own = own_runs(study, device)
    source = Provenance(
        "disclosed",
        said.t("pictures a second and card"),
        date(2025, 9, 9),
        said.t("MLPerf Inference v5.1; whole systems, divided by their cards"),
        "https://mlcommons.org/benchmarks/inference-datacenter/",
    )
    return [
        partial(
            figure_card,
            said,
            said.t("What others published: SDXL at 20 steps"),
            figures.published_figure(study.published, own, said, mode),
            tables.published(study, said),
            source,
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "MLPerf runs tuned engines, mostly in 8 bits: it is what a card can do, not "
                    "what a model card gives."
                )
            ),
        ),
        partial(
            figure_card,
            said,
            said.t("What others published: energy of a picture"),
            figures.energy_figure(study.published, own, said, mode),
            replace(tables.published(study, said), file_name="published-energy"),
            Provenance(
                "disclosed",
                said.t("joules of the card for a picture, at the batch that takes the least"),
                date(2026, 11, 22),
                said.t("ML.ENERGY leaderboard, text to image; as read on that day"),
                "https://ml.energy/leaderboard",
            ),
        ),
    ]


def _failed(study: ComputeStudy, said: Words) -> list[Card]:
    if study.without.empty:
        return []
    return [
        partial(
            table_card,
            said,
            tables.without(study.without, said),
            heading=said.t("Cells without figures"),
            note=said.t("A measurement that could not be made is missing with its reason."),
        )
    ]


def show_stages(study: ComputeStudy, said: Words) -> None:
    """Show stages, batches and the roof of a device."""
    device = device_of(study, said)
    if not device:
        return
    stages = Section("compute:stages", lambda mode: _stage_cards(device, said, mode), 1500, FEEDS)
    sections(said, [stages], device)


def _stage_cards(device: str, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(compute_study)
    runs = own_runs(study, device)
    by_batch = curve(study, device)
    from_runs = measured(runs, said.t("seconds"), device, said)
    return [
        partial(
            figure_card,
            said,
            said.t("Where the time of a picture goes"),
            figures.stage_figure(runs, tables.stage_names(said), said, mode),
            tables.stages(runs, said),
            from_runs,
        ),
        partial(
            figure_card,
            said,
            said.t("What larger batches bring"),
            figures.batch_figure(by_batch, said, mode),
            tables.batches(by_batch, said),
            replace(from_runs, unit=said.t("pictures a second")),
        ),
        partial(
            figure_card,
            said,
            said.t("How close to what the device can do"),
            figures.roofline_figure(runs, said, mode),
            tables.roofs(runs, said),
            replace(from_runs, unit=said.t("10^12 operations a second")),
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "The roof is the lesser of the arithmetic peak and of intensity times memory "
                    "bandwidth. A card's peak comes from third parties' tables; a processor's is "
                    "measured in the same process. Runs that skip work have no place here."
                )
            ),
        ),
    ]
