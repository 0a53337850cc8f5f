"""What can go wrong between a web server and us, in words; each fault has a code of its own."""

from __future__ import annotations

from etl.collection import FILE
from etl.errors import SourceError

UNREACHABLE = "SOURCE_UNREACHABLE"
RATE_LIMITED = "SOURCE_RATE_LIMITED"
STATUS = "SOURCE_STATUS"
NOT_FOUND = "SOURCE_NOT_FOUND"
FORMAT = "SOURCE_FORMAT"
TRUNCATED = "SOURCE_TRUNCATED"
TOO_LARGE = "SOURCE_TOO_LARGE"
FIELDS = "SOURCE_FIELDS"
BUDGET = "SOURCE_BUDGET"
LATER = "try again later; nothing collected so far is lost"


def missing_field(what: str, where: str, expected: str) -> SourceError:
    """Return the error for an answer whose fields have changed."""
    return SourceError(
        f"got {what} without the field {where}",
        expected,
        "the source may have renamed its fields: compare an answer with the module that reads it",
        code=FIELDS,
    )


def truncated(url: str, reason: str) -> SourceError:
    """Return the error for half an answer."""
    return SourceError(
        f"got half an answer from {url}: {reason}", "one whole document", LATER, code=TRUNCATED
    )


def too_large(url: str, limit_bytes: int) -> SourceError:
    """Return the error for an answer that does not end."""
    return SourceError(
        f"got more than {limit_bytes} bytes from {url}",
        "a chart or a page of an app",
        "open the address and see what it has become",
        code=TOO_LARGE,
    )


def out_of_reach(host: str, reason: str) -> SourceError:
    """Return the error for a host that does not answer."""
    return SourceError(
        f"got no answer from {host}: {reason}",
        "an answer",
        "check the connection with `artonomics doctor` and try again later",
        code=UNREACHABLE,
    )


def left_alone(host: str, words: str) -> SourceError:
    """Return the error for a host that asked to be left alone."""
    return SourceError(
        f"got too many requests from {host} ({words})",
        "an answer",
        f"wait, and lower requests_per_minute of this host in {FILE} if it comes again",
        code=RATE_LIMITED,
    )


def over_budget(budget: int) -> SourceError:
    """Return the error for a run that has asked often enough."""
    return SourceError(
        f"got to the end of the budget of {budget} requests a run",
        "fewer requests",
        f"name fewer storefronts, genres or charts in {FILE}, or raise requests_per_run there",
        code=BUDGET,
    )
