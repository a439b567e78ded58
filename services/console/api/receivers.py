"""Receivers: their load, deliveries that were given up, those that are gone; trying again, enabling."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console import mending
from services.console.api.parts import Id, Limit, sent
from services.console.entrance import InVisitor, needs
from services.console.models import Identity, Name, Strict
from services.console.roles import May
from services.console.room import InRoom
from services.ledger import (
    AlertRepository,
    DeliveryRepository,
    Dispatch,
    EndpointNow,
    EndpointRepository,
    PolicyRepository,
    RosterRepository,
)
from services.ledger.load import Load, allowance, loads
from services.vocabulary import UnixSeconds

router = APIRouter(tags=["receivers"], dependencies=needs(May.SEE_OPERATIONS))


class DeadLetters(Strict):
    """Dispatches that were given up, newest first; `body` is what would be sent."""

    items: list[Dispatch]


class ReplayIn(Strict):
    """Which dispatch to try again, and who says so."""

    message: Identity
    receiver: Identity
    by: Name = ""


class ByIn(Strict):
    """Who says so."""

    by: Name = ""


class LoadOut(Strict):
    """The alert load of a span. `allowed` is what the budget of the policy in force makes for all residents in it: one
    carer who is told of more has more than the budget promises."""

    since: UnixSeconds
    until: UnixSeconds
    residents: int
    allowed: float
    items: list[Load]


class Receivers(Strict):
    """Receivers of which something was learned: disabled since they answered 410, or paused by Retry-After."""

    items: list[EndpointNow]


@router.get("/deliveries/dead", response_model=DeadLetters)
def dead(room: InRoom, limit: Limit = 50) -> Response:
    """What no receiver took until it was given up, newest first."""
    with room.database.read() as connection:
        return sent(DeadLetters(items=DeliveryRepository(connection).failed(limit)))


@router.post("/deliveries/replay", response_model=DeadLetters, status_code=202, dependencies=needs(May.MEND_DELIVERIES))
def replay(room: InRoom, visitor: InVisitor, word: ReplayIn) -> Response:
    """Try one again under the same idempotency key; alerting does so within a moment, unless it was acknowledged."""
    found = mending.replay(room, word.message, word.receiver, visitor.answering(word.by))
    return sent(DeadLetters(items=[found]), 202)


@router.get("/load", response_model=LoadOut)
def load(room: InRoom, hours: Annotated[float, Query(gt=0, le=744)] = 8.0) -> Response:
    """How many alerts each receiver was told of in the last `hours` (a shift), beside the budget."""
    now = room.clock.now()
    since = now - 3600.0 * hours
    with room.database.read() as connection:
        log = DeliveryRepository(connection).between(since, now)
        tiers = AlertRepository(connection).tiers({one.alert for one in log})
        residents = [one.id for one, _ in RosterRepository(connection).residents()]
        budget = PolicyRepository(connection).in_force().weekly(residents)
    allowed = allowance(len(residents), now - since, budget.tier1 + budget.tier2)
    items = loads(log, tiers, allowed)
    return sent(LoadOut(since=since, until=now, residents=len(residents), allowed=allowed, items=items))


@router.get("/receivers", response_model=Receivers)
def receivers(room: InRoom) -> Response:
    """Receivers that are disabled or asked to be left alone; those in order are not listed."""
    with room.database.read() as connection:
        return sent(Receivers(items=EndpointRepository(connection).all()))


@router.post(
    "/receivers/{receiver}/enable", response_model=Receivers, status_code=202, dependencies=needs(May.MEND_DELIVERIES)
)
def enable(room: InRoom, visitor: InVisitor, receiver: Id, word: ByIn) -> Response:
    """Send to a disabled receiver again; alerting does so within a moment."""
    return sent(Receivers(items=[mending.enable(room, receiver, visitor.answering(word.by))]), 202)
