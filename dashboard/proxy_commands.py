"""``artonomics proxy …``: configurations of a web server that stands before the dashboard."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from etl.commandline import Given

app = App(name="proxy", help="Put a web server before the dashboard: names, TLS, compression.")


@app.command
def nginx(
    *,
    server_name: tuple[str, ...],
    port: int = 8501,
    listen: int | None = None,
    base_path: str = "",
    certificate: Path | None = None,
    certificate_key: Path | None = None,
    session: Given,
) -> None:
    """Print a configuration of nginx; with a certificate it speaks TLS alone.

    Parameters
    ----------
    server_name
        Name that visitors type, as art.example.com; as often as needed.
    port
        Port of the dashboard on this machine.
    listen
        Port of nginx; by default 443 with a certificate, to which 80 leads, and otherwise 80.
    base_path
        Path below which the dashboard is served, as art in https://example.com/art.
    certificate
        File of the certificate with its chain.
    certificate_key
        File of its key.
    """
    from dashboard import proxy
    from etl import console

    front = proxy.front(server_name, base_path)
    site = proxy.site(front, port, listen, certificate, certificate_key)
    text = proxy.nginx(site)
    session.show({"nginx": text}, lambda: console.print_text(text))
