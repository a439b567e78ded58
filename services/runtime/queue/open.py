"""Chooses the queue of a deployment: Redis where there is one, otherwise the database."""

from services.runtime.clock import Clock, SystemClock
from services.runtime.queue.role import Queue

PREFIX = "attune:queue:"


def open_queue(redis_url: str, database_url: str, prefix: str = PREFIX, clock: Clock | None = None) -> Queue:
    """A queue on Redis Streams at `redis_url`, or, when that is empty, in tables of `database_url`.

    `prefix` begins every key or topic, so that several facilities can share one Redis. A server that is down is no
    error here: each method raises QueueUnavailable until it is back.

    Raises:
        QueueUrlError, DatabaseUrlError: a URL that is not understood.
    """
    if redis_url:
        from services.runtime.queue.redis_streams import RedisQueue

        return RedisQueue(redis_url, prefix)
    from services.runtime.queue.sql import SqlQueue

    return SqlQueue(database_url, prefix, clock or SystemClock())
