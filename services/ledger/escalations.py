"""Keeps how far the asking about each alert has come."""

from sqlalchemy import Connection, bindparam, select

from services.ledger.tables import escalations
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Escalation, EscalationState, UnixSeconds


class EscalationRepository:
    """One escalation per alert; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, escalation: Escalation) -> None:
        """Keep an escalation, or its later state."""
        row = {
            "alert": escalation.alert, "state": escalation.state.value, "due_at": escalation.due_at,
            "started_at": escalation.started_at, "body": to_json(escalation),
        }  # fmt: skip
        put(self._connection, escalations, row)

    def of_alert(self, alert_id: str) -> Escalation | None:
        """Who was asked about an alert."""
        body = self._connection.scalar(_OF_ALERT, {"wanted": alert_id})
        return None if body is None else from_json(Escalation, body)

    def due(self, now: UnixSeconds, limit: int = 100) -> list[Escalation]:
        """Running escalations whose next move is due, the longest due first."""
        asked = {"now": now, "most": limit}
        return [from_json(Escalation, body) for body in self._connection.scalars(_DUE, asked)]


_OF_ALERT = select(escalations.c.body).where(escalations.c.alert == bindparam("wanted"))
_DUE = (
    select(escalations.c.body)
    .where(escalations.c.state == EscalationState.RUNNING.value, escalations.c.due_at <= bindparam("now"))
    .order_by(escalations.c.due_at, escalations.c.alert)
    .limit(bindparam("most"))
)
