"""Measure on this machine, and make pictures, from the Compute page: each a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import cache, measuring, processes
from dashboard.components import plain
from dashboard.processes import Started
from dashboard.states import fragment
from dashboard.studies.compute import ComputeStudy
from dashboard.tables import compute as tables
from dashboard.tables import faults
from dashboard.text import Words

_RUN, _COLLECTION, _PICTURES = "bench_run", "bench_collection", "bench_pictures"
_COLLECT = ("etl", "run", "compute_benchmarks", "compute_loads", "--offline")
_LOOK_SECONDS = 1.0


def show(_study: ComputeStudy, said: Words) -> None:
    """Show both forms and what they have started."""
    if not measuring.is_installed():
        st.info(
            said.t(
                "**The generator is not installed.** `make generator` adds torch and diffusers "
                "(about 2 GB with a card's libraries); everything else works without."
            ),
            icon=":material/download:",
        )
        return
    _measure_form(said)
    busy = _is_busy(_RUN) or _is_busy(_COLLECTION)
    fragment(_run_state, run_every=_LOOK_SECONDS if busy else None)(said)
    _picture_form(said)
    fragment(_picture_state, run_every=_LOOK_SECONDS if _is_busy(_PICTURES) else None)(said)


def _is_busy(key: str) -> bool:
    started = st.session_state.get(key)
    return started is not None and started.status is None


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
                format_func=lambda name: f"{name} (toy)" if name == measuring.TINY else name,
            )
            batch = st.number_input(said.t("Pictures in one call"), 1, 256, 1, key="measure:batch")
        with second:
            task = st.selectbox(
                said.t("Task"), tuple(names), key="measure:task", format_func=names.__getitem__
            )
            images = st.number_input(said.t("Pictures"), 3, 1000, 30, key="measure:images")
        with third:
            preset = st.selectbox(said.t("Preset"), measuring.PRESETS, key="measure:preset")
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
            said.t("Measure"), icon=":material/speed:", disabled=_is_busy(_RUN)
        )
    if begin and not _is_busy(_RUN):
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
        _ended_without_result(started, said)
        return
    _collect_once(said)
    for cell in document["cells"]:
        _cell_state(cell, said)


def _ended_without_result(started: Started, said: Words) -> None:
    if (started.status or 0) < 0:
        st.warning(said.t("**Cancelled.** Nothing was recorded."), icon=":material/cancel:")
        return
    st.error(
        said.t(
            "**The measurement could not be made.** {reason}",
            reason=plain(measuring.complaint(started)),
        ),
        icon=":material/error:",
    )


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
        st.image([str(path) for path in found], width=160, caption=[words] * len(found))


def _picture_form(said: Words) -> None:
    st.header(said.t("Pictures from a prompt"), anchor=False)
    with st.form("pictures"):
        source = st.text_input(
            said.t("Pipeline: a folder, or an id on the hub"),
            str(measuring.tiny_folder()),
            key="pictures:source",
        )
        prompt = st.text_input(
            said.t("Prompt"), "a red circle on white", key="pictures:prompt", max_chars=500
        )
        first, second, third, fourth = st.columns(4)
        with first:
            n = st.number_input(said.t("Pictures"), 1, 16, 4, key="pictures:n")
        with second:
            seed = st.number_input(said.t("Seed"), 0, 2**31 - 1, 0, key="pictures:seed")
        with third:
            steps = st.number_input(
                said.t("Steps (0: the model's own)"), 0, 200, 0, key="pictures:steps"
            )
        with fourth:
            cents = st.number_input(
                said.t("Price of an hour (US cents)"), 0, 1_000_000, 250, key="pictures:cents"
            )
        st.caption(
            plain(
                said.t(
                    "The bundled pipeline draws a circle, square, triangle or ring in red, green, "
                    "blue, yellow, purple or orange, on white, black or grey. The same seed gives "
                    "the same picture."
                )
            )
        )
        begin = st.form_submit_button(
            said.t("Make pictures"), icon=":material/image:", disabled=_is_busy(_PICTURES)
        )
    if begin and not _is_busy(_PICTURES):
        if not prompt.strip():
            st.error(said.t("An empty prompt makes no picture."), icon=":material/error:")
            return
        data = cache.data_dir()
        words = ["bench", "picture", source, "--weights", "real", "--prompt", prompt]
        words += ["--n", str(n), "--seed", str(seed), "--progress-json"]
        words += ["--folder", str(data / "compute" / "pictures")]
        words += ["--steps", str(steps)] if steps else []
        st.session_state[_PICTURES] = processes.start(data, words, "bench-pictures")
        st.session_state[f"{_PICTURES}:cents"] = cents
        st.rerun()


def _picture_state(said: Words) -> None:
    started: Started | None = st.session_state.get(_PICTURES)
    if started is None:
        return
    if started.status is None:
        st.progress(0.0, text=plain(measuring.progress(started).doing or said.t("starting")))
        st.button(
            said.t("Cancel"), icon=":material/cancel:", on_click=started.stop, key="pictures:cancel"
        )
        return
    document = measuring.result(started)
    if document is None:
        _ended_without_result(started, said)
        return
    if st.session_state.get(f"{_PICTURES}:seen") != started.process.pid:
        st.session_state[f"{_PICTURES}:seen"] = started.process.pid
        st.rerun()  # the form's button wakes up
    _gallery(document, st.session_state.get(f"{_PICTURES}:cents", 0) / 100, said)


def _gallery(document: dict[str, Any], hourly_usd: float, said: Words) -> None:
    st.markdown(f"**{plain(document['prompt'])}**")
    columns = st.columns(4)
    for place, made in enumerate(document["pictures"]):
        with columns[place % 4]:
            if Path(made["path"]).is_file():
                st.image(made["path"], width=180)
            st.caption(
                said.t(
                    "Seed {seed}: {seconds} s, {cost} at that price (busy time alone).",
                    seed=str(made["seed"]),
                    seconds=said.number(made["seconds"], digits=3),
                    cost=said.money(hourly_usd * made["seconds"] / 3600, "USD", digits=6),
                )
            )
            energy = (
                said.t("{joules} J", joules=said.number(made["joules"], digits=0))
                if made["joules"] is not None
                else said.t(
                    "no energy: {reason}",
                    reason=plain(tables.energy_reason(made["joules_reason"], said)),
                )
            )
            st.caption(energy)
