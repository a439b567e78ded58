"""Which resident is watched by which agent: one resident belongs to one agent."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from services.ledger.tables import leases, roster
from services.ledger.upsert import put
from services.runtime.codec import from_json, to_json
from services.vocabulary import Resident, UnixSeconds


class SeatTaken(ValueError):
    """A resident whom another live agent already watches."""

    def __init__(self, resident: str, agent: str) -> None:
        super().__init__(
            f"resident {resident!r} is already watched by agent {agent!r}: stop that agent, or take the resident out "
            "of one of the two configurations"
        )
        self.resident = resident
        self.agent = agent


class RosterRepository:
    """Seats of residents; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seat(self, agent: str, residents: Sequence[Resident], now: UnixSeconds) -> None:
        """Make these the residents of the agent, all and only these. An agent is live while its lease runs.

        Raises:
            SeatTaken: one of them is watched by another live agent.
        """
        ids = [resident.id for resident in residents]
        held = select(roster.c.resident, roster.c.agent).join(leases, leases.c.agent == roster.c.agent)
        taken = held.where(roster.c.resident.in_(ids), roster.c.agent != agent, leases.c.expires_at > now)
        conflict = self._connection.execute(taken.order_by(roster.c.resident)).first()
        if conflict is not None:
            raise SeatTaken(conflict.resident, conflict.agent)
        self._connection.execute(delete(roster).where(roster.c.agent == agent, roster.c.resident.not_in(ids)))
        rows = [{"resident": r.id, "agent": agent, "seated_at": now, "body": to_json(r)} for r in residents]
        put(self._connection, roster, rows)

    def residents(self) -> list[tuple[Resident, str]]:
        """Every resident with the agent that watches them, by resident id."""
        query = select(roster.c.body, roster.c.agent).order_by(roster.c.resident)
        return [(from_json(Resident, body), agent) for body, agent in self._connection.execute(query)]

    def of(self, ids: Sequence[str]) -> list[Resident]:
        """Those of these residents who have a seat, by resident id."""
        return [from_json(Resident, body) for body in self._connection.scalars(_THESE, {"ids": list(ids)})]

    def agent_of(self, resident: str) -> str | None:
        """The agent that watches a resident, None when nobody does."""
        return self._connection.scalar(select(roster.c.agent).where(roster.c.resident == resident))


_THESE = (
    select(roster.c.body).where(roster.c.resident.in_(bindparam("ids", expanding=True))).order_by(roster.c.resident)
)
