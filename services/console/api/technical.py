"""The technical side: events, agents with their cameras, and health."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console import reading
from services.console.api.parts import Before, Limit, sent
from services.console.entrance import InVisitor, needs
from services.console.models import Agents, EventPage, HealthOut
from services.console.roles import May
from services.console.room import InRoom
from services.ledger import AlertRepository, EventRepository
from services.runtime.version import SOFTWARE
from services.vocabulary import AlertStatus, Tier

router = APIRouter(tags=["technical"])


@router.get("/events", response_model=EventPage, dependencies=needs(May.SEE_RESIDENTS))
def events(
    room: InRoom,
    visitor: InVisitor,
    before: Before = None,
    limit: Limit = 50,
    resident: Annotated[str | None, Query(max_length=255, pattern=r"^[^\x00-\x1f]*$")] = None,
    max_tier: Tier | None = None,
) -> Response:
    """Events of every tier, newest first; `max_tier` 2 leaves out what is only to be kept an eye on."""
    with room.database.read() as connection:
        found = EventRepository(connection).page(before, limit, resident, max_tier)
    room.seen(visitor, "events", {event.resident for event in found})
    return sent(EventPage(items=found, next=found[-1].opened_at if len(found) >= limit else None))


@router.get("/agents", response_model=Agents, dependencies=needs(May.SEE_OPERATIONS))
def agents(room: InRoom) -> Response:
    """Edge agents and their cameras as last heard."""
    with room.database.read() as connection:
        return sent(Agents(items=reading.agents(connection, room.clock.now())))


@router.get("/health", response_model=HealthOut, dependencies=needs(May.SEE_OPERATIONS))
def health(room: InRoom) -> Response:
    """Whether the console can work, and what in the house cannot."""
    problem = room.database.check()
    if problem:
        empty = HealthOut(
            ready=False, software=SOFTWARE, problems=[problem], undelivered=0, blind_cameras=[], silent_agents=[]
        )
        return sent(empty, 503)
    with room.database.read() as connection:
        heard = reading.agents(connection, room.clock.now())
        undelivered = AlertRepository(connection).page(None, 200, AlertStatus.UNDELIVERED)
    blind = [camera.camera for agent in heard for camera in agent.cameras if camera.blind]
    silent = [agent.agent for agent in heard if agent.silent]
    return sent(
        HealthOut(
            ready=True,
            software=SOFTWARE,
            problems=[],
            undelivered=len(undelivered),
            blind_cameras=blind,
            silent_agents=silent,
        )
    )
