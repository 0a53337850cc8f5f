"""Sudden rises in a chart or in new ratings, as dated events for the event study.

A shock is told from its day and the days before, never from later ones. Nothing about its choice
looks at a share price: its events are ``exogenous``. An undated reading has no shocks.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etl.analytics.rating_rates import app_keys

CHART = ["storefront", "chart_type", "category"]
"""What tells one chart from another."""
RATING_SURGE = "rating_surge"
EVENT_PREFIX = "shock-"
"""How identifiers of events made from shocks begin."""
_STRENGTH = ["first", "entered", "jump", "rating"]
"""First words of the shocks, the strongest first."""
UNKNOWN_APP = "unknown_app"
NO_TICKER = "no_ticker"
PREVIOUS_TOO_OLD = "previous_reading_too_old"

LEFT_OUT = {
    UNKNOWN_APP: "the list of apps does not hold the app",
    NO_TICKER: "the company behind the app is not known to be listed",
    PREVIOUS_TOO_OLD: "the reading before is too old to date the shock to the day",
}
"""Why a shock is no event, by code."""


@dataclass(frozen=True)
class ShockRules:
    """What counts as a shock.

    Attributes
    ----------
    top
        Entering this many first positions is one.
    jump
        Rising by at least so many positions from one reading to the next is one.
    quiet_days
        A shock repeats another, and is left out, if the app had one of the same kind in the same
        chart within so many days before; 0 keeps all.
    surge
        New ratings a day of at least this multiple of their trailing median are one.
    surge_history
        Intervals in the trailing median; without so many before, nothing is said.
    least_new_ratings
        Fewer new ratings than this in an interval are none, whatever the median.

    Raises
    ------
    ValueError
        If a value cannot mean anything.
    """

    top: int = 10
    jump: int = 50
    quiet_days: int = 0
    surge: float = 3.0
    surge_history: int = 8
    least_new_ratings: int = 10

    def __post_init__(self) -> None:
        least = {"top": 2, "jump": 1, "quiet_days": 0, "surge_history": 1, "least_new_ratings": 1}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise ValueError(f"got {name} {getattr(self, name)}; it is at least {lowest}")
        if not (np.isfinite(self.surge) and self.surge > 1):
            raise ValueError(f"got surge {self.surge}; it is a multiple above 1")

    @property
    def kinds(self) -> list[str]:
        """The shocks by these rules, the strongest first."""
        return [
            "first_top_1",
            f"entered_top_{self.top}",
            f"jump_of_{self.jump}_places",
            RATING_SURGE,
        ]


def rank_shocks(ranks: pd.DataFrame, rules: ShockRules | None = None) -> pd.DataFrame:
    """Return the rises of apps from one reading of a chart to the next.

    Parameters
    ----------
    ranks
        ``observed_on, storefront, chart_type, category, app_id, rank`` and, where known,
        ``chart_depth`` (the last position that was collected). A day on which a chart has any
        row was read; an app without a row, or without a rank, was then not ranked. Of several
        readings a day the best rank counts. Undated rows take no part.
    rules
        What counts; the defaults of :class:`ShockRules` unless given.

    Returns
    -------
    DataFrame
        One row a shock, by day: ``event_date`` (the day of the chart), ``app_id``, the chart,
        ``shock``, ``rank``, ``previous_rank``, ``previous_on``, ``n_days`` between the readings,
        ``places`` and ``from_unranked``. The first reading of a chart has no shocks: there is
        nothing before it, and who is first there was perhaps first long before. From "not
        ranked" the previous rank is missing and ``places`` is the least possible rise: from the
        position after the chart's last one (its last row where no depth is known).

    Raises
    ------
    ValueError
        If a rank is not a whole number from 1, or lies beyond the chart's depth.
    """
    rules = rules or ShockRules()
    moves = _moves(ranks)
    unranked, rank = moves["from_unranked"], moves["rank"]
    was_below = moves["previous_rank"] > rules.top
    # A chart that was collected to position 5 does not tell who was in the top 10.
    deep_enough = ~(moves["previous_given_depth"] < rules.top)
    found = [
        moves["is_first_top"],
        (rank <= rules.top) & (was_below | (unranked & deep_enough)),
        moves["places"] >= rules.jump,
    ]
    shocks = pd.concat(
        [moves[wanted].assign(shock=kind) for kind, wanted in zip(rules.kinds, found, strict=False)]
    )
    columns = ["event_date", "app_id", *CHART, "shock", "rank", "previous_rank", "previous_on"]
    columns += ["n_days", "places", "from_unranked"]
    ordered = _without_repeats(shocks.loc[:, columns], ["app_id", *CHART, "shock"], rules)
    return ordered.astype({"n_days": "int64", "from_unranked": bool})


def _moves(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return every rank of an app on a day with what the reading before says of it.

    Only rows with a reading before them; ``is_first_top`` marks the first rank 1 of an app in a
    chart, ``previous_given_depth`` is missing where the source states no depth.
    """
    dated = ranks[ranks["observed_on"].notna()]
    given = dated["chart_depth"] if "chart_depth" in dated.columns else np.nan
    dated = dated.assign(rank=dated["rank"].astype("float64"), given_depth=given)
    _require_ranks(dated["rank"].to_numpy(), dated["given_depth"].to_numpy(dtype=np.float64))
    readings = _readings(dated)
    app = ["app_id", *CHART]
    ranked = dated[dated["rank"].notna()]
    daily = ranked.groupby([*app, "observed_on"], as_index=False).agg(rank=("rank", "min"))
    daily = daily.merge(readings, on=[*CHART, "observed_on"], how="left")
    daily = daily.sort_values([*app, "observed_on"], ignore_index=True)
    before = daily.groupby(app, sort=False)[["number", "rank"]].shift()
    consecutive = before["number"] == daily["number"] - 1
    times_top = (daily["rank"] == 1).groupby([daily[name] for name in app], sort=False).cumsum()
    daily["previous_rank"] = before["rank"].where(consecutive)
    daily["from_unranked"] = ~consecutive
    daily["places"] = daily["previous_rank"].fillna(daily["previous_depth"] + 1) - daily["rank"]
    daily["is_first_top"] = (daily["rank"] == 1) & (times_top == 1)
    daily["n_days"] = (daily["observed_on"] - daily["previous_on"]).dt.days
    daily["event_date"] = daily["observed_on"]
    return daily.loc[daily["number"] > 0].astype({"rank": "int64"})


