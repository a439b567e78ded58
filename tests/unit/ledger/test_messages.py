"""A message that was written with its effect is handled once, whatever happens to the queue or to a consumer."""

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator

import pytest
import redis as redis_client
from sqlalchemy import Connection

from services.ledger import Database, FeedbackRepository, InboxRepository, OutboxMessage, OutboxRepository
from services.ledger.consumer import Consumer, Pace
from services.ledger.relay import relay, relay_once
from services.runtime.clock import SystemClock, VirtualClock
from services.runtime.queue import Queue, QueueUnavailable, open_queue
from services.vocabulary import Feedback, FeedbackVerdict
from tests.unit.ledger.nouns import NOON

pytestmark = pytest.mark.unit
TOPIC = "event.changed"


@pytest.fixture
def prefix() -> str:
    return f"test:{uuid.uuid4().hex}:"


@pytest.fixture
def queue(redis_url: str, prefix: str) -> Iterator[Queue]:
    queue = open_queue(redis_url, "", prefix)
    yield queue
    lose_stream(prefix)
    queue.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


def lose_stream(prefix: str) -> None:
    """What a flush of Redis does to the topic."""
    with redis_client.Redis.from_url(os.environ["ATTUNE_TEST_REDIS_URL"]) as client:
        client.delete(prefix + TOPIC)


def add(database: Database, *keys: str, now: float = NOON) -> list[str]:
    with database.write() as connection:
        return [OutboxRepository(connection).add(TOPIC, key, "{}", now) for key in keys]


