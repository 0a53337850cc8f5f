"""The data dictionary ``data/README.md``, written from the definitions of tables and sources.

``python -m etl.dictionary`` writes it again after one of them has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from etl import marts, schemas, sources
from etl.collection import Collection
from etl.imports import layouts
from etl.schemas import Column, Table
from etl.sources import SourceInfo

PATH = Path(__file__).resolve().parent.parent / "data" / "README.md"
_INTRODUCTION = """\
# Data

<!-- Written by `python -m etl.dictionary` from etl/schemas, sources and marts: edit those. -->

- `snapshots/`: the bundled facts, read-only, each file with a provenance sidecar (`.yml`) naming
  publisher, addresses, dates, licence, hash and doubts.
- `corrections/`: known errors of the sources, each with the value expected there and the reason.
- `models/`: small embedded models and their cards.
- `watch.toml`: the shares and apps the user added or hid, made by `artonomics watch`.
- `collection.toml`: what the live app sources ask for, where it is not the default.
- `delivery.yml`: where reports and alerts go ([below](#where-reports-and-alerts-go));
  `schedules.yml`: the schedules of reports; `alerts.yml`: the rules of alerts;
  `disclosure.en.txt`, `disclosure.zh.txt`: the house's own words at the foot of each report.
- `reports/history.jsonl`: what was built; `reports/scheduled/NAME/INSTANT/`: the files of
  scheduled reports; `delivery/ledger.jsonl`: every attempt to deliver; `alerts/`: what is raised
  and what happened.
- `raw/`, `warehouse/`, `lake/`, `jobs/`, `reports/`: made at run time, not kept in git. They lie
  elsewhere with `--data DIR` or the variable `ARTONOMICS_DATA`. `lake/` holds event logs as Parquet
  by source and UTC day; replaced days lie in `lake/.superseded`, rejected ones in `lake/.rejects`.

Question a published table with `artonomics sql "SELECT * FROM stock_prices LIMIT 5"`.

How a number came to be stands in `evidence_kind`: **measured** (observed), **disclosed** (stated by
its owner), **estimated** (inferred, or said by a third party), **simulated** (generated),
**assumed** (supposed). A missing value is missing, never zero. Days are calendar days, instants are
UTC, rates and ratios lie between 0 and 1.
"""
_SOURCES = """\
## Sources

Where the tables come from. *Live* says what a live run gives: the **whole** series each time, a
**range** of days that is asked for, or only the **present** state, so that a missed day is lost.
*Passed on* says what the terms allow: rows of a source marked **no** stay out of every export
(`artonomics sql` with `--format`, `--json` or `--out`, downloads of the pages, reports), which
falls back to the last version of a source that allows it and says what was left out.
"""
_COLLECTION = """\
## What is collected from the app stores

An optional file `collection.toml` in the data folder says which storefronts, charts and apps are
read, how deep and how politely. What it does not name keeps its default; a wrong value fails the
source and is named with its place. For example:

```toml
storefronts = ["JP", "US"]
chart_types = ["free", "grossing"]
depth = 100

[genres]
photo_and_video = 6008
health_and_fitness = 6013

[hosts."itunes.apple.com"]
requests_per_minute = 10
```
"""
_DELIVERY = """\
## Where reports and alerts go

`delivery.yml` in the data folder names channels. Secrets stand in variables or files, never in it;
cron and systemd do not know the variables of a shell, so prefer the `…_file` keys there.

```yaml
link_base: https://dashboard.example.com    # where readers open the dashboard
channels:
  desk:
    kind: smtp
    host: mail.example.com
    port: 587               # security: starttls (default), ssl or none; ca_file for an own one
    user: reports
    password_file: mail-password.txt      # or password: ${MAIL_PASSWORD}
    sender: reports@example.com
    to: [ada@example.com, bo@example.com]
  team: {kind: feishu, url: "${FEISHU_URL}", secret: "${FEISHU_SECRET}"}   # dingtalk likewise
  chat: {kind: slack, url_file: slack-url.txt}
  group: {kind: wecom, url: "${WECOM_URL}"}     # files too, 20 MB each; with_files: false: without
  share: {kind: folder, path: /srv/reports}
```

`link_base` makes the permalinks of reports, mails, chats and alerts whole addresses; without it,
reports tell the path alone and messages no link. A channel may have a `link_base` of its own.

Every channel also takes `timeout_seconds` and `attempts`. An attempt without an end, or one whose
server fell silent after the whole message, is `uncertain` and is not repeated by itself. The
formats of the chats follow their makers' descriptions and are tested against local servers that
speak them.
"""
_REACH = {"whole": "the whole series", "range": "a range of days", "present": "the present state"}
_LAYOUTS = """\
## Exports of vendors

What `artonomics import` recognises by the columns of a file. *Columns known from* says how far to
trust that: **documented** by the vendor, named by **public code** that reads such files, or
**unverified**, which means that no description and no real file was found. No file of a vendor's
customer was at hand for any of them. Look at `--dry-run` first; `--map THEIRS=OURS` overrules.
"""
_SHARED = """\
## Columns that every collected table carries

The run ledger, the quarantine and the derived tables do not have them.
"""
_BITEMPORAL = """\
A table marked *history kept* keeps replaced rows too: `<table>` holds the current rows,
`<table>_history` all of them with `valid_from` and `valid_to`, and `<table>_as_of(instant)` answers
as the table was known at that instant.
"""


def document() -> str:
    """Return the whole data dictionary as Markdown."""
    shared = (*schemas.PROVENANCE, *schemas.MACHINERY)
    parts = [
        _INTRODUCTION,
        "\n".join(["| table | what it holds |", "|---|---|", *map(_entry, _all_tables())]) + "\n",
        _SOURCES + "\n" + _sources(),
        _COLLECTION + "\n" + _fields(),
        _DELIVERY,
        _LAYOUTS + "\n" + _vendor_layouts(),
        _SHARED + "\n" + _columns(shared),
        _BITEMPORAL + "\n" + _columns(schemas.VALIDITY),
        *(_section(table) for table in _all_tables()),
    ]
    return "\n".join(parts)


def _all_tables() -> list[Table]:
    return [*schemas.TABLES.values(), *schemas.LAKE_TABLES.values(), *marts.TABLES.values()]


def _entry(table: Table) -> str:
    return f"| [`{table.name}`](#{table.name}) | {table.meaning} |"


def all_sources() -> list[SourceInfo]:
    """Return all sources by name, live values under terms of their own among them."""
    modules = [sources.load(name) for name in sources.names()]
    told = [module.INFO for module in modules]
    told += [live for module in modules if (live := getattr(module, "LIVE", None))]
    return sorted(told, key=lambda info: info.name)


def _sources() -> str:
    lines = [
        "| source | table | what it gives | publisher | bundled | live | fresh by | passed on |",
        "|---|---|---|---|---|---|---|---|",
        *map(_source, all_sources()),
        "",
        "Terms and limits:",
        "",
        *map(_terms, all_sources()),
    ]
    return "\n".join(lines) + "\n"


def _source(info: SourceInfo) -> str:
    live = _REACH[info.reach] if info.live else "no"
    if info.on_request:
        live += ", only when it is named"
    cells = (
        f"`{info.name}`",
        f"[`{info.table.name}`](#{info.table.name})",
        info.title,
        info.publisher,
        "yes" if info.bundled else "no",
        live,
        info.freshness_calendar,
        info.redistributable,
    )
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _terms(info: SourceInfo) -> str:
    note = f" {info.note}" if info.note else ""
    return f"- `{info.name}`: {info.licence.rstrip('.')}.{note}"


def _fields() -> str:
    told = Collection().model_dump(mode="json", exclude_none=True)
    lines = ["| field | meaning | default |", "|---|---|---|"]
    for name, field in Collection.model_fields.items():
        default = json.dumps(told[name], ensure_ascii=False)
        lines.append(f"| `{name}` | {field.description} | `{default}` |")
    return "\n".join(lines) + "\n"


def _vendor_layouts() -> str:
    lines = ["| export | layout | columns known from | import as | see |", "|---|---|---|---|---|"]
    for layout in sorted(layouts.known(), key=lambda layout: layout.name):
        places = ", ".join(f"[{number}]({url})" for number, url in enumerate(layout.sources, 1))
        lines.append(
            f"| {layout.title} | `{layout.name}` | {layout.headers} | `{layout.kind}` | {places} |"
        )
    return "\n".join(lines) + "\n"


def _section(table: Table) -> str:
    facts = [f"Key: {', '.join(f'`{name}`' for name in table.key)}."]
    if table.bitemporal:
        facts.append("History kept.")
    if table.name in marts.TABLES:
        facts.append("Derived.")
    checks = "".join(
        f"\n- `{check.name}`: {check.reason} "
        f"({'the row is kept out' if check.action == 'quarantine' else 'the row is flagged'})"
        for check in table.checks
    )
    checked = f"\nChecked row by row:\n{checks}\n" if checks else ""
    heading = f"## {table.name}\n\n{table.meaning} {' '.join(facts)}\n\n"
    return f"{heading}{_columns(table.columns)}{checked}"


def _columns(columns: Iterable[Column]) -> str:
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{column.name}` | {column.type} | {column.unit} | {_meaning(column)} |"
        for column in columns
    ]
    return "\n".join(lines) + "\n"


def _meaning(column: Column) -> str:
    words = [column.meaning]
    if column.allowed:
        words.append(f"one of {', '.join(f'`{value}`' for value in column.allowed)}")
    if column.positive:
        words.append("above zero")
    bounds = (("from", column.minimum), ("to", column.maximum))
    words += [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    if column.nullable and "missing" not in column.meaning:
        words.append("may be missing")
    return "; ".join(words).replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
