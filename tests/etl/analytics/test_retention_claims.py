"""Claims without a rule: the ranges hold for any history, and no narrower ones do."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pytest

from etl.analytics.retention_claims import READINGS, grade, implied, is_part, like_ours


def counted(active: np.ndarray, hours: np.ndarray, rule: str, k: int) -> set[int]:
    """Return the users of a random history that a rule counts on day k.

    ``active`` (users, days) says who was active on which calendar day; ``hours`` the hour of the
    day of each user's first event and of every activity.
    """
    users = range(len(active))
    if rule == "n_day":
        return {u for u in users if active[u, k]}
    if rule == "unbounded":
        return {u for u in users if active[u, k:].any()}
    if rule == "bracket":
        return {u for u in users if active[u, 1 : k + 1].any()}
    if rule == "rolling_window":
        return {u for u in users if active[u, max(k - 6, 0) : k + 1].any()}
    first = hours[:, 0]
    passed = np.arange(active.shape[1]) * 24 + hours - first[:, None]
    return {u for u in users if (active[u] & (passed[u] // 24 == k)).any()}


@pytest.mark.parametrize("seed", range(20))
def test_no_history_breaks_a_range(seed: int):
    rng = np.random.default_rng(seed)
    active = rng.random((60, 12)) < rng.uniform(0.05, 0.5, 60)[:, None]
    active[:, 0] = True
    hours = rng.uniform(0, 24, (60, 12))
    for read_as in READINGS:
        claims = {k: len(counted(active, hours, read_as, k)) / 60 for k in (1, 7)}
        for row in implied(claims, read_as).itertuples():
            share = len(counted(active, hours, row.rule, row.day)) / 60
            assert row.low - 1e-12 <= share <= row.high + 1e-12, (read_as, row)


def test_the_claim_of_the_article_becomes_ranges():
    claims = {1: 0.4, 7: 0.3}
    by_day = implied(claims, "n_day").set_index(["rule", "day"])
    assert by_day.loc[("n_day", 7)].tolist() == [0.3, 0.3]
    assert by_day.loc[("unbounded", 1)].tolist() == [0.4, 1.0]
    assert by_day.loc[("bracket", 7)].tolist() == [0.4, 1.0]
    at_any_time = implied(claims, "unbounded").set_index(["rule", "day"])
    assert at_any_time.loc[("n_day", 7)].tolist() == [0.0, 0.3]
    assert at_any_time.loc[("n_day_24h", 1)].tolist() == [0.0, 0.4]
    # A bracket can only grow, so that reading cannot be.
    with pytest.raises(ValueError, match="cannot exceed"):
        implied(claims, "bracket")


def test_what_is_part_of_what():
    assert is_part(("n_day", 7), ("unbounded", 3))
    assert not is_part(("unbounded", 3), ("n_day", 7))
    assert is_part(("rolling_window", 7), ("unbounded", 1))
    assert not is_part(("rolling_window", 6), ("unbounded", 1))
    assert is_part(("n_day_24h", 2), ("unbounded", 2))
    assert not is_part(("n_day_24h", 2), ("bracket", 2))
    assert is_part(("n_day_24h", 2), ("bracket", 3))


def test_carrying_a_claim_keeps_the_distance_of_our_own_rules():
    assert like_ours(0.3, 0.3, 0.5) == pytest.approx(0.5)
    assert like_ours(0.4, 0.2, 0.2) == pytest.approx(0.4)
    assert 0.3 < like_ours(0.3, 0.1, 0.2) < 0.6
    assert np.isnan(like_ours(0.3, 0.0, 0.2))
    assert np.isnan(like_ours(0.3, np.nan, 0.2))


def test_grades():
    assert grade("stated", has_rule=True, has_size=True) == "A"
    assert grade("estimated_by_third_party", has_rule=True, has_size=True) == "B"
    assert grade("stated", has_rule=False, has_size=False) == "C"
    assert grade("derived", has_rule=False, has_size=True) == "D"


@pytest.mark.parametrize("claims", [{0: 0.4}, {1: 1.2}, {1: float("nan")}])
def test_impossible_claims_are_refused(claims):
    with pytest.raises(ValueError, match="got the claim"):
        implied(claims, "n_day")
