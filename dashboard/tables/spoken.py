"""What the ledger and scenarios wrote down in English, said in the reader's language.

Text that is not known here is shown as it was written.
"""

from __future__ import annotations

import re

from dashboard.tables.economics import names
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.pipeline import NEVER_READ

_KEPT_OUT = re.compile(r"(?P<n>\d+) rows? kept out: (?P<reasons>.+?)\. They lie in the quarantine")
_REPEATS = re.compile(r"(\d+) × the row repeats another one with the same (\w+)")
_NOT_STATED = re.compile(
    r"no (?P<name>\w+) was stated by the scenario's day for (?P<what>[^:]+)(?P<rest>.*)"
)


def lagging(shares: object, said: Words) -> object:
    """Say which shares lag, and which of them were never read; what is missing stays so."""
    if not isinstance(shares, str):
        return shares
    never = f" {NEVER_READ}"
    told = [
        said.t("{ticker} (never read)", ticker=each.removesuffix(never))
        if each.endswith(never)
        else each
        for each in shares.split(", ")
    ]
    return ", ".join(told)


def run_error(error: str, said: Words) -> str:
    """Say what was wrong with a run."""
    found = _KEPT_OUT.match(error)
    if found is None:
        return error
    reasons = _REPEATS.sub(lambda hit: _repeats(hit, said), found["reasons"])
    return said.n(
        "{n} row was kept out: {reasons}. It lies in the quarantine, which the Data page shows.",
        "{n} rows were kept out: {reasons}. They lie in the quarantine, which the Data page shows.",
        int(found["n"]),
        reasons=reasons,
    )


def input_source(source: str, said: Words) -> str:
    """Say where an input comes from, or why it has no value."""
    if source == "default of the model":
        return said.t("default of the model")
    found = _NOT_STATED.fullmatch(source)
    if found is None or found["name"] not in INPUTS:
        return source
    told = said.t(
        "not stated by the scenario's day: {name} of {what}",
        name=names.input_name(found["name"], said),
        what=found["what"],
    )
    return f"{told}{found['rest']}"


def _repeats(hit: re.Match[str], said: Words) -> str:
    return said.n(
        "{n} repeats another with the same {column}",
        "{n} repeat others with the same {column}",
        int(hit[1]),
        column=hit[2],
    )
