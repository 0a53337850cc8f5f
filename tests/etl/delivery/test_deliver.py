"""Each key goes through a channel once: over two processes, crashes, torn ledgers and dry runs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from servers.mail import mailbox
from servers.webhooks import bot

from etl.delivery import chats as carrier
from etl.delivery.deliver import deliver, probe
from etl.delivery.ledger import Entry, Ledger
from etl.delivery.message import Message
from etl.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[3]
SENDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from etl.delivery.deliver import deliver
from etl.delivery.message import Message
(one,) = deliver(Path(sys.argv[1]), Message("s", "t"), ["desk"], "k", now=datetime.now(UTC))
print(one.status)
"""


def states(data: Path) -> list[tuple[str, str, str]]:
    return [(one.key, one.channel, one.state) for one in Ledger(data).entries()[0]]


def test_every_attempt_is_written_before_and_after(channels, post, chats, message, now):
    data = channels(desk=mailbox(post), team=bot("slack"))
    receipts = deliver(data, message, ["desk", "team", "desk"], "k", now=now)
    assert [(one.channel, one.status) for one in receipts] == [("desk", "sent"), ("team", "sent")]
    assert states(data) == [
        ("k", "desk", "sending"),
        ("k", "desk", "sent"),
        ("k", "team", "sending"),
        ("k", "team", "sent"),
    ]


def test_one_channel_that_fails_does_not_keep_the_other_from_its_message(
    channels, post, chats, message, now
):
    chats.faults = [(410, "channel_is_archived")]
    data = channels(team=bot("slack"), desk=mailbox(post))
    first = deliver(data, message, ["team", "desk"], "k", now=now)
    assert [one.status for one in first] == ["failed", "sent"]
    again = deliver(data, message, ["team", "desk"], "k", now=now + timedelta(hours=1))
    assert [one.status for one in again] == ["sent", "skipped"]
    assert len(post.mails) == 1


def test_of_two_processes_at_once_one_sends(channels, chats):
    data = channels(desk=bot("slack"))
    command = [sys.executable, "-c", SENDER, str(data)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) for _ in range(2)
    ]
    told = sorted(one.communicate(timeout=60)[0].strip() for one in both)
    assert told == ["sent", "skipped"]
    assert len(chats.posts["slack"]) == 1


def test_an_attempt_that_broke_off_is_uncertain_and_not_repeated(
    channels, chats, message, now, monkeypatch
):
    data = channels(desk=bot("slack"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(carrier, "_post", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(data, message, ["desk"], "k", now=now)
    assert states(data) == [("k", "desk", "sending")]

    (receipt,) = deliver(data, message, ["desk"], "k", now=now)

    assert receipt.status == "uncertain"
    assert "broke off" in receipt.detail
    assert chats.posts == {}
    (again,) = deliver(data, message, ["desk"], "k", now=now, resend=True)
    assert again.status == "sent"


def test_a_dry_run_says_what_would_be_done_and_leaves_no_trace(channels, post, chats, message, now):
    data = channels(desk=mailbox(post), team=bot("slack"))
    (one,) = deliver(data, message, ["desk"], "k", now=now, dry_run=True)
    assert one.status == "would_send"
    assert not (data / "delivery").exists()
    deliver(data, message, ["team"], "k", now=now)
    before = Ledger(data).path.read_bytes()
    told = deliver(data, message, ["desk", "team"], "k", now=now, dry_run=True)
    assert [one.status for one in told] == ["would_send", "skipped"]
    assert Ledger(data).path.read_bytes() == before
    assert not post.mails


def test_a_torn_last_line_is_survived_counted_and_not_added_to(channels, chats, message, now):
    data = channels(desk=bot("slack"))
    deliver(data, message, ["desk"], "a", now=now)
    path = Ledger(data).path
    path.write_bytes(path.read_bytes() + b'{"at": "2026-11-23T00:1')
    assert Ledger(data).entries()[1] == 1

    (one,) = deliver(data, message, ["desk"], "a", now=now)
    (other,) = deliver(data, message, ["desk"], "b", now=now)

    assert (one.status, other.status) == ("skipped", "sent")
    assert "1 torn lines" in one.detail
    entries, n_torn = Ledger(data).entries()
    assert (len(entries), n_torn) == (4, 1)


def test_a_torn_end_of_an_attempt_is_not_taken_for_a_failure(channels, chats, message, now):
    data = channels(desk=bot("slack"))
    deliver(data, message, ["desk"], "a", now=now)
    path = Ledger(data).path
    path.write_bytes(path.read_bytes()[:-9])  # the line `sent` broke off
    (one,) = deliver(data, message, ["desk"], "a", now=now)
    assert one.status == "uncertain"
    assert len(chats.posts["slack"]) == 1


def test_who_has_it_stands_in_the_ledger_with_the_instant(tmp_path, now):
    ledger = Ledger(tmp_path)
    ledger.write(Entry(now.isoformat(), "k", "desk", "sent", ("ada@example.com",), "mailed"))
    (told,) = map(json.loads, ledger.path.read_text().splitlines())
    assert told == {
        "at": "2026-11-23T00:17:00+00:00",
        "key": "k",
        "channel": "desk",
        "state": "sent",
        "reached": ["ada@example.com"],
        "detail": "mailed",
    }


def test_a_wrong_channel_secret_or_file_stops_everything_before_anything_is_sent(
    channels, post, message, now, monkeypatch, tmp_path
):
    monkeypatch.delenv("SLACK_URL", raising=False)
    data = channels(desk=mailbox(post), team=bot("slack"))
    with pytest.raises(InputError, match="perhaps you meant 'desk'"):
        deliver(data, message, ["desk", "dsk"], "k", now=now)
    with pytest.raises(InputError, match=r"team.url in the variable SLACK_URL, which is not set"):
        deliver(data, message, ["desk", "team"], "k", now=now)
    with pytest.raises(InputError, match="SLACK_URL"):
        probe(data, ["team"])
    missing = Message("s", "t", attachments=(tmp_path / "nothing.pdf",))
    with pytest.raises(InputError, match=r"without its file .*nothing\.pdf"):
        deliver(data, missing, ["desk"], "k", now=now)
    assert not post.mails
