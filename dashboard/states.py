"""States of a page and of each of its parts: loading, empty, stale, failed, partly there.

Every part of a page fails alone. What we foresaw says what was got, what was expected and what to
do; what we did not foresee is written to the log with its traceback and bears a short code here,
by which it is found there.
"""

from __future__ import annotations

import logging
import traceback
import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from dashboard import cache, freshness, queries, signing_in
from dashboard.components import Card
from dashboard.figures.theme import Mode
from dashboard.tables import faults
from dashboard.tables.table import plain
from dashboard.text import Words
from etl.errors import ArtonomicsError, SnapshotMissingError, WarehouseError

T = TypeVar("T")
LOG = logging.getLogger("artonomics.dashboard")
CARD_PX = 480
"""Height of a figure's card with its head and its line of provenance."""

_Key = tuple[Hashable, ...]
_MOST_KEPT, _MOST_PLACES = 64, 2_000
_LEAST_PX = 50
_PUBLISHED_ANEW = ("WAREHOUSE_CORRUPT", "WAREHOUSE_FORMAT")
"""What a run mends."""
_STOOD = "states:stood"
_OURS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Part:
    """A part of a page that fails alone and whose place is there before it is.

    Attributes
    ----------
    name
        Names it in the log, and its button.
    show
        Draws it; where the work is slow it is done here.
    height_px
        About how high it is: what stands in its place until it is there is as high.
    feeds
        Sources whose freshness its numbers bear.
    """

    name: str
    show: Callable[[], object]
    height_px: int = CARD_PX
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """Cards that are worked out together; attributes else as of :class:`Part`.

    Attributes
    ----------
    name
        Key of the cache too.
    build
        Makes the cards in a theme; the slow work is done here.
    """

    name: str
    build: Callable[[Mode], Sequence[Card]]
    height_px: int = CARD_PX
    feeds: tuple[str, ...] = ()


def with_states(words: Words, body: Callable[[Words], None]) -> None:
    """Show the body of a page; nothing collected and failures become states with a next step."""
    try:
        _stale_banner(words)
        body(words)
    except SnapshotMissingError as missing:
        _empty_state(words, missing)
    except WarehouseError as failure:
        _foreseen(words, failure)
        if failure.code in _PUBLISHED_ANEW:
            _way_out(words)
        _retry(words)
    except ArtonomicsError as failure:
        _foreseen(words, failure)
        _retry(words)
    except Exception as fault:
        code = code_of(fault)
        LOG.exception("%s on the page %s", code, st.context.url)
        _unforeseen(words, code)
        _retry(words)


def part(words: Words, show: Callable[[], object], *, name: str = "") -> bool:
    """Show a part of a page; where it fails, the others stand and it says why.

    Parameters
    ----------
    name
        Of the part, for the key of its button; without one there is no button to try again.

    Returns
    -------
    bool
        Whether it could be shown.
    """
    try:
        show()
    except SnapshotMissingError:  # the whole page has nothing to show
        raise
    except ArtonomicsError as failure:
        _foreseen(words, failure)
    except Exception as fault:
        code = code_of(fault)
        LOG.exception("%s on the page %s, part %s", code, st.context.url, name or show)
        _unforeseen(words, code)
    else:
        return True
    if name:
        _retry(words, f"retry:{name}")
    return False


def parts(words: Words, shown: Sequence[Part], *on: Hashable) -> None:
    """Show parts one below the other: their places at once, each as soon as it is worked out.

    Parameters
    ----------
    on
        Whatever they depend on beside snapshot, language and theme.
    """
    names = tuple(one.name for one in shown)
    # On a page that is open, what stood there is a better place than an empty one.
    entered = st.session_state.get(_STOOD) != names
    places = [_place(one, _key(words, one.name, on), entered=entered) for one in shown]
    st.session_state[_STOOD] = names
    for one, place in zip(shown, places, strict=True):
        with place.container(), freshness.fed_by(*one.feeds):
            if part(words, one.show, name=one.name):
                _keep(_been_shown(), _key(words, one.name, on), True, _MOST_PLACES)


