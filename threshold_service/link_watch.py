"""Notices edge agents that are not heard any more: a technical alert of the house, told once per outage."""

import asyncio
import json
import uuid

from sqlalchemy.exc import DBAPIError

from services.ledger.agents import AgentNow, AgentRepository
from services.ledger.audit import AuditRepository
from services.ledger.database import Database
from services.ledger.inbox import InboxRepository
from services.runtime import logs
from services.runtime.clock import Clock
from services.runtime.lifecycle import until
from services.vocabulary import Seconds
from threshold_service import metrics

PERIOD_S: Seconds = 5.0
NAMESPACE = uuid.UUID("0b0c7f0e-3b0d-5a3c-8c1e-7f6b1a2d9e44")
LOST, RETURNED = "link.lost", "link.returned"


class LinkWatch:
    """Looks at when each agent was last heard; a service that has just started gives them `limit_s` to come back.

    An outage is told in the log, in `problem`, in the metric and in the audit chain, where several replicas tell it
    once; that the agent is back is told too. The page says so by itself.
    """

    def __init__(self, database: Database, clock: Clock, limit_s: Seconds) -> None:
        self._database, self._clock, self._limit_s = database, clock, limit_s
        self._began = clock.now()
        self._lost: dict[str, AgentNow] = {}

    def problem(self) -> str:
        """Empty while every agent is heard."""
        return f"not heard: {', '.join(sorted(self._lost))}" if self._lost else ""

    def look(self) -> None:
        """
        Raises:
            DBAPIError: the ledger does not answer.
        """
        with self._database.read() as connection:
            agents = AgentRepository(connection).all()
        now = self._clock.now()
        lost = {one.agent: one for one in agents if now - max(one.seen_at, self._began) > self._limit_s}
        for agent in lost.keys() - self._lost.keys():
            self._tell(LOST, lost[agent])
        for agent in self._lost.keys() - lost.keys():
            self._tell(RETURNED, self._lost[agent])
        self._lost = lost
        metrics.LOST.set(len(lost))

    async def run(self, stop: asyncio.Event, period_s: Seconds = PERIOD_S) -> None:
        """Look again and again until `stop` is set."""
        while not await until(stop, period_s):
            try:
                await asyncio.to_thread(self.look)
            except DBAPIError as error:
                logs.logger().warning("agents not looked at", detail=str(error.orig))

    def _tell(self, what: str, agent: AgentNow) -> None:
        now = self._clock.now()
        message = str(uuid.uuid5(NAMESPACE, "\x1f".join((what, agent.agent, repr(agent.seen_at)))))
        with self._database.write() as connection:
            if InboxRepository(connection).first_time("links", message, now):
                said = json.dumps({"agent": agent.agent, "last_heard": agent.seen_at})
                AuditRepository(connection).append(what, said, now)
        say = logs.logger().error if what == LOST else logs.logger().info
        say("link to an agent lost" if what == LOST else "agent is back", agent=agent.agent, last_heard=agent.seen_at)
