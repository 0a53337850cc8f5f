"""Loads: what is refused, and what is missing where servers are too few."""

from __future__ import annotations

import math

import pytest

from etl.analytics.queue_load import Load, OverloadError


def test_utilisation_counts_both_tiers_with_their_own_service():
    load = Load(0.2, 0.3, 1.5, 0.8, 2)
    assert load.offered == pytest.approx(0.54)
    assert load.utilisation == pytest.approx(0.27)
    assert load.utilisation_paid == pytest.approx(0.15)
    assert load.service_seconds == pytest.approx(0.54 / 0.5)
    assert not load.has_equal_means
    assert Load(0.2, 0.0, 1.5, 0.8).has_equal_means, "a tier that never comes does not count"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((-1, 1, 1, 1), "arrival rate"),
        ((math.nan, 1, 1, 1), "arrival rate"),
        ((math.inf, 1, 1, 1), "arrival rate"),
        ((0, 0, 1, 1), "at least one above 0"),
        ((1, 1, 0, 1), "seconds of service"),
        ((1, 1, 1, math.nan), "seconds of service"),
        ((1, 1, 1, 1, 0), "whole number"),
        ((1, 1, 1, 1, 1.5), "whole number"),
        ((1, 1, 1, 1, 1, "gamma"), "the law 'gamma'"),
        ((1, 1, 1, 1, 1, "exponential", "lifo"), "the discipline 'lifo'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments, said):
    with pytest.raises(ValueError, match=said):
        Load(*arguments)


@pytest.mark.parametrize(
    ("rate", "seconds", "servers", "needed"),
    [(1, 2.5, 2, 3), (1, 2, 2, 3), (0.1, 10, 1, 2), (100, 1.01, 50, 102)],
)
def test_too_few_servers_say_how_many_it_takes(rate, seconds, servers, needed):
    with pytest.raises(OverloadError, match=f"at least {needed} servers, {needed - servers} more"):
        Load(rate, 0, seconds, seconds, servers).refuse_overload()
    Load(rate, 0, seconds, seconds, needed).refuse_overload()


def test_too_few_servers_say_how_much_less_load_would_do():
    with pytest.raises(OverloadError, match=r"more than 20\.0%"):
        Load(1, 0, 2.5, 2.5, 2).refuse_overload()
