"""What became known after a ready case's day, as far as a reader's own day allows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.economics.comparison import later_frame
from dashboard.studies.economics.scenario import scenario_study
from dashboard.studies.frames import rows
from etl.scenarios.evidence import REPORTING_DAYS

_PUBLIC = f"coalesce(f.published_on, f.period_end + INTERVAL {REPORTING_DAYS} DAY)"
_FIGURE = f"""
    SELECT {_PUBLIC} AS known_on, f.period_end, f.period_end - f.period_start AS days
    FROM financials f WHERE ticker = ? AND metric = ? AND period = ?
    ORDER BY known_on LIMIT 1
"""
_FIGURE_BEFORE = f"""
    SELECT value AS before, unit AS before_unit, period_end AS before_as_of,
           source_title AS before_source
    FROM financials f
    WHERE ticker = ? AND metric = ? AND unit = ? AND {_PUBLIC} <= ?::DATE
          AND period_end < ?::DATE AND abs(f.period_end - f.period_start - ?::BIGINT) <= 20
    ORDER BY period_end DESC, {_PUBLIC} DESC LIMIT 1
"""
_FACT = "SELECT min(known_on) AS known_on FROM disclosed_facts WHERE fact_id = ?"


def known_later(reader: Reader, written: str, as_of: date | None = None) -> pd.DataFrame:
    """Return what became known after a scenario's day and by ``as_of``.

    Returns
    -------
    DataFrame
        As :func:`dashboard.studies.economics.comparison.later_frame`, with ``known_on``. Beside a
        figure of a filing stands the newest of an earlier period of the same length that was
        public on the scenario's day.
    """
    study = scenario_study(reader, written)
    frame = later_frame(reader, study)
    day = study.scenario.document.as_of
    told: list[dict[str, Any]] = []
    for row, asked in zip(frame.to_dict("records"), study.scenario.later, strict=True):
        parts = asked.fact_id.split(maxsplit=2)
        if len(parts) == 3:
            told.append({**row, **_figure(reader, parts, asked.unit, day)})
        else:
            told.append({**row, "known_on": reader.query(_FACT, parts)["known_on"].iloc[0]})
    names = pd.Index([*frame.columns, "known_on"])
    found = pd.DataFrame(told, columns=names)
    found = found.assign(known_on=pd.to_datetime(found["known_on"]))
    if as_of is None:
        return found
    return rows(found, found["known_on"] <= pd.Timestamp(as_of))


def _figure(reader: Reader, parts: list[str], unit: str, day: date) -> dict[str, Any]:
    """Return when a figure became known, and what was known before it."""
    own: Any = reader.query(_FIGURE, parts).iloc[0]
    asked = [*parts[:2], unit, str(day), str(pd.Timestamp(own["period_end"]).date())]
    before = reader.query(_FIGURE_BEFORE, [*asked, int(own["days"])])
    missing = dict.fromkeys(("before", "before_unit", "before_as_of", "before_source"))
    known: dict[Any, Any] = before.to_dict("records")[0] if len(before) else missing
    return {**known, "known_on": own["known_on"]}
