"""``delivery.yml`` is checked word by word, and no error shows a secret."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.delivery import channels as known
from etl.delivery.message import Message, cut
from etl.delivery.secret import redact
from etl.errors import InputError

MAIL = {"kind": "smtp", "host": "h", "sender": "a@example.com", "to": ["b@example.com"]}
LITERAL = "https://hooks.slack.com/services/T01/B02/s3cr3t"


def test_without_a_file_there_is_no_channel(tmp_path):
    assert known.load(tmp_path) == {}
    with pytest.raises(InputError, match="or add it to the file"):
        known.chosen(tmp_path, ["desk"])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({**MAIL, "hots": "x"}, "unknown key 'hots'.*perhaps you meant 'host'"),
        ({"kind": "slak", "url": "${A}"}, "unknown kind 'slak'.*perhaps you meant 'slack'"),
        ({"host": "x"}, "no kind"),
        ({**MAIL, "to": ["nobody"]}, r"to\.0: "),
        ({**MAIL, "to": ["a@b.c", "a@b.c"]}, "twice"),
        ({**MAIL, "user": "u"}, "user and password"),
        ({**MAIL, "user": "u", "password": "${P}", "security": "none"}, "in the open"),
        ({"kind": "slack"}, "neither url"),
        ({"kind": "slack", "url": LITERAL}, r"url: the secret itself.*\$\{VARIABLE\} or url_file"),
        ({**MAIL, "user": "u", "password": "s3cr3t"}, "password: the secret itself"),
        ({"kind": "folder"}, "path: Field required"),
    ],
)
def test_a_fault_is_told_with_its_place_and_without_secrets(channels, told, message):
    data = channels(desk=told)
    with pytest.raises(InputError) as caught:
        known.load(data)
    said = str(caught.value)
    assert re.search(message, said), said
    assert "channels.desk" in said
    assert "s3cr3t" not in said


def test_a_file_that_is_no_yaml_is_told_by_its_line_alone(tmp_path):
    (tmp_path / "delivery.yml").write_text("channels:\n  desk: {url: s3cr3t\n  x: [\n")
    with pytest.raises(InputError, match=r"no YAML \(line \d\)") as caught:
        known.load(tmp_path)
    assert "s3cr3t" not in str(caught.value)


def test_a_secret_comes_from_a_variable_or_a_file(channels, monkeypatch):
    monkeypatch.setenv("HOOK", LITERAL)
    data = channels(desk={"kind": "slack", "url": "${HOOK}"})
    assert known.load(data)["desk"].secrets() == {"url": LITERAL}
    (data / "hook.txt").write_text(f"{LITERAL}\n")
    data = channels(desk={"kind": "slack", "url_file": "hook.txt"})
    channel = known.load(data)["desk"]
    assert channel.secrets() == {"url": LITERAL}
    assert "s3cr3t" not in f"{channel!r}{channel.model_dump_json()}"


@pytest.mark.parametrize(
    "url", ["ftp://x/services/1", "http://hooks.slack.com/services/1", "https://x.com/", "nonsense"]
)
def test_an_address_of_another_kind_is_refused(channels, monkeypatch, url):
    monkeypatch.setenv("HOOK", url)
    with pytest.raises(InputError, match="no webhook of slack"):
        known.load(channels(desk={"kind": "slack", "url": "${HOOK}"}))["desk"].secrets()


def test_a_missing_secret_file_is_told(channels):
    data = channels(desk={"kind": "slack", "url_file": "gone.txt"})
    with pytest.raises(InputError, match=r"desk.url_file 'gone.txt', which cannot be read"):
        known.load(data)["desk"].secrets()


@pytest.mark.parametrize(
    "said",
    [
        f"POST {LITERAL}",
        "url: /services/T01/B02/s3cr3t (Caused by x)",
        "https%3A%2F%2Fhooks.slack.com%2Fservices%2FT01%2FB02%2Fs3cr3t",
        "token s3cr3t",
    ],
)
def test_a_secret_is_hidden_whole_and_in_parts(said):
    assert "s3cr3t" not in redact(said, [LITERAL])


def test_words_of_an_address_that_are_no_secrets_stay():
    url = "https://oapi.dingtalk.com/robot/send?access_token=abcdef012345"
    assert redact("could not send abcdef012345 by robot", [url]) == "could not send *** by robot"


@given(st.text("ab.。 \n", max_size=300), st.integers(90, 200))
def test_a_cut_text_fits_and_is_a_beginning(text, limit):
    found = cut(Message("s", text), "", len, limit)
    if len(text) <= limit:
        assert found == text
        return
    assert len(found) <= limit
    kept = found.rpartition("\n")[0]
    assert text.startswith(kept)
    assert kept.endswith((".", "。")) or not re.search(r"[.] |。|\n", text[: len(kept)].strip())


def test_a_link_is_whole_only_where_the_base_is_known():
    assert Message("s", "t", link="/growth").address("") == ""
    assert Message("s", "t", link="/growth").address("https://x.org/a/") == "https://x.org/a/growth"
    assert Message("s", "t", link="https://y.org").address("https://x.org") == "https://y.org"


def test_the_address_of_the_dashboard_stands_once_for_all_channels(tmp_path):
    path = tmp_path / "delivery.yml"
    path.write_text(
        "link_base: https://desk.example.com/art/\n"
        "channels:\n"
        "  one: {kind: folder, path: a}\n"
        "  two: {kind: folder, path: b, link_base: 'http://other.example.com'}\n"
    )
    assert known.link_base(tmp_path) == "https://desk.example.com/art"
    told = {name: channel.link_base for name, channel in known.load(tmp_path).items()}
    assert told == {"one": "https://desk.example.com/art", "two": "http://other.example.com"}
    path.unlink()
    assert known.link_base(tmp_path) == ""


@pytest.mark.parametrize(
    "base", ["desk.example.com", "ftp://desk", "http://", "https://a/?b=c", "7"]
)
def test_what_is_no_address_of_a_dashboard_is_refused_with_its_place(tmp_path, base):
    (tmp_path / "delivery.yml").write_text(f"link_base: {base}\n")
    for read in (known.link_base, known.load):
        with pytest.raises(InputError, match=r"link_base with .*https://dashboard\.example\.com"):
            read(tmp_path)
