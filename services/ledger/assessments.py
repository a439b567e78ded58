"""Keeps second opinions about events."""

from sqlalchemy import Connection, bindparam, select

from services.ledger.tables import assessments
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Assessment, UnixSeconds


class AssessmentRepository:
    """Assessments; owner: vlm_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, assessment: Assessment, body: str = "") -> bool:
        """Keep an assessment, whose JSON may be at hand as `body`; False when its id is already kept (the first one
        stands)."""
        row = {
            "id": assessment.id, "event": assessment.event, "created_at": assessment.created_at,
            "body": body or to_json(assessment),
        }  # fmt: skip
        return insert_new(self._connection, assessments, row)

    def get(self, assessment_id: str) -> Assessment | None:
        """One assessment."""
        body = self._connection.scalar(select(assessments.c.body).where(assessments.c.id == assessment_id))
        return None if body is None else from_json(Assessment, body)

    def latest(self, most: int) -> list[str]:
        """The ids of the latest ones, the oldest of them first."""
        query = select(assessments.c.id).order_by(assessments.c.created_at.desc()).limit(most)
        return list(self._connection.scalars(query))[::-1]

    def between(self, since: UnixSeconds, until: UnixSeconds, most: int = 1000) -> list[Assessment]:
        """Those of a span, newest first, at most so many."""
        inside = (assessments.c.created_at >= since, assessments.c.created_at < until)
        query = select(assessments.c.body).where(*inside).order_by(assessments.c.created_at.desc()).limit(most)
        return [from_json(Assessment, body) for body in self._connection.scalars(query)]

    def of_event(self, event_id: str) -> Assessment | None:
        """The latest assessment of an event."""
        body = self._connection.scalar(_OF_EVENT, {"wanted": event_id})
        return None if body is None else from_json(Assessment, body)


_OF_EVENT = (
    select(assessments.c.body)
    .where(assessments.c.event == bindparam("wanted"))
    .order_by(assessments.c.created_at.desc(), assessments.c.id)
    .limit(1)
)
