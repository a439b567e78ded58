"""The latest thing the threshold service knows about each resident: the tiles of the page."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from services.ledger.tables import statuses
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import ResidentNow


class StatusRepository:
    """One status per resident; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, residents: Sequence[ResidentNow]) -> None:
        """Replace the statuses of these residents."""
        rows = [
            {"resident": now.resident.id, "agent": now.agent, "updated_at": now.updated_at, "body": to_json(now)}
            for now in residents
        ]
        put(self._connection, statuses, rows)

    def all(self) -> list[ResidentNow]:
        """Every resident's status, by resident id."""
        query = select(statuses.c.body).order_by(statuses.c.resident)
        return [from_json(ResidentNow, body) for body in self._connection.scalars(query)]

    def get(self, resident: str) -> ResidentNow | None:
        """One resident's status."""
        body = self._connection.scalar(_ONE, {"wanted": resident})
        return None if body is None else from_json(ResidentNow, body)


_ONE = select(statuses.c.body).where(statuses.c.resident == bindparam("wanted"))
