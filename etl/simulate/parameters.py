"""What a simulation is asked for, checked before anything is drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from etl.errors import InputError
from etl.simulate import world

VERSION = 1
"""Raised whenever the same seed would give other rows."""
RETENTION_DAYS = (1, 7, 30)
MAX_DAYS = 3_660
MAX_USERS = 2**32 - 1
DEFAULT_START = date(2025, 1, 1)


@dataclass(frozen=True)
class Target:
    """Share of installs that come back on a day, and what the figure rests on."""

    day: int
    rate: float
    evidence_kind: str
    basis: str


_ROUND = "round figure for consumer apps, of the simulator"
SCENARIOS: dict[str, tuple[Target, ...]] = {
    "default": (
        Target(1, 0.25, "assumed", _ROUND),
        Target(7, 0.11, "assumed", _ROUND),
        Target(30, 0.05, "assumed", _ROUND),
    ),
    "claim": (
        Target(1, 0.40, "disclosed", "disclosed_facts F0488, said without a retention rule"),
        Target(7, 0.30, "disclosed", "disclosed_facts F0489, said without a retention rule"),
        Target(30, 0.242, "assumed", "the power law through days 1 and 7, continued"),
    ),
}


@dataclass(frozen=True)
class Parameters:
    """What to draw.

    Attributes
    ----------
    users
        Installs in all.
    days
        Length of the history in days.
    seed
        Same seed and parameters, same bytes.
    scenario
        Name among ``SCENARIOS``.
    start
        First UTC day.
    retention
        Retention on days 1, 7 and 30 in place of the scenario's; ``None`` keeps the scenario's.

    Raises
    ------
    InputError
        If one of them makes no sense.
    """

    users: int
    days: int
    seed: int
    scenario: str = "default"
    start: date = DEFAULT_START
    retention: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _within("--users", self.users, 1, MAX_USERS)
        _within("--days", self.days, 1, MAX_DAYS)
        _within("--seed", self.seed, 0, 2**63 - 1)
        if self.scenario not in SCENARIOS:
            known = ", ".join(SCENARIOS)
            raise InputError(f"got --scenario {self.scenario!r}", f"one of {known}", "choose one")
        if not date(1990, 1, 1) <= self.start <= date(2200, 1, 1):
            raise InputError(
                f"got --start {self.start}", "a day from 1990-01-01 to 2200-01-01", "mend --start"
            )
        if self.retention is not None:
            _require_falling(self.retention)

    def targets(self) -> tuple[Target, ...]:
        """Return the retention to reach on days 1, 7 and 30."""
        if self.retention is None:
            return SCENARIOS[self.scenario]
        return tuple(
            Target(day, rate, "assumed", "given with --retention")
            for day, rate in zip(RETENTION_DAYS, self.retention, strict=True)
        )

    @property
    def start_us(self) -> int:
        """First instant, in microseconds since 1970 UTC."""
        epoch = date(1970, 1, 1)
        return (self.start - epoch).days * world.DAY_MS * 1000

    @property
    def retrieved_at(self) -> datetime:
        """When the last late row has arrived: the reading instant of the made-up collector."""
        midnight = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return midnight + timedelta(days=self.days, hours=world.LATE_MAX_HOURS)

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that begin every identifier, other for other parameters."""
        told = json.dumps(self.document(), sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:8]

    @property
    def source_url(self) -> str:
        """Address of every row: the simulator, its version, the seed and the scenario."""
        name = "custom" if self.retention is not None else self.scenario
        return (
            f"artonomics:simulate/events?version={VERSION}&seed={self.seed}"
            f"&scenario={name}&parameters={self.fingerprint}"
        )

    def document(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them."""
        return asdict(self) | {
            "version": VERSION,
            "start": self.start.isoformat(),
            "retention": [target.rate for target in self.targets()],
        }


def _within(option: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            f"got {option} {value}", f"a whole number from {low} to {high}", f"mend {option}"
        )


def _require_falling(rates: Sequence[float]) -> None:
    falling = all(a > b for a, b in pairwise(rates))
    if len(rates) != len(RETENTION_DAYS) or not falling or not all(0 < r < 1 for r in rates):
        raise InputError(
            f"got --retention {','.join(f'{rate:g}' for rate in rates)}",
            "three shares between 0 and 1 for days 1, 7 and 30, each below the one before",
            "for example --retention 0.25,0.11,0.05",
        )
