"""What one's own events, payments, spend and bills tell of the inputs of a scenario.

A source is an import of one kind; each kind tells its own inputs. Every quantity names its rule,
and its evidence is the source's own: what was made up stays simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd

from etl.analytics.proportions import wilson
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.evidence import Reader, day_of
from etl.scenarios.payment_inputs import payment_quantities

MONTH_DAYS = 365.25 / 12
ACTIVE_DAYS = 28
"""Monthly actives are counted over four whole weeks, so that every weekday weighs the same."""
RETAINED_DAY, LATER_DAY = 30, 60
_Z = 1.959964


@dataclass(frozen=True)
class GrowthInputs:
    """Inputs that one's own data tell.

    Attributes
    ----------
    found
        Input → quantity with a 95 % interval.
    reasons
        Input → why it is not told.
    """

    found: dict[str, Quantity] = field(default_factory=dict[str, Quantity])
    reasons: dict[str, str] = field(default_factory=dict[str, str])


def growth_quantities(
    reader: Reader, source: str, currency: str, *, as_of: date | None = None
) -> GrowthInputs:
    """Return what an import of events, payments or spend tells.

    Parameters
    ----------
    source
        Name of the import.
    currency
        Of the scenario; amounts stay in their own currency and are converted later.
    as_of
        Imports whose last day lies after it are refused: they were not known then.

    Raises
    ------
    InputError
        If no import bears the name, or it reaches beyond the day.
    """
    found = reader.query("SELECT * FROM growth_definitions WHERE source = ?", (source,))
    if len(found):
        about = cast(dict[str, Any], found.to_dict("records")[0])
        _known_by(source, day_of(about["last_whole_day"]), as_of)
        return _of_events(reader, about)
    for table, when, tell in (
        ("subscription_transactions", "purchased_at", payment_quantities),
        ("acquisition_spend", "spend_date", _of_spend),
    ):
        last = _last_day(reader, table, when, source)
        if last is not None:
            _known_by(source, last, as_of)
            return GrowthInputs(*tell(reader, source, last))
    raise InputError(
        f"got own data of {source!r}, and no import bears that name",
        "an imported source of events, payments or spend",
        "see the Data page, or import with `artonomics import events`",
    )


def bill_quantities(reader: Reader, currency: str) -> GrowthInputs:
    """Return the price of a card's hour from the newest bills (amounts over card-hours)."""
    bills = reader.query(
        """
        SELECT * FROM gpu_bills WHERE gpu_hours > 0
        AND period_end = (SELECT max(period_end) FROM gpu_bills WHERE gpu_hours > 0)
        """
    )
    if bills.empty:
        return GrowthInputs({}, {"hourly_price": "no bill with hours of a card is imported"})
    currencies = sorted(set(bills["currency"]))
    if len(currencies) > 1:
        reason = f"the newest bills are in {', '.join(currencies)}: name one price by hand"
        return GrowthInputs({}, {"hourly_price": reason})
    amount, hours = (bills[name].to_numpy(dtype=float) for name in ("amount", "gpu_hours"))
    each, price = amount / hours, float(amount.sum() / hours.sum())
    kinds = sorted(set(bills["evidence_kind"]))
    told = ", ".join(sorted(set(bills["provider"])))
    quantity = Quantity(
        price,
        f"{currencies[0]}/hour",
        kinds[0],
        min(float(each.min()), price),
        max(float(each.max()), price),
        source=f"bills of {told}: amounts over card-hours of the newest period",
        as_of=day_of(bills["period_end"].iloc[0]),
    )
    return GrowthInputs({"hourly_price": quantity}, {})


def _known_by(source: str, last: date | None, as_of: date | None) -> None:
    if as_of is not None and last is not None and last > as_of:
        raise InputError(
            f"got own data of {source!r} that reach to {last}",
            f"data known on {as_of}",
            "move as_of",
        )


def _last_day(reader: Reader, table: str, when: str, source: str) -> date | None:
    found = reader.query(
        f"SELECT max({when})::DATE AS last FROM {table} WHERE source = ?", (source,)
    )
    return day_of(found["last"].iloc[0])


@dataclass(frozen=True)
class _Events:
    """A source of events: who tells, up to which day, and how quantities of it are made."""

    reader: Reader
    source: str
    kind: str
    last: date

    def frame(self, sql: str, *parameters: object) -> pd.DataFrame:
        return self.reader.query(sql, (self.source, *parameters))

    def until(self, days: int) -> date:
        """Return the last day on which a user began who has had so many whole days."""
        return self.last - timedelta(days=days)

    def quantity(
        self, value: float, ends: tuple[float, float] | None, told: tuple[str, str]
    ) -> Quantity:
        rule, unit = told
        low, high = ends or (None, None)
        return Quantity(
            value, unit, self.kind, low, high, source=f"{self.source}: {rule}", as_of=self.last
        )

    def share(self, k: float, n: float, rule: str, unit: str = "ratio") -> Quantity:
        low, high = wilson(k, n)
        return self.quantity(k / n, (float(low), float(high)), (rule, unit))


