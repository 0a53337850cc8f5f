"""SQL that turns a raw value into the type of our column, and leaves what it cannot read as it is.

Nothing is guessed: a day may be written as an ISO date (also with slashes or without dashes), an
instant as ISO 8601 or as seconds, milli- or microseconds since 1970. Anything else stays as it
was written, so that the checks can reject it with its reason.
"""

from __future__ import annotations

import babel

from etl.engines import Scratch
from etl.imports.scan import text
from etl.schemas import Column

_NUMERIC = ("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "HUGEINT", "UINTEGER")
_NUMERIC += ("UBIGINT", "USMALLINT", "UTINYINT", "DECIMAL")
_EPOCH = (
    "CASE WHEN abs({0}) < 1e11 THEN make_timestamp(({0} * 1e6)::BIGINT) "
    "WHEN abs({0}) < 1e14 THEN make_timestamp(({0} * 1e3)::BIGINT) "
    "WHEN abs({0}) < 1e17 THEN make_timestamp(({0})::BIGINT) "
    "WHEN abs({0}) < 1e20 THEN make_timestamp((({0}) / 1e3)::BIGINT) END"
)
_MACROS = (
    # A written instant without an offset is in the session's time zone.
    "CREATE MACRO instant(x) AS coalesce(make_timestamp(epoch_us(TRY_CAST(x AS TIMESTAMPTZ))), "
    r"CASE WHEN regexp_full_match(x, '-?\d{9,19}(\.\d+)?') THEN "
    "instant_of_number(TRY_CAST(x AS DOUBLE)) END)",
    r"CREATE MACRO whole_day(x) AS CASE WHEN regexp_full_match(x, '\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"([ T]00:00(:00(\.0+)?)?Z?)?') THEN coalesce(TRY_CAST(replace(x[:10], '/', '-') AS DATE)"
    r"::VARCHAR, x) WHEN regexp_full_match(x, '\d{8}') THEN "
    "coalesce(try_strptime(x, '%Y%m%d')::DATE::VARCHAR, x) ELSE x END",
    "CREATE MACRO day_like(x, form) AS coalesce(try_strptime(x, form)::DATE::VARCHAR, x)",
    # Written in the zone the vendor names: the session's zone has no say.
    "CREATE MACRO instant_in(x, form, zone) AS coalesce(strftime(make_timestamp(epoch_us("
    "timezone(zone, try_strptime(x, form)))), '%Y-%m-%dT%H:%M:%S.%fZ'), x)",
    # The vendor says UTC and writes no zone: the session's zone has no say.
    r"CREATE MACRO in_utc(x) AS regexp_replace(x::VARCHAR, "
    r"'(\d{2}:\d{2}:\d{2}(\.\d+)?)$', '\1+00')",
    "CREATE MACRO months_of(x) AS CASE "
    r"WHEN regexp_full_match(x, 'P?\d+ ?(M|[Mm]onths?)') THEN "
    r"regexp_extract(x, '\d+')::DOUBLE "
    r"WHEN regexp_full_match(x, 'P?\d+ ?(Y|[Yy]ears?)') THEN "
    r"regexp_extract(x, '\d+')::DOUBLE * 12 "
    r"WHEN regexp_full_match(x, 'P?\d+ ?(W|[Ww]eeks?)') THEN "
    r"regexp_extract(x, '\d+')::DOUBLE * 84 / 365.25 "
    r"WHEN regexp_full_match(x, 'P?\d+ ?(D|[Dd]ays?)') THEN "
    r"regexp_extract(x, '\d+')::DOUBLE * 12 / 365.25 END",
    "CREATE MACRO plain_number(x) AS replace(trim(x), ',', '')",
    "CREATE MACRO country_of(x) AS CASE WHEN x IS NULL OR x IN ('', '(not set)', 'ZZ', 'N/A') "
    "THEN NULL WHEN length(x) = 2 THEN upper(x) "
    "ELSE coalesce(map_extract_value(getvariable('countries'), lower(x)), x) END",
)


def prepare(con: Scratch, timezone: str) -> None:
    """Give the engine the time zone of unzoned instants, and the words layouts are written in."""
    con.execute(f"SET TimeZone = {text(timezone)}")
    territories = babel.Locale("en").territories
    codes = {name.lower(): code for code, name in territories.items() if len(code) == 2}
    pairs = ", ".join(f"{text(name)}: {text(code)}" for name, code in codes.items())
    con.execute(f"SET VARIABLE countries = MAP {{{pairs}}}")
    con.execute(f"CREATE MACRO instant_of_number(x) AS {_EPOCH.format('x')}")
    for macro in _MACROS:
        con.execute(macro)


def is_numeric(kind: str) -> bool:
    """Return whether a type of the engine holds numbers."""
    return kind.startswith(_NUMERIC)


def as_instant(sql: str, kind: str) -> str:
    """Return SQL for the instant as a TIMESTAMP in UTC; missing where it cannot be read."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({sql}))"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"make_timestamp(epoch_us({sql}::TIMESTAMPTZ))"
    if is_numeric(kind):
        return f"instant_of_number({sql})"
    return f"instant({sql}::VARCHAR)"


def as_number(sql: str, kind: str) -> str:
    """Return SQL for a finite double; missing where it cannot be read."""
    if kind in ("DOUBLE", "FLOAT", "VARCHAR"):
        value = sql if kind == "DOUBLE" else f"TRY_CAST({sql} AS DOUBLE)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return f"TRY_CAST({sql} AS DOUBLE)"


def as_integer(sql: str, kind: str) -> str:
    """Return SQL for a whole number; missing where it is none."""
    if is_numeric(kind) and not kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return f"TRY_CAST({sql} AS BIGINT)"
    number = as_number(sql, kind)
    return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"


def for_checks(column: Column, sql: str, kind: str) -> str:
    """Return SQL for a value as the checks of a frame take it: typed, or as it was written."""
    written = f"nullif(trim(({sql})::VARCHAR), '')"
    match column.type:
        case "timestamp":
            instant = f"strftime({as_instant(sql, kind)}, '%Y-%m-%dT%H:%M:%S.%fZ')"
            return f"coalesce({instant}, {written})"
        case "date":
            return f"whole_day({written})" if kind == "VARCHAR" else f"({sql})::VARCHAR"
        case "boolean":
            return (
                f"CASE WHEN lower({written}) IN ('t', 'true', 'yes', 'y', '1') THEN 'true' "
                f"WHEN lower({written}) IN ('f', 'false', 'no', 'n', '0') THEN 'false' "
                f"ELSE {written} END"
            )
        case "number" | "integer" if is_numeric(kind):
            return f"({sql})::DOUBLE"
        case _:
            return written
