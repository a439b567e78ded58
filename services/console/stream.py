"""Live pages: the first page is rendered once per change and sent to everybody who looks, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from prometheus_client import Gauge
from sqlalchemy.exc import DBAPIError
from starlette.responses import StreamingResponse

from services.console import reading
from services.console.language import LANGUAGE
from services.console.room import Room
from services.console.views import now as now_view
from services.console.views.pages import Pages
from services.console.visitor import CURRENT, Visitor
from services.runtime import logs
from services.runtime.codec import to_json
from services.runtime.lifecycle import until
from services.vocabulary import Alert, Seconds

CLIENTS = Gauge("attune_console_stream_clients", "Pages that are open and listen.")
KEPT = 8
"""Messages that wait for a slow client; one that falls further behind is cut off and comes back by itself."""
BEAT_S: Seconds = 15.0

ALLOWED_FOR_S: Seconds = 30.0
"""So often a stream looks whether its session still holds."""

Parts = dict[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """What makes two readers' first pages differ: nothing personal, so that one rendering serves many."""

    language: str
    visitor: Visitor

    @classmethod
    def of(cls, visitor: Visitor) -> "View":
        """The view of whoever asks now; its forms get their token in the browser."""
        return cls(LANGUAGE.get(), replace(visitor, name=visitor.name and "somebody", shown="", csrf=""))


class Broadcast:
    """Watches the ledger while anybody looks, and tells every open page what changed."""

    def __init__(self, room: Room, pages: Pages) -> None:
        self._room = room
        self._pages = pages
        self._clients: dict[asyncio.Queue[str | None], View] = {}
        self._parts: dict[View, Parts] = {}
        self._alerts: dict[str, str] = {}
        self._log = logs.logger(part="stream")

    async def run(self, stop: asyncio.Event, period_s: Seconds = 0.5) -> None:
        """Until `stop`; then every stream ends."""
        away = False
        while not stop.is_set():
            if self._clients:
                try:
                    await self.look()
                    away = False
                except DBAPIError as error:
                    if not away:
                        self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
                    away = True
            await until(stop, period_s)
        for client in list(self._clients):
            self._give(client, None)

    async def look(self) -> None:
        """Read once, render once, and send what is different from the last time."""
        views = set(self._clients.values())
        rendered, alerts = await asyncio.to_thread(self._read, views)
        for view, parts in rendered.items():
            before = self._parts.get(view, {})
            changed = {name: html for name, html in parts.items() if before.get(name) != html}
            if changed:
                self._tell("parts", changed, view)
        touched = [identity for identity, body in alerts.items() if self._alerts.get(identity) != body]
        self._parts, self._alerts = rendered, alerts
        if touched:
            self._tell("alerts", {"ids": touched})

    def respond(self, view: View, may_see: Callable[[], bool]) -> StreamingResponse:
        """The stream of one page; it begins with everything, so that a page that was away is right again, and ends when
        whoever looks may not see it any more."""
        client: asyncio.Queue[str | None] = asyncio.Queue(KEPT)
        if view in self._parts and view in self._clients.values():
            client.put_nowait(_event("parts", self._parts[view]))
        else:
            self._parts.pop(view, None)
        self._clients[client] = view
        CLIENTS.set(len(self._clients))
        return StreamingResponse(self._lines(client, may_see), media_type="text/event-stream")

    async def _lines(self, client: "asyncio.Queue[str | None]", may_see: Callable[[], bool]) -> AsyncIterator[str]:
        checked = self._room.clock.monotonic()
        try:
            yield "retry: 2000\n\n"
            while True:
                if self._room.clock.monotonic() - checked > ALLOWED_FOR_S:
                    if not await asyncio.to_thread(may_see):
                        return
                    checked = self._room.clock.monotonic()
                try:
                    text = await asyncio.wait_for(client.get(), BEAT_S)
                except TimeoutError:
                    text = ": beat\n\n"
                if text is None:
                    return
                yield text
        finally:
            self._clients.pop(client, None)
            CLIENTS.set(len(self._clients))

    def _tell(self, name: str, data: Mapping[str, object], view: View | None = None) -> None:
        text = _event(name, data)
        for client, looks in list(self._clients.items()):
            if view is None or looks == view:
                self._give(client, text)

    def _give(self, client: "asyncio.Queue[str | None]", text: str | None) -> None:
        try:
            client.put_nowait(text)
        except asyncio.QueueFull:
            self._clients.pop(client, None)
            while not client.empty():
                client.get_nowait()
            client.put_nowait(None)

    def _read(self, views: Iterable[View]) -> tuple[dict[View, Parts], dict[str, str]]:
        rendered = {}
        with self._room.database.read() as connection:
            for view in views:
                LANGUAGE.set(view.language)
                CURRENT.set(view.visitor)
                rendered[view] = now_view.fragments(connection, self._pages, self._room.clock.now(), None)
            alerts: list[Alert] = reading.alert_page(connection, None, 100, None, None)[0]
        return rendered, {alert.id: to_json(alert) for alert in alerts}


def _event(name: str, data: Mapping[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
