"""What one's own events tell of the inputs of a scenario; payments and spend have their own files.

A source is an import of one kind; each kind tells its own inputs. Every quantity names its rule,
and its evidence is the source's own: what was made up stays simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd

from etl import questions
from etl.analytics.distributions import normal_quantile
from etl.analytics.proportions import wilson
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.marts import subscriptions as marts
from etl.marts.activity import OUTSIDE
from etl.scenarios.evidence import Reader, day_of
from etl.scenarios.payment_inputs import payment_quantities
from etl.scenarios.spend_inputs import GrowthInputs, one_kind, spend_quantities
from etl.schemas import PRODUCT_EVENTS

MONTH_DAYS = 365.25 / 12
ACTIVE_DAYS = 28
"""Monthly actives are counted over four whole weeks, so that every weekday weighs the same."""
RETAINED_DAY, LATER_DAY = 30, 60
PAYMENTS_LAG_DAYS = 7
"""Payments that stop earlier than so many days before the events do not tell who pays now."""
SAME_USERS = 0.5
"""Below this share of payers known to the events, the two sources name their users differently."""
MONTHLY = ("active_users", "paying_share", "free_images_per_user", "paid_images_per_user")
NO_PICTURES = "the events count no pictures (n_images)"
_Z = normal_quantile(0.975)


def growth_quantities(
    reader: Reader, source: str, currency: str, *, as_of: date | None = None
) -> GrowthInputs:
    """Return what an import of events, payments or spend tells.

    Parameters
    ----------
    source
        Name of the import.
    currency
        Of the scenario: payouts are told in it, spend stays in its own and is converted later.
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
        last = day_of(about["last_whole_day"])
        if last is None:
            raise InputError(
                f"got own data of {source!r}, of which no day was over when it was read",
                "at least one whole UTC day of events",
                "import it again when a day is over",
            )
        _known_by(source, last, as_of)
        return _of_events(_Events(reader, source, str(about["evidence_kind"]), last), about)
    paid_until = _last_day(reader, "subscription_transactions", "purchased_at", source)
    if paid_until is not None:
        _known_by(source, paid_until, as_of)
        return GrowthInputs(*payment_quantities(reader, source, paid_until, currency))
    spent_until = _last_day(reader, "acquisition_spend", "spend_date", source)
    if spent_until is not None:
        _known_by(source, spent_until, as_of)
        return GrowthInputs(*spend_quantities(reader, source))
    raise InputError(
        f"got own data of {source!r}, and no import bears that name",
        "an imported source of events, payments or spend",
        "see the Data page, or import with `artonomics import events`",
    )


