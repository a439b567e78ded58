"""Trying a delivery again and enabling a receiver: a message to alerting and an entry in the audit chain each."""

import json

from services.console.problems import Refused
from services.console.room import Room
from services.ledger import (
    AuditRepository,
    DeliveryRepository,
    Dispatch,
    DispatchState,
    Enabling,
    EndpointNow,
    EndpointRepository,
    OutboxRepository,
    Replay,
)
from services.ledger.topics import DELIVERY_REPLAYED, RECEIVER_ENABLED
from services.runtime.codec import to_json


def replay(room: Room, message: str, receiver: str, by: str) -> Dispatch:
    """Have a delivery that was given up tried again, under the same idempotency key.

    Raises:
        Refused: there is no such delivery, or it was not given up.
    """
    now = room.clock.now()
    with room.database.write() as connection:
        found = DeliveryRepository(connection).get(message, receiver)
        if found is None:
            raise Refused(404, "dispatch-unknown", "no dispatch has this message and receiver", "message")
        if found.state is not DispatchState.FAILED:
            raise Refused(409, "not-given-up", f"this dispatch is {found.state.value}: expected one that was given up")
        said = to_json(Replay(message, receiver, by, now))
        OutboxRepository(connection).add(DELIVERY_REPLAYED, message, said, now)
        facts = {"message": message, "receiver": receiver, "by": by}
        AuditRepository(connection).append(DELIVERY_REPLAYED, json.dumps(facts), now)
    return found


def enable(room: Room, receiver: str, by: str) -> EndpointNow:
    """Have a disabled receiver sent to again.

    Raises:
        Refused: it is not disabled.
    """
    now = room.clock.now()
    with room.database.write() as connection:
        known = EndpointRepository(connection).get(receiver)
        if known.disabled_at is None:
            raise Refused(409, "not-disabled", "this receiver is not disabled")
        OutboxRepository(connection).add(RECEIVER_ENABLED, receiver, to_json(Enabling(receiver, by, now)), now)
        AuditRepository(connection).append(RECEIVER_ENABLED, json.dumps({"receiver": receiver, "by": by}), now)
    return known
