"""What Streamlit serves: the dashboard's script behind :class:`dashboard.guard.Guard`."""

from __future__ import annotations

import sys

import streamlit as st
from starlette.middleware import Middleware

from dashboard import access, guard, launch, lean, returning

_login = access.of_process(launch.data_dir(sys.argv[1:]))
_names = access.server_names(launch.server_names(sys.argv[1:]), _login)

_base = str(st.get_option("server.baseUrlPath") or "")

app = st.App(
    launch.APP,
    secrets=_login.secrets() if _login else None,
    middleware=[
        Middleware(guard.Guard, names=_names, login=_login, base_path=_base),
        Middleware(returning.Returning, login=_login, base_path=_base),
        Middleware(lean.Lean),
    ],
)
