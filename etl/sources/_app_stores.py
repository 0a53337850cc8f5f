"""What the sources of the app stores share: client, configuration, apps that are followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

from etl import collection
from etl.collection import Collection
from etl.errors import SourceError
from etl.sources import Request, apps
from etl.sources._http import HttpClient
from etl.sources._http_errors import UNREACHABLE

Store = Literal["app_store", "google_play"]
_NAMED = 3


@dataclass(frozen=True)
class Followed:
    """An app that is followed: its id in the store, and its bundle identifier where known.

    At Apple ``app_id`` may itself be a bundle identifier; at Google Play it is the package name.
    """

    store: Store
    app_id: str
    bundle_id: str | None


def followed_apps(request: Request, store: Store) -> list[Followed]:
    """Return the apps of one store that are followed, in the order of the table ``apps``.

    They are the bundled ones and the user's own, without those the user has hidden.
    """
    listed = apps.parse(apps.fetch(replace(request, offline=True)))
    wanted = listed["store"].eq(store) & listed["watched"].astype(bool)
    rows = listed.loc[wanted, ["app_id", "bundle_id"]]
    known = {
        app_id: Followed(store, app_id, bundle_id if isinstance(bundle_id, str) else None)
        for app_id, bundle_id in rows.itertuples(index=False)
    }
    if store == "google_play":
        hidden = set(listed.loc[listed["store"].eq(store) & ~wanted, "app_id"])
        for name in collection.read(request.user_dir).google_play_apps:
            if name not in hidden:
                known.setdefault(name, Followed(store, name, name))
    return list(known.values())


@contextmanager
def client_of(request: Request, given: HttpClient | None) -> Iterator[HttpClient]:
    """Yield the client of a run: the given one, or one by the user's configuration.

    Raises
    ------
    SourceError
        In an offline run: there is no bundled reading of these sources.
    InputError
        When ``collection.toml`` is wrong.
    """
    if request.offline:
        raise SourceError(
            "got an offline run of a source that is only live",
            "a live run",
            "leave out --offline, or leave out this source",
            code="SOURCE_LIVE_ONLY",
        )
    if given is not None:
        with nullcontext(given) as client:
            yield client
        return
    wanted: Collection = collection.read(request.user_dir)
    keep_in = request.raw_dir / "http" if request.raw_dir else None
    with HttpClient(wanted, request.now, keep_in) as own:
        yield own


@dataclass
class Failures:
    """Parts that could not be had, in plain words: one line for each reason."""

    by_reason: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, reason: object) -> None:
        """Note that ``what`` failed for a reason; what to do without a connection is said once."""
        told = str(reason)
        if isinstance(reason, SourceError) and reason.code == UNREACHABLE:
            told = reason.got
        self.by_reason.setdefault(told, []).append(what)

    def told(self) -> tuple[str, ...]:
        """Return a line for each reason with the first few it hit."""
        return tuple(f"{_listed(names)}: {reason}" for reason, names in self.by_reason.items())


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
