"""Pictures from words on the Compute page, what each cost, and what more steps buy."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from dashboard import cache, measuring, processes
from dashboard.components import Card, Provenance, figure_card, plain
from dashboard.figures import compute as figures
from dashboard.figures import labels
from dashboard.figures.theme import Mode
from dashboard.processes import Started
from dashboard.states import Section, fragment, sections
from dashboard.studies.compute import TOYS, model_label
from dashboard.studies.picture_quality import PictureQuality, picture_quality, with_cost
from dashboard.tables import compute as tables
from dashboard.tables import faults
from dashboard.text import Words

_PICTURES = "bench_pictures"
LOOK_SECONDS = 1.0
_SHOWN_PX = 256
_CENTS = 250
_FIRST_WORDS = ("red apple", "a red circle on white")
"""What our small models draw at first: signs by their names, or shapes."""
_EACH, _OWN = "each", "own"
_STEPS = (_EACH, _OWN, "1", "2", "4", "8", "20", "50")
_MOST_STEPS, _MOST_LETTERS = 200, 500


def show(said: Words) -> None:
    """Show the form and the pictures that it has asked for."""
    _form(said)
    fragment(_state, run_every=LOOK_SECONDS if is_busy(_PICTURES) else None)(said)


def is_busy(key: str) -> bool:
    """Return whether the process that a form has started still runs."""
    started = st.session_state.get(key)
    return started is not None and started.status is None


def _form(said: Words) -> None:
    st.header(said.t("Type words, see the picture and what it cost"), anchor=False)
    steps_names = {
        _EACH: said.t("each of 1, 2, 4, 8 and 20"),
        _OWN: said.t("the model's own"),
    }
    taught = measuring.known_names()
    names = taught or [_FIRST_WORDS[1]]
    with st.form("pictures"):
        prompt = st.selectbox(
            said.t("Words"),
            names,
            index=next((names.index(word) for word in _FIRST_WORDS if word in names), None),
            key="pictures:prompt",
            accept_new_options=True,
            placeholder=said.t("Choose a name or type words"),
            help=_what_it_knows(bool(taught), said),
        )
        first, second, third, fourth = st.columns(4)
        with first:
            steps = st.selectbox(
                said.t("Steps"),
                _STEPS,
                key="pictures:steps",
                format_func=lambda code: steps_names.get(str(code), str(code)),
                accept_new_options=True,
                help=said.t(
                    "More steps cost more; up to four are drawn by an adapter made for few steps, "
                    "where the pipeline has one."
                ),
            )
        with second:
            n = st.number_input(said.t("Pictures"), 1, 16, 1, key="pictures:n")
        with third:
            seed = st.number_input(said.t("Seed"), 0, 2**31 - 1, 0, key="pictures:seed")
        with fourth:
            cents = st.number_input(
                said.t("Price of an hour (US cents)"), 0, 1_000_000, _CENTS, key="pictures:cents"
            )
        source = st.text_input(
            said.t("Pipeline: a folder, or an id on the hub"),
            str(measuring.toy_folder()),
            key="pictures:source",
        )
        begin = st.form_submit_button(
            said.t("Make pictures"), icon=":material/image:", disabled=is_busy(_PICTURES)
        )
    if begin and not is_busy(_PICTURES) and _is_right(prompt, steps, said):
        data = cache.data_dir()
        words = ["bench", "picture", source, "--weights", "real", "--prompt", str(prompt)]
        words += ["--n", str(n), "--seed", str(seed), "--progress-json"]
        words += ["--folder", str(data / "compute" / "pictures")]
        words += _steps_words(str(steps), source)
        st.session_state[_PICTURES] = processes.start(data, words, "bench-pictures")
        st.session_state[f"{_PICTURES}:cents"] = cents
        st.rerun()


def _what_it_knows(has_names: bool, said: Words) -> str:
    if has_names:
        return said.t(
            "Our small model knows the names and keywords of signs in English, and the words flat "
            "and shaded for two styles. It knows no sentences, numbers or letters."
        )
    return said.t(
        "The bundled pipeline draws a circle, square, triangle or ring in red, green, blue, "
        "yellow, purple or orange, on white, black or grey. The same seed gives the same picture."
    )


def _is_right(prompt: str | None, steps: str | None, said: Words) -> bool:
    """Return whether a picture can be asked for; say what is wrong where it cannot."""
    if not (prompt or "").strip():
        st.error(said.t("An empty prompt makes no picture."), icon=":material/error:")
        return False
    if len(str(prompt)) > _MOST_LETTERS:
        st.error(
            said.t(
                "Got {n} letters; expected at most {most}.",
                n=str(len(str(prompt))),
                most=str(_MOST_LETTERS),
            ),
            icon=":material/error:",
        )
        return False
    if steps in _STEPS or (str(steps).isdecimal() and 1 <= int(str(steps)) <= _MOST_STEPS):
        return True
    st.error(
        said.t(
            "Got {steps} steps; expected a whole number from 1 to {most}.",
            steps=plain(steps or said.t("no")),
            most=str(_MOST_STEPS),
        ),
        icon=":material/error:",
    )
    return False


def _steps_words(steps: str, source: str) -> list[str]:
    """Return the options of a number of steps: few are the adapter's, where there is one."""
    if steps == _EACH:
        return ["--by-steps"]
    if steps == _OWN:
        return []
    is_few = int(steps) <= measuring.FEW_STEPS and measuring.has_adapter(Path(source))
    return ["--steps", steps, *(["--preset", "few-steps"] if is_few else [])]


