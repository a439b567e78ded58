"""Keeps how a body moved around an event, as stick figures."""

from sqlalchemy import Connection, select

from services.ledger.tables import movements
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Movement, UnixSeconds


class MovementRepository:
    """Movements, gone with their event; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, movement: Movement, at: UnixSeconds) -> bool:
        """Keep the movement around an event of the ledger; False when one is already kept (the first one stands)."""
        row = {"event": movement.event, "resident": movement.resident, "at": at, "body": to_json(movement)}
        return insert_new(self._connection, movements, row)

    def of_event(self, event_id: str) -> Movement | None:
        """The movement around an event."""
        body = self._connection.scalar(select(movements.c.body).where(movements.c.event == event_id))
        return None if body is None else from_json(Movement, body)
