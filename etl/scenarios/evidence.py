"""What a scenario refers to in the published snapshot, as quantities with their evidence."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any, Protocol, cast

import pandas as pd

from etl.analytics.quantities import Quantity, weakest
from etl.errors import InputError
from etl.scenarios.formulas import names_in, parsed, refuse_zero_within, worked_out
from etl.scenarios.measured import measured
from etl.scenarios.merged import differ, one_range
from etl.scenarios.parts import FigureOfFiling, MeasuredCell

LONGEST_RATE_DAYS = 7
"""An exchange rate serves for at most this many days, enough for a holiday and a weekend."""

REPORTING_DAYS = 90
"""A figure of a filing whose day of publication is not held is taken to be public from so many
days after its period: companies have up to three months, and earlier would be looking ahead."""
MOST_TERMS = 8
"""What a formula refers to at most: its range runs over 2^terms corners."""

_TOLD_OF_BENCHMARK = ("benchmark", "device_name", "model", "scenario", "source_title")
_SNAPSHOT = "the published snapshot (`artonomics etl run --offline` brings the bundled facts)"


Row = dict[str, Any]
_QUESTION = (
    *("entity", "metric", "unit", "period_start", "period_end", "country", "platform"),
    *("gpu_name", "model_name"),
)


class Reader(Protocol):
    """Anything that answers read-only SQL over a snapshot."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Answer one question."""
        ...


@dataclass(frozen=True)
class Contradiction:
    """Facts that answer one question with different figures.

    Attributes
    ----------
    fact_id
        The one that was used.
    others
        The others, in their own units.
    """

    fact_id: str
    others: tuple[Quantity, ...]


Merged = dict[str, tuple[Quantity, ...]]


