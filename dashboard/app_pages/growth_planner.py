"""How many users a trial needs, tried out without running the page again."""

from __future__ import annotations

import streamlit as st

from dashboard.components import Provenance, metric_tile, plain
from dashboard.states import fragment
from dashboard.text import Words
from etl.analytics.experiments import plan_shares


@fragment
def planner(said: Words) -> None:
    """Show the controls and the users needed."""
    with st.container(border=True):
        columns = st.columns(4)
        with columns[0]:
            baseline = st.number_input(
                said.t("Share of payers now (%)"), 0.01, 99.0, 3.0, 0.1, key="plan_baseline"
            )
        with columns[1]:
            difference = st.number_input(
                said.t("Smallest difference worth finding (percentage points)"),
                -50.0,
                50.0,
                0.5,
                0.1,
                key="plan_difference",
            )
        with columns[2]:
            power = st.number_input(
                said.t("Chance to find it (%)"), 10, 99, 80, 5, key="plan_power"
            )
        with columns[3]:
            a_day = st.number_input(
                said.t("New users a day"), 1, 10_000_000, 1_000, 100, key="plan_users"
            )
        try:
            plan = plan_shares(baseline / 100, difference / 100, power=power / 100)
        except ValueError as problem:
            st.error(plain(problem), icon=":material/error:")
            return
        assumed = Provenance(
            "assumed", "", None, said.t("pooled z test, two-sided at 5%, two equal arms")
        )
        tiles = st.columns(2)
        with tiles[0]:
            metric_tile(
                said,
                said.t("Users an arm"),
                said.number(plan.n_control, digits=0),
                assumed,
            )
        with tiles[1]:
            metric_tile(
                said,
                said.t("Days until both arms are full"),
                said.number(-(-2 * plan.n_control // a_day), digits=0),
                assumed,
                notes=[
                    said.t("Every user still needs the full window to pay after the last began.")
                ],
            )
