"""Puts the console together as one ASGI application."""

import asyncio

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.staticfiles import StaticFiles

from services.console import problems, webhooks
from services.console.api import alerts, explanation, people, proposals, receivers, residents, silences, technical
from services.console.api.parts import PROBLEMS
from services.console.describing import describe_unknown_numbers
from services.console.entrance import InVisitor, needs, still
from services.console.guard import Guard
from services.console.roles import May
from services.console.room import Room
from services.console.stream import Broadcast, View
from services.console.views import audit, now, operations, quiet, resident, routes, said, shift, sign_in, thresholds
from services.console.views.pages import FOLDER, Pages
from services.runtime.settings import LOOPBACK

DESCRIPTION = """Residents, alerts and feedback of one facility. Everything here is decision support; a person decides.

A program shows the token in ATTUNE_CONSOLE_API_TOKEN as `Authorization: Bearer` where people sign in, and `by` says in
whose name it acts; a page that is signed in sends its form token as `X-CSRF-Token`, and `by` is known.

Times are Unix seconds. Errors are `application/problem+json`. A POST needs a JSON body and no `Origin` of another site.
"""


def make_app(room: Room) -> FastAPI:
    """The application over one ledger; `app.state.broadcast` has to be run beside it for live pages."""
    app = FastAPI(
        title="Attune", version="1", description=DESCRIPTION, openapi_url="/api/v1/openapi.json", docs_url=None,
        redoc_url=None,
    )  # fmt: skip
    pages = Pages(room.settings.facility, room.settings.time_zone)
    broadcast = Broadcast(room, pages)
    app.state.room, app.state.pages, app.state.broadcast = room, pages, broadcast
    problems.install(app)
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (alerts, residents, people, technical, explanation, proposals, receivers, silences):
        api.include_router(part.router)

    @api.get("/stream", tags=["live"], response_class=StreamingResponse, dependencies=needs(May.SEE_RESIDENTS))
    async def stream(request: Request, visitor: InVisitor) -> StreamingResponse:
        """Server-sent events: `parts` (HTML of the first page by place) and `alerts` (ids that changed)."""
        await asyncio.to_thread(room.seen, visitor, "now", await asyncio.to_thread(now.everybody, room))
        return broadcast.respond(View.of(visitor), lambda: still(request, room))

    app.include_router(api)
    webhooks.describe(app.webhooks)
    describe_unknown_numbers(app)
    for views in (routes, resident, shift, quiet, thresholds, operations, audit, said, sign_in):
        app.include_router(views.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> PlainTextResponse:
        problem = room.database.check()
        return PlainTextResponse(f"{problem or 'ready'}\n", 503 if problem else 200)

    app.add_middleware(Guard, names=(*LOOPBACK, *room.settings.names))
    return app
