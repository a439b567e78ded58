"""What alerting has learned of each receiver: that it is gone, or asked to be left alone for a while."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.ledger.tables import endpoints
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """One receiver. `disabled_at`: since when nothing is sent to it, because of `why`, until a person enables it again
    (`enabled_by`). Before `paused_until` nothing is sent to it because it asked so."""

    receiver: str
    disabled_at: UnixSeconds | None = None
    why: str = ""
    paused_until: UnixSeconds = 0.0
    enabled_by: str = ""


@dataclass(frozen=True, slots=True)
class Enabling:
    """A person's word that a disabled receiver is there again."""

    receiver: str
    by: str
    at: UnixSeconds


class EndpointRepository:
    """Receivers that are not simply in order; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, endpoint: EndpointNow, now: UnixSeconds) -> None:
        """Keep what is known of a receiver."""
        row = {"receiver": endpoint.receiver, "changed_at": now, "body": to_json(endpoint)}
        put(self._connection, endpoints, row)

    def get(self, receiver: str) -> EndpointNow:
        """One receiver; in order unless something else was learned."""
        body = self._connection.scalar(select(endpoints.c.body).where(endpoints.c.receiver == receiver))
        return EndpointNow(receiver) if body is None else from_json(EndpointNow, body)

    def all(self) -> list[EndpointNow]:
        """Every receiver of which something was learned, by name."""
        return [from_json(EndpointNow, body) for body in self._connection.scalars(_ALL)]


_ALL = select(endpoints.c.body).order_by(endpoints.c.receiver)
