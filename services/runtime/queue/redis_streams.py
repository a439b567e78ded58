"""The queue on Redis Streams with consumer groups."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.runtime.queue.role import KEPT_MESSAGES, Message, QueueUnavailable
from services.vocabulary import Seconds

LONGEST_BLOCK_S: Seconds = 10.0
_ANSWER_S: Seconds = 5.0

T = TypeVar("T")


class QueueUrlError(ValueError):
    """A Redis URL that is not understood."""


class RedisQueue:
    """A `Queue` of one stream per topic. Redis may lose it all: groups and streams come back by themselves.

    Raises:
        QueueUrlError: not a redis://, rediss:// or unix:// URL.
    """

    def __init__(self, url: str, prefix: str) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url, protocol=2, socket_connect_timeout=2.0, socket_timeout=LONGEST_BLOCK_S + _ANSWER_S,
                retry=Retry(NoBackoff(), 1),
            )  # fmt: skip
        except ValueError as error:
            raise QueueUrlError("Redis URL is not understood: expected redis://host:port/number") from error
        self._prefix = prefix

    def publish(self, topic: str, message_id: str, body: bytes) -> None:
        fields: dict[Any, Any] = {"id": message_id, "body": body}
        with _available():
            self._redis.xadd(self._key(topic), fields, maxlen=KEPT_MESSAGES, approximate=True)

    def publish_all(self, topic: str, message_ids: Sequence[str]) -> None:
        with _available(), self._redis.pipeline(transaction=False) as together:
            for each in message_ids:
                together.xadd(self._key(topic), {"id": each, "body": b""}, maxlen=KEPT_MESSAGES, approximate=True)
            together.execute()

    def read(self, topic: str, group: str, consumer: str, count: int, block_s: Seconds) -> list[Message]:
        wait_ms = int(min(block_s, LONGEST_BLOCK_S) * 1000) or None  # 0 would wait for ever
        streams: dict[Any, Any] = {self._key(topic): ">"}

        def _read() -> Any:
            return self._redis.xreadgroup(group, consumer, streams, count=count, block=wait_ms)

        answer = self._in_group(topic, group, _read)
        entries = answer[0][1] if answer else []
        return [_message(identity, fields, 1) for identity, fields in entries]

    def ack(self, topic: str, group: str, ids: Sequence[str]) -> None:
        if ids:
            with _available():
                self._redis.xack(self._key(topic), group, *ids)

    def reclaim(self, topic: str, group: str, consumer: str, idle_s: Seconds, count: int) -> list[Message]:
        idle_ms, key = int(idle_s * 1000), self._key(topic)

        def _reclaim() -> list[Message]:
            stale: Any = self._redis.xpending_range(key, group, min="-", max="+", count=count, idle=idle_ms)
            deliveries = {entry["message_id"]: int(entry["times_delivered"]) + 1 for entry in stale}
            if not deliveries:
                return []
            # XCLAIM checks the idle time again: of two consumers that saw the same stale message one gets it.
            taken: Any = self._redis.xclaim(key, group, consumer, idle_ms, list(deliveries))
            return [_message(identity, fields, deliveries[identity]) for identity, fields in taken if fields]

        return self._in_group(topic, group, _reclaim)

    def pending(self, topic: str, group: str) -> int:
        def _pending() -> int:
            answer: Any = self._redis.xpending(self._key(topic), group)
            return int(answer["pending"])

        return self._in_group(topic, group, _pending)

    def close(self) -> None:
        self._redis.close()

    def _key(self, topic: str) -> str:
        return f"{self._prefix}{topic}"

    def _in_group(self, topic: str, group: str, act: Callable[[], T]) -> T:
        with _available():
            try:
                return act()
            except redis.ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    raise
            self._make_group(topic, group)
            return act()

    def _make_group(self, topic: str, group: str) -> None:
        try:
            self._redis.xgroup_create(self._key(topic), group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another consumer was faster
                raise


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise QueueUnavailable(f"Redis does not answer as a queue: {type(error).__name__}: {error}") from error


def _message(identity: bytes, fields: dict[bytes, bytes], deliveries: int) -> Message:
    return Message(identity.decode(), fields[b"id"].decode(), fields[b"body"], deliveries)
