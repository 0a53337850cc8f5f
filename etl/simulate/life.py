"""One block of users: their active days, sessions, images, waits and payments as packed rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.simulate import payments, world
from etl.simulate.parameters import RETENTION_DAYS, Parameters
from etl.simulate.retention import Calibration
from etl.simulate.waves import Plan, rng_of

NO_SESSION = 0xFFFF
_CHUNK = 2_048
_HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 6, 7, 7, 6, 6, 6, 7, 8, 9, 10, 10, 8, 5])
"""Weight of each local hour."""

EVENT = np.dtype(
    [
        ("number", "u4"),  # of the event within the block; a repeated row keeps it
        ("user", "u4"),  # number within the whole history
        ("ms", "u4"),  # since midnight UTC
        ("delay_ms", "u4"),  # from the event to its arrival
        ("wait", "f4"),  # seconds; NaN where nothing was waited for
        ("profile", "u2"),
        ("version", "u2"),
        ("session", "u2"),  # number within the user, NO_SESSION outside sessions
        ("kind", "u1"),
        ("plan", "u1"),
        ("product", "u1"),  # NO_PRODUCT where nothing is sold
        ("n_images", "u1"),  # 0 except for images
    ],
    align=True,
)
"""One event in 32 bytes; the words come when it is written."""


@dataclass(frozen=True)
class Setting:
    """What all blocks share."""

    parameters: Parameters
    plan: Plan
    calibration: Calibration

    @property
    def end_ms(self) -> int:
        """End of the history in ms since the first midnight."""
        return self.parameters.days * world.DAY_MS


@dataclass(frozen=True)
class Users:
    """The users of a block, one entry each: fixed attributes and latent propensities."""

    first: int
    install_day: np.ndarray
    country: np.ndarray
    arm: np.ndarray
    profile: np.ndarray
    z: np.ndarray
    shift: np.ndarray
    paying: np.ndarray
    update_lag: np.ndarray


@dataclass(frozen=True)
class Block:
    """What a block gives.

    Attributes
    ----------
    events
        Rows of ``EVENT`` in the order of their day, users together within a day.
    by_day
        Number of events by UTC day, shape (days,).
    sales, profiles
        Rows of ``payments.SALE`` and the profile of each user.
    counts
        Sums over the block, added up over blocks for ``simulation.json``.
    """

    events: np.ndarray
    by_day: np.ndarray
    sales: np.ndarray
    profiles: np.ndarray
    counts: dict[str, np.ndarray]


@dataclass(frozen=True)
class Sessions:
    """Sessions of a block in the order of user and day."""

    user: np.ndarray
    day: np.ndarray  # since the first day of the history
    age: np.ndarray  # days after install
    opens_day: np.ndarray  # whether it is the first of its user and day
    n_images: np.ndarray
    wait_mean: np.ndarray
    paywall: np.ndarray

    def installs(self) -> np.ndarray:
        """Return which sessions begin with the install."""
        return (self.age == 0) & self.opens_day

    def n_rows(self) -> np.ndarray:
        """Return the events of each session: install, start, images, paywall."""
        return self.installs() + 1 + self.n_images + self.paywall


def draw_block(setting: Setting, number: int, first: int, last: int) -> Block:
    """Draw users ``first`` to ``last`` (exclusive); the same whoever draws it."""
    rng = rng_of(setting.parameters, 1, number)
    users = _draw_users(rng, setting, first, last)
    user, age = _active_days(rng, setting, users)
    who = _converting(rng, setting, users, user, age)
    sessions = _sessions(rng, setting, users, (user, age), who)
    rows, day, start_ms, end_ms = _session_rows(rng, users, sessions)
    opening = np.flatnonzero(sessions.opens_day)
    position = np.searchsorted(
        _user_age(sessions.user[opening], sessions.age[opening]), _user_age(who.user, who.day)
    )
    converted_ms = end_ms[opening[position]] + 5_000
    access = payments.access(last - first, who, converted_ms)
    rows["plan"] = np.repeat(access.plan(sessions.user, start_ms), sessions.n_rows())
    sold = payments.subscription_sales(who, converted_ms, setting.end_ms)
    packs = _packs(rng, setting, users, sessions, opening, end_ms)
    packs["chain"] += len(sold)
    sales = np.concatenate([sold, packs])
    extra, extra_day = _sale_rows(users, sales, access)
    rows, day = np.concatenate([rows, extra]), np.concatenate([day, extra_day])
    _finish(rng, users, rows, day)
    rows, day = _delivered(rng, rows, day)
    by_day = np.bincount(day, minlength=setting.parameters.days)
    counts = _counts(setting, users, user, age, sales, rows)
    return Block(rows, by_day, sales, users.profile, counts)


def _user_age(user: np.ndarray, age: np.ndarray) -> np.ndarray:
    return user.astype(np.int64) * 4_096 + age


def _draw_users(rng: np.random.Generator, setting: Setting, first: int, last: int) -> Users:
    n = last - first
    install_day, country, channel = setting.plan.cells(first, last)
    mix = np.cumsum([c.platforms for c in world.COUNTRIES], axis=1)[country]
    platform = (rng.random(n)[:, None] > mix[:, :2]).sum(axis=1)
    arm = rng.choice(len(world.ARMS), size=n, p=[a.probability for a in world.ARMS])
    factors = np.multiply.outer(
        [c.paying for c in world.COUNTRIES], [c.paying for c in world.CHANNELS]
    )
    ratio = np.array([a.conversion_ratio for a in world.ARMS])
    return Users(
        first,
        install_day,
        country,
        arm,
        world.profile(country, channel, platform, arm),
        rng.standard_normal(n, dtype=np.float32),
        setting.calibration.shifts[channel, arm].astype(np.float32),
        world.BASE_CONVERSION * factors[country, channel] * ratio[arm],
        np.minimum(rng.exponential(world.UPDATE_LAG_DAYS, n), 30).astype(np.float32),
    )


def _active_days(
    rng: np.random.Generator, setting: Setting, users: Users
) -> tuple[np.ndarray, np.ndarray]:
    """Return user and days after install of every active day, in that order."""
    rho = world.HETEROGENEITY
    thresholds = (setting.calibration.thresholds / np.sqrt(1 - rho)).astype(np.float32)
    own = ((users.shift + np.sqrt(rho) * users.z) / np.sqrt(1 - rho)).astype(np.float32)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for begin in range(0, len(own), _CHUNK):
        chunk = slice(begin, begin + _CHUNK)
        observed = setting.parameters.days - users.install_day[chunk]
        longest = int(observed.max())
        noise = rng.standard_normal((len(observed), longest), dtype=np.float32)
        noise -= own[chunk, None]
        active = noise < thresholds[:longest]
        active[:, 0] = True
        if observed.min() < longest:
            active &= np.arange(longest) < observed[:, None]
        user, age = np.nonzero(active)
        found.append((user + begin, age))
    return np.concatenate([u for u, _ in found]), np.concatenate([a for _, a in found])


def _converting(
    rng: np.random.Generator, setting: Setting, users: Users, user: np.ndarray, age: np.ndarray
) -> payments.Subscribers:
    """Draw who converts, on the last active day that is not after a drawn delay.

    The chance is exact whatever the activity: every user is active on day 0. Whoever's delay lies
    beyond the history does not convert within it.
    """
    n = len(users.z)
    slope = world.PAYING_SLOPE
    chance = users.paying * np.exp(slope * users.z - slope**2 / 2)  # the factor has the mean 1
    converts = rng.random(n) < chance
    delay = np.minimum(rng.geometric(world.DELAY_CHANCE, n), world.CONVERSION_DAYS)
    delay[rng.random(n) < world.DAY_0_SHARE] = 0
    converts &= users.install_day + delay < setting.parameters.days
    candidate = np.flatnonzero(converts[user] & (age <= delay[user]))
    owner = user[candidate]
    last = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
    return payments.draw_subscribers(rng, owner[last], age[candidate[last]])


def _sessions(
    rng: np.random.Generator,
    setting: Setting,
    users: Users,
    active: tuple[np.ndarray, np.ndarray],
    who: payments.Subscribers,
) -> Sessions:
    user, age = active
    luck = rng.random(len(user), dtype=np.float32)
    n = 1 + (luck > 0.75) + (luck > 0.94)
    converting = np.isin(_user_age(user, age), _user_age(who.user, who.day))
    n[(age == 0) | converting] = 1  # install and purchase belong to a session without rivals
    total = int(n.sum())
    opens = np.zeros(total, bool)
    opens[np.cumsum(n) - n] = True
    user, age, converting = (np.repeat(x, n) for x in (user, age, converting))
    day = users.install_day[user] + age
    paid = _paid_days(len(users.z), who)
    is_paid = (age > paid[0][user]) & (age < paid[1][user])
    arm = users.arm[user]
    mean = np.where(age == 0, world.IMAGES_PER_SESSION["first"], world.IMAGES_PER_SESSION["free"])
    mean = np.where(is_paid, world.IMAGES_PER_SESSION["paid"], mean)
    mean = mean * np.array([a.images_ratio for a in world.ARMS])[arm]
    fraction = 1 / np.log(mean / (1 + mean))  # a geometric number from 0 with this mean
    n_images = np.minimum(np.log1p(-rng.random(total)) * fraction, world.MAX_IMAGES)
    assigned = np.array([a.assigned_wait_seconds or np.nan for a in world.ARMS])[arm]
    crowded = world.FREE_WAIT_SECONDS * setting.plan.load[day]
    wait = np.where(np.isnan(assigned), crowded, assigned)
    return Sessions(
        user,
        day,
        age,
        opens,
        n_images.astype(np.int64),
        np.where(is_paid, world.PAID_WAIT_SECONDS, wait).astype(np.float32),
        converting | (~is_paid & (rng.random(total, dtype=np.float32) < world.PAYWALL_RATE)),
    )


def _paid_days(n_users: int, who: payments.Subscribers) -> tuple[np.ndarray, np.ndarray]:
    """Return the days after install between which a user is served as a paying one."""
    begin, end = np.full(n_users, np.inf), np.full(n_users, -np.inf)
    begin[who.user], end[who.user] = who.day, who.day + who.access_days()
    return begin, end


def _session_rows(
    rng: np.random.Generator, users: Users, sessions: Sessions
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, their days, and start and end of each session in ms since the first midnight.

    A session never crosses midnight, so that a day of activity is a day of return.
    """
    install = sessions.installs().astype(np.int64)
    length = sessions.n_rows()
    ends = np.cumsum(length)
    begins = ends - length
    rows = np.empty(int(ends[-1]), EVENT)
    kind = np.full(len(rows), world.IMAGE, np.uint8)
    kind[begins + install] = world.SESSION
    kind[begins[install == 1]] = world.INSTALL
    kind[ends[sessions.paywall] - 1] = world.PAYWALL
    rows["kind"] = kind
    of = np.repeat(np.arange(len(length), dtype=np.int32), length)
    image = np.flatnonzero(kind == world.IMAGE)
    wait, pictures = _images(rng, sessions.wait_mean[of[image]])
    rows["wait"], rows["n_images"] = np.nan, 0
    rows["wait"][image], rows["n_images"][image] = wait, pictures
    gap = np.full(len(rows), 2_000, np.int64)
    thinking = np.minimum(rng.standard_exponential(len(image), dtype=np.float32) * 20, 180)
    gap[image] = ((wait + thinking) * 1_000).astype(np.int64) + 1
    gap[begins] = 0
    offset = np.cumsum(gap)
    offset -= np.repeat(offset[begins], length)
    lasting = offset[ends - 1] + 15_000
    country = users.country[sessions.user]
    start = (_hour(rng, country) * (world.DAY_MS - lasting)).astype(np.int64)
    rows["ms"] = np.repeat(start, length) + offset
    rows["user"] = np.repeat(sessions.user + users.first, length)
    rows["session"] = np.repeat(np.minimum(_ordinal(sessions.user), NO_SESSION - 1), length)
    rows["product"] = world.NO_PRODUCT
    midnight = sessions.day * world.DAY_MS
    finish = midnight + start + offset[ends - 1]
    return rows, np.repeat(sessions.day.astype(np.int16), length), midnight + start, finish


