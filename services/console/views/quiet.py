"""Quiet on the page: what is quiet now, asking for it, agreeing as the second person, ending it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from services.console import quiet
from services.console.api.parts import Id
from services.console.entrance import InVisitor, needs
from services.console.models import PLAIN, Name
from services.console.problems import Refused
from services.console.quiet import Wish
from services.console.roles import May
from services.console.room import InRoom, Room
from services.console.views.pages import Pages
from services.console.visitor import Visitor
from services.ledger import SilenceRepository, StatusRepository
from services.ledger.silences import LONGEST_TIER1_S

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=needs(May.SILENCE))
MINUTES = (15, 30, 60, 120, 240, 480)
TOO_LONG = "Urgent alerts can be held back for an hour at most. Choose a shorter time."
SAME_PERSON = "It takes a second person: whoever asked for it cannot agree to it as well."
Reason = Annotated[str, Form(max_length=300, pattern=PLAIN)]
About = Annotated[str, Form(max_length=300, pattern=PLAIN)]


@router.get("/quiet")
def quiet_page(request: Request, room: InRoom, visitor: InVisitor) -> HTMLResponse:
    """What is quiet now, and the form that asks for it."""
    return _page(request, room, visitor, Wish(30, ""), "")


@router.post("/quiet", response_model=None)
def ask(
    request: Request, room: InRoom, visitor: InVisitor, about: About, minutes: Annotated[int, Form(ge=1, le=1440)],
    reason: Reason = "", by: Annotated[Name, Form()] = "", tier1: Annotated[bool, Form()] = False,
) -> HTMLResponse | RedirectResponse:  # fmt: skip
    """The form: about a resident (`resident:ID`) or a room (`room:NAME`). What cannot be is said beside the form."""
    kind, _, which = about.partition(":")
    if kind not in ("resident", "room") or not which:
        raise Refused(422, "about-whom", "expected about = resident:ID or room:NAME", "about")
    wish = Wish(minutes, reason, which if kind == "resident" else "", which if kind == "room" else "", tier1)
    try:
        quiet.ask(room, wish, visitor, by)
    except Refused as error:
        too_long = tier1 and 60 * minutes > LONGEST_TIER1_S
        answer = _page(request, room, visitor, wish, TOO_LONG if too_long else error.problem.detail)
        answer.status_code = error.problem.status
        return answer
    return RedirectResponse("/quiet", 303)


@router.post("/quiet/{silence_id}/agree", response_model=None)
def agree(
    request: Request, room: InRoom, visitor: InVisitor, silence_id: Id, by: Annotated[Name, Form()] = ""
) -> HTMLResponse | RedirectResponse:
    """The button "I agree"; whoever asked cannot be the second person."""
    try:
        quiet.agree(room, silence_id, visitor, by)
    except Refused as error:
        same = error.problem.type == "second-person"
        answer = _page(request, room, visitor, Wish(30, ""), SAME_PERSON if same else error.problem.detail)
        answer.status_code = error.problem.status
        return answer
    return RedirectResponse("/quiet", 303)


@router.post("/quiet/{silence_id}/end")
def end(
    room: InRoom, visitor: InVisitor, silence_id: Id, by: Annotated[Name, Form()] = ""
) -> RedirectResponse:  # fmt: skip
    """The button "end it"."""
    quiet.end(room, silence_id, visitor, by)
    return RedirectResponse("/quiet", 303)


def _page(request: Request, room: Room, visitor: Visitor, wish: Wish, problem: str) -> HTMLResponse:
    now = room.clock.now()
    with room.database.read() as connection:
        people = [one.resident for one in StatusRepository(connection).all()]
        running = SilenceRepository(connection).active(now)
    room.seen(visitor, "quiet", {one.id for one in people})
    names = {one.id: " · ".join(part for part in (one.room, one.bed, one.label) if part) or one.id for one in people}
    rooms = sorted({one.room for one in people if one.room})
    pages: Pages = request.app.state.pages
    return HTMLResponse(
        pages.render(
            "quiet.html", running=running, names=names, rooms=rooms, minutes=MINUTES, wish=wish, problem=problem
        )
    )
