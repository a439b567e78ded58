"""Who may pass: every route names what it needs, and whoever asks is known before anything is read or written."""

import hmac
from typing import Annotated, Any

from fastapi import Depends, Request

from services.console import signing_in
from services.console.language import choose, say
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom, Room
from services.console.visitor import ANYBODY, CURRENT, NOBODY, PROGRAM, Visitor

SAFE = ("GET", "HEAD", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def cookie_name(room: Room) -> str:
    """The session's cookie; by https it can be set by this host alone."""
    return "__Host-attune" if room.settings.by_https else "attune_session"


def _asking(request: Request, room: InRoom) -> Visitor:
    settings = room.settings
    if not settings.sign_in:
        return ANYBODY
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = settings.api_token.get_secret_value()
    if scheme.lower() == "bearer":
        if known and hmac.compare_digest(given.strip().encode(), known.encode()):
            return PROGRAM
        raise Refused(401, "wrong-token", "this token is not the one in ATTUNE_CONSOLE_API_TOKEN")
    token = request.cookies.get(cookie_name(room), "")
    found = signing_in.visitor(room.database, token, room.clock.now(), settings.lifetimes) if token else None
    return found or NOBODY


async def _visitor(request: Request, found: Annotated[Visitor, Depends(_asking)]) -> Visitor:
    """Told to everything that answers this request (a thread gets a copy of what is set here)."""
    CURRENT.set(found)
    choose(request)
    return found


InVisitor = Annotated[Visitor, Depends(_visitor)]


async def _own_form(request: Request, visitor: InVisitor) -> None:
    """A write in somebody's session has to carry what only their own pages know."""
    if request.method in SAFE or not visitor.signed_in:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    given: object = request.headers.get("x-csrf-token", "")
    if not given and kind in FORMS:
        given = (await request.form()).get("csrf", "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        raise Refused(403, "form-too-old", "This form is no longer good. Go back, reload the page and press again.")


def still(request: Request, room: Room) -> bool:
    """Whether whoever opened a stream may still see residents; false also once their session is over."""
    try:
        return May.SEE_RESIDENTS in _asking(request, room).may
    except Refused:
        return False


def needs(*things: May) -> list[Any]:
    """Dependencies: whoever asks is signed in and may do each of these things; none: it is enough to be signed in.

    Raises:
        Refused: 401 for nobody, 403 for a role that may not, or for a form of another session.
    """

    def check(visitor: InVisitor) -> None:
        if visitor == NOBODY:
            raise Refused(401, "not-signed-in", "sign in at /sign-in, or send the token as Authorization: Bearer")
        for thing in things:
            if thing not in visitor.may:
                why = "Your role ({role}) may not {thing}."
                raise Refused(403, "role", say(why, role=say(visitor.role), thing=say(thing.value)))

    check.needs = things  # type: ignore[attr-defined]  # read by the test that no route was forgotten
    return [Depends(check), Depends(_own_form)]


PUBLIC: list[Any] = [Depends(_visitor)]
"""Dependencies of what nobody has to sign in for."""
