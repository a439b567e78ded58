"""Thresholds that wait for a person: shown with what they would change, and approved as shown and no farther."""

import math
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from services.console.api.parts import Id
from services.console.entrance import InVisitor, needs
from services.console.models import PLAIN, Name
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.ledger.approving import NotProposed, approve, proposed

router = APIRouter(
    include_in_schema=False, default_response_class=HTMLResponse, dependencies=needs(May.APPROVE_THRESHOLDS)
)
Shown = Annotated[list[Annotated[str, Form(max_length=300, pattern=PLAIN)]], Form(max_length=100)]


@router.get("/thresholds")
def thresholds_page(request: Request, room: InRoom, visitor: InVisitor) -> HTMLResponse:
    """Whose alerts would become rarer, and how much, if somebody lets them."""
    waiting = proposed(room.database)
    room.seen(visitor, "thresholds", {one.resident.id for one in waiting})
    return HTMLResponse(request.app.state.pages.render("thresholds.html", waiting=waiting))


@router.post("/thresholds/{resident_id}/approve")
def let_rise(
    room: InRoom, visitor: InVisitor, resident_id: Id, wanted: Shown, by: Annotated[Name, Form()] = ""
) -> RedirectResponse:
    """The button "let it rise"; `wanted` repeats what was shown, each as RULE=THRESHOLD."""
    seen = dict(_shown(one) for one in wanted)
    try:
        approve(room.database, resident_id, visitor.answering(by), room.clock.now(), seen)
    except NotProposed as error:
        status, kind = (404, "resident-unknown") if error.unknown else (409, "not-proposed")
        raise Refused(status, kind, str(error)) from error
    return RedirectResponse("/thresholds", 303)


def _shown(text: str) -> tuple[str, float]:
    rule, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not rule or not math.isfinite(value):
        raise Refused(422, "invalid", "expected wanted = RULE=THRESHOLD as the page showed it", "wanted")
    return rule, value
