"""How the servers of the language model are, as the VLM service last said: the page of operations shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.ledger.tables import model_servers
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import UnixSeconds


@dataclass(frozen=True, slots=True)
class ModelServer:
    """One server, as `host:port`. `trouble` says why it is not asked now (empty: it is), `since` when that began."""

    server: str
    trouble: str
    since: UnixSeconds


class ModelServerRepository:
    """The servers that each replica of the VLM service asks; owner: vlm_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, replica: str, servers: Sequence[ModelServer], now: UnixSeconds) -> None:
        """What a replica finds of its servers this moment."""
        rows = [{"replica": replica, "server": s.server, "said_at": now, "body": to_json(s)} for s in servers]
        put(self._connection, model_servers, rows)

    def all(self) -> list[tuple[ModelServer, UnixSeconds]]:
        """Every server and when something was last said of it, by name; of several replicas the latest word."""
        query = select(model_servers.c.body, model_servers.c.said_at)
        latest: dict[str, tuple[ModelServer, UnixSeconds]] = {}
        for row in self._connection.execute(query.order_by(model_servers.c.server, model_servers.c.said_at)):
            one = from_json(ModelServer, row.body)
            latest[one.server] = (one, row.said_at)
        return list(latest.values())
