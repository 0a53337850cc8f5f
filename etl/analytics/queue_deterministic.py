"""M/D/c exactly: Poisson arrivals, c servers, every service takes the same time.

The number in the system at instants one service apart is a Markov chain, N' = (N − c)⁺ + A with A
Poisson, at whatever instant one begins (Crommelin 1932). Its generating function is known from c
roots inside the unit circle, its coefficients by a Fourier transform, and the wait of a job follows
from the queue that it meets (Franx 2001, Operations Research Letters 29; Tijms 2003, A First
Course in Stochastic Models, section 9.6). First come, first served; the means of the whole hold
under priority too, since equal services leave the number of waiting jobs as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

# SciPy ships no types.
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from etl.analytics.distributions import FloatArray, ln_gamma
from etl.analytics.queueing import quantile

_SPECIAL = cast(Any, special)
_MOST_TERMS = 200_000
_MOST_POINTS = 1 << 23
_MOST_PROBABILITIES = 20_000
_FACTORS_AT_ONCE = 32
_NOTHING = 40.0
"""exp(−40) is less than the rounding of a double."""


def mean_queue(offered: float, n_servers: int) -> float:
    """Return the mean number of waiting jobs in M/D/c.

    The queue is the maximum of a random walk with steps A − c, so that Spitzer's identity gives
    Σ E[(Poisson(na) − nc)⁺]/n, all terms positive; where it converges slowly (utilisation near 1)
    the roots give the same. One server has a formula (Pollaczek and Khinchine).

    Parameters
    ----------
    offered
        Arrival rate times service, below ``n_servers``.
    n_servers
        Servers.
    """
    if n_servers == 1:
        return offered * offered / (2 * (1 - offered))
    if _n_terms(offered, n_servers) > _MOST_TERMS:
        return _mean_queue_by_roots(offered, n_servers)
    n, mean, level = _steps(offered, n_servers)
    at_least: FloatArray = _SPECIAL.gammainc(level, mean)
    more: FloatArray = _SPECIAL.gammainc(level + 1, mean)
    return float(np.sum((mean * at_least - level * more) / n))


def wait_probability(offered: float, n_servers: int) -> float:
    """Return the share of jobs that have to wait in M/D/c, with its digits however small it is.

    Spitzer's identity again, 1 − exp(−Σ P(Poisson(na) ≥ nc)/n), and near a utilisation of 1 the
    roots, 1 − (c − a)/Π(1 − zₖ).

    Parameters
    ----------
    offered
        Arrival rate times service, below ``n_servers``.
    n_servers
        Servers.
    """
    if n_servers == 1:
        return offered
    if _n_terms(offered, n_servers) > _MOST_TERMS:
        apart = np.log(np.abs(1 - inner_roots(offered, n_servers)))
        return -math.expm1(math.log(n_servers - offered) - float(np.sum(apart)))
    n, mean, level = _steps(offered, n_servers)
    return -math.expm1(-float(np.sum(_SPECIAL.gammainc(level, mean) / n)))


def _n_terms(offered: float, n_servers: int) -> float:
    """Return how many terms of Spitzer's sums count."""
    rho = offered / n_servers
    return _NOTHING / (n_servers * (rho - 1 - math.log(rho))) if rho > 0 else 1.0


