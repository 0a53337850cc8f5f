"""Find an app in Apple's store by words, so that it can be put on the watch list."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from etl.errors import InputError

MODULE = "etl.sources._itunes"


class Search(Protocol):
    """A search in Apple's store: words, country → results under Apple's own field names."""

    def __call__(self, term: str, storefront: str) -> Sequence[Mapping[str, Any]]:
        """Return the results, best first."""
        ...


@dataclass(frozen=True)
class Found:
    """One app as the store describes it; missing where it does not say."""

    app_id: str
    app_name: str
    bundle_id: str | None
    seller: str | None
    genre: str | None

    def columns(self) -> dict[str, Any]:
        """Return it as columns of ``apps``, without its id."""
        told = {
            "app_name": self.app_name,
            "bundle_id": self.bundle_id,
            "seller": self.seller,
            "category": self.genre,
        }
        return {name: value for name, value in told.items() if value}


def choose(
    term: str, storefront: str, pick: int | None, search: Search | None = None
) -> Found | list[Found]:
    """Return the one app that was found or picked, or all where the choice is open.

    Parameters
    ----------
    term, storefront
        Words to look for, and the country of the store (ISO 3166-1 alpha-2).
    pick
        Number of the wanted result, from 1.
    search
        How the store is asked; Apple's own search by default.

    Raises
    ------
    InputError
        When nothing was found, or there is no result of that number.
    """
    ask = search or _apple()
    found = [_found(one) for one in ask(term, storefront.upper())]
    if not found:
        raise InputError(
            f"got no app for {term!r} in the store of {storefront.upper()}",
            "at least one",
            "try other words or another --storefront, or give --id and --name",
        )
    if pick is None:
        return found[0] if len(found) == 1 else found
    if not 1 <= pick <= len(found):
        raise InputError(
            f"got --pick {pick}", f"a number from 1 to {len(found)}", "leave --pick out to see them"
        )
    return found[pick - 1]


def _apple() -> Search:
    try:
        return importlib.import_module(MODULE).search
    except (ModuleNotFoundError, AttributeError) as error:
        raise InputError(
            "got --search, but this copy cannot search Apple's store",
            "an app named by its id",
            "give --id and --name; the id stands in the address of the app's page",
        ) from error


def _found(result: Mapping[str, Any]) -> Found:
    return Found(
        app_id=str(result["trackId"]),
        app_name=str(result["trackName"]),
        bundle_id=result.get("bundleId"),
        seller=result.get("sellerName"),
        genre=result.get("primaryGenreName"),
    )
