"""What is said around alerts: how many are open, when was looked, what is not known."""

from __future__ import annotations

from dashboard.alerts import Alerts, OpenAlert
from dashboard.tables.table import plain
from dashboard.text import Words


def heading(found: Alerts, said: Words) -> str:
    """Say how many alerts are open."""
    return said.n("{n} alert is open", "{n} alerts are open", len(found.raised))


def looked(found: Alerts, said: Words) -> str:
    """Say in one quiet line when was looked and what could not be known; Markdown."""
    if found.checked_at is None:
        return said.t("Alerts: the rules were not looked at yet; `artonomics alerts check` does.")
    rules = said.n("{n} rule", "{n} rules", found.n_rules)
    at = said.instant(found.checked_at)
    if found.raised:
        told = said.t("{rules}, looked at {at}.", rules=rules, at=at)
    else:
        told = said.t("No alert is open ({rules}, looked at {at}).", rules=rules, at=at)
    parts = [told]
    if found.n_unknown:
        parts.append(
            said.n(
                "Of {n} of {all} subjects nothing is known at present.",
                "Of {n} of {all} subjects nothing is known at present.",
                found.n_unknown,
                all=said.number(found.n_subjects, digits=0),
            )
        )
    if found.n_waiting:
        parts.append(
            said.n(
                "{n} message is still to be sent.",
                "{n} messages are still to be sent.",
                found.n_waiting,
            )
        )
    return said.sentences(parts)


def not_known(alert: OpenAlert, said: Words) -> str:
    """Say that an alert stands although nothing is known of it at present; Markdown."""
    return said.t(
        "Nothing is known at present: {reason}. What stands here was known on {at}.",
        reason=plain(alert.unknown),
        at=said.instant(alert.known_at),
    )
