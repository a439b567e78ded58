"""Signing in and out, one's own password, and the language of the page."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from services.console import signing_in
from services.console.entrance import PUBLIC, InVisitor, cookie_name, needs
from services.console.language import COOKIE, LANGUAGES
from services.console.passwords import LEAST
from services.console.problems import Refused
from services.console.room import InRoom
from services.console.views.pages import Pages

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
Short = Annotated[str, Form(max_length=200)]
Where = Annotated[str, Form(max_length=2000)]
YEAR_S = 31_536_000


@router.get("/sign-in", dependencies=PUBLIC)
def ask(request: Request, then: Annotated[str, Query(max_length=2000)] = "/") -> HTMLResponse:
    """The form."""
    return _form(request, then, "")


@router.post("/sign-in", dependencies=PUBLIC, response_model=None)
def sign_in(
    request: Request, room: InRoom, name: Short, password: Short, then: Where = "/"
) -> HTMLResponse | RedirectResponse:
    """Name and password; too many in vain, and one has to wait."""
    address = request.client.host if request.client else ""
    try:
        token = signing_in.sign_in(
            room.database, name, password, address, room.clock.now(), room.settings.lifetimes
        )  # fmt: skip
    except Refused as error:
        answer = _form(request, then, error.problem.detail, name)
        answer.status_code = error.problem.status
        if error.problem.status == 429:
            answer.headers["Retry-After"] = f"{signing_in.SPAN_S:.0f}"
        return answer
    return _with_session(RedirectResponse(_here(then), 303), room, token)


@router.post("/sign-out", dependencies=needs())
def sign_out(request: Request, room: InRoom, visitor: InVisitor) -> RedirectResponse:
    """The session ends on the server too."""
    signing_in.sign_out(room.database, request.cookies.get(cookie_name(room), ""), visitor, room.clock.now())
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(room), secure=room.settings.by_https, httponly=True, samesite="lax")
    return answer


@router.get("/me", dependencies=needs())
def myself(request: Request, visitor: InVisitor) -> HTMLResponse:
    """What one may do here, and another password."""
    pages: Pages = request.app.state.pages
    return HTMLResponse(pages.render("me.html", who=visitor, least=LEAST, problem=""))


@router.post("/me/password", dependencies=needs(), response_model=None)
def password(
    request: Request, room: InRoom, visitor: InVisitor, old: Short, new: Short
) -> HTMLResponse | RedirectResponse:
    """Another password; one has to sign in with it, everywhere."""
    if not visitor.signed_in:
        raise Refused(409, "nobody", "nobody is signed in here: there is no password to change")
    address = request.client.host if request.client else ""
    try:
        signing_in.change_password(room.database, visitor, old, new, address, room.clock.now())
    except Refused as error:
        pages: Pages = request.app.state.pages
        page = pages.render("me.html", who=visitor, least=LEAST, problem=error.problem.detail)
        return HTMLResponse(page, error.problem.status)
    return RedirectResponse("/sign-in?then=/me", 303)


@router.post("/language", dependencies=PUBLIC)
def language(room: InRoom, language: Short, then: Where = "/") -> RedirectResponse:
    """The language of this browser."""
    if language not in LANGUAGES:
        raise Refused(422, "language-unknown", f"expected one of {', '.join(LANGUAGES)}", "language")
    answer = RedirectResponse(_here(then), 303)
    answer.set_cookie(COOKIE, language, YEAR_S, httponly=True, samesite="lax", secure=room.settings.by_https)
    return answer


def _form(request: Request, then: str, problem: str, name: str = "") -> HTMLResponse:
    pages: Pages = request.app.state.pages
    return HTMLResponse(pages.render("sign_in.html", then=_here(then), problem=problem, name=name))


def _here(then: str) -> str:
    """A path of this page: never another site, which a browser reads into `//` and `/\\` too."""
    parts = urlsplit(then)
    own = then.startswith("/") and not then.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return then if own and then.isprintable() else "/"


def _with_session(answer: RedirectResponse, room: InRoom, token: str) -> RedirectResponse:
    settings = room.settings
    answer.set_cookie(
        cookie_name(room), token, int(settings.session_longest_s), httponly=True, samesite="lax",
        secure=settings.by_https,
    )  # fmt: skip
    return answer