def _readings(dated: pd.DataFrame) -> pd.DataFrame:
    """Return one row a chart and day: its number from 0, and day and depth of the one before."""
    readings = dated.groupby([*CHART, "observed_on"], as_index=False).agg(
        given_depth=("given_depth", "max"), last_rank=("rank", "max")
    )
    chart = readings.groupby(CHART, sort=False)
    before = chart[["observed_on", "given_depth", "last_rank"]].shift()
    return readings[[*CHART, "observed_on"]].assign(
        number=chart.cumcount(),
        previous_on=before["observed_on"],
        previous_given_depth=before["given_depth"],
        previous_depth=before["given_depth"].fillna(before["last_rank"]),
    )


def _require_ranks(ranks: np.ndarray, depths: np.ndarray) -> None:
    wrong = ~np.isnan(ranks) & ~((ranks >= 1) & (ranks == np.floor(ranks)) & (ranks < np.inf))
    if wrong.any():
        raise ValueError(f"got the rank {ranks[wrong][0]:g}; it is a whole number, 1 is the top")
    beyond = ranks > depths
    if beyond.any():
        raise ValueError(
            f"got rank {ranks[beyond][0]:g} in a chart of {depths[beyond][0]:g} positions"
        )


def _without_repeats(shocks: pd.DataFrame, key: list[str], rules: ShockRules) -> pd.DataFrame:
    """Leave out a shock within ``quiet_days`` after one of its key; order by day, strongest first.

    The one before counts whether it was kept or not: a chart that goes up and down for months is
    one story.
    """
    ordered = shocks.sort_values([*key, "event_date"])
    since = ordered["event_date"] - ordered.groupby(key, sort=False)["event_date"].shift()
    kept = ordered.loc[~(since.dt.days <= rules.quiet_days)]
    return _strongest_first(kept, [name for name in key if name != "shock"])


def _strongest_first(shocks: pd.DataFrame, then: list[str]) -> pd.DataFrame:
    """Order by day, within it by strength of the shock and the columns ``then``."""
    strength = [_STRENGTH.index(kind.split("_")[0]) for kind in shocks["shock"]]
    by = ["event_date", "strength", *then]
    ordered = shocks.assign(strength=strength).sort_values(by, ignore_index=True)
    return ordered.drop(columns="strength")


def rating_shocks(rates: pd.DataFrame, rules: ShockRules | None = None) -> pd.DataFrame:
    """Return the days on which new ratings began to come much faster than before.

    Parameters
    ----------
    rates
        As :func:`etl.analytics.rating_rates.rating_rates` gives them. An interval without a rate
        takes no part.
    rules
        What counts; the defaults of :class:`ShockRules` unless given.

    Returns
    -------
    DataFrame
        One row a shock, by day: ``event_date`` (the look-up that shows it), the series' columns,
        ``shock``, ``new_ratings_per_day``, ``trailing_median`` of the intervals before,
        ``previous_on`` and ``n_days``. Of consecutive fast intervals the first counts.
    """
    rules = rules or ShockRules()
    keys = app_keys(rates)
    known = rates.dropna(subset=["new_ratings_per_day"])
    known = known.sort_values([*keys, "observed_on"], ignore_index=True)
    by = [known[name] for name in keys]
    before = known.groupby(keys, sort=False)["new_ratings_per_day"].shift()
    trailing = before.groupby(by, sort=False).rolling(rules.surge_history).median()
    known["trailing_median"] = trailing.droplevel(list(range(len(keys)))).sort_index()
    fast = (known["new_ratings_per_day"] >= rules.surge * known["trailing_median"]) & (
        known["change"] >= rules.least_new_ratings
    )
    was_fast = fast.groupby(by, sort=False).shift(fill_value=False)
    shocks = known.loc[fast & ~was_fast].assign(shock=RATING_SURGE)
    shocks["event_date"] = shocks["observed_on"]
    columns = ["event_date", *keys, "shock", "new_ratings_per_day", "trailing_median"]
    columns += ["previous_on", "n_days"]
    return _without_repeats(shocks.loc[:, columns], [*keys, "shock"], rules)


