"""``artonomics alerts …``: look at the rules, try the channels, say how things stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App

from etl.commandline import Flag, Given

app = App(
    name="alerts", help="Rules over the published tables, told when something crosses a line."
)


@app.command
def check(*, dry_run: Annotated[bool, Flag] = False, session: Given) -> int:
    """Look at every rule of alerts.yml once; tell what began and ended.

    Parameters
    ----------
    dry_run
        Say what would be raised and sent; remember and send nothing.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from etl import console
    from etl.alerts import check as looking
    from etl.warehouse import SnapshotReader

    data_dir = session.settings().data_dir
    _say_without_rules(data_dir)
    found = looking.check(data_dir, SnapshotReader(data_dir), datetime.now(UTC), dry_run=dry_run)
    rows = [asdict(change) for change in found.changes]
    session.show(asdict(found), lambda: console.print_rows(rows))
    _say_faults(found.faults)
    told = (f"{one.channel}: {one.status} {one.detail}" for one in found.receipts)
    for line in dict.fromkeys(told):  # a message of several alerts is told once
        console.note(line)
    if found.n_waiting:
        console.note(f"{found.n_waiting} still to be sent: quiet hours, or a channel that failed")
    failed = any(receipt.status == "failed" for receipt in found.receipts)
    return 2 if found.faults else 3 if failed else 0


@app.command
def status(*, session: Given) -> int:
    """Show what each rule reads at present: value, line, level, and why nothing is known."""
    from datetime import UTC, datetime

    from etl import console
    from etl.alerts import rules_file, state
    from etl.alerts.check import read_all
    from etl.alerts.reading import Look
    from etl.warehouse import SnapshotReader

    data_dir = session.settings().data_dir
    _say_without_rules(data_dir)
    look = Look(SnapshotReader(data_dir), data_dir, datetime.now(UTC))
    read, faults = read_all(rules_file.load(data_dir), look)
    standing = {(one.rule, one.subject): one.opened_at for one in state.read(data_dir).raised}
    columns = ("rule", "kind", "subject", "level", "value", "line", "unit", "evidence_kind")
    columns += ("as_of", "reason")
    rows = [
        {name: getattr(reading, name) for name in columns}
        | {"raised_since": standing.get((reading.rule, reading.subject))}
        for own in read.values()
        for reading in own
    ]
    shown = [console.plain(row) for row in rows]
    document = {"readings": rows, "faults": faults}
    session.show(document, lambda: console.print_rows(shown))
    _say_faults(faults)
    return 2 if faults else 0


@app.command
def example() -> None:
    """Print an alerts.yml with every kind of rule, commented."""
    from etl import console
    from etl.alerts.rules_file import EXAMPLE

    console.print_text(EXAMPLE)


@app.command(name="test")
def try_(*channels: str, dry_run: Annotated[bool, Flag] = False, session: Given) -> int:
    """Check the rules, try the channels, and send a test message through them.

    Parameters
    ----------
    channels
        Which; by default those that rules name.
    dry_run
        Try everything short of sending.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from etl import console
    from etl.alerts import rules, rules_file
    from etl.delivery.deliver import deliver, probe
    from etl.delivery.message import Message
    from etl.errors import InputError

    data_dir = session.settings().data_dir
    held = rules_file.load(data_dir)
    wanted = list(channels) or list(dict.fromkeys(name for rule in held for name in rule.to))
    if not wanted:
        raise InputError(
            "got no channel", "one to try", f"name it, or a rule with `to` in {rules.FILE}"
        )
    probe(data_dir, wanted)
    now = datetime.now(UTC)
    message = Message(
        "Artonomics: test", f"This is a test of {len(held)} alert rules. Nothing happened."
    )
    key = f"alert/test/{now.isoformat()}"
    receipts = deliver(data_dir, message, wanted, key, now=now, dry_run=dry_run)
    rows = [asdict(receipt) for receipt in receipts]
    session.show(
        rows, lambda: console.print_rows(console.plain(rows), ("channel", "status", "detail"))
    )
    return 3 if any(receipt.status == "failed" for receipt in receipts) else 0


@app.command(name="list")
def list_(*, session: Given) -> None:
    """List what is raised, the oldest first."""
    from dataclasses import asdict

    from etl import console
    from etl.alerts import state, words

    found = state.read(session.settings().data_dir)
    rows = [
        asdict(standing) | {"sentence": words.sentence(standing, "en")} for standing in found.raised
    ]
    columns = ("rule", "subject", "opened_at", "sentence", "evidence_kind", "as_of", "unknown")
    shown = [console.plain(row) for row in rows]
    session.show(rows, lambda: console.print_rows(shown, columns))


def _say_without_rules(data_dir: Path) -> None:
    """Say where rules belong, where there are none."""
    from etl import console
    from etl.alerts.rules import FILE

    if not (data_dir / FILE).is_file():
        console.note(f"no rules: write them into {data_dir / FILE} (see `alerts example`)")


def _say_faults(faults: dict[str, str]) -> None:
    from etl import console

    for name, fault in faults.items():
        console.note(f"rule {name} could not be looked at: {fault}")
