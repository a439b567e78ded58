"""What each consumer has handled, written in the transaction of the effect: exactly-once effects."""

from sqlalchemy import Connection, select

from services.ledger.tables import inbox
from services.ledger.upsert import insert_new
from services.vocabulary import UnixSeconds


class InboxRepository:
    """Handled messages by consumer; each consumer writes its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def handled(self, consumer: str, message_id: str) -> bool:
        """Whether this consumer has handled the message."""
        query = select(inbox.c.at).where(inbox.c.consumer == consumer, inbox.c.message == message_id)
        return self._connection.execute(query).first() is not None

    def first_time(self, consumer: str, message_id: str, now: UnixSeconds) -> bool:
        """Whether this consumer has not handled the message yet; from now on it has, if the transaction commits."""
        return insert_new(self._connection, inbox, {"consumer": consumer, "message": message_id, "at": now})
