"""Why an event opened: every term and parameter as JSON, and as a picture."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.api.parts import Id, sent
from services.console.entrance import InVisitor, needs
from services.console.explanation import picture
from services.console.models import ExplanationOut
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom, Room
from services.console.visitor import Visitor
from services.ledger.explained import Explained, explained
from services.vocabulary import Policy

router = APIRouter(tags=["technical"], dependencies=needs(May.SEE_RESIDENTS))


@router.get("/events/{event_id}/explanation", response_model=ExplanationOut)
def explanation(room: InRoom, visitor: InVisitor, event_id: Id) -> Response:
    """Every term, threshold and usual behind an event, and by name what is not recorded."""
    return sent(ExplanationOut(explanation=_known(room, visitor, event_id).explanation))


@router.get(
    "/events/{event_id}/explanation.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}, "description": "The score and the channels that spoke."}},
)
def drawn(room: InRoom, visitor: InVisitor, event_id: Id) -> Response:
    """The score and the channels that spoke, around the opening, against the person's own usual."""
    return Response(picture(_known(room, visitor, event_id)), media_type="image/svg+xml")


def _known(room: Room, visitor: Visitor, event_id: str) -> Explained:
    found = explained(room.database, room.history, event_id, (Policy(),), room.clock.now())
    if found is None:
        raise Refused(404, "event-unknown", "no event has this id; GET /api/v1/events lists them")
    room.seen(visitor, "explanation", {found.explanation.resident})
    return found
