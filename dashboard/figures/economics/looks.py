"""Looks that the figures of money and machines share: evidence, rows, legends, remarks."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import scales
from dashboard.text import Words

HATCHES = {"assumed": "/", "simulated": "."}
"""Pattern of the evidence kinds that nothing stands behind but a guess or a model."""

LABEL_WIDTH = 20
"""Columns at which the name of a row is broken."""

_LINE_PX = 16
_LEGEND_ROW_PX, _LEGEND_WIDTH_PX, _LEGEND_KEY_PX = 21, 280, 52


def kinds_of(frame: pd.DataFrame) -> list[str]:
    """Return the evidence kind of each row; empty where it is not told."""
    if "evidence_kind" not in frame:
        return [""] * len(frame)
    return ["" if pd.isna(kind) else str(kind) for kind in frame["evidence_kind"]]


def bar_marker(colors: Sequence[str], kinds: Sequence[str]) -> dict[str, Any]:
    """Return the marker of bars: each in its colour, hatched where its evidence asks for it."""
    return {
        "color": list(colors),
        "line": {"color": list(colors), "width": 1.2},
        "pattern": {"shape": [HATCHES.get(kind, "") for kind in kinds], "size": 7},
    }


def color_key(figure: go.Figure, name: str, color: str) -> None:
    """Put a colour into the legend, plain: its bars may be hatched or not."""
    figure.add_bar(
        x=[None], y=[None], name=name, marker={"color": color}, hoverinfo="skip", showlegend=True
    )


def evidence_keys(figure: go.Figure, kinds: Iterable[str], said: Words, mode: theme.Mode) -> None:
    """Put the hatches that occur into the legend."""
    held = set(kinds)
    for kind in (kind for kind in HATCHES if kind in held):
        figure.add_bar(
            x=[None],
            y=[None],
            name=said.evidence(kind),
            marker=bar_marker([theme.INKS[mode].quiet], [kind]),
            hoverinfo="skip",
            showlegend=True,
        )


def row_names(
    frame: pd.DataFrame, known: Any, said: Words, mode: theme.Mode, column: str = "label"
) -> list[str]:
    """Return the name of each row, its evidence kind in small letters below.

    A row that is not ``known`` (bool, one a row) has no evidence.
    """
    return [
        theme.wrap(theme.escape(str(label)), LABEL_WIDTH)
        + (f"<br>{small(said.evidence(kind), mode)}" if kind and is_known else "")
        for label, kind, is_known in zip(frame[column], kinds_of(frame), known, strict=True)
    ]


def small(text: str, mode: theme.Mode) -> str:
    """Return text in small quiet letters."""
    return f'<span style="font-size:11px;color:{theme.INKS[mode].quiet}">{text}</span>'


def row_px(names: Sequence[str], least: int = 36) -> int:
    """Return the height of a row in which the longest of the names has room."""
    return max(least, 8 + _LINE_PX * max((name.count("<br>") + 1 for name in names), default=1))


def rows_axis(figure: go.Figure, names: Sequence[str], **place: Any) -> None:
    """Let rows stand from top to bottom at 0, 1, 2, …, each with its name.

    Rows are numbered since two may bear the same name. Ticks are kept unseen, for their distance.
    """
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.5, -0.5],
        tickcolor="rgba(0,0,0,0)",
        showgrid=False,
        zeroline=False,
        **place,
    )


def texts_at(
    x: Any,
    y: Any,
    texts: Sequence[str],
    side: str | Sequence[str],
    mode: theme.Mode,
) -> go.Scatter:
    """Return labels beside points: ``side`` is where they stand, as plotly names it."""
    sides = [side] * len(texts) if isinstance(side, str) else side
    return go.Scatter(
        x=list(x),
        y=list(y),
        text=[_apart(text, where) for text, where in zip(texts, sides, strict=True)],
        mode="text",
        textposition=side,
        textfont={"size": 12, "color": theme.INKS[mode].text},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _apart(text: str, side: str) -> str:
    """Return a label that keeps a distance from its point on either side."""
    gap = "\N{NO-BREAK SPACE}" * 2
    before, after = (gap, "") if side.endswith("right") else ("", gap)
    if side.endswith("center"):
        return text
    return "<br>".join(f"{before}{line}{after}" for line in text.split("<br>"))


def unknown_rows(
    figure: go.Figure, rows: Any, x: float, said: Words, mode: theme.Mode, **place: Any
) -> None:
    """Say "not known" in rows without a value: an empty row could be taken for zero."""
    if not rows:
        return
    trace: Any = texts_at([x] * len(rows), rows, [unknown(said)] * len(rows), "middle right", mode)
    trace.textfont.color = theme.INKS[mode].quiet
    figure.add_trace(trace, **place)


def whiskers(low: Any, middle: Any, high: Any, mode: theme.Mode, width: int = 4) -> dict[str, Any]:
    """Return error bars from ``low`` to ``high`` around ``middle``; none where one is missing."""
    return {
        "type": "data",
        "symmetric": False,
        "array": high - middle,
        "arrayminus": middle - low,
        "color": theme.INKS[mode].text,
        "thickness": 1.2,
        "width": width,
    }


def legend_px(figure: go.Figure) -> int:
    """Return the height that the legend needs on a narrow page."""
    traces: Any = figure.data
    names = [
        str(trace.name)
        for trace in traces
        if trace.showlegend is not False and trace.name is not None
    ]
    if not names:
        return 0
    widest = max(scales.label_px([name]) for name in names) + _LEGEND_KEY_PX
    across = max(1, int(_LEGEND_WIDTH_PX // widest))
    return _LEGEND_ROW_PX * -(-len(names) // across) + 6


def remark(figure: go.Figure, text: str, mode: theme.Mode, width: int = 36) -> int:
    """Write a sentence above the plot and return the pixels it needs there."""
    lines = theme.wrap(theme.escape(text), width)
    figure.add_annotation(
        text=lines,
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=6,
        align="left",
        showarrow=False,
        font={"size": 12, "color": theme.INKS[mode].text},
    )
    return 14 + _LINE_PX * (lines.count("<br>") + 1)


def unknown(said: Words) -> str:
    """Return what stands where a value is missing."""
    text = said.t("not known")
    return f"<i>{text}</i>"


def listed_rows(said: Words, labels: Sequence[Any], kinds: Sequence[str], values: Any) -> list[str]:
    """Return sentences that name the rows that are assumed and those that are not known."""
    rows = list(zip(map(str, labels), kinds, values, strict=True))
    assumed = [label for label, kind, value in rows if kind == "assumed" and not pd.isna(value)]
    unknown = [label for label, _, value in rows if pd.isna(value)]
    parts: list[str] = []
    if assumed:
        parts.append(said.t("Assumed: {labels}.", labels=join(said, assumed)))
    if unknown:
        parts.append(said.t("Not known: {labels}.", labels=join(said, unknown)))
    return parts


def join(said: Words, names: Sequence[str]) -> str:
    """Return names in a row."""
    return said.t("; ").join(names)
