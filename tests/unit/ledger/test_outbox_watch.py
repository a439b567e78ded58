"""Consumers without a queue are woken by what is added to the outbox, and by nothing else."""

import asyncio
import json

import pytest
from alembic import command
from sqlalchemy import text

from services.ledger import AlertRepository, Database, OutboxRepository
from services.ledger.consumer import Consumer
from services.ledger.database import migration_settings
from services.ledger.outbox_watch import OutboxWatch
from services.vocabulary import Seconds
from tests.unit.ledger.nouns import alert

pytestmark = pytest.mark.unit
TOPICS = ("event.changed", "alert.acknowledged")


def _add(database: Database, topic: str, body: str) -> None:
    with database.write() as connection:
        OutboxRepository(connection).add(topic, "k", body, 1.0)


def test_it_rings_for_the_topics_that_have_something_new(database: Database) -> None:
    watch = OutboxWatch(database, TOPICS)

    async def _rung() -> list[str]:
        await watch.step()
        return [topic for topic in TOPICS if await watch.bells[topic].wait(asyncio.Event(), 0.0)]

    assert asyncio.run(_rung()) == []
    _add(database, "event.changed", "1")
    assert asyncio.run(_rung()) == ["event.changed"]
    assert asyncio.run(_rung()) == []
    _add(database, "alert.acknowledged", "2")
    _add(database, "something.else", "3")
    assert asyncio.run(_rung()) == ["alert.acknowledged"]


def test_sqlite_tells_that_something_was_written_and_postgresql_does_not(database: Database) -> None:
    before = database.version()
    assert database.version() == before
    _add(database, "event.changed", "1")
    assert database.version() != before if database.dialect == "sqlite" else database.version() is None


def test_a_consumer_that_waits_handles_a_message_as_soon_as_it_is_rung_for(database: Database) -> None:
    handled: list[str] = []
    consumer = Consumer(database, None, "event.changed", "test", lambda _, message: handled.append(message.body))
    watch = OutboxWatch(database, TOPICS)

    async def _live(limit_s: Seconds) -> bool:
        stop, done = asyncio.Event(), asyncio.Event()
        jobs = [
            asyncio.create_task(watch.run(stop)),
            asyncio.create_task(consumer.run(stop, bell=watch.bells["event.changed"], handled=done.set)),
        ]
        await asyncio.sleep(0.2)
        await asyncio.to_thread(_add, database, "event.changed", "1")
        try:
            await asyncio.wait_for(done.wait(), limit_s)
        finally:
            stop.set()
            await asyncio.gather(*jobs)
        return done.is_set()

    assert asyncio.run(_live(30.0)) and handled == ["1"]


def test_threads_that_take_turns_never_hold_two_transactions(sqlite_url: str) -> None:
    database = Database(sqlite_url, in_turn=True)
    database.migrate()
    inside, most = 0, 0

    def _look() -> None:
        nonlocal inside, most
        with database.read() as connection:
            inside += 1
            most = max(most, inside)
            connection.execute(text("SELECT 1"))
            inside -= 1

    async def _all() -> None:
        await asyncio.gather(*(asyncio.to_thread(_look) for _ in range(40)))

    asyncio.run(_all())
    database.close()
    assert most == 1


def test_alerts_from_before_rooms_were_a_column_are_found_by_their_room(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.migrate()
    with database.write() as connection:
        AlertRepository(connection).create(alert(1, room="7"))
        command.downgrade(migration_settings(connection), "0010")
        assert json.loads(str(connection.scalar(text("SELECT body FROM alerts"))))["room"] == "7"
    database.migrate()
    with database.read() as connection:
        assert [one.id for one in AlertRepository(connection).open_near("nobody", "7")] == ["alert-1"]
    database.close()
