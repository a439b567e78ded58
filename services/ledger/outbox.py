"""Messages that are written in the same transaction as what they tell about, so that none is lost or invented."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, update

from services.ledger.tables import inbox, outbox
from services.ledger.upsert import insert_new
from services.vocabulary import UnixSeconds

MESSAGE_NAMESPACE = uuid.UUID("1f6f0c9a-6f0e-5a55-9b2a-6f6f0a1c7d21")


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message; `body` is the JSON of the topic's noun, `key` says what it is about, `number` grows with time."""

    id: str
    topic: str
    key: str
    body: str
    created_at: UnixSeconds
    number: int = 0


def message_id(topic: str, key: str, body: str) -> str:
    """UUIDv5 of topic, key and body: a message that is added again on a replay is the same message.

    >>> message_id("event.changed", "e1", "{}") == message_id("event.changed", "e1", "{}")
    True
    """
    return str(uuid.uuid5(MESSAGE_NAMESPACE, "\x1f".join((topic, key, body))))


class OutboxRepository:
    """Messages of every room; each topic has one producing room (see `topics`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, topic: str, key: str, body: str, now: UnixSeconds) -> str:
        """Keep a message with this transaction; its id. The same topic, key and body again add nothing."""
        identity = message_id(topic, key, body)
        row = {"id": identity, "topic": topic, "key": key, "body": body, "created_at": now, "published_at": None}
        insert_new(self._connection, outbox, row)
        return identity

    def get(self, identity: str) -> OutboxMessage | None:
        """One message."""
        row = self._connection.execute(select(*_COLUMNS).where(outbox.c.id == identity)).one_or_none()
        return None if row is None else OutboxMessage(*row)

    def named(self, ids: Collection[str]) -> dict[str, OutboxMessage]:
        """These messages, by id; what the outbox does not hold is left out."""
        found = (OutboxMessage(*row) for row in self._connection.execute(_NAMED, {"ids": list(ids)}))
        return {message.id: message for message in found}

    def unpublished(self, limit: int, topics: Sequence[str] | None = None) -> list[OutboxMessage]:
        """Messages that no queue has been told of, oldest first."""
        query = select(*_COLUMNS).where(outbox.c.published_at.is_(None))
        if topics is not None:
            query = query.where(outbox.c.topic.in_(topics))
        return [OutboxMessage(*row) for row in self._connection.execute(query.order_by(outbox.c.number).limit(limit))]

    def mark_published(self, ids: Sequence[str], now: UnixSeconds) -> None:
        """Remember that the queue was told."""
        self._connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(published_at=now))

    def unconsumed(
        self, topic: str, consumer: str, limit: int, older_than: UnixSeconds, above: int = 0
    ) -> list[OutboxMessage]:
        """Messages created at or before `older_than` that are not in the consumer's inbox, oldest first.

        `above` leaves out message numbers that the consumer knows to be handled, all of them.
        """
        asked = {"consumer": consumer, "topic": topic, "above": above, "until": older_than, "most": limit}
        return [OutboxMessage(*row) for row in self._connection.execute(_UNCONSUMED, asked)]

    def waiting(self) -> dict[str, tuple[int, UnixSeconds]]:
        """By topic, how many messages no queue has been told of, and when the oldest of them was written."""
        query = select(outbox.c.topic, func.count(), func.min(outbox.c.created_at)).where(
            outbox.c.published_at.is_(None)
        )
        rows = self._connection.execute(query.group_by(outbox.c.topic).order_by(outbox.c.topic))
        return {topic: (int(n), float(oldest)) for topic, n, oldest in rows}

    def grown(self, above: int) -> dict[str, int]:
        """The number of the latest message of each topic that has one above a number."""
        query = select(outbox.c.topic, func.max(outbox.c.number)).where(outbox.c.number > above)
        return {topic: int(number) for topic, number in self._connection.execute(query.group_by(outbox.c.topic))}

    def newest_number(self, topic: str) -> int:
        """The number of the latest message of a topic, 0 when there is none."""
        return int(self._connection.scalar(select(func.max(outbox.c.number)).where(outbox.c.topic == topic)) or 0)


_COLUMNS = (outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.body, outbox.c.created_at, outbox.c.number)
# One lookup a message: as NOT EXISTS, PostgreSQL compares each message with each handled one while it believes that
# there are few (measured: 0.16 s at a thousand messages, every two seconds).
_HANDLED = (
    select(inbox.c.at)
    .where(inbox.c.consumer == bindparam("consumer"), inbox.c.message == outbox.c.id)
    .scalar_subquery()
)
_NAMED = select(*_COLUMNS).where(outbox.c.id.in_(bindparam("ids", expanding=True)))
_UNCONSUMED = (
    select(*_COLUMNS)
    .where(outbox.c.topic == bindparam("topic"), outbox.c.number > bindparam("above"))
    .where(outbox.c.created_at <= bindparam("until"))
    .where(_HANDLED.is_(None))
    .order_by(outbox.c.number)
    .limit(bindparam("most"))
)
