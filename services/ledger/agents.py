"""When each edge agent was last heard and how it is: the technical side of the page."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.ledger.tables import agents
from services.ledger.upsert import put
from services.vocabulary import Seconds, UnixSeconds


@dataclass(frozen=True, slots=True)
class AgentNow:
    """One edge agent; `dropped` and `spooled` count samples, `cameras` is the JSON the agent's heartbeat told."""

    agent: str
    seen_at: UnixSeconds
    software: str
    epoch: str
    skew_s: Seconds
    dropped: int
    spooled: int
    cameras: str


class AgentRepository:
    """Edge agents as last heard; owner: threshold_service."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seen(
        self,
        agent: str,
        now: UnixSeconds,
        software: str,
        epoch: str,
        skew_s: Seconds = 0.0,
        dropped: int = 0,
        spooled: int = 0,
        cameras: str = "[]",
    ) -> None:
        """Replace what is known about the agent."""
        row = {
            "agent": agent, "seen_at": now, "software": software, "epoch": epoch, "skew_s": skew_s,
            "dropped": dropped, "spooled": spooled, "cameras": cameras,
        }  # fmt: skip
        put(self._connection, agents, row)

    def all(self) -> list[AgentNow]:
        """Every agent ever heard and not yet forgotten, by name."""
        return [AgentNow(*row) for row in self._connection.execute(select(agents).order_by(agents.c.agent))]
