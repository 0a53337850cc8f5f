from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard.figures import theme
from dashboard.figures.economics.contour import MOST_CLAIMS, Grid, contour_figure
from dashboard.figures.economics.scales import Axis
from dashboard.tables.economics.results import claim_labels
from dashboard.text import words

AXES = (Axis("Cost", "USD"), Axis("Share that pays", "ratio"), Axis("Margin", "USD"))
NONE = pd.DataFrame({"label": [], "x": [], "y": []})


def drawn(grid, claims=NONE, axes=AXES):
    return contour_figure(grid, claims, words("en"), axes=axes)


def named(figure, name):
    return next((trace for trace in figure.data if trace.name == name), None)


def test_colours_are_symmetric_about_zero(grid) -> None:
    heat = drawn(grid).data[0]
    assert heat.type == "heatmap"
    assert heat.zmin == -heat.zmax
    assert heat.zmax > 0


def test_one_huge_corner_does_not_bleach_the_rest(grid) -> None:
    z = grid.z.copy()
    z[0, 0] = -1e9
    assert drawn(replace(grid, z=z)).data[0].zmax < 10


def test_break_even_is_a_thick_line_at_zero(grid) -> None:
    line = named(drawn(grid), "break-even")
    assert (line.contours.start, line.contours.end) == (0, 0)
    assert line.line.width >= 3


def test_there_is_no_line_where_the_sign_never_turns(grid) -> None:
    assert named(drawn(replace(grid, z=np.abs(grid.z) + 1)), "break-even") is None


def test_the_scenario_is_a_star(grid) -> None:
    star = named(drawn(grid), "this scenario")
    assert (star.x[0], star.y[0], star.marker.symbol) == (0.5, 0.05, "star")


def test_a_scenario_outside_is_not_drawn_and_said(grid) -> None:
    figure = drawn(replace(grid, base=(99.0, 0.05)))
    assert named(figure, "this scenario") is None
    assert "lies outside the area" in figure.layout.meta["alt"]


def test_claims_are_numbered_and_named_in_the_legend(grid, claims) -> None:
    figure = drawn(grid, claims)
    claim = named(figure, "1  Meitu (disclosed)")
    assert (claim.x[0], claim.y[0], claim.text[0]) == (0.3, 0.055, "<b>1</b>")
    assert "Published pairs: Meitu." in figure.layout.meta["alt"]
    assert "Not drawn: Far off." in figure.layout.meta["alt"]


def test_no_more_claims_are_drawn_than_can_be_told_apart(grid) -> None:
    many = pd.DataFrame({"label": [f"c{i}" for i in range(12)], "x": 0.5, "y": 0.05})
    figure = drawn(grid, many)
    assert sum(str(trace.name).endswith(tuple(many["label"])) for trace in figure.data) == (
        MOST_CLAIMS
    )
    assert "Not drawn: c8; c9; c10; c11." in figure.layout.meta["alt"]


def test_a_fine_grid_is_thinned_and_keeps_its_ends() -> None:
    x, y = np.linspace(1, 9, 300), np.linspace(0, 1, 200)
    heat = drawn(Grid(x, y, y[:, None] - x[None, :] / 9)).data[0]
    assert np.size(heat.z) <= theme.MAX_POINTS
    assert (heat.x[0], heat.x[-1], heat.y[-1]) == (1, 9, 1)


def test_a_logarithmic_axis_ends_where_the_grid_does(grid) -> None:
    figure = drawn(grid, axes=(Axis("Cost", "USD", log=True), *AXES[1:]))
    assert figure.layout.xaxis.type == "log"
    np.testing.assert_allclose(figure.layout.xaxis.range, np.log10([0.1, 2.0]))
    assert "%" in figure.layout.yaxis.tickformat


def test_the_text_gives_range_share_and_place(grid) -> None:
    alt = drawn(grid).layout.meta["alt"].replace("\xa0", " ")
    share = (grid.z > 0).mean()
    assert f"above zero on {share:.0%} of what is known" in alt
    assert "from −USD 2.00 to USD 1.90" in alt
    assert "The star stands at USD 0.50 · 5%." in alt


def test_what_is_not_known_is_said(grid) -> None:
    z = grid.z.copy()
    z[:10] = np.nan
    assert "Not known on 20% of the area." in drawn(replace(grid, z=z)).layout.meta["alt"]
    assert not drawn(replace(grid, z=np.full_like(z, np.nan))).data


def test_a_result_of_the_wrong_shape_is_an_error(grid) -> None:
    with pytest.raises(ValueError, match="expected one row for each y"):
        Grid(grid.x, grid.y, grid.z.T)


def test_claims_under_the_star_or_each_other_are_called_out_beside_it(grid) -> None:
    claims = pd.DataFrame({
        "label": ["apart", "one", "two"], "x": [1.5, 0.5, 0.505], "y": [0.02, 0.05, 0.05]
    })  # fmt: skip
    figure = drawn(grid, claims)
    texts = [trace.text[0] for trace in figure.select_traces({"mode": "markers+text"})]
    assert texts == ["<b>1</b>", "", ""]
    (note,) = figure.layout.annotations
    assert note.text == "<b>2, 3</b>"
    assert (note.x, note.y) == (0.5, 0.05)
    assert note.ax > 20
    assert note.ay < -20


def test_claims_that_would_read_alike_name_their_input() -> None:
    row = {"entity": "Meitu", "entity_zh": None, "period_end": pd.Timestamp("2024-12-31")}
    told = claim_labels(
        pd.DataFrame([{**row, "name": name} for name in ("paying_share", "gross_margin")]),
        words("en"),
    )
    assert told[0].startswith("Meitu, 2024-12: Payers")
    assert told[1].startswith("Meitu, 2024-12: Gross margin")
