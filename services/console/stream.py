"""Live pages: the first page is rendered once per change and sent to everybody who looks, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

from prometheus_client import Gauge
from sqlalchemy.exc import DBAPIError
from starlette.responses import StreamingResponse

from services.console import reading
from services.console.room import Room
from services.console.views import now as now_view
from services.console.views.pages import Pages
from services.runtime import logs
from services.runtime.codec import to_json
from services.runtime.lifecycle import until
from services.vocabulary import Alert, Seconds

CLIENTS = Gauge("attune_console_stream_clients", "Pages that are open and listen.")
KEPT = 8
"""Messages that wait for a slow client; one that falls further behind is cut off and comes back by itself."""
BEAT_S: Seconds = 15.0

Parts = dict[str, str]


class Broadcast:
    """Watches the ledger while anybody looks, and tells every open page what changed."""

    def __init__(self, room: Room, pages: Pages) -> None:
        self._room = room
        self._pages = pages
        self._clients: set[asyncio.Queue[str | None]] = set()
        self._parts: Parts = {}
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
        parts, alerts = await asyncio.to_thread(self._read)
        changed = {name: html for name, html in parts.items() if self._parts.get(name) != html}
        touched = [identity for identity, body in alerts.items() if self._alerts.get(identity) != body]
        self._parts, self._alerts = parts, alerts
        if changed:
            self._tell("parts", changed)
        if touched:
            self._tell("alerts", {"ids": touched})

    def respond(self) -> StreamingResponse:
        """The stream of one page; it begins with everything, so that a page that was away is right again."""
        client: asyncio.Queue[str | None] = asyncio.Queue(KEPT)
        if self._parts and self._clients:
            client.put_nowait(_event("parts", self._parts))
        else:
            self._parts = {}
        self._clients.add(client)
        CLIENTS.set(len(self._clients))
        return StreamingResponse(self._lines(client), media_type="text/event-stream")

    async def _lines(self, client: "asyncio.Queue[str | None]") -> AsyncIterator[str]:
        try:
            yield "retry: 2000\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(client.get(), BEAT_S)
                except TimeoutError:
                    text = ": beat\n\n"
                if text is None:
                    return
                yield text
        finally:
            self._clients.discard(client)
            CLIENTS.set(len(self._clients))

    def _tell(self, name: str, data: Mapping[str, object]) -> None:
        text = _event(name, data)
        for client in list(self._clients):
            self._give(client, text)

    def _give(self, client: "asyncio.Queue[str | None]", text: str | None) -> None:
        try:
            client.put_nowait(text)
        except asyncio.QueueFull:
            self._clients.discard(client)
            while not client.empty():
                client.get_nowait()
            client.put_nowait(None)

    def _read(self) -> tuple[Parts, dict[str, str]]:
        with self._room.database.read() as connection:
            parts = now_view.fragments(connection, self._pages, self._room.clock.now(), None)
            alerts: list[Alert] = reading.alert_page(connection, None, 100, None, None)[0]
        return parts, {alert.id: to_json(alert) for alert in alerts}


def _event(name: str, data: Mapping[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
