"""The made-up app: its countries, channels, products, experiments and rates.

All figures are assumptions of the simulator (kind ``assumed``); none is read from a real app.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Country:
    """A country of the made-up app.

    Attributes
    ----------
    code, share
        ISO 3166-1 alpha-2 code and share of the base installs.
    utc_hours
        Local time minus UTC, for the hours at which people are awake.
    currency, per_usd, decimals
        Currency of prices, its fixed rate (units a US dollar) and its decimals.
    tax_rate
        Consumption tax inside the price, 0-1.
    paying
        Factor on the chance to convert.
    platforms
        Shares of ios, android and web.
    """

    code: str
    share: float
    utc_hours: int
    currency: str
    per_usd: float
    decimals: int
    tax_rate: float
    paying: float
    platforms: tuple[float, float, float]


@dataclass(frozen=True)
class Channel:
    """An acquisition channel: share of the base installs, price of an install, its users.

    ``cost_per_install_usd`` is 0 where nothing is paid; ``retention_shift`` moves the latent
    propensity to return (standard deviations), ``paying`` multiplies the chance to convert.
    """

    name: str
    share: float
    cost_per_install_usd: float
    retention_shift: float
    paying: float


@dataclass(frozen=True)
class Arm:
    """An arm of an experiment and its true effects, relative to the control arm (ratios of 1)."""

    experiment: str | None
    variant: str | None
    probability: float
    assigned_wait_seconds: float | None = None
    monthly_price_usd: float = 9.99
    conversion_ratio: float = 1.0
    images_ratio: float = 1.0
    retention_shift: float = 0.0

    @property
    def is_control(self) -> bool:
        """Whether the arm is the one the others are compared with."""
        return self.variant == "control"


@dataclass(frozen=True)
class Product:
    """What is sold; ``period_days`` is 0 for a pack, a month is 30 days and a year 365."""

    name: str
    price_usd: float
    period_days: int
    period_months: int
    share: float
    renewal_alpha: float = 0.0
    renewal_beta: float = 0.0


COUNTRIES = (
    Country("JP", 0.22, 9, "JPY", 150.0, 0, 0.10, 1.25, (0.62, 0.33, 0.05)),
    Country("US", 0.24, -6, "USD", 1.0, 2, 0.0, 1.50, (0.55, 0.37, 0.08)),
    Country("CN", 0.14, 8, "CNY", 7.2, 2, 0.06, 0.60, (0.40, 0.50, 0.10)),
    Country("TW", 0.08, 8, "TWD", 32.0, 0, 0.05, 0.90, (0.48, 0.46, 0.06)),
    Country("HK", 0.04, 8, "HKD", 7.8, 2, 0.0, 1.10, (0.52, 0.42, 0.06)),
    Country("KR", 0.08, 9, "KRW", 1350.0, 0, 0.10, 1.00, (0.30, 0.65, 0.05)),
    Country("GB", 0.07, 0, "GBP", 0.8, 2, 0.20, 1.20, (0.50, 0.42, 0.08)),
    Country("DE", 0.06, 1, "EUR", 0.92, 2, 0.19, 1.00, (0.35, 0.55, 0.10)),
    Country("BR", 0.07, -3, "BRL", 5.2, 2, 0.0, 0.35, (0.15, 0.78, 0.07)),
)
CHANNELS = (
    Channel("organic", 0.40, 0.0, 0.05, 1.10),
    Channel("viral", 0.12, 0.0, -0.15, 0.60),
    Channel("search_ads", 0.20, 2.4, 0.10, 1.40),
    Channel("social_ads", 0.20, 1.6, -0.10, 0.90),
    Channel("influencer", 0.08, 1.1, 0.00, 0.80),
)
PLATFORMS = ("ios", "android", "web")
STORES = (("app_store", 0.30), ("play_store", 0.30), ("card", 0.03))
"""Store and its commission by platform."""

WAIT_EXPERIMENT, PRICE_EXPERIMENT = "waiting_time_1", "monthly_price_1"
ARMS = (
    Arm(None, None, 0.20),
    Arm(WAIT_EXPERIMENT, "control", 1 / 6, 20.0),
    Arm(WAIT_EXPERIMENT, "wait_5s", 1 / 6, 5.0, 9.99, 0.80, 1.15, 0.05),
    Arm(WAIT_EXPERIMENT, "wait_60s", 1 / 6, 60.0, 9.99, 1.25, 0.80, -0.05),
    Arm(PRICE_EXPERIMENT, "control", 0.10),
    Arm(PRICE_EXPERIMENT, "price_6_99", 0.10, None, 6.99, 1.30),
    Arm(PRICE_EXPERIMENT, "price_14_99", 0.10, None, 14.99, 0.70),
)

PRODUCTS = (
    Product("pro_monthly", 9.99, 30, 1, 0.75, 1.2, 2.0),
    Product("pro_annual", 59.99, 365, 12, 0.25, 1.5, 1.2),
    Product("pack_100", 4.99, 0, 0, 0.0),
)
PACK = 2
NO_PRODUCT = len(PRODUCTS)

KINDS = ("install", "session_start", "image", "paywall", "trial", "purchase", "renewal", "refund")
INSTALL, SESSION, IMAGE, PAYWALL, TRIAL, PURCHASE, RENEWAL, REFUND = range(len(KINDS))
PLANS = ("free", "trial", "pro")
FREE, ON_TRIAL, PRO = range(len(PLANS))

BASE_CONVERSION = 0.035
"""Chance to begin a trial or pay within CONVERSION_DAYS, before all factors."""
CONVERSION_DAYS = 27
"""Latest day of conversion; with the trial the first payment falls within 35 days."""
DAY_0_SHARE, DELAY_CHANCE = 0.6, 0.12
TRIAL_SHARE, TRIAL_TO_PAID, TRIAL_DAYS = 0.6, 0.4, 7
REFUND_RATE_LAST_PAYMENT, REFUND_RATE_PACK, REFUND_DAYS = 0.08, 0.03, 14
PACK_RATE_PER_ACTIVE_DAY = 0.003
"""Chance to buy a pack on an active day, before the country's factor."""
HETEROGENEITY = 0.35
"""Share of the latent variance of returning that belongs to the user (rho)."""
PAYING_SLOPE = 0.5
"""Slope of ln(chance to convert) on the user's propensity to return."""
IMAGES_PER_SESSION = {"free": 2.2, "first": 3.0, "paid": 5.0}
MAX_IMAGES = 60
PAYWALL_RATE = 0.15
FREE_WAIT_SECONDS, PAID_WAIT_SECONDS, MAX_WAIT_SECONDS = 20.0, 4.0, 600.0
WAIT_SPREAD = 0.4
DUPLICATE_RATE, LATE_RATE, LATE_MEAN_HOURS, LATE_MAX_HOURS = 0.005, 0.02, 8.0, 72.0
RELEASE_DAYS, UPDATE_LAG_DAYS = 14, 4.0

