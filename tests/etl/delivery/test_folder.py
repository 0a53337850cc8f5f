"""A folder gets whole files, and none that is there already is lost."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from etl.delivery.deliver import deliver, probe
from etl.errors import InputError

SHARE = {"kind": "folder", "path": "share/reports"}


def names(data) -> list[str]:
    return sorted(path.name for path in (data / "share" / "reports").iterdir())


def test_files_are_copied_and_equal_ones_left_alone(channels, message, now):
    data = channels(share=SHARE)
    for key in ("a", "b"):
        assert deliver(data, message, ["share"], key, now=now)[0].status == "sent"
    assert names(data) == ["market_en.xlsx", "市场报告_zh.pdf"]
    copied = data / "share" / "reports" / "market_en.xlsx"
    assert copied.read_bytes() == message.attachments[1].read_bytes()


def test_a_different_file_of_the_same_name_stays_and_the_new_one_is_dated(channels, message, now):
    data = channels(share=SHARE)
    for number in range(3):
        message.attachments[1].write_text(f"edition {number}")
        deliver(data, message, ["share"], str(number), now=now)
    folder = data / "share" / "reports"
    assert (folder / "market_en.xlsx").read_text() == "edition 0"
    assert (folder / "market_en_2026-11-23T0017.xlsx").read_text() == "edition 1"
    assert (folder / "market_en_2026-11-23T0017_2.xlsx").read_text() == "edition 2"


def test_a_share_without_hard_links_is_written_to_as_carefully(channels, message, now, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    test_a_different_file_of_the_same_name_stays_and_the_new_one_is_dated(channels, message, now)
    assert not [name for name in names(channels(share=SHARE)) if name.startswith(".")]


def test_a_message_without_files_becomes_a_file_of_text(channels, message, now):
    data = channels(share={**SHARE, "link_base": "https://desk.example.com"})
    deliver(data, replace(message, attachments=()), ["share"], "a", now=now)
    (name,) = names(data)
    assert name == "2026-11-23 Meitu-nothing-to-see-美图.txt"
    text = (data / "share" / "reports" / name).read_text(encoding="utf-8")
    assert text.startswith("Meitu: nothing to see 美图\n\nThe first sentence.")
    assert text.endswith("https://desk.example.com/market?ticker=1357.HK\n")


def test_a_folder_that_cannot_be_is_told_before_and_after(channels, message, now):
    data = channels(share={"kind": "folder", "path": "delivery.yml/inside"})
    with pytest.raises(InputError, match="cannot be written to"):
        probe(data, ["share"])
    (receipt,) = deliver(data, message, ["share"], "a", now=now)
    assert receipt.status == "failed"
    assert "takes no more: Not a directory" in receipt.detail
