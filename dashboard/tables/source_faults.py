"""What was wrong with a source, in the reader's language, beside the message as it was written.

Messages are written in English, by the program and by what it asked. Their usual kinds are known
by how they begin; the message itself is quoted, because it says more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashboard.text import Words

_KINDS = {
    "rate_limited": r"got too many requests from \S+|\bHTTP 429\b",
    "timed_out": r"(?i:\btimed? ?out\b)",
    "unreachable": r"got no answer from (?P<what>\S+)",
    "not_found": r"got HTTP (?P<what>404|410) from",
    "status": r"got HTTP (?!(?:404|410|429)\b)(?P<what>\d{3})",
    "empty": r"got (?:no rows from|none of \d+ apps from|not one chart from) (?P<what>[\w./:]+)",
    "unreadable": (
        r"got (?:a page in place of JSON|no JSON|half an answer|another page in place of|"
        r"a page of \S+ whose data cannot be read|\S.*? without the field)"
    ),
    "too_large": r"got more than (?P<what>\d+) bytes from",
    "budget": r"got to the end of the budget of (?P<what>\d+) requests",
    "live_only": r"got --offline|got an offline run of a source that is only live",
    "check": (
        r"got \S+ without .+? and with unknown|expected: the known error|got other columns in|"
        r"got tables that break their rules"
    ),
    "unexpected": r"\A(?P<what>[A-Z]\w*(?:Error|Exception))\(",
}
"""How the message of each kind of fault is known; ``what`` is what stands in its sentence."""


def fault(error: str, said: Words) -> str:
    """Say the kinds of a fault and quote its message; to a reader of English the message alone."""
    if said.language == "en":
        return error
    quoted = said.t("message as written: “{error}”", error=error)
    kinds = said.t("; ").join(_told(error, said))
    return said.t("{kinds}. {quoted}", kinds=kinds, quoted=quoted) if kinds else quoted


def _told(error: str, said: Words) -> Iterator[str]:
    sentences = _sentences(said)
    for kind, pattern in _KINDS.items():
        if found := re.search(pattern, error):
            what = found.groupdict().get("what") or ""
            yield sentences[kind].format(what=what.rstrip(":,;"))


def _sentences(said: Words) -> dict[str, str]:
    return {
        "rate_limited": said.t("asked too often (rate limit, HTTP 429)"),
        "timed_out": said.t("no answer in time (timeout)"),
        "unreachable": said.t("out of reach: no answer from {what}"),
        "not_found": said.t("the address no longer exists (HTTP {what})"),
        "status": said.t("the server answered with an error (HTTP {what})"),
        "empty": said.t("an empty answer from {what}"),
        "unreadable": said.t("the answer cannot be read: another form than expected"),
        "too_large": said.t("the answer is too large (more than {what} bytes)"),
        "budget": said.t("the budget of {what} requests a run is used up"),
        "live_only": said.t("this source is only live, and the run was offline"),
        "check": said.t("the data did not pass its checks"),
        "unexpected": said.t("an unexpected error ({what})"),
    }
