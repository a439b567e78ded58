"""One resident: how they are, their week, their alerts, and whether those were right."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from services.console import day, reading, tally, week
from services.console.api.parts import Id
from services.console.entrance import InVisitor, needs
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.console.views.now import AlertRow
from services.console.views.pages import Pages
from services.ledger import EventRepository, FeedbackRepository, ModeRepository, RosterRepository, StatusRepository
from services.runtime.clock import zone
from services.vocabulary import Resident, Seconds

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
MINUTES = (0, 5, 15, 30, 60, 120)
WEEK_S: Seconds = 7 * 86_400.0
EVENTS, MONTHS_S = 500, 90 * 86_400.0


@router.get("/residents/{resident_id}", dependencies=needs(May.SEE_RESIDENTS))
def resident_page(
    request: Request, room: InRoom, visitor: InVisitor, resident_id: Id, thanks: Annotated[bool, Query()] = False
) -> HTMLResponse:
    """One resident: how they are, their week and alerts, and the place to say that one is missing."""
    now = room.clock.now()
    with room.database.read() as connection:
        known = {r.resident.id: r for r in reading.residents(connection, now, reading.agents(connection, now))}
        resident = _resident(connection, resident_id)
        alerts, _ = reading.alert_page(connection, None, 30, None, resident_id)
        decided = next(iter(ModeRepository(connection).of([resident_id])), None)
        events = EventRepository(connection).page(None, EVENTS, resident_id)
        said = FeedbackRepository(connection).between(now - MONTHS_S, now + 1.0, resident_id)
    room.seen(visitor, "resident", {resident_id})
    zoned = zone(room.settings.time_zone)
    hours = day.drawn(day.course(room, resident, now), events, now, zoned)
    lately = [event for event in events if (event.ended_at or now) > now - WEEK_S]
    pages: Pages = request.app.state.pages
    page = pages.render(
        "resident.html", resident=resident, status=known.get(resident_id), rows=[AlertRow(a, "") for a in alerts],
        minutes=MINUTES, thanks=thanks, decided=decided, judged=tally.judged(said), events=lately,
        week=week.drawn(lately, now, zoned), day=hours,
    )  # fmt: skip
    return HTMLResponse(page)


def _resident(connection: Connection, resident_id: str) -> Resident:
    status = StatusRepository(connection).get(resident_id)
    if status is not None:
        return status.resident
    seated = {r.id: r for r, _ in RosterRepository(connection).residents()}
    if resident_id not in seated:
        raise Refused(404, "resident-unknown", "There is no such resident.")
    return seated[resident_id]