def _images(rng: np.random.Generator, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return waiting time in seconds and pictures of each request, given the mean wait."""
    spread = np.float32(world.WAIT_SPREAD)
    noise = rng.standard_normal(len(mean), dtype=np.float32) * spread - spread**2 / 2
    wait = np.minimum(mean * np.exp(noise), np.float32(world.MAX_WAIT_SECONDS))
    luck = rng.random(len(mean), dtype=np.float32)
    return np.round(wait, 2), 1 + (luck > 0.5).astype(np.uint8) + 2 * (luck > 0.7).astype(np.uint8)


def _hour(rng: np.random.Generator, country: np.ndarray) -> np.ndarray:
    """Return a moment of the UTC day, 0-1, when people of the country are awake."""
    ends = np.append(0, np.cumsum(_HOURS)) / _HOURS.sum()
    table = np.interp((np.arange(4_096) + 0.5) / 4_096, ends, np.arange(25)).astype(np.float32)
    luck = rng.random(len(country), dtype=np.float32)
    local = table[(luck * 4_096).astype(np.int16)] + (luck * 4_096 % 1) / 170
    utc = local - np.array([c.utc_hours for c in world.COUNTRIES], np.float32)[country]
    return (utc % 24 / 24).astype(np.float64)


def _ordinal(user: np.ndarray) -> np.ndarray:
    """Return the position of each entry among those of the same user; users are sorted."""
    new = np.append(True, user[1:] != user[:-1])
    first = np.flatnonzero(new)
    return np.arange(len(user)) - np.repeat(first, np.diff(np.append(first, len(user))))


def _packs(
    rng: np.random.Generator,
    setting: Setting,
    users: Users,
    sessions: Sessions,
    opening: np.ndarray,
    end_ms: np.ndarray,
) -> np.ndarray:
    paying = np.array([c.paying for c in world.COUNTRIES])[users.country[sessions.user[opening]]]
    buys = rng.random(len(opening)) < world.PACK_RATE_PER_ACTIVE_DAY * paying
    session = opening[buys]
    return payments.pack_sales(rng, sessions.user[session], end_ms[session] + 9_000, setting.end_ms)


def _sale_rows(
    users: Users, sales: np.ndarray, access: payments.Access
) -> tuple[np.ndarray, np.ndarray]:
    """Return the events that tell the transactions, and their days."""
    rows = np.empty(len(sales), EVENT)
    refund = sales["refunded_ms"] != payments.NEVER
    at = np.where(refund, sales["refunded_ms"], sales["at_ms"])
    day, rows["ms"] = np.divmod(at, world.DAY_MS)
    rows["user"] = sales["user"] + users.first
    rows["kind"] = payments.event_kinds(sales)
    rows["plan"] = access.plan(sales["user"], at)
    rows["product"], rows["n_images"], rows["wait"] = sales["product"], 0, np.nan
    rows["session"] = NO_SESSION
    return rows, day.astype(np.int16)


def _finish(rng: np.random.Generator, users: Users, rows: np.ndarray, day: np.ndarray) -> None:
    """Give each row its number and what depends on user and day: attributes, version, arrival."""
    rows["number"] = np.arange(len(rows), dtype=np.uint32)
    user = rows["user"] - np.uint32(users.first)
    rows["profile"] = users.profile[user]
    installed = (users.install_day // world.RELEASE_DAYS).astype(np.uint16)[user]
    updated = np.maximum(day - users.update_lag[user], 0) / np.float32(world.RELEASE_DAYS)
    rows["version"] = np.maximum(installed, updated.astype(np.uint16))
    delay = rng.standard_exponential(len(rows), dtype=np.float32) * 3_000
    late = np.flatnonzero(rng.random(len(rows), dtype=np.float32) < world.LATE_RATE)
    hours = rng.exponential(world.LATE_MEAN_HOURS, len(late))
    delay[late] = (1 + np.minimum(hours, world.LATE_MAX_HOURS - 1)) * 3_600_000
    rows["delay_ms"] = delay


def _delivered(
    rng: np.random.Generator, rows: np.ndarray, day: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows by day, some of them twice, as a pipeline that delivers at least once."""
    again = np.flatnonzero(rng.random(len(rows), dtype=np.float32) < world.DUPLICATE_RATE)
    source = np.concatenate([np.arange(len(rows)), again])
    source = source[np.argsort(day[source], kind="stable")]
    words = rows.view(np.uint64).reshape(len(rows), -1)  # numpy moves records far more slowly
    return np.take(words, source, axis=0).view(EVENT).ravel(), day[source]


def _counts(
    setting: Setting,
    users: Users,
    user: np.ndarray,
    age: np.ndarray,
    sales: np.ndarray,
    rows: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return sums for ``simulation.json``: installs and returns by target day, payers by arm."""
    days, arms = setting.parameters.days, len(world.ARMS)
    observed = [int((users.install_day + k < days).sum()) for k in RETENTION_DAYS]
    returned = [int((age == k).sum()) for k in RETENTION_DAYS]
    complete = users.install_day + 35 < days
    first_paid = sales[(sales["renewal"] == 1) & (sales["refunded_ms"] == payments.NEVER)]["user"]
    return {
        "observed": np.array(observed),
        "returned": np.array(returned),
        "complete_by_arm": np.bincount(users.arm[complete], minlength=arms),
        "paid_by_arm": np.bincount(users.arm[first_paid[complete[first_paid]]], minlength=arms),
        "rows_by_kind": np.bincount(rows["kind"], minlength=len(world.KINDS)),
        "duplicates": np.array([len(rows) - int(rows["number"].max()) - 1]),
        "late": np.array([int((rows["delay_ms"] >= 3_600_000).sum())]),
    }
