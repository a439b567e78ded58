"""Feedback: what people say about alerts, and about what should have been one."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console import writing
from services.console.api.parts import Id, Limit, sent
from services.console.entrance import InVisitor, needs
from services.console.models import ConfirmIn, FeedbackIn, FeedbackList
from services.console.roles import May
from services.console.room import InRoom
from services.ledger import FeedbackRepository

router = APIRouter(tags=["feedback"])


@router.get("/feedback", response_model=FeedbackList, dependencies=needs(May.SEE_RESIDENTS))
def recent(room: InRoom, visitor: InVisitor, limit: Limit = 50) -> Response:
    """The latest words, newest first."""
    with room.database.read() as connection:
        items = FeedbackRepository(connection).recent(limit)
    room.seen(visitor, "feedback", {word.resident for word in items})
    return sent(FeedbackList(items=items))


@router.post("/feedback/{feedback_id}/confirm", response_model=FeedbackList, dependencies=needs(May.CONFIRM_WORDS))
def confirm(room: InRoom, visitor: InVisitor, feedback_id: Id, word: ConfirmIn) -> Response:
    """Stand for a word that was given by a link: it may weigh in proposals from now on."""
    confirmed = writing.confirm_feedback(room.database, feedback_id, visitor.answering(word.by), room.clock.now())
    return sent(FeedbackList(items=[confirmed]))


@router.post("/feedback", response_model=FeedbackList, status_code=201, dependencies=needs(May.JUDGE_ALERTS))
def give(room: InRoom, visitor: InVisitor, word: FeedbackIn) -> Response:
    """True, false or unsure about an alert; missed about a resident and a time."""
    return sent(FeedbackList(items=[writing.give_feedback(room.database, word, visitor, room.clock.now())]), 201)
