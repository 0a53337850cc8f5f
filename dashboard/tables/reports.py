"""Tables of the Reports page: what was built, and what is sent by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.delivery.said import detail


def report_names(words: Words) -> dict[str, str]:
    """Return what each report is called, by its code."""
    return {
        "market": words.t("Market: did the share react?"),
        "attention": words.t("Attention: how high, how long?"),
        "growth": words.t("Growth: do they stay, do they pay?"),
        "unit-economics": words.t("Unit economics: does one user earn it?"),
        "compute": words.t("Compute: what does one picture cost?"),
        "weekly": words.t("Weekly: what changed?"),
    }


def format_names(words: Words) -> dict[str, str]:
    """Return what each format is called, by its code."""
    return {
        "pdf": "PDF",
        "html": "HTML",
        "html-interactive": words.t("HTML, interactive"),
        "xlsx": "Excel",
        "pptx": "PowerPoint",
    }


def built(frame: pd.DataFrame, words: Words) -> Table:
    """Return the history of reports: a row a report, the newest first.

    Parameters
    ----------
    frame
        As :func:`dashboard.reporting.built` returns it.
    words
        The language.
    """
    names, formats = report_names(words), format_names(words)
    hands = {"hand": words.t("by hand"), "schedule": words.t("by schedule")}
    states = {
        "there": words.t("there"),
        "replaced": words.t("replaced"),
        "gone": words.t("gone"),
    }
    rows = [
        {
            "built_at": row["built_at"],
            "report": names.get(row["name"], row["name"]),
            "formats": ", ".join(str(formats.get(form, form)) for form in row["formats"]),
            "languages": ", ".join(row["languages"]),
            "state": states[row["state"]],
            "started_by": hands.get(row["started_by"], row["started_by"]),
            "duration_seconds": row["duration_seconds"],
            "published_at": row["published_at"],
            "about": _about(row),
        }
        for row in frame.to_dict("records")
    ]
    columns = {
        "built_at": TableColumn(words.t("Built"), "instant"),
        "report": TableColumn(words.t("Report")),
        "formats": TableColumn(words.t("Formats")),
        "languages": TableColumn(words.t("Languages")),
        "state": TableColumn(words.t("Files")),
        "started_by": TableColumn(words.t("Started")),
        "duration_seconds": TableColumn(words.t("Took (s)"), "number", 1, unit="s"),
        "published_at": TableColumn(words.t("Data published"), "instant"),
        # The last one: as wide as the longest choice, and no room is lost where nothing was chosen.
        "about": TableColumn(words.t("About")),
    }
    return Table(pd.DataFrame(rows, columns=list(columns)), columns, "reports-built")


def _about(row: Mapping[Any, Any]) -> str:
    """Return what was chosen, by raw codes; the day it was told as known on among it."""
    day = row["as_of"]
    chosen = {**row["choice"], **({} if day is None or pd.isna(day) else {"as-of": day})}
    return ", ".join(f"{key}={_code(code)}" for key, code in chosen.items())


def schedules(rows: Sequence[Mapping[str, Any]], words: Words) -> Table:
    """Return the schedules: what comes when, to whom, and how the last one ended.

    Parameters
    ----------
    rows
        As :func:`dashboard.reporting.schedules` returns them.
    words
        The language.
    """
    columns = {
        "name": TableColumn(words.t("Name")),
        "report": TableColumn(words.t("Report")),
        "about": TableColumn(words.t("About")),
        "files": TableColumn(words.t("Files")),
        "next_at": TableColumn(words.t("Next (UTC)"), "instant"),
        "last_at": TableColumn(words.t("Last (UTC)"), "instant"),
        "last_state": TableColumn(words.t("How it ended")),
        "delivered": TableColumn(words.t("Delivered")),
        "to": TableColumn(words.t("Channels")),
        "cron": TableColumn(words.t("Cron line")),
        "timezone": TableColumn(words.t("Time zone")),
        "last_detail": TableColumn(words.t("Detail"), "wide"),
    }
    names = report_names(words)
    ends = {"done": words.t("done"), "failed": words.t("failed"), "": words.t("not yet")}
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name in ("next_at", "last_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame["report"] = [names.get(code, code) for code in frame["report"]]
    frame["delivered"] = [_delivered(told, words) for told in frame["delivered"]]
    frame["last_detail"] = [detail(told, words.language) for told in frame["last_detail"]]
    frame["last_state"] = [ends.get(code, code) for code in frame["last_state"]]
    return Table(frame, columns, "report-schedules")


def receipts(told: Sequence[Mapping[str, Any]], words: Words) -> Table:
    """Return what a trial run of a schedule says: a row a channel.

    Parameters
    ----------
    told
        The document that the trial run printed.
    words
        The language.
    """
    states = _states(words)
    rows = [
        {
            "channel": one["channel"],
            "status": states.get(one["status"], one["status"]),
            "detail": detail(one["detail"], words.language),
        }
        for result in told
        for one in result.get("receipts", [])
    ]
    columns = {
        "channel": TableColumn(words.t("Channel")),
        "status": TableColumn(words.t("State")),
        "detail": TableColumn(words.t("Detail"), "wide"),
    }
    return Table(pd.DataFrame(rows, columns=list(columns)), columns, "report-trial")


def why(result: Mapping[str, Any], words: Words) -> str:
    """Return how the run of a schedule ended, in words, as far as they are known in a language."""
    return detail(result["detail"], words.language)


def _states(words: Words) -> dict[str, str]:
    return {
        "would_send": words.t("would be sent"),
        "failed": words.t("failed"),
        "skipped": words.t("sent before"),
        "sent": words.t("sent"),
        "sending": words.t("uncertain"),
        "uncertain": words.t("uncertain"),
    }


def _delivered(told: str, words: Words) -> str:
    """Return the channels with the words of their states: ``desk: sent; team: failed``."""
    states = _states(words)
    parts = (part.partition(": ") for part in told.split("; ") if part)
    return "; ".join(f"{channel}: {states.get(state, state)}" for channel, _, state in parts)


def _code(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
