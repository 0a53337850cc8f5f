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
from dashboard.text import Words, words
from dashboard.text.catalogues import read

NAMES = (
    "waterfall", "tornado", "contour", "waits", "sourcing", "wave", "rent_or_buy", "second",
    "bridge", "outcome", "variance", "comparison", "runway", "carried",
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
