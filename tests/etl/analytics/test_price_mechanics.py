from __future__ import annotations

import numpy as np
import pytest

from etl.analytics.price_mechanics import (
    Bars,
    abnormal_fluctuations,
    limit_days,
    limit_flags,
    limit_percent,
    limit_price_cents,
    runs,
    suspended_days,
    widened_window,
)


def days(*text: str) -> np.ndarray:
    return np.array(text, dtype="datetime64[D]")


def bars(
    prices: list[tuple[float, float, float, float]],
    *,
    as_traded: bool = True,
    volume: list[float] | None = None,
    first: str = "2022-11-01",
) -> Bars:
    """Bars on consecutive days from (open, high, low, close)."""
    table = np.array(prices)
    dates = np.datetime64(first, "D") + np.arange(len(prices))
    raw = table[:, 3] if as_traded else np.full(len(prices), np.nan)
    traded = np.full(len(prices), 1e6) if volume is None else np.array(volume)
    return Bars(dates, *table.T, raw, traded)


@pytest.mark.parametrize(
    ("board", "day", "percent"),
    [
        ("szse_main", "2022-11-01", 10),
        ("sse_main", "2015-01-05", 10),
        ("szse_chinext", "2020-08-21", 10),
        ("szse_chinext", "2020-08-24", 20),
        ("sse_star", "2022-11-01", 20),
        ("hk_main", "2022-11-01", 0),
        ("us", "2022-11-01", 0),
        ("none", "2022-11-01", 0),
    ],
)
def test_the_daily_limit_follows_board_and_date(board: str, day: str, percent: int) -> None:
    assert limit_percent(board, days(day)).tolist() == [percent]


def test_a_risk_warning_halves_the_limit_of_the_main_boards_only() -> None:
    day = days("2022-11-01")
    assert limit_percent("szse_main", day, risk_warning=True).tolist() == [5]
    assert limit_percent("szse_chinext", day, risk_warning=True).tolist() == [20]


@pytest.mark.parametrize(
    ("previous", "percent", "limit"),
    [(1005, 10, 1106), (1299, 10, 1429), (1005, -10, 905), (1430, 10, 1573), (1, 10, 1)],
)
def test_the_limit_price_is_rounded_half_up_in_cents(
    previous: int, percent: int, limit: int
) -> None:
    found = limit_price_cents(np.array([previous]), np.array([percent]))
    assert found.tolist() == [limit]


def test_touched_closed_and_locked_are_told_apart() -> None:
    found = limit_days(
        bars(
            [
                (10.0, 10.0, 10.0, 10.0),
                (10.2, 11.0, 10.1, 10.5),  # touches 11.00
                (10.6, 11.55, 10.5, 11.55),  # closes at 11.55
                (12.71, 12.71, 12.71, 12.71),  # locked at 12.705, rounded up
                (12.5, 12.6, 11.44, 11.44),  # closes at the lower limit
                (11.4, 12.57, 11.3, 12.57),  # one cent below the limit of 12.58
            ]
        ),
        np.full(6, 10),
    )
    assert found.direction.tolist() == [0, 1, 1, 1, -1, 0]
    assert found.closed.tolist() == [False, False, True, True, True, False]
    assert found.locked.tolist() == [False, False, False, True, False, False]
    assert found.exact.tolist() == [False, True, True, True, True, False]


def test_adjusted_bars_allow_a_tolerance_and_say_that_they_are_not_exact() -> None:
    # Tiandi Online, 2 and 3 November 2022, bars adjusted for dividends: +10.08% and +10.07%.
    found = limit_days(
        bars(
            [
                (12.9, 13.1, 12.7, 12.99),
                (14.3, 14.3, 14.3, 14.3),
                (15.74, 15.74, 14.94, 15.74),
                (17.0, 17.29, 16.5, 16.9),  # high +9.85%: touched within the tolerance
                (16.9, 18.4, 16.5, 18.4),  # +8.9%: not a limit
            ],
            as_traded=False,
        ),
        np.full(5, 10),
    )
    assert found.direction.tolist() == [0, 1, 1, 1, 0]
    assert found.closed.tolist() == [False, True, True, False, False]
    assert found.locked.tolist() == [False, True, False, False, False]
    assert not found.exact.any()


def test_a_board_without_limit_has_no_limit_days() -> None:
    found = limit_days(bars([(1, 1, 1, 1), (1.1, 1.1, 1.1, 1.1)]), np.zeros(2, dtype=int))
    assert not found.direction.any()
    assert np.isnan(found.limit_rate).all()