def sections(words: Words, shown: Sequence[Section], *on: Hashable) -> None:
    """Show cards that are kept for as long as what they depend on stands; see :func:`parts`."""
    parts(
        words,
        [
            Part(each.name, lambda each=each: _fill(words, each, on), each.height_px, each.feeds)
            for each in shown
        ],
        *on,
    )


def cards(words: Words, section: Section, *on: Hashable) -> None:
    """Show one section within a part that is being shown."""
    part(words, lambda: _fill(words, section, on), name=section.name)


def fragment(show: Callable[..., None], *, run_every: float | None = None) -> Callable[..., None]:
    """Return ``show`` as a part that runs by itself when a control in it moves, and fails alone.

    One of its arguments must be the words.
    """

    @wraps(show)
    def alone(*given: Any, **named: Any) -> None:
        if not signing_in.is_let_in():
            st.rerun()  # the way in stands in a run of the whole page
        said = next(each for each in (*given, *named.values()) if isinstance(each, Words))
        try:
            name = f"{show.__module__}.{show.__qualname__}"
            with cache.one_snapshot():
                part(said, lambda: show(*given, **named), name=name)
        except SnapshotMissingError as missing:  # it was dropped under an open page
            _foreseen(said, missing)

    return st.fragment(alone, run_every=run_every)


def gaps(words: Words, *sources: str) -> None:
    """Say in one line what of these sources failed, lags or was kept out, and where to see it."""
    told = freshness.gaps(words, sources)
    if not told:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            ":small[:orange-badge[:material/rule: "
            + words.t("not all is here")
            + f"] {words.sentences(told)}]",
            width="content",
        )
        st.page_link(
            "app_pages/data.py",
            label=words.t("See why on the Data page"),
            query_params={"lang": words.language} | _where_gaps_show(sources, len(told)),
        )


def _where_gaps_show(sources: Sequence[str], n_gaps: int) -> dict[str, str]:
    """Return the address of the part of the Data page that shows what is not all here."""
    rejected = [name for name in sources if name in cache.study(freshness.kept_out)]
    if not rejected or n_gaps > 1:
        return {"view": "runs"}
    return {"view": "rejects"} | ({"source": rejected[0]} if len(rejected) == 1 else {})


def empty(
    words: Words, why: str, *, icon: str, label: str = "", page: str = "data", **query: str
) -> None:
    """Say why there is nothing to show (Markdown), with a link to where something can be done."""
    with st.container(border=True):
        st.info(why, icon=icon)
        if label:
            st.page_link(
                f"app_pages/{page}.py",
                label=label,
                icon=":material/arrow_forward:",
                query_params={"lang": words.language} | query,
            )


def no_prices(words: Words) -> bool:
    """Say that no price of a share is held, with what to do; return whether that is so."""
    if len(cache.ask(queries.coverage)):
        return False
    empty(
        words,
        words.t(
            "**No price of a share has been collected.** Collect the bundled snapshot, or import "
            "bars of your own, on the Data page."
        ),
        icon=":material/inbox:",
        label=words.t("To the runs on the Data page"),
        view="runs",
    )
    return True


def code_of(fault: BaseException) -> str:
    """Return a short code of what was not foreseen: the same fault at the same place has one."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_OURS)]
    at = (ours or frames or [None])[-1]
    place = f"{Path(at.filename).name}:{at.name}:{at.lineno}" if at else ""
    return f"BUG-{zlib.crc32(f'{type(fault).__name__}:{place}'.encode()):08X}"


def _place(one: Part, key: _Key, *, entered: bool) -> Any:
    """Return where a part will stand: as high as it will be, while it is worked out.

    What has been worked out before comes at once: a place for it would only flicker.
    """
    if not entered or one.height_px < _LEAST_PX or key in _been_shown():
        return st
    return st.skeleton(height=one.height_px)


def _fill(words: Words, section: Section, on: tuple[Hashable, ...]) -> None:
    key = _key(words, section.name, on)
    try:
        cards = cache.drawn(section.name, section.build, words, *on)
    except SnapshotMissingError:
        raise
    except Exception:
        _last_good(words, key)
        raise
    _keep(_worked_out(), key, (cards, cache.info().published_at), _MOST_KEPT)
    _draw(words, cards)


def _keep(kept: dict[_Key, T], key: _Key, value: T, most: int) -> None:
    """Keep a value as the newest of ``most``."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > most:
        kept.pop(next(iter(kept)), None)