def _steps(offered: float, n_servers: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return n = 1, 2, … and the means and levels na, nc."""
    n = np.arange(1, math.ceil(_n_terms(offered, n_servers)) + 2, dtype=float)
    return n, n * offered, n * n_servers


def _mean_queue_by_roots(offered: float, n_servers: int) -> float:
    a, c = offered, n_servers
    roots = inner_roots(a, c)
    return float(np.sum(1 / (1 - roots)).real) - (c * (c - 1) - a * a) / (2 * (c - a))


def inner_roots(offered: float, n_servers: int) -> np.ndarray:
    """Return the c − 1 roots of z^c = exp(a(z − 1)) inside the unit circle, complex.

    Each is the fixed point of z = ω·exp(ρ(z − 1)) for one c-th root of unity ω ≠ 1; Newton's steps
    follow some of the contraction.
    """
    rho = offered / n_servers
    unit = np.exp(2j * np.pi * np.arange(1, n_servers) / n_servers)
    roots = unit * math.exp(-rho)
    for step in range(60):
        image = unit * np.exp(rho * (roots - 1))
        roots = image if step < 30 else roots - (roots - image) / (1 - rho * image)
    return roots


def outer_root(offered: float, n_servers: int) -> float:
    """Return the real root z > 1 of z^c = exp(a(z − 1)): the queue's tail falls as z^−n."""
    rho = offered / n_servers
    low, high = 1.0, 2.0 / rho
    while rho * (high - 1) < math.log(high):
        high *= 2
    low = 1 / rho  # where ln z − ρ(z − 1) is largest, so positive
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.log(middle) > rho * (middle - 1) else (low, middle)
    return low


def queue_shares(offered: float, n_servers: int) -> FloatArray:
    """Return P(n jobs wait) for n = 0, 1, …, until less than 1e-15 is left.

    Under light loads, whose waits are rare, every share has its digits.

    Raises
    ------
    ValueError
        A utilisation so near 1 that more than eight million lengths would be needed.
    """
    decay = math.log(outer_root(offered, n_servers))
    if _n_terms(offered, n_servers) * (_NOTHING / decay + 2) < _MOST_PROBABILITIES:
        return _shares_by_steps(offered, n_servers, math.ceil(_NOTHING / decay) + 2)
    reach = _NOTHING / decay + 4 * math.sqrt(offered) + 64
    if reach > _MOST_POINTS:
        raise ValueError(f"got a utilisation of {offered / n_servers}; expected at most 0.99999")
    return _shares_by_roots(offered, n_servers, 1 << math.ceil(math.log2(reach)))


def _shares_by_steps(offered: float, n_servers: int, n_lengths: int) -> FloatArray:
    """Return the shares by Spitzer's identity, all terms positive.

    Σ qₙzⁿ = q₀·exp(Σ hⱼzʲ) with hⱼ = Σₙ P(Poisson(na) = nc + j)/n, whose coefficients follow from
    its derivative, n·qₙ = Σ j·hⱼ·qₙ₋ⱼ.
    """
    n, mean, level = (each[:, None] for each in _steps(offered, n_servers))
    above = np.arange(1, n_lengths, dtype=np.float64)
    number = level + above
    at: FloatArray = np.exp(number * np.log(mean) - mean - ln_gamma(number + 1)) / n
    height = above * at.sum(axis=0)
    found = np.zeros(n_lengths)
    more: FloatArray = _SPECIAL.gammainc(level + 1, mean) / n
    found[0] = math.exp(-float(more.sum()))
    for k in range(1, n_lengths):
        found[k] = height[:k] @ found[k - 1 :: -1] / k
    return found


def _shares_by_roots(offered: float, n_servers: int, n_points: int) -> FloatArray:
    """Return the shares by a Fourier transform of the generating function.

    It is (c − a)(z − 1)/(z^c − A(z))·Π(z − zₖ)/(1 − zₖ), A(z) = exp(a(z − 1)). The product alone
    exceeds any double for thousands of servers, so logarithms of some factors at once are added.
    """
    a, c = offered, n_servers
    angle = -2j * np.pi * np.arange(n_points // 2 + 1) / n_points
    shifted = np.expm1(angle)  # z − 1, exact also near z = 1
    z = shifted[1:] + 1
    # z^c − A(z) as −z^c·(exp(…) − 1), whose exponential never exceeds 1.
    below = -np.exp(c * angle[1:]) * np.expm1(a * shifted[1:] - c * angle[1:])
    exponent = np.log((c - a) * shifted[1:] / below)
    roots = inner_roots(a, c)
    for begin in range(0, roots.size, _FACTORS_AT_ONCE):
        product = np.ones(z.size, dtype=complex)
        for root in roots[begin : begin + _FACTORS_AT_ONCE]:
            product *= (z - root) / (1 - root)
        exponent += np.log(product)
    found = np.ones(angle.size, dtype=complex)
    found[1:] = np.exp(exponent)
    return np.maximum(np.fft.irfft(found, n_points), 0.0)


@dataclass(frozen=True)
class DeterministicWait:
    """The wait in M/D/c, first come first served.

    Attributes
    ----------
    rate
        Arrivals a second.
    service_seconds
        Of every job.
    n_servers
        Servers.
    wait_probability
        That a job has to wait at all.
    more_than
        P(more than n jobs wait), n = 0, 1, …, the last one 0.
    """

    rate: float
    service_seconds: float
    n_servers: int
    wait_probability: float
    more_than: FloatArray

    @classmethod
    def of(cls, rate: float, service_seconds: float, n_servers: int) -> DeterministicWait:
        """Solve the chain for these arrivals and servers."""
        offered = rate * service_seconds
        shares = queue_shares(offered, n_servers)
        # From the far end: a difference from 1 would lose the digits of a small share.
        more = np.append(np.cumsum(shares[:0:-1])[::-1], 0.0)
        return cls(rate, service_seconds, n_servers, wait_probability(offered, n_servers), more)

    def __call__(self, seconds: float) -> float:
        """Return the share of jobs that wait longer than ``seconds``.

        With (k − 1)·D ≤ t < k·D the wait is longer than t where the queue that a job meets and the
        arrivals of k·D − t seconds reach k·c together.
        """
        if seconds <= 0:
            return self.wait_probability
        d, c = self.service_seconds, self.n_servers
        k = math.floor(seconds / d) + 1
        if k * d <= seconds:  # a multiple of D that a quotient did not reach by a rounding
            k += 1
        mean = self.rate * (k * d - seconds)
        n_most = min(k * c - 1, int(mean + 14 * math.sqrt(mean) + 40))
        arrived = np.arange(n_most + 1, dtype=np.float64)
        share = np.exp(arrived * math.log(mean) - mean - ln_gamma(arrived + 1))
        queue = np.minimum(k * c - 1 - np.arange(n_most + 1), self.more_than.size - 1)
        alone = float(_SPECIAL.gammainc(k * c, mean))
        return min(1.0, alone + float(share @ self.more_than[queue]))

    def means_by_service(self) -> FloatArray:
        """Return the mean of the tail over [(k − 1)·D, k·D) for k = 1, 2, …, while it is above 0.

        The mean of P(Poisson(m) = j) over m in (0, a) is P(Poisson(a) > j)/a.
        """
        c, a = self.n_servers, self.rate * self.service_seconds
        n_most = int(a + 14 * math.sqrt(a) + 40)
        n_services = (self.more_than.size + n_most) // c + 1
        arrived: FloatArray = _SPECIAL.gammainc(np.arange(1, n_most + 2, dtype=np.float64), a) / a
        met = np.append(self.more_than, np.zeros(n_services * c - self.more_than.size + c))
        both = np.convolve(met, arrived)[c - 1 : n_services * c : c]
        # Arrivals alone, Σ_{j ≥ kc} P(Poisson(a) > j)/a.
        alone = np.append(np.cumsum(arrived[::-1])[::-1], 0.0)
        return both + alone[np.minimum(np.arange(1, n_services + 1) * c, alone.size - 1)]

    def quantile(self, probability: float) -> float:
        """Return a quantile of the wait of all jobs in seconds, 0 where few enough wait."""
        return quantile(self, probability, self.service_seconds / self.n_servers)


def mean_wait(rate: float, service_seconds: float, n_servers: int) -> float:
    """Return the mean wait in M/D/c in seconds, by Little's law from the mean queue."""
    return mean_queue(rate * service_seconds, n_servers) / rate


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True)
class PriorityPaidWait:
    """Payers' wait on one server with priority, every service of a tier taking the same time.

    The wait of M/D/1 with payers alone plus, with some probability, the rest of a free user's
    service, uniform between nothing and all of it (the decomposition of a queue with vacations).

    Attributes
    ----------
    own
        The wait if there were payers alone.
    in_service_rate
        ρ_free/(1 − ρ_paid): how often a free user's service stands in the way.
    free_seconds
        A free user's service.
    """

    own: DeterministicWait
    in_service_rate: float
    free_seconds: float

    def __call__(self, seconds: float) -> float:
        """Return the share of payers that wait longer than ``seconds``."""
        in_the_way = self._mean_tail(seconds)
        return (1 - self.in_service_rate) * self.own(seconds) + self.in_service_rate * in_the_way

    @cached_property
    def _by_service(self) -> FloatArray:
        return self.own.means_by_service()

    def _mean_tail(self, seconds: float) -> float:
        """Return the mean of P(own wait > seconds − u) over u uniform in a free service."""
        longest = min(seconds, self.free_seconds)
        total = self.free_seconds - longest  # a rest beyond ``seconds`` is too long by itself
        low, high = seconds - longest, seconds
        step = self.own.service_seconds
        first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
        if first > last:
            return (total + self._integral(low, high)) / self.free_seconds
        # Whole services between two parts, of which each is smooth.
        whole = step * float(self._by_service[first:last].sum())
        ends = self._integral(low, first * step) + self._integral(last * step, high)
        return (total + whole + ends) / self.free_seconds

    def _integral(self, begin: float, end: float) -> float:
        middle, half = (begin + end) / 2, (end - begin) / 2
        return half * sum(
            weight * self.own(middle + half * node)
            for node, weight in zip(_NODES, _WEIGHTS, strict=True)
        )
