"""Every refusal of the console as one typed shape: problem+json for programs, a short page for people."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from services.console.models import Problem
from services.runtime import logs

_TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 413: "Too large", 415: "Unsupported media type", 421: "Wrong host",
    422: "Not understood", 429: "Too many attempts", 503: "Not available",
}  # fmt: skip


class Refused(Exception):
    """A request that cannot be served; `kind` is the problem's stable name, the text says what to do."""

    def __init__(self, status: int, kind: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.problem = Problem(type=kind, title=_TITLES[status], status=status, detail=detail, field=field)


def install(app: FastAPI) -> None:
    """Answer errors of every origin as problems; none of them repeats what the caller sent."""

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return answer(request, error.problem)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        title = _TITLES.get(error.status_code, "Refused")
        kind = title.lower().replace(" ", "-")
        return answer(request, Problem(type=kind, title=title, status=error.status_code, detail=str(error.detail)))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        detail = f"{place}: {first['msg']}"
        return answer(
            request, Problem(type="invalid", title=_TITLES[422], status=422, detail=detail, field=place)
        )  # fmt: skip

    @app.exception_handler(DBAPIError)
    def database_away(request: Request, error: DBAPIError) -> Response:
        logs.logger().warning("database is away", error=type(error).__name__, detail=str(error.orig))
        detail = "the ledger does not answer: try again in a moment"
        return answer(request, Problem(type="ledger-away", title=_TITLES[503], status=503, detail=detail))


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the form that the asker reads."""
    path = request.url.path
    if path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return Response(problem.model_dump_json(), problem.status, media_type="application/problem+json")
    if problem.type == "not-signed-in" and request.method == "GET":
        asked = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?then={quote(asked, safe='')}", 303)
    page = request.app.state.pages.render("problem.html", problem=problem)
    return Response(page, problem.status, media_type="text/html")
