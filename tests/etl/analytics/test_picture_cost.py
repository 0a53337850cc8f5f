"""Laws of a picture's cost: a mix of kinds costs what its kinds cost together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.compute import TaskShare, cost_of_mix
from etl.analytics.picture_cost import cost_parts, delivered_cost, generation_cost, together
from tests.etl.analytics.economics_cases import values

SOURCED = ("stated", "rent", "own", "serverless", "api")
CELL = st.fixed_dictionaries(
    {
        "images_per_second": st.floats(0.01, 100),
        "joules_per_image": st.floats(0, 5_000),
        "idle_watts": st.floats(0, 500),
        "cost_per_image": st.floats(0, 5),
        "api_price": st.floats(0, 5),
        "retry_rate": st.floats(0, 10),
        "blocked_rate": st.floats(0, 0.9),
    }
)
MIX = st.lists(st.tuples(st.floats(0.01, 1), CELL), min_size=1, max_size=5)


def shares_and_cells(drawn):
    total = sum(weight for weight, _ in drawn)
    cells = [
        values() | {name: np.asarray(float(x)) for name, x in cell.items()} for _, cell in drawn
    ]
    return [weight / total for weight, _ in drawn], cells


@pytest.mark.parametrize("sourcing", SOURCED)
@given(drawn=MIX)
def test_the_mix_costs_what_its_cells_cost_by_their_shares(sourcing: str, drawn) -> None:
    shares, cells = shares_and_cells(drawn)
    one = values() | together(shares, cells)
    tasks = [
        TaskShare(
            share,
            float(generation_cost(v, sourcing) + v["storage_per_image"] + v["egress_per_image"]),
            float(v["retry_rate"]),
            float(v["blocked_rate"]),
        )
        for share, v in zip(shares, cells, strict=True)
    ]
    assert float(delivered_cost(one, sourcing)) == pytest.approx(cost_of_mix(tasks), rel=1e-9)
    for name, part in cost_parts(one, sourcing).items():
        each = [float(cost_parts(v, sourcing)[name]) for v in cells]
        assert float(part) == pytest.approx(float(np.dot(shares, each)), rel=1e-9, abs=1e-15)


@given(cell=CELL)
def test_a_mix_of_one_is_the_cell(cell) -> None:
    shares, cells = shares_and_cells([(1.0, cell)])
    one = together(shares, cells)
    for name in ("images_per_second", "joules_per_image", "idle_watts", "api_price"):
        assert float(one[name]) == pytest.approx(float(cells[0][name]), rel=1e-12)
    kept = (1 + cell["retry_rate"]) / (1 - cell["blocked_rate"])
    assert float(one["retry_rate"]) == pytest.approx(kept - 1, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "sign"),
    [("images_per_second", -1), ("joules_per_image", 1), ("retry_rate", 1), ("blocked_rate", 1)],
)
@given(drawn=MIX, which=st.integers(0, 4), factor=st.floats(1.01, 1.1))
def test_a_mix_costs_more_with_more_of_what_costs(name, sign, drawn, which, factor) -> None:
    shares, cells = shares_and_cells(drawn)
    before = float(delivered_cost(values() | together(shares, cells), "own"))
    cell = dict(cells[which % len(cells)])
    cell[name] = cell[name] * factor
    cells[which % len(cells)] = cell
    after = float(delivered_cost(values() | together(shares, cells), "own"))
    assert sign * (after - before) >= -1e-12 * abs(before)


@pytest.mark.parametrize("sourcing", SOURCED)
def test_the_parts_add_up_to_the_cost_and_its_moderation(sourcing: str) -> None:
    v = values()
    parts = cost_parts(v, sourcing)
    moderation = parts.pop("moderation")
    assert float(sum(parts.values())) == pytest.approx(float(delivered_cost(v, sourcing)))
    assert float(moderation) == pytest.approx(float(v["moderation_per_image"]) * 1.1 / 0.98)
    assert (float(parts["electricity"]) > 0) == (sourcing == "own")


def test_what_one_cell_lacks_the_mix_lacks() -> None:
    lame = values() | {"api_price": np.asarray(np.nan)}
    one = together([0.5, 0.5], [values(), lame])
    assert np.isnan(one["api_price"])
    assert np.isfinite(one["images_per_second"])


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.0], [0.0, 1.0], [-0.5, 1.5]])
def test_shares_that_are_none_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 2 above 0 that add to 1"):
        together(shares, [values(), values()])
