"""The tables of the Data page: sources, runs, rejects, claims, financials and the dictionary."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pandas as pd

from dashboard.tables import bundled, spoken
from dashboard.tables.metrics import metric_name, unit_name
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl import journal, marts, schemas
from etl.schemas import TABLES

_ADDED = ("retrieved_at", "evidence_kind", "source_url")
"""Fields of a raw row that an import fills itself where the file has none."""


def sources(frame: pd.DataFrame, said: Words) -> Table:
    """Return every source with its reach, its last run and its terms."""
    names = outcomes(said)
    frame = frame.assign(
        freshness=[_freshness(said, state) for state in frame["stale"]],
        kinds=[_evidence(said, kinds) for kinds in frame["evidence_kinds"]],
        passing_on=frame["redistributable"].replace(names),
        outcome=frame["last_status"].replace(names),
        freshness_calendar=frame["freshness_calendar"].replace(_calendars(said)),
        title=[bundled.title(str(title), said) for title in frame["title"]],
        lagging=[spoken.lagging(shares, said) for shares in frame["lagging"]],
    )
    columns = {
        "source": TableColumn(said.t("Source")),
        "freshness": TableColumn(said.t("Freshness")),
        "last_observation": TableColumn(said.t("Last observation"), "date"),
        "lagging": TableColumn(said.t("Shares that lag")),
        "n_rows": TableColumn(said.t("Rows"), "integer"),
        "kinds": TableColumn(said.t("Evidence")),
        "passing_on": TableColumn(said.t("May be passed on")),
        "last_run_at": TableColumn(said.t("Last run (UTC)"), "instant"),
        "outcome": TableColumn(said.t("Last status")),
        "title": TableColumn(said.t("Title"), "wide"),
        "licence": TableColumn(said.t("Terms"), "wide"),
        "publisher": TableColumn(said.t("Publisher"), "wide"),
        "freshness_calendar": TableColumn(said.t("Calendar")),
        "live": TableColumn(said.t("Live"), "check"),
        "note": TableColumn(said.t("Doubts and limits"), "wide"),
    }
    return Table(frame, columns, "sources")


def runs(frame: pd.DataFrame, said: Words) -> Table:
    """Return the run ledger."""
    names = outcomes(said)
    frame = frame.assign(
        way=frame["mode"].replace(names),
        outcome=frame["status"].replace(names),
        error=[_error(error, said) for error in frame["error"]],
    )
    columns = {
        "started_at": TableColumn(said.t("Started (UTC)"), "instant"),
        "source": TableColumn(said.t("Source")),
        "way": TableColumn(said.t("Mode")),
        "outcome": TableColumn(said.t("Status")),
        "rows_in": TableColumn(said.t("Rows in"), "integer"),
        "rows_new": TableColumn(said.t("New"), "integer"),
        "rows_changed": TableColumn(said.t("Changed"), "integer"),
        "rows_quarantined": TableColumn(said.t("Rejected"), "integer"),
        "finished_at": TableColumn(said.t("Finished (UTC)"), "instant"),
        "error": TableColumn(said.t("Error"), "wide"),
        "run_id": TableColumn(said.t("Run")),
    }
    return Table(frame, columns, "runs")


def steps(running: journal.Running, said: Words) -> Table:
    """Return the sources of one run, each where it stands."""
    names = outcomes(said) | {
        "waiting": said.t("waiting"),
        "working": said.t("at work"),
        "publish": said.t("publication"),
    }
    frame = pd.DataFrame([asdict(step) for step in running.steps])
    # What has not ended has brought nothing yet, which is not zero; publishing brings no rows.
    counts = ["rows_in", "rows_new", "rows_changed", "rows_quarantined"]
    unknown = frame["finished_at"].isna() | frame["source"].eq("publish")
    frame[counts] = frame[counts].astype("Int64").mask(unknown)
    frame = frame.assign(
        source=frame["source"].replace(names),
        state=frame["state"].replace(names),
        error=[_error(error, said) for error in frame["error"]],
        started_at=pd.to_datetime(frame["started_at"]),
        finished_at=pd.to_datetime(frame["finished_at"]),
    )
    columns = {
        "source": TableColumn(said.t("Source")),
        "state": TableColumn(said.t("Status"), "state"),
        "rows_in": TableColumn(said.t("Rows in"), "integer"),
        "rows_new": TableColumn(said.t("New"), "integer"),
        "rows_changed": TableColumn(said.t("Changed"), "integer"),
        "rows_quarantined": TableColumn(said.t("Rejected"), "integer"),
        "error": TableColumn(said.t("Error"), "wide"),
        "started_at": TableColumn(said.t("Started (UTC)"), "instant"),
        "finished_at": TableColumn(said.t("Finished (UTC)"), "instant"),
    }
    return Table(frame, columns, "steps")


def rejects(frame: pd.DataFrame, said: Words) -> Table:
    """Return the rows kept out, with their reasons."""
    ends = {
        "replay": said.t("let in later"),
        "restated": said.t("corrected in its file"),
        "dismissed": said.t("left out for good"),
    }
    frame = frame.assign(
        reason=[spoken.rejection(row, said) for row in frame.to_dict("records")],
        says=[raw_row(payload) for payload in frame["payload"]],
        end=frame["resolved_by"].replace(ends),
    )
    columns = {
        "source": TableColumn(said.t("Source")),
        "file_rows": TableColumn(said.t("Row in the file")),
        "reason": TableColumn(said.t("Reason"), "wide"),
        "says": TableColumn(said.t("What it says"), "wide"),
        "quarantined_at": TableColumn(said.t("Met first (UTC)"), "instant"),
        "end": TableColumn(said.t("How it was settled")),
        "resolved_at": TableColumn(said.t("Settled (UTC)"), "instant"),
        "check_name": TableColumn(said.t("Check")),
        "row_key": TableColumn(said.t("Key of the row")),
        "table_name": TableColumn(said.t("Table")),
        "payload": TableColumn(said.t("Raw row"), "wide"),
    }
    # What nothing is known of would only push the rest out of sight.
    empty = {n for n in ("file_rows", "end", "resolved_at") if not list(frame[n].dropna())}
    return Table(frame, {n: look for n, look in columns.items() if n not in empty}, "rejects")


def raw_row(payload: Any) -> str:
    """Return what a raw row (JSON) says, without its empty fields and what the program added."""
    try:
        row = json.loads(payload)
    except (TypeError, ValueError):
        return str(payload)
    if not isinstance(row, dict):
        return str(payload)
    told = {k: v for k, v in row.items() if v not in (None, "") and k not in _ADDED}
    return " · ".join(f"{name}: {value}" for name, value in told.items())


def claims(facts: pd.DataFrame, said: Words) -> Table:
    """Return the claims ledger."""
    return Table(_named(facts, said), _claim_columns(said), "claims")


def side_by_side(facts: pd.DataFrame, said: Words) -> Table:
    """Return the claims that answer one question with different figures."""
    columns = {"question": TableColumn(said.t("Question"), "integer"), **_claim_columns(said)}
    return Table(_named(facts, said), columns, "side-by-side")


def financials(frame: pd.DataFrame, said: Words) -> Table:
    """Return the figures by reporting period."""
    frame = _in_words(frame, said)
    columns = {
        "ticker": TableColumn(said.t("Ticker")),
        "company": TableColumn(said.t("Company")),
        "period": TableColumn(said.t("Period")),
        "figure": TableColumn(said.t("Metric")),
        "value": TableColumn(said.t("Value"), "any"),
        "unit": TableColumn(said.t("Unit")),
        "kind": TableColumn(said.t("Evidence")),
        "period_end": TableColumn(said.t("Period end"), "date"),
        "published_on": TableColumn(said.t("Published on"), "date"),
        "source_url": TableColumn(said.t("Source"), "link"),
        "note": TableColumn(said.t("Note"), "wide"),
        "metric": TableColumn(said.t("Code of the metric")),
    }
    return Table(frame, columns, "financials")


def dictionary_names() -> list[str]:
    """Return the names of all tables that can be asked."""
    return [*TABLES, *marts.TABLES]


def meaning(name: str) -> str:
    """Say what a table holds."""
    return _described(name).meaning


def dictionary(name: str, said: Words) -> Table:
    """Return the columns of one table: type, unit, whether they may be missing, meaning."""
    table = _described(name)
    frame = pd.DataFrame(
        {
            "name": column.name,
            "in_key": column.name in table.key,
            "type": column.type,
            "unit": column.unit,
            "may_be_missing": column.nullable,
            "meaning": column.meaning,
        }
        for column in table.stored_columns()
    )
    columns = {
        "name": TableColumn(said.t("Column")),
        "in_key": TableColumn(said.t("In the key"), "check"),
        "type": TableColumn(said.t("Type")),
        "unit": TableColumn(said.t("Unit")),
        "may_be_missing": TableColumn(said.t("May be missing"), "check"),
        "meaning": TableColumn(said.t("Meaning"), "wide"),
    }
    return Table(frame, columns, f"dictionary-{name}")


def _error(error: Any, said: Words) -> Any:
    return spoken.run_error(error, said) if isinstance(error, str) and error else error


def _freshness(said: Words, stale: Any) -> str:
    if pd.isna(stale):
        return said.t("fixed")
    return said.t("stale") if stale else said.t("fresh")


def _calendars(said: Words) -> dict[str, str]:
    """Return the words for calendars; an exchange keeps its code (MIC)."""
    return {"static": said.t("fixed"), "daily": said.t("every day")}


def _described(name: str) -> schemas.Table:
    return (TABLES | marts.TABLES)[name]


def _named(facts: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return the facts with the English name where no Chinese one is held."""
    return _in_words(facts, said).assign(entity_zh=facts["entity_zh"].fillna(facts["entity"]))