def _of_events(reader: Reader, about: dict[str, Any]) -> GrowthInputs:
    last = day_of(about["last_whole_day"])
    assert last is not None
    events = _Events(reader, str(about["source"]), str(about["evidence_kind"]), last)
    told = GrowthInputs()
    _installs(events, told)
    _conversion(events, told, int(about["window_days"]))
    _retention(events, told)
    _first_month(events, told)
    _monthly(events, told, str(about["payments"] or "").split(","))
    return told


def _installs(events: _Events, told: GrowthInputs) -> None:
    days = events.frame(
        "SELECT active_on, sum(n_new) AS n FROM daily_activity WHERE source = ? "
        "GROUP BY 1 ORDER BY 1"
    )
    began = days["n"].to_numpy(dtype=float)
    span = f"{day_of(days['active_on'].iloc[0])} to {events.last}"
    told.found["installs"] = events.quantity(
        float(began.sum()), None, (f"users who began, {span}", "count")
    )
    told.found["peak_installs_per_day"] = events.quantity(
        float(began.max()), None, ("users who began on the fullest day", "count/day")
    )


def _conversion(events: _Events, told: GrowthInputs, window: int) -> None:
    until = events.until(window)
    cohorts = events.frame(
        "SELECT sum(size) AS size, sum(payers) AS payers FROM paid_conversion "
        "WHERE source = ? AND begun_on <= ?",
        until,
    )
    size = float(cohorts["size"].fillna(0).iloc[0])
    if size == 0:
        told.reasons["paid_conversion_rate"] = f"nobody has had {window} whole days yet"
        return
    rule = f"payers within {window} days, kept, over users who began by {until}"
    told.found["paid_conversion_rate"] = events.share(float(cohorts["payers"].iloc[0]), size, rule)


def _active_on(events: _Events, day: int, until: date) -> float:
    found = events.frame(
        "SELECT coalesce(sum(n_users), 0) AS n FROM cohort_cube "
        "WHERE source = ? AND begun_on <= ? AND active_on = begun_on + ?::INTEGER",
        until,
        day,
    )
    return float(found["n"].iloc[0])


def _began_by(events: _Events, until: date) -> float:
    found = events.frame(
        "SELECT coalesce(sum(size), 0) AS n FROM paid_conversion "
        "WHERE source = ? AND begun_on <= ?",
        until,
    )
    return float(found["n"].iloc[0])


def _retention(events: _Events, told: GrowthInputs) -> None:
    until = events.until(RETAINED_DAY)
    n = _began_by(events, until)
    if n == 0:
        told.reasons["retained_rate"] = f"nobody has had {RETAINED_DAY} whole days yet"
    else:
        rule = f"active on day {RETAINED_DAY} (rule n_day) over users who began by {until}"
        told.found["retained_rate"] = events.share(_active_on(events, RETAINED_DAY, until), n, rule)
    later = events.until(LATER_DAY)
    early, late = (_active_on(events, day, later) for day in (RETAINED_DAY, LATER_DAY))
    if not 0 < late <= early:
        told.reasons["free_churn_rate"] = (
            f"too few users are active on days {RETAINED_DAY} and {LATER_DAY} to tell"
        )
        return
    kept, error = late / early, np.sqrt(1 / late + 1 / early)
    low, high = (1 - min(kept * np.exp(s * _Z * error), 1.0) for s in (1, -1))
    rule = (
        f"1 − actives on day {LATER_DAY} over those on day {RETAINED_DAY}, users begun by {later}"
    )
    months = (LATER_DAY - RETAINED_DAY) / MONTH_DAYS
    value, least, most = (1 - (1 - end) ** (1 / months) for end in (1 - kept, low, high))
    told.found["free_churn_rate"] = events.quantity(
        float(value), (float(least), float(most)), (rule, "ratio/month")
    )