RATES = {
    "duplicate_rate": DUPLICATE_RATE,
    "late_rate": LATE_RATE,
    "late_mean_hours": LATE_MEAN_HOURS,
    "late_max_hours": LATE_MAX_HOURS,
    "base_conversion_rate": BASE_CONVERSION,
    "trial_share": TRIAL_SHARE,
    "trial_to_paid_rate": TRIAL_TO_PAID,
    "refund_rate_of_last_payments": REFUND_RATE_LAST_PAYMENT,
    "refund_rate_of_packs": REFUND_RATE_PACK,
    "pack_rate_per_active_day": PACK_RATE_PER_ACTIVE_DAY,
    "retention_heterogeneity_rho": HETEROGENEITY,
}


def profile(
    country: np.ndarray, channel: np.ndarray, platform: np.ndarray, arm: np.ndarray
) -> np.ndarray:
    """Return one small number for the four fixed attributes of a user."""
    code = (country.astype(np.uint16) * len(CHANNELS) + channel) * len(PLATFORMS) + platform
    return (code * len(ARMS) + arm).astype(np.uint16)


N_PROFILES = len(COUNTRIES) * len(CHANNELS) * len(PLATFORMS) * len(ARMS)


def of_profiles() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return country, channel, platform and arm of every profile, each int64 of N_PROFILES."""
    rest, arm = np.divmod(np.arange(N_PROFILES), len(ARMS))
    rest, platform = np.divmod(rest, len(PLATFORMS))
    country, channel = np.divmod(rest, len(CHANNELS))
    return country, channel, platform, arm


def prices_usd() -> np.ndarray:
    """Return the list price in US dollars by arm and product, shape (arms, products)."""
    table = np.tile([product.price_usd for product in PRODUCTS], (len(ARMS), 1))
    table[:, 0] = [arm.monthly_price_usd for arm in ARMS]
    return table


def local_prices() -> np.ndarray:
    """Return prices in the country's currency, shape (countries, arms, products)."""
    return np.stack([np.round(prices_usd() * c.per_usd, c.decimals) for c in COUNTRIES])
