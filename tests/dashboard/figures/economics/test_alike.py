"""What every figure of the package keeps to."""

from __future__ import annotations

import gettext
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words, words
from dashboard.text.catalogues import read

NAMES = (
    "waterfall", "tornado", "contour", "waits", "sourcing", "wave", "rent_or_buy", "second",
    "bridge", "outcome", "variance", "comparison", "runway", "carried", "day",
)  # fmt: skip
LOOKS = list(itertools.product(("en", "zh"), ("light", "dark")))


def axes(figure: go.Figure, letter: str) -> Iterator[Any]:
    for key, axis in figure.to_dict()["layout"].items():
        if key.startswith(f"{letter}axis"):
            yield axis


def texts(figure: go.Figure) -> str:
    return str(figure.to_dict())


def test_every_figure_is_looked_at(figures) -> None:
    assert set(figures) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("language", "mode"), LOOKS)
def test_it_is_drawn_in_both_languages_and_modes(figures, name, language, mode) -> None:
    figure = figures[name](words(language), mode)
    assert figure.layout.template.layout.paper_bgcolor == theme.INKS[mode].paper
    assert len(figure.layout.meta["alt"]) > 20
    assert figure.layout.height >= 160


@pytest.mark.parametrize("name", NAMES)
def test_its_words_follow_the_language(figures, name) -> None:
    alts = {figures[name](words(language), "light").layout.meta["alt"] for language in ("en", "zh")}
    assert len(alts) == 2


@pytest.mark.parametrize("name", NAMES)
def test_an_axis_says_what_it_shows(figures, name) -> None:
    figure = figures[name](words("en"), "light")
    titles = [axis["title"]["text"] for axis in axes(figure, "x") if "title" in axis]
    headings = [note.text for note in figure.layout.annotations if note.text.startswith("<b>")]
    assert titles or len(headings) == len(list(axes(figure, "x")))
    assert not any("%{" in title for title in titles)


@pytest.mark.parametrize("name", NAMES)
def test_no_trace_is_long(figures, name) -> None:
    for trace in figures[name](words("en"), "light").data:
        cells = np.size(trace.z) if trace.type in ("heatmap", "contour") else np.size(trace.x)
        assert cells <= theme.MAX_POINTS


def edges(figure: go.Figure, plot_px: int) -> Iterator[tuple[float, float]]:
    """Yield where each label beside a point begins and ends, in pixels from the plot's left."""
    layout = figure.to_dict()["layout"]
    traces: Any = figure.data
    for trace in traces:
        if (
            trace.type != "scatter"
            or trace.mode != "text"
            or "right" not in str(trace.textposition)
        ):
            continue
        axis = layout[f"xaxis{(trace.xaxis or 'x')[1:]}"]
        low, high = axis["range"]
        for x, text in zip(trace.x, trace.text, strict=True):
            place = np.log10(x) if axis.get("type") == "log" else x
            at = (place - low) / (high - low) * plot_px
            # The reckoned width holds 12 pixels of air.
            yield at, at + scales.label_px([text]) - 12


@pytest.mark.parametrize("name", ["waterfall", "variance", "bridge", "carried"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_at_the_right_fit_a_page_of_400_pixels(figures, name, language) -> None:
    found = list(edges(figures[name](words(language), "light"), 200))
    assert found
    assert all(left >= 0 and right <= 200 + 16 for left, right in found)


@pytest.mark.parametrize("name", NAMES)
def test_every_legend_entry_has_its_height_on_a_page_of_400_pixels(figures, name) -> None:
    figure = figures[name](words("en"), "light")
    traces: Any = figure.data
    named = [t for t in traces if t.showlegend is not False and t.name is not None]
    wide = [t for t in named if scales.label_px([t.name]) > 140]
    assert looks.legend_px(figure) >= 21 * len(wide)


@pytest.mark.parametrize("name", NAMES)
def test_the_legend_stands_below_the_plot(figures, name) -> None:
    legend = figures[name](words("en"), "light").layout.legend
    assert (legend.yref, legend.y, legend.yanchor) == ("container", 0, "bottom")


@pytest.mark.parametrize("name", NAMES)
def test_labels_from_data_are_not_taken_for_markup(request, figures, name) -> None:
    for fixture in request.fixturenames:
        value = request.getfixturevalue(fixture) if fixture != "request" else None
        frames = value if isinstance(value, tuple) else (value,)
        for frame in frames:
            for column in ("label", "scenario", "reading"):
                if column in getattr(frame, "columns", ()):
                    frame[column] = [f"<u>{text}" for text in frame[column]]
    figure = figures[name](words("en"), "light")
    figure.layout.meta = None
    assert "<u>" not in texts(figure)


@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_written_as_minus_zero_or_nan(figures, name) -> None:
    figure = figures[name](words("en"), "light")
    assert "−0'" not in texts(figure)
    assert "nan" not in figure.layout.meta["alt"].lower()


class Strict(gettext.NullTranslations):
    """Knows the sentences of the Chinese catalogue and no other."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {
            message.id if isinstance(message.id, str) else message.id[0]
            for message in read("zh")
            if message.id
        }

    def gettext(self, message: str) -> str:
        assert message in self.known, message
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)


@pytest.mark.parametrize("name", NAMES)
def test_all_it_says_is_in_the_catalogue(figures, name) -> None:
    # The extraction does not see what is said inside an f-string.
    figures[name](Words("en", Strict()), "light")
