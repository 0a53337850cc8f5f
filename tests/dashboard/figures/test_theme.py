from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.figures import theme


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_its_paper(mode: theme.Mode) -> None:
    ink = theme.INKS[mode]
    assert contrast(ink.text, ink.paper) >= 4.5
    assert contrast(ink.quiet, ink.paper) >= 3


def test_every_series_differs_in_colour_dash_and_marker() -> None:
    styles = [theme.series_style(position) for position in range(6)]
    assert len({style.color for style in styles}) == 6
    assert len({style.dash for style in styles}) == 6
    assert len({style.symbol for style in styles}) == 6
    assert styles[0].color == theme.BLUE
    again = [theme.series_style(position) for position in range(6, 12)]
    assert [style.color for style in again] == [style.color for style in styles]
    assert len({(style.color, style.dash) for style in styles + again}) == 12
    assert len({(style.color, style.symbol) for style in styles + again}) == 12


def test_up_and_down_follow_the_custom_of_the_reader() -> None:
    assert theme.direction_mark(0.1) == ("▲", theme.BLUE)
    assert theme.direction_mark(-0.1) == ("▼", theme.ORANGE)
    assert theme.direction_mark(0.1, "red_up") == ("▲", theme.VERMILION)
    assert theme.direction_mark(0.1, "green_up") == ("▲", theme.GREEN)
    assert theme.direction_mark(float("nan"))[0] == "–"
    assert theme.direction_mark(0)[0] == "–"


def test_thinning_keeps_extremes_and_gaps() -> None:
    values = np.sin(np.arange(50_000) / 500)
    values[12_345], values[30_000:30_040] = 9.0, np.nan
    thinned = theme.thin(pd.DataFrame({"y": values}), "y")
    assert len(thinned) <= theme.MAX_POINTS
    assert thinned["y"].max() == 9.0
    assert thinned["y"].isna().any()
    assert thinned.index[0] == 0
    assert thinned.index[-1] == 49_999


def test_thinning_leaves_a_short_series_alone() -> None:
    frame = pd.DataFrame({"y": np.arange(theme.MAX_POINTS, dtype=float)})
    assert theme.thin(frame, "y") is frame


def test_wrapping_breaks_words_and_chinese_by_their_width() -> None:
    assert theme.wrap("one two three", 7) == "one two<br>three"
    assert theme.wrap("美图公司国内上线", 8) == "美图公司<br>国内上线"
    assert theme.wrap("one two three four", 7, lines=2) == "one two<br>three…"
    assert theme.wrap("美图AI绘画上线", 60) == "美图AI绘画上线"


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    assert theme.wrap("每次安装的贡献（美元）", 16) == "每次安装的贡献<br>（美元）"
    assert theme.wrap("异常收益（%）", 12) == "异常收益<br>（%）"
    for width in range(6, 24):
        for line in theme.wrap("与市场相比（累计），按日（美元）。", width).split("<br>"):
            assert line[0] not in "）》”，。"
            assert line[-1] not in "（《“"


def test_labels_from_data_are_not_taken_for_markup() -> None:
    assert theme.escape("<b>A & B</b>") == "&lt;b&gt;A &amp; B&lt;/b&gt;"


def test_finishing_gives_alt_text_titles_and_a_legend_below_the_plot() -> None:
    titles = ("Day", "Price (HKD)")
    figure = theme.finish(go.Figure(), alt="what it shows", mode="dark", axis_titles=titles)
    assert figure.layout.meta["alt"] == "what it shows"
    assert figure.layout.xaxis.title.text == "Day"
    assert figure.layout.yaxis.title.text.replace("<br>", " ") == "Price (HKD)"
    assert (figure.layout.legend.yref, figure.layout.legend.y) == ("container", 0)
    assert figure.layout.template.layout.paper_bgcolor == theme.INKS["dark"].paper
    assert "Noto Sans CJK SC" in figure.layout.template.layout.font.family


def test_an_empty_figure_says_why_without_axes() -> None:
    figure = theme.empty("Nothing is held.")
    assert figure.layout.meta["alt"] == "Nothing is held."
    assert figure.layout.annotations[0].text == "Nothing is held."
    assert figure.layout.xaxis.visible is False


def test_upright_titles_put_the_unit_below() -> None:
    assert theme.upright_title("Price (HKD per share)") == "Price<br>(HKD per share)"
    assert theme.upright_title("超额收益（对数收益率）") == "超额收益<br>（对数收益率）"
    assert theme.upright_title("Share") == "Share"
    long = theme.upright_title("Cumulative abnormal return (log returns)")
    assert long == "Cumulative abnormal<br>return (log returns)"


def test_no_letter_is_left_alone_on_a_last_line() -> None:
    assert theme.wrap("距第 0 日的交易日数", 18) == "距第 0 日<br>的交易日数"
    assert theme.wrap("Days a", 4) == "Days<br>a"
