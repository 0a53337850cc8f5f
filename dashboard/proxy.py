"""A configuration of nginx for the dashboard: websocket, compression, limits, TLS.

The headers that guard a page come from the dashboard itself (:mod:`dashboard.guard`), so that they
are there without a proxy too and nobody has to keep two lists in step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.launch import ADDRESS, DIRECT, Front
from dashboard.uploads import MAX_MEGABYTES
from etl.errors import InputError

_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_BASE_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_FILE = re.compile(r"/[^\"'\\;{}$\x00-\x20\x7f]+")
COMPRESSED = (
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/javascript",
    "text/plain",
)
"""Kinds of answers that are sent compressed, beside HTML; fonts and pictures already are."""


@dataclass(frozen=True)
class Site:
    """What a proxy is told.

    Attributes
    ----------
    front
        The names and the path that visitors use.
    port
        Port of the dashboard on this machine.
    listen
        Port of the proxy.
    certificate, key
        Files of TLS; without them the proxy speaks plain HTTP.
    redirects
        Whether plain HTTP is led to TLS.
    """

    front: Front
    port: int
    listen: int
    certificate: Path | None = None
    key: Path | None = None
    redirects: bool = True


def front(server_names: Sequence[str], base_path: str) -> Front:
    """Return the names and the path of a proxy.

    Raises
    ------
    InputError
        If one of them is none.
    """
    for name in server_names:
        if not _NAME.fullmatch(name.lower()):
            raise InputError(
                f"got --server-name {name!r}",
                "the name of a host, as art.example.com or *.example.com",
                "leave out https:// and the port",
            )
    path = base_path.strip("/")
    if path and not _BASE_PATH.fullmatch(path):
        raise InputError(f"got --base-path {base_path!r}", "a path of letters, digits, - and _")
    if not server_names and not path:
        return DIRECT
    return Front(tuple(name.lower() for name in server_names), path)


def site(
    names: Front, port: int, listen: int | None, certificate: Path | None, key: Path | None
) -> Site:
    """Return what a proxy is told.

    Raises
    ------
    InputError
        If there is no name, no such port, or one of the two files of TLS.
    """
    if not names.server_names:
        raise InputError("got no --server-name", "the name visitors type, as art.example.com")
    if (certificate is None) != (key is None):
        given = "--certificate" if certificate else "--certificate-key"
        raise InputError(f"got {given} alone", "--certificate and --certificate-key together")
    for path in filter(None, (certificate, key)):
        if not _FILE.fullmatch(str(path)):
            raise InputError(f"got the file {str(path)!r}", "a whole path without spaces or signs")
    for number in (port, *([] if listen is None else [listen])):
        if not 1 <= number <= 65535:
            raise InputError(f"got the port {number}", "a port from 1 to 65535")
    tls = certificate is not None
    return Site(names, port, listen or (443 if tls else 80), certificate, key, listen is None)


def nginx(told: Site) -> str:
    """Return the configuration of a site for the folder ``conf.d`` of nginx (1.19.3 or newer)."""
    lines = [*_head(told), *_limits(), *_redirect(told), *_server(told)]
    return "\n".join(lines) + "\n"


def _head(told: Site) -> list[str]:
    names = " ".join(f"--server-name '{name}'" for name in told.front.server_names)
    base = f" --base-path {told.front.base_path}" if told.front.base_path else ""
    return [
        "# Artonomics behind nginx. Keep this file as /etc/nginx/conf.d/artonomics.conf, then",
        "#   nginx -t && systemctl reload nginx",
        "# and start the dashboard on the same machine with",
        f"#   artonomics dashboard --port {told.port} {names}{base}",
        "# The headers that guard a page come from the dashboard.",
        "",
    ]


def _limits() -> list[str]:
    return [
        "map $http_upgrade $artonomics_connection { default upgrade; '' ''; }",
        "# A first visit asks for about a hundred small files at once; a sign-in asks seldom.",
        "limit_req_zone $binary_remote_addr zone=artonomics_files:1m rate=50r/s;",
        "limit_req_zone $binary_remote_addr zone=artonomics_sign_in:1m rate=2r/s;",
        "limit_conn_zone $binary_remote_addr zone=artonomics_connections:1m;",
        "",
    ]


def _redirect(told: Site) -> list[str]:
    if told.certificate is None or not told.redirects:
        return []
    return [
        "server {",
        "    listen 80;",
        f"    server_name {' '.join(told.front.server_names)};",
        "    server_tokens off;",
        "    return 301 https://$host$request_uri;",
        "}",
        "",
    ]


def _server(told: Site) -> list[str]:
    base = f"/{told.front.base_path}" if told.front.base_path else ""
    dashboard = f"proxy_pass http://{ADDRESS}:{told.port};"
    return [
        "server {",
        f"    listen {told.listen}{' ssl http2' if told.certificate else ''};",
        f"    server_name {' '.join(told.front.server_names)};",
        "    server_tokens off;",
        *_tls(told),
        "",
        "    gzip on;",
        "    gzip_comp_level 6;",
        "    gzip_min_length 1024;",
        "    gzip_proxied any;",
        "    gzip_vary on;",
        f"    gzip_types {' '.join(COMPRESSED)};",
        "",
        "    client_max_body_size 64k;",
        "    client_body_timeout 30s;",
        "    client_header_timeout 15s;",
        "    limit_conn artonomics_connections 100;",
        "    limit_conn_status 429;",
        "    limit_req_status 429;",
        "",
        "    proxy_http_version 1.1;",
        "    proxy_set_header Host $http_host;",
        "    proxy_set_header X-Forwarded-For $remote_addr;",
        "    proxy_set_header X-Forwarded-Proto $scheme;",
        "    proxy_set_header Upgrade $http_upgrade;",
        "    proxy_set_header Connection $artonomics_connection;",
        "    proxy_connect_timeout 5s;",
        "    proxy_read_timeout 120s;",
        "",
        f"    location {base}/ {{",
        "        limit_req zone=artonomics_files burst=400 nodelay;",
        f"        {dashboard}",
        "    }",
        "    # The server asks after every visitor twice a minute: longer silence is an end.",
        f"    location = {base}/_stcore/stream {{",
        "        proxy_buffering off;",
        "        proxy_read_timeout 180s;",
        "        proxy_send_timeout 180s;",
        f"        {dashboard}",
        "    }",
        "    # As large as the dashboard takes a file, and a little for its envelope.",
        f"    location {base}/_stcore/upload_file/ {{",
        f"        client_max_body_size {MAX_MEGABYTES + 1}m;",
        "        proxy_request_buffering off;",
        "        limit_req zone=artonomics_files burst=40 nodelay;",
        f"        {dashboard}",
        "    }",
        f"    location ~ ^{base}/(auth/log(in|out)|oauth2callback)$ {{",
        "        limit_req zone=artonomics_sign_in burst=10 nodelay;",
        f"        {dashboard}",
        "    }",
        "    # For whoever keeps the machine, not for visitors.",
        f"    location ~ ^{base}/_stcore/(agent|metrics|script-health-check) {{ return 404; }}",
        "}",
    ]


def _tls(told: Site) -> list[str]:
    if told.certificate is None:
        return []
    return [
        f"    ssl_certificate {told.certificate};",
        f"    ssl_certificate_key {told.key};",
        "    ssl_protocols TLSv1.2 TLSv1.3;",
        "    ssl_session_cache shared:artonomics:1m;",
        "    ssl_session_tickets off;",
        '    add_header Strict-Transport-Security "max-age=31536000" always;',
        "    proxy_cookie_flags ~ secure;",
    ]
