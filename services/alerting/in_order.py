"""Drops what would go to a receiver that is disabled: it has said itself that it is gone, until a person enables it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from services.alerting.stage import Telling
from services.ledger import EndpointRepository
from services.vocabulary import UnixSeconds


def in_order(connection: Connection, _: UnixSeconds, tellings: Sequence[Telling]) -> list[Telling]:
    """The tellings to receivers that are not disabled."""
    gone = disabled(connection)
    return [telling for telling in tellings if telling.receiver not in gone]


def disabled(connection: Connection) -> frozenset[str]:
    """Receivers that nothing is sent to until a person says so."""
    return frozenset(e.receiver for e in EndpointRepository(connection).all() if e.disabled_at is not None)
