"""The growth strip of the Overview: what an install of each channel leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages import growth_money
from dashboard.app_pages.growth_choices import View, choose
from dashboard.app_pages.growth_paying import offered
from dashboard.components import MISSING_KIND, evidence_badge, figure_card, plain
from dashboard.figures import labels
from dashboard.figures.growth import money as figures
from dashboard.states import empty
from dashboard.studies.growth.channels import ChannelStudy, channel_study
from dashboard.studies.growth.sources import histories
from dashboard.tables.growth import money as tables
from dashboard.text import Words


def show(as_of: date | None, said: Words) -> None:
    """Show the contribution of an install by channel, from the history that is chosen."""
    st.header(said.t("What an install leaves, by channel"), anchor=False)
    held = cache.study(histories)
    if held.events.empty:
        _nothing(said)
        return
    with st.expander(said.t("Which history, the cost of a picture, and how long is counted")):
        view = choose(held, "channels", said)
    last: Any = pd.Timestamp(view.told.last_on).date()
    if as_of is not None and last > as_of:
        st.info(
            said.t(
                "This history reaches to {last}: on {as_of} it was not known, so it is not shown.",
                last=said.date(view.told.last_on),
                as_of=said.date(as_of),
            ),
            icon=":material/history_toggle_off:",
        )
        return
    _label(view, said)
    if not view.payments:
        for card in growth_money.arrivals_cards(view, said):
            card()
        return
    _strip(view, said)


def _strip(view: View, said: Words) -> None:
    asked = growth_money.channels_asked(view)
    study = cache.study(channel_study, *asked)
    is_known = len(study.table.dropna(subset=["contribution_per_install_usd"])) > 0
    kind = study.evidence_kind if is_known else MISSING_KIND
    st.markdown(f"{evidence_badge(said, kind)} {_sentence(study, view, said)}")
    heading = said.t("Contribution of an install")
    if study.evidence_kind == "simulated":
        heading = said.t("Contribution of an install (simulated)")
    figure_card(
        said,
        heading,
        cache.drawn(
            "overview:channels",
            lambda mode: figures.contribution_figure(study.table, said, mode),
            said,
            asked,
        ),
        offered(channel_study, asked, lambda s: tables.channels(s, said)),
        growth_money.channels_provenance(kind, view, said),
    )
    _left_out(study, view, said)
    st.page_link(
        "app_pages/growth.py",
        label=said.t("Look closer on the Growth page"),
        icon=":material/trending_up:",
        query_params={"lang": said.language, "section": "channels", "source": view.source},
    )


def _sentence(study: ChannelStudy, view: View, said: Words) -> str:
    """Say what the best and the worst channel leave, and how many leave anything."""
    known: Any = study.table.dropna(subset=["contribution_per_install_usd"])
    if known.empty:
        return said.t("No cohort has had its full time yet.")
    ordered = known.sort_values("contribution_per_install_usd", kind="stable")
    worst, best = ordered.iloc[0], ordered.iloc[-1]
    return said.t(
        "{days} days after an install, {best} has left {most} and {worst} {least}, after store, "
        "refunds, compute and acquisition; {n} of {all} channels leave more than they cost.",
        days=view.horizon_days,
        best=plain(labels.channel(said, best["channel"])),
        most=f"**{said.money(best['contribution_per_install_usd'], 'USD')}**",
        worst=plain(labels.channel(said, worst["channel"])),
        least=f"**{said.money(worst['contribution_per_install_usd'], 'USD')}**",
        n=int((known["contribution_per_install_usd"] > 0).sum()),
        all=len(known),
    )


def _label(view: View, said: Words) -> None:
    if view.told.evidence_kind == "simulated":
        st.warning(
            said.t(
                "**Simulated.** This strip comes from a made-up history, drawn with a seed: it "
                "shows what the page can do and says nothing about any real app."
            ),
            icon=":material/casino:",
        )


def _left_out(study: ChannelStudy, view: View, said: Words) -> None:
    if not view.spend:
        st.caption(said.t("No spend stands beside these events: acquisition counts as nothing."))
    if told := growth_money.channels_left_out(study, said):
        st.caption(told)


def _nothing(said: Words) -> None:
    empty(
        said,
        said.t(
            "**No history of a product is held.** Import your own events on the Data page (or with "
            "`artonomics import events FILE…`), or draw a made-up one with "
            "`artonomics simulate demo`."
        ),
        icon=":material/inbox:",
        label=said.t("To the import on the Data page"),
        view="import",
    )
