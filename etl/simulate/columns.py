"""From packed rows to the columns of the schemas, as Arrow tables.

Columns with few values become dictionaries and those that repeat along rows become runs, so that
Parquet is written without hashing a single word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from etl.schemas import PRODUCT_EVENTS, SUBSCRIPTION_TRANSACTIONS, Column, Table
from etl.simulate import payments, world
from etl.simulate.life import NO_SESSION
from etl.simulate.parameters import Parameters

EVIDENCE_KIND = "simulated"
_TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
_PLAIN = {"event_id", "transaction_id", "original_transaction_id"}
_HEX = np.frombuffer("".join(f"{i:02x}" for i in range(256)).encode(), np.uint16)


def arrow_schema(table: Table) -> pa.Schema:
    """Return the frame columns of a table as Arrow fields; few-valued words as dictionaries."""

    def field(column: Column) -> pa.Field:
        few = column.type == "string" and column.name not in _PLAIN
        return pa.field(
            column.name, _DICTIONARY if few else _TYPES[column.type], nullable=column.nullable
        )

    return pa.schema([field(column) for column in table.frame_columns()])


class EventColumns:
    """Turns packed events into tables of ``product_events``."""

    schema = arrow_schema(PRODUCT_EVENTS)

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        country, channel, platform, arm = world.of_profiles()
        arms = world.ARMS
        self._profile_words = {
            "country": _lookup([c.code for c in world.COUNTRIES], country),
            "channel": _lookup([c.name for c in world.CHANNELS], channel),
            "platform": _lookup(world.PLATFORMS, platform),
            "experiment_id": _lookup([a.experiment for a in arms], arm),
            "variant": _lookup([a.variant for a in arms], arm),
            "properties": _lookup([_properties(a) for a in arms], arm),
        }
        self._assigned = np.array([a.assigned_wait_seconds or np.nan for a in arms])[arm]
        self._price = world.local_prices()[country, arm]
        self._currency = _lookup([c.currency for c in world.COUNTRIES], country)
        releases = parameters.days // world.RELEASE_DAYS + 1
        self._versions = [f"1.{number}.0" for number in range(releases)]

    def table(self, rows: np.ndarray, block: np.ndarray, day: int) -> pa.Table:
        """Return the events of one day as a table.

        Parameters
        ----------
        rows
            Packed events, shape (n,).
        block
            Block of each, shape (n,).
        day
            Days since the first day of the history.
        """
        profile, kind, product = rows["profile"], rows["kind"], rows["product"]
        midnight_ms = self._parameters.start_us // 1_000 + day * world.DAY_MS
        at = (rows["ms"] + np.int64(midnight_ms)) * 1_000
        number = block.astype(np.uint64) << np.uint64(32) | rows["number"].astype(np.uint64)
        sold = product != world.NO_PRODUCT
        columns: dict[str, pa.Array] = {
            "event_id": identifiers(self._parameters.fingerprint, number, 7),
            "user_id": user_ids(self._parameters.fingerprint, rows["user"]),
            "event_name": _coded(world.KINDS, kind),
            "event_at": _instants(at),
            "received_at": _instants(at + rows["delay_ms"].astype(np.int64) * 1_000),
            "plan": _coded(world.PLANS, rows["plan"]),
            "app_version": _coded(self._versions, rows["version"]),
            "session_id": self._sessions(rows),
            "assigned_wait_seconds": _numbers(self._assigned[profile]),
            "wait_seconds": _numbers(np.round(rows["wait"].astype(np.float64), 2)),
            "n_images": pa.array(rows["n_images"].astype(np.int64), mask=kind != world.IMAGE),
            "product_id": _coded([p.name for p in world.PRODUCTS], product, sold),
            "amount": self._amounts(rows, sold),
            "currency": _coded(self._currency[0], self._currency[1][profile], sold),
            **{
                name: _coded(words, codes[profile])
                for name, (words, codes) in self._profile_words.items()
            },
            **provenance(self._parameters, len(rows)),
        }
        return pa.Table.from_arrays([columns[f.name] for f in self.schema], schema=self.schema)

    def _sessions(self, rows: np.ndarray) -> pa.Array:
        """Return identifiers of sessions, as runs; missing outside sessions."""
        key = rows["user"].astype(np.uint64) << np.uint64(16) | rows["session"]
        return _runs(self._parameters.fingerprint, key, 6, rows["session"] != NO_SESSION)

    def _amounts(self, rows: np.ndarray, sold: np.ndarray) -> pa.Array:
        where = np.flatnonzero(sold)
        amount = np.full(len(rows), np.nan)
        few = rows[where]
        sign = np.where(few["kind"] == world.REFUND, -1.0, 1.0)
        sign[few["kind"] == world.TRIAL] = 0.0
        amount[where] = self._price[few["profile"], few["product"]] * sign
        return _numbers(amount)


def _properties(arm: world.Arm) -> str | None:
    if arm.experiment != world.PRICE_EXPERIMENT:
        return None
    return f'{{"assigned_price_usd": {arm.monthly_price_usd:.2f}, "product": "pro_monthly"}}'


def _lookup(words: Any, codes: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the distinct words and the position of each code's word; −1 where it has none."""
    distinct = [word for word in dict.fromkeys(words) if word is not None]
    position = np.array([-1 if word is None else distinct.index(word) for word in words])
    return distinct, position[codes].astype(np.int32)


