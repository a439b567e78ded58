"""Handles the messages of a topic with exactly-once effects, with the queue or without it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.ledger.database import Database
from services.ledger.inbox import InboxRepository
from services.ledger.outbox import OutboxMessage, OutboxRepository
from services.runtime import logs
from services.runtime.bell import Bell
from services.runtime.clock import Clock, SystemClock
from services.runtime.queue import Message, Queue, QueueUnavailable
from services.vocabulary import Seconds, UnixSeconds

Handle = Callable[[Connection, OutboxMessage], None]
"""Writes the effects of one message over the open transaction; it must not commit, and may see a message again only
when its own transaction was rolled back."""

_HANDLED = Counter("attune_consumer_handled_total", "Messages whose effects were written.", ["topic", "consumer"])
_FAILED = Counter("attune_consumer_failed_total", "Messages whose handling failed for now.", ["topic", "consumer"])


@dataclass(frozen=True, slots=True)
class Pace:
    """How a consumer spends its time. Source of each: guess."""

    catch_up_s: Seconds = 2.0
    """How often it looks into the outbox itself."""
    direct_s: Seconds = 0.5
    """How often it does so where there is no queue, if nobody rings."""
    reclaim_s: Seconds = 10.0
    """How often it looks for messages that a dead consumer held."""
    idle_s: Seconds = 30.0
    """A message held so long without an acknowledgement is taken over."""
    settle_s: Seconds = 600.0
    """Longer than any transaction: numbers of the outbox that were seen so long ago have no gaps left to fill."""
    retry_s: Seconds = 1.0
    longest_retry_s: Seconds = 60.0
    count: int = 32


class Consumer:
    """One named consumer of one topic; several processes of the same name share the work.

    Every message that was ever added to the outbox is handled once: in one transaction its id enters the inbox and
    `handle` writes the effects. A message whose handling fails is logged, counted and tried again, later each time,
    while the others go on. Without a queue the outbox itself is looked at when `OutboxWatch` rings: on SQLite, where
    a queue would lie in the same file, that is the shorter way, and a message is there as soon as its number is.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue | None,
        topic: str,
        name: str,
        handle: Handle,
        clock: Clock | None = None,
        instance: str = "1",
        pace: Pace | None = None,
    ) -> None:
        self._database = database
        self._queue = queue
        self._topic = topic
        self._name = name
        self._handle = handle
        self._clock = clock or SystemClock()
        self._instance = instance
        self._pace = pace or Pace()
        self._log = logs.logger(part="consumer", topic=topic, consumer=name)
        self._next_catch_up: Seconds = float("-inf")
        self._next_reclaim: Seconds = float("-inf")
        self._queue_away = False
        self._retries: dict[str, tuple[int, Seconds]] = {}
        self._above = self._looked_up_to = 0
        self._settling: tuple[Seconds, int] | None = None

    async def run(
        self, stop: asyncio.Event, block_s: Seconds = 0.5, bell: Bell | None = None,
        handled: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Step until `stop`; a queue or database that is away is waited for. Without a queue `bell` rings when there
        may be a message; `handled` is called after some were."""
        bell = bell or Bell()
        while not stop.is_set():
            try:
                done = await asyncio.to_thread(self.step, block_s)
                if done and handled is not None:
                    handled()
                wait = self._pace.direct_s if self._queue is None else block_s if self._queue_away else 0.0
                wait = 0.0 if self._looked_up_to != self._above else wait
            except DBAPIError as error:
                self._log.warning("database is away", error=type(error).__name__, detail=str(error.orig))
                wait = 1.0
            if wait:
                await bell.wait(stop, wait)

    def step(self, block_s: Seconds = 0.0) -> int:
        """Handle what the queue tells, waiting up to `block_s` for it, and now and then what the outbox shows.

        Returns how many messages were handled for the first time.
        """
        handled = self._handle_told(self._told(block_s))
        if self._clock.monotonic() >= self._next_catch_up:
            handled += self._catch_up()
        return handled

    def _told(self, block_s: Seconds) -> list[Message]:
        if self._queue is None:
            return []
        try:
            told = self._reclaimed(self._queue) or self._read(self._queue, block_s)
        except QueueUnavailable as error:
            if not self._queue_away:
                self._log.warning("queue is away, reading the outbox instead", detail=str(error))
            self._queue_away = True
            return []
        self._queue_away = False
        return told

    def _reclaimed(self, queue: Queue) -> list[Message]:
        if self._clock.monotonic() < self._next_reclaim:
            return []
        self._next_reclaim = self._clock.monotonic() + self._pace.reclaim_s
        return queue.reclaim(self._topic, self._name, self._instance, self._pace.idle_s, self._pace.count)

    def _read(self, queue: Queue, block_s: Seconds) -> list[Message]:
        return queue.read(self._topic, self._name, self._instance, self._pace.count, block_s)

    def _handle_told(self, told: Sequence[Message]) -> int:
        ended = self._each(list(dict.fromkeys(message.message_id for message in told)))
        done = [message.id for message in told if ended[message.message_id] is not None]
        if done and self._queue is not None:
            self._ack(self._queue, done)
        return sum(bool(handled) for handled in ended.values())

    def _catch_up(self) -> int:
        now, started = self._clock.now(), self._clock.monotonic()
        # The queue goes first; what it has not brought in one period is fetched here.
        older_than = float("inf") if self._queue is None else now if self._queue_away else now - self._pace.catch_up_s
        with self._database.read() as connection:
            outbox = OutboxRepository(connection)
            missed = outbox.unconsumed(self._topic, self._name, self._pace.count, older_than, self._looked_up_to)
            if not missed and self._looked_up_to == self._above:
                self._settle(outbox, started)
        if len(missed) == self._pace.count:
            self._looked_up_to = missed[-1].number  # there may be more: go on at the next step, past what failed
        else:
            self._looked_up_to = self._above
            self._next_catch_up = started + (self._pace.catch_up_s if self._queue is not None else 0.0)
        ended = self._each([message.id for message in missed])
        if self._queue is None and None not in ended.values() and not self._retries and missed:
            self._above = self._looked_up_to = max(self._above, missed[-1].number)
        return sum(bool(handled) for handled in ended.values())

    def _settle(self, outbox: OutboxRepository, started: Seconds) -> None:
        """Numbers that were there `settle_s` ago and are handled, all of them, need not be looked at again."""
        if self._settling is None:
            self._settling = (started, outbox.newest_number(self._topic))
        elif started - self._settling[0] >= self._pace.settle_s:
            settled = self._settling[1]
            left = outbox.unconsumed(self._topic, self._name, 1, float("inf"), self._above)
            if not left or left[0].number > settled:
                self._above = self._looked_up_to = settled
            self._settling = (started, outbox.newest_number(self._topic))

    def _each(self, identities: Sequence[str]) -> dict[str, bool | None]:
        """How the handling of each message ended (see `_once`): all in one transaction, or one by one if that fails."""
        if len(identities) > 1 and not self._retries:
            try:
                return self._in_one_transaction(identities, self._clock.now())
            except Exception as error:  # noqa: BLE001 - one of them; each is tried alone, where it is logged by name
                self._log.info("messages are handled one by one", count=len(identities), error=type(error).__name__)
        return {identity: self._once(identity) for identity in identities}

    def _once(self, identity: str) -> bool | None:
        """True: handled now; False: nothing to do any more; None: it failed or is not due yet, try again."""
        failures, due = self._retries.get(identity, (0, float("-inf")))
        if self._clock.monotonic() < due:
            return None
        try:
            handled = self._in_one_transaction([identity], self._clock.now())[identity]
        except Exception as error:  # noqa: BLE001 - the outermost frame of one message: the others go on
            self._postpone(identity, failures + 1, error)
            return None
        self._retries.pop(identity, None)
        return handled

    def _in_one_transaction(self, identities: Sequence[str], now: UnixSeconds) -> dict[str, bool | None]:
        with self._database.write() as connection:
            told = OutboxRepository(connection).named(identities)
            ended: dict[str, bool | None] = {
                each: self._handled(connection, each, told.get(each), now) for each in identities
            }
        _HANDLED.labels(self._topic, self._name).inc(sum(bool(handled) for handled in ended.values()))
        return ended

    def _handled(
        self, connection: Connection, identity: str, message: OutboxMessage | None, now: UnixSeconds
    ) -> bool:  # fmt: skip
        if message is None or message.topic != self._topic:
            self._log.warning("queue told of a message that the outbox does not hold", message=identity)
            return False
        if not InboxRepository(connection).first_time(self._name, identity, now):
            return False
        self._handle(connection, message)
        return True

    def _postpone(self, identity: str, failures: int, error: Exception) -> None:
        wait = min(self._pace.retry_s * 2 ** (failures - 1), self._pace.longest_retry_s)
        self._retries[identity] = (failures, self._clock.monotonic() + wait)
        _FAILED.labels(self._topic, self._name).inc()
        self._log.error(
            "message could not be handled", message=identity, failures=failures, again_in_s=wait,
            error=type(error).__name__, detail=str(error), exc_info=True,
        )  # fmt: skip

    def _ack(self, queue: Queue, identities: Sequence[str]) -> None:
        try:
            queue.ack(self._topic, self._name, identities)
        except QueueUnavailable:
            self._log.info("queue is away, the message stays unacknowledged there")
