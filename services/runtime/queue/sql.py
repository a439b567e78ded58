"""The queue in two tables and a counter of the database, for facilities without Redis."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    delete,
    func,
    select,
    text,
    update,
)  # fmt: skip
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from services.runtime.clock import Clock
from services.runtime.engine import open_engine, reading, writing
from services.runtime.queue.role import KEPT_MESSAGES, Message, QueueUnavailable
from services.vocabulary import Seconds

POLL_S: Seconds = 0.05
_LOCK = 0x0A77_0E03
_TRIM_EVERY = 100

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
messages = Table(
    "attune_queue_messages", METADATA, Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("topic", String(255), nullable=False, index=True), Column("message", String(255), nullable=False),
    Column("body", LargeBinary, nullable=False), sqlite_autoincrement=True,
)  # fmt: skip
groups = Table(
    "attune_queue_groups", METADATA, Column("topic", String(255), primary_key=True),
    Column("reader", String(255), primary_key=True), Column("read_up_to", BigInteger, nullable=False),
)  # fmt: skip
given = Table(
    "attune_queue_given", METADATA, Column("topic", String(255), primary_key=True),
    Column("reader", String(255), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False), Column("consumer", String(255), nullable=False),
    Column("given_at", Double, nullable=False), Column("deliveries", Integer, nullable=False),
)  # fmt: skip


class SqlQueue:
    """A `Queue` on SQLite or PostgreSQL with tables of its own, made at first use.

    A group remembers up to which number it has read; publishers of PostgreSQL take turns, so that numbers appear in
    order and a reader never steps over one.

    Raises:
        DatabaseUrlError: a URL that is not understood.
    """

    def __init__(self, url: str, prefix: str, clock: Clock) -> None:
        self._engine = open_engine(url)
        self._prefix = prefix
        self._clock = clock
        self._ready = False
        self._pause = threading.Event()

    def publish(self, topic: str, message_id: str, body: bytes) -> None:
        with self._write() as connection:
            self._take_turns(connection)
            row = {"topic": self._name(topic), "message": message_id, "body": body}
            number = connection.scalar(messages.insert().values(**row).returning(messages.c.id))
            if number % _TRIM_EVERY == 0:
                _trim(connection, self._name(topic))

    def publish_all(self, topic: str, message_ids: Sequence[str]) -> None:
        if not message_ids:
            return
        with self._write() as connection:
            self._take_turns(connection)
            rows = [{"topic": self._name(topic), "message": each, "body": b""} for each in message_ids]
            connection.execute(messages.insert(), rows)
            newest = connection.scalar(select(func.max(messages.c.id)).where(messages.c.topic == self._name(topic)))
            if (newest or 0) % _TRIM_EVERY < len(rows):
                _trim(connection, self._name(topic))

    def read(self, topic: str, group: str, consumer: str, count: int, block_s: Seconds) -> list[Message]:
        deadline = self._clock.monotonic() + block_s
        while not (self._has_more(topic, group) and (taken := self._take(topic, group, consumer, count))):
            if self._clock.monotonic() >= deadline:
                return []
            self._pause.wait(POLL_S)
        return taken

    def ack(self, topic: str, group: str, ids: Sequence[str]) -> None:
        if ids:
            with self._write() as connection:
                numbers = [int(identity) for identity in ids if identity.isdecimal()]
                connection.execute(delete(given).where(*self._of(topic, group), given.c.id.in_(numbers)))

    def reclaim(self, topic: str, group: str, consumer: str, idle_s: Seconds, count: int) -> list[Message]:
        now = self._clock.now()
        with self._write() as connection:
            stale = select(given.c.id).where(*self._of(topic, group), given.c.given_at <= now - idle_s)
            chosen = list(connection.scalars(stale.order_by(given.c.id).limit(count).with_for_update(skip_locked=True)))
            mine = (*self._of(topic, group), given.c.id.in_(chosen))
            again = {"consumer": consumer, "given_at": now, "deliveries": given.c.deliveries + 1}
            connection.execute(update(given).where(*mine).values(**again))
            query = select(messages, given.c.deliveries).join(given, given.c.id == messages.c.id).where(*mine)
            return [_message(row, row.deliveries) for row in connection.execute(query.order_by(messages.c.id))]

    def pending(self, topic: str, group: str) -> int:
        with self._read() as connection:
            query = select(func.count()).select_from(given).where(*self._of(topic, group))
            return int(connection.scalar(query) or 0)

    def close(self) -> None:
        self._pause.set()
        self._engine.dispose()

    def _has_more(self, topic: str, group: str) -> bool:
        mark = select(groups.c.read_up_to).where(groups.c.topic == self._name(topic), groups.c.reader == group)
        newest = select(func.max(messages.c.id)).where(messages.c.topic == self._name(topic))
        with self._read() as connection:
            return int(connection.scalar(newest) or 0) > int(connection.scalar(mark) or 0)

    def _take(self, topic: str, group: str, consumer: str, count: int) -> list[Message]:
        name, now = self._name(topic), self._clock.now()
        with self._write() as connection:
            mark = _locked_mark(connection, name, group)
            query = select(messages).where(messages.c.topic == name, messages.c.id > mark)
            rows = connection.execute(query.order_by(messages.c.id).limit(count)).all()
            if rows:
                facts = {"topic": name, "reader": group, "consumer": consumer, "given_at": now, "deliveries": 1}
                connection.execute(given.insert(), [{"id": row.id, **facts} for row in rows])
                here = (groups.c.topic == name, groups.c.reader == group)
                connection.execute(update(groups).where(*here).values(read_up_to=rows[-1].id))
            return [_message(row, 1) for row in rows]

    def _name(self, topic: str) -> str:
        return f"{self._prefix}{topic}"

    def _of(self, topic: str, group: str) -> tuple[Any, Any]:
        return given.c.topic == self._name(topic), given.c.reader == group

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with _available():
            self._make_tables()
            with writing(self._engine) as connection:
                yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _available():
            self._make_tables()
            with reading(self._engine) as connection:
                yield connection

    def _make_tables(self) -> None:
        if not self._ready:
            with writing(self._engine) as connection:
                self._take_turns(connection)
                METADATA.create_all(connection)
            self._ready = True

    def _take_turns(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _locked_mark(connection: Connection, topic: str, group: str) -> int:
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(groups)
    connection.execute(insert.values(topic=topic, reader=group, read_up_to=0).on_conflict_do_nothing())
    mark = select(groups.c.read_up_to).where(groups.c.topic == topic, groups.c.reader == group)
    return int(connection.scalar(mark.with_for_update()) or 0)


def _trim(connection: Connection, topic: str) -> None:
    kept: Select[Any] = select(messages.c.id).where(messages.c.topic == topic)
    oldest_kept = kept.order_by(messages.c.id.desc()).offset(KEPT_MESSAGES - 1).limit(1).scalar_subquery()
    connection.execute(delete(messages).where(messages.c.topic == topic, messages.c.id < oldest_kept))
    connection.execute(delete(given).where(given.c.topic == topic, given.c.id.not_in(kept.scalar_subquery())))


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise QueueUnavailable(f"the queue's database does not answer: {type(error.orig).__name__}") from error


def _message(row: Row[Any], deliveries: int) -> Message:
    return Message(str(row.id), row.message, bytes(row.body), deliveries)
