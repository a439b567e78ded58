"""What a link in a message opens: short text and buttons. Opening it changes nothing, and a button counts once."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse

from services.console import words, writing
from services.console.entrance import PUBLIC
from services.console.models import Note
from services.console.problems import Refused
from services.console.room import InRoom, Room
from services.console.views.pages import Pages
from services.ledger import AlertRepository
from services.runtime import links
from services.vocabulary import Alert, FeedbackVerdict

router = APIRouter(include_in_schema=False, dependencies=PUBLIC)
Token = Annotated[str, Path(min_length=10, max_length=600, pattern=r"^[A-Za-z0-9_.-]+$")]


@router.get("/said/{token}")
def look(request: Request, room: InRoom, token: Token) -> HTMLResponse:
    """The short text and the buttons."""
    _, alert = _opened(room, token)
    return _page(request, token, alert, thanks=False)


@router.post("/said/{token}")
def say(
    request: Request,
    room: InRoom,
    token: Token,
    verdict: Annotated[FeedbackVerdict, Form()],
    note: Annotated[Note, Form()] = "",
) -> HTMLResponse:
    """A button: true, false or unsure, once."""
    if verdict is FeedbackVerdict.MISSED:
        raise Refused(422, "invalid", "a link is about an alert that was: expected true, false or unsure", "verdict")
    link, alert = _opened(room, token)
    writing.say_by_link(room.database, link, token, verdict, note, room.clock.now())
    return _page(request, token, alert, thanks=True)


def _opened(room: Room, token: str) -> tuple[links.Link, Alert]:
    try:
        link = links.read(token, room.settings.link_key, room.clock.now())
    except links.LinkRefused as error:
        raise Refused(404, "link-refused", str(error)) from error
    with room.database.read() as connection:
        alert = AlertRepository(connection).get(link.alert)
    if alert is None:
        raise Refused(404, "alert-unknown", "There is no such alert.")
    return link, alert


def _page(request: Request, token: str, alert: Alert, thanks: bool) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    return HTMLResponse(pages.render("said.html", token=token, alert=alert, thanks=thanks, words=words))
