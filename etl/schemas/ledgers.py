"""Tables the machinery keeps of itself: sources, runs, rejected rows."""

from __future__ import annotations

from etl.schemas.base import Column, Table

SOURCES = Table(
    "sources",
    "What each source gives, under which terms, and whether it may be passed on.",
    (
        Column("source", "string", "name as used on the command line"),
        Column("table_name", "string", "table it fills"),
        Column("title", "string", "what it is"),
        Column("publisher", "string", "who publishes it"),
        Column("licence", "string", "terms"),
        Column(
            "redistributable", "string", "may it be passed on", allowed=("yes", "facts only", "no")
        ),
        Column("live", "boolean", "whether a live run can refresh it"),
        Column(
            "freshness_calendar",
            "string",
            "calendar by which it goes stale: an exchange, daily, or static",
        ),
        Column("bundled", "boolean", "whether the bundled snapshot holds it"),
        Column("on_request", "boolean", "collected only when it is named"),
        Column(
            "reach",
            "string",
            "what a live fetch gives: the whole series, a range of days, or only the present state",
            allowed=("whole", "range", "present"),
        ),
        Column("note", "string", "doubts and limits", nullable=True),
    ),
    key=("source",),
)

ETL_RUNS = Table(
    "etl_runs",
    "The run ledger: one entry for each source and run.",
    (
        Column("run_id", "string", "the run"),
        Column("source", "string", "the source"),
        Column(
            "mode",
            "string",
            "from the bundled snapshot, live, rejected rows checked again, or the user's own file",
            allowed=("snapshot", "live", "replay", "import"),
        ),
        Column("range_from", "date", "first day asked for; missing = all", nullable=True),
        Column("range_to", "date", "last day asked for; missing = all", nullable=True),
        Column(
            "status", "string", "how it ended", allowed=("ok", "unchanged", "partial", "failed")
        ),
        Column("started_at", "timestamp", "begin", "UTC"),
        Column("finished_at", "timestamp", "end", "UTC"),
        Column("rows_in", "integer", "rows parsed", "rows", minimum=0),
        Column("rows_new", "integer", "rows with a new key", "rows", minimum=0),
        Column("rows_changed", "integer", "rows with a changed value", "rows", minimum=0),
        Column("rows_quarantined", "integer", "rows kept out", "rows", minimum=0),
        Column("error", "string", "what went wrong", nullable=True),
    ),
    key=("run_id", "source"),
    ledger=True,
)

QUARANTINE = Table(
    "quarantine",
    "Rows kept out, with the reason and the raw row, so that they can be replayed after a fix.",
    (
        Column("quarantine_id", "string", "hash of table, source, check and raw row"),
        Column("run_id", "string", "the run that first met the row"),
        Column("source", "string", "the source"),
        Column("table_name", "string", "the table it was meant for"),
        Column("row_key", "string", "the row's key, as text"),
        Column("check_name", "string", "the check it failed"),
        Column("reason", "string", "what is wrong"),
        Column("payload", "string", "the raw row as JSON"),
        Column("quarantined_at", "timestamp", "when it was met first", "UTC"),
        Column("resolved_at", "timestamp", "when it was settled", "UTC", nullable=True),
        Column(
            "resolved_by",
            "string",
            "how it was settled: let in by a replay, no longer said by its file, or left out for "
            "good by the user",
            nullable=True,
            allowed=("replay", "restated", "dismissed"),
        ),
        Column(
            "file_rows",
            "string",
            "where it stands in the user's files, the header being row 1 where there is one",
            nullable=True,
        ),
        Column("file_urls", "string", "the user's files that say it, one a line", nullable=True),
    ),
    key=("quarantine_id",),
    ledger=True,
)

LAKE_DAYS = Table(
    "lake_days",
    "The days of the event lake: which files hold a day of a source now, and which held it before.",
    (
        Column("table_name", "string", "table of the lake"),
        Column("source", "string", "the source"),
        Column("event_date", "date", "UTC day of the events"),
        Column("generation", "string", "run that wrote the day; its files bear this name"),
        Column("n_files", "integer", "Parquet files of the day", "files", minimum=1),
        Column("n_rows", "integer", "events of the day", "rows", minimum=0),
        Column("n_bytes", "integer", "size of the files", "bytes", minimum=0),
    ),
    key=("table_name", "source", "event_date"),
    bitemporal=True,
    observed="event_date",
)

IMPORTED_FILES = Table(
    "imported_files",
    "The user's own files as they were imported: hash, size and how their columns were read.",
    (
        Column("run_id", "string", "the import"),
        Column("source", "string", "name the file was imported under"),
        Column("table_name", "string", "table it went to"),
        Column("file_name", "string", "name below the given folder, or in the archive"),
        Column("file_path", "string", "where it lay; a file at the same place is a corrected one"),
        Column("file_sha256", "string", "SHA-256 of the file as given"),
        Column("file_bytes", "integer", "size of the file as given", "bytes", minimum=0),
        Column("layout", "string", "vendor layout it was recognised as", nullable=True),
        Column("mapping", "string", "our column to theirs, as JSON"),
        Column("rows_in", "integer", "rows of the whole import", "rows", minimum=0),
        Column("rows_quarantined", "integer", "rows the whole import kept out", "rows", minimum=0),
        Column("imported_at", "timestamp", "instant of the import", "UTC"),
    ),
    key=("run_id", "file_path", "file_name"),
    ledger=True,
)