class Effects:
    """Writes one row per message, which shows a second handling as a second row, and fails when it is told to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.failing: set[str] = set()
        self.calls: list[str] = []

    def __call__(self, connection: Connection, message: OutboxMessage) -> None:
        self.calls.append(message.key)
        word = Feedback(uuid.uuid4().hex, message.key, FeedbackVerdict.TRUE, len(self.calls), "somebody")
        FeedbackRepository(connection).record(word)
        if message.key in self.failing:
            raise RuntimeError("not now")

    def written(self) -> list[str]:
        with self.database.read() as connection:
            return [word.resident for word in reversed(FeedbackRepository(connection).recent(1000))]


@pytest.fixture
def effects(database: Database) -> Effects:
    return Effects(database)


Make = Callable[..., Consumer]


@pytest.fixture
def make(database: Database, queue: Queue, effects: Effects, clock: VirtualClock) -> Make:
    def _make(**facts: object) -> Consumer:
        plain = {"database": database, "queue": queue, "topic": TOPIC, "name": "alerting", "handle": effects}
        return Consumer(**plain | {"clock": clock} | facts)  # type: ignore[arg-type]

    return _make


def test_it_adds_a_message_once_however_often_it_is_replayed(database: Database) -> None:
    assert add(database, "e1", "e2") == add(database, "e1", "e2", now=NOON + 60)
    with database.read() as connection:
        messages = OutboxRepository(connection).unpublished(10)
    assert [(one.key, one.created_at) for one in messages] == [("e1", NOON), ("e2", NOON)]


def test_it_remembers_what_each_consumer_has_handled(database: Database) -> None:
    with database.write() as connection:
        inbox = InboxRepository(connection)
        assert [inbox.first_time(name, "m", NOON) for name in ("a", "a", "b")] == [True, False, True]


def test_it_shows_a_consumer_what_it_has_not_handled(database: Database) -> None:
    first, second, third = add(database, "e1", "e2", "e3")
    add(database, "later", now=NOON + 5)
    with database.write() as connection:
        InboxRepository(connection).first_time("alerting", second, NOON)
        outbox = OutboxRepository(connection)
        assert [one.id for one in outbox.unconsumed(TOPIC, "alerting", 9, NOON)] == [first, third]
        assert [one.id for one in outbox.unconsumed(TOPIC, "alerting", 9, NOON, above=1)] == [third]
        assert len(outbox.unconsumed(TOPIC, "escalation", 9, NOON + 5)) == 4
        assert outbox.unconsumed("assessment.made", "alerting", 9, NOON) == []


def test_it_relays_each_message_once_and_only_its_topics(database: Database, queue: Queue) -> None:
    ids = add(database, "e1", "e2", "e3")
    with database.write() as connection:
        OutboxRepository(connection).add("feedback.given", "f", "{}", NOON)
    assert [relay_once(database, queue, [TOPIC], NOON, limit=2) for _ in range(3)] == [2, 1, 0]
    told = queue.read(TOPIC, "g", "c", 10, 0.0)
    assert [(one.message_id, one.body) for one in told] == [(identity, b"") for identity in ids]


def test_it_keeps_messages_for_later_when_the_queue_is_away(database: Database, queue: Queue) -> None:
    add(database, "e1")
    with pytest.raises(QueueUnavailable):
        relay_once(database, open_queue("redis://127.0.0.1:1/0", ""), [TOPIC], NOON)
    assert relay_once(database, queue, [TOPIC], NOON) == 1


def test_it_handles_each_message_once_although_the_queue_tells_twice(
    database: Database, queue: Queue, effects: Effects, make: Make
) -> None:
    (identity,) = add(database, "e1")
    queue.publish(TOPIC, identity, b"")
    queue.publish(TOPIC, identity, b"")
    assert [make().step(), make().step()] == [1, 0]
    assert effects.written() == ["e1"]
    assert queue.pending(TOPIC, "alerting") == 0


def test_it_does_not_wait_for_the_outbox_when_the_queue_tells(
    database: Database, queue: Queue, effects: Effects, make: Make
) -> None:
    consumer = make()
    consumer.step()
    add(database, "e1")
    relay_once(database, queue, [TOPIC], NOON)
    consumer.step()
    assert effects.written() == ["e1"]


def test_it_catches_up_exactly_once_when_redis_loses_the_stream(
    database: Database, queue: Queue, effects: Effects, make: Make, clock: VirtualClock, prefix: str
) -> None:
    consumer = make()
    add(database, "e1", "e2")
    relay_once(database, queue, [TOPIC], NOON)
    assert consumer.step() == 2
    add(database, "e3", "e4")
    relay_once(database, queue, [TOPIC], NOON)
    lose_stream(prefix)
    assert consumer.step() == 0
    clock.advance(2.0)
    assert consumer.step() == 2
    add(database, "e5", now=clock.now())
    relay_once(database, queue, [TOPIC], clock.now())  # the stream and its group come back by themselves
    assert consumer.step() == 1
    assert effects.written() == ["e1", "e2", "e3", "e4", "e5"]


def test_it_goes_on_without_a_queue(database: Database, effects: Effects, make: Make) -> None:
    add(database, "e1")
    away = open_queue("redis://127.0.0.1:1/0", "")
    assert make(queue=away).step() == 1
    assert effects.written() == ["e1"]


def test_it_takes_over_what_a_dead_consumer_held(
    database: Database, queue: Queue, effects: Effects, make: Make
) -> None:
    add(database, "e1")
    relay_once(database, queue, [TOPIC], NOON)
    assert len(queue.read(TOPIC, "alerting", "dead", 10, 0.0)) == 1  # and died before its transaction
    heir = make(instance="heir", pace=Pace(idle_s=0.0, catch_up_s=1e9))
    assert heir.step() == 1
    assert effects.written() == ["e1"]
    assert queue.pending(TOPIC, "alerting") == 0


def test_it_keeps_no_effect_of_a_message_whose_handling_fails_and_tries_again_later(
    database: Database, effects: Effects, make: Make, clock: VirtualClock
) -> None:
    add(database, "bad", "good")
    effects.failing = {"bad"}
    consumer = make(pace=Pace(catch_up_s=0.0, retry_s=10.0))
    assert consumer.step() == 1
    assert effects.written() == ["good"]
    assert effects.calls == ["bad", "bad", "good"]  # together with the other one, then alone
    effects.failing = set()
    consumer.step()
    assert effects.calls == ["bad", "bad", "good"]  # its next try is not due yet
    clock.advance(10.0)
    assert consumer.step() == 1
    assert effects.written() == ["good", "bad"]


def test_it_reaches_messages_behind_many_that_fail(
    database: Database, effects: Effects, make: Make, clock: VirtualClock
) -> None:
    bad = [f"bad{n}" for n in range(5)]
    add(database, *bad, "good")
    effects.failing = set(bad)
    consumer = make(pace=Pace(catch_up_s=0.0, count=2))
    for _ in range(4):
        consumer.step()
        clock.advance(0.1)
    assert effects.written() == ["good"]


def test_it_works_off_a_backlog_without_waiting_between_pages(
    database: Database, effects: Effects, make: Make, clock: VirtualClock
) -> None:
    add(database, *(f"e{n}" for n in range(10)))
    clock.advance(2.0)
    consumer = make(pace=Pace(count=4))
    assert [consumer.step() for _ in range(4)] == [4, 4, 2, 0]
    assert effects.written() == [f"e{n}" for n in range(10)]


def test_it_stops_looking_at_numbers_that_are_long_handled_but_never_at_one_that_is_not(
    database: Database, effects: Effects, make: Make, clock: VirtualClock
) -> None:
    consumer = make(pace=Pace(settle_s=100.0))
    add(database, "e1", "e2")
    add(database, "from the future", now=NOON + 150)
    for _ in range(70):
        consumer.step()
        clock.advance(2.0)
    assert effects.written() == ["e1", "e2"]
    for _ in range(70):
        consumer.step()
        clock.advance(2.0)
    assert effects.written() == ["e1", "e2", "from the future"]
    assert consumer._above == 3


def test_it_carries_a_message_from_room_to_room_and_stops_when_asked(
    database: Database, queue: Queue, effects: Effects
) -> None:
    async def _live() -> None:
        stop = asyncio.Event()
        handled = asyncio.Event()
        loop = asyncio.get_running_loop()

        def _handle(connection: Connection, message: OutboxMessage) -> None:
            effects(connection, message)
            loop.call_soon_threadsafe(handled.set)

        consumer = Consumer(database, queue, TOPIC, "alerting", _handle)
        jobs = [asyncio.create_task(consumer.run(stop)), asyncio.create_task(relay(database, queue, [TOPIC], stop))]
        add(database, "e1", now=SystemClock().now())
        async with asyncio.timeout(10):
            await handled.wait()
            stop.set()
            await asyncio.gather(*jobs)

    asyncio.run(_live())
    assert effects.written() == ["e1"]


def test_it_passes_over_a_message_that_the_outbox_does_not_hold(
    database: Database, queue: Queue, effects: Effects, make: Make
) -> None:
    queue.publish(TOPIC, str(uuid.uuid4()), b'{"forged":true}')
    assert make().step() == 0
    assert effects.calls == [] and queue.pending(TOPIC, "alerting") == 0


def test_it_reads_the_outbox_itself_where_there_is_no_queue(
    database: Database, effects: Effects, clock: VirtualClock
) -> None:
    consumer = Consumer(database, None, TOPIC, "alone", effects, clock, pace=Pace(count=2))
    add(database, *(f"e{number}" for number in range(5)))
    while consumer.step():
        pass
    assert sorted(effects.written()) == [f"e{number}" for number in range(5)]
    add(database, "late")
    assert consumer.step() == 1
    effects.failing = {"bad"}
    add(database, "bad", "good")
    assert consumer.step() == 1
    effects.failing = set()
    clock.advance(10.0)
    assert sum(consumer.step() for _ in range(3)) == 1
    assert sorted(effects.written())[0] == "bad"
