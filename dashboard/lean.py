"""The shell of the page without the font that it would fetch for nothing.

Streamlit's page asks for its own font before it knows that ours are the reader's own. It weighs
170 kB of a first visit of three megabytes.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FONT = re.compile(rb'<link\s+rel="preload"[^>]*\bas="font"[^>]*>\s*')
_LOCAL = ("Noto Sans", "Segoe UI", "Helvetica Neue", "Roboto", "Arial", "Liberation Sans")
_LOCAL += ("DejaVu Sans", "Noto Sans CJK SC")
_FACE = (
    "<style>@font-face{font-family:Source Sans;font-weight:100 900;font-style:normal;src:"
    + ",".join(f'local("{name}")' for name in _LOCAL)
    + "}</style></head>"
).encode()
"""The name of that font, given to one that is here; where none is, it is fetched after all."""


class Lean:
    """Keep pages from calling for a font; everything else goes through as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        if any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
            # A page that comes compressed could not be read here; a proxy compresses it later.
            kept = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await self.app(scope, receive, _Shortened(send))


class _Shortened:
    """What is sent, with pages held back until they are whole."""

    def __init__(self, send: Send) -> None:
        self.send, self.begin, self.content = send, None, b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.begin = message
        elif self.begin is None:
            await self.send(message)
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")
            if not message.get("more_body", False):
                await self._end(self.begin)

    async def _end(self, begin: Message) -> None:
        content = _FONT.sub(b"", self.content).replace(b"</head>", _FACE, 1)
        MutableHeaders(scope=begin)["content-length"] = str(len(content))
        await self.send(begin)
        await self.send({"type": "http.response.body", "body": content})


def _is_page(begin: Message) -> bool:
    headers = MutableHeaders(scope=begin)
    # A page that is offered as a file is given as it is.
    changed = "content-encoding" in headers or "content-disposition" in headers
    whole = begin["status"] == 200 and not changed
    return whole and headers.get("content-type", "").startswith("text/html")
