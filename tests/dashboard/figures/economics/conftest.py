"""Small frames as the pages hand them to the figures, and every figure drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.figures import theme
from dashboard.figures.economics.bridge import bridge_figure
from dashboard.figures.economics.carried import carried_users_figure
from dashboard.figures.economics.comparison import comparison_figure
from dashboard.figures.economics.contour import Grid, contour_figure
from dashboard.figures.economics.day import day_figure
from dashboard.figures.economics.outcome import Odds, histogram, outcome_figure
from dashboard.figures.economics.runway import runway_figure
from dashboard.figures.economics.scales import Axis
from dashboard.figures.economics.second import price_of_a_second_figure
from dashboard.figures.economics.sourcing import sourcing_figure
from dashboard.figures.economics.tornado import tornado_figure
from dashboard.figures.economics.variance import variance_figure
from dashboard.figures.economics.waits import waits_figure
from dashboard.figures.economics.waterfall import waterfall_figure
from dashboard.figures.economics.wave import rent_or_buy_figure, wave_capacity_figure
from dashboard.text import Words

Draw = Callable[[Words, theme.Mode], go.Figure]
AXES = (Axis("Cost of a picture", "USD"), Axis("Share that pays", "ratio"), Axis("Margin", "USD"))


def frame(columns: str, rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    return pd.DataFrame([list(row) for row in rows], columns=pd.Index(columns.split()))


@pytest.fixture
def steps() -> pd.DataFrame:
    return frame(
        "label amount low high evidence_kind role",
        [
            ("Price", 10.0, np.nan, np.nan, "disclosed", "start"),
            ("Store", 3.0, 1.5, 3.5, "disclosed", "subtract"),
            ("Net proceeds", 7.0, np.nan, np.nan, "estimated", "total"),
            ("Advertising", 1.0, np.nan, np.nan, "simulated", "add"),
            ("Pictures", 9.0, 6.0, 12.0, "assumed", "subtract"),
            ("Contribution", -1.0, -4.0, 2.0, "assumed", "total"),
        ],
    )


@pytest.fixture
def swings() -> pd.DataFrame:
    return frame(
        "label input_low input_high result_low result_high evidence_kind input_unit",
        [
            ("Refunds", 0.01, 0.05, 1.1, 0.9, "estimated", "ratio"),
            ("Conversion", 0.02, 0.06, -1.0, 3.0, "assumed", "ratio"),
            ("Half-life", 10, 90, 1.2, 1.8, "measured", "days"),
        ],
    )


@pytest.fixture
def grid() -> Grid:
    x, y = np.linspace(0.1, 2.0, 60), np.linspace(0.0, 0.1, 50)
    return Grid(x, y, y[:, None] * 20 - x[None, :], (0.5, 0.05))


@pytest.fixture
def claims() -> pd.DataFrame:
    return frame(
        "label x y evidence_kind",
        [("Meitu", 0.3, 0.055, "disclosed"), ("Far off", 9.0, 0.05, "assumed")],
    )


@pytest.fixture
def waits() -> tuple[pd.DataFrame, pd.DataFrame]:
    seconds = np.linspace(0, 40, 81)
    paid, free = 1 - 0.25 * np.exp(-seconds / 4), 1 - 0.8 * np.exp(-seconds / 9)
    distribution = pd.concat(
        pd.DataFrame({"tier": tier, "wait_seconds": seconds, "share_at_or_below": share})
        for tier, share in (("paid", paid), ("free", free))
    )
    marks = frame(
        "tier p50 p95 evidence_kind", [("paid", 0, 6.4, "measured"), ("free", 4.2, 25, "simulated")]
    )
    return distribution, marks


@pytest.fixture
def sourcing() -> tuple[pd.DataFrame, pd.DataFrame]:
    day = np.geomspace(10, 1e6, 50)
    curves = pd.concat(
        pd.DataFrame(
            {"label": label, "option": option, "images_per_day": day, "cost_per_1000": cost}
        )
        for label, option, cost in (
            ("own a server", "own", 1e5 / day),
            ("an interface", "api", np.full(50, 4.0)),
        )
    )
    intervals = frame(
        "label option from_images_per_day to_images_per_day",
        [
            ("an interface", "api", np.nan, 25_000),
            ("own a server", "own", 25_000, np.inf),
        ],
    )
    return curves, intervals


@pytest.fixture
def months() -> pd.DataFrame:
    needed = np.asarray([40.0, 20, 10, 5, 2.5, 1.25])
    return pd.DataFrame(
        {
            "month": pd.date_range("2022-12-01", periods=6, freq="MS"),
            "machines_needed": needed,
            "machines_owned": 8.0,
            "machines_rented": np.maximum(needed - 8, 0),
            "idle_machines": np.maximum(8 - needed, 0),
            "book_value": np.linspace(240_000, 200_000, 6),
        }
    )


@pytest.fixture
def half_lives() -> pd.DataFrame:
    days = np.asarray([10.0, 50, 100, 200])
    return pd.DataFrame(
        {
            "half_life_days": days,
            "rent_cost": 10 * days,
            "buy_cost": [800.0] * 4,
            "mix_cost": 7 * days,
        }
    )


@pytest.fixture
def promises() -> pd.DataFrame:
    seconds = np.asarray([1.0, 5, 20])
    return pd.DataFrame(
        {
            "promise_seconds": seconds,
            "cost_per_payer": 0.4 + 3 / seconds,
            "needed_uplift_ratio": 0.02 + 0.5 / seconds,
            "servers": [44, 12, 6],
            "evidence_kind": ["simulated", "simulated", "assumed"],
        }
    )


@pytest.fixture
def chain() -> pd.DataFrame:
    return frame(
        "label value low high unit evidence_kind role",
        [
            ("Attention", 320_000, 150_000, 700_000, "count/day", "estimated", ""),
            ("Installs", 9.6e6, 4e6, 2e7, "count", "estimated", ""),
            ("Payers", np.nan, np.nan, np.nan, "count", "assumed", ""),
            ("Net revenue", 4.1e6, 1.2e6, 9.5e6, "USD", "assumed", ""),
            ("Compute", 1.3e6, 4e5, 3e6, "USD", "measured", "subtract"),
        ],
    )


@pytest.fixture
def draws() -> np.ndarray:
    return np.random.default_rng(5).normal(100.0, 120.0, 4_000)


@pytest.fixture
def shares() -> pd.DataFrame:
    rows = [("Refunds", 0.1, "measured"), ("Conversion", 0.6, "assumed"), ("Cost", 0.3, "measured")]
    return frame("label share evidence_kind", rows)


@pytest.fixture
def scenarios() -> pd.DataFrame:
    return frame(
        "scenario label value low high unit",
        [
            ("as it is", "Margin", -0.2, -0.5, 0.1, "USD/month"),
            ("as it is", "Chance", 0.3, np.nan, np.nan, "ratio"),
            ("small model", "Margin", 0.4, 0.1, 0.7, "USD/month"),
            ("small model", "Chance", np.nan, np.nan, np.nan, "ratio"),
        ],
    )


@pytest.fixture
def cash() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "month": [1, 2, 3, 4],
            "cash": [100.0, -30.0, -20.0, 80.0],
            "proceeds_received": [0.0, 20.0, 110.0, 200.0],
            "costs_paid": [100.0, 150.0, 100.0, 100.0],
        }
    )


@pytest.fixture
def carried() -> pd.DataFrame:
    return frame(
        "label reading users_low users users_high claim_low claim_high evidence_kind",
        [
            ("A100", "registered", 40_000, 90_000, 200_000, 10_000, 20_000, "simulated"),
            ("A100", "active in a day", 5_000, 11_000, 30_000, 10_000, 20_000, "simulated"),
            ("H200", "at the same time", 600, 1_400, 3_500, 10_000, 20_000, "measured"),
            ("H200", "registered", np.nan, np.nan, np.nan, 10_000, 20_000, "assumed"),
        ],
    )


@pytest.fixture
def hours() -> pd.DataFrame:
    return pd.DataFrame({"hour": range(24), "over_mean": np.linspace(0.2, 1.8, 24)})


@pytest.fixture
def figures(
    steps, swings, grid, claims, waits, sourcing, months, half_lives, promises, chain, draws,
    shares, scenarios, cash, carried, hours,
) -> dict[str, Draw]:  # fmt: skip
    """Return every figure of the package as a function of words and mode."""
    odds = Odds(0.8, -90.0, 300.0, 0.3, False)
    return {
        "waterfall": lambda s, m: waterfall_figure(steps, "USD", s, m, heading_unit="USD a month"),
        "tornado": lambda s, m: tornado_figure(swings, 1.0, s, m, result=Axis("Margin", "USD")),
        "contour": lambda s, m: contour_figure(grid, claims, s, m, axes=AXES),
        "waits": lambda s, m: waits_figure(*waits, {"paid": 10.0, "free": 12.0}, s, m),
        "sourcing": lambda s, m: sourcing_figure(*sourcing, "USD", s, m),
        "wave": lambda s, m: wave_capacity_figure(months, "USD", s, m),
        "rent_or_buy": lambda s, m: rent_or_buy_figure(half_lives, "USD", s, m),
        "second": lambda s, m: price_of_a_second_figure(promises, "USD", s, m),
        "bridge": lambda s, m: bridge_figure(chain, s, m),
        "outcome": lambda s, m: outcome_figure(
            histogram(draws), odds, "USD", s, m, title="Contribution"
        ),
        "variance": lambda s, m: variance_figure(shares, s, m),
        "comparison": lambda s, m: comparison_figure(scenarios, s, m),
        "runway": lambda s, m: runway_figure(cash, "USD", s, m),
        "carried": lambda s, m: carried_users_figure(carried, s, m),
        "day": lambda s, m: day_figure(hours, s, m),
    }
