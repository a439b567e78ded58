"""What the second opinion writes down, each change in one transaction: questions, assessments and word of them."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection

from services.ledger.assessments import AssessmentRepository
from services.ledger.database import Database
from services.ledger.events import EventRepository
from services.ledger.outbox import OutboxRepository
from services.ledger.questions import Question, QuestionRepository
from services.ledger.topics import ASSESSMENT_MADE
from services.runtime import codec
from services.runtime.clock import Clock
from services.vocabulary import RULES, Assessment
from vlm_service import metrics
from vlm_service.together import Together

ASSESSMENT_NAMESPACE = uuid.UUID("b6f1d4a2-9f0e-5c43-8a0b-2f3f5f0d9c31")


def assessment_id(event: str, revision: int, amended: bool = False) -> str:
    """UUIDv5 of event and revision: asking again finds the same assessment. A model that answers after the rules did
    amends it once, under an id of its own.

    >>> assessment_id("e", 1) == assessment_id("e", 1) != assessment_id("e", 2)
    True
    """
    parts = (event, str(revision), *(("amended",) if amended else ()))
    return str(uuid.uuid5(ASSESSMENT_NAMESPACE, "\x1f".join(parts)))


class Kept:
    """One replica's part of the ledger. A method that is no coroutine blocks; each raises DBAPIError when the ledger
    does not answer."""

    def __init__(self, database: Database, clock: Clock, replica: str) -> None:
        self._database, self._clock, self._replica = database, clock, replica
        self._together = Together(database)
        self._over: dict[str, None] = {}

    def assessment(self, identity: str) -> Assessment | None:
        """One assessment, where it is made."""
        with self._database.read() as connection:
            return AssessmentRepository(connection).get(identity)

    def latest(self, most: int) -> list[str]:
        """The ids of the latest assessments, the oldest of them first."""
        with self._database.read() as connection:
            return AssessmentRepository(connection).latest(most)

    async def ask(self, question: Question) -> Assessment | None:
        """From now on a restart finds the question, unless it is answered: then its assessment."""
        over = tuple(self._over)

        def part(connection: Connection) -> Assessment | None:
            known = AssessmentRepository(connection).get(question.id)
            if known is None:
                QuestionRepository(connection).put(question, self._replica)
            self._settle(connection, over)
            return known

        known = await self._together.write(part)
        self._forget(over)
        return known

    def settle(self, question: str) -> None:
        """Nothing more is wanted about it."""
        with self._database.write() as connection:
            self._settle(connection, (question,))

    def settle_soon(self, question: str) -> None:
        """Nothing more is wanted about it, since its answer is kept: the next transaction is soon enough, and whoever
        asked does not wait for that. A restart before it finds the answer."""
        self._over[question] = None

    def settle_rest(self) -> None:
        """Settle what no other transaction has settled in passing."""
        if over := tuple(self._over):
            with self._database.write() as connection:
                self._settle(connection, over)
            self._forget(over)

    def questions(self) -> list[Question]:
        """What was asked before and is not settled."""
        with self._database.read() as connection:
            return QuestionRepository(connection).of(self._replica)

    def revisions(self, events: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """The latest revision of each event that the ledger knows, and whether it has ended."""
        with self._database.read() as connection:
            return EventRepository(connection).revisions(events)

    async def keep(self, made: Assessment, settles: str = "") -> Assessment:
        """Keep an assessment together with its message, and with what it `settles`; where another replica was first,
        its assessment stands."""

        def part(connection: Connection) -> Assessment | None:
            assessments, body = AssessmentRepository(connection), codec.to_json(made)
            self._settle(connection, (settles,) if settles else ())
            if not assessments.record(made, body):
                return assessments.get(made.id)
            OutboxRepository(connection).add(ASSESSMENT_MADE, made.event, body, self._clock.now())
            return None

        known = await self._together.write(part)
        if known is not None:
            metrics.REPEATS.inc()
            return known
        reasoner = RULES if made.reasoner == RULES else "model"
        metrics.ASSESSMENTS.labels(reasoner, str(made.verdict.tier.value)).inc()
        return made

    def _settle(self, connection: Connection, questions: Sequence[str]) -> None:
        if questions:
            QuestionRepository(connection).settle(questions)

    def _forget(self, questions: Sequence[str]) -> None:
        for question in questions:
            self._over.pop(question, None)