@dataclass(frozen=True)
class ShockEvents:
    """Events of listed companies, and the number of shocks that are none, by reason.

    Attributes
    ----------
    events
        One row a ticker and day: ``event_id, ticker, event_date, event_type`` (the strongest
        shock), ``selection`` (``exogenous``), ``title, app_names, app_ids, n_days`` (since the
        reading before, at most), ``n_shocks``.
    left_out
        Counts by the codes of ``LEFT_OUT``.
    """

    events: pd.DataFrame
    left_out: Counter[str]


def as_events(
    shocks: pd.DataFrame, apps: pd.DataFrame, *, longest_gap_days: int = 7
) -> ShockEvents:
    """Turn shocks into events of the companies behind the apps.

    Shocks of one company on one day, in several storefronts or by several apps, are one event:
    counted apart they would pass one movement of the share off as many.

    Parameters
    ----------
    shocks
        Rows of :func:`rank_shocks`, :func:`rating_shocks`, or both in one frame.
    apps
        ``app_id, ticker`` and, where known, ``bundle_id`` (charts name apps by it) and
        ``app_name``. A missing ticker: the company is not listed.
    longest_gap_days
        A shock between readings further apart has no day of its own, and is left out.

    Raises
    ------
    ValueError
        If one app has two tickers.
    """
    listed = _listing(apps)
    named = shocks.assign(app_id=shocks["app_id"].astype(str)).merge(
        listed, on="app_id", how="left", indicator="known"
    )
    reason = np.select(
        [
            named["known"] == "left_only",
            named["ticker"].isna(),
            named["n_days"] > longest_gap_days,
        ],
        [UNKNOWN_APP, NO_TICKER, PREVIOUS_TOO_OLD],
        "",
    )
    kept = _strongest_first(named.loc[reason == ""].assign(title=_titles), ["app_id"])
    days = kept.groupby(["ticker", "event_date"], sort=False)
    events = days.agg(
        event_type=("shock", "first"),
        title=("title", "first"),
        app_names=("app_name", lambda values: ", ".join(sorted(set(values)))),
        n_days=("n_days", "max"),
        app_ids=("app_id", lambda values: " ".join(sorted(set(values)))),
        n_shocks=("shock", "size"),
    ).reset_index()
    events = events.sort_values(["event_date", "ticker"], ignore_index=True)
    events["selection"] = "exogenous"
    events["event_id"] = [
        f"{EVENT_PREFIX}{ticker}-{day:%Y-%m-%d}"
        for ticker, day in zip(events["ticker"], events["event_date"], strict=True)
    ]
    columns = ["event_id", "ticker", "event_date", "event_type", "selection", "title"]
    left_out = Counter(code for code in reason.tolist() if code)
    return ShockEvents(
        events.loc[:, [*columns, "app_names", "app_ids", "n_days", "n_shocks"]], left_out
    )


def _listing(apps: pd.DataFrame) -> pd.DataFrame:
    """Return ``app_id, ticker, app_name`` under every identifier of an app, each once."""
    names = apps["app_name"] if "app_name" in apps.columns else apps["app_id"]
    parts = [
        pd.DataFrame({"app_id": apps[name], "ticker": apps["ticker"], "app_name": names})
        for name in ("app_id", "bundle_id")
        if name in apps.columns
    ]
    every = pd.concat(parts).dropna(subset=["app_id"]).astype({"app_id": str})
    # The row that knows the ticker speaks for the app.
    listed: pd.DataFrame = every.sort_values("ticker", na_position="last")
    tickers = listed.dropna(subset=["ticker"]).drop_duplicates(["app_id", "ticker"])["app_id"]
    contradicted = tickers[tickers.duplicated()].tolist()
    if contradicted:
        raise ValueError(f"got two tickers for the app {contradicted[0]!r}; one is expected")
    return listed.drop_duplicates("app_id")


def _titles(shocks: pd.DataFrame) -> list[str]:
    return [_title(shock) for shock in shocks.to_dict("records")]


def _title(shock: dict) -> str:
    """Return what happened, in English."""
    if shock["shock"] == RATING_SURGE:
        return (
            f"{shock['app_name']}: {shock['new_ratings_per_day']:.3g} new ratings a day, before "
            f"{shock['trailing_median']:.3g}"
        )
    chart = f"{shock['chart_type']} {shock['category']} chart, {shock['storefront']}"
    came = "not ranked" if shock["from_unranked"] else f"{shock['previous_rank']:.0f}"
    return f"{shock['app_name']}: rank {shock['rank']:.0f} in the {chart}, before {came}"
