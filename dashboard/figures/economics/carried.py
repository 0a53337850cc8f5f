"""How many users one server carries, under each reading of the claim."""

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

_ABOVE_ROWS = 0.3
_MOST_TICKS, _TITLE_WIDTH, _LETTERS_PX = 3, 22, 11
"""What a phone has room for: ticks, columns of the title, and the size of letters."""


def carried_users_figure(rows: pd.DataFrame, said: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw users of one server as intervals on a logarithmic axis beside the band of the claim.

    Parameters
    ----------
    rows
        ``label`` (the card or its time) and ``reading`` (what a user is), both in the reader's
        language, ``users_low``, ``users``, ``users_high``, ``claim_low``, ``claim_high``, and if
        it is held ``evidence_kind``. A missing value says so in its row; a missing claim has no
        band there.
    """
    users = scales.values(rows, "users")
    if not np.isfinite(users).any():
        return theme.empty(said.t("How many users a server carries is not known."), mode)
    figure = go.Figure()
    low, high = (scales.values(rows, f"users_{end}", optional=True) for end in ("low", "high"))
    claims = [scales.values(rows, f"claim_{end}", optional=True) for end in ("low", "high")]
    _band(figure, claims, said)
    kinds = looks.kinds_of(rows)
    for position, label in enumerate(dict.fromkeys(rows["label"])):
        own = np.flatnonzero((rows["label"] == label).to_numpy() & np.isfinite(users) & (users > 0))
        style = theme.series_style(position)
        symbols = [style.symbol + ("-open" if kinds[i] in looks.HATCHES else "") for i in own]
        figure.add_scatter(
            x=users[own],
            y=own,
            mode="markers",
            name=theme.escape(str(label)),
            marker={
                "symbol": symbols,
                "size": 12,
                "color": style.color,
                "line": {"color": style.color, "width": 2},
            },
            error_x={
                **looks.whiskers(low[own], users[own], high[own], mode, width=6),
                "color": style.color,
                "thickness": 2.5,
            },
            hoverinfo="skip",
        )
    seen = np.concatenate([users, low, high, *claims])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    texts = [scales.people(said, each) for each in users]
    known = np.flatnonzero(np.isfinite(users))
    # Above their marks: beside them numbers would leave a phone no room for the axis.
    figure.add_trace(
        looks.texts_at(
            [float(users[i]) or float(seen.min()) for i in known],
            known - _ABOVE_ROWS,
            [texts[i] for i in known],
            "middle center",
            mode,
        )
    )
    unknown = np.flatnonzero(~np.isfinite(users)).tolist()
    looks.unknown_rows(figure, unknown, float(seen.min()), said, mode)
    names = _names(rows, np.isfinite(users), said, mode)
    theme.finish(
        figure,
        alt=_alt(rows, users, claims, said),
        mode=mode,
        height=76 + looks.row_px(names, 46) * len(rows) + looks.legend_px(figure),
    )
    looks.rows_axis(figure, names, tickfont_size=_LETTERS_PX)
    return figure.update_xaxes(
        title_text=theme.wrap(said.t("Users of one server (number, logarithmic)"), _TITLE_WIDTH),
        tickangle=0,
        tickfont_size=_LETTERS_PX,
        **_axis(seen, scales.label_px(texts) / 2, said),
    )


def _names(rows: pd.DataFrame, known: np.ndarray, said: Words, mode: theme.Mode) -> list[str]:
    """Return the card, and below what a user is, with the evidence in small letters."""
    kinds = looks.kinds_of(rows)
    return [
        f"{theme.wrap(theme.escape(str(label)), looks.LABEL_WIDTH)}<br>"
        + theme.wrap(theme.escape(str(reading)), looks.LABEL_WIDTH)
        + (f" {looks.small(said.evidence(kind), mode)}" if kind and is_known else "")
        for label, reading, kind, is_known in zip(
            rows["label"], rows["reading"], kinds, known, strict=True
        )
    ]


def _axis(seen: np.ndarray, room_px: float, said: Words) -> dict[str, Any]:
    settings = scales.log_axis(said, seen, "count")
    low, high = np.log10(seen.min()), np.log10(seen.max())
    low, high = scales.with_room(low, high, room_px, room_px)
    # Beyond the ends there is only room for labels.
    ticks = scales.log_ticks(seen.min() / 1.5, 1.5 * seen.max())
    ticks = ticks[:: -(-len(ticks) // _MOST_TICKS)]
    return {
        **settings,
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [scales.tick_text(said, tick, "count") for tick in ticks],
    }


def _band(figure: go.Figure, claims: list[np.ndarray], said: Words) -> None:
    held = np.flatnonzero(np.isfinite(claims[0]) & np.isfinite(claims[1]))
    color = theme.translucent(theme.PINK, 0.32)
    for row in held:
        figure.add_shape(
            type="rect",
            x0=claims[0][row],
            x1=claims[1][row],
            y0=row - 0.5,
            y1=row + 0.5,
            fillcolor=color,
            line_width=0,
            layer="below",
        )
    if not held.size:
        return
    pairs = {(claims[0][row], claims[1][row]) for row in held}
    told = [
        said.t("{low} to {high}", low=scales.write(said, a), high=scales.write(said, b))
        for a, b in sorted(pairs)
    ]
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={"symbol": "square", "size": 14, "color": color},
        name=said.t("the claim: {range}", range=looks.join(said, told)),
        hoverinfo="skip",
    )


def _alt(rows: pd.DataFrame, users: np.ndarray, claims: list[np.ndarray], said: Words) -> str:
    parts: list[str] = []
    for row, value, low, high in zip(
        rows.to_dict("records"), users, claims[0], claims[1], strict=True
    ):
        name = f"{row['label']} · {row['reading']}"
        if not np.isfinite(value):
            parts.append(said.t("{label}: not known.", label=name))
            continue
        number = scales.people(said, value)
        if not (np.isfinite(low) and np.isfinite(high)):
            parts.append(said.t("{label}: {value}.", label=name, value=number))
        elif value < low:
            parts.append(said.t("{label}: {value}, below the claim.", label=name, value=number))
        elif value > high:
            parts.append(said.t("{label}: {value}, above the claim.", label=name, value=number))
        else:
            parts.append(said.t("{label}: {value}, within the claim.", label=name, value=number))
    return said.sentences(parts)
