"""What the ledger and scenarios wrote down in English, said in the reader's language.

Text that is not known here is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dashboard.tables import reasons, source_faults
from dashboard.tables.economics import names
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.pipeline import NEVER_READ

_KEPT_OUT = re.compile(r"(?P<n>\d+) rows? kept out: (?P<reasons>.+?)\. They lie in the quarantine")
_SAME_KEY = re.compile(r"with the same (?P<column>\w+)")
_UNREADABLE = re.compile(
    r"(?P<column>\w+) is not a (?P<type>number|integer|boolean|date|timestamp)"
)
_NOT_LIKE = re.compile(r"(?P<column>\w+) is not like (?P<pattern>.+)")
_TOO_SMALL = re.compile(r"(?P<column>\w+) is not at least (?P<least>.+)")
_NOT_ONE_OF = re.compile(r"(?P<column>\w+) is not one of (?P<options>.+)")
_OUTSIDE = re.compile(r"(?P<column>\w+) is before (?P<date>[-\d]+) or in the future")
_REPEATS = re.compile(r"(\d+) × the row repeats another one with the same (\w+)")
_NOT_STATED = re.compile(
    r"no (?P<name>\w+) was stated by the scenario's day for (?P<what>[^:]+)(?P<rest>.*)"
)
_PLAN = re.compile(r"'(?P<plan>[^']*)' \((?P<product>\w+) of (?P<store>\w+)\)")


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
    return said.listed(told)


def run_error(error: str, said: Words) -> str:
    """Say what was wrong with a run."""
    found = _KEPT_OUT.match(error)
    if found is None:
        return source_faults.fault(error, said)
    reasons = _REPEATS.sub(lambda hit: _repeats(hit, said), found["reasons"])
    return said.n(
        "{n} row was kept out: {reasons}. It lies in the quarantine, which the Data page shows.",
        "{n} rows were kept out: {reasons}. They lie in the quarantine, which the Data page shows.",
        int(found["n"]),
        reasons=reasons,
    )


def rejection(row: Mapping[str, Any], said: Words) -> str:
    """Say why a row was kept out and what would be right, by the check it failed.

    What has no words here is shown as the ledger has it, on the Chinese page by its check's name.
    """
    check, reason = str(row["check_name"]), str(row["reason"])
    if (found := _UNREADABLE.fullmatch(reason)) is not None:
        return said.t(
            "{column} cannot be read; it is written as {form}",
            column=found["column"],
            form=written_as(said)[found["type"]],
        )
    if (found := _NOT_LIKE.fullmatch(reason)) is not None:
        return said.t(
            "{column} is not written as {form}",
            column=found["column"],
            form=spelled(found["pattern"], said) or found["pattern"],
        )
    if (found := _TOO_SMALL.fullmatch(reason)) is not None:
        return said.t("{column} is below {least}", column=found["column"], least=found["least"])
    if (found := _NOT_ONE_OF.fullmatch(reason)) is not None:
        return said.t(
            "{column} is not one of {options}", column=found["column"], options=found["options"]
        )
    if (found := _OUTSIDE.fullmatch(reason)) is not None:
        return said.t(
            "{column} is before {date} or in the future", column=found["column"], date=found["date"]
        )
    if check == "contradictory_key" and (found := _SAME_KEY.search(reason)):
        return said.t(
            "several rows with the same {column} say different things", column=found["column"]
        )
    if check == "duplicate_key" and (found := _SAME_KEY.search(reason)):
        return said.t("the row repeats another one with the same {column}", column=found["column"])
    if check.endswith("_missing"):
        return said.t("{column} is missing", column=check.removesuffix("_missing"))
    if check == "known_source_error":
        told = said.t("a known error of the source")
        return told if said.language == "zh" else said.labelled(told, reason)
    if said.language == "zh":
        return said.t("the check {check} failed", check=check)
    return reason


def spelled(pattern: str, said: Words) -> str:
    """Say how a text of a pattern is written; nothing where the pattern has no words."""
    known = {
        "^[A-Z]{2}$": said.t("two capital letters, for example JP"),
        "^[A-Z]{3}$": said.t("three capital letters, for example USD"),
    }
    return known.get(pattern, "")


def written_as(said: Words) -> dict[str, str]:
    """Return how a value of each type is written in a file."""
    return {
        "string": said.t("text"),
        "number": said.t("number, for example 1234.5"),
        "integer": said.t("whole number"),
        "boolean": said.t("true or false"),
        "date": said.t("2026-11-01, 2026/11/01 or 20261101"),
        "timestamp": said.t("2026-11-01 08:00, 2026-11-01T08:00:00Z or seconds since 1970"),
    }


def input_source(source: str, said: Words) -> str:
    """Say where an input comes from, or why it has no value."""
    whole = _whole(source, said)
    if whole is not None:
        return whole
    found = _NOT_STATED.fullmatch(source)
    if found is not None and found["name"] in INPUTS:
        told = said.t(
            "not stated by the scenario's day: {name} of {what}",
            name=names.input_name(found["name"], said),
            what=_PLAN.sub(lambda hit: _plan(hit, said), found["what"]),
        )
        return f"{told}{found['rest']}"
    if "; " not in source.partition(": ")[0] and (told := _piece(source, said)) != source:
        return told
    pieces = source.split("; ")
    told = [_piece(piece, said) for piece in pieces]
    return source if told == pieces else said.t("; ").join(told)


def _plan(found: re.Match[str], said: Words) -> str:
    """Say what a plan sells and where."""
    products, stores = names.product_names(said), names.store_names(said)
    if found["product"] not in products or found["store"] not in stores:
        return found[0]
    return said.t(
        "{plan} ({product}, {store})",
        plan=found["plan"],
        product=products[found["product"]],
        store=stores[found["store"]],
    )


def beside(source: str, said: Words) -> str:
    """Say a source behind its colon, within a sentence; nothing where there is none."""
    return said.t(": {source}", source=input_source(source, said)) if source else ""


def _piece(text: str, said: Words) -> str:
    """Say one of several sources; what stands before its colon is somebody's name for it."""
    whole = _whole(text, said)
    if whole is not None:
        return whole
    origin, colon, rest = text.partition(": ")
    told = _whole(rest, said) if colon else None
    return text if told is None else said.t("{source}: {rule}", source=origin, rule=told)


