"""Measure on this machine from the Compute page: a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cache, measuring, processes
from dashboard.app_pages import compute_pictures
from dashboard.app_pages.compute_pictures import (
    LOOK_SECONDS,
    badge,
    ended_without_result,
    enlarged,
    is_busy,
)
from dashboard.components import plain
from dashboard.figures import labels
from dashboard.processes import Started
from dashboard.states import fragment
from dashboard.studies.compute import ComputeStudy, model_label
from dashboard.tables import compute as tables
from dashboard.tables import faults
from dashboard.text import Words

_RUN, _COLLECTION = "bench_run", "bench_collection"
_COLLECT = ("etl", "run", "compute_benchmarks", "compute_loads", "--offline")


def show(_study: ComputeStudy, said: Words) -> None:
    """Show pictures from words, what their steps buy, and the form that measures."""
    if not measuring.is_installed():
        st.info(
            said.t(
                "**The generator is not installed.** `make generator` adds torch and diffusers "
                "(about 2 GB with a card's libraries); everything else works without."
            ),
            icon=":material/download:",
        )
        compute_pictures.show_quality(said)
        return
    compute_pictures.show(said)
    compute_pictures.show_quality(said)
    _measure_form(said)
    busy = is_busy(_RUN) or is_busy(_COLLECTION)
    fragment(_run_state, run_every=LOOK_SECONDS if busy else None)(said)


def _measure_form(said: Words) -> None:
    names = tables.task_names(said)
    st.header(said.t("Measure on this machine"), anchor=False)
    with st.form("measure"):
        first, second, third = st.columns(3)
        with first:
            model = st.selectbox(
                said.t("Model"),
                measuring.models(),
                key="measure:model",
                format_func=lambda name: labels.run(said, model_label(name)),
            )
            batch = st.number_input(said.t("Pictures in one call"), 1, 256, 1, key="measure:batch")
        with second:
            task = st.selectbox(
                said.t("Task"), tuple(names), key="measure:task", format_func=names.__getitem__
            )
            images = st.number_input(said.t("Pictures"), 3, 1000, 30, key="measure:images")
        with third:
            preset = st.selectbox(
                said.t("Preset"),
                measuring.PRESETS,
                key="measure:preset",
                format_func=lambda name: labels.run(said, name),
            )
            seconds = st.number_input(said.t("Seconds at most"), 5, 600, 60, key="measure:seconds")
        st.caption(
            plain(
                said.t(
                    "A configuration without weights is measured as a twin: exact architecture, "
                    "random weights. What this machine cannot do is refused with the reason."
                )
            )
        )
        begin = st.form_submit_button(
            said.t("Measure"), icon=":material/speed:", disabled=is_busy(_RUN)
        )
    if begin and not is_busy(_RUN):
        data = cache.data_dir()
        words = ["bench", "run", measuring.word_of(str(model)), "--progress-json"]
        words += ["--task", str(task), "--preset", str(preset), "--batch", str(batch)]
        words += ["--images", str(images), "--seconds", str(seconds)]
        words += ["--pictures", str(data / "compute" / "pictures")]
        st.session_state[_RUN] = processes.start(data, words, "bench")
        st.session_state.pop(_COLLECTION, None)
        st.rerun()


def _run_state(said: Words) -> None:
    started: Started | None = st.session_state.get(_RUN)
    if started is None:
        return
    if started.status is None:
        far = measuring.progress(started)
        st.progress(far.share or 0.0, text=plain(far.doing or said.t("starting")))
        st.button(said.t("Cancel"), icon=":material/cancel:", on_click=started.stop)
        return
    document = measuring.result(started)
    if document is None:
        ended_without_result(started, said)
        return
    _collect_once(said)
    for cell in document["cells"]:
        _cell_state(cell, said)


def _collect_once(said: Words) -> None:
    """Bring the new record into the snapshot, then draw the page anew."""
    collection: Started | None = st.session_state.get(_COLLECTION)
    if collection is None:
        st.session_state[_COLLECTION] = processes.start(cache.data_dir(), _COLLECT, "bench-collect")
        st.rerun()
    elif collection.status is None:
        st.caption(said.t("The record is being collected."))
    elif st.session_state.get(f"{_COLLECTION}:seen") != collection.process.pid:
        st.session_state[f"{_COLLECTION}:seen"] = collection.process.pid
        st.rerun()
    elif (failed := collection.failure()) is not None:
        st.warning(
            said.t(
                "**Recorded, and not collected yet.** {reason}", reason=faults.told(failed, said)
            ),
            icon=":material/report:",
        )


def _cell_state(cell: dict[str, Any], said: Words) -> None:
    if cell["status"] != "measured":
        st.warning(
            said.t(
                "**{cell}** has no figures: {reason}",
                cell=plain(cell["key"]),
                reason=plain(cell["reason"]),
            ),
            icon=":material/block:",
        )
        return
    figures = cell["figures"]
    rate = figures["images_per_second"]
    st.success(
        said.t(
            "**Measured.** {cell}: {rate} pictures a second, median wait {wait} s.",
            cell=plain(cell["key"]),
            rate=said.number(rate["value"], digits=3),
            wait=said.number(figures["p50_seconds"]["value"], digits=3),
        ),
        icon=":material/task_alt:",
    )
    folder = cache.data_dir() / "compute" / "pictures"
    found = [folder / name for name in cell.get("pictures", ()) if (folder / name).is_file()]
    if found:
        twin = cell["cell"]["weights"] == "twin"
        words = said.t("noise: random weights") if twin else said.t("made by this run")
        st.markdown(badge(Path(cell["cell"]["model"]).name, said))
        st.image([enlarged(path) for path in found], width=160, caption=[words] * len(found))
