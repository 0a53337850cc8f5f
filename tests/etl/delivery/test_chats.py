"""The four chats in a server that checks what their manuals say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from servers.webhooks import SECRET, TOKEN, Chats, bot

from etl.delivery.chat_formats import dingtalk_signature, feishu_signature, widened
from etl.delivery.deliver import Receipt, deliver, probe
from etl.delivery.faults import DeliveryError
from etl.delivery.ledger import Ledger
from etl.delivery.message import Message
from etl.errors import InputError

KINDS = ("slack", "feishu", "dingtalk", "wecom")
LINK = "https://desk.example.com/market?ticker=1357.HK"


def sent(data: Path, message: Message, now: datetime, **options: Any) -> Receipt:
    (receipt,) = deliver(data, message, ["desk"], "weekly/1", now=now, **options)
    return receipt


def words_of(kind: str, told: dict[str, Any]) -> str:
    """Return all that a reader sees of a post."""
    if kind == "slack":
        return "\n".join(block["text"]["text"] for block in told["blocks"])
    if kind == "feishu":
        post = told["content"]["post"]["zh_cn"]
        lines = ["".join(one["text"] for one in line) for line in post["content"]]
        return "\n".join([post["title"], *lines])
    inner = told["markdown"]
    return inner.get("text") or inner["content"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_appears_with_its_link_once(channels, chats, message, now, kind):
    data = channels(desk=bot(kind))
    assert sent(data, message, now).status == "sent"
    assert sent(data, message, now).status == "skipped"
    (told,) = chats.posts[kind]
    shown = words_of(kind, told)
    assert "Meitu: nothing to see 美图" in shown
    assert "The first sentence. The second one." in shown
    assert LINK in shown
    assert ("market_en.xlsx" in shown) == (kind != "wecom")


def test_wecom_gets_the_files_too(channels, chats, message, now):
    receipt = sent(channels(desk=bot("wecom")), message, now)
    assert receipt.status == "sent", receipt.detail
    assert chats.files == [(one.name, one.read_bytes()) for one in message.attachments]


def test_a_file_that_failed_is_sent_alone_the_next_time(channels, chats, message, now):
    data = channels(desk=bot("wecom"))
    chats.faults = []
    message.attachments[1].write_bytes(b"tiny")  # 5 bytes or fewer are refused
    receipt = sent(data, message, now)
    assert receipt.status == "failed"
    assert "it has the message, 市场报告_zh.pdf" in receipt.detail
    message.attachments[1].write_bytes(b"no longer tiny")
    assert sent(data, message, now).status == "sent"
    assert len(chats.posts["wecom"]) == 1
    assert [name for name, _ in chats.files] == ["市场报告_zh.pdf", "market_en.xlsx"]


def test_a_file_too_large_for_wecom_is_told(channels, chats, message, now):
    with message.attachments[0].open("wb") as file:
        file.truncate(20 * 2**20 + 1)
    receipt = sent(channels(desk=bot("wecom")), message, now)
    assert receipt.status == "failed"
    assert "WeCom takes 20,971,520" in receipt.detail
    without = deliver(
        channels(desk=bot("wecom", with_files=False)), message, ["desk"], "b", now=now
    )
    assert without[0].status == "sent"


def test_the_signatures_are_those_of_the_manuals():
    # By `printf '' | openssl dgst -sha256 -hmac $'1599360473\ndemo' -binary | base64`, and
    # `printf '1599360473000\nSECdemo' | openssl dgst -sha256 -hmac SECdemo -binary | base64`.
    assert feishu_signature("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    assert (
        dingtalk_signature("SECdemo", 1599360473000)
        == "tGWkA5eQOQNCNPDgphtxIoNLO+/gD8Lcb705KQoRzeY="
    )


@pytest.mark.parametrize(
    ("kind", "limit"), [("slack", 40_000), ("dingtalk", 6000), ("wecom", 1000)]
)
def test_a_text_too_long_is_cut_at_a_sentence_and_says_so(
    channels, chats, message, now, kind, limit
):
    long = replace(message, text="这是一句不短的话，说了又说。" * 6000)
    receipt = sent(
        channels(desk=bot(kind, with_files=False) if kind == "wecom" else bot(kind)), long, now
    )
    assert receipt.status == "sent", receipt.detail
    shown = words_of(kind, chats.posts[kind][0])
    kept, _, rest = shown.partition("［此处截断：共 84000 个字符")
    assert kept.rstrip().endswith("。")
    assert "其余见链接" in rest
    assert rest.strip().endswith(LINK)
    assert len(kept) > 0.8 * limit


def test_a_text_too_long_for_feishu_is_cut_too(channels, chats, message, now):
    long = replace(message, text="A sentence that is not short. " * 2000)
    assert sent(channels(desk=bot("feishu")), long, now).status == "sent"
    shown = words_of("feishu", chats.posts["feishu"][0])
    kept, _, rest = shown.partition("[cut here")
    assert kept.endswith("not short.\n")
    assert len(kept) > 18_000
    assert rest


HOSTILE = (
    "<!channel> *bold* _it_ `code` [x](http://evil.example) <@U1> & <font>\n# head\n- item -2.0%"
)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_text_is_read_as_markup(channels, chats, message, now, kind):
    assert sent(channels(desk=bot(kind)), replace(message, text=HOSTILE), now).status == "sent"
    told = chats.posts[kind][0]
    shown = words_of(kind, told)
    if kind == "slack":
        assert "&lt;!channel&gt;" in shown
        assert {block["text"]["type"] for block in told["blocks"]} == {"plain_text"}
        assert told["mrkdwn"] is False
    elif kind == "feishu":
        tags = {one["tag"] for line in told["content"]["post"]["zh_cn"]["content"] for one in line}
        assert tags == {"text"}
        assert "<!channel> *bold*" in shown
    else:
        body = shown.split("\n\n", 1)[1]
        assert not set("*`[]<>") & set(body)
        assert "＃ head" in body
        assert "－ item -2.0%" in body


def test_names_of_files_and_numbers_stay_as_they_are():
    assert widened("market_1357.HK_en.pdf: -2.0% (+1)") == "market_1357.HK_en.pdf: -2.0% (+1)"
    assert widened("_it_ and __bold__") == "＿it＿ and ＿＿bold＿＿"


def test_a_good_status_with_an_error_in_the_body_is_a_failure_in_words(
    channels, chats, message, now, monkeypatch
):
    monkeypatch.setenv("BOT_SECRET", "another-one")
    receipt = sent(channels(desk=bot("feishu")), message, now)
    assert receipt.status == "failed"
    assert "Feishu refuses: HTTP 200 19021 sign match fail" in receipt.detail
    assert "see the secret and the clock" in receipt.detail


@pytest.mark.parametrize(
    ("kind", "fault", "words"),
    [
        ("wecom", (200, {"errcode": 93000, "errmsg": "invalid webhook url"}), "does not know"),
        ("dingtalk", (200, {"errcode": 310000, "errmsg": "keywords not in content"}), "key word"),
        ("dingtalk", (200, {"errcode": 987654, "errmsg": "new"}), "HTTP 200 987654 new"),
        ("feishu", (200, "<html>log in</html>"), "an answer without a code"),
        ("slack", (200, "<html>log in</html>"), "HTTP 200 <html>log in</html>"),
        ("slack", (410, "channel_is_archived"), "its channel is archived"),
        ("slack", (302, ""), "HTTP 302"),
    ],
)
def test_a_refusal_is_told_and_not_tried_again(channels, chats, message, now, kind, fault, words):
    chats.faults = [fault]
    receipt = sent(channels(desk=bot(kind)), message, now)
    assert receipt.status == "failed"
    assert words in receipt.detail
    assert len(chats.asked) == 1


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("slack", (429, "rate_limited")),
        ("slack", (503, "")),
        ("feishu", (200, {"code": 11232, "msg": "frequency limited"})),
        ("dingtalk", (200, {"errcode": 130101, "errmsg": "send too fast"})),
        ("wecom", (200, {"errcode": 45009, "errmsg": "api freq out of limit"})),
    ],
)
def test_what_passes_is_tried_again(channels, chats, message, now, kind, fault):
    chats.faults = [fault, fault]
    assert sent(channels(desk=bot(kind)), message, now).status == "sent"
    assert len(chats.posts[kind]) == 1


@pytest.mark.parametrize("kind", ["feishu", "dingtalk", "wecom"])
def test_an_answer_without_a_code_is_told_without_a_riddle(channels, chats, message, now, kind):
    chats.faults = [(500, "<html>")] * 3
    told = sent(channels(desk=bot(kind)), message, now).detail
    assert "refuses: HTTP 500, an answer without a code;" in told
    assert "?" not in told
    assert "send it again later (3 tries)" in told
    assert "by itself" not in told


@pytest.mark.parametrize("fault", ["hang", "cut", (502, "bad gateway"), (504, "")])
def test_silence_after_the_post_is_uncertain_and_not_repeated(channels, chats, message, now, fault):
    chats.faults = [fault]
    data = channels(desk=bot("slack"))
    assert sent(data, message, now).status == "uncertain"
    assert sent(data, message, now).status == "uncertain"
    assert len(chats.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_finds_a_wrong_address_and_posts_nothing(channels, chats, monkeypatch, kind):
    data = channels(desk=bot(kind))
    probe(data, ["desk"])
    monkeypatch.setenv(f"{kind.upper()}_URL", chats.address(kind, "another-t0ken"))
    with pytest.raises(InputError, match="does not know this address") as caught:
        probe(data, ["desk"])
    assert "another-t0ken" not in str(caught.value)
    assert chats.posts == {}


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_a_probe_finds_a_wrong_secret(channels, chats, monkeypatch, kind):
    monkeypatch.setenv("BOT_SECRET", "another-one")
    with pytest.raises(InputError, match="sign"):
        probe(channels(desk=bot(kind)), ["desk"])


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_at_the_address_is_told_without_the_address(
    channels, message, now, monkeypatch, kind
):
    away = Chats(port=9)
    monkeypatch.setenv(f"{kind.upper()}_URL", away.address(kind))
    monkeypatch.setenv("BOT_SECRET", SECRET)
    data = channels(desk=bot(kind))
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        probe(data, ["desk"])
    receipt = sent(data, message, now)
    assert receipt.status == "failed"
    for told in (str(caught.value), repr(receipt), Ledger(data).path.read_text()):
        assert TOKEN not in told
        assert SECRET not in told


def test_a_server_that_says_the_secret_back_is_not_quoted(channels, chats, message, now):
    chats.faults = [(200, {"errcode": 1, "errmsg": f"no such key {TOKEN}"})]
    data = channels(desk=bot("wecom"))
    receipt = sent(data, message, now)
    assert "no such key ***" in receipt.detail
    assert TOKEN not in Ledger(data).path.read_text()