class Evidence:
    """The facts known on a day.

    Parameters
    ----------
    reader
        Of the published snapshot; ``None`` where there is none: every reference is then an error.
    as_of
        What became public later is refused.
    """

    def __init__(self, reader: Reader | None, as_of: date) -> None:
        self._reader, self.as_of = reader, as_of
        self._facts: dict[str, Row] = {}
        self._rates: dict[str, tuple[list[date], list[float]]] = {}
        self.merged: Merged = {}
        """Facts that differ and were taken as one range, by their joined identifiers."""

    def fact(self, fact_id: str, *, later: bool = False) -> Quantity:
        """Return a disclosed fact in its own unit; a stated range is uniform between its ends.

        Parameters
        ----------
        later
            Facts that became public after the day are wanted too.

        Raises
        ------
        InputError
            An unknown fact, or one that was not public yet.
        """
        row = self._fact_row(fact_id)
        known = day_of(row["known_on"])
        if not later and known is not None and known > self.as_of:
            raise InputError(
                f"got the fact {fact_id}, which became public on {known}",
                f"facts known on {self.as_of}",
                "move as_of, or list it under later",
            )
        return _quantity(row)

    def several(self, fact_ids: Sequence[str]) -> Quantity:
        """Return facts that answer one question differently as one range from lowest to highest.

        The middle of figures that differ is nobody's: it is estimated at best, and the facts are
        kept in :attr:`merged`.
        """
        found = [self.fact(fact_id) for fact_id in fact_ids]
        units = {quantity.unit for quantity in found}
        if len(units) > 1:
            raise InputError(
                f"got facts in {', '.join(sorted(units))}", "facts in one unit", "use a formula"
            )
        if differ(found):
            self.merged[", ".join(fact_ids)] = tuple(found)
        return one_range(found)

    def formula(self, text: str, unit: str, *, is_told: bool = False) -> Quantity:
        """Return arithmetic over facts and figures; its range runs over all corners of theirs.

        Parameters
        ----------
        text
            Numbers, fact identifiers, figures of filings in quotes (ticker, metric and period with
            a space between), + - * / and brackets.
        unit
            Of the result. An amount of money is in the currency of the facts, whatever currency
            stands here.
        is_told
            The unit was written beside the formula: facts in another currency are then converted
            before they are reckoned with, as are facts in several currencies, each at the rate of
            its own day; ``converted`` says at which.

        Raises
        ------
        InputError
            Anything else, a division by zero, an amount without an exchange rate.
        """
        tree = parsed(text)
        names = names_in(tree)
        if len(names) > MOST_TERMS:
            raise InputError(f"got a formula over {len(names)} facts", f"at most {MOST_TERMS}")
        terms = {name: self._term(name) for name in names}
        terms, unit = self._in_one_currency(terms, unit, is_told=is_told)
        value = worked_out(tree, {name: term.value for name, term in terms.items()})
        at = [
            dict(zip(terms, ends, strict=True))
            for ends in itertools.product(*(set(term.ends) for term in terms.values()))
        ]
        refuse_zero_within(tree, at)
        corners = [worked_out(tree, corner) for corner in at]
        low, high = min(corners), max(corners)
        sources = dict.fromkeys(term.source for term in terms.values())
        return Quantity(
            value,
            unit,
            weakest(term.evidence_kind for term in terms.values()),
            None if low == high else low,
            None if low == high else high,
            source=f"{text} ({'; '.join(sources)})",
            source_url=next((term.source_url for term in terms.values()), ""),
            as_of=max((term.as_of for term in terms.values() if term.as_of), default=None),
            fact_id=", ".join(terms),
            converted="; ".join(
                dict.fromkeys(term.converted for term in terms.values() if term.converted)
            ),
        )

    def _in_one_currency(
        self, terms: dict[str, Quantity], unit: str, *, is_told: bool
    ) -> tuple[dict[str, Quantity], str]:
        """Return the terms in one currency, and the unit of the result."""
        held = list(dict.fromkeys(found for term in terms.values() if (found := _currency(term))))
        own, _, per = unit.partition("/")
        is_money = is_currency(own)
        if not held or (len(held) == 1 and not is_money):
            return terms, unit
        if len(held) > 1 or is_told:
            # What is no amount may be one over another: any one currency serves.
            target = own if is_money else held[0]
            one = {name: self._money_in(term, target) for name, term in terms.items()}
            return one, unit
        return terms, f"{held[0]}/{per}" if per else held[0]

    def _money_in(self, term: Quantity, currency: str) -> Quantity:
        before = _currency(term)
        if not before or before == currency:
            return term
        # "USD ARR" and "USD/month" alike are dollars.
        plain = replace(term, unit=term.unit.replace(" ", "/", 1))
        return self.converted(plain, currency)

    def _term(self, name: str) -> Quantity:
        if " " not in name:
            return self.fact(name)
        ticker, metric, period = [*name.split(), "", ""][:3]
        return self.figure(FigureOfFiling(ticker=ticker, metric=metric, period=period))

    def figure(self, asked: FigureOfFiling, *, later: bool = False) -> Quantity:
        """Return a figure of a filing; it is known from its publication.

        Without a day of publication it is known :data:`REPORTING_DAYS` after its period.
        """
        found = self._ask(
            "SELECT * FROM financials WHERE ticker = ? AND metric = ? AND period = ? "
            "ORDER BY coalesce(published_on, period_end) DESC",
            (asked.ticker, asked.metric, asked.period),
        )
        told = f"{asked.ticker} {asked.metric} {asked.period}"
        if found.empty:
            raise InputError(
                f"got the figure {told}", f"a figure of the table financials in {_SNAPSHOT}"
            )
        row = _records(found)[0]
        known = _public_on(row)
        if not later and known is not None and known > self.as_of:
            raise InputError(
                f"got the figure {told}, which became public on {known}",
                f"figures known on {self.as_of}",
                "move as_of, or list it under later",
            )
        return replace(_quantity(row), fact_id=told)

    def benchmark(self, published_id: str) -> Quantity:
        """Return the pictures a second of one device in a published benchmark."""
        found = self._ask(
            "SELECT *, images_per_second / n_devices AS rate FROM published_benchmarks "
            "WHERE published_id = ?",
            (published_id,),
        )
        if found.empty or pd.isna(found["rate"].iloc[0]):
            raise InputError(
                f"got the benchmark {published_id!r}",
                f"a published_id of published_benchmarks with a rate in {_SNAPSHOT}",
            )
        row = _records(found)[0]
        known = day_of(row["published_on"])
        if known is not None and known > self.as_of:
            raise InputError(
                f"got the benchmark {published_id}, which became public on {known}",
                f"benchmarks known on {self.as_of}",
                "move as_of",
            )
        return Quantity(
            float(row["rate"]),
            "images/second",
            "disclosed",
            source=", ".join(str(row[name]) for name in _TOLD_OF_BENCHMARK),
            source_url=str(row["source_url"] or ""),
            as_of=day_of(row["published_on"]),
            fact_id=published_id,
        )

    def measured(self, name: str, told: MeasuredCell) -> Quantity:
        """Return what a run of the generator has measured of an input."""
        return measured(self._ask, self.as_of, name, told)

    def contradictions(self, fact_id: str) -> Contradiction | None:
        """Return the known facts that answer the same question otherwise.

        Those with which it was taken as one range are among them: the scenario takes the question
        to be the same.
        """
        row, mine = self._fact_row(fact_id), self.fact(fact_id)

        def question(fact: Row) -> tuple[str, ...]:
            return tuple(str(fact[name]) for name in _QUESTION)

        others = {
            str(other["fact_id"]): _quantity(other)
            for other in self._facts.values()
            if question(other) == question(row)
            and other["value"] != row["value"]
            and (day_of(other["known_on"]) or self.as_of) <= self.as_of
        }
        for group in self.merged.values():
            if any(each.fact_id == fact_id for each in group):
                others |= {each.fact_id: each for each in group if each.ends != mine.ends}
        return Contradiction(fact_id, tuple(others.values())) if others else None

    def converted(self, quantity: Quantity, currency: str) -> Quantity:
        """Return money in another currency, at the European Central Bank's rate of its day.

        Where that day lies after the evidence's (what is about the future), the rate is the
        evidence's day's.

        Raises
        ------
        InputError
            There is no rate of the last days before it.
        """
        own, _, per = quantity.unit.partition("/")
        if own == currency or not is_currency(own):
            return quantity
        day = min(quantity.as_of or self.as_of, self.as_of)
        rate = self._per_euro(currency, day) / self._per_euro(own, day)
        low, high = quantity.ends
        return replace(
            quantity,
            value=quantity.value * rate,
            low=None if quantity.low is None else low * rate,
            high=None if quantity.high is None else high * rate,
            unit=f"{currency}/{per}" if per else currency,
            converted="; ".join(
                filter(
                    None,
                    (
                        quantity.converted,
                        f"{quantity.unit} at {rate:.6g} {currency}/{own} of {day}",
                    ),
                )
            ),
        )

    def _per_euro(self, currency: str, day: date) -> float:
        if currency == "EUR":
            return 1.0
        days, rates = self._rates_of(currency)
        at = bisect_right(days, day) - 1
        if at < 0 or (day - days[at]).days > LONGEST_RATE_DAYS:
            raise InputError(
                f"got an amount that needs the rate of {currency} on {day}, and none is held",
                "amounts in one currency, or a rate of the week before the day",
                "convert it by hand, or collect fx_rates",
            )
        return rates[at]

    def _rates_of(self, currency: str) -> tuple[list[date], list[float]]:
        """Return all days and rates of a currency; one question is cheaper than one a price."""
        if currency not in self._rates:
            found = self._ask(
                "SELECT rate_date, rate FROM fx_rates WHERE base = 'EUR' AND quote = ? "
                "ORDER BY rate_date, rate",
                (currency,),
            )
            days = pd.to_datetime(found["rate_date"]).dt.date.tolist()
            self._rates[currency] = (days, found["rate"].astype(float).tolist())
        return self._rates[currency]

    def _fact_row(self, fact_id: str) -> Row:
        if not self._facts:
            found = self._ask("SELECT * FROM disclosed_facts ORDER BY fact_id")
            self._facts = {str(row["fact_id"]): row for row in _records(found)}
        if fact_id not in self._facts:
            near = get_close_matches(fact_id, self._facts, n=1)
            todo = f"perhaps you meant {near[0]}" if near else "see the ledger on the Data page"
            raise InputError(f"got the unknown fact {fact_id}", f"a fact_id in {_SNAPSHOT}", todo)
        return self._facts[fact_id]

    def _ask(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        if self._reader is None:
            raise InputError("got a reference to collected facts", _SNAPSHOT, "run it first")
        return self._reader.query(sql, parameters)


def is_currency(word: str) -> bool:
    """Say whether a word has the form of a currency code."""
    return len(word) == 3 and word.isalpha() and word.isupper()


def _quantity(row: Row) -> Quantity:
    """Return a row of facts or figures."""
    low, end = float(row["value"]), row.get("value_high")
    high = None if end is None or pd.isna(end) else float(end)
    return Quantity(
        low if high is None else (low + high) / 2,
        str(row["unit"]),
        str(row["evidence_kind"]),
        None if high is None else low,
        high,
        "triangular" if high is None else "uniform",
        _text(row["source_title"]),
        _text(row["source_url"]),
        day_of(row["period_end"]) or day_of(row.get("known_on")),
        _text(row.get("fact_id")),
    )


def _public_on(row: Row) -> date | None:
    """Return the day on which a figure of a filing was public."""
    published, ended = day_of(row["published_on"]), day_of(row["period_end"])
    if published is None and ended is not None:
        return ended + timedelta(days=REPORTING_DAYS)
    return published


def _currency(term: Quantity) -> str:
    """Return the currency of an amount of money; empty for anything else."""
    word = term.unit.replace(" ", "/").partition("/")[0]
    return word if is_currency(word) else ""


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def day_of(value: Any) -> date | None:
    """Return a day of a frame; a missing one as ``None``."""
    return None if value is None or pd.isna(value) else cast(date, pd.Timestamp(value).date())


def _records(frame: pd.DataFrame) -> list[Row]:
    return cast(list[Row], frame.to_dict("records"))
