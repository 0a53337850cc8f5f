"""What became of a delivery is told in Chinese too: by what real channels answered."""

from __future__ import annotations

import re

import pytest
from servers.mail import mailbox
from servers.webhooks import bot

from etl.delivery.deliver import deliver
from etl.delivery.said import detail

NAMES = {"Slack", "Feishu", "DingTalk", "WeCom", "HTTP", "example", "com"}


def english(told: str) -> set[str]:
    """Return what is left of English: words that are no name, number, path, file or address."""
    told = re.sub(r"\S*/\S+|\S+@\S+|[\w\u4e00-\u9fff]+\.(?:pdf|xlsx)|\d{4}-\S+", " ", told)
    return set(re.findall(r"[A-Za-z]{2,}", told)) - NAMES


def receipts(data, message, now, **options):
    return [one.detail for one in deliver(data, message, ["desk"], "k", now=now, **options)]


@pytest.mark.parametrize(
    ("kind", "fault", "words"),
    [
        ("slack", None, "Slack 已收到消息"),
        ("slack", "hang", "收到请求后没有回应"),
        ("slack", (504, ""), "网关不知道结果如何"),
        ("slack", (410, "no"), "拒收"),
        ("feishu", (500, "<html>"), "应答中没有状态码"),
        ("dingtalk", (200, {"errcode": 310000, "errmsg": ""}), "安全设置不允许"),
        ("wecom", (200, {"errcode": 93000, "errmsg": ""}), "不认识这个地址"),
        ("wecom", (200, {"errcode": 45009, "errmsg": ""}), "短时间内消息过多"),
    ],
)
def test_answers_of_chats(channels, chats, message, now, kind, fault, words):
    data = channels(desk=bot(kind))
    chats.faults = [fault] * 3 if fault else []
    (told,) = receipts(data, message, now)
    spoken = detail(told, "zh")
    assert words in spoken
    assert english(spoken) <= {"no", "ReadTimeout"}, spoken
    assert detail(told, "en") == told


def test_what_stands_in_the_ledger(channels, chats, message, now):
    data = channels(desk=bot("slack"))
    told = receipts(data, message, now, dry_run=True)
    chats.faults = [(410, "")]
    told += receipts(data, message, now)
    told += receipts(data, message, now, dry_run=True)
    told += receipts(data, message, now)
    told += receipts(data, message, now)
    first, refused, before, sent, skipped = (detail(one, "zh") for one in told)
    assert first == "尚未发送"
    assert "发送失败：Slack 拒收" in before
    assert sent == "Slack 已收到消息"
    assert re.fullmatch(r"已于 2026-\S+ 发送", skipped)
    assert not any(map(english, (first, refused, before, sent, skipped)))


def test_mail_and_folders(channels, post, message, now):
    data = channels(desk=mailbox(post))
    (told,) = receipts(data, message, now)
    assert re.fullmatch(r"已寄给 \S+@\S+, \S+@\S+", detail(told, "zh"))
    data = channels(desk={"kind": "folder", "path": "outbox"})
    (told,) = deliver(data, message, ["desk"], "other", now=now)
    spoken = detail(told.detail, "zh")
    assert re.fullmatch(r"位于 /\S+/outbox：市场报告_zh\.pdf, market_en\.xlsx", spoken)
    run = detail(f"sent: desk: sent, {told.detail}", "zh")
    assert run == f"已发送，desk: 已发送，{spoken}"
    assert detail("failed: something nobody knows", "zh") == "失败，something nobody knows"
