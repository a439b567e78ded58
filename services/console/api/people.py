"""Feedback: what people say about alerts, and about what should have been one."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console import writing
from services.console.api.parts import Id, Limit, sent
from services.console.models import ConfirmIn, FeedbackIn, FeedbackList
from services.console.room import InRoom
from services.ledger import FeedbackRepository

router = APIRouter(tags=["feedback"])


@router.get("/feedback", response_model=FeedbackList)
def recent(room: InRoom, limit: Limit = 50) -> Response:
    """The latest words, newest first."""
    with room.database.read() as connection:
        return sent(FeedbackList(items=FeedbackRepository(connection).recent(limit)))


@router.post("/feedback/{feedback_id}/confirm", response_model=FeedbackList)
def confirm(room: InRoom, feedback_id: Id, word: ConfirmIn) -> Response:
    """Stand for a word that was given by a link: it may weigh in proposals from now on."""
    confirmed = writing.confirm_feedback(room.database, feedback_id, word.by, room.clock.now())
    return sent(FeedbackList(items=[confirmed]))


@router.post("/feedback", response_model=FeedbackList, status_code=201)
def give(room: InRoom, word: FeedbackIn) -> Response:
    """True, false or unsure about an alert; missed about a resident and a time."""
    return sent(FeedbackList(items=[writing.give_feedback(room.database, word, room.clock.now())]), 201)
