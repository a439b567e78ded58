"""Alerts: the list, one with everything that belongs to it, its deliveries, and taking it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console import reading, writing
from services.console.api.parts import Before, Id, Limit, sent
from services.console.entrance import InVisitor, needs
from services.console.models import AcknowledgeIn, AlertOut, AlertPage, Deliveries
from services.console.problems import Refused
from services.console.roles import May
from services.console.room import InRoom
from services.vocabulary import AlertStatus

router = APIRouter(tags=["alerts"], dependencies=needs(May.SEE_RESIDENTS))
Resident = Annotated[str | None, Query(max_length=255, pattern=r"^[^\x00-\x1f]*$")]


@router.get("/alerts", response_model=AlertPage)
def alerts(
    room: InRoom,
    visitor: InVisitor,
    before: Before = None,
    limit: Limit = 50,
    status: AlertStatus | None = None,
    resident: Resident = None,
) -> Response:
    """Alerts, newest first."""
    with room.database.read() as connection:
        items, after = reading.alert_page(connection, before, limit, status, resident)
    room.seen(visitor, "alerts", {alert.resident for alert in items})
    return sent(AlertPage(items=items, next=after))


@router.get("/alerts/{alert_id}", response_model=AlertOut)
def alert(room: InRoom, visitor: InVisitor, alert_id: Id) -> Response:
    """One alert with its event, second opinion, deliveries, acknowledgements and feedback."""
    with room.database.read() as connection:
        found = reading.alert(connection, alert_id)
    if found is None:
        raise Refused(404, "alert-unknown", "no alert has this id")
    room.seen(visitor, "alert", {found.alert.resident})
    return sent(found)


@router.get("/alerts/{alert_id}/deliveries", response_model=Deliveries)
def deliveries(room: InRoom, visitor: InVisitor, alert_id: Id) -> Response:
    """Every attempt to tell about an alert, oldest first."""
    with room.database.read() as connection:
        found = reading.alert(connection, alert_id)
    if found is None:
        raise Refused(404, "alert-unknown", "no alert has this id")
    room.seen(visitor, "alert", {found.alert.resident})
    return sent(Deliveries(items=found.deliveries))


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertOut, dependencies=needs(May.TAKE_ALERTS))
def acknowledge(room: InRoom, visitor: InVisitor, alert_id: Id, word: AcknowledgeIn) -> Response:
    """Take the alert: nobody is notified about it any more. The first one stands."""
    writing.acknowledge(room.database, alert_id, visitor.named(word.by), room.clock.now(), "api")
    return alert(room, visitor, alert_id)
