"""Why an input has no value, and by which rule it has one, as the scenarios write it down.

Every sentence stands here as they write it, so that one found in a text is said in the reader's
language. :mod:`dashboard.tables.spoken` looks them up.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

from dashboard.text import Words, words

_GROUPS = {
    **dict.fromkeys(("n", "m", "rate"), r"-?\d[\d,.e+-]*"),
    **dict.fromkeys(("first", "last", "day", "until"), r"\d{4}-\d\d-\d\d"),
    "currency": "[A-Z]{3}",
    "pair": "[A-Z]{3}/[A-Z]{3}",
    "unit": "[A-Za-z/-]+",
    "term": "[a-z_]+",
    "terms": "[a-z_]+(?:, [a-z_]+)*",
}
"""What stands for a placeholder; for another one any text."""


def sentences(said: Words) -> tuple[str, ...]:
    """Return every known sentence with its placeholders; at the same place in every language."""
    return (
        *_reasons(said),
        *_reasons_of_money(said),
        *_rules_of_events(said),
        *_rules_of_money(said),
        *_beside(said),
        *_of_the_ready_cases(said),
    )


@lru_cache
def patterns() -> tuple[re.Pattern[str], ...]:
    """Return what finds each of :func:`sentences` as it was written down."""
    return tuple(re.compile(_pattern(sentence)) for sentence in sentences(words("en")))


@lru_cache
def of_ready_cases() -> frozenset[str]:
    """Return what the ready cases say of their figures, as it was written down."""
    return frozenset(_of_the_ready_cases(words("en")))


def _pattern(sentence: str) -> str:
    parts = string.Formatter().parse(sentence)
    return "".join(
        re.escape(text) + (f"(?P<{name}>{_GROUPS.get(name, '.+?')})" if name else "")
        for text, name, _, _ in parts
    )


def _reasons(said: Words) -> tuple[str, ...]:
    return (
        said.t("the events count no pictures (n_images)"),
        said.t("the events hold no payments"),
        said.t("the events hold no payments, and no payments of the same users lie beside them"),
        said.t("nobody's beginning was seen"),
        said.t("nobody has had {n} whole days yet"),
        said.t("nobody was active from {first} to {last}"),
        said.t("only counts are held: the events themselves are not here to be asked"),
        said.t("fewer than {n} whole days of events are held"),
        said.t("more users pay than are active"),
        said.t("too few users to tell"),
        said.t("too few users were active on days {n} and {m} to tell a loss"),
        said.t("the mix does not tell it for {cells}"),
        said.t("a lower bound: not told for {cells}"),
        said.t("{origin} does not tell it"),
    )


def _reasons_of_money(said: Words) -> tuple[str, ...]:
    return (
        said.t("no subscription was live at the start of a whole month"),
        said.t("fewer than two users hold a live subscription"),
        said.t("no payment is older than {n} days"),
        said.t(
            "{n} of {m} live payments have no payout, period or rate to {currency} of their day "
            "({told})"
        ),
        said.t("the proceeds of one's own payments hold no refunded one already"),
        said.t("bills tell hours that were paid for, not how many of them were at work"),
        said.t("no bill with hours of a card is imported"),
        said.t("the newest bills are in {told}: name one price by hand"),
        said.t("the newest bills are made up in part: name the price by hand"),
        said.t("the newest bills pay more back than they charge"),
        said.t("it takes spend, and one history of events beside it to count payers"),
        said.t("the spend and the events of {origin} have no day in common"),
        said.t("the spend is in several currencies, or there is none in the days of the events"),
        said.t(
            "the spend of a day and channel is told in several ways, so that a sum counts twice"
        ),
        said.t("nobody first paid from {first} to {last}"),
        said.t("no close as traded on the eve is held"),
        said.t("no share count of that time is held"),
    )


def _rules_of_events(said: Words) -> tuple[str, ...]:
    return (
        said.t("users who began, {first} to {last}"),
        said.t("users who began on the fullest day, {day}"),
        said.t("payers within {n} days, kept, over users who began, cohorts of {first} to {last}"),
        said.t("active on day {n} (rule n_day) over users who began by {until}"),
        said.t(
            "1 − actives on day {m} over those on day {n} (rule n_day), payers among them, users "
            "begun by {until}"
        ),
        said.t("pictures in the first {n} days, payers' among them, per user begun by {until}"),
        said.t("active users, {first} to {last}"),
        said.t("payers over active users, {first} to {last}; payers are {rule}"),
        said.t(
            "pictures a month per active user who is no payer, {first} to {last}; payers are {rule}"
        ),
        said.t("pictures a month per payer, {first} to {last}; payers are {rule}"),
        said.t("users with a live subscription at the end of {day} ({origin}), idle or not"),
        said.t(
            "active users with a payment in the same days (plans of longer periods are not seen)"
        ),
    )


def _rules_of_money(said: Words) -> tuple[str, ...]:
    return (
        said.t("subscribers at a month's start who are gone at its end, {n} months"),
        said.t(
            "payouts a month of live subscriptions, ends of {n} months, at the rates of the days "
            "they were paid"
        ),
        said.t("refunded among payments before {until}"),
        said.t("spend over users of {origin} who first paid, {first} to {last}"),
        said.t(
            "bills of {origin}, {first} to {last}: amounts over card-hours of {cards}; {n} lines "
            "without hours left out"
        ),
        said.t("bills of {origin}, {first} to {last}: amounts over card-hours of {cards}"),
        said.t(
            "bills of {origin}, {first} to {last}: amounts over card-hours; {n} lines without "
            "hours left out"
        ),
        said.t("bills of {origin}, {first} to {last}: amounts over card-hours"),
        said.t("event study of {event}, days {n} to {m}, against {benchmark}"),
        said.t("close of {day} times shares of {period}"),
    )


def _beside(said: Words) -> tuple[str, ...]:
    return (
        said.t("typed in"),
        said.t("default of the model"),
        said.t("{term} typed in"),
        said.t("not known: {terms}"),
        said.t("mix of {n} cells ({sources})"),
        said.t("{n} × one device: {source}"),
        said.t("our middle of figures that differ ({told}): {source}"),
        said.t("{source}, one pack a month"),
        said.t("{unit} at {rate} {pair} of {day}"),
    )


def _of_the_ready_cases(said: Words) -> tuple[str, ...]:
    return (
        said.t(
            "spending on 7 December over a mean day's downloads of the week; earlier users paid too"
        ),
        said.t(
            "App Store fees, small business to standard; which of them Prisma Labs paid is not "
            "known"
        ),
        said.t("if all spending bought the smallest pack, of 50 pictures"),
        said.t("one month is counted, so later months play no part"),
        said.t(
            "subscribers over monthly actives of 2021, another share, in place of the wave's "
            "conversion"
        ),
        said.t("subscription revenue of 2021 over the mean of subscribers, in place of the wave's"),
        said.t("not known; the whole of what is possible"),
        said.t("advertising to those who stayed is left out"),
        said.t("margin of the whole company half a year before, in place of the wave's"),
        said.t("subscription revenue of the year over the mean of subscribers at its ends"),
        said.t("subscription revenue of the half-year over the mean of subscribers at its ends"),
        said.t("advertising revenue of the year over monthly actives"),
        said.t("advertising revenue of the half-year over monthly actives"),
        said.t("research and development alone; marketing and administration are left out"),
        said.t("as many as one server is said to carry, for nobody said how many users there were"),
        said.t("the wait of free users as the company told it, in place of the longest they bear"),
        said.t("another company's price in place of the platform's own, which was never published"),
    )