def _state(said: Words) -> None:
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
        ended_without_result(started, said)
        return
    if st.session_state.get(f"{_PICTURES}:seen") != started.process.pid:
        st.session_state[f"{_PICTURES}:seen"] = started.process.pid
        st.rerun()  # the form's button wakes up
    _gallery(document, st.session_state.get(f"{_PICTURES}:cents", 0) / 100, said)


def ended_without_result(started: Started, said: Words) -> None:
    """Say why a process has printed nothing."""
    if (started.status or 0) < 0:
        st.warning(said.t("**Cancelled.** Nothing was recorded."), icon=":material/cancel:")
        return
    failed = started.failure()
    st.error(
        said.t(
            "**The measurement could not be made.** {reason}",
            reason=faults.told(failed, said) if failed else "",
        ),
        icon=":material/error:",
    )


def _gallery(document: dict[str, Any], hourly_usd: float, said: Words) -> None:
    model = Path(document["cell"]["model"]).name
    st.markdown(f"**{plain(document['prompt'])}** · {badge(model, said)}")
    if unknown := document["unknown_words"]:
        st.warning(
            said.t(
                "**It has never read {words}**: what it draws of them is arbitrary.",
                words=said.listed(map(plain, unknown)),
            ),
            icon=":material/question_mark:",
        )
    pictures = document["pictures"]
    columns = st.columns(max(4, min(5, len(pictures))))
    for place, made in enumerate(pictures):
        with columns[place % len(columns)]:
            _picture(made, hourly_usd, said)
    for reason in dict.fromkeys(made["joules_reason"] for made in pictures):
        if reason:
            why = plain(tables.energy_reason(reason, said))
            st.caption(said.t("no energy: {reason}", reason=why))


def enlarged(path: Path) -> Image.Image:
    """Return a picture; a small one is enlarged smoothly, for a browser would show its squares."""
    with Image.open(path) as opened:
        if max(opened.size) >= _SHOWN_PX:
            return opened.copy()
        return opened.resize((_SHOWN_PX, _SHOWN_PX), Image.Resampling.LANCZOS)


def badge(model: str, said: Words) -> str:
    """Return the Markdown of what drew: a toy bears a badge that says so."""
    if model not in TOYS:
        return plain(model)
    toy = said.t("a toy of 64 pixels, enlarged: no product's picture or cost")
    return f"{plain(model)} :violet-badge[:material/toys: {toy}]"


def _picture(made: dict[str, Any], hourly_usd: float, said: Words) -> None:
    path = Path(made["path"])
    if path.is_file():
        st.image(enlarged(path), width=180)
    way = tables.drawing_names(said).get(made["preset"], made["preset"])
    told = said.n("{n} step", "{n} steps", made["steps"])
    parts = [
        f"**{plain(told)}**",
        *([plain(way)] if made["preset"] != "default" else []),
        said.t("seed {seed}", seed=str(made["seed"])),
        said.t("{seconds} s", seconds=said.number(made["seconds"], digits=3)),
        said.t(
            "{cost} at the price chosen",
            cost=said.money(hourly_usd * made["seconds"] / 3600, "USD", digits=6),
        ),
        *(
            [said.t("{joules} J", joules=said.number(made["joules"], digits=1))]
            if made["joules"] is not None
            else []
        ),
    ]
    st.caption(" · ".join(parts))


def show_quality(said: Words) -> None:
    """Show what more steps buy: how good the pictures of our small model are, and their cost."""
    quality = picture_quality(measuring.toy_folder())
    if quality is None:
        return
    cents = st.session_state.get("pictures:cents", _CENTS)
    section = Section(
        "compute:quality", lambda mode: _quality_cards(quality, cents / 100, said, mode), 520
    )
    sections(said, [section], cents, quality.measured_at)


def _quality_cards(
    quality: PictureQuality, hourly_usd: float, said: Words, mode: Mode
) -> list[Card]:
    frame = with_cost(quality, hourly_usd)
    names = tables.drawing_names(said)
    told = Provenance(
        "assumed",
        said.t("share of pictures; US dollars for 1,000"),
        quality.measured_at.date(),
        said.t(
            "{price} an hour is chosen; shares and seconds of {model} are measured, on {device}",
            price=said.money(hourly_usd, "USD", digits=2),
            model=labels.run(said, model_label(TOYS[0])),
            device=quality.device,
        ),
    )
    return [
        partial(
            figure_card,
            said,
            said.t("What more steps buy: quality against cost"),
            figures.quality_figure(frame, quality.decoded_rate, names, said, mode),
            tables.quality(frame, said),
            told,
        ),
        partial(
            st.caption,
            plain(
                said.t(
                    "A small network that has seen every drawing names each picture; the share "
                    "says how often the name that was asked for, one the model was taught, is "
                    "among its five first guesses (chance: {chance}; the drawings themselves, once "
                    "through the decoder: {most}). New wording and unseen things are in the table. "
                    "The model draws signs of 64 pixels: neither its quality nor its cost is any "
                    "product's.",
                    chance=said.percent(quality.chance_rate, digits=1),
                    most=said.percent(quality.decoded_rate, digits=0),
                )
            ),
        ),
    ]
