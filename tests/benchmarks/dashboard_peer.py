"""The named peer: a bare Streamlit page with one figure of 2,000 points and a switch."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

N_POINTS = 2_000


@st.cache_resource
def figure() -> go.Figure:
    """Make the figure once; every rerun takes it from memory."""
    days = list(range(N_POINTS))
    return go.Figure(go.Scatter(x=days, y=[(day * 7919) % 1000 for day in days]))


st.title("Peer")
if st.toggle("Show as table"):
    st.dataframe({"n": [N_POINTS]})
else:
    st.plotly_chart(figure(), key="figure")
