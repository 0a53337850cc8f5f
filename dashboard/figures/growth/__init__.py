"""Figures of growth: retention, conversion, revenue, value, trials and channels."""
