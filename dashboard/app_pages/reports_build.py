"""Preview a report, build it with its progress, and take its files."""

from __future__ import annotations

import secrets
from html import escape
from pathlib import Path

import streamlit as st

from dashboard import cache, downloads, processes, reporting
from dashboard.components import plain
from dashboard.processes import Started
from dashboard.reporting import Wanted
from dashboard.states import fragment
from dashboard.tables import faults
from dashboard.text import Words
from etl.errors import ArtonomicsError

_BUILD, _PREVIEW, _TOKEN = "report:build", "report:preview", "report:token"
_LOOK_SECONDS = 1.0
_FRAME_PX = 900
MIME_TYPES = {
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def show(wanted: Wanted, said: Words) -> None:
    """Show both buttons, and what they have started."""
    lacking = cache.lacking(wanted.formats, wanted.languages)
    _complain(lacking, said)
    incomplete = not wanted.formats or not wanted.languages
    if incomplete:
        st.info(said.t("Choose a format and a language to build."), icon=":material/info:")
    busy = _is_busy(_BUILD) or _is_busy(_PREVIEW)
    with st.container(horizontal=True):
        st.button(
            said.t("Preview"),
            key="report:look",
            icon=":material/preview:",
            disabled=busy or bool(cache.lacking((), (said.language,))),
            on_click=_look,
            args=(wanted, said.language),
        )
        st.button(
            said.t("Build"),
            key="report:go",
            type="primary",
            icon=":material/build:",
            disabled=busy or bool(lacking) or incomplete,
            on_click=_go,
            args=(wanted,),
        )
    fragment(_state, run_every=_LOOK_SECONDS if busy else None)(wanted, said)


def _complain(lacking: list[tuple[str, str]], said: Words) -> None:
    for code, reason in lacking:
        told = {
            "NO_BROWSER": said.t(
                "**No Chromium on this machine.** It draws the figures of PDF and HTML; the other "
                "formats need none. {reason}",
                reason=plain(reason),
            ),
            "NO_CHINESE_FONT": said.t(
                "**No font with Chinese characters on this machine.** Reports in English can be "
                "built. {reason}",
                reason=plain(reason),
            ),
        }
        st.warning(told.get(code, plain(reason)), icon=":material/report:")
        st.caption(said.t("Code {code}", code=plain(code)))


def _look(wanted: Wanted, language: str) -> None:
    data, token = cache.data_dir(), _token()
    folder = reporting.preview_folder(data, token)
    drawn = not cache.lacking(("html",), (language,))
    words = wanted.preview(language, folder, drawn=drawn)
    st.session_state.pop(_BUILD, None)
    st.session_state[f"{_PREVIEW}:of"] = (wanted, language)
    st.session_state[_PREVIEW] = processes.start(data, words, f"report-preview-{token}")


def _go(wanted: Wanted) -> None:
    name = f"report-build-{_token()}"
    st.session_state[_BUILD] = processes.start(cache.data_dir(), wanted.words(), name)


def _token() -> str:
    """Return what tells this visit from others: each has its own log and preview."""
    return st.session_state.setdefault(_TOKEN, secrets.token_hex(4))


def _is_busy(key: str) -> bool:
    started: Started | None = st.session_state.get(key)
    return started is not None and started.status is None


def _state(wanted: Wanted, said: Words) -> None:
    for key in (_BUILD, _PREVIEW):
        started: Started | None = st.session_state.get(key)
        if started is None:
            continue
        if started.status is None:
            st.session_state[f"{key}:waits"] = True
            _going_on(started, said)
        elif st.session_state.pop(f"{key}:waits", False):
            st.rerun()  # the buttons above wake up
        elif (failed := started.failure()) is not None:
            _failed(failed, started, said)
        elif key == _BUILD:
            _done(started, said)
        else:
            _previewed(started, wanted, said)


def _going_on(started: Started, said: Words) -> None:
    far = reporting.progress(started)
    doing = {"": said.t("Starting"), reporting.FIGURES: said.t("Drawing the figures")}
    st.progress(far.share, text=doing.get(far.doing) or plain(far.doing))
    st.button(
        said.t("Cancel"), icon=":material/cancel:", on_click=started.stop, key="report:cancel"
    )


def _failed(failed: ArtonomicsError, started: Started, said: Words) -> None:
    if (started.status or 0) < 0:
        st.warning(said.t("**Cancelled.** No file was written."), icon=":material/cancel:")
        return
    told = {
        "EMPTY_PERIOD": said.t("**There is nothing new in this period.** {reason}"),
        "NOT_REDISTRIBUTABLE": said.t("**Nothing of this may be passed on.** {reason}"),
    }
    head = told.get(failed.code, said.t("**The report could not be built.** {reason}"))
    st.error(head.replace("{reason}", faults.told(failed, said)), icon=":material/error:")
    st.caption(said.t("Code {code}", code=plain(failed.code)))


def _done(started: Started, said: Words) -> None:
    files = reporting.files(started)
    st.success(
        said.n("**Built.** {n} file is ready.", "**Built.** {n} files are ready.", len(files)),
        icon=":material/task_alt:",
    )
    take(files, "report:file", said)


def take(files: list[Path], key: str, said: Words) -> None:
    """Offer each file, and all of them as one zip."""
    with st.container(horizontal=True):
        for place, file in enumerate(files):
            st.download_button(
                file.name,
                data=file.read_bytes,
                file_name=file.name,
                mime=MIME_TYPES.get(file.suffix, "application/octet-stream"),
                key=f"{key}:{place}",
                icon=":material/download:",
                on_click="ignore",
            )
        if len(files) > 1:
            st.download_button(
                said.t("All as one zip"),
                data=lambda: downloads.zipped(files),
                file_name=f"{files[0].stem}.zip",
                mime="application/zip",
                key=f"{key}:zip",
                icon=":material/folder_zip:",
                on_click="ignore",
            )


def _previewed(started: Started, wanted: Wanted, said: Words) -> None:
    files = reporting.files(started)
    if not files:
        st.info(said.t("The preview is gone: make it again."), icon=":material/preview:")
        return
    of, language = st.session_state[f"{_PREVIEW}:of"]
    if (of.name, of.options, of.as_of) != (wanted.name, wanted.options, wanted.as_of) or (
        language != said.language
    ):
        st.info(
            said.t("The choice has changed since this preview: look again."),
            icon=":material/history:",
        )
    framed(files[0].read_text(encoding="utf-8"), said.t("Preview of the report"))


def framed(page: str, title: str) -> None:
    """Show a page of a report as what it is, apart from the dashboard and with no rights in it."""
    scripts = "allow-scripts" if "<script" in page else ""
    st.iframe(
        f'<iframe title="{escape(title)}" sandbox="{scripts}" srcdoc="{escape(page)}" '
        f'style="width: 100%; height: {_FRAME_PX - 20}px; border: 0; background: #fff"></iframe>',
        height=_FRAME_PX,
        alt=title,
    )
