"""From the price to the contribution, one step after another."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

ROLES = ("start", "add", "subtract", "total")


@dataclass(frozen=True)
class _Placed:
    """Where each bar begins and ends, and its whisker; NaN where that is not known."""

    begin: np.ndarray
    end: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def left(self) -> np.ndarray:
        return np.fmin(np.fmin(self.begin, self.end), self.low)

    @property
    def right(self) -> np.ndarray:
        return np.fmax(np.fmax(self.begin, self.end), self.high)


def waterfall_figure(
    steps: pd.DataFrame,
    currency: str,
    said: Words,
    mode: theme.Mode = "light",
    *,
    heading_unit: str,
) -> go.Figure:
    """Draw the way from a first amount to a last one.

    Parameters
    ----------
    steps
        In order: ``label`` (in the reader's language), ``amount``, ``low``, ``high`` (in the
        currency; an interval may be missing), ``evidence_kind``, ``role`` (of :data:`ROLES`). The
        amount of a ``subtract`` is what it takes away, above zero. After an amount that is missing
        nothing can be placed until the next ``start`` or ``total``: such steps bear their amount
        without a bar.
    currency
        ISO code.
    heading_unit
        What an amount is per, in the reader's language, for example "USD per user and month".

    Raises
    ------
    ValueError
        If a role is unknown.
    """
    amount = scales.values(steps, "amount")
    if not np.isfinite(amount).any():
        return theme.empty(said.t("No amount of this calculation is known."), mode)
    roles = [str(role) for role in steps["role"]]
    if wrong := set(roles) - set(ROLES):
        raise ValueError(f"got the roles {', '.join(sorted(wrong))}; expected {', '.join(ROLES)}")
    signed = np.where([role == "subtract" for role in roles], -amount, amount)
    placed, kinds = _placed(steps, roles, signed), looks.kinds_of(steps)
    figure = go.Figure()
    for chosen, name, color in _groups(roles, signed, said):
        rows = np.flatnonzero(chosen & np.isfinite(placed.end))
        if not rows.size:
            continue
        figure.add_bar(
            x=(placed.end - placed.begin)[rows],
            base=placed.begin[rows],
            y=rows,
            orientation="h",
            width=0.62,
            marker=looks.bar_marker([color] * len(rows), [kinds[row] for row in rows]),
            hoverinfo="skip",
            showlegend=False,
        )
        looks.color_key(figure, name, color)
    figure.add_trace(_connectors(placed, mode))
    figure.add_trace(_intervals(placed, mode))
    nowhere = said.t("(place not known)")
    texts = [
        _text(value, role, currency, said) + (f" {looks.small(nowhere, mode)}" if is_lost else "")
        for value, role, is_lost in zip(signed, roles, _lost(signed, placed), strict=True)
    ]
    low, high = np.nanmin(np.append(placed.left, 0.0)), np.nanmax(np.append(placed.right, 0.0))
    at = np.where(np.isfinite(placed.right), placed.right, 0.0)
    figure.add_trace(looks.texts_at(at, range(len(steps)), texts, "middle right", mode))
    looks.evidence_keys(figure, kinds, said, mode)
    names = looks.row_names(steps, np.isfinite(amount), said, mode)
    theme.finish(
        figure,
        alt=_alt(steps, signed, currency, said),
        mode=mode,
        height=56 + looks.row_px(names) * len(steps) + looks.legend_px(figure),
    )
    figure.update_layout(barmode="overlay")
    looks.rows_axis(figure, names)
    shown = scales.with_room(low, high, 8, scales.label_px(texts) + 8)
    return figure.update_xaxes(
        title_text=said.t("Amount ({unit})", unit=heading_unit),
        zeroline=True,
        **scales.linear_axis(said, *shown, currency),
    )


def _groups(roles: list[str], signed: np.ndarray, said: Words) -> list[tuple[np.ndarray, str, str]]:
    total = np.asarray([role in ("start", "total") for role in roles])
    known = np.isfinite(signed)
    return [
        (known & total, said.t("amount reached"), theme.GREEN),
        (known & ~total & (signed >= 0), "▲ " + said.t("added"), theme.BLUE),
        (known & ~total & (signed < 0), "▼ " + said.t("taken off"), theme.ORANGE),
    ]


def _placed(steps: pd.DataFrame, roles: list[str], signed: np.ndarray) -> _Placed:
    ends = scales.values(steps, "low", optional=True), scales.values(steps, "high", optional=True)
    taken = np.asarray([role == "subtract" for role in roles])
    low, high = np.where(taken, -ends[1], ends[0]), np.where(taken, -ends[0], ends[1])
    begin = np.zeros(len(roles))
    end = np.full(len(roles), np.nan)
    running = 0.0
    for row, role in enumerate(roles):
        begin[row] = 0.0 if role in ("start", "total") else running
        end[row] = running = begin[row] + signed[row]
    return _Placed(np.where(np.isfinite(end), begin, np.nan), end, begin + low, begin + high)


def _lost(signed: np.ndarray, placed: _Placed) -> np.ndarray:
    """Return the steps whose amount is known and whose place is not."""
    return np.isfinite(signed) & ~np.isfinite(placed.end)


def _connectors(placed: _Placed, mode: theme.Mode) -> go.Scatter:
    x: list[float | None] = []
    y: list[float | None] = []
    for row in range(len(placed.end) - 1):
        if np.isfinite(placed.end[row : row + 2]).all():
            x += [placed.end[row], placed.end[row], None]
            y += [row + 0.31, row + 0.69, None]
    line = {"color": theme.INKS[mode].quiet, "width": 1, "dash": "dot"}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _intervals(placed: _Placed, mode: theme.Mode) -> go.Scatter:
    rows = np.flatnonzero(np.isfinite(placed.low) & np.isfinite(placed.high))
    end = placed.end[rows]
    return go.Scatter(
        x=end,
        y=rows,
        mode="markers",
        marker={"size": 1, "color": theme.INKS[mode].text},
        error_x=looks.whiskers(placed.low[rows], end, placed.high[rows], mode),
        hoverinfo="skip",
        showlegend=False,
    )


def _text(value: float, role: str, currency: str, said: Words) -> str:
    if not np.isfinite(value):
        return looks.unknown(said)
    if role in ("start", "total"):
        return f"<b>{'▼ ' if value < 0 else ''}{scales.write(said, value, currency)}</b>"
    glyph, _ = theme.direction_mark(value)
    return f"{glyph} {scales.write(said, value, currency, signed=True)}"


def _alt(steps: pd.DataFrame, signed: np.ndarray, currency: str, said: Words) -> str:
    labels, kinds = list(steps["label"]), looks.kinds_of(steps)
    known = np.flatnonzero(np.isfinite(signed))
    parts = [
        said.t(
            "From {first} ({first_amount}) to {last} ({last_amount}) in {n} steps.",
            first=labels[0],
            first_amount=scales.write(said, signed[0], currency),
            last=labels[-1],
            last_amount=scales.write(said, signed[-1], currency),
            n=len(steps),
        )
    ]
    taken = [row for row in known if steps["role"].iloc[row] == "subtract" and signed[row] < 0]
    if taken:
        most = min(taken, key=lambda row: signed[row])
        amount = scales.write(said, signed[most], currency)
        parts.append(said.t("{label} takes the most: {amount}.", label=labels[most], amount=amount))
    parts += looks.listed_rows(said, labels, kinds, signed)
    return said.sentences(parts)
