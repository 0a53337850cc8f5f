"""The named peer: a bare Streamlit page that shows the Market page's figures from memory."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import streamlit as st


@st.cache_resource
def figures() -> list[object]:
    """Read the figures once; every rerun takes them from memory."""
    return pickle.loads(Path(os.environ["PEER_FIGURES"]).read_bytes())


st.title("Peer")
st.selectbox("Company", ["A", "B"])
for number, figure in enumerate(figures()):
    st.plotly_chart(figure, key=str(number))
