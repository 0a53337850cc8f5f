"""How far each input alone moves a result."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import compact, looks, scales
from dashboard.text import Words

MOST_INPUTS = 12

_HEIGHT, _HALF = 0.6, 0.3


def tornado_figure(
    rows: pd.DataFrame,
    base: float,
    said: Words,
    mode: theme.Mode = "light",
    *,
    result: scales.Axis,
    write: Callable[[float], str] | None = None,
) -> go.Figure:
    """Draw the result with each input at both ends of its range, the widest swing on top.

    Parameters
    ----------
    rows
        ``label``, ``input_low``, ``input_high``, ``result_low``, ``result_high`` (the result with
        the input at its low and high end), ``evidence_kind``, and if they are held ``input_unit``
        (as in :class:`~dashboard.figures.economics.scales.Axis`). At most :data:`MOST_INPUTS` are
        drawn; the alternative text counts the others, and those whose result is not known.
    base
        The result with every input at its own value.
    result
        What the result is, and its unit.
    write
        How the result is written; by default as its unit asks.
    """
    shown, n_more, n_unknown = _chosen(rows)
    if shown.empty or not np.isfinite(base):
        return theme.empty(said.t("No input has a range over which the result is known."), mode)
    wording = write or (lambda value: compact.write(said, value, result.unit))
    kinds = looks.kinds_of(shown)
    same_side = _same_side(shown, base)
    figure = go.Figure()
    texts: list[str] = []
    for end, name, color, turn in (
        ("low", said.t("input at its low end"), theme.SKY, -1),
        ("high", said.t("input at its high end"), theme.BLUE, 1),
    ):
        own = scales.values(shown, f"result_{end}")
        at = np.arange(len(shown)) + np.where(same_side, turn * _HALF / 2, 0)
        figure.add_bar(
            x=own - base,
            base=base,
            y=at,
            width=np.where(same_side, _HALF, _HEIGHT),
            orientation="h",
            marker=looks.bar_marker([color] * len(shown), kinds),
            hoverinfo="skip",
            showlegend=False,
        )
        looks.color_key(figure, name, color)
        written = _ends(shown, end, (own, wording, same_side), said, mode)
        side = _sides(shown, end, base)
        figure.add_trace(looks.texts_at(own, at, written, side, mode))
        texts += written
    figure.add_vline(x=base, line_width=2, line_color=theme.INKS[mode].text)
    looks.evidence_keys(figure, kinds, said, mode)
    names = looks.row_names(shown, [True] * len(shown), said, mode)
    head = looks.remark(
        figure, said.t("At the inputs' own values: {value}", value=wording(base)), mode
    )
    theme.finish(
        figure,
        alt=_alt(shown, wording, (base, n_more, n_unknown), said),
        mode=mode,
        height=50 + head + looks.row_px(names, 44) * len(shown) + looks.legend_px(figure),
        top=head,
    )
    figure.update_layout(barmode="overlay")
    looks.rows_axis(figure, names)
    ends = [*scales.values(shown, "result_low"), *scales.values(shown, "result_high"), base]
    room = scales.label_px(texts) + 6
    low, high = scales.with_room(min(ends), max(ends), room, room)
    return figure.update_xaxes(
        title_text=result.heading(said),
        zeroline=True,
        **scales.linear_axis(said, low, high, result.unit),
    )


def _chosen(rows: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """Return the rows to draw, how many more there are, and how many are not known."""
    low, high = scales.values(rows, "result_low"), scales.values(rows, "result_high")
    span = pd.Series(np.abs(high - low), index=rows.index)
    known: Any = rows.loc[span.notna()].assign(_span=span[span.notna()])
    known = known.sort_values("_span", ascending=False, kind="stable").drop(columns="_span")
    shown = known.head(MOST_INPUTS).reset_index(drop=True)
    return shown, len(known) - len(shown), len(rows) - len(known)


def _same_side(shown: pd.DataFrame, base: float) -> np.ndarray:
    """Return where both ends lie on one side of the base: their bars would cover each other."""
    low, high = scales.values(shown, "result_low"), scales.values(shown, "result_high")
    return (low - base) * (high - base) > 0


def _sides(shown: pd.DataFrame, end: str, base: float) -> list[str]:
    own = scales.values(shown, f"result_{end}")
    other = scales.values(shown, f"result_{'high' if end == 'low' else 'low'}")
    # An end at the base itself is written on the side that the other end leaves free.
    right = (own > base) | ((own == base) & (other < base))
    return ["middle right" if on_right else "middle left" for on_right in right]


def _ends(
    shown: Any,
    end: str,
    about: tuple[np.ndarray, Callable[[float], str], np.ndarray],
    said: Words,
    mode: theme.Mode,
) -> list[str]:
    """Return the result at one end, and the input's value there in small letters."""
    own, wording, same_side = about
    units: list[Any] = list(shown["input_unit"]) if "input_unit" in shown else [None] * len(shown)
    return [
        wording(value)
        + (" " if one_line else "<br>")
        + looks.small(
            theme.escape(compact.write(said, given, "count" if pd.isna(unit) else str(unit))), mode
        )
        for value, given, unit, one_line in zip(
            own, scales.values(shown, f"input_{end}"), units, same_side, strict=True
        )
    ]


def _alt(
    shown: pd.DataFrame,
    wording: Callable[[float], str],
    about: tuple[float, int, int],
    said: Words,
) -> str:
    base, n_more, n_unknown = about
    first = shown.iloc[0]
    parts = [
        said.t(
            "{base} at the inputs' own values; {label} moves it most, from {low} to {high}.",
            base=wording(base),
            label=first["label"],
            low=wording(min(first["result_low"], first["result_high"])),
            high=wording(max(first["result_low"], first["result_high"])),
        )
    ]
    if n_more:
        parts.append(
            said.n(
                "{n} input that moves it less is not drawn.",
                "{n} inputs that move it less are not drawn.",
                n_more,
            )
        )
    if n_unknown:
        parts.append(
            said.n(
                "{n} input is left out: the result at its ends is not known.",
                "{n} inputs are left out: the result at their ends is not known.",
                n_unknown,
            )
        )
    parts += looks.listed_rows(
        said, list(shown["label"]), looks.kinds_of(shown), scales.values(shown, "result_low")
    )
    return said.sentences(parts)