def test_bars_on_another_basis_are_brought_to_prices_as_traded() -> None:
    table = bars([(5.0, 5.0, 5.0, 5.0), (5.1, 5.5, 5.0, 5.25)])
    doubled = Bars(**{**table.__dict__, "raw_close": table.raw_close * 2})
    assert limit_days(doubled, np.full(2, 10)).direction.tolist() == [0, 1]


def test_runs_are_found_from_two_days_on() -> None:
    marked = np.array([True, True, False, True, False, True, True, True])
    assert runs(marked) == [(0, 1), (5, 7)]
    assert runs(np.zeros(3, dtype=bool)) == []


def test_a_suspension_has_no_bar_or_neither_volume_nor_movement() -> None:
    share = bars(
        [(1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1.2), (1.2, 1.3, 1.1, 1.2), (1.2, 1.2, 1.2, 1.2)],
        volume=[1e6, 0, 0, 0, np.nan],
    )
    held = np.array([True, True, True, True, True])
    absent, still = suspended_days(share, share.dates[held])
    # The third day moved and the fourth has a range: their volume is missing. The fifth is unknown.
    assert still.tolist() == days("2022-11-02").tolist()
    assert absent.size == 0
    shorter = Bars(**{name: value[[0, 1, 3, 4]] for name, value in share.__dict__.items()})
    market = np.datetime64("2022-10-25", "D") + np.arange(20)
    absent, _ = suspended_days(shorter, market)
    assert absent.tolist() == days("2022-11-03").tolist()


def test_three_days_of_deviation_are_held_against_the_bound_of_the_board() -> None:
    dates = np.datetime64("2022-11-01", "D") + np.arange(5)
    stock = np.array([0.07, 0.08, 0.07, 0.0, -0.01])
    market = np.array([0.01, 0.0, 0.01, 0.0, 0.0])
    found = abnormal_fluctuations(dates, stock, market, "szse_main")
    assert found.days.tolist() == days("2022-11-03").tolist()
    assert found.deviation == pytest.approx([0.20])
    assert abnormal_fluctuations(dates, stock, market, "szse_chinext").days.size == 0
    assert abnormal_fluctuations(dates, -2 * stock, market, "szse_chinext").days.size == 2
    assert abnormal_fluctuations(dates, 10 * stock, market, "hk_main").days.size == 0


TRADED = np.arange("2022-11-01", "2022-12-31", dtype="datetime64[D]")
TRADED = TRADED[np.is_busday(TRADED)]
ZERO = TRADED[10]


@pytest.mark.parametrize(
    ("bound", "wanted"),
    [
        ([], (-2, 2)),
        ([8], (-2, 2)),
        ([10], (-2, 3)),
        ([10, 11, 12], (-2, 5)),
        ([12, 13], (-2, 4)),
        ([13], (-2, 2)),
        ([11, 13, 14], (-2, 5)),
    ],
)
def test_the_widened_window_has_as_many_free_days(
    bound: list[int], wanted: tuple[int, int]
) -> None:
    assert widened_window((-2, 2), TRADED, ZERO, TRADED[bound]) == wanted


def test_a_suspension_without_bars_widens_by_the_bar_after_it() -> None:
    without = np.delete(TRADED, [11, 12])
    assert widened_window((-2, 2), without, ZERO, TRADED[[11, 12]]) == (-2, 3)
    before = np.delete(TRADED, [5])
    assert widened_window((-2, 2), before, ZERO, TRADED[[5]]) == (-2, 2)


def test_a_widened_window_may_reach_beyond_the_bars() -> None:
    assert widened_window((0, 2), TRADED[:12], ZERO, TRADED[[10, 11]]) == (0, 4)
    assert widened_window((-5, -1), TRADED, ZERO, TRADED[[9]]) == (-5, -1)


def test_limit_days_are_flagged_by_where_they_fall() -> None:
    window, estimation = TRADED[[8, 12]], TRADED[[0, 6]]
    cases = [
        ([], []),
        ([7, 13], []),
        ([9], ["limit_days_in_window"]),
        ([2], ["limit_days_in_estimation"]),
        ([2, 4], ["limit_days_in_estimation"]),
        ([2, 3, 9], [*LIMITS_EVERYWHERE]),
    ]
    for bars, wanted in cases:
        assert limit_flags(TRADED[bars], TRADED, window, estimation) == wanted


LIMITS_EVERYWHERE = ("limit_days_in_window", "limit_days_in_estimation", "limit_run_in_estimation")
