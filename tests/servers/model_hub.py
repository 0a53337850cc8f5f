"""A model hub that serves one folder as one model, in the hub's own protocol.

Listing: ``/api/models/<id>[/revision/<rev>]`` and ``/api/models/<id>/tree/<rev>``; files:
``/<id>/resolve/<rev>/<path>`` with the headers that ``huggingface_hub`` reads (commit, ETag, size).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serving(folder: Path, model_id: str) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder; yield the hub's address and the list of paths that were asked for."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            asked.append(path)
            if path.startswith(f"api/models/{model_id}"):
                self._json(self._listing(path), with_body=with_body)
            elif path.startswith(f"{model_id}/resolve/"):
                self._file(path.split("/resolve/", 1)[1].split("/", 1)[1], with_body=with_body)
            else:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body=with_body)

        def _listing(self, path: str) -> object:
            if "/tree/" in path:
                return [
                    {"type": "file", "path": name, "size": p.stat().st_size, "oid": _etag(p)}
                    for name, p in files.items()
                ]
            siblings = [{"rfilename": name} for name in files]
            return {"id": model_id, "modelId": model_id, "sha": COMMIT, "siblings": siblings}

        def _json(self, told: object, *, with_body: bool) -> None:
            kind = {"Content-Type": "application/json"}
            self._send(200, json.dumps(told).encode(), kind, with_body=with_body)

        def _file(self, name: str, *, with_body: bool) -> None:
            if name not in files:
                missing = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
                self._send(404, b"", missing, with_body=with_body)
                return
            content = files[name].read_bytes()
            told = {"ETag": f'"{_etag(files[name])}"', "X-Repo-Commit": COMMIT}
            self._send(200, content, told, with_body=with_body)

        def _send(self, status: int, body: bytes, more: dict[str, str], *, with_body: bool) -> None:
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
