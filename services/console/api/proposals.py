"""Thresholds that calibration may not raise by itself, and a person's word that they may rise."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.api.parts import Id, sent
from services.console.entrance import InVisitor, needs
from services.console.models import ApprovalOut, ApproveIn, ProposalList, ProposalsOut
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.ledger.approving import NotProposed, approve, proposed

router = APIRouter(tags=["technical"], dependencies=needs(May.APPROVE_THRESHOLDS))


@router.get("/proposals", response_model=ProposalList)
def waiting(room: InRoom, visitor: InVisitor) -> Response:
    """Residents with a threshold of tier 1 that waits for a person; higher thresholds speak less often."""
    items = [
        ProposalsOut(resident=now.resident, agent=now.agent, updated_at=now.updated_at, proposals=list(now.proposals))
        for now in proposed(room.database)
    ]
    room.seen(visitor, "proposals", {item.resident.id for item in items})
    return sent(ProposalList(items=items))


@router.post("/residents/{resident_id}/approval", response_model=ApprovalOut, status_code=202)
def approval(room: InRoom, visitor: InVisitor, resident_id: Id, word: ApproveIn) -> Response:
    """Let every threshold of this resident rise that waits, as it was shown and no farther."""
    try:
        kept = approve(room.database, resident_id, visitor.answering(word.by), room.clock.now(), word.wanted)
    except NotProposed as error:
        if error.unknown:
            raise Refused(
                404, "resident-unknown", "no resident has this id; GET /api/v1/residents lists them"
            ) from error
        raise Refused(409, "not-proposed", str(error)) from error
    return sent(ApprovalOut(approval=kept), 202)
