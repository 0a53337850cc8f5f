"""What the app-store sources share: how they ask, whom they follow, what they keep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Literal, TypeVar

import requests

from etl.config import Collection, collection
from etl.errors import SourceError
from etl.sources import Raw, Request, load
from etl.sources._http import Answer, BudgetSpentError, Polite

T = TypeVar("T")
LIVE_ONLY = (
    "{} shows only the present and is not in the bundled snapshot",
    "a live run",
    "leave --offline out",
)


@dataclass(frozen=True)
class Asked:
    """How a store source asks in one run: what is wanted, and by which polite client."""

    wanted: Collection
    polite: Polite


def begin(
    request: Request, name: str, session: requests.Session | None, sleep: Any = None
) -> Asked:
    """Return how a source called ``name`` asks in this run.

    Raises
    ------
    SourceError
        In an offline run: these sources show only the present.
    """
    if request.offline:
        told, expected, todo = LIVE_ONLY
        raise SourceError(told.format(name), expected, todo)
    wanted = collection(request.user_dir)
    folder = request.raw_dir / "http" if request.raw_dir else None
    extra: dict[str, Any] = {"session": session} if session is not None else {}
    extra |= {"sleep": sleep} if sleep is not None else {}
    polite = Polite(wanted.seconds_between_requests, wanted.requests_per_run, folder, **extra)
    return Asked(wanted, polite)


def each(items: Iterable[T], ask: Callable[[T], object], failures: list[str]) -> None:
    """Ask for every item; one that fails is told and stops no other, a spent budget stops all."""
    waiting = list(items)
    for number, item in enumerate(waiting):
        try:
            ask(item)
        except BudgetSpentError as spent:
            failures.append(f"{len(waiting) - number} of {len(waiting)} left out: {spent}")
            return
        except SourceError as error:
            failures.append(str(error))


def answered(payload: list[Any], request: Request, failures: list[str], what: str) -> Raw:
    """Return what was answered.

    Raises
    ------
    SourceError
        When nothing was: then the run has failed.
    """
    if not payload:
        raise SourceError(
            f"got no {what} ({'; '.join(failures[:3]) or 'nothing was asked for'})",
            "at least one",
            "check the connection with `artonomics doctor`, and collection.toml",
        )
    return Raw(tuple(payload), "live", request.now, tuple(dict.fromkeys(failures)))


def keep(request: Request, name: str, label: str, answer: Answer) -> None:
    """Keep a raw answer under ``raw/<source>/<instant of the run>/<label>``."""
    if request.raw_dir is None:
        return
    folder: Path = request.raw_dir / name / f"{request.now:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / re.sub(r"[^\w.-]+", "_", label)).write_bytes(answer.content)


def followed(request: Request, store: Literal["app_store", "google_play"]) -> list[str]:
    """Return the ids of the apps to follow in a store: the bundled list and the user's own.

    An app of Apple's is named by its track id, or by its bundle identifier where only that is
    known; one of Google Play by its package name.
    """
    apps = load("apps")
    offline = Request(True, request.bundled, request.now, user_dir=request.user_dir)
    rows = apps.parse(apps.fetch(offline))
    return sorted(set(rows.loc[rows["store"] == store, "app_id"].dropna()))


def day_of(raw: Raw) -> datetime:
    """Return the UTC day of a reading as a naive midnight."""
    return datetime.combine(raw.retrieved_at.astimezone(UTC).date(), time())


def need(answer: Answer, found: Any, *path: str | int) -> Any:
    """Return the value at a path of a document; a missing step is a changed format, said so."""
    value = found
    for number, step in enumerate(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            missing = ".".join(map(str, path[: number + 1]))
            raise answer.unlike(f"the field {missing}", "a document without it") from error
    return value