def _draw(words: Words, cards: Sequence[Card]) -> None:
    for card in cards:
        part(words, card)


def _last_good(words: Words, key: _Key) -> None:
    """Show what stood here before, badged stale; what failed is told below it."""
    if key not in _worked_out():
        return
    cards, published_at = _worked_out()[key]
    told = words.t(
        "The last that could be worked out, of the snapshot of {date}.",
        date=words.instant(published_at),
    )
    st.markdown(f"{freshness.badge(words, stale=True)} {told}")
    with freshness.of_older(published_at):
        _draw(words, cards)


@st.cache_resource(show_spinner=False)
def _worked_out() -> dict[_Key, tuple[Sequence[Card], datetime]]:
    """Return the cards last worked out and when their snapshot was published; of all sessions."""
    return {}


@st.cache_resource(show_spinner=False)
def _been_shown() -> dict[_Key, bool]:
    """Return what has been worked out for somebody, the latest last."""
    return {}


def _key(words: Words, name: str, on: tuple[Hashable, ...]) -> _Key:
    return (str(cache.data_dir()), name, words.language, st.context.theme.type, on)


def _stale_banner(words: Words) -> None:
    """Say that older data is shown, where the reader had to fall back on it."""
    info = cache.info()
    if info.note:
        st.warning(
            words.t(
                "**Stale.** The newest snapshot cannot be read; the last good one, of {date}, is "
                "shown.",
                date=words.instant(info.published_at),
            )
            + f" {plain(faults.note(info.note, words))}",
            icon=":material/history:",
        )


def not_prepared(words: Words) -> None:
    """Say what could not be worked out in the background for the newest snapshot it came for."""
    failed = cache.failures()
    if not failed:
        return
    last = failed[-1]
    own = sum(one.snapshot_id == last.snapshot_id for one in failed)
    if isinstance(last.fault, ArtonomicsError):
        reason = faults.told(last.fault, words)
    else:
        reason = words.t("a fault of the program, code {code}", code=code_of(last.fault))
    st.warning(
        words.n(
            "**{n} answer could not be worked out beforehand** for the snapshot {snapshot}; the "
            "page that needs it works it out, or says why not. {reason}",
            "**{n} answers could not be worked out beforehand** for the snapshot {snapshot}; the "
            "pages that need them work them out, or say why not. The last: {reason}",
            own,
            snapshot=plain(last.snapshot_id),
            reason=reason,
        ),
        icon=":material/sync_problem:",
    )


def _empty_state(words: Words, missing: SnapshotMissingError) -> None:
    # What starts a run is made of cards, which are made of states.
    from dashboard.app_pages.data_run import run_card

    st.info(
        words.t(
            "**Nothing has been collected yet.** Run `artonomics etl run --offline` to publish the "
            "bundled snapshot, then try again."
        )
        + " "
        + words.t("Or let it be done here:"),
        icon=":material/inbox:",
    )
    run_card(words)
    st.caption(words.t("Code {code}", code=plain(missing.code)))
    _retry(words)


def _way_out(words: Words) -> None:
    """Offer to publish a snapshot where none can be read."""
    from dashboard.app_pages.data_run import run_card

    st.info(
        words.t(
            "**No published snapshot can be read.** A run publishes a new one; what it cannot "
            "mend it says."
        ),
        icon=":material/build:",
    )
    run_card(words)


def _foreseen(words: Words, failure: ArtonomicsError) -> None:
    st.error(
        words.t("**This cannot be shown.** {reason}", reason=faults.told(failure, words)),
        icon=":material/error:",
    )
    st.caption(words.t("Code {code}", code=plain(failure.code)))


def _unforeseen(words: Words, code: str) -> None:
    st.error(
        words.t(
            "**This cannot be shown: the program has a fault here.** The rest of the page stands. "
            "Try again; if it stays, tell whoever runs this dashboard the code: the log of the "
            "dashboard holds under it what happened."
        ),
        icon=":material/bug_report:",
    )
    st.caption(words.t("Code {code}", code=plain(code)))


def _retry(words: Words, key: str = "retry") -> None:
    st.button(words.t("Try again"), on_click=cache.follow, icon=":material/refresh:", key=key)