def _first_month(events: _Events, told: GrowthInputs) -> None:
    until = events.until(RETAINED_DAY)
    cohorts = events.frame(
        "SELECT c.begun_on, sum(c.n_images) AS images, "
        "max(p.size) AS size FROM cohort_cube c JOIN ("
        "  SELECT source, begun_on, sum(size) AS size FROM paid_conversion GROUP BY 1, 2"
        ") p USING (source, begun_on) WHERE source = ? AND begun_on <= ? "
        "AND active_on < begun_on + ?::INTEGER GROUP BY 1",
        until,
        RETAINED_DAY,
    )
    _per_user(
        events,
        told,
        ("free_images_per_install", "images"),
        cohorts,
        f"pictures in the first {RETAINED_DAY} days, payers' among them, per user begun by {until}",
    )


def _monthly(events: _Events, told: GrowthInputs, payments: list[str]) -> None:
    """Fill what is counted over the last four weeks of events, where these can be asked."""
    try:
        users = _recent(events, payments)
    except InputError as problem:
        for name in (
            "active_users",
            "paying_share",
            "free_images_per_user",
            "paid_images_per_user",
        ):
            told.reasons[name] = f"single events cannot be asked here: {problem.got}"
        return
    span = f"{events.until(ACTIVE_DAYS - 1)} to {events.last}"
    n = float(len(users))
    if n == 0:
        told.reasons["active_users"] = f"nobody was active from {span}"
        return
    told.found["active_users"] = events.quantity(n, None, (f"users with an event, {span}", "count"))
    pays = users["pays"].to_numpy(dtype=bool)
    rule = f"users with a payment in the month to {events.last} over users with an event, {span}"
    told.found["paying_share"] = events.share(float(pays.sum()), n, rule)
    for name, chosen in (("paid_images_per_user", pays), ("free_images_per_user", ~pays)):
        own = users.loc[chosen].assign(size=1.0)
        own["images"] = own["images"] * MONTH_DAYS / ACTIVE_DAYS
        _per_user(events, told, (name, "images/month"), own, f"pictures of a month, {span}")


def _recent(events: _Events, payments: list[str]) -> pd.DataFrame:
    first, since = events.until(ACTIVE_DAYS - 1), events.until(round(MONTH_DAYS) - 1)
    return events.reader.query(
        """
        SELECT user_id, coalesce(sum(n_images) FILTER (event_date >= ?), 0) AS images,
               bool_or(list_contains(?, event_name)) AS pays
        FROM product_events
        WHERE source = ? AND event_date BETWEEN ? AND ?
        GROUP BY 1 HAVING bool_or(event_date >= ?)
        """,
        (first, payments, events.source, since, events.last, first),
    )


def _per_user(
    events: _Events, told: GrowthInputs, about: tuple[str, str], rows: pd.DataFrame, rule: str
) -> None:
    """Fill a mean per user over cohorts or users; its error is that of a ratio of sums."""
    name, unit = about
    size = rows["size"].to_numpy(dtype=float)
    images = rows["images"].to_numpy(dtype=float)
    if len(rows) < 2 or size.sum() == 0:
        told.reasons[name] = "too few users to tell"
        return
    mean = images.sum() / size.sum()
    rest = images - mean * size
    error = float(np.sqrt((rest**2).sum() * len(rows) / (len(rows) - 1)) / size.sum())
    ends = max(mean - _Z * error, 0.0), mean + _Z * error
    told.found[name] = events.quantity(float(mean), ends, (rule, unit))


def _of_spend(
    reader: Reader, source: str, last: date
) -> tuple[dict[str, Quantity], dict[str, str]]:
    """Return the cost of winning a payer: spend over those who first paid in the same days."""
    spent = reader.query(
        "SELECT currency, sum(value) AS amount, min(spend_date) AS first, "
        "min(evidence_kind) AS kind FROM acquisition_spend "
        "WHERE source = ? AND metric = 'spend' GROUP BY 1",
        (source,),
    )
    if len(spent) != 1:
        return {}, {"cac": "the spend is in several currencies, or there is none"}
    row = cast(dict[str, Any], spent.to_dict("records")[0])
    won = reader.query(
        "SELECT p.source, count(*) AS n FROM paying_users p "
        "JOIN growth_definitions d USING (source) "
        "WHERE (d.evidence_kind = 'simulated') = ? AND first_paid_on BETWEEN ? AND ? GROUP BY 1",
        (row["kind"] == "simulated", row["first"], last),
    )
    if len(won) != 1:
        return {}, {"cac": "it takes one history of events beside the spend to count payers"}
    n = float(won["n"].iloc[0])
    error = row["amount"] / n / np.sqrt(n)
    rule = f"{source}: spend over users of {won['source'].iloc[0]} who first paid in the same days"
    value = float(row["amount"] / n)
    ends = max(value - _Z * error, 0.0), value + _Z * error
    unit = f"{row['currency']}/payer"
    return {"cac": Quantity(value, unit, str(row["kind"]), *ends, source=rule, as_of=last)}, {}