def _whole(text: str, said: Words) -> str | None:
    """Say a text that one known sentence is; ``None`` for any other."""
    for pattern, sentence in zip(reasons.patterns(), reasons.sentences(said), strict=True):
        if (found := pattern.fullmatch(text)) is not None:
            parts = found.groupdict()
            return said.filled(sentence, {name: _part(name, parts[name], said) for name in parts})
    # What a ready case says of a figure stands before where the figure was read.
    head, bracket, read = text.partition(" (")
    if bracket and read.endswith(")") and head in reasons.of_ready_cases():
        told = _whole(head, said)
        return None if told is None else said.noted(told, read.removesuffix(")"))
    return None


def _part(name: str, text: str, said: Words) -> str:
    """Say what stands in the place of a sentence's placeholder."""
    match name:
        case "source" | "sources" | "rule":
            return input_source(text, said)
        case "term" | "terms":
            return said.listed(term_name(code, said) for code in text.split(", "))
        case "unit":
            return names.unit_name(text, said)
        case "cells" | "cards":
            return said.listed(text.split(", "))
        case _:
            return text


def term_name(code: str, said: Words) -> str:
    """Name a term of a plan; one that is not known here by its code."""
    return {
        "commission_rate": said.t("Commission"),
        "billing_fee_rate": said.t("Fee of the payment"),
        "tax_rate": said.t("Tax rate"),
        "price_includes_tax": said.t("Whether the price contains the tax"),
        "tax_deducted_before_commission": said.t("Whether tax goes before the commission"),
        "payout_lag_days": names.input_name("payout_lag_days", said),
        "refund_rate": names.input_name("refund_rate", said),
    }.get(code, code)


def _repeats(hit: re.Match[str], said: Words) -> str:
    return said.n(
        "{n} repeats another with the same {column}",
        "{n} repeat others with the same {column}",
        int(hit[1]),
        column=hit[2],
    )
