"""Machines and money of a fading wave, month by month, for any number of bought machines.

Machines are needed for a month's first day, its busiest. What is bought is used first and the rest
rented for the whole month; pictures are spread over the machines in use by their speed. A machine
that no demand needs is switched off: it costs its upkeep and no electricity. A fading wave never
ends by itself, and its last picture would hold a whole machine: a month that begins with fewer
pictures a day than a stated number is not served. All in US dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from etl.analytics.cashflow import checked_rate
from etl.analytics.distributions import FloatArray
from etl.analytics.sourcing import (
    DAYS_PER_MONTH,
    DEFAULT_PEAK_TO_MEAN_RATIO,
    HOURS_PER_MONTH,
    OwnedServer,
    RentedCard,
    Workload,
    capacity,
    expect,
)
from etl.analytics.wave_demand import DemandWave, month_starts

_ROUNDING = 1e-12


@dataclass(frozen=True)
class ResaleCurve:
    """What a used machine can be sold for.

    Attributes
    ----------
    points
        Age in years and share of the price: ages rise from 0, shares lie between 0 and 1 and never
        rise. Straight lines between them; the last share stays. Without points nothing is ever
        paid for a used machine.
    """

    points: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        ages = np.array([age for age, _ in self.points])
        shares = np.array([share for _, share in self.points])
        rise = not ages.size or (ages[0] == 0 and bool(np.all(np.diff(ages) > 0)))
        fall = bool(np.all(np.diff(shares) <= 0) and np.all((shares >= 0) & (shares <= 1)))
        if not (rise and fall):
            raise ValueError(
                f"got the resale points {self.points}; expected ages that rise from 0 and shares "
                "between 0 and 1 that never rise"
            )

    def shares(self, ages_years: FloatArray) -> FloatArray:
        """Return the share of the price at each age, shape as ``ages_years``."""
        if not self.points:
            return np.zeros(ages_years.shape)
        ages, shares = zip(*self.points, strict=True)
        return np.interp(ages_years, ages, shares)


@dataclass(frozen=True)
class CapacityTerms:
    """What machines cost and over how long it is counted.

    Attributes
    ----------
    owned
        The server that can be bought. Its life makes the book value (straight line down to
        ``resale_usd``), and it is used no longer than that.
    rented
        The machine that can be rented for whole months, paid at their start.
    resale
        What a bought server brings at the end of the horizon, or of its life if that is sooner.
    horizon_months
        Months that are counted, at least 1.
    discount_rate
        Of a year, above −1.
    peak_to_mean_ratio
        Of the busiest hour to the mean hour of a day, at least 1.
    least_images_per_day
        A month that begins with fewer is not served and needs no machine; 0 or more.
    """

    owned: OwnedServer
    rented: RentedCard
    resale: ResaleCurve
    horizon_months: int
    discount_rate: float
    peak_to_mean_ratio: float = DEFAULT_PEAK_TO_MEAN_RATIO
    least_images_per_day: float = 1.0

    def __post_init__(self) -> None:
        expect(self.horizon_months >= 1, "horizon_months", self.horizon_months, "at least 1")
        expect(self.months_owned >= 1, "life_years", self.owned.life_years, "a month or more")
        checked_rate(self.discount_rate)
        least = self.least_images_per_day
        expect(least >= 0, "least_images_per_day", least, "0 or more")
        _ = self.workload

    @property
    def workload(self) -> Workload:
        """Return what is asked of every machine alike; extras are the same under all plans."""
        return Workload(self.peak_to_mean_ratio)

    @property
    def months_owned(self) -> int:
        """Return the whole months that a bought server is used."""
        return min(self.horizon_months, int(self.owned.life_years * 12 * (1 + _ROUNDING)))

    @property
    def monthly_rate(self) -> float:
        """Return the discount rate of a month."""
        return (1 + self.discount_rate) ** (1 / 12) - 1

    def factors(self) -> FloatArray:
        """Return the present value of 1 at the start of each month and at the end of the last."""
        return (1 + self.discount_rate) ** (-np.arange(self.horizon_months + 1) / 12)

    def book_values(self) -> FloatArray:
        """Return the book value of one bought server at each month's start."""
        aged = np.minimum(self._ages() / self.owned.life_years, 1)
        return self.owned.price_usd - (self.owned.price_usd - self.owned.resale_usd) * aged

    def sale_values(self) -> FloatArray:
        """Return what one bought server can be sold for at each month's start."""
        return self.owned.price_usd * self.resale.shares(self._ages())

    def _ages(self) -> FloatArray:
        return np.arange(self.horizon_months) / 12


