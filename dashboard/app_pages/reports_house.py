"""The house's own disclosure: it stands in the foot of every report."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, reporting
from dashboard.components import plain
from dashboard.text import LANGUAGES, Words
from etl.errors import InputError

_NAMES = {"en": "English", "zh": "中文"}
_TOLD = "house:told"


def show(said: Words) -> None:
    """Show the text of each language, to be changed and saved."""
    st.markdown(
        said.t(
            "Stands in the foot of every report in its language, before the sentence that a "
            "report is no investment advice. An empty text is left out."
        )
    )
    data = cache.data_dir()
    with st.form("house", border=True):
        for language in LANGUAGES:
            st.text_area(
                _NAMES[language],
                reporting.disclosure(data, language),
                key=f"house:{language}",
                max_chars=reporting.MAX_SIGNS,
            )
        saved = st.form_submit_button(said.t("Save"), icon=":material/save:")
    if saved:
        _save(said)


def _save(said: Words) -> None:
    try:
        for language in LANGUAGES:
            text = st.session_state[f"house:{language}"]
            reporting.save_disclosure(cache.data_dir(), language, text)
    except (InputError, OSError) as fault:
        st.error(said.t("**Not saved.** {reason}", reason=plain(fault)), icon=":material/error:")
        return
    st.success(said.t("Saved. Reports built from now on bear it."), icon=":material/task_alt:")
