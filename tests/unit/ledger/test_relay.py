"""What the relay tells a queue, and when it looks for it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

import pytest

from services.ledger import Database, OutboxRepository
from services.ledger.relay import relay, relay_once
from services.runtime.engine import writing
from services.runtime.queue import Queue, open_queue
from tests.unit.ledger.nouns import NOON

TOPIC = "event.changed"


@pytest.fixture
def queue(sqlite_url: str) -> Iterator[Queue]:
    queue = open_queue("", sqlite_url)
    yield queue
    queue.close()


@dataclass
class Relaying:
    """A relay at work: how many messages each of its looks has found."""

    found: list[int] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def of(self, database: Database, queue: Queue) -> AsyncIterator[None]:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def _look(*given: object) -> int:
            self.found.append(relay_once(*given))  # type: ignore[arg-type]
            if self.found[-1]:
                loop.call_soon_threadsafe(self.told.set)
            return self.found[-1]

        with patch("services.ledger.relay.relay_once", _look):
            job = asyncio.create_task(relay(database, queue, [TOPIC], stop, period_s=0.01))
            yield
            stop.set()
            await job


def test_the_relay_looks_once_while_nobody_writes_and_again_when_somebody_has(
    database: Database, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ledger.relay.LOOK_S", 60.0)

    async def _live() -> None:
        relaying = Relaying()
        async with asyncio.timeout(10), relaying.of(database, queue):
            await asyncio.sleep(0.3)
            assert relaying.found == [0]
            with database.write() as connection:
                OutboxRepository(connection).add(TOPIC, "e1", "{}", NOON)
            await relaying.told.wait()

    asyncio.run(_live())


def test_the_relay_finds_what_another_process_has_written(
    database: Database, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ledger.relay.LOOK_S", 0.05)

    async def _live() -> None:
        relaying = Relaying()
        async with asyncio.timeout(10), relaying.of(database, queue):
            await asyncio.sleep(0.1)
            with writing(database._engine) as connection:
                OutboxRepository(connection).add(TOPIC, "e1", "{}", NOON)
            await relaying.told.wait()

    asyncio.run(_live())
