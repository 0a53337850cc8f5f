"""The verbs of analyze: one method on the user's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from etl.commandline import Flag, Given
from etl.commands.analyze_capacity import queue
from etl.commands.analyze_cashflow import cashflow
from etl.commands.analyze_scenario import curiosity_to_cash, unit_economics

app = App(name="analyze", help="Run one method on your own file.")
app.command(unit_economics)
app.command(curiosity_to_cash)


@app.command
def event_study(
    *,
    prices: Path,
    events: Path,
    benchmark: str,
    window: tuple[int, int] = (-2, 2),
    estimation: int = 120,
    gap: int = 10,
    returns: Literal["log", "simple"] = "log",
    model: Literal["market", "mean", "adjusted"] = "market",
    is_returns: Annotated[bool, Flag] = False,
    factors: tuple[str, ...] = (),
    car_error: Literal["exact", "simple"] = "exact",
    horizons: str = "20,60,250",
    placebo: int = 0,
    seed: int = 0,
    currency: str | None = None,
    fx: Path | None = None,
    curve: Annotated[bool, Flag] = False,
    session: Given,
) -> None:
    """Measure abnormal returns around events.

    Parameters
    ----------
    prices
        CSV or Parquet: ticker, trade_date, adjusted_close; the benchmark among them.
    events
        CSV or Parquet: event_id, ticker, event_date[, benchmark][, selection][, session].
    benchmark
        Ticker of the market, for events that name none.
    window
        First and last trading day of the event window, relative to day 0.
    estimation
        Length of the estimation window in trading days.
    gap
        Trading days between the estimation window and the event window.
    returns
        Kind of return.
    model
        Model of the normal return.
    is_returns
        The file holds returns (column return) instead of prices.
    factors
        Ticker among the prices whose return stands beside the market's; may be repeated.
    car_error
        Error of a cumulated return: with its forecast error, or sigma times the root of the days.
    horizons
        Trading days after day 0 for holding returns and turnover, separated by commas.
    placebo
        Random days to measure each event on.
    seed
        Of the random numbers.
    currency
        Convert all prices (column currency) to this one.
    fx
        CSV or Parquet of exchange rates: base, quote, rate_date, rate.
    curve
        Measure every combination of window, model, estimation, gap and kind of return.
    """
    from etl import console
    from etl.analyze import event_study as method

    document = method.run(
        prices,
        events,
        benchmark=benchmark,
        window=window,
        estimation=estimation,
        gap=gap,
        returns=returns,
        model=model,
        is_returns=is_returns,
        factors=factors,
        car_error=car_error,
        extras=method.Extras(method.horizons_of(horizons), placebo, seed, currency, fx, curve),
    )

    def tables() -> None:
        console.print_rows(method.table(document))
        console.print_rows(method.tests_table(document))
        console.print_rows(method.horizons_table(document))
        console.print_rows(method.curve_table(document))
        for note in (*method.explanations(document), *document["notes"]):
            console.note(note)

    session.show(document, tables)


@app.command
def rank_demand(
    *,
    input: Path,
    seed: int = 0,
    session: Given,
) -> None:
    """Estimate what chart ranks sell, from paid and grossing ranks (Garg and Telang).

    Parameters
    ----------
    input
        CSV or Parquet: rank_paid, rank_grossing, price[, app_id]; one row an app and day.
    seed
        Seed of the bootstrap.
    """
    from etl import console
    from etl.analyze import rank_demand as method

    document = method.run(input, seed=seed)

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def rank_shocks(
    *,
    ranks: Path | None = None,
    ratings: Path | None = None,
    apps: Path | None = None,
    out: Path,
    top: int = 10,
    jump: int = 50,
    quiet_days: int = 0,
    surge: float = 3.0,
    session: Given,
) -> None:
    """Find sudden rises in charts and ratings, and write them as events for event-study.

    Parameters
    ----------
    ranks
        CSV or Parquet: observed_on, storefront, chart_type, category, app_id, rank[, chart_depth].
    ratings
        CSV or Parquet: observed_on, storefront, app_id, rating_count.
    apps
        CSV or Parquet: app_id, ticker[, bundle_id][, app_name]; the bundled list unless given.
    out
        CSV file for the events; one that exists is replaced.
    top
        Entering this many first positions is a shock.
    jump
        Rising by at least so many positions is a shock.
    quiet_days
        Leave out a shock within so many days after one of its kind; 0 keeps all.
    surge
        New ratings a day of this multiple of their trailing median are a shock.
    """
    from etl import console
    from etl.analytics.rank_shocks import ShockRules
    from etl.analyze import rank_shocks as method
    from etl.errors import InputError

    try:
        rules = ShockRules(top=top, jump=jump, quiet_days=quiet_days, surge=surge)
    except ValueError as problem:
        raise InputError(str(problem), todo="see `artonomics analyze rank-shocks --help`") from None
    document = method.run(ranks, ratings, apps, out=out, rules=rules)

    def tables() -> None:
        console.print_rows(method.table(document))
        console.print_rows(document["left_out"])
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def attention(
    *,
    input: Path,
    cumulative: Annotated[bool, Flag] = False,
    begins_after_peak: Annotated[bool, Flag] = False,
    forecast: int = 90,
    seed: int = 0,
    session: Given,
) -> None:
    """Measure how fast attention fades after its peak, and where its mean changes.

    Parameters
    ----------
    input
        CSV or Parquet: date, value; one row a day.
    cumulative
        The values are running counts: they become rates a day between one date and the next.
    begins_after_peak
        The peak is known to lie before the first date: the half-life is then a bound.
    forecast
        Days after the last date to continue the fitted curve.
    seed
        Seed of the intervals.
    """
    from etl import console
    from etl.analyze import attention as method

    document = method.run(
        input,
        cumulative=cumulative,
        begins_after_peak=begins_after_peak,
        forecast=forecast,
        seed=seed,
    )

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def clv(
    *,
    input: Path,
    model: Literal["bgnbd", "gammagamma"],
    horizons: str = "1,13,26,52",
    session: Given,
) -> None:
    """Fit what customers without a contract will buy (BG/NBD) or spend (Gamma-Gamma).

    Parameters
    ----------
    input
        CSV or Parquet, one row a customer: frequency, recency, T (bgnbd) or frequency,
        monetary_value (gammagamma). Frequency counts repeat purchases.
    model
        Law of the number of purchases, or of their value.
    horizons
        Times for the expected purchases, separated by commas, in the unit of the file.
    """
    from etl import console
    from etl.analyze import clv as method

    document = method.run(input, model, horizons=_numbers(horizons, "--horizons"))

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def proportions(
    *,
    successes: tuple[int, int],
    trials: tuple[int, int],
    expected_split: tuple[float, float] = (0.5, 0.5),
    session: Given,
) -> None:
    """Compare two shares: intervals, tests, and whether users were assigned as planned.

    Parameters
    ----------
    successes
        Users of each arm who did it.
    trials
        Users of each arm.
    expected_split
        Shares of users each arm was to get.
    """
    from etl import console
    from etl.analyze import proportions as method

    document = method.run(successes, trials, expected_split=expected_split)

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def renewals(
    *,
    survivors: Annotated[tuple[str, ...], Parameter(negative=())],
    discount: float = 0.1,
    periods: int = 12,
    draws: int = 1000,
    seed: int = 0,
    session: Given,
) -> None:
    """Fit how many subscribers renew (shifted-beta-geometric) and project it.

    Parameters
    ----------
    survivors
        Size of a cohort and those left after each renewal, separated by commas; repeat the option
        for further cohorts.
    discount
        Discount rate of one period.
    periods
        Renewals to project.
    draws
        Resamples behind the intervals.
    seed
        Of the resamples.
    """
    from etl import console
    from etl.analyze import renewals as method

    document = method.run(survivors, discount=discount, periods=periods, draws=draws, seed=seed)

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def retention(
    *,
    events: Path,
    target: str = "",
    returning: str = "",
    rule: Literal["n_day", "n_day_24h", "unbounded", "bracket", "rolling_window"] = "n_day",
    cohort: Literal["first_time", "recurring"] = "first_time",
    period: Literal["day", "week", "month"] = "day",
    week_start: Literal["monday", "sunday"] = "monday",
    horizon: int = 30,
    timezone: str = "UTC",
    brackets: str = "",
    window_days: int = 7,
    aliases: Path | None = None,
    until: str = "",
    session: Given,
) -> None:
    """Count who comes back, by cohort and by a stated rule.

    Parameters
    ----------
    events
        CSV or Parquet: user_id, event_name, event_at[, event_id].
    target
        Event that makes a user a member of a cohort; any event if left out.
    returning
        Event that counts as coming back; any event if left out.
    rule
        Active in the k-th period after (n_day), in hours 24k to 24k + 24 after the first event
        (n_day_24h), in the k-th period or later (unbounded), within the k-th bracket (bracket), or
        in the days of a window that ends on day k (rolling_window).
    cohort
        Each user once, by the first target event ever, or in every period with one.
    period
        Length of cohorts and steps.
    week_start
        First day of a week.
    horizon
        Largest k.
    timezone
        Zone whose clock tells days.
    brackets
        First and last period of each bracket, such as 1-3,4-7.
    window_days
        Length of the rolling window in days.
    aliases
        CSV or Parquet: alias, user_id; users are merged before they are counted.
    until
        Last day, or instant, up to which the data reach; by default the last event.
    """
    from etl import console
    from etl.analyze import retention as method

    question = method.Question(
        target=target,
        returning=returning,
        rule=rule,
        cohort=cohort,
        period=period,
        week_start=week_start,
        horizon=horizon,
        timezone=timezone,
        brackets=brackets,
        window_days=window_days,
        until=until,
    )
    document = method.run(events, question, aliases)

    def tables() -> None:
        console.print_rows(method.table(document))
        console.note("* the period had not ended when the data end")
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


@app.command
def survival(
    *,
    input: Path,
    tau: float | None = None,
    session: Given,
) -> None:
    """Estimate how long subjects stay, by group, and whether the groups differ.

    Parameters
    ----------
    input
        CSV or Parquet: time, status[, group]; status is 1 where it ended, 0 where the
        observation did.
    tau
        Horizon of the restricted mean; by default the smallest of the groups' longest times.
    """
    from etl import console
    from etl.analyze import survival as method

    document = method.run(input, tau=tau)

    def tables() -> None:
        console.print_rows(method.table(document))
        for note in document["notes"]:
            console.note(note)

    session.show(document, tables)


def _numbers(text: str, option: str) -> tuple[float, ...]:
    """Return numbers separated by commas."""
    from etl.errors import InputError

    try:
        return tuple(float(cell) for cell in text.split(","))
    except ValueError as problem:
        raise InputError(f"got {option} {text!r}", "numbers separated by commas") from problem


app.command(cashflow)
app.command(queue)
