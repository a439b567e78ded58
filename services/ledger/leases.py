"""Which process may write for an agent, with a fencing number that a later holder outgrows."""

from sqlalchemy import Connection, select, update

from services.ledger.tables import leases
from services.ledger.upsert import insert_new
from services.vocabulary import Seconds, UnixSeconds


class LeaseLost(RuntimeError):
    """Another process holds the agent now: stop writing for it and drop its state."""

    def __init__(self, agent: str, fence: int, current: int) -> None:
        super().__init__(f"lease on agent {agent!r} with fence {fence} is lost: the current fence is {current}")
        self.agent = agent


class LeaseRepository:
    """Leases on agents; owner: threshold_service. A `holder` name must be unique to one start of one process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def acquire(self, agent: str, holder: str, ttl_s: Seconds, now: UnixSeconds) -> int | None:
        """Take or renew the lease until `now + ttl_s`; its fencing number, None while another process holds it.

        Renewing keeps the number, every change of holder raises it.
        """
        row = {"agent": agent, "holder": holder, "fence": 1, "expires_at": now + ttl_s}
        if insert_new(self._connection, leases, row):
            return 1
        held = self._connection.execute(select(leases).where(leases.c.agent == agent).with_for_update()).one()
        if held.holder != holder and held.expires_at > now:
            return None
        fence: int = held.fence + (held.holder != holder)
        change = update(leases).where(leases.c.agent == agent)
        self._connection.execute(change.values(holder=holder, fence=fence, expires_at=now + ttl_s))
        return fence

    def check(self, agent: str, fence: int) -> None:
        """Make sure, until this transaction ends, that nobody else has taken the agent.

        Raises:
            LeaseLost: the fencing number is not the current one.
        """
        query = select(leases.c.fence).where(leases.c.agent == agent).with_for_update(read=True)
        current = self._connection.scalar(query)
        if current != fence:
            raise LeaseLost(agent, fence, int(current or 0))

    def release(self, agent: str, holder: str) -> None:
        """Give the lease back; nothing happens when another process holds it."""
        held = (leases.c.agent == agent, leases.c.holder == holder)
        self._connection.execute(update(leases).where(*held).values(expires_at=0.0, holder=""))
