"""``artonomics alerts …``: look at the rules, try the channels, list what is raised."""

from __future__ import annotations

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
    from etl.alerts import rules
    from etl.warehouse import SnapshotReader

    data_dir = session.settings().data_dir
    if not (data_dir / rules.FILE).is_file():
        console.note(f"no rules: write them into {data_dir / rules.FILE}")
    found = looking.check(data_dir, SnapshotReader(data_dir), datetime.now(UTC), dry_run=dry_run)
    rows = [asdict(change) for change in found.changes]
    session.show(asdict(found), lambda: console.print_rows(rows))
    for name, fault in found.faults.items():
        console.note(f"rule {name} could not be looked at: {fault}")
    for receipt in found.receipts:
        console.note(f"{receipt.channel}: {receipt.status} {receipt.detail}")
    if found.n_waiting:
        console.note(f"{found.n_waiting} still to be sent: quiet hours, or a channel that failed")
    failed = any(receipt.status == "failed" for receipt in found.receipts)
    return 2 if found.faults else 3 if failed else 0


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
    from etl.alerts import rules
    from etl.delivery.deliver import deliver, probe
    from etl.delivery.message import Message
    from etl.errors import InputError

    data_dir = session.settings().data_dir
    held = rules.load(data_dir)
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
    from etl.alerts import state

    found = state.read(session.settings().data_dir)
    rows = [asdict(standing) for standing in found.raised]
    columns = ("rule", "subject", "opened_at", "sentence", "evidence_kind", "as_of")
    session.show(rows, lambda: console.print_rows(rows, columns))
