"""Mail through a real server: what arrives, who is refused, what is tried again and what is not."""

from __future__ import annotations

import shutil
import smtplib
import socket
import ssl
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from servers.mail import PASSWORD, USER, Post, mail_server, mailbox

from etl.delivery import mail
from etl.delivery.deliver import Receipt, deliver, probe
from etl.delivery.faults import DeliveryError, TransientError
from etl.delivery.ledger import Ledger
from etl.delivery.message import Message

ADA, BO = "ada@example.com", "bo@example.com"


def sent(data: Path, message: Message, now: datetime, **options: Any) -> Receipt:
    (receipt,) = deliver(data, message, ["desk"], "weekly/1", now=now, **options)
    return receipt


def test_a_mail_arrives_with_text_html_and_files(channels, post, message, now):
    receipt = sent(channels(desk=mailbox(post)), message, now)

    assert receipt.status == "sent", receipt.detail
    assert post.recipients == [[ADA, BO]]
    (mail,) = post.mails
    assert mail["Subject"] == "Meitu: nothing to see 美图"
    assert mail["To"] == f"{ADA}, {BO}"
    text = mail.get_body(("plain",)).get_content()
    assert text.replace("\r\n", "\n").startswith(message.text)
    assert "https://desk.example.com/market?ticker=1357.HK" in text
    assert "market_en.xlsx" in text
    assert "<h1>Meitu</h1>" in mail.get_body(("html",)).get_content()
    found = [(one.get_filename(), one.get_content_type()) for one in mail.iter_attachments()]
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert found == [("市场报告_zh.pdf", "application/pdf"), ("market_en.xlsx", office)]
    contents = [one.get_content() for one in mail.iter_attachments()]
    assert contents == [b"%PDF-1.7 made up", b"PK made up"]


def test_a_chinese_file_name_is_written_as_the_standard_has_it(channels, post, message, now):
    sent(channels(desk=mailbox(post)), message, now)
    assert b"filename*=utf-8''%E5%B8%82%E5%9C%BA" in post.mails[0].as_bytes().replace(
        b"*0*=", b"*="
    )


def test_the_identifier_follows_from_the_key_and_differs_between_keys(channels, post, message, now):
    data = channels(desk=mailbox(post), team=mailbox(post))
    deliver(data, message, ["desk", "team"], "a", now=now)
    deliver(data, message, ["desk"], "b", now=now)
    shutil.rmtree(data / "delivery")
    deliver(data, message, ["desk"], "a", now=now)
    first, other_channel, other_key, again = [mail["Message-ID"] for mail in post.mails]
    assert first == again
    assert len({first, other_channel, other_key}) == 3


def test_the_same_key_is_mailed_once_unless_it_is_asked_for_again(channels, post, message, now):
    data = channels(desk=mailbox(post))
    assert sent(data, message, now).status == "sent"
    assert sent(data, message, now).status == "skipped"
    assert len(post.mails) == 1
    assert sent(data, message, now, resend=True).status == "sent"
    # A mail program that has seen the identifier would hide the second one.
    assert post.mails[0]["Message-ID"] != post.mails[1]["Message-ID"]


def test_a_busy_server_is_asked_again(channels, post, message, now):
    post.answers["rcpt"] = ["450 greylisted, come back", "450 greylisted, come back"]
    assert sent(channels(desk=mailbox(post)), message, now).status == "sent"
    assert post.recipients == [[ADA, BO]]


def test_only_those_who_must_wait_are_asked_again(channels, post, message, now):
    post.answers["rcpt"] = ["450 greylisted"]
    assert sent(channels(desk=mailbox(post)), message, now).status == "sent"
    assert post.recipients == [[BO], [ADA]]


def test_content_that_is_put_off_is_handed_over_again(channels, post, message, now):
    post.answers["data"] = ["451 try later"]
    assert sent(channels(desk=mailbox(post)), message, now).status == "sent"
    assert len(post.mails) == 1


def test_a_server_that_stays_busy_fails_in_its_own_words(channels, post, message, now):
    post.answers["data"] = ["451 disk full"] * 9
    data = channels(desk=mailbox(post))
    receipt = sent(data, message, now)
    assert receipt.status == "failed"
    assert "451 disk full" in receipt.detail
    assert len(post.answers["data"]) == 6  # three attempts
    post.answers.clear()
    assert sent(data, message, now).status == "sent"


