"""How far the canaries of each agent have come: what the threshold service received, and what a receiver took."""

from sqlalchemy import Connection, select, update

from services.ledger.tables import canaries, canaries_out
from services.ledger.upsert import insert_new
from services.vocabulary import CanaryNow, Seconds, UnixSeconds


class CanaryRepository:
    """What agents promise, and when their last canary arrived; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def promise(self, agent: str, every_s: Seconds, now: UnixSeconds) -> None:
        """An agent that has connected sends one `every_s` (0: none); another interval begins a new count."""
        row = {"agent": agent, "every_s": every_s, "since": now, "received_at": None, "heard_at": now}
        if insert_new(self._connection, canaries, row):
            return
        mine = canaries.c.agent == agent
        self._connection.execute(update(canaries).where(mine).values(heard_at=now))
        self._connection.execute(
            update(canaries).where(mine, canaries.c.every_s != every_s).values(every_s=every_s, since=now)
        )

    def received(self, agent: str, now: UnixSeconds) -> None:
        """One of an agent's canaries has arrived."""
        change = update(canaries).where(canaries.c.agent == agent)
        self._connection.execute(change.values(received_at=now, heard_at=now))

    def received_at(self, agent: str) -> UnixSeconds | None:
        """When the last one of an agent arrived."""
        return self._connection.scalar(select(canaries.c.received_at).where(canaries.c.agent == agent))

    def all(self) -> list[CanaryNow]:
        """Every agent that sends canaries, by name, with what became of them."""
        out = canaries_out.c
        columns = (canaries.c.agent, canaries.c.every_s, canaries.c.since, canaries.c.received_at, out.delivered_at,
                   out.lost_at)  # fmt: skip
        joined = canaries.outerjoin(canaries_out, out.agent == canaries.c.agent)
        query = select(*columns).select_from(joined).where(canaries.c.every_s > 0.0).order_by(canaries.c.agent)
        return [CanaryNow(*row) for row in self._connection.execute(query)]


class CanaryOutRepository:
    """What came out at a receiver, and which are told as staying away; owner: alerting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def came_out(self, agent: str, now: UnixSeconds) -> None:
        """A receiver took one of an agent's canaries."""
        self._make(agent, now)
        self._change(agent, delivered_at=now, changed_at=now)

    def lost(self, agent: str, now: UnixSeconds) -> None:
        """They stay away, and that is told."""
        self._make(agent, now)
        self._change(agent, lost_at=now, changed_at=now)

    def returned(self, agent: str, now: UnixSeconds) -> None:
        """They come out again, and that is told."""
        self._change(agent, lost_at=None, changed_at=now)

    def _make(self, agent: str, now: UnixSeconds) -> None:
        row = {"agent": agent, "delivered_at": None, "lost_at": None, "changed_at": now}
        insert_new(self._connection, canaries_out, row)

    def _change(self, agent: str, **facts: UnixSeconds | None) -> None:
        self._connection.execute(update(canaries_out).where(canaries_out.c.agent == agent).values(**facts))
