"""Which inputs the uncertainty of a result comes from."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

MOST_INPUTS = 12


def variance_figure(rows: pd.DataFrame, said: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the share of the variance that each input carries, the largest first.

    Parameters
    ----------
    rows
        ``label`` (in the reader's language), ``share`` (ratio), ``evidence_kind``. At most
        :data:`MOST_INPUTS` are drawn; the others are counted with their sum in the alternative
        text.
    """
    known: Any = rows.loc[np.isfinite(scales.values(rows, "share"))]
    known = known.sort_values("share", ascending=False, kind="stable")
    if known.empty:
        return theme.empty(said.t("No input has a range, so the result does not vary."), mode)
    shown = known.head(MOST_INPUTS)
    share = scales.values(shown, "share")
    kinds = looks.kinds_of(shown)
    figure = go.Figure(
        go.Bar(
            x=share,
            y=np.arange(len(shown)),
            orientation="h",
            width=0.6,
            marker=looks.bar_marker([theme.BLUE] * len(shown), kinds),
            hoverinfo="skip",
            showlegend=False,
        )
    )
    texts = [scales.write(said, each, "ratio") for each in share]
    figure.add_trace(looks.texts_at(share, range(len(shown)), texts, "middle right", mode))
    looks.evidence_keys(figure, kinds, said, mode)
    names = looks.row_names(shown, [True] * len(shown), said, mode)
    theme.finish(
        figure,
        alt=_alt(known, said),
        mode=mode,
        height=56 + looks.row_px(names) * len(shown) + looks.legend_px(figure),
    )
    looks.rows_axis(figure, names)
    _, high = scales.with_room(0, max(float(share.max()), 1e-6), 0, scales.label_px(texts))
    return figure.update_xaxes(
        title_text=said.t("Share of the variance (%)"),
        **scales.linear_axis(said, 0, high, "ratio"),
    )


def _alt(known: pd.DataFrame, said: Words) -> str:
    share = scales.values(known, "share")
    assumed = np.asarray([kind == "assumed" for kind in looks.kinds_of(known)])
    parts = [
        said.t(
            "{label} carries the most of the variance: {share}.",
            label=known["label"].iloc[0],
            share=scales.write(said, share[0], "ratio"),
        ),
        said.t(
            "Assumed inputs carry {share} in all.",
            share=scales.write(said, float(share[assumed].sum()), "ratio"),
        ),
    ]
    rest = share[MOST_INPUTS:]
    if rest.size:
        parts.append(
            said.n(
                "{n} input more, not drawn, carries {share}.",
                "{n} inputs more, not drawn, carry {share}.",
                rest.size,
                share=scales.write(said, float(rest.sum()), "ratio"),
            )
        )
    return said.sentences(parts)