def test_a_refused_recipient_is_named_and_a_repeat_goes_to_that_one_alone(
    channels, post, message, now
):
    post.refused[BO] = "550 no such user"
    data = channels(desk=mailbox(post))

    receipt = sent(data, message, now)

    assert receipt.status == "failed"
    assert f"not mailed to {BO}: 550 no such user; mailed to {ADA}" in receipt.detail
    assert Ledger(data).standing("weekly/1", "desk").reached == (ADA,)
    post.refused.clear()
    assert sent(data, message, now).status == "sent"
    assert post.recipients == [[ADA], [BO]]


def test_a_refusal_is_not_tried_again(channels, post, message, now):
    post.answers["data"] = ["554 looks like spam", "554 looks like spam"]
    assert sent(channels(desk=mailbox(post)), message, now).status == "failed"
    assert len(post.answers["data"]) == 1


def test_silence_after_the_whole_mail_is_uncertain_and_not_repeated(channels, post, message, now):
    post.answers["data"] = ["drop"]
    data = channels(desk=mailbox(post))

    receipt = sent(data, message, now)

    assert receipt.status == "uncertain"
    assert "fell silent" in receipt.detail
    assert sent(data, message, now).status == "uncertain"
    assert len(post.mails) == 1  # it had arrived
    assert sent(data, message, now, resend=True).status == "sent"


def test_a_line_that_begins_with_a_dot_arrives_with_it(post):
    with smtplib.SMTP("127.0.0.1", post.port) as server:
        server.ehlo()
        server.mail("a@example.com")
        server.rcpt(ADA)
        mail._hand_over(server, b"Subject: dots\r\n\r\n.one\r\n.\r\nlast")
    assert post.mails[0].get_content().splitlines() == [".one", ".", "last"]


def test_a_mail_larger_than_the_server_takes_is_told_before_it_is_handed_over(
    channels, message, now
):
    message.attachments[1].write_bytes(b"x" * 20_000)
    with mail_server(size_limit=10_000) as post:
        receipt = sent(channels(desk=mailbox(post)), message, now)
    assert receipt.status == "failed"
    assert "127.0.0.1 takes 10,000" in receipt.detail


def test_nobody_at_the_address_is_told_by_a_probe_and_by_a_delivery(channels, message, now):
    with socket.socket() as taken:  # bound but not listening
        taken.bind(("127.0.0.1", 0))
        data = channels(desk=mailbox(Post(port=taken.getsockname()[1])))
        with pytest.raises(TransientError, match="cannot be reached") as caught:
            probe(data, ["desk"])
        assert "host, port" in caught.value.todo
        assert sent(data, message, now).status == "failed"


def test_a_probe_logs_in_and_sends_nothing(channels, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    with mail_server(with_login=True) as post:
        probe(channels(desk=mailbox(post, user=USER, password="${MAIL_PASSWORD}")), ["desk"])
        assert post.logins == 1
        assert not post.mails


def test_a_wrong_password_is_refused_without_being_shown(channels, message, now, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-but-secret")
    with mail_server(with_login=True) as post:
        data = channels(desk=mailbox(post, user=USER, password="${MAIL_PASSWORD}"))
        with pytest.raises(DeliveryError, match="refuses the login: 535") as caught:
            probe(data, ["desk"])
        receipt = sent(data, message, now)
    assert receipt.status == "failed"
    ledger = Ledger(data).path.read_text()
    assert "wrong-but-secret" not in f"{caught.value}{receipt}{ledger}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate of this machine and the context of a server that shows it."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    own, key = folder / "own.pem", folder / "key.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(own)]
    subprocess.run(["openssl", *words.split(), *names, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    return own, context


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_an_encrypted_connection_is_made_and_its_certificate_checked(
    channels, message, now, certificate, security
):
    own, context = certificate
    given = {"tls" if security == "ssl" else "starttls": context}
    with mail_server(**given) as post:
        with pytest.raises(DeliveryError, match="no encrypted connection"):
            probe(channels(desk=mailbox(post, security=security)), ["desk"])
        data = channels(desk=mailbox(post, security=security, ca_file=str(own)))
        assert sent(data, message, now).status == "sent"
        assert len(post.mails) == 1


def test_encryption_that_is_not_offered_is_not_done_without(channels, post, message, now):
    receipt = sent(channels(desk=mailbox(post, security="starttls")), message, now)
    assert receipt.status == "failed"
    assert not post.mails
