"""Tells the queue what the outbox holds; the queue is only a wake-up, the outbox is the truth."""

import asyncio
import math
import time
from collections.abc import Sequence
from itertools import groupby

from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError

from services.ledger.database import Database
from services.ledger.outbox import OutboxRepository
from services.runtime import logs
from services.runtime.clock import Clock, SystemClock
from services.runtime.lifecycle import until
from services.runtime.queue import Queue, QueueUnavailable
from services.vocabulary import Seconds, UnixSeconds

LOOK_S: Seconds = 1.0
"""How long a message may wait that another process has written, as a command does: a look twenty times a second took
5 % of a core with nothing to do (measured)."""
_PUBLISHED = Counter("attune_outbox_published_total", "Messages of the outbox that the queue was told of.", ["topic"])


def relay_once(database: Database, queue: Queue, topics: Sequence[str], now: UnixSeconds, limit: int = 100) -> int:
    """Publish up to `limit` unpublished messages of these topics, oldest first, and mark them; how many.

    The queue is given the message's id and no contents. After a crash between the two steps a message is published
    twice and the consumer's inbox sorts it out.

    Raises:
        QueueUnavailable: the queue does not answer; what was published until then is marked.
    """
    with database.read() as connection:
        waiting = OutboxRepository(connection).unpublished(limit, topics)
    published: list[str] = []
    try:
        for topic, group in groupby(waiting, key=lambda message: message.topic):
            ids = [message.id for message in group]
            queue.publish_all(topic, ids)
            published.extend(ids)
            _PUBLISHED.labels(topic).inc(len(ids))
    finally:
        if published:
            with database.write() as connection:
                OutboxRepository(connection).mark_published(published, now)
    return len(published)


async def relay(
    database: Database,
    queue: Queue,
    topics: Sequence[str],
    stop: asyncio.Event,
    clock: Clock | None = None,
    period_s: Seconds = 0.05,
) -> None:
    """Relay until `stop`; a queue or database that is away is waited for. It looks into the outbox at most every
    `period_s`: when this process has written through `database`, and otherwise every `LOOK_S`."""
    clock = clock or SystemClock()
    log = logs.logger(part="relay")
    away, seen, looked = False, -1, -math.inf
    while not stop.is_set():
        wait = period_s
        if database.written != seen or time.monotonic() - looked >= LOOK_S:
            seen, looked = database.written, time.monotonic()
            try:
                if await asyncio.to_thread(relay_once, database, queue, topics, clock.now()):
                    wait = 0.0
                away = False
            except (QueueUnavailable, DBAPIError) as error:
                if not away:
                    log.warning("queue or database is away", error=type(error).__name__, detail=str(error))
                away, seen, wait = True, -1, 1.0
        await until(stop, wait)
