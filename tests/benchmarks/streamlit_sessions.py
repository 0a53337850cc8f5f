"""Sessions of the dashboard without a browser: they speak what Streamlit's own page speaks.

A session connects to the websocket of the server, asks for runs of the script as a browser does
(with the state of its widgets, the fragment a control stands in, and the messages it still holds),
and reads until the script has ended. What a run shows as an error is one here.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE_SECONDS = 60.0
CONTROLS = ("checkbox", "slider", "selectbox", "button_group")
"""What a session knows to change."""


@dataclass(frozen=True)
class Control:
    """A control on the page as the server sent it, and the fragment it stands in."""

    kind: str
    sent: Any
    fragment_id: str


@dataclass(frozen=True)
class Answer:
    """What a run cost and brought."""

    seconds: float
    n_bytes: int
    n_messages: int


class RunFailedError(Exception):
    """The page shows an error, or the script did not end well."""


@dataclass
class Session:
    """One visitor: a socket, the page it is on, and what its controls hold."""

    socket: ClientConnection
    page: str | None = None
    query: str = ""
    _pages: dict[str, str] = field(default_factory=dict)
    _held: dict[str, ForwardMsg] = field(default_factory=dict)
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _controls: dict[str, Control] = field(default_factory=dict)
    _errors: list[str] = field(default_factory=list)

    async def visit(self, page: str, query: str = "lang=en") -> Answer:
        """Go to a page by its address; its controls begin anew."""
        self.page, self.query = page, query
        self._states.clear()
        self._controls.clear()
        return await self._run("")

    async def change(self, draw: Random, kinds: tuple[str, ...] = CONTROLS) -> Answer:
        """Change one control of these kinds at random; where there is none, run the page again."""
        known = [one for one in self._controls.values() if one.kind in kinds]
        if not known:
            return await self._run("")
        control = draw.choice(known)
        held = self._states.get(control.sent.id)
        self._states[control.sent.id] = _next_state(control, held, draw)
        return await self._run(control.fragment_id)

    async def _run(self, fragment_id: str) -> Answer:
        asked = BackMsg()
        script = asked.rerun_script
        script.query_string = self.query
        script.page_name = self.page or ""
        script.page_script_hash = self._pages.get(self.page or "", "")
        script.fragment_id = fragment_id
        script.widget_states.widgets.extend(self._states.values())
        script.cached_message_hashes.extend(self._held)
        script.context_info.timezone = "UTC"
        script.context_info.locale = "en-GB"
        script.context_info.url = f"http://localhost/{self.page or ''}"
        script.context_info.color_scheme = "light"
        begin = time.perf_counter()
        await self.socket.send(asked.SerializeToString())
        async with asyncio.timeout(PATIENCE_SECONDS):
            n_bytes, n_messages = await self._until_the_end(whole=not fragment_id)
        seconds = time.perf_counter() - begin
        if self._errors:
            raise RunFailedError(f"/{self.page}?{self.query}: {self._errors[0]}")
        return Answer(seconds, n_bytes, n_messages)

    async def _until_the_end(self, *, whole: bool) -> tuple[int, int]:
        self._errors.clear()
        if whole:
            self._controls.clear()
        n_bytes = n_messages = 0
        while True:
            packed = await self.socket.recv()
            if isinstance(packed, str):
                raise RunFailedError(f"got the text {packed[:80]}")
            n_bytes, n_messages = n_bytes + len(packed), n_messages + 1
            told = ForwardMsg.FromString(packed)
            match told.WhichOneof("type"):
                case "script_finished":
                    if told.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                        raise RunFailedError("the script does not compile")
                    if told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                        return n_bytes, n_messages
                case "navigation":
                    self._pages |= {
                        "" if page.is_default else page.url_pathname: page.page_script_hash
                        for page in told.navigation.app_pages
                    }
                case "page_not_found":
                    self._errors.append("no such page")
                case "page_info_changed":
                    self.query = told.page_info_changed.query_string
                case "delta":
                    self._take(told)
                case "ref_hash":
                    self._take(self._held[told.ref_hash])
                case _:
                    pass

    def _take(self, told: ForwardMsg) -> None:
        """Keep what a message brings: an error, a control, and itself where it may come by name."""
        if told.metadata.cacheable and told.hash:
            self._held[told.hash] = told
        element = told.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self._errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self._errors.append(element.alert.body)
        elif kind in CONTROLS:
            sent = getattr(element, kind)
            if not (sent.disabled or sent.form_id or sent.ignore_rerun):
                self._controls[sent.id] = Control(kind, sent, told.delta.fragment_id)


async def opened(address: str) -> Session:
    """Return a new session of the dashboard at ``http://…``."""
    socket = await connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        open_timeout=PATIENCE_SECONDS,
        ping_timeout=None,
    )
    return Session(socket)


def _next_state(control: Control, held: WidgetState | None, draw: Random) -> WidgetState:
    """Return another value for a control: switched, one step on, or another of its options."""
    sent, state = control.sent, WidgetState(id=control.sent.id)
    match control.kind:
        case "checkbox":
            state.bool_value = not (held.bool_value if held else sent.value or sent.default)
        case "slider":
            now = list(held.double_array_value.data if held else sent.value or sent.default)
            now[-1] = now[-1] + sent.step if now[-1] + sent.step <= sent.max else now[0]
            state.double_array_value.data.extend(now)
        case "selectbox":
            state.string_value = draw.choice(list(sent.options))
        case _:
            state.string_array_value.data.append(draw.choice(list(sent.options)).content)
    return state
