"""Tells the ledger how the model's servers are, so that the page of operations can show it."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from services.ledger.database import Database
from services.ledger.model_servers import ModelServer, ModelServerRepository
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary.time import Seconds, UnixSeconds
from vlm_service.replicas import CHECK_EVERY_S, Replicas

AGAIN_S: Seconds = 60.0
"""How often it is said that nothing has changed."""


class ToldServers:
    """Writes when a server's state changes, and now and then, so that silence means that nobody looks."""

    def __init__(self, database: Database, clock: Clock, replica: str, servers: Replicas) -> None:
        self._database, self._clock, self._replica, self._servers = database, clock, replica, servers
        self._said: dict[str, ModelServer] = {}
        self._said_at: Seconds = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; a ledger that is away is told later."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError:
                self._said_at = float("-inf")
            await until(stop, CHECK_EVERY_S)

    def look(self) -> None:
        """Say what changed."""
        now, awake = self._clock.now(), self._clock.monotonic()
        seen = [self._seen(url, trouble, now) for url, trouble in self._servers.states()]
        found = {one.server: one for one in seen}
        if found != self._said or awake - self._said_at >= AGAIN_S:
            with self._database.write() as connection:
                ModelServerRepository(connection).save(self._replica, list(found.values()), now)
            self._said, self._said_at = found, awake

    def _seen(self, url: str, trouble: str, now: UnixSeconds) -> ModelServer:
        parts = urlsplit(url)
        one = ModelServer(f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}", trouble, now)
        before = self._said.get(one.server)
        same = before is not None and bool(before.trouble) == bool(trouble)
        return replace(one, since=before.since) if before is not None and same else one
