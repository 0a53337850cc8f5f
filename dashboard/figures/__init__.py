"""Figures: frames in, plotly figures out; no Streamlit, no SQL, shared by pages and reports."""
