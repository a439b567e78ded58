"""Groups per resident and room: a message names what else is open there, and a second tier 2 waits a little."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from services.alerting.stage import Hold, Holder, Telling
from services.ledger import AlertRepository
from services.vocabulary import Notice, Seconds, Tier, UnixSeconds

NAMED = 5
"""How many other alerts of the room a message names at most."""


def grouped(group_s: Seconds) -> Holder:
    """Hold a tier 2 back while somebody, told of another alert of the same room less than `group_s` ago, is on the way
    there; once they took that one, or when the time is over, it goes out. Never a tier 1."""

    def holder(connection: Connection, now: UnixSeconds, telling: Telling) -> Hold | None:
        alert = telling.alert
        if alert.tier is Tier.IMMEDIATE or alert.technical or alert.held or group_s <= 0.0:
            return None
        for other in AlertRepository(connection).open_near(alert.resident, alert.room):
            fresh = other.notified_at is not None and other.notified_at + group_s > now
            if other.id != alert.id and fresh and other.acknowledged_at is None and not other.technical:
                until = (other.notified_at or now) + group_s
                return Hold(until, f"grouped: somebody was told of this room a moment ago (alert {other.id})")
        return None

    return holder


def group(connection: Connection, _: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
    """The tellings, each opening with the other alerts that are open in the same room."""
    first = next((telling for telling in tellings if telling.notice is Notice.OPENED), None)
    if first is None:
        return list(tellings)
    near = AlertRepository(connection).open_near(first.alert.resident, first.alert.room, NAMED + 1)
    others = tuple(other for other in near if other.id != first.alert.id)[:NAMED]
    return [replace(telling, others=others) if telling.notice is Notice.OPENED else telling for telling in tellings]
