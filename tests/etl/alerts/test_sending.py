"""Each beginning and each end reaches each channel once: late rather than twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from servers.mail import mail_server, mailbox

from etl.alerts import check as looking
from etl.alerts import state
from etl.alerts.rules import Quiet
from etl.delivery.ledger import Ledger
from tests.etl.alerts.conftest import NOON, load

BOTH = ("ada@example.com", "bo@example.com")
NIGHT = {"begin": "22:00", "end": "07:00", "timezone": "Europe/Berlin"}


def heads(chats, kind="slack"):
    return [post["text"].partition("\n")[0] for post in chats.posts.get(kind, [])]


def statuses(found):
    return [(receipt.channel, receipt.status) for receipt in found.receipts]


def test_a_beginning_and_an_end_are_sent_once_each(rules, look, chats):
    rules(load(to=["desk"]))
    for value in (11, 12, 9, 11, 7, 7):
        look(a=value)
    first, second = heads(chats)
    assert first.endswith("Alert load: a")
    assert second.endswith("Over: load: a")
    post = str(chats.posts["slack"][0])
    assert "above the line of 10" in post
    assert "Evidence: assumed" in post
    assert "https://desk.example.com/data" in post


def test_with_a_stopped_clock_the_second_alert_is_sent_too(rules, look, chats):
    rules(load(to=["desk"], tell_clear=False))
    for value in (11, 7, 11):
        look(a=value)
    assert len(heads(chats)) == 2


def test_a_channel_that_failed_is_tried_again_and_the_other_is_not(rules, look, chats):
    rules(load(to=["desk", "team"]))
    chats.faults.append((400, "no"))
    found = look(a=11)
    assert statuses(found) == [("desk", "failed"), ("team", "sent")]
    assert found.n_waiting == 1
    again = look(a=11)
    assert statuses(again) == [("desk", "sent")]
    assert again.n_waiting == 0
    assert len(heads(chats)) == len(chats.posts["wecom"]) == 1


def test_an_end_never_overtakes_its_beginning(rules, look, chats):
    rules(load(to=["desk"]))
    chats.faults.append((400, "no"))
    look(a=11)
    chats.faults.append((400, "no"))
    assert statuses(look(a=1)) == [("desk", "failed")] * 2
    look(a=1)
    (post,) = chats.posts["slack"]
    assert heads(chats) == ["1 alert, 1 over: load"]
    assert post["text"].index("Alert load: a") < post["text"].index("Over: load: a")


def test_what_one_look_finds_goes_through_a_channel_as_one_message(rules, look, chats, data):
    rules(load(to=["desk"]), load(name="other", above=5, clear=4, to=["desk", "team"]))
    found = look(a=11, b=12)
    assert statuses(found) == [("desk", "sent")] * 4 + [("team", "sent")] * 2
    assert "one message of 4 alerts" in found.receipts[0].detail
    (post,) = chats.posts["slack"]
    assert heads(chats) == ["4 alerts: load, other"]
    text = post["text"]
    assert text.count("Evidence: ") == text.count("https://desk.example.com/data") == 4
    ledger = Ledger(data)
    keys = [receipt.key for receipt in found.receipts]
    assert len(set(keys)) == 4
    assert {ledger.standing(key, "desk").state for key in keys} == {"sent"}
    look(a=1, b=12)
    assert heads(chats)[1] == "2 alerts are over: load, other"
    look(a=11, b=1)
    assert heads(chats)[2] == "2 alerts, 2 over: load, other"


def test_a_message_of_several_is_named_in_the_language_of_most(rules, look, chats):
    rules(load(to=["desk"], language="zh"))
    look(a=11, b=11)
    assert heads(chats) == ["2 条警报：load"]
    assert "警报 load：a" in chats.posts["slack"][0]["text"]


def test_what_became_of_a_message_in_chinese_is_told_in_chinese(rules, look, chats):
    rules(load(to=["desk", "team"], language="zh"))
    chats.faults += [(400, "no"), (200, {"errcode": 93000, "errmsg": "invalid webhook url"})]
    desk, team = (receipt.detail for receipt in look(a=11).receipts)
    assert desk.startswith("Slack 拒收：HTTP 400 no")
    assert desk.endswith("；下次检查时重新发送")
    assert "WeCom 拒收：HTTP 200 93000 invalid webhook url (不认识这个地址)" in team
    rules(load(to=["desk"]), load(name="other", to=["desk"]))
    (one, *_) = look(a=11).receipts
    assert "has the message" in one.detail


def test_a_message_of_several_is_never_cut(rules, look, chats):
    rules(load(to=["team"]))
    look(**{f"subject-{at:03}-{'x' * 60}": 11 for at in range(40)})
    posts = [post["markdown"]["content"] for post in chats.posts["wecom"]]
    assert 1 < len(posts) < 15
    assert sum(text.count("Evidence: ") for text in posts) == 40
    assert not any("cut here" in text for text in posts)


def test_a_crash_after_a_message_of_several_sends_nothing_twice(
    rules, look, chats, data, monkeypatch
):
    rules(load(to=["desk"]))
    written, times = state.write, []

    def dies_the_second_time(*given):
        times.append(1)
        if len(times) == 2:
            raise KeyboardInterrupt
        written(*given)

    monkeypatch.setattr(state, "write", dies_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        look(a=11, b=11)
    monkeypatch.setattr(state, "write", written)
    found = look(a=11, b=11, c=11)  # a third one joins after the crash
    assert sorted(statuses(found)) == [("desk", "sent"), ("desk", "skipped"), ("desk", "skipped")]
    assert heads(chats) == ["2 alerts: load", "Alert load: c"]


def test_a_recipient_who_has_one_alert_gets_only_the_others(rules, look, data):
    with mail_server() as post:
        told = {"channels": {"desk": mailbox(post)}}
        (data / "delivery.yml").write_text(yaml.safe_dump(told))
        rules(load(to=["desk"]))
        post.refused["bo@example.com"] = "450 later"
        assert statuses(look(a=11)) == [("desk", "failed")]
        del post.refused["bo@example.com"]
        look(a=1, b=11)
        subjects = [mail["Subject"] for mail in post.mails]
        assert subjects == ["Alert load: a", "Alert load: a", "1 alert, 1 over: load"]
        assert post.recipients == [["ada@example.com"], ["bo@example.com"], [*BOTH]]


def test_a_failure_says_that_the_next_look_tries_again(rules, look, chats):
    rules(load(to=["desk"]))
    chats.faults.append((503, ""))
    (receipt,) = look(a=11).receipts
    assert receipt.detail.endswith("it is sent again at the next look")


def test_an_uncertain_delivery_is_told_and_not_repeated(rules, look, chats):
    rules(load(to=["desk"]))
    chats.faults.append("hang")
    assert statuses(look(a=11)) == [("desk", "uncertain")]
    assert statuses(look(a=11)) == []


def test_a_crash_before_sending_forgets_nothing(rules, look, chats, monkeypatch):
    rules(load(to=["desk"]))
    sent = looking._sent

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(looking, "_sent", dies)
    with pytest.raises(KeyboardInterrupt):
        look(a=11)
    monkeypatch.setattr(looking, "_sent", sent)
    look(a=11)
    assert len(heads(chats)) == 1


def test_a_crash_after_sending_sends_nothing_twice(rules, look, chats, data, monkeypatch):
    rules(load(to=["desk"]))
    written = state.write
    times = []

    def dies_the_second_time(*given):
        times.append(1)
        if len(times) == 2:
            raise KeyboardInterrupt
        written(*given)

    monkeypatch.setattr(state, "write", dies_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        look(a=11)
    monkeypatch.setattr(state, "write", written)
    assert statuses(look(a=11)) == [("desk", "skipped")]
    assert len(heads(chats)) == 1


def test_in_quiet_hours_it_waits_and_the_first_look_after_them_sends_it(rules, look, chats):
    rules(load(to=["desk"], quiet=NIGHT))
    night = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert look(now=night, a=11).n_waiting == 1
    assert look(now=night + timedelta(hours=6), a=11).n_waiting == 1
    assert heads(chats) == []
    found = look(now=night + timedelta(hours=6.5), a=11)
    assert found.n_waiting == 0
    assert "23 Nov 2026 23:30 UTC" in str(chats.posts["slack"])


@pytest.mark.parametrize(
    ("utc", "is_quiet"),
    [
        ("2026-03-29T00:59", True),  # Berlin 01:59, before the clock goes from 2 to 3
        ("2026-03-29T01:00", True),  # 03:00
        ("2026-03-29T04:59", True),  # 06:59
        ("2026-03-29T05:00", False),  # 07:00 in summer
        ("2026-10-25T00:30", True),  # 02:30 the first time
        ("2026-10-25T01:30", True),  # 02:30 the second time
        ("2026-10-25T05:59", True),  # 06:59
        ("2026-10-25T06:00", False),  # 07:00 in winter
        ("2026-10-25T20:59", False),
        ("2026-10-25T21:00", True),  # 22:00
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(utc, is_quiet):
    assert Quiet.model_validate(NIGHT).holds(datetime.fromisoformat(f"{utc}+00:00")) is is_quiet


def test_quiet_hours_within_a_day():
    noon = Quiet.model_validate({"begin": "12:00", "end": "13:00"})
    assert noon.holds(NOON)
    assert not noon.holds(NOON + timedelta(hours=1))


def test_what_waits_for_a_rule_that_was_taken_out_is_dropped(rules, look, chats):
    rules(load(to=["desk"]), load(name="second", to=["desk"]))
    chats.faults += [(400, "no"), (400, "no")]
    assert look(a=11).n_waiting == 2
    rules(load())
    assert look(a=11).n_waiting == 0
    assert heads(chats) == []


def test_broken_channels_do_not_hide_alerts(rules, look, data):
    rules(load(to=["desk"]))
    found = look(a=11)
    assert [change.what for change in found.changes] == ["raised"]
    assert statuses(found) == [("desk", "failed")]
    assert looking.DELIVERY in found.faults
    assert len(state.read(data).raised) == 1
