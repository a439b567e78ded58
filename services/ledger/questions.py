"""Keeps what a model was asked and has not answered yet, so that a restart loses none of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from services.ledger.tables import questions
from services.ledger.upsert import insert_new
from services.runtime.codec import from_json, to_json
from services.vocabulary import Event, UnixSeconds


@dataclass(frozen=True, slots=True)
class Question:
    """One revision of an event that waits for an opinion; `id` is that of the assessment which will answer it.

    Rules answer at `due_at` where no model has; after `until` nobody wants the model's opinion any more.
    """

    id: str
    event: Event
    asked_at: UnixSeconds
    due_at: UnixSeconds
    until: UnixSeconds


class QuestionRepository:
    """What waits for a model; owner: vlm_service. Each replica looks after its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, question: Question, replica: str) -> bool:
        """Keep a question; False when it is kept already."""
        row = {"id": question.id, "replica": replica, "until": question.until, "body": to_json(question)}
        return insert_new(self._connection, questions, row)

    def settle(self, ids: Sequence[str]) -> None:
        """Nothing more is wanted about these."""
        self._connection.execute(delete(questions).where(questions.c.id.in_(ids)))

    def of(self, replica: str) -> list[Question]:
        """What one replica has not settled, the latest to be wanted last."""
        query = select(questions.c.body).where(questions.c.replica == replica).order_by(questions.c.until)
        return [from_json(Question, body) for body in self._connection.scalars(query)]
