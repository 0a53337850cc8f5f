"""What judges the small picture model: distances against SciPy, shares, hits, the card's table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from generator.emoji import card, frechet


def by_scipy(one: np.ndarray, other: np.ndarray) -> float:
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    apart = one.mean(0) - other.mean(0)
    root = linalg.sqrtm(first @ second)
    return float(apart @ apart + np.trace(first + second - 2 * np.real(root)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0.1, 5))
def test_the_distance_is_that_of_scipys_root(seed: int, width: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(width, width))
    one = rng.normal(size=(60, width)) @ mixed
    other = scale * rng.normal(size=(80, width)) + rng.normal(size=width)
    assert frechet.distance(one, other) == pytest.approx(by_scipy(one, other), rel=1e-6, abs=1e-6)


def test_a_mere_shift_is_its_square_and_the_same_set_is_at_no_distance() -> None:
    one = np.random.default_rng(0).normal(size=(50, 4))
    assert frechet.distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet.distance(one, one + np.array([3, 0, 4, 0])) == pytest.approx(25)


def test_fewer_pictures_than_features_are_no_obstacle() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(5, 16)), rng.normal(size=(300, 16))
    assert frechet.distance(one, other) == pytest.approx(frechet.distance(other, one))


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 3)), np.zeros(3), np.full((4, 3), np.nan), np.zeros((4, 2))]
)
def test_features_that_are_none_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"got .*; expected"):
        frechet.distance(wrong, np.ones((4, 3)))


def told() -> dict:
    seen = {"n": 100, "top1_rate": 0.5, "top1_low": 0.4, "top1_high": 0.6}
    seen |= {"top5_rate": 0.75, "top5_low": 0.65, "top5_high": 0.83}
    other = dict(seen, n=40, top5_rate=0.125, top5_low=0.05, top5_high=0.26)
    row = {"variant": "guided", "steps": 4, "seen": seen, "wording": other, "held_out": other}
    held = {"seen": seen, "frechet": 1.25}
    return {
        "rows": [row | {"frechet": 12.34, "seconds_per_picture": 0.5}],
        "autoencoder": {"renderings": held, "coded": held},
        "judge": {"concepts": 200, "plain_renderings": seen},
        "machine": {"name": "a processor", "threads": 1},
    }


def test_the_table_of_a_card_states_what_was_measured() -> None:
    text = card.table(told())
    new = "12 % (5 to 26 %)"
    row = f"| guided | 4 | 50 % (40 to 60 %) | 75 % (65 to 83 %) | {new} | {new} | 12.3 | 0.50 |"
    assert row in text
    assert "100 (names), 40 (new wording) and 40 (unseen things) pictures" in text
    assert "chance is 0.5 % and 2.5 % of 200 concepts" in text
    assert "on a processor (threads: 1)" in text
