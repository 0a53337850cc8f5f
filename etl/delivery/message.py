"""What is delivered, before it has the form of a mail or of a chat."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_ENDS = re.compile(r"(?<=[.!?])\s|(?<=[。！？；])|\n")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LETTERS = re.compile(r"[A-Za-z]")
_PER_LETTER = 3
"""So many letters stand for about as much as one Chinese character."""
_SAID = {
    "en": {
        "cut": "[cut here: {kept} of {whole} characters]",
        "cut_with_link": "[cut here: {kept} of {whole} characters; the rest is behind the link]",
        "link": "Open: {link}",
        "files": "Files: {names}",
    },
    "zh": {
        "cut": "［此处截断：共 {whole} 个字符，已发 {kept} 个］",
        "cut_with_link": "［此处截断：共 {whole} 个字符，已发 {kept} 个；其余见链接］",
        "link": "打开：{link}",
        "files": "文件：{names}",
    },
}


@dataclass(frozen=True)
class Message:
    """Something to deliver.

    Attributes
    ----------
    subject
        One line.
    text
        Plain text; nothing in it is markup.
    html
        The same as HTML, for mail; empty where there is none.
    attachments
        Files that go with it; a chat that takes none names them.
    link
        Where more can be read: an address, or a path that is added to a channel's ``link_base``.
    """

    subject: str
    text: str
    html: str = ""
    attachments: tuple[Path, ...] = ()
    link: str = ""

    def address(self, link_base: str) -> str:
        """Return the link as a whole address; empty where that is not known."""
        if not self.link or self.link.startswith(("https://", "http://")):
            return self.link
        return f"{link_base.rstrip('/')}/{self.link.lstrip('/')}" if link_base else ""

    @property
    def language(self) -> Literal["en", "zh"]:
        """The language of most of its text."""
        told = self.subject + self.text
        is_chinese = _PER_LETTER * len(_CHINESE.findall(told)) > len(_LETTERS.findall(told))
        return "zh" if is_chinese else "en"

    def say(self, what: str, **values: object) -> str:
        """Return one of our own few words, Chinese where most of the text is."""
        return _SAID[self.language][what].format(**values)

    def foot(self, link_base: str, *, with_files: bool = False) -> str:
        """Return the lines below the text: the files by name where asked for, and the link."""
        lines: list[str] = []
        if with_files and self.attachments:
            lines.append(self.say("files", names=", ".join(one.name for one in self.attachments)))
        if address := self.address(link_base):
            lines.append(self.say("link", link=address))
        return "\n".join(lines)


def cut(message: Message, link_base: str, size: Callable[[str], int], limit: int) -> str:
    """Return the text of a message, ended at a sentence where it is too long, saying so.

    Parameters
    ----------
    message, link_base
        The message, and what makes a whole address of its link, which stands below the text.
    size
        Size of a text as the channel counts it, markup and escapes among it.
    limit
        Largest size that is taken.
    """
    text = message.text
    if size(text) <= limit:
        return text
    what = "cut_with_link" if message.address(link_base) else "cut"

    def shortened(length: int) -> str:
        note = message.say(what, kept=length, whole=len(text))
        return f"{text[:length].rstrip()}\n{note}"

    low, high = 0, len(text)
    while low < high:  # the longest beginning that fits with its note
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(shortened(middle)) <= limit else (low, middle - 1)
    ends = [end.start() for end in _ENDS.finditer(text, 0, low)]
    return shortened(ends[-1] if ends else low)
