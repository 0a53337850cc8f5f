"""How long subscribers stay, what a payer is worth, and how such forecasts did before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from dashboard.studies.growth.subscriptions import reach
from etl.analytics import lifetime_value, purchases, renewals
from etl.analytics.lifetime_value import LtvSpec
from etl.analytics.subscriptions import renewal_table
from etl.analytics.survival import kaplan_meier, log_rank, restricted_mean
from etl.marts import subscriptions as marts

SEED = 20221207
DRAWS = 1_000
TRAIN_SHARE = 2 / 3
FEWEST_AT_RISK = 30
"""The survival curve stops where fewer are left under observation."""
HORIZON_YEARS = 2
WEEK_DAYS = 7
PACK_HORIZONS = (13, 26, 52)


@dataclass(frozen=True)
class SurvivalStudy:
    """How long subscriptions are paid for.

    Attributes
    ----------
    curves
        ``product_id, time`` (days), ``at_risk, n_events, survival, low, high``, up to where fewer
        than :data:`FEWEST_AT_RISK` are left.
    at_risk
        ``product_id, time, at_risk`` at round times.
    groups
        ``product_id, n, n_ended, median, tau, restricted_mean, restricted_mean_se``.
    log_rank_p
        That all products last alike; missing with fewer than two.
    """

    curves: pd.DataFrame
    at_risk: pd.DataFrame
    groups: pd.DataFrame
    log_rank_p: float


def survival_study(reader: Reader, source: str, until: datetime | None = None) -> SurvivalStudy:
    """Estimate how long subscriptions are paid for, by product."""
    _, end = reach(reader, source, until=until)
    counted = asking.ask(reader, marts.stays(asking.transactions(source), asking.instant(end)))
    n: Any = counted["n"].to_numpy(np.int64)
    subjects: Any = counted.loc[counted.index.repeat(n)]
    curves, risks, groups = [], [], []
    tau = float(min(subjects.groupby("product_id")["days"].max(), default=0))
    for name, own in subjects.groupby("product_id", sort=True):
        time, status = own["days"].to_numpy(np.float64), own["ended"].to_numpy(np.int64)
        curve = kaplan_meier(time, status)
        kept = curve.at_risk >= FEWEST_AT_RISK
        begin = pd.DataFrame(
            {"time": [0.0], "at_risk": [float(curve.n)], "n_events": [0.0]}
            | {"survival": [1.0], "low": [1.0], "high": [1.0]}
        )
        drawn = pd.DataFrame(
            {
                "time": curve.time[kept],
                "at_risk": curve.at_risk[kept],
                "n_events": curve.events[kept],
                "survival": curve.survival[kept],
                "low": curve.low[kept],
                "high": curve.high[kept],
            }
        )
        # The last step goes on for as long as enough of them are watched.
        watched = np.sort(time)[::-1]
        last = watched[FEWEST_AT_RISK - 1] if len(time) >= FEWEST_AT_RISK else 0.0
        whole = pd.concat([begin, drawn], ignore_index=True)
        end_of_it = whole.iloc[[-1]].assign(
            time=max(float(last), float(whole["time"].iloc[-1])),
            at_risk=float((time >= last).sum()),
            n_events=0.0,
        )
        curves.append(pd.concat([whole, end_of_it], ignore_index=True).assign(product_id=name))
        times = np.arange(0, time.max() + 1, 30.0)
        left = [(time >= t).sum() for t in times]
        risks.append(pd.DataFrame({"product_id": name, "time": times, "at_risk": left}))
        # Without an end the mean is tau itself and its error unknown, not nothing.
        mean = restricted_mean(curve, tau) if tau > 0 else None
        groups.append(
            {
                "product_id": name,
                "n": curve.n,
                "n_ended": int(status.sum()),
                "median": curve.median,
                "tau": tau,
                "restricted_mean": mean.rmst if mean else np.nan,
                "restricted_mean_se": mean.rmst_se if mean and status.any() else np.nan,
            }
        )
    p = float("nan")
    if len(groups) > 1 and int(subjects["ended"].sum()):
        p = log_rank(
            subjects["days"].to_numpy(np.float64),
            subjects["ended"].to_numpy(np.int64),
            subjects["product_id"].to_numpy(),
        ).p_value
    return SurvivalStudy(_joined(curves), _joined(risks), pd.DataFrame(groups), p)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


@dataclass(frozen=True)
class ValueStudy:
    """What a payer of one plan is worth.

    Attributes
    ----------
    product_id
        The plan.
    model
        Fitted renewals; its ``reason`` says why there are none.
    ltv
        ``period, survival, ltv, low, high`` (US dollars after fees), see
        :func:`etl.analytics.lifetime_value.ltv_curve`.
    spec
        Timing, horizon, discount and the value of a payment.
    n_without_fit
        Resamples without a fit, of :data:`DRAWS`.
    rates
        ``renewal, due, renewal_rate, low, high, fitted``.
    hold_out
        ``period, n_due, actual, forecast, low, high`` after the cut.
    cut
        Data before it were fitted for the hold-out.
    error
        Forecast over actual payments after the cut, less 1.
    """

    product_id: str
    model: renewals.ShiftedBetaGeometric
    ltv: pd.DataFrame
    spec: LtvSpec | None
    n_without_fit: int
    rates: pd.DataFrame
    hold_out: pd.DataFrame
    cut: datetime
    error: float


def value_study(
    reader: Reader,
    source: str,
    product_id: str,
    annual_discount_rate: float = 0.1,
    timing: str = "start",
    until: datetime | None = None,
) -> ValueStudy:
    """Fit renewals of a plan, sum up what they bring, and try the same fit on an earlier cut."""
    first, end = reach(reader, source, until=until)
    all_of_it = asking.transactions(source)
    own = all_of_it.filter(all_of_it.product_id == product_id)
    begin = datetime.combine(first, datetime.min.time(), end.tzinfo)
    cut = begin + timedelta(days=round(TRAIN_SHARE * (end - begin).days))
    rng = np.random.default_rng(SEED)
    counts = asking.ask(reader, marts.renewal_counts(own, asking.instant(end)))
    model, fits = _fitted(counts, rng)
    spec = _spec(reader, source, product_id, annual_discount_rate, timing)
    ltv = pd.DataFrame()
    if not model.reason and spec is not None:
        ltv = lifetime_value.ltv_curve(model, fits, spec)
    held, error = _hold_out(reader, own, cut, end, rng)
    return ValueStudy(
        product_id=product_id,
        model=model,
        ltv=ltv,
        spec=spec,
        n_without_fit=fits.n_without_fit,
        rates=_rates(counts, model),
        hold_out=held,
        cut=cut,
        error=error,
    )


def products(reader: Reader, source: str) -> list[str]:
    """Return the plans of a source with payments, the most payments first."""
    found = reader.query(
        "SELECT product_id FROM subscription_transactions WHERE source = ? AND price > 0 "
        "AND product_kind = 'subscription' AND NOT coalesce(is_sandbox, false) "
        "GROUP BY ALL ORDER BY count(*) DESC, product_id",
        [source],
    )
    return [str(name) for name in found["product_id"]]


_NO_FITS = renewals.BootstrapFits(np.empty(0), np.empty(0), DRAWS)


def _fitted(
    counts: pd.DataFrame, rng: np.random.Generator
) -> tuple[renewals.ShiftedBetaGeometric, renewals.BootstrapFits]:
    cohorts = lifetime_value.cohorts_of(counts)
    if cohorts is None:
        nothing = renewals.ShiftedBetaGeometric(np.nan, np.nan, np.nan, renewals.TOO_FEW_PERIODS)
        return nothing, _NO_FITS
    model = renewals.fit(cohorts)
    return model, _NO_FITS if model.reason else renewals.bootstrap_counts(cohorts, DRAWS, rng)


def _spec(
    reader: Reader, source: str, product_id: str, discount: float, timing: str
) -> LtvSpec | None:
    """Return what is summed; nothing where proceeds or the period are not stated.

    The value of a payment is the mean over all payments, refunds taken off.
    """
    found = reader.query(
        """
        SELECT sum(CASE WHEN price > 0 AND refunded_at IS NOT NULL THEN 0 ELSE proceeds_usd END)
                   / count(*) FILTER (price > 0) AS value_usd,
               median(period_months) AS months,
               count(*) FILTER (price > 0 AND proceeds_usd IS NULL AND refunded_at IS NULL)
                   AS n_unpriced
        FROM subscription_transactions
        WHERE source = ? AND product_id = ? AND product_kind = 'subscription'
          AND NOT coalesce(is_sandbox, false)
        """,
        [source, product_id],
    ).iloc[0]
    if pd.isna(found["value_usd"]) or pd.isna(found["months"]) or found["n_unpriced"]:
        return None
    a_year = 12 / float(found["months"])
    return LtvSpec(
        value_usd=float(found["value_usd"]),
        n_periods=max(round(HORIZON_YEARS * a_year), 2),
        periods_per_year=a_year,
        annual_discount_rate=discount,
        timing="end" if timing == "end" else "start",
    )


def _rates(counts: pd.DataFrame, model: renewals.ShiftedBetaGeometric) -> pd.DataFrame:

    table = renewal_table(counts)
    fitted = model.renewal_rate(table["renewal"]) if len(table) else []
    return table.assign(fitted=fitted)


def _hold_out(
    reader: Reader, own: Any, cut: datetime, end: datetime, rng: np.random.Generator
) -> tuple[pd.DataFrame, float]:
    early = asking.ask(reader, marts.renewal_counts(own, asking.instant(cut)))
    model, fits = _fitted(early, rng)
    if model.reason:
        return pd.DataFrame(), float("nan")
    chains = asking.ask(
        reader, marts.chains_at(own, asking.instant(cut), asking.instant(end))
    ).sort_values(["paid_before", "ahead", "made"], ignore_index=True)
    table = lifetime_value.hold_out(chains, model, fits, rng)
    return table, lifetime_value.forecast_error(table)


# Packs


@dataclass(frozen=True)
class PackStudy:
    """Packs bought one by one.

    Attributes
    ----------
    n_buyers, n_repeaters
        Users who bought a pack, and who bought again.
    model, spend
        BG/NBD of the purchases (weeks), Gamma-Gamma of what one is worth; their reasons say why
        there is none.
    forecast
        ``weeks, purchases, value_usd``: expected of an average buyer in so many weeks from now.
    hold_out
        ``week, actual, forecast``: repeat purchases summed up after the cut, by those who had
        bought before it.
    error
        Forecast over actual at the end, less 1.
    """

    n_buyers: int
    n_repeaters: int
    model: purchases.BgNbd
    spend: purchases.GammaGamma
    forecast: pd.DataFrame
    hold_out: pd.DataFrame
    cut: datetime
    error: float


def pack_study(reader: Reader, source: str, until: datetime | None = None) -> PackStudy:
    """Fit how often packs are bought, and try the fit of the first part on the rest."""
    first, end = reach(reader, source, until=until)
    begin = datetime.combine(first, datetime.min.time(), end.tzinfo)
    cut = begin + timedelta(days=round(TRAIN_SHARE * (end - begin).days))
    bought = reader.query(
        """
        SELECT user_id, purchased_at::DATE AS day, sum(proceeds_usd) AS value_usd
        FROM subscription_transactions t
        WHERE source = ? AND product_kind = 'one_time' AND price > 0 AND refunded_at IS NULL
          AND NOT coalesce(is_sandbox, false) AND NOT EXISTS (
            SELECT 1 FROM subscription_transactions r WHERE r.source = t.source AND r.price < 0
            AND r.original_transaction_id = coalesce(t.original_transaction_id, t.transaction_id)
            AND r.purchased_at = t.purchased_at)
        GROUP BY ALL ORDER BY user_id, day
        """,
        [source],
    )
    whole = _histories(bought, end)
    model = _bgnbd(whole)
    worth = _gamma_gamma(whole)
    held, error = _pack_hold_out(bought, cut, end)
    return PackStudy(
        len(whole),
        int((whole["frequency"].to_numpy(np.float64) > 0).sum()),
        model,
        worth,
        _pack_forecast(whole, model, worth),
        held,
        cut,
        error,
    )


def _histories(bought: pd.DataFrame, end: datetime) -> pd.DataFrame:
    """Return ``frequency`` (repeat days), ``recency, T`` (weeks), ``monetary_value`` by buyer."""
    last = pd.Timestamp(end.replace(tzinfo=None))
    own: Any = bought.loc[pd.to_datetime(bought["day"]) < last]
    columns = ["frequency", "recency", "T", "monetary_value"]
    if own.empty:
        return pd.DataFrame(columns=columns)
    first = own.groupby("user_id")["day"].transform("min")
    again = own.loc[own["day"] > first]
    grouped = own.groupby("user_id")["day"]
    days = (grouped.max() - grouped.min()).dt.days
    histories: Any = pd.DataFrame(
        {
            "frequency": (grouped.size() - 1).astype(np.float64),
            "recency": days / WEEK_DAYS,
            "T": (last - grouped.min()).dt.days / WEEK_DAYS,
            "monetary_value": again.groupby("user_id")["value_usd"].mean().reindex(days.index),
        }
    )
    return histories[columns]


def _bgnbd(whole: pd.DataFrame) -> purchases.BgNbd:
    return purchases.fit_bgnbd(whole["frequency"], whole["recency"], whole["T"])


def _gamma_gamma(whole: Any) -> purchases.GammaGamma:
    again = whole.loc[(whole["frequency"] > 0) & (whole["monetary_value"] > 0)]
    return purchases.fit_gamma_gamma(again["frequency"], again["monetary_value"])


def _pack_forecast(
    whole: pd.DataFrame, model: purchases.BgNbd, worth: purchases.GammaGamma
) -> pd.DataFrame:
    if model.reason:
        return pd.DataFrame()
    rows = []
    for weeks in PACK_HORIZONS:
        expected = model.conditional_purchases(
            weeks, whole["frequency"], whole["recency"], whole["T"]
        )
        n = float(np.mean(expected))
        value = np.nan if worth.reason else n * worth.mean
        rows.append({"weeks": weeks, "purchases": n, "value_usd": value})
    return pd.DataFrame(rows)


def _pack_hold_out(
    bought: pd.DataFrame, cut: datetime, end: datetime
) -> tuple[pd.DataFrame, float]:
    early = _histories(bought, cut)
    model = _bgnbd(early) if len(early) else None
    if model is None or model.reason:
        return pd.DataFrame(), float("nan")
    begin = pd.Timestamp(cut.replace(tzinfo=None))
    n_weeks = (end - cut).days // WEEK_DAYS
    days: Any = pd.to_datetime(bought["day"])
    later = bought.loc[(days >= begin) & bought["user_id"].isin(list(early.index))]
    week = ((pd.to_datetime(later["day"]) - begin).dt.days // WEEK_DAYS + 1).to_numpy()
    rows = [
        {
            "week": number,
            "actual": int((week <= number).sum()),
            "forecast": float(
                np.sum(
                    model.conditional_purchases(
                        number, early["frequency"], early["recency"], early["T"]
                    )
                )
            ),
        }
        for number in range(1, n_weeks + 1)
    ]
    table = pd.DataFrame(rows, columns=["week", "actual", "forecast"])
    if not len(table) or not table["actual"].iloc[-1]:
        return table, float("nan")
    return table, float(table["forecast"].iloc[-1] / table["actual"].iloc[-1] - 1)