def _coded(words: Any, codes: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """Return words by code; missing where the code is negative or ``known`` is false."""
    codes = codes.astype(np.int32)
    missing = codes < 0 if known is None else ~known
    index = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(index, pa.array(list(words), pa.string()))


def _numbers(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _instants(us: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    mask = None if known is None else ~known
    return pa.array(us, pa.int64(), mask=mask).cast(_TYPES["timestamp"])


def identifiers(fingerprint: str, numbers: np.ndarray, n_bytes: int, mark: str = "-") -> pa.Array:
    """Return ``fingerprint``, ``mark`` and the number as ``n_bytes`` in hexadecimal."""
    prefix = f"{fingerprint}{mark}".encode()
    width = len(prefix) + 2 * n_bytes
    text = np.empty((len(numbers), width), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    octets = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - n_bytes :]
    text[:, len(prefix) :] = _HEX[octets].view(np.uint8)
    ends = np.arange(0, (len(numbers) + 1) * width, width, dtype=np.int32)
    return pa.Array.from_buffers(
        pa.string(), len(numbers), [None, pa.py_buffer(ends), pa.py_buffer(text)]
    )


def _runs(
    fingerprint: str,
    key: np.ndarray,
    n_bytes: int,
    known: np.ndarray | None = None,
    mark: str = "-",
) -> pa.Array:
    """Return identifiers of keys that repeat along neighbouring rows, as a dictionary of runs."""
    new = np.append(True, key[1:] != key[:-1])[: len(key)]
    # Parquet gives up a dictionary that says a word twice.
    distinct, of_run = np.unique(key[new], return_inverse=True)
    index = of_run.astype(np.int32)[np.cumsum(new) - 1]
    words = identifiers(fingerprint, distinct, n_bytes, mark)
    mask = None if known is None else ~known
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=mask), words)


def user_ids(fingerprint: str, user: np.ndarray) -> pa.Array:
    """Return pseudonyms of users by their number in the history."""
    return _runs(fingerprint, user, 4, mark="-u")


def provenance(parameters: Parameters, n: int) -> dict[str, pa.Array]:
    """Return the columns that say where ``n`` rows come from."""
    nought = np.zeros(n, np.int32)
    at = np.full(n, int(parameters.retrieved_at.timestamp()) * 1_000_000)
    return {
        "evidence_kind": _coded([EVIDENCE_KIND], nought),
        "source_url": _coded([parameters.source_url], nought),
        "retrieved_at": _instants(at),
    }


SALES_SCHEMA = arrow_schema(SUBSCRIPTION_TRANSACTIONS)


def sale_table(
    parameters: Parameters, block: int, first_user: int, sales: np.ndarray, profiles: np.ndarray
) -> pa.Table:
    """Return the transactions of one block as a table of ``subscription_transactions``."""
    country, _, platform, arm = (
        attribute[profiles[sales["user"]]] for attribute in world.of_profiles()
    )
    product = sales["product"]
    refund = sales["refunded_ms"] != payments.NEVER
    sign = np.where(refund, -1.0, 1.0) * (sales["sold_as"] != 0)
    per_usd = np.array([c.per_usd for c in world.COUNTRIES])[country]
    tax = np.array([c.tax_rate for c in world.COUNTRIES])[country]
    commission = np.array([rate for _, rate in world.STORES])[platform]
    price = world.local_prices()[country, arm, product] * sign
    proceeds = price * (1 - tax) * (1 - commission)
    mark = parameters.fingerprint
    base = np.uint64(block << 32)
    period = np.array([p.period_months for p in world.PRODUCTS], float)[product]
    trial = sales["sold_as"] == payments.SOLD_AS.index("trial")
    columns: dict[str, pa.Array] = {
        "transaction_id": identifiers(mark, base + np.arange(len(sales), dtype=np.uint64), 7, "-t"),
        "original_transaction_id": identifiers(
            mark, base + sales["chain"].astype(np.uint64), 7, "-t"
        ),
        "user_id": user_ids(mark, sales["user"] + np.uint32(first_user)),
        "product_id": _coded([p.name for p in world.PRODUCTS], product),
        "product_kind": _coded(payments.SOLD_AS, sales["sold_as"]),
        "period_months": _numbers(np.where(trial | (period == 0), np.nan, period)),
        "renewal_number": pa.array(sales["renewal"].astype(np.int64), mask=sales["renewal"] == 0),
        "store": _coded([name for name, _ in world.STORES], platform),
        "country": _coded([c.code for c in world.COUNTRIES], country),
        "platform": _coded(world.PLATFORMS, platform),
        "price": pa.array(price),
        "currency": _coded([c.currency for c in world.COUNTRIES], country),
        "price_usd": pa.array(price / per_usd),
        "proceeds": pa.array(proceeds),
        "proceeds_usd": pa.array(proceeds / per_usd),
        "commission_rate": pa.array(commission),
        "tax_rate": pa.array(tax),
        "n_units": pa.nulls(len(sales), pa.float64()),
        "is_sandbox": pa.array(np.zeros(len(sales), bool)),
        **provenance(parameters, len(sales)),
    }
    for name, field in _SALE_INSTANTS.items():
        known = sales[field] != payments.NEVER
        us = parameters.start_us + np.where(known, sales[field], 0) * 1_000
        columns[name] = _instants(us, known)
    return pa.Table.from_arrays(
        [columns[f.name].cast(f.type) for f in SALES_SCHEMA], schema=SALES_SCHEMA
    )


_SALE_INSTANTS = {
    "purchased_at": "at_ms",
    "expires_at": "expires_ms",
    "refunded_at": "refunded_ms",
    "unsubscribed_at": "unsubscribed_ms",
}


def _kind_codes(sales: np.ndarray) -> np.ndarray:
    return sales["sold_as"].astype(np.int32)
