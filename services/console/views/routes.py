"""The addresses of the page and of its forms."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from pydantic import ValidationError

from services.console import writing
from services.console.api.parts import Before, Id
from services.console.entrance import InVisitor, needs
from services.console.models import FeedbackIn, ModeIn, Name, Note
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.console.views import alert as alert_view
from services.console.views import now as now_view
from services.console.views.pages import Pages
from services.vocabulary import FeedbackVerdict, Mode

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", dependencies=needs(), response_model=None)
def first_page(
    request: Request, room: InRoom, visitor: InVisitor, before: Before = None
) -> HTMLResponse | RedirectResponse:
    """Residents and alerts now; whoever may not see residents is led to what they may."""
    if May.SEE_RESIDENTS not in visitor.may:
        return RedirectResponse("/operations" if May.SEE_OPERATIONS in visitor.may else "/me", 303)
    pages: Pages = request.app.state.pages
    room.seen(visitor, "now", now_view.everybody(room))
    with room.database.read() as connection:
        parts = now_view.fragments(connection, pages, room.clock.now(), before)
    return HTMLResponse(pages.render("now.html", parts=parts, live=before is None))


@router.get("/alerts/{alert_id}", dependencies=needs(May.SEE_RESIDENTS))
def alert_page(request: Request, room: InRoom, visitor: InVisitor, alert_id: Id) -> HTMLResponse:
    """One alert."""
    pages: Pages = request.app.state.pages
    known = _alert(room, visitor, alert_id)
    return HTMLResponse(pages.render("alert.html", parts=alert_view.live(pages, known), **known))


@router.get("/alerts/{alert_id}/live", dependencies=needs(May.SEE_RESIDENTS))
def alert_parts(request: Request, room: InRoom, visitor: InVisitor, alert_id: Id) -> JSONResponse:
    """The parts of an alert's page that change, for a page that is open."""
    return JSONResponse(alert_view.live(request.app.state.pages, _alert(room, visitor, alert_id)))


@router.post("/alerts/{alert_id}/acknowledge", dependencies=needs(May.TAKE_ALERTS))
def acknowledge(room: InRoom, visitor: InVisitor, alert_id: Id, by: Annotated[Name, Form()] = "") -> RedirectResponse:
    """The button "I am on it"."""
    writing.acknowledge(room.database, alert_id, visitor.named(by), room.clock.now(), "page")
    return RedirectResponse(f"/alerts/{alert_id}", 303)


@router.post("/alerts/{alert_id}/feedback", dependencies=needs(May.JUDGE_ALERTS))
def feedback(
    room: InRoom,
    visitor: InVisitor,
    alert_id: Id,
    verdict: Annotated[FeedbackVerdict, Form()],
    note: Annotated[Note, Form()] = "",
    by: Annotated[Name, Form()] = "",
) -> RedirectResponse:
    """The buttons "it was right", "it was wrong", "hard to say"."""
    word = _word(verdict=verdict, alert=alert_id, note=note, by=by)
    writing.give_feedback(room.database, word, visitor, room.clock.now())
    return RedirectResponse(f"/alerts/{alert_id}#said", 303)


@router.post("/feedback/{feedback_id}/confirm", dependencies=needs(May.CONFIRM_WORDS))
def confirm(
    room: InRoom, visitor: InVisitor, feedback_id: Id, by: Annotated[Name, Form()] = ""
) -> RedirectResponse:  # fmt: skip
    """The button "I stand for it", beside a word that was given by a link."""
    writing.confirm_feedback(room.database, feedback_id, visitor.named(by), room.clock.now())
    return RedirectResponse("/shift", 303)


@router.post("/residents/{resident_id}/mode", dependencies=needs(May.WITHDRAW_CONSENT))
def mode(
    room: InRoom,
    visitor: InVisitor,
    resident_id: Id,
    mode: Annotated[Mode, Form()],
    consent: Annotated[Name, Form()] = "",
    by: Annotated[Name, Form()] = "",
) -> RedirectResponse:
    """The buttons "the consent is withdrawn" and "also read expression"."""
    given = ModeIn(mode=mode, consent=consent, by=by)
    writing.decide_mode(room.database, resident_id, given, visitor, room.clock.now())
    return RedirectResponse(f"/residents/{resident_id}", 303)


@router.post("/residents/{resident_id}/missed", dependencies=needs(May.JUDGE_ALERTS))
def missed(
    room: InRoom,
    visitor: InVisitor,
    resident_id: Id,
    minutes_ago: Annotated[int, Form(ge=0, le=1440)],
    note: Annotated[Note, Form()] = "",
    by: Annotated[Name, Form()] = "",
) -> RedirectResponse:
    """The button "it should have alarmed"."""
    now = room.clock.now()
    word = _word(
        verdict=FeedbackVerdict.MISSED, resident=resident_id, about_time=now - 60 * minutes_ago, note=note, by=by
    )
    writing.give_feedback(room.database, word, visitor, now)
    return RedirectResponse(f"/residents/{resident_id}?thanks=true", 303)


def _word(**facts: object) -> FeedbackIn:
    try:
        return FeedbackIn.model_validate(facts)
    except ValidationError as error:
        raise Refused(422, "invalid", error.errors()[0]["msg"], "verdict") from error


def _alert(room: InRoom, visitor: InVisitor, alert_id: str) -> dict[str, object]:
    known = alert_view.facts(room, alert_id)
    if known is None:
        raise Refused(404, "alert-unknown", "There is no such alert.")
    room.seen(visitor, "alert", {known["resident"].id})  # type: ignore[attr-defined]  # a Resident
    return known