def _in_words(frame: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return figures with what they are, their units and their evidence in words."""
    return frame.assign(
        figure=[metric_name(str(code), said) for code in frame["metric"]],
        unit=[_unit(said, unit) for unit in frame["unit"]],
        kind=[_evidence(said, kind) for kind in frame["evidence_kind"]],
    )


def _unit(said: Words, unit: Any) -> str:
    """Name a unit; a figure stands as it was said, so a ratio is a share and not per cent."""
    if not isinstance(unit, str):
        return ""
    return said.t("share") if unit == "ratio" else unit_name(unit, said)


def _evidence(said: Words, kinds: Any) -> str:
    """Name evidence kinds joined by commas; a source without rows has none."""
    if not isinstance(kinds, str):
        return ""
    return said.t(", ").join(
        said.evidence(kind.strip()) for kind in kinds.split(",") if kind.strip()
    )


def outcomes(said: Words) -> dict[str, str]:
    """Return the words for the codes of status, mode and terms."""
    return {
        "ok": said.t("ok"),
        "unchanged": said.t("unchanged"),
        "partial": said.t("partial"),
        "failed": said.t("failed"),
        "snapshot": said.t("from the bundled snapshot"),
        "live": said.t("live"),
        "replay": said.t("rejected rows again"),
        "import": said.t("import of own files"),
        "yes": said.t("yes"),
        "facts only": said.t("facts only"),
        "no": said.t("no"),
    }


def _claim_columns(said: Words) -> dict[str, TableColumn]:
    """Return the columns of the claims ledger."""
    entity = "entity_zh" if said.language == "zh" else "entity"
    return {
        "fact_id": TableColumn(said.t("Claim")),
        entity: TableColumn(said.t("About")),
        "figure": TableColumn(said.t("Metric")),
        "value": TableColumn(said.t("Value"), "any"),
        "value_high": TableColumn(said.t("To"), "any", help=said.t("Upper end of a range")),
        "unit": TableColumn(said.t("Unit")),
        "kind": TableColumn(said.t("Evidence")),
        "period_end": TableColumn(said.t("Period end"), "date"),
        "known_on": TableColumn(said.t("Known on"), "date"),
        "source_url": TableColumn(said.t("Source"), "link"),
        "source_title": TableColumn(said.t("Title"), "wide"),
        "note": TableColumn(said.t("Note"), "wide"),
        "metric": TableColumn(said.t("Code of the metric")),
    }
