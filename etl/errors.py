"""Errors that say what was got, what was expected and what to do.

The exit status of the command line follows the class: 2 for wrong input, 3 for a source that
failed, 1 for a fault of ours (any other exception).
"""

from __future__ import annotations


class ArtonomicsError(Exception):
    """Base of every error a user is meant to read.

    Parameters
    ----------
    got
        What was found, in the user's terms.
    expected
        What would have been right.
    todo
        The next thing to do about it.
    code
        A short stable code shown on pages, for example ``WAREHOUSE_LOCKED``.
    """

    exit_status = 1
    default_code = "ERROR"

    def __init__(self, got: str, expected: str = "", todo: str = "", *, code: str = "") -> None:
        self.got, self.expected, self.todo = got, expected, todo
        self.code = code or self.default_code
        super().__init__(got, expected, todo)

    def __str__(self) -> str:
        """Return one line: got, expected, what to do."""
        parts = [self.got]
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.todo:
            parts.append(f"to do: {self.todo}")
        return "; ".join(parts)


class InputError(ArtonomicsError):
    """The user's input, file or option is wrong (exit status 2)."""

    exit_status = 2
    default_code = "INPUT"


class SourceError(ArtonomicsError):
    """A source of data failed or answered nonsense (exit status 3)."""

    exit_status = 3
    default_code = "SOURCE"


class WarehouseError(ArtonomicsError):
    """The warehouse cannot be used as it is (exit status 1)."""

    default_code = "WAREHOUSE"


class WarehouseLockedError(WarehouseError):
    """Another process is writing."""

    default_code = "WAREHOUSE_LOCKED"


class SnapshotMissingError(WarehouseError):
    """Nothing has been published yet (exit status 2: the next step is the user's)."""

    exit_status = 2
    default_code = "NO_SNAPSHOT"


class AuditError(WarehouseError):
    """A published table would break one of its checks; the last good snapshot stays."""

    default_code = "AUDIT"
