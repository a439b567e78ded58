"""Feedback: what people say about alerts, and about what should have been one."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console import writing
from services.console.api.parts import Limit, sent
from services.console.models import FeedbackIn, FeedbackList
from services.console.room import InRoom
from services.ledger import FeedbackRepository

router = APIRouter(tags=["feedback"])


@router.get("/feedback", response_model=FeedbackList)
def recent(room: InRoom, limit: Limit = 50) -> Response:
    """The latest words, newest first."""
    with room.database.read() as connection:
        return sent(FeedbackList(items=FeedbackRepository(connection).recent(limit)))


@router.post("/feedback", response_model=FeedbackList, status_code=201)
def give(room: InRoom, word: FeedbackIn) -> Response:
    """True, false or unsure about an alert; missed about a resident and a time."""
    return sent(FeedbackList(items=[writing.give_feedback(room.database, word, room.clock.now())]), 201)
