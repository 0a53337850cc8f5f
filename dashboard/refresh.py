"""A new snapshot is worked out in the background before sessions are shown it.

Sessions read one snapshot of a data folder. When a newer one is published, a thread of its own puts
the questions last asked to the newer one, while sessions go on with the older, which bears its own
date on every page; then all of them go over. After a bounded time they go over in any case. Nothing
looks at the folder by itself: the first visitor after a publication sets it going.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import ArtonomicsError
from etl.snapshots import SnapshotInfo, Snapshots
from etl.warehouse import SnapshotReader

LOG = logging.getLogger("artonomics.dashboard")
PATIENCE_SECONDS = 20.0
"""So long after a publication the older snapshot is shown at most."""
MOST_ASKED, MOST_FAILURES = 64, 20
Recompute = Callable[["Served"], object]


class PinnedReader(SnapshotReader):
    """A reader of one snapshot, whatever is published after it."""

    def __init__(self, data_dir: Path, info: SnapshotInfo, *, for_export: bool = False) -> None:
        super().__init__(data_dir, for_export=for_export)
        self._pinned = info

    def _follow(self):
        """Return the snapshot it is pinned to, opened once."""
        with self._guard:
            if self._opened is None:
                self._opened = (self._connect(self._pinned.path), self._pinned)
            return self._opened


@dataclass(frozen=True)
class Served:
    """A snapshot as sessions read it.

    Attributes
    ----------
    named
        What the pointer of the folder said when it was opened.
    reader, for_export
        Readers of this one snapshot; the second shows only what may be passed on.
    """

    named: str
    reader: PinnedReader
    for_export: PinnedReader

    @property
    def key(self) -> str:
        """What its answers are kept under."""
        info = self.reader.info
        return f"{info.path}:{info.snapshot_id}"

    @property
    def is_gone(self) -> bool:
        """Whether its file was thinned out: what is open still answers, nothing can be opened."""
        return not self.reader.info.path.exists()


@dataclass(frozen=True)
class Failure:
    """What went wrong in the background.

    Attributes
    ----------
    snapshot_id
        Name in the pointer.
    question
        Name of what was asked; empty where the snapshot itself could not be opened.
    fault
        What was raised.
    """

    snapshot_id: str
    question: str
    fault: Exception


@dataclass
class _Preparation:
    named: str
    until: float
    thread: threading.Thread | None = None
    served: Served | None = None


@dataclass
class Refresher:
    """Serves the snapshot of one data folder, and goes over to a newer one once it is ready.

    Parameters
    ----------
    data_dir
        The data folder.
    patience_seconds
        How long an older snapshot is shown after a newer one was first seen.
    clock
        Seconds that only grow.
    """

    data_dir: Path
    patience_seconds: float = PATIENCE_SECONDS
    clock: Callable[[], float] = time.monotonic
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=MOST_FAILURES))
    _asked: OrderedDict[Hashable, Recompute] = field(default_factory=OrderedDict)
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _served: Served | None = None
    _coming: _Preparation | None = None

    def present(self) -> Served:
        """Return what sessions read now; what is newer is set going.

        Raises
        ------
        SnapshotMissingError, WarehouseError
            When there is nothing whole to read.
        """
        named = Snapshots(self.data_dir / "warehouse").named()
        with self._guard:
            served = self._served
            # What is open of a snapshot that was deleted answers still, and nothing else of it can
            # be opened: whole pages would not be.
            if served is None or served.is_gone or (named != served.named and self._is_due(named)):
                self._go_over(self._opened(named))
            assert self._served is not None
            return self._served

    def follow(self) -> None:
        """Go over to the newest snapshot at the next look: somebody waits for it."""
        with self._guard:
            self._served = self._coming = None

    def note(self, question: Hashable, recompute: Recompute) -> None:
        """Remember a question that was asked; the one asked longest ago is forgotten."""
        with self._guard:
            self._asked[question] = recompute
            self._asked.move_to_end(question)
            while len(self._asked) > MOST_ASKED:
                self._asked.popitem(last=False)

    def wait(self, seconds: float) -> bool:
        """Wait for the work in the background; return whether it has ended."""
        with self._guard:
            thread = self._coming.thread if self._coming else None
        if thread is not None:
            thread.join(seconds)
            return not thread.is_alive()
        return True

    def _is_due(self, named: str) -> bool:
        """Say whether sessions go over now; otherwise it is worked out in the background."""
        if not self._asked:
            return True
        if self._coming is None or self._coming.named != named:
            # A third snapshot does not prolong the wait for the second.
            until = self._coming.until if self._coming else self.clock() + self.patience_seconds
            self._coming = _Preparation(named, until)
            self._coming.thread = threading.Thread(
                target=self._prepare, args=[self._coming], name="refresh"
            )
            self._coming.thread.start()
        return self.clock() >= self._coming.until

    def _opened(self, named: str) -> Served:
        if self._coming and self._coming.named == named and self._coming.served:
            return self._coming.served
        info = Snapshots(self.data_dir / "warehouse").current()
        return Served(
            named,
            PinnedReader(self.data_dir, info),
            PinnedReader(self.data_dir, info, for_export=True),
        )

    def _go_over(self, served: Served) -> None:
        served.reader.info  # noqa: B018 - opened now: what cannot be opened is never served
        self._served, self._coming = served, None

    def _prepare(self, coming: _Preparation) -> None:
        """Put the questions last asked to the coming snapshot, then let sessions go over."""
        try:
            coming.served = self._opened(coming.named)
            coming.served.for_export.info  # noqa: B018 - opened while nobody waits
        except ArtonomicsError as fault:
            self._record(Failure(coming.named, "", fault))
            self.follow()  # sessions meet the error itself, and show it
            return
        with self._guard:
            asked = list(reversed(self._asked.items()))
        for question, recompute in asked:
            # A newer one has come, they went over already, or the server stops.
            if self._coming is not coming or not threading.main_thread().is_alive():
                return
            try:
                recompute(coming.served)
            except Exception as fault:
                LOG.exception("%s could not be worked out beforehand", question)
                self._record(Failure(coming.named, str(question), fault))
        with self._guard:
            if self._coming is coming:
                self._go_over(coming.served)

    def _record(self, failure: Failure) -> None:
        LOG.warning("snapshot %s: %s", failure.snapshot_id, failure.fault)
        self.failures.append(failure)
