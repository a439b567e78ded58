"""Operations: rooms and cameras, agents, canaries, receivers, deliveries, second opinions; and what can be mended."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from services.console import mending, operations
from services.console.api.parts import Id
from services.console.entrance import InVisitor, needs
from services.console.language import say
from services.console.models import PLAIN, Name
from services.console.operations import Operations
from services.console.roles import May
from services.console.room import InRoom, Room
from services.console.views.pages import Pages
from services.runtime import stores

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse, dependencies=needs(May.SEE_OPERATIONS))
Key = Annotated[str, Form(min_length=1, max_length=255, pattern=PLAIN)]


@router.get("/operations")
def operations_page(request: Request, room: InRoom) -> HTMLResponse:
    """Everything that runs, what does not first."""
    return HTMLResponse(request.app.state.pages.render("operations.html", part=_part(request.app.state.pages, room)))


@router.get("/operations/doctor")
def doctor(request: Request, room: InRoom) -> HTMLResponse:
    """What the doctor finds of the stores this moment: it logs in, tries to write and compares clocks."""
    found = [*stores.look(room.settings), stores.disk(room.history.absolute())]
    return HTMLResponse(request.app.state.pages.render("doctor.html", findings=found))


@router.get("/operations/live")
def operations_part(request: Request, room: InRoom) -> JSONResponse:
    """The same as a part, for a page that is open."""
    return JSONResponse({"operations": _part(request.app.state.pages, room)})


@router.post("/operations/replay", dependencies=needs(May.MEND_DELIVERIES))
def replay(
    room: InRoom, visitor: InVisitor, message: Key, receiver: Key, by: Annotated[Name, Form()] = ""
) -> RedirectResponse:
    """The button "try again" beside a delivery that was given up."""
    mending.replay(room, message, receiver, visitor.named(by))
    return RedirectResponse("/operations#dead", 303)


@router.post("/operations/receivers/{receiver}/enable", dependencies=needs(May.MEND_DELIVERIES))
def enable(
    room: InRoom, visitor: InVisitor, receiver: Id, by: Annotated[Name, Form()] = ""
) -> RedirectResponse:  # fmt: skip
    """The button "send to it again" beside a receiver that is disabled."""
    mending.enable(room, receiver, visitor.named(by))
    return RedirectResponse("/operations#receivers", 303)


def problems(found: Operations) -> list[str]:
    """What needs a hand, the worst first, each in a sentence; empty: everything runs."""
    said = []
    if found.undelivered:
        several = say("{n} alerts have not reached anybody outside the page.", n=found.undelivered)
        one_alert = say("One alert has not reached anybody outside the page.")
        said.append(one_alert if found.undelivered == 1 else several)
    for one in found.canaries:
        if one.away:
            said.append(say("Test alerts of {agent} do not come out: do not rely on its alerts.", agent=one.now.agent))
    for agent in found.agents:
        if agent.silent:
            said.append(say("No news from {agent}: its rooms are not watched.", agent=agent.agent))
            continue
        for camera in agent.cameras:
            rooms = ", ".join(found.rooms.get(one, one) for one in camera.residents) or camera.camera
            if camera.blind:
                said.append(say("{rooms} cannot be seen: the camera gives no picture.", rooms=rooms))
            elif camera.falls_missed:
                said.append(
                    say("Falls in {rooms} may be missed: the computer there does not look often enough.", rooms=rooms)
                )
    for receiver in found.receivers:
        if receiver.state.disabled_at is not None:
            said.append(say("Nothing is sent to {receiver}: it said that it is gone.", receiver=receiver.name))
    if found.servers and not any(heard and not one.trouble for one, heard in found.servers):
        said.append(say("No server of the language model answers: rules give the second opinions."))
    if found.dead:
        several = say("{n} deliveries were given up.", n=len(found.dead))
        said.append(say("One delivery was given up.") if len(found.dead) == 1 else several)
    return said


def _part(pages: Pages, room: Room) -> str:
    now = room.clock.now()
    with room.database.read() as connection:
        found = operations.look(connection, now)
    return pages.render("operations_part.html", found=found, problems=problems(found), now=now)