def _known_by(source: str, last: date | None, as_of: date | None) -> None:
    if as_of is not None and last is not None and last > as_of:
        raise InputError(
            f"got own data of {source!r} that reach to {last}",
            f"data known on {as_of}",
            "choose a later day of the scenario (as_of), or data that end before it",
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


def _of_events(events: _Events, about: dict[str, Any]) -> GrowthInputs:
    told = GrowthInputs()
    payments = _held(events, str(about["payments"] or "").split(","))
    _installs(events, told)
    _conversion(events, told, payments, int(about["window_days"]))
    _retention(events, told)
    _first_month(events, told)
    _monthly(events, told, payments, str(about["active"] or ""))
    return told


def _held(events: _Events, names: list[str]) -> list[str]:
    """Return which of the names the source holds events of."""
    held = events.frame("SELECT event_name FROM event_names WHERE source = ?")
    return [name for name in names if name in set(held["event_name"])]


def _installs(events: _Events, told: GrowthInputs) -> None:
    days = events.frame(
        "SELECT begun_on, sum(size) AS n FROM paid_conversion "
        "WHERE source = ? AND begun_on <= ? GROUP BY 1 ORDER BY 1",
        events.last,
    )
    if days.empty:
        reason = "nobody's beginning was seen"
        told.reasons.update({"installs": reason, "peak_installs_per_day": reason})
        return
    began = days["n"].to_numpy(dtype=float)
    span = f"{day_of(days['begun_on'].iloc[0])} to {events.last}"
    told.found["installs"] = events.quantity(
        float(began.sum()), None, (f"users who began, {span}", "count")
    )
    fullest = day_of(days["begun_on"].iloc[int(began.argmax())])
    told.found["peak_installs_per_day"] = events.quantity(
        float(began.max()), None, (f"users who began on the fullest day, {fullest}", "count/day")
    )


def _conversion(events: _Events, told: GrowthInputs, payments: list[str], window: int) -> None:
    if not payments:
        told.reasons["paid_conversion_rate"] = "the events hold no payments"
        return
    cohorts = events.frame(
        "SELECT min(begun_on) AS first, sum(size) AS size, sum(payers) AS payers "
        "FROM paid_conversion WHERE source = ? AND begun_on <= ?",
        events.until(window),
    )
    size = float(cohorts["size"].fillna(0).iloc[0])
    if size == 0:
        told.reasons["paid_conversion_rate"] = f"nobody has had {window} whole days yet"
        return
    span = f"{day_of(cohorts['first'].iloc[0])} to {events.until(window)}"
    rule = f"payers within {window} days, kept, over users who began, cohorts of {span}"
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
    _later(events, told)


def _later(events: _Events, told: GrowthInputs) -> None:
    """Fill the loss of a month of those who stayed, payers among them: the cube does not part."""
    until = events.until(LATER_DAY)
    early, late = (_active_on(events, day, until) for day in (RETAINED_DAY, LATER_DAY))
    kept = late / early if early else 0.0
    # The two counts share users, so that taking them for independent errs on the wide side.
    error = float(np.sqrt(1 / late + 1 / early)) if late else 0.0
    if not 0 < kept * np.exp(_Z * error) < 1:
        told.reasons["free_churn_rate"] = (
            f"too few users were active on days {RETAINED_DAY} and {LATER_DAY} to tell a loss"
        )
        return
    months = (LATER_DAY - RETAINED_DAY) / MONTH_DAYS
    value, low, high = (
        float(1 - (kept * np.exp(sign * _Z * error)) ** (1 / months)) for sign in (0, 1, -1)
    )
    rule = (
        f"1 − actives on day {LATER_DAY} over those on day {RETAINED_DAY} (rule n_day), payers "
        f"among them, users begun by {until}"
    )
    told.found["free_churn_rate"] = events.quantity(value, (low, high), (rule, "ratio/month"))


def _has_pictures(events: _Events) -> bool:
    made = events.frame("SELECT coalesce(sum(n_images), 0) AS n FROM cohort_cube WHERE source = ?")
    return bool(made["n"].iloc[0] > 0)


def _first_month(events: _Events, told: GrowthInputs) -> None:
    if not _has_pictures(events):
        told.reasons["free_images_per_install"] = NO_PICTURES
        return
    # Payers are few of those who begin, and the cube does not part their pictures.
    until = events.until(RETAINED_DAY)
    cohorts = events.reader.query(
        """
        SELECT p.begun_on, p.size, coalesce(c.images, 0) AS images
        FROM (
            SELECT begun_on, sum(size) AS size FROM paid_conversion
            WHERE source = ? AND begun_on <= ? GROUP BY 1
        ) p LEFT JOIN (
            SELECT begun_on, sum(n_images) AS images FROM cohort_cube
            WHERE source = ? AND active_on < begun_on + ?::INTEGER GROUP BY 1
        ) c USING (begun_on)
        """,
        (events.source, until, events.source, RETAINED_DAY),
    )
    rule = f"pictures in the first {RETAINED_DAY} days, payers' among them, per user begun by"
    _per_user(events, told, ("free_images_per_install", "images"), cohorts, f"{rule} {until}")


def _monthly(events: _Events, told: GrowthInputs, payments: list[str], active: str) -> None:
    """Fill what is counted over the last four weeks of events, where these can be asked."""
    first = events.until(ACTIVE_DAYS - 1)
    reason = _why_not_monthly(events, first)
    users = _recent(events, first, payments, active) if not reason else pd.DataFrame()
    if not reason and users.empty:
        reason = f"nobody was active from {first} to {events.last}"
    if reason:
        told.reasons.update(dict.fromkeys(MONTHLY, reason))
        return
    span, n = f"{first} to {events.last}", float(len(users))
    told.found["active_users"] = events.quantity(n, None, (f"active users, {span}", "count"))
    payers = _payers(events, payments, users)
    if isinstance(payers, str):
        told.reasons.update(dict.fromkeys(MONTHLY[1:], payers))
        return
    by_kind = replace(events, kind=payers.kind)
    if len(payers.users) > n:
        told.reasons["paying_share"] = "more users pay than are active"
    else:
        rule = f"payers over active users, {span}; payers are {payers.rule}"
        told.found["paying_share"] = by_kind.share(float(len(payers.users)), n, rule)
    _monthly_pictures(by_kind, told, (users, payers), span)


def _why_not_monthly(events: _Events, first: date) -> str:
    # The table's name is a parameter: a question that names it opens the files of the lake.
    held = events.frame(
        "SELECT min(event_date) AS first FROM lake_days WHERE source = ? AND table_name = ?",
        PRODUCT_EVENTS.name,
    )
    begins = day_of(held["first"].iloc[0])
    if begins is None:
        return "only counts are held: the events themselves are not here to be asked"
    return "" if begins <= first else f"fewer than {ACTIVE_DAYS} whole days of events are held"


def _recent(events: _Events, first: date, payments: list[str], active: str) -> pd.DataFrame:
    """Return ``user_id, images, pays`` of those active since a day, by the source's own rule."""
    is_active = "event_name = ?" if active else "NOT list_contains(?, event_name)"
    return events.reader.query(
        f"""
        SELECT user_id, coalesce(sum(n_images), 0) AS images,
               coalesce(bool_or(list_contains(?::VARCHAR[], event_name)), false) AS pays
        FROM product_events WHERE source = ? AND event_date BETWEEN ? AND ?
        GROUP BY 1 HAVING bool_or({is_active})
        """,
        (payments, events.source, first, events.last, active or list(OUTSIDE)),
    )


@dataclass(frozen=True)
class _Payers:
    """Who pays now, by which rule, and how that is known."""

    users: set[str]
    rule: str
    kind: str


def _payers(events: _Events, payments: list[str], users: pd.DataFrame) -> _Payers | str:
    """Return who holds a live subscription; without payments of the same users, who paid lately."""
    beside = events.reader.query(
        """
        SELECT source, min(evidence_kind) AS kind,
               greatest(max(purchased_at), max(refunded_at), max(unsubscribed_at))::DATE AS last
        FROM subscription_transactions
        WHERE coalesce(NOT is_sandbox, true) AND (evidence_kind = 'simulated') = ?
        GROUP BY source HAVING last >= ? AND count(DISTINCT user_id) FILTER (price > 0 AND user_id
            IN (SELECT user_id FROM paying_users WHERE source = ?)
        ) >= ? * count(DISTINCT user_id) FILTER (price > 0) AND count(*) FILTER (price > 0) > 0
        """,
        (events.kind == "simulated", events.until(PAYMENTS_LAG_DAYS), events.source, SAME_USERS),
    )
    if len(beside) == 1:
        told, last = (beside[name].iloc[0] for name in ("source", "last"))
        day = min(day_of(last) or events.last, events.last)
        kind = one_kind({events.kind, str(beside["kind"].iloc[0])})
        rule = f"users with a live subscription at the end of {day} ({told}), idle or not"
        return _Payers(_live(events.reader, str(told), day), rule, kind)
    if not payments:
        return "the events hold no payments, and no payments of the same users lie beside them"
    rule = "active users with a payment in the same days (plans of longer periods are not seen)"
    return _Payers(set(users.loc[users["pays"], "user_id"]), rule, events.kind)


def _live(reader: Reader, source: str, day: date) -> set[str]:
    """Return who holds a live subscription at the end of a day."""
    periods = marts.paid_periods(questions.transactions(source), "price")
    users = marts.monthly_revenue(periods, [day + timedelta(days=1)]).select("user_id").distinct()
    return set(questions.ask(reader, users)["user_id"])


def _monthly_pictures(
    events: _Events, told: GrowthInputs, about: tuple[pd.DataFrame, _Payers], span: str
) -> None:
    """Fill pictures a month: of payers, who made none where they were idle, and of the others."""
    if not _has_pictures(events):
        told.reasons.update(dict.fromkeys(MONTHLY[2:], NO_PICTURES))
        return
    users, payers = about
    a_month = MONTH_DAYS / ACTIVE_DAYS
    made = users.set_index("user_id")["images"].astype(float) * a_month
    others = made.loc[~made.index.isin(list(payers.users))]
    paid = made.reindex(sorted(payers.users)).fillna(0.0)
    for name, own, who in (
        ("free_images_per_user", others, "active user who is no payer"),
        ("paid_images_per_user", paid, "payer"),
    ):
        rule = f"pictures a month per {who}, {span}; payers are {payers.rule}"
        rows = pd.DataFrame({"images": own, "size": 1.0})
        _per_user(events, told, (name, "images/month"), rows, rule)


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