@dataclass(frozen=True)
class MonthlyFlows:
    """Machines and money; the first axis is the number of bought machines, the second the month.

    Attributes
    ----------
    owned, idle, rented
        Machines held, of those the ones no demand needs, and machines rented.
    purchase_usd, running_usd, rent_usd
        Paid at the month's start.
    resale_usd
        Received at the month's end.
    """

    owned: FloatArray
    idle: FloatArray
    rented: FloatArray
    purchase_usd: FloatArray
    running_usd: FloatArray
    rent_usd: FloatArray
    resale_usd: FloatArray

    def present_values(self, terms: CapacityTerms) -> FloatArray:
        """Return the present value of each month's cost, shape (plans, months)."""
        factors = terms.factors()
        paid = self.purchase_usd + self.running_usd + self.rent_usd
        return paid * factors[:-1] - self.resale_usd * factors[1:]


def machines_if_all_owned(wave: DemandWave, terms: CapacityTerms) -> FloatArray:
    """Return the bought machines that each month would need without renting any."""
    return _whole(_busiest(wave, terms) / capacity(terms.owned.speed, terms.workload))


def monthly_flows(wave: DemandWave, terms: CapacityTerms, n_owned: FloatArray) -> MonthlyFlows:
    """Return what comes of buying each of ``n_owned`` machines, shape (plans,), at the start."""
    month = np.arange(terms.horizon_months)
    owned = np.where(month < terms.months_owned, n_owned[:, None], 0.0)
    one_owned = capacity(terms.owned.speed, terms.workload)
    one_rented = capacity(terms.rented.speed, terms.workload)
    busiest = _busiest(wave, terms)
    in_use = np.minimum(owned, _whole(busiest / one_owned))
    rented = _whole(np.maximum(busiest - owned * one_owned, 0.0) / one_rented)
    on_owned = in_use * one_owned
    in_all = on_owned + rented * one_rented
    share = np.divide(on_owned, in_all, out=np.zeros_like(in_all), where=in_all > 0)
    images = share * wave.monthly_means(terms.horizon_months) * DAYS_PER_MONTH
    price = n_owned[:, None] * terms.owned.price_usd
    sold_for = terms.resale.shares(np.array(terms.months_owned / 12))
    return MonthlyFlows(
        owned=owned,
        idle=owned - in_use,
        rented=rented,
        purchase_usd=np.where(month == 0, price, 0.0),
        running_usd=_running(terms, owned, in_use, images),
        rent_usd=rented * terms.rented.usd_per_hour * HOURS_PER_MONTH,
        resale_usd=np.where(month == terms.months_owned - 1, price * sold_for, 0.0),
    )


def _running(
    terms: CapacityTerms, owned: FloatArray, in_use: FloatArray, images: FloatArray
) -> FloatArray:
    """Return upkeep of all owned machines and electricity of those in use."""
    only_electricity = replace(terms.owned, price_usd=0.0, resale_usd=0.0, upkeep_usd_per_month=0.0)
    line = only_electricity.line(terms.workload)
    electricity = in_use * line.usd_per_machine_month + images * line.usd_per_image
    return owned * terms.owned.upkeep_usd_per_month + electricity


def _busiest(wave: DemandWave, terms: CapacityTerms) -> FloatArray:
    demand = wave.at(month_starts(terms.horizon_months))
    return np.where(demand >= terms.least_images_per_day, demand, 0.0)


def _whole(machines: FloatArray) -> FloatArray:
    # A quotient that should be whole may come out a trifle above it.
    return np.ceil(machines * (1 - _ROUNDING))
