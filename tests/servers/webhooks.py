"""Slack, Feishu, DingTalk and WeCom in one local server that is as strict as their manuals say.

What a manual says of addresses, signatures, limits and answers is checked here a second time, in
other words than the program's own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "T0KEN-5f3a9c"
SECRET = "SEC-of-the-bot-81"
PATHS = {
    "slack": f"/services/T024/B067/{TOKEN}",
    "feishu": f"/open-apis/bot/v2/hook/{TOKEN}",
    "dingtalk": f"/robot/send?access_token={TOKEN}",
    "wecom": f"/cgi-bin/webhook/send?key={TOKEN}",
}
Answer = tuple[int, object]


@dataclass
class Chats:
    """The memory of the chats.

    Attributes
    ----------
    port
        Where they listen.
    posts
        What appeared in each chat, in order.
    files
        Name and content of the files posted to WeCom.
    faults
        Answers still to be given in place of the real one: status and body; the word ``hang``
        answers too late, ``cut`` closes the connection without an answer.
    asked
        Paths of all requests.
    """

    port: int = 0
    posts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    uploads: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    faults: list[Answer | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def address(self, kind: str, token: str = TOKEN) -> str:
        """Return the address of a bot."""
        return f"http://127.0.0.1:{self.port}{PATHS[kind]}".replace(TOKEN, token)


def bot(kind: str, **more: Any) -> dict[str, Any]:
    """Return a channel of a chat whose address stands in the environment."""
    signed = {"secret": "${BOT_SECRET}"} if kind in ("feishu", "dingtalk") else {}
    told = {"kind": kind, "url": f"${{{kind.upper()}_URL}}", "timeout_seconds": 0.5, **signed}
    return {**told, "link_base": "https://desk.example.com", "attempts": 3, **more}


@contextmanager
def webhook_server() -> Iterator[Chats]:
    """Run the chats on a free port until the block ends."""
    chats = Chats()
    handler = type("Handler", (_Handler,), {"chats": chats})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    chats.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield chats
    finally:
        chats.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    chats: Chats
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.chats.asked.append(self.path)
        fault = self.chats.faults.pop(0) if self.chats.faults else None
        if fault == "hang":
            self.chats.released.wait(5)
            self.close_connection = True
        elif fault == "cut":
            self.close_connection = True
        elif isinstance(fault, tuple):
            self._send(fault)
        else:
            self._send(self._answer(content))

    def _answer(self, content: bytes) -> Answer:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path.startswith("/services/"):
            return _slack(self.chats, path, content)
        if path.startswith("/open-apis/bot/v2/hook/"):
            return _feishu(self.chats, path, content)
        if path == "/robot/send":
            return _dingtalk(self.chats, query, content)
        if path == "/cgi-bin/webhook/send":
            return _wecom(self.chats, query, content)
        if path == "/cgi-bin/webhook/upload_media":
            return _upload(self.chats, query, self.headers["Content-Type"], content)
        return 404, "not found"

    def _send(self, answer: Answer) -> None:
        status, told = answer
        body = (told if isinstance(told, str) else json.dumps(told)).encode()
        self.send_response(status)
        kind = "text/html" if isinstance(told, str) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _keep(chats: Chats, kind: str, told: dict[str, Any]) -> None:
    chats.posts.setdefault(kind, []).append(told)


def _slack(chats: Chats, path: str, content: bytes) -> Answer:
    if not path.endswith(f"/{TOKEN}"):
        return 404, "no_service"
    told = json.loads(content)
    blocks = told.get("blocks", [])
    if not told.get("text") and not blocks:
        return 400, "no_text"
    texts = [block["text"]["text"] for block in blocks]
    wrong = len(blocks) > 50 or any(not text or len(text) > 3000 for text in texts)
    wrong |= any(b["type"] == "header" and len(b["text"]["text"]) > 150 for b in blocks)
    loose = re.search(r"[<>]|&(?!amp;|lt;|gt;)", "".join([told["text"], *texts]))
    if wrong or loose or len(told["text"]) > 40_000:
        return 400, "invalid_blocks"
    _keep(chats, "slack", told)
    return 200, "ok"


def _feishu(chats: Chats, path: str, content: bytes) -> Answer:
    if not path.endswith(f"/{TOKEN}"):
        words = "param invalid: incoming webhook access token invalid"
        return 200, {"code": 19001, "msg": words, "data": {}}
    told = json.loads(content)
    stamp = told.get("timestamp", "0")
    signed = hmac.digest(f"{stamp}\n{SECRET}".encode(), b"", "sha256")
    late = abs(time.time() - int(stamp)) > 3600
    if late or told.get("sign") != base64.b64encode(signed).decode():
        words = "sign match fail or timestamp is not within one hour from current time"
        return 200, {"code": 19021, "msg": words, "data": {}}
    if told.get("msg_type") != "post" or len(content) > 20_000:
        return 200, {"code": 9499, "msg": "Bad Request", "data": {}}
    _keep(chats, "feishu", told)
    return 200, {
        "StatusCode": 0,
        "StatusMessage": "success",
        "code": 0,
        "data": {},
        "msg": "success",
    }


def _dingtalk(chats: Chats, query: dict[str, list[str]], content: bytes) -> Answer:
    if query["access_token"] != [TOKEN]:
        return 200, {"errcode": 300005, "errmsg": "token is not exist"}
    stamp = query.get("timestamp", ["0"])[0]
    signed = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    if abs(time.time() * 1000 - int(stamp)) > 3_600_000:
        return 200, {"errcode": 310000, "errmsg": "description:invalid timestamp"}
    if query.get("sign") != [base64.b64encode(signed).decode()]:
        return 200, {"errcode": 310000, "errmsg": "description:sign not match"}
    told = json.loads(content)
    if told.get("msgtype") != "markdown" or not told["markdown"]["title"]:
        return 200, {"errcode": 40035, "errmsg": "缺少参数 json"}
    if len(content) > 20_000:
        return 200, {"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}
    _keep(chats, "dingtalk", told)
    return 200, {"errcode": 0, "errmsg": "ok"}


def _wecom(chats: Chats, query: dict[str, list[str]], content: bytes) -> Answer:
    if query["key"] != [TOKEN]:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"}
    told = json.loads(content)
    if told.get("msgtype") == "file":
        found = chats.uploads.get(told["file"]["media_id"])
        if found is None:
            return 200, {"errcode": 40007, "errmsg": "invalid media_id"}
        chats.files.append(found)
        return 200, {"errcode": 0, "errmsg": "ok"}
    if told.get("msgtype") != "markdown":
        return 200, {"errcode": 40008, "errmsg": "invalid message type"}
    if len(told["markdown"]["content"].encode()) > 4096:
        return 200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"}
    _keep(chats, "wecom", told)
    return 200, {"errcode": 0, "errmsg": "ok"}


def _upload(chats: Chats, query: dict[str, list[str]], kind: str, content: bytes) -> Answer:
    if query["key"] != [TOKEN] or query.get("type") != ["file"]:
        return 200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [2]"}
    form = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + content)
    part = form.get_payload(0)
    head = content.split(b"\r\n\r\n", 1)[0].decode()
    name = re.search(
        r'name="media"; filename="([^"]+)"', head
    )  # no filename*: it is not read there
    body = part.get_payload(decode=True)  # pyright: ignore
    if name is None or not 5 < len(body) <= 20 * 2**20:
        return 200, {"errcode": 44001, "errmsg": "empty media data"}
    media = f"media-{len(chats.uploads) + 1}"
    chats.uploads[media] = (name[1], body)
    told = {"errcode": 0, "errmsg": "ok", "type": "file", "media_id": media, "created_at": "1"}
    return 200, told
