"""Alarms that edge agents raised by themselves while nobody answered them."""

from sqlalchemy import Connection, bindparam, select, update

from services.ledger.tables import edge_alarms
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import EdgeAlarm, Event, UnixSeconds
from services.vocabulary.edge_alarm import AFTER_S, BEFORE_S


class EdgeAlarmRepository:
    """Alarms as the agents reported them; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, alarm: EdgeAlarm, now: UnixSeconds) -> bool:
        """Keep an alarm; False when it is kept already."""
        row = {
            "id": alarm.id, "resident": alarm.resident, "agent": alarm.position.agent, "at": alarm.at, "kept_at": now,
            "settled_at": None, "body": to_json(alarm),
        }  # fmt: skip
        return insert_new(self._connection, edge_alarms, row)

    def of_event(self, event: Event) -> EdgeAlarm | None:
        """The first alarm by which somebody was told of what the event tells."""
        end = max(event.opened_at + AFTER_S, event.ended_at or 0.0)
        near = {"resident": event.resident, "since": event.opened_at - BEFORE_S, "until": end}
        found = [from_json(EdgeAlarm, body) for body in self._connection.scalars(_NEAR, near)]
        return next((alarm for alarm in found if alarm.told_at is not None and alarm.tells_of(event)), None)

    def unsettled(self, limit: int = 100) -> list[tuple[EdgeAlarm, UnixSeconds]]:
        """Alarms of which it is not known yet whether an event tells of them, with when they were kept."""
        query = select(edge_alarms.c.body, edge_alarms.c.kept_at).where(edge_alarms.c.settled_at.is_(None))
        rows = self._connection.execute(query.order_by(edge_alarms.c.kept_at).limit(limit))
        return [(from_json(EdgeAlarm, body), float(kept_at)) for body, kept_at in rows]

    def settle(self, alarm: str, now: UnixSeconds) -> None:
        """An event tells of it."""
        self._connection.execute(update(edge_alarms).where(edge_alarms.c.id == alarm).values(settled_at=now))


_NEAR = (
    select(edge_alarms.c.body)
    .where(edge_alarms.c.resident == bindparam("resident"))
    .where(edge_alarms.c.at >= bindparam("since"), edge_alarms.c.at <= bindparam("until"))
    .order_by(edge_alarms.c.at)
)
