"""The sign-in page, and who is signed in: nothing else is drawn before somebody is let in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from dashboard import access, cache
from dashboard.access import Login, Refusal
from dashboard.tables.table import plain
from dashboard.text import Words
from etl.errors import InputError


def is_let_in() -> bool:
    """Return whether this visitor may see the dashboard; nobody may where it cannot be known."""
    try:
        login = _login()
    except InputError:
        return False
    return login is None or _refusal(login) is None


def who(said: Words) -> None:
    """Show who is signed in, and the way out; nothing where nobody signs in."""
    if _login() is not None:
        st.text(_name(st.user))
        _way_out(said.t("Sign out"))


def page(said: Words) -> None:
    """Draw the page of a visitor who is not let in: the way in, or why there is none."""
    st.title(said.t("Sign-in"))
    try:
        login = _login()
    except InputError:
        st.error(said.t("The sign-in is configured wrongly: start the dashboard again to see how."))
        return
    refusal = _refusal(login) if login else None
    if login is None or refusal is None:
        return
    if refusal in ("signed out", "expired"):
        _way_in(login, refusal, said)
        return
    st.error(_why_not(refusal, plain(_name(st.user)), said), icon=":material/block:")
    _way_out(said.t("Sign out and use another address"))


def _login() -> Login | None:
    return access.of_process(cache.data_dir())


def _refusal(login: Login) -> Refusal | None:
    return login.refusal(dict(st.user), datetime.now(UTC))


def _way_in(login: Login, refusal: Refusal, said: Words) -> None:
    if refusal == "expired":
        st.info(said.t("The sign-in has run out: sign in again."), icon=":material/schedule:")
    st.write(said.t("This dashboard is for those who sign in."))
    address = urlsplit(st.context.url or login.origin)
    if f"{address.scheme}://{address.netloc}" != login.origin:
        # Its cookie would be one of another address, and the sign-in would never end.
        st.info(said.t("Sign in at {address}.", address=login.origin), icon=":material/link:")
        return
    provider = plain(urlsplit(login.server_metadata_url).hostname or "")
    st.button(
        said.t("Sign in with {provider}", provider=provider),
        type="primary",
        icon=":material/login:",
        on_click=st.login,
    )


def _why_not(refusal: Refusal, name: str, said: Words) -> str:
    if refusal == "no address":
        return said.t("The provider tells no mail address of {name}.", name=name)
    if refusal == "not verified":
        return said.t("The provider does not vouch for the address {name}.", name=name)
    return said.t("{name} is not among those who are let in.", name=name)


def _way_out(label: str) -> None:
    st.button(label, icon=":material/logout:", on_click=st.logout, key="sign-out")


def _name(claims: Mapping[str, Any]) -> str:
    """Return by what somebody is known: the address, else the name, else the number."""
    known = (str(claims.get(key) or "").strip() for key in ("email", "name", "sub"))
    return next(filter(None, known), "?")[:120]
