"""Which events are marked: all of one's own, and of others what concerns the whole market."""

from __future__ import annotations

from datetime import date

from dashboard.studies.marks import marks


def test_all_events_of_the_subject_are_its_own_by_share_or_by_name(reader) -> None:
    held = marks(reader, ("Lensa AI",), ("1357.HK",))
    own = held.loc[held["is_own"]]
    assert {"E0017", "E0021"} <= set(own["event_id"])
    assert {"E0018", "E0085"} <= set(own["event_id"])
    assert set(own["ticker"].dropna()) == {"1357.HK"}


def test_of_others_no_lawsuit_and_no_day_that_a_price_picked_is_marked(reader) -> None:
    others = marks(reader, ("Lensa AI",), ("1357.HK",)).loc[lambda held: ~held["is_own"]]
    assert len(others)
    assert set(others["selection"]) == {"exogenous"}
    assert not {"lawsuit", "price_move", "earnings"} & set(others["event_type"])


def test_without_a_subject_nothing_is_its_own(reader) -> None:
    assert not marks(reader)["is_own"].any()


def test_as_known_on_a_day_nothing_later_is_marked(reader) -> None:
    held = marks(reader, as_of=date(2022, 12, 1))
    assert held["event_date"].max().date() <= date(2022, 12, 1)
